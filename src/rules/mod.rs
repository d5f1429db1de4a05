//! The catalogue: one file per rule in a folder per family, and the registry of them.
//!
//! A rule reads traces and facts; it never reads text, and names no ORM method and no node kind of a grammar.

pub mod aggregation;
pub mod bulk;
pub mod concurrency;
pub mod docs;
mod draft;
mod growth;
mod heat;
pub mod index;
pub(crate) mod loops;
mod macros;
pub mod migrations;
mod models;
pub mod n_plus_one;
pub mod observed;
pub mod over_fetching;
pub mod pagination;
pub mod registry;
mod weight;

pub use draft::{Context, Draft, DraftCost, DraftEvidence, DraftRewrite, SentFrom};

pub use crate::rewrite::FileEdit;
pub use loops::CALLED;

use crate::model::{Family, Severity};
use crate::trace::Trace;

/// What a rule is, apart from its check. `docs` is the rule file's own documentation: the one source of the
/// catalogue, of `roundtrip rules CODE`, of SARIF help and of docs/rules.
#[derive(Debug)]
pub struct Meta {
    /// `RT101`
    pub code: &'static str,
    /// `fk-in-loop`
    pub name: &'static str,
    pub family: Family,
    /// How bad it is as a rule; one finding's own may differ.
    pub severity: Severity,
    /// Shown only with `--hints`, or when a log confirms it.
    pub hint: bool,
    /// Severity under `preset = "seeds"`, where it differs.
    pub seeds: Option<Severity>,
    /// Lines of Markdown; the first is one sentence, the summary.
    pub docs: &'static [&'static str],
}

impl Meta {
    pub fn summary(&self) -> &'static str {
        self.docs.first().map_or("", |line| line.trim())
    }
}

/// How a rule judges code. What judges logs is in [`observed`].
pub trait Rule: Sync {
    fn meta(&self) -> &'static Meta;

    /// Looks at one function's run. Called once per trace, in the order of the input.
    fn trace(&self, _trace: &Trace, _cx: &mut Context<'_>) {}

    /// Looks at the whole input, after every trace was seen.
    fn whole(&self, _traces: &[Trace], _cx: &mut Context<'_>) {}
}
