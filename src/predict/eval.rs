//! Expressions.

use std::rc::Rc;

use smol_str::SmolStr;

use super::iterate::Turning;
use super::sym::Sym;
use super::value::{Closure, ClosureKind, Const, DictValue, QTree, RowValue, Seq, Value};
use super::{Interpreter, NESTING};
use crate::model::{Confidence, FileId};
use crate::python::ir::{BinaryOp, Comp, CompKind, CompareOp, DictItem, Expr, ExprKind, FPart, UnaryOp};
use crate::trace::{EventKind, Usage, ValueChange};

impl<'p> Interpreter<'p, '_> {
    /// The value of an expression that will be called `bound`.
    pub(super) fn eval_bound(&mut self, expr: &'p Expr, bound: Option<SmolStr>) -> Value<'p> {
        let outer = std::mem::replace(&mut self.bound, bound);
        let value = self.eval(expr);
        self.bound = outer;
        value
    }

    pub(super) fn eval(&mut self, expr: &'p Expr) -> Value<'p> {
        if self.nesting >= NESTING || self.fuel == 0 {
            self.rec.exact = false;
            return self.anything("deep");
        }
        self.nesting += 1;
        let value = self.eval_kind(expr);
        self.nesting -= 1;
        value
    }

    /// Something of which nothing is known, different from everything else.
    pub(super) fn anything(&mut self, what: &str) -> Value<'p> {
        let number = self.number();
        Value::Unknown(self.fresh(Sym::new(format!("{what}#{number}"))))
    }

    /// Made anew in every turn of the loop around it.
    pub(super) fn fresh(&self, sym: Sym) -> Sym {
        match self.rec.innermost_mark() {
            Some(mark) => sym.marked(mark),
            None => sym,
        }
    }

    fn eval_kind(&mut self, expr: &'p Expr) -> Value<'p> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::Attribute { value, attr } => {
                let object = self.eval_bound(value, None);
                let row = match &object {
                    Value::Row(row) => Some(row.clone()),
                    Value::MaybeRelation(row, ..) => Some(Rc::new(RowValue::unknown(row))),
                    _ => None,
                };
                self.note_pair(&object, &attr.name, self.site(expr.span));
                let read = self.attribute(object, &attr.name, self.site(expr.span));
                self.note_key(row, &attr.name, self.site(value.span));
                read
            }
            ExprKind::Call(call) => {
                let value = self.call(call, expr);
                if matches!(&call.func.kind, ExprKind::Name(function) if function == "bool") {
                    self.note_truth(expr);
                }
                value
            }
            ExprKind::Subscript { value, index } => self.subscript(value, index, expr),
            ExprKind::Slice { lower, upper, step } => {
                for part in [lower, upper, step].into_iter().flatten() {
                    self.eval(part);
                }
                Value::Scalar(Sym::new("slice"))
            }
            ExprKind::Str(text) => Value::Const(Const::Str(text.clone())),
            ExprKind::FString(parts) => self.f_string(parts),
            ExprKind::Bytes => Value::Const(Const::Other("bytes".into())),
            ExprKind::Int(Some(number)) => Value::Const(Const::Int(*number)),
            ExprKind::Int(None) => Value::Scalar(Sym::new("int")),
            ExprKind::Float(text) => Value::Const(Const::Other(text.clone())),
            ExprKind::True => Value::Const(Const::Bool(true)),
            ExprKind::False => Value::Const(Const::Bool(false)),
            ExprKind::None => Value::none(),
            ExprKind::Ellipsis => Value::Const(Const::Other("...".into())),
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => self.sequence(items),
            ExprKind::Dict(items) => self.dict(items),
            ExprKind::Comp(comp) => self.comprehension(comp, expr),
            ExprKind::Lambda(lambda) => {
                let (file, vars) = (self.file(), self.flow.vars.clone());
                let sym = Sym::new(format!("lambda@{}", expr.span.start));
                Value::Function(Rc::new(Closure { file, kind: ClosureKind::Lambda(lambda), vars, sym }))
            }
            ExprKind::IfExp { test, body, orelse } => self.either(test, body, orelse),
            ExprKind::Bool { op, values } => self.bool_op(*op, values),
            ExprKind::Not(inner) => self.eval_not(inner),
            ExprKind::Unary { op, operand } => {
                let value = self.eval(operand);
                if *op == UnaryOp::Minus {
                    self.note_number_asked(&value, self.site(operand.span));
                }
                match (op, value) {
                    (UnaryOp::Invert, Value::Q(tree)) => Value::Q(Rc::new(QTree::Not(Box::new((*tree).clone())))),
                    (UnaryOp::Invert, value @ Value::Expression(_)) => self.made_of("~", &[&value]),
                    (UnaryOp::Minus, Value::Const(Const::Int(n))) => Value::Const(Const::Int(n.wrapping_neg())),
                    (_, value) => {
                        let sym = value.sym();
                        Value::Scalar(Sym::of(format!("-{}", sym.text), [&sym]))
                    }
                }
            }
            ExprKind::Binary { op, left, right } => {
                let sites = [self.site(left.span), self.site(right.span)];
                let left = self.eval(left);
                let right = self.eval(right);
                self.note_arithmetic(*op, [(&left, sites[0]), (&right, sites[1])]);
                self.binary_value(*op, left, right)
            }
            ExprKind::Compare { left, rest } => {
                let value = self.compare(left, rest);
                self.note_comparison(left, rest, expr);
                value
            }
            ExprKind::Await(inner) => {
                let value = self.eval(inner);
                self.note_wait(inner);
                value
            }
            ExprKind::Yield(value) => {
                let answered = self.bound.is_some();
                let value = value.as_ref().map_or(Value::none(), |v| self.eval(v));
                self.note_yield(value, None);
                // `answer = yield question`: somebody else is asked meanwhile.
                if answered {
                    let site = self.site(expr.span);
                    self.rec.emit(EventKind::ExternalIo("yield".into()), Some(site), None, Confidence::Certain);
                }
                self.anything("sent")
            }
            ExprKind::YieldFrom(inner) => {
                let value = self.eval(inner);
                let turning = self.iterate(&value, self.site(inner.span));
                self.note_yield(turning.element, turning.driver);
                self.anything("result")
            }
            ExprKind::Starred(inner) => self.eval(inner),
            ExprKind::Named { target, value } => {
                let value = self.eval_bound(value, Some(target.name.clone()));
                self.flow.set(&target.name, value.clone());
                value
            }
            ExprKind::Unknown(inner) => {
                self.rec.exact = false;
                for part in inner {
                    self.eval(part);
                }
                self.anything("unread")
            }
        }
    }

    fn name(&mut self, name: &SmolStr) -> Value<'p> {
        if let Some(value) = self.flow.vars.get(name) {
            return value.clone();
        }
        let project: &'p crate::project::Project = self.project;
        let Some(binding) = project.lookup(self.file(), name) else { return self.unbound(name) };
        let value = self.bound_value(binding);
        // What a function sets is another value in the next call.
        let set = self.frames.last().is_some_and(|frame| frame.globals.contains(name));
        if set && value.is_plain() { Value::Unknown(Sym::new(format!("global {name}"))) } else { value }
    }

    /// A name that nothing in the input binds: a builtin, or one whose import is not shown.
    fn unbound(&mut self, name: &SmolStr) -> Value<'p> {
        if let Some(external) = super::known_names::usual_import(name) {
            return self.external(SmolStr::new_static(external));
        }
        if super::known_names::is_builtin(name) {
            return Value::External(SmolStr::from(format!("builtins.{name}")));
        }
        Value::Unknown(Sym::new(name))
    }

    /// The value of a module-level expression; it is taken to be the same in every run.
    pub(super) fn global(&mut self, file: FileId, expr: &'p Expr) -> Value<'p> {
        let key = (file, expr.span);
        if let Some(value) = self.shared.globals.get(&key) {
            return value.clone();
        }
        let name = Sym::new(format!("global{}:{}", file.0, expr.span.start));
        if self.evaluating_globals.contains(&key) || self.evaluating_globals.len() > 8 {
            return Value::Unknown(name);
        }
        self.evaluating_globals.push(key);
        // Every root gets the same value, whatever it has spent before it asks.
        let fuel = std::mem::replace(&mut self.fuel, super::FUEL);
        let value = self.within(file, |this| this.eval(expr));
        self.fuel = fuel;
        self.evaluating_globals.pop();
        let value = match value {
            // Contents of module-level containers change at run time.
            Value::Unknown(_) | Value::Scalar(_) | Value::Seq(_) | Value::Dict(_) => match value {
                Value::Seq(ref seq) if seq.items.is_some() => value,
                _ => Value::Unknown(name),
            },
            other => other,
        };
        self.shared.globals.insert(key, value.clone());
        value
    }

    /// Evaluates at the level of a module, leaving no trace.
    pub(super) fn within(&mut self, file: FileId, evaluate: impl FnOnce(&mut Self) -> Value<'p>) -> Value<'p> {
        let recorder = std::mem::replace(&mut self.rec, super::recorder::Recorder::new());
        let flow = std::mem::take(&mut self.flow);
        let frames = std::mem::take(&mut self.frames);
        self.push_frame(super::frames::Frame::new(file));
        let value = evaluate(self);
        self.frames = frames;
        self.flow = flow;
        self.rec = recorder;
        value
    }

    fn sequence(&mut self, items: &'p [Expr]) -> Value<'p> {
        let mut values = Vec::with_capacity(items.len());
        let mut spread = false;
        for item in items {
            match &item.kind {
                ExprKind::Starred(inner) => {
                    let inner_value = self.eval(inner);
                    values.push(self.iterate(&inner_value, self.site(inner.span)).element);
                    spread = true;
                }
                _ => values.push(self.eval(item)),
            }
        }
        let mut seq = Seq::of_items(values);
        if spread {
            seq.element = seq.items.take().into_iter().flatten().reduce(|a, b| super::flow::join_values(&a, &b));
        }
        Value::Seq(Rc::new(seq))
    }

    fn dict(&mut self, items: &'p [DictItem]) -> Value<'p> {
        let mut dict =
            DictValue { items: Vec::new(), element: None, key: None, driver: None, closed: false, sym: Sym::new("{}") };
        let mut syms = Vec::new();
        for item in items {
            match item {
                DictItem::Pair { key, value } => {
                    let bound = key.as_str().map(SmolStr::new);
                    let key = self.eval_bound(key, None);
                    let value = self.eval_bound(value, bound);
                    syms.extend([key.sym(), value.sym()]);
                    match key {
                        Value::Const(constant) => dict.items.push((constant, value)),
                        key => {
                            dict.key = Some(key);
                            dict.element = Some(value);
                        }
                    }
                }
                DictItem::Spread(inner) => {
                    let value = self.eval_bound(inner, None);
                    syms.push(value.sym());
                    if let Value::Dict(other) = &value {
                        dict.items.extend(other.items.iter().cloned());
                        dict.element = dict.element.or_else(|| other.element.clone());
                        dict.closed = other.closed && items.len() == 1;
                    }
                }
            }
        }
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(", ");
        dict.sym = Sym::of(format!("{{{text}}}"), &syms);
        Value::Dict(Rc::new(dict))
    }

    fn f_string(&mut self, parts: &'p [FPart]) -> Value<'p> {
        let mut text = String::from("f\"");
        let mut syms = Vec::new();
        for part in parts {
            match part {
                FPart::Text(literal) => text.push_str(literal),
                FPart::Value(expr) => {
                    let value = self.eval_bound(expr, None);
                    self.text_of(&value, self.site(expr.span));
                    let sym = value.sym();
                    text.push('{');
                    text.push_str(&sym.text);
                    text.push('}');
                    syms.push(sym);
                }
            }
        }
        text.push('"');
        Value::Scalar(Sym::of(text, &syms))
    }

    pub(super) fn binary_value(&mut self, op: BinaryOp, left: Value<'p>, right: Value<'p>) -> Value<'p> {
        match (op, &left, &right) {
            (BinaryOp::And | BinaryOp::Or, Value::Q(_) | Value::Expression(_), Value::Q(_) | Value::Expression(_)) => {
                return self.combine_conditions(op, &left, &right);
            }
            (_, Value::Expression(_), _) | (_, _, Value::Expression(_)) => {
                if let Some(sign) = arithmetic(op) {
                    return self.made_of(sign, &[&left, &right]);
                }
            }
            (BinaryOp::Or, Value::Model(_) | Value::Class(_) | Value::External(_) | Value::Seq(_), right)
                if is_class(right) =>
            {
                let types = match &left {
                    Value::Seq(union) => union.items.clone(),
                    class => Some(vec![class.clone()]),
                };
                // `Topic | Post`, as `isinstance()` takes it.
                if let Some(types) = types.filter(|types| types.iter().all(is_class)) {
                    return Value::Seq(Rc::new(Seq::of_items([types, vec![right.clone()]].concat())));
                }
            }
            (BinaryOp::And | BinaryOp::Or, Value::QuerySet(a), Value::QuerySet(b)) => {
                return self.combine_querysets(op, a, b);
            }
            (BinaryOp::Add, Value::Seq(a), Value::Seq(b)) => {
                if let (Some(x), Some(y)) = (&a.items, &b.items) {
                    return Value::Seq(Rc::new(Seq::of_items(x.iter().chain(y).cloned().collect())));
                }
                return super::flow::join_values(&left, &right);
            }
            (BinaryOp::Add, Value::Const(Const::Int(a)), Value::Const(Const::Int(b))) => {
                return Value::Const(Const::Int(a.wrapping_add(*b)));
            }
            (BinaryOp::Add, Value::Const(Const::Str(a)), Value::Const(Const::Str(b))) => {
                return Value::Const(Const::Str(format!("{a}{b}").into()));
            }
            _ => {}
        }
        let (a, b) = (left.sym(), right.sym());
        let sym = Sym::of(format!("({} {op:?} {})", a.text, b.text), [&a, &b]);
        let step = matches!(op, BinaryOp::Add | BinaryOp::Sub) && right.as_int().is_some();
        let sym = sym.changed(if step { ValueChange::Increment } else { ValueChange::Mutation });
        Value::Scalar(sym)
    }

    fn compare(&mut self, left: &'p Expr, rest: &'p [(CompareOp, Expr)]) -> Value<'p> {
        let first = self.eval(left);
        let mut known = None;
        let mut syms = vec![first.sym()];
        let mut text = format!("({}", first.sym().text);
        for (op, right) in rest {
            let value = self.eval(right);
            if matches!(op, CompareOp::Lt | CompareOp::LtE | CompareOp::Gt | CompareOp::GtE) {
                self.note_number_asked(&first, self.site(left.span));
                self.note_number_asked(&value, self.site(right.span));
            }
            if matches!(op, CompareOp::In | CompareOp::NotIn)
                && let Value::QuerySet(node) = &value
            {
                self.evaluate(node, self.site(right.span), Usage::Truth);
            }
            // An attribute or a module's name may be set by then.
            let local = matches!(&left.kind, ExprKind::Name(name) if self.flow.vars.contains_key(name));
            let constant = same_constant(&first, *op, &value).filter(|_| local);
            let given = || match (&left.kind, op, &value) {
                (ExprKind::Name(name), CompareOp::Is | CompareOp::IsNot, Value::Const(Const::None)) => {
                    self.is_given(name, &first).then_some(*op == CompareOp::IsNot)
                }
                _ => None,
            };
            known = constant.or_else(|| compared(&first, *op, &value)).or_else(given).filter(|_| rest.len() == 1);
            text.push_str(&format!(" {op:?} {}", value.sym().text));
            syms.push(value.sym());
        }
        if let Some(known) = known {
            return Value::Const(Const::Bool(known));
        }
        text.push(')');
        let whole = Value::Scalar(Sym::of(text, &syms));
        self.compares(&whole.sym(), syms);
        if let [(op, right)] = rest {
            self.tells_compared(&first, *op, right, &whole);
        }
        whole
    }

    fn comprehension(&mut self, comp: &'p Comp, expr: &'p Expr) -> Value<'p> {
        let whole = self.site(expr.span);
        let outer = self.flow.vars.clone();
        let bound = self.bound.take();
        let mut opened = 0;
        let mut first: Option<Turning<'p>> = None;
        let mut syms = Vec::new();
        for clause in &comp.clauses {
            let iterated = self.eval(&clause.iter);
            syms.push(iterated.sym());
            let turning = self.iterate_in(clause.is_async, &iterated, self.site(clause.iter.span));
            if let Some(driver) = &turning.driver {
                let elements: Vec<&'p Expr> = [&comp.element].into_iter().chain(&comp.value).collect();
                let reads = self.reads_of_items(&iterated, &comp.clauses, &elements);
                self.rec.enter_loop(driver, whole, reads);
                opened += 1;
            }
            self.assign(&clause.target, turning.element.clone());
            for condition in &clause.conditions {
                self.eval_truth(condition);
            }
            first.get_or_insert(turning);
        }
        let element = self.eval(&comp.element);
        let value = comp.value.as_ref().map(|value| self.eval(value));
        for _ in 0..opened {
            self.rec.leave_loop();
        }
        self.flow.vars = outer;
        self.bound = bound;
        syms.push(element.sym());
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(" for ");
        let sym = Sym::of(format!("[{text}]"), &syms);
        // A list that is made anew from what a cache held is a changed value.
        let sym = sym.changed(ValueChange::Mutation);
        let driver = first.and_then(|turning| turning.driver);
        match (comp.kind, value) {
            (CompKind::Dict, Some(value)) => Value::Dict(Rc::new(DictValue {
                items: Vec::new(),
                element: Some(value),
                key: Some(element),
                driver,
                closed: false,
                sym,
            })),
            _ => Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver, sym })),
        }
    }

    fn subscript(&mut self, value: &'p Expr, index: &'p Expr, expr: &'p Expr) -> Value<'p> {
        let container = self.eval_bound(value, None);
        let site = self.site(expr.span);
        if let Value::QuerySet(node) = &container {
            return self.slice_queryset(&node.clone(), index, site);
        }
        let key = self.eval_bound(index, None);
        let (a, b) = (container.sym(), key.sym());
        let sym = Sym::of(format!("{}[{}]", a.text, b.text), [&a, &b]);
        match &container {
            Value::Seq(seq) => {
                if matches!(index.kind, ExprKind::Slice { .. }) {
                    return Value::Seq(Rc::new(Seq { sym, ..(**seq).clone() }));
                }
                let known = match (&seq.items, key.as_int()) {
                    (Some(items), Some(at)) if at >= 0 => items.get(at as usize).cloned(),
                    (Some(items), Some(at)) => {
                        items.len().checked_sub(at.unsigned_abs() as usize).and_then(|at| items.get(at).cloned())
                    }
                    _ => None,
                };
                known.or_else(|| seq.element.clone()).unwrap_or(Value::Unknown(sym))
            }
            Value::Dict(dict) => {
                let known = match &key {
                    Value::Const(constant) => dict.items.iter().find(|(k, _)| k == constant).map(|(_, v)| v.clone()),
                    _ => None,
                };
                let element = dict.element.as_ref().map(|element| under(element, &sym));
                known.or(element).or_else(|| any_of(dict)).unwrap_or(Value::Unknown(sym))
            }
            Value::External(name) if name == "django.core.cache.caches" => {
                Value::Cache(crate::trace::CacheBackend::Django, sym)
            }
            Value::Scalar(_) => Value::Scalar(sym),
            _ => Value::Unknown(sym),
        }
    }
}

