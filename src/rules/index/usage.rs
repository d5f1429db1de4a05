//! What the traces ask of each table, and the index that would serve it.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::{Confidence, Orm, Site};
use crate::project::Project;
use crate::schema::{Field, FieldKind, ModelId, RelationKind, Schema, Wanted};
use crate::sql::Dialect;
use crate::trace::{Cause, Event, Query, QuerySet, Role, Trace};

/// Lookups of one shape: the same columns of the same table, equality first, then one range or order.
#[derive(Debug)]
pub struct Usage {
    pub model: ModelId,
    /// Fields of the index that would serve it, in its order; the last one with `-` where it is a falling order.
    pub columns: Vec<SmolStr>,
    /// Where it is asked, in the order of the input, each once.
    pub sites: Vec<UsageSite>,
    /// The leading column has an index already.
    pub is_narrowed: bool,
}

#[derive(Debug, Clone)]
pub struct UsageSite {
    pub site: Site,
    /// Somebody waits for it, or a loop repeats it.
    pub hot: bool,
    /// `=` on each of the columns: a lookup of one row or a few.
    pub is_lookup: bool,
    pub confidence: Confidence,
}

impl Usage {
    pub fn is_hot(&self) -> bool {
        self.sites.iter().any(|site| site.hot)
    }

    /// Names as a reader says them: `team, state, merged_at`.
    pub fn listed(&self) -> String {
        let plain: Vec<&str> = self.columns.iter().map(|column| column.trim_start_matches('-')).collect();
        plain.join(", ")
    }
}

/// Every lookup that no index serves as it could, by model and columns. One that a longer one's index serves too is
/// counted there.
pub fn collect(traces: &[Trace], project: &Project) -> Vec<Usage> {
    let mut found: BTreeMap<(ModelId, Vec<SmolStr>), Usage> = BTreeMap::new();
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for (_, event, query) in trace.queries() {
            let Some(asked) = asked(trace, query, project) else { continue };
            let Some(site) = event.site else { continue };
            let at = UsageSite {
                site,
                hot: trace.role == Role::Request || repeats(trace, event),
                is_lookup: asked.is_lookup,
                confidence: event.confidence,
            };
            let key = (asked.model, asked.columns.clone());
            let usage = found.entry(key).or_insert_with(|| Usage {
                model: asked.model,
                columns: asked.columns,
                sites: Vec::new(),
                is_narrowed: asked.is_narrowed,
            });
            match usage.sites.iter_mut().find(|known| known.site == site) {
                Some(known) => known.hot |= at.hot,
                None => usage.sites.push(at),
            }
        }
    }
    let mut usages: Vec<Usage> = found.into_values().collect();
    for usage in &mut usages {
        usage.sites.sort_by_key(|at| (at.site.file, at.site.span));
    }
    fold_prefixes(usages)
}

/// A lookup whose columns lead another's needs no index of its own.
fn fold_prefixes(mut usages: Vec<Usage>) -> Vec<Usage> {
    usages.sort_by_key(|usage| std::cmp::Reverse(usage.columns.len()));
    let mut out: Vec<Usage> = Vec::new();
    for usage in usages {
        let bare = |column: &SmolStr| column.trim_start_matches('-').to_owned();
        let leads = |longer: &&mut Usage| {
            longer.model == usage.model
                && longer.columns.len() > usage.columns.len()
                && longer.columns.iter().map(bare).zip(usage.columns.iter().map(bare)).all(|(a, b)| a == b)
        };
        match out.iter_mut().find(leads) {
            Some(longer) => {
                let new = usage.sites.into_iter().filter(|at| longer.sites.iter().all(|known| known.site != at.site));
                let new: Vec<UsageSite> = new.collect();
                longer.sites.extend(new);
            }
            None => out.push(usage),
        }
    }
    out.sort_by_key(|usage| usage.sites.first().map(|at| (at.site.file, at.site.span)));
    out
}

fn repeats(trace: &Trace, event: &Event) -> bool {
    event.loops.iter().any(|id| trace.turns(*id) > 3)
}

struct Asked {
    model: ModelId,
    columns: Vec<SmolStr>,
    is_lookup: bool,
    is_narrowed: bool,
}

/// Conditions of one statement on the columns of its own table.
#[derive(Default)]
struct Conditions {
    equal: Vec<SmolStr>,
    constants: Vec<(SmolStr, String)>,
    ranges: Vec<SmolStr>,
    /// The order and whether it falls, where a limit makes its first rows enough.
    order: Option<(SmolStr, bool)>,
}

