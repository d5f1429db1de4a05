//! Tokens of a statement, borrowed from its text: allocation-free, linear, never failing.
//!
//! One lexer for all dialects. Where they contradict each other (`"x"`, `#`, `[`), the dialect decides; everything
//! else is read as whichever dialect has it. Text that is no SQL gives some tokens, never an error.

use super::Dialect;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or an unquoted name.
    Word,
    /// `"x"`, `` `x` ``, `[x]`.
    Quoted,
    /// A string in any of its forms, also unquoted dates and UUIDs as some logs write them.
    Text,
    Number,
    /// `$1`, `?`, `%s`, `%(name)s`, `:name`, `@p`.
    Param,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Semicolon,
    Dot,
    Operator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: TokenKind,
    /// With its quotes.
    pub text: &'a str,
    /// Byte offset in the statement.
    pub start: usize,
}

impl<'a> Token<'a> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name that a word or quoted name stands for, its outer quotes dropped (doubled inner ones stay).
    pub fn name(&self) -> &'a str {
        match self.kind {
            TokenKind::Quoted => {
                let inner = self.text.get(1..).unwrap_or_default();
                inner.strip_suffix(['"', '`', ']']).unwrap_or(inner)
            }
            _ => self.text,
        }
    }

    pub fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_operator(&self, operator: &str) -> bool {
        self.kind == TokenKind::Operator && self.text == operator
    }
}

/// The tokens of `text`, without white space and comments.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    /// The last token.
    before: Option<(TokenKind, &'a str)>,
}

/// Longest first within each length.
const THREE: [&str; 14] =
    ["->>", "#>>", "!~*", "<=>", "!~~", "~~*", "<->", "<<=", ">>=", "-|-", "||/", "<<|", "|>>", "&<|"];
