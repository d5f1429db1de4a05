//! Functions and classes of Django (and of DRF and Celery) that take or give querysets and rows.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::flow::Fact;
use super::super::value::{Args, QsNode, Seq, Value};
use crate::model::{Kind, Site};
use crate::trace::{Cause, Usage};

impl<'p> Interpreter<'p, '_> {
    /// `None` where the function is not one of these.
    pub(in super::super) fn call_django_function(
        &mut self,
        name: &SmolStr,
        args: &Args<'p>,
        site: Site,
    ) -> Option<Value<'p>> {
        let last = name.rsplit('.').next().unwrap_or_default();
        if let Some(response) = self.call_render(name, args, site) {
            return Some(response);
        }
        let attaches = last == "prefetch_related_objects";
        if !attaches && (name.starts_with("django.db.models") || name.starts_with("django.contrib.postgres.aggregates"))
        {
            return self.call_models_function(last, args, site);
        }
        Some(match name.as_str() {
            "django.db.models.prefetch_related_objects" | "django.db.models.query.prefetch_related_objects" => {
                self.prefetch_objects(args, site);
                Value::none()
            }
            "django.db.transaction.atomic" => Value::Atomic,
            "django.db.transaction.on_commit" => self.on_commit(args, site),
            "django.shortcuts.get_object_or_404" | "django.shortcuts.aget_object_or_404" => {
                let node = self.queryset_of(args, site)?;
                let rest = without_first(args);
                let node = self.chain(&node, "filter", &rest, site, None)?;
                let outer = self.rec.unblocked(last == "aget_object_or_404");
                self.send_select(&node, Kind::Select, Cause::Method("get".into()), Usage::Value, site);
                self.rec.blocking = outer;
                self.single_row(&node)
            }
            "django.shortcuts.get_list_or_404" => {
                let node = self.queryset_of(args, site)?;
                let rest = without_first(args);
                let node = self.chain(&node, "filter", &rest, site, None)?;
                let turning = self.iterate(&Value::QuerySet(node.clone()), site);
                let (element, driver) = (Some(turning.element), turning.driver);
                Value::Seq(Rc::new(Seq { items: None, element, driver, sym: node.sym.clone() }))
            }
            "django.contrib.auth.get_user_model" => match self.project.user_model() {
                Some(id) => Value::Model(self.model_ref(id)),
                None => Value::External("django.contrib.auth.models.User".into()),
            },
            "django.db.models.manager.BaseManager.from_queryset" => return None,
            // Django's, and those of libraries that let a project have models of its own.
            _ if last == "get_model" => return self.model_by_label(args).map(Value::Model),
            _ => return None,
        })
    }

    /// Prefetches for rows that were read already.
    fn prefetch_objects(&mut self, args: &Args<'p>, site: Site) {
        let rows = args.positional.first().map(|arg| self.iterate(&arg.value, arg.value_site).element);
        let Some(Value::Row(row)) = rows else { return self.rec.exact = false };
        let Some(node) = row.queryset.clone().filter(|_| row.path.is_empty()) else { return self.rec.exact = false };
        let mut loads = (*node).clone();
        loads.desc.prefetch_related.clear();
        loads.prefetches.clear();
        loads.born = self.rec.loop_depth();
        loads.desc.loads_more = false;
        self.add_prefetches(&mut loads, &without_first(args), false);
        if loads.desc.loads_more {
            self.flow.learn(Fact::Attached(node.uid, super::relations::ANY.into()));
        }
        for lookup in &loads.desc.prefetch_related {
            let names: Vec<&str> = lookup.split("__").collect();
            for end in 1..=names.len() {
                self.flow.learn(Fact::Attached(node.uid, names[..end].join("__").into()));
            }
        }
        self.send_prefetches(&Rc::new(loads), site);
    }

    fn call_models_function(&mut self, name: &str, args: &Args<'p>, site: Site) -> Option<Value<'p>> {
        Some(match name {
            "Q" => self.q_value(args),
            "Prefetch" => self.prefetch_value(args),
            "Manager" => self.manager_class(Vec::new()),
            "from_queryset" => match args.positional.first().map(|a| &a.value) {
                Some(Value::Class(class)) => self.manager_class(vec![*class]),
                _ => self.manager_class(Vec::new()),
            },
            _ if name.chars().next().is_some_and(char::is_uppercase) => self.expression_value(name, args, site),
            _ => return None,
        })
    }

    /// The first argument as a queryset: a model, a manager, or one already.
    fn queryset_of(&mut self, args: &Args<'p>, site: Site) -> Option<Rc<QsNode<'p>>> {
        let first = args.positional.first()?.value.clone();
        match first {
            Value::QuerySet(node) => Some(node),
            Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
            Value::Model(model) => match self.manager_of(&model, "_default_manager")? {
                Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
                _ => None,
            },
            Value::External(name) if super::attributes::is_class_name(&name) => {
                let model = self.external_model(&name);
                match self.plain_manager(model) {
                    Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
                    _ => None,
                }
            }
            Value::Unknown(sym) if super::attributes::is_class_name(&sym.text) => {
                let model = self.external_model(&sym.text);
                match self.plain_manager(model) {
                    Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn without_first<'p>(args: &Args<'p>) -> Args<'p> {
    let mut rest = args.clone();
    if !rest.positional.is_empty() {
        rest.positional.remove(0);
    }
    rest
}
