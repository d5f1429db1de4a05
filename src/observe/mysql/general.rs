//! The general query log: each command as it comes in, with the number of its connection.

use std::io;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::super::input::lines;
use super::super::sessions::{Held, Sessions};
use super::super::time::{short, timestamp};
use super::super::{Format, Input, Record, Score, Sink};
use super::{LONGEST_STATEMENT, who};
use crate::sql::Dialect;

pub const FORMAT: Format = Format {
    id: "mysql-general",
    description: "MySQL, MariaDB: the general query log",
    endings: &["log", "txt"],
    sniff,
    read,
};

const EXPECTED: &str = "expected lines of a time, a connection's number, Query and a statement between tabs, as the \
                        general query log has them";

/// Names of connections that are kept.
const MOST_NAMES: usize = 100_000;

const COMMANDS: &[&str] = &[
    "Binlog Dump",
    "Change user",
    "Close stmt",
    "Connect",
    "Connect Out",
    "Create DB",
    "Daemon",
    "Debug",
    "Delayed insert",
    "Drop DB",
    "Execute",
    "Fetch",
    "Field List",
    "Init DB",
    "Kill",
    "Long Data",
    "Ping",
    "Prepare",
    "Processlist",
    "Query",
    "Quit",
    "Refresh",
    "Register Slave",
    "Reset connection",
    "Reset stmt",
    "Set option",
    "Shutdown",
    "Sleep",
    "Statistics",
    "Table Dump",
    "Time",
    "Bulk",
    "Error",
];

fn sniff(_: &str, head: &str) -> Score {
    let commands =
        |line| Line::of(line).filter(|line| matches!(line.command, "Query" | "Execute" | "Connect" | "Init DB"));
    if lines(head).any(|line| commands(line).is_some()) {
        Score::new(95, "lines of a connection's number, Query and a statement between tabs")
    } else {
        Score::no("no line of a connection's number, Query and a statement between tabs")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut log = Log::default();
    let mut raw = String::new();
    while input.line(&mut raw)? {
        log.line(&raw, sink);
        input.checkpoint(sink)?;
    }
    let cut = input.ends_amid_line().then(|| input.line_number());
    log.end(cut, sink);
    Ok(())
}

/// A line that begins a command.
struct Line<'a> {
    time: &'a str,
    connection: &'a str,
    command: &'a str,
    argument: &'a str,
}

impl<'a> Line<'a> {
    /// `261121 19:03:47\t     3 Query\tSELECT 1`; where the second is the same, two tabs and no time.
    fn of(line: &'a str) -> Option<Self> {
        let (time, rest) = line.split_once('\t')?;
        if !time.is_empty() && !time.starts_with(|char: char| char.is_ascii_digit()) {
            return None;
        }
        let rest = if time.is_empty() { rest.strip_prefix('\t')? } else { rest };
        let (connection, rest) = rest.trim_start_matches(' ').split_once(' ')?;
        let (command, argument) = rest.split_once('\t').unwrap_or((rest, ""));
        let fits = connection.bytes().all(|byte| byte.is_ascii_digit()) && COMMANDS.contains(&command);
        (fits && !connection.is_empty()).then_some(Self { time, connection, command, argument })
    }
}

#[derive(Default)]
struct Log {
    sessions: Sessions,
    names: FxHashMap<SmolStr, String>,
    /// Of the last line that has a time.
    now_us: Option<i64>,
    open: Option<Open>,
    banner: u8,
    read: bool,
}

/// A statement that may go on on the next line.
struct Open {
    connection: SmolStr,
    /// Sent as a statement that is prepared.
    prepared: bool,
    sql: String,
}

impl Log {
    fn line(&mut self, line: &str, sink: &mut dyn Sink) {
        if self.banner > 0 {
            self.banner -= 1;
            return;
        }
        let Some(line) = Line::of(line) else {
            if line.ends_with(" started with:") && line.contains(", Version: ") {
                self.flush(sink);
                self.banner = 2;
            } else if let Some(open) = &mut self.open
                && open.sql.len() + line.len() < LONGEST_STATEMENT
            {
                open.sql.push('\n');
                open.sql.push_str(line);
            }
            return;
        };
        self.flush(sink);
        self.read = true;
        let iso = timestamp(line.time.as_bytes());
        if let Some((_, length)) = iso
            && length > 19
        {
            self.sessions.set_precise();
        }
        self.now_us = iso.map(|(at, _)| at).or_else(|| short(line.time.as_bytes())).or(self.now_us);
        match line.command {
            "Query" | "Execute" => {
                self.open = Some(Open {
                    connection: SmolStr::new(line.connection),
                    prepared: line.command == "Execute",
                    sql: line.argument.to_string(),
                });
            }
            "Connect" => self.connect(&line, sink),
            "Init DB" => {
                if let Some(name) = self.names.get_mut(line.connection) {
                    *name = who(name.split('@').next().unwrap_or_default(), line.argument);
                }
            }
            "Quit" => {
                self.names.remove(line.connection);
                self.sessions.end(line.connection, None, sink);
            }
            _ => self.sessions.lives(line.connection, self.now_us),
        }
    }

    /// `proof@127.0.0.1 on forum using TCP/IP`. A number that comes again is of a server that was restarted.
    fn connect(&mut self, line: &Line<'_>, sink: &mut dyn Sink) {
        self.sessions.end(line.connection, None, sink);
        if self.names.len() >= MOST_NAMES {
            self.names.clear();
        }
        let (user, rest) = line.argument.split_once('@').unwrap_or((line.argument, ""));
        let database =
            rest.split_once(" on ").map_or("", |(_, rest)| rest.split(" using").next().unwrap_or(rest)).trim();
        self.names.insert(SmolStr::new(line.connection), who(user, database));
    }

    fn flush(&mut self, sink: &mut dyn Sink) {
        let Some(open) = self.open.take() else { return };
        // `EXECUTE name` in SQL is logged, and what it stands for after it.
        if open.prepared
            && let Some(last) = self.sessions.last_of(&open.connection)
            && last.record.sql.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("EXECUTE "))
        {
            last.record.sql = Arc::from(open.sql.as_str());
            return;
        }
        let record = Record {
            sql: Arc::from(open.sql.as_str()),
            connection: Some(open.connection.clone()),
            dialect: Some(Dialect::MySql),
            repeat: 1,
            ..Record::default()
        };
        let held = Held { record, start_us: self.now_us, awaits_time: false, planned: false };
        let names = &self.names;
        let who = || names.get(&open.connection).cloned().unwrap_or_default();
        self.sessions.statement(&open.connection, who, held, sink);
    }

    fn end(mut self, cut: Option<u32>, sink: &mut dyn Sink) {
        self.flush(sink);
        if self.sessions.statements() == 0 {
            let message = if self.read { "a general query log without a statement" } else { EXPECTED };
            sink.error(Some(1), message.to_string());
            return;
        }
        self.sessions.finish(sink);
        if let Some(line) = cut {
            sink.note(format!("the log ends amid line {line}: it may be cut off there"));
        }
        sink.note("the general query log shows no durations, no rows and no stacks".to_string());
    }
}
