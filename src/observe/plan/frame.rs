//! The frame that psql draws around a plan: aligned, with borders, Unicode, unaligned, CSV, or a record a line.

use std::borrow::Cow;

/// What a line is under the frame.
#[derive(Debug, PartialEq)]
pub(super) enum Framed<'a> {
    /// `QUERY PLAN`, or the first record of an expanded display: a plan starts.
    Heading,
    /// Lines of the frame.
    Rule,
    /// `(5 rows)`, or a line that is none of the frame that was open.
    End,
    Text(Cow<'a, str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Style {
    /// Outside of any frame.
    #[default]
    None,
    /// Under a heading, as it is in `unaligned` and CSV; a cell in quotes goes on over lines.
    Plain { quoted: bool },
    /// A blank before each line, and a mark behind each that goes on.
    Aligned,
    /// Bars at both ends.
    Boxed,
    /// `QUERY PLAN | …`
    Expanded,
}

#[derive(Default)]
pub(super) struct Frame {
    style: Style,
}

const TITLE: &str = "QUERY PLAN";

impl Frame {
    pub fn is_open(&self) -> bool {
        self.style != Style::None
    }

    pub fn strip<'a>(&mut self, line: &'a str) -> Framed<'a> {
        let text = line.trim();
        if let Some(first) = record(text) {
            self.style = Style::Expanded;
            return if first { Framed::Heading } else { Framed::Rule };
        }
        let bare = text.trim_matches(['|', '│', ' ', '"']);
        if bare == TITLE {
            self.style = if text.starts_with(['|', '│']) { Style::Boxed } else { Style::Plain { quoted: false } };
            return Framed::Heading;
        }
        if is_rule(text) {
            if matches!(self.style, Style::Plain { .. }) {
                self.style = Style::Aligned;
            }
            return Framed::Rule;
        }
        if is_count(text) {
            self.style = Style::None;
            return Framed::End;
        }
        match &mut self.style {
            Style::None => Framed::Text(line.into()),
            Style::Plain { quoted } => Framed::Text(plain(line, quoted)),
            Style::Aligned => Framed::Text(continued(line.strip_prefix(' ').unwrap_or(line)).into()),
            Style::Boxed => match inside(text) {
                Some(cell) => Framed::Text(continued(cell).into()),
                None => self.end(),
            },
            Style::Expanded => match text.split_once(['|', '│']) {
                Some((name, cell)) if matches!(name.trim(), TITLE | "") => {
                    Framed::Text(continued(cell.strip_prefix(' ').unwrap_or(cell)).into())
                }
                _ => self.end(),
            },
        }
    }

    fn end(&mut self) -> Framed<'static> {
        self.style = Style::None;
        Framed::End
    }
}

/// `-[ RECORD 2 ]---`: whether it is the first one.
fn record(text: &str) -> Option<bool> {
    let rest = text.trim_start_matches(['+', '╔', '┌', '├', '-', '─']).strip_prefix("[ RECORD ")?;
    Some(rest.starts_with("1 "))
}

/// Only what frames are drawn with, and enough of it.
fn is_rule(text: &str) -> bool {
    let drawn =
        |char: char| matches!(char, '-' | '─' | '═' | '+' | '┌' | '┐' | '├' | '┤' | '└' | '┘' | '┬' | '┴' | '┼');
    text.chars().nth(2).is_some() && text.chars().all(drawn)
}

/// `(5 rows)` in any language.
fn is_count(text: &str) -> bool {
    let inside = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let parts = inside.and_then(|inside| inside.split_once(' '));
    parts.is_some_and(|(count, word)| {
        !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()) && !word.contains([' ', '='])
    })
}

/// A cell between bars.
fn inside(text: &str) -> Option<&str> {
    let cell = text.strip_prefix(['|', '│'])?.strip_suffix(['|', '│'])?;
    Some(cell.strip_prefix(' ').unwrap_or(cell))
}

/// Without the mark of a cell that goes on over lines.
fn continued(cell: &str) -> &str {
    let cell = cell.trim_end();
    cell.strip_suffix(['+', '↵']).unwrap_or(cell).trim_end()
}

/// CSV quotes a cell that holds a comma, a quote or a line break.
fn plain<'a>(line: &'a str, quoted: &mut bool) -> Cow<'a, str> {
    let text = match line.strip_prefix('"') {
        Some(rest) if !*quoted => {
            *quoted = true;
            rest
        }
        _ if !*quoted => return line.into(),
        _ => line,
    };
    let trimmed = text.trim_end();
    let quotes = trimmed.bytes().rev().take_while(|byte| *byte == b'"').count();
    let text = if quotes % 2 == 1 {
        *quoted = false;
        trimmed.strip_suffix('"').unwrap_or(trimmed)
    } else {
        text
    };
    text.replace("\"\"", "\"").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(frame: &str) -> Vec<String> {
        let mut state = Frame::default();
        let lines = frame.trim_end().split('\n').filter_map(|line| match state.strip(line) {
            Framed::Text(text) => Some(text.into_owned()),
            _ => None,
        });
        lines.collect()
    }

    #[test]
    fn csv_quotes_what_it_must() {
        assert_eq!(
            texts("QUERY PLAN\nSort on a\n\"  Sort Key: a, \"\"b\"\"\"\n\"[\n  {\"\"a\"\": 1}\n]\"\n(3 rows)\n"),
            ["Sort on a", "  Sort Key: a, \"b\"", "[", "  {\"a\": 1}", "]"]
        );
    }

    #[test]
    fn a_rule_and_a_count_are_not_text() {
        assert_eq!(texts("  QUERY PLAN  \n-----\n Result +\n   x\n(2 Zeilen)\n"), ["Result", "  x"]);
        assert!(!is_count("(cost=1 2)") && !is_count("(a b)") && !is_rule("--") && !is_rule("-- x"));
    }
}
