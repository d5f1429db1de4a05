//! Which tables grow, as far as columns and names tell.

use crate::project::Project;
use crate::schema::{Field, FieldKind, ModelId, RelationKind, Schema};
use crate::trace::QuerySet;

/// Whether a table stays small, as far as its name tells: lists of names, settings, and what is used once and deleted.
pub fn stays_small(schema: &Schema, id: ModelId) -> bool {
    const FEW: [&str; 49] = [
        "Announcement",
        "Badge",
        "Banner",
        "Bot",
        "Cache",
        "Category",
        "Config",
        "Configuration",
        "Connector",
        "Country",
        "Currency",
        "Database",
        "Domain",
        "Flag",
        "Group",
        "Integration",
        "Invitation",
        "Invite",
        "Kind",
        "Language",
        "License",
        "Menu",
        "Option",
        "Options",
        "Organisation",
        "Organization",
        "Permission",
        "Plan",
        "Policy",
        "Preferences",
        "Provider",
        "Queue",
        "Report",
        "Reset",
        "Role",
        "Rule",
        "Schedule",
        "Server",
        "Setting",
        "Settings",
        "Site",
        "Space",
        "Template",
        "Tenant",
        "Theme",
        "Trophy",
        "Type",
        "Webhook",
        "Workspace",
    ];
    let name = &schema.get(id).name;
    FEW.iter().any(|end| name.ends_with(end))
}

/// Whether rows are added all the time, as far as columns and names tell: they are ordered by when, or refer to something
/// and know when they were made.
pub fn grows(schema: &Schema, id: ModelId) -> bool {
    let model = schema.get(id);
    if stays_small(schema, id) {
        return false;
    }
    let first = model.options.ordering.first().map(|order| order.trim_start_matches('-'));
    let by_time = first.and_then(|name| schema.field(id, name)).is_some_and(|(_, field)| is_time(field));
    let refers = model.fields.iter().any(|field| field.relation.is_some() && field.has_column());
    by_time || refers && model.fields.iter().any(is_time)
}

/// Whether an installation has a handful of rows at most, as far as the name tells: what it connects to, and how it is
/// set up.
pub fn is_configuration(schema: &Schema, id: ModelId) -> bool {
    const SET_UP: [&str; 16] = [
        "Banner",
        "Config",
        "Configuration",
        "Connector",
        "Currency",
        "Installation",
        "InstallationID",
        "Integration",
        "Language",
        "License",
        "Policy",
        "Provider",
        "Setting",
        "Settings",
        "Site",
        "Theme",
    ];
    let name = &schema.get(id).name;
    SET_UP.iter().any(|end| name.ends_with(end))
}

pub fn is_time(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Date | FieldKind::DateTime)
}

/// Whether a queryset is of few rows: of a table that stays small, or those of one object, unless that is somebody
/// whose rows become more with time. A queryset of no known model is not one of few.
pub fn is_few(project: &Project, queryset: &QuerySet) -> bool {
    let schema = &project.schema;
    let Some(model) = queryset.model else { return false };
    !grows(schema, model) && project.user_model() != Some(model) || is_of_one(project, queryset)
}

/// Whether the rows are those of one object, unless that is somebody whose rows become more with time.
pub fn is_of_one(project: &Project, queryset: &QuerySet) -> bool {
    const PEOPLE: [&str; 9] =
        ["Account", "Author", "Company", "Customer", "Member", "Person", "Profile", "Team", "User"];
    let schema = &project.schema;
    let Some(model) = queryset.model else { return false };
    let key = queryset.filters.iter().find_map(|filter| {
        let plain = !filter.negated && !filter.alternative && filter.lookup == "exact";
        let [name] = filter.path.as_slice() else { return None };
        let (_, field) = schema.field(model, name).filter(|_| plain)?;
        field.relation.as_ref().filter(|relation| relation.kind == RelationKind::ForeignKey)?.target
    });
    let owner = queryset.related_to.as_ref().and_then(|row| row.model).or(key);
    owner.is_some_and(|owner| {
        let name = &schema.get(owner).name;
        project.user_model() != Some(owner) && !PEOPLE.iter().any(|end| name.ends_with(end))
    })
}
