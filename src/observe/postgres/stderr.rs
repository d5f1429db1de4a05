//! The log as it goes to stderr: a prefix, `LOG:  `, and lines that go on behind a tab.

use std::io;

use smol_str::SmolStr;

use super::super::dress::undress;
use super::super::input::lines;
use super::super::{Format, Input, Score, Sink};
use super::log::Log;
use super::message::{Entry, Message, Severity};
use super::prefix::{Part, Prefix, split, who};
use super::{EXPECTED, LONGEST_MESSAGE};

pub const FORMAT: Format = Format {
    id: "postgres-log",
    description: "PostgreSQL: the server's log, with any log_line_prefix",
    endings: &["log", "txt"],
    sniff,
    read,
};

fn sniff(_: &str, head: &str) -> Score {
    // Without a prefix, text inside of another form of the log looks like this one.
    let mut best = 0;
    for line in lines(head) {
        let line = undress(line);
        if line.text.starts_with([' ', '\t', '{']) {
            continue;
        }
        let Some((prefix, Part::Message(severity), text)) = split(&line.text) else { continue };
        if severity == Severity::Log && !matches!(Message::of(text), Message::Unknown) {
            if !prefix.is_empty() {
                return Score::new(95, "lines like LOG:  duration: 0.100 ms  statement: SELECT …");
            }
            best = best.max(70);
        } else if severity != Severity::Other && !prefix.is_empty() {
            best = best.max(60);
        }
    }
    if best > 0 {
        Score::new(best, "lines like LOG:  … and ERROR:  … of PostgreSQL")
    } else {
        Score::no("no line like LOG:  duration: 0.100 ms  statement: SELECT …")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let head = input.look_ahead()?;
    let dressed = lines(head).take(100).any(|line| undress(line).service.is_some());
    let undressed = lines(head).map(undress).collect::<Vec<_>>();
    let learned = Prefix::learn(undressed.iter().map(|line| &*line.text));
    let Some(prefix) = learned else {
        sink.error(Some(1), EXPECTED.to_string());
        return Ok(());
    };
    drop(undressed);
    let mut reader = Reader { prefix, log: Log::default(), pending: Pending::default(), odd: 0 };
    if prefix.precise {
        reader.log.set_precise();
    }
    let mut raw = String::new();
    while input.line(&mut raw)? {
        if dressed {
            let line = undress(&raw);
            reader.line(&line.text, line.service, input.line_number(), sink);
        } else {
            reader.line(&raw, None, input.line_number(), sink);
        }
        input.checkpoint(sink)?;
    }
    reader.flush(sink);
    let Reader { log, odd, .. } = reader;
    log.end(EXPECTED, None, sink);
    if input.ends_amid_line() {
        sink.note(format!("the log ends amid line {}: it may be cut off there", input.line_number()));
    }
    if odd > 0 {
        sink.note(format!("{odd} lines are not of PostgreSQL's log and were left out"));
    }
    Ok(())
}

struct Reader {
    prefix: Prefix,
    log: Log,
    pending: Pending,
    odd: u64,
}

/// A message, as far as it was read; what goes with it stands on lines of its own.
struct Pending {
    severity: Option<Severity>,
    prefix: String,
    session: SmolStr,
    at_us: Option<i64>,
    service: Option<String>,
    part: Part,
    message: String,
    detail: String,
    statement: String,
    nested: bool,
    line: u32,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            severity: None,
            prefix: String::new(),
            session: SmolStr::default(),
            at_us: None,
            service: None,
            part: Part::Other,
            message: String::new(),
            detail: String::new(),
            statement: String::new(),
            nested: false,
            line: 0,
        }
    }
}

impl Pending {
    fn text(&mut self) -> Option<&mut String> {
        match self.part {
            Part::Message(_) => Some(&mut self.message),
            Part::Detail => Some(&mut self.detail),
            Part::Statement => Some(&mut self.statement),
            Part::Context | Part::Other => None,
        }
    }

    fn begin(&mut self, prefix: &str, severity: Severity, text: &str) {
        self.severity = Some(severity);
        self.part = Part::Message(severity);
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.message.clear();
        self.message.push_str(text);
        self.detail.clear();
        self.statement.clear();
        self.nested = false;
    }

    /// A further line of the part that is being read.
    fn go_on(&mut self, line: &str) {
        if let Some(text) = self.text()
            && text.len() + line.len() < LONGEST_MESSAGE
        {
            text.push('\n');
            text.push_str(line);
        }
    }
}

impl Reader {
    fn line(&mut self, line: &str, service: Option<&str>, number: u32, sink: &mut dyn Sink) {
        if let Some(rest) = line.strip_prefix('\t') {
            if self.pending.service.as_deref() == service {
                self.pending.go_on(rest);
            }
            return;
        }
        let entry = split(line).and_then(|(prefix, part, text)| Some((prefix, self.prefix.read(prefix)?, part, text)));
        match entry {
            Some((prefix, (session, at_us), Part::Message(severity), text)) => {
                self.flush(sink);
                let pending = &mut self.pending;
                pending.session = SmolStr::new(session);
                pending.at_us = at_us;
                pending.line = number;
                if pending.service.as_deref() != service {
                    pending.service = service.map(str::to_string);
                }
                pending.begin(prefix, severity, text);
            }
            Some((_, (session, _), part, text)) => {
                let goes_with = self.pending.session == session;
                self.pending.part = if goes_with { part } else { Part::Other };
                self.pending.nested |= goes_with && part == Part::Context;
                if let Some(to) = self.pending.text() {
                    to.clear();
                    to.push_str(text);
                }
            }
            // Whoever passed it on took the tabs for blanks, or away.
            None if self.pending.service.as_deref() == service && (line.is_empty() || line.starts_with(' ')) => {
                self.pending.go_on(line);
            }
            None => self.odd += 1,
        }
    }

    fn flush(&mut self, sink: &mut dyn Sink) {
        let Some(severity) = self.pending.severity.take() else { return };
        let pending = &self.pending;
        let entry = Entry {
            session: &pending.session,
            at_us: pending.at_us,
            severity,
            message: &pending.message,
            detail: &pending.detail,
            statement: &pending.statement,
            nested: pending.nested,
            line: pending.line,
        };
        self.log.entry(&entry, || who(&pending.prefix), sink);
    }
}
