//! Model classes → the schema.

mod apps;
mod builtin;
mod fields;
pub mod kinds;
mod link;
mod managers;
pub mod meta;
pub mod sources;

pub use apps::Apps;

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use self::fields::Declared;
use self::sources::Sources;
use super::Settings;
use super::names::{Scope, Target};
use super::outside;
use crate::model::{FileId, Orm, Site};
use crate::python::ir::{self, ExprKind, StmtKind};
use crate::schema::{FieldKind, Model, ModelId, ModelOptions, Schema, default_table};

pub type ClassKey = (FileId, u32);

/// What reading the models gives.
#[derive(Debug, Default)]
pub struct Models {
    pub schema: Schema,
    pub of_class: HashMap<ClassKey, ModelId>,
    pub class_of: HashMap<ModelId, ClassKey>,
    /// Dotted name outside of the input → model.
    pub outside: HashMap<SmolStr, ModelId>,
    /// (model, manager attribute) → its manager class and its queryset class, where they are in the input.
    pub managers: HashMap<(ModelId, SmolStr), (Option<ClassKey>, Option<ClassKey>)>,
    pub user: Option<ModelId>,
}

/// A model class while its fields are read.
struct Draft {
    id: ModelId,
    key: ClassKey,
    fields: Vec<Declared>,
    default_related_name: Option<SmolStr>,
}

pub fn read(sources: &Sources<'_>, apps: &Apps, settings: &Settings) -> Models {
    let mut reader =
        Reader { sources, apps, settings, abstracts: HashSet::new(), classes: Vec::new(), out: Models::default() };
    reader.find_classes();
    let drafts = reader.models();
    reader.builtins(drafts)
}

struct Reader<'a, 's> {
    sources: &'a Sources<'s>,
    apps: &'a Apps,
    settings: &'a Settings,
    abstracts: HashSet<ClassKey>,
    /// Every model class, in the order of the input.
    classes: Vec<ClassKey>,
    out: Models,
}

