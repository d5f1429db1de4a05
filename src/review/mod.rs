//! The one entry point of a code review: files and patches in, a report and what the code view shows out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Report;
use crate::text::Source;

/// What is reviewed.
#[derive(Debug, Clone, Default)]
pub struct CodeInput {
    pub files: Vec<CodeFile>,
    /// Files that are not code and say something of it: requirements, lock files.
    pub others: Vec<OtherFile>,
}

/// A Python file, or a Django template.
#[derive(Debug, Clone)]
pub struct CodeFile {
    pub path: String,
    pub text: String,
    /// Read for models, settings and helpers; no finding stands in it.
    pub context: bool,
}

#[derive(Debug, Clone)]
pub struct OtherFile {
    pub path: String,
    pub text: String,
}

/// A finished review.
#[derive(Debug, Default)]
pub struct CodeReview {
    /// `queries` holds one prediction per statement.
    pub report: Report,
    /// Sorted by path.
    pub files: Vec<ReviewedFile>,
}

/// One file with what stands beside its lines. Lines are 1-based and those of the text after the change.
#[derive(Debug)]
pub struct ReviewedFile {
    pub path: String,
    /// The text after the change; unknown lines of a sparse file are empty.
    pub source: Source,
    pub context: bool,
    /// Lines that the input has; `None` where it has them all.
    pub known: Option<BTreeSet<u32>>,
    /// Lines that the change adds.
    pub added: BTreeSet<u32>,
    /// Lines that the change takes away, in order.
    pub removed: Vec<RemovedLine>,
    /// Round trips that a line sends in one run of its function: `N`, `2 + N`.
    pub trips: BTreeMap<u32, String>,
    /// The total of a function, at the line of its `def`.
    pub functions: BTreeMap<u32, String>,
    /// Outer loops before the ones they hold.
    pub loops: Vec<LoopMark>,
    /// Indexes into the report's findings, in line order.
    pub findings: Vec<usize>,
    /// Line, and index into the report's queries; in line order.
    pub queries: Vec<(u32, usize)>,
}

/// A line of the text before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedLine {
    /// It stood before this line of the text after the change; one past the last where it stood at the end.
    pub before: u32,
    /// Its number before the change.
    pub old_line: u32,
    /// Without its line break.
    pub text: String,
}

/// A bracket beside the lines that a loop turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopMark {
    pub first_line: u32,
    pub last_line: u32,
    /// As in the formulas of its function: `N`.
    pub letter: String,
    /// `rows of forum.Topic (line 9)`
    pub over: String,
}
