//! The SQL that Django sends for a queryset, as PostgreSQL gets it.

use smol_str::SmolStr;

use super::value::{ModelRef, QsNode, RowShape};
use crate::model::Kind;
use crate::schema::{FieldKind, ModelId, RelationKind, Schema};
use crate::sql::{self, Dialect};
use crate::trace::{Cause, Column, Comparison, Facts, Filter, Operator, Ordering, Statement};

#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    Read {
        kind: Kind,
        method: &'a str,
    },
    /// One row by its key, for a relation or a deferred column.
    ByKey {
        cause: &'a Cause,
    },
    Prefetch {
        parent: &'a ModelRef,
        lookup: &'a str,
    },
    WriteRow(Kind),
    Write(Kind),
}

impl<'a> Action<'a> {
    pub fn read(kind: Kind, cause: &'a Cause) -> Self {
        let method = match cause {
            Cause::Method(method) => method,
            Cause::Manager { method, .. } => method,
            _ => "",
        };
        Action::Read { kind, method }
    }
}

pub fn build(schema: &Schema, node: &QsNode<'_>, action: Action<'_>) -> Statement {
    let mut builder = Builder::new(schema, node);
    let kind = match action {
        Action::Read { kind, .. } | Action::WriteRow(kind) | Action::Write(kind) => kind,
        Action::ByKey { .. } | Action::Prefetch { .. } => Kind::Select,
    };
    let sent = match action {
        Action::Read { kind, method } => builder.read(kind, method),
        Action::ByKey { cause } => builder.by_key(cause),
        Action::Prefetch { parent, lookup } => builder.prefetch(parent, lookup),
        Action::WriteRow(kind) => builder.write_row(kind),
        Action::Write(kind) => builder.write(kind),
    };
    let mut facts = builder.facts;
    facts.kind = kind;
    Statement {
        fingerprint: sql::fingerprint(&sent, Dialect::Postgres),
        sql: sql::normalise(&sent, Dialect::Postgres),
        facts,
    }
}

struct Builder<'a, 'p> {
    schema: &'a Schema,
    node: &'a QsNode<'p>,
    table: SmolStr,
    joins: Vec<Join>,
    facts: Facts,
}

struct Join {
    /// Field path from the queryset's model.
    path: String,
    model: Option<ModelId>,
    alias: SmolStr,
    sql: String,
}

impl<'a, 'p> Builder<'a, 'p> {
    fn new(schema: &'a Schema, node: &'a QsNode<'p>) -> Self {
        let table = table_of(schema, &node.model);
        let mut facts = Facts::new(Kind::Select);
        facts.tables.push(table.clone());
        Self { schema, node, table, joins: Vec::new(), facts }
    }

    fn read(&mut self, kind: Kind, method: &str) -> String {
        let desc = &self.node.desc;
        let conditions = self.conditions();
        let mut from = String::new();
        let limit = match (kind, method) {
            (Kind::Exists, _) | (_, "first" | "last" | "[]") => Some("1".to_owned()),
            (_, "latest" | "earliest") => Some("1".to_owned()),
            (_, "get") => Some("21".to_owned()),
            _ => None,
        };
        let columns = match kind {
            Kind::Count => "COUNT(*) AS \"__count\"".to_owned(),
            Kind::Exists => "1 AS \"a\"".to_owned(),
            Kind::Aggregate => self.aggregates(),
            _ => self.columns(),
        };
        let order = match kind {
            Kind::Count | Kind::Exists | Kind::Aggregate => String::new(),
            _ => self.order(method),
        };
        let groups =
            if kind == Kind::Select && !self.node.expressions.is_empty() { self.group_by() } else { String::new() };
        from.push_str(&quoted(&self.table));
        for join in &self.joins {
            from.push(' ');
            from.push_str(&join.sql);
        }
        let distinct = if desc.distinct { "DISTINCT " } else { "" };
        let mut out = format!("SELECT {distinct}{columns} FROM {from}");
        if !conditions.is_empty() {
            out.push_str(&format!(" WHERE {conditions}"));
        }
        out.push_str(&groups);
        out.push_str(&order);
        match (&limit, &desc.slice) {
            (Some(limit), _) => out.push_str(&format!(" LIMIT {limit}")),
            (None, Some(slice)) => {
                if slice.bounded {
                    out.push_str(" LIMIT 10");
                }
                if slice.start.is_none_or(|s| s > 0) && !slice.index && slice.start.is_some() {
                    out.push_str(" OFFSET 10");
                    self.facts.offset = true;
                }
            }
            _ => {}
        }
        self.facts.limit = limit.is_some() || desc.slice.is_some_and(|s| s.bounded);
        self.facts.distinct = desc.distinct;
        self.facts.locked = desc.locked;
        if desc.locked && kind == Kind::Select {
            out.push_str(" FOR UPDATE");
        }
        out
    }

