//! What the filters and the order of a queryset say of the columns of its own table.

use smol_str::SmolStr;

use crate::project::Project;
use crate::schema::{Field, FieldKind, ModelId, RelationKind, Schema};
use crate::sql::Dialect;
use crate::trace::{Filter, Query, QuerySet};

/// Conditions of one statement on the columns of its own table.
#[derive(Default)]
pub struct Conditions {
    pub equal: Vec<SmolStr>,
    /// Those of them that have one of several values: their rows are in no order.
    pub among: Vec<SmolStr>,
    /// Those of them that the code compares with one value of its own: many rows have it.
    pub fixed: Vec<SmolStr>,
    pub constants: Vec<(SmolStr, String)>,
    pub excluded: Vec<(SmolStr, String)>,
    pub ranges: Vec<SmolStr>,
    /// The order and whether it falls, where a limit makes its first rows enough.
    pub order: Option<(SmolStr, bool)>,
    /// Columns of which one has the value: `Q(a=x) | Q(b=x)`, and nothing else narrows the rows.
    pub either: Vec<SmolStr>,
}

/// Splits a queryset's filters by what a B-tree can do with them; the table is that of the first usable column.
pub fn conditions(
    project: &Project,
    model: ModelId,
    query: &Query,
    queryset: &QuerySet,
) -> Option<(ModelId, Conditions)> {
    let schema = &project.schema;
    let mut out = Conditions::default();
    let mut owner: Option<ModelId> = None;
    if queryset.related_to.is_some() {
        // `team.members`: the key of one owner, where it is the rows' own column; through a join, or from something
        // unknown, what narrows the rows is not known.
        let (table, field) = owned_by(schema, queryset)?;
        owner = Some(table);
        out.equal.push(field);
    }
    for filter in &queryset.filters {
        let Some((table, field)) = own_field(schema, model, &filter.path) else {
            // What a relation leads to narrows the rows by its key, which has an index; of one that leads here from
            // elsewhere that cannot be told of the rows' own columns.
            if filter.negated || filter.alternative || !matches!(filter.lookup.as_str(), "exact" | "in") {
                continue;
            }
            let first = filter.path.first()?;
            match own_field(schema, model, std::slice::from_ref(first)) {
                // A flag of what is joined narrows as little as one of the rows' own.
                Some((table, key)) if narrows(schema, model, &filter.path) => {
                    if !key.has_column() || *owner.get_or_insert(table) != table {
                        return None;
                    }
                    out.equal.push(key.name.clone());
                }
                None if schema.reverse_query(model, first).is_some() => return None,
                _ => {}
            }
            continue;
        };
        if filter.alternative {
            continue;
        }
        let is_equal = !filter.negated && matches!(filter.lookup.as_str(), "exact" | "in");
        if !field.has_column() || *owner.get_or_insert(table) != table {
            // The rows are found by the keys of a table between, or by what another table of the inheritance holds.
            let narrows = field.relation.is_some() || is_selective(field, project.dialect);
            if is_equal && narrows && !is_fixed(project, filter) {
                return None;
            }
            continue;
        }
        let constant = || (field.name.clone(), filter.value.clone());
        match (filter.lookup.as_str(), filter.negated) {
            ("exact", true) => out.excluded.push(constant()),
            (_, true) => {}
            // Nobody has given the session such a value: what is asked for is NULL.
            ("exact", false) if is_never_set(project, filter) => {}
            ("exact", false) => {
                out.equal.push(field.name.clone());
                out.constants.push(constant());
                if is_fixed(project, filter) {
                    out.fixed.push(field.name.clone());
                }
            }
            ("in", false) => {
                out.equal.push(field.name.clone());
                out.among.push(field.name.clone());
            }
            ("isnull", false) if filter.value == "True" => out.constants.push((field.name.clone(), "None".to_owned())),
            ("gt" | "gte" | "lt" | "lte" | "range", false) => out.ranges.push(field.name.clone()),
            // `startswith` needs another operator class on PostgreSQL; the rest no B-tree can serve.
            _ => {}
        }
    }
    out.either = either(schema, model, queryset, &mut owner);
    let facts = &query.statement.facts;
    let limited = queryset.paged
        || (facts.limit && !facts.ordered.is_empty())
        || queryset.slice.is_some_and(|slice| slice.bounded || slice.index);
    let first = queryset.order.first().filter(|_| limited && queryset.order.len() <= 2);
    let tie_breaks = |order: &SmolStr| matches!(order.trim_start_matches('-'), "pk" | "id");
    if let Some(first) = first
        && queryset.order.iter().skip(1).all(tie_breaks)
    {
        let name: SmolStr = first.trim_start_matches('-').into();
        if let Some((table, field)) = own_field(schema, model, &[name])
            && field.has_column()
            && *owner.get_or_insert(table) == table
        {
            out.order = Some((field.name.clone(), first.starts_with('-')));
        }
    }
    Some((owner?, out))
}

