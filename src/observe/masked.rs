//! Any log as one that can be shown around: what our own recorder would have written, with other values.
//!
//! Only what the recorder's lines have goes over: requests, statements, times and stacks. Plans and statistics quote
//! what they were measured on in too many ways to be sure of them, so they stay out.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::{Error, ReadSeek, Record, Sink, read};
use crate::sql::{Dialect, Mask};
use crate::trace::{Frame, Plan, Statistic};

/// A log after masking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked {
    /// Lines of the format `recorder`; empty where the log has no statements.
    pub text: String,
    /// What is not in it.
    pub notes: Vec<String>,
}

/// Reads a log as [`read`] does. `most`: bytes of text, after which the rest is left out.
///
/// # Errors
/// As [`read`].
pub fn masked(
    name: &str,
    format: Option<&str>,
    reader: &mut dyn ReadSeek,
    mask: &mut Mask,
    most: usize,
) -> Result<Masked, Error> {
    let mut writer = Writer { text: String::new(), mask, most, statements: 0, left_out: 0, is_full: false };
    match read(name, format, reader, &mut writer) {
        Err(Error::Stopped) if writer.is_full => {}
        ended => drop(ended?),
    }
    let mut notes = Vec::new();
    if writer.left_out > 0 {
        notes.push("plans and statistics are left out: they cannot be masked".to_owned());
    }
    if writer.is_full {
        notes.push(format!("only its first {} statements", writer.statements));
    }
    let text = if writer.statements == 0 { String::new() } else { writer.text };
    Ok(Masked { text, notes })
}

struct Writer<'m> {
    text: String,
    mask: &'m mut Mask,
    most: usize,
    statements: u64,
    left_out: u64,
    is_full: bool,
}

impl Writer<'_> {
    fn line(&mut self, line: &Value) {
        if self.text.is_empty() {
            self.text.push_str("{\"roundtrip\":1}\n");
        }
        self.text.push_str(&line.to_string());
        self.text.push('\n');
        self.is_full |= self.text.len() > self.most;
    }
}

impl Sink for Writer<'_> {
    fn begin_request(&mut self, id: &str, name: &str, bounded: bool) {
        let kind = if bounded { "request" } else { "outside" };
        // What was asked for stands behind the path.
        let name = name.split(['?', '#']).next().unwrap_or_default();
        self.line(&json!({"run": id, "kind": kind, "name": name}));
    }

    fn statement(&mut self, record: Record) {
        if self.is_full {
            return;
        }
        self.statements += 1;
        let dialect = record.dialect.unwrap_or_default();
        let masked = self.mask.statement(&record.sql, dialect);
        let mut line = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                line.insert(name.to_owned(), value);
            }
        };
        set("sql", masked.sql.into());
        if let Some(params) = record.params {
            let one = |(at, value): (usize, String)| {
                let is_size = masked.limits.contains(&at) && value.bytes().all(|byte| byte.is_ascii_digit());
                typed(if is_size { value } else { self.mask.value(&value) })
            };
            set("params", params.into_iter().enumerate().map(one).collect());
        }
        set("us", record.duration_us.into());
        set("start", record.start_us.into());
        set("rows", record.rows.into());
        if !record.stack.is_empty() {
            let frame = |frame: &Frame| json!([frame.path, frame.line, frame.function]);
            set("stack", record.stack.iter().map(frame).collect());
        }
        set("tx", record.in_transaction.into());
        set("db", record.connection.as_deref().into());
        set("vendor", record.dialect.and_then(vendor).into());
        if record.repeat != 1 {
            set("many", record.repeat.into());
        }
        self.line(&Value::Object(line));
    }

    fn end_request(&mut self, took_us: Option<u64>) {
        match took_us {
            Some(us) => self.line(&json!({"end": true, "us": us})),
            None => self.line(&json!({"end": true})),
        }
    }

    fn plan(&mut self, _: Plan) {
        self.left_out += 1;
    }

    fn statistic(&mut self, _: Statistic) {
        self.left_out += 1;
    }

    /// The page has told them of the log itself.
    fn note(&mut self, _: String) {}

    fn error(&mut self, _: Option<u32>, _: String) {}

    fn progress(&mut self, _: u64) -> ControlFlow<()> {
        if self.is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// As the recorder's reader takes it back to the same text.
fn typed(value: String) -> Value {
    match value.as_str() {
        "NULL" | "None" => Value::Null,
        digits => digits.parse::<u32>().map_or_else(|_| Value::String(value), Value::from),
    }
}

fn vendor(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Postgres => Some("postgresql"),
        Dialect::MySql => Some("mysql"),
        Dialect::Sqlite => Some("sqlite"),
        Dialect::Generic => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn shown(name: &str, log: &str, most: usize) -> Masked {
        masked(name, None, &mut Cursor::new(log), &mut Mask::default(), most).unwrap()
    }

    const LOG: &str = "(0.001) SELECT \"a\".\"id\" FROM \"a\" WHERE \"a\".\"name\" = 'Carol'; args=('Carol',); alias=default\n\
        (0.002) SELECT \"a\".\"id\" FROM \"a\" WHERE \"a\".\"name\" = 'Dave'; args=('Dave',); alias=default\n";

    #[test]
    fn names_go_and_times_stay() {
        let shown = shown("django.log", LOG, 1 << 20);
        assert!(!shown.text.contains("Carol") && !shown.text.contains("Dave"), "{}", shown.text);
        assert!(shown.text.contains("\"us\":2000") && shown.text.contains("text 3"), "{}", shown.text);
        assert_eq!(shown.notes, [""; 0]);
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let log = LOG.repeat(20_000);
        let shown = shown("django.log", &log, 10_000);
        assert!(shown.text.len() < log.len() / 2, "{}", shown.text.len());
        assert!(shown.notes[0].starts_with("only its first"), "{:?}", shown.notes);
    }

    #[test]
    fn a_plan_alone_gives_nothing_and_says_so() {
        let plan = "Seq Scan on a  (cost=0.00..1.01 rows=1 width=4)\n  Filter: (name = 'Carol'::text)\n";
        let shown = shown("plan.txt", plan, 1 << 20);
        assert_eq!((shown.text.as_str(), shown.notes.len()), ("", 1));
    }
}
