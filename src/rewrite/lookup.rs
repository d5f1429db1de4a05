//! A row that is looked up, and made where there is none: the usual forms of it.

use smol_str::SmolStr;

use crate::model::Span;
use crate::python::ir::{self, ArgKind, Call, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{blocks, expression_at, expressions, expressions_of, statements_at};

/// What becomes of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// `row = …` on both ways.
    Bound(SmolStr),
    /// Nobody asks for it.
    Unbound,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    pub bound: Lookup,
    /// What `create(…)` is called on: `Tag.objects`.
    pub manager: Span,
    /// The arguments of `create(…)`.
    pub made: Vec<(SmolStr, Span)>,
    /// The statement that is replaced: the `try` or the `if`.
    pub whole: Span,
    /// The statement before it that looks the row up, where that is another one.
    pub before: Option<Span>,
}

/// One of the forms
///
/// ```text
/// try: x = M.objects.get(…)            x = M.objects.filter(…).first()      if not M.objects.filter(…).exists():
/// except M.DoesNotExist:               if x is None:                            M.objects.create(…)
///     x = M.objects.create(…)              x = M.objects.create(…)
/// ```
///
/// with nothing else in them, where the look-up is at `find` and the creation at `make`.
pub fn looked_up_or_made(module: &ir::Module, find: Span, make: Span) -> Option<LookedUp> {
    let (manager, made) = create_call(expression_at(module, make)?.as_call()?)?;
    let whole = statements_at(&module.body, make)
        .filter(|stmt| matches!(stmt.kind, StmtKind::Try { .. } | StmtKind::If { .. }) && stmt.span.contains(make))
        .min_by_key(|stmt| stmt.span.end - stmt.span.start)?;
    let (bound, before) = match &whole.kind {
        StmtKind::Try { body, handlers, orelse, finally } if orelse.is_empty() && finally.is_empty() => {
            let ([found], [handler]) = (body.as_slice(), handlers.as_slice()) else { return None };
            let name = assigned(found, find)?;
            let [only] = handler.body.as_slice() else { return None };
            (assigned(only, make).filter(|other| *other == name).map(Lookup::Bound)?, None)
        }
        StmtKind::If { test, body, orelse } if orelse.is_empty() => {
            let [only] = body.as_slice() else { return None };
            match asks(test)? {
                Asks::Row(name) => {
                    let first = before_of(module, whole)?;
                    let same = assigned(first, find)? == name && assigned(only, make)? == name;
                    (same.then_some(Lookup::Bound(name))?, Some(first.span))
                }
                Asks::Exists(span) => {
                    let alone = matches!(&only.kind, StmtKind::Expr(expr) if expr.span == make);
                    ((span == find && alone).then_some(Lookup::Unbound)?, None)
                }
            }
        }
        _ => return None,
    };
    // `elif` shares its line with the `if` before it.
    let is_elif = statements_at(&module.body, whole.span).any(
        |outer| matches!(&outer.kind, StmtKind::If { orelse, .. } if orelse.len() == 1 && orelse[0].span == whole.span),
    );
    (!is_elif).then_some(LookedUp { bound, manager, made, whole: whole.span, before })
}

fn create_call(call: &Call) -> Option<(Span, Vec<(SmolStr, Span)>)> {
    let ExprKind::Attribute { value, attr } = &call.func.kind else { return None };
    let named = call.args.iter().map(|arg| match &arg.kind {
        ArgKind::Keyword(name) => Some((name.name.clone(), arg.value.span)),
        _ => None,
    });
    let named: Option<Vec<_>> = named.collect();
    // What has effects, or waits for somebody, is not to run in every call.
    let plain = call.args.iter().all(|arg| expressions(&arg.value).all(|e| !matches!(e.kind, ExprKind::Await(_))));
    (attr.name == "create" && plain).then_some((value.span, named?))
}

/// `name = value`, with the value at this place.
fn assigned(stmt: &Stmt, value: Span) -> Option<SmolStr> {
    match &stmt.kind {
        StmtKind::Assign { targets, value: given } if given.span == value => match targets.as_slice() {
            [Expr { kind: ExprKind::Name(name), .. }] => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

enum Asks {
    /// `x is None`, `not x`
    Row(SmolStr),
    /// `not …exists()`
    Exists(Span),
}

fn asks(test: &Expr) -> Option<Asks> {
    match &test.kind {
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Name(name) => Some(Asks::Row(name.clone())),
            ExprKind::Call(_) => Some(Asks::Exists(inner.span)),
            _ => None,
        },
        ExprKind::Compare { left, rest } => match (&left.kind, rest.as_slice()) {
            (ExprKind::Name(name), [(CompareOp::Is, right)]) if matches!(right.kind, ExprKind::None) => {
                Some(Asks::Row(name.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The statement right before another in its block.
fn before_of<'m>(module: &'m ir::Module, stmt: &Stmt) -> Option<&'m Stmt> {
    let all = std::iter::once(module.body.as_slice()).chain(statements_at(&module.body, stmt.span).flat_map(blocks));
    let mut around = all.filter_map(|block| {
        let at = block.iter().position(|inner| inner.span == stmt.span)?;
        block.get(at.checked_sub(1)?)
    });
    let first = around.next()?;
    // Nothing that the block runs in between.
    expressions_of(first).first().map(|_| first)
}
