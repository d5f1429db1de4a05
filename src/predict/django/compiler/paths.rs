//! Field paths (`topic__forum__name`) as joins: Django's `names_to_path`.

use smol_str::SmolStr;

use crate::schema::{Field, FieldKind, ModelId, Relation, RelationKind, Reverse, Schema};

/// One join of a path.
#[derive(Debug, Clone)]
pub struct Hop {
    pub table: SmolStr,
    /// None for an automatic join table.
    pub model: Option<ModelId>,
    /// Column of the table that the path comes from.
    pub left: SmolStr,
    pub right: SmolStr,
    /// Which relation it is, and in which direction: equal ones can share a join.
    pub relation: String,
    /// Leads to many rows.
    pub many: bool,
    /// From the table that has the key to the one that it points at.
    pub direct: bool,
    pub nullable: bool,
    /// The column of the content type that a generic relation is narrowed by.
    pub content_type: Option<SmolStr>,
}

/// A path as far as its names are fields.
#[derive(Debug, Clone)]
pub struct Path<'s> {
    pub hops: Vec<Hop>,
    /// The column that holds the value, in the table of the last hop.
    pub column: SmolStr,
    /// The field of the last name; none for the far side of a relation.
    pub field: Option<&'s Field>,
    /// Where the last name leads, where that is a relation.
    pub leads_to: Option<ModelId>,
    /// How many names were fields.
    pub names: usize,
}

/// `None` where not even the first name is a field.
pub fn walk<'s>(schema: &'s Schema, model: ModelId, names: &[&str]) -> Option<Path<'s>> {
    let mut path = Path { hops: Vec::new(), column: SmolStr::default(), field: None, leads_to: Some(model), names: 0 };
    for name in names {
        let Some(at) = path.leads_to else { break };
        if !step(schema, concrete(schema, at), name, &mut path) {
            break;
        }
        path.names += 1;
    }
    (path.names > 0).then_some(path)
}

/// The model whose table a proxy shares.
pub fn concrete(schema: &Schema, mut model: ModelId) -> ModelId {
    for _ in 0..16 {
        match schema.get(model).parents.first() {
            Some(parent) if schema.get(model).is_proxy => model = *parent,
            _ => break,
        }
    }
    model
}

fn step<'s>(schema: &'s Schema, at: ModelId, name: &str, path: &mut Path<'s>) -> bool {
    if let Some((owner, field)) = schema.field(at, name) {
        if field.kind == FieldKind::GenericForeignKey {
            return false;
        }
        path.hops.extend(to_parent(schema, at, owner));
        path.field = Some(field);
        match &field.relation {
            None => {
                path.column = field.column.clone();
                path.leads_to = None;
                true
            }
            Some(relation) => forward(schema, owner, field, relation, path),
        }
    } else if let Some((owner, reverse)) = reverse_of(schema, at, name, 0) {
        path.hops.extend(to_parent(schema, at, owner));
        path.field = None;
        backward(schema, owner, reverse, path)
    } else {
        false
    }
}

/// The far side of that name, and the model of the inheritance chain that has it.
fn reverse_of<'s>(schema: &'s Schema, at: ModelId, name: &str, depth: u32) -> Option<(ModelId, &'s Reverse)> {
    if depth > 16 {
        return None;
    }
    let own = schema.get(at).reverse.iter().find(|reverse| reverse.query_name == name);
    own.map(|reverse| (at, reverse))
        .or_else(|| schema.get(at).parents.iter().find_map(|parent| reverse_of(schema, *parent, name, depth + 1)))
}

