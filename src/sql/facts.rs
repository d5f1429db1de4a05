//! What the rules ask of a statement's shape, read by sqlparser where it can, from the tokens where it cannot.

use sqlparser::ast;
use sqlparser::dialect::{self, Dialect as Grammar};
use sqlparser::parser::Parser;

use super::Dialect;
use super::facts_of_query::Reading;
use super::facts_of_tokens::facts_of_tokens;
use super::lexer::TokenKind;
use super::tokens::Tokens;
use super::values::describe;
use super::words::Keyword;
use crate::model::Kind;
use crate::trace::Facts;

/// A chain of operators is as deep a tree as it is long, and dropping one of 20,000 overflows a stack in wasm.
const MAX_OPERATORS: usize = 1_000;
/// After lists are folded; longer statements are generated, and take the parser longer than they tell.
const MAX_BYTES: usize = 64 * 1024;

pub fn facts(sql: &str, dialect: Dialect) -> Facts {
    let tokens = Tokens::new(sql, dialect);
    let mut facts = parsed(&tokens, dialect).unwrap_or_else(|| facts_of_tokens(&tokens));
    describe(&tokens, &mut facts);
    facts
}

fn parsed(tokens: &Tokens<'_>, dialect: Dialect) -> Option<Facts> {
    let from = cursor_query(tokens);
    let head = tokens.key(from);
    let readable = matches!(head, Some(Keyword::Select | Keyword::Insert | Keyword::Update | Keyword::Delete))
        || matches!(head, Some(Keyword::With | Keyword::Values))
        || tokens.is_word(from, "replace")
        || tokens.kind(from) == Some(TokenKind::Open);
    let text = parseable(tokens, from, dialect).filter(|_| readable)?;
    let statements = Parser::parse_sql(grammar(dialect), &text).ok()?;
    let [statement] = &statements[..] else { return None };
    let mut reading = Reading::new();
    match statement {
        ast::Statement::Query(query) => reading.query(query),
        ast::Statement::Insert(insert) => reading.insert(insert),
        ast::Statement::Update(update) => reading.update(update),
        ast::Statement::Delete(delete) => reading.delete(delete),
        _ => return None,
    }
    let mut facts = reading.facts;
    facts.parsed = true;
    Some(facts)
}

pub(super) fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Postgres => &dialect::PostgreSqlDialect {},
        Dialect::MySql => &dialect::MySqlDialect {},
        Dialect::Sqlite => &dialect::SQLiteDialect {},
        Dialect::Generic => &dialect::GenericDialect {},
    }
}

/// `DECLARE c CURSOR FOR SELECT …` is the query that it runs; other statements start at 0.
pub(super) fn cursor_query(tokens: &Tokens<'_>) -> usize {
    if !tokens.is_word(0, "declare") {
        return 0;
    }
    let end = tokens.len();
    let head = tokens.find(0, end, |at| tokens.key(at) == Some(Keyword::For));
    if head < end { head + 1 } else { 0 }
}

/// The statement with every list at its shortest and parameters as the grammar knows them; `None` for one that would
/// be too deep or too long.
fn parseable(tokens: &Tokens<'_>, from: usize, dialect: Dialect) -> Option<String> {
    let param = if dialect == Dialect::Postgres { "$1" } else { "?" };
    let mut out = String::new();
    let mut operators = 0;
    let mut at = from;
    let count = tokens.len();
    while at < count {
        let token = tokens.get(at)?;
        if !out.is_empty() {
            out.push(' ');
        }
        match token.kind {
            TokenKind::Param => out.push_str(param),
            TokenKind::Text if token.text.ends_with(['\'', '"', '$']) => out.push_str(token.text),
            TokenKind::Text => {
                out.push('\'');
                out.push_str(token.text);
                out.push('\'');
            }
            TokenKind::Operator => {
                operators += 1;
                out.push_str(if token.text == "%%" { "%" } else { token.text });
            }
            _ => {
                let quoted_away = tokens.key(at).is_none() && token.kind == TokenKind::Word;
                match tokens.literal_end(at, count).filter(|_| quoted_away) {
                    // `status = draft`, which lost its quotes; a typed string stays what it is.
                    Some(end) if tokens.kind(end - 1) != Some(TokenKind::Text) => {
                        out.push_str("''");
                        at = end;
                        continue;
                    }
                    _ => out.push_str(token.text),
                }
            }
        }
        operators += usize::from(matches!(tokens.key(at), Some(Keyword::And | Keyword::Or | Keyword::Not)));
        if operators > MAX_OPERATORS || out.len() > MAX_BYTES {
            return None;
        }
        at = match tokens.key(at) {
            Some(Keyword::In) => after_list(tokens, at + 1, &mut out),
            Some(Keyword::Values) => after_rows(tokens, at + 1, &mut out),
            _ => at + 1,
        };
    }
    Some(out)
}