    fn by_key(&mut self, cause: &Cause) -> String {
        let key = match cause {
            Cause::Singular { row, field, generic: false } => {
                let back = row.model.and_then(|id| self.schema.reverse(id, field)).map(|r| r.field.clone());
                let model = self.node.model.id;
                back.and_then(|name| self.column_of(model, &name)).unwrap_or_else(|| "id".into())
            }
            _ => self.key_column(),
        };
        self.compare(&key, Operator::Equal);
        let columns = match cause {
            Cause::Deferred { column, .. } => {
                let name = self.column_of(self.node.model.id, column).unwrap_or_else(|| column.clone());
                format!("{t}.{}, {t}.{}", quoted(&key), quoted(&name), t = quoted(&self.table))
            }
            _ => self.columns(),
        };
        self.facts.limit = true;
        format!("SELECT {columns} FROM {t} WHERE {t}.{} = %s LIMIT 21", quoted(&key), t = quoted(&self.table))
    }

    fn prefetch(&mut self, parent: &ModelRef, lookup: &str) -> String {
        let columns = self.columns();
        let reverse = parent.id.and_then(|id| self.schema.reverse(id, lookup));
        let key = match reverse {
            Some(reverse) => self.column_of(Some(reverse.model), &reverse.field),
            None => None,
        };
        let key = key.unwrap_or_else(|| self.key_column());
        self.compare(&key, Operator::In);
        let extra = self.conditions();
        let extra = if extra.is_empty() { extra } else { format!("{extra} AND ") };
        let order = self.order("");
        format!("SELECT {columns} FROM {t} WHERE {extra}{t}.{} IN (%s){order}", quoted(&key), t = quoted(&self.table))
    }

    fn write_row(&mut self, kind: Kind) -> String {
        let key = self.key_column();
        let columns = self.own_columns();
        let named: Vec<&SmolStr> = columns.iter().filter(|c| **c != key).collect();
        self.facts.written = named.iter().map(|c| ((*c).clone(), true)).collect();
        let table = quoted(&self.table);
        match kind {
            Kind::Insert => {
                let list = named.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
                let values = vec!["%s"; named.len().max(1)].join(", ");
                format!("INSERT INTO {table} ({list}) VALUES ({values}) RETURNING {table}.{}", quoted(&key))
            }
            Kind::Update => {
                self.compare(&key, Operator::Equal);
                let sets = named.iter().map(|c| format!("{} = %s", quoted(c))).collect::<Vec<_>>().join(", ");
                let sets = if sets.is_empty() { "\"…\" = %s".to_owned() } else { sets };
                format!("UPDATE {table} SET {sets} WHERE {table}.{} = %s", quoted(&key))
            }
            _ => {
                self.compare(&key, Operator::Equal);
                format!("DELETE FROM {table} WHERE {table}.{} IN (%s)", quoted(&key))
            }
        }
    }

    fn write(&mut self, kind: Kind) -> String {
        let conditions = self.conditions();
        let conditions = if conditions.is_empty() { String::new() } else { format!(" WHERE {conditions}") };
        let table = quoted(&self.table);
        match kind {
            Kind::Insert => {
                let key = self.key_column();
                let columns = self.own_columns();
                let list = columns.iter().filter(|c| **c != key).map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
                format!("INSERT INTO {table} ({list}) VALUES (%s)")
            }
            Kind::Update => format!("UPDATE {table} SET \"…\" = %s{conditions}"),
            _ => format!("DELETE FROM {table}{conditions}"),
        }
    }

