//! A file's diff applied to the whole file, forward and backward.

use std::fmt;

use super::Source;
use super::diff::{DiffLine, FileDiff, Hunk, LineKind};

/// The first line where the file is not what the diff says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    pub path: String,
    /// 1-based, in the file that the diff was to be applied to.
    pub line: u32,
    pub expected: String,
    /// `None` past the end of the file.
    pub found: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found.as_ref().map_or("the end of the file".to_string(), |found| format!("`{found}`"));
        write!(f, "{}, line {}: the diff expects `{}`, the file has {found}", self.path, self.line, self.expected)
    }
}

impl std::error::Error for Mismatch {}

/// The file after, from the file before.
pub fn apply(base: &Source, file: &FileDiff) -> Result<String, Mismatch> {
    patched(base, file, LineKind::Removed)
}

/// The file before, from the file after.
pub fn unapply(base: &Source, file: &FileDiff) -> Result<String, Mismatch> {
    patched(base, file, LineKind::Added)
}

/// `goes`: the kind of line that the base has and the result has not.
fn patched(base: &Source, file: &FileDiff, goes: LineKind) -> Result<String, Mismatch> {
    let lines: Vec<&str> = base.text().split_inclusive('\n').collect();
    let mut hunks: Vec<&Hunk> = file.hunks.iter().collect();
    hunks.sort_by_key(|hunk| start(hunk, goes));
    let mut out = String::with_capacity(base.text().len());
    let mut at = 0;
    for hunk in hunks {
        let first = start(hunk, goes);
        let before = lines.get(at..first).ok_or_else(|| {
            let expected = hunk.lines.first().map_or(String::new(), |line| line.text.clone());
            let found = lines.get(first).map(|line| line.trim_end_matches(['\r', '\n']).to_string());
            Mismatch { path: base.path.clone(), line: first as u32 + 1, expected, found }
        })?;
        before.iter().for_each(|line| out.push_str(line));
        at = first;
        // A diff that came with its CRs taken away still fits a file of CRLF.
        let adds_cr = base.line_break() == "\r\n" && !hunk.lines.iter().any(|line| line.text.ends_with('\r'));
        for line in &hunk.lines {
            let stays = line.kind == LineKind::Same;
            if stays || line.kind == goes {
                let found = lines.get(at).copied();
                if !found.is_some_and(|found| same(found, line)) {
                    let found = found.map(|found| found.trim_end_matches(['\r', '\n']).to_string());
                    let expected = line.text.clone();
                    return Err(Mismatch { path: base.path.clone(), line: at as u32 + 1, expected, found });
                }
                if stays {
                    out.push_str(found.unwrap_or(""));
                }
                at += 1;
            } else {
                ensure_break(&mut out, base);
                out.push_str(&line.text);
                if !line.no_newline {
                    out.push_str(if adds_cr { "\r\n" } else { "\n" });
                }
            }
        }
    }
    if let Some(rest) = lines.get(at..).filter(|rest| !rest.is_empty()) {
        ensure_break(&mut out, base);
        rest.iter().for_each(|line| out.push_str(line));
    }
    Ok(out)
}

/// The 0-based line of the base that a hunk begins at. Where the hunk has none of its lines, the header names the line
/// before.
fn start(hunk: &Hunk, goes: LineKind) -> usize {
    let (start, count) = match goes {
        LineKind::Removed => (hunk.old_start, hunk.old_lines),
        _ => (hunk.new_start, hunk.new_lines),
    };
    if count == 0 { start as usize } else { (start as usize).saturating_sub(1) }
}

fn same(found: &str, line: &DiffLine) -> bool {
    let found = found.strip_suffix('\n').unwrap_or(found);
    found == line.text
        || found.strip_suffix('\r').unwrap_or(found) == line.text.strip_suffix('\r').unwrap_or(&line.text)
}

/// A line that had no break, and was the last, may now have one after it.
fn ensure_break(out: &mut String, base: &Source) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(base.line_break());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::diff;
    use super::super::edit::{unified, unified_new};
    use super::*;

    fn only_file(patch: &str) -> FileDiff {
        diff::parse(patch).unwrap().files.remove(0)
    }

    #[test]
    fn a_mismatch_names_file_line_and_both_texts() {
        let file = only_file(&unified("a.py", "1\n2\n3\n", "1\nx\n3\n"));
        let error = apply(&Source::new("a.py", "1\nother\n3\n"), &file).unwrap_err();
        assert_eq!(error.to_string(), "a.py, line 2: the diff expects `2`, the file has `other`");
        let error = unapply(&Source::new("a.py", "1\n"), &file).unwrap_err();
        assert_eq!(error.to_string(), "a.py, line 2: the diff expects `x`, the file has the end of the file");
    }

    #[test]
    fn a_diff_without_cr_fits_a_file_with_them() {
        let file = only_file(&unified("a.py", "1\n2\n3\n", "1\nx\n3\n"));
        assert_eq!(apply(&Source::new("a.py", "1\r\n2\r\n3\r\n"), &file).as_deref(), Ok("1\r\nx\r\n3\r\n"));
    }

    fn lines() -> impl Strategy<Value = String> {
        let line = prop_oneof![Just("a"), Just("b"), Just("    c"), Just(""), Just("-- d"), Just("++ e"), Just("ä\r")];
        (prop::collection::vec(line, 0..30), any::<bool>())
            .prop_map(|(lines, end)| lines.join("\n") + if end && !lines.is_empty() { "\n" } else { "" })
    }

    proptest! {
        #[test]
        fn a_diff_read_back_gives_both_sides(before in lines(), after in lines()) {
            prop_assume!(before != after);
            let file = only_file(&unified("app/a b.py", &before, &after));
            prop_assert_eq!(file.path(), "app/a b.py");
            prop_assert_eq!(apply(&Source::new("a", before.clone()), &file), Ok(after.clone()));
            prop_assert_eq!(unapply(&Source::new("a", after), &file), Ok(before));
        }

        #[test]
        fn an_added_file_read_back_is_the_file(after in lines()) {
            let file = only_file(&unified_new("app/new.py", &after));
            prop_assert_eq!(file.status, diff::Status::Added);
            prop_assert_eq!(apply(&Source::new("a", ""), &file), Ok(after));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(@@ -[0-9]{1,3}(,[0-9]{1,2})? \\+1 @@|--- a|\\+\\+\\+ b|diff --git a b|[ +-]x|\n|\\PC){0,60}") {
            if let Ok(patch) = diff::parse(&text) {
                for file in &patch.files {
                    let _ = apply(&Source::new("a", text.as_str()), file);
                }
            }
        }
    }
}
