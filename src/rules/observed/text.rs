//! RT303 and RT407 in a log: what the text of a statement shows, whatever else its request does.

use smol_str::SmolStr;

use super::groups::Group;
use super::pages::{draft, read};
use super::{Run, names};
use crate::model::Confidence;
use crate::rules::{Context, Draft, Meta};
use crate::trace::{Comparison, Operator};

/// Columns of a result from which on it is worth asking who reads them all.
const MANY_COLUMNS: u32 = 20;
/// Rows of such a result from which on it matters.
const MANY_ROWS: u64 = 100;

/// RT303: many rows of many columns. What of them is read, no log shows: a hint.
pub fn wide_rows(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for group in read(run) {
        let columns = group.statement.facts.selected.unwrap_or(0);
        let most = group.members.iter().filter_map(|(_, observed)| observed.rows).max().unwrap_or(0);
        if columns >= MANY_COLUMNS && most >= MANY_ROWS {
            let message = format!("`{}` gives {most} rows of {columns} columns each.", group.table());
            let advice = "Where few of the columns are read, ask for those: only() or values_list() in Django, \
                          load_only() in SQLAlchemy.";
            let found = draft(run.trace, meta, group, message, advice);
            cx.report(Draft { hint: Some(true), confidence: Confidence::Possible, ..found });
        }
    }
}

/// RT407: a part of a text, or what a function makes of a column, with no other condition that leads to few rows.
pub fn index_cannot_serve(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for group in run.groups.shapes() {
        let facts = &group.statement.facts;
        let judged = facts.kind.reads() && facts.parsed && !facts.compound && !names::is_framework(group.table());
        if !judged || facts.compared.iter().any(|compared| narrows(compared, group)) {
            continue;
        }
        let Some((compared, why)) = facts.compared.iter().find_map(|one| Some((one, unserved(one, group)?))) else {
            continue;
        };
        let (table, column) = (group.table(), compared.column.name.as_str());
        let (message, advice) = match why {
            Why::Part => (
                format!("`{table}` is searched for a part of {column}, which no ordinary index serves."),
                "On PostgreSQL a GIN index with gin_trgm_ops (pg_trgm) serves it, or full-text search; a pattern \
                 without a wildcard at its start needs neither."
                    .to_owned(),
            ),
            Why::Function(function) => (
                format!(
                    "`{table}` is searched by {function}() of {column}, which an index of {column} does not serve."
                ),
                format!(
                    "Compare the column itself, with a range where that says the same, or add an index on the \
                     expression {function}({column})."
                ),
            ),
        };
        let found = draft(run.trace, meta, group, message, &advice);
        cx.report(Draft { confidence: Confidence::Likely, ..found });
    }
}

enum Why<'t> {
    /// A pattern with a wildcard at its start.
    Part,
    Function(&'t str),
}

fn unserved<'t>(compared: &'t Comparison, group: &Group<'_>) -> Option<Why<'t>> {
    match (compared.operator, compared.function.as_deref()) {
        (Operator::Contains | Operator::Prefix, _) if starts_anywhere(group) => Some(Why::Part),
        (Operator::Equal | Operator::In | Operator::Range | Operator::Prefix, Some(function)) => {
            let plain = is_text(function) || is_aggregate(function) || compared.column.name.is_empty();
            (!plain).then_some(Why::Function(function))
        }
        _ => None,
    }
}

/// An execution was seen whose pattern starts with a wildcard, and is not all wildcards. Where values are hidden, none.
fn starts_anywhere(group: &Group<'_>) -> bool {
    let leads = |value: &SmolStr| value.starts_with('%') && value.chars().any(|char| char != '%');
    group.members.iter().any(|(_, observed)| observed.params.iter().flatten().any(leads))
}

/// A condition that leads to few rows: on a key, or on a value of another table, through which the join leads here.
fn narrows(compared: &Comparison, group: &Group<'_>) -> bool {
    let column = compared.column.name.as_str();
    let key = names::is_primary_key(column) || names::relation(column).is_some();
    let own = compared.column.table.is_empty() || compared.column.table == group.table();
    let few = ["status", "state", "type", "kind", "active", "enabled", "public"].contains(&column);
    let flag = few || ["is_", "has_"].iter().any(|start| column.starts_with(start));
    (key || !own && !flag) && compared.function.is_none() && matches!(compared.operator, Operator::Equal | Operator::In)
}

/// A cast that changes nothing of a text.
fn is_text(function: &str) -> bool {
    ["text", "varchar", "character varying", "char", "citext", "collate"].iter().any(|kind| function.starts_with(kind))
}

/// What HAVING compares.
fn is_aggregate(function: &str) -> bool {
    ["count", "sum", "avg", "min", "max", "stddev", "variance", "var_", "bool_", "array_agg", "string_agg"]
        .iter()
        .any(|name| function.starts_with(name))
}
