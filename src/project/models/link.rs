//! Relations between models: targets, far sides, join tables; and the indexes that fields bring by themselves.

use smol_str::SmolStr;

use super::builtin::Builtin;
use super::fields::{Declared, Reference};
use super::{Draft, Models};
use crate::model::Orm;
use crate::schema::{
    Field, FieldKind, Index, IndexColumn, IndexOrigin, Model, ModelId, ModelOptions, OnDelete, Relation, RelationKind,
    Reverse,
};

pub fn implicit_id(class: &str) -> Declared {
    let field = Field {
        name: "id".into(),
        column: "id".into(),
        kind: FieldKind::Auto,
        class: class.into(),
        relation: None,
        null: false,
        unique: true,
        primary_key: true,
        db_index: false,
        has_choices: false,
        auto_now: false,
        flagged: None,
        generic: None,
        site: None,
    };
    bare(field, None)
}

/// The one-to-one that multi-table inheritance makes: `topic_ptr`.
pub fn parent_link(name: &str, label: &str) -> Declared {
    let field = Field {
        name: name.into(),
        column: SmolStr::from(format!("{name}_id")),
        kind: FieldKind::Relation,
        class: "OneToOneField".into(),
        relation: Some(Relation {
            kind: RelationKind::OneToOne,
            target_label: label.into(),
            target: None,
            to_field: None,
            through: None,
            join_table: None,
            on_delete: OnDelete::Cascade,
        }),
        null: false,
        unique: true,
        primary_key: true,
        db_index: true,
        has_choices: false,
        auto_now: false,
        flagged: None,
        generic: None,
        site: None,
    };
    Declared { parent_link: true, ..bare(field, Some(Reference::Label(label.trim_start_matches('.').into()))) }
}

fn bare(field: Field, to: Option<Reference>) -> Declared {
    Declared {
        field,
        to,
        through: None,
        related_name: None,
        related_query_name: None,
        symmetrical: false,
        db_table: None,
        parent_link: false,
    }
}

pub fn builtin_model(builtin: &Builtin, app: &str, name: &str, table: SmolStr) -> Model {
    let together = builtin.unique_together.iter().map(|field| IndexColumn::of(field));
    let unique = Index { unique: true, ..Index::plain(together, IndexOrigin::Unique) };
    Model {
        orm: Orm::Django,
        app: app.into(),
        name: name.into(),
        table,
        site: None,
        fields: Vec::new(),
        reverse: Vec::new(),
        parents: Vec::new(),
        managers: vec![super::managers::plain("objects").manager],
        options: ModelOptions {
            ordering: builtin.ordering.iter().map(|o| SmolStr::from(*o)).collect(),
            ..ModelOptions::default()
        },
        indexes: if builtin.unique_together.is_empty() { Vec::new() } else { vec![unique] },
        is_abstract: false,
        is_proxy: false,
        is_partial: false,
    }
}

/// Fills fields, far sides and field indexes of every model.
pub fn link(models: &mut Models, drafts: Vec<Draft>) {
    share_parent_tables(models);
    for draft in drafts {
        let model = models.schema.get(draft.id);
        let owner = Owner {
            id: draft.id,
            app: model.app.clone(),
            name: model.name.clone(),
            table: model.table.clone(),
            has_far_side: !model.is_abstract,
            default_related_name: draft.default_related_name,
        };
        for declared in draft.fields {
            add(models, &owner, declared);
        }
    }
}

/// A proxy's rows are those of the model that it stands for.
fn share_parent_tables(models: &mut Models) {
    for id in models.schema.ids() {
        let mut at = id;
        // Proxies of proxies; a cycle of bases cannot be Python, but may be text.
        for _ in 0..16 {
            let model = models.schema.get(at);
            match model.parents.first() {
                Some(parent) if model.is_proxy => at = *parent,
                _ => break,
            }
        }
        if at != id {
            let table = models.schema.get(at).table.clone();
            models.schema.get_mut(id).table = table;
        }
    }
}

struct Owner {
    id: ModelId,
    app: SmolStr,
    name: SmolStr,
    table: SmolStr,
    has_far_side: bool,
    default_related_name: Option<SmolStr>,
}