const TWO: [&str; 34] = [
    "->", "#>", "!=", "<>", "<=", ">=", "||", "::", ":=", "=>", "@>", "<@", "@@", "@?", "?|", "?&", "~*", "!~", "~~",
    "&&", "<<", ">>", "==", "&<", "&>", "#-", "^@", "%%", "|/", "@-", "##", "?-", "|=", "^=",
];

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect, before: None }
    }

    /// The last token ends a value or a name: `?` and `[` after it are operators. Few tokens ask.
    fn operand(&self) -> bool {
        match self.before {
            Some((TokenKind::Word, word)) => !super::words::expects_operand(word),
            Some((TokenKind::Quoted | TokenKind::Text | TokenKind::Number | TokenKind::Param, _)) => true,
            Some((TokenKind::Close | TokenKind::CloseBracket, _)) => true,
            _ => false,
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn skip_blank(&mut self) {
        loop {
            let (here, next) = (self.byte(self.at), self.byte(self.at + 1));
            match here {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0c | 0x0b => self.at += 1,
                b'-' if next == b'-' && self.starts_dash_comment() => self.skip_line(),
                b'#' if self.dialect == Dialect::MySql => self.skip_line(),
                b'/' if next == b'*' => self.skip_comment(),
                0xc2 if next == 0xa0 => self.at += 2,
                0xef if self.text[self.at..].starts_with('\u{feff}') => self.at += 3,
                _ => return,
            }
        }
    }

    /// MySQL wants white space after the dashes, so that `5--3` is a subtraction.
    fn starts_dash_comment(&self) -> bool {
        self.dialect != Dialect::MySql || matches!(self.byte(self.at + 2), 0..=b' ')
    }

    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1);
    }

    fn skip_comment(&mut self) {
        let bytes = self.text.as_bytes();
        let nests = matches!(self.dialect, Dialect::Postgres | Dialect::Generic);
        let mut depth = 1;
        let mut at = self.at + 2;
        while at < bytes.len() && depth > 0 {
            match (bytes[at], self.byte(at + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                }
                (b'/', b'*') if nests => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.at = at.min(bytes.len());
    }

    /// End of a quoted run whose opening quote stands at `open`; a doubled quote is part of it.
    fn quoted_end(&self, open: usize, quote: u8, backslash: bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = open + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if backslash => at += 2,
                b if b == quote => {
                    if self.byte(at + 1) != quote {
                        return at + 1;
                    }
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.boundary(at)
    }

    /// `at` moved forward onto a character boundary, at most to the end.
    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at += 1;
        }
        at
    }

    fn word_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let run = bytes[from.min(bytes.len())..].iter().take_while(|b| is_word(**b)).count();
        from + run
    }

    fn digits_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let run = bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
        from + run
    }

    fn number_end(&self, start: usize) -> usize {
        if self.byte(start) == b'0' && matches!(self.byte(start + 1), b'x' | b'X' | b'b' | b'B' | b'o' | b'O') {
            return self.word_end(start + 2);
        }
        let mut at = self.digits_end(start);
        if self.byte(at) == b'.' {
            at = self.digits_end(at + 1);
        }
        if matches!(self.byte(at), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
            if self.byte(at + 1 + sign).is_ascii_digit() {
                at = self.digits_end(at + 1 + sign);
            }
        }
        at
    }

    /// `$tag$ … $tag$`, or `None` where no dollar quote starts here.
    fn dollar_end(&self, start: usize) -> Option<usize> {
        let tag_end = start + 1 + self.text[start + 1..].bytes().take_while(|b| is_word(*b) && *b != b'$').count();
        if self.byte(tag_end) != b'$' || self.byte(start + 1).is_ascii_digit() {
            return None;
        }
        let tag = &self.text[start..=tag_end];
        let body = &self.text[tag_end + 1..];
        Some(body.find(tag).map_or(self.text.len(), |n| tag_end + 1 + n + tag.len()))
    }

    fn bracket_name_end(&self, start: usize) -> Option<usize> {
        let named = matches!(self.dialect, Dialect::Sqlite | Dialect::Generic) && !self.operand();
        let first = self.byte(start + 1);
        if !named || !(first.is_ascii_alphabetic() || first == b'_') {
            return None;
        }
        let close = self.text[start..].find(']')? + start;
        Some(close + 1)
    }

    /// Kind and end of the token that starts here.
    fn token_at(&self, start: usize) -> (TokenKind, usize) {
        use TokenKind::*;
        let (first, next) = (self.byte(start), self.byte(start + 1));
        let mysql = self.dialect == Dialect::MySql;
        match first {
            b'\'' => (Text, self.quoted_end(start, b'\'', mysql)),
            b'"' if mysql => (Text, self.quoted_end(start, b'"', true)),
            b'"' => (Quoted, self.quoted_end(start, b'"', false)),
            b'`' => (Quoted, self.quoted_end(start, b'`', false)),
            b'(' => (Open, start + 1),
            b')' => (Close, start + 1),
            b',' => (Comma, start + 1),
            b';' => (Semicolon, start + 1),
            b'[' => self.bracket_name_end(start).map_or((OpenBracket, start + 1), |end| (Quoted, end)),
            b']' => (CloseBracket, start + 1),
            b'.' if next.is_ascii_digit() && !self.operand() => (Number, self.number_end(start)),
            b'.' => (Dot, start + 1),
            b'0'..=b'9' => match unquoted_value_end(&self.text[start..]) {
                Some(length) => (Text, start + length),
                None => (Number, self.number_end(start)),
            },
            b'$' if next.is_ascii_digit() => (Param, self.digits_end(start + 1)),
            b'$' => match self.dollar_end(start) {
                Some(end) => (Text, end),
                None => (Param, self.word_end(start + 1)),
            },
            b'?' if !self.is_json_operator(start) => (Param, self.digits_end(start + 1)),
            b'%' if next == b's' && !is_word(self.byte(start + 2)) => (Param, start + 2),
            b'%' if next == b'(' => match self.text[start..].find(')') {
                Some(n) if self.byte(start + n + 1).is_ascii_alphabetic() => (Param, start + n + 2),
                _ => (Operator, start + 1),
            },
            b':' if is_word(next) && next != b'$' && !self.is_slice(start) => (Param, self.word_end(start + 1)),
            b'@' if next == b'@' && is_word(self.byte(start + 2)) => (Word, self.word_end(start + 2)),
            b'@' if is_word(next) => (Param, self.word_end(start + 1)),
            _ if is_word(first) => self.scan_word(start),
            _ => (Operator, self.operator_end(start)),
        }
    }

    /// `data ? 'key'`, `data ?| $1`: the question mark stands between two values.
    fn is_json_operator(&self, start: usize) -> bool {
        let rest = self.text[start + 1..].trim_start();
        let value = rest.starts_with(['\'', '$', '?', '%', ':', '|', '&']);
        self.operand() && (value || ["E'", "e'", "/*", "--"].iter().any(|begin| rest.starts_with(begin)))
    }

    /// `a[1:3]`: nothing stands between the colon and the value before it.
    fn is_slice(&self, start: usize) -> bool {
        start > 0 && !self.byte(start - 1).is_ascii_whitespace() && self.operand()
    }

    fn scan_word(&self, start: usize) -> (TokenKind, usize) {
        if let Some(length) = unquoted_value_end(&self.text[start..]) {
            return (TokenKind::Text, start + length);
        }
        let end = self.word_end(start);
        let prefix = &self.text[start..end];
        if self.byte(end) == b'\'' && prefix.len() == 1 && "eEnNbBxX".contains(prefix) {
            let backslash = self.dialect == Dialect::MySql || prefix.eq_ignore_ascii_case("e");
            return (TokenKind::Text, self.quoted_end(end, b'\'', backslash));
        }
        (TokenKind::Word, end)
    }

    fn operator_end(&self, start: usize) -> usize {
        // Nearly every operator stands alone.
        if !b"-=<>~|&@*?:!%/#".contains(&self.byte(start + 1)) {
            return self.boundary(start + 1);
        }
        let rest = &self.text.as_bytes()[start..];
        let known = |list: &[&str]| list.iter().any(|o| rest.starts_with(o.as_bytes()));
        match () {
            () if known(&THREE) => start + 3,
            () if known(&TWO) => start + 2,
            () => self.boundary(start + 1),
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let (kind, end) = self.token_at(start);
        self.at = end.max(start + 1);
        let token = Token { kind, text: &self.text[start..self.at], start };
        self.before = Some((kind, token.text));
        Some(token)
    }
}

