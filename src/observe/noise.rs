//! Statements that the observing tools send themselves.

use memchr::memchr_iter;

/// Tables of the tools that record queries in the database that they watch: the last letter before the first `_`, which
/// is rare in SQL, what stands before it and behind it.
const TOOL_TABLES: [(u8, &[u8], &[u8]); 2] = [(b'k', b"sil", b"_"), (b'g', b"debu", b"_toolbar_")];

/// Whether a statement reads or writes a table of a tool: its name stands at the start of a word. Asked of every
/// statement.
pub(super) fn is_tool(sql: &str) -> bool {
    let sql = sql.as_bytes();
    TOOL_TABLES.iter().any(|(letter, before, after)| {
        memchr_iter(*letter, sql).any(|at| {
            let (head, tail) = (sql.get(..at).unwrap_or_default(), sql.get(at + 1..).unwrap_or_default());
            let start = head.strip_suffix(*before).and_then(<[u8]>::last);
            tail.starts_with(after) && start.is_some_and(|start| b"\"` .\n".contains(start))
        })
    })
}

/// The note for statements that were left out.
pub(super) fn note(left_out: u64) -> Option<String> {
    let what = if left_out == 1 { "statement" } else { "statements" };
    (left_out > 0).then(|| format!("{left_out} {what} of the recording tool itself left out"))
}