/// What stands under a key, where that decides which of the values it is.
fn under<'p>(element: &Value<'p>, asked: &Sym) -> Value<'p> {
    let sym = |own: &Sym| Sym::of(&asked.text, [asked, own]);
    match element {
        Value::Unknown(own) => Value::Unknown(sym(own)),
        Value::Scalar(own) => Value::Scalar(sym(own)),
        other => other.clone(),
    }
}

/// Objects under keys that are all known, where the one that is asked for is not: mostly of one kind.
fn any_of<'p>(dict: &DictValue<'p>) -> Option<Value<'p>> {
    let (_, first) = dict.items.first()?;
    let alike = dict.items.iter().all(|(_, value)| matches!(value, Value::Object(_) | Value::Class(_)));
    alike.then(|| first.clone())
}

/// The outcome of a comparison of a variable with a constant: `flag is None`.
fn same_constant(left: &Value<'_>, op: CompareOp, right: &Value<'_>) -> Option<bool> {
    let (Value::Const(left), Value::Const(right)) = (left, right) else { return None };
    let alike = std::mem::discriminant(left) == std::mem::discriminant(right);
    let known = alike || left.is_none() || right.is_none();
    match op {
        _ if !known || matches!(left, Const::Other(_)) => None,
        CompareOp::Eq | CompareOp::Is => Some(left == right),
        CompareOp::NotEq | CompareOp::IsNot => Some(left != right),
        _ => None,
    }
}

