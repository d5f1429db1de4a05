//! One file, ready to be shown window by window.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Layout, Place};
use super::marks::{Marks, brackets, destinations};
use crate::model::{CodeLine, Measured, Report, Span, TokenClass};
use crate::protocol::{FileView, Row, RowKind, Token};
use crate::python;
use crate::review::{CodeReview, ReviewedFile};
use crate::text::Source;

/// Code points of a line that are shown: a browser chokes on a line of a megabyte, and nobody reads it.
const LINE_LIMIT: usize = 2_000;

pub struct Presented {
    file: ReviewedFile,
    layout: Layout,
    marks: Marks,
    /// By line: what logs measured of what it sends.
    seen: BTreeMap<u32, Measured>,
    /// Of the whole text, made when the first window is asked for.
    tokens: OnceCell<Vec<(Span, TokenClass)>>,
}

impl Presented {
    /// The files of a review with what the page's list says of them; the report is left.
    pub fn all(review: CodeReview) -> (Report, Vec<FileView>, Vec<Presented>) {
        let CodeReview { report, files, .. } = review;
        let mut presented: Vec<Presented> = files
            .into_iter()
            .map(|file| {
                let (layout, marks) = (Layout::new(&file), Marks::default());
                Presented { layout, file, marks, seen: BTreeMap::new(), tokens: OnceCell::new() }
            })
            .collect();
        let views = Self::tell(&mut presented, &report, BTreeMap::new());
        (report, views, presented)
    }

