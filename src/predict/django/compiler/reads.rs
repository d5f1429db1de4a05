//! SELECT: columns, groups, limits, combined queries.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::super::value::{Const, Operand, PlanStep, QsNode, RelatedManager, RowShape};
use super::many_hop::many_hop;
use super::mask::Mask;
use super::ordering::direction;
use super::paths;
use super::query::{Annotation, Backend, Condition, Group, Query, UNKNOWN};
use crate::schema::{ModelId, RelationKind};
use crate::trace::Operator;

/// One column of a SELECT list.
#[derive(Debug, Clone)]
pub struct Item {
    pub sql: String,
    pub groups: Vec<String>,
    /// Named by an annotation or by `values()`: GROUP BY and ORDER BY name it by its place.
    pub name: Option<SmolStr>,
}

/// How many rows, and from where on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    None,
    One,
    Own,
    /// `get()`: one more than it shows in its error.
    Get,
}

/// The queryset as the query that its calls make.
pub fn replay<'s>(backend: Backend<'s>, node: &QsNode<'_>, prefix: Option<char>) -> Query<'s> {
    let table = super::table_of(backend.schema, &node.model);
    let mut query = Query::new(backend, node.model.id, table, prefix);
    query.unclear |= node.plan.unclear || node.plan.either || node.desc.opaque;
    if let Some(related) = &node.related {
        query.relate(related);
    }
    for step in &node.plan.steps {
        match step {
            PlanStep::Filter(tree) => query.filter(tree),
            PlanStep::Annotate { name, value, selected } => query.annotate(name, value, *selected),
            PlanStep::Values(names) => query.set_values(names),
        }
        query.used.clear();
    }
    query
}

impl<'s> Query<'s> {
    /// What narrows the rows of a row's manager.
    fn relate(&mut self, related: &RelatedManager<'_>) {
        let schema = self.backend.schema;
        let Some(model) = self.model else {
            self.conditions.push(Condition { sql: format!("{UNKNOWN} = %s"), aggregate: false });
            return;
        };
        let (column, alias) = match (&related.back, related.kind) {
            (Some(back), _) => {
                let path = paths::walk(schema, model, &[back.as_str()]);
                let Some(path) = path else { return self.unclear = true };
                let mut joins = self.joins(0, &path.hops, None);
                let trimmed = self.trim(&mut joins, &path);
                (trimmed.column, trimmed.alias)
            }
            (None, RelationKind::ManyToMany) => match self.relate_many(model, related) {
                Some(found) => found,
                None => return self.unclear = true,
            },
            (None, RelationKind::Generic) => {
                let (content_type, object_id) = paths::generic_columns(schema, model);
                let sql = format!("{} = %s", self.column(0, &content_type));
                self.conditions.push(Condition { sql, aggregate: false });
                self.note(0, &content_type, Operator::Equal, true);
                (object_id, 0)
            }
            _ => return self.unclear = true,
        };
        let sql = format!("{} = %s", self.column(alias, &column));
        self.conditions.push(Condition { sql, aggregate: false });
        self.note(alias, &column, Operator::Equal, true);
    }

    /// Joins the table between, as the first filter of a many-to-many manager does.
    pub fn relate_many(&mut self, model: ModelId, related: &RelatedManager<'_>) -> Option<(SmolStr, usize)> {
        let schema = self.backend.schema;
        let row = related.row.model.id?;
        let hop = many_hop(schema, model, row, &related.accessor)?;
        let joins = self.joins(0, std::slice::from_ref(&hop.hop), None);
        self.demote(joins.iter().copied());
        let alias = *joins.last()?;
        self.used.extend(joins);
        Some((hop.near, alias))
    }

    fn annotate(&mut self, name: &SmolStr, value: &Operand<'_>, selected: bool) {
        if !matches!(value, Operand::Expression(_) | Operand::Condition(_)) {
            self.unclear = true;
        }
        let rendered = self.operand(value, None);
        if rendered.aggregate {
            self.group = match &self.values {
                None => Group::Selected,
                Some(values) => {
                    let mut groups = Vec::new();
                    for value in values.clone() {
                        groups.extend(self.reference_again(&value));
                    }
                    Group::By(groups)
                }
            };
        }
        if let Some(values) = self.values.as_mut().filter(|_| selected)
            && !values.contains(name)
        {
            values.push(name.clone());
        }
        self.annotations.push(Annotation {
            name: name.clone(),
            sql: rendered.sql,
            aggregate: rendered.aggregate,
            selected,
            groups: rendered.groups,
            kind: rendered.kind,
            year_of: rendered.year_of,
        });
    }

