//! Parameters that no call gives: what stands behind a test of one never runs.

use smol_str::SmolStr;

use super::{Module, Project};
use crate::model::Site;
use crate::python::ir::{self, ArgKind, Call, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements, statements_at};
use crate::trace::Role;

/// Through how many functions a parameter is followed that hand it on.
const FORWARDED: usize = 4;

/// A parameter that is false where it is not given.
struct Switch<'p> {
    function: &'p Function,
    name: &'p SmolStr,
    /// Its place among the positional arguments of a call; none for one that is given by its name only.
    place: Option<usize>,
}

impl Project {
    /// Whether a place stands behind a test of a parameter that is false by default (`if for_update:`), and no call of a
    /// whole project turns it on. Calls are told by the function's name: one of another function of that name counts.
    pub fn is_never_reached(&self, place: Site) -> bool {
        // Of a part of a project nobody knows who else calls.
        if self.settings.site.is_none() {
            return false;
        }
        let module = &self.module(place.file).ir;
        let around = || statements_at(&module.body, place.span).filter(|stmt| stmt.span.contains(place.span));
        let innermost = around().min_by_key(|stmt| stmt.span.end - stmt.span.start);
        let Some(function) = innermost.and_then(|stmt| function_around(module, stmt)) else { return false };
        let mut tests = around().filter_map(|stmt| behind(stmt, place));
        tests.any(|name| switch(function, name).is_some_and(|switch| self.is_never_on(&switch, FORWARDED)))
    }

    /// Some call is known, and none gives it a value that may be true.
    fn is_never_on(&self, switch: &Switch<'_>, further: usize) -> bool {
        let called = &switch.function.name.name;
        let mut calls = 0;
        let own = |module: &&Module| module.source.text().contains(called.as_str());
        for module in self.modules.iter().filter(own).filter(|module| self.file_role(module.id) != Role::Test) {
            for stmt in statements(&module.ir.body) {
                let own = expressions_of(stmt).into_iter().flat_map(expressions).filter_map(Expr::as_call);
                for call in own.filter(|call| last(&call.func) == Some(called)) {
                    calls += 1;
                    if self.turns_on((&module.ir, stmt), call, switch, further) {
                        return false;
                    }
                }
            }
        }
        calls > 0
    }

    /// A call gives the parameter a value that may be true, or may do so.
    fn turns_on(&self, at: (&ir::Module, &Stmt), call: &Call, switch: &Switch<'_>, further: usize) -> bool {
        let mut positional = 0;
        for arg in &call.args {
            let given = match &arg.kind {
                ArgKind::Positional => {
                    positional += 1;
                    switch.place == Some(positional - 1)
                }
                ArgKind::Keyword(name) => name.name == *switch.name,
                ArgKind::Star => switch.place.is_some(),
                // What an override hands on comes of the calls of the same name.
                ArgKind::DoubleStar => !is_handed_on(at, &arg.value, switch),
            };
            if given && !is_off(&arg.value) && !self.is_off_there(at, &arg.value, switch, further) {
                return true;
            }
        }
        false
    }

    /// `find(pk, for_update=for_update)`: a parameter of the function around, which no call turns on either.
    fn is_off_there(&self, at: (&ir::Module, &Stmt), value: &Expr, of: &Switch<'_>, further: usize) -> bool {
        let ExprKind::Name(name) = &value.kind else { return false };
        let Some(own) = function_around(at.0, at.1).and_then(|function| switch(function, name)) else { return false };
        // The calls of that name are looked at already.
        let same = own.function.name.name == of.function.name.name && own.name == of.name;
        same || further > 0 && self.is_never_on(&own, further - 1)
    }
}

fn function_around<'m>(module: &'m ir::Module, stmt: &Stmt) -> Option<&'m Function> {
    let around = statements_at(&module.body, stmt.span).filter(|around| around.span.contains(stmt.span));
    let functions = around.filter_map(|around| match &around.kind {
        StmtKind::Function(function) => Some((around.span, &**function)),
        _ => None,
    });
    functions.min_by_key(|(span, _)| span.end - span.start).map(|(_, function)| function)
}

/// The name that a statement tests, where the place runs only if it is true.
fn behind(stmt: &Stmt, place: Site) -> Option<&SmolStr> {
    let StmtKind::If { test, body, orelse } = &stmt.kind else { return None };
    let within = |block: &[Stmt]| block.iter().any(|stmt| stmt.span.contains(place.span));
    match &test.kind {
        ExprKind::Name(name) if within(body) => Some(name),
        ExprKind::Not(operand) if within(orelse) => match &operand.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        },
        ExprKind::Bool { op: ir::BoolOp::And, values } if within(body) => {
            values.iter().find_map(|value| match &value.kind {
                ExprKind::Name(name) => Some(name),
                _ => None,
            })
        }
        _ => None,
    }
}

fn switch<'p>(function: &'p Function, name: &SmolStr) -> Option<Switch<'p>> {
    let positional = &function.params.positional;
    let own = positional.first().is_some_and(|first| matches!(first.name.name.as_str(), "self" | "cls"));
    let listed = positional.iter().enumerate().map(|(at, param)| (at.checked_sub(usize::from(own)), param));
    let by_name = function.params.keyword_only.iter().map(|param| (None, param));
    let (place, param) = listed.chain(by_name).find(|(_, param)| param.name.name == *name)?;
    let is_off = param.default.as_ref().is_some_and(is_off) && !is_set(&function.body, name);
    is_off.then_some(Switch { function, name: &param.name.name, place })
}

fn is_off(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::False | ExprKind::None)
}

/// The function gives the name another value itself.
fn is_set(body: &[Stmt], name: &SmolStr) -> bool {
    let is_it =
        |target: &Expr| expressions(target).any(|part| matches!(&part.kind, ExprKind::Name(own) if own == name));
    statements(body).any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(is_it),
        StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } | StmtKind::For { target, .. } => {
            is_it(target)
        }
        StmtKind::With { items, .. } => items.iter().filter_map(|item| item.target.as_ref()).any(is_it),
        _ => false,
    })
}

/// `super().get_thread(pk, **kwargs)` in a function of the same name.
fn is_handed_on(at: (&ir::Module, &Stmt), value: &Expr, switch: &Switch<'_>) -> bool {
    let ExprKind::Name(name) = &value.kind else { return false };
    function_around(at.0, at.1).is_some_and(|function| {
        let own = function.params.kwargs.as_ref().is_some_and(|kwargs| kwargs.name.name == *name);
        own && function.name.name == switch.function.name.name
    })
}

fn last(expr: &Expr) -> Option<&SmolStr> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        _ => None,
    }
}
