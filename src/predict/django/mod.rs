//! Django's ORM: what its names are, what each access costs. The only place that names its methods.

mod admin;
mod attributes;
mod compiler;
mod filters;
mod functions;
mod generic;
mod guess;
mod lookups;
mod methods;
mod receivers;
mod refine;
mod relations;
mod render;
mod rows;
mod send;
mod serializer_fields;
mod serializers;
mod template;
mod template_tags;
mod template_values;
mod views;
mod writes;

use rustc_hash::FxHashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use super::Interpreter;
use super::sym::Sym;
use super::value::{ManagerValue, ModelRef, Plan, QsNode, RowShape, Value};
use crate::model::{Orm, Site};
use crate::project::{ClassRef, FunctionRef};
use crate::schema::ModelId;
use crate::trace;

pub(super) use admin::Registry;
pub(super) use generic::Action;
pub(super) use lookups::Lookups;
pub(super) use receivers::Receivers;
pub(super) use serializer_fields::SerializerField;
pub(super) use views::holds_rows;

/// Functions of template libraries by the name of their tag or filter.
pub(super) type Library<'p> = FxHashMap<SmolStr, (template_tags::Registered, FunctionRef<'p>)>;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn model_ref(&self, id: ModelId) -> ModelRef {
        ModelRef { id: Some(id), name: SmolStr::from(self.project.schema.get(id).label()) }
    }

    /// A model that is named from outside of the input: `forum.models.Topic`.
    pub(super) fn external_model(&self, dotted: &str) -> ModelRef {
        let parts: Vec<&str> = dotted.split('.').collect();
        let name = parts.last().copied().unwrap_or_default();
        let app = parts.iter().rposition(|part| *part == "models").and_then(|at| parts.get(at.checked_sub(1)?));
        let label = match app {
            Some(app) if !app.is_empty() => format!("{app}.{name}"),
            _ => name.to_owned(),
        };
        let id = self.project.schema.by_label(&label).or_else(|| self.project.schema.by_name(name));
        match id {
            Some(id) => self.model_ref(id),
            None => ModelRef { id: None, name: SmolStr::from(label) },
        }
    }

    /// `Model.objects`, nothing known of the manager's class.
    pub(super) fn plain_manager(&mut self, model: ModelRef) -> Value<'p> {
        let certain = model.id.is_some();
        let manager = ManagerValue { model, classes: Vec::new(), related: None, opaque: false, certain };
        Value::Manager(Rc::new(manager))
    }

    /// The manager of that name; `None` where the class has no such thing.
    pub(super) fn manager_of(&mut self, model: &ModelRef, name: &str) -> Option<Value<'p>> {
        let plain = ManagerValue {
            model: model.clone(),
            classes: Vec::new(),
            related: None,
            opaque: false,
            certain: model.id.is_some(),
        };
        let Some(id) = model.id else {
            let opaque = name.ends_with("_objects");
            return guess::is_manager(name).then(|| Value::Manager(Rc::new(ManagerValue { opaque, ..plain })));
        };
        let declared = self.project.schema.get(id).managers.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
        let name = match name {
            "_default_manager" | "_base_manager" => declared.first().cloned().unwrap_or_else(|| "objects".into()),
            other => SmolStr::new(other),
        };
        if !declared.contains(&name) {
            return (name == "objects").then(|| Value::Manager(Rc::new(plain)));
        }
        let project: &'p crate::project::Project = self.project;
        let Some((file, expr)) = project.model_class(id).and_then(|class| project.class_attr(class, &name)) else {
            return Some(Value::Manager(Rc::new(plain)));
        };
        match self.global(file, expr) {
            Value::Manager(manager) => {
                Some(Value::Manager(Rc::new(ManagerValue { model: model.clone(), ..(*manager).clone() })))
            }
            _ => {
                // One from elsewhere may be given the class that does the work.
                let (class, queryset) = project.manager_classes(id, &name);
                let classes = class.into_iter().chain(queryset).collect();
                Some(Value::Manager(Rc::new(ManagerValue { classes, opaque: name != "objects", ..plain })))
            }
        }
    }

    /// The classes whose methods a related manager of the model has.
    pub(super) fn default_classes(&mut self, model: &ModelRef) -> Vec<ClassRef<'p>> {
        match self.manager_of(model, "_default_manager") {
            Some(Value::Manager(manager)) => manager.classes.clone(),
            _ => Vec::new(),
        }
    }

    /// A queryset that nothing was refined of yet.
    pub(super) fn new_node(&mut self, model: ModelRef, classes: Vec<ClassRef<'p>>, site: Site, sym: Sym) -> QsNode<'p> {
        let ordering = model.id.map(|id| self.project.schema.get(id).options.ordering.clone()).unwrap_or_default();
        let certain = model.id.is_some();
        let desc = trace::QuerySet {
            orm: Orm::Django,
            model: model.id,
            model_name: model.name.clone(),
            built: Some(site),
            steps: Vec::new(),
            ways: Vec::new(),
            met: 0,
            related_to: None,
            related_by: None,
            filters: Vec::new(),
            default_order: !ordering.is_empty(),
            order: ordering,
            select_related: Vec::new(),
            select_related_all: false,
            prefetch_related: Vec::new(),
            only: None,
            defer: Vec::new(),
            values: None,
            annotations: Vec::new(),
            distinct: false,
            combined: false,
            locked: false,
            locked_of: false,
            streamed: false,
            paged: false,
            slice: None,
            local: self.frames.len() == 1,
            opaque: false,
            loads_more: false,
            listed: None,
        };
        QsNode {
            uid: self.number(),
            born: self.rec.loop_depth(),
            model,
            desc,
            related: None,
            prefetched: false,
            shape: RowShape::Instances,
            prefetches: Vec::new(),
            classes,
            sym,
            certain,
            sure: true,
            plan: Plan::default(),
        }
    }

    /// A queryset that comes from elsewhere: a parameter, `self` of a queryset's method.
    pub(super) fn foreign_queryset(
        &mut self,
        model: ModelRef,
        classes: Vec<ClassRef<'p>>,
        sym: Sym,
        site: Site,
    ) -> Value<'p> {
        let mut node = self.new_node(model, classes, site, sym);
        node.desc.local = false;
        node.desc.opaque = true;
        node.certain = false;
        node.sure = false;
        Value::QuerySet(Rc::new(node))
    }
}
