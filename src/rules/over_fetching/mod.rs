//! Rows and columns that are fetched for nothing, or twice.

pub mod duplicate_fetch;
