//! INSERT, UPDATE and DELETE.

use smol_str::SmolStr;

use super::super::super::value::{Const, ModelRef, Operand, QsNode, RelatedManager};
use super::many_hop::{ManyHop, many_hop};
use super::paths;
use super::query::{Backend, Condition, Query, UNKNOWN, quoted};
use super::reads::{Limit, replay};
use super::{backend, quoted_list, statement, table_of};
use crate::model::Kind;
use crate::project::{DjangoVersion, Project};
use crate::schema::{Field, FieldKind, ModelId};
use crate::trace::{Operator, Statement};

/// What `bulk_create` does with rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    Fail,
    Ignore,
    /// Columns are updated: which ones is not followed.
    Update,
}

/// The tables that one row of a model stands in, parents first, each with its own columns.
fn tables<'s>(backend: Backend<'s>, model: ModelId) -> Vec<(ModelId, Vec<&'s Field>)> {
    let mut out: Vec<(ModelId, Vec<&Field>)> = Vec::new();
    for (owner, field) in paths::columns(backend.schema, model) {
        match out.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, fields)) => fields.push(field),
            None => out.push((owner, vec![field])),
        }
    }
    out
}

fn plain<'s>(backend: Backend<'s>, model: &ModelRef) -> Query<'s> {
    Query::new(backend, model.id, table_of(backend.schema, model), None)
}

fn unknown_write(backend: Backend<'_>, model: &ModelRef, kind: Kind) -> Statement {
    let mut query = plain(backend, model);
    query.unclear = true;
    let table = quoted(&table_of(backend.schema, model));
    let text = match kind {
        Kind::Insert => format!("INSERT INTO {table} ({UNKNOWN}) VALUES (%s)"),
        Kind::Update => format!("UPDATE {table} SET {UNKNOWN} = %s WHERE {UNKNOWN} = %s"),
        _ => format!("DELETE FROM {table} WHERE {UNKNOWN} IN (%s)"),
    };
    statement(query, kind, &text)
}

/// A new row: one statement a table.
pub fn insert(project: &Project, model: &ModelRef) -> Vec<Statement> {
    let backend = backend(project);
    let Some(id) = model.id else { return vec![unknown_write(backend, model, Kind::Insert)] };
    tables(backend, id).into_iter().map(|(owner, fields)| insert_into(backend, owner, &fields)).collect()
}

fn insert_into(backend: Backend<'_>, owner: ModelId, fields: &[&Field]) -> Statement {
    let table = backend.schema.get(owner).table.clone();
    let mut query = Query::new(backend, Some(owner), table.clone(), None);
    let written: Vec<&&Field> = fields.iter().filter(|field| field.kind != FieldKind::Auto).collect();
    query.facts.written = written.iter().map(|field| (field.column.clone(), true)).collect();
    query.unclear |= backend.schema.get(owner).is_partial;
    let table = quoted(&table);
    let key = fields.iter().find(|field| field.kind == FieldKind::Auto);
    let mut text = match (written.is_empty(), key) {
        (true, Some(key)) => {
            let value = if backend.is_sqlite() { "NULL" } else { "DEFAULT" };
            format!("INSERT INTO {table} ({}) VALUES ({value})", quoted(&key.column))
        }
        _ => {
            let values = vec!["%s"; written.len()].join(", ");
            format!("INSERT INTO {table} ({}) VALUES ({values})", quoted_list(written.iter().map(|f| &f.column)))
        }
    };
    if let Some(key) = key {
        text.push_str(&format!(" RETURNING {table}.{}", quoted(&key.column)));
    }
    statement(query, Kind::Insert, &text)
}

