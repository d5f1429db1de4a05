//! What every rule about loops asks: does this repeat, how often, and is it excused?

use std::sync::Arc;

use crate::config::Config;
use crate::model::{Confidence, LoopId, Over, Site, Terms};
use crate::project::Project;
use crate::rules::DraftEvidence;
use crate::trace::{CacheOp, CallStep, Cause, Event, EventKind, QuerySet, QuerySetId, Role, Trace};

/// The loops around an event that repeat it; `None` where it is excused: outside of loops, in a constant loop of a few
/// turns, behind a memo guard, on a way that leaves the loop, in a test or a migration.
pub fn repeating(trace: &Trace, event: &Event, config: &Config) -> Option<Vec<LoopId>> {
    // What stands in a loop without a turn never happens.
    let never = event.loops.iter().any(|id| trace.loop_info(*id).at_most == Some(0));
    if !trace.role.is_judged() || never {
        return None;
    }
    let left = left_by(event);
    // What was just made has related rows only where they were made as well.
    if let EventKind::Query(query) = &event.kind
        && let Cause::Manager { row, .. } = &query.cause
        && row.made
    {
        return None;
    }
    let turns = |id: &LoopId| !is_excused(trace, *id, config) && !left.contains(id);
    let turning: Vec<LoopId> = event.loops.iter().copied().filter(turns).collect();
    let memo = event.arms.iter().any(|arm| arm.memo && arm.within.is_some_and(|id| turning.contains(&id)));
    (!turning.is_empty() && !memo).then_some(turning)
}

/// Loops that the way to an event leaves at its end: it happens once at most for all of their turns.
fn left_by(event: &Event) -> Vec<LoopId> {
    let mut out = Vec::new();
    for arm in event.arms.iter().filter(|arm| arm.leaves > 0) {
        let inner = arm.within.and_then(|id| event.loops.iter().position(|known| *known == id));
        let inside = inner.map_or(&[][..], |at| event.loops.get(..=at).unwrap_or_default());
        out.extend(inside.iter().rev().take(arm.leaves as usize).copied());
    }
    out
}

/// A first turn that breaks or returns, a constant loop of a few turns, or one over a list of the settings.
fn is_excused(trace: &Trace, id: LoopId, config: &Config) -> bool {
    let info = trace.loop_info(id);
    let constant = matches!(info.over, Over::Range) || info.exactly.is_some();
    match info.exactly.or(info.at_most) {
        Some(turns) => turns <= 1 || (constant && turns <= config.thresholds.constant_loop),
        // What the settings list.
        None => constant,
    }
}

/// The loop that a queryset's rows drive, among those of an event.
pub fn driven_by(trace: &Trace, event: &Event, rows: QuerySetId) -> Option<LoopId> {
    event.loops.iter().rev().copied().find(|id| trace.loop_info(*id).queryset == Some(rows))
}

/// The call in a loop's body that leads to an event; none where it stands in the body itself.
pub fn call_in<'t>(trace: &Trace, event: &'t Event, id: LoopId) -> Option<&'t CallStep> {
    let bodies = &trace.loop_info(id).bodies;
    let inside =
        |step: &&CallStep| bodies.iter().any(|body| body.file == step.site.file && body.span.contains(step.site.span));
    event.via.iter().find(inside)
}

/// Whether a loop's turns write what a statement reads, as far as tables tell.
pub fn writes_within(trace: &Trace, id: LoopId, tables: &[smol_str::SmolStr]) -> bool {
    trace.queries().filter(|(_, event, _)| event.loops.contains(&id)).any(|(_, _, query)| {
        let facts = &query.statement.facts;
        let same = tables.is_empty() || facts.tables.is_empty() || facts.tables.iter().any(|t| tables.contains(t));
        !facts.kind.reads() && facts.kind != crate::model::Kind::Other && same
    })
}

/// Whether a loop waits, or takes each turn as a transaction of its own: what it reads again may have changed.
pub fn waits_within(trace: &Trace, id: LoopId) -> bool {
    trace.events.iter().filter(|event| event.loops.contains(&id)).any(|event| match &event.kind {
        EventKind::Begin | EventKind::Commit => true,
        EventKind::ExternalIo(name) => name.contains("sleep"),
        _ => false,
    })
}

/// Whether what a call sends is kept in a cache by a function on the way: it reads the cache before and writes it after.
pub fn is_cached(trace: &Trace, event: &Event, call: Site) -> bool {
    let Some(at) = trace.events.iter().position(|other| std::ptr::eq(other, event)) else { return false };
    let (before, after) = (trace.events.get(..at), trace.events.get(at..));
    let operations = |events: &'_ [Event], wanted: &[CacheOp]| -> Vec<Arc<[CallStep]>> {
        let fits = |event: &&Event| matches!(&event.kind, EventKind::Cache(cache) if wanted.contains(&cache.op));
        events.iter().filter(fits).map(|event| event.via.clone()).collect()
    };
    let written = operations(after.unwrap_or_default(), &[CacheOp::Set, CacheOp::Add]);
    let read = operations(before.unwrap_or_default(), &[CacheOp::Get]);
    read.iter().any(|via| {
        let below = via.iter().any(|step| step.site == call);
        below && event.via.starts_with(via) && written.contains(via)
    })
}

/// What each turn of a loop does beside reading, of which one statement less is a small part.
#[derive(Debug, Clone, Copy, Default)]
pub struct Work {
    /// Statements that write.
    pub writes: u32,
    /// Those of them that delete rows.
    pub deletes: u32,
    /// Sleeps, or talks to somebody else.
    pub waits: bool,
}

