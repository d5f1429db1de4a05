//! Calls as spans: what is called, and with what.

use crate::model::Span;
use crate::python::ir::{self, Expr, ExprKind, StmtKind};
use crate::python::walk::{expression_at, expressions};

/// A call that stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallAt {
    pub callee: Span,
    /// Between the parentheses.
    pub args: Span,
}

/// The call with exactly this span.
pub fn call_at(module: &ir::Module, span: Span) -> Option<CallAt> {
    of(expression_at(module, span)?)
}

/// The call in `name = call(…)`, by the statement's span.
pub fn assigned_call(module: &ir::Module, statement: Span) -> Option<CallAt> {
    match &super::statement_at(module, statement)?.kind {
        StmtKind::Assign { value, .. } | StmtKind::AnnAssign { value: Some(value), .. } => of(value),
        _ => None,
    }
}

/// The call that a lambda without parameters makes, where calling and evaluating its arguments at once comes to the
/// same: they are names, attributes and constants.
pub fn lambda_call(module: &ir::Module, span: Span) -> Option<CallAt> {
    let ExprKind::Lambda(lambda) = &expression_at(module, span)?.kind else { return None };
    let params = &lambda.params;
    let bare = params.positional.is_empty() && params.varargs.is_none() && params.keyword_only.is_empty();
    let plain = |expr: &Expr| !matches!(expr.kind, ExprKind::Call(_) | ExprKind::Await(_) | ExprKind::Comp(_));
    let call = lambda.body.as_call()?;
    let simple = call.args.iter().all(|arg| expressions(&arg.value).all(plain)) && call.func.dotted().is_some();
    (bare && params.kwargs.is_none() && simple).then_some(())?;
    of(&lambda.body)
}

fn of(expr: &Expr) -> Option<CallAt> {
    let call = expr.as_call()?;
    Some(CallAt { callee: call.func.span, args: call.args_span })
}
