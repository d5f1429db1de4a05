//! Querysets as the SQL that Django sends for them, on PostgreSQL and SQLite.
//!
//! Follows `django.db.models.sql`: the calls of a chain are replayed in their order, for it decides which joins there
//! are, how they are named, and which are outer ones. Where the text of a statement depends on something that is not
//! known, it has `…` there and counts as not predicted.

mod aggregation;
mod conditions;
mod delete;
mod expressions;
mod lookups;
mod many_hop;
mod mask;
mod nested;
mod ordering;
mod paths;
mod query;
mod reads;
mod writes;

use smol_str::SmolStr;

use super::super::sym::Sym;
use super::super::value::{Const, Expression, ModelRef, Operand, QsNode};
use crate::model::Kind;
use crate::project::Project;
use crate::schema::{RelationKind, Schema};
use crate::sql::Dialect;
use crate::trace::{Cause, Operator, Statement};

pub use aggregation::aggregation;
pub use delete::delete_rows;
pub use writes::{
    Conflict, bulk_insert, bulk_update, delete, delete_one, insert, link_rows, linked, unlink_rows, update, update_row,
};

use query::{Backend, Query, UNKNOWN, quoted};
use reads::{Limit, replay};

#[derive(Debug, Clone, Copy)]
pub enum Action<'a, 'p> {
    Read {
        kind: Kind,
        method: &'a str,
        /// Of `aggregate()`.
        aggregates: &'a [(SmolStr, Operand<'p>)],
    },
    /// One row by its key, for a relation or a deferred column.
    ByKey {
        cause: &'a Cause,
    },
    Prefetch {
        parent: &'a ModelRef,
        lookup: &'a str,
    },
}

pub fn build(project: &Project, node: &QsNode<'_>, action: Action<'_, '_>) -> Statement {
    let backend = backend(project);
    let mut query = replay(backend, node, None);
    let (kind, text) = match action {
        Action::Read { kind, method, aggregates } => (kind, read(&mut query, node, kind, method, aggregates)),
        Action::ByKey { cause } => (Kind::Select, by_key(&mut query, node, cause)),
        Action::Prefetch { parent, lookup } => (Kind::Select, prefetch(&mut query, node, parent, lookup)),
    };
    statement(query, kind, &text)
}

fn backend(project: &Project) -> Backend<'_> {
    Backend { schema: &project.schema, dialect: project.dialect, django: project.django, texts: &project.texts }
}

/// The statement of a text; one that is not clear shows it.
fn statement(query: Query<'_>, kind: Kind, text: &str) -> Statement {
    let dialect = match query.backend.dialect {
        Dialect::Sqlite => Dialect::Sqlite,
        _ => Dialect::Postgres,
    };
    let mut facts = query.facts;
    facts.kind = kind;
    facts.parsed = !query.unclear;
    let (fingerprint, mut sql) = query.backend.texts.read(text, dialect);
    if query.unclear && !sql.contains(UNKNOWN) {
        sql.push_str(&format!(" {UNKNOWN}"));
    }
    Statement { fingerprint, sql, facts }
}

