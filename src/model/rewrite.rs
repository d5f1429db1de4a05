//! A rewrite: text edits that cure a finding.

use serde::{Deserialize, Serialize};

use super::Safety;

/// One replacement. Lines and columns as in [`super::Place`]; an insertion has an empty range.
/// A path that is not in the input is a new file, inserted at line 1, column 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub path: String,
    pub start_line: u32,
    pub start_column: u32,
    pub end_line: u32,
    pub end_column: u32,
    pub text: String,
}

/// Edits that were applied to a copy and reviewed again before they are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    pub safety: Safety,
    pub title: String,
    /// What a person must agree to; empty where nothing changes.
    pub note: String,
    /// The edits as one unified diff that `git apply` takes.
    pub diff: String,
    pub edits: Vec<Edit>,
}
