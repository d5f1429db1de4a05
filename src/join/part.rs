//! What of a log's finding came by way of one of the code: what other lines sent, or other callers of a line, says
//! nothing of it.

use super::meet::{Code, How};
use crate::model::{Evidence, Finding, Loop, Measured, Prediction};

/// Addresses that the evidence tells apart for one shape; what others sent is added up.
const MOST_ADDRESSES: usize = 6;

/// What the log has of a finding of the code.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub how: How,
    pub statements: Vec<Evidence>,
    /// Executions of what is at fault.
    pub executions: u64,
    /// The most of them in one request.
    pub most: u64,
}

impl Part {
    pub fn new(how: How) -> Self {
        Self { how, statements: Vec::new(), executions: 0, most: 0 }
    }

    /// Adds what was sent of one shape in requests of one address.
    pub fn add(&mut self, (shape, sql): (&str, &str), address: Option<&str>, measured: Measured) {
        let of_shape = self.statements.iter().filter_map(|known| match known {
            Evidence::Statements { fingerprint, request, .. } if fingerprint == shape => Some(request.as_deref()),
            _ => None,
        });
        let is_full = of_shape.clone().count() >= MOST_ADDRESSES && !of_shape.into_iter().any(|known| known == address);
        let address = address.filter(|_| !is_full);
        let same = |known: &&mut Evidence| match &**known {
            Evidence::Statements { fingerprint, request, .. } => fingerprint == shape && request.as_deref() == address,
            Evidence::Code { .. } => false,
        };
        if let Some(Evidence::Statements { count, total_ms, .. }) = self.statements.iter_mut().find(same) {
            *count += measured.executions;
            *total_ms = total_ms.zip(measured.total_ms).map(|(a, b)| a + b);
            return;
        }
        self.statements.push(Evidence::Statements {
            fingerprint: shape.to_owned(),
            sql: sql.to_owned(),
            count: measured.executions,
            total_ms: measured.total_ms,
            request: address.map(str::to_owned),
        });
    }
}

/// Whether a stack goes the way of a prediction, through a finding's own place, and from inside of the finding's loops.
/// Behind the deepest line is the framework, which may call anything of the rest of the way; of templates within
/// templates, a stack has the innermost only.
pub fn passes(code: &Code<'_>, at: usize, prediction: &Prediction, finding: &Finding, stack: &[(&str, u32)]) -> bool {
    let steps = steps_to(code, at, prediction);
    let in_stack = |step: &Step<'_>| stack.iter().any(|on| is_on(step, on));
    let deepest = |step: &Step<'_>| stack.first().is_some_and(|on| is_on(step, on));
    let own = steps.len() - 1;
    let Some(reached) =
        steps.last().filter(|own| in_stack(own)).map(|_| own).or_else(|| steps.iter().rposition(deepest))
    else {
        return false;
    };
    let goes = |at: usize| {
        at > reached || steps.get(at).is_some_and(|step| in_stack(step) || at < own && !step.0.ends_with(".py"))
    };
    let (path, first) = (finding.path.as_deref(), finding.line.unwrap_or_default());
    let last = finding.end_line.unwrap_or(first).max(first);
    let here = |step: &Step<'_>| path == Some(step.0) && step.1 <= last && step.2 >= first;
    let Some(place) = steps.iter().rposition(here) else { return false };
    goes(place) && loops_of(finding).filter_map(|around| nearest(&steps, around)).all(goes)
}

/// Whether a stack leads through the body of the innermost loop around a prediction.
pub fn turns(code: &Code<'_>, at: usize, prediction: &Prediction, stack: &[(&str, u32)]) -> bool {
    let steps = steps_to(code, at, prediction);
    let around = prediction.loops.last().and_then(|letter| prediction.loop_.get(letter));
    let inside = around.and_then(|around| nearest(&steps, around)).and_then(|at| steps.get(at));
    inside.is_some_and(|step| stack.iter().any(|on| is_on(step, on)))
}

/// A place on the way: its path, its first and its last line.
type Step<'c> = (&'c str, u32, u32);

/// The calls that lead to a prediction, and its own place.
fn steps_to<'c>(code: &Code<'c>, at: usize, prediction: &'c Prediction) -> Vec<Step<'c>> {
    let mut steps: Vec<Step<'c>> = code.way(at).iter().map(|(path, line)| (*path, *line, *line)).collect();
    steps.push((&prediction.path, prediction.line, prediction.end_line.max(prediction.line)));
    steps
}

fn is_on((path, first, last): &Step<'_>, on: &(&str, u32)) -> bool {
    on.0 == *path && (*first..=*last).contains(&on.1)
}

/// The loops that a finding speaks of, the innermost first.
pub fn loops_of(finding: &Finding) -> impl Iterator<Item = &Loop> {
    let cost = finding.cost.as_ref();
    let term = cost.and_then(|cost| cost.before_terms.iter().max_by_key(|term| term.loops.len()));
    let letters = term.into_iter().flat_map(|term| term.loops.iter().rev());
    letters.filter_map(move |letter| cost?.loops.get(letter))
}

/// The step that is taken in a loop's body: the nearest of its file.
fn nearest(steps: &[Step<'_>], around: &Loop) -> Option<usize> {
    let of_file = steps.iter().enumerate().filter(|(_, step)| step.0 == around.path);
    of_file.min_by_key(|(_, step)| (step.1.abs_diff(around.line), step.1 < around.line)).map(|(at, _)| at)
}
