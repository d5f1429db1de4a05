//! What a test says of the queries before it: whether they have found anything.

use std::rc::Rc;

use super::Interpreter;
use super::sym::Sym;
use super::value::{Const, Value};
use crate::python::ir::{BoolOp, CompareOp, Expr, ExprKind, Handler};
use crate::trace::{Asked, Cause, EventKind};

/// Index of a query's event, and whether it has found something.
type Found = (usize, bool);

/// What holds of queries where a value is true, and where it is false.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub when_true: Vec<Found>,
    pub when_false: Vec<Found>,
}

impl<'p> Interpreter<'p, '_> {
    /// A value is true where the query of the last event has found something: a row, a number of rows, the rows.
    pub(super) fn tells_of_last(&mut self, sym: &Sym) {
        let Some(at) = self.rec.position().checked_sub(1) else { return };
        self.tells(sym, Told { when_true: vec![(at, true)], when_false: vec![(at, false)] });
    }

    /// `hasattr(user, "profile")` is true where the other side of a one-to-one, asked for since `from`, is there.
    pub(super) fn tells_singular(&mut self, sym: &Sym, from: usize) {
        let since = self.rec.events.get(from..).unwrap_or_default();
        let is_singular = |kind: &EventKind| match kind {
            EventKind::Query(query) => matches!(query.cause, Cause::Singular { generic: false, .. }),
            _ => false,
        };
        if let Some(at) = since.iter().position(|event| is_singular(&event.kind)) {
            let at = from + at;
            self.tells(sym, Told { when_true: vec![(at, true)], when_false: vec![(at, false)] });
        }
    }

    pub(super) fn tells(&mut self, sym: &Sym, told: Told) {
        self.told.insert(sym.text.clone(), Rc::new(told));
    }

    pub(super) fn told_by(&self, value: &Value<'p>) -> Option<Rc<Told>> {
        if self.told.is_empty() {
            return None;
        }
        self.told.get(&value.sym().text).cloned()
    }

    /// A value is made of these by comparing them.
    pub(super) fn compares(&mut self, whole: &Sym, parts: impl IntoIterator<Item = Sym>) {
        let mut all: Vec<Rc<str>> = Vec::new();
        for part in parts {
            match self.compared.get(&part.text) {
                Some(inner) => all.extend(inner.iter().cloned()),
                None => all.push(part.text),
            }
        }
        self.compared.insert(whole.text.clone(), all);
    }

    /// `not x` tells the opposite.
    pub(super) fn tells_opposite(&mut self, of: &Sym, negation: &Value<'p>) {
        self.compares(&negation.sym(), [of.clone()]);
        let Some(told) = self.told.get(&of.text).cloned() else { return };
        let opposite = Told { when_true: told.when_false.clone(), when_false: told.when_true.clone() };
        self.tells(&negation.sym(), opposite);
    }

    /// `x and y` holds where both do, `x or y` fails where both do.
    pub(super) fn tells_joined(&mut self, op: BoolOp, values: &[Value<'p>], whole: &Sym) {
        self.compares(whole, values.iter().map(Value::sym));
        let told: Vec<Rc<Told>> = values.iter().filter_map(|value| self.told_by(value)).collect();
        if told.is_empty() {
            return;
        }
        let all = |pick: fn(&Told) -> &Vec<Found>| told.iter().flat_map(|one| pick(one).clone()).collect();
        let joined = match op {
            BoolOp::And => Told { when_true: all(|told| &told.when_true), when_false: Vec::new() },
            BoolOp::Or => Told { when_true: Vec::new(), when_false: all(|told| &told.when_false) },
        };
        self.tells(whole, joined);
    }

    /// `x is None`, `n == 0`, `n > 0`.
    pub(super) fn tells_compared(&mut self, left: &Value<'p>, op: CompareOp, right: &Expr, whole: &Value<'p>) {
        let Some(told) = self.told_by(left) else { return };
        let empty = match (&right.kind, op) {
            (ExprKind::None | ExprKind::False, CompareOp::Is | CompareOp::Eq) => true,
            (ExprKind::None | ExprKind::False, CompareOp::IsNot | CompareOp::NotEq) => false,
            (ExprKind::True, CompareOp::Is | CompareOp::Eq) => false,
            (ExprKind::Int(Some(0)), CompareOp::Eq | CompareOp::LtE) => true,
            (ExprKind::Int(Some(1)), CompareOp::Lt) => true,
            (ExprKind::Int(Some(0)), CompareOp::Gt | CompareOp::NotEq) => false,
            (ExprKind::Int(Some(1)), CompareOp::GtE) => false,
            _ => return,
        };
        let (when_true, when_false) = match empty {
            true => (told.when_false.clone(), told.when_true.clone()),
            false => (told.when_true.clone(), told.when_false.clone()),
        };
        self.tells(&whole.sym(), Told { when_true, when_false });
    }

    /// Notes what is known on both ways out of a fork whose test is over; `from` is where its evaluation began.
    pub(super) fn note_asked(&mut self, fork: u32, tested: &Value<'p>, from: usize) {
        let told = self.told_by(tested).unwrap_or_default();
        let test = from..self.rec.position();
        let compared = self.compared.get(&tested.sym().text).cloned().unwrap_or_default();
        for (arm, found) in [(0, &told.when_true), (1, &told.when_false)] {
            if test.is_empty() && found.is_empty() {
                continue;
            }
            let of = |wanted: bool| found.iter().filter(|(_, is)| *is == wanted).map(|(at, _)| *at).collect();
            self.rec.asked(Asked {
                fork,
                arm,
                test: test.clone(),
                compared: compared.iter().map(|part| Box::from(&**part)).collect(),
                absent: of(false),
                present: of(true),
            });
        }
    }

    /// Notes that a handler of `DoesNotExist` runs where a `get()` of the body found nothing.
    pub(super) fn note_missing(&mut self, fork: u32, arm: u32, handler: &Handler, body: std::ops::Range<usize>) {
        if !super::scopes::caught(handler).iter().any(|name| name.ends_with("DoesNotExist") || name == "Http404") {
            return;
        }
        let events = self.rec.events.get(body.clone()).unwrap_or_default();
        let is_get = |kind: &EventKind| match kind {
            EventKind::Query(query) => match &query.cause {
                Cause::Method(method) | Cause::Manager { method, .. } => method == "get",
                Cause::Singular { .. } => true,
                _ => false,
            },
            _ => false,
        };
        let gets = events.iter().enumerate().filter(|(_, event)| is_get(&event.kind));
        let absent: Vec<usize> = gets.map(|(at, _)| body.start + at).collect();
        if !absent.is_empty() {
            let test = body.end..body.end;
            self.rec.asked(Asked { fork, arm, test, compared: Vec::new(), absent, present: Vec::new() });
        }
    }

    /// What `created` of `get_or_create` says of its query.
    pub(super) fn tells_created(&mut self, created: &Sym, query: usize) {
        self.tells(created, Told { when_true: vec![(query, false)], when_false: vec![(query, true)] });
    }
}

/// The outcome of `not value`.
pub fn negated<'p>(value: &Value<'p>) -> Value<'p> {
    match value {
        Value::Const(constant) => match constant.truth() {
            Some(truth) => Value::Const(Const::Bool(!truth)),
            None => Value::Scalar(Sym::new("not")),
        },
        other => {
            let sym = other.sym();
            Value::Scalar(Sym::of(format!("not {}", sym.text), [&sym]))
        }
    }
}