impl<'s> Reader<'_, 's> {
    fn find_classes(&mut self) {
        for (at, index) in self.sources.names.indexes.iter().enumerate() {
            for number in 0..index.classes.len() as u32 {
                let key = (FileId(at as u32), number);
                let is_local = index.classes.get(number as usize).is_some_and(|c| c.parent != Scope::Module);
                if is_local || !self.is_model(key) {
                    continue;
                }
                self.classes.push(key);
                let own = meta::find(self.sources, &[key], |_| false);
                if own.is_some_and(|meta| meta.flag(self.sources, "abstract")) {
                    self.abstracts.insert(key);
                }
            }
        }
    }

    /// It comes to `models.Model`, or to something unknown while its body declares columns.
    fn is_model(&self, key: ClassKey) -> bool {
        let hierarchy = &self.sources.names.hierarchy;
        let outside = hierarchy.outside(key);
        if outside.iter().any(|base| outside::is_kind_of(base, "django.db.models.Model") || known_base(base)) {
            return true;
        }
        // What Django itself offers to build on is known: expressions have fields too (`output_field`).
        let is_open = hierarchy.has_unknown_base(key) || outside.iter().any(|base| !is_framework(base));
        let column = |(field, explicit): &(Declared, bool)| {
            *explicit && field.field.kind != FieldKind::Other && field.field.name != "output_field"
        };
        is_open && hierarchy.order(key).iter().any(|class| self.body_fields(*class).iter().any(column))
    }

    /// Fields that stand in a class's body; with each, whether its class is Django's by name.
    fn body_fields(&self, key: ClassKey) -> Vec<(Declared, bool)> {
        let Some(class) = self.sources.class(key) else { return Vec::new() };
        assignments(&class.body)
            .filter_map(|(name, stmt, value)| {
                let declared = fields::declared(self.sources, key.0, name, stmt, value)?;
                let target = value.as_call().and_then(|call| self.sources.resolve(key.0, &call.func));
                let explicit =
                    matches!(&target, Some(Target::External(dotted)) if dotted.starts_with("django.db.models"));
                Some((declared, explicit))
            })
            .collect()
    }

    fn models(&mut self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for key in self.classes.clone() {
            let Some(class) = self.sources.class(key) else { continue };
            let order = self.sources.names.hierarchy.order(key);
            let meta = meta::find(self.sources, order, |base| self.abstracts.contains(&base));
            let own = meta.filter(|meta| meta.is_own);
            let text = |name: &str| meta.and_then(|meta| meta.text(self.sources, name));
            let app = text("app_label").unwrap_or_else(|| self.apps.label(self.sources.names, key.0));
            let name = class.name.name.clone();
            let model = Model {
                orm: Orm::Django,
                table: text("db_table")
                    .map_or_else(|| default_table(&app, &name), |table| table.replace('"', "").into()),
                site: Some(self.class_site(key, class)),
                fields: Vec::new(),
                reverse: Vec::new(),
                parents: Vec::new(),
                managers: Vec::new(),
                options: ModelOptions {
                    ordering: meta.map(|meta| meta.ordering(self.sources)).unwrap_or_default(),
                    default_manager: text("default_manager_name"),
                    base_manager: text("base_manager_name"),
                    meta: own.and_then(|meta| meta.site(self.sources)),
                    inherits_meta: meta.is_some_and(|meta| !meta.is_own || meta.has_bases(self.sources)),
                    indexes_list: own
                        .and_then(|meta| meta.own_value(self.sources, "indexes"))
                        .map(|value| Site::new(key.0, value.span)),
                },
                indexes: meta.map(|meta| meta.indexes(self.sources, &name, &app)).unwrap_or_default(),
                is_abstract: self.abstracts.contains(&key),
                is_proxy: own.is_some_and(|meta| meta.may(self.sources, "proxy")),
                is_partial: false,
                app,
                name,
            };
            let id = self.out.schema.add(model);
            self.out.of_class.insert(key, id);
            // A second class of one label (the other side of a diff, a copy) does not replace the first.
            if self.out.class_of.contains_key(&id) {
                continue;
            }
            self.out.class_of.insert(id, key);
            drafts.push(Draft { id, key, fields: Vec::new(), default_related_name: text("default_related_name") });
        }
        for draft in &mut drafts {
            self.inherit(draft);
        }
        drafts
    }

    fn class_site(&self, key: ClassKey, class: &ir::Class) -> Site {
        let span =
            crate::model::Span { start: class.name.span.start, end: class.body_span.end.max(class.name.span.end) };
        Site::new(key.0, span)
    }

    /// Fields, parents and managers of one model, those of abstract bases included.
    fn inherit(&mut self, draft: &mut Draft) {
        let hierarchy = &self.sources.names.hierarchy;
        let key = draft.key;
        // Classes whose fields become the model's own: itself, and abstract models reached through such only.
        let mut own = vec![key];
        let mut parents = Vec::new();
        let mut partial = false;
        let mut outside: Vec<SmolStr> = Vec::new();
        let mut at = 0;
        while let Some(class) = own.get(at).copied() {
            at += 1;
            partial |= hierarchy.has_unknown_base(class);
            for base in hierarchy.bases(class) {
                match base {
                    Target::Class(file, number) => {
                        let base = (*file, *number);
                        match self.out.of_class.get(&base) {
                            _ if own.contains(&base) => {}
                            Some(_) if self.abstracts.contains(&base) => own.push(base),
                            Some(id) if *id != draft.id && !parents.contains(id) => parents.push(*id),
                            Some(_) => {}
                            // A plain mixin brings no columns, but what is above it may.
                            None => own.push(base),
                        }
                    }
                    Target::External(dotted) => outside.push(dotted.clone()),
                    _ => partial = true,
                }
            }
        }
        let order: Vec<ClassKey> = hierarchy.order(key).iter().filter(|class| own.contains(class)).copied().collect();
        let is_proxy = self.out.schema.get(draft.id).is_proxy;
        let mut fields: Vec<Declared> = Vec::new();
        // Tree fields are added when the class is made, behind its own.
        let (late, early): (Vec<&SmolStr>, Vec<&SmolStr>) =
            outside.iter().partition(|dotted| builtin::adds_fields_last(dotted));
        for dotted in early {
            match builtin::base_fields(dotted) {
                Some(brought) => brought.into_iter().for_each(|field| put(&mut fields, field)),
                None if outside::is_kind_of(dotted, "django.db.models.Model") => {}
                None => partial = true,
            }
        }
        for class in order.iter().rev().filter(|class| self.out.of_class.contains_key(*class)) {
            // `field = None` in a subclass takes the field of an abstract base away.
            if let Some(body) = self.sources.class(*class) {
                let removed: Vec<&SmolStr> = assignments(&body.body)
                    .filter(|(_, _, value)| matches!(value.kind, ExprKind::None))
                    .map(|(name, ..)| name)
                    .collect();
                fields.retain(|field| !removed.contains(&&field.field.name));
            }
            self.body_fields(*class).into_iter().for_each(|(field, _)| put(&mut fields, field));
        }
        let added = late.into_iter().filter_map(|dotted| builtin::base_fields(dotted)).flatten();
        added.for_each(|field| put(&mut fields, field));
        if !is_proxy {
            self.key_fields(draft.id, &parents, &mut fields);
        }
        let has_user_base = outside.iter().any(|base| builtin::is_user_base(base));
        let is_abstract = self.abstracts.contains(&key);
        if has_user_base && !is_abstract && self.out.user.is_none() {
            self.out.user = Some(draft.id);
        }
        let mut found: Vec<managers::Declared> = Vec::new();
        for class in hierarchy.order(key) {
            let Some(body) = self.sources.class(*class) else { continue };
            for (name, _, value) in assignments(&body.body) {
                if let Some(manager) = managers::declared(self.sources, class.0, name, value)
                    && found.iter().all(|known| known.manager.name != *name)
                {
                    found.push(manager);
                }
            }
        }
        if found.is_empty() {
            let is_user = outside.iter().any(|base| base.ends_with("AbstractUser"));
            found.push(if is_user { managers::user() } else { managers::plain("objects") });
        }
        for manager in &found {
            let classes = (manager.class, manager.queryset);
            self.out.managers.insert((draft.id, manager.manager.name.clone()), classes);
        }
        draft.fields = fields;
        let model = self.out.schema.get_mut(draft.id);
        model.parents = parents;
        model.is_partial = partial;
        model.managers = found.into_iter().map(|manager| manager.manager).collect();
    }

    /// Django's own models, then every relation.
    fn builtins(mut self, mut drafts: Vec<Draft>) -> Models {
        let label = self.settings.auth_user_model.clone();
        let chosen = label.as_deref().and_then(|label| self.out.schema.by_label(label));
        self.out.user = chosen.or(self.out.user.filter(|_| label.is_none()));
        for builtin in builtin::MODELS {
            let (mut app, mut name, mut table) = (builtin.app, builtin.name, SmolStr::from(builtin.table));
            let is_user = builtin.dotted == builtin::USER;
            // The user model of the settings whose class is not in the input: what is known of users, and no more.
            let elsewhere = label.as_deref().and_then(|label| label.split_once('.')).filter(|_| is_user);
            if is_user && self.out.user.is_some() {
                continue;
            }
            if let Some((own_app, own_name)) = elsewhere.filter(|label| *label != ("auth", "User")) {
                (app, name, table) = (own_app, own_name, default_table(own_app, own_name));
            }
            let known = self.out.schema.by_label(&format!("{app}.{name}"));
            let id = known.unwrap_or_else(|| {
                let id = self.out.schema.add(link::builtin_model(builtin, app, name, table));
                let fields = builtin.fields.iter().filter_map(builtin::declared).collect();
                drafts.push(Draft { id, key: (FileId(u32::MAX), 0), fields, default_related_name: None });
                let model = self.out.schema.get_mut(id);
                model.is_partial = is_user && name != "User";
                if is_user {
                    model.managers = vec![managers::user().manager];
                }
                id
            });
            self.out.outside.insert(builtin.dotted.into(), id);
            if is_user {
                self.out.user = Some(id);
            }
        }
        link::link(&mut self.out, drafts);
        self.out
    }

    /// The implicit `id`, or the link to a concrete parent.
    fn key_fields(&self, id: ModelId, parents: &[ModelId], fields: &mut Vec<Declared>) {
        let model = self.out.schema.get(id);
        if model.is_abstract || fields.iter().any(|field| field.field.primary_key) {
            return;
        }
        if let Some(parent) = parents.first() {
            let parent = self.out.schema.get(*parent);
            if let Some(link) = fields.iter_mut().find(|field| field.parent_link) {
                link.field.primary_key = true;
                return;
            }
            let parent = (parent.name.to_lowercase(), parent.label());
            fields.insert(0, link::parent_link(&format!("{}_ptr", parent.0), &parent.1));
            return;
        }
        let class = self.settings.default_auto_field.as_deref().and_then(|dotted| dotted.rsplit('.').next());
        fields.insert(0, link::implicit_id(class.unwrap_or("AutoField")));
    }
}

