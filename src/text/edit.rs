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
/// Lines around all changes among which a change may be moved to stand where git would put it.
const KEPT: usize = 20;
/// In bytes.
const PIECE: usize = 256;

fn hunks(before: &str, after: &str) -> String {
    let (skipped, before, after) = around_changes(before, after);
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
        let old = range(skipped + first.before.start - lead, skipped + last.before.end + tail);
        let new = range(skipped + first.after.start - lead, skipped + last.after.end + tail);
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

/// Both texts without the lines that they begin and end with alike, save some around the changes; and the number of
/// lines left out before them. What a rewrite costs then does not grow with its file.
fn around_changes<'t>(before: &'t str, after: &'t str) -> (u32, &'t str, &'t str) {
    let (old, new) = (before.as_bytes(), after.as_bytes());
    // By pieces first: those are compared many bytes at a time.
    let equal = |(one, other): &(&[u8], &[u8])| one == other;
    let pieces = old.chunks_exact(PIECE).zip(new.chunks_exact(PIECE)).take_while(equal).count();
    let rest = old.iter().zip(new).skip(pieces * PIECE);
    let start = pieces * PIECE + rest.take_while(|(one, other)| one == other).count();
    let (tail, other_tail) = (&old[start..], &new[start..]);
    let pieces = tail.rchunks_exact(PIECE).zip(other_tail.rchunks_exact(PIECE)).take_while(equal).count();
    let rest = tail.iter().rev().zip(other_tail.iter().rev()).skip(pieces * PIECE);
    let end = old.len() - pieces * PIECE - rest.take_while(|(one, other)| one == other).count();
    let from = memchr::memrchr_iter(b'\n', &old[..start]).nth(KEPT).map_or(0, |line_end| line_end + 1);
    // The first of the lines behind may be alike at its end alone.
    let left_out = memchr::memchr_iter(b'\n', &old[end..]).nth(KEPT).map_or(0, |at| old.len() - end - at - 1);
    let skipped = memchr::memchr_iter(b'\n', &old[..from]).count() as u32;
    match (before.get(from..before.len() - left_out), after.get(from..after.len() - left_out)) {
        (Some(before), Some(after)) => (skipped, before, after),
        _ => (0, before, after),
    }
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
    fn a_change_is_the_same_in_a_long_text() {
        let text = |lines: usize| (0..lines).map(|line| format!("line {line}\n")).collect::<String>();
        let cut = |before: &str, after: &str| hunks(before, after).split_once(" @@").map(|cut| cut.0.to_owned());
        let long = text(2_000);
        for line in [0usize, 19, 20, 700, 1_980, 1_999] {
            let changed = long.replace(&format!("line {line}\n"), "ä\n");
            let (from, to) = (line.saturating_sub(3), (line + 3).min(1_999));
            let whole = format!("@@ -{0},{1} +{0},{1}", from + 1, to - from + 1);
            assert_eq!(cut(&long, &changed), Some(whole), "{line}");
            assert_eq!(
                hunks(&long, &changed).split_inclusive('\n').filter(|line| line.starts_with(['-', '+'])).count(),
                2
            );
        }
        // One more of many that are alike stands behind them, as git puts it.
        let alike = "x\n".repeat(15);
        let grown = long.replace("line 900\n", &alike);
        let more = long.replace("line 900\n", &format!("{alike}x\n"));
        assert_eq!(cut(&grown, &more).as_deref(), Some("@@ -913,6 +913,7"));
        assert_eq!(cut(&long, &text(2_001)).as_deref(), Some("@@ -1998,3 +1998,4"));
        assert_eq!(cut(&long, &text(1_999)).as_deref(), Some("@@ -1997,4 +1997,3"));
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
