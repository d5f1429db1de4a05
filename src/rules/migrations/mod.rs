//! What a migration does to a table that is in use.

pub mod blocking_index;
pub mod change_during_deploy;
mod tables;
pub mod unbatched_run_python;
