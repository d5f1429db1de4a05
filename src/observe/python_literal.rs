//! What `repr()` writes: enough of Python's literals to read parameters and printed lists of dicts.

/// Deeper nesting is kept as text.
const DEEPEST: u8 = 24;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    None,
    /// Adjacent literals joined, as `pprint` splits them.
    Text(String),
    /// Tuple, list or set.
    Sequence(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
    /// Numbers, bytes, names, calls (`Decimal('1.5')`), `<memory at 0x…>`: as written.
    Other(String),
}

/// Reads one literal that is the whole of `text`, white space aside.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let mut parser = Parser { text, at: 0 };
    let literal = parser.literal(0)?;
    parser.blank();
    (parser.at == text.len()).then_some(literal)
}

impl Literal {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Literal::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key that is a string.
    pub fn get(&self, key: &str) -> Option<&Literal> {
        match self {
            Literal::Dict(items) => items.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// As a parameter of [`super::Record`].
    pub fn render(&self) -> String {
        match self {
            Literal::None => "NULL".to_string(),
            Literal::Text(text) | Literal::Other(text) => text.clone(),
            Literal::Sequence(items) => {
                format!("[{}]", items.iter().map(Literal::render).collect::<Vec<_>>().join(", "))
            }
            Literal::Dict(items) => {
                let pairs: Vec<String> =
                    items.iter().map(|(key, value)| format!("{}: {}", key.render(), value.render())).collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }

    /// Its text is an address that changes from run to run and says nothing of the value.
    pub fn is_opaque(&self) -> bool {
        matches!(self, Literal::Other(text) if text.starts_with('<') && text.contains(" at 0x"))
    }
}

/// Parameters, and how many sets of them there are. Of an `executemany`, none.
pub(super) fn arguments(literal: &Literal) -> (Option<Vec<String>>, u32) {
    match literal {
        Literal::Sequence(items) => {
            let many =
                !items.is_empty() && items.iter().all(|item| matches!(item, Literal::Sequence(_) | Literal::Dict(_)));
            if many {
                (None, u32::try_from(items.len()).unwrap_or(u32::MAX))
            } else if items.iter().any(Literal::is_opaque) {
                (None, 1)
            } else {
                (Some(items.iter().map(Literal::render).collect()), 1)
            }
        }
        Literal::Dict(items) => (Some(items.iter().map(|(_, value)| value.render()).collect()), 1),
        _ => (None, 1),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn literal(&mut self, depth: u8) -> Option<Literal> {
        self.blank();
        let start = self.at;
        if depth > DEEPEST {
            return self.other(start);
        }
        match self.peek()? {
            b'(' | b'[' => {
                let close = if self.take(b'(') { b')' } else { self.close_of_list() };
                self.items(close, depth).map(Literal::Sequence)
            }
            b'{' => self.braces(depth),
            b'\'' | b'"' => self.strings().map(Literal::Text),
            _ => self.other(start).map(|other| match &other {
                Literal::Other(text) if text == "None" => Literal::None,
                _ => other,
            }),
        }
    }

    fn close_of_list(&mut self) -> u8 {
        self.at += 1;
        b']'
    }

    fn items(&mut self, close: u8, depth: u8) -> Option<Vec<Literal>> {
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.take(close) {
                return Some(items);
            }
            items.push(self.literal(depth + 1)?);
            self.blank();
            if !self.take(b',') && self.peek() != Some(close) {
                return None;
            }
        }
    }

    /// A dict or a set.
    fn braces(&mut self, depth: u8) -> Option<Literal> {
        self.at += 1;
        let mut pairs = Vec::new();
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.take(b'}') {
                let set = pairs.is_empty() && !items.is_empty();
                return Some(if set { Literal::Sequence(items) } else { Literal::Dict(pairs) });
            }
            let key = self.literal(depth + 1)?;
            self.blank();
            if self.take(b':') {
                pairs.push((key, self.literal(depth + 1)?));
            } else {
                items.push(key);
            }
            self.blank();
            if !self.take(b',') && self.peek() != Some(b'}') {
                return None;
            }
        }
    }

    /// One string literal, and those that follow it with nothing but white space between.
    fn strings(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            self.string(&mut text)?;
            let end = self.at;
            self.blank();
            if !matches!(self.peek(), Some(b'\'' | b'"')) {
                self.at = end;
                return Some(text);
            }
        }
    }

    fn string(&mut self, out: &mut String) -> Option<()> {
        let quote = self.peek()?;
        self.at += 1;
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|byte| byte == quote || byte == b'\\')?;
            out.push_str(rest.get(..plain)?);
            self.at += plain;
            if self.take(quote) {
                return Some(());
            }
            self.escape(out)?;
        }
    }

    fn escape(&mut self, out: &mut String) -> Option<()> {
        let mut chars = self.rest().chars();
        chars.next();
        let escaped = chars.next()?;
        self.at += 1 + escaped.len_utf8();
        let digits = match escaped {
            'n' => return push(out, '\n'),
            'r' => return push(out, '\r'),
            't' => return push(out, '\t'),
            '\\' | '\'' | '"' => return push(out, escaped),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => {
                out.push('\\');
                return push(out, escaped);
            }
        };
        let code = self.rest().get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
        self.at += digits;
        push(out, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Anything else, up to the comma, colon or bracket that ends it: brackets and strings inside are balanced.
    fn other(&mut self, start: usize) -> Option<Literal> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            let byte = match self.peek() {
                Some(byte) => byte,
                None if open.is_empty() => break,
                None => return None,
            };
            match byte {
                b',' | b':' | b')' | b']' | b'}' if open.is_empty() => break,
                b'(' => open.push(b')'),
                b'[' => open.push(b']'),
                b'{' => open.push(b'}'),
                // `<Status.DRAFT: 'draft'>`
                b'<' => open.push(b'>'),
                b')' | b']' | b'}' if open.pop() != Some(byte) => return None,
                b'>' if open.last() == Some(&b'>') => _ = open.pop(),
                b'\'' | b'"' => {
                    self.string(&mut String::new())?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        let text = self.text.get(start..self.at)?.trim_end();
        (!text.is_empty()).then(|| Literal::Other(text.to_string()))
    }
}

fn push(out: &mut String, char: char) -> Option<()> {
    out.push(char);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Option<Vec<String>> {
        match parse(text)? {
            Literal::Sequence(items) => Some(items.iter().map(Literal::render).collect()),
            other => Some(vec![other.render()]),
        }
    }

    #[test]
    fn parameters_come_as_text() {
        let text = r#"(1, 'it\'s', None, True, Decimal('1.50'), datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc), b'\x00,)', <Status.A: 'a'>)"#;
        let expected = [
            "1",
            "it's",
            "NULL",
            "True",
            "Decimal('1.50')",
            "datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)",
            r"b'\x00,)'",
            "<Status.A: 'a'>",
        ];
        assert_eq!(rendered(text).unwrap(), expected);
        assert_eq!(rendered("()").unwrap(), Vec::<String>::new());
        assert_eq!(rendered("[1, [2, 3]]").unwrap(), ["1", "[2, 3]"]);
        assert_eq!(rendered(r"('a\u00e9\n' 'b',)").unwrap(), ["aé\nb"]);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for text in ["", "(1", "(1, 'a)", "'x',); alias=default", "(1))", "(1) x", "{'a': }", "(Decimal('1)"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_does_not_overflow() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).is_some());
        assert_eq!(parse(&"(".repeat(100_000)), None);
    }
}