    fn columns(&mut self) -> String {
        if let Some(values) = self.node.desc.values.clone()
            && self.node.shape != RowShape::Instances
            && !values.is_empty()
        {
            let columns: Vec<String> = values.iter().map(|path| self.path_column(path)).collect();
            self.facts.selected = u32::try_from(columns.len()).ok();
            return columns.join(", ");
        }
        let mut columns: Vec<String> = Vec::new();
        let own = self.own_columns();
        let only = self.node.desc.only.clone();
        let key = self.key_column();
        for column in &own {
            let kept = match &only {
                Some(only) => *column == key || only.iter().any(|o| self.names_column(o, column)),
                None => !self.node.desc.defer.iter().any(|d| self.names_column(d, column)),
            };
            if kept {
                columns.push(format!("{}.{}", quoted(&self.table), quoted(column)));
            }
        }
        for path in self.node.desc.select_related.clone() {
            let mut prefix = String::new();
            for part in path.split("__") {
                let first = prefix.is_empty();
                if !first {
                    prefix.push_str("__");
                }
                prefix.push_str(part);
                let known = self.joins.iter().any(|j| j.path == prefix && !j.sql.is_empty());
                let Some((alias, model)) = self.join(&prefix) else { break };
                if known && columns.iter().any(|c| c.starts_with(&format!("{}.", quoted(&alias)))) {
                    continue;
                }
                let wanted = only.as_ref().filter(|o| o.iter().any(|o| o.starts_with(&format!("{prefix}__"))));
                for field in &self.schema.get(model).fields {
                    if !has_column(field) {
                        continue;
                    }
                    let named = format!("{prefix}__{}", field.name);
                    if wanted.is_none_or(|o| field.primary_key || o.iter().any(|o| *o == named)) {
                        columns.push(format!("{}.{}", quoted(&alias), quoted(&field.column)));
                    }
                }
            }
        }
        for (name, expression) in &self.node.expressions {
            columns.push(format!("{}(\"…\") AS {}", expression.function.to_uppercase(), quoted(name)));
        }
        if own.is_empty() {
            return "*".to_owned();
        }
        self.facts.selected = u32::try_from(columns.len()).ok();
        columns.join(", ")
    }

    fn aggregates(&mut self) -> String {
        let mut parts = Vec::new();
        for (name, expression) in self.node.expressions.clone() {
            let function = expression.function.to_uppercase();
            let column = match &expression.path {
                Some(path) if path != "*" => self.path_column(path),
                _ => "*".to_owned(),
            };
            let filter = if expression.filter.is_some() { " FILTER (WHERE \"…\" = %s)" } else { "" };
            self.facts.aggregates.push(SmolStr::from(function.to_lowercase()));
            parts.push(format!("{function}({column}){filter} AS {}", quoted(&name)));
        }
        if parts.is_empty() { "*".to_owned() } else { parts.join(", ") }
    }

    fn group_by(&mut self) -> String {
        let multi = self
            .node
            .expressions
            .iter()
            .any(|(_, e)| matches!(e.function.as_str(), "Count" | "Sum" | "Avg" | "Min" | "Max"));
        if !multi {
            return String::new();
        }
        format!(" GROUP BY {}.{}", quoted(&self.table), quoted(&self.key_column()))
    }

    fn order(&mut self, method: &str) -> String {
        let mut order = self.node.desc.order.clone();
        if order.is_empty() && matches!(method, "first" | "last") {
            order.push("pk".into());
        }
        let mut parts = Vec::new();
        for field in order {
            let (name, mut descending) = match field.strip_prefix('-') {
                Some(name) => (name, true),
                None => (field.as_str(), false),
            };
            descending ^= matches!(method, "last");
            if name == "?" {
                self.facts.ordered.push(Ordering {
                    column: Column { table: SmolStr::default(), name: SmolStr::default() },
                    descending: false,
                    function: Some("random".into()),
                });
                parts.push("RANDOM() ASC".to_owned());
                continue;
            }
            let column = self.path_column(name);
            self.facts.ordered.push(Ordering {
                column: Column { table: self.table.clone(), name: SmolStr::from(name) },
                descending,
                function: None,
            });
            parts.push(format!("{column} {}", if descending { "DESC" } else { "ASC" }));
        }
        if parts.is_empty() { String::new() } else { format!(" ORDER BY {}", parts.join(", ")) }
    }

