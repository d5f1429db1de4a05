//! What a log amounts to: a summary per statement shape and per endpoint, whatever the log's length.
//!
//! Statements stream in one by one. The summary of a log is that of its parts merged in their order, to the last
//! count, as long as neither has more shapes or endpoints than are kept; it can be written and read back.

mod endpoint;
mod hash;
mod place;
mod quantiles;
mod sample;
mod shape;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::model::Kind;
use crate::trace::{Fingerprint, Observed, Statement, is_test};

pub use endpoint::{Endpoint, Took, name as endpoint_name};
pub use place::{Place, Sent, key as place_key};
pub use quantiles::Quantiles;
pub use sample::{Distinct, Sample, Tally};
pub use shape::Shape;

/// A program has hundreds of shapes; what comes beyond these is counted only as a whole.
const MOST_SHAPES: usize = 20_000;
/// As for shapes: a site that puts keys into its addresses has one endpoint per key.
const MOST_ENDPOINTS: usize = 20_000;
/// Files that a line leads to by itself; one that calls a function of its own leads to one.
const MANY_FILES: usize = 4;
/// Sets of values of one request that are compared for being equal.
const MOST_COMPARED: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Workload {
    shapes: BTreeMap<Fingerprint, Shape>,
    endpoints: BTreeMap<String, Endpoint>,
    /// Statements, each call of several parameter sets as one.
    pub statements: u64,
    /// Requests that the inputs bound; see [`crate::trace::Origin::Log`].
    pub requests: u64,
    /// Statements of shapes beyond those that are kept.
    pub unkept: u64,
    /// Requests of endpoints beyond those that are kept.
    pub unkept_requests: u64,
    #[serde(skip)]
    open: Open,
}

/// The request that statements are added to.
#[derive(Debug, Clone, PartialEq, Default)]
struct Open {
    bounded: bool,
    statements: u64,
    time_us: Option<u64>,
    duplicates: u64,
    /// Calls of each shape.
    shapes: FxHashMap<Fingerprint, u64>,
    /// Calls of each shape from each place for each line of a test, by the hash of all three.
    placed: FxHashMap<u64, u64>,
    /// Hashes of a shape with its values.
    sent: FxHashSet<u64>,
}

/// What one request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    pub statements: u64,
    /// Of its statements together; `None` where the input has no times.
    pub time_us: Option<u64>,
    /// Reads that repeat an earlier one of the request with equal values.
    pub duplicates: u64,
}

impl Workload {
    /// Statements that follow are one request's. Where the input has no boundaries, repeats are no duplicates: they
    /// may well be other requests'.
    pub fn begin_request(&mut self, bounded: bool) {
        self.open = Open { bounded, ..Open::default() };
    }

    pub fn statement(&mut self, statement: &Statement, observed: &Observed) {
        let ordinal = self.statements;
        self.statements += 1;
        let open = &mut self.open;
        open.statements += 1;
        if let Some(took) = observed.duration_us {
            open.time_us = Some(open.time_us.unwrap_or(0).saturating_add(took));
        }
        let values = observed.params.as_deref().map(hash::of_texts);
        if let Some(values) = values
            && open.bounded
            && statement.facts.kind.reads()
            && open.sent.len() < MOST_COMPARED
            && !open.sent.insert(hash::pair(statement.fingerprint.0, values))
        {
            open.duplicates += 1;
        }
        let Some(shape) = shape_of(&mut self.shapes, statement, ordinal) else {
            self.unkept += 1;
            return;
        };
        shape.add(observed, values, ordinal);
        if open.bounded {
            let calls = open.shapes.entry(statement.fingerprint).or_insert(0);
            *calls += 1;
            shape.requests += u64::from(*calls == 1);
            shape.most = shape.most.max(*calls);
        }
        if let Some(places) = place::own(&observed.stack) {
            let key = place::hash(&places);
            let mut most = 0;
            if open.bounded && open.placed.len() < MOST_COMPARED {
                let place = hash::pair(key, place::caller(observed));
                let calls = open.placed.entry(hash::pair(statement.fingerprint.0, place)).or_insert(0);
                *calls += 1;
                most = *calls;
            }
            shape.places.add(key, Sent::of(observed, most), || places);
        }
    }

    /// Executions of which only sums are known: a server's own statistics. Microseconds of all together, and of the
    /// longest.
    pub fn total(&mut self, statement: &Statement, executions: u64, total_us: Option<u64>, most_us: Option<u64>) {
        let ordinal = self.statements;
        self.statements += executions;
        match shape_of(&mut self.shapes, statement, ordinal) {
            Some(shape) => shape.add_total(executions, total_us, most_us, ordinal),
            None => self.unkept += executions,
        }
    }