fn read(
    query: &mut Query<'_>,
    node: &QsNode<'_>,
    kind: Kind,
    method: &str,
    aggregates: &[(SmolStr, Operand<'_>)],
) -> String {
    match kind {
        Kind::Count => query.aggregate(node, &[("__count".into(), Operand::Expression(std::rc::Rc::new(count_all())))]),
        Kind::Exists => query.exists(node, true),
        Kind::Aggregate => query.aggregate(node, aggregates),
        _ => {
            let limit = match method {
                "first" | "last" | "latest" | "earliest" | "[]" => Limit::One,
                "get" | "get_or_create" | "update_or_create" => Limit::Get,
                _ => Limit::Own,
            };
            query.select(node, method, limit)
        }
    }
}

fn count_all() -> Expression<'static> {
    Expression {
        function: "Count".into(),
        path: None,
        filter: None,
        args: vec![Operand::Constant(Const::Str("*".into()))],
        options: Vec::new(),
        site: None,
        sym: Sym::new("count"),
    }
}

fn by_key(query: &mut Query<'_>, node: &QsNode<'_>, cause: &Cause) -> String {
    let schema = query.backend.schema;
    let Some(model) = query.model else {
        return format!("SELECT {UNKNOWN} FROM {} WHERE {UNKNOWN} = %s LIMIT 21", query.from());
    };
    let mut key = query.key_column();
    let mut node = node.clone();
    match cause {
        Cause::Singular { row, field, generic: false } => {
            let reverse = row.model.and_then(|id| schema.reverse(id, field));
            let column = reverse.and_then(|reverse| schema.field(model, &reverse.field)).map(|(_, f)| f.column.clone());
            match column {
                Some(column) => key = column,
                None => query.unclear = true,
            }
        }
        Cause::Singular { .. } => query.unclear = true,
        Cause::Relation { row, field, .. } => {
            let relation = row.model.and_then(|id| schema.field(id, field)).and_then(|(_, f)| f.relation.as_ref());
            if let Some(relation) = relation {
                key = paths::pointed_at(schema, model, relation);
            }
        }
        Cause::Deferred { column, .. } => node.desc.only = Some(vec![column.clone()]),
        _ => {}
    }
    query.note(0, &key, Operator::Equal, true);
    let sql = format!("{} = %s", query.column(0, &key));
    query.conditions.push(query::Condition { sql, aggregate: false });
    query.select(&node, "get", Limit::Get)
}

fn prefetch(query: &mut Query<'_>, node: &QsNode<'_>, parent: &ModelRef, lookup: &str) -> String {
    let schema = query.backend.schema;
    let (Some(model), Some(parent)) = (query.model, parent.id) else {
        query.unclear = true;
        return format!("SELECT {UNKNOWN} FROM {} WHERE {UNKNOWN} IN (%s)", query.from());
    };
    let mut node = node.clone();
    query.unclear |= node.desc.slice.is_some();
    let single = |node: &mut QsNode<'_>| {
        node.plan.order = Some(Vec::new());
        node.desc.default_order = false;
    };
    let relation = schema.field(parent, lookup).and_then(|(_, field)| field.relation.as_ref());
    let kind = relation.map(|r| r.kind).or_else(|| schema.reverse(parent, lookup).map(|r| r.kind));
    let mut extra = None;
    let (alias, column) = match (relation, kind) {
        (Some(relation), Some(RelationKind::ForeignKey | RelationKind::OneToOne)) => {
            single(&mut node);
            (0, paths::pointed_at(schema, model, relation))
        }
        (_, Some(RelationKind::ManyToMany)) => {
            let Some(found) = many_hop::many_hop(schema, model, parent, lookup) else {
                query.unclear = true;
                return query.select(&node, "", Limit::Own);
            };
            let joins = query.joins(0, std::slice::from_ref(&found.hop), Some(&Default::default()));
            query.demote(joins.iter().copied());
            let alias = joins.last().copied().unwrap_or(0);
            extra = Some(query.column(alias, &found.near));
            (alias, found.near)
        }
        (Some(_), Some(RelationKind::Generic)) => {
            let (content_type, object_id) = paths::generic_columns(schema, model);
            let sql = format!("{} = %s", query.column(0, &content_type));
            query.conditions.push(query::Condition { sql, aggregate: false });
            (0, object_id)
        }
        (None, Some(kind)) => {
            if kind == RelationKind::OneToOne {
                single(&mut node);
            }
            let reverse = schema.reverse(parent, lookup);
            let path = reverse.and_then(|reverse| paths::walk(schema, model, &[reverse.field.as_str()]));
            match path {
                Some(path) => {
                    let mut joins = query.joins(0, &path.hops, None);
                    let trimmed = query.trim(&mut joins, &path);
                    (trimmed.alias, trimmed.column)
                }
                None => {
                    query.unclear = true;
                    (0, query.key_column())
                }
            }
        }
        _ => {
            query.unclear = true;
            (0, query.key_column())
        }
    };
    query.note(alias, &column, Operator::In, true);
    let sql = format!("{} IN (%s)", query.column(alias, &column));
    query.conditions.push(query::Condition { sql, aggregate: false });
    let sql = query.select(&node, "", Limit::Own);
    match extra {
        Some(extra) => sql.replacen("SELECT ", &format!("SELECT {extra}, "), 1),
        None => sql,
    }
}

pub fn table_of(schema: &Schema, model: &ModelRef) -> SmolStr {
    match model.id {
        // Which of its children a row is of is not known.
        Some(id) if schema.get(id).is_abstract => UNKNOWN.into(),
        Some(id) => schema.get(id).table.clone(),
        None if model.name.is_empty() => UNKNOWN.into(),
        None => match model.name.split_once('.') {
            Some((app, name)) => crate::schema::default_table(app, name),
            None => SmolStr::from(model.name.to_lowercase()),
        },
    }
}

/// `"a", "b"`
fn quoted_list<'a>(names: impl IntoIterator<Item = &'a SmolStr>) -> String {
    names.into_iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