    fn conditions(&mut self) -> String {
        let mut parts = Vec::new();
        if let Some(related) = &self.node.related {
            let back = related.back.as_ref().and_then(|name| self.column_of(self.node.model.id, name));
            match (back, related.kind) {
                (Some(column), _) => {
                    self.compare(&column, Operator::Equal);
                    parts.push(format!("{}.{} = %s", quoted(&self.table), quoted(&column)));
                }
                (None, RelationKind::ManyToMany) => {
                    let through = self.through_table(related.row.model.id, &related.accessor);
                    let (table, own, far) = through;
                    self.joins.push(Join {
                        path: format!("<{}", related.accessor),
                        model: None,
                        alias: table.clone(),
                        sql: format!(
                            "INNER JOIN {j} ON ({t}.{} = {j}.{})",
                            quoted(&self.key_column()),
                            quoted(&far),
                            j = quoted(&table),
                            t = quoted(&self.table)
                        ),
                    });
                    self.facts.tables.push(table.clone());
                    self.facts.compared.push(Comparison {
                        column: Column { table: table.clone(), name: own.clone() },
                        operator: Operator::Equal,
                        function: None,
                    });
                    parts.push(format!("{}.{} = %s", quoted(&table), quoted(&own)));
                }
                _ => parts.push(format!("{}.\"…\" = %s", quoted(&self.table))),
            }
        }
        for filter in self.node.desc.filters.clone() {
            parts.push(self.condition(&filter));
        }
        parts.join(" AND ")
    }

    fn condition(&mut self, filter: &Filter) -> String {
        if filter.path.is_empty() {
            return "%s".to_owned();
        }
        let column = self.path_column(&filter.path.join("__"));
        let (operator, sql) = operator(filter, &column);
        if let Some((table, name)) = split_column(&column) {
            let comparison = Comparison { column: Column { table, name }, operator, function: None };
            if filter.alternative || filter.negated {
                self.facts.alternatives.push(comparison);
            } else {
                self.facts.compared.push(comparison);
            }
        }
        if filter.negated { format!("NOT ({sql})") } else { sql }
    }

    /// `"table"."column"` of a field path, joins added as needed.
    fn path_column(&mut self, path: &str) -> String {
        let parts: Vec<&str> = path.split("__").collect();
        let Some((last, before)) = parts.split_last() else { return "\"…\"".into() };
        let (alias, model) = if before.is_empty() {
            (self.table.clone(), self.node.model.id)
        } else {
            match self.join(&before.join("__")) {
                Some((alias, model)) => (alias, Some(model)),
                None => (SmolStr::from(before.join("__")), None),
            }
        };
        match model {
            Some(id) => match self.column_of(Some(id), last) {
                Some(column) => format!("{}.{}", quoted(&alias), quoted(&column)),
                // A relation from the far side: its key.
                None => match self.join(path) {
                    Some((alias, model)) => {
                        let key = self.schema.get(model).primary_key().map_or("id".into(), |f| f.column.clone());
                        format!("{}.{}", quoted(&alias), quoted(&key))
                    }
                    None => quoted(last),
                },
            },
            None => format!("{}.{}", quoted(&alias), quoted(last)),
        }
    }

