//! The lines put into a diff's gaps. They open what a hunk starts inside of (class, function, block, bracket, string)
//! and close what it leaves open; known lines stay as they are.

use std::collections::BTreeMap;

use super::levels::Levels;
use super::lex::{self, Lexed, State};
use super::lines::{begins_with_operator, ends_with_operator, is_header, unit, width};
use super::start::{Start, start_of};

/// A run of known lines without a gap.
pub(super) struct Known<'t> {
    /// 1-based.
    pub(super) first: u32,
    /// What the hunk's header says about where it stands.
    pub(super) heading: &'t str,
    pub(super) lines: Vec<&'t str>,
}

/// The scaffolds of a file, built run by run.
#[derive(Default)]
pub(super) struct Scaffolds {
    lines: BTreeMap<u32, String>,
    /// The block headers that enclose the end of what was added so far: width of their indentation, and text.
    enclosing: Vec<(usize, String)>,
    /// The last line used.
    end: u32,
    /// Brackets that the run before left open, to be closed in the gap unless the next run goes on in them.
    open: Option<Open>,
}

struct Open {
    line: u32,
    closing: String,
    brackets: Vec<char>,
    /// Another item may follow directly.
    goes_on: bool,
}

impl Scaffolds {
    pub(super) fn lines(mut self) -> BTreeMap<u32, String> {
        self.close();
        self.lines
    }

    pub(super) fn add(&mut self, known: Known<'_>) {
        let start = start_of(&known);
        let joins = start.string.is_none()
            && self.open.as_ref().is_some_and(|open| open.goes_on && open.brackets == start.brackets)
            && !begins_with_operator(known.lines.first().copied().unwrap_or(""));
        let lexed = lex::lex(&known.lines, State { brackets: start.brackets.clone(), string: start.string });
        if joins {
            self.open = None;
        } else {
            self.close();
            self.open_above(&known, &start, &lexed);
        }
        self.enclose(&known, &lexed);
        self.end = known.first + known.lines.len() as u32 - 1;
        self.leave(&known, &lexed);
    }

    /// Writes what closes the run before, into the first line of the gap.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.lines.insert(open.line, open.closing);
            self.end = open.line;
        }
    }

    fn open_above(&mut self, known: &Known<'_>, start: &Start, lexed: &Lexed) {
        let gap = known.first.saturating_sub(self.end + 1);
        let levels = Levels::of(known, start, lexed);
        let Some(outermost) = levels.outermost() else { return };
        if gap == 0 {
            return;
        }
        // Blocks that the file has already open, and that the hunk stands in.
        let near = gap < 3;
        let kept = self.kept(known.heading, near, outermost);
        self.enclosing.truncate(kept);
        let mut needed = levels.headers(known, &self.enclosing);
        let mut tail: Vec<String> = Vec::new();
        tail.extend(levels.before_first());
        if let Some((indent, opener)) = &start.opener {
            tail.push(format!("{indent}{opener}"));
        }
        // Too small a gap: the innermost headers go first, what the first line hangs on stays.
        needed.truncate((gap as usize).saturating_sub(tail.len()));
        let mut lines: Vec<String> = Vec::new();
        for (indent, header) in needed {
            self.enclosing.push((width(&indent), header.clone()));
            lines.push(format!("{indent}{header}"));
        }
        lines.extend(tail);
        let skip = lines.len().saturating_sub(gap as usize);
        let lines = lines.into_iter().skip(skip);
        let count = lines.len() as u32;
        for (at, line) in lines.enumerate() {
            self.lines.insert(known.first - count + at as u32, line);
        }
    }

    /// How many of the enclosing headers also enclose the next run.
    fn kept(&self, heading: &str, near: bool, outermost: usize) -> usize {
        let inside = self.enclosing.iter().take_while(|(indent, _)| *indent < outermost).count();
        if near {
            return inside;
        }
        let named = |text: &str| !heading.is_empty() && text.starts_with(heading.trim_end_matches(['\r', ' ']));
        let same = self.enclosing.iter().take(inside).position(|(_, text)| named(text));
        same.map_or(0, |at| at + 1)
    }

    /// Follows the block headers of the run.
    fn enclose(&mut self, known: &Known<'_>, lexed: &Lexed) {
        for (line, text) in lexed.lines.iter().zip(&known.lines).filter(|(line, _)| line.starts) {
            let indent = width(text.get(..line.indent).unwrap_or(""));
            self.enclosing.retain(|(outer, _)| *outer < indent);
            let text = text.trim();
            if is_header(text) {
                self.enclosing.push((indent, text.to_string()));
            }
        }
    }

    /// Notes what the run leaves open at its end.
    fn leave(&mut self, known: &Known<'_>, lexed: &Lexed) {
        let Some(at) = lexed.lines.iter().rposition(|line| line.starts) else {
            // Nothing but the inside of what started above.
            let closing = closers(&lexed.end, false, "");
            let brackets = lexed.end.brackets.clone();
            if !closing.is_empty() {
                self.open = Some(Open { line: self.end + 1, closing, brackets, goes_on: lexed.end.string.is_none() });
            }
            return;
        };
        let text = known.lines.get(at).copied().unwrap_or("");
        let indent = text.get(..lexed.lines.get(at).map_or(0, |line| line.indent)).unwrap_or("");
        let last = lexed.lines.iter().rev().find(|line| !line.empty);
        let unfinished = !lexed.end.brackets.is_empty()
            || lexed.end.string.is_some()
            || lexed.lines.last().is_some_and(|line| line.continues);
        let header = is_header(text.trim());
        let ends_in_colon = last.is_some_and(|line| line.last == Some(':'));
        let closing = if unfinished {
            let wants_value = last_line(known).is_some_and(ends_with_operator) && lexed.end.string.is_none();
            closers(&lexed.end, wants_value || lexed.lines.last().is_some_and(|line| line.continues), indent)
                + if header { ": pass" } else { "" }
        } else if header && ends_in_colon {
            format!("{indent}{}pass", unit(indent, known))
        } else if text.trim_start().starts_with('@') {
            format!("{indent}def __roundtrip_decorated(): pass")
        } else {
            return;
        };
        let goes_on = lexed.end.string.is_none()
            && last.and_then(|line| line.last).is_some_and(|last| matches!(last, ',' | '(' | '[' | '{'));
        self.open = Some(Open { line: self.end + 1, closing, brackets: lexed.end.brackets.clone(), goes_on });
    }
}

fn last_line<'t>(known: &Known<'t>) -> Option<&'t str> {
    known.lines.iter().rev().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')).copied()
}

fn closers(end: &State, wants_value: bool, indent: &str) -> String {
    let value = if wants_value { "__roundtrip_value" } else { "" };
    let brackets: String = end.brackets.iter().rev().collect();
    let text = format!("{}{value}{brackets}", end.string.unwrap_or(""));
    if text.is_empty() { text } else { format!("{indent}{text}") }
}