/// `name = value` of a class body, in order.
fn assignments(body: &ir::Block) -> impl Iterator<Item = (&SmolStr, &ir::Stmt, &ir::Expr)> {
    body.iter().filter_map(|stmt| {
        let (target, value) = match &stmt.kind {
            StmtKind::Assign { targets, value } => (targets.first()?, value),
            StmtKind::AnnAssign { target, value: Some(value), .. } => (target, value),
            _ => return None,
        };
        match &target.kind {
            ExprKind::Name(name) => Some((name, stmt, value)),
            _ => None,
        }
    })
}

/// A field of the same name keeps its place and is replaced, as an override of an abstract base's field is.
fn put(fields: &mut Vec<Declared>, field: Declared) {
    match fields.iter_mut().find(|known| known.field.name == field.field.name) {
        Some(known) => *known = field,
        None => fields.push(field),
    }
}

fn is_framework(dotted: &str) -> bool {
    matches!(dotted.split('.').next(), Some("django" | "rest_framework" | "graphene" | "django_filters" | "typing"))
}

/// An abstract model of a well-known package.
fn known_base(dotted: &str) -> bool {
    let brings_none = matches!(dotted.rsplit('.').next(), Some("object" | "Generic" | "Model"));
    !brings_none && builtin::base_fields(dotted).is_some()
}
