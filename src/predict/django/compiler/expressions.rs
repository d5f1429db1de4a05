//! Expressions: `F`, aggregates, functions, subqueries, `Case`.

use std::collections::HashSet;
use std::rc::Rc;

use smol_str::SmolStr;

use super::super::super::value::{Const, Expression, Operand, QsNode};
use super::conditions::Place;
use super::lookups;
use super::paths;
use super::query::{OUTER, Query, quoted};
use crate::schema::FieldKind;

/// An expression as it stands in a statement.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    pub sql: String,
    pub aggregate: bool,
    /// What GROUP BY gets for it.
    pub groups: Vec<String>,
    pub kind: Option<FieldKind>,
    /// What it is the year of: years are compared as ranges.
    pub year_of: Option<String>,
}

impl Rendered {
    fn value() -> Self {
        Self { sql: "%s".to_owned(), ..Self::default() }
    }

    /// Made of parts: grouped by itself, or by what is no aggregate in it.
    fn of(sql: String, parts: &[Rendered], kind: Option<FieldKind>) -> Self {
        let aggregate = parts.iter().any(|part| part.aggregate);
        let groups = match aggregate {
            true => parts.iter().flat_map(|part| part.groups.iter().cloned()).collect(),
            false => vec![sql.clone()],
        };
        Self { sql, aggregate, groups, kind, year_of: None }
    }
}

/// Expressions inside of expressions.
const DEPTH: usize = 24;

impl<'s> Query<'s> {
    pub fn operand(&mut self, operand: &Operand<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        match operand {
            Operand::Param => Rendered::value(),
            Operand::Unclear => Rendered { sql: self.unknown(), ..Rendered::default() },
            Operand::Constant(Const::Str(path)) => self.reference(path, reuse),
            Operand::Constant(constant) => {
                let kind = match constant {
                    Const::Int(_) => Some(FieldKind::Integer),
                    Const::Bool(_) => Some(FieldKind::Boolean),
                    _ => None,
                };
                let sql = if matches!(constant, Const::None) { "NULL" } else { "%s" };
                Rendered { sql: sql.to_owned(), kind, ..Rendered::default() }
            }
            Operand::QuerySet(node) => Rendered { sql: self.subquery(node, false, None), ..Rendered::default() },
            Operand::Expression(expression) => self.expression(expression, reuse),
            Operand::Condition(tree) => {
                let (condition, needed) = self.condition(tree, None, Place { split: false, ..Place::TOP });
                self.promote(needed);
                match condition {
                    Some(condition) => Rendered {
                        groups: vec![condition.sql.clone()],
                        sql: condition.sql,
                        aggregate: condition.aggregate,
                        kind: Some(FieldKind::Boolean),
                        year_of: None,
                    },
                    None => Rendered { sql: self.unknown(), ..Rendered::default() },
                }
            }
        }
    }

    /// A name: an annotation, or a field path from the query's model.
    pub fn reference(&mut self, name: &str, reuse: Option<&HashSet<usize>>) -> Rendered {
        if let Some(annotation) = self.annotation(name) {
            return Rendered {
                sql: annotation.sql.clone(),
                aggregate: annotation.aggregate,
                groups: annotation.groups.clone(),
                kind: annotation.kind,
                year_of: annotation.year_of.clone(),
            };
        }
        let names: Vec<&str> = name.split("__").collect();
        let found = self.model.and_then(|model| paths::walk(self.backend.schema, model, &names));
        let Some(path) = found else {
            self.unclear = true;
            return Rendered { sql: quoted(name), ..Rendered::default() };
        };
        let mut kind = match (path.leads_to, path.field) {
            (None, Some(field)) => Some(field.kind),
            _ => Some(FieldKind::Integer),
        };
        let mut sql = self.path_column(0, &path, reuse);
        for transform in names.iter().skip(path.names) {
            match lookups::transform(self, &sql, transform, kind) {
                Some((next, out)) => (sql, kind) = (next, out),
                None => sql = self.unknown(),
            }
        }
        Rendered { groups: vec![sql.clone()], sql, kind, ..Rendered::default() }
    }

