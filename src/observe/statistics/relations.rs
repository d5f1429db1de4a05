//! `pg_stat_user_tables` and `pg_stat_user_indexes`: as CSV, or as psql prints them. The views of all and of system
//! relations have the same columns.
//!
//! Seen: PostgreSQL 15. <https://www.postgresql.org/docs/current/monitoring-stats.html>
//!
//! Gaps: the columns of an index are in no statistics; a table's size is known by the rows that its scans read.

use std::io;

use smol_str::SmolStr;

use super::super::table::{Row, rows};
use super::super::{Format, Input, Score, Sink};
use super::{sniff_columns, told};
use crate::trace::{IndexUse, Statistic, TableUse};

pub(in crate::observe) const TABLES: Format = Format {
    id: "pg-stat-tables",
    description: "PostgreSQL: pg_stat_user_tables as CSV or as psql prints it",
    endings: &["csv", "tsv", "txt"],
    sniff: |_, head| sniff_columns(head, "", &[&["seq_scan"], &["seq_tup_read"], &["relname"]], "pg_stat_user_tables"),
    read: read_tables,
};

pub(in crate::observe) const INDEXES: Format = Format {
    id: "pg-stat-indexes",
    description: "PostgreSQL: pg_stat_user_indexes as CSV or as psql prints it",
    endings: &["csv", "tsv", "txt"],
    sniff: sniff_indexes,
    read: read_indexes,
};

fn sniff_indexes(_: &str, head: &str) -> Score {
    sniff_columns(head, "", &[&["indexrelname"], &["idx_scan"], &["relname"]], "pg_stat_user_indexes")
}

fn name(row: &Row, column: &str) -> Option<SmolStr> {
    row.text(column).map(SmolStr::new)
}

fn is_system(schema: Option<&SmolStr>) -> bool {
    schema.is_some_and(|schema| schema.starts_with("pg_") || schema == "information_schema")
}

fn read_tables(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let (mut read, mut odd, mut first_odd) = (0, 0, None);
    rows(input, "", sink, &mut |row, sink| {
        let Some((table, scans)) = name(&row, "relname").zip(row.count("seq_scan")) else {
            odd += 1;
            first_odd.get_or_insert(row.line);
            return;
        };
        read += 1;
        let schema = name(&row, "schemaname");
        if is_system(schema.as_ref()) {
            return;
        }
        let scanned_rows = row.count("seq_tup_read").unwrap_or(0);
        let lookups = row.count("idx_scan").unwrap_or(0);
        sink.statistic(Statistic::Table(TableUse { schema, table, scans, scanned_rows, lookups }));
    })?;
    told(read, odd, first_odd, "rows of pg_stat_user_tables with relname, seq_scan and seq_tup_read", sink);
    if read > 0 {
        sink.note(
            "table statistics count since their last reset, and say nothing of who asked or for which rows".to_owned(),
        );
    }
    Ok(())
}

fn read_indexes(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let (mut read, mut odd, mut first_odd) = (0, 0, None);
    rows(input, "", sink, &mut |row, sink| {
        let named = name(&row, "relname").zip(name(&row, "indexrelname"));
        let Some(((table, index), scans)) = named.zip(row.count("idx_scan")) else {
            odd += 1;
            first_odd.get_or_insert(row.line);
            return;
        };
        read += 1;
        let schema = name(&row, "schemaname");
        if !is_system(schema.as_ref()) {
            sink.statistic(Statistic::Index(IndexUse { schema, table, index, scans }));
        }
    })?;
    told(read, odd, first_odd, "rows of pg_stat_user_indexes with relname, indexrelname and idx_scan", sink);
    if read > 0 {
        sink.note(
            "index statistics count since their last reset and on this server only: a replica counts its own use. They \
             do not show the columns of an index, nor which ones enforce uniqueness"
                .to_owned(),
        );
    }
    Ok(())
}