/// Bytes of names; every byte of a non-ASCII character counts, so names in any script stay whole.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Length of a date (with time and zone) or UUID that stands without quotes, as django-silk writes parameters.
fn unquoted_value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let shape = |pattern: &str, from: usize| {
        let fits = |(n, p): (usize, u8)| match (p, bytes.get(from + n)) {
            (b'd', Some(b)) => b.is_ascii_digit(),
            (b'h', Some(b)) => b.is_ascii_hexdigit(),
            (p, Some(b)) => p == *b,
            (_, None) => false,
        };
        pattern.bytes().enumerate().all(fits)
    };
    let ends = |at: usize| bytes.get(at).is_none_or(|b| !is_word(*b));
    if bytes.get(8) == Some(&b'-') && shape("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", 0) && ends(36) {
        return Some(36);
    }
    if bytes.get(4) != Some(&b'-') || !shape("dddd-dd-dd", 0) {
        return None;
    }
    let mut at = 10;
    if shape(" dd:dd:dd", at) || shape("Tdd:dd:dd", at) {
        at += 9;
        if bytes.get(at) == Some(&b'.') {
            at += 1 + bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
        if shape("+dd:dd", at) || shape("-dd:dd", at) {
            at += 6;
        } else if shape("Z", at) {
            at += 1;
        }
    }
    ends(at).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, dialect: Dialect) -> Vec<(TokenKind, &str)> {
        Lexer::new(text, dialect).map(|t| (t.kind, t.text)).collect()
    }

    fn texts(text: &str, dialect: Dialect) -> Vec<&str> {
        Lexer::new(text, dialect).map(|t| t.text).collect()
    }

    #[test]
    fn strings_keep_their_quotes_and_escapes() {
        let sql = r"SELECT 'it''s', E'a\'b', $q$ $x$ ' $q$, 'c:\', X'00'";
        assert_eq!(
            texts(sql, Dialect::Postgres),
            ["SELECT", "'it''s'", ",", r"E'a\'b'", ",", "$q$ $x$ ' $q$", ",", r"'c:\'", ",", "X'00'"]
        );
        assert_eq!(texts(r#"SELECT 'a\'b', "n""#, Dialect::MySql), ["SELECT", r"'a\'b'", ",", "\"n\""]);
    }

    #[test]
    fn a_double_quote_is_a_name_but_in_mysql_a_string() {
        assert_eq!(kinds("\"x\"", Dialect::Postgres), [(TokenKind::Quoted, "\"x\"")]);
        assert_eq!(kinds("\"x\"", Dialect::MySql), [(TokenKind::Text, "\"x\"")]);
        assert_eq!(kinds("[my col]", Dialect::Sqlite), [(TokenKind::Quoted, "[my col]")]);
        assert_eq!(texts("a[1]", Dialect::Postgres), ["a", "[", "1", "]"]);
    }

    #[test]
    fn parameters_of_every_driver() {
        for (sql, param) in [
            ("a=$1", "$1"),
            ("a=?", "?"),
            ("a=%s", "%s"),
            ("a=%(id_1)s", "%(id_1)s"),
            ("a=:id", ":id"),
            ("a=@p0", "@p0"),
        ] {
            assert_eq!(kinds(sql, Dialect::Postgres).last(), Some(&(TokenKind::Param, param)), "{sql}");
        }
        assert_eq!(kinds("data ? 'k'", Dialect::Postgres)[1], (TokenKind::Operator, "?"));
        assert_eq!(texts("x::int", Dialect::Postgres), ["x", "::", "int"]);
    }

    #[test]
    fn comments_nest_and_dashes_depend() {
        assert_eq!(texts("a /* b /* c */ d */ e -- f\n g", Dialect::Postgres), ["a", "e", "g"]);
        assert_eq!(texts("5--3 # x", Dialect::MySql), ["5", "-", "-", "3"]);
        assert!(texts("/* open", Dialect::Postgres).is_empty());
    }

    #[test]
    fn values_without_quotes() {
        let sql = "a >= 2024-01-31 10:00:00.5+00:00 AND b = 0b1f2c3d-0000-4000-8000-0123456789ab";
        let found = kinds(sql, Dialect::Postgres);
        assert_eq!(found[2], (TokenKind::Text, "2024-01-31 10:00:00.5+00:00"));
        assert_eq!(found[6].0, TokenKind::Text);
    }
}
