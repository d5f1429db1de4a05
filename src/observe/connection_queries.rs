//! `django.db.connection.queries`, as people paste it: JSON, `repr`, `pprint`, or printed by a loop.
//!
//! A list of `{"sql": …, "time": "0.001"}`, the time in seconds as a string; `"3 times: …"` is an `executemany`.
//! Parameters stand in the SQL. Seen: Django 4.2 and 5.2.
//! <https://docs.djangoproject.com/en/stable/faq/models/#how-can-i-see-the-raw-sql-queries-django-is-running>
//!
//! Every innermost `{…}` with these keys is a record, whatever stands around it (a prompt, a wrapping object). Django
//! keeps the last 9,000 entries. Gaps: `connections.all()` dumps of several aliases are one connection here.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::json::micros;
use super::python_literal::{self, Literal};
use super::{Format, Input, Record, Score, Sink, noise};

pub(super) const FORMAT: Format = Format {
    id: "connection-queries",
    description: "Django: connection.queries as JSON, repr, pprint or printed by a loop",
    endings: &["json", "txt", "py"],
    sniff,
    read,
};

/// A longer one is no record.
const LONGEST: usize = 8 * 1024 * 1024;

/// `connection.queries` forgets what is older.
const KEPT: u64 = 9000;

fn sniff(_: &str, head: &str) -> Score {
    let mut scan = Scanner::default();
    let mut found = false;
    scan.feed(head.as_bytes(), &mut |text, _| found |= entry(text).is_some());
    if found {
        Score::new(95, "dicts with the keys sql and time")
    } else if has_key(&scan.record, "sql") && head.trim_start().starts_with(['[', '{']) {
        Score::new(40, "a dict that begins with the key sql")
    } else {
        Score::no("no {\"sql\": …, \"time\": …}")
    }
}

fn has_key(record: &[u8], key: &str) -> bool {
    [format!("\"{key}\""), format!("'{key}'")]
        .iter()
        .any(|key| record.get(1..).is_some_and(|rest| rest.starts_with(key.as_bytes())))
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut queries = Queries::default();
    let mut scan = Scanner::default();
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        let length = chunk.len();
        scan.feed(chunk, &mut |text, line| queries.take(text, line, sink));
        input.consume(length);
        input.checkpoint(sink)?;
    }
    if queries.read == 0 {
        let line = queries.first_odd.unwrap_or(1);
        let expected = "expected {\"sql\": \"…\", \"time\": \"0.001\"} entries of connection.queries, which Django records \
                        with DEBUG = True only";
        sink.error(Some(line), expected.to_string());
        return Ok(());
    }
    sink.end_request(None);
    if scan.is_open() {
        sink.note(format!("line {}: the last entry is cut off and was left out", scan.started));
    }
    if let Some(line) = queries.first_odd {
        let entries = if queries.odd == 1 { "1 entry is" } else { &format!("{} entries are", queries.odd) };
        sink.note(format!("{entries} not of the form of connection.queries, the first on line {line}"));
    }
    if let Some(note) = noise::note(queries.noise) {
        sink.note(note);
    }
    if queries.read >= KEPT {
        sink.note(format!("Django keeps the last {KEPT} queries: there may have been more before"));
    }
    sink.note(
        "connection.queries has no request boundaries and no stacks; its times are whole milliseconds".to_string(),
    );
    Ok(())
}

#[derive(Default)]
struct Queries {
    read: u64,
    noise: u64,
    odd: u64,
    first_odd: Option<u32>,
}

impl Queries {
    fn take(&mut self, text: &str, line: u32, sink: &mut dyn Sink) {
        let Some((sql, seconds)) = entry(text) else {
            self.odd += 1;
            self.first_odd.get_or_insert(line);
            return;
        };
        if self.read == 0 {
            sink.begin_request("all", "connection.queries", false);
        }
        self.read += 1;
        let (repeat, sql) = repeated(&sql);
        if noise::is_tool(sql) {
            self.noise += 1;
            return;
        }
        sink.statement(Record {
            sql: Arc::from(sql),
            duration_us: seconds.and_then(|seconds| micros(seconds, 1e6)),
            repeat,
            ..Record::default()
        });
    }
}

/// `3 times: UPDATE …`
fn repeated(sql: &str) -> (u32, &str) {
    let many = sql.split_once(" times: ").and_then(|(count, rest)| Some((count.parse().ok()?, rest)));
    // `executemany` with no sets at all sends nothing, but is one entry.
    many.map_or((1, sql), |(count, rest): (u32, &str)| (count.max(1), rest))
}

/// The statement and its seconds. SQL may be missing its value (`None`, when it is not known).
fn entry(text: &str) -> Option<(String, Option<f64>)> {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text) {
        let sql = fields.get("sql")?.as_str()?;
        return Some((sql.to_string(), super::json::number(fields.get("time")?)));
    }
    let literal = python_literal::parse(text)?;
    let sql = literal.get("sql")?.as_text()?.to_string();
    let seconds = match literal.get("time")? {
        Literal::Text(text) | Literal::Other(text) => text.parse().ok(),
        _ => None,
    };
    Some((sql, seconds))
}

/// Finds innermost `{…}`, in JSON and in Python's notation, across chunks.
#[derive(Default)]
struct Scanner {
    /// From the brace on; empty outside of braces.
    record: Vec<u8>,
    /// The quote of the string that it is in.
    quote: Option<u8>,
    escaped: bool,
    /// Line breaks passed.
    lines: u32,
    /// Line of the open brace.
    started: u32,
}

impl Scanner {
    fn is_open(&self) -> bool {
        !self.record.is_empty()
    }

    fn feed(&mut self, mut chunk: &[u8], found: &mut dyn FnMut(&str, u32)) {
        while !chunk.is_empty() {
            if !self.is_open() {
                let Some(at) = memchr::memchr(b'{', chunk) else {
                    self.lines += memchr::memchr_iter(b'\n', chunk).count() as u32;
                    return;
                };
                let (before, rest) = chunk.split_at(at);
                self.lines += memchr::memchr_iter(b'\n', before).count() as u32;
                self.open();
                chunk = rest.get(1..).unwrap_or_default();
                continue;
            }
            let mut used = 0;
            let mut complete = false;
            for &byte in chunk {
                used += 1;
                self.lines += u32::from(byte == b'\n');
                if self.inside(byte) {
                    complete = true;
                    break;
                }
            }
            chunk = chunk.get(used..).unwrap_or_default();
            if complete {
                let record = std::mem::take(&mut self.record);
                if let Ok(text) = std::str::from_utf8(&record) {
                    found(text, self.started);
                }
            } else if self.record.len() > LONGEST {
                *self = Self { lines: self.lines, ..Self::default() };
            }
        }
    }

    fn open(&mut self) {
        self.record.clear();
        self.record.push(b'{');
        self.started = self.lines + 1;
    }

    /// Takes one byte of a record; true when it ends there.
    fn inside(&mut self, byte: u8) -> bool {
        match self.quote {
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if byte == b'\\' => self.escaped = true,
            Some(quote) if byte == quote => self.quote = None,
            Some(_) => {}
            None => match byte {
                b'\'' | b'"' => self.quote = Some(byte),
                // What stood around this one was a wrapper.
                b'{' => {
                    self.open();
                    return false;
                }
                b'}' => {
                    self.record.push(byte);
                    return true;
                }
                _ => {}
            },
        }
        self.record.push(byte);
        false
    }
}
