//! A statement's tokens with what belongs together: brackets with their partners, literals with their casts.

use super::Dialect;
use super::lexer::{Lexer, Token, TokenKind};
use super::words::{Keyword, is_literal_prefix, keyword};

#[derive(Debug, Clone, Copy)]
pub struct Tok<'a> {
    pub token: Token<'a>,
    pub key: Option<Keyword>,
    /// For `(`, `[` and CASE: index of the partner, or the number of tokens where there is none.
    pub mate: u32,
}

#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    list: Vec<Tok<'a>>,
}

/// How many signs, casts and brackets a literal may be wrapped in.
const WRAPPINGS: u32 = 8;

impl<'a> Tokens<'a> {
    /// All tokens of `sql`; semicolons at its end are dropped.
    pub fn new(sql: &'a str, dialect: Dialect) -> Self {
        let mut list: Vec<Tok<'a>> = Vec::with_capacity(sql.len() / 5 + 8);
        let mut after_dot = false;
        for token in Lexer::new(sql, dialect) {
            let key = keyword(&token, after_dot);
            after_dot = token.kind == TokenKind::Dot;
            if token.kind == TokenKind::Open
                && let Some(last) = list.last_mut()
                && matches!(last.key, Some(Keyword::Left | Keyword::Right))
            {
                last.key = None;
            }
            list.push(Tok { token, key, mate: u32::MAX });
        }
        while list.last().is_some_and(|tok| tok.token.kind == TokenKind::Semicolon) {
            list.pop();
        }
        let mut tokens = Self { list };
        tokens.pair();
        tokens
    }

    fn pair(&mut self) {
        let count = self.list.len() as u32;
        let mut open: Vec<usize> = Vec::new();
        for at in 0..self.list.len() {
            let opens = match self.list[at].token.kind {
                TokenKind::Open | TokenKind::OpenBracket => true,
                TokenKind::Word if self.list[at].key == Some(Keyword::Case) => true,
                TokenKind::Word if self.list[at].key == Some(Keyword::End) => {
                    if let Some(case) = open.pop_if(|case| self.list[*case].key == Some(Keyword::Case)) {
                        self.list[case].mate = at as u32;
                    }
                    false
                }
                closer @ (TokenKind::Close | TokenKind::CloseBracket) => {
                    let opener = if closer == TokenKind::Close { TokenKind::Open } else { TokenKind::OpenBracket };
                    // A CASE without END, or a bracket of the other sort, ends with what is around it.
                    if let Some(depth) = open.iter().rposition(|o| self.list[*o].token.kind == opener) {
                        self.list[open[depth]].mate = at as u32;
                        open.truncate(depth);
                    }
                    false
                }
                _ => false,
            };
            if opens {
                self.list[at].mate = count;
                open.push(at);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.list.get(at).map(|tok| &tok.token)
    }

    pub fn kind(&self, at: usize) -> Option<TokenKind> {
        self.list.get(at).map(|tok| tok.token.kind)
    }

    pub fn key(&self, at: usize) -> Option<Keyword> {
        self.list.get(at).and_then(|tok| tok.key)
    }

    /// Index of the partner of an opening token, at most `to`; `None` for any other token.
    pub fn mate(&self, at: usize, to: usize) -> Option<usize> {
        let tok = self.list.get(at)?;
        (tok.mate != u32::MAX).then(|| (tok.mate as usize).min(to))
    }

    /// Index after the token at `at`, or after the group that it opens; at most `to`.
    pub fn after(&self, at: usize, to: usize) -> usize {
        self.mate(at, to).map_or(at + 1, |mate| (mate + 1).min(to))
    }

    pub fn is_operator(&self, at: usize, operator: &str) -> bool {
        self.get(at).is_some_and(|token| token.is_operator(operator))
    }

    pub fn is_word(&self, at: usize, word: &str) -> bool {
        self.get(at).is_some_and(|token| token.is_word(word))
    }

    /// A word or quoted name that is no keyword.
    pub fn is_name(&self, at: usize) -> bool {
        self.list.get(at).is_some_and(|tok| tok.token.is_name() && tok.key.is_none())
    }

    /// The token at `at` can end a value: a name, a literal, a closing bracket.
    pub fn ends_value(&self, at: usize) -> bool {
        self.list.get(at).is_some_and(|tok| match tok.token.kind {
            TokenKind::Word => tok.key.is_none_or(Keyword::is_value),
            TokenKind::Quoted | TokenKind::Text | TokenKind::Number | TokenKind::Param => true,
            TokenKind::Close | TokenKind::CloseBracket => true,
            _ => false,
        })
    }

    /// First index in `from..to` outside of any group at which `stop` holds; `to` where there is none.
    pub fn find(&self, from: usize, to: usize, mut stop: impl FnMut(usize) -> bool) -> usize {
        let mut at = from;
        while at < to {
            if stop(at) {
                return at;
            }
            at = self.after(at, to);
        }
        to
    }

    /// Where the clause that goes on at `from` ends.
    pub fn clause_end(&self, from: usize, to: usize) -> usize {
        self.find(from, to, |at| match self.key(at) {
            // `IS DISTINCT FROM`, `timestamp with time zone`
            Some(Keyword::From) => at == 0 || self.key(at - 1) != Some(Keyword::Distinct),
            Some(Keyword::With) => !self.is_word(at + 1, "time"),
            Some(key) => key.starts_clause(),
            None => false,
        })
    }

    /// The parts of `from..to` between commas; one empty part for an empty range.
    pub fn parts(&self, from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let start = next?;
            let end = self.find(start, to, |at| self.kind(at) == Some(TokenKind::Comma));
            next = (end < to).then_some(end + 1);
            Some((start, end))
        })
    }

