//! The slow query log: `# Query_time: …` and the statement, which ends at the next header.

use std::io;
use std::sync::Arc;

use smol_str::SmolStr;

use super::super::input::lines;
use super::super::json::micros;
use super::super::sessions::{Held, Sessions};
use super::super::{Format, Input, Record, Score, Sink};
use super::{LONGEST_STATEMENT, who};
use crate::sql::Dialect;

pub const FORMAT: Format = Format {
    id: "mysql-slow",
    description: "MySQL, MariaDB: the slow query log",
    endings: &["log", "txt"],
    sniff,
    read,
};

const EXPECTED: &str = "expected # Query_time: 0.000100  Lock_time: … and a statement, as the slow query log has them";

/// A log whose fastest statement took that long leaves out faster ones.
const FAST_US: u64 = 1000;

fn sniff(_: &str, head: &str) -> Score {
    if lines(head).any(|line| line.starts_with("# Query_time: ")) {
        Score::new(95, "lines like # Query_time: 0.000100  Lock_time: …")
    } else {
        Score::no("no line like # Query_time: 0.000100  Lock_time: …")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut log = Log::default();
    let mut raw = String::new();
    while input.line(&mut raw)? {
        log.line(&raw, sink);
        input.checkpoint(sink)?;
    }
    let cut = !log.is_whole() || log.is_amid_header();
    log.end(cut.then(|| input.line_number()), sink);
    Ok(())
}

#[derive(Default)]
struct Log {
    sessions: Sessions,
    entry: Entry,
    fastest_us: Option<u64>,
    administrative: u64,
    /// Lines of the server's banner that are still to come.
    banner: u8,
}

/// What the header and the lines below it say so far.
#[derive(Default)]
struct Entry {
    thread: SmolStr,
    user: String,
    schema: String,
    took_us: Option<u64>,
    rows: Option<u64>,
    start_us: Option<i64>,
    /// `SET timestamp=…;` was seen: what follows is the statement.
    stamped: bool,
    sql: String,
}

impl Entry {
    /// `# Thread_id: 4  Schema: forum  QC_hit: No`: each word that ends in a colon names the next.
    fn header(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace().skip(1).peekable();
        while let Some(word) = words.next() {
            let Some(key) = word.strip_suffix(':') else { continue };
            // A key without a value is followed by another.
            let Some(value) = words.next_if(|value| !value.ends_with(':')) else { continue };
            match key {
                "Thread_id" | "Id" => self.thread = SmolStr::new(value),
                "Schema" => self.schema = value.to_string(),
                "Query_time" => self.took_us = value.parse().ok().and_then(|seconds| micros(seconds, 1e6)),
                "Rows_sent" => self.rows = value.parse().ok(),
                // `proof[proof]`
                "User@Host" => self.user = value.split('[').next().unwrap_or_default().to_string(),
                _ => {}
            }
        }
    }
}

impl Log {
    /// Whether the statement so far can have ended.
    fn is_whole(&self) -> bool {
        self.entry.sql.is_empty() || self.entry.sql.ends_with(';')
    }

    /// Whether what was seen of an entry is not all of it.
    fn is_amid_header(&self) -> bool {
        self.entry.sql.is_empty() && (self.entry.took_us.is_some() || !self.entry.user.is_empty())
    }

    fn line(&mut self, line: &str, sink: &mut dyn Sink) {
        if self.banner > 0 {
            self.banner -= 1;
            return;
        }
        if self.is_whole() {
            if line.starts_with("# User@Host: ") || line.starts_with("# Time: ") {
                self.flush(sink);
            } else if line.ends_with(" started with:") {
                self.flush(sink);
                // The ports, and the names of columns.
                self.banner = 2;
                return;
            }
        }
        let entry = &mut self.entry;
        if !entry.sql.is_empty() {
            if entry.sql.len() + line.len() < LONGEST_STATEMENT {
                entry.sql.push('\n');
                entry.sql.push_str(line);
            }
        } else if line.starts_with("# administrator command: ") {
            self.administrative += 1;
            *entry = Entry::default();
        } else if line.starts_with('#') && !entry.stamped {
            entry.header(line);
        } else if entry.stamped {
            entry.sql.push_str(line);
        } else if let Some(seconds) = stamp(line) {
            entry.stamped = true;
            entry.start_us = Some(seconds * 1_000_000);
        }
        // What is left is `use …;`.
    }

    /// Ends the statement that is being read.
    fn flush(&mut self, sink: &mut dyn Sink) {
        let entry = std::mem::take(&mut self.entry);
        let (Some(took_us), false) = (entry.took_us, entry.sql.is_empty()) else { return };
        self.fastest_us = Some(self.fastest_us.map_or(took_us, |fastest| fastest.min(took_us)));
        let record = Record {
            sql: Arc::from(entry.sql.strip_suffix(';').unwrap_or(&entry.sql)),
            duration_us: Some(took_us),
            rows: entry.rows,
            connection: (!entry.thread.is_empty()).then(|| entry.thread.clone()),
            dialect: Some(Dialect::MySql),
            repeat: 1,
            ..Record::default()
        };
        let held = Held { record, start_us: entry.start_us, awaits_time: false, planned: false };
        self.sessions.statement(&entry.thread, || who(&entry.user, &entry.schema), held, sink);
    }

    fn end(mut self, cut: Option<u32>, sink: &mut dyn Sink) {
        if cut.is_none() {
            self.flush(sink);
        }
        if self.sessions.statements() == 0 {
            sink.error(Some(1), EXPECTED.to_string());
            return;
        }
        self.sessions.finish(sink);
        if let Some(line) = cut {
            sink.note(format!("the last statement, which goes on to line {line}, is cut off and was left out"));
        }
        if self.administrative > 0 {
            sink.note(format!("{} commands of administration (Ping, Quit …) left out", self.administrative));
        }
        if let Some(fastest_us) = self.fastest_us.filter(|fastest_us| *fastest_us >= FAST_US) {
            sink.note(format!(
                "no statement took less than {} ms: if long_query_time leaves out faster ones, counts and loops are too \
                 small here",
                fastest_us / 1000
            ));
        }
        sink.note("the slow query log shows no stacks, and starts to the second".to_string());
    }
}

/// `SET timestamp=1700000000;`, where other variables may be set too.
fn stamp(line: &str) -> Option<i64> {
    let (_, rest) = line.strip_prefix("SET ")?.split_once("timestamp=")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest.get(..digits)?.parse().ok().filter(|seconds: &i64| *seconds < 1 << 40)
}
