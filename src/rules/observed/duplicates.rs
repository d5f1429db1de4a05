//! RT304 in a log: a statement sent again with the very same values.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::groups::{Group, is_bounded, is_of_test};
use super::n_plus_one::evidence;
use super::parent::{DJANGO_GET_LIMIT, limit, own_key};
use super::{Run, names};
use crate::model::{Confidence, Kind, Severity, Terms};
use crate::rules::{Context, Draft, DraftCost, Meta};
use crate::trace::{Fingerprint, Observed, Trace};

/// Repeats from which on the finding is a warning.
const MANY: usize = 10;

/// RT304: reads that repeat with equal values, while nothing writes to their tables in between. Part of an N+1 is
/// that N+1's finding.
pub fn duplicate_fetch(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let trace = run.trace;
    // Without request boundaries a repeat may well be another request's.
    if !is_bounded(trace) {
        return;
    }
    let in_loops: FxHashSet<Fingerprint> =
        run.repeats(cx).iter().map(|repeat| repeat.group.statement.fingerprint).collect();
    let writes = writes(trace);
    for group in run.groups.shapes().iter().filter(|group| !in_loops.contains(&group.statement.fingerprint)) {
        if let Some(repeated) = repeated(group, &writes) {
            let draft = draft(trace, meta, &repeated);
            cx.report(draft);
        }
    }
}

/// Index of each write and the table that it changes.
fn writes(trace: &Trace) -> Vec<(usize, &str)> {
    let changes = trace.queries().filter(|(_, _, query)| !query.statement.facts.kind.reads());
    changes.filter_map(|(at, _, query)| Some((at, query.statement.facts.tables.first()?.as_str()))).collect()
}

/// Executions that are one too many.
struct Repeated<'t> {
    /// The first ones and those that repeat them.
    group: Group<'t>,
    repeats: usize,
    /// Microseconds of those that repeat.
    took: Option<u64>,
}

fn repeated<'t>(group: &Group<'t>, writes: &[(usize, &str)]) -> Option<Repeated<'t>> {
    let facts = &group.statement.facts;
    if !facts.kind.reads() || facts.locked || names::is_framework(group.table()) || facts.tables.is_empty() {
        return None;
    }
    let mut last: FxHashMap<&[SmolStr], usize> = FxHashMap::default();
    let mut together: FxHashSet<usize> = FxHashSet::default();
    let (mut repeats, mut took) = (0, Some(0u64));
    for (at, observed) in &group.members {
        let Some(values) = observed.params.as_deref() else { continue };
        let before = last.insert(values, *at);
        let changed = |from: usize| {
            let start = writes.partition_point(|(write, _)| *write < from);
            let between = writes.get(start..).unwrap_or_default().iter().take_while(|(write, _)| write < at);
            between.clone().any(|(_, table)| facts.tables.iter().any(|own| own == table))
        };
        if let Some(from) = before.filter(|from| !changed(*from)) {
            together.extend([from, *at]);
            repeats += 1;
            took = took.zip(observed.duration_us).map(|(sum, took)| sum + took);
        }
    }
    let members: Vec<(usize, &Observed)> =
        group.members.iter().filter(|(at, _)| together.contains(at)).copied().collect();
    let frame = members.first().and_then(|(_, observed)| observed.frame());
    (repeats > 0).then_some(Repeated { group: Group { statement: group.statement, frame, members }, repeats, took })
}

/// What is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Rows,
    /// One row by its key, as relations are followed: by lines of which each may have an object of its own.
    Row,
    /// The same, by one line on the same way: several rows lead to it.
    Parent,
    /// The same, by one line that is called from several.
    Called,
    /// Whether a row of this key is there: a form or model that is validated asks so.
    Key,
}

impl What {
    fn of(group: &Group<'_>) -> Self {
        let facts = &group.statement.facts;
        let by_key =
            facts.keys.iter().any(|(column, _)| names::is_primary_key(column) || own_key(column, group.table()));
        // A reverse one-to-one relation asks by the key of the other row.
        let by_relation = facts.keys.iter().any(|(column, _)| names::relation(column).is_some());
        let single = by_key || by_relation && limit(group) == Some(DJANGO_GET_LIMIT);
        let first = group.members.first().map(|(_, observed)| *observed);
        let line = first.and_then(Observed::frame);
        let one_line = line.is_some() && group.members.iter().all(|(_, observed)| observed.frame() == line);
        let one_way =
            group.members.iter().all(|(_, observed)| Some(&observed.stack) == first.map(|first| &first.stack));
        match facts.kind {
            Kind::Exists if by_key => Self::Key,
            Kind::Select if single && one_line && one_way => Self::Parent,
            Kind::Select if single && one_line => Self::Called,
            Kind::Select if single => Self::Row,
            _ => Self::Rows,
        }
    }

    /// `known`: with stacks, what is read by one line is told from what several read.
    fn confidence(self, repeats: usize, known: bool) -> Confidence {
        match self {
            Self::Rows => Confidence::Certain,
            Self::Parent | Self::Called => Confidence::Likely,
            Self::Row if !known && repeats > 1 => Confidence::Likely,
            Self::Row | Self::Key => Confidence::Possible,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Rows => "Keep the result of the first in a variable, on the request, or in a cached_property.",
            Self::Row | Self::Called => {
                "Where both are of one object, pass it on; where two objects lead to the row, load it with each of them, \
                 by select_related() or joinedload()."
            }
            Self::Parent => {
                "Several rows lead to it, and each fetches it: load it with them, by select_related() or joinedload()."
            }
            Self::Key => "Where validation asks for a key that is known to be there, exclude its field from it.",
        }
    }
}

fn draft(trace: &Trace, meta: &'static Meta, repeated: &Repeated<'_>) -> Draft {
    let Repeated { group, repeats, took } = repeated;
    let (table, repeats, what) = (group.table(), *repeats, What::of(group));
    let times = if repeats == 1 { "once more".to_owned() } else { format!("{repeats} more times") };
    Draft {
        rule: meta,
        severity: if repeats >= MANY { meta.severity.max(Severity::Warning) } else { meta.severity },
        hint: None,
        confidence: match what {
            What::Parent if is_of_test(trace, group) => Confidence::Possible,
            what => what.confidence(repeats, group.frame.is_some()),
        },
        site: None,
        message: format!("The same rows of `{table}` are read {times} with equal values in one request."),
        cost: Some(DraftCost {
            before: Terms::constant(u32::try_from(group.count()).unwrap_or(u32::MAX)),
            after: Terms::constant(u32::try_from(group.count() - repeats).unwrap_or(u32::MAX)),
            loops: Vec::new(),
            saved_ms: took.map(|took| took as f64 / 1000.0),
        }),
        evidence: evidence(trace, group, None),
        rewrite: None,
        advice: what.advice().to_owned(),
        key: group.statement.fingerprint.to_string(),
    }
}
