//! What Roundtrip's own recorder writes: `roundtrip_recorder.py`, JSON lines, a block for each run of a program.
//!
//! Its head says what the lines are; nothing of them is lost here but the names of parameters and of exceptions. Seen:
//! Django 5.2 and 4.2, SQLAlchemy 2.1 and 1.4, pytest 9, on SQLite and PostgreSQL.
//!
//! Gaps: the values of a call with several sets stay out, as their number says enough; SQLAlchemy's asynchronous
//! engines run statements where the stack does not show who awaits them.

use std::io;
use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::json::render;
use super::{Format, Input, Record, Score, Sink, noise};
use crate::sql::Dialect;
use crate::trace::Frame;

pub(super) const FORMAT: Format = Format {
    id: "recorder",
    description: "Roundtrip's recorder for Django, SQLAlchemy and pytest: roundtrip_recorder.py",
    endings: &["jsonl", "log", "json"],
    sniff,
    read,
};

fn sniff(_: &str, head: &str) -> Score {
    let lines = || head.split('\n').take(20).map(str::trim_start);
    if lines().any(|line| line.starts_with("{\"roundtrip\":")) {
        Score::new(100, "the header of the recorder")
    } else if lines().any(|line| line.starts_with("{\"run\":") && line.contains("\"kind\":")) {
        Score::new(95, "blocks of the recorder")
    } else {
        Score::no("no line {\"roundtrip\": 1, …}")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut recording = Recording::default();
    let mut line = String::new();
    while input.line(&mut line)? {
        if !line.trim().is_empty() {
            recording.line(&line, input.line_number(), sink);
        }
        input.checkpoint(sink)?;
    }
    recording.finish(sink);
    Ok(())
}

#[derive(Default)]
struct Recording {
    /// Of the run whose statements come.
    open: Option<String>,
    /// It goes on in the next block, if that is of the same run.
    paused: bool,
    blocks: u64,
    noise: u64,
    odd: u64,
    first_odd: Option<u32>,
    /// Runs without their end.
    cut: u64,
    sets: bool,
}

impl Recording {
    fn line(&mut self, line: &str, number: u32, sink: &mut dyn Sink) {
        let Ok(value) = serde_json::from_str::<Value>(line) else { return self.odd(number) };
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        if let Some(sql) = text("sql") {
            match self.open {
                Some(_) if noise::is_tool(sql) => self.noise += 1,
                Some(_) => {
                    self.sets |= value.get("many").is_some();
                    sink.statement(record(sql, &value));
                }
                None => self.odd(number),
            }
        } else if let Some(id) = text("run") {
            if self.paused && self.open.as_deref() == Some(id) {
                self.paused = false;
                return;
            }
            if self.open.is_some() {
                self.cut += u64::from(!self.paused);
                self.end(None, sink);
            }
            self.blocks += 1;
            sink.begin_request(id, text("name").unwrap_or("a run"), text("kind") != Some("outside"));
            self.open = Some(id.to_owned());
        } else if value.get("end").is_some() {
            self.end(value.get("us").and_then(Value::as_u64), sink);
        } else if value.get("part").is_some() {
            self.paused = self.open.is_some();
        } else if value.get("roundtrip").is_none() {
            self.odd(number);
        }
    }

    fn odd(&mut self, line: u32) {
        self.odd += 1;
        self.first_odd.get_or_insert(line);
    }

    fn end(&mut self, took_us: Option<u64>, sink: &mut dyn Sink) {
        if self.open.take().is_some() {
            sink.end_request(took_us);
        }
        self.paused = false;
    }

    fn finish(mut self, sink: &mut dyn Sink) {
        if self.open.is_some() {
            self.cut += 1;
            self.end(None, sink);
        }
        if self.blocks == 0 {
            let expected = "expected JSON lines of roundtrip_recorder.py: {\"run\": …} and {\"sql\": …}";
            sink.error(Some(self.first_odd.unwrap_or(1)), expected.to_owned());
            return;
        }
        if let Some(line) = self.first_odd {
            let lines = if self.odd == 1 { "1 line is" } else { &format!("{} lines are", self.odd) };
            sink.note(format!("{lines} not whole and left out, the first is line {line}"));
        }
        if self.cut > 0 {
            let runs =
                if self.cut == 1 { "1 run has no end: it" } else { &format!("{} runs have no end: each", self.cut) };
            sink.note(format!("{runs} was cut off while it was recorded"));
        }
        if let Some(note) = noise::note(self.noise) {
            sink.note(note);
        }
        if self.sets {
            sink.note(
                "of calls that send several sets of values, the number of sets is read, not the values".to_owned(),
            );
        }
    }
}

fn record(sql: &str, value: &Value) -> Record {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let many = number("many").map(|many| u32::try_from(many).unwrap_or(u32::MAX).max(1));
    Record {
        sql: Arc::from(sql),
        params: value.get("params").and_then(|params| given(sql, params)),
        duration_us: number("us"),
        start_us: number("start"),
        rows: number("rows"),
        stack: value.get("stack").and_then(Value::as_array).into_iter().flatten().filter_map(frame).collect(),
        in_transaction: value.get("tx").and_then(Value::as_bool),
        connection: value.get("db").and_then(Value::as_str).map(SmolStr::new),
        dialect: value.get("vendor").and_then(Value::as_str).and_then(dialect),
        repeat: many.unwrap_or(1),
    }
}

fn dialect(vendor: &str) -> Option<Dialect> {
    match vendor {
        "postgresql" => Some(Dialect::Postgres),
        "mysql" | "mariadb" => Some(Dialect::MySql),
        "sqlite" => Some(Dialect::Sqlite),
        _ => None,
    }
}

/// The parameters in the order of their marks.
pub(super) fn given(sql: &str, params: &Value) -> Option<Vec<String>> {
    match params {
        Value::Array(items) => Some(items.iter().map(parameter).collect()),
        Value::Object(items) => {
            let mut placed: Vec<(usize, &Value)> =
                items.iter().filter_map(|(name, value)| Some((mark_of(sql, name)?, value))).collect();
            placed.sort_by_key(|(at, _)| *at);
            Some(placed.into_iter().map(|(_, value)| parameter(value)).collect())
        }
        _ => None,
    }
}

/// Where a name first stands as a mark: `%(name)s`, `:name`, `@name`, `$name`.
fn mark_of(sql: &str, name: &str) -> Option<usize> {
    if let Some(at) = sql.find(&format!("%({name})s")) {
        return Some(at);
    }
    let is_mark = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| sql.as_bytes().get(before));
        let after = sql.get(at + name.len()..).and_then(|rest| rest.chars().next());
        matches!(before, Some(b':' | b'@' | b'$')) && after.is_none_or(|char| !char.is_alphanumeric() && char != '_')
    };
    sql.match_indices(name).map(|(at, _)| at).find(|at| is_mark(*at))
}

fn parameter(value: &Value) -> String {
    match value.get("base64").and_then(Value::as_str) {
        Some(base64) => format!("base64:{base64}"),
        None => render(value),
    }
}

/// `[path, line, function]`
fn frame(call: &Value) -> Option<Frame> {
    Some(Frame {
        path: SmolStr::new(call.get(0)?.as_str()?),
        line: u32::try_from(call.get(1)?.as_u64()?).ok().filter(|line| *line > 0)?,
        function: SmolStr::new(call.get(2)?.as_str()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_marks() {
        let params = serde_json::json!({"a": 1, "ab": null, "b": {"base64": "AA=="}, "unused": 4});
        let of = |sql: &str| given(sql, &params).unwrap();
        assert_eq!(of("SELECT %(b)s, %(ab)s WHERE x = %(a)s OR y = %(b)s"), ["base64:AA==", "NULL", "1"]);
        assert_eq!(of("SELECT a, b FROM c WHERE x = :ab AND y = :a::int"), ["NULL", "1"]);
    }
}
