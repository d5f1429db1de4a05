//! SQL text: tokens, fingerprints, facts per shape, DDL, layout.
//!
//! `lexer`, `fingerprint`, `normalise` and `layout` stand on tokens alone, so that the code engine does not carry a
//! parser; `facts` and `statements` stand on sqlparser.

mod fingerprint;
pub mod lexer;
mod normalise;
mod tokens;
mod words;

pub use fingerprint::fingerprint;
pub use normalise::normalise;

/// How a database reads quotes and placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    #[default]
    Postgres,
    MySql,
    Sqlite,
    Generic,
}