fn add(models: &mut Models, owner: &Owner, declared: Declared) {
    let mut field = declared.field;
    let target = declared.to.as_ref().and_then(|to| resolve(models, owner, to));
    let through = declared.through.as_ref().and_then(|through| resolve(models, owner, through));
    let label = match target {
        Some(id) => SmolStr::from(models.schema.get(id).label()),
        None => declared.to.as_ref().map_or_else(SmolStr::default, written),
    };
    if let Some(relation) = &mut field.relation {
        relation.target = target;
        relation.target_label = label;
        relation.through = through;
        if relation.kind == RelationKind::ManyToMany && declared.through.is_none() {
            let table = declared.db_table.unwrap_or_else(|| SmolStr::from(format!("{}_{}", owner.table, field.name)));
            relation.join_table = Some(table);
        }
    }
    if let (Some(target), Some(relation), true, false) =
        (target, &field.relation, owner.has_far_side, declared.symmetrical)
    {
        let lower = owner.name.to_lowercase();
        let fill = |name: SmolStr| {
            let name = name.replace("%(class)s", &lower).replace("%(model_name)s", &lower);
            SmolStr::from(name.replace("%(app_label)s", &owner.app.to_lowercase()))
        };
        let related = declared.related_name.or_else(|| owner.default_related_name.clone()).map(fill);
        let hidden = related.as_deref().is_some_and(|name| name.ends_with('+'))
            || (relation.kind == RelationKind::Generic && declared.related_query_name.is_none());
        if !hidden {
            let accessor = related.clone().unwrap_or_else(|| match relation.kind {
                RelationKind::OneToOne => lower.clone().into(),
                _ => format!("{lower}_set").into(),
            });
            let query_name = declared.related_query_name.map(fill).or(related).unwrap_or_else(|| lower.as_str().into());
            let reverse =
                Reverse { accessor, query_name, kind: relation.kind, model: owner.id, field: field.name.clone() };
            models.schema.get_mut(target).reverse.push(reverse);
        }
    }
    let model = models.schema.get_mut(owner.id);
    if let Some(origin) = own_index(&field) {
        let unique = matches!(origin, IndexOrigin::PrimaryKey | IndexOrigin::Unique);
        let column = IndexColumn::of(&field.name);
        model.indexes.push(Index { unique, site: field.site, ..Index::plain([column], origin) });
    }
    model.fields.push(field);
}

/// The index that a field has without anybody saying so in Meta.
fn own_index(field: &Field) -> Option<IndexOrigin> {
    if !field.has_column() {
        None
    } else if field.primary_key {
        Some(IndexOrigin::PrimaryKey)
    } else if field.unique {
        Some(IndexOrigin::Unique)
    } else if field.db_index {
        Some(if field.relation.is_some() { IndexOrigin::ForeignKey } else { IndexOrigin::FieldFlag })
    } else {
        None
    }
}

fn resolve(models: &Models, owner: &Owner, reference: &Reference) -> Option<ModelId> {
    match reference {
        Reference::Own => Some(owner.id),
        Reference::User => models.user,
        Reference::Class(file, number) => models.of_class.get(&(*file, *number)).copied(),
        Reference::Outside(dotted) => models.outside.get(dotted).copied(),
        Reference::Label(label) => {
            let full = if label.contains('.') { label.to_string() } else { format!("{}.{label}", owner.app) };
            let by_app = models.schema.by_label(&full);
            // Where the app's name is not what its path says: the only model of that name.
            let last = label.rsplit('.').next().unwrap_or(label);
            by_app.or_else(|| models.schema.by_name(last)).or_else(|| {
                let is_user = label.eq_ignore_ascii_case("auth.user");
                models.user.filter(|_| is_user)
            })
        }
    }
}

fn written(reference: &Reference) -> SmolStr {
    match reference {
        Reference::Label(label) => label.clone(),
        Reference::Outside(dotted) => {
            // `django.contrib.auth.models.User` as a label: app and name.
            let mut parts = dotted.split(".models.");
            match (parts.next().and_then(|p| p.rsplit('.').next()), parts.next().and_then(|p| p.rsplit('.').next())) {
                (Some(app), Some(name)) => format!("{app}.{name}").into(),
                _ => dotted.clone(),
            }
        }
        Reference::Own | Reference::User | Reference::Class(..) => SmolStr::default(),
    }
}
