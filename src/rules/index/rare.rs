//! Values that few rows have, of columns that have few values.

use smol_str::SmolStr;

use crate::schema::{Field, FieldKind};
use crate::trace::{EventKind, Filter, Query, QuerySet, RowOp, Trace};

/// A field, and the literal that the rows of a partial index have there.
pub type Condition = (SmolStr, String);

/// What rows are in for a while, or what happens to a few of them.
const SOME: [&str; 32] = [
    "archived",
    "banned",
    "blocked",
    "broken",
    "canceled",
    "cancelled",
    "deleted",
    "dirty",
    "error",
    "expired",
    "failed",
    "failing",
    "flagged",
    "hidden",
    "invalid",
    "locked",
    "needs",
    "overdue",
    "pending",
    "processing",
    "queued",
    "removed",
    "reported",
    "requires",
    "running",
    "scheduled",
    "spam",
    "stale",
    "suspended",
    "unapproved",
    "unprocessed",
    "waiting",
];

/// What all rows come to in the end: few are not there yet.
const DONE: [&str; 17] = [
    "applied",
    "complete",
    "completed",
    "delivered",
    "done",
    "exported",
    "finished",
    "handled",
    "imported",
    "indexed",
    "notified",
    "processed",
    "resolved",
    "sent",
    "synced",
    "updated",
    "uploaded",
];

/// The field and value, as a literal, of a condition that only few rows meet: the names say so, or the run takes such
/// rows and gives them another value.
pub fn condition(
    (trace, at): (&Trace, usize),
    (query, queryset): (&Query, &QuerySet),
    few: &[(&Field, &str)],
) -> Option<Condition> {
    let rare = |(field, value): &&(&Field, &str)| {
        is_literal(value) && (is_named(field, value) || is_used_up((trace, at), (query, queryset), field, value))
    };
    few.iter().find(rare).map(|(field, value)| (field.name.clone(), (*value).to_owned()))
}

/// Whether the names say that few rows have a value.
pub fn is_named(field: &Field, value: &str) -> bool {
    let has = |text: &str, words: &[&str]| text.split('_').any(|word| words.binary_search(&word).is_ok());
    match (field.kind, value) {
        (FieldKind::Boolean, "True") => has(&field.name, &SOME),
        (FieldKind::Boolean, "False") => has(&field.name, &DONE),
        (FieldKind::Boolean, _) => false,
        _ => has(&value.trim_matches(['"', '\'']).to_lowercase().replace(['-', ' '], "_"), &SOME),
    }
}

/// Whether the rows that are found get another value: they are few because somebody sees to that.
fn is_used_up(
    (trace, at): (&Trace, usize),
    (query, queryset): (&Query, &QuerySet),
    field: &Field,
    value: &str,
) -> bool {
    let other = |name: &str, given: &str| name == field.name && given != value;
    if query.assigned.values.iter().any(|assigned| other(&assigned.field, &assigned.value)) {
        return true;
    }
    let same = |filter: &Filter| {
        filter.path.first().is_some_and(|name| *name == field.name) && filter.lookup == "exact" && filter.value == value
    };
    trace.events.iter().skip(at).any(|event| match &event.kind {
        EventKind::Row(written) => {
            let from = written.row.queryset.map(|id| trace.queryset(id));
            let RowOp::Write(to) = &written.op else { return false };
            written.row.path.is_empty()
                && other(&to.assigned.field, &to.assigned.value)
                && from.is_some_and(|from| from.model == queryset.model && from.filters.iter().any(same))
        }
        _ => false,
    })
}

/// `True`, `'failed'`, `3`: what a condition in the model's Meta and in its migration can say.
fn is_literal(value: &str) -> bool {
    let quoted = |quote: char| {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains([quote, '\\', '\n']))
    };
    matches!(value, "True" | "False")
        || quoted('\'')
        || quoted('"')
        || (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_values_are_literals() {
        assert!(SOME.is_sorted() && DONE.is_sorted());
        for value in ["True", "'failed'", "\"on hold\"", "3"] {
            assert!(is_literal(value), "{value}");
        }
        for value in ["", "state", "'a' + x", "Status.FAILED", "-", "'it\\'s'", "'"] {
            assert!(!is_literal(value), "{value}");
        }
    }
}
