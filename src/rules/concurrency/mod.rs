//! What two requests at once do to each other.

pub mod cache_read_modify_write;
mod counter;
