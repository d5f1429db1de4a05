//! The query that gave a repeated lookup its keys.

use super::groups::Group;
use super::names;
use crate::model::{Confidence, Kind};

/// What a repeated statement is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The primary key of the table that is read: a forward relation, or `get(pk=…)`.
    Primary,
    /// A foreign key of the table that is read or of a join table: a reverse or many-to-many relation.
    Foreign,
    Other,
}

/// A column whose value changes from one execution to the next.
pub struct Lookup<'t> {
    pub key: Key,
    pub column: &'t str,
    /// The column's table.
    pub table: &'t str,
    pub distinct: usize,
}

/// A query that can have produced the keys.
pub struct Parent<'g, 't> {
    pub group: &'g Group<'t>,
    /// The foreign key of the parent that leads to the lookup's table.
    pub column: Option<&'t str>,
    /// The parent's rows are of another table, with the same foreign key as what is looked up: the relation by which
    /// both lead to its rows.
    pub through: Option<&'t str>,
    /// Certain where both the names and the number of rows fit, likely where the names do.
    pub confidence: Confidence,
    /// Rows that the parent's LIMIT allows; none where it has none.
    pub limit: Option<u32>,
}

/// `get()` asks for this many rows to see that there is one.
pub(super) const DJANGO_GET_LIMIT: u64 = 21;

/// The column that changes, if the statement is looked up by equality on one: of several a key before another column.
pub fn lookup<'t>(group: &Group<'t>) -> Option<Lookup<'t>> {
    let facts = &group.statement.facts;
    let compared = facts.keys.iter().filter_map(|(column, slot)| {
        let distinct = group.distinct(*slot);
        (distinct >= 2).then(|| {
            let of = facts.compared.iter().find(|c| c.column.name == *column && !c.column.table.is_empty());
            let table = of.map_or(group.table(), |c| c.column.table.as_str());
            let key = match column.as_str() {
                name if names::is_primary_key(name) || own_key(name, table) => Key::Primary,
                name if names::relation(name).is_some() => Key::Foreign,
                _ => Key::Other,
            };
            Lookup { key, column, table, distinct }
        })
    });
    // Under OR or in a subquery a column is compared, but nothing is looked up by it.
    compared
        .filter(|lookup| facts.compared.iter().any(|c| c.column.name == lookup.column))
        .min_by_key(|lookup| lookup.key as u8)
}

/// `user_ptr_id`, and `topic_id` as the key of `topics`: a table's own key under a longer name.
pub(super) fn own_key(column: &str, table: &str) -> bool {
    column.ends_with("_ptr_id") || names::relation(column).is_some_and(|stem| names::leads_to(stem, table))
}

/// The best candidate among the queries that started before.
pub fn parent<'g, 't>(child: &Group<'t>, lookup: &Lookup<'t>, groups: &'g [Group<'t>]) -> Option<Parent<'g, 't>> {
    let candidates = groups.iter().filter(|group| group.first() < child.first());
    let scored = candidates.filter_map(|group| {
        let (score, parent) = judged(child, lookup, group)?;
        Some((score, group.first(), parent))
    });
    scored.max_by_key(|(score, first, _)| (*score, *first)).map(|(_, _, parent)| parent)
}

