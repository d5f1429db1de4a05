//! RT1301

use super::Run;
use super::groups::{request, sent_from};
use crate::model::Confidence;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule};

rule! {
    /// Sends a statement that takes long by itself.
    ///
    /// ## Why
    /// Every request that sends it waits that long, and holds a connection, and often locks, meanwhile. Fewer round
    /// trips do not help here: the statement itself has to become cheaper. `slow-query-ms` under `[thresholds]` says
    /// from when on (500 without it).
    ///
    /// ## Example
    /// ```text flag
    /// (0.812) SELECT "forum_topic"."id" FROM "forum_topic" WHERE "forum_topic"."title" = 'x'; args=('x',); alias=default
    /// ```
    /// ```text ok
    /// (0.012) SELECT "forum_topic"."id" FROM "forum_topic" WHERE "forum_topic"."title" = 'x'; args=('x',); alias=default
    /// ```
    ///
    /// ## When not to
    /// A report that runs at night may take its time. Times of a laptop, of a cold cache or of a database that others
    /// keep busy say little about production.
    pub struct SlowQuery: "RT1301", "slow-query", Observed, Warning;
}

impl Rule for SlowQuery {
    fn meta(&self) -> &'static Meta {
        &META
    }
}

pub(super) const ADVICE: &str =
    "Look at its plan: EXPLAIN (ANALYZE, BUFFERS) of the statement with these values shows which step takes the time.";

/// Executions of which a single slow one says little.
const OFTEN: u64 = 50;

/// Whether it is the machine's, not the statement's, that a few executions of all took long.
pub fn is_outlier(slow: u64, all: u64) -> bool {
    slow == 1 && all >= OFTEN
}

/// Microseconds.
pub(super) fn threshold_us(cx: &Context<'_>) -> u64 {
    u64::from(cx.config.thresholds.slow_query_ms) * 1000
}

/// Statements of which one execution takes as long as the threshold.
pub(super) fn slow_query(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let threshold = threshold_us(cx);
    for group in run.groups.shapes() {
        let took = |observed: &crate::trace::Observed| {
            observed.duration_us.map(|us| us / u64::from(observed.repeat.max(1))).unwrap_or(0)
        };
        let slow: Vec<_> = group.members.iter().filter(|(_, observed)| took(observed) >= threshold).collect();
        let Some(worst) = slow.iter().max_by_key(|(_, observed)| took(observed)).map(|(_, observed)| *observed) else {
            continue;
        };
        let confidence = match is_outlier(slow.len() as u64, group.count() as u64) {
            true => Confidence::Possible,
            false => Confidence::Certain,
        };
        let ms = took(worst) as f64 / 1000.0;
        let table = group.table();
        let of = if table.is_empty() { String::new() } else { format!(" on `{table}`") };
        let others = match (slow.len(), group.count()) {
            (_, 1) => String::new(),
            (slow, all) => format!("; {slow} of its {all} executions took {} ms or more", threshold / 1000),
        };
        let mut evidence = vec![DraftEvidence::Statements {
            fingerprint: group.statement.fingerprint,
            sql: group.statement.sql.clone(),
            count: slow.len() as u64,
            total_us: slow.iter().map(|(_, observed)| observed.duration_us).sum(),
            request: request(run.trace),
            gave_keys: false,
            places: sent_from(slow.iter().map(|(_, observed)| *observed)),
        }];
        if let Some(frame) = worst.frame() {
            evidence.push(DraftEvidence::Frame { frame: frame.clone(), message: "sent here".to_owned() });
        }
        cx.report(Draft {
            rule: meta,
            severity: meta.severity,
            hint: None,
            confidence,
            site: None,
            message: format!("A statement{of} took {ms:.0} ms{others}."),
            cost: None,
            evidence,
            rewrite: None,
            advice: ADVICE.to_owned(),
            key: group.statement.fingerprint.to_string(),
        });
    }
}
