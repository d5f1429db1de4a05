//! What one statement asks of its own table, and the index that would serve it.

use smol_str::SmolStr;

use super::conditions::{Conditions, conditions, is_searchable, is_selective};
use super::rare;
use crate::model::Orm;
use crate::project::Project;
use crate::rules::growth::is_time;
use crate::schema::{Field, FieldKind, Index, Model, ModelId, Served, Wanted};
use crate::trace::{Cause, Query, QuerySet, Trace};

pub struct Asked {
    pub model: ModelId,
    /// Equality first, then one range or order, with `-` where that is a falling order.
    pub columns: Vec<SmolStr>,
    /// How many of the columns are compared for equality.
    pub equal: usize,
    /// The rows that a partial index would be of: a field and the literal that few rows have there.
    pub condition: Option<rare::Condition>,
    pub is_lookup: bool,
    /// A column that is compared for equality has many values.
    pub has_key: bool,
    /// The leading column has an index already.
    pub is_narrowed: bool,
    /// What the index would spare is little as a rule.
    pub is_minor: bool,
    /// Nothing is compared: the first rows in this order are taken.
    pub is_order: bool,
}

/// The lookups of the statement of the event at `at` that no index serves as it could; mostly one.
pub fn asked(trace: &Trace, at: usize, query: &Query, project: &Project) -> Vec<Asked> {
    // Statements that the ORM sends for relations and stores look rows up by key.
    if !matches!(query.cause, Cause::Evaluation | Cause::Method(_) | Cause::Manager { .. }) {
        return Vec::new();
    }
    let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { return Vec::new() };
    if queryset.orm != Orm::Django || queryset.combined {
        return Vec::new();
    }
    let schema = &project.schema;
    // Of the models that Django brings only the user's table grows.
    let own = |id: &ModelId| {
        (schema.get(*id).site.is_some() || project.user_model() == Some(*id)) && !is_scoped(schema.get(*id))
    };
    let Some((model, conditions)) = queryset.model.filter(own).and_then(|id| conditions(project, id, query, queryset))
    else {
        return Vec::new();
    };
    let table = Table { model, project };
    // The default order of all rows: RT404.
    if queryset.default_order && conditions.equal.is_empty() && conditions.ranges.is_empty() {
        return table.either(&conditions);
    }
    table.of_few((trace, at), (query, queryset), &conditions).unwrap_or_else(|| {
        let mut found = table.either(&conditions);
        found.extend(table.together(conditions));
        found
    })
}

/// A manager of another package adds conditions that are not seen: those of a tenant, of a site.
fn is_scoped(model: &Model) -> bool {
    model.managers.iter().any(|manager| {
        let outside = manager.class.rsplit_once('.').filter(|(package, _)| !package.starts_with("django."));
        outside.is_some_and(|(_, name)| ["Scoped", "Tenant"].iter().any(|word| name.contains(word)))
            || manager.class.ends_with(".CurrentSiteManager")
    })
}

struct Table<'p> {
    model: ModelId,
    project: &'p Project,
}

