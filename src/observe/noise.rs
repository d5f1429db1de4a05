//! Statements that the observing tools send themselves.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Tables of the tools that record queries in the database that they watch. Every statement is asked for them.
static TOOL_TABLES: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["debug_toolbar_", "silk_"].map(Finder::new));

/// Whether a statement reads or writes a table of a tool: its name stands at the start of a word.
pub(super) fn is_tool(sql: &str) -> bool {
    TOOL_TABLES.iter().any(|table| {
        table.find_iter(sql.as_bytes()).any(|at| {
            let before = at.checked_sub(1).and_then(|before| sql.as_bytes().get(before));
            before.is_some_and(|before| matches!(before, b'"' | b'`' | b' ' | b'.' | b'\n'))
        })
    })
}

/// The note for statements that were left out.
pub(super) fn note(left_out: u64) -> Option<String> {
    let what = if left_out == 1 { "statement" } else { "statements" };
    (left_out > 0).then(|| format!("{left_out} {what} of the recording tool itself left out"))
}