/// `bulk_create`: many rows in one statement.
pub fn bulk_insert(project: &Project, model: &ModelRef, conflict: Conflict) -> Statement {
    let backend = backend(project);
    let Some(id) = model.id else { return unknown_write(backend, model, Kind::Insert) };
    let own = tables(backend, id);
    let Some((owner, fields)) = own.last() else { return unknown_write(backend, model, Kind::Insert) };
    let table = backend.schema.get(*owner).table.clone();
    let mut query = Query::new(backend, Some(*owner), table.clone(), None);
    query.unclear |= own.len() > 1 || conflict == Conflict::Update || backend.schema.get(*owner).is_partial;
    let written: Vec<&&Field> = fields.iter().filter(|field| field.kind != FieldKind::Auto).collect();
    query.facts.written = written.iter().map(|field| (field.column.clone(), true)).collect();
    let list = quoted_list(written.iter().map(|field| &field.column));
    let sqlite = backend.is_sqlite();
    let table = quoted(&table);
    let values = vec!["%s"; written.len()].join(", ");
    let special =
        |field: &Field| matches!(field.kind, FieldKind::Array | FieldKind::Binary | FieldKind::Other | FieldKind::Json);
    let unnested = !sqlite && backend.django >= DjangoVersion(5, 2) && !written.iter().any(|field| special(field));
    let rows = match unnested {
        true => {
            let arrays = vec!["(%s)::text[]"; written.len()].join(", ");
            format!("SELECT * FROM UNNEST({arrays})")
        }
        false => format!("VALUES ({values})"),
    };
    let verb = if sqlite && conflict == Conflict::Ignore { "INSERT OR IGNORE INTO" } else { "INSERT INTO" };
    let mut text = format!("{verb} {table} ({list}) {rows}");
    if !sqlite && conflict == Conflict::Ignore {
        text.push_str(" ON CONFLICT DO NOTHING");
    }
    let key = fields.iter().find(|field| field.kind == FieldKind::Auto);
    if let Some(key) = key.filter(|_| conflict != Conflict::Ignore) {
        text.push_str(&format!(" RETURNING {table}.{}", quoted(&key.column)));
    }
    statement(query, Kind::Insert, &text)
}

/// `save()` of a row that is there: one statement for each table with columns to write. `assigned`: the fields that
/// hold an expression.
pub fn update_row(
    project: &Project,
    model: &ModelRef,
    only: Option<&[SmolStr]>,
    assigned: &[(SmolStr, Operand<'_>)],
) -> Vec<Statement> {
    let backend = backend(project);
    let Some(id) = model.id else { return vec![unknown_write(backend, model, Kind::Update)] };
    let mut out = Vec::new();
    for (owner, fields) in tables(backend, id) {
        let named = |field: &Field| {
            only.is_none_or(|only| only.iter().any(|name| *name == field.name || *name == field.attname()))
        };
        let written: Vec<&&Field> = fields.iter().filter(|field| !field.primary_key && named(field)).collect();
        if written.is_empty() && only.is_some() {
            continue;
        }
        let table = backend.schema.get(owner).table.clone();
        let mut query = Query::new(backend, Some(owner), table.clone(), None);
        query.unclear |= backend.schema.get(owner).is_partial && only.is_none();
        query.facts.written = written.iter().map(|field| (field.column.clone(), true)).collect();
        let key = query.key_column();
        query.note(0, &key, Operator::Equal, true);
        let own = query.column(0, &key);
        if written.is_empty() {
            // Nothing to write: whether the row is there is asked.
            let text = format!("SELECT 1 AS \"a\" FROM {} WHERE {own} = %s LIMIT 1", quoted(&table));
            out.push(statement(query, Kind::Exists, &text));
            continue;
        }
        let mut sets = Vec::with_capacity(written.len());
        for field in &written {
            let sql = match assigned.iter().find(|(name, _)| *name == field.name) {
                Some((_, value)) => query.operand(value, None).sql,
                None => "%s".to_owned(),
            };
            sets.push(format!("{} = {sql}", quoted(&field.column)));
        }
        let text = format!("UPDATE {} SET {} WHERE {own} = %s", quoted(&table), sets.join(", "));
        out.push(statement(query, Kind::Update, &text));
    }
    out
}

/// `update()` of a queryset.
pub fn update(project: &Project, node: &QsNode<'_>, values: &[(SmolStr, Operand<'_>)], spread: bool) -> Statement {
    let backend = backend(project);
    let mut query = replay(backend, node, None);
    query.unclear |= spread || values.is_empty();
    let schema = backend.schema;
    let mut sets = Vec::new();
    for (name, value) in values {
        let found = query.model.and_then(|model| Some((model, schema.field(model, name)?)));
        let Some((model, (owner, field))) = found else {
            query.unclear = true;
            sets.push(format!("{} = %s", quoted(name)));
            continue;
        };
        // A column of a parent's table is another statement.
        query.unclear |= paths::concrete(schema, owner) != paths::concrete(schema, model);
        let sql = match value {
            Operand::Constant(Const::None) => "NULL".to_owned(),
            Operand::Constant(_) | Operand::Param | Operand::Condition(_) => "%s".to_owned(),
            other => query.operand(other, None).sql,
        };
        let literal = matches!(value, Operand::Constant(_) | Operand::Param);
        query.facts.written.push((field.column.clone(), literal));
        sets.push(format!("{} = {sql}", quoted(&field.column)));
    }
    let table = table_of(schema, &node.model);
    let conditions = narrowed(&mut query, node);
    let text = format!("UPDATE {} SET {}{conditions}", quoted(&table), sets.join(", "));
    statement(query, Kind::Update, &text)
}