fn forward(schema: &Schema, owner: ModelId, field: &Field, relation: &Relation, path: &mut Path<'_>) -> bool {
    let Some(target) = relation.target.map(|target| concrete(schema, target)) else {
        // The target is not known; its key still stands in the column.
        path.column = field.column.clone();
        path.leads_to = None;
        return relation.kind != RelationKind::ManyToMany && relation.kind != RelationKind::Generic;
    };
    let name = format!("{}.{}", owner.0, field.name);
    match relation.kind {
        RelationKind::ForeignKey | RelationKind::OneToOne => {
            let right = pointed_at(schema, target, relation);
            path.hops.push(Hop {
                table: schema.get(target).table.clone(),
                model: Some(target),
                left: field.column.clone(),
                right: right.clone(),
                relation: name,
                many: false,
                direct: true,
                nullable: field.null,
                content_type: None,
            });
            path.column = right;
        }
        RelationKind::ManyToMany => {
            let Some(join) = JoinTable::of(schema, owner, field) else { return false };
            path.hops.extend(join.hops(schema, owner, &join.near, &join.far, target, &name));
            path.column = key_column(schema, target);
        }
        RelationKind::Generic => {
            let (content_type, object_id) = generic_columns(schema, target);
            path.hops.push(Hop {
                table: schema.get(target).table.clone(),
                model: Some(target),
                left: key_column(schema, owner),
                right: object_id,
                relation: format!("<{name}"),
                many: true,
                direct: false,
                nullable: true,
                content_type: Some(content_type),
            });
            path.column = key_column(schema, target);
        }
    }
    path.leads_to = Some(target);
    true
}

fn backward(schema: &Schema, owner: ModelId, reverse: &Reverse, path: &mut Path<'_>) -> bool {
    let target = concrete(schema, reverse.model);
    let Some((_, field)) = schema.field(reverse.model, &reverse.field) else { return false };
    let Some(relation) = &field.relation else { return false };
    let name = format!("<{}.{}", target.0, field.name);
    if reverse.kind == RelationKind::ManyToMany {
        let Some(join) = JoinTable::of(schema, reverse.model, field) else { return false };
        path.hops.extend(join.hops(schema, owner, &join.far, &join.near, target, &name));
    } else if reverse.kind == RelationKind::Generic {
        return false;
    } else {
        path.hops.push(Hop {
            table: schema.get(target).table.clone(),
            model: Some(target),
            left: pointed_at(schema, owner, relation),
            right: field.column.clone(),
            relation: name,
            many: reverse.kind == RelationKind::ForeignKey,
            direct: false,
            nullable: true,
            content_type: None,
        });
    }
    path.column = key_column(schema, target);
    path.leads_to = Some(target);
    true
}

/// The joins from a model of a multi-table inheritance to one that it inherits from.
pub fn to_parent(schema: &Schema, from: ModelId, to: ModelId) -> Vec<Hop> {
    let mut hops = Vec::new();
    let mut at = from;
    while at != to && hops.len() < 16 {
        let model = schema.get(at);
        let Some(parent) = model.parents.iter().find(|parent| inherits(schema, **parent, to, 0)).copied() else {
            break;
        };
        if model.is_proxy {
            at = parent;
            continue;
        }
        let parent = concrete(schema, parent);
        let link = parent_link(schema, at, parent);
        hops.push(Hop {
            table: schema.get(parent).table.clone(),
            model: Some(parent),
            left: link.map_or_else(|| key_column(schema, at), |field| field.column.clone()),
            right: key_column(schema, parent),
            relation: format!("{}.{}", at.0, link.map_or("", |field| &field.name)),
            many: false,
            direct: true,
            nullable: false,
            content_type: None,
        });
        at = parent;
    }
    hops
}

fn inherits(schema: &Schema, model: ModelId, from: ModelId, depth: u32) -> bool {
    model == from
        || depth < 16 && schema.get(model).parents.iter().any(|parent| inherits(schema, *parent, from, depth + 1))
}

/// The one-to-one that leads from a child of a multi-table inheritance to its parent.
pub fn parent_link(schema: &Schema, child: ModelId, parent: ModelId) -> Option<&Field> {
    schema.get(child).fields.iter().find(|field| {
        let relation = field.relation.as_ref();
        field.primary_key && relation.is_some_and(|r| r.kind == RelationKind::OneToOne && r.target == Some(parent))
    })
}

