//! What rules ask of a model: how a file names its manager, and which fields a constraint holds together.

use crate::model::FileId;
use crate::project::{Binding, Project};
use crate::schema::{FieldKind, ModelId};

/// Whether the model's rows are had through `objects`.
pub fn has_objects(project: &Project, model: ModelId) -> bool {
    let managers = &project.schema.get(model).managers;
    managers.is_empty() || managers.iter().any(|manager| manager.name == "objects")
}

/// `Topic.objects`, where a file knows the model by its name.
pub fn manager_in(project: &Project, file: FileId, model: ModelId) -> Option<String> {
    let name = &project.schema.get(model).name;
    let named = matches!(project.lookup(file, name), Some(Binding::Model(found)) if found == model);
    (named && has_objects(project, model)).then(|| format!("{name}.objects"))
}

/// Whether a constraint forbids two rows with the same values in these fields; `None` where the model is not known well
/// enough.
pub fn is_unique(project: &Project, model: ModelId, fields: &[&str]) -> Option<bool> {
    let known = project.schema.get(model);
    let named = |column: &str| fields.iter().any(|f| *f == column || f.strip_suffix("_id") == Some(column));
    let by_index = known.indexes.iter().any(|index| {
        index.unique
            && index.condition.is_none()
            && !index.columns.is_empty()
            && index.columns.iter().all(|column| column.expression.is_none() && named(&column.name))
    });
    let by_field = known.fields.iter().any(|field| {
        let key = field.primary_key && named("pk");
        (field.unique || field.primary_key) && (named(&field.name) || key)
    });
    // Of multi-table inheritance, the parent's table has constraints of its own.
    let by_parent = known.parents.iter().any(|parent| is_unique(project, *parent, fields) == Some(true));
    if by_index || by_field || by_parent {
        return Some(true);
    }
    (!known.is_partial).then_some(false)
}

/// Whether one constraint can hold these fields together: those of a parent model stand in another table.
pub fn share_a_table(project: &Project, model: ModelId, fields: &[&str]) -> bool {
    let mut owners = fields.iter().filter_map(|field| project.schema.field(model, field)).map(|(owner, _)| owner);
    let first = owners.next();
    owners.all(|owner| Some(owner) == first)
}

/// Whether a constraint holds these fields together, and no fewer of them.
pub fn is_unique_by(project: &Project, model: ModelId, fields: &[&str]) -> bool {
    let fewer = (0..fields.len()).map(|left_out| {
        let mut rest = fields.to_vec();
        rest.remove(left_out);
        rest
    });
    is_unique(project, model, fields) == Some(true)
        && fewer.into_iter().all(|rest| is_unique(project, model, &rest) != Some(true))
}

/// The kind of a column; `None` where the model is not known well enough, `Some(None)` where it has no such column.
pub fn column_kind(project: &Project, model: Option<ModelId>, field: &str) -> Option<Option<FieldKind>> {
    let model = model?;
    match project.schema.field(model, field) {
        Some((_, field)) => Some(field.has_column().then_some(field.kind)),
        None if project.schema.get(model).is_partial => None,
        None => Some(None),
    }
}
