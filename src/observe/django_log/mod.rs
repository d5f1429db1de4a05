//! The log of `django.db.backends` at DEBUG: `(0.001) SELECT …; args=(1,); alias=default`, seconds, behind any prefix.
//!
//! Any `LOGGING` that gives that logger a handler, with `DEBUG = True`: text, or JSON lines with the keys `duration`,
//! `sql`, `params`, `alias`. Seen: Django 3.2 (without `alias=`), 4.1, 4.2, 5.2; python-json-logger's shape; prefixes
//! of docker-compose, ANSI colours. <https://docs.djangoproject.com/en/stable/ref/logging/#django-db-backends>
//!
//! A statement goes on over lines until one ends like a record; a request ends at the server's own line
//! (`"GET /x HTTP/1.1" 200 12`) where the log has such lines. Gaps: prefixes that a log collector repeats on the
//! lines within one statement stay in the statement, save for docker-compose's.

mod line;
mod record;

use std::io;

use self::line::{is_json, json_line};
use self::record::{Open, completion, start};
use super::dress::undress;
use super::requests::{Requests, access};
use super::{Format, Input, Score, Sink, noise};

pub(super) const FORMAT: Format = Format {
    id: "django-log",
    description: "Django: the log of django.db.backends at DEBUG, text or JSON lines",
    endings: &["log", "txt", "jsonl"],
    sniff,
    read,
};

/// Lines of one statement; more are not one.
const MOST_LINES: u32 = 20_000;
const LONGEST_RECORD: usize = 8 * 1024 * 1024;

fn sniff(_: &str, head: &str) -> Score {
    let mut started = false;
    for line in head.split('\n') {
        let line = undress(line.trim_end_matches('\r'));
        if is_json(&line.text) {
            if json_line(&line.text).is_some_and(|line| line.record.is_some()) {
                return Score::new(95, "JSON lines with duration, sql and params");
            }
            continue;
        }
        started |= start(&line.text).is_some();
        if started && completion(&line.text).is_some() {
            return Score::new(95, "lines like (0.001) SELECT …; args=(…); alias=default");
        }
    }
    if started && head.contains("django.db.backends") {
        Score::new(60, "lines of django.db.backends")
    } else {
        Score::no("no line like (0.001) SELECT …; args=(…)")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut log = Log::default();
    let mut raw = String::new();
    while input.line(&mut raw)? {
        log.line(&raw, input.line_number(), sink);
        input.checkpoint(sink)?;
    }
    log.end(sink);
    Ok(())
}

#[derive(Default)]
struct Log {
    open: Option<Open>,
    /// Prefixes of records seen, digits made equal: what a record's first line looks like.
    shape: String,
    requests: Requests,
    read: u64,
    noise: u64,
    /// Records that never ended, and where the first of them began.
    unfinished: u64,
    first_unfinished: Option<u32>,
}

impl Log {
    fn line(&mut self, raw: &str, number: u32, sink: &mut dyn Sink) {
        let line = undress(raw);
        if is_json(&line.text)
            && let Some(json) = json_line(&line.text)
        {
            self.close(sink);
            if let Some(record) = json.record {
                self.statement(record, sink);
            } else if let Some(access) = json.access {
                self.requests.end(&access, sink);
            }
            return;
        }
        if let Some((seconds, prefix, sql)) = start(&line.text)
            && self.may_start(prefix)
        {
            self.close(sink);
            self.shape = record::shape(prefix);
            self.open = Some(Open::new(seconds, number, line.service, sql));
            return;
        }
        match &mut self.open {
            // Another service of docker-compose speaks in between.
            Some(open) if open.service.as_deref() != line.service => {}
            Some(open) => {
                if open.is_whole()
                    && let Some(access) = access(&line.text)
                {
                    self.close(sink);
                    self.requests.end(&access, sink);
                    return;
                }
                open.push(&line.text);
                if open.lines > MOST_LINES || open.text.len() > LONGEST_RECORD {
                    self.close(sink);
                }
            }
            None => {
                if let Some(access) = access(&line.text) {
                    self.requests.end(&access, sink);
                }
            }
        }
    }

    /// Amid a statement, `(0.123) ` starts another only behind a prefix like the last one.
    fn may_start(&self, prefix: &str) -> bool {
        self.open.as_ref().is_none_or(|open| open.is_whole() && !prefix.starts_with([' ', '\t']))
            || record::shape(prefix) == self.shape
    }

    /// Ends the open record, if there is one.
    fn close(&mut self, sink: &mut dyn Sink) {
        let Some(open) = self.open.take() else { return };
        let line = open.line;
        match open.finish() {
            Some(record) => self.statement(record, sink),
            None => {
                self.unfinished += 1;
                self.first_unfinished.get_or_insert(line);
            }
        }
    }

    fn statement(&mut self, record: super::Record, sink: &mut dyn Sink) {
        self.read += 1;
        if noise::is_tool(&record.sql) {
            self.noise += 1;
            return;
        }
        self.requests.statement(record, sink);
    }

    fn end(mut self, sink: &mut dyn Sink) {
        self.close(sink);
        if self.read == 0 {
            let line = self.first_unfinished.unwrap_or(1);
            sink.error(Some(line), "expected lines like (0.001) SELECT …; args=(…); alias=default".to_string());
            return;
        }
        self.requests.finish(sink);
        if let Some(line) = self.first_unfinished {
            let records =
                if self.unfinished == 1 { "1 record is" } else { &format!("{} records are", self.unfinished) };
            sink.note(format!("{records} not whole and left out, the first on line {line}"));
        }
        if let Some(note) = noise::note(self.noise) {
            sink.note(note);
        }
        sink.note(
            "the log of django.db.backends shows no stacks and no rows; times are whole milliseconds".to_string(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_where_its_arguments_are_whole() {
        let (sql, args) =
            completion("SELECT 'a; args=(''x'',); alias=d'; args=(\"a; args=('x',); alias=d\",); alias=default")
                .map(|end| (end.sql.to_string(), end.params))
                .unwrap();
        assert_eq!(sql, "SELECT 'a; args=(''x'',); alias=d'");
        assert_eq!(args.unwrap(), ["a; args=('x',); alias=d"]);
    }
}
