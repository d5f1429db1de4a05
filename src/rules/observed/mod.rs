//! What the trace of a log shows: statements that repeat, and why. The rules are those of the catalogue, by their
//! [`Meta`]; their checks of code stay out of the log engine, which links this list only.

pub mod budget_missed;
mod counts;
mod duplicates;
mod groups;
mod index_advice;
mod lost_update;
pub mod low_cache_hit_rate;
pub mod misestimate;
mod n_plus_one;
mod names;
mod pages;
mod parent;
mod plans;
pub mod slow_query;
pub mod spill;
mod statistics;
mod text;
mod waits;
mod ways;
mod writes;

#[cfg(test)]
mod tests;

use groups::Groups;
use n_plus_one::Repeat;
use std::cell::OnceCell;

pub use index_advice::index_advice;
pub use waits::lock_wait;

use super::{Context, Meta, aggregation, bulk, concurrency, index, n_plus_one as loops, over_fetching, pagination};
use crate::trace::Trace;

pub use plans::{Explained, PLAN_RULES, PlanRule};
pub use statistics::{Counted, STATISTIC_RULES, StatisticRule};

/// A rule as it judges one request's run.
#[derive(Debug, Clone, Copy)]
pub struct LogRule {
    pub meta: &'static Meta,
    look: fn(&Run<'_, '_>, &mut Context<'_>, &'static Meta),
}

/// What the rules share of one request's run.
pub struct Run<'g, 't> {
    trace: &'t Trace,
    groups: &'g Groups<'t>,
    repeats: OnceCell<Vec<Repeat<'g, 't>>>,
}

impl<'g, 't> Run<'g, 't> {
    /// The groups that are an N+1.
    fn repeats(&self, cx: &Context<'_>) -> &[Repeat<'g, 't>] {
        self.repeats.get_or_init(|| n_plus_one::repeats(self.groups.places(), cx))
    }
}

/// Has rules judge one request's run.
pub fn look(rules: &[LogRule], trace: &Trace, cx: &mut Context<'_>) {
    let groups = Groups::new(trace);
    let run = Run { trace, groups: &groups, repeats: OnceCell::new() };
    for rule in rules {
        (rule.look)(&run, cx, rule.meta);
    }
}

/// The rules that judge logs, in the order of their codes.
pub static RULES: &[LogRule] = &[
    LogRule { meta: &loops::fk_in_loop::META, look: n_plus_one::fk_in_loop },
    LogRule { meta: &loops::reverse_in_loop::META, look: n_plus_one::reverse_in_loop },
    LogRule { meta: &loops::query_in_loop::META, look: n_plus_one::query_in_loop },
    LogRule { meta: &aggregation::mergeable_counts::META, look: counts::mergeable_counts },
    LogRule { meta: &over_fetching::whole_row_for_column::META, look: text::wide_rows },
    LogRule { meta: &over_fetching::duplicate_fetch::META, look: duplicates::duplicate_fetch },
    LogRule { meta: &index::index_cannot_serve::META, look: text::index_cannot_serve },
    LogRule { meta: &concurrency::counter_rmw::META, look: lost_update::counter_rmw },
    LogRule { meta: &bulk::create_in_loop::META, look: writes::create_in_loop },
    LogRule { meta: &bulk::save_in_loop::META, look: writes::save_in_loop },
    LogRule { meta: &bulk::uniform_update::META, look: writes::uniform_update },
    LogRule { meta: &bulk::delete_in_loop::META, look: writes::delete_in_loop },
    LogRule { meta: &pagination::unbounded_result::META, look: pages::unbounded_result },
    LogRule { meta: &pagination::slice_after_load::META, look: pages::deep_offset },
    LogRule { meta: &pagination::random_order::META, look: pages::random_order },
    LogRule { meta: &slow_query::META, look: slow_query::slow_query },
];

/// Everything that logs, plans and statistics are judged by, in the order of the codes.
pub fn metas() -> impl Iterator<Item = &'static Meta> + Clone {
    let mut metas: Vec<&'static Meta> = RULES.iter().map(|rule| rule.meta).collect();
    metas.extend(PLAN_RULES.iter().map(|rule| rule.meta));
    metas.extend(STATISTIC_RULES.iter().map(|rule| rule.meta));
    metas.extend([&index::unindexed_filter::META, &index::composite_index::META, &budget_missed::META]);
    metas.push(&concurrency::lock_order::META);
    let number = |meta: &Meta| meta.code.get(2..).and_then(|digits| digits.parse::<u32>().ok());
    metas.sort_by_key(|meta| number(meta));
    metas.dedup_by_key(|meta| meta.code);
    metas.into_iter()
}
