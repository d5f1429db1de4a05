//! Queries that are sent once per turn of a loop.

pub mod count_per_row;
pub mod defeated_prefetch;
pub mod deferred_column_in_loop;
pub(super) mod eager;
pub mod fk_in_loop;
pub mod fk_object_only_for_pk;
pub mod helper_query_in_loop;
pub mod iterator_drops_prefetch;
pub mod loop_invariant_query;
pub mod query_in_loop;
pub mod render_n_plus_one;
pub mod reverse_in_loop;
pub mod reverse_o2o_or_gfk_in_loop;
pub mod wrong_eager;

pub(in crate::rules) use reverse_in_loop::is_plain_read;
