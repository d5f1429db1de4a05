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

impl Index {
    /// A B-tree over columns, without a name.
    pub fn plain(columns: impl IntoIterator<Item = IndexColumn>, origin: IndexOrigin) -> Self {
        Self {
            name: None,
            columns: columns.into_iter().collect(),
            unique: false,
            condition: None,
            method: "btree".into(),
            origin,
            site: None,
        }
    }
}

impl IndexColumn {
    /// `name`, or `-name` for a descending one.
    pub fn of(field: &str) -> Self {
        let name = field.strip_prefix('-');
        Self { name: name.unwrap_or(field).into(), descending: name.is_some(), expression: None, opclass: None }
    }
}