    /// What GROUP BY gets for a name of `values()`, without further joins.
    fn reference_again(&mut self, name: &str) -> Vec<String> {
        self.reference(name, None).groups
    }

    fn set_values(&mut self, names: &[SmolStr]) {
        if self.group == Group::Selected
            && let Some(model) = self.model
        {
            let own = paths::columns(self.backend.schema, model);
            self.group = Group::By(own.iter().map(|(_, field)| self.column(0, &field.column)).collect());
        }
        let mut names = names.to_vec();
        if names.is_empty() {
            let own = self.model.map(|model| paths::columns(self.backend.schema, model)).unwrap_or_default();
            names.extend(own.iter().map(|(_, field)| field.attname()));
            names.extend(self.annotations.iter().filter(|a| a.selected).map(|a| a.name.clone()));
        }
        // Joins are made here, not where the statement is put together.
        for name in &names {
            if self.annotation(name).is_none() {
                self.reference(name, None);
            }
        }
        self.values = Some(names);
    }

    /// The SELECT list.
    pub fn items(&mut self, node: &QsNode<'_>, joined: bool) -> Vec<Item> {
        let schema = self.backend.schema;
        if let Some(values) = self.values.clone() {
            let items: Vec<Item> = values
                .iter()
                .map(|name| {
                    let rendered = self.reference(name, None);
                    Item { sql: rendered.sql, groups: rendered.groups, name: Some(name.clone()) }
                })
                .collect();
            return items;
        }
        let Some(model) = self.model else {
            return vec![Item { sql: "*".to_owned(), groups: Vec::new(), name: None }];
        };
        let mask = Mask::of(node);
        let mut items = Vec::new();
        self.model_columns(model, 0, &mask, None, &mut items);
        for annotation in self.annotations.iter().filter(|annotation| annotation.selected) {
            items.push(Item {
                sql: annotation.sql.clone(),
                groups: annotation.groups.clone(),
                name: Some(annotation.name.clone()),
            });
        }
        if joined && node.shape == RowShape::Instances {
            let wanted = super::mask::Tree::of(&node.desc.select_related);
            let all = node.desc.select_related_all && node.desc.select_related.is_empty();
            if all || !wanted.is_empty() {
                self.select_related(schema, model, 0, (!all).then_some(&wanted), &mask, 1, &mut items);
            }
        }
        items
    }

