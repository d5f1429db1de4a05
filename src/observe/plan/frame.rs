//! The frame that psql draws around a plan: aligned or wrapped, with borders, Unicode, unaligned, CSV, or a
//! record a line.

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
    /// A blank before each line, and a mark behind each that goes on: at this place, in characters.
    Aligned { mark: usize },
    /// Bars at both ends.
    Boxed,
    /// `QUERY PLAN | …`
    Expanded,
}

#[derive(Default)]
pub(super) struct Frame {
    style: Style,
    /// What came of a line that psql broke, as it was too long for the terminal.
    broken: String,
}

const TITLE: &str = "QUERY PLAN";
/// The marks of a broken line: behind its first part, and before the next.
const BROKEN: [char; 2] = ['.', '…'];
/// Bytes of one line; more is no plan.
const LONGEST: usize = 1 << 20;

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
                self.style = Style::Aligned { mark: text.chars().count().saturating_sub(1) };
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
            Style::Aligned { mark } => {
                let (mark, line) = (*mark, line.trim_end_matches(['\r', '\n']));
                let broken = line.strip_suffix(BROKEN).filter(|before| before.chars().count() == mark);
                self.unbroken(inner(broken.unwrap_or(line)), broken.is_some())
            }
            Style::Boxed => match inside(text) {
                // The cell is filled up to the mark.
                Some(cell) => {
                    let broken = cell.strip_suffix(BROKEN);
                    self.unbroken(broken.unwrap_or(cell), broken.is_some())
                }
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

    /// A line of the plan, with what came before of it; nothing as long as it goes on.
    fn unbroken<'a>(&mut self, part: &'a str, goes_on: bool) -> Framed<'a> {
        if goes_on {
            if self.broken.len() < LONGEST {
                self.broken.push_str(part);
            }
            return Framed::Rule;
        }
        let part = continued(part);
        if self.broken.is_empty() {
            return Framed::Text(part.into());
        }
        let mut line = std::mem::take(&mut self.broken);
        line.push_str(part);
        Framed::Text(line.into())
    }

    fn end(&mut self) -> Framed<'static> {
        self.style = Style::None;
        self.broken.clear();
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
    text.strip_prefix(['|', '│'])?.strip_suffix(['|', '│']).map(inner)
}

/// Without the blank or the mark before it.
fn inner(cell: &str) -> &str {
    cell.strip_prefix(' ').or_else(|| cell.strip_prefix(BROKEN)).unwrap_or(cell)
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
    fn lines_that_psql_broke_are_one_again() {
        let plan = ["Nested Loop", "  Join Filter: (c.relnamespace = n.oid)", "  ->  Seq Scan on n."];
        let aligned = "               QUERY PLAN               \n----------------------------------------\n Nested Loop\n   \
                       Join Filter: (c.relnamespace = n.oid.\n.)\n   ->  Seq Scan on n.\n(3 rows)\n";
        assert_eq!(texts(aligned), plan);
        let boxed = "┌────────────────────────────────────┐\n│             QUERY PLAN             │\n├────────────────────────────────────┤\n\
                     │ Nested Loop                        │\n│   Join Filter: (c.relnamespace = n…│\n│….oid)                             │\n\
                     │   ->  Seq Scan on n.               │\n└────────────────────────────────────┘\n";
        assert_eq!(texts(boxed), plan);
    }

    #[test]
    fn a_rule_and_a_count_are_not_text() {
        assert_eq!(texts("  QUERY PLAN  \n-----\n Result +\n   x\n(2 Zeilen)\n"), ["Result", "  x"]);
        assert!(!is_count("(cost=1 2)") && !is_count("(a b)") && !is_rule("--") && !is_rule("-- x"));
    }
}
