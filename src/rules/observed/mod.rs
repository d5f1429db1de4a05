//! What the trace of a log shows: statements that repeat, and why. A rule's file calls its function here for traces of
//! [`Origin::Log`](crate::trace::Origin); it does nothing for others.

mod counts;
mod duplicates;
mod groups;
mod n_plus_one;
mod names;
mod parent;

#[cfg(test)]
mod tests;

pub use counts::mergeable_counts;
pub use duplicates::duplicate_fetch;
pub use n_plus_one::{fk_in_loop, query_in_loop, reverse_in_loop};
