//! What two requests at once do to each other.

pub mod cache_read_modify_write;
pub mod check_then_create;
mod counter;
pub mod counter_rmw;
mod get_or_create;
mod grave;
mod in_database;
pub mod integrityerror_in_atomic;
pub mod late_binding_callback;
mod later;
pub mod lock_absent_row;
pub mod lock_outside_atomic;
pub mod lock_over_join;
pub(super) mod rows;
mod runs;
mod savepoint;
pub mod task_before_commit;
