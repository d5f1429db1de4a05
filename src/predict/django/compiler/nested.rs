//! Statements around a SELECT: `COUNT` and other aggregates, `EXISTS`, subqueries.

use smol_str::SmolStr;

use super::super::super::value::{Const, Operand, QsNode, RowShape};
use super::conditions::next_prefix;
use super::paths;
use super::query::{Annotation, Group, Query, quoted};
use super::reads::{Item, Limit, replay};

impl<'s> Query<'s> {
    /// `COUNT`, `SUM` … over the rows; a subquery where grouping, DISTINCT or a limit come before.
    pub fn aggregate(&mut self, node: &QsNode<'_>, aggregates: &[(SmolStr, Operand<'_>)]) -> String {
        let existing = self.annotations.iter().any(|annotation| annotation.aggregate);
        let nested = existing
            || node.desc.slice.is_some()
            || node.desc.distinct
            || node.plan.combined.is_some()
            || matches!(self.group, Group::By(_));
        if !nested {
            let mut columns = Vec::new();
            for (name, operand) in aggregates {
                let rendered = self.operand(operand, None);
                columns.push(format!("{} AS {}", rendered.sql, quoted(name)));
            }
            let conditions = self.clauses("");
            return format!("SELECT {} FROM {}{conditions}", columns.join(", "), self.from());
        }
        self.nested_aggregate(node, aggregates, existing)
    }

    fn nested_aggregate(&mut self, node: &QsNode<'_>, aggregates: &[(SmolStr, Operand<'_>)], existing: bool) -> String {
        let mut outer = Vec::new();
        let mut inner_columns: Vec<String> = Vec::new();
        let mut named: Vec<Annotation> = Vec::new();
        for (name, operand) in aggregates {
            let is_star = matches!(operand, Operand::Expression(e) if matches!(e.args.first(), Some(Operand::Constant(Const::Str(path))) if path == "*"));
            if is_star {
                outer.push(format!("COUNT(*) AS {}", quoted(name)));
                continue;
            }
            let Operand::Expression(expression) = operand else {
                self.unclear = true;
                continue;
            };
            let Some(arg) = expression.args.first() else { continue };
            if let Operand::Constant(Const::Str(path)) = arg
                && self.annotation(path).is_some()
            {
                let known = self.annotation(path).cloned();
                named.extend(known.filter(|known| !named.iter().any(|n: &Annotation| n.name == known.name)));
                outer.push(format!("{}({}) AS {}", expression.function.to_uppercase(), quoted(path), quoted(name)));
                continue;
            }
            let column = self.operand(arg, None).sql;
            let at = match inner_columns.iter().position(|known| *known == column) {
                Some(at) => at,
                None => {
                    inner_columns.push(column);
                    inner_columns.len() - 1
                }
            };
            self.unclear |= expression.filter.is_some() || !expression.options.is_empty();
            outer.push(format!("{}(\"__col{}\") AS {}", expression.function.to_uppercase(), at + 1, quoted(name)));
        }
        let inner = if node.plan.combined.is_some() {
            let mut plain = node.clone();
            plain.plan.order = Some(Vec::new());
            self.select(&plain, "", Limit::Own)
        } else {
            let key = self.key_column();
            let key = self.column(0, &key);
            let mut items: Vec<Item> = Vec::new();
            if node.desc.distinct {
                items = self.items(node, false);
            } else if self.values.is_some() && matches!(self.group, Group::By(_)) || existing && self.values.is_some() {
                let grouped = match &self.group {
                    Group::By(groups) => groups.clone(),
                    _ => Vec::new(),
                };
                items.extend(self.items(node, false).into_iter().filter(|item| grouped.contains(&item.sql)));
            } else {
                // What annotations group by stays; nothing else is selected.
                let kept = self.annotations.iter().filter(|a| a.selected && !a.groups.is_empty());
                items.extend(kept.map(|a| Item {
                    sql: a.sql.clone(),
                    groups: a.groups.clone(),
                    name: Some(a.name.clone()),
                }));
                if existing {
                    self.group = Group::By(vec![key.clone()]);
                }
            }
            let missing = |item: &Annotation| !items.iter().any(|known| known.name.as_ref() == Some(&item.name));
            let referred: Vec<Item> = named
                .iter()
                .filter(|item| missing(item))
                .map(|a| Item { sql: a.sql.clone(), groups: a.groups.clone(), name: Some(a.name.clone()) })
                .collect();
            items.extend(referred);
            items.extend(inner_columns.iter().map(|sql| Item {
                sql: sql.clone(),
                groups: Vec::new(),
                name: Some("__col".into()),
            }));
            if items.is_empty() {
                items.push(Item { sql: key, groups: Vec::new(), name: None });
            }
            for item in &mut items {
                item.name.get_or_insert_with(|| "col".into());
            }
            let sliced = node.desc.slice.is_some() || !node.plan.distinct_on.is_empty();
            let order = if sliced { self.order(node, "", &items) } else { Vec::new() };
            let grouping = self.grouping(&items, &order, node.desc.default_order);
            let distinct = self.distinct(node);
            let columns = items.iter().map(|item| item.sql.as_str()).collect::<Vec<_>>().join(", ");
            let clauses = self.clauses(&grouping);
            let mut sql = format!("SELECT {distinct}{columns} FROM {}{clauses}", self.from());
            if !order.is_empty() && (grouping.is_empty() || !node.desc.default_order) {
                let terms = order.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(", ");
                sql.push_str(&format!(" ORDER BY {terms}"));
            }
            sql.push_str(&self.limit(node, Limit::Own));
            sql
        };
        self.facts.compound = true;
        format!("SELECT {} FROM ({inner}) subquery", outer.join(", "))
    }

    /// `SELECT 1 … LIMIT 1`
    pub fn exists(&mut self, node: &QsNode<'_>, limited: bool) -> String {
        if node.plan.combined.is_some() {
            return self.unknown();
        }
        if self.group == Group::Selected
            && let Some(model) = self.model
        {
            let own = paths::columns(self.backend.schema, model);
            self.group = Group::By(own.iter().map(|(_, field)| self.column(0, &field.column)).collect());
        }
        let (grouping, columns) = match node.desc.distinct && node.desc.slice.is_some() {
            true => {
                let items = self.items(node, false);
                let list = items.iter().map(|item| item.sql.clone()).collect::<Vec<_>>().join(", ");
                (self.grouping(&items, &[], true), format!("1 AS \"a\", {list}"))
            }
            false => (self.grouping(&[], &[], true), "1 AS \"a\"".to_owned()),
        };
        let distinct = if node.desc.distinct { "DISTINCT " } else { "" };
        let clauses = self.clauses(&grouping);
        let limit = if limited { self.limit(node, Limit::One) } else { String::new() };
        format!("SELECT {distinct}{columns} FROM {}{clauses}{limit}", self.from())
    }

    fn inner_query(&mut self, node: &QsNode<'_>) -> Query<'s> {
        replay(self.backend, node, Some(next_prefix(self.prefix)))
    }

    fn absorb(&mut self, inner: &Query<'s>, sql: &str) -> String {
        self.unclear |= inner.unclear;
        self.facts.tables.extend(inner.facts.tables.iter().cloned());
        self.facts.compound = true;
        self.fill_outer(sql)
    }

    /// `(SELECT …)`; of rows, their keys (or the column that is pointed at) where it stands behind IN.
    pub fn subquery(&mut self, node: &QsNode<'_>, is_list: bool, pointed_at: Option<&str>) -> String {
        let mut inner = self.inner_query(node);
        let mut node = node.clone();
        if is_list && node.shape == RowShape::Instances && node.plan.combined.is_none() {
            let fields = inner.model.map(|model| paths::columns(self.backend.schema, model)).unwrap_or_default();
            let pointed_at = fields.iter().find(|(_, field)| pointed_at.is_some_and(|column| field.column == column));
            let name = pointed_at.map_or_else(|| "pk".into(), |(_, field)| field.name.clone());
            inner.values = Some(vec![name]);
            node.desc.values = Some(vec!["pk".into()]);
            inner.annotations.retain(|annotation| !annotation.selected || annotation.aggregate);
        }
        // The order of a subquery without a limit is dropped.
        if is_list && node.desc.slice.is_none() {
            node.plan.order = Some(Vec::new());
            node.desc.default_order = false;
        }
        let sql = inner.select(&node, "", Limit::Own);
        format!("({})", self.absorb(&inner, &sql))
    }

    pub fn exists_subquery(&mut self, node: &QsNode<'_>) -> String {
        let mut inner = self.inner_query(node);
        let sql = inner.exists(node, true);
        format!("EXISTS({})", self.absorb(&inner, &sql))
    }
}