    /// `took_us`: of the whole request, where the input says.
    pub fn end_request(&mut self, name: &str, took_us: Option<u64>) -> Finished {
        let open = std::mem::take(&mut self.open);
        let finished = Finished { statements: open.statements, time_us: open.time_us, duplicates: open.duplicates };
        self.requests += u64::from(open.bounded);
        let name = endpoint::name(name);
        let known = self.endpoints.len();
        match self.endpoints.get_mut(name) {
            Some(endpoint) => endpoint.add(&finished, took_us),
            None if known >= MOST_ENDPOINTS => self.unkept_requests += 1,
            None => self.endpoints.entry(name.to_owned()).or_default().add(&finished, took_us),
        }
        finished
    }

    /// Adds what came after.
    pub fn merge(&mut self, later: &Workload) {
        for (fingerprint, other) in &later.shapes {
            let known = self.shapes.len();
            match self.shapes.get_mut(fingerprint) {
                Some(shape) => shape.merge(other, self.statements),
                None if known >= MOST_SHAPES => self.unkept += other.calls,
                None => drop(self.shapes.insert(*fingerprint, other.after(self.statements))),
            }
        }
        for (name, other) in &later.endpoints {
            let known = self.endpoints.len();
            match self.endpoints.get_mut(name) {
                Some(endpoint) => endpoint.merge(other),
                None if known >= MOST_ENDPOINTS => self.unkept_requests += other.requests(),
                None => drop(self.endpoints.insert(name.clone(), other.clone())),
            }
        }
        self.statements += later.statements;
        self.requests += later.requests;
        self.unkept += later.unkept;
        self.unkept_requests += later.unkept_requests;
    }

    pub fn shape(&self, fingerprint: Fingerprint) -> Option<&Shape> {
        self.shapes.get(&fingerprint)
    }

    /// In the order of their fingerprints.
    pub fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.values()
    }

    /// Lines that hand on to the framework, which calls many files from there: the middleware's, the one that starts a
    /// server. A statement whose deepest own line is such a one was sent by a library. So is what a line sends that
    /// stores rows of several tables: `form.save_m2m()`.
    pub fn passing(&self) -> HashSet<Place> {
        let mut called: HashMap<&Place, BTreeSet<&str>> = HashMap::new();
        let kept = self.shapes().flat_map(|shape| shape.places.by_count());
        for lines in kept.map(|(lines, _)| lines) {
            for (deeper, line) in lines.iter().zip(lines.iter().skip(1)) {
                called.entry(line).or_default().insert(&deeper.path);
            }
        }
        let mut stored: HashMap<&Place, BTreeSet<&str>> = HashMap::new();
        for shape in self.shapes().filter(|shape| shape.kind == Kind::Insert) {
            let Some(table) = shape.tables.first() else { continue };
            for line in shape.places.by_count().into_iter().filter_map(|(lines, _)| lines.first()) {
                stored.entry(line).or_default().insert(table);
            }
        }
        let passing = called.into_iter().filter(|(_, files)| files.len() >= MANY_FILES);
        let storing = stored.into_iter().filter(|(line, tables)| tables.len() > 1 && !is_test(&line.path));
        passing.chain(storing).map(|(line, _)| line.clone()).collect()
    }

    /// By name, without the query of its address; in the order of names.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &Endpoint)> {
        self.endpoints.iter().map(|(name, endpoint)| (name.as_str(), endpoint))
    }

    /// Microseconds of all statements; `None` where none has a time.
    pub fn time_us(&self) -> Option<u64> {
        let timed = self.shapes().map(|shape| &shape.times).filter(|times| times.count() > 0);
        timed.map(Quantiles::sum).reduce(u64::saturating_add)
    }
}

/// The shape that a statement is counted under; `None` where it is beyond those that are kept.
fn shape_of<'a>(
    shapes: &'a mut BTreeMap<Fingerprint, Shape>,
    statement: &Statement,
    ordinal: u64,
) -> Option<&'a mut Shape> {
    if shapes.len() >= MOST_SHAPES && !shapes.contains_key(&statement.fingerprint) {
        return None;
    }
    Some(shapes.entry(statement.fingerprint).or_insert_with(|| Shape::new(statement, ordinal)))
}

#[cfg(test)]
mod tests;
