//! RT201 in a log: totals of one table that one statement could give.

use rustc_hash::FxHashSet;

use super::groups::{Group, is_bounded};
use super::n_plus_one::{evidence, statements};
use super::ways::Ways;
use super::{Run, names};
use crate::model::{Confidence, Kind, Orm, Terms};
use crate::rules::{Context, Draft, DraftCost, Meta};
use crate::trace::{EventKind, Trace};

/// RT201: counts and aggregates over the same tables with different filters, and no write to them in between.
pub fn mergeable_counts(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let (trace, all) = (run.trace, run.groups.places());
    let enough = (cx.config.thresholds.mergeable_counts as usize).max(2);
    let in_loops: FxHashSet<usize> = run.repeats(cx).iter().map(|repeat| repeat.group.first()).collect();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    for (at, base) in all.iter().enumerate() {
        if seen.contains(&at) || !is_total(base) || in_loops.contains(&base.first()) {
            continue;
        }
        let alike = |other: &Group<'_>| {
            let same = other.statement.facts.tables == base.statement.facts.tables;
            same && is_total(other) && !in_loops.contains(&other.first())
        };
        let found: Vec<usize> = (at..all.len()).filter(|at| alike(&all[*at])).collect();
        seen.extend(&found);
        let members: Vec<&Group<'_>> = found.iter().filter_map(|at| all.get(*at)).collect();
        // The same total asked twice is a duplicate, no second one.
        let different: FxHashSet<_> = members
            .iter()
            .flat_map(|group| group.members.iter().map(|(_, seen)| (group.statement.fingerprint, &seen.params)))
            .collect();
        if different.len() >= enough && !is_written(trace, &members) {
            let draft = draft(trace, meta, &members, different.len());
            cx.report(draft);
        }
    }
}

fn is_total(group: &Group<'_>) -> bool {
    let facts = &group.statement.facts;
    let plain = !facts.compound && !facts.distinct && !facts.limit && !facts.tables.is_empty();
    matches!(facts.kind, Kind::Count | Kind::Aggregate) && plain && !names::is_framework(group.table())
}

/// Between the first and the last of them, a statement writes to their table: they are of different moments.
fn is_written(trace: &Trace, members: &[&Group<'_>]) -> bool {
    let from = members.iter().map(|group| group.first()).min().unwrap_or(0);
    let to = members.iter().map(|group| group.last()).max().unwrap_or(0);
    let tables = members.first().map(|group| &group.statement.facts.tables[..]).unwrap_or_default();
    trace.events.get(from..to).unwrap_or_default().iter().any(|event| match &event.kind {
        EventKind::Query(query) => {
            let facts = &query.statement.facts;
            !facts.kind.reads() && facts.tables.first().is_some_and(|table| tables.contains(table))
        }
        _ => false,
    })
}

/// Whether the totals are one statement's, for one row's key after the other: a loop that turned too seldom to be told,
/// and a matter of its queryset.
fn is_per_member(members: &[&Group<'_>]) -> bool {
    let mut sent = members.iter().flat_map(|group| {
        let params = group.members.iter().map(|(_, seen)| seen.params.as_deref().unwrap_or_default());
        params.map(|params| (&group.statement, params))
    });
    let Some((statement, first)) = sent.next() else { return false };
    let is_key = |at: usize| {
        let of = statement.facts.keys.iter().find(|(_, value)| *value as usize == at);
        of.is_some_and(|(column, _)| *column == "id" || column.ends_with("_id"))
    };
    sent.all(|(other, params)| {
        let mut differ = (0..first.len().max(params.len())).filter(|at| first.get(*at) != params.get(*at));
        other.fingerprint == statement.fingerprint && differ.all(is_key)
    })
}

fn draft(trace: &Trace, meta: &'static Meta, members: &[&Group<'_>], different: usize) -> Draft {
    let base = members.first().copied();
    let table = base.map_or("", Group::table);
    let sent: usize = members.iter().map(|group| group.count()).sum();
    let total: Option<u64> = members.iter().map(|group| group.total_us()).sum();
    let longest = members.iter().flat_map(|group| &group.members).filter_map(|(_, seen)| seen.duration_us).max();
    let joined = base.is_some_and(|group| group.statement.facts.tables.len() > 1);
    // Counts of two functions share no statement as they stand.
    let function = |group: &Group<'_>| group.frame.map(|frame| (frame.path.clone(), frame.function.clone()));
    let apart = members.iter().any(|group| function(group) != base.and_then(function));
    let counts = members.iter().all(|group| group.statement.facts.kind == Kind::Count);
    let form = match base.map(|group| names::orm(group.raw())) {
        Some(Orm::SqlAlchemy) if counts => "select(func.count().filter(…), …)",
        Some(Orm::SqlAlchemy) => "select(func.sum(…).filter(…), …)",
        _ if counts => "aggregate(a=Count(\"pk\", filter=Q(…)), …)",
        _ => "aggregate(a=Sum(…, filter=Q(…)), …)",
    };
    let asked = if counts { "is counted" } else { "gives totals" };
    let unless = if joined {
        " Not where a filter goes over a relation to many rows: every count of the statement would count joined rows."
    } else {
        ""
    };
    let ways = Ways::of(members.iter().flat_map(|group| group.members.iter().map(|(_, observed)| *observed)));
    let mut evidence = base.map(|base| evidence(trace, base, None)).unwrap_or_default();
    evidence.extend(members.iter().skip(1).map(|group| statements(trace, group, false)));
    evidence.extend(ways.evidence());
    Draft {
        rule: meta,
        severity: meta.severity,
        hint: None,
        confidence: match is_bounded(trace) && !joined && !apart && !is_per_member(members) {
            true => Confidence::Likely,
            false => Confidence::Possible,
        },
        site: None,
        message: format!(
            "`{table}` {asked} {different} times with different filters{}; one statement can give all of the numbers.",
            ways.told()
        ),
        cost: Some(DraftCost {
            before: Terms::constant(u32::try_from(sent).unwrap_or(u32::MAX)),
            after: Terms::constant(1),
            loops: Vec::new(),
            saved_ms: total.zip(longest).map(|(total, longest)| total.saturating_sub(longest) as f64 / 1000.0),
        }),
        evidence,
        rewrite: None,
        advice: format!("Ask once: {form}.{unless}"),
        key: base.map(|group| group.statement.fingerprint.to_string()).unwrap_or_default(),
    }
}
