//! One shape of statements over a whole log.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::hash;
use super::{Distinct, Place, Quantiles, Sample, Sent};
use crate::model::Kind;
use crate::trace::{Fingerprint, Observed, Statement};

/// Characters of a parameter set that are kept.
const LONGEST_SET: usize = 400;
/// Deepest frames of a stack that are kept.
const DEEPEST_FRAMES: usize = 24;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    pub fingerprint: Fingerprint,
    /// For reading: unneeded quotes dropped, literals `?`.
    pub sql: String,
    pub kind: Kind,
    pub tables: Vec<SmolStr>,
    /// Each parameter set of a call counts.
    pub executions: u64,
    /// Each call counts once.
    pub calls: u64,
    /// Requests with at least one of them; 0 where no input bounds its requests.
    pub requests: u64,
    /// Microseconds of one execution.
    pub times: Quantiles,
    distinct: Distinct,
    /// Calls whose values the input hides.
    hidden: u64,
    /// Values in the order of the statement, joined by commas.
    pub params: Sample<String, 32>,
    /// Outermost frame first: `path:line function`.
    pub stacks: Sample<Vec<String>, 16>,
    /// The program's own places that lead to it, deepest first.
    pub places: Sample<Vec<Place>, 32, Sent>,
    /// Most calls that one request makes; 0 where no input bounds its requests.
    pub most: u64,
    /// Index of the first and of the last call among the statements of the log.
    pub first: u64,
    pub last: u64,
}

impl Shape {
    pub(super) fn new(statement: &Statement, ordinal: u64) -> Self {
        Self {
            fingerprint: statement.fingerprint,
            sql: statement.sql.clone(),
            kind: statement.facts.kind,
            tables: statement.facts.tables.clone(),
            executions: 0,
            calls: 0,
            requests: 0,
            times: Quantiles::default(),
            distinct: Distinct::default(),
            hidden: 0,
            params: Sample::default(),
            stacks: Sample::default(),
            places: Sample::default(),
            most: 0,
            first: ordinal,
            last: ordinal,
        }
    }

    /// `values`: the hash of the observed ones.
    pub(super) fn add(&mut self, observed: &Observed, values: Option<u64>, ordinal: u64) {
        let sets = u64::from(observed.repeat.max(1));
        self.executions += sets;
        self.calls += 1;
        self.last = ordinal;
        if let Some(took) = observed.duration_us {
            self.times.add_equal(took, sets);
        }
        match (values, &observed.params) {
            (Some(hash), Some(params)) => {
                self.distinct.add(hash);
                self.params.add(hash, sets, || shortened(params));
            }
            _ => self.hidden += 1,
        }
        if !observed.stack.is_empty() {
            let frames = observed.stack.get(observed.stack.len().saturating_sub(DEEPEST_FRAMES)..).unwrap_or_default();
            let texts: Vec<String> =
                frames.iter().map(|frame| format!("{}:{} {}", frame.path, frame.line, frame.function)).collect();
            self.stacks.add(hash::of_texts(&texts), sets, || texts);
        }
    }

    /// Sums of executions that were not seen one by one.
    pub(super) fn add_total(&mut self, executions: u64, total_us: Option<u64>, most_us: Option<u64>, ordinal: u64) {
        self.executions += executions;
        self.calls += executions;
        self.hidden += executions;
        self.last = ordinal + executions.saturating_sub(1);
        if let Some(total) = total_us {
            self.times.add_summed(executions, total, most_us);
        }
    }

    /// How many different parameter sets there were; `None` where the input hides some.
    pub fn distinct_params(&self) -> Option<u64> {
        (self.hidden == 0).then(|| self.distinct.count())
    }

    /// As it is where so many statements came before.
    pub(super) fn after(&self, statements: u64) -> Shape {
        Shape { first: self.first + statements, last: self.last + statements, ..self.clone() }
    }

    pub(super) fn merge(&mut self, later: &Shape, statements: u64) {
        self.executions += later.executions;
        self.calls += later.calls;
        self.requests += later.requests;
        self.times.merge(&later.times);
        self.distinct.merge(&later.distinct);
        self.hidden += later.hidden;
        self.params.merge(&later.params);
        self.stacks.merge(&later.stacks);
        self.places.merge(&later.places);
        self.most = self.most.max(later.most);
        self.last = later.last + statements;
    }
}

fn shortened(params: &[SmolStr]) -> String {
    let mut out = String::new();
    for (at, param) in params.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        let room = LONGEST_SET.saturating_sub(out.len());
        match param.char_indices().nth(room) {
            Some((end, _)) => {
                out.push_str(param.get(..end).unwrap_or_default());
                out.push('…');
                break;
            }
            None => out.push_str(param),
        }
    }
    out
}
