//! `pg_stat_statements`: as CSV, or as psql prints it.
//!
//! Times in milliseconds; `total_time` became `total_exec_time` in version 13. Any choice of columns with the query and
//! its calls will do. Seen: PostgreSQL 15. <https://www.postgresql.org/docs/current/pgstatstatements.html>
//!
//! Gaps: sums over all time since the last reset, without values, order, requests or stacks.

use std::io;
use std::sync::Arc;

use super::super::json::micros;
use super::super::table::rows;
use super::super::{Format, Input, Score, Sink, noise};
use super::{sniff_columns, told};
use crate::trace::{StatementUse, Statistic};

pub(in crate::observe) const FORMAT: Format = Format {
    id: "pg-stat-statements",
    description: "PostgreSQL: pg_stat_statements as CSV or as psql prints it",
    endings: &["csv", "tsv", "txt"],
    sniff,
    read,
};

fn sniff(_: &str, head: &str) -> Score {
    let time = ["total_exec_time", "total_time", "mean_exec_time", "mean_time", "rows", "queryid"];
    sniff_columns(head, "query", &[&["calls"], &["query"], &time], "pg_stat_statements")
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let (mut read, mut odd, mut left_out, mut first_odd) = (0, 0, 0, None);
    rows(input, "query", sink, &mut |row, sink| {
        let sql = row.text("query").filter(|sql| *sql != "<insufficient privilege>");
        let (Some(sql), Some(calls)) = (sql, row.count("calls")) else {
            odd += 1;
            first_odd.get_or_insert(row.line);
            return;
        };
        read += 1;
        if noise::is_tool(sql) {
            left_out += 1;
            return;
        }
        let ms = |names: &[&str]| row.number(names).and_then(|ms| micros(ms, 1000.0));
        let mean = row.number(&["mean_exec_time", "mean_time"]);
        sink.statistic(Statistic::Statement(StatementUse {
            sql: Arc::from(sql),
            mysql: false,
            executions: calls,
            total_us: ms(&["total_exec_time", "total_time"])
                .or_else(|| mean.and_then(|mean| micros(mean * calls as f64, 1000.0))),
            most_us: ms(&["max_exec_time", "max_time"]),
            rows: row.count("rows"),
            examined: None,
            without_index: None,
        }));
    })?;
    told(read, odd, first_odd, "rows of pg_stat_statements with the columns query and calls", sink);
    if let Some(note) = noise::note(left_out) {
        sink.note(note);
    }
    if read > 0 {
        sink.note(
            "pg_stat_statements sums up what was sent since its last reset: it shows no values, no order, no requests \
             and no percentiles"
                .to_owned(),
        );
    }
    Ok(())
}
