//! One line of the log: the server's own lines, and JSON lines.

use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::super::Record;
use super::super::json::{micros, number, render};
use super::super::python_literal::{self, arguments};
use super::super::requests::{Access, access};
use super::record;

/// What a JSON line is.
#[derive(Default)]
pub(super) struct JsonLine {
    pub record: Option<Record>,
    pub access: Option<Access>,
}

pub(super) fn is_json(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}')
}

/// Reads a JSON line; `None` where it is not JSON.
pub(super) fn json_line(text: &str) -> Option<JsonLine> {
    let Ok(line @ Value::Object(_)) = serde_json::from_str::<Value>(text) else { return None };
    let extra = ["extra", "context", "fields"].iter().filter_map(|key| line.get(key));
    let fields = [&line].into_iter().chain(extra).find(|fields| fields.get("sql").is_some_and(Value::is_string));
    if let Some(fields) = fields
        && let Some(seconds) = fields.get("duration").and_then(number)
    {
        return Some(JsonLine { record: Some(from_fields(fields, seconds)), access: None });
    }
    let message = ["message", "msg", "event"].iter().find_map(|key| line.get(key)?.as_str()).unwrap_or("");
    Some(JsonLine { record: record::whole(message), access: access(message) })
}

fn from_fields(fields: &Value, seconds: f64) -> Record {
    let sql = fields.get("sql").and_then(Value::as_str).unwrap_or_default();
    let (params, repeat) = match fields.get("params") {
        Some(Value::Array(items)) if !items.is_empty() && items.iter().all(Value::is_array) => {
            (None, u32::try_from(items.len()).unwrap_or(u32::MAX))
        }
        Some(Value::Array(items)) => {
            let rendered: Vec<String> = items.iter().map(render).collect();
            let opaque = rendered.iter().any(|text| text.starts_with("<memory at 0x"));
            ((!opaque).then_some(rendered), 1)
        }
        Some(Value::Object(items)) => (Some(items.values().map(render).collect()), 1),
        Some(Value::String(text)) => match python_literal::parse(text) {
            Some(literal) => arguments(&literal),
            None => (None, 1),
        },
        _ => (None, 1),
    };
    Record {
        sql: Arc::from(sql),
        params,
        duration_us: micros(seconds, 1e6),
        connection: fields.get("alias").and_then(Value::as_str).map(SmolStr::new),
        repeat,
        ..Record::default()
    }
}
