//! What all three forms of the log amount to: statements with their times, sessions, waits for locks.

use std::sync::Arc;

use smol_str::SmolStr;

use super::super::sessions::{Held, Sessions};
use super::super::{Record, Sink, plan};
use super::message::{Entry, Message, Severity, parameters, planned};
use crate::sql::Dialect;
use crate::trace::LockWait;

/// A log whose fastest statement took that long leaves out faster ones.
const FAST_US: u64 = 1000;

#[derive(Default)]
pub(super) struct Log {
    sessions: Sessions,
    /// Messages of any kind.
    entries: u64,
    failures: u64,
    timed: u64,
    fastest_us: Option<u64>,
    plans: u64,
    unread_plans: u64,
    nested: u64,
    waits: Waits,
}

#[derive(Default)]
struct Waits {
    locks: u64,
    deadlocks: u64,
    longest_us: u64,
    first_line: u32,
}

impl Log {
    /// The times of the log are finer than seconds.
    pub fn set_precise(&mut self) {
        self.sessions.set_precise();
    }

    /// `who`: `user@database`, asked once per session.
    pub fn entry(&mut self, entry: &Entry<'_>, who: impl FnOnce() -> String, sink: &mut dyn Sink) {
        self.entries += 1;
        if entry.severity == Severity::Failure {
            self.failed(entry, who, sink);
            return;
        }
        if entry.severity != Severity::Log {
            return;
        }
        match Message::of(entry.message) {
            Message::Sent { .. } if entry.nested => self.nested += 1,
            Message::Sent { sql, took_us } => self.sent(entry, sql, took_us, who, sink),
            Message::Took(took_us) => self.took(entry, took_us),
            Message::Plan { text, took_us } => self.plan(entry, text, took_us, who, sink),
            Message::Ended { took_us } => self.sessions.end(entry.session, took_us, sink),
            Message::Waits => {
                self.waits.locks += 1;
                self.waits.at(entry.line);
            }
            Message::Waited(took_us) => {
                self.waits.longest_us = self.waits.longest_us.max(took_us);
                waited(entry, Some(took_us), sink);
            }
            Message::Step | Message::Deadlock | Message::Unknown => self.sessions.lives(entry.session, entry.at_us),
        }
    }

    fn sent(
        &mut self,
        entry: &Entry<'_>,
        sql: &str,
        took_us: Option<u64>,
        who: impl FnOnce() -> String,
        sink: &mut dyn Sink,
    ) {
        if let Some(took_us) = took_us {
            self.count_time(took_us);
        }
        // Its plan came first: the same execution.
        if let Some(last) = self.sessions.last_of(entry.session)
            && last.planned
            && *last.record.sql == *sql
        {
            last.planned = false;
            last.record.params = parameters(entry.detail);
            last.record.duration_us = took_us.or(last.record.duration_us);
            last.awaits_time = took_us.is_none();
            return;
        }
        self.hold(entry, sql, took_us, false, who, sink);
    }

    fn hold(
        &mut self,
        entry: &Entry<'_>,
        sql: &str,
        took_us: Option<u64>,
        planned: bool,
        who: impl FnOnce() -> String,
        sink: &mut dyn Sink,
    ) {
        let record = Record {
            sql: Arc::from(sql),
            params: parameters(entry.detail),
            duration_us: took_us,
            connection: (!entry.session.is_empty()).then(|| SmolStr::new(entry.session)),
            dialect: Some(Dialect::Postgres),
            repeat: 1,
            ..Record::default()
        };
        // A line with the time is written at the end, one without at the start.
        let start_us = entry.at_us.map(|at| at - took_us.unwrap_or(0) as i64);
        let held = Held { record, start_us, awaits_time: took_us.is_none(), planned };
        self.sessions.statement(entry.session, who, held, sink);
    }

    /// `duration: 0.100 ms` on a line of its own: of the statement before it, or of a step that was not logged.
    fn took(&mut self, entry: &Entry<'_>, took_us: u64) {
        if let Some(last) = self.sessions.last_of(entry.session)
            && last.awaits_time
        {
            last.awaits_time = false;
            last.record.duration_us = Some(took_us);
            self.count_time(took_us);
        }
        self.sessions.lives(entry.session, entry.at_us);
    }

    fn plan(&mut self, entry: &Entry<'_>, text: &str, took_us: u64, who: impl FnOnce() -> String, sink: &mut dyn Sink) {
        self.plans += 1;
        if entry.nested {
            self.nested += 1;
            return;
        }
        if let Some(mut plan) = plan::parse(text) {
            plan.execution_us = Some(took_us);
            plan.logged = true;
            sink.plan(plan);
        }
        let Some(sql) = planned(text) else {
            self.unread_plans += 1;
            return;
        };
        // The plan of what was told of already.
        if let Some(last) = self.sessions.last_of(entry.session)
            && !last.planned
            && *last.record.sql == *sql
        {
            if last.awaits_time && last.record.duration_us.is_none() {
                last.record.duration_us = Some(took_us);
                self.count_time(took_us);
            }
            return;
        }
        self.count_time(took_us);
        self.hold(entry, &sql, Some(took_us), true, who, sink);
    }

