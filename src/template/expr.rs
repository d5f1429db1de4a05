//! `topic.posts.all|slice:":5"|length`

use smol_str::SmolStr;

use super::ir::{Base, Expr, Filter, Part};
use crate::model::Span;

/// Reads one expression; `span` is where `text` stands.
pub fn expr(span: Span, text: &str) -> Expr {
    let start = span.start as usize;
    let pieces = split(text, '|');
    let mut filters = Vec::new();
    let mut base = Base::Unknown;
    for (number, (from, piece)) in pieces.into_iter().enumerate() {
        let blank = piece.len() - piece.trim_start().len();
        let (from, piece) = (from + blank, piece.trim());
        if number == 0 {
            base = read_base(start + from, piece);
            continue;
        }
        let mut parts = split(piece, ':').into_iter();
        let name = parts.next().map_or("", |(_, name)| name.trim());
        let arg = parts.next().map(|(at, arg)| read_base(start + from + at, arg.trim()));
        let whole = Span::new(start, start + from + piece.len());
        filters.push(Filter { name: SmolStr::new(name), arg, span: whole });
    }
    Expr { span, base, filters }
}

fn read_base(start: usize, text: &str) -> Base {
    let text = match text.strip_prefix("_(").and_then(|rest| rest.strip_suffix(')')) {
        Some(translated) => translated,
        None => text,
    };
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inside = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        return inside.map_or(Base::Unknown, |inside| Base::Str(SmolStr::new(inside)));
    }
    if let Ok(number) = text.parse::<i64>() {
        return Base::Int(number);
    }
    if text.parse::<f64>().is_ok() {
        return Base::Float(SmolStr::new(text));
    }
    path(start, text).map_or(Base::Unknown, Base::Path)
}

/// `a.b.0`; a call without arguments (`a.all()`, as Jinja writes it) reads like the name alone.
pub fn path(start: usize, text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut at = 0;
    for piece in text.split('.') {
        let end = at + piece.len();
        let name = piece.strip_suffix("()").unwrap_or(piece);
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        parts.push(Part { name: SmolStr::new(name), span: Span::new(start, start + end) });
        at = end + 1;
    }
    Some(parts)
}

/// The pieces between separators that stand outside of strings, each with its offset.
fn split(text: &str, separator: char) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == separator => {
                out.push((from, text.get(from..at).unwrap_or_default()));
                from = at + c.len_utf8();
            }
            None => {}
        }
    }
    out.push((from, text.get(from..).unwrap_or_default()));
    out
}
