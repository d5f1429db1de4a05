//! MySQL's and MariaDB's `events_statements_summary_by_digest`: as `mysql -t`, `-B` or `-E` print it, or as CSV.
//!
//! Timers in picoseconds; `DIGEST_TEXT` ends in `...` where it was cut at `max_digest_length`. Seen: MariaDB 10.11.
//! <https://dev.mysql.com/doc/refman/8.4/en/performance-schema-statement-summary-tables.html>
//!
//! Gaps: as of every sum: no values, order, requests or stacks.

use std::io;
use std::sync::Arc;

use super::super::json::micros;
use super::super::table::rows;
use super::super::{Format, Input, Score, Sink, noise};
use super::{sniff_columns, told};
use crate::trace::{StatementUse, Statistic};

pub(in crate::observe) const FORMAT: Format = Format {
    id: "mysql-digests",
    description: "MySQL, MariaDB: performance_schema.events_statements_summary_by_digest",
    endings: &["tsv", "csv", "txt"],
    sniff,
    read,
};

const PICOSECOND: f64 = 1e-6;

fn sniff(_: &str, head: &str) -> Score {
    let wanted: [&[&str]; 2] = [&["digest_text"], &["count_star"]];
    sniff_columns(head, "digest_text", &wanted, "events_statements_summary_by_digest")
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let (mut read, mut odd, mut cut, mut left_out, mut first_odd) = (0, 0, 0, 0, None);
    rows(input, "digest_text", sink, &mut |row, sink| {
        let (Some(sql), Some(executions)) = (row.text("digest_text"), row.count("count_star")) else {
            odd += 1;
            first_odd.get_or_insert(row.line);
            return;
        };
        read += 1;
        if noise::is_tool(sql) {
            left_out += 1;
            return;
        }
        cut += u64::from(sql.ends_with("..."));
        let timer = |name: &str| row.number(&[name]).and_then(|time| micros(time, PICOSECOND));
        sink.statistic(Statistic::Statement(StatementUse {
            sql: Arc::from(sql),
            mysql: true,
            executions,
            total_us: timer("sum_timer_wait"),
            most_us: timer("max_timer_wait"),
            rows: row.count("sum_rows_sent"),
            examined: row.count("sum_rows_examined"),
            without_index: row.count("sum_no_index_used"),
        }));
    })?;
    told(read, odd, first_odd, "rows of events_statements_summary_by_digest with DIGEST_TEXT and COUNT_STAR", sink);
    if let Some(note) = noise::note(left_out) {
        sink.note(note);
    }
    if cut > 0 {
        sink.note(format!("{cut} statements were cut off by the server (max_digest_length)"));
    }
    if read > 0 {
        sink.note(
            "digests sum up what was sent since the last reset: they show no values, no order, no requests and no \
             percentiles"
                .to_owned(),
        );
    }
    Ok(())
}
