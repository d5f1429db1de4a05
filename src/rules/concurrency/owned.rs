//! Rows that belong to one user: only that user's own requests can meet there.

use crate::project::Project;
use crate::rules::models;
use crate::schema::{ModelId, RelationKind};
use crate::trace::{Cause, Event, EventKind, QuerySet, Row, RowOp, Trace};

use super::rows;

/// Whether the row is found by its user: `Settings.objects.get(user=request.user)`, `user.settings`.
pub fn is_of_one_user(project: &Project, trace: &Trace, read: Option<&Event>, row: &Row) -> bool {
    let Some(user) = project.user_model() else { return false };
    if row.model == Some(user) {
        return false;
    }
    let queried = match read.map(|event| &event.kind) {
        Some(EventKind::Query(query)) => match &query.cause {
            Cause::Relation { row, .. } | Cause::Singular { row, .. } => row.model == Some(user),
            _ => query.queryset.is_some_and(|id| asks_for_user(project, trace.queryset(id), user)),
        },
        _ => false,
    };
    queried || row.queryset.is_some_and(|id| row.path.is_empty() && asks_for_user(project, trace.queryset(id), user))
}

/// One row of each user, as a constraint says of what is compared, or one of those that the user's own relation gives.
fn asks_for_user(project: &Project, queryset: &QuerySet, user: ModelId) -> bool {
    let Some(model) = queryset.model else { return false };
    let leads = |name: &str| {
        let relation = project.schema.field(model, name).and_then(|(_, field)| field.relation.as_ref());
        relation.is_some_and(|relation| {
            relation.target == Some(user) && matches!(relation.kind, RelationKind::ForeignKey | RelationKind::OneToOne)
        })
    };
    let plain = queryset
        .filters
        .iter()
        .filter(|filter| filter.path.len() == 1 && filter.lookup == "exact" && !filter.negated && !filter.alternative);
    let compared: Vec<&str> = plain.filter_map(|filter| filter.path.first()).map(|name| name.as_str()).collect();
    let by_user = compared.iter().any(|name| leads(name.strip_suffix("_id").unwrap_or(name)));
    let of_user = queryset.related_to.as_ref().is_some_and(|row| row.model == Some(user));
    of_user || by_user && models::is_unique(project, model, &compared) != Some(false)
}

/// Whether a test of the run asks for the column: a limit, or a state, that must hold.
pub fn is_tested(trace: &Trace, row: &Row, field: &str) -> bool {
    trace.scopes.asked.iter().filter_map(|asked| trace.events.get(asked.test.clone())).flatten().any(|event| {
        rows::row_event(event).is_some_and(|read| {
            read.row.identity == row.identity && matches!(&read.op, RowOp::Read(name) if name == field)
        })
    })
}
