//! Lookups that no index serves.

pub mod composite_index;
mod cure;
pub mod unindexed_filter;
mod usage;