    pub fn expression(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        if expression.sym.text.matches('(').count() > DEPTH * 4 {
            return Rendered { sql: self.unknown(), ..Rendered::default() };
        }
        let function = expression.function.as_str();
        match function {
            "F" => match &expression.path {
                Some(path) => self.reference(path, reuse),
                None => Rendered { sql: self.unknown(), ..Rendered::default() },
            },
            "OuterRef" => self.outer_reference(expression),
            "Value" => Rendered {
                kind: match expression.args.first() {
                    Some(Operand::Constant(Const::Int(_))) => Some(FieldKind::Integer),
                    _ => option_kind(expression),
                },
                sql: match expression.args.first() {
                    Some(Operand::Constant(Const::None)) => "NULL".to_owned(),
                    _ => "%s".to_owned(),
                },
                ..Rendered::default()
            },
            "ExpressionWrapper" => self.wrapped(expression, reuse),
            "+" | "-" | "*" | "/" | "%" => self.combined(function, expression, reuse),
            "~" => self.negation(expression, reuse),
            "Subquery" | "Exists" => self.subquery_expression(function, expression),
            "Case" => self.case(expression, reuse),
            "Cast" => self.cast(expression, reuse),
            _ if is_aggregate(function) => self.aggregate_function(expression, reuse),
            _ => self.function(expression, reuse),
        }
    }

    fn outer_reference(&mut self, expression: &Expression<'_>) -> Rendered {
        let sql = match (&expression.path, expression.args.first()) {
            (Some(path), _) => format!("{OUTER}{path}{OUTER}"),
            (None, Some(Operand::Expression(inner))) if inner.function == "OuterRef" => match &inner.path {
                Some(path) => format!("{OUTER}^{path}{OUTER}"),
                None => self.unknown(),
            },
            _ => self.unknown(),
        };
        Rendered { sql, ..Rendered::default() }
    }

    fn wrapped(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let Some(inner) = expression.args.first() else {
            return Rendered { sql: self.unknown(), ..Rendered::default() };
        };
        let inner = self.operand(inner, reuse);
        let kind = option_kind(expression).or(inner.kind);
        let sql = if inner.kind == kind { inner.sql.clone() } else { self.numeric(inner.sql.clone(), kind) };
        Rendered { sql, kind, ..inner }
    }

    fn combined(&mut self, sign: &str, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let parts: Vec<Rendered> = expression.args.iter().map(|arg| self.operand_of_sign(arg, reuse)).collect();
        let kind = parts.iter().filter_map(|part| part.kind).max_by_key(|kind| match kind {
            FieldKind::Float => 3,
            FieldKind::Decimal => 2,
            _ => 1,
        });
        if parts
            .iter()
            .any(|part| matches!(part.kind, Some(FieldKind::DateTime | FieldKind::Date | FieldKind::Duration)))
        {
            self.unclear |= self.backend.is_sqlite();
        }
        let sql = parts.iter().map(|part| part.sql.as_str()).collect::<Vec<_>>().join(&format!(" {sign} "));
        let sql = self.numeric(format!("({sql})"), kind);
        Rendered::of(sql, &parts, kind)
    }

    /// Beside a sign, text is a value.
    fn operand_of_sign(&mut self, operand: &Operand<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        match operand {
            Operand::Constant(Const::Str(_)) => Rendered::value(),
            other => self.operand(other, reuse),
        }
    }

    /// SQLite keeps decimals as text or float: Django casts what it computes.
    fn numeric(&self, sql: String, kind: Option<FieldKind>) -> String {
        match kind {
            Some(FieldKind::Decimal) if self.backend.is_sqlite() => format!("CAST({sql} AS NUMERIC)"),
            _ => sql,
        }
    }

    fn negation(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let inner = expression.args.first().map(|arg| self.operand(arg, reuse)).unwrap_or_default();
        let sql = format!("NOT {}", inner.sql);
        Rendered { groups: vec![sql.clone()], sql, kind: Some(FieldKind::Boolean), ..inner }
    }

