//! Statements as the traces hold them: each distinct text read once, each distinct shape parsed once.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::lexer::{Lexer, TokenKind};
use super::{Dialect, facts, fingerprint, normalise};
use crate::trace::{Fingerprint, Statement};

/// Texts that are remembered; a log with more distinct ones than this repeats few of them.
const MAX_TEXTS: usize = 1 << 16;
/// Shapes that are remembered. A program has hundreds; what has more is not made of statements.
const MAX_SHAPES: usize = 1 << 16;

#[derive(Debug, Default)]
pub struct Statements {
    /// By a hash of the text: a text is not kept.
    by_text: HashMap<(u64, usize, Dialect), Rc<Statement>>,
    by_shape: HashMap<(Fingerprint, Dialect), Rc<Statement>>,
}

impl Statements {
    pub fn new() -> Self {
        Self::default()
    }

    /// The shape of `sql`. Of all texts of one shape, the first gives the facts and the text for reading.
    pub fn statement(&mut self, sql: &str, dialect: Dialect) -> Rc<Statement> {
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        let key = (hasher.finish(), sql.len(), dialect);
        if let Some(known) = self.by_text.get(&key) {
            return known.clone();
        }
        let fingerprint = fingerprint(sql, dialect);
        let statement = match self.by_shape.get(&(fingerprint, dialect)) {
            Some(known) => known.clone(),
            None => {
                let (sql, facts) = (normalise(sql, dialect), facts(sql, dialect));
                let new = Rc::new(Statement { fingerprint, sql, facts });
                if self.by_shape.len() >= MAX_SHAPES {
                    self.by_shape.clear();
                }
                self.by_shape.insert((fingerprint, dialect), new.clone());
                new
            }
        };
        if self.by_text.len() >= MAX_TEXTS {
            self.by_text.clear();
        }
        self.by_text.insert(key, statement.clone());
        statement
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
        assert!(Rc::ptr_eq(&one, &two));
        assert_eq!(one.sql, "SELECT a FROM t WHERE b = ?");
    }

    #[test]
    fn semicolons_divide_only_statements() {
        let sql = "SELECT ';' ; -- ; \n INSERT INTO t VALUES (1);;\nSELECT $$ ; $$";
        assert_eq!(split(sql, Dialect::Postgres), ["SELECT ';'", "-- ; \n INSERT INTO t VALUES (1)", "SELECT $$ ; $$"]);
        assert!(split(" ; -- nothing", Dialect::Postgres).is_empty());
    }
}
