//! Executions of one statement from one place.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::rules::SentFrom;
use crate::trace::{Fingerprint, Frame, Observed, Origin, Statement, Trace};
use crate::workload::place_key;

/// Every execution of one shape in a trace that comes from one place of the program.
#[derive(Clone)]
pub struct Group<'t> {
    pub statement: &'t Statement,
    /// The deepest frame of the program's own code; none where the input has no stacks.
    pub frame: Option<&'t Frame>,
    /// Index of the event, and what was seen; in order, never empty.
    pub members: Vec<(usize, &'t Observed)>,
}

impl<'t> Group<'t> {
    /// Index of the event that comes first.
    pub fn first(&self) -> usize {
        self.members.first().map_or(0, |(at, _)| *at)
    }

    pub fn last(&self) -> usize {
        self.members.last().map_or(0, |(at, _)| *at)
    }

    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// Microseconds of all executions; `None` where one of them has no time.
    pub fn total_us(&self) -> Option<u64> {
        self.members.iter().map(|(_, observed)| observed.duration_us).sum()
    }

    /// The value in one place of the statement, for each execution that shows it.
    pub fn values(&self, slot: u32) -> impl Iterator<Item = &'t str> + '_ {
        let value = move |observed: &'t Observed| observed.params.as_ref()?.get(slot as usize);
        self.members.iter().filter_map(move |(_, observed)| value(observed)).map(SmolStr::as_str)
    }

    /// How many different values a place has had.
    pub fn distinct(&self, slot: u32) -> usize {
        self.values(slot).collect::<FxHashSet<_>>().len()
    }

    /// The main table.
    pub fn table(&self) -> &'t str {
        self.statement.facts.tables.first().map_or("", |table| table.as_str())
    }

    /// The statement as it was first seen.
    pub fn raw(&self) -> &'t str {
        self.members.first().map_or("", |(_, observed)| &observed.raw)
    }
}

/// The groups of a log's trace, by where they start, each way made once for all rules; none for a trace of code.
pub struct Groups<'t> {
    pub trace: &'t Trace,
    /// Whether any statement has a stack: without, all ways give the same.
    stacked: bool,
    places: OnceCell<Vec<Group<'t>>>,
    shapes: OnceCell<Vec<Group<'t>>>,
    stacks: OnceCell<Vec<Group<'t>>>,
}

impl<'t> Groups<'t> {
    pub fn new(trace: &'t Trace) -> Self {
        let has_stack = |observed: &Observed| !observed.stack.is_empty();
        let stacked = trace.queries().any(|(_, _, query)| query.observed.as_deref().is_some_and(has_stack));
        Self { trace, stacked, places: OnceCell::new(), shapes: OnceCell::new(), stacks: OnceCell::new() }
    }

    /// Of one shape from one place.
    pub fn places(&self) -> &[Group<'t>] {
        self.places.get_or_init(|| grouped(self.trace, |observed| hash(observed.frame())))
    }

    /// The same with all places of a shape in one; the frame is that of the first.
    pub fn shapes(&self) -> &[Group<'t>] {
        match self.stacked {
            true => self.shapes.get_or_init(|| grouped(self.trace, |_| 0)),
            false => self.places(),
        }
    }

    /// The same with a helper's statements apart by who calls it: what shares a group is sent by one line of a loop, or
    /// by one line that a loop leads to.
    pub fn stacks(&self) -> &[Group<'t>] {
        match self.stacked {
            true => self.stacks.get_or_init(|| grouped(self.trace, |observed| hash(&observed.stack))),
            false => self.places(),
        }
    }
}

fn hash(frames: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    frames.hash(&mut hasher);
    hasher.finish()
}

/// Each line of a test calls the program anew, as a request does; what a test itself sends is nobody's defect.
fn grouped(trace: &Trace, place: fn(&Observed) -> u64) -> Vec<Group<'_>> {
    let mut out: Vec<Group<'_>> = Vec::new();
    if !matches!(trace.origin, Origin::Log { .. }) {
        return out;
    }
    let mut known: FxHashMap<(Fingerprint, u64, Option<&Frame>), usize> = FxHashMap::default();
    for (at, _, query) in trace.queries() {
        let Some(observed) = query.observed.as_deref() else { continue };
        let test = observed.test_frame();
        if test.is_some() && test == observed.frame() {
            continue;
        }
        let group = *known.entry((query.statement.fingerprint, place(observed), test)).or_insert_with(|| {
            out.push(Group { statement: &query.statement, frame: observed.frame(), members: Vec::new() });
            out.len() - 1
        });
        out[group].members.push((at, observed));
    }
    out
}

/// The places that sent them.
pub fn sent_from<'t>(sent: impl Iterator<Item = &'t Observed>) -> Vec<SentFrom> {
    let mut out: Vec<SentFrom> = Vec::new();
    for observed in sent {
        let Some(place) = place_key(&observed.stack) else { continue };
        match out.iter_mut().find(|known| known.place == place) {
            Some(known) => {
                known.count += 1;
                known.total_us = known.total_us.zip(observed.duration_us).map(|(a, b)| a.saturating_add(b));
            }
            None => out.push(SentFrom { place, count: 1, total_us: observed.duration_us }),
        }
    }
    out
}

/// Name of the request that a trace is of.
pub fn request(trace: &Trace) -> Option<String> {
    match &trace.origin {
        Origin::Log { name, bounded: true, .. } => Some(name.clone()),
        _ => None,
    }
}

/// Whether a test itself calls what sends the group: its loop may be the test's own, which is nobody's defect.
pub fn is_of_test(trace: &Trace, group: &Group<'_>) -> bool {
    let tested = group.members.first().is_some_and(|(_, observed)| observed.test_frame().is_some());
    // A request that a test makes is named by its address.
    tested && !request(trace).is_some_and(|name| name.contains(" /"))
}

/// Whether the input divides its statements into requests.
pub fn is_bounded(trace: &Trace) -> bool {
    matches!(trace.origin, Origin::Log { bounded: true, .. })
}