/// The fields that have a column, those of parents first, each with the model whose table has it.
pub fn columns(schema: &Schema, model: ModelId) -> Vec<(ModelId, &Field)> {
    let mut out = Vec::new();
    collect_columns(schema, concrete(schema, model), 0, &mut out);
    out
}

fn collect_columns<'s>(schema: &'s Schema, model: ModelId, depth: u32, out: &mut Vec<(ModelId, &'s Field)>) {
    if depth > 16 || out.iter().any(|(owner, _)| *owner == model) {
        return;
    }
    for parent in &schema.get(model).parents {
        collect_columns(schema, concrete(schema, *parent), depth + 1, out);
    }
    out.extend(schema.get(model).fields.iter().filter(|field| has_column(field)).map(|field| (model, field)));
}

pub fn has_column(field: &Field) -> bool {
    field.has_column()
        && field.kind != FieldKind::GenericForeignKey
        && field.relation.as_ref().is_none_or(|r| !matches!(r.kind, RelationKind::ManyToMany | RelationKind::Generic))
}

pub fn key_column(schema: &Schema, model: ModelId) -> SmolStr {
    schema.get(concrete(schema, model)).primary_key().map_or_else(|| "id".into(), |field| field.column.clone())
}

/// The column of the target that a foreign key holds the values of.
pub fn pointed_at(schema: &Schema, target: ModelId, relation: &Relation) -> SmolStr {
    let named = relation.to_field.as_ref().and_then(|name| schema.field(target, name));
    named.map_or_else(|| key_column(schema, target), |(_, field)| field.column.clone())
}

/// The columns of the content type and of the object's key of the model's first generic foreign key.
pub fn generic_columns(schema: &Schema, model: ModelId) -> (SmolStr, SmolStr) {
    let column = |name: &str, usual: &str| {
        schema.field(model, name).map_or_else(|| SmolStr::new(usual), |(_, field)| field.column.clone())
    };
    (column("content_type", "content_type_id"), column("object_id", "object_id"))
}

/// The table between the two sides of a many-to-many.
pub struct JoinTable {
    pub table: SmolStr,
    pub model: Option<ModelId>,
    /// Column for the side that declares the relation.
    pub near: SmolStr,
    pub far: SmolStr,
}

impl JoinTable {
    pub fn of(schema: &Schema, owner: ModelId, field: &Field) -> Option<Self> {
        let relation = field.relation.as_ref()?;
        let target = relation.target?;
        let lower = |id: ModelId| schema.get(id).name.to_lowercase();
        if let Some(through) = relation.through {
            let to = |model: ModelId, skip: usize| {
                let leads = |field: &&Field| {
                    let target = field.relation.as_ref().and_then(|r| r.target);
                    target.is_some_and(|target| concrete(schema, target) == concrete(schema, model))
                };
                schema.get(through).fields.iter().filter(leads).nth(skip).map(|field| field.column.clone())
            };
            let far = to(target, usize::from(target == owner))?;
            let table = schema.get(through).table.clone();
            return Some(Self { table, model: Some(through), near: to(owner, 0)?, far });
        }
        let (near, far) = if target == owner {
            (format!("from_{}_id", lower(owner)), format!("to_{}_id", lower(target)))
        } else {
            (format!("{}_id", lower(owner)), format!("{}_id", lower(target)))
        };
        Some(Self { table: relation.join_table.clone()?, model: None, near: near.into(), far: far.into() })
    }

    fn hops(&self, schema: &Schema, from: ModelId, near: &SmolStr, far: &SmolStr, to: ModelId, name: &str) -> [Hop; 2] {
        [
            Hop {
                table: self.table.clone(),
                model: self.model,
                left: key_column(schema, from),
                right: near.clone(),
                relation: format!("{name}+{near}"),
                many: true,
                direct: false,
                nullable: true,
                content_type: None,
            },
            Hop {
                table: schema.get(to).table.clone(),
                model: Some(to),
                left: far.clone(),
                right: key_column(schema, to),
                relation: format!("{name}+{far}"),
                many: false,
                direct: true,
                nullable: false,
                content_type: None,
            },
        ]
    }
}
