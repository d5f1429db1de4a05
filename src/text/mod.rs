//! Text with positions: lines and columns, edits, unified diffs, and the sparse files that a diff gives.

pub mod apply;
pub mod diff;
pub mod edit;
mod source;
pub mod sparse;

pub use source::Source;
