//! What a run of lines starts in the middle of: brackets, a string, a block's header.

use super::lex::{self, Lexed, State};
use super::lines::{begins_with_operator, indent, is_header, unit, width};
use super::scaffold::Known;

/// The start of a run as its gap must prepare it.
#[derive(Default)]
pub(super) struct Start {
    /// Opens brackets and a string, with its indentation.
    pub(super) opener: Option<(String, String)>,
    pub(super) brackets: Vec<char>,
    pub(super) string: Option<&'static str>,
}

/// What a run starts inside of.
pub(super) fn start_of(known: &Known<'_>) -> Start {
    let string = lex::starting_string(&known.lines);
    let lexed = lex::lex(&known.lines, State { string, ..State::default() });
    let first_code = lexed.lines.iter().position(|line| !line.empty);
    let first = first_code.and_then(|at| known.lines.get(at)).copied().unwrap_or("");
    // The innermost bracket is closed first.
    let mut brackets: Vec<char> = lexed.unmatched.iter().rev().copied().collect();
    if brackets.is_empty() && string.is_none() {
        brackets.extend(items_of(known, &lexed));
        if brackets.is_empty() && begins_with_operator(first) {
            brackets.push(')');
        }
    }
    if brackets.is_empty() && string.is_none() {
        return Start::default();
    }
    let mut opener = String::new();
    for bracket in &brackets {
        opener.push_str(match bracket {
            ')' => "__roundtrip_call(",
            ']' => "[",
            _ => "{",
        });
    }
    let named = known.heading.rsplit_once(['(', '[', '{']).map(|_| lex::lex(&[known.heading], State::default()));
    if named
        .is_some_and(|heading| heading.end.brackets == brackets && heading.lines.iter().all(|line| line.indent == 0))
        && !is_header(known.heading)
        && known.heading.ends_with(['(', '[', '{'])
    {
        opener = known.heading.to_string();
    }
    let mut indent = statement_indent(known, &lexed, first_code);
    if let Some(header) = header_of(known, &lexed, &brackets) {
        opener = header;
        // Its body is one step further in.
        let step = unit(&indent, known);
        indent = indent.strip_suffix(step.as_str()).unwrap_or("").to_string();
    }
    if string.is_none() && begins_with_operator(first) {
        opener.push_str("__roundtrip_value");
    }
    opener.push_str(string.unwrap_or(""));
    Start { opener: Some((indent, opener)), brackets, string }
}

/// The start of the block header that the run goes on with: its brackets close, and a colon follows.
fn header_of(known: &Known<'_>, lexed: &Lexed, brackets: &[char]) -> Option<String> {
    let at = last_unmatched(known, lexed).filter(|_| !lexed.unmatched.is_empty())?;
    let line = lexed.lines.get(at).filter(|line| line.last == Some(':') && line.depth == 0)?;
    if brackets.iter().any(|bracket| *bracket != ')') {
        return None;
    }
    let heading = lex::lex(&[known.heading], State::default());
    let is_def = known.heading.starts_with("def ") || known.heading.starts_with("async def ");
    if is_def && heading.end.brackets == brackets && known.heading.trim_end().ends_with([',', '(']) {
        return Some(known.heading.trim().to_string());
    }
    let annotated = lexed.lines.iter().take(at).any(|line| line.has_inner_colon());
    if brackets.len() == 1 && (line.code.contains("->") || annotated) {
        return Some("def __roundtrip_function(".to_string());
    }
    Some(format!("if __roundtrip_call{}", "(".repeat(brackets.len())))
}

/// The bracket around lines that end in a comma where no bracket is open: items of a call, a list or a dict.
fn items_of(known: &Known<'_>, lexed: &Lexed) -> Option<char> {
    // The heading may be the very line that opens it.
    let opened = known.heading.trim().chars().last().filter(|_| !is_header(known.heading));
    let ends_item = |line: &lex::Line| line.last == Some(',') && line.depth == 0 && !line.continues;
    if !lexed.lines.iter().any(ends_item) {
        return None;
    }
    let is_pair = lexed.lines.iter().any(|line| line.starts && line.has_inner_colon());
    Some(match opened {
        Some('[') => ']',
        Some('{') => '}',
        _ if is_pair => '}',
        _ => ')',
    })
}

/// The indentation of the statement that the first line goes on with.
fn statement_indent(known: &Known<'_>, lexed: &Lexed, first_code: Option<usize>) -> String {
    let indent_of = |at: usize| known.lines.get(at).map_or("", |line| indent(line));
    let closer = |at: &usize| {
        let text = known.lines.get(*at).map_or("", |line| line.trim_start());
        text.starts_with([')', ']', '}']) || text.starts_with("\"\"\"") || text.starts_with("'''")
    };
    let indents = (0..known.lines.len()).filter(|at| lexed.lines.get(*at).is_some_and(|line| !line.empty));
    // A closing bracket or quote on a line of its own stands where the statement does.
    if let Some(at) = indents.clone().find(closer).filter(|at| Some(*at) == last_unmatched(known, lexed)) {
        return indent_of(at).to_string();
    }
    let Some(first) = first_code.map(indent_of) else {
        // All of it is text, which stands where its quotes do.
        return known.lines.iter().find(|line| !line.trim().is_empty()).map_or("", |line| indent(line)).to_string();
    };
    let next = last_unmatched(known, lexed).and_then(|at| indents.clone().find(|next| *next > at)).map(indent_of);
    match next {
        Some(next) if width(next) <= width(first) => next.to_string(),
        _ => {
            let unit = unit(first, known);
            first.strip_suffix(unit.as_str()).unwrap_or("").to_string()
        }
    }
}

/// The line of the last bracket or quote that nothing in the run opens.
fn last_unmatched(known: &Known<'_>, lexed: &Lexed) -> Option<usize> {
    if lexed.unmatched.is_empty() {
        return lexed.first_triple.map(|(line, ..)| line);
    }
    let all = lexed.unmatched.len();
    let string = lex::starting_string(&known.lines);
    (1..=known.lines.len()).find_map(|count| {
        let part = lex::lex(known.lines.get(..count)?, State { string, ..State::default() });
        (part.unmatched.len() == all).then_some(count - 1)
    })
}
