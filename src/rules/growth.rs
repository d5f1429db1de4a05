//! Which tables grow, as far as columns and names tell.

use crate::project::Project;
use crate::schema::{Field, FieldKind, ModelId, RelationKind, Schema};
use crate::trace::QuerySet;

/// Whether rows are added all the time, as far as columns and names tell: they are ordered by when, or refer to something
/// and know when they were made. A list of names stays small, and so do settings, and what is used once and deleted.
pub fn grows(schema: &Schema, id: ModelId) -> bool {
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
    let model = schema.get(id);
    if FEW.iter().any(|end| model.name.ends_with(end)) {
        return false;
    }
    let first = model.options.ordering.first().map(|order| order.trim_start_matches('-'));
    let by_time = first.and_then(|name| schema.field(id, name)).is_some_and(|(_, field)| is_time(field));
    let refers = model.fields.iter().any(|field| field.relation.is_some() && field.has_column());
    by_time || refers && model.fields.iter().any(is_time)
}

pub fn is_time(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Date | FieldKind::DateTime)
}

/// Whether a queryset is of few rows: of a table that stays small, or those of one object, unless that is somebody
/// whose rows become more with time. A queryset of no known model is not one of few.
pub fn is_few(project: &Project, queryset: &QuerySet) -> bool {
    const PEOPLE: [&str; 9] =
        ["Account", "Author", "Company", "Customer", "Member", "Person", "Profile", "Team", "User"];
    let schema = &project.schema;
    let Some(model) = queryset.model else { return false };
    let is_user = |id: ModelId| project.user_model() == Some(id);
    if !grows(schema, model) && !is_user(model) {
        return true;
    }
    let key = queryset.filters.iter().find_map(|filter| {
        let plain = !filter.negated && !filter.alternative && filter.lookup == "exact";
        let [name] = filter.path.as_slice() else { return None };
        let (_, field) = schema.field(model, name).filter(|_| plain)?;
        field.relation.as_ref().filter(|relation| relation.kind == RelationKind::ForeignKey)?.target
    });
    let owner = queryset.related_to.as_ref().and_then(|row| row.model).or(key);
    owner.is_some_and(|owner| {
        let name = &schema.get(owner).name;
        !is_user(owner) && !PEOPLE.iter().any(|end| name.ends_with(end))
    })
}