    /// The table that a relation path leads to, joined once.
    fn join(&mut self, path: &str) -> Option<(SmolStr, ModelId)> {
        if let Some(known) = self.joins.iter().find(|j| j.path == path) {
            return Some((known.alias.clone(), known.model?));
        }
        let (before, name) = path.rsplit_once("__").unwrap_or(("", path));
        let (from, model) =
            if before.is_empty() { (self.table.clone(), self.node.model.id?) } else { self.join(before)? };
        let (_, field) = match self.schema.field(model, name) {
            Some(found) => found,
            None => return self.join_reverse(path, name, &from, model),
        };
        let relation = field.relation.as_ref()?;
        let target = relation.target?;
        let table = self.schema.get(target).table.clone();
        if relation.kind == RelationKind::ManyToMany {
            let (through, own, far) = self.through_table(Some(model), name);
            let key = self.schema.get(model).primary_key().map_or("id".into(), |f| f.column.clone());
            let sql = format!(
                "INNER JOIN {j} ON ({}.{} = {j}.{})",
                quoted(&from),
                quoted(&key),
                quoted(&own),
                j = quoted(&through)
            );
            self.joins.push(Join { path: format!("{path}+"), model: None, alias: through.clone(), sql });
            let key = self.schema.get(target).primary_key().map_or("id".into(), |f| f.column.clone());
            return Some(self.add_join(path, target, table, &through, &far, &key, false));
        }
        let key = self.schema.get(target).primary_key().map_or("id".into(), |f| f.column.clone());
        let column = field.column.clone();
        Some(self.add_join(path, target, table, &from, &column, &key, field.null))
    }

    fn join_reverse(&mut self, path: &str, name: &str, from: &SmolStr, model: ModelId) -> Option<(SmolStr, ModelId)> {
        let reverse = self.schema.reverse_query(model, name).or_else(|| self.schema.reverse(model, name))?;
        let target = reverse.model;
        let table = self.schema.get(target).table.clone();
        let column = self.column_of(Some(target), &reverse.field).unwrap_or_else(|| "id".into());
        let key = self.schema.get(model).primary_key().map_or("id".into(), |f| f.column.clone());
        Some(self.add_join(path, target, table, from, &key, &column, true))
    }

    #[expect(clippy::too_many_arguments, reason = "the two ends of one join")]
    fn add_join(
        &mut self,
        path: &str,
        model: ModelId,
        table: SmolStr,
        from: &str,
        column: &str,
        key: &str,
        outer: bool,
    ) -> (SmolStr, ModelId) {
        let used = self.table == table || self.joins.iter().any(|j| j.alias == table);
        let alias = if used { SmolStr::from(format!("T{}", self.joins.len() + 2)) } else { table.clone() };
        let kind = if outer { "LEFT OUTER" } else { "INNER" };
        let named = if used { format!("{} {alias}", quoted(&table)) } else { quoted(&table) };
        let sql = format!(
            "{kind} JOIN {named} ON ({}.{} = {}.{})",
            quoted(from),
            quoted(column),
            quoted(&alias),
            quoted(key)
        );
        self.facts.tables.push(table);
        self.joins.push(Join { path: path.to_owned(), model: Some(model), alias: alias.clone(), sql });
        (alias, model)
    }

    /// The join table of a many-to-many, its column for the near side, and that for the far one.
    fn through_table(&self, model: Option<ModelId>, accessor: &str) -> (SmolStr, SmolStr, SmolStr) {
        let unknown = || (SmolStr::from(format!("{}_{accessor}", self.table)), SmolStr::from("…"), SmolStr::from("…"));
        let Some(id) = model else { return unknown() };
        let lower = |id: ModelId| self.schema.get(id).name.to_lowercase();
        let (owner, name, flipped) = match self.schema.field(id, accessor) {
            Some((owner, _)) => (owner, SmolStr::new(accessor), false),
            None => match self.schema.reverse(id, accessor) {
                Some(reverse) => (reverse.model, reverse.field.clone(), true),
                None => return unknown(),
            },
        };
        let Some(relation) = self.schema.field(owner, &name).and_then(|(_, f)| f.relation.as_ref()) else {
            return unknown();
        };
        let table = match (relation.through, &relation.join_table) {
            (Some(through), _) => self.schema.get(through).table.clone(),
            (None, Some(table)) => table.clone(),
            _ => SmolStr::from(format!("{}_{name}", self.schema.get(owner).table)),
        };
        let near = SmolStr::from(format!("{}_id", lower(owner)));
        let far = relation.target.map_or("…".into(), |t| SmolStr::from(format!("{}_id", lower(t))));
        if flipped { (table, far, near) } else { (table, near, far) }
    }

