//! Queries that are sent once per turn of a loop.

mod eager;
pub mod fk_in_loop;
pub mod query_in_loop;
pub mod render_n_plus_one;
pub mod reverse_in_loop;