/// The outcome of a comparison between constant texts: `self.action == "list"`.
fn compared(left: &Value<'_>, op: CompareOp, right: &Value<'_>) -> Option<bool> {
    match right {
        Value::Seq(types) if is_type(left) => return among_types(left, op, types.items.as_deref()?),
        right if is_type(left) => return same_type(left, op, right),
        _ => {}
    }
    if let (Value::Const(key), Value::Dict(dict)) = (left, right) {
        let is_in = dict.closed && dict.element.is_none();
        let found = dict.items.iter().any(|(known, _)| known == key);
        return match op {
            CompareOp::In if is_in => Some(found),
            CompareOp::NotIn if is_in => Some(!found),
            _ => None,
        };
    }
    if let (Value::QuerySet(node), CompareOp::Is | CompareOp::IsNot, Value::Const(Const::None)) = (left, op, right) {
        return node.sure.then_some(op == CompareOp::IsNot);
    }
    let left = left.as_str()?;
    match (op, right) {
        (CompareOp::Eq, _) => Some(left == right.as_str()?),
        (CompareOp::NotEq, _) => Some(left != right.as_str()?),
        (CompareOp::In | CompareOp::NotIn, Value::Seq(seq)) => {
            let items: Option<Vec<&SmolStr>> = seq.items.as_ref()?.iter().map(Value::as_str).collect();
            Some(items?.contains(&left) == (op == CompareOp::In))
        }
        _ => None,
    }
}

