//! csvlog: a record of 23 to 26 columns a message, which may go on over lines.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

use super::super::time::timestamp;
use super::super::{Format, Input, Score, Sink};
use super::log::Log;
use super::message::{Entry, Severity};
use super::{EXPECTED, LONGEST_MESSAGE};

pub const FORMAT: Format = Format {
    id: "postgres-csv",
    description: "PostgreSQL: the server's log as csvlog",
    endings: &["csv"],
    sniff,
    read,
};

/// Columns of PostgreSQL 9.0 to 12; later ones add theirs at the end.
const COLUMNS: usize = 23;
/// More than any version has.
const MOST_COLUMNS: usize = 40;

// Places of columns.
const TIME: usize = 0;
const USER: usize = 1;
const DATABASE: usize = 2;
const SESSION: usize = 5;
const SEVERITY: usize = 11;
const MESSAGE: usize = 13;
const DETAIL: usize = 14;
const CONTEXT: usize = 18;
const STATEMENT: usize = 19;

fn sniff(_: &str, head: &str) -> Score {
    let mut rows = Rows::default();
    let mut sure = false;
    rows.feed(head.as_bytes(), &mut |row, _| sure |= row.severity().is_some());
    if sure {
        Score::new(95, "rows of a time, user, database, process … and a severity, as csvlog has them")
    } else {
        Score::no("no row of csvlog's 23 to 26 columns")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut log = Log::default();
    log.set_precise();
    let mut rows = Rows::default();
    let mut cut = None;
    let mut take = |row: &Row<'_>, line: u32, sink: &mut dyn Sink| match row.severity() {
        Some(severity) => {
            let entry = Entry {
                session: row.get(SESSION),
                at_us: timestamp(row.get(TIME).as_bytes()).map(|(at, _)| at),
                severity,
                message: row.get(MESSAGE),
                detail: row.get(DETAIL),
                statement: row.get(STATEMENT),
                nested: !row.get(CONTEXT).is_empty(),
                line,
            };
            log.entry(&entry, || row.who(), sink);
        }
        None => {
            let (first, count) = cut.unwrap_or((line, 0));
            cut = Some((first, count + 1));
        }
    };
    loop {
        let chunk = input.fill_buf()?;
        let length = chunk.len();
        rows.feed(chunk, &mut |row, line| take(row, line, sink));
        if length == 0 {
            break;
        }
        input.consume(length);
        input.checkpoint(sink)?;
    }
    log.end(EXPECTED, cut, sink);
    Ok(())
}

/// Rows of CSV, across chunks.
struct Rows {
    reader: csv_core::Reader,
    text: Vec<u8>,
    /// How much of `text` is filled.
    filled: usize,
    ends: Vec<usize>,
    columns: usize,
    /// 1-based line on which the row begins.
    line: u32,
    /// Line breaks passed.
    lines: u32,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            reader: csv_core::Reader::new(),
            text: vec![0; 4096],
            filled: 0,
            ends: vec![0; MOST_COLUMNS],
            columns: 0,
            line: 1,
            lines: 0,
        }
    }
}

impl Rows {
    /// An empty chunk ends the input.
    fn feed(&mut self, mut chunk: &[u8], found: &mut dyn FnMut(&Row<'_>, u32)) {
        loop {
            let (text, ends) = (self.text.get_mut(self.filled..), self.ends.get_mut(self.columns..));
            let (Some(text), Some(ends)) = (text, ends) else { return };
            let (result, used, written, ended) = self.reader.read_record(chunk, text, ends);
            self.lines += memchr::memchr_iter(b'\n', chunk.get(..used).unwrap_or_default()).count() as u32;
            chunk = chunk.get(used..).unwrap_or_default();
            self.filled += written;
            self.columns += ended;
            match result {
                ReadRecordResult::InputEmpty => return,
                ReadRecordResult::OutputFull if self.text.len() < 2 * LONGEST_MESSAGE => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::Record | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    if let Ok(text) = std::str::from_utf8(self.text.get(..self.filled).unwrap_or_default()) {
                        found(&Row { text, ends: self.ends.get(..self.columns).unwrap_or_default() }, self.line);
                    }
                    self.filled = 0;
                    self.columns = 0;
                    self.line = self.lines + 1;
                }
                ReadRecordResult::End => return,
            }
        }
    }
}

struct Row<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    fn get(&self, column: usize) -> &'a str {
        let start = column.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let end = self.ends.get(column).copied();
        start.zip(end).and_then(|(start, end)| self.text.get(start..end)).unwrap_or_default()
    }

    /// `None` where it is no whole row of csvlog.
    fn severity(&self) -> Option<Severity> {
        let whole = self.ends.len() >= COLUMNS && timestamp(self.get(TIME).as_bytes()).is_some();
        Severity::of(self.get(SEVERITY)).filter(|_| whole)
    }

    fn who(&self) -> String {
        let (user, database) = (self.get(USER), self.get(DATABASE));
        if user.is_empty() || database.is_empty() { String::new() } else { format!("{user}@{database}") }
    }
}
