//! `{% … %}`, `{{ … }}` and `{# … #}` of a text, and the words of a tag.

use crate::model::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tag,
    Output,
    Comment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub span: Span,
    /// Without the delimiters, and without Jinja's `-` beside them.
    pub inner: Span,
}

/// Bytes of a tag: a page of one line is not searched to its end for each brace.
const LONGEST: usize = 4_000;

/// The tags of a text in order. A tag ends on the line that it starts on, as in Django.
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'{', bytes.get(at..).unwrap_or_default()).map(|found| at + found) {
        let (kind, close) = match bytes.get(open + 1) {
            Some(b'%') => (Kind::Tag, b'%'),
            Some(b'{') => (Kind::Output, b'}'),
            Some(b'#') => (Kind::Comment, b'#'),
            _ => {
                at = open + 1;
                continue;
            }
        };
        let Some(length) = closing(bytes.get(open + 2..).unwrap_or_default(), close) else {
            at = open + 2;
            continue;
        };
        let content = text.get(open + 2..open + 2 + length).unwrap_or_default();
        let end = open + 2 + length + 2;
        let front = content.len() - content.trim_start_matches('-').len();
        let back = content.trim_end_matches('-').len().max(front);
        let inner = match kind {
            Kind::Comment => Span::new(open + 2, open + 2 + length),
            _ => Span::new(open + 2 + front, open + 2 + back),
        };
        out.push(Token { kind, span: Span::new(open, end), inner });
        at = end;
    }
    out
}

/// Where the delimiter that begins with `close` stands, on the same line.
fn closing(rest: &[u8], close: u8) -> Option<usize> {
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let ends = memchr::memchr3_iter(close, b'\n', b'\r', rest);
    ends.take_while(|at| rest.get(*at) == Some(&close)).find(|at| rest.get(at + 1) == Some(&b'}'))
}

/// Words divided by blanks, strings whole: `a|default:"x y"` is one.
pub fn words(text: &str, within: Span) -> Vec<(Span, &str)> {
    let inner = text.get(within.range()).unwrap_or_default();
    let mut out = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in inner.char_indices().chain([(inner.len(), ' ')]) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) if at < inner.len() => {}
            _ if c.is_whitespace() => {
                if let Some(from) = start.take() {
                    let base = within.start as usize;
                    out.push((Span::new(base + from, base + at), inner.get(from..at).unwrap_or_default()));
                }
                quote = None;
            }
            _ => {
                start.get_or_insert(at);
                if matches!(c, '"' | '\'') {
                    quote = Some(c);
                }
            }
        }
    }
    out
}
