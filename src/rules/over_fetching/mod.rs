//! Rows and columns that are fetched for nothing, or twice.

pub mod duplicate_fetch;
pub mod existence_test;
pub mod materialised_id_list;
pub mod only_conflicts;
pub mod test_then_evaluate;
pub mod whole_row_for_column;