    fn subquery_expression(&mut self, function: &str, expression: &Expression<'_>) -> Rendered {
        let Some(Operand::QuerySet(node)) = expression.args.first() else {
            return Rendered { sql: self.unknown(), ..Rendered::default() };
        };
        let node: Rc<QsNode<'_>> = node.clone();
        let (sql, kind) = match function {
            "Exists" => (self.exists_subquery(&node), Some(FieldKind::Boolean)),
            _ => (self.subquery(&node, false, None), None),
        };
        Rendered { groups: vec![sql.clone()], sql, kind, ..Rendered::default() }
    }

    fn case(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let mut parts = Vec::new();
        let mut sql = String::from("CASE");
        for arg in &expression.args {
            let Operand::Expression(when) = arg else {
                self.unclear = true;
                continue;
            };
            let mut conditions = Vec::new();
            let mut then = None;
            for condition in when.args.iter().take(1) {
                conditions.push(self.operand(condition, reuse));
            }
            for (name, value) in &when.options {
                if name == "then" {
                    then = Some(value);
                } else {
                    let leaf = super::super::super::value::QTree::Leaf {
                        key: name.clone(),
                        value: when.sym.clone(),
                        constant: match value {
                            Operand::Constant(constant) => Some(constant.clone()),
                            _ => None,
                        },
                        operand: value.clone(),
                        site: None,
                    };
                    conditions.push(self.operand(&Operand::Condition(Rc::new(leaf)), reuse));
                }
            }
            let then = then.or(when.args.get(1)).map(|then| self.then(then, reuse)).unwrap_or_default();
            let tests = conditions.iter().map(|c| c.sql.clone()).collect::<Vec<_>>().join(" AND ");
            sql.push_str(&format!(" WHEN {tests} THEN {}", then.sql));
            parts.extend(conditions);
            parts.push(then);
        }
        let default = expression.options.iter().find(|(name, _)| name == "default").map(|(_, value)| value.clone());
        let default = match default {
            Some(value) => self.then(&value, reuse),
            None => Rendered { sql: "NULL".to_owned(), ..Rendered::default() },
        };
        sql.push_str(&format!(" ELSE {} END", default.sql));
        parts.push(default);
        let kind = option_kind(expression).or_else(|| parts.iter().rev().find_map(|part| part.kind));
        let sql = self.numeric(sql, kind);
        Rendered::of(sql, &parts, kind)
    }

    /// What a `When` gives: text is a value there, if wrapped; a bare one is a path.
    fn then(&mut self, operand: &Operand<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        match operand {
            Operand::Constant(Const::Str(_)) => Rendered::value(),
            other => self.operand(other, reuse),
        }
    }

    fn cast(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let inner = expression.args.first().map(|arg| self.operand(arg, reuse)).unwrap_or_default();
        let class = option(expression, "output_field").or_else(|| expression.args.get(1));
        let name = match class {
            Some(Operand::Constant(Const::Other(name))) => name.clone(),
            Some(Operand::Expression(field)) => field.function.clone(),
            _ => SmolStr::default(),
        };
        let (kind, postgres, sqlite) = match name.as_str() {
            "IntegerField" => (FieldKind::Integer, "integer", "integer"),
            "BigIntegerField" => (FieldKind::Integer, "bigint", "bigint"),
            "FloatField" => (FieldKind::Float, "double precision", "real"),
            "TextField" => (FieldKind::Text, "text", "text"),
            "CharField" => (FieldKind::Char, "varchar", "varchar"),
            "BooleanField" => (FieldKind::Boolean, "boolean", "bool"),
            "DateField" => (FieldKind::Date, "date", "date"),
            _ => {
                let sql = self.unknown();
                return Rendered::of(sql, &[inner], None);
            }
        };
        if kind == FieldKind::Date && self.backend.is_sqlite() {
            let sql = format!("date({})", inner.sql);
            return Rendered::of(sql, &[inner], Some(kind));
        }
        let sql = match self.backend.is_sqlite() {
            true => format!("CAST({} AS {sqlite})", inner.sql),
            false => format!("({})::{postgres}", inner.sql),
        };
        Rendered::of(sql, &[inner], Some(kind))
    }

