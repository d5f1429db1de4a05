//! RT701, RT704 and RT705 in a log: more rows than anybody reads, rows that are skipped, rows in random order.

use super::groups::Group;
use super::n_plus_one::evidence;
use super::{Run, names};
use crate::model::{Confidence, Kind};
use crate::rules::pagination::{random_order, slice_after_load, unbounded_result};
use crate::rules::{Context, Draft, Meta};
use crate::trace::Trace;

/// Rows of one result from which on nobody reads them all.
const MANY_ROWS: u64 = 1_000;

/// RT701: results without a LIMIT, of as many rows as the input shows.
pub fn unbounded_result(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for group in read(run) {
        let most = group.members.iter().filter_map(|(_, observed)| observed.rows).max().unwrap_or(0);
        if most >= MANY_ROWS && !group.statement.facts.limit {
            let message = format!("`{}` gives {most} rows at once, and nothing bounds how many.", group.table());
            cx.report(draft(run.trace, meta, group, message, unbounded_result::ADVICE));
        }
    }
}

/// RT704: the largest OFFSET of a statement.
pub fn deep_offset(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for group in read(run) {
        let Some(slot) = group.statement.facts.offset_at else { continue };
        let skipped = group.values(slot).filter_map(|value| value.parse::<u64>().ok()).max().unwrap_or(0);
        if skipped >= slice_after_load::DEEP {
            let message =
                format!("{skipped} rows of `{}` are skipped, which the database reads all the same.", group.table());
            cx.report(draft(run.trace, meta, group, message, slice_after_load::ADVICE));
        }
    }
}

/// RT705: `ORDER BY RANDOM()` and its kin.
pub fn random_order(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for group in read(run) {
        let mut functions = group.statement.facts.ordered.iter().filter_map(|order| order.function.as_deref());
        if functions.any(|name| ["random", "rand", "newid"].iter().any(|random| name.eq_ignore_ascii_case(random))) {
            let message = format!("All matching rows of `{}` are sorted by a random number.", group.table());
            cx.report(draft(run.trace, meta, group, message, random_order::ADVICE));
        }
    }
}

/// Statements that give rows of the program's own tables.
pub(super) fn read<'r, 't>(run: &'r Run<'_, 't>) -> impl Iterator<Item = &'r Group<'t>> {
    let gives_rows = |group: &&Group<'_>| {
        group.statement.facts.kind == Kind::Select && !group.table().is_empty() && !names::is_framework(group.table())
    };
    run.groups.shapes().iter().filter(gives_rows)
}

/// What one statement shows by itself.
pub(super) fn draft(trace: &Trace, meta: &'static Meta, group: &Group<'_>, message: String, advice: &str) -> Draft {
    Draft {
        rule: meta,
        severity: meta.severity,
        // It was seen.
        hint: Some(false),
        confidence: Confidence::Certain,
        site: None,
        message,
        cost: None,
        evidence: evidence(trace, group, None),
        rewrite: None,
        advice: advice.to_owned(),
        key: group.statement.fingerprint.to_string(),
    }
}
