//! What saving and deleting rows does beside the statement: overrides, signal receivers, columns that set themselves.

use smol_str::SmolStr;

use super::{Binding, ClassRef, Project};
use crate::model::{FileId, Site};
use crate::python::ir::{Call, Expr, ExprKind, Handler, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements};
use crate::schema::ModelId;

/// Signals of models that are listened to.
#[derive(Debug, Default)]
pub struct Receivers {
    all: Vec<Receiver>,
}

#[derive(Debug, Clone)]
struct Receiver {
    /// `post_save`
    signal: SmolStr,
    /// None for every model.
    sender: Option<ModelId>,
    site: Site,
}

/// What `update()`, `bulk_create()` and the like leave out for a model.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// `save()` or `delete()` of the model's own.
    pub overridden: Option<Site>,
    /// Receivers of its signals.
    pub receivers: Vec<Site>,
    /// Columns with `auto_now`.
    pub auto_now: Vec<SmolStr>,
    /// The model builds on another one with a table of its own.
    pub inherits: bool,
}

impl Effects {
    /// Nothing but the row is written.
    pub fn is_plain(&self) -> bool {
        self.overridden.is_none() && self.receivers.is_empty()
    }
}

const SIGNALS: [&str; 5] = ["pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"];

impl Receivers {
    pub(super) fn read(project: &Project) -> Self {
        let mut all = Vec::new();
        for function in project.functions() {
            for call in function.function.decorators.iter().filter_map(Expr::as_call) {
                if last(&call.func) == Some("receiver") {
                    let signals = call.positional().next().map(named).unwrap_or_default();
                    add(project, function.file, call, &signals, function.site, &mut all);
                }
            }
        }
        for module in &project.modules {
            for stmt in statements(&module.ir.body) {
                let StmtKind::Expr(expr) = &stmt.kind else { continue };
                let Some(call) = expr.as_call() else { continue };
                if let ExprKind::Attribute { value, attr } = &call.func.kind
                    && attr.name == "connect"
                {
                    add(project, module.id, call, &named(value), Site::new(module.id, stmt.span), &mut all);
                }
            }
        }
        Self { all }
    }
}

fn add(project: &Project, file: FileId, call: &Call, signals: &[SmolStr], site: Site, all: &mut Vec<Receiver>) {
    let sender = match call.keyword("sender").map(|sender| (sender, project.lookup_expr(file, sender))) {
        None => None,
        Some((_, Some(Binding::Model(model)))) => Some(model),
        // `sender="forum.Topic"`, or something that is not known: no claim is made for other models.
        Some((sender, _)) => match sender.as_str().and_then(|label| project.schema.by_label(label)) {
            Some(model) => Some(model),
            None => return,
        },
    };
    for signal in signals.iter().filter(|signal| SIGNALS.contains(&signal.as_str())) {
        all.push(Receiver { signal: signal.clone(), sender, site });
    }
}

pub(super) fn last(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        _ => None,
    }
}

/// `post_save`, `[post_save, post_delete]`
fn named(expr: &Expr) -> Vec<SmolStr> {
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().filter_map(last).map(SmolStr::new).collect(),
        _ => last(expr).map(SmolStr::new).into_iter().collect(),
    }
}

impl Project {
    /// What a receiver listens to: signals, each with its sender; none for every model.
    pub fn heard_by(&self, function: Site) -> impl Iterator<Item = (&str, Option<ModelId>)> {
        let own = self.receivers.all.iter().filter(move |receiver| receiver.site == function);
        own.map(|receiver| (receiver.signal.as_str(), receiver.sender))
    }

    /// What saving a row of the model does beside writing it.
    pub fn save_effects(&self, model: ModelId) -> Effects {
        self.effects(model, "save", &["pre_save", "post_save"])
    }

    /// Whether the model's own `save()` handles what a constraint says: `try: super().save()` with a handler for
    /// `IntegrityError` that raises nothing. `create()` goes through it.
    pub fn save_handles_conflicts(&self, model: ModelId) -> bool {
        let Some(save) = self.model_class(model).and_then(|class| self.method(class, "save")) else { return false };
        statements(&save.function.body).any(|stmt| {
            let StmtKind::Try { body, handlers, .. } = &stmt.kind else { return false };
            let calls = statements(body).flat_map(expressions_of).flat_map(expressions).filter_map(Expr::as_call);
            let saves = calls.filter_map(|call| last(&call.func)).any(|name| name.starts_with("save"));
            saves && handlers.iter().any(|handler| catches_conflicts(handler) && !raises(handler))
        })
    }

    pub fn delete_effects(&self, model: ModelId) -> Effects {
        self.effects(model, "delete", &["pre_delete", "post_delete"])
    }

    fn effects(&self, model: ModelId, method: &str, signals: &[&str]) -> Effects {
        let listens = |receiver: &&Receiver| {
            signals.contains(&receiver.signal.as_str()) && receiver.sender.is_none_or(|sender| sender == model)
        };
        let known = self.schema.get(model);
        Effects {
            overridden: self.model_class(model).and_then(|class| self.method(class, method)).map(|f| f.site),
            receivers: self.receivers.all.iter().filter(listens).map(|receiver| receiver.site).collect(),
            auto_now: known.fields.iter().filter(|field| field.auto_now).map(|field| field.name.clone()).collect(),
            inherits: known.parents.iter().any(|parent| !self.schema.get(*parent).is_abstract) && !known.is_proxy,
        }
    }

    /// Whether a class gives its instances an attribute of their own: `self.name = …`.
    pub fn sets_own(&self, class: ClassRef<'_>, name: &str) -> bool {
        let sets = |target: &Expr| match &target.kind {
            ExprKind::Attribute { value, attr } => {
                attr.name == name && matches!(&value.kind, ExprKind::Name(owner) if owner == "self")
            }
            _ => false,
        };
        statements(&class.class.body).any(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, .. } => targets.iter().any(sets),
            StmtKind::AnnAssign { target, .. } => sets(target),
            _ => false,
        })
    }
}

fn catches_conflicts(handler: &Handler) -> bool {
    let kinds = handler.kind.as_ref().map(named).unwrap_or_else(|| vec!["BaseException".into()]);
    kinds.iter().any(|kind| matches!(kind.as_str(), "IntegrityError" | "DatabaseError" | "Exception" | "BaseException"))
}

fn raises(handler: &Handler) -> bool {
    statements(&handler.body).any(|stmt| matches!(stmt.kind, StmtKind::Raise { .. }))
}
