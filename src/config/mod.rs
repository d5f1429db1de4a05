//! What a project chooses: `roundtrip.toml` or `[tool.roundtrip]`, presets, thresholds, triage, baseline.

mod glob;
mod hidden;
mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Budget, EndpointKind, Severity};

pub use glob::{fits, fits_path};
pub use hidden::{Decided, Triage, parse_baseline, parse_triage};
pub use read::{NAMES, Read, Word, django_version, parse, parse_budgets};

/// Choices in force for one review.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub preset: Preset,
    /// Exact codes, names or families; empty selects all.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    /// Show hints too.
    pub hints: bool,
    /// Show findings on lines that a diff does not add, too.
    pub all_lines: bool,
    pub thresholds: Thresholds,
    /// Severity of a rule, by its code or name.
    pub severity: BTreeMap<String, Severity>,
    /// Path patterns with the codes, names or families that are not reported there; see [`fits_path`].
    pub per_file_ignores: Vec<(String, Vec<String>)>,
    /// Endpoint patterns with what a request of theirs may cost, the first that fits counts; see [`fits`].
    pub budgets: Vec<(String, Budget)>,
    /// Endpoint patterns with what their requests show; the paths of others tell.
    pub endpoints: Vec<(String, EndpointKind)>,
    /// `postgres`, `mysql`, `sqlite` or `generic`; `None` leaves it to the input.
    pub dialect: Option<String>,
    /// Django's version as `(5, 2)`; `None` leaves it to the input.
    pub django: Option<(u8, u8)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    #[default]
    Default,
    /// The severities of the guides that the catalogue grew from.
    Seeds,
}

/// Numbers that a rule compares with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Executions that make an N+1 in a log.
    pub n_plus_one: u32,
    /// Counts that are worth one aggregate.
    pub mergeable_counts: u32,
    /// Turns up to which a constant loop is excused.
    pub constant_loop: u32,
    /// Milliseconds from which on one execution is slow.
    pub slow_query_ms: u32,
    /// How many times more or fewer rows than expected make a misestimate.
    pub misestimate_factor: u32,
    /// Percent of look-ups that a cache should answer.
    pub cache_hit_rate: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            n_plus_one: 3,
            mergeable_counts: 2,
            constant_loop: 3,
            slow_query_ms: 500,
            misestimate_factor: 100,
            cache_hit_rate: 80,
        }
    }
}