fn is_class(value: &Value<'_>) -> bool {
    matches!(value, Value::Model(_) | Value::Class(_)) || is_type(value)
}

/// A model, or a builtin type.
fn is_type(value: &Value<'_>) -> bool {
    match value {
        Value::Model(model) => model.id.is_some(),
        Value::External(name) => name.starts_with("builtins.") || name == "types.NoneType",
        _ => false,
    }
}

/// `type(x) is int`
fn same_type(left: &Value<'_>, op: CompareOp, right: &Value<'_>) -> Option<bool> {
    let same = match (left, right) {
        _ if !is_type(left) || !is_type(right) => return None,
        (Value::Model(left), Value::Model(right)) => left.id == right.id,
        (Value::External(left), Value::External(right)) => left == right,
        _ => false,
    };
    match op {
        CompareOp::Eq | CompareOp::Is => Some(same),
        CompareOp::NotEq | CompareOp::IsNot => Some(!same),
        _ => None,
    }
}

/// `type(x) in (int, str)`
fn among_types(left: &Value<'_>, op: CompareOp, types: &[Value<'_>]) -> Option<bool> {
    let known: Vec<Option<bool>> = types.iter().map(|one| same_type(left, CompareOp::Is, one)).collect();
    let found = match known.contains(&Some(true)) {
        true => true,
        false if known.contains(&None) => return None,
        false => false,
    };
    match op {
        CompareOp::In => Some(found),
        CompareOp::NotIn => Some(!found),
        _ => None,
    }
}

fn arithmetic(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        _ => return None,
    })
}
