//! Which runs speak for a place: a helper that every caller locks for is not at fault, though its own run sees no lock.

use std::collections::BTreeMap;

use crate::model::{FileId, Site};
use crate::project::Project;
use crate::trace::{BlockKind, CacheOp, CallStep, Event, EventKind, Origin, Query, QuerySet, Trace};

/// What one run says of a place.
pub enum Verdict<T> {
    /// Something in the run makes it right.
    Guarded,
    AtRisk(T),
}

/// A place at risk, in the run that shows it best.
pub struct Risk<'t, T> {
    pub trace: &'t Trace,
    /// Index of the event.
    pub at: usize,
    pub site: Site,
    pub told: T,
}

struct Run<'t, T> {
    trace: &'t Trace,
    at: usize,
    via: usize,
    verdict: Verdict<T>,
}

type Place<'t, T> = (Site, Vec<Run<'t, T>>);

/// Asks `look` about every event of the code's runs (not those of tests and migrations), and gives the places that some
/// run leaves at risk. Where functions of the input lead to a place, their runs speak for it; where none can, because no
/// call gives the parameter that it stands behind, nothing is at risk.
pub fn at_risk<'t, T>(
    project: &Project,
    traces: &'t [Trace],
    mut look: impl FnMut(&'t Trace, usize, &'t Event) -> Option<Verdict<T>>,
) -> Vec<Risk<'t, T>> {
    let mut places: BTreeMap<(FileId, u32, u32), Place<'t, T>> = BTreeMap::new();
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for (at, event) in trace.events.iter().enumerate() {
            let Some(verdict) = look(trace, at, event) else { continue };
            let Some((site, via)) = place(event) else { continue };
            let (_, runs) =
                places.entry((site.file, site.span.start, site.span.end)).or_insert_with(|| (site, Vec::new()));
            runs.push(Run { trace, at, via: via.len(), verdict });
        }
    }
    let risks = places.into_values().filter_map(|(site, runs)| worst(site, runs));
    risks.filter(|risk| !project.is_never_reached(risk.site)).collect()
}

/// The run at risk with the shortest way, among those that no other run of the place leads into.
fn worst<'t, T>(site: Site, runs: Vec<Run<'t, T>>) -> Option<Risk<'t, T>> {
    let led_into: Vec<bool> = runs
        .iter()
        .map(|run| {
            let Origin::Code { site: own, .. } = &run.trace.origin else { return false };
            runs.iter().any(|other| {
                let via = other.trace.events.get(other.at).map(|event| &event.via[..]).unwrap_or_default();
                !std::ptr::eq(other.trace, run.trace) && via.iter().any(|step| step.defined == Some(*own))
            })
        })
        .collect();
    let entries = led_into.iter().any(|led| !led);
    let speaking = runs.into_iter().zip(led_into).filter(|(_, led)| !entries || !led).map(|(run, _)| run);
    let at_risk = speaking.filter_map(|run| match run.verdict {
        Verdict::AtRisk(told) => Some((run.via, Risk { trace: run.trace, at: run.at, site, told })),
        Verdict::Guarded => None,
    });
    at_risk.min_by_key(|(via, _)| *via).map(|(_, risk)| risk)
}

/// Where an event stands for a reader, and the calls that lead there: a model's own `save()` is called where the row is
/// saved, whatever it does then.
pub fn place(event: &Event) -> Option<(Site, &[CallStep])> {
    let own = |step: &CallStep| matches!(step.callee.rsplit('.').next(), Some("save" | "delete" | "asave" | "adelete"));
    let kept = event.via.iter().rposition(|step| !own(step)).map_or(0, |at| at + 1);
    match event.via.get(kept) {
        Some(step) => Some((step.site, event.via.get(..kept)?)),
        None => Some((event.site?, &event.via)),
    }
}

/// A lock is held: one of the program's own around the event, one of a cache taken before, or rows locked in the same
/// transaction. Where no transaction is seen around the lock, a caller opens it: Django locks no rows without.
pub fn is_locked(trace: &Trace, at: usize) -> bool {
    if trace.blocks_around(at).any(|block| block.kind == BlockKind::Lock) {
        return true;
    }
    let transaction = trace.transaction(at).map(|block| block.events.start);
    trace.events.get(..at).unwrap_or_default().iter().enumerate().any(|(before, event)| match &event.kind {
        EventKind::Cache(cache) => cache.op == CacheOp::Lock,
        EventKind::Query(query) => {
            // One that no transaction is seen around has that of a caller, which is around all of the run.
            let held = trace.transaction(before).map(|block| block.events.start);
            locks_rows(trace, query) && (held.is_none() || held == transaction)
        }
        EventKind::Opaque(name) => takes_lock(name),
        _ => false,
    })
}

/// `select_for_update()`
pub fn locks_rows(trace: &Trace, query: &Query) -> bool {
    query.statement.facts.locked || query.queryset.is_some_and(|id| trace.queryset(id).locked)
}

/// `if for_update: rows = rows.select_for_update()`, which no caller asks for.
pub fn is_never_locked(project: &Project, queryset: &QuerySet) -> bool {
    let mut locks = queryset.steps.iter().filter(|step| step.method == "select_for_update");
    locks.any(|step| project.is_never_reached(Site::new(step.call.file, step.name)))
}

/// A call whose name says that it takes a lock: `acquire_lock(…)`, `lock.acquire()`, `pg_advisory_xact_lock(…)`.
fn takes_lock(name: &str) -> bool {
    let called = name.rsplit('.').next().unwrap_or_default().to_lowercase();
    called == "acquire" || called.contains("advisory") || called.ends_with("_lock") || called == "lock"
}