    fn aggregate_function(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let function = expression.function.as_str();
        let star = matches!(expression.args.first(), Some(Operand::Constant(Const::Str(path))) if path == "*");
        let mut inner = Rendered { sql: "*".to_owned(), ..Rendered::default() };
        if !star {
            inner = match expression.args.first() {
                Some(arg) => self.operand(arg, reuse),
                None => Rendered { sql: self.unknown(), ..Rendered::default() },
            };
        }
        let set = |name: &str| match option(expression, name) {
            Some(Operand::Constant(Const::Bool(value))) => *value,
            _ => false,
        };
        let distinct = if set("distinct") { "DISTINCT " } else { "" };
        let kind = match function {
            "Count" => Some(FieldKind::Integer),
            "Avg" if inner.kind != Some(FieldKind::Decimal) => Some(FieldKind::Float),
            _ => inner.kind,
        };
        let sample = |own: &str| format!("{own}_{}", if set("sample") { "SAMP" } else { "POP" });
        let name = match function {
            "StdDev" => sample("STDDEV"),
            "Variance" => sample("VAR"),
            "BoolAnd" => "BOOL_AND".to_owned(),
            "BoolOr" => "BOOL_OR".to_owned(),
            "ArrayAgg" => "ARRAY_AGG".to_owned(),
            other => other.to_uppercase(),
        };
        self.unclear |= matches!(function, "StringAgg" | "JSONBAgg") || option(expression, "ordering").is_some();
        let filter = expression.filter.as_ref().map(|tree| self.operand(&Operand::Condition(tree.clone()), reuse));
        let filter = filter.map_or_else(String::new, |filter| format!(" FILTER (WHERE {})", filter.sql));
        let over = inner.sql;
        let mut sql = self.numeric(format!("{name}({distinct}{over}){filter}"), kind.filter(|_| function != "Count"));
        if let Some(default) = option(expression, "default") {
            let default = match default {
                Operand::Constant(Const::Str(_)) => Rendered::value(),
                other => {
                    let other = other.clone();
                    self.operand(&other, reuse)
                }
            };
            sql = self.numeric(format!("COALESCE({sql}, {})", default.sql), kind);
            self.unclear |= kind == Some(FieldKind::Decimal) && self.backend.is_sqlite() && default.kind.is_none();
        }
        self.facts.aggregates.push(SmolStr::from(function.to_lowercase()));
        Rendered { sql, aggregate: true, groups: Vec::new(), kind, year_of: None }
    }

    /// A function of the database, its arguments paths or expressions.
    fn function(&mut self, expression: &Expression<'_>, reuse: Option<&HashSet<usize>>) -> Rendered {
        let args: Vec<Rendered> = expression.args.iter().map(|arg| self.operand(arg, reuse)).collect();
        let kind = args.iter().find_map(|arg| arg.kind);
        let sqlite = self.backend.is_sqlite();
        let name = match expression.function.as_str() {
            "Lower" => "LOWER",
            "Upper" => "UPPER",
            "Length" => "LENGTH",
            "Trim" => "TRIM",
            "LTrim" => "LTRIM",
            "RTrim" => "RTRIM",
            "Abs" => "ABS",
            "Round" => "ROUND",
            "Coalesce" => "COALESCE",
            "NullIf" => "NULLIF",
            "Greatest" if sqlite => "MAX",
            "Greatest" => "GREATEST",
            "Least" if sqlite => "MIN",
            "Least" => "LEAST",
            "Ceil" => "CEILING",
            "Floor" => "FLOOR",
            "Now" if sqlite => return Rendered { sql: "STRFTIME(%s, 'NOW')".into(), ..Rendered::default() },
            "Now" => return Rendered { sql: "STATEMENT_TIMESTAMP()".into(), ..Rendered::default() },
            "Random" => {
                return Rendered { sql: if sqlite { "RAND()" } else { "RANDOM()" }.into(), ..Rendered::default() };
            }
            "Extract" | "ExtractYear" | "ExtractMonth" | "ExtractDay" | "ExtractWeek" | "ExtractHour"
            | "ExtractMinute" | "ExtractQuarter" | "ExtractWeekDay" => return self.extract(expression, args),
            "TruncDate" | "TruncYear" | "TruncMonth" | "TruncWeek" | "TruncDay" | "TruncHour" => {
                return self.truncated(expression, args);
            }
            _ => {
                let sql = self.unknown();
                return Rendered::of(sql, &args, kind);
            }
        };
        let integer = matches!(expression.function.as_str(), "Length");
        let kind = if integer { Some(FieldKind::Integer) } else { kind };
        let list = args.iter().map(|arg| arg.sql.as_str()).collect::<Vec<_>>().join(", ");
        let sql = self.numeric(format!("{name}({list})"), kind);
        Rendered::of(sql, &args, kind)
    }

