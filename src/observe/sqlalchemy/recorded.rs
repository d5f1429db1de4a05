//! Flask-SQLAlchemy's `get_recorded_queries()`, printed: `_QueryInfo(statement='…', parameters=[(1,)], …)`.
//!
//! Seen: Flask-SQLAlchemy 3.0 and 3.1, printed as a list, by `pprint`, one by one.
//! <https://flask-sqlalchemy.palletsprojects.com/en/stable/record-queries/>

use std::io::{self, BufRead};
use std::sync::Arc;

use super::super::json::micros;
use super::super::python_literal::{self, Literal, arguments};
use super::super::{Format, Input, Record, Score, Sink};
use crate::trace::Frame;

pub const FORMAT: Format = Format {
    id: "flask-sqlalchemy",
    description: "Flask-SQLAlchemy: get_recorded_queries(), printed",
    endings: &["txt", "log", "py"],
    sniff,
    read,
};

const START: &[u8] = b"_QueryInfo(";
const EXPECTED: &str = "expected _QueryInfo(statement='…', parameters=[…], start_time=…, end_time=…, location='…'), which \
                        Flask-SQLAlchemy records with SQLALCHEMY_RECORD_QUERIES = True";

/// A longer one is no record.
const LONGEST: usize = 8 * 1024 * 1024;

fn sniff(_: &str, head: &str) -> Score {
    if head.contains("_QueryInfo(statement=") {
        Score::new(95, "records like _QueryInfo(statement='…', parameters=[…], …)")
    } else {
        Score::no("no _QueryInfo(statement='…', …)")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut all = Recorded::default();
    // From the start of a record that is not whole.
    let mut rest: Vec<u8> = Vec::new();
    let mut lines = 0;
    loop {
        let chunk = input.fill_buf()?;
        let length = chunk.len();
        rest.extend_from_slice(chunk);
        let used = all.take(&rest, lines, length == 0, sink);
        lines += memchr::memchr_iter(b'\n', rest.get(..used).unwrap_or_default()).count() as u32;
        rest.drain(..used);
        if rest.len() > LONGEST {
            rest.clear();
        }
        if length == 0 {
            break;
        }
        input.consume(length);
        input.checkpoint(sink)?;
    }
    all.end(sink);
    Ok(())
}

#[derive(Default)]
struct Recorded {
    read: u64,
    first_start: Option<f64>,
    cut: Option<u32>,
}

impl Recorded {
    /// Reads the records that are whole. Gives how many bytes are done with.
    fn take(&mut self, bytes: &[u8], lines: u32, last: bool, sink: &mut dyn Sink) -> usize {
        let mut at = 0;
        while let Some(found) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), START) {
            let start = at + found;
            let body = bytes.get(start + START.len()..).unwrap_or_default();
            match end_of_call(body) {
                Some(end) => {
                    let text = body.get(..end).map(String::from_utf8_lossy).unwrap_or_default();
                    if let Some((record, started)) = record(&text) {
                        self.statement(record, started, sink);
                    }
                    at = start + START.len() + end + 1;
                }
                None => {
                    if last {
                        let before = memchr::memchr_iter(b'\n', bytes.get(..start).unwrap_or_default()).count();
                        self.cut = Some(lines + before as u32 + 1);
                        return bytes.len();
                    }
                    return start;
                }
            }
        }
        let rest = bytes.get(at..).unwrap_or_default().trim_ascii();
        // The list goes on, or another record begins.
        if last && (rest.starts_with(b",") || (!rest.is_empty() && START.starts_with(rest))) {
            self.cut = Some(lines + memchr::memchr_iter(b'\n', bytes).count() as u32 + 1);
        }
        // The start of a record may be cut at the end.
        let keep = if last { 0 } else { START.len().min(bytes.len() - at) };
        bytes.len() - keep
    }

    fn statement(&mut self, mut record: Record, started: f64, sink: &mut dyn Sink) {
        if self.read == 0 {
            sink.begin_request("all", "get_recorded_queries()", false);
        }
        self.read += 1;
        let first = *self.first_start.get_or_insert(started);
        record.start_us = micros(started - first, 1e6);
        sink.statement(record);
    }

    fn end(self, sink: &mut dyn Sink) {
        if self.read == 0 {
            sink.error(Some(self.cut.unwrap_or(1)), EXPECTED.to_string());
            return;
        }
        sink.end_request(None);
        if let Some(line) = self.cut {
            sink.note(format!("line {line}: the last record is cut off and was left out"));
        }
        sink.note(
            "get_recorded_queries() has no request boundaries, and of the stack its deepest line of the application only"
                .to_string(),
        );
    }
}

/// Where the bracket closes that is open before the text: strings are skipped.
fn end_of_call(text: &[u8]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut bytes = text.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        match quote {
            Some(_) if byte == b'\\' => _ = bytes.next(),
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None => match byte {
                b'\'' | b'"' => quote = Some(byte),
                b'(' | b'[' | b'{' => depth += 1,
                b')' if depth == 0 => return Some(at),
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

/// From `statement='…', parameters=[…], start_time=1.5, end_time=1.6, location='file:3 (name)'`, and the start.
fn record(text: &str) -> Option<(Record, f64)> {
    let mut sql = None;
    let mut sets = Literal::None;
    let (mut start, mut end) = (None, None);
    let mut stack = Vec::new();
    for (name, value) in keywords(text) {
        match (name, python_literal::parse(value)?) {
            ("statement", Literal::Text(text)) => sql = Some(text),
            ("parameters", value) => sets = value,
            ("start_time", Literal::Other(number)) => start = number.parse::<f64>().ok(),
            ("end_time", Literal::Other(number)) => end = number.parse::<f64>().ok(),
            ("location", Literal::Text(text)) => stack.extend(location(&text)),
            _ => {}
        }
    }
    let sql = sql?;
    let (params, repeat) = match sets {
        Literal::Sequence(mut sets) if sets.len() == 1 => sets.pop().map(|set| arguments(&set)).unwrap_or((None, 1)),
        // An INSERT in batches lists all of its sets with each batch.
        Literal::Sequence(sets) if !sets.is_empty() && !sql.contains(" RETURNING ") => {
            (None, u32::try_from(sets.len()).unwrap_or(u32::MAX))
        }
        _ => (None, 1),
    };
    let duration_us = start.zip(end).and_then(|(start, end)| micros(end - start, 1e6));
    let record =
        Record { sql: Arc::from(sql.trim_matches('\n')), params, duration_us, stack, repeat, ..Record::default() };
    Some((record, start.unwrap_or_default()))
}

/// `name=value` pairs of a call, at its own depth.
fn keywords(text: &str) -> Vec<(&str, &str)> {
    const NAMES: [&str; 5] = ["statement", "parameters", "start_time", "end_time", "location"];
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    let mut starts: Vec<(usize, &str)> = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b'=') if depth == 0 => {
                let before = text.get(..at).unwrap_or_default();
                starts.extend(NAMES.iter().find(|name| before.ends_with(**name)).map(|name| (at, *name)));
            }
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    for (index, (at, name)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(text.len(), |(at, name)| at - name.len());
        pairs.extend(text.get(at + 1..end).map(|value| (*name, value.trim().trim_end_matches(','))));
    }
    pairs
}

/// `app/views.py:12 (index)`; `<unknown>` where no line of the application sent it.
pub fn location(text: &str) -> Option<Frame> {
    let (place, function) = text.rsplit_once(" (")?;
    let (path, line) = place.rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    Some(Frame { path: path.into(), line, function: function.trim_end_matches(')').into() })
}
