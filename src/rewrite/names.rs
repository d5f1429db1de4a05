//! Which names a stretch of code binds or reads.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::Span;
use crate::python::ir::{self, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements_at};

/// Names that statements starting within `span` bind: a value computed before it may differ after it.
pub fn bound_between(module: &ir::Module, span: Span) -> BTreeSet<SmolStr> {
    let mut out = BTreeSet::new();
    for stmt in
        statements_at(&module.body, span).filter(|stmt| span.start <= stmt.span.start && stmt.span.start < span.end)
    {
        bound_by(stmt, &mut out);
    }
    out
}

fn bound_by(stmt: &Stmt, out: &mut BTreeSet<SmolStr>) {
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().for_each(|target| bind(target, out)),
        StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } | StmtKind::For { target, .. } => {
            bind(target, out);
        }
        StmtKind::With { items, .. } => items.iter().filter_map(|i| i.target.as_ref()).for_each(|t| bind(t, out)),
        StmtKind::Delete(targets) => targets.iter().for_each(|target| bind(target, out)),
        StmtKind::Function(function) => out.extend([function.name.name.clone()]),
        StmtKind::Class(class) => out.extend([class.name.name.clone()]),
        StmtKind::Import(names) | StmtKind::ImportFrom { names, .. } => {
            out.extend(names.iter().map(|alias| alias.asname.as_ref().map_or(alias.name.clone(), |n| n.name.clone())));
        }
        StmtKind::Try { handlers, .. } => {
            out.extend(handlers.iter().filter_map(|handler| handler.name.as_ref()).map(|name| name.name.clone()));
        }
        StmtKind::Match { cases, .. } => {
            out.extend(cases.iter().flat_map(|case| &case.binds).map(|name| name.name.clone()));
        }
        _ => {}
    }
    for expr in expressions_of(stmt).into_iter().flat_map(expressions) {
        if let ExprKind::Named { target, .. } = &expr.kind {
            out.insert(target.name.clone());
        }
    }
}

/// The first name of each target: `a.b = …` and `a[0] = …` change `a`.
fn bind(target: &Expr, out: &mut BTreeSet<SmolStr>) {
    let mut stack = vec![target];
    while let Some(target) = stack.pop() {
        match &target.kind {
            ExprKind::Name(name) => out.extend([name.clone()]),
            ExprKind::Tuple(items) | ExprKind::List(items) => stack.extend(items),
            ExprKind::Starred(value) | ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => {
                stack.push(value);
            }
            _ => {}
        }
    }
}

/// The name in `name = value`, where the statement is nothing else.
pub fn assigned_name(module: &ir::Module, statement: Span, value: Span) -> Option<SmolStr> {
    let found = statements_at(&module.body, statement).find(|stmt| stmt.span == statement)?;
    let target = match &found.kind {
        StmtKind::Assign { targets, value: assigned } if assigned.span == value => match targets.as_slice() {
            [target] => target,
            _ => return None,
        },
        StmtKind::AnnAssign { target, value: Some(assigned), .. } if assigned.span == value => target,
        _ => return None,
    };
    match &target.kind {
        ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    }
}

/// Whether a variable of the function around `at` is given more than one value there, or one of two: what holds of one
/// need not hold of the other.
pub fn has_other_values(module: &ir::Module, at: Span, name: &str) -> bool {
    let around = statements_at(&module.body, at).filter(|stmt| stmt.span.contains(at));
    let functions = around.filter(|stmt| matches!(stmt.kind, StmtKind::Function(_)));
    let Some(function) = functions.min_by_key(|stmt| stmt.span.end - stmt.span.start) else { return true };
    let mut given = 0;
    for stmt in
        statements_at(&module.body, function.span).filter(|stmt| function.span.contains(stmt.span) && *stmt != function)
    {
        let mut bound = BTreeSet::new();
        bound_by(stmt, &mut bound);
        if !bound.contains(name) {
            continue;
        }
        given += 1;
        let one_of_two = |value: &Expr| matches!(value.kind, ExprKind::IfExp { .. } | ExprKind::Bool { .. });
        if let StmtKind::Assign { value, .. } | StmtKind::AnnAssign { value: Some(value), .. } = &stmt.kind
            && one_of_two(value)
        {
            return true;
        }
    }
    given > 1
}

/// Whether the function around `at` says that a name is the module's: `global name`.
pub fn is_global(module: &ir::Module, at: Span, name: &str) -> bool {
    let around = statements_at(&module.body, at).filter(|stmt| stmt.span.contains(at));
    around.filter(|stmt| matches!(stmt.kind, StmtKind::Function(_))).any(|function| {
        let inside = statements_at(&module.body, function.span);
        inside.filter(|stmt| function.span.contains(stmt.span)).any(|stmt| match &stmt.kind {
            StmtKind::Global(names) => names.iter().any(|own| own.name == name),
            _ => false,
        })
    })
}

/// Whether a variable of the function around `at` is given a call of this name there: `row = Model(…)`.
pub fn is_made_by(module: &ir::Module, at: Span, name: &str, callee: &str) -> bool {
    let around = statements_at(&module.body, at).filter(|stmt| stmt.span.contains(at));
    let functions = around.filter(|stmt| matches!(stmt.kind, StmtKind::Function(_)));
    let Some(function) = functions.min_by_key(|stmt| stmt.span.end - stmt.span.start) else { return false };
    let is_name = |expr: &Expr, name: &str| matches!(&expr.kind, ExprKind::Name(own) if own == name);
    let calls = |value: &Expr| {
        expressions(value).filter_map(Expr::as_call).any(|call| match &call.func.kind {
            ExprKind::Attribute { attr, .. } => attr.name == callee,
            _ => is_name(&call.func, callee),
        })
    };
    statements_at(&module.body, function.span).filter(|stmt| function.span.contains(stmt.span)).any(|stmt| {
        matches!(&stmt.kind, StmtKind::Assign { targets, value }
            if targets.iter().any(|target| is_name(target, name)) && calls(value))
    })
}

/// Names that the expressions within `span` read.
pub fn read_in(module: &ir::Module, span: Span) -> BTreeSet<SmolStr> {
    let around = statements_at(&module.body, span).filter(|s| s.span.start <= span.end && span.start <= s.span.end);
    around
        .flat_map(expressions_of)
        .flat_map(expressions)
        .filter(|expr| span.contains(expr.span))
        .filter_map(|expr| match &expr.kind {
            ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// Whether a name occurs anywhere in a text as a whole word.
pub fn is_used(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}