/// `(1, 2, 3)` as `(1)`: writes it and gives the index after it, where it is a list of literals.
fn after_list(tokens: &Tokens<'_>, open: usize, out: &mut String) -> usize {
    let Some(end) = tokens.mate(open, tokens.len()).filter(|_| tokens.kind(open) == Some(TokenKind::Open)) else {
        return open;
    };
    let literals = tokens.parts(open + 1, end).all(|(from, to)| {
        let bracketed = tokens.kind(from) == Some(TokenKind::Open) && tokens.mate(from, to) == Some(to - 1);
        let (from, to) = if bracketed { (from + 1, to - 1) } else { (from, to) };
        from < to && tokens.literal_end(from, to) == Some(to)
    });
    if !literals {
        return open;
    }
    out.push_str(" (1)");
    end + 1
}

/// Index of the second row's comma is skipped to behind the last row; the first is left to be written.
fn after_rows(tokens: &Tokens<'_>, open: usize, out: &mut String) -> usize {
    let count = tokens.len();
    let Some(end) = tokens.mate(open, count).filter(|_| tokens.kind(open) == Some(TokenKind::Open)) else {
        return open;
    };
    for at in open..(end + 1).min(count) {
        let Some(token) = tokens.get(at) else { break };
        out.push(' ');
        match token.kind {
            TokenKind::Param => out.push_str("NULL"),
            TokenKind::Text => out.push_str("''"),
            _ => out.push_str(token.text),
        }
    }
    let mut at = end + 1;
    while tokens.kind(at) == Some(TokenKind::Comma) && tokens.kind(at + 1) == Some(TokenKind::Open) {
        at = tokens.after(at + 1, count);
    }
    at
}

/// Tables that tools write to while they watch: no part of what they watch.
pub fn is_tool_noise(facts: &Facts) -> bool {
    let of_tool = |table: &str| {
        let name = table.rsplit('.').next().unwrap_or(table);
        name.starts_with("debug_toolbar_") || name.starts_with("silk_")
    };
    facts.tables.first().is_some_and(|table| of_tool(table))
}

/// BEGIN, SAVEPOINT, COMMIT and their kin: sent, but no round trip of the code's own.
pub fn is_transaction_control(sql: &str) -> bool {
    const HEADS: [&str; 7] = ["begin", "commit", "rollback", "savepoint", "release", "end", "abort"];
    let mut tokens = super::lexer::Lexer::new(sql, Dialect::Generic);
    let (first, second) = (tokens.next(), tokens.next());
    let is = |token: &Option<super::lexer::Token<'_>>, word: &str| token.as_ref().is_some_and(|t| t.is_word(word));
    HEADS.iter().any(|head| is(&first, head))
        || (is(&first, "start") && is(&second, "transaction"))
        || (is(&first, "set") && (is(&second, "transaction") || is(&second, "autocommit")))
}

/// Whether a statement opens a transaction (`true`) or ends one; none for savepoints and everything else.
pub fn transaction_boundary(sql: &str) -> Option<bool> {
    let mut tokens = super::lexer::Lexer::new(sql, Dialect::Generic);
    let first = tokens.next()?;
    match tokens.next() {
        Some(second) if first.is_word("start") => second.is_word("transaction").then_some(true),
        _ if first.is_word("begin") => Some(true),
        // Back to a savepoint, the transaction goes on.
        second if first.is_word("rollback") => {
            let further = tokens.next();
            let goes_back = [second, further].into_iter().flatten().any(|token| token.is_word("to"));
            (!goes_back).then_some(false)
        }
        _ => ["commit", "end", "abort"].iter().any(|head| first.is_word(head)).then_some(false),
    }
}

/// Statements that a driver or framework sends on its own when a connection opens.
pub fn is_connection_setup(sql: &str) -> bool {
    let mut words = super::lexer::Lexer::new(sql, Dialect::Generic);
    let (first, second) = (words.next(), words.next());
    let Some(first) = first else { return true };
    let second = second.map_or("", |token| token.text).to_ascii_lowercase();
    let called = ["set_config", "version", "current_schema", "pg_catalog", "@@session", "@@sql_mode", "connection_id"];
    ["set", "show", "pragma", "use", "deallocate", "discard"].iter().any(|head| first.is_word(head))
        || (first.is_word("select") && (called.contains(&second.as_str()) || second.starts_with("@@")))
}

/// What no finding may be made of, whoever sent it.
pub fn is_housekeeping(sql: &str, facts: &Facts) -> bool {
    is_transaction_control(sql) || is_connection_setup(sql) || is_tool_noise(facts) || facts.kind == Kind::Other
}
