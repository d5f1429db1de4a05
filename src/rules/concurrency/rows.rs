//! What a run does with one row: where it was read, what is written of it, when it is stored.

use smol_str::SmolStr;

use super::runs;
use crate::model::{Confidence, Site};
use crate::rules::DraftEvidence;
use crate::trace::{Arm, Event, EventKind, Row, RowEvent, RowOp, Trace, Written};

pub fn row_event(event: &Event) -> Option<&RowEvent> {
    match &event.kind {
        EventKind::Row(row) => Some(row),
        _ => None,
    }
}

pub fn write(event: &Event) -> Option<(&Row, &Written)> {
    match row_event(event)? {
        RowEvent { row, op: RowOp::Write(written) } => Some((row, written)),
        _ => None,
    }
}

/// The event that stores a column of the row after `at`, if nothing reads the row anew before.
pub fn stored_after<'t>(trace: &'t Trace, at: usize, row: &Row, field: &str) -> Option<(usize, &'t Event)> {
    let later = trace.events.iter().enumerate().skip(at + 1);
    for (index, event) in later {
        let Some(found) = row_event(event).filter(|found| found.row.identity == row.identity) else { continue };
        match &found.op {
            RowOp::Save { update_fields, .. } => {
                let listed = |fields: &Vec<SmolStr>| fields.is_empty() || fields.iter().any(|name| name == field);
                if update_fields.as_ref().is_none_or(listed) {
                    return Some((index, event));
                }
            }
            RowOp::Refresh | RowOp::Delete => return None,
            _ => {}
        }
    }
    None
}

/// The query that read the row, before `at`; none where it comes from elsewhere.
pub fn read_before<'t>(trace: &'t Trace, at: usize, row: &Row) -> Option<(usize, &'t Event)> {
    let refreshed = trace.events.iter().enumerate().take(at).rev().find(|(_, event)| {
        row_event(event).is_some_and(|found| found.row.identity == row.identity && found.op == RowOp::Refresh)
    });
    if refreshed.is_some() {
        return refreshed;
    }
    let rows = row.queryset?;
    let reads = trace.queries().filter(|(index, _, query)| *index < at && query.queryset == Some(rows));
    reads.last().map(|(index, event, _)| (index, event))
}

/// Whether a column was given another value on every way to the event at `at`: what is made of it there begins with
/// that, not with what was read.
pub fn is_set_before(trace: &Trace, at: usize, row: &Row, field: &str) -> bool {
    let Some(event) = trace.events.get(at) else { return false };
    let own = format!("{}.{field}", row.identity);
    let sets = |earlier: &&Event| {
        write(earlier).is_some_and(|(of, set)| {
            let same = of.identity == row.identity && set.assigned.field == field;
            same && !set.derived && set.counted.is_none() && !set.assigned.value.contains(&own)
        })
    };
    let surely = |earlier: &Event| {
        let met = |arm: &Arm| event.arms.iter().any(|own| own.fork == arm.fork && own.arm == arm.arm);
        earlier.arms.iter().all(met) && earlier.loops.iter().all(|id| event.loops.contains(id))
    };
    trace.events.get(..at).unwrap_or_default().iter().filter(sets).any(surely)
}

/// Made in this run: by its own words, or because `get_or_create` has just made it on this way.
pub fn is_new(trace: &Trace, event: &Event, row: &Row) -> bool {
    row.made
        || row.queryset.is_some_and(|rows| {
            trace.asked(event).flat_map(|asked| &asked.absent).any(|at| {
                matches!(trace.events.get(*at).map(|event| &event.kind),
                    Some(EventKind::Query(query)) if query.queryset == Some(rows))
            })
        })
}

/// How sure it is that the row is stored as it was read: certain where this run has read it.
pub fn confidence(read: Option<&Event>, row: &Row) -> Confidence {
    match read {
        Some(event) if row.model.is_some() => event.confidence,
        _ => Confidence::Likely,
    }
}

/// The evidence of a read, a write and the calls between.
pub fn evidence(read: Option<(&Event, &str)>, steps: &[(Option<Site>, &str)], event: &Event) -> Vec<DraftEvidence> {
    let told = |site: Site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
    let mut out: Vec<DraftEvidence> = Vec::new();
    if let Some((site, message)) = read.and_then(|(event, message)| Some((event.site?, message))) {
        out.push(told(site, message));
    }
    out.extend(steps.iter().filter_map(|(site, message)| Some(told((*site)?, message))));
    let via = runs::place(event).map(|(_, via)| via).unwrap_or_default();
    out.extend(via.iter().map(|step| told(step.site, &format!("{}: {}()", crate::rules::CALLED, step.callee))));
    out
}
