//! Spans of distributed tracing: OpenTelemetry's OTLP/JSON, and transactions of Sentry.

mod otlp;
mod sentry;

pub(super) use otlp::FORMAT as OTLP;
pub(super) use sentry::FORMAT as SENTRY;

use smol_str::SmolStr;

use super::{Record, Sink};
use crate::sql::Dialect;
use crate::trace::Frame;

/// A statement of a span. Nanoseconds since 1970.
pub(super) struct Sent {
    pub start: u64,
    pub record: Record,
}

/// Hands a request's statements on, in the order in which they began.
fn hand_on(id: &str, name: &str, bounded: bool, span: (u64, u64), mut sent: Vec<Sent>, sink: &mut dyn Sink) {
    sent.sort_by_key(|sent| sent.start);
    sink.begin_request(id, name, bounded);
    let (start, end) = span;
    for sent in sent {
        let mut record = sent.record;
        record.start_us = (bounded && sent.start >= start).then(|| (sent.start - start) / 1000);
        sink.statement(record);
    }
    sink.end_request((bounded && end > start).then(|| (end - start) / 1000));
}

/// What a system is called in `db.system`; `None` for one that speaks no SQL.
fn dialect(system: &str) -> Option<Option<Dialect>> {
    let other = ["sql", "oracle", "db2", "cockroach", "other_sql", "h2", "trino", "snowflake", "duckdb"];
    match system {
        "" => Some(None),
        "postgresql" | "postgres" | "redshift" | "cockroachdb" => Some(Some(Dialect::Postgres)),
        "mysql" | "mariadb" => Some(Some(Dialect::MySql)),
        "sqlite" => Some(Some(Dialect::Sqlite)),
        _ if other.iter().any(|name| system.contains(name)) => Some(None),
        _ => None,
    }
}

/// What Django's debug cursor sends on SQLite to put values into its log.
fn is_quoting(sql: &str) -> bool {
    sql.starts_with("SELECT QUOTE(?)")
}

fn frame(path: Option<&str>, line: Option<u64>, function: Option<&str>) -> Vec<Frame> {
    let found = path.zip(line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0));
    let frame = found.map(|(path, line)| Frame {
        path: SmolStr::new(path),
        line,
        function: SmolStr::new(function.unwrap_or_default()),
    });
    frame.into_iter().collect()
}