    fn extract(&mut self, expression: &Expression<'_>, args: Vec<Rendered>) -> Rendered {
        let part = expression.function.trim_start_matches("Extract").to_lowercase();
        let part = if part == "weekday" { "week_day".to_owned() } else { part };
        let Some(inner) = args.into_iter().next().filter(|_| !part.is_empty()) else {
            return Rendered { sql: self.unknown(), ..Rendered::default() };
        };
        match lookups::transform(self, &inner.sql, &part, inner.kind) {
            Some((sql, kind)) => {
                let year_of = (part == "year").then(|| inner.sql.clone());
                Rendered { year_of, ..Rendered::of(sql, &[inner], kind) }
            }
            None => Rendered { sql: self.unknown(), ..inner },
        }
    }

    fn truncated(&mut self, expression: &Expression<'_>, args: Vec<Rendered>) -> Rendered {
        let Some(inner) = args.into_iter().next() else {
            return Rendered { sql: self.unknown(), ..Rendered::default() };
        };
        if expression.function == "TruncDate" {
            return match lookups::transform(self, &inner.sql, "date", Some(FieldKind::DateTime)) {
                Some((sql, kind)) => Rendered::of(sql, &[inner], kind),
                None => Rendered { sql: self.unknown(), ..inner },
            };
        }
        let date = inner.kind == Some(FieldKind::Date);
        let sql = match (self.backend.is_sqlite(), date) {
            (true, true) => format!("django_date_trunc(%s, {}, %s, %s)", inner.sql),
            (true, false) => format!("django_datetime_trunc(%s, {}, %s, %s)", inner.sql),
            (false, true) => format!("DATE_TRUNC(%s, {})", inner.sql),
            (false, false) => format!("DATE_TRUNC(%s, {} AT TIME ZONE %s)", inner.sql),
        };
        let kind = inner.kind;
        Rendered::of(sql, &[inner], kind)
    }
}

pub fn option<'e, 'p>(expression: &'e Expression<'p>, name: &str) -> Option<&'e Operand<'p>> {
    expression.options.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn option_kind(expression: &Expression<'_>) -> Option<FieldKind> {
    match option(expression, "output_field")? {
        Operand::Constant(Const::Other(name)) => Some(match name.as_str() {
            "IntegerField" | "BigIntegerField" | "PositiveIntegerField" => FieldKind::Integer,
            "DecimalField" => FieldKind::Decimal,
            "FloatField" => FieldKind::Float,
            "BooleanField" => FieldKind::Boolean,
            "CharField" => FieldKind::Char,
            "TextField" => FieldKind::Text,
            "DateField" => FieldKind::Date,
            "DateTimeField" => FieldKind::DateTime,
            _ => return None,
        }),
        _ => None,
    }
}

pub fn is_aggregate(function: &str) -> bool {
    matches!(
        function,
        "Count"
            | "Sum"
            | "Avg"
            | "Min"
            | "Max"
            | "StdDev"
            | "Variance"
            | "ArrayAgg"
            | "StringAgg"
            | "BoolAnd"
            | "BoolOr"
            | "JSONBAgg"
    )
}
