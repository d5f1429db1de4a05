//! Edits of files, applied to a copy of their text or told to a report.

use std::collections::BTreeMap;

use crate::model::{Edit, FileId, Site, Span};
use crate::text::Source;

/// A replacement in a file of the input, or a new file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileEdit {
    Replace { site: Site, text: String },
    Create { path: String, text: String },
}

impl FileEdit {
    /// Puts `text` where `at` ends.
    pub fn insert(at: Site, text: impl Into<String>) -> Self {
        FileEdit::Replace { site: Site::new(at.file, Span::at(at.span.end)), text: text.into() }
    }

    pub fn replace(site: Site, text: impl Into<String>) -> Self {
        FileEdit::Replace { site, text: text.into() }
    }
}

/// What edits make of the input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rewritten {
    pub changed: BTreeMap<FileId, String>,
    pub created: Vec<(String, String)>,
}

/// The texts after the edits; `None` where two of them overlap or one does not fit its file.
/// Insertions at one place stand in the order of the list; equal edits count once.
pub fn apply<'a>(edits: &[FileEdit], source: impl Fn(FileId) -> Option<&'a Source>) -> Option<Rewritten> {
    let mut out = Rewritten::default();
    let mut by_file: BTreeMap<FileId, Vec<(Span, &str)>> = BTreeMap::new();
    for edit in edits {
        match edit {
            FileEdit::Replace { site, text } => {
                let list = by_file.entry(site.file).or_default();
                if !list.contains(&(site.span, text)) {
                    list.push((site.span, text));
                }
            }
            FileEdit::Create { path, text } => out.created.push((path.clone(), text.clone())),
        }
    }
    for (file, mut list) in by_file {
        let text = source(file)?.text();
        list.sort_by_key(|(span, _)| (span.start, span.end));
        let mut new = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for (span, replacement) in list {
            let range = span.range();
            if range.start < done || range.end < range.start {
                return None;
            }
            new.push_str(text.get(done..range.start)?);
            new.push_str(replacement);
            done = range.end;
        }
        new.push_str(text.get(done..)?);
        out.changed.insert(file, new);
    }
    Some(out)
}

/// The edits with lines and columns, in the order of their places; equal ones once.
pub fn to_report<'a>(edits: &[FileEdit], source: impl Fn(FileId) -> Option<&'a Source>) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    for edit in edits {
        let told = match edit {
            FileEdit::Replace { site, text } => {
                let Some(source) = source(site.file) else { continue };
                let place = source.place(site.span);
                Edit {
                    path: place.path,
                    start_line: place.line,
                    start_column: place.column,
                    end_line: place.end_line,
                    end_column: place.end_column,
                    text: text.clone(),
                }
            }
            FileEdit::Create { path, text } => Edit {
                path: path.clone(),
                start_line: 1,
                start_column: 1,
                end_line: 1,
                end_column: 1,
                text: text.clone(),
            },
        };
        if !out.contains(&told) {
            out.push(told);
        }
    }
    // Stable: insertions at one place keep their order.
    out.sort_by(|a, b| (&a.path, a.start_line, a.start_column).cmp(&(&b.path, b.start_line, b.start_column)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn edit(start: usize, end: usize, text: &str) -> FileEdit {
        FileEdit::replace(Site::new(FILE, Span::new(start, end)), text)
    }

    #[test]
    fn edits_apply_in_the_order_of_their_places_and_equal_ones_once() {
        let source = Source::new("a.py", "abcdef");
        let edits = [edit(4, 6, "Z"), edit(1, 1, "+"), edit(1, 1, "+"), edit(1, 2, "B")];
        let done = apply(&edits, |_| Some(&source)).unwrap();
        assert_eq!(done.changed[&FILE], "a+BcdZ");
        assert_eq!(to_report(&edits, |_| Some(&source)).len(), 3);
    }

    #[test]
    fn overlapping_edits_and_edits_beyond_the_file_are_refused() {
        let source = Source::new("a.py", "abcdef");
        assert_eq!(apply(&[edit(0, 3, "x"), edit(2, 4, "y")], |_| Some(&source)), None);
        assert_eq!(apply(&[edit(5, 9, "x")], |_| Some(&source)), None);
    }
}
