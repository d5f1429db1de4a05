//! RT304 in a log: a statement sent again with the very same values.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::groups::{Group, groups, is_bounded, shapes};
use super::n_plus_one::{evidence, repeats};
use super::names;
use crate::model::{Confidence, Severity, Terms};
use crate::rules::{Context, Draft, DraftCost, Meta};
use crate::trace::{Fingerprint, Trace};

/// Repeats from which on the finding is a warning.
const MANY: usize = 10;

/// RT304: reads that repeat with equal values, while nothing writes to their tables in between. Part of an N+1 is
/// that N+1's finding.
pub fn duplicate_fetch(trace: &Trace, cx: &mut Context<'_>, meta: &'static Meta) {
    // Without request boundaries a repeat may well be another request's.
    if !is_bounded(trace) {
        return;
    }
    let in_loops: FxHashSet<Fingerprint> =
        repeats(&groups(trace), cx).iter().map(|repeat| repeat.group.statement.fingerprint).collect();
    let writes = writes(trace);
    for group in shapes(trace).iter().filter(|group| !in_loops.contains(&group.statement.fingerprint)) {
        if let Some((repeats, saved)) = repeated(group, &writes) {
            let draft = draft(trace, meta, group, repeats, saved);
            cx.report(draft);
        }
    }
}

/// Index of each write and the table that it changes.
fn writes(trace: &Trace) -> Vec<(usize, &str)> {
    let changes = trace.queries().filter(|(_, _, query)| !query.statement.facts.kind.reads());
    changes.filter_map(|(at, _, query)| Some((at, query.statement.facts.tables.first()?.as_str()))).collect()
}

/// How many executions repeat an earlier one, and what they took in microseconds.
fn repeated(group: &Group<'_>, writes: &[(usize, &str)]) -> Option<(usize, Option<u64>)> {
    let facts = &group.statement.facts;
    if !facts.kind.reads() || facts.locked || names::is_framework(group.table()) || facts.tables.is_empty() {
        return None;
    }
    let mut last: FxHashMap<&[SmolStr], usize> = FxHashMap::default();
    let (mut count, mut total) = (0, Some(0u64));
    for (at, observed) in &group.members {
        let Some(values) = observed.params.as_deref() else { continue };
        let before = last.insert(values, *at);
        let changed = |from: usize| {
            let start = writes.partition_point(|(write, _)| *write < from);
            let between = writes.get(start..).unwrap_or_default().iter().take_while(|(write, _)| write < at);
            between.clone().any(|(_, table)| facts.tables.iter().any(|own| own == table))
        };
        if before.is_some_and(|from| !changed(from)) {
            count += 1;
            total = total.zip(observed.duration_us).map(|(sum, took)| sum + took);
        }
    }
    (count > 0).then_some((count, total))
}

fn draft(trace: &Trace, meta: &'static Meta, group: &Group<'_>, repeats: usize, saved: Option<u64>) -> Draft {
    let table = group.table();
    let times = if repeats == 1 { "once more".to_owned() } else { format!("{repeats} more times") };
    Draft {
        rule: meta,
        severity: if repeats >= MANY { meta.severity.max(Severity::Warning) } else { meta.severity },
        hint: None,
        confidence: Confidence::Certain,
        site: None,
        message: format!("The same rows of `{table}` are read {times} with equal values in one request."),
        cost: Some(DraftCost {
            before: Terms::constant(u32::try_from(group.count()).unwrap_or(u32::MAX)),
            after: Terms::constant(u32::try_from(group.count() - repeats).unwrap_or(u32::MAX)),
            loops: Vec::new(),
            saved_ms: saved.map(|saved| saved as f64 / 1000.0),
        }),
        evidence: evidence(trace, group, None),
        rewrite: None,
        advice: "Keep the result of the first in a variable, on the request, or in a cached_property.".to_owned(),
        key: group.statement.fingerprint.to_string(),
    }
}
