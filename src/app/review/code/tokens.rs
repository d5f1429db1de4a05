//! A line cut into its syntax classes.

use crate::model::TokenClass;
use crate::protocol::Token;

/// The text in order, each piece with its class. Tokens are in UTF-16 code units, as browsers count; what does not fit
/// the text is passed over.
pub fn pieces<'a>(text: &'a str, tokens: &[Token]) -> Vec<(Option<TokenClass>, &'a str)> {
    let mut out = Vec::with_capacity(tokens.len() * 2 + 1);
    let (mut byte, mut unit) = (0usize, 0u32);
    let mut cut = |to: u32, class: Option<TokenClass>| {
        let rest = text.get(byte..).unwrap_or_default();
        let mut length = 0;
        for c in rest.chars() {
            if unit >= to {
                break;
            }
            unit += c.len_utf16() as u32;
            length += c.len_utf8();
        }
        let piece = rest.get(..length).unwrap_or_default();
        if !piece.is_empty() {
            out.push((class, piece));
        }
        byte += length;
    };
    for token in tokens {
        cut(token.start, None);
        cut(token.start.saturating_add(token.length), Some(token.class));
    }
    cut(u32::MAX, None);
    out
}

pub fn class_name(class: TokenClass) -> &'static str {
    match class {
        TokenClass::Keyword => "t-keyword",
        TokenClass::String => "t-string",
        TokenClass::Number => "t-number",
        TokenClass::Comment => "t-comment",
        TokenClass::Function => "t-function",
        TokenClass::Class => "t-class",
        TokenClass::Decorator => "t-decorator",
        TokenClass::Constant => "t-constant",
        TokenClass::Operator => "t-operator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(start: u32, length: u32) -> Token {
        Token { start, length, class: TokenClass::String }
    }

    #[test]
    fn offsets_count_as_browsers_do() {
        let some = Some(TokenClass::String);
        assert_eq!(pieces("a = '🦀é' # b", &[token(4, 5)]), [(None, "a = "), (some, "'🦀é'"), (None, " # b")]);
        assert_eq!(pieces("ab", &[token(0, 1), token(1, 1)]), [(some, "a"), (some, "b")]);
        assert_eq!(pieces("ab", &[]), [(None, "ab")]);
        assert!(pieces("", &[token(0, 4)]).is_empty());
    }

    #[test]
    fn tokens_beyond_the_line_do_no_harm() {
        let some = Some(TokenClass::String);
        assert_eq!(pieces("ab", &[token(1, u32::MAX), token(9, 2)]), [(None, "a"), (some, "b")]);
        assert_eq!(pieces("abc", &[token(2, 1), token(0, 1)]), [(None, "ab"), (some, "c")]);
    }
}