fn judged<'g, 't>(child: &Group<'t>, lookup: &Lookup<'t>, group: &'g Group<'t>) -> Option<(u32, Parent<'g, 't>)> {
    let facts = &group.statement.facts;
    let same = group.statement.fingerprint == child.statement.fingerprint;
    if facts.kind != Kind::Select || same || names::is_framework(group.table()) || facts.tables.is_empty() {
        return None;
    }
    let (by_name, column, through) = names_fit(lookup, group)?;
    let by_count = rows_fit(child, lookup, group)?;
    let score = by_name + by_count;
    if score < 2 {
        return None;
    }
    let is_around = surrounds(group, child);
    let confidence = match (by_name, by_count) {
        // Rows of a third table may lead to the same ones: those of two queries are not told apart by their number.
        _ if through.is_some() && is_around != Some(true) => Confidence::Possible,
        // Its rows have the other's with them: they ask for none.
        _ if column.is_some() && facts.tables.iter().any(|table| *table == lookup.table) => Confidence::Possible,
        (6.., 3..) if through.is_none() => Confidence::Certain,
        (6.., _) => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let limit = limit(group).and_then(|n| u32::try_from(n).ok());
    Some((2 * score + u32::from(is_around == Some(true)), Parent { group, column, through, confidence, limit }))
}

/// Whether the function that read the parent's rows is one through which the way to the child leads, as that of a loop
/// over them mostly is; `None` where stacks do not tell.
fn surrounds(parent: &Group<'_>, child: &Group<'_>) -> Option<bool> {
    let (reader, stack) = (parent.frame?, &child.members.first()?.1.stack);
    Some(stack.iter().any(|frame| frame.path == reader.path && frame.function == reader.function))
}

/// How much the parent's columns speak for it, its foreign key that leads to the lookup's table, and the relation that
/// leads to what both are of.
type Fit<'t> = (u32, Option<&'t str>, Option<&'t str>);

/// Whether the parent's columns lead to the lookup's: 0 where nothing speaks for it.
fn names_fit<'t>(lookup: &Lookup<'t>, parent: &Group<'t>) -> Option<Fit<'t>> {
    let columns = &parent.statement.facts.columns;
    let has = |name: &str| columns.iter().any(|column| column == name);
    let hidden = columns.is_empty();
    match lookup.key {
        Key::Primary => {
            let mut foreign = columns.iter().filter(|column| names::relation(column).is_some());
            let named = foreign.clone().find(|column| {
                let stem = names::relation(column).unwrap_or_default();
                names::leads_to(stem, lookup.table)
            });
            match (named, foreign.next()) {
                (Some(column), _) => Some((8, Some(column.as_str()), None)),
                // `author_id` says nothing of auth_user, and may be it.
                (None, Some(only)) if foreign.next().is_none() => Some((4, Some(only.as_str()), None)),
                (None, Some(_)) => Some((3, None, None)),
                (None, None) => Some((u32::from(hidden) * 2, None, None)),
            }
        }
        Key::Foreign => {
            let stem = names::relation(lookup.column).unwrap_or_default();
            let keyed = hidden || has("id") || columns.iter().any(|c| own_key(c, parent.table()));
            match (names::leads_to(stem, parent.table()), has(lookup.column)) {
                // Before any other that fits, however well its number does.
                (true, _) if keyed => Some((11, None, None)),
                (_, true) => Some((6, None, Some(stem))),
                _ => Some((u32::from(keyed) * 2, None, None)),
            }
        }
        Key::Other => Some((if has(lookup.column) { 6 } else { 1 }, None, None)),
    }
}

/// Whether the parent can have had enough rows: `None` where it cannot, more the better the numbers fit.
fn rows_fit(child: &Group<'_>, lookup: &Lookup<'_>, parent: &Group<'_>) -> Option<u32> {
    let executions = parent.members.iter().filter(|(at, _)| *at < child.last()).count() as u64;
    let distinct = lookup.distinct as u64;
    let wanted = [child.count() as u64, distinct];
    let rows: Option<u64> = parent.members.iter().map(|(_, observed)| observed.rows).sum();
    if let Some(rows) = rows {
        return match rows {
            rows if wanted.contains(&rows) => Some(4),
            rows if rows < distinct => None,
            _ => Some(1),
        };
    }
    let limit = limit(parent);
    let by_key = parent.statement.facts.keys.iter().any(|(column, _)| names::is_primary_key(column));
    let single = by_key || matches!(limit, Some(1 | DJANGO_GET_LIMIT));
    let most = if single { Some(executions) } else { limit.map(|limit| limit.saturating_mul(executions)) };
    match most {
        Some(most) if most < distinct => None,
        Some(most) if wanted.contains(&most) => Some(3),
        _ => Some(0),
    }
}

pub(super) fn limit(group: &Group<'_>) -> Option<u64> {
    group.values(group.statement.facts.limit_at?).next()?.parse().ok()
}
