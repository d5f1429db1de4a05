//! Facts from sqlparser's tree. Every walk is bounded: a chain of conditions by an explicit stack, nests by a depth.

use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use sqlparser::ast::{
    self, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, JoinConstraint,
    JoinOperator, LimitClause, OrderByKind, SelectItem, SetExpr, TableFactor, UnaryOperator,
};

use crate::model::Kind;
use crate::trace::{Column, Comparison, Facts, Operator, Ordering};

/// Queries within queries that are looked into.
const MAX_NESTING: u32 = 8;
const AGGREGATES: [&str; 16] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "array_agg",
    "string_agg",
    "json_agg",
    "bool_or",
    "bool_and",
];

pub(super) struct Reading {
    pub facts: Facts,
    /// Name in the statement → table; empty for a subquery.
    scope: Vec<(SmolStr, SmolStr)>,
    nesting: u32,
}

impl Reading {
    pub fn new() -> Self {
        Self { facts: Facts::new(Kind::Other), scope: Vec::new(), nesting: 0 }
    }

    pub fn query(&mut self, query: &ast::Query) {
        self.facts.kind = Kind::Select;
        self.facts.compound |= query.with.is_some();
        self.facts.locked = !query.locks.is_empty();
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                self.facts.limit = limit.is_some();
                self.facts.offset = offset.is_some();
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                self.facts.limit = true;
                self.facts.offset = true;
            }
            None => {}
        }
        self.facts.limit |= query.fetch.is_some();
        self.body(&query.body);
        if let Some(OrderByKind::Expressions(list)) = query.order_by.as_ref().map(|order| &order.kind) {
            self.order(list);
        }
        if let SetExpr::Select(select) = query.body.as_ref() {
            self.facts.kind = self.kind_of(select);
        }
    }

    fn order(&mut self, list: &[ast::OrderByExpr]) {
        for item in list {
            let descending = matches!(item.options.sort, Some(ast::OrderBySort::Desc));
            let (column, function) = self.column(&item.expr).unwrap_or_else(|| {
                (Column { table: SmolStr::default(), name: SmolStr::default() }, Some(function_name(&item.expr)))
            });
            self.facts.ordered.push(Ordering { column, descending, function });
        }
    }

    fn kind_of(&self, select: &ast::Select) -> Kind {
        let items: Vec<&Expr> = select.projection.iter().filter_map(expression).collect();
        let grouped = !self.facts.grouped.is_empty();
        if let ([only], 1) = (&items[..], select.projection.len()) {
            let constant = is_value(only) && self.facts.limit && !select.from.is_empty();
            if constant || matches!(only, Expr::Exists { .. }) {
                return Kind::Exists;
            }
        }
        let names: Vec<Option<&str>> = items.iter().map(|item| aggregate(item, 4)).collect();
        if grouped || names.is_empty() || items.len() < select.projection.len() || names.contains(&None) {
            return Kind::Select;
        }
        if names.iter().all(|name| *name == Some("count")) { Kind::Count } else { Kind::Aggregate }
    }

    fn body(&mut self, body: &SetExpr) {
        if self.nesting >= MAX_NESTING {
            self.facts.compound = true;
            return;
        }
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.inner(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.facts.compound = true;
                self.nesting += 1;
                self.body(left);
                self.body(right);
                self.nesting -= 1;
            }
            _ => {}
        }
    }

    /// A query inside of this one: its tables and conditions count, its shape does not.
    fn inner(&mut self, query: &ast::Query) {
        if self.nesting >= MAX_NESTING {
            return;
        }
        let mut inner = Reading { facts: Facts::new(Kind::Select), scope: Vec::new(), nesting: self.nesting + 1 };
        inner.body(&query.body);
        for table in inner.facts.tables {
            self.add_table(table);
        }
        self.facts.compared.append(&mut inner.facts.compared);
        self.facts.alternatives.append(&mut inner.facts.alternatives);
        self.facts.joined_on.append(&mut inner.facts.joined_on);
        self.facts.compound = true;
    }

    fn select(&mut self, select: &ast::Select) {
        self.facts.distinct |= matches!(select.distinct, Some(ast::Distinct::Distinct | ast::Distinct::On(_)));
        for source in &select.from {
            self.source(source);
        }
        let all = select.projection.iter().all(|item| expression(item).is_some());
        self.facts.selected = all.then_some(select.projection.len() as u32);
        for item in select.projection.iter().filter_map(expression) {
            if let Some(name) = aggregate(item, 4) {
                self.facts.aggregates.push(SmolStr::new(name));
            }
        }
        if let GroupByExpr::Expressions(list, _) = &select.group_by {
            for item in list {
                if let Some((column, None)) = self.column(item) {
                    self.facts.grouped.push(column);
                } else {
                    let name = function_name(item);
                    self.facts.grouped.push(Column { table: SmolStr::default(), name });
                }
            }
        }
        for condition in select.selection.iter().chain(&select.having) {
            self.condition(condition);
        }
    }

    fn source(&mut self, source: &ast::TableWithJoins) {
        self.factor(&source.relation);
        for join in &source.joins {
            self.factor(&join.relation);
            let constraint = match &join.join_operator {
                JoinOperator::Join(c)
                | JoinOperator::Inner(c)
                | JoinOperator::Left(c)
                | JoinOperator::LeftOuter(c)
                | JoinOperator::Right(c)
                | JoinOperator::RightOuter(c)
                | JoinOperator::FullOuter(c)
                | JoinOperator::CrossJoin(c)
                | JoinOperator::StraightJoin(c) => c,
                _ => continue,
            };
            if let JoinConstraint::On(condition) = constraint {
                self.condition(condition);
            }
        }
    }

    fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let table = full_name(name);
                let own = last_name(name);
                let alias = alias.as_ref().map_or(own, |alias| SmolStr::new(&alias.name.value));
                self.scope.push((alias, table.clone()));
                self.add_table(table);
            }
            TableFactor::Derived { subquery, alias, .. } => {
                self.inner(subquery);
                if let Some(alias) = alias {
                    self.scope.push((SmolStr::new(&alias.name.value), SmolStr::default()));
                }
            }
            TableFactor::NestedJoin { table_with_joins, .. } if self.nesting < MAX_NESTING => {
                self.nesting += 1;
                self.source(table_with_joins);
                self.nesting -= 1;
            }
            _ => self.facts.compound = true,
        }
    }

    fn add_table(&mut self, table: SmolStr) {
        if !self.facts.tables.contains(&table) {
            self.facts.tables.push(table);
        }
    }

    /// Takes a condition apart; `true` beside a part says that it holds for every row.
    fn condition(&mut self, condition: &Expr) {
        let mut rest = vec![(condition, true)];
        while let Some((part, always)) = rest.pop() {
            match part {
                Expr::Nested(inner) => rest.push((inner, always)),
                Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                    rest.push((right, always));
                    rest.push((left, always));
                }
                Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                    rest.push((right, false));
                    rest.push((left, false));
                }
                Expr::UnaryOp { op: UnaryOperator::Not, expr } => match self.column(expr) {
                    // `NOT active` is `active = false`.
                    Some((column, None)) => self.compare(column, Operator::Equal, None, always),
                    _ => rest.push((expr, false)),
                },
                Expr::Exists { subquery, .. } => self.inner(subquery),
                _ => self.comparison(part, always),
            }
        }
    }

    fn compare(&mut self, column: Column, operator: Operator, function: Option<SmolStr>, always: bool) {
        let comparison = Comparison { column, operator, function };
        if always { self.facts.compared.push(comparison) } else { self.facts.alternatives.push(comparison) }
    }

    fn comparison(&mut self, part: &Expr, always: bool) {
        let (side, operator) = match part {
            Expr::BinaryOp { left, op, right } => match (self.column(left), self.column(right)) {
                (Some((a, None)), Some((b, None))) if *op == BinaryOperator::Eq && always => {
                    self.facts.joined_on.push((a, b));
                    return;
                }
                (Some(_), _) => (left, operator(op)),
                (None, Some(_)) => (right, operator(op)),
                _ => return,
            },
            Expr::InList { expr, negated, .. } => (expr, if *negated { Operator::NotIn } else { Operator::In }),
            Expr::InSubquery { expr, subquery, negated } => {
                self.inner(subquery);
                (expr, if *negated { Operator::NotIn } else { Operator::In })
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, .. } => (left, Operator::In),
            Expr::Between { expr, negated: false, .. } => (expr, Operator::Range),
            Expr::IsNull(expr) => (expr, Operator::IsNull),
            Expr::IsNotNull(expr) => (expr, Operator::IsNotNull),
            Expr::IsTrue(expr) | Expr::IsFalse(expr) => (expr, Operator::Equal),
            Expr::Like { expr, pattern, negated: false, .. } | Expr::ILike { expr, pattern, negated: false, .. } => {
                (expr, pattern_operator(pattern))
            }
            Expr::Between { expr, .. }
            | Expr::Like { expr, .. }
            | Expr::ILike { expr, .. }
            | Expr::SimilarTo { expr, .. }
            | Expr::RLike { expr, .. } => (expr, Operator::Other),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                if let Some((column, None)) = self.column(part) {
                    self.compare(column, Operator::Equal, None, always);
                }
                return;
            }
            _ => return,
        };
        if let Some((column, function)) = self.column(side) {
            self.compare(column, operator, function, always);
        }
    }

    /// The column in an expression, and the function or cast around it.
    fn column(&self, expr: &Expr) -> Option<(Column, Option<SmolStr>)> {
        let mut function = None;
        let mut here = expr;
        for _ in 0..16 {
            here = match here {
                Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => inner,
                Expr::Cast { expr: inner, data_type, .. } => {
                    function.get_or_insert_with(|| data_type.to_smolstr().to_lowercase().to_smolstr());
                    inner
                }
                Expr::AtTimeZone { timestamp, .. } => {
                    function.get_or_insert_with(|| "timezone".to_smolstr());
                    timestamp
                }
                Expr::Extract { field, expr: inner, .. } => {
                    function.get_or_insert_with(|| field.to_smolstr().to_lowercase().to_smolstr());
                    inner
                }
                Expr::Tuple(items) => items.first().filter(|_| items.len() == 1)?,
                Expr::Function(call) => {
                    function.get_or_insert_with(|| last_name(&call.name).to_lowercase().to_smolstr());
                    arguments(call).find(|inner| !is_value(inner))?
                }
                Expr::Identifier(name) => {
                    let table = match &self.scope[..] {
                        [(_, table)] => table.clone(),
                        _ => SmolStr::default(),
                    };
                    return Some((Column { table, name: SmolStr::new(&name.value) }, function));
                }
                Expr::CompoundIdentifier(path) => {
                    let [.., alias, name] = &path[..] else { return None };
                    let known = self.scope.iter().find(|(known, _)| known.as_str() == alias.value);
                    let table = known.map(|(_, table)| table.clone()).unwrap_or_default();
                    return Some((Column { table, name: SmolStr::new(&name.value) }, function));
                }
                _ => return None,
            };
        }
        None
    }

    pub fn insert(&mut self, insert: &ast::Insert) {
        self.facts.kind = Kind::Insert;
        if let ast::TableObject::TableName(name) = &insert.table {
            self.add_table(full_name(name));
        }
        let mut values: Vec<bool> = Vec::new();
        match insert.source.as_ref().map(|source| source.body.as_ref()) {
            Some(SetExpr::Values(rows)) => {
                values = rows.rows.first().map(|row| row.content.iter().map(is_value).collect()).unwrap_or_default();
            }
            Some(_) => insert.source.iter().for_each(|source| self.inner(source)),
            None => {}
        }
        for (at, column) in insert.columns.iter().enumerate() {
            self.facts.written.push((last_name(column), values.get(at).copied().unwrap_or(false)));
        }
    }

    pub fn update(&mut self, update: &ast::Update) {
        self.facts.kind = Kind::Update;
        self.source(&update.table);
        for assignment in &update.assignments {
            if let ast::AssignmentTarget::ColumnName(name) = &assignment.target {
                self.facts.written.push((last_name(name), is_value(&assignment.value)));
            }
        }
        if let Some(condition) = &update.selection {
            self.condition(condition);
        }
    }

    pub fn delete(&mut self, delete: &ast::Delete) {
        self.facts.kind = Kind::Delete;
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
        for source in from.iter().chain(delete.using.iter().flatten()) {
            self.source(source);
        }
        if let Some(condition) = &delete.selection {
            self.condition(condition);
        }
    }
}