    /// A statement that failed was sent too. Where all statements are logged, it was told of when it began.
    fn failed(&mut self, entry: &Entry<'_>, who: impl FnOnce() -> String, sink: &mut dyn Sink) {
        if let Message::Deadlock = Message::of(entry.message) {
            self.waits.deadlocks += 1;
            self.waits.at(entry.line);
            waited(entry, None, sink);
        }
        if entry.statement.is_empty() {
            return;
        }
        self.failures += 1;
        if let Some(last) = self.sessions.last_of(entry.session)
            && last.awaits_time
            && *last.record.sql == *entry.statement
        {
            last.awaits_time = false;
            return;
        }
        // Neither another line nor a plan tells of it again.
        self.hold(entry, entry.statement, None, false, who, sink);
        if let Some(last) = self.sessions.last_of(entry.session) {
            last.awaits_time = false;
        }
    }

    fn count_time(&mut self, took_us: u64) {
        self.timed += 1;
        self.fastest_us = Some(self.fastest_us.map_or(took_us, |fastest| fastest.min(took_us)));
    }

    /// `cut`: 1-based lines that could not be read: the first, and how many.
    pub fn end(self, expected: &str, cut: Option<(u32, u64)>, sink: &mut dyn Sink) {
        let statements = self.sessions.statements();
        if statements == 0 {
            let message = if self.entries == 0 {
                expected.to_string()
            } else {
                format!("a log of PostgreSQL without a statement; {expected}")
            };
            sink.error(Some(cut.map_or(1, |(line, _)| line)), message);
            return;
        }
        self.sessions.finish(sink);
        if let Some((line, count)) = cut {
            let records = if count == 1 { "1 record is" } else { &format!("{count} records are") };
            sink.note(format!("{records} not whole and left out, the first on line {line}"));
        }
        for note in [
            failures(self.failures, statements),
            untimed(self.timed, statements, self.failures),
            self.fastest_us.and_then(slow_only),
            plans(self.plans, self.unread_plans, self.nested),
            self.waits.note(),
        ] {
            note.into_iter().for_each(|note| sink.note(note));
        }
        sink.note("a log of PostgreSQL shows no stacks and no rows".to_string());
    }
}

fn waited(entry: &Entry<'_>, waited_us: Option<u64>, sink: &mut dyn Sink) {
    if !entry.statement.is_empty() {
        sink.lock_wait(LockWait { sql: Arc::from(entry.statement), waited_us });
    }
}

impl Waits {
    fn at(&mut self, line: u32) {
        if self.first_line == 0 {
            self.first_line = line;
        }
    }

    fn note(&self) -> Option<String> {
        let mut facts = Vec::new();
        if self.locks > 0 {
            let longest = match self.longest_us {
                0 => String::new(),
                us => format!(", the longest for {} ms", us / 1000),
            };
            facts.push(format!("{} waited for locks longer than deadlock_timeout{longest}", counted(self.locks)));
        }
        if self.deadlocks > 0 {
            facts.push(format!("{} ended by a deadlock", counted(self.deadlocks)));
        }
        (!facts.is_empty()).then(|| format!("{}; the first on line {}", facts.join(", "), self.first_line))
    }
}

fn counted(statements: u64) -> String {
    if statements == 1 { "1 statement".to_string() } else { format!("{statements} statements") }
}

fn failures(failures: u64, statements: u64) -> Option<String> {
    if failures == statements {
        return Some(
            "the log shows only statements that failed; log_min_duration_statement = 0 logs the others".to_string(),
        );
    }
    (failures > 0).then(|| format!("{} failed, and so have no time", counted(failures)))
}

fn untimed(timed: u64, statements: u64, failures: u64) -> Option<String> {
    let none = timed == 0 && failures < statements;
    none.then(|| "the log has no durations: log_duration = on or log_min_duration_statement = 0 logs them".to_string())
}

fn slow_only(fastest_us: u64) -> Option<String> {
    (fastest_us >= FAST_US).then(|| {
        format!(
            "no statement took less than {} ms: if log_min_duration_statement leaves out faster ones, counts and loops \
             are too small here",
            fastest_us / 1000
        )
    })
}

fn plans(plans: u64, unread: u64, nested: u64) -> Option<String> {
    if plans + nested == 0 {
        return None;
    }
    let mut note = format!("{plans} plans of auto_explain: each stands for an execution too");
    if nested > 0 {
        note.push_str(&format!("; {nested} of statements inside of functions, which are no round trips, left out"));
    }
    if unread > 0 {
        note.push_str(&format!("; {unread} in a form that is not known left out"));
    }
    Some(note)
}
