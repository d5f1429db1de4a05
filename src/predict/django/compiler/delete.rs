//! What deleting rows takes with it: Django's `Collector`.

use smol_str::SmolStr;

use super::super::super::value::ModelRef;
use super::super::receivers::Receivers;
use super::mask::Mask;
use super::paths::{self, JoinTable};
use super::query::{Backend, Condition, Query, quoted};
use super::reads::Item;
use super::{backend, statement};
use crate::model::Kind;
use crate::project::Project;
use crate::schema::{ModelId, OnDelete, RelationKind};
use crate::trace::{Operator, Statement};

/// A statement of a deletion.
#[derive(Debug)]
pub struct Sent {
    pub kind: Kind,
    pub statement: Statement,
    /// Sent only where there are such rows.
    pub depends: bool,
}

/// A relation that a deletion follows.
struct Link {
    /// None for an automatic join table.
    model: Option<ModelId>,
    table: SmolStr,
    columns: Vec<SmolStr>,
    on_delete: OnDelete,
}

/// The statements after the rows themselves are known: those of what depends on them, then their own. `None` where a
/// single DELETE does it all.
pub fn delete_rows(project: &Project, receivers: &Receivers, model: &ModelRef) -> Option<Vec<Sent>> {
    let collector = Collector { backend: backend(project), receivers };
    let id = paths::concrete(&project.schema, model.id?);
    if collector.is_single(id) {
        return None;
    }
    let mut out = Vec::new();
    let mut seen = vec![id];
    collector.collect(id, false, 0, &mut seen, &mut out);
    // Rows that depend are read first, then deleted or changed, then the rows themselves go, children first.
    out.sort_by_key(|sent| sent.kind != Kind::Select);
    Some(out)
}

struct Collector<'s> {
    backend: Backend<'s>,
    receivers: &'s Receivers,
}

impl Collector<'_> {
    /// Whether rows go by one DELETE, nothing asked before.
    fn is_single(&self, model: ModelId) -> bool {
        let backend = self.backend;
        !self.receivers.listen_to(model)
            && links(backend, model).is_empty()
            && backend.schema.get(model).parents.is_empty()
            && generics(backend, model).is_empty()
    }

    fn collect(&self, model: ModelId, depends: bool, depth: u32, seen: &mut Vec<ModelId>, out: &mut Vec<Sent>) {
        let backend = self.backend;
        let mut singles: Vec<Link> = Vec::new();
        for link in links(backend, model) {
            match (link.on_delete, link.model) {
                (OnDelete::Cascade, Some(target)) if !self.is_single(target) => {
                    out.push(Sent {
                        kind: Kind::Select,
                        statement: select(backend, target, &link, self.receivers.listen_to(target)),
                        depends,
                    });
                    if depth < 4 && !seen.contains(&target) {
                        seen.push(target);
                        self.collect(target, true, depth + 1, seen, out);
                    }
                }
                (OnDelete::Cascade, _) => match singles.iter_mut().find(|known| known.table == link.table) {
                    Some(known) => known.columns.extend(link.columns),
                    None => singles.push(link),
                },
                (OnDelete::SetNull, _) => {
                    let statement = set_null(backend, &link);
                    out.push(Sent { kind: Kind::Update, statement, depends });
                }
                (OnDelete::Other, _) => {}
            }
        }
        for link in &singles {
            out.push(Sent { kind: Kind::Delete, statement: delete_from(backend, link), depends });
        }
        for (target, content_type, object_id) in generics(backend, model) {
            let table = backend.schema.get(target).table.clone();
            let query = Query::new(backend, Some(target), table.clone(), None);
            let text = format!(
                "DELETE FROM {} WHERE ({} = %s AND {} IN (%s))",
                quoted(&table),
                query.column(0, &content_type),
                query.column(0, &object_id)
            );
            out.push(Sent { kind: Kind::Delete, statement: statement(query, Kind::Delete, &text), depends });
        }
        let mut own = vec![model];
        own.extend(ancestors(backend, model));
        for model in own {
            let table = backend.schema.get(model).table.clone();
            let key = paths::key_column(backend.schema, model);
            let link = Link { model: Some(model), table, columns: vec![key], on_delete: OnDelete::Cascade };
            out.push(Sent { kind: Kind::Delete, statement: delete_from(backend, &link), depends });
        }
    }
}

fn ancestors(backend: Backend<'_>, model: ModelId) -> Vec<ModelId> {
    let mut out: Vec<ModelId> = Vec::new();
    let mut queue = vec![model];
    while let Some(at) = queue.pop() {
        for parent in &backend.schema.get(at).parents {
            let parent = paths::concrete(backend.schema, *parent);
            if parent != model && !out.contains(&parent) && out.len() < 16 {
                out.push(parent);
                queue.push(parent);
            }
        }
    }
    out
}

