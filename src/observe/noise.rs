//! Statements that the observing tools send themselves.

/// Tables of the tools that record queries in the database that they watch.
const TOOL_TABLES: &[&str] = &["debug_toolbar_", "silk_"];

/// Whether a statement reads or writes a table of a tool: its name stands at the start of a word.
pub(super) fn is_tool(sql: &str) -> bool {
    TOOL_TABLES.iter().any(|table| {
        memchr::memmem::find_iter(sql.as_bytes(), table).any(|at| {
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
