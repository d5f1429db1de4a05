//! Standard output, standard error, and the exit status.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::model::{Confidence, InputError, Report};

use super::args::FailOn;

/// The exit status; the worse one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Clean,
    Findings,
    /// Wrong usage, or a named input that could not be read.
    Unusable,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status as u8)
    }
}

/// Why nothing could be done, for standard error.
pub type Problem = InputError;

pub fn problem(path: impl Into<String>, message: impl Into<String>) -> Problem {
    InputError { path: path.into(), line: None, message: message.into() }
}

/// Wrong usage: there is no file to name.
pub fn usage(message: impl Into<String>) -> Problem {
    problem("", message)
}

pub fn complain(problem: &Problem) {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = if problem.path.is_empty() { String::new() } else { format!("{}{line}: ", problem.path) };
    // Nobody may be listening any more; the exit status still tells.
    let _ = writeln!(io::stderr().lock(), "roundtrip: {place}{}", problem.message);
}

/// Writes to standard output. A reader that has gone away is no error.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(problem("standard output", error.to_string())),
        _ => Ok(()),
    }
}

/// Whether to colour what goes to a terminal. <https://no-color.org>
pub fn color() -> bool {
    let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    io::stdout().is_terminal() && unset("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Only what is certain or likely counts.
pub fn verdict(report: &Report, fail_on: FailOn) -> Status {
    let counts = |least| {
        report.findings.iter().any(|finding| finding.severity >= least && finding.confidence >= Confidence::Likely)
    };
    let missed = report.endpoints.iter().any(|endpoint| endpoint.held && !endpoint.missed.is_empty());
    if fail_on.least().is_some_and(counts) || missed { Status::Findings } else { Status::Clean }
}