/// Relations whose rows point at a model or at one that it inherits from.
fn links(backend: Backend<'_>, model: ModelId) -> Vec<Link> {
    let schema = backend.schema;
    let mut targets = vec![model];
    targets.extend(ancestors(backend, model));
    let is_target = |id: ModelId| targets.contains(&paths::concrete(schema, id));
    let mut out = Vec::new();
    for owner in schema.ids() {
        let table = schema.get(owner).table.clone();
        if schema.get(owner).is_abstract || schema.get(owner).is_proxy {
            continue;
        }
        for field in &schema.get(owner).fields {
            let Some(relation) = &field.relation else { continue };
            let points = relation.target.is_some_and(is_target);
            match relation.kind {
                RelationKind::ForeignKey | RelationKind::OneToOne => {
                    // A child's own link to its parent is not followed from the child.
                    let own_link = field.primary_key && targets.contains(&owner);
                    if points && !own_link {
                        out.push(Link {
                            model: Some(owner),
                            table: table.clone(),
                            columns: vec![field.column.clone()],
                            on_delete: relation.on_delete,
                        });
                    }
                }
                RelationKind::ManyToMany if relation.through.is_none() => {
                    let Some(join) = JoinTable::of(schema, owner, field) else { continue };
                    let mut columns = Vec::new();
                    if is_target(owner) {
                        columns.push(join.near.clone());
                    }
                    if points {
                        columns.push(join.far.clone());
                    }
                    if !columns.is_empty() {
                        let on_delete = OnDelete::Cascade;
                        out.push(Link { model: None, table: join.table, columns, on_delete });
                    }
                }
                _ => {}
            }
        }
    }
    out
}

/// Generic relations of the model: the target, its column for the content type, and that for the key.
fn generics(backend: Backend<'_>, model: ModelId) -> Vec<(ModelId, SmolStr, SmolStr)> {
    let fields = &backend.schema.get(model).fields;
    let targets = fields.iter().filter_map(|field| field.relation.as_ref()).filter(|r| r.kind == RelationKind::Generic);
    targets
        .filter_map(|relation| {
            let target = relation.target?;
            let (content_type, object_id) = paths::generic_columns(backend.schema, target);
            Some((target, content_type, object_id))
        })
        .collect()
}

/// `whole`: receivers get the rows with all that is in them.
fn select(backend: Backend<'_>, target: ModelId, link: &Link, whole: bool) -> Statement {
    let mut query = Query::new(backend, Some(target), link.table.clone(), None);
    let mut items: Vec<Item> = Vec::new();
    query.model_columns(target, 0, &Mask::default(), None, &mut items);
    // Only what further relations point at is read.
    let key = paths::key_column(backend.schema, target);
    let key = query.column(0, &key);
    let columns: Vec<&str> = items.iter().map(|item| item.sql.as_str()).filter(|sql| whole || *sql == key).collect();
    let condition = any_of(&mut query, link);
    let text = format!("SELECT {} FROM {} WHERE {condition}", columns.join(", "), query.from());
    statement(query, Kind::Select, &text)
}

fn any_of(query: &mut Query<'_>, link: &Link) -> String {
    let mut parts = Vec::new();
    for column in &link.columns {
        query.note(0, column, Operator::In, link.columns.len() == 1);
        parts.push(format!("{}.{} IN (%s)", quoted(&link.table), quoted(column)));
    }
    let sql = if parts.len() > 1 { format!("({})", parts.join(" OR ")) } else { parts.concat() };
    query.conditions.push(Condition { sql: sql.clone(), aggregate: false });
    sql
}

fn delete_from(backend: Backend<'_>, link: &Link) -> Statement {
    let mut query = Query::new(backend, link.model, link.table.clone(), None);
    query.unclear = false;
    let condition = any_of(&mut query, link);
    statement(query, Kind::Delete, &format!("DELETE FROM {} WHERE {condition}", quoted(&link.table)))
}

fn set_null(backend: Backend<'_>, link: &Link) -> Statement {
    let mut query = Query::new(backend, link.model, link.table.clone(), None);
    let condition = any_of(&mut query, link);
    let sets = link.columns.iter().map(|column| format!("{} = NULL", quoted(column))).collect::<Vec<_>>().join(", ");
    statement(query, Kind::Update, &format!("UPDATE {} SET {sets} WHERE {condition}", quoted(&link.table)))
}