fn expression(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr)
        | SelectItem::ExprWithAlias { expr, .. }
        | SelectItem::ExprWithAliases { expr, .. } => Some(expr),
        SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => None,
    }
}

/// A literal or parameter, cast or not.
fn is_value(expr: &Expr) -> bool {
    let mut here = expr;
    for _ in 0..8 {
        here = match here {
            Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) | Expr::Prefixed { .. } => return true,
            Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => inner,
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => inner,
            Expr::Array(array) => return array.elem.iter().all(|item| matches!(item, Expr::Value(_))),
            _ => return false,
        };
    }
    false
}

/// The aggregate that an expression is, also inside of `COALESCE(SUM(x), 0)`.
fn aggregate(expr: &Expr, depth: u32) -> Option<&'static str> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } if depth > 0 => aggregate(inner, depth - 1),
        Expr::Function(call) if call.over.is_none() => {
            let name = last_name(&call.name);
            let known = AGGREGATES.iter().find(|known| known.eq_ignore_ascii_case(&name));
            known.copied().or_else(|| {
                let wraps = name.eq_ignore_ascii_case("coalesce") && depth > 0;
                arguments(call).find(|_| wraps).and_then(|inner| aggregate(inner, depth - 1))
            })
        }
        _ => None,
    }
}