/// `bulk_update`: a CASE over the keys for each column.
pub fn bulk_update(project: &Project, model: &ModelRef, fields: &[SmolStr]) -> Statement {
    let backend = backend(project);
    let Some(id) = model.id.filter(|_| !fields.is_empty()) else {
        return unknown_write(backend, model, Kind::Update);
    };
    let mut query = plain(backend, model);
    let key = query.key_column();
    let key = query.column(0, &key);
    let mut sets = Vec::new();
    for name in fields {
        let Some((_, field)) = backend.schema.field(id, name) else {
            query.unclear = true;
            continue;
        };
        query.facts.written.push((field.column.clone(), false));
        let case = format!("CASE WHEN ({key} = %s) THEN %s ELSE NULL END");
        let (cast, known) = cast_of(field);
        query.unclear |= !known;
        let value = match (backend.is_sqlite(), cast) {
            (true, _) if field.kind == FieldKind::Decimal => format!("CAST({case} AS NUMERIC)"),
            (true, _) => case,
            (false, cast) => format!("({case})::{cast}"),
        };
        sets.push(format!("{} = {value}", quoted(&field.column)));
    }
    let table = quoted(&table_of(backend.schema, model));
    statement(query, Kind::Update, &format!("UPDATE {table} SET {} WHERE {key} IN (%s)", sets.join(", ")))
}

/// The type that PostgreSQL is told a CASE has, and whether it is known in full.
fn cast_of(field: &Field) -> (&'static str, bool) {
    match field.kind {
        FieldKind::Boolean => ("boolean", true),
        FieldKind::DateTime => ("timestamp with time zone", true),
        FieldKind::Date => ("date", true),
        FieldKind::Time => ("time", true),
        FieldKind::Duration => ("interval", true),
        FieldKind::Text => ("text", true),
        FieldKind::Float => ("double precision", true),
        FieldKind::Uuid => ("uuid", true),
        FieldKind::Json => ("jsonb", true),
        FieldKind::Integer => match field.class.as_str() {
            "BigIntegerField" | "PositiveBigIntegerField" => ("bigint", true),
            "SmallIntegerField" | "PositiveSmallIntegerField" => ("smallint", true),
            _ => ("integer", true),
        },
        FieldKind::Relation => ("bigint", true),
        // Their length or precision is part of the type.
        _ => ("varchar", false),
    }
}

/// `DELETE` of one row that nothing depends on.
pub fn delete_one(project: &Project, model: &ModelRef) -> Statement {
    let backend = backend(project);
    if model.id.is_none() {
        return unknown_write(backend, model, Kind::Delete);
    }
    let mut query = plain(backend, model);
    let key = query.key_column();
    query.note(0, &key, Operator::Equal, true);
    let own = query.column(0, &key);
    let table = quoted(&table_of(backend.schema, model));
    statement(query, Kind::Delete, &format!("DELETE FROM {table} WHERE {own} IN (%s)"))
}