pub fn work_within(trace: &Trace, id: LoopId) -> Work {
    let mut work = Work::default();
    for event in trace.events.iter().filter(|event| event.loops.contains(&id)) {
        match &event.kind {
            EventKind::Query(query) => {
                let kind = query.statement.facts.kind;
                work.writes += u32::from(!kind.reads() && kind != crate::model::Kind::Other);
                work.deletes += u32::from(kind == crate::model::Kind::Delete);
            }
            EventKind::ExternalIo(_) => work.waits = true,
            _ => {}
        }
    }
    work
}

/// What nobody waits for: a command that writes or waits in each turn as well.
pub fn is_background_work(trace: &Trace, turning: &[LoopId]) -> bool {
    let work = turning.last().map(|id| work_within(trace, *id)).unwrap_or_default();
    trace.role == Role::Command && (work.waits || work.writes > 0)
}

/// Turns of which there are as many as somebody has written down: a handful.
pub fn is_handful(trace: &Trace, turning: &[LoopId]) -> bool {
    const HANDFUL: u32 = 12;
    turning.iter().all(|id| {
        let info = trace.loop_info(*id);
        info.over == Over::Range && info.exactly.is_some_and(|turns| turns <= HANDFUL)
    })
}

/// How often a turn comes to an event.
pub fn how_often(event: &Event, turning: &[LoopId]) -> &'static str {
    let asked = event.arms.iter().any(|arm| arm.within.is_some_and(|id| turning.contains(&id)));
    if asked { "up to once per turn" } else { "once per turn" }
}

/// The same for a relation of a row: where it or one on the way to it may lead nowhere, nothing is fetched.
pub fn how_often_followed(project: &Project, trace: &Trace, event: &Event, turning: &[LoopId]) -> &'static str {
    let EventKind::Query(query) = &event.kind else { return how_often(event, turning) };
    let Cause::Relation { row, field, .. } = &query.cause else { return how_often(event, turning) };
    let mut model = match row.queryset {
        Some(rows) => trace.queryset(rows).model,
        None => row.model,
    };
    let walked = row.path.iter().filter(|_| row.queryset.is_some());
    for name in walked.chain([field]) {
        let Some((_, field)) = model.and_then(|model| project.schema.field(model, name)) else { break };
        if field.null {
            return "up to once per turn";
        }
        model = field.relation.as_ref().and_then(|relation| relation.target);
    }
    how_often(event, turning)
}

/// Whether an event is part of checking, storing or deleting a row: what a row does then is its own, and goes through
/// what its model, signals and the rows around it ask for.
pub fn in_write(event: &Event) -> bool {
    const WRITES: [&str; 4] = ["save", "delete", "full_clean", ".clean"];
    event.via.iter().any(|step| WRITES.iter().any(|name| step.callee.ends_with(name)))
}

/// Round trips that fetch the rows of a queryset themselves.
pub fn fetching(trace: &Trace, rows: QuerySetId) -> Terms {
    let first = trace.queries().find(|(_, _, query)| query.queryset == Some(rows));
    first.map_or_else(Terms::zero, |(_, event, _)| Terms::product(1, event.loops.clone()))
}

/// Evidence of where a loop's rows come from, and of the loop.
pub const BUILT: &str = "queryset built here";
pub const TURNS: &str = "the loop runs over this";

/// How the evidence of a call on the way to a finding begins.
pub const CALLED: &str = "called from here";

/// Another line of a loop that a finding is about as well.
pub fn in_same_loop(site: Site) -> DraftEvidence {
    DraftEvidence::Code { site, message: "and here, in the same loop".to_owned() }
}

/// The calls that lead to an event.
pub fn calls(event: &Event) -> impl Iterator<Item = DraftEvidence> {
    event.via.iter().map(|step| {
        let parentheses = if step.renders { "" } else { "()" };
        DraftEvidence::Code { site: step.site, message: format!("{CALLED}: {}{parentheses}", step.callee) }
    })
}

/// The calls that lead to an event, where its queryset was built, and the loop that turns it.
pub fn evidence(trace: &Trace, event: &Event, rows: Option<&QuerySet>, turning: &[LoopId]) -> Vec<DraftEvidence> {
    let code = |site, message: String| DraftEvidence::Code { site, message };
    let mut out: Vec<DraftEvidence> = Vec::new();
    if let Some(built) = rows.and_then(|queryset| queryset.built) {
        out.push(code(built, BUILT.to_owned()));
    }
    for id in turning {
        out.push(code(trace.loop_info(*id).site, TURNS.to_owned()));
    }
    out.extend(calls(event));
    out
}

/// `rows of forum.Topic (line 9)`, for a message: the innermost of the loops.
pub fn described(project: &Project, trace: &Trace, turning: &[LoopId]) -> String {
    match turning.last() {
        Some(id) => project.describe_loop(trace, *id).text,
        None => "a loop".to_owned(),
    }
}

/// At most likely where the model is not in the input, and what would settle it.
pub fn doubt(known: bool, found: Confidence, model: &str) -> (Confidence, String) {
    match (known, model.is_empty()) {
        (true, _) => (found, String::new()),
        (false, true) => (found.min(Confidence::Likely), " (likely: its model is not in the input)".to_owned()),
        (false, false) => {
            (found.min(Confidence::Likely), format!(" (likely: add the file that defines {model} to be sure)"))
        }
    }
}
