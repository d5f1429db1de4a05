//! Code and log joined: stacks and fingerprints lead from what was seen to what is predicted, findings of both sides
//! that mean the same become one, and what the log measured stands beside the lines that sent it.

mod alone;
mod doubt;
mod meet;
mod merge;
mod part;
mod paths;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CodeLine, Finding, Function, Measured, Prediction, Seen};

use meet::{Code, How, Meetings};

/// Executions in one request from which on a predicted repetition counts as seen.
const REPEATED: u64 = 3;

/// What comes of code and log.
#[derive(Debug, Default)]
pub struct Joined {
    /// Those of the code in their order, then what the log alone found.
    pub findings: Vec<Finding>,
    /// By path and line: what was measured of all that the line sends.
    pub lines: BTreeMap<CodeLine, Measured>,
    /// For each shape of the log, the lines that send it.
    pub of_shape: Vec<Vec<CodeLine>>,
    pub met: Met,
}

/// Statements that were seen, by how they met the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Met {
    pub executions: u64,
    /// Their stack names a line that is predicted to send them.
    pub by_stack: u64,
    /// Without a stack: one line only is predicted to send them.
    pub by_shape: u64,
    /// Several lines may have sent them.
    pub several: u64,
    /// Their stack names lines of the input that are not predicted to send them.
    pub on_other_lines: u64,
}

/// Joins the findings and predictions of a review of code with what logs showed. `files`: the paths of the reviewed
/// code; `is_chosen`: the severity of a finding is the user's choice and stays.
pub fn join<'c>(
    findings: Vec<Finding>,
    (predictions, functions): (&'c [Prediction], &'c [Function]),
    files: &[&'c str],
    seen: &Seen,
    is_chosen: &dyn Fn(&Finding) -> bool,
) -> Joined {
    let code = Code::new(files.iter().copied(), predictions, functions);
    let meetings = code.meet(seen);
    let mut out = Joined { met: met(&meetings), ..Joined::default() };
    out.of_shape = vec![Vec::new(); seen.shapes.len()];
    for meeting in &meetings.all {
        let places = code.places(&meeting.predictions);
        if let Some(lines) = out.of_shape.get_mut(meeting.shape) {
            let own: BTreeSet<CodeLine> = places.iter().map(code_line).chain(lines.drain(..)).collect();
            lines.extend(own);
        }
        if meeting.how != How::Shapes {
            for place in &places {
                out.lines.entry(code_line(place)).or_default().add(meeting.measured);
            }
        }
    }
    out.findings = merge::merge(findings, predictions, &code, &meetings, seen, is_chosen);
    out
}

fn code_line((path, line): &(&str, u32)) -> CodeLine {
    CodeLine { path: (*path).to_owned(), line: *line }
}

fn met(meetings: &Meetings<'_>) -> Met {
    let mut out = Met { executions: meetings.executions, on_other_lines: meetings.on_other_lines, ..Met::default() };
    for meeting in &meetings.all {
        let sum = match meeting.how {
            How::Stack | How::Alike => &mut out.by_stack,
            How::Shape => &mut out.by_shape,
            How::Shapes => &mut out.several,
        };
        *sum += meeting.measured.executions;
    }
    out
}

impl Met {
    /// One sentence for a reader; `None` where there was nothing to meet.
    pub fn told(&self) -> Option<String> {
        let Met { executions, by_stack, by_shape, several, on_other_lines } = *self;
        if executions == 0 {
            return None;
        }
        let lines = by_stack + by_shape + several;
        let share = 100 * lines / executions;
        let mut ways = Vec::new();
        for (count, how) in [
            (by_stack, "by their stacks"),
            (by_shape, "by their shape"),
            (several, "by a shape that several lines send"),
        ] {
            if count > 0 {
                ways.push(format!("{count} {how}"));
            }
        }
        let ways = if ways.is_empty() { String::new() } else { format!(": {}", ways.join(", ")) };
        let other = match on_other_lines {
            0 => String::new(),
            count => format!("; {count} came from lines of which it is not predicted"),
        };
        Some(format!("{lines} of {executions} statements ({share} %) meet a predicted line of the code{ways}{other}"))
    }
}
