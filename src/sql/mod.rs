//! SQL text: tokens, fingerprints, facts per shape, DDL, layout.
//!
//! `lexer`, `fingerprint`, `normalise`, `mask`, `texts` and `layout` stand on tokens alone, so that the code engine does not carry a
//! parser; `ddl`, `facts` and `statements` stand on sqlparser.

mod ddl;
mod facts;
mod facts_of_query;
mod facts_of_tokens;
mod fingerprint;
mod layout;
pub mod lexer;
mod mask;
mod normalise;
mod statements;
mod texts;
mod tokens;
mod values;
mod words;

pub use ddl::read as read_ddl;
pub use facts::{
    facts, is_connection_setup, is_housekeeping, is_tool_noise, is_transaction_control, transaction_boundary,
};
pub use fingerprint::fingerprint;
pub use layout::layout;
pub use mask::Mask;
pub use normalise::normalise;
pub use statements::{Known, Statements, split};
pub use texts::Texts;
pub use words::is_reserved;

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

#[cfg(test)]
mod facts_tests;
