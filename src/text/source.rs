//! One file's text with its line index.

use crate::model::{Place, Span};

/// A file of the input: its path as given (`/`-separated), its text, and where its lines start.
/// A line ends at LF, CRLF or a lone CR; offsets are bytes of the text as it came.
#[derive(Debug, Clone)]
pub struct Source {
    pub path: String,
    text: String,
    line_starts: Vec<u32>,
}

impl Source {
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let mut line_starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                line_starts.push(at as u32 + 1);
            }
        }
        Self { path: path.into(), text, line_starts }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span is not of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// How many lines there are; a final line break does not start another.
    pub fn line_count(&self) -> u32 {
        let starts = self.line_starts.len() as u32;
        if starts > 1 && self.line_starts.last() == Some(&(self.text.len() as u32)) { starts - 1 } else { starts }
    }

    /// 1-based line of a byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|start| *start <= offset) as u32
    }

    /// Byte offset where a 1-based line starts; the end of the text for a line past the last.
    pub fn line_start(&self, line: u32) -> u32 {
        let at = (line.max(1) - 1) as usize;
        self.line_starts.get(at).copied().unwrap_or(self.text.len() as u32)
    }

    /// The span of a 1-based line with its line break.
    pub fn line_span(&self, line: u32) -> Span {
        Span { start: self.line_start(line), end: self.line_start(line + 1) }
    }

    /// The text of a 1-based line without its line break.
    pub fn line_text(&self, line: u32) -> &str {
        self.slice(self.line_span(line)).trim_end_matches(['\n', '\r'])
    }

    /// 1-based line and 1-based column in code points.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let before = Span { start: self.line_start(line), end: offset };
        (line, self.slice(before).chars().count() as u32 + 1)
    }

    /// Byte offset of a 1-based line and code-point column; clamped to the line.
    pub fn offset(&self, line: u32, column: u32) -> u32 {
        let text = self.line_text(line);
        let within = text.char_indices().nth(column.max(1) as usize - 1).map_or(text.len(), |(at, _)| at);
        self.line_start(line) + within as u32
    }

    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.line_column(span.start);
        let (end_line, end_column) = self.line_column(span.end);
        Place { path: self.path.clone(), line, column, end_line, end_column }
    }

    /// The part of a span that lies on a 1-based line, in UTF-16 units of the line's text: what a page counts in.
    /// `None` where the span does not touch the line's text.
    pub fn utf16(&self, line: u32, span: Span) -> Option<(u32, u32)> {
        let (line_start, text) = (self.line_start(line), self.line_text(line));
        let line_end = line_start + text.len() as u32;
        if span.start > line_end || span.end < line_start {
            return None;
        }
        let units = |offset: u32| {
            let within = offset.clamp(line_start, line_end) - line_start;
            text.get(..within as usize).map(|before| before.encode_utf16().count() as u32)
        };
        Some((units(span.start)?, units(span.end)?))
    }

    /// Byte offset of a 1-based line and an offset in UTF-16 units of its text; clamped to the line.
    pub fn offset_of_utf16(&self, line: u32, units: u32) -> u32 {
        let text = self.line_text(line);
        let mut before = 0;
        let within = text.char_indices().find(|(_, c)| {
            let here = before;
            before += c.len_utf16() as u32;
            here >= units
        });
        self.line_start(line) + within.map_or(text.len(), |(at, _)| at) as u32
    }

    /// The white space at the start of the line that holds `offset`.
    pub fn indent(&self, offset: u32) -> &str {
        let line = self.line_text(self.line(offset));
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// The line break that this file uses (that of its first line; LF where there is none).
    pub fn line_break(&self) -> &'static str {
        match self.text.find(['\n', '\r']) {
            Some(at) if self.text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if self.text[at..].starts_with('\r') => "\r",
            _ => "\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let source = Source::new("a.py", "one\r\ntwö x\rthree\nfour\n");
        assert_eq!(source.line_count(), 4);
        assert_eq!(source.line_text(2), "twö x");
        let x = source.text().find('x').unwrap() as u32;
        assert_eq!(source.line_column(x), (2, 5));
        assert_eq!(source.offset(2, 5), x);
        assert_eq!(source.line_break(), "\r\n");
    }

    #[test]
    fn a_page_counts_in_utf16() {
        let source = Source::new("a.py", "one\nä😀x = 1\r\nend");
        let at = source.text().find('x').unwrap() as u32;
        assert_eq!(source.utf16(2, Span { start: at, end: at + 1 }), Some((3, 4)));
        assert_eq!(source.utf16(2, Span { start: 0, end: 99 }), Some((0, 8)));
        assert_eq!(source.utf16(1, Span { start: at, end: at + 1 }), None);
        assert_eq!(source.offset_of_utf16(2, 3), at);
        assert_eq!(source.offset_of_utf16(2, 99), source.text().find('\r').unwrap() as u32);
    }

    #[test]
    fn an_empty_file_has_one_line() {
        let source = Source::new("a.py", "");
        assert_eq!(source.line_count(), 1);
        assert_eq!(source.place(Span::at(0)).line, 1);
        assert_eq!(source.offset(9, 9), 0);
    }
}
