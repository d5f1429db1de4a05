//! Which functions run in a transaction by what stands around them, and which context managers open one.

use super::effects::last;
use super::{Binding, FunctionRef, Project};
use crate::model::FileId;
use crate::python::ir::{ArgKind, Call, Expr, ExprKind, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements};

/// Methods of a model's admin that its views call inside of a transaction.
const ADMIN: [&str; 7] =
    ["delete_model", "delete_queryset", "save_form", "save_formset", "save_model", "save_related", "changeform_view"];

impl Project {
    /// Whether a function's body runs in a transaction by its decorators, those of its class, or what calls it.
    pub fn is_atomic(&self, function: FunctionRef<'_>) -> bool {
        if function.function.decorators.iter().any(|decorator| self.opens_transaction(function.file, decorator)) {
            return true;
        }
        let Some(class) = function.class else { return false };
        let name = function.function.name.name.as_str();
        if ADMIN.contains(&name) && self.is_subclass(class, &["django.contrib.admin.ModelAdmin"]) {
            return true;
        }
        // `@method_decorator(transaction.atomic, name="dispatch")` on the class.
        class.class.decorators.iter().filter_map(Expr::as_call).any(|call| {
            let of = call.keyword("name").and_then(Expr::as_str);
            let verb = matches!(name, "get" | "post" | "put" | "patch" | "delete" | "form_valid" | "form_invalid");
            is_method_decorator(call) && (of == Some(name) || of == Some("dispatch") && verb)
        })
    }

    /// `with transaction.atomic():`, `@atomic`, `@method_decorator(transaction.atomic)`, and a context manager of the
    /// input that yields inside of one.
    pub fn opens_transaction(&self, file: FileId, context: &Expr) -> bool {
        let named = context.as_call().map_or(context, |call| &call.func);
        last(named).is_some_and(names_atomic)
            || context.as_call().is_some_and(is_method_decorator)
            || matches!(self.lookup_expr(file, named), Some(Binding::Function(made)) if yields_in_transaction(made))
    }
}

/// `@contextmanager` over `with transaction.atomic(): … yield`
fn yields_in_transaction(function: FunctionRef<'_>) -> bool {
    let manages = |decorator: &Expr| last(decorator).is_some_and(|name| name.ends_with("contextmanager"));
    let yields = |expr: &Expr| matches!(expr.kind, ExprKind::Yield(_));
    function.function.is_generator
        && function.function.decorators.iter().any(manages)
        && statements(&function.function.body).any(|stmt| {
            let StmtKind::With { items, body, .. } = &stmt.kind else { return false };
            let named = |expr: &Expr| last(expr.as_call().map_or(expr, |call| &call.func)).is_some_and(names_atomic);
            items.iter().any(|item| named(&item.context))
                && statements(body).flat_map(expressions_of).flat_map(expressions).any(yields)
        })
}

/// `atomic`, and what a project makes of it: `traced_atomic_transaction`, `kc_transaction_atomic`.
pub fn names_atomic(name: &str) -> bool {
    name == "atomic"
        || name.ends_with("_atomic") && !name.ends_with("non_atomic")
        || name.contains("atomic_transaction")
}

fn is_method_decorator(call: &Call) -> bool {
    let is_atomic = |expr: &Expr| last(expr.as_call().map_or(expr, |call| &call.func)).is_some_and(names_atomic);
    last(&call.func) == Some("method_decorator")
        && call.args.iter().any(|arg| match &arg.value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().any(is_atomic),
            _ => arg.kind == ArgKind::Positional && is_atomic(&arg.value),
        })
}
