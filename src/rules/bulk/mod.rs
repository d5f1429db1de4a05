//! Rows written one by one, and calls that write many.

pub mod bulk_misuse;
mod collect;
pub mod create_in_loop;
pub mod delete_in_loop;
pub mod save_in_loop;
mod turns;
pub mod uniform_update;
pub mod upsert_in_loop;
