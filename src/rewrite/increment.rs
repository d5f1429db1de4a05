//! `n + step`, and `name = n + step`.

use smol_str::SmolStr;

use crate::model::Span;
use crate::python::ir::{self, BinaryOp, Expr, ExprKind, StmtKind};
use crate::python::walk::{expression_at, statements_at};

/// A sum of what was there and a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Increment {
    pub base: Span,
    pub step: Span,
    /// What the sum is assigned to; empty where it is not.
    pub name: SmolStr,
}

/// The expression at `span` as a sum.
pub fn increment(module: &ir::Module, span: Span) -> Option<Increment> {
    sum(expression_at(module, span)?, SmolStr::default())
}

/// The statement at `span` as `name = base + step`.
pub fn assigned_increment(module: &ir::Module, span: Span) -> Option<Increment> {
    let stmt = statements_at(&module.body, span).find(|stmt| stmt.span == span)?;
    let StmtKind::Assign { targets, value } = &stmt.kind else { return None };
    match targets.as_slice() {
        [Expr { kind: ExprKind::Name(name), .. }] => sum(value, name.clone()),
        _ => None,
    }
}

/// The target of the only statement in a loop at `span`, where that is `target += step`.
pub fn added_to(module: &ir::Module, span: Span) -> Option<Span> {
    let stmt = statements_at(&module.body, span).find(|stmt| stmt.span == span)?;
    let StmtKind::For { body, .. } = &stmt.kind else { return None };
    match body.as_slice() {
        [ir::Stmt { kind: StmtKind::AugAssign { target, op: BinaryOp::Add, .. }, .. }] => Some(target.span),
        _ => None,
    }
}

fn sum(expr: &Expr, name: SmolStr) -> Option<Increment> {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Add, left, right } => {
            Some(Increment { base: left.span, step: right.span, name })
        }
        _ => None,
    }
}