    fn own_columns(&self) -> Vec<SmolStr> {
        let Some(id) = self.node.model.id else { return Vec::new() };
        self.schema.get(id).fields.iter().filter(|f| has_column(f)).map(|f| f.column.clone()).collect()
    }

    fn key_column(&self) -> SmolStr {
        let key = self.node.model.id.and_then(|id| self.schema.get(id).primary_key());
        key.map_or("id".into(), |field| field.column.clone())
    }

    fn column_of(&self, model: Option<ModelId>, name: &str) -> Option<SmolStr> {
        match model {
            Some(id) => self.schema.field(id, name).filter(|(_, f)| has_column(f)).map(|(_, f)| f.column.clone()),
            None => Some(SmolStr::new(name)),
        }
    }

    fn names_column(&self, name: &str, column: &str) -> bool {
        self.column_of(self.node.model.id, name).is_some_and(|c| c == column)
    }

    fn compare(&mut self, column: &SmolStr, operator: Operator) {
        let column = Column { table: self.table.clone(), name: column.clone() };
        self.facts.compared.push(Comparison { column, operator, function: None });
    }
}

fn has_column(field: &crate::schema::Field) -> bool {
    field.kind != FieldKind::GenericForeignKey
        && field.relation.as_ref().is_none_or(|r| !matches!(r.kind, RelationKind::ManyToMany | RelationKind::Generic))
}

fn table_of(schema: &Schema, model: &ModelRef) -> SmolStr {
    match model.id {
        Some(id) => schema.get(id).table.clone(),
        None if model.name.is_empty() => "…".into(),
        None => match model.name.split_once('.') {
            Some((app, name)) => crate::schema::default_table(app, name),
            None => SmolStr::from(model.name.to_lowercase()),
        },
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn split_column(column: &str) -> Option<(SmolStr, SmolStr)> {
    let (table, name) = column.rsplit_once('.')?;
    Some((table.trim_matches('"').into(), name.trim_matches('"').into()))
}

fn operator(filter: &Filter, column: &str) -> (Operator, String) {
    match filter.lookup.as_str() {
        "exact" if filter.value == "None" => (Operator::IsNull, format!("{column} IS NULL")),
        "exact" if filter.value == "True" => (Operator::Equal, column.to_owned()),
        "exact" if filter.value == "False" => (Operator::Equal, format!("NOT {column}")),
        "exact" => (Operator::Equal, format!("{column} = %s")),
        "iexact" => (Operator::Other, format!("UPPER({column}::text) = UPPER(%s)")),
        "in" => (Operator::In, format!("{column} IN (%s)")),
        "gt" => (Operator::Range, format!("{column} > %s")),
        "gte" => (Operator::Range, format!("{column} >= %s")),
        "lt" => (Operator::Range, format!("{column} < %s")),
        "lte" => (Operator::Range, format!("{column} <= %s")),
        "range" => (Operator::Range, format!("{column} BETWEEN %s AND %s")),
        "isnull" if filter.value == "False" => (Operator::IsNotNull, format!("{column} IS NOT NULL")),
        "isnull" => (Operator::IsNull, format!("{column} IS NULL")),
        "startswith" => (Operator::Prefix, format!("{column}::text LIKE %s")),
        "contains" | "endswith" => (Operator::Contains, format!("{column}::text LIKE %s")),
        "icontains" | "iendswith" | "istartswith" => {
            (Operator::Contains, format!("UPPER({column}::text) LIKE UPPER(%s)"))
        }
        "date" => (Operator::Other, format!("({column} AT TIME ZONE %s)::date = %s")),
        "year" | "iso_year" => (Operator::Range, format!("{column} BETWEEN %s AND %s")),
        other => (Operator::Other, format!("EXTRACT({other} FROM {column}) = %s")),
    }
}