impl<'p> Table<'p> {
    fn field(&self, name: &str) -> Option<&'p Field> {
        self.project.schema.field(self.model, name).map(|(_, field)| field)
    }

    fn selective(&self, name: &SmolStr) -> bool {
        self.field(name).is_some_and(|field| is_selective(field, self.project.dialect))
    }

    fn searchable(&self, name: &SmolStr) -> bool {
        self.field(name).is_some_and(|field| is_searchable(field, self.project.dialect))
    }

    fn served(&self, wanted: &Wanted<'_>) -> Option<Served<'p>> {
        self.project.schema.served_by(self.model, wanted)
    }

    /// An index of another kind than a B-tree begins with the column: most serve equality as well.
    fn has_other_kind(&self, name: &str) -> bool {
        let known = |index: &Index| !matches!(index.method.as_str(), "btree" | "hash");
        let model = self.project.schema.get(self.model);
        model.indexes.iter().any(|index| known(index) && index.columns.first().is_some_and(|first| first.name == name))
    }

    /// The range or order that follows the equalities, with whether it falls.
    fn then(&self, conditions: &Conditions) -> Option<(SmolStr, bool)> {
        // Of rows that an equality has found the order of their keys, which have an index, is a detail.
        let found = conditions.equal.iter().any(|name| self.selective(name) && !conditions.fixed.contains(name));
        let is_key = |name: &SmolStr| self.field(name).is_some_and(|field| field.primary_key);
        let fits =
            |name: &SmolStr| self.selective(name) && !conditions.equal.contains(name) && !(found && is_key(name));
        let range = conditions.ranges.iter().find(|name| fits(name));
        let order = conditions.order.as_ref().filter(|(name, _)| fits(name) && !self.are_few(conditions));
        match (range, order) {
            (Some(range), Some((order, falls))) if range == order => Some((order.clone(), *falls)),
            (Some(range), _) => Some((range.clone(), false)),
            (None, order) => order.cloned(),
        }
    }

    /// Whether the equalities leave rows that are sorted in no time, or must be sorted anyway.
    fn are_few(&self, conditions: &Conditions) -> bool {
        let equal = || conditions.equal.iter().filter(|name| self.selective(name) && !conditions.fixed.contains(name));
        let own = |name: &&SmolStr| self.field(name).is_some_and(|field| field.relation.is_none());
        let names_one = |name: &SmolStr| self.field(name).is_some_and(is_identifier);
        equal().any(|name| conditions.among.contains(name) || names_one(name))
            || equal().count() > 1 && equal().any(|name| own(&name))
    }

    /// Rows by a value that few have, and nothing else that narrows them: an index of those rows. `None` where it is
    /// another kind of lookup.
    fn of_few(&self, from: (&Trace, usize), sent: (&Query, &QuerySet), conditions: &Conditions) -> Option<Vec<Asked>> {
        if conditions.equal.iter().any(|name| self.selective(name)) {
            return None;
        }
        let few: Vec<(&Field, &str)> = conditions
            .constants
            .iter()
            .filter(|(name, _)| !self.selective(name) && self.searchable(name))
            .filter_map(|(name, value)| Some((self.field(name)?, value.as_str())))
            .collect();
        let condition = rare::condition(from, sent, &few)?;
        let then = self.then(conditions);
        let wanted = Wanted {
            equal: &conditions.equal,
            constants: &conditions.constants,
            excluded: &conditions.excluded,
            then: then.as_ref().map(|(name, _)| name.as_str()),
        };
        let key = self.project.schema.get(self.model).primary_key()?.name.clone();
        // Among few rows the order matters little.
        let is_served = self.served(&wanted).is_some();
        let found = (!is_served).then_some(Asked {
            model: self.model,
            columns: vec![then.map_or(key, directed)],
            equal: 0,
            condition: Some(condition),
            is_lookup: false,
            has_key: false,
            is_narrowed: false,
            is_minor: false,
            is_order: false,
        });
        Some(found.into_iter().collect())
    }

    /// Each of several columns by itself, where a row may have the value in any of them: without an index on one of
    /// them the whole table is read.
    fn either(&self, conditions: &Conditions) -> Vec<Asked> {
        if !conditions.either.iter().all(|name| self.selective(name)) {
            return Vec::new();
        }
        let alone = |name: &&SmolStr| {
            let one = std::slice::from_ref(*name);
            self.served(&Wanted { equal: one, ..Wanted::default() }).is_none() && !self.has_other_kind(name)
        };
        let of = |name: &SmolStr| Asked {
            model: self.model,
            columns: vec![name.clone()],
            equal: 1,
            condition: None,
            is_lookup: true,
            has_key: true,
            is_narrowed: false,
            is_minor: false,
            is_order: false,
        };
        conditions.either.iter().filter(alone).map(of).collect()
    }

    fn together(&self, conditions: Conditions) -> Option<Asked> {
        // The model's order of fields, foreign keys first: they lead other lookups, too.
        let fields = &self.project.schema.get(self.model).fields;
        let place = |name: &SmolStr| {
            let at = fields.iter().position(|field| field.name == *name);
            (at.and_then(|at| fields.get(at)).is_none_or(|field| field.relation.is_none()), at)
        };
        let then = self.then(&conditions);
        let has_range = then.as_ref().is_some_and(|(name, _)| conditions.ranges.contains(name));
        let selective = |name: &SmolStr| self.selective(name) && !conditions.fixed.contains(name);
        let mut equal = conditions.equal.clone();
        // Behind one of several values nothing is in order.
        if then.is_some() && !has_range {
            equal.retain(|name| !conditions.among.contains(name));
        }
        equal.sort_by_key(place);
        equal.dedup();
        let wanted = Wanted {
            equal: &equal,
            constants: &conditions.constants,
            excluded: &conditions.excluded,
            then: then.as_ref().map(|(name, _)| name.as_str()),
        };
        let served = self.served(&wanted);
        if served.is_some_and(|served| served.is_unique()) {
            return None;
        }
        // A column of a few values narrows little by itself; before a range it makes the range's rows contiguous.
        if then.is_none() {
            equal.retain(selective);
        }
        // A common value of one flag does not either.
        let is = |name: &SmolStr, kind| self.field(name).is_some_and(|field| field.kind == kind);
        if let ([flag], Some(_)) = (equal.as_slice(), &then)
            && is(flag, FieldKind::Boolean)
        {
            equal.clear();
        }
        let has_selective = then.is_some() || equal.iter().any(selective);
        let by_other = equal.iter().any(|name| self.has_other_kind(name));
        if !has_selective || by_other || !equal.iter().all(|name| self.searchable(name)) {
            return None;
        }
        // Long texts do not fit into an index: what would have one beside others is for a person to weigh.
        let is_several = equal.len() + usize::from(then.is_some()) > 1;
        let mut is_minor = is_several && equal.iter().any(|name| is(name, FieldKind::Text));
        // One of many columns serves one statement, and the key's own index a range of keys.
        is_minor |= equal.len() + usize::from(then.is_some()) > 3;
        is_minor |= then.as_ref().and_then(|(name, _)| self.field(name)).is_some_and(|field| field.primary_key);
        let has_key = equal.iter().any(selective);
        if let Some(served) = served {
            let columns = served.index.columns.iter().take(served.equal);
            let by: Vec<&SmolStr> = columns.map(|column| &column.name).collect();
            // A column with an index of its own is found by that one.
            let leads = |name: &SmolStr| {
                let one = std::slice::from_ref(name);
                self.served(&Wanted { equal: one, ..Wanted::default() }).is_some()
            };
            let missing = |name: &&SmolStr| !by.contains(name) && selective(name) && !leads(name);
            let is_missing = equal.iter().any(|name| missing(&name));
            // With those of an owner and something else found, a range or an order spares little.
            if !is_missing && (served.then || then.is_none() || served.equal > 1 || served.partial) {
                return None;
            }
            // An owner has few rows as a rule, and comparing or sorting them is soon done; those of a log are many.
            let by_time = then.as_ref().and_then(|(name, _)| self.field(name)).is_some_and(is_time);
            if !has_range && !is_missing && !by_time {
                return None;
            }
            is_minor |= !has_range;
        }
        let count = equal.len();
        let is_lookup = then.is_none();
        let mut columns = equal;
        columns.extend(then.map(directed));
        let is_narrowed = served.is_some();
        Some(Asked {
            model: self.model,
            columns,
            equal: count,
            condition: None,
            is_lookup,
            has_key,
            is_narrowed,
            is_minor,
            is_order: count == 0 && !has_range,
        })
    }
}

fn directed((name, falls): (SmolStr, bool)) -> SmolStr {
    if falls { SmolStr::from(format!("-{name}")) } else { name }
}

/// Whether a value names one row, or a few: a code, a token, the key that another system gave.
fn is_identifier(field: &Field) -> bool {
    const NAMES: [&str; 14] = [
        "checksum", "code", "digest", "guid", "hash", "id", "key", "md5", "sha", "slug", "token", "uid", "url", "uuid",
    ];
    let last = field.name.rsplit('_').next().unwrap_or("");
    field.relation.is_none() && (field.kind == FieldKind::Uuid || NAMES.contains(&last))
}
