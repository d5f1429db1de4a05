//! What the trace of a log shows: statements that repeat, and why. The rules are those of the catalogue, by their
//! [`Meta`]; their checks of code stay out of the log engine, which links this list only.

mod counts;
mod duplicates;
mod groups;
mod n_plus_one;
mod names;
mod parent;

#[cfg(test)]
mod tests;

use super::{Context, Meta, aggregation, n_plus_one as loops, over_fetching};
use crate::trace::Trace;

/// A rule as it judges one request's run.
#[derive(Debug, Clone, Copy)]
pub struct LogRule {
    pub meta: &'static Meta,
    look: fn(&Trace, &mut Context<'_>, &'static Meta),
}

impl LogRule {
    pub fn look(&self, trace: &Trace, cx: &mut Context<'_>) {
        (self.look)(trace, cx, self.meta);
    }
}

/// The rules that judge logs, in the order of their codes.
pub static RULES: &[LogRule] = &[
    LogRule { meta: &loops::fk_in_loop::META, look: n_plus_one::fk_in_loop },
    LogRule { meta: &loops::reverse_in_loop::META, look: n_plus_one::reverse_in_loop },
    LogRule { meta: &loops::query_in_loop::META, look: n_plus_one::query_in_loop },
    LogRule { meta: &aggregation::mergeable_counts::META, look: counts::mergeable_counts },
    LogRule { meta: &over_fetching::duplicate_fetch::META, look: duplicates::duplicate_fetch },
];
