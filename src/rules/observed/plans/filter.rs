//! What a step's condition compares, and the index that would serve it.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::sql::{self, Dialect};
use crate::trace::{Facts, Operator, PlanNode};

/// Columns that an index is worth to have; a longer one is rarely read to its end.
const MOST_COLUMNS: usize = 3;

/// The facts of a condition, as if it were a statement's own.
pub(in crate::rules::observed) fn facts(node: &PlanNode, condition: &str) -> Facts {
    let relation = node.relation.as_deref().unwrap_or("t");
    let alias = node.alias.as_deref().unwrap_or(relation);
    let text = format!("SELECT 1 FROM {} {} WHERE {}", quoted(relation), quoted(alias), uncast(condition));
    sql::facts(&text, Dialect::Postgres)
}

/// Columns of an index that leads to the rows that a condition keeps: those compared for equality, then one range.
/// Empty where no plain index serves it.
pub(in crate::rules::observed) fn index_columns(facts: &Facts) -> Vec<SmolStr> {
    let mut columns: Vec<SmolStr> = Vec::new();
    let mut add = |operators: &[Operator], most: usize| {
        let before = columns.len();
        for compared in &facts.compared {
            let serves = compared.function.is_none() && operators.contains(&compared.operator);
            if serves && !columns.contains(&compared.column.name) && columns.len() < before + most {
                columns.push(compared.column.name.clone());
            }
        }
    };
    add(&[Operator::Equal, Operator::In, Operator::IsNull], MOST_COLUMNS);
    add(&[Operator::Range, Operator::Prefix], 1);
    columns
}

/// PostgreSQL writes `(status)::text` for a column that is a varchar; an index on it serves all the same.
fn uncast(condition: &str) -> Cow<'_, str> {
    if condition.contains(")::text") { condition.replace(")::text", ")").into() } else { condition.into() }
}

/// A name in SQL.
pub(in crate::rules::observed) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|char: char| char.is_ascii_lowercase() || char == '_')
        && name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
    if plain && !sql::is_reserved(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// `(poster_id, created)`
pub(in crate::rules::observed) fn listed(columns: &[SmolStr]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!("({})", names.join(", "))
}
