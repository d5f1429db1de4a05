//! One distinct statement and what is known of its shape.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::Kind;

/// Class of statements that differ only in what does not change a plan or a meaning; 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub fingerprint: Fingerprint,
    /// For reading: unneeded quotes dropped, literals `?`.
    pub sql: String,
    pub facts: Facts,
}

/// What the rules ask of a statement's shape. Names are as written, without quotes; a column's table is resolved
/// through aliases, and empty where it cannot be.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub kind: Kind,
    /// The table that is read or written first, then those joined.
    pub tables: Vec<SmolStr>,
    /// Conditions on columns in WHERE and HAVING that hold for every row (joined by AND).
    pub compared: Vec<Comparison>,
    /// Conditions that stand under OR or NOT.
    pub alternatives: Vec<Comparison>,
    pub joined_on: Vec<(Column, Column)>,
    pub ordered: Vec<Ordering>,
    pub grouped: Vec<Column>,
    /// How many columns the SELECT list has; `None` for `*`.
    pub selected: Option<u32>,
    pub aggregates: Vec<SmolStr>,
    pub distinct: bool,
    pub limit: bool,
    pub offset: bool,
    /// FOR UPDATE or FOR SHARE.
    pub locked: bool,
    /// Columns that INSERT or UPDATE sets, and whether each value is a literal or parameter (not an expression).
    pub written: Vec<(SmolStr, bool)>,
    /// Names of the plain columns in the SELECT list. Empty for a prediction.
    pub columns: Vec<SmolStr>,
    /// Columns looked up by `=`, each with the index of its value among [`super::Observed::params`]. Empty for a
    /// prediction.
    pub keys: Vec<(SmolStr, u32)>,
    /// Index of the LIMIT's value among them.
    pub limit_at: Option<u32>,
    /// Index of the OFFSET's value among them.
    pub offset_at: Option<u32>,
    /// UNION, WITH, or a subquery in FROM: columns may not be those of `tables`.
    pub compound: bool,
    /// False when the parser could not read it and only tokens were looked at.
    pub parsed: bool,
}

impl Facts {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            tables: Vec::new(),
            compared: Vec::new(),
            alternatives: Vec::new(),
            joined_on: Vec::new(),
            ordered: Vec::new(),
            grouped: Vec::new(),
            selected: None,
            aggregates: Vec::new(),
            distinct: false,
            limit: false,
            offset: false,
            locked: false,
            written: Vec::new(),
            columns: Vec::new(),
            keys: Vec::new(),
            limit_at: None,
            offset_at: None,
            compound: false,
            parsed: false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    pub table: SmolStr,
    pub name: SmolStr,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub column: Column,
    pub operator: Operator,
    /// The function or cast around the column: `upper`, `date`.
    pub function: Option<SmolStr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    NotEqual,
    /// `<`, `<=`, `>`, `>=`, BETWEEN.
    Range,
    In,
    NotIn,
    IsNull,
    IsNotNull,
    /// LIKE and its kin, with a pattern that does not start with a wildcard.
    Prefix,
    /// LIKE and its kin with a leading wildcard, or with a parameter that hides it.
    Contains,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    pub column: Column,
    pub descending: bool,
    /// `random()`, `lower(x)`: not a plain column.
    pub function: Option<SmolStr>,
}
