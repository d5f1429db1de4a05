//! SQL text: tokens, fingerprints, facts per shape, DDL, layout.

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
