//! Numbers and strings: prefixes, escapes, implicit concatenation, the parts of f-strings.

use smol_str::SmolStr;

use super::grammar::Kind;
use super::ir::{Expr, ExprKind, FPart};
use super::lower::Lower;
use crate::model::Span;

#[derive(Default)]
struct Strings {
    parts: Vec<FPart>,
    text: String,
    bytes: bool,
    values: bool,
}

impl Strings {
    fn push_value(&mut self, value: Expr) {
        if !self.text.is_empty() {
            self.parts.push(FPart::Text(SmolStr::new(std::mem::take(&mut self.text))));
        }
        self.parts.push(FPart::Value(value));
        self.values = true;
    }
}

impl Lower<'_> {
    pub(super) fn integer(&mut self, span: Span) -> Expr {
        let text = self.slice(span);
        let kind = if text.ends_with(['j', 'J']) { ExprKind::Float(text.into()) } else { ExprKind::Int(integer(text)) };
        Expr { span, kind }
    }

    /// A `string` or a `concatenated_string`. An f-string without any value is an ordinary string.
    pub(super) fn string(&mut self, span: Span) -> Expr {
        let mut strings = Strings::default();
        if self.here().kind == Kind::String {
            self.one_string(&mut strings);
        } else {
            self.parts(|lower, here| {
                if here.kind == Kind::String {
                    lower.one_string(&mut strings);
                }
            });
        }
        let kind = if strings.bytes {
            ExprKind::Bytes
        } else if strings.values {
            if !strings.text.is_empty() {
                strings.parts.push(FPart::Text(SmolStr::new(&strings.text)));
            }
            ExprKind::FString(strings.parts)
        } else {
            ExprKind::Str(SmolStr::new(&strings.text))
        };
        Expr { span, kind }
    }

    fn one_string(&mut self, strings: &mut Strings) {
        let mut prefix = "";
        self.parts(|lower, here| match here.kind {
            Kind::StringStart => {
                prefix = lower.slice(here.span).trim_end_matches(['"', '\'']);
                strings.bytes |= prefix.contains(['b', 'B']);
            }
            Kind::StringContent => {
                let raw = prefix.contains(['r', 'R']);
                let braces = prefix.contains(['f', 'F', 't', 'T']);
                decode(lower.slice(here.span), raw, braces, &mut strings.text);
            }
            Kind::Interpolation => lower.interpolation(strings),
            _ => {}
        });
    }

    fn interpolation(&mut self, strings: &mut Strings) {
        let mut written = "";
        self.parts(|lower, here| match here.kind {
            Kind::FormatSpecifier => lower.parts(|lower, here| {
                if matches!(here.kind, Kind::FormatExpression | Kind::Interpolation) {
                    lower.nested_interpolation(strings);
                }
            }),
            // `f"{x=}"` shows the expression's text before its value.
            Kind::Equals => {
                let value = strings.parts.pop();
                strings.text.push_str(written);
                strings.text.push('=');
                if let Some(FPart::Value(value)) = value {
                    strings.push_value(value);
                }
            }
            kind if kind.is_expression() => {
                written = lower.slice(here.span);
                strings.push_value(lower.expr());
            }
            _ => {}
        });
    }

    fn nested_interpolation(&mut self, strings: &mut Strings) {
        if self.depth >= super::lower::MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.interpolation(strings);
        self.depth -= 1;
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let digits = digits.trim_end_matches(['l', 'L']).to_ascii_lowercase();
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, digits.as_str()),
    };
    i64::from_str_radix(digits, radix).ok()
}

/// Appends the value of a string's text. `\N{…}` stays as written: the names of Unicode are not known here.
fn decode(text: &str, raw: bool, braces: bool, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\r', '{', '}']) {
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        let mut chars = special.chars();
        rest = match chars.next() {
            Some('\\') if raw => {
                out.push('\\');
                chars.as_str()
            }
            Some('\\') => escape(chars.as_str(), out),
            // Python reads every line break as LF.
            Some('\r') => {
                out.push('\n');
                chars.as_str().strip_prefix('\n').unwrap_or(chars.as_str())
            }
            Some(brace) => {
                out.push(brace);
                let after = chars.as_str();
                if braces { after.strip_prefix(brace).unwrap_or(after) } else { after }
            }
            None => break,
        };
    }
    out.push_str(rest);
}

/// Decodes what follows a backslash; gives the text after it.
fn escape<'t>(text: &'t str, out: &mut String) -> &'t str {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        out.push('\\');
        return text;
    };
    let after = chars.as_str();
    let hex = |digits: usize| {
        let code = after.get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        // Half of a surrogate pair is no character.
        let value = char::from_u32(u32::from_str_radix(code, 16).ok()?).unwrap_or(char::REPLACEMENT_CHARACTER);
        Some((value, &after[digits..]))
    };
    let decoded = match first {
        '\n' => return after,
        '\r' => return after.strip_prefix('\n').unwrap_or(after),
        'a' => Some(('\x07', after)),
        'b' => Some(('\x08', after)),
        'f' => Some(('\x0c', after)),
        'n' => Some(('\n', after)),
        'r' => Some(('\r', after)),
        't' => Some(('\t', after)),
        'v' => Some(('\x0b', after)),
        '\\' | '\'' | '"' => Some((first, after)),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '0'..='7' => {
            let digits = text.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let value = text.get(..digits).and_then(|code| u32::from_str_radix(code, 8).ok());
            value.and_then(char::from_u32).map(|value| (value, &text[digits..]))
        }
        _ => None,
    };
    match decoded {
        Some((value, rest)) => {
            out.push(value);
            rest
        }
        None => {
            out.push('\\');
            out.push(first);
            after
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, raw: bool, braces: bool) -> String {
        let mut out = String::new();
        decode(text, raw, braces, &mut out);
        out
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(decoded(r"a\n\x41\u00e9\U0001F600\101\\\'\z\N{DASH}", false, false), "a\nAé😀A\\'\\z\\N{DASH}");
        assert_eq!(decoded("one\\\r\ntwo\r\nthree", false, false), "onetwo\nthree");
        assert_eq!(decoded(r"\d+\", true, false), r"\d+\");
        assert_eq!(decoded("{{x}}", false, true), "{x}");
        assert_eq!(decoded("{{x}}", false, false), "{{x}}");
        assert_eq!(decoded(r"\ud800\x4", false, false), "\u{fffd}\\x4");
    }

    #[test]
    fn integers_of_every_base() {
        for (text, value) in [("1_000", Some(1000)), ("0xFF", Some(255)), ("0b1_1", Some(3)), ("0o17", Some(15))] {
            assert_eq!(integer(text), value, "{text}");
        }
        assert_eq!(integer("99999999999999999999"), None);
    }
}
