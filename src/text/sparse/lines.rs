//! What a single line says by itself: its indentation, its first and last words.

use super::scaffold::Known;

/// Whether a logical line opens a block.
pub(super) fn is_header(text: &str) -> bool {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    matches!(
        word.as_str(),
        "class" | "def" | "async" | "for" | "while" | "if" | "elif" | "else" | "try" | "except" | "finally" | "with"
    ) || (matches!(word.as_str(), "match" | "case") && text.ends_with(':'))
}

/// A line that starts with this goes on with an expression above it.
pub(super) fn begins_with_operator(line: &str) -> bool {
    let text = line.trim_start();
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    matches!(word.as_str(), "and" | "or" | "in" | "is")
        || (text.starts_with('.') && !text.starts_with("..."))
        || (matches!(word.as_str(), "if" | "else" | "for") && !text.contains(':'))
        || text.starts_with(['+', '/', '%', '|', '&', '^', '=', ','])
        || text.starts_with("< ")
        || text.starts_with("> ")
}

pub(super) fn ends_with_operator(line: &str) -> bool {
    let text = line.split(" #").next().unwrap_or(line).trim_end();
    let word = text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
    matches!(word, "and" | "or" | "in" | "is" | "not" | "if" | "else" | "await" | "lambda" | "for" | "yield")
        || text.ends_with(['+', '-', '*', '/', '%', '|', '&', '^', '<', '>', '=', '.', ':', '~', '@'])
}

pub(super) fn indent(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or("")
}

/// Columns of an indentation, a tab going to the next multiple of 8.
pub(super) fn width(indent: &str) -> usize {
    indent.chars().fold(0, |width, c| if c == '\t' { (width / 8 + 1) * 8 } else { width + 1 })
}

/// The indentation of `columns`, of the same characters as a deeper one.
pub(super) fn prefix(deeper: &str, columns: usize) -> String {
    let cut = deeper.char_indices().map(|(at, _)| &deeper[..at]).find(|part| width(part) >= columns);
    cut.map_or_else(|| " ".repeat(columns), str::to_string)
}

/// One step of indentation, as the statements around `indent` use it: deeper lines may be aligned to a bracket.
pub(super) fn unit(indent: &str, known: &Known<'_>) -> String {
    if indent.contains('\t') {
        return "\t".to_string();
    }
    let filled = known.lines.iter().filter(|line| !line.trim().is_empty());
    let mut widths = filled.map(|line| width(self::indent(line))).filter(|columns| *columns <= width(indent) + 4);
    let step = if widths.any(|columns| columns % 4 == 2) || width(indent) % 4 == 2 { 2 } else { 4 };
    " ".repeat(step)
}
