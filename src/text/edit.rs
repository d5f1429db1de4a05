//! Edits to a text, and the unified diff between two texts.

use std::fmt;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

use crate::model::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditError {
    /// Two edits change the same text.
    Overlap(Span, Span),
    /// The span is not one of the text's.
    Outside(Span),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::Overlap(a, b) => {
                write!(f, "edits of bytes {}..{} and {}..{} overlap", a.start, a.end, b.start, b.end)
            }
            EditError::Outside(span) => {
                write!(f, "an edit of bytes {}..{} is outside of the text", span.start, span.end)
            }
        }
    }
}

impl std::error::Error for EditError {}

/// The text with each span replaced. Insertions at one place keep the order they come in, and stand before what
/// replaces the text from there on.
pub fn apply_edits(text: &str, edits: &[(Span, String)]) -> Result<String, EditError> {
    let mut sorted: Vec<&(Span, String)> = edits.iter().collect();
    sorted.sort_by_key(|(span, _)| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut last = Span::at(0);
    for (span, new) in sorted {
        if span.start < last.end {
            return Err(EditError::Overlap(last, *span));
        }
        let between = text.get(last.end as usize..span.start as usize).filter(|_| text.get(span.range()).is_some());
        out.push_str(between.ok_or(EditError::Outside(*span))?);
        out.push_str(new);
        last = *span;
    }
    out.push_str(text.get(last.end as usize..).ok_or(EditError::Outside(last))?);
    Ok(out)
}

/// What `git apply` turns `before` into `after` with; empty where they are the same.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let (old, new) = (quoted("a/", path), quoted("b/", path));
    format!("diff --git {old} {new}\n--- {}\n+++ {}\n{}", marked(&old), marked(&new), hunks(before, after))
}

/// The diff that adds a file.
pub fn unified_new(path: &str, text: &str) -> String {
    let (old, new) = (quoted("a/", path), quoted("b/", path));
    let header = format!("diff --git {old} {new}\nnew file mode 100644\n");
    if text.is_empty() {
        return header;
    }
    format!("{header}--- /dev/null\n+++ {}\n{}", marked(&new), hunks("", text))
}

/// Unchanged lines around a change.
const CONTEXT: u32 = 3;

fn hunks(before: &str, after: &str) -> String {
    // git's lines end at LF only: a CR is a part of its line.
    let lines = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Myers, &lines);
    diff.postprocess_no_heuristic(&lines);
    let changes: Vec<Hunk> = diff.hunks().collect();
    let mut out = String::new();
    // Changes share a hunk where their contexts touch.
    for near in changes.chunk_by(|one, next| next.before.start - one.before.end <= 2 * CONTEXT) {
        let (Some(first), Some(last)) = (near.first(), near.last()) else { continue };
        let lead = first.before.start.min(CONTEXT);
        let tail = (lines.before.len() as u32 - last.before.end).min(CONTEXT);
        let old = range(first.before.start - lead, last.before.end + tail);
        let new = range(first.after.start - lead, last.after.end + tail);
        out.push_str(&format!("@@ -{old} +{new} @@\n"));
        let mut write = |mark: char, tokens: &[Token], range: Range<u32>| {
            for token in tokens.get(range.start as usize..range.end as usize).unwrap_or_default() {
                let line = lines.interner[*token];
                out.push(mark);
                out.push_str(line);
                if !line.ends_with('\n') {
                    out.push_str("\n\\ No newline at end of file\n");
                }
            }
        };
        let mut at = first.before.start - lead;
        for change in near {
            write(' ', &lines.before, at..change.before.start);
            write('-', &lines.before, change.before.clone());
            write('+', &lines.after, change.after.clone());
            at = change.before.end;
        }
        write(' ', &lines.before, at..at + tail);
    }
    out
}

/// A hunk's range, from 0-based half-open lines. An empty one names the line before it.
fn range(start: u32, end: u32) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

/// A path as git writes it: quoted where it holds a quote, a backslash or a control character.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.contains(|c: char| c == '"' || c == '\\' || c.is_control()) {
        return format!("{prefix}{path}");
    }
    let mut out = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A tab ends a name that has blanks.
fn marked(name: &str) -> String {
    if name.contains(' ') && !name.starts_with('"') { format!("{name}\t") } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_the_order_of_the_text() {
        let edit = |start, end, new: &str| (Span { start, end }, new.to_string());
        let edits = [edit(4, 4, "b"), edit(0, 1, "A"), edit(4, 4, "c"), edit(4, 6, "XY"), edit(6, 6, "!")];
        assert_eq!(apply_edits("0123456", &edits).as_deref(), Ok("A123bcXY!6"));
        let overlap = [edit(0, 3, ""), edit(2, 4, "")];
        assert_eq!(apply_edits("01234", &overlap), Err(EditError::Overlap(Span::new(0, 3), Span::new(2, 4))));
        assert_eq!(apply_edits("ä", &[edit(1, 2, "")]), Err(EditError::Outside(Span::new(1, 2))));
        assert_eq!(apply_edits("a", &[edit(0, 9, "")]), Err(EditError::Outside(Span::new(0, 9))));
    }

    #[test]
    fn a_diff_is_as_git_writes_it() {
        assert_eq!(
            unified("a b.py", "1\r\n2\n", "1\r\n3"),
            "diff --git a/a b.py b/a b.py\n--- a/a b.py\t\n+++ b/a b.py\t\n@@ -1,2 +1,2 @@\n 1\r\n-2\n+3\n\
             \\ No newline at end of file\n"
        );
        assert_eq!(unified("a.py", "", "x\n").split_once("@@").map(|cut| cut.1), Some(" -0,0 +1 @@\n+x\n"));
        assert_eq!(unified("a.py", "x\n", "x\n"), "");
        assert_eq!(
            unified_new("q\"\n.py", ""),
            "diff --git \"a/q\\\"\\n.py\" \"b/q\\\"\\n.py\"\nnew file mode 100644\n"
        );
    }
}