fn asked(trace: &Trace, query: &Query, project: &Project) -> Option<Asked> {
    // Statements that the ORM sends for relations and stores look rows up by key.
    if !matches!(query.cause, Cause::Evaluation | Cause::Method(_) | Cause::Manager { .. }) {
        return None;
    }
    let queryset = trace.queryset(query.queryset?);
    if queryset.orm != Orm::Django || queryset.combined {
        return None;
    }
    let schema = &project.schema;
    // Of the models that Django brings only the user's table grows.
    let known = schema.get(queryset.model?);
    if known.site.is_none() && project.user_model() != queryset.model {
        return None;
    }
    let (model, conditions) = conditions(schema, queryset)?;
    // The default order of all rows: RT404.
    if queryset.default_order && conditions.equal.is_empty() && conditions.ranges.is_empty() {
        return None;
    }
    let field = |name: &SmolStr| schema.field(model, name).map(|(_, field)| field);
    let selective = |name: &SmolStr| field(name).is_some_and(|field| is_selective(field, project.dialect));
    // The model's order of fields, foreign keys first: they lead other lookups, too.
    let place = |name: &SmolStr| {
        let fields = &schema.get(model).fields;
        let at = fields.iter().position(|f| f.name == *name);
        (at.and_then(|at| fields.get(at)).is_none_or(|f| f.relation.is_none()), at)
    };
    let mut equal = conditions.equal;
    equal.sort_by_key(place);
    equal.dedup();
    let range = conditions.ranges.iter().find(|name| selective(name) && !equal.contains(name));
    let order = conditions.order.filter(|(name, _)| selective(name) && !equal.contains(name));
    let (then, falls) = match (range, order) {
        (Some(range), Some((order, falls))) if *range == order => (Some(order), falls),
        (Some(range), _) => (Some(range.clone()), false),
        (None, Some((order, falls))) => (Some(order), falls),
        (None, None) => (None, false),
    };
    let wanted = Wanted { equal: &equal, constants: &conditions.constants, then: then.as_deref() };
    let served = schema.served_by(model, &wanted);
    if served.is_some_and(|served| served.is_unique()) {
        return None;
    }
    // A column of a few values narrows little by itself; before a range it makes the range's rows contiguous.
    if then.is_none() {
        equal.retain(selective);
    }
    let has_selective = then.is_some() || equal.iter().any(selective);
    if !has_selective || equal.iter().any(|name| field(name).is_none_or(|f| !is_searchable(f, project.dialect))) {
        return None;
    }
    let is_narrowed = match served {
        Some(served) => {
            let columns = served.index.columns.iter().take(served.equal);
            let by: Vec<&SmolStr> = columns.map(|column| &column.name).collect();
            // A column with an index of its own is found by that one.
            let leads = |name: &SmolStr| {
                let one = std::slice::from_ref(name);
                schema.served_by(model, &Wanted { equal: one, ..Wanted::default() }).is_some()
            };
            let missing = equal.iter().filter(|name| !by.contains(name) && selective(name) && !leads(name)).count();
            let ordered_only = range.is_none();
            // With the rows of one owner found, sorting them or dropping a few by a flag costs little; with those of an
            // owner and something else, a range does too.
            if (served.then || then.is_none() || ordered_only || served.equal > 1) && missing == 0 {
                return None;
            }
            true
        }
        None => false,
    };
    let is_lookup = then.is_none();
    let mut columns = equal;
    columns.extend(then.map(|name| if falls { SmolStr::from(format!("-{name}")) } else { name }));
    Some(Asked { model, columns, is_lookup, is_narrowed })
}

/// Splits a queryset's filters by what a B-tree can do with them; the table is that of the first usable column.
fn conditions(schema: &Schema, queryset: &QuerySet) -> Option<(ModelId, Conditions)> {
    let model = queryset.model?;
    let mut out = Conditions::default();
    let mut owner: Option<ModelId> = None;
    if queryset.related_to.is_some() {
        // `team.members`: the key of one owner, where it is the rows' own column; through a join, or from something
        // unknown, what narrows the rows is not known.
        let (table, field) = owned_by(schema, queryset)?;
        owner = Some(table);
        out.equal.push(field);
    }
    for filter in queryset.filters.iter().filter(|filter| !filter.negated && !filter.alternative) {
        let Some((table, field)) = own_field(schema, model, &filter.path) else { continue };
        if !field.has_column() || *owner.get_or_insert(table) != table {
            continue;
        }
        match filter.lookup.as_str() {
            "exact" => {
                out.equal.push(field.name.clone());
                out.constants.push((field.name.clone(), filter.value.clone()));
            }
            "in" => out.equal.push(field.name.clone()),
            "gt" | "gte" | "lt" | "lte" | "range" => out.ranges.push(field.name.clone()),
            // `startswith` needs another operator class on PostgreSQL; the rest no B-tree can serve.
            _ => {}
        }
    }
    let limited = queryset.slice.is_some_and(|slice| slice.bounded || slice.index);
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

fn is_searchable(field: &Field, dialect: Dialect) -> bool {
    // MySQL indexes a text column by a prefix only, which Django cannot ask for.
    field.is_searchable() && !(dialect == Dialect::MySql && field.kind == FieldKind::Text)
}

/// Whether a value picks few of the table's rows, as far as type and name tell.
fn is_selective(field: &Field, dialect: Dialect) -> bool {
    const FEW: [&str; 14] = [
        "status",
        "state",
        "type",
        "kind",
        "level",
        "role",
        "gender",
        "priority",
        "visibility",
        "active",
        "enabled",
        "deleted",
        "archived",
        "published",
    ];
    let last = field.name.rsplit('_').next().unwrap_or("");
    let named = matches!(field.kind, FieldKind::Char | FieldKind::Integer)
        && (FEW.contains(&last) || field.name.starts_with("is_") || field.name.starts_with("has_"));
    is_searchable(field, dialect) && !field.is_low_selectivity() && !named
}
