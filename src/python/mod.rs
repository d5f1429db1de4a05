//! Python text → the IR. The only room that names tree-sitter's node kinds for Python.

pub mod ir;
