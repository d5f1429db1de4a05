//! Statements as the traces hold them: each distinct text read once, each distinct shape parsed once.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::lexer::{Lexer, Token, TokenKind};
use super::tokens::Tokens;
use super::values::{Slot, slots};
use super::{Dialect, facts, fingerprint, is_housekeeping, is_transaction_control, normalise};
use crate::trace::{Fingerprint, Statement};

/// Texts that are remembered, those that differ only in their values as one.
const MAX_TEXTS: usize = 1 << 16;
/// Shapes that are remembered. A program has hundreds; what has more is not made of statements.
const MAX_SHAPES: usize = 1 << 16;

/// What is known of a text, and of all that have the same tokens but for the values of their literals.
#[derive(Debug)]
pub struct Known {
    pub statement: Arc<Statement>,
    /// See [`is_transaction_control`].
    pub controls_transaction: bool,
    /// See [`is_housekeeping`].
    pub is_housekeeping: bool,
    slots: Vec<Slot>,
}

/// Where a token stands in the text that is read.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: TokenKind,
    from: u32,
    to: u32,
}

#[derive(Debug, Default)]
pub struct Statements {
    /// By a hash of the tokens: a text is not kept.
    by_tokens: FxHashMap<(u64, Dialect), Arc<Known>>,
    by_shape: FxHashMap<(Fingerprint, Dialect), Arc<Statement>>,
    /// Of the text that was read last.
    places: Vec<Place>,
}

impl Statements {
    pub fn new() -> Self {
        Self::default()
    }

    /// The shape of `sql`. Of all texts of one shape, the first gives the facts and the text for reading.
    pub fn statement(&mut self, sql: &str, dialect: Dialect) -> Arc<Statement> {
        self.known(sql, dialect).statement.clone()
    }

    /// What is known of `sql`, and the values of this execution: its literals, and `params` in place of their marks, in
    /// the order of the text. They are `None` where a mark has no parameter: they are hidden.
    pub fn read(
        &mut self,
        sql: &str,
        params: Option<&[String]>,
        dialect: Dialect,
    ) -> (Arc<Known>, Option<Vec<SmolStr>>) {
        let known = self.known(sql, dialect);
        let token = |at: u32| {
            let Place { kind, from, to } = *self.places.get(at as usize)?;
            Some(Token { kind, text: sql.get(from as usize..to as usize)?, start: from as usize })
        };
        let values = known.slots.iter().map(|slot| slot.value(token, params)).collect();
        (known, values)
    }

    fn known(&mut self, sql: &str, dialect: Dialect) -> Arc<Known> {
        let mut hash = Hash::default();
        self.places.clear();
        for token in Lexer::new(sql, dialect) {
            hash.token(&token);
            let (from, to) = (token.start as u32, token.end() as u32);
            self.places.push(Place { kind: token.kind, from, to });
        }
        let key = (hash.0, dialect);
        if let Some(known) = self.by_tokens.get(&key) {
            return known.clone();
        }
        let statement = self.shape(sql, dialect);
        let known = Arc::new(Known {
            controls_transaction: is_transaction_control(sql),
            is_housekeeping: is_housekeeping(sql, &statement.facts),
            slots: slots(&Tokens::new(sql, dialect)),
            statement,
        });
        if self.by_tokens.len() >= MAX_TEXTS {
            self.by_tokens.clear();
        }
        self.by_tokens.insert(key, known.clone());
        known
    }

    fn shape(&mut self, sql: &str, dialect: Dialect) -> Arc<Statement> {
        let fingerprint = fingerprint(sql, dialect);
        if let Some(known) = self.by_shape.get(&(fingerprint, dialect)) {
            return known.clone();
        }
        let (sql, facts) = (normalise(sql, dialect), facts(sql, dialect));
        let new = Arc::new(Statement { fingerprint, sql, facts });
        if self.by_shape.len() >= MAX_SHAPES {
            self.by_shape.clear();
        }
        self.by_shape.insert((fingerprint, dialect), new.clone());
        new
    }
}

/// Of tokens, whatever the literals among them are. No fingerprint and no fact depends on those.
#[derive(Default)]
struct Hash(u64);

impl Hash {
    fn push(&mut self, part: u64) {
        self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.0 ^= self.0 >> 32;
    }

    fn token(&mut self, token: &Token<'_>) {
        let literal = matches!(token.kind, TokenKind::Text | TokenKind::Number);
        let text = if literal { &[] } else { token.text.as_bytes() };
        self.push(((text.len() as u64) << 8) | token.kind as u64);
        let (eights, rest) = text.as_chunks::<8>();
        eights.iter().for_each(|eight| self.push(u64::from_le_bytes(*eight)));
        if !rest.is_empty() {
            self.push(rest.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)));
        }
    }
}

/// The statements between semicolons, without empty ones. Semicolons in strings, names, comments and brackets divide
/// nothing.
pub fn split(sql: &str, dialect: Dialect) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut depth = 0u32;
    let mut push = |from: usize, to: usize| {
        let part = sql.get(from..to).unwrap_or_default().trim();
        if Lexer::new(part, dialect).next().is_some() {
            out.push(part);
        }
    };
    for token in Lexer::new(sql, dialect) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Semicolon if depth == 0 => {
                push(start, token.start);
                start = token.end();
            }
            _ => {}
        }
    }
    push(start, sql.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_shared_by_its_texts() {
        let mut statements = Statements::new();
        let one = statements.statement("SELECT a FROM t WHERE b = 1", Dialect::Postgres);
        let two = statements.statement("SELECT a FROM t WHERE b = 2", Dialect::Postgres);
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!(one.sql, "SELECT a FROM t WHERE b = ?");
    }

    #[test]
    fn texts_of_other_values_are_one() {
        let mut statements = Statements::new();
        let mut read = |sql| statements.read(sql, None, Dialect::Postgres);
        let (one, first) = read("SELECT a FROM t WHERE b = 1 AND c = 'x''y'");
        let (two, second) = read("SELECT a FROM t -- again\n WHERE b = 22 AND c = ''");
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!((first.unwrap(), second.unwrap()), (vec!["1".into(), "x''y".into()], vec!["22".into(), "".into()]));
        let (minus, values) = read("SELECT a FROM t WHERE b = -1 AND c = 'x'");
        assert!(!Arc::ptr_eq(&one, &minus) && Arc::ptr_eq(&one.statement, &minus.statement));
        assert_eq!(values.unwrap(), ["-1", "x"]);
    }

    #[test]
    fn semicolons_divide_only_statements() {
        let sql = "SELECT ';' ; -- ; \n INSERT INTO t VALUES (1);;\nSELECT $$ ; $$";
        assert_eq!(split(sql, Dialect::Postgres), ["SELECT ';'", "-- ; \n INSERT INTO t VALUES (1)", "SELECT $$ ; $$"]);
        assert!(split(" ; -- nothing", Dialect::Postgres).is_empty());
    }
}
