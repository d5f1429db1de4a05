//! Counts and sums.

mod merge;
pub mod mergeable_counts;
