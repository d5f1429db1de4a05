//! A dump of django-debug-toolbar's store: `manage.py dumpdata debug_toolbar.historyentry`, and with `--format jsonl`.
//!
//! Of the toolbar from 6.0 on, with `DatabaseStore`. Each entry's `data` holds a JSON string per panel; `HistoryPanel`
//! is the request, `SQLPanel` its statements. Seen: 6.3 (parameters as a JSON string) and 8.0 (as a list).
//! <https://django-debug-toolbar.readthedocs.io/en/latest/configuration.html#toolbar-store-class>
//!
//! Gaps: rows that a statement gave are not recorded. `dumpdata` writes entries in the order of their random ids.

use std::io;
use std::sync::Arc;

use serde_json::Value;
use smol_str::{SmolStr, ToSmolStr};

use super::json::{elements, micros, number, render};
use super::{Format, Input, Record, Score, Sink, noise};
use crate::sql::Dialect;
use crate::trace::Frame;

pub(super) const FORMAT: Format = Format {
    id: "toolbar-store",
    description: "django-debug-toolbar: manage.py dumpdata debug_toolbar.historyentry",
    endings: &["json", "jsonl"],
    sniff,
    read,
};

const MODEL: &str = "debug_toolbar.historyentry";

fn sniff(_: &str, head: &str) -> Score {
    if !head.trim_start().starts_with(['[', '{']) {
        Score::no("no JSON list")
    } else if head.contains(MODEL) {
        Score::new(100, format!("objects of the model {MODEL}"))
    } else {
        Score::no(format!("no {MODEL}"))
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut store = Store::default();
    let broken = elements(input, sink, &mut |entry, sink| store.entry(&entry, sink))?;
    match broken {
        Some((line, said)) if store.requests == 0 => {
            sink.error(Some(line), format!("expected a list of {MODEL} objects: {said}"));
        }
        Some((line, said)) => sink.note(format!(
            "line {line}: the dump is cut off or damaged ({said}); the {} requests before that were read",
            store.requests
        )),
        None if store.requests == 0 => {
            sink.error(Some(1), format!("no {MODEL} object with a panel; is DatabaseStore the toolbar's store?"));
        }
        None => {}
    }
    if let Some(note) = noise::note(store.noise) {
        sink.note(note);
    }
    if store.without_sql > 0 {
        sink.note(format!("{} requests have no SQL panel: it was switched off for them", store.without_sql));
    }
    if store.odd_panels > 0 {
        sink.note(format!("{} SQL panels are not of a known shape and were left out", store.odd_panels));
    }
    Ok(())
}

#[derive(Default)]
struct Store {
    requests: u64,
    /// Statements of the toolbar itself.
    noise: u64,
    without_sql: u64,
    odd_panels: u64,
}

impl Store {
    fn entry(&mut self, entry: &Value, sink: &mut dyn Sink) {
        if entry.get("model").and_then(Value::as_str) != Some(MODEL) {
            return;
        }
        let Some(panels) = entry.pointer("/fields/data") else { return };
        let history = panel(panels, "HistoryPanel");
        let text = |key| history.as_ref().and_then(|history| history.get(key)).and_then(Value::as_str);
        let url = text("request_url").unwrap_or("a request");
        let name = match text("request_method") {
            Some(method) => format!("{method} {url}"),
            None => url.to_string(),
        };
        let id = entry.get("pk").map_or_else(|| (self.requests + 1).to_string(), render);
        let took = panel(panels, "TimerPanel").and_then(|timer| number(timer.get("total_time")?));

        self.requests += 1;
        sink.begin_request(&id, &name, true);
        match panel(panels, "SQLPanel") {
            // Without a statement the panel stores nothing but its heading.
            Some(sql) if sql.is_object() => match sql.get("queries") {
                Some(Value::Array(queries)) => self.queries(queries, sink),
                None => {}
                Some(_) => self.odd_panels += 1,
            },
            Some(_) => self.odd_panels += 1,
            None => self.without_sql += 1,
        }
        sink.end_request(took.and_then(|took| micros(took, 1000.0)));
    }

    fn queries(&mut self, queries: &[Value], sink: &mut dyn Sink) {
        for (index, query) in queries.iter().enumerate() {
            let Some(sql) = query.get("sql").or_else(|| query.get("raw_sql")).and_then(Value::as_str) else {
                self.odd_panels += 1;
                continue;
            };
            let dialect = query.get("vendor").and_then(Value::as_str).and_then(dialect);
            // The store opens a transaction of its own, on SQLite, before the view runs.
            let own_begin = index == 0 && sql == "BEGIN" && dialect == Some(Dialect::Sqlite);
            if own_begin || noise::is_tool(sql) {
                self.noise += 1;
                continue;
            }
            sink.statement(Record {
                sql: Arc::from(sql),
                params: query.get("params").and_then(params),
                duration_us: query.get("duration").and_then(number).and_then(|ms| micros(ms, 1000.0)),
                stack: stack(query),
                in_transaction: query.get("in_trans").and_then(Value::as_bool),
                connection: query.get("alias").and_then(Value::as_str).map(SmolStr::new),
                dialect,
                repeat: 1,
                ..Record::default()
            });
        }
    }
}

/// A panel's data: a JSON string from the store, an object where something unpacked it.
fn panel(panels: &Value, id: &str) -> Option<Value> {
    match panels.get(id)? {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null => None,
        other => Some(other.clone()),
    }
}

fn dialect(vendor: &str) -> Option<Dialect> {
    match vendor {
        "postgresql" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        "sqlite" => Some(Dialect::Sqlite),
        _ => None,
    }
}

/// A list, or the JSON of one in a string; empty where it could not be written.
fn params(value: &Value) -> Option<Vec<String>> {
    let list = match value {
        Value::String(text) => &serde_json::from_str(text).ok()?,
        other => other,
    };
    let rendered: Vec<String> = match list {
        Value::Array(items) => items.iter().map(parameter).collect(),
        Value::Object(items) => items.values().map(parameter).collect(),
        _ => return None,
    };
    // An address in place of bytes: the values stand in the SQL only.
    (!rendered.iter().any(|text| text.starts_with("<memory at 0x"))).then_some(rendered)
}

fn parameter(value: &Value) -> String {
    match value.get("__djdt_binary__").and_then(Value::as_str) {
        Some(base64) => format!("base64:{base64}"),
        None => render(value),
    }
}

/// The stack, and below it the line of the template that asked.
fn stack(query: &Value) -> Vec<Frame> {
    let calls = query.get("stacktrace").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut frames: Vec<Frame> = calls.iter().filter_map(frame).collect();
    frames.extend(query.get("template_info").and_then(template_frame));
    frames
}

/// `[path, line, function, code, locals]`
fn frame(call: &Value) -> Option<Frame> {
    Some(Frame {
        path: SmolStr::new(call.get(0)?.as_str()?),
        line: u32::try_from(call.get(1)?.as_u64()?).ok()?,
        function: SmolStr::new(call.get(2)?.as_str()?),
    })
}

/// `{"name": …, "context": [{"num": …, "content": …, "highlight": …}]}`
fn template_frame(template: &Value) -> Option<Frame> {
    let path = template.get("name")?.as_str()?.to_smolstr();
    let lines = template.get("context")?.as_array()?;
    let line = lines.iter().find(|line| line.get("highlight").and_then(Value::as_bool) == Some(true))?;
    let line = u32::try_from(line.get("num")?.as_u64()?).ok()?;
    Some(Frame { path, line, function: SmolStr::new_static("<template>") })
}
