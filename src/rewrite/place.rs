//! Where a piece of code stands: in which function, under which branches.

use crate::model::Span;
use crate::python::ir::{self, ExprKind, Stmt, StmtKind};
use crate::python::walk::{blocks, expressions, expressions_of, statements_at};

/// The whole function or class whose name is written at `name`.
pub fn function_at(module: &ir::Module, name: Span) -> Option<Span> {
    statements_at(&module.body, name).find_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) if function.name.span == name => Some(stmt.span),
        StmtKind::Class(class) if class.name.span == name => Some(stmt.span),
        _ => None,
    })
}

/// Whether a name is that of a class where it is defined.
pub fn is_class_at(module: &ir::Module, name: Span) -> bool {
    statements_at(&module.body, name)
        .any(|stmt| matches!(&stmt.kind, StmtKind::Class(class) if class.name.span == name))
}

/// Whether `second` is the statement right behind `first`, in one block.
pub fn follow_each_other(module: &ir::Module, first: Span, second: Span) -> bool {
    let (way, other) = (way_to(module, first), way_to(module, second));
    if way != other {
        return false;
    }
    let between = |stmt: &Stmt| first.end <= stmt.span.start && stmt.span.end <= second.start;
    first.end <= second.start && !statements_at(&module.body, first.to(second)).any(between)
}

/// What comes after a statement in the function around it.
pub fn rest_of_function(module: &ir::Module, after: Span) -> Option<Span> {
    let around = statements_at(&module.body, after).filter(|stmt| stmt.span.contains(after));
    let functions = around.filter(|stmt| matches!(stmt.kind, StmtKind::Function(_)));
    let innermost = functions.min_by_key(|stmt| stmt.span.end - stmt.span.start)?;
    Some(Span { start: after.end, end: innermost.span.end })
}

/// The blocks around a place, outermost first, as (start of the statement, which of its blocks).
fn way_to(module: &ir::Module, place: Span) -> Vec<(u32, usize)> {
    let mut way = Vec::new();
    let mut block: &[Stmt] = &module.body;
    while let Some(stmt) = block.iter().find(|stmt| stmt.span.contains(place)) {
        let inner = blocks(stmt).into_iter().enumerate().find(|(_, b)| b.iter().any(|s| s.span.contains(place)));
        let Some((arm, next)) = inner else { break };
        way.push((stmt.span.start, arm));
        block = next;
    }
    way
}

/// The tests of the `if` statements that a place stands in, outermost first, and whether they hold there.
pub fn tests_around(module: &ir::Module, place: Span) -> Vec<(Span, bool)> {
    let around = statements_at(&module.body, place).filter(|stmt| stmt.span.contains(place));
    let tests = around.filter_map(|stmt| {
        let StmtKind::If { test, body, orelse } = &stmt.kind else { return None };
        let within = |block: &[Stmt]| block.iter().any(|stmt| stmt.span.contains(place));
        let holds = within(body);
        (holds || within(orelse)).then_some((test.span, holds))
    });
    tests.collect()
}

/// Whether every way to `later` leads through `earlier`, as far as blocks can say: nothing that may be skipped stands
/// around `earlier` alone.
pub fn dominates(module: &ir::Module, earlier: Span, later: Span) -> bool {
    let (first, second) = (way_to(module, earlier), way_to(module, later));
    first.len() <= second.len() && first == second[..first.len()]
}

/// Whether a statement evaluates what stands at `place` once at most, and first: no test of a `while` or an `elif`, no
/// part of a comprehension or a lambda.
pub fn runs_once(module: &ir::Module, statement: Span, place: Span) -> bool {
    let Some(stmt) = statements_at(&module.body, statement).find(|stmt| stmt.span == statement) else { return false };
    if matches!(stmt.kind, StmtKind::While { .. } | StmtKind::Function(_) | StmtKind::Class(_)) {
        return false;
    }
    // An `elif` is an `If` alone in the other's `orelse`: lines cannot be put before it.
    let is_elif = statements_at(&module.body, statement).any(|outer| match &outer.kind {
        StmtKind::If { orelse, .. } => {
            matches!(orelse.as_slice(), [only] if only.span == statement && matches!(only.kind, StmtKind::If { .. }))
        }
        _ => false,
    });
    let repeated = expressions_of(stmt)
        .into_iter()
        .flat_map(expressions)
        .any(|expr| matches!(expr.kind, ExprKind::Comp(_) | ExprKind::Lambda(_)) && expr.span.contains(place));
    !is_elif && !repeated
}
