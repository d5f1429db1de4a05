//! What was seen: one importer per log format, and the detection that picks it.
//!
//! [`detect`] says which format a file is from its name and its first bytes; [`read`] opens containers and encodings
//! and drives the importer, which hands [`Record`]s to a [`Sink`]. Importers stream: none holds more than a record.

mod connection_queries;
mod container;
mod detect;
mod django_log;
mod dress;
mod encoding;
mod input;
mod json;
mod masked;
mod mysql;
mod noise;
mod packed;
mod plan;
mod postgres;
mod python_literal;
mod recorder;
mod requests;
mod rotation;
mod sessions;
mod silk;
mod spans;
mod sqlalchemy;
mod statistics;
mod table;
mod time;
mod toolbar_html;
mod toolbar_store;

use std::fmt;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::sql::Dialect;
use crate::trace::{Frame, LockWait, Plan, Statistic};

pub use container::read;
pub use detect::{Detected, NotRecognised, detect, looks_like_log};
pub use input::Input;
pub use masked::{Masked, masked};
pub use rotation::in_order;

/// How many first bytes of a file [`detect`] wants; fewer only where the file is shorter.
pub const HEAD: usize = 64 * 1024;

/// One statement as an input shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    pub sql: Arc<str>,
    /// As text, in order: strings without their quotes, `NULL`, numbers and the rest as the input writes them. `None`
    /// where the input has none apart from the text: they are hidden, or stand in the SQL.
    pub params: Option<Vec<String>>,
    /// Of all the repeats together. Microseconds.
    pub duration_us: Option<u64>,
    /// Microseconds since the request's start.
    pub start_us: Option<u64>,
    pub rows: Option<u64>,
    /// Outermost frame first.
    pub stack: Vec<Frame>,
    pub in_transaction: Option<bool>,
    /// Alias or session, where the input names one.
    pub connection: Option<SmolStr>,
    pub dialect: Option<Dialect>,
    /// Parameter sets of one call (`executemany`) that the input writes as one; 1 for an ordinary statement, 0 is
    /// never given by an importer.
    pub repeat: u32,
}

/// Takes what an importer reads, in the order of the input.
pub trait Sink {
    /// Every statement stands between this and [`Sink::end_request`]; requests do not nest. `bounded` is false where
    /// the input has no boundaries, so that this is all of it (or all that no request claims).
    fn begin_request(&mut self, id: &str, name: &str, bounded: bool);
    fn statement(&mut self, record: Record);
    /// `took_us`: of the whole request, not of its statements.
    fn end_request(&mut self, took_us: Option<u64>);
    /// How a statement is run. Stands where it was found, in a request or outside; it is no execution of its own.
    fn plan(&mut self, _plan: Plan) {}
    /// What was counted over a time. Stands outside of requests.
    fn statistic(&mut self, _statistic: Statistic) {}
    /// What a server says of locks. Stands in a request or outside; the statement is told of by itself.
    fn lock_wait(&mut self, _wait: LockWait) {}
    /// What this input cannot show, or what was left out of it.
    fn note(&mut self, note: String);
    /// What could not be read: the 1-based line and what was expected there.
    fn error(&mut self, line: Option<u32>, message: String);
    /// Bytes of the file read so far, every megabyte or so. `Break` ends the reading.
    fn progress(&mut self, bytes: u64) -> ControlFlow<()>;
}

/// A file, or slices of one in a worker.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// How sure a format is that an input is its own, 0 to 100, and what it saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub sure: u8,
    pub why: String,
}

impl Score {
    pub fn new(sure: u8, why: impl Into<String>) -> Self {
        Self { sure, why: why.into() }
    }

    /// Not this format, and what is missing.
    pub fn no(why: impl Into<String>) -> Self {
        Self::new(0, why)
    }
}

/// One log format.
pub struct Format {
    /// What `--as` takes.
    pub id: &'static str,
    /// One line.
    pub description: &'static str,
    /// Endings of names that it usually has, without the dot.
    pub endings: &'static [&'static str],
    /// From the name and the beginning of the text.
    pub sniff: fn(name: &str, head: &str) -> Score,
    /// Fails only where the input cannot be read on, or the sink stops it.
    pub read: fn(&mut Input<'_>, &mut dyn Sink) -> io::Result<()>,
}

impl fmt::Debug for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Format({})", self.id)
    }
}

/// Every format, in the order in which `roundtrip formats` lists them.
pub fn formats() -> &'static [Format] {
    FORMATS
}

static FORMATS: &[Format] = &[
    toolbar_store::FORMAT,
    toolbar_html::HAR,
    toolbar_html::FORMAT,
    toolbar_html::FLASK,
    connection_queries::FORMAT,
    django_log::FORMAT,
    sqlalchemy::ECHO,
    sqlalchemy::RECORDED,
    postgres::STDERR,
    postgres::CSV,
    postgres::JSON,
    mysql::SLOW,
    mysql::GENERAL,
    plan::FORMAT,
    recorder::FORMAT,
    silk::FORMAT,
    spans::OTLP,
    spans::SENTRY,
    statistics::STATEMENTS,
    statistics::TABLES,
    statistics::INDEXES,
    statistics::DIGESTS,
    statistics::REDIS,
    statistics::LOCUST,
];

/// Why an input gave nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// `--as` names none of [`formats`].
    UnknownFormat(String),
    NotRecognised(NotRecognised),
    Io(io::Error),
    /// [`Sink::progress`] said so.
    Stopped,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownFormat(id) => {
                let known: Vec<&str> = formats().iter().map(|format| format.id).collect();
                write!(out, "no format is called {id:?}; known: {}", known.join(", "))
            }
            Error::NotRecognised(reasons) => reasons.fmt(out),
            Error::Io(error) => error.fmt(out),
            Error::Stopped => out.write_str("stopped"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if input::is_stop(&error) { Error::Stopped } else { Error::Io(error) }
    }
}
