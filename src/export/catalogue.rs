//! The rules as Markdown: a page for each, and an index of them all.

use std::fmt::Write;

use crate::rules::{Meta, docs};

/// `RT101-fk-in-loop.md`
pub fn file_name(meta: &Meta) -> String {
    format!("{}-{}.md", meta.code, meta.name)
}

/// One rule's documentation under a heading of its own.
pub fn page(meta: &Meta) -> String {
    let mut out = format!("# {} {}\n\n", meta.code, meta.name);
    let hint = if meta.hint { ", a hint: shown with `--hints`, or when a log confirms it" } else { "" };
    let _ = write!(out, "Family `{}`, severity `{}`{hint}", meta.family.as_str(), meta.severity.as_str());
    if let Some(seeds) = meta.seeds {
        let _ = write!(out, "; `{}` under `preset = \"seeds\"`", seeds.as_str());
    }
    out.push_str(".\n\n");
    let mut fenced = false;
    for line in docs::markdown(meta).split_inclusive('\n') {
        // The tag of an example (`flag`, `ok`, `fix`) is for the tests.
        match line.strip_prefix("```") {
            Some(rest) => {
                let language = rest.split_whitespace().next().unwrap_or_default();
                let tag = rest.split_whitespace().nth(1).filter(|_| !fenced);
                if let Some(said) = tag.and_then(said) {
                    let _ = writeln!(out, "{said}\n");
                }
                let _ = writeln!(out, "```{language}");
                fenced = !fenced;
            }
            None => out.push_str(line),
        }
    }
    out
}

fn said(tag: &str) -> Option<&'static str> {
    match tag {
        "flag" => Some("Flagged:"),
        "ok" => Some("Not flagged:"),
        "fix" => Some("What the rewrite makes of it:"),
        _ => None,
    }
}

/// A table of the rules, each leading to its page.
pub fn index(metas: &[&Meta]) -> String {
    let mut out =
        String::from("# Rules\n\n| Code | Name | Family | Severity | What is flagged |\n|---|---|---|---|---|\n");
    for meta in metas {
        let severity = if meta.hint { "hint" } else { meta.severity.as_str() };
        let _ = writeln!(
            out,
            "| [{}]({}) | {} | {} | {severity} | {} |",
            meta.code,
            file_name(meta),
            meta.name,
            meta.family.as_str(),
            meta.summary().replace('|', "\\|"),
        );
    }
    out
}

/// The ids of the formats with their descriptions: what the code engine reads, and what the log engine does.
pub fn formats(code: &[(&str, &str)], logs: &[(&str, &str)]) -> String {
    let mut out = String::from(
        "# Formats\n\nThe format of an input is found by its name, then by its content; the page can be told otherwise.\n",
    );
    let table = |out: &mut String, rows: &[(&str, &str)]| {
        out.push_str("\n| Id | What it is |\n|---|---|\n");
        for (id, description) in rows {
            let _ = writeln!(out, "| `{id}` | {} |", description.replace('|', "\\|"));
        }
    };
    out.push_str("\n## Code\n");
    table(&mut out, code);
    out.push_str("\n## Logs\n\nThese are what `roundtrip log --as` takes, and what `roundtrip formats` lists.\n");
    table(&mut out, logs);
    out
}
