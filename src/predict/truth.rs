//! Tests: what asking for the truth of a value sends, and which ways are open where it is known.
//!
//! A helper is run with what its caller gives it: behind a flag that is off there, or for a type that the value is not,
//! nothing is sent.

use smol_str::SmolStr;

use super::Interpreter;
use super::sym::Sym;
use super::value::{Arg, Args, Const, QsNode, RowOrigin, RowValue, Value};
use crate::model::Site;
use crate::python::ir::{BoolOp, Expr, ExprKind};
use crate::schema::ModelId;
use crate::trace::Usage;

/// Whether a value is true in a test, where that is known.
pub fn known(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Const(constant) => constant.truth(),
        Value::Row(row) => row.sure.then_some(true),
        _ => None,
    }
}

impl<'p> Interpreter<'p, '_> {
    /// The value of a test, with what asking for its truth sends.
    pub(super) fn eval_truth(&mut self, expr: &'p Expr) -> Value<'p> {
        match &expr.kind {
            ExprKind::Not(inner) => self.eval_not(inner),
            ExprKind::Bool { op, values } => self.eval_tests(*op, values),
            _ => {
                let value = self.eval_bound(expr, None);
                self.ask_truth(&value, self.site(expr.span));
                self.note_truth(expr);
                self.note_asked_for(&value);
                value
            }
        }
    }

    pub(super) fn eval_not(&mut self, inner: &'p Expr) -> Value<'p> {
        let value = self.eval_truth(inner);
        if let Some(truth) = known(&value) {
            return Value::Const(Const::Bool(!truth));
        }
        let negation = super::told::negated(&value);
        self.tells_opposite(&value.sym(), &negation);
        negation
    }

    /// `x and y` as a test: what stands behind the first that decides is not asked.
    fn eval_tests(&mut self, op: BoolOp, tests: &'p [Expr]) -> Value<'p> {
        let deciding = op == BoolOp::Or;
        let mut open = Vec::new();
        for test in tests {
            let value = self.eval_truth(test);
            match known(&value) {
                Some(truth) if truth == deciding => return Value::Const(Const::Bool(deciding)),
                Some(_) => {}
                None => open.push(value),
            }
        }
        if open.len() < 2 {
            return open.pop().unwrap_or(Value::Const(Const::Bool(!deciding)));
        }
        let syms: Vec<Sym> = open.iter().map(Value::sym).collect();
        let joint = if op == BoolOp::And { " and " } else { " or " };
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(joint);
        let sym = Sym::of(format!("({text})"), &syms);
        self.tells_joined(op, &open, &sym);
        Value::Scalar(sym)
    }

    pub(super) fn ask_truth(&mut self, value: &Value<'p>, site: Site) {
        if let Value::QuerySet(node) = value {
            self.evaluate(node, site, Usage::Truth);
        }
    }

    /// `body if test else orelse`
    pub(super) fn either(&mut self, test: &'p Expr, body: &'p Expr, orelse: &'p Expr) -> Value<'p> {
        let from = self.rec.position();
        let tested = self.eval_truth(test);
        match known(&tested) {
            Some(true) => return self.eval(body),
            Some(false) => return self.eval(orelse),
            None => {}
        }
        let fork = self.rec.fork_on(&tested.sym());
        self.note_asked(fork, &tested, from);
        let tested = tested.sym();
        let start = self.flow.clone();
        let mut ways = Vec::new();
        for (arm, expr) in [body, orelse].into_iter().enumerate() {
            self.flow = start.clone();
            self.narrow(test, arm == 0);
            self.rec.open_region();
            self.rec.enter_arm(fork, arm as u32, false, tested.clone());
            let value = self.eval(expr);
            self.rec.leave_arm();
            ways.push((value, self.rec.close_region(), std::mem::take(&mut self.flow)));
        }
        let (second, first) = (ways.pop(), ways.pop());
        let (Some(first), Some(second)) = (first, second) else { return self.anything("either") };
        let cost = self.rec.dearer(first.1, second.1);
        self.rec.add(&cost);
        self.flow = first.2.join(second.2);
        super::flow::join_values(&first.0, &second.0)
    }

    /// `x or y` as a value.
    pub(super) fn bool_op(&mut self, op: BoolOp, values: &'p [Expr]) -> Value<'p> {
        let mut joined: Option<Value<'p>> = None;
        let arms = self.rec.arm_depth();
        for (at, expr) in values.iter().enumerate() {
            let from = self.rec.position();
            let value = self.eval(expr);
            let mut last = at + 1 == values.len();
            if !last {
                // `rows = rows or default()`
                let given =
                    op == BoolOp::Or && matches!(&expr.kind, ExprKind::Name(name) if self.is_given(name, &value));
                match known(&value).or(given.then_some(true)) {
                    Some(truth) if truth == (op == BoolOp::Or) => last = true,
                    Some(_) => continue,
                    None => self.note_operand(op, &value, self.site(expr.span), from),
                }
            }
            joined = Some(match (joined, op) {
                (None, _) => value,
                // `x and y` is y, or something false.
                (Some(before), BoolOp::And) if before.is_plain() => value.perhaps(),
                // Of `x or y`, x is what it is only where it is true.
                (Some(before), _) => super::flow::join_values(&before, &value),
            });
            if last {
                break;
            }
        }
        self.rec.truncate_arms(arms);
        joined.unwrap_or_else(Value::none)
    }

    /// An operand of which it is not known whether it is true: what follows runs on one of two ways.
    fn note_operand(&mut self, op: BoolOp, value: &Value<'p>, site: Site, from: usize) {
        self.ask_truth(value, site);
        if op == BoolOp::And || !self.is_missing(value) {
            self.note_asked_for(value);
        }
        if op == BoolOp::Or && self.told_by(value).is_some() {
            // What follows runs where this was nothing.
            let fork = self.rec.fork();
            self.note_asked(fork, value, from);
            self.rec.enter_arm(fork, 1, false, value.sym());
        }
    }

    /// Whether a value is a row that its queryset gave an attribute of that name, and on no other way lacks it.
    pub(super) fn is_annotated(&self, value: &Value<'p>, name: Option<&SmolStr>) -> bool {
        let (Value::Row(row), Some(name)) = (value, name) else { return false };
        let gives = |node: &QsNode<'p>| node.desc.annotations.contains(name);
        let node = row.queryset.as_ref().filter(|_| row.path.is_empty() && row.origin == RowOrigin::Read);
        node.is_some_and(|node| gives(node) && node.plan.others.iter().all(|other| gives(other)))
    }

    /// `isinstance(x, T)`, where what is known of `x` says it.
    pub(super) fn is_instance(&self, args: &Args<'p>) -> Option<bool> {
        let [Arg { value, .. }, Arg { value: types, .. }] = args.positional.as_slice() else { return None };
        let types = match types {
            Value::Seq(seq) => seq.items.as_deref()?,
            one => std::slice::from_ref(one),
        };
        let known: Vec<Option<bool>> = types.iter().map(|class| self.is_of(value, class)).collect();
        match known.contains(&Some(true)) {
            true => Some(true),
            false if known.contains(&None) => None,
            false => Some(false),
        }
    }

    fn is_of(&self, value: &Value<'p>, class: &Value<'p>) -> Option<bool> {
        match (value, class) {
            (Value::Row(row), Value::Model(model)) => self.is_of_model(row, model.id?),
            (_, Value::External(name)) if name == "builtins.object" => None,
            (Value::Row(row), Value::External(name)) => (row.sure && name.starts_with("builtins.")).then_some(false),
            (Value::QuerySet(_), Value::External(name)) => {
                let so = name.ends_with(".QuerySet");
                (so || name.starts_with("builtins.")).then_some(so)
            }
            (Value::Const(Const::Bool(_)), Value::External(name)) if name == "builtins.int" => Some(true),
            (Value::Const(_) | Value::Dict(_), Value::External(name)) => {
                let own = builtin_of(value)?;
                name.starts_with("builtins.").then(|| name == own)
            }
            (Value::Const(_), Value::Model(_) | Value::Class(_)) => builtin_of(value).map(|_| false),
            _ => None,
        }
    }

    fn is_of_model(&self, row: &RowValue<'p>, wanted: ModelId) -> Option<bool> {
        let own = row.model.id.filter(|_| row.certain)?;
        let schema = &self.project.schema;
        if own == wanted || schema.descends(own, wanted) {
            return row.sure.then_some(true);
        }
        // Rows come as the model that was asked for; `self` may be of one that descends from it.
        let exact = row.origin != RowOrigin::Given && !schema.descends(wanted, own);
        (exact && !schema.get(wanted).is_abstract).then_some(false)
    }
}

/// The type of a value, where there is no doubt of it.
pub fn type_of<'p>(value: &Value<'p>) -> Option<Value<'p>> {
    match value {
        Value::Row(row) => {
            let exact = row.certain && row.sure && row.origin != RowOrigin::Given;
            exact.then(|| Value::Model(row.model.clone()))
        }
        other => builtin_of(other).map(|name| Value::External(SmolStr::new_static(name))),
    }
}

fn builtin_of(value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::Const(Const::None) => Some("types.NoneType"),
        Value::Const(Const::Bool(_)) => Some("builtins.bool"),
        Value::Const(Const::Int(_)) => Some("builtins.int"),
        Value::Const(Const::Str(_)) => Some("builtins.str"),
        Value::Dict(dict) if dict.closed => Some("builtins.dict"),
        _ => None,
    }
}
