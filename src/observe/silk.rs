//! django-silk: `manage.py dumpdata silk`, and with `--format jsonl`.
//!
//! `silk.request` is a request (`time_taken` in milliseconds), `silk.sqlquery` a statement of one, with its stack from
//! the innermost frame outwards and, where silk was told to analyse, its plan. Seen: silk 5.6.
//! <https://github.com/jazzband/django-silk>
//!
//! Gaps: silk watches the ORM's compiler, so raw cursors, INSERTs, savepoints and `bulk_create` are not in it; strings
//! stand in the SQL without quotes (`status = draft`).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::json::{elements, micros, number, render};
use super::{Format, Input, Record, Score, Sink, noise, plan};
use crate::trace::Frame;

pub(super) const FORMAT: Format = Format {
    id: "silk",
    description: "django-silk: manage.py dumpdata silk",
    endings: &["json", "jsonl"],
    sniff,
    read,
};

fn sniff(_: &str, head: &str) -> Score {
    let model = |name: &str| ["", " "].iter().any(|blank| head.contains(&format!("\"model\":{blank}\"silk.{name}\"")));
    if !head.trim_start().starts_with(['[', '{']) {
        Score::no("no JSON list")
    } else if ["request", "sqlquery", "response", "profile"].iter().any(|name| model(name)) {
        Score::new(100, "objects of the models of silk")
    } else {
        Score::no("no object of a model silk.…")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut silk = Silk::default();
    let broken = elements(input, sink, &mut |entry, sink| silk.entry(&entry, sink))?;
    silk.finish(sink);
    match broken {
        Some((line, said)) if silk.statements == 0 => {
            sink.error(Some(line), format!("expected a list of silk.sqlquery objects: {said}"));
        }
        Some((line, said)) => {
            sink.note(format!(
                "line {line}: the dump is cut off or damaged ({said}); what stands before that was read"
            ));
        }
        None if silk.statements == 0 && silk.seen == 0 => {
            sink.error(Some(1), "expected objects of the model silk.sqlquery, found none".to_owned());
        }
        None => {}
    }
    if silk.statements > 0 {
        if let Some(note) = noise::note(silk.noise) {
            sink.note(note);
        }
        if silk.nameless > 0 {
            sink.note(format!("{} statements are of requests that the dump does not hold", silk.nameless));
        }
        sink.note(
            "silk does not see raw cursors, INSERTs and savepoints; its SQL has strings without quotes, so that values \
             cannot be told apart with certainty"
                .to_owned(),
        );
    }
    Ok(())
}

#[derive(Default)]
struct Silk {
    /// Requests that were not opened yet: name and microseconds, by their id.
    requests: BTreeMap<String, (String, Option<u64>)>,
    open: Option<(String, Option<u64>)>,
    seen: u64,
    statements: u64,
    noise: u64,
    nameless: u64,
}

impl Silk {
    fn entry(&mut self, entry: &Value, sink: &mut dyn Sink) {
        let Some(fields) = entry.get("fields") else { return };
        match entry.get("model").and_then(Value::as_str) {
            Some("silk.request") => {
                self.seen += 1;
                let id = entry.get("pk").map_or_else(|| self.seen.to_string(), render);
                let took = fields.get("time_taken").and_then(number).and_then(|ms| micros(ms, 1000.0));
                self.requests.insert(id, (name(fields), took));
            }
            Some("silk.sqlquery") => self.query(fields, sink),
            _ => {}
        }
    }

    fn query(&mut self, fields: &Value, sink: &mut dyn Sink) {
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let Some(sql) = text("query").filter(|sql| !sql.trim().is_empty()) else { return };
        self.statements += 1;
        if noise::is_tool(sql) {
            self.noise += 1;
            return;
        }
        let request = fields.get("request").filter(|id| !id.is_null()).map(render);
        let id = request.unwrap_or_default();
        if self.open.as_ref().is_none_or(|(open, _)| *open != id) {
            self.end(sink);
            let known = self.requests.remove(&id);
            let bounded = !id.is_empty();
            let (name, took) = known.unwrap_or_else(|| {
                let name = if bounded { "a request" } else { "outside of requests" };
                (name.to_owned(), None)
            });
            sink.begin_request(if bounded { &id } else { "outside" }, &name, bounded);
            self.open = Some((id, took));
        }
        self.nameless += u64::from(self.open.as_ref().is_some_and(|(id, took)| !id.is_empty() && took.is_none()));
        let sql: Arc<str> = Arc::from(sql);
        sink.statement(Record {
            sql: sql.clone(),
            duration_us: fields.get("time_taken").and_then(number).and_then(|ms| micros(ms, 1000.0)),
            stack: text("traceback").map(stack).unwrap_or_default(),
            repeat: 1,
            ..Record::default()
        });
        if let Some(mut plan) = text("analysis").and_then(plan::parse) {
            plan.sql = Some(sql);
            plan.logged = true;
            sink.plan(plan);
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if let Some((_, took)) = self.open.take() {
            sink.end_request(took);
        }
    }

    /// Requests that sent nothing are requests too.
    fn finish(&mut self, sink: &mut dyn Sink) {
        self.end(sink);
        for (id, (name, took)) in std::mem::take(&mut self.requests) {
            sink.begin_request(&id, &name, true);
            sink.end_request(took);
        }
    }
}

/// `GET /forum/`; silk keeps the parameters of the address as JSON.
fn name(fields: &Value) -> String {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("method") {
        "" => text("path").to_owned(),
        method => format!("{method} {}", text("path")),
    }
}

/// A traceback as Python prints it, innermost frame first: `  File "path", line 3, in name`, each with its line of code.
fn stack(text: &str) -> Vec<Frame> {
    let frame = |line: &str| {
        let rest = line.trim().strip_prefix("File \"")?;
        let (path, rest) = rest.split_once("\", line ")?;
        let (number, function) = rest.split_once(", in ")?;
        Some(Frame { path: SmolStr::new(path), line: number.parse().ok()?, function: SmolStr::new(function.trim()) })
    };
    let mut frames: Vec<Frame> = text.split('\n').filter_map(frame).filter(|frame| frame.line > 0).collect();
    frames.reverse();
    frames
}