/// Whether the code says the value itself: a literal, or a constant like `Source.OFF`.
fn is_fixed(project: &Project, filter: &Filter) -> bool {
    let Some((_, value)) = filter.site.and_then(|site| project.text(site).split_once('=')) else { return false };
    let value = value.trim();
    let is_name = value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let is_loud =
        |part: &str| part.len() > 1 && part.contains(char::is_uppercase) && !part.contains(char::is_lowercase);
    value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '"' | '\''))
        || is_name && value.split('.').any(is_loud)
}

/// `key=request.session.get("key")`, which no code of a whole project puts there.
fn is_never_set(project: &Project, filter: &Filter) -> bool {
    let Some((_, key)) = filter.value.split_once("session.get(") else { return false };
    let key = key.trim_end_matches(')').trim();
    let bare = key.trim_matches(['"', '\'']);
    bare.len() + 2 == key.len() && project.is_never_in_session(bare)
}

/// Whether the column at the end of a path through relations has many values.
fn narrows(schema: &Schema, model: ModelId, path: &[SmolStr]) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    let far = way.iter().try_fold(model, |model, name| {
        let (_, field) = schema.field(model, name)?;
        field.relation.as_ref()?.target
    });
    far.and_then(|model| schema.field(model, last)).is_none_or(|(_, field)| !field.is_low_selectivity())
}

/// The columns of an OR of equalities that is all that is asked.
fn either(schema: &Schema, model: ModelId, queryset: &QuerySet, owner: &mut Option<ModelId>) -> Vec<SmolStr> {
    let mut out = Vec::new();
    for filter in &queryset.filters {
        let by_value = matches!(filter.lookup.as_str(), "exact" | "in") && !filter.negated;
        let own = own_field(schema, model, &filter.path).filter(|(_, field)| field.has_column());
        match own {
            Some((table, field)) if filter.alternative && by_value && *owner.get_or_insert(table) == table => {
                out.push(field.name.clone());
            }
            // What does not narrow the rows leaves the OR alone.
            Some((_, field)) if !filter.alternative && (filter.negated || field.is_low_selectivity()) => {}
            _ => return Vec::new(),
        }
    }
    if queryset.related_to.is_some() { Vec::new() } else { out }
}

/// The foreign key by which the rows of a queryset are those of one owner.
pub fn owner_of(schema: &Schema, queryset: &QuerySet) -> Option<(ModelId, SmolStr)> {
    owned_by(schema, queryset).or_else(|| {
        let plain = queryset.filters.iter().filter(|filter| filter.lookup == "exact" && !filter.negated);
        let own =
            plain.filter(|filter| !filter.alternative).filter_map(|f| own_field(schema, queryset.model?, &f.path));
        own.filter(|(_, field)| field.relation.is_some()).map(|(table, field)| (table, field.name.clone())).next()
    })
}

/// The foreign key by which rows belong to the object whose relation they are.
fn owned_by(schema: &Schema, queryset: &QuerySet) -> Option<(ModelId, SmolStr)> {
    let row = queryset.related_to.as_ref()?;
    let reverse = schema.reverse(row.model?, queryset.related_by.as_ref()?)?;
    let is_key = matches!(reverse.kind, RelationKind::ForeignKey | RelationKind::OneToOne);
    is_key.then(|| (reverse.model, reverse.field.clone()))
}

/// A column of the queryset's own rows: `state`, `team`, `team_id`, `team__id`.
fn own_field<'s>(schema: &'s Schema, model: ModelId, path: &[SmolStr]) -> Option<(ModelId, &'s Field)> {
    let (table, field) = schema.field(model, path.first()?)?;
    match path.get(1..)? {
        [] => Some((table, field)),
        [key] if field.relation.is_some() && matches!(key.as_str(), "pk" | "id") => Some((table, field)),
        _ => None,
    }
}

pub fn is_searchable(field: &Field, dialect: Dialect) -> bool {
    // MySQL indexes a text column by a prefix only, which Django cannot ask for.
    field.is_searchable() && !(dialect == Dialect::MySql && field.kind == FieldKind::Text)
}

/// Whether a value picks few of the table's rows, as far as type and name tell.
pub fn is_selective(field: &Field, dialect: Dialect) -> bool {
    is_searchable(field, dialect) && !field.is_low_selectivity() && !field.is_named_for_few()
}
