//! Windows of a finished review of logs: the table of statements, one of them, the statements of a request.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::model::{LogQuery, QueryRow, Report, Seen};
use crate::protocol::{Bar, ShapeDetail, ShapeRow, Sort};
use crate::review::LogReview;
use crate::sql;
use crate::trace::Fingerprint;
use crate::workload::Shape;

/// Columns of a statement that is laid out.
const WIDTH: u32 = 72;
/// Ranges of a histogram.
const RANGES: u32 = 64;

#[derive(Default)]
pub struct Views {
    review: LogReview,
    /// Dearest first.
    rows: Vec<ShapeRow>,
    /// Index of a request by its id.
    by_id: HashMap<String, usize>,
}

impl Views {
    pub fn of(review: LogReview) -> Views {
        let executions: u64 = review.workload.shapes().map(|shape| shape.executions).sum();
        let time_ms = review.workload.time_us().map(|us| us as f64 / 1000.0);
        let share = |row: &LogQuery| match time_ms.filter(|total| *total > 0.0) {
            Some(total) => row.total_ms.unwrap_or(0.0) / total,
            None => row.executions as f64 / (executions.max(1)) as f64,
        };
        let rows = review.report.queries.iter().filter_map(|row| match row {
            QueryRow::Observed(row) => Some(shape_row(row.clone(), share(row), &review)),
            QueryRow::Predicted(_) => None,
        });
        let rows = rows.collect();
        let by_id = review.requests.iter().enumerate().map(|(at, listed)| (listed.id.clone(), at)).collect();
        Views { rows, by_id, review }
    }

    pub fn seen(&self) -> Seen {
        self.review.seen()
    }

    pub fn report(&self) -> &Report {
        &self.review.report
    }

    /// How many match the filter, and rows `from..to` of them. Every word of the filter stands in the statement, its
    /// tables, its kind or its fingerprint.
    pub fn shapes(&self, from: u32, to: u32, sort: Sort, descending: bool, filter: &str) -> (u32, Vec<ShapeRow>) {
        let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
        let mut rows: Vec<&ShapeRow> = self.rows.iter().filter(|row| fits(row, &words)).collect();
        rows.sort_by(|a, b| {
            let order = compared(a, b, sort);
            if descending { order.reverse() } else { order }
        });
        let window = rows.iter().skip(from as usize).take(to.saturating_sub(from) as usize);
        (u32::try_from(rows.len()).unwrap_or(u32::MAX), window.map(|row| (*row).clone()).collect())
    }

    pub fn shape(&self, fingerprint: &str) -> Option<ShapeDetail> {
        let row = self.rows.iter().find(|row| row.fingerprint == fingerprint)?;
        let fingerprint = Fingerprint(u64::from_str_radix(fingerprint, 16).ok()?);
        let shape = self.review.workload.shape(fingerprint)?;
        let histogram = shape.times.histogram(RANGES).into_iter();
        Some(ShapeDetail {
            row: row.clone(),
            layout: sql::layout(&row.sql, WIDTH),
            params: shape.params.by_count().into_iter().map(|(set, count)| (set.clone(), count)).collect(),
            stacks: shape.stacks.by_count().into_iter().map(|(stack, count)| (stack.clone(), count)).collect(),
            histogram: histogram.map(|(us, count)| (us as f64 / 1000.0, count)).collect(),
            parent: self.review.parents.get(&fingerprint).map(ToString::to_string),
        })
    }

    /// The statements of a request; `Some(None)` where they are not kept.
    pub fn request(&self, id: &str) -> Option<Option<Vec<Bar>>> {
        let listed = self.review.requests.get(*self.by_id.get(id)?)?;
        let sql = |fingerprint| self.review.workload.shape(fingerprint).map_or("", |shape: &Shape| shape.sql.as_str());
        let ms = |us: u64| us as f64 / 1000.0;
        let bars = listed.bars.as_ref().map(|bars| {
            let shown = bars.iter().map(|bar| Bar {
                fingerprint: bar.fingerprint.to_string(),
                sql: sql(bar.fingerprint).to_owned(),
                start_ms: bar.start_us.map(ms),
                end_ms: bar.end_us.map(ms),
                duration_ms: bar.duration_us.map(ms),
                count: bar.count,
                in_transaction: bar.in_transaction,
                finding: bar.finding.and_then(|at| u32::try_from(at).ok()),
            });
            shown.collect()
        });
        Some(bars)
    }
}

fn shape_row(row: LogQuery, share: f64, review: &LogReview) -> ShapeRow {
    let fingerprint = u64::from_str_radix(&row.fingerprint, 16).map(Fingerprint);
    let findings = fingerprint.ok().and_then(|fingerprint| review.findings.get(&fingerprint));
    ShapeRow {
        fingerprint: row.fingerprint,
        sql: row.sql,
        kind: row.kind.as_str().to_owned(),
        tables: row.tables,
        executions: row.executions,
        distinct_params: row.distinct_params,
        total_ms: row.total_ms,
        mean_ms: row.mean_ms,
        p95_ms: row.p95_ms,
        max_ms: row.max_ms,
        requests: row.requests,
        share,
        findings: findings.into_iter().flatten().filter_map(|at| u32::try_from(*at).ok()).collect(),
    }
}

fn fits(row: &ShapeRow, words: &[String]) -> bool {
    // `COUNT`, `Forum_Post`: nobody types the case of a statement.
    let sql = row.sql.to_lowercase();
    words.iter().all(|word| {
        let of_table = row.tables.iter().any(|table| table.to_lowercase().contains(word));
        sql.contains(word) || of_table || row.kind == *word || row.fingerprint == *word
    })
}

/// Rows without a time stand below those with one. Equal ones keep their order, the dearest first.
fn compared(a: &ShapeRow, b: &ShapeRow, sort: Sort) -> Ordering {
    let times = |a: Option<f64>, b: Option<f64>| a.unwrap_or(-1.0).total_cmp(&b.unwrap_or(-1.0));
    match sort {
        Sort::Total => times(a.total_ms, b.total_ms).then(a.share.total_cmp(&b.share)),
        Sort::Executions => a.executions.cmp(&b.executions),
        Sort::Mean => times(a.mean_ms, b.mean_ms),
        Sort::P95 => times(a.p95_ms, b.p95_ms),
        Sort::Max => times(a.max_ms, b.max_ms),
        Sort::Sql => a.sql.cmp(&b.sql),
    }
}