    /// Where the literal that starts at `at` ends, its sign and casts included; `None` where none does.
    pub fn literal_end(&self, at: usize, to: usize) -> Option<usize> {
        self.wrapped_literal_end(at, to, WRAPPINGS).or_else(|| self.unquoted_text_end(at, to))
    }

    /// `status = draft` where names stand in quotes: the value lost its own (django-silk).
    fn unquoted_text_end(&self, at: usize, to: usize) -> Option<usize> {
        let compared = at >= 2
            && self.kind(at - 2) == Some(TokenKind::Quoted)
            && (["=", "<", ">", "<=", ">=", "!=", "<>"].iter().any(|o| self.is_operator(at - 1, o))
                || self.key(at - 1) == Some(Keyword::Like));
        let word = |at: usize| self.kind(at) == Some(TokenKind::Word) && self.key(at).is_none();
        if !compared || !word(at) || matches!(self.kind(at + 1), Some(TokenKind::Open | TokenKind::Dot)) {
            return None;
        }
        Some((at..to).find(|at| !word(*at)).unwrap_or(to))
    }

    fn wrapped_literal_end(&self, at: usize, to: usize, depth: u32) -> Option<usize> {
        if at >= to || depth == 0 {
            return None;
        }
        let end = match self.kind(at)? {
            TokenKind::Text | TokenKind::Number | TokenKind::Param => at + 1,
            TokenKind::Operator if self.is_sign(at) => at + 2,
            TokenKind::Open => {
                let mate = self.mate(at, to)?;
                let inner = self.wrapped_literal_end(at + 1, mate, depth - 1)?;
                if inner != mate || !self.is_operator(mate + 1, "::") {
                    return None;
                }
                mate + 1
            }
            TokenKind::Word => self.word_literal_end(at, to, depth)?,
            _ => return None,
        };
        Some(self.casts_end(end, to).min(to))
    }

    fn is_sign(&self, at: usize) -> bool {
        let signed = matches!(self.kind(at + 1), Some(TokenKind::Number | TokenKind::Param));
        let prefix = at == 0 || !self.ends_value(at - 1);
        signed && prefix && (self.is_operator(at, "-") || self.is_operator(at, "+"))
    }

    fn word_literal_end(&self, at: usize, to: usize, depth: u32) -> Option<usize> {
        let before = at.checked_sub(1).and_then(|at| self.key(at));
        match self.key(at) {
            Some(Keyword::Null | Keyword::True | Keyword::False) => {
                (!matches!(before, Some(Keyword::Is | Keyword::Not))).then_some(at + 1)
            }
            Some(Keyword::Cast) if self.kind(at + 1) == Some(TokenKind::Open) => {
                let mate = self.mate(at + 1, to)?;
                let inner = self.wrapped_literal_end(at + 2, mate, depth - 1)?;
                (self.key(inner) == Some(Keyword::As)).then_some(mate + 1)
            }
            Some(Keyword::Array) if self.kind(at + 1) == Some(TokenKind::OpenBracket) => {
                let mate = self.mate(at + 1, to)?;
                let empty = at + 2 == mate;
                let literal = |(from, end)| self.wrapped_literal_end(from, end, depth - 1) == Some(end);
                (empty || self.parts(at + 2, mate).all(literal)).then_some(mate + 1)
            }
            None if self.kind(at + 1) == Some(TokenKind::Text) && self.get(at)?.is_name() => {
                is_literal_prefix(self.get(at)?.text).then(|| {
                    let unit = ["year", "month", "day", "hour", "minute", "second"];
                    let has_unit = self.is_word(at, "interval") && unit.iter().any(|u| self.is_word(at + 2, u));
                    at + 2 + usize::from(has_unit)
                })
            }
            _ => None,
        }
    }

    fn casts_end(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        while at < to && self.is_operator(at, "::") {
            at = self.type_end(at + 1, to);
        }
        at
    }

    /// End of the type's name at `from`: `numeric(10, 2)[]`, `timestamp with time zone`, `pg_catalog.int4`.
    pub fn type_end(&self, from: usize, to: usize) -> usize {
        let mut at = from + 1;
        while self.kind(at) == Some(TokenKind::Dot) {
            at += 2;
        }
        if self.is_word(at, "varying") || self.is_word(at, "precision") {
            at += 1;
        }
        if self.kind(at) == Some(TokenKind::Open) {
            at = self.after(at, to);
        }
        if (self.is_word(at, "with") || self.is_word(at, "without")) && self.is_word(at + 1, "time") {
            at += 3;
        }
        while self.kind(at) == Some(TokenKind::OpenBracket) && at < to {
            at = self.after(at, to);
        }
        at.min(to)
    }
}
