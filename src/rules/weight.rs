//! How much a repeated statement weighs: who waits for it, and how often its loops can turn.

use crate::model::{LoopId, Over, Severity};
use crate::project::Project;
use crate::rules::{growth, loops};
use crate::trace::{CallStep, Event, Origin, Renderer, Role, Trace};

/// Turns that are few whatever they are over: `[:5]`.
const HANDFUL: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    pub severity: Severity,
    /// True, and not worth saying unasked.
    pub hint: bool,
}

impl Weight {
    /// For a draft: what is no hint is as its rule says.
    pub fn hinted(self) -> Option<bool> {
        self.hint.then_some(true)
    }

    /// The same where something else makes it a hint.
    pub fn or_minor(self, minor: bool) -> Self {
        if minor { Self { severity: Severity::Info, hint: true } } else { self }
    }
}

/// Who waits for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It is done once, or never: nothing but tests calls it.
    Nobody,
    /// Background work, those who run the site, or a helper that may be called from anywhere.
    Some,
    /// Those who use the site.
    Everybody,
}

/// How often a loop turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turns {
    /// Over what an installation has a handful of, or cut to so many.
    Handful,
    Some,
    /// Over rows that nothing bounds, of a table that may be large.
    Many,
}

/// A blocker where users wait for a loop that nothing bounds; a warning where fewer wait, or it turns less often.
pub fn of(project: &Project, trace: &Trace, event: &Event, turning: &[LoopId]) -> Weight {
    let turns = turning.iter().map(|id| turns(project, trace, *id)).max().unwrap_or(Turns::Some);
    let slow = || turning.iter().any(|id| loops::work_within(trace, *id).waits);
    match (waits(project, trace, event), turns) {
        (Waits::Nobody, _) => Weight { severity: Severity::Info, hint: true },
        // Beside a mail or a request for each row, one statement is not much.
        (Waits::Some, _) if slow() => Weight { severity: Severity::Info, hint: true },
        (Waits::Some, Turns::Handful) => Weight { severity: Severity::Info, hint: true },
        // Once for all visitors, as long as the cache has it.
        (Waits::Everybody, Turns::Handful | Turns::Some) if is_kept(event) => {
            Weight { severity: Severity::Info, hint: true }
        }
        (Waits::Everybody, Turns::Handful) => Weight { severity: Severity::Info, hint: false },
        (Waits::Everybody, Turns::Many) if !is_kept(event) => Weight { severity: Severity::Blocker, hint: false },
        _ => Weight { severity: Severity::Warning, hint: false },
    }
}

fn waits(project: &Project, trace: &Trace, event: &Event) -> Waits {
    let Origin::Code { file, site, .. } = &trace.origin else { return Waits::Everybody };
    let function = project.function_named_at(*site);
    let defined = |step: &CallStep| project.function_named_at(step.defined?);
    let mut called = event.via.iter().filter_map(defined).chain(function);
    if called.any(|function| project.is_one_off(function)) || function.is_some_and(|own| project.is_uncalled(own)) {
        return Waits::Nobody;
    }
    let by_staff = event.rendered == Some(Renderer::Admin) || project.is_back_office(*file);
    if trace.role == Role::Request && !by_staff { Waits::Everybody } else { Waits::Some }
}

/// Shown from a cache, as long as that has it.
fn is_kept(event: &Event) -> bool {
    event.arms.iter().any(|arm| arm.memo)
}

fn turns(project: &Project, trace: &Trace, id: LoopId) -> Turns {
    let info = trace.loop_info(id);
    let Some(queryset) = info.queryset.map(|rows| trace.queryset(rows)).filter(|_| info.over == Over::Query) else {
        return Turns::Some;
    };
    if info.exactly.or(info.at_most).is_some_and(|most| most <= HANDFUL) {
        return Turns::Handful;
    }
    let open = info.exactly.is_none() && info.at_most.is_none();
    match queryset.model {
        Some(model) if growth::is_configuration(&project.schema, model) => Turns::Handful,
        Some(model) if growth::stays_small(&project.schema, model) => Turns::Some,
        // What one object has stays few, unless it is added to all the time: lines of an order, topics of a forum.
        model if open => {
            let grows = model.is_some_and(|model| growth::grows(&project.schema, model));
            if grows || !growth::is_of_one(project, queryset) { Turns::Many } else { Turns::Some }
        }
        _ => Turns::Some,
    }
}

/// Whether the turns write or wait themselves while no request does: what is read for a row that is written, or for
/// what is asked of somebody else, is a small part of it.
pub fn is_part_of_work(trace: &Trace, turning: &[LoopId]) -> bool {
    let mut work = turning.iter().map(|id| loops::work_within(trace, *id));
    trace.role != Role::Request && work.any(|work| work.waits || work.writes > 0)
}
