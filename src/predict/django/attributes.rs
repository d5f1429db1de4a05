//! `object.name`.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{ManagerValue, ModelRef, QsNode, RowOrigin, RowValue, Value};
use super::guess;
use crate::model::{FileId, Site};
use crate::project::{Binding, ClassRef, FunctionRef};
use crate::python::ir::{Expr, ExprKind, StmtKind};
use crate::trace::CacheBackend;

/// How the name of the model that joins the two of a many-to-many relation ends: `Topic.tags.through`.
pub(super) const THROUGH: &str = ".through";

const REQUESTS: [&str; 2] = ["django.http.HttpRequest", "rest_framework.request.Request"];

impl<'p> Interpreter<'p, '_> {
    pub(in super::super) fn attribute(&mut self, object: Value<'p>, name: &SmolStr, site: Site) -> Value<'p> {
        match &object {
            Value::Row(row) if name == "__class__" => Value::Model(row.model.clone()),
            Value::Row(row) => self.row_attribute(&row.clone(), name, site),
            Value::MaybeRelation(row, field, at) => self.maybe_attribute(&row.clone(), &field.clone(), *at, name, site),
            Value::Model(model) => self.model_attribute(&model.clone(), name, site),
            Value::Manager(manager) => {
                if name == "model" {
                    return Value::Model(manager.model.clone());
                }
                let classes = manager.classes.clone();
                self.method_of(object, &classes, name, site)
            }
            Value::QuerySet(node) => {
                match name.as_str() {
                    "model" => return Value::Model(node.model.clone()),
                    // A page of a paginator is the queryset of its rows.
                    "object_list" => return object,
                    "has_next" | "has_previous" | "has_other_pages" | "number" | "paginator" | "query" | "db" => {
                        return Value::Scalar(node.sym.attr(name));
                    }
                    _ => {}
                }
                let classes = node.classes.clone();
                self.method_of(object, &classes, name, site)
            }
            Value::Object(instance) => {
                if let Some(value) = self.flow.attr(&instance.sym, name) {
                    return value.clone();
                }
                let class = instance.class;
                self.object_attribute(&object, class, name, site)
            }
            Value::Class(class) => self.class_attribute(&object, *class, name, site),
            Value::Super(receiver, class) => {
                let own = match &**receiver {
                    Value::Object(instance) => Some(instance.class),
                    Value::Row(row) => row.model.id.and_then(|id| self.project.model_class(id)),
                    _ => None,
                };
                match self.project.super_method(own.unwrap_or(*class), *class, name) {
                    Some(function) => Value::Bound(receiver.clone(), function),
                    None => Value::Method(receiver.clone(), name.clone(), site),
                }
            }
            Value::Module(file) => {
                let project: &'p crate::project::Project = self.project;
                match project.member(*file, name) {
                    Some(binding) => self.bound_value(binding),
                    None => Value::Unknown(object.sym().attr(name)),
                }
            }
            Value::External(dotted) => {
                if guess::is_manager(name) && is_class_name(dotted) {
                    let model = self.external_model(dotted);
                    return self.named_manager(model, name);
                }
                self.external(SmolStr::from(format!("{dotted}.{name}")))
            }
            Value::Instance(class, sym) => self.instance_attribute(class.clone(), sym.clone(), name, site),
            Value::Unknown(sym) => {
                if let Some(value) = self.flow.attr(sym, name) {
                    return value.clone();
                }
                if guess::is_manager(name) {
                    if let Some(relation) = sym.text.strip_suffix(THROUGH) {
                        let relation = relation.rsplit('.').next().unwrap_or_default();
                        return self.plain_manager(ModelRef { id: None, name: format!("{relation}{THROUGH}").into() });
                    }
                    if is_class_name(&sym.text) {
                        let model = self.external_model(&sym.text);
                        return self.named_manager(model, name);
                    }
                }
                // What a cache gave is changed in place.
                let cached = sym.marks.iter().any(|mark| self.rec.reads.contains_key(mark));
                match name.as_str() {
                    "cache" | "redis" | "redis_client" => Value::Cache(CacheBackend::Other, sym.attr(name)),
                    // `apps` of a migration.
                    "get_model" => Value::Method(Rc::new(object), name.clone(), site),
                    "append" | "add" | "extend" | "insert" | "update" | "remove" | "pop" | "clear" if cached => {
                        Value::Method(Rc::new(object), name.clone(), site)
                    }
                    _ => Value::Unknown(sym.attr(name)),
                }
            }
            Value::Expression(_) if matches!(name.as_str(), "asc" | "desc") => {
                Value::Method(Rc::new(object), name.clone(), site)
            }
            Value::Cache(..) | Value::Seq(_) | Value::Dict(_) | Value::Const(_) | Value::Scalar(_) => {
                Value::Method(Rc::new(object), name.clone(), site)
            }
            _ => Value::Unknown(object.sym().attr(name)),
        }
    }

    /// A manager of a model that is named in another file: the model's own where that is in the input after all.
    fn named_manager(&mut self, model: ModelRef, name: &str) -> Value<'p> {
        let own = self.manager_of(&model, name);
        own.unwrap_or_else(|| self.plain_manager(model))
    }

    fn method_of(&mut self, object: Value<'p>, classes: &[ClassRef<'p>], name: &SmolStr, site: Site) -> Value<'p> {
        let project: &'p crate::project::Project = self.project;
        for class in classes {
            if let Some(function) = project.method(*class, name) {
                return self.bind_method(object, function, site);
            }
        }
        Value::Method(Rc::new(object), name.clone(), site)
    }

    /// A method, or what a property gives.
    pub(super) fn bind_method(&mut self, object: Value<'p>, function: FunctionRef<'p>, site: Site) -> Value<'p> {
        if function.has_decorator("cached_property") {
            let sym = object.sym();
            if let Some(value) = self.flow.attr(&sym, &function.function.name.name) {
                return value.clone();
            }
            // Of an object that stays the same, the first turn pays for all.
            let depth = self.rec.depth_of(&sym);
            let value =
                self.kept_call(depth == 0, |this| this.call_function(function, Some(object), Default::default(), site));
            // So does a queryset that it gives: each turn reads the same one.
            let value = match value {
                Value::QuerySet(node) if node.born > depth => {
                    Value::QuerySet(Rc::new(QsNode { born: depth, ..(*node).clone() }))
                }
                other => other,
            };
            self.flow.set_attr(&sym, &function.function.name.name, value.clone());
            return value;
        }
        if function.has_decorator("property") {
            return self.call_function(function, Some(object), Default::default(), site);
        }
        Value::Bound(Rc::new(object), function)
    }

    fn model_attribute(&mut self, model: &ModelRef, name: &SmolStr, site: Site) -> Value<'p> {
        if let Some(manager) = self.manager_of(model, name) {
            return manager;
        }
        // A base that is not in the input may bring managers.
        let is_partial = model.id.is_some_and(|id| self.project.schema.get(id).is_partial);
        if is_partial && name.ends_with("_objects") {
            return self.plain_manager(model.clone());
        }
        if matches!(name.as_str(), "DoesNotExist" | "MultipleObjectsReturned") {
            return Value::External("django.core.exceptions.ObjectDoesNotExist".into());
        }
        let object = Value::Model(model.clone());
        match model.id.and_then(|id| self.project.model_class(id)) {
            Some(class) => match self.class_attribute(&object, class, name, site) {
                // One that a function of the input made: whose it is, it learns here.
                Value::Manager(manager) if manager.model.name.is_empty() => {
                    Value::Manager(Rc::new(ManagerValue { model: model.clone(), opaque: true, ..(*manager).clone() }))
                }
                other => other,
            },
            None => Value::Unknown(object.sym().attr(name)),
        }
    }

    fn class_attribute(&mut self, object: &Value<'p>, class: ClassRef<'p>, name: &SmolStr, site: Site) -> Value<'p> {
        let project: &'p crate::project::Project = self.project;
        match project.class_member(class, name) {
            Some(Binding::Function(function)) => {
                if function.has_decorator("staticmethod") || !function.has_decorator("classmethod") {
                    // Called on the class, a method takes its receiver as an argument.
                    return self.bound_value(Binding::Function(function));
                }
                Value::Bound(Rc::new(object.clone()), function)
            }
            Some(binding) => self.bound_value(binding),
            None => Value::Method(Rc::new(object.clone()), name.clone(), site),
        }
    }

    fn object_attribute(&mut self, object: &Value<'p>, class: ClassRef<'p>, name: &SmolStr, site: Site) -> Value<'p> {
        let project: &'p crate::project::Project = self.project;
        match project.class_member(class, name) {
            Some(Binding::Function(function)) => return self.bind_method(object.clone(), function, site),
            // A constant of the class may be another one on the instance; what it is made of stays.
            Some(Binding::Value(value)) => return self.class_value(value.file, value.expr),
            Some(binding) => return self.bound_value(binding),
            None => {}
        }
        match name.as_str() {
            "request" => Value::Instance("django.http.HttpRequest".into(), object.sym().attr(name)),
            "cache" | "redis" | "redis_client" => Value::Cache(CacheBackend::Other, object.sym().attr(name)),
            "data" if self.is_serializer(class) => match object {
                Value::Object(serializer) => self.serializer_data(&serializer.clone(), site),
                _ => Value::Unknown(object.sym().attr(name)),
            },
            _ if self.is_view(class) && super::views::has_builtin(name) => {
                Value::Method(Rc::new(object.clone()), name.clone(), site)
            }
            _ => {
                if let Some(value) = self.initial_attribute(class, name) {
                    return value;
                }
                let anything = Value::Unknown(object.sym().attr(name));
                match self.attribute_annotation(class, name) {
                    Some((file, annotation)) => self.within(file, |this| this.annotated(annotation, anything)),
                    None if name == "user" && self.project.is_subclass(class, &REQUESTS) => {
                        self.request_user(object.sym().attr(name))
                    }
                    None => anything,
                }
            }
        }
    }

    /// A class-level queryset is a recipe: each use is another one.
    fn class_value(&mut self, file: crate::model::FileId, expr: &'p crate::python::ir::Expr) -> Value<'p> {
        match self.global(file, expr) {
            Value::QuerySet(node) => {
                let mut node = (*node).clone();
                node.uid = self.number();
                node.born = self.rec.loop_depth();
                Value::QuerySet(Rc::new(node))
            }
            other => other,
        }
    }

    /// What the class or its `__init__` says of an attribute's type: `topic: Topic`, `self.topic = topic` of a parameter
    /// with an annotation. With the file that it stands in.
    fn attribute_annotation(&self, class: ClassRef<'p>, name: &str) -> Option<(FileId, &'p Expr)> {
        let project: &'p crate::project::Project = self.project;
        let own = project.lineage(class).find_map(|class| {
            let annotation = class.class.body.iter().find_map(|stmt| match &stmt.kind {
                StmtKind::AnnAssign { target, annotation, .. } => {
                    matches!(&target.kind, ExprKind::Name(own) if own == name).then_some(annotation)
                }
                _ => None,
            })?;
            Some((class.file, annotation))
        });
        own.or_else(|| {
            let init = project.method(class, "__init__")?;
            let params = &init.function.params;
            let annotation = init.function.body.iter().find_map(|stmt| match &stmt.kind {
                StmtKind::AnnAssign { target, annotation, .. } if is_self_attribute(target, name) => Some(annotation),
                StmtKind::Assign { targets, value } if targets.iter().any(|t| is_self_attribute(t, name)) => {
                    let ExprKind::Name(given) = &value.kind else { return None };
                    let all = params.positional.iter().chain(&params.keyword_only);
                    all.into_iter().find(|param| param.name.name == *given)?.annotation.as_ref()
                }
                _ => None,
            })?;
            Some((init.file, annotation))
        })
    }

    /// What `__init__` sets an attribute to, where that is a cache, a class or a module-level thing.
    fn initial_attribute(&mut self, class: ClassRef<'p>, name: &SmolStr) -> Option<Value<'p>> {
        let project: &'p crate::project::Project = self.project;
        let init = project.method(class, "__init__")?;
        let value = init.function.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, value } => targets.iter().any(|t| is_self_attribute(t, name)).then_some(value),
            StmtKind::AnnAssign { target, value, .. } if is_self_attribute(target, name) => value.as_ref(),
            _ => None,
        })?;
        match &value.kind {
            ExprKind::Name(_) | ExprKind::Call(_) | ExprKind::Attribute { .. } => match self.global(init.file, value) {
                Value::Unknown(_) | Value::Scalar(_) => None,
                known => Some(known),
            },
            _ => None,
        }
    }

    fn instance_attribute(&mut self, class: SmolStr, sym: Sym, name: &SmolStr, site: Site) -> Value<'p> {
        if let Some(value) = self.flow.attr(&sym, name) {
            return value.clone();
        }
        if class == super::views::PAGINATOR {
            return Value::Method(Rc::new(Value::Instance(class, sym)), name.clone(), site);
        }
        if class.ends_with("Request") && name == "user" {
            return self.request_user(sym.attr(name));
        }
        Value::Unknown(sym.attr(name))
    }

    fn request_user(&mut self, sym: Sym) -> Value<'p> {
        let model = match self.project.user_model() {
            Some(id) => self.model_ref(id),
            None => ModelRef { id: None, name: "auth.User".into() },
        };
        let certain = model.id.is_some();
        let path = Vec::new();
        Value::Row(Rc::new(RowValue {
            model,
            queryset: None,
            path,
            sym,
            origin: RowOrigin::Read,
            certain,
            sure: false,
        }))
    }

    /// The attribute of an attribute of a row whose model is not in the input.
    fn maybe_attribute(
        &mut self,
        row: &Rc<RowValue<'p>>,
        field: &SmolStr,
        at: Site,
        name: &SmolStr,
        site: Site,
    ) -> Value<'p> {
        let sym = row.sym.attr(field);
        if guess::is_manager_method(name) {
            return Value::Method(Rc::new(Value::MaybeRelation(row.clone(), field.clone(), at)), name.clone(), site);
        }
        if row.queryset.is_none() {
            return Value::Unknown(sym.attr(name));
        }
        if !guess::is_relation(field, name) {
            return Value::Scalar(sym.attr(name));
        }
        let related = self.forward_unknown(row, field, at);
        self.attribute(related, name, site)
    }
}

fn is_self_attribute(target: &crate::python::ir::Expr, name: &str) -> bool {
    match &target.kind {
        ExprKind::Attribute { value, attr } => {
            attr.name == name && matches!(&value.kind, ExprKind::Name(owner) if owner == "self")
        }
        _ => false,
    }
}

/// `Topic`, `forum.models.Topic`: the last part starts with a capital and is not a constant.
pub fn is_class_name(dotted: &str) -> bool {
    let last = dotted.rsplit('.').next().unwrap_or_default();
    last.chars().next().is_some_and(char::is_uppercase) && last.chars().any(char::is_lowercase)
}
