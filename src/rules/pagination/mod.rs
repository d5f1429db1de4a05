//! How many rows are asked for, and which.

pub mod random_order;
pub mod slice_after_load;
pub mod unbounded_result;
pub mod unordered_pagination;
