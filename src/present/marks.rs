//! What stands beside the lines of one file: findings, statements and loop brackets.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Evidence, Report};
use crate::protocol::{Bracket, BracketPart};
use crate::review::{LoopMark, ReviewedFile};

/// By line of the text after the change.
#[derive(Debug, Default)]
pub struct Marks {
    findings: BTreeMap<u32, Vec<u32>>,
    queries: BTreeMap<u32, Vec<u32>>,
}

impl Marks {
    pub fn new(file: &ReviewedFile, report: &Report) -> Self {
        let mut marks = Self::default();
        for index in &file.findings {
            if let Some(line) = report.findings.get(*index).and_then(|finding| finding.line) {
                marks.findings.entry(line).or_default().push(*index as u32);
            }
        }
        for (line, index) in &file.queries {
            marks.queries.entry(*line).or_default().push(*index as u32);
        }
        marks
    }

    pub fn findings(&self, line: u32) -> Vec<u32> {
        self.findings.get(&line).cloned().unwrap_or_default()
    }

    pub fn queries(&self, line: u32) -> Vec<u32> {
        self.queries.get(&line).cloned().unwrap_or_default()
    }
}

/// For each path, the lines that a reader may be sent to: of findings and their evidence, of loops and statements.
pub fn destinations(report: &Report) -> BTreeMap<&str, BTreeSet<u32>> {
    let mut lines: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut add = |path, line| {
        lines.entry(path).or_default().insert(line);
    };
    for finding in &report.findings {
        if let (Some(path), Some(line)) = (&finding.path, finding.line) {
            add(path.as_str(), line);
        }
        for evidence in &finding.evidence {
            if let Evidence::Code { path, line, .. } = evidence {
                add(path, *line);
            }
        }
        for driver in finding.cost.iter().flat_map(|cost| cost.loops.values()) {
            add(&driver.path, driver.line);
        }
        for edit in finding.rewrite.iter().flat_map(|rewrite| &rewrite.edits) {
            add(&edit.path, edit.start_line);
        }
    }
    for function in &report.functions {
        add(&function.path, function.line);
    }
    lines
}

/// The brackets of a row that stands for `first..=last`, of which it shows the beginning and end only where `is_line`.
pub fn brackets(loops: &[LoopMark], first: u32, last: u32, is_line: bool) -> Vec<Bracket> {
    let touches = |mark: &&LoopMark| match is_line {
        true => (mark.first_line..=mark.last_line).contains(&first),
        // Between two lines of the loop, or the lines that are missing in it.
        false => mark.first_line < first && mark.last_line >= last,
    };
    let bracket = |mark: &LoopMark| {
        let part = match (is_line && mark.first_line == first, is_line && mark.last_line == first) {
            (true, true) => BracketPart::Only,
            (true, false) => BracketPart::Start,
            (false, true) => BracketPart::End,
            (false, false) => BracketPart::Middle,
        };
        Bracket { part, letter: mark.letter.clone(), over: mark.over.clone() }
    };
    loops.iter().filter(touches).map(bracket).collect()
}
