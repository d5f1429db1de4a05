//! Rows written one by one, and calls that write many.

pub mod bulk_misuse;
