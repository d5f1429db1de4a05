//! What the rules about migrations ask of an operation.

use crate::project::{Migration, Operation, OperationKind, Project};

/// Whether a migration has run already, as far as is known: of a whole project even the newest one has, unless the
/// change under review brings it.
pub fn has_run(project: &Project, migration: &Migration) -> bool {
    project.settings.site.is_some() && !migration.is_changed
}

/// Whether the operation's table is made in the same migration: nobody reads or writes it yet.
pub fn is_new(migration: &Migration, operation: &Operation) -> bool {
    let made = |other: &Operation| matches!(other.kind, OperationKind::CreateTable) && other.model == operation.model;
    // The table of a raw statement is `app_model`.
    let of_raw = |other: &Operation| {
        matches!(other.kind, OperationKind::CreateTable)
            && operation.model.strip_prefix(migration.app.as_str()).and_then(|rest| rest.strip_prefix('_'))
                == Some(other.model.as_str())
    };
    migration.operations.iter().any(|other| made(other) || of_raw(other))
}
