//! `echo=True`: the log of `sqlalchemy.engine`, a statement over lines, then its parameters in a message of their own.
//!
//! Seen: SQLAlchemy 1.4 and 2.0, as `echo=True` and `echo="debug"` write it, and through handlers of `logging` with
//! other prefixes, twice for one record, too; docker-compose's prefixes and colours.
//! <https://docs.sqlalchemy.org/en/20/core/engines.html#configuring-logging>
//!
//! Gaps: a format without `%(name)s`, JSON formatters. Where threads log at once, parameters go to statements in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::super::dress::undress;
use super::super::input::lines;
use super::super::requests::{Requests, access};
use super::super::time::timestamp;
use super::super::{Format, Input, Record, Score, Sink};
use super::message::{Finder, Message, params};

pub const FORMAT: Format = Format {
    id: "sqlalchemy-echo",
    description: "SQLAlchemy: the echo of its engine, on any handler",
    endings: &["log", "txt"],
    sniff,
    read,
};

const EXPECTED: &str = "expected lines like INFO sqlalchemy.engine.Engine SELECT …, and after each statement \
                        [generated in 0.00012s] (1,)";

/// Longer statements are cut, so that memory stays bounded.
const LONGEST_STATEMENT: usize = 8 * 1024 * 1024;
/// Statements of several threads whose parameters are still to come.
const MOST_PENDING: usize = 16;

fn sniff(_: &str, head: &str) -> Score {
    let mut finder = Finder::default();
    let mut named = false;
    for line in lines(head) {
        let line = undress(line);
        let Some(message) = finder.message(&line.text) else { continue };
        if let Message::Sent { .. } = Message::of(message) {
            return Score::new(95, "lines like INFO sqlalchemy.engine.Engine … and [generated in 0.00012s] (…)");
        }
        named = true;
    }
    if named {
        Score::new(70, "lines of the logger sqlalchemy.engine")
    } else {
        Score::no("no line of the logger sqlalchemy.engine")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut echo = Echo::default();
    let mut raw = String::new();
    while input.line(&mut raw)? {
        echo.line(&raw, input.line_number(), sink);
        input.checkpoint(sink)?;
    }
    echo.end(input.ends_amid_line(), sink);
    Ok(())
}

#[derive(Default)]
struct Echo {
    finder: Finder,
    requests: Requests,
    /// The statement that is being read.
    open: Option<Open>,
    /// Whole statements whose parameters did not come yet.
    pending: VecDeque<Open>,
    /// The last one, whose rows may follow.
    last: Option<Record>,
    /// The last message, which a second handler writes again.
    previous: String,
    sent: u64,
    doubled: u64,
    hidden: u64,
    cut: u64,
    unanswered: u64,
    first_unanswered: Option<u32>,
}

struct Open {
    sql: String,
    service: Option<String>,
    line: u32,
}

impl Echo {
    fn line(&mut self, raw: &str, number: u32, sink: &mut dyn Sink) {
        let line = undress(raw);
        if let Some(text) = self.finder.message(&line.text) {
            self.close();
            let message = Message::of(text);
            if message.is_one_line() {
                self.message(&message, text, sink);
            } else {
                self.open =
                    Some(Open { sql: text.to_string(), service: line.service.map(str::to_string), line: number });
            }
            return;
        }
        if let Some(access) = access(&line.text) {
            self.close();
            self.give(sink);
            self.requests.end(&access, sink);
            return;
        }
        if is_other_log(&line.text) {
            self.close();
        } else if let Some(open) = &mut self.open
            && open.service.as_deref() == line.service
            && open.sql.len() + line.text.len() < LONGEST_STATEMENT
        {
            open.sql.push('\n');
            open.sql.push_str(&line.text);
        }
    }

    /// Ends the statement that is being read.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if self.is_repeated(&open.sql) {
            return;
        }
        if self.pending.len() >= MOST_PENDING {
            self.unanswered();
        }
        self.pending.push_back(open);
    }

    /// Whether a second handler wrote the message. In between the same statement twice stand its parameters, and no
    /// statement is generated or cached twice in the same moment.
    fn is_repeated(&mut self, text: &str) -> bool {
        if self.previous == text {
            self.doubled += 1;
            return true;
        }
        self.previous.clear();
        self.previous.push_str(text);
        false
    }

    fn message(&mut self, message: &Message<'_>, text: &str, sink: &mut dyn Sink) {
        match message {
            Message::Columns => {
                if let Some(last) = &mut self.last {
                    last.rows = Some(0);
                }
            }
            Message::Row => {
                if let Some(rows) = self.last.as_mut().and_then(|last| last.rows.as_mut()) {
                    *rows += 1;
                }
            }
            _ if self.is_repeated(text) => {}
            Message::Sent { params: text } => self.sent(text, sink),
            Message::Transaction | Message::Statement => {}
        }
    }

    fn sent(&mut self, text: &str, sink: &mut dyn Sink) {
        let Some(open) = self.pending.pop_front() else { return };
        self.give(sink);
        let sql = open.sql.trim_matches('\n');
        let params = params(sql, text);
        self.sent += 1;
        self.hidden += u64::from(params.hidden);
        self.cut += u64::from(params.cut);
        self.last =
            Some(Record { sql: Arc::from(sql), params: params.values, repeat: params.sets, ..Record::default() });
    }

    /// Hands on the last statement.
    fn give(&mut self, sink: &mut dyn Sink) {
        let Some(mut last) = self.last.take() else { return };
        // Each handler writes each row.
        if self.doubled > 0 {
            last.rows = last.rows.map(|rows| rows / 2);
        }
        self.requests.statement(last, sink);
    }

    /// The oldest statement never got its parameters.
    fn unanswered(&mut self) {
        if let Some(open) = self.pending.pop_front() {
            self.unanswered += 1;
            self.first_unanswered.get_or_insert(open.line);
        }
    }

    fn end(mut self, amid_line: bool, sink: &mut dyn Sink) {
        self.close();
        self.give(sink);
        while !self.pending.is_empty() {
            self.unanswered();
        }
        if self.sent == 0 {
            sink.error(Some(self.first_unanswered.unwrap_or(1)), EXPECTED.to_string());
            return;
        }
        self.requests.finish(sink);
        if let Some(line) = self.first_unanswered {
            let statements =
                if self.unanswered == 1 { "1 statement is" } else { &format!("{} statements are", self.unanswered) };
            sink.note(format!(
                "{statements} not whole, without a line of parameters, and left out; the first on line {line}"
            ));
        } else if amid_line {
            sink.note("the log ends amid a line: it may be cut off there".to_string());
        }
        if self.doubled > 0 {
            sink.note("every message stands there twice, for two handlers wrote it: each counts once".to_string());
        }
        if self.hidden > 0 {
            sink.note(
                "parameters are hidden (hide_parameters=True): the same statement again may have other values"
                    .to_string(),
            );
        }
        if self.cut > 0 {
            sink.note(format!(
                "SQLAlchemy cut long parameters short: those of {} statements are not all known",
                self.cut
            ));
        }
        sink.note("the echo shows no durations and no stacks".to_string());
    }
}

/// A line of another logger, which does not go on with a statement.
fn is_other_log(line: &str) -> bool {
    let text = line.strip_prefix('[').unwrap_or(line);
    let levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
    let level = levels.iter().find_map(|level| text.strip_prefix(level));
    timestamp(text.as_bytes()).is_some() || level.is_some_and(|rest| rest.starts_with([':', ' ', ']']))
}
