//! Text with positions: lines and columns, edits, unified diffs, and the sparse files that a diff gives.

mod source;

pub use source::Source;
