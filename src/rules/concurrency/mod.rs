//! What two requests at once do to each other.

pub mod cache_read_modify_write;
pub mod check_then_create;
mod compare_and_swap;
mod counted_columns;
mod counter;
pub mod counter_rmw;
pub mod full_save_overwrite;
mod get_or_create;
mod grave;
mod in_database;
pub mod integrityerror_in_atomic;
pub mod late_binding_callback;
mod later;
pub mod lock_absent_row;
pub mod lock_order;
pub mod lock_outside_atomic;
pub mod lock_over_join;
mod lock_set;
mod locked_first;
pub(super) mod rows;
mod runs;
mod savepoint;
pub mod shared_mutable_state;
pub mod sync_orm_in_async;
pub mod task_before_commit;
pub mod unlocked_state_change;
