//! Lookups that no index serves, and indexes that serve nothing.

mod asked;
pub mod composite_index;
mod conditions;
mod cure;
pub mod gfk_index;
pub mod index_cannot_serve;
mod rare;
pub mod redundant_index;
pub mod unindexed_filter;
pub mod unindexed_ordering;
mod usage;
