//! Counts and sums.

pub mod aggregate_none;
pub mod aggregate_over_joins;
pub mod duplicate_period;
pub mod group_in_loop;
mod merge;
pub mod mergeable_counts;
pub mod python_aggregate;
mod subquery;