/// `DELETE` of a queryset whose rows nothing else depends on.
pub fn delete(project: &Project, node: &QsNode<'_>) -> Statement {
    let mut query = replay(backend(project), node, None);
    let table = table_of(&project.schema, &node.model);
    let conditions = narrowed(&mut query, node);
    statement(query, Kind::Delete, &format!("DELETE FROM {}{conditions}", quoted(&table)))
}

/// ` WHERE …`; over other tables as a subquery.
fn narrowed(query: &mut Query<'_>, node: &QsNode<'_>) -> String {
    if !query.is_joined() && node.desc.slice.is_none() {
        let list = query.conditions.iter().map(|c: &Condition| c.sql.as_str()).collect::<Vec<_>>().join(" AND ");
        return if list.is_empty() { list } else { format!(" WHERE {list}") };
    }
    let mut inner = replay(query.backend, node, Some('U'));
    let mut keys = node.clone();
    keys.plan.order = Some(Vec::new());
    keys.desc.default_order = false;
    keys.desc.locked = false;
    inner.values = Some(vec!["pk".into()]);
    let sql = inner.select(&keys, "", Limit::Own);
    let key = query.key_column();
    let own = query.column(0, &key);
    let sql = query.fill_outer(&sql);
    format!(" WHERE {own} IN ({sql})")
}

/// `add()` and the like of a many-to-many manager: rows of the table between.
pub fn link_rows(project: &Project, related: &RelatedManager<'_>, model: &ModelRef) -> Statement {
    let backend = backend(project);
    let Some(found) = through(backend, related, model) else { return unknown_write(backend, model, Kind::Insert) };
    let table = quoted(&found.join.table);
    let columns = quoted_list([&found.join.near, &found.join.far]);
    let text = match backend.is_sqlite() {
        true => format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES (%s, %s)"),
        false => format!("INSERT INTO {table} ({columns}) VALUES (%s, %s) ON CONFLICT DO NOTHING"),
    };
    let mut query = Query::new(backend, found.join.model, found.join.table.clone(), None);
    // A table of the project's own has columns of its own.
    query.unclear = found.join.model.is_some();
    statement(query, Kind::Insert, &text)
}

/// `count()` and `exists()` of a many-to-many manager ask the table between alone.
pub fn linked(project: &Project, related: &RelatedManager<'_>, model: &ModelRef, kind: Kind) -> Option<Statement> {
    let backend = backend(project);
    let found = through(backend, related, model)?;
    let mut query = Query::new(backend, found.join.model, found.join.table.clone(), None);
    query.note(0, &found.near, Operator::Equal, true);
    let table = quoted(&found.join.table);
    let narrow = format!("FROM {table} WHERE {table}.{} = %s", quoted(&found.near));
    let text = match kind {
        Kind::Count => format!("SELECT COUNT(*) AS \"__count\" {narrow}"),
        _ => format!("SELECT 1 AS \"a\" {narrow} LIMIT 1"),
    };
    Some(cleared(query, kind, &text))
}

/// `remove()` and `clear()`.
pub fn unlink_rows(project: &Project, related: &RelatedManager<'_>, model: &ModelRef, all: bool) -> Statement {
    let backend = backend(project);
    let Some(found) = through(backend, related, model) else { return unknown_write(backend, model, Kind::Delete) };
    let table = quoted(&found.join.table);
    let far = &found.hop.right;
    let query = Query::new(backend, found.join.model, found.join.table.clone(), None);
    let narrow = if all { String::new() } else { format!(" AND {table}.{} IN (%s)", quoted(far)) };
    let text = format!("DELETE FROM {table} WHERE ({table}.{} = %s{narrow})", quoted(&found.near));
    cleared(query, Kind::Delete, &text)
}

/// A statement on a join table, which has no model and is clear all the same.
fn cleared(mut query: Query<'_>, kind: Kind, text: &str) -> Statement {
    query.unclear &= query.model.is_some();
    statement(query, kind, text)
}

fn through(backend: Backend<'_>, related: &RelatedManager<'_>, model: &ModelRef) -> Option<ManyHop> {
    many_hop(backend.schema, model.id?, related.row.model.id?, &related.accessor)
}
