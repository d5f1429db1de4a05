//! What stands around a line of any program's log: docker-compose's `web-1  | `, colours.

use std::borrow::Cow;

/// A line without its colours and without docker-compose's `web-1  | `.
pub(super) struct Line<'a> {
    pub text: Cow<'a, str>,
    pub service: Option<&'a str>,
}

pub(super) fn undress(raw: &str) -> Line<'_> {
    let (service, text) = match compose(raw) {
        Some((service, text)) => (Some(service), text),
        None => (None, raw),
    };
    Line { text: without_colours(text), service }
}

/// `web-1  | text`; compose colours the service's name.
fn compose(raw: &str) -> Option<(&str, &str)> {
    let (head, text) = raw.split_once('|')?;
    if head.len() > 80 || !head.ends_with([' ', 'm']) {
        return None;
    }
    let service = head.trim_end();
    let word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | '\x1b' | '[' | ';');
    let named = service.starts_with(|char: char| char.is_ascii_alphabetic() || char == '\x1b');
    if !named || !service.chars().all(word) {
        return None;
    }
    // The colour may end behind the bar.
    let text = text.strip_prefix("\x1b[0m").unwrap_or(text);
    Some((service, text.strip_prefix(' ').unwrap_or(text)))
}

fn without_colours(text: &str) -> Cow<'_, str> {
    if memchr::memchr(0x1b, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(codes) => codes.trim_start_matches(|char: char| char.is_ascii_digit() || matches!(char, ';' | '?')),
            None => after,
        };
        // The letter that ends the sequence.
        rest = rest.strip_prefix(|char: char| char.is_ascii_alphabetic()).unwrap_or(rest);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}
