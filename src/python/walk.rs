//! Finding things in the IR without recursion, for input may be nested as deep as it likes.

use super::ir::{self, DictItem, Expr, ExprKind, FPart, Stmt, StmtKind};
use crate::model::Span;

/// Every statement of a block, with those inside of others, in no particular order.
pub fn statements(block: &[Stmt]) -> impl Iterator<Item = &Stmt> {
    let mut stack: Vec<&Stmt> = block.iter().rev().collect();
    std::iter::from_fn(move || {
        let stmt = stack.pop()?;
        for inner in blocks(stmt).into_iter().rev() {
            stack.extend(inner.iter().rev());
        }
        Some(stmt)
    })
}

/// The statements that hold, cross or touch a place, with those inside of them: what a search for one place has to look
/// at, however long the file is.
pub fn statements_at(block: &[Stmt], place: Span) -> impl Iterator<Item = &Stmt> {
    let mut stack: Vec<&Stmt> = near(block, place).iter().rev().collect();
    std::iter::from_fn(move || {
        let stmt = stack.pop()?;
        for inner in blocks(stmt).into_iter().rev() {
            stack.extend(near(inner, place).iter().rev());
        }
        Some(stmt)
    })
}

/// Statements of a block stand in the order of the text.
fn near(block: &[Stmt], place: Span) -> &[Stmt] {
    let from = block.partition_point(|stmt| stmt.span.end < place.start);
    let to = block.partition_point(|stmt| stmt.span.start <= place.end);
    block.get(from..to).unwrap_or_default()
}

/// The blocks that stand directly in a statement.
pub fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match &stmt.kind {
        StmtKind::Class(class) => vec![&class.body],
        StmtKind::Function(function) => vec![&function.body],
        StmtKind::If { body, orelse, .. }
        | StmtKind::For { body, orelse, .. }
        | StmtKind::While { body, orelse, .. } => vec![body, orelse],
        StmtKind::With { body, .. } => vec![body],
        StmtKind::Try { body, handlers, orelse, finally } => {
            let mut out: Vec<&[Stmt]> = vec![body];
            out.extend(handlers.iter().map(|handler| handler.body.as_slice()));
            out.extend([orelse.as_slice(), finally.as_slice()]);
            out
        }
        StmtKind::Match { cases, .. } => cases.iter().map(|case| case.body.as_slice()).collect(),
        StmtKind::Unknown(body) => vec![body],
        _ => Vec::new(),
    }
}

/// The expressions that stand directly in a statement, not in its blocks.
pub fn expressions_of(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::Class(class) => class.bases.iter().map(|arg| &arg.value).chain(&class.decorators).collect(),
        StmtKind::Function(function) => {
            let params = function.params.positional.iter().chain(&function.params.keyword_only);
            function.decorators.iter().chain(params.filter_map(|param| param.default.as_ref())).collect()
        }
        StmtKind::Assign { targets, value } => targets.iter().chain([value]).collect(),
        StmtKind::AugAssign { target, value, .. } => vec![target, value],
        StmtKind::AnnAssign { target, value, .. } => [target].into_iter().chain(value).collect(),
        StmtKind::Expr(value) | StmtKind::Return(Some(value)) => vec![value],
        StmtKind::Raise { exception, cause } => exception.iter().chain(cause).collect(),
        StmtKind::Delete(values) => values.iter().collect(),
        StmtKind::Assert { test, message } => [test].into_iter().chain(message).collect(),
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => vec![test],
        StmtKind::For { target, iter, .. } => vec![target, iter],
        StmtKind::With { items, .. } => {
            items.iter().flat_map(|item| [&item.context].into_iter().chain(&item.target)).collect()
        }
        StmtKind::Match { subject, cases } => {
            [subject].into_iter().chain(cases.iter().flat_map(|case| case.values.iter().chain(&case.guard))).collect()
        }
        StmtKind::Try { handlers, .. } => handlers.iter().filter_map(|handler| handler.kind.as_ref()).collect(),
        _ => Vec::new(),
    }
}

/// An expression with all those inside of it.
pub fn expressions(root: &Expr) -> impl Iterator<Item = &Expr> {
    let mut stack = vec![root];
    std::iter::from_fn(move || {
        let expr = stack.pop()?;
        stack.extend(children(expr).into_iter().rev());
        Some(expr)
    })
}

fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Attribute { value, .. }
        | ExprKind::Not(value)
        | ExprKind::Unary { operand: value, .. }
        | ExprKind::Await(value)
        | ExprKind::YieldFrom(value)
        | ExprKind::Starred(value)
        | ExprKind::Named { value, .. }
        | ExprKind::Yield(Some(value)) => vec![value],
        ExprKind::Call(call) => [&call.func].into_iter().chain(call.args.iter().map(|arg| &arg.value)).collect(),
        ExprKind::Subscript { value, index } => vec![value, index],
        ExprKind::Slice { lower, upper, step } => {
            [lower, upper, step].into_iter().filter_map(|part| part.as_deref()).collect()
        }
        ExprKind::FString(parts) => parts
            .iter()
            .filter_map(|part| match part {
                FPart::Value(value) => Some(value),
                FPart::Text(_) => None,
            })
            .collect(),
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) | ExprKind::Unknown(items) => {
            items.iter().collect()
        }
        ExprKind::Dict(items) => items
            .iter()
            .flat_map(|item| match item {
                DictItem::Pair { key, value } => vec![key, value],
                DictItem::Spread(value) => vec![value],
            })
            .collect(),
        ExprKind::Comp(comp) => [&comp.element]
            .into_iter()
            .chain(&comp.value)
            .chain(comp.clauses.iter().flat_map(|c| [&c.target, &c.iter].into_iter().chain(&c.conditions)))
            .collect(),
        ExprKind::Lambda(lambda) => vec![&lambda.body],
        ExprKind::IfExp { test, body, orelse } => vec![test, body, orelse],
        ExprKind::Bool { values, .. } => values.iter().collect(),
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Compare { left, rest } => [&**left].into_iter().chain(rest.iter().map(|(_, e)| e)).collect(),
        _ => Vec::new(),
    }
}

/// The outermost expression with exactly this span.
pub fn expression_at(module: &ir::Module, span: Span) -> Option<&Expr> {
    statements_at(&module.body, span)
        .filter(|stmt| stmt.span.contains(span))
        .flat_map(expressions_of)
        .filter(|expr| expr.span.contains(span))
        .flat_map(expressions)
        .find(|expr| expr.span == span)
}

/// Whether a span stands in the braces of an f-string, where quotes cannot be written freely.
pub fn inside_fstring(module: &ir::Module, span: Span) -> bool {
    statements_at(&module.body, span)
        .filter(|stmt| stmt.span.contains(span))
        .flat_map(expressions_of)
        .filter(|expr| expr.span.contains(span))
        .flat_map(expressions)
        .any(|expr| matches!(expr.kind, ExprKind::FString(_)) && expr.span.contains(span))
}

/// The innermost statement around a place; of one that has blocks, the expression of its head that holds the place.
pub fn unit_around(module: &ir::Module, place: Span) -> Option<Span> {
    let around = statements_at(&module.body, place).filter(|stmt| stmt.span.contains(place));
    let stmt = around.min_by_key(|stmt| stmt.span.end - stmt.span.start)?;
    if blocks(stmt).is_empty() {
        return Some(stmt.span);
    }
    expressions_of(stmt).into_iter().map(|expr| expr.span).find(|span| span.contains(place))
}
