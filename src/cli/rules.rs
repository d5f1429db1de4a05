//! `roundtrip rules` and `roundtrip formats`

use std::fmt::Write;

use serde_json::json;

use crate::export::catalogue;
use crate::observe;
use crate::rules::{Meta, docs, registry};

use super::args::{Rules, RulesFormat};
use super::output::{Problem, Status, print, usage};

pub fn run(args: &Rules) -> Result<Status, Problem> {
    let metas: Vec<&'static Meta> = match &args.code {
        None => registry::all().map(|rule| rule.meta()).collect(),
        Some(word) => {
            let rule = registry::by_code(word).or_else(|| registry::by_name(word));
            vec![rule.ok_or_else(|| usage(format!("no rule is called {word:?}; `roundtrip rules` lists them")))?.meta()]
        }
    };
    let out = match (args.format, args.code.is_some()) {
        (RulesFormat::Json, one) => {
            let list: Vec<serde_json::Value> = metas.iter().map(|meta| object(meta)).collect();
            let value = if one { list.into_iter().next().unwrap_or_default() } else { json!(list) };
            format!("{}\n", serde_json::to_string_pretty(&value).unwrap_or_default())
        }
        (RulesFormat::Markdown, false) => catalogue::index(&metas),
        (_, true) => metas.iter().map(|meta| catalogue::page(meta)).collect(),
        (RulesFormat::Text, false) => table(&metas),
    };
    print(&out)?;
    Ok(Status::Clean)
}

fn table(metas: &[&Meta]) -> String {
    let width = metas.iter().map(|meta| meta.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for meta in metas {
        let severity = if meta.hint { "hint" } else { meta.severity.as_str() };
        let _ = writeln!(out, "{:<6} {:<width$} {severity:<8} {}", meta.code, meta.name, meta.summary());
    }
    out
}

fn object(meta: &Meta) -> serde_json::Value {
    json!({
        "code": meta.code,
        "name": meta.name,
        "family": meta.family,
        "severity": meta.severity,
        "hint": meta.hint,
        "summary": meta.summary(),
        "docs": docs::markdown(meta),
    })
}

pub fn formats() -> Result<Status, Problem> {
    let width = observe::formats().iter().map(|format| format.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for format in observe::formats() {
        let _ = writeln!(out, "{:<width$}  {}", format.id, format.description);
    }
    print(&out)?;
    Ok(Status::Clean)
}