    /// The columns of one model at an alias; parents of a multi-table inheritance are joined.
    pub fn model_columns(
        &mut self,
        model: ModelId,
        alias: usize,
        mask: &Mask,
        without: Option<ModelId>,
        items: &mut Vec<Item>,
    ) {
        let schema = self.backend.schema;
        for (owner, field) in paths::columns(schema, model) {
            if without.is_some_and(|without| owner != model && is_ancestor(schema, owner, without)) {
                continue;
            }
            if !mask.keeps(field, owner == paths::concrete(schema, model)) {
                continue;
            }
            let mut at = alias;
            for hop in paths::to_parent(schema, paths::concrete(schema, model), owner) {
                at = self.join(at, &hop, None);
            }
            let sql = self.column(at, &field.column);
            items.push(Item { groups: vec![sql.clone()], sql, name: None });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a walk over two trees")]
    fn select_related(
        &mut self,
        schema: &'s crate::schema::Schema,
        model: ModelId,
        alias: usize,
        wanted: Option<&super::mask::Tree>,
        mask: &Mask,
        depth: u32,
        items: &mut Vec<Item>,
    ) {
        if depth > 5 && wanted.is_none() || depth > 16 {
            return;
        }
        for (owner, field) in all_columns(schema, model) {
            let Some(relation) = &field.relation else { continue };
            if !matches!(relation.kind, RelationKind::ForeignKey | RelationKind::OneToOne) {
                continue;
            }
            let next = match wanted {
                Some(wanted) => match wanted.get(&field.name) {
                    Some(next) => Some(next),
                    None => continue,
                },
                None if field.null || field.primary_key && owner != model => continue,
                None => None,
            };
            let Some(path) = paths::walk(schema, model, &[field.name.as_str()]) else { continue };
            let Some(target) = path.leads_to else {
                self.unclear = true;
                continue;
            };
            let joins = self.joins(alias, &path.hops, None);
            let at = joins.last().copied().unwrap_or(alias);
            let inner = mask.below(&field.name);
            self.model_columns(target, at, &inner, None, items);
            self.select_related(schema, target, at, next, &inner, depth + 1, items);
        }
        let Some(wanted) = wanted else { return };
        for (owner, reverse) in far_sides(schema, model) {
            let Some(next) = wanted.get(&reverse.query_name).filter(|_| reverse.kind == RelationKind::OneToOne) else {
                continue;
            };
            let Some(path) = paths::walk(schema, owner, &[reverse.query_name.as_str()]) else { continue };
            let Some(target) = path.leads_to else { continue };
            let mut start = alias;
            for hop in paths::to_parent(schema, model, owner) {
                start = self.join(start, &hop, None);
            }
            let joins = self.joins(start, &path.hops, None);
            let at = joins.last().copied().unwrap_or(alias);
            let child = is_ancestor(schema, owner, target).then_some(target);
            let inner = mask.below(&reverse.query_name);
            self.model_columns(target, at, &inner, child, items);
            self.select_related(schema, target, at, Some(next), &inner, depth + 1, items);
        }
    }

    /// ` GROUP BY …`
    pub(super) fn grouping(&mut self, items: &[Item], order: &[(String, Option<String>)], meta_order: bool) -> String {
        let mut groups: Vec<String> = match &self.group {
            Group::None => return String::new(),
            Group::Selected => Vec::new(),
            Group::By(groups) => groups.clone(),
        };
        for item in items {
            groups.extend(item.groups.iter().cloned());
        }
        if !meta_order {
            groups.extend(
                order
                    .iter()
                    .filter_map(|(_, group)| group.clone())
                    .filter(|sql| !self.annotations.iter().any(|a| a.aggregate && a.sql == *sql)),
            );
        }
        if !self.backend.is_sqlite() {
            self.only_keys(&mut groups);
        }
        let mut seen: Vec<String> = Vec::new();
        for group in groups {
            if !seen.contains(&group) {
                seen.push(group.clone());
            }
        }
        let placed: Vec<String> = seen
            .into_iter()
            .map(|group| {
                let named = items.iter().any(|item| item.name.is_some() && item.sql == group);
                if named { "1".to_owned() } else { group }
            })
            .collect();
        format!(" GROUP BY {}", placed.join(", "))
    }

    /// PostgreSQL groups by a table's key alone, for all of its columns depend on it.
    fn only_keys(&self, groups: &mut Vec<String>) {
        let schema = self.backend.schema;
        let mut keys: Vec<(String, String)> = Vec::new();
        for (at, alias) in self.aliases.iter().enumerate() {
            let model = match &alias.hop {
                Some(hop) => hop.model,
                None => self.model,
            };
            let Some(model) = model else { continue };
            let key = self.column(at, &paths::key_column(schema, model));
            if groups.contains(&key) {
                let prefix = key.rsplit_once('.').map(|(prefix, _)| format!("{prefix}.")).unwrap_or_default();
                keys.push((prefix, key));
            }
        }
        groups.retain(|group| {
            let is_column = group.matches('"').count() <= 4 && !group.contains(['(', ' ']);
            !is_column || keys.iter().all(|(prefix, key)| group == key || !group.starts_with(prefix.as_str()))
        });
    }

    /// ` WHERE … GROUP BY … HAVING …`
    pub(super) fn clauses(&mut self, grouping: &str) -> String {
        let (having, conditions): (Vec<_>, Vec<_>) = self.conditions.iter().partition(|c| c.aggregate);
        let joined = |list: &[&Condition]| list.iter().map(|c| c.sql.as_str()).collect::<Vec<_>>().join(" AND ");
        let mut out = String::new();
        if !conditions.is_empty() {
            out.push_str(&format!(" WHERE {}", joined(&conditions)));
        }
        out.push_str(grouping);
        if !having.is_empty() {
            out.push_str(&format!(" HAVING {}", joined(&having)));
        }
        out
    }

    /// The SELECT of rows.
    pub fn select(&mut self, node: &QsNode<'_>, method: &str, limit: Limit) -> String {
        if let Some(combined) = &node.plan.combined {
            return self.combined_select(node, combined, limit);
        }
        let mut items = self.items(node, true);
        self.facts.selected = u32::try_from(items.len()).ok();
        let ordered = limit != Limit::Get || node.desc.slice.is_some();
        let order = if ordered { self.order(node, method, &items) } else { Vec::new() };
        let meta_order = node.plan.order.is_none() && !matches!(method, "first" | "last") || node.desc.default_order;
        let grouping = self.grouping(&items, &order, meta_order && node.desc.default_order);
        let order = if grouping.is_empty() || !node.desc.default_order { order } else { Vec::new() };
        if node.desc.distinct && node.plan.distinct_on.is_empty() {
            for (text, sql) in &order {
                let bare = text.trim_end_matches(" ASC").trim_end_matches(" DESC");
                if sql.is_some() && !items.iter().any(|item| item.sql == bare) {
                    items.push(Item { sql: bare.to_owned(), groups: Vec::new(), name: None });
                }
            }
        }
        let distinct = self.distinct(node);
        let columns = items.iter().map(|item| item.sql.as_str()).collect::<Vec<_>>().join(", ");
        let clauses = self.clauses(&grouping);
        let mut out = format!("SELECT {distinct}{columns} FROM {}{clauses}", self.from());
        if !order.is_empty() {
            let terms = order.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(", ");
            out.push_str(&format!(" ORDER BY {terms}"));
        }
        out.push_str(&self.limit(node, limit));
        self.facts.distinct = node.desc.distinct;
        self.facts.locked = node.desc.locked;
        if node.desc.locked && !self.backend.is_sqlite() {
            out.push_str(&format!(" FOR UPDATE{}", node.plan.lock));
        }
        out
    }

    pub(super) fn distinct(&mut self, node: &QsNode<'_>) -> String {
        if !node.desc.distinct {
            return String::new();
        }
        if node.plan.distinct_on.is_empty() {
            return "DISTINCT ".to_owned();
        }
        let columns: Vec<String> = node.plan.distinct_on.iter().map(|name| self.reference(name, None).sql).collect();
        format!("DISTINCT ON ({}) ", columns.join(", "))
    }

    pub fn limit(&mut self, node: &QsNode<'_>, limit: Limit) -> String {
        let slice = node.desc.slice;
        self.facts.limit = limit != Limit::Own && limit != Limit::None || slice.is_some_and(|s| s.bounded);
        let offset = limit != Limit::None && slice.is_some() && node.plan.offset;
        self.facts.offset = offset;
        let bounded = slice.is_some_and(|s| s.bounded) || matches!(limit, Limit::One | Limit::Get);
        match (bounded && limit != Limit::None, offset) {
            (true, true) => " LIMIT 10 OFFSET 10".to_owned(),
            (true, false) => " LIMIT 10".to_owned(),
            (false, true) if self.backend.is_sqlite() => " LIMIT -1 OFFSET 10".to_owned(),
            (false, true) => " OFFSET 10".to_owned(),
            (false, false) => String::new(),
        }
    }

    fn combined_select(
        &mut self,
        node: &QsNode<'_>,
        combined: &(&'static str, bool, Vec<Rc<QsNode<'_>>>),
        limit: Limit,
    ) -> String {
        let (operator, all, parts) = combined;
        let operator = if *all { format!(" {operator} ALL ") } else { format!(" {operator} ") };
        let mut selects = Vec::new();
        let mut columns = Vec::new();
        for part in parts {
            let mut own = replay(self.backend, part, self.prefix);
            // The parts' own order goes, and all have the columns of the first `values()`.
            let mut bare = (**part).clone();
            bare.plan.order = Some(Vec::new());
            let items = own.items(&bare, true);
            if columns.is_empty() {
                columns = items.iter().map(|item| item.sql.clone()).collect();
            }
            let sql = own.select(&bare, "", Limit::Own);
            self.unclear |= own.unclear;
            self.facts.tables.extend(own.facts.tables.iter().cloned());
            selects.push(if self.backend.is_sqlite() { sql } else { format!("({sql})") });
        }
        let mut out = selects.join(&operator);
        let terms: Vec<String> = match &node.plan.order {
            Some(terms) => terms
                .iter()
                .map(|term| match term {
                    Operand::Constant(Const::Str(name)) => {
                        format!("({}) {}", 1, direction(name.starts_with('-')))
                    }
                    _ => self.unknown(),
                })
                .collect(),
            None => Vec::new(),
        };
        if !terms.is_empty() {
            out.push_str(&format!(" ORDER BY {}", terms.join(", ")));
        }
        self.facts.compound = true;
        out.push_str(&self.limit(node, limit));
        out
    }
}

fn is_ancestor(schema: &crate::schema::Schema, ancestor: ModelId, of: ModelId) -> bool {
    ancestor != of && !paths::to_parent(schema, of, ancestor).is_empty()
}

fn all_columns(schema: &crate::schema::Schema, model: ModelId) -> Vec<(ModelId, &crate::schema::Field)> {
    paths::columns(schema, model)
}

/// Far sides of a model and of those that it inherits from.
fn far_sides(schema: &crate::schema::Schema, model: ModelId) -> Vec<(ModelId, &crate::schema::Reverse)> {
    let mut out = Vec::new();
    let mut queue = vec![model];
    let mut at = 0;
    while let Some(model) = queue.get(at).copied() {
        at += 1;
        out.extend(schema.get(model).reverse.iter().map(|reverse| (model, reverse)));
        queue.extend(schema.get(model).parents.iter().filter(|p| !queue.contains(p)).copied().collect::<Vec<_>>());
        if at > 32 {
            break;
        }
    }
    out
}
