//! Whose deletions are listened to: Django reads such rows before it deletes them, one by one.

use std::collections::HashSet;
use std::rc::Rc;

use super::super::Interpreter;
use crate::model::FileId;
use crate::project::{Binding, Project};
use crate::python::ir::{ArgKind, Call, Expr, ExprKind, Stmt, StmtKind};
use crate::schema::ModelId;

const SIGNALS: [&str; 2] = ["pre_delete", "post_delete"];
/// Packages whose receivers listen to every model.
const LISTENING: [&str; 1] = ["actstream"];

#[derive(Debug, Default)]
pub struct Receivers {
    all: bool,
    models: HashSet<ModelId>,
}

impl Receivers {
    pub fn listen_to(&self, model: ModelId) -> bool {
        self.all || self.models.contains(&model)
    }

    fn add(&mut self, project: &Project, file: FileId, call: &Call) {
        let sender = call.args.iter().find(|arg| matches!(&arg.kind, ArgKind::Keyword(name) if name.name == "sender"));
        match sender.map(|arg| &arg.value) {
            Some(sender) => self.models.extend(model(project, file, sender)),
            None => self.all = true,
        }
    }

    fn add_decorators(&mut self, project: &Project, file: FileId, decorators: &[Expr]) {
        for call in decorators.iter().filter_map(Expr::as_call) {
            let is_receiver = call.func.dotted().is_some_and(|name| name.rsplit('.').next() == Some("receiver"));
            if is_receiver && call.args.first().is_some_and(|arg| names_signal(&arg.value)) {
                self.add(project, file, call);
            }
        }
    }

    /// `post_delete.connect(receiver, sender=Topic)` among the statements of a block.
    fn add_connected(&mut self, project: &Project, file: FileId, block: &[Stmt]) {
        for stmt in block {
            if let StmtKind::Expr(expr) = &stmt.kind
                && let Some(call) = expr.as_call()
                && let ExprKind::Attribute { value, attr } = &call.func.kind
                && attr.name == "connect"
                && names_signal(value)
            {
                self.add(project, file, call);
            }
        }
    }
}

fn names_signal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().any(names_signal),
        _ => expr.dotted().is_some_and(|name| name.rsplit('.').next().is_some_and(|last| SIGNALS.contains(&last))),
    }
}

fn model(project: &Project, file: FileId, sender: &Expr) -> Option<ModelId> {
    if let Some(label) = sender.as_str() {
        return project.schema.by_label(label);
    }
    let named = match sender.as_call() {
        Some(call) => call.func.dotted(),
        None => sender.dotted(),
    }?;
    if matches!(named.rsplit('.').next(), Some("get_user_model" | "AUTH_USER_MODEL")) {
        return project.user_model();
    }
    match project.lookup_dotted(file, &named)? {
        Binding::Model(id) => Some(id),
        Binding::Class(class) => project.model_of_class(class),
        _ => None,
    }
}

fn read(project: &Project) -> Receivers {
    let mut out = Receivers::default();
    let named = |app: &str| LISTENING.iter().any(|package| app.split('.').next() == Some(package));
    out.all = project.settings.installed_apps.iter().any(|app| named(app));
    for function in project.functions() {
        out.add_decorators(project, function.file, &function.function.decorators);
        out.add_connected(project, function.file, &function.function.body);
    }
    for module in &project.modules {
        out.add_connected(project, module.id, &module.ir.body);
    }
    out
}

impl<'p> Interpreter<'p, '_> {
    pub(super) fn delete_receivers(&mut self) -> Rc<Receivers> {
        let project: &'p Project = self.project;
        self.shared.delete_receivers.get_or_insert_with(|| Rc::new(read(project))).clone()
    }
}
