//! jsonlog, since PostgreSQL 15: an object a message, on one line.

use std::borrow::Cow;
use std::io;

use serde::Deserialize;

use super::super::input::lines;
use super::super::time::timestamp;
use super::super::{Format, Input, Score, Sink};
use super::EXPECTED;
use super::log::Log;
use super::message::{Entry, Severity};

pub const FORMAT: Format = Format {
    id: "postgres-json",
    description: "PostgreSQL: the server's log as jsonlog",
    endings: &["json", "jsonl"],
    sniff,
    read,
};

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow, default)]
    user: Cow<'a, str>,
    #[serde(borrow, default)]
    dbname: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    error_severity: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    detail: Cow<'a, str>,
    #[serde(borrow, default)]
    statement: Cow<'a, str>,
    #[serde(borrow, default)]
    context: Cow<'a, str>,
}

fn sniff(_: &str, head: &str) -> Score {
    let is_line = |line: &str| line.starts_with('{') && serde_json::from_str::<Line<'_>>(line).is_ok();
    if lines(head).take(20).any(is_line) {
        Score::new(95, "objects with session_id, error_severity and message, as jsonlog has them")
    } else {
        Score::no("no {\"timestamp\": …, \"session_id\": …, \"error_severity\": …} on a line")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut log = Log::default();
    log.set_precise();
    let mut cut = None;
    let mut raw = String::new();
    while input.line(&mut raw)? {
        let text = raw.trim_start_matches('\u{feff}').trim();
        let severity = |line: &Line<'_>| Severity::of(&line.error_severity);
        match serde_json::from_str::<Line<'_>>(text) {
            Ok(line) => {
                let Some(severity) = severity(&line) else { continue };
                let entry = Entry {
                    session: &line.session_id,
                    at_us: timestamp(line.timestamp.as_bytes()).map(|(at, _)| at),
                    severity,
                    message: &line.message,
                    detail: &line.detail,
                    statement: &line.statement,
                    nested: !line.context.is_empty(),
                    line: input.line_number(),
                };
                let who = || match (&*line.user, &*line.dbname) {
                    ("", _) | (_, "") => String::new(),
                    (user, database) => format!("{user}@{database}"),
                };
                log.entry(&entry, who, sink);
            }
            Err(_) if text.is_empty() => {}
            Err(_) => {
                let (first, count) = cut.unwrap_or((input.line_number(), 0));
                cut = Some((first, count + 1));
            }
        }
        input.checkpoint(sink)?;
    }
    log.end(EXPECTED, cut, sink);
    Ok(())
}
