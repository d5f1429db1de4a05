//! PostgreSQL's server log: what it writes to stderr (any `log_line_prefix`), csvlog and jsonlog.
//!
//! Seen: PostgreSQL 15 to 18, with `log_min_duration_statement = 0`, `log_statement = all` with and without
//! `log_duration = on`, `log_connections`, `log_disconnections`, `log_lock_waits`, `auto_explain` as text, JSON and YAML.
//! <https://www.postgresql.org/docs/current/runtime-config-logging.html>
//!
//! Of the extended protocol `execute` counts; `parse` and `bind` are no executions, nor is a `fetch` from a portal.
//! Gaps: messages in languages that `languages` has not, syslog's own lines.

mod csv;
mod json;
mod languages;
mod log;
mod message;
mod prefix;
mod stderr;

pub(super) use csv::FORMAT as CSV;
pub(super) use json::FORMAT as JSON;
pub(super) use stderr::FORMAT as STDERR;

/// Longer messages are cut, so that memory stays bounded.
const LONGEST_MESSAGE: usize = 8 * 1024 * 1024;

/// What was expected where nothing of a log is.
const EXPECTED: &str = "expected lines like LOG:  duration: 0.100 ms  statement: SELECT …, which PostgreSQL writes with \
                        log_min_duration_statement = 0";