fn arguments(call: &ast::Function) -> impl Iterator<Item = &Expr> {
    let list = match &call.args {
        FunctionArguments::List(list) => &list.args[..],
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

fn function_name(expr: &Expr) -> SmolStr {
    match expr {
        Expr::Function(call) => last_name(&call.name).to_lowercase().to_smolstr(),
        Expr::Value(_) => "position".to_smolstr(),
        _ => "expression".to_smolstr(),
    }
}

fn operator(op: &BinaryOperator) -> Operator {
    match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => Operator::Range,
        _ => Operator::Other,
    }
}

fn pattern_operator(pattern: &Expr) -> Operator {
    match pattern {
        Expr::Value(value) => match value.value.clone().into_string() {
            Some(text) if !text.starts_with(['%', '_']) => Operator::Prefix,
            _ => Operator::Contains,
        },
        _ => Operator::Contains,
    }
}

fn last_name(name: &ast::ObjectName) -> SmolStr {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| SmolStr::new(&ident.value)).unwrap_or_default()
}

/// `schema.table`, without PostgreSQL's and SQLite's own default schemas.
pub(super) fn full_name(name: &ast::ObjectName) -> SmolStr {
    let own = last_name(name);
    let schema = name.0.len().checked_sub(2).and_then(|at| name.0.get(at)).and_then(|part| part.as_ident());
    match schema {
        Some(schema) if schema.value != "public" && schema.value != "main" => format_smolstr!("{}.{own}", schema.value),
        _ => own,
    }
}