    /// Puts a report's findings beside the lines, and what was measured of each line.
    pub fn tell(files: &mut [Presented], report: &Report, measured: BTreeMap<CodeLine, Measured>) -> Vec<FileView> {
        let mut destinations = destinations(report);
        let mut findings: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, finding) in report.findings.iter().enumerate() {
            if let Some(path) = &finding.path {
                findings.entry(path).or_default().push(at);
            }
        }
        let mut seen: BTreeMap<String, BTreeMap<u32, Measured>> = BTreeMap::new();
        for (CodeLine { path, line }, measured) in measured {
            seen.entry(path).or_default().insert(line, measured);
        }
        let one = |one: &mut Presented| {
            let path = one.file.path.as_str();
            let mut lines = destinations.remove(path).unwrap_or_default();
            lines.extend(one.file.queries.iter().map(|(line, _)| *line));
            one.seen = seen.remove(path).unwrap_or_default();
            one.file.findings = findings.remove(path).unwrap_or_default();
            one.marks = Marks::new(&one.file, report);
            one.view(&lines)
        };
        files.iter_mut().map(one).collect()
    }

    fn view(&self, lines: &BTreeSet<u32>) -> FileView {
        let row = |line: &u32| Some((*line, self.layout.row_of(*line)?));
        FileView {
            path: self.file.path.clone(),
            rows: self.layout.rows().len() as u32,
            runs: self.runs(),
            added: self.file.added.len() as u32,
            removed: self.file.removed.len() as u32,
            findings: self.file.findings.iter().map(|index| *index as u32).collect(),
            row_of_line: lines.iter().filter_map(row).collect(),
            context: self.file.context,
        }
    }

    fn runs(&self) -> Vec<(RowKind, u32)> {
        let mut runs: Vec<(RowKind, u32)> = Vec::new();
        for place in self.layout.rows() {
            let kind = match place {
                Place::Line(line) if self.file.added.contains(line) => RowKind::Added,
                Place::Line(_) => RowKind::Same,
                Place::Removed(_) => RowKind::Removed,
                Place::Gap { .. } => RowKind::Gap,
            };
            match runs.last_mut().filter(|(last, _)| *last == kind) {
                Some((_, count)) => *count += 1,
                None => runs.push((kind, 1)),
            }
        }
        runs
    }

    pub fn path(&self) -> &str {
        &self.file.path
    }

    /// The text after the change.
    pub fn source(&self) -> &Source {
        &self.file.source
    }

    /// Lines that the input has; `None` where it has them all.
    pub fn known(&self) -> Option<&BTreeSet<u32>> {
        self.file.known.as_ref()
    }

    /// Whether the input says what changed in this file.
    pub fn is_changed(&self) -> bool {
        !self.file.added.is_empty() || !self.file.removed.is_empty()
    }

    pub fn is_added(&self, line: u32) -> bool {
        self.file.added.contains(&line)
    }

    /// Rows `from..to`, as far as there are any.
    pub fn rows(&self, from: u32, to: u32) -> Vec<Row> {
        let rows = self.layout.rows();
        let (from, to) = (from as usize, (to as usize).min(rows.len()));
        rows.get(from..to).unwrap_or_default().iter().map(|place| self.row(*place)).collect()
    }

    fn row(&self, place: Place) -> Row {
        match place {
            Place::Line(line) => self.line(line),
            Place::Removed(index) => self.removed(index as usize),
            Place::Gap { first, count } => Row {
                kind: RowKind::Gap,
                old: self.old_line(first),
                new: Some(first),
                loops: brackets(&self.file.loops, first, first + count - 1, false),
                count,
                ..Row::default()
            },
        }
    }

    fn line(&self, line: u32) -> Row {
        let file = &self.file;
        let added = file.added.contains(&line);
        let shown = shown(file.source.line_text(line));
        let start = file.source.line_start(line);
        let span = Span { start, end: start + shown.len() as u32 };
        let tokens = self.tokens.get_or_init(|| match is_python(&file.path) {
            true => python::highlight(file.source.text()),
            false => Vec::new(),
        });
        let first = tokens.partition_point(|(token, _)| token.end <= span.start);
        let inside = tokens.get(first..).unwrap_or_default().iter().take_while(|(token, _)| token.start < span.end);
        let within = inside.map(|(token, class)| {
            let clipped = Span { start: token.start.max(span.start), end: token.end.min(span.end) };
            (Span { start: clipped.start - start, end: clipped.end - start }, *class)
        });
        Row {
            kind: if added { RowKind::Added } else { RowKind::Same },
            old: if added { None } else { self.old_line(line) },
            new: Some(line),
            tokens: utf16(shown, within),
            text: shown.to_owned(),
            trips: file.trips.get(&line).cloned(),
            seen: self.seen.get(&line).copied(),
            function_trips: file.functions.get(&line).cloned(),
            loops: brackets(&file.loops, line, line, true),
            findings: self.marks.findings(line),
            queries: self.marks.queries(line),
            count: 1,
        }
    }

    fn removed(&self, index: usize) -> Row {
        let Some(removed) = self.file.removed.get(index) else { return Row::default() };
        let text = shown(&removed.text);
        // On its own: the text before the change is not kept whole.
        let tokens = if is_python(&self.file.path) { python::highlight(text) } else { Vec::new() };
        Row {
            kind: RowKind::Removed,
            old: Some(removed.old_line),
            tokens: utf16(text, tokens.into_iter()),
            text: text.to_owned(),
            loops: brackets(&self.file.loops, removed.before, removed.before, false),
            count: 1,
            ..Row::default()
        }
    }

    /// The number that an unchanged line had before the change; none where nothing is changed.
    fn old_line(&self, line: u32) -> Option<u32> {
        let file = &self.file;
        if !self.is_changed() {
            return None;
        }
        let removed = file.removed.partition_point(|removed| removed.before <= line) as u32;
        let added = file.added.range(..line).count() as u32;
        (line + removed).checked_sub(added)
    }
}

fn is_python(path: &str) -> bool {
    [".py", ".pyi"].iter().any(|ending| path.ends_with(ending))
}

/// A line as far as it is shown.
fn shown(line: &str) -> &str {
    line.char_indices().nth(LINE_LIMIT).and_then(|(end, _)| line.get(..end)).unwrap_or(line)
}

/// Spans in bytes of `text`, in order and disjoint, as offsets in UTF-16 code units.
fn utf16(text: &str, tokens: impl Iterator<Item = (Span, TokenClass)>) -> Vec<Token> {
    let units = |from: u32, to: u32| {
        let part = text.get(from as usize..to as usize).unwrap_or_default();
        part.chars().map(|c| c.len_utf16() as u32).sum::<u32>()
    };
    let (mut byte, mut unit) = (0, 0);
    tokens
        .map(|(span, class)| {
            let start = unit + units(byte, span.start);
            let length = units(span.start, span.end);
            (byte, unit) = (span.end, start + length);
            Token { start, length, class }
        })
        .collect()
}
