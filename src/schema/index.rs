//! What an index or a constraint serves.

use smol_str::SmolStr;

use crate::model::Site;

#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    pub name: Option<SmolStr>,
    pub columns: Vec<IndexColumn>,
    pub unique: bool,
    /// A partial index serves only queries that imply its condition.
    pub condition: Option<String>,
    /// `btree` unless said otherwise, lower case.
    pub method: SmolStr,
    pub origin: IndexOrigin,
    pub site: Option<Site>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct IndexColumn {
    /// Field name for a model's index, column name for one read from DDL; empty for an expression.
    pub name: SmolStr,
    pub descending: bool,
    pub expression: Option<String>,
    pub opclass: Option<SmolStr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexOrigin {
    PrimaryKey,
    /// `unique=True`, `unique_together`, `UniqueConstraint`.
    Unique,
    /// A foreign key's own.
    ForeignKey,
    /// `db_index=True`, a SlugField.
    FieldFlag,
    /// `Meta.indexes`, `index_together`.
    Meta,
    Migration,
    Ddl,
}
