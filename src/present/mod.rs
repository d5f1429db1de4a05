//! The rows of the code view: what stands in each line of a reviewed file, and beside it.
//!
//! Made a window at a time, for a reviewed tree may have a million lines and a screen shows fifty.

mod layout;
mod marks;
mod rows;

pub use rows::Presented;

#[cfg(test)]
mod tests;
