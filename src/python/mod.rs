//! Python text → the IR. The only room that names tree-sitter's node kinds for Python.

mod aliases;
mod definitions;
mod expressions;
mod grammar;
mod highlight;
mod imports;
pub mod ir;
mod literals;
mod lower;
mod operators;
mod parser;
mod patterns;
#[cfg(test)]
mod show;
mod statements;
#[cfg(test)]
mod tests;
pub mod walk;

pub use parser::{MAX_BYTES, ParseLimit, Parsed, Parser, highlight, parse};
