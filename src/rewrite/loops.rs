//! A `for` statement as spans, and what becomes of a call in it: for rewrites that take a statement out of a loop.

use smol_str::SmolStr;

use crate::model::Span;
use crate::python::ir::{self, ArgKind, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements, statements_at};

#[derive(Debug, Clone, PartialEq)]
pub struct ForLoop {
    /// From `for` to the end of the body: without a comment behind it.
    pub whole: Span,
    pub target: Span,
    /// Where the target is one name.
    pub name: Option<SmolStr>,
    pub iter: Span,
    /// Statements of the body.
    pub body: Vec<Span>,
    /// `for x in xs: …` alone: not `async`, without `else`.
    pub plain: bool,
    /// A way out of the function, or of the loop's function for a while, stands in the body: `return`, `yield`.
    pub leaves: bool,
}

/// The `for` statement with exactly this span.
pub fn for_loop(module: &ir::Module, span: Span) -> Option<ForLoop> {
    let found = statements_at(&module.body, span).find(|stmt| stmt.span == span)?;
    let StmtKind::For { is_async, target, iter, body, orelse } = &found.kind else { return None };
    let name = match &target.kind {
        ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    };
    let yields = |expr: &Expr| matches!(expr.kind, ExprKind::Yield(_) | ExprKind::YieldFrom(_));
    let leaves = statements(body).any(|stmt| {
        matches!(stmt.kind, StmtKind::Return(_)) || expressions_of(stmt).into_iter().flat_map(expressions).any(yields)
    });
    Some(ForLoop {
        whole: Span { start: span.start, end: body.last()?.span.end },
        target: target.span,
        name,
        iter: iter.span,
        body: body.iter().map(|stmt| stmt.span).collect(),
        plain: !is_async && orelse.is_empty(),
        leaves,
    })
}

/// What the code does with what a call gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseOfCall {
    /// Nothing: it is a statement of its own, perhaps behind an `await`.
    Unused,
    /// `name = call(…)`, or the first of two names.
    Bound(SmolStr),
    /// It is put into a list: `rows.append(call(…))`, the element of a comprehension.
    Collected,
    /// `return call(…)`
    Returned,
    Other,
}

/// What becomes of the value of the call with this span.
pub fn use_of_call(module: &ir::Module, call: Span) -> UseOfCall {
    let around = statements_at(&module.body, call).filter(|stmt| stmt.span.contains(call));
    let Some(stmt) = around.min_by_key(|stmt| stmt.span.end - stmt.span.start) else { return UseOfCall::Other };
    let is_call = |expr: &Expr| match &expr.kind {
        ExprKind::Await(inner) => inner.span == call,
        _ => expr.span == call,
    };
    match &stmt.kind {
        StmtKind::Expr(expr) if is_call(expr) => UseOfCall::Unused,
        StmtKind::Assign { targets, value } if is_call(value) => match targets.as_slice() {
            [target] => first_name(target).map_or(UseOfCall::Other, UseOfCall::Bound),
            _ => UseOfCall::Other,
        },
        StmtKind::Return(Some(value)) if is_call(value) => UseOfCall::Returned,
        _ if is_collected(stmt, &is_call) => UseOfCall::Collected,
        _ => UseOfCall::Other,
    }
}

/// Whether the expression with this span stands right behind `await`.
pub fn is_awaited(module: &ir::Module, span: Span) -> bool {
    let around = statements_at(&module.body, span).filter(|stmt| stmt.span.contains(span));
    around
        .flat_map(expressions_of)
        .filter(|expr| expr.span.contains(span))
        .flat_map(expressions)
        .any(|expr| matches!(&expr.kind, ExprKind::Await(inner) if inner.span == span))
}

/// Where the `for` statement begins whose items are the expression with this span.
pub fn loop_over(module: &ir::Module, iter: Span) -> Option<Span> {
    statements_at(&module.body, iter).find_map(|stmt| match &stmt.kind {
        StmtKind::For { is_async: false, iter: over, .. } if over.span == iter => Some(Span::at(stmt.span.start)),
        _ => None,
    })
}

fn first_name(target: &Expr) -> Option<SmolStr> {
    match &target.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Tuple(items) => match items.first().map(|first| &first.kind) {
            Some(ExprKind::Name(name)) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn is_collected(stmt: &Stmt, is_call: &impl Fn(&Expr) -> bool) -> bool {
    expressions_of(stmt).into_iter().flat_map(expressions).any(|expr| match &expr.kind {
        ExprKind::Comp(comp) => comp.value.is_none() && is_call(&comp.element),
        ExprKind::Call(appends) => {
            let adds = matches!(&appends.func.kind, ExprKind::Attribute { attr, .. } if attr.name == "append");
            adds && matches!(appends.args.as_slice(), [only] if is_call(&only.value))
        }
        _ => false,
    })
}

/// The keyword arguments of the call with exactly this span, where it has no others.
pub fn keywords_of_call(module: &ir::Module, call: Span) -> Option<Vec<(SmolStr, Span)>> {
    let call = crate::python::walk::expression_at(module, call)?.as_call()?;
    let named = call.args.iter().map(|arg| match &arg.kind {
        ArgKind::Keyword(name) => Some((name.name.clone(), arg.value.span)),
        _ => None,
    });
    named.collect()
}

/// The pairs of the dictionary with exactly this span, where all keys are written as text.
pub fn pairs_of_dict(module: &ir::Module, dict: Span) -> Option<Vec<(SmolStr, Span)>> {
    let ExprKind::Dict(items) = &crate::python::walk::expression_at(module, dict)?.kind else { return None };
    let pair = |item: &ir::DictItem| match item {
        ir::DictItem::Pair { key, value } => Some((SmolStr::new(key.as_str()?), value.span)),
        ir::DictItem::Spread(_) => None,
    };
    items.iter().map(pair).collect()
}

/// The single positional argument of the call with exactly this span.
pub fn only_argument(module: &ir::Module, call: Span) -> Option<Span> {
    let call = crate::python::walk::expression_at(module, call)?.as_call()?;
    match call.args.as_slice() {
        [only] if only.kind == ArgKind::Positional => Some(only.value.span),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parse;

    fn use_in(text: &str) -> UseOfCall {
        let at = text.find("make()").unwrap();
        use_of_call(&parse(text).module, Span::new(at, at + 6))
    }

    #[test]
    fn what_becomes_of_a_call_is_told_by_what_stands_around_it() {
        assert_eq!(use_in("make()\n"), UseOfCall::Unused);
        assert_eq!(use_in("async def f():\n    await make()\n"), UseOfCall::Unused);
        assert_eq!(use_in("row, created = make()\n"), UseOfCall::Bound("row".into()));
        assert_eq!(use_in("rows.append(make())\n"), UseOfCall::Collected);
        assert_eq!(use_in("rows = [make() for x in xs]\n"), UseOfCall::Collected);
        assert_eq!(use_in("print(make().pk)\n"), UseOfCall::Other);
    }

    #[test]
    fn a_loop_that_gives_something_out_leaves() {
        let text = "for x in xs:\n    yield x\n";
        let found = for_loop(&parse(text).module, Span::new(0, text.len() - 1)).unwrap();
        assert!(found.leaves && found.plain && found.name.as_deref() == Some("x"));
    }
}
