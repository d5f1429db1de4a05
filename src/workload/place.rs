//! From where in the program's own code a shape is sent.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{Tally, hash};
use crate::trace::{Frame, Observed};

/// Own frames of a stack that are kept.
const DEEPEST: usize = 12;

/// A line as a stack names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub path: SmolStr,
    pub line: u32,
}

impl Place {
    pub fn of(frame: &Frame) -> Self {
        Self { path: frame.path.clone(), line: frame.line }
    }
}

/// What one place sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sent {
    /// Each parameter set of a call counts.
    pub executions: u64,
    /// Microseconds; `None` where one of them has no time.
    pub time_us: Option<u64>,
    /// Most calls that one request makes; 0 where no input bounds its requests.
    pub most: u64,
}

impl Sent {
    pub(super) fn of(observed: &Observed, most: u64) -> Self {
        Self { executions: u64::from(observed.repeat.max(1)), time_us: observed.duration_us, most }
    }
}

impl Tally for Sent {
    fn add(&mut self, other: Sent) {
        self.executions += other.executions;
        self.time_us = self.time_us.zip(other.time_us).map(|(a, b)| a.saturating_add(b));
        self.most = self.most.max(other.most);
    }
}

/// The program's own frames, deepest first; where there are none, the deepest of the others, which may be those of a
/// library under review. Who calls the program from a test does not tell places apart: of what a test sends itself, its
/// line is the place. `None` without a stack.
pub(super) fn own(stack: &[Frame]) -> Option<Vec<Place>> {
    let own = || stack.iter().rev().filter(|frame| frame.is_own());
    let inside: Vec<Place> = own().take_while(|frame| !frame.is_test()).take(DEEPEST).map(Place::of).collect();
    if !inside.is_empty() {
        return Some(inside);
    }
    match own().next() {
        Some(test) => Some(vec![Place::of(test)]),
        None => (!stack.is_empty()).then(|| stack.iter().rev().take(DEEPEST).map(Place::of).collect()),
    }
}

/// What tells the places of a shape apart.
pub fn key(stack: &[Frame]) -> Option<u64> {
    own(stack).as_deref().map(hash)
}

pub(super) fn hash(places: &[Place]) -> u64 {
    let texts: Vec<String> = places.iter().map(|place| format!("{}:{}", place.path, place.line)).collect();
    hash::of_texts(&texts)
}

/// What tells the lines of tests apart that call the program: each calls it anew.
pub(super) fn caller(observed: &Observed) -> u64 {
    observed.test_frame().map_or(0, |test| hash(&[Place::of(test)]))
}
