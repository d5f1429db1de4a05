//! Methods that make another queryset and send nothing.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{
    Args, Const, ManagerValue, ModelRef, Operand, Plan, PlanStep, PrefetchValue, QTree, QsNode, RowShape, Value,
};
use super::filters::condition;
use super::methods::named_expressions;
use crate::model::{Confidence, Kind, Site};
use crate::project::{FunctionRef, Project};
use crate::python::ir::{BinaryOp, Call, Expr, ExprKind};
use crate::trace::{Cause, EventKind, Misuse, Slice, Step, Usage};

impl<'p> Interpreter<'p, '_> {
    /// What a manager gives before anything is refined.
    pub(super) fn manager_queryset(&mut self, manager: &Rc<ManagerValue<'p>>, site: Site) -> Rc<QsNode<'p>> {
        if let Some(function) = self.own_get_queryset(manager) {
            let called = self.call_function(function, Some(Value::Manager(manager.clone())), Args::default(), site);
            if let Value::QuerySet(node) = called {
                return node;
            }
        }
        let sym = Value::Manager(manager.clone()).sym();
        let mut node = self.new_node(manager.model.clone(), manager.classes.clone(), site, sym);
        node.certain = manager.certain;
        node.desc.opaque = manager.opaque;
        if manager.classes.iter().any(|class| self.project.is_subclass(*class, &["mptt.managers.TreeManager"])) {
            let order = ["tree_id", "lft"].map(SmolStr::new_static);
            node.plan.order = Some(order.iter().map(|name| Operand::Constant(Const::Str(name.clone()))).collect());
            node.desc.order = order.to_vec();
            node.desc.default_order = false;
        }
        if let Some(related) = &manager.related {
            node.prefetched = related.prefetched;
            inherit_prefetch(&mut node, related);
            if let Some(parent) = related.row.queryset.as_ref().filter(|_| related.prefetched) {
                let path = related.row.path.iter().chain([&related.accessor]);
                let path = path.map(SmolStr::as_str).collect::<Vec<_>>().join("__");
                node.desc.prefetch_related.extend(self.flow.attached_below(parent.uid, &path));
            }
            node.related = Some(related.clone());
        }
        Rc::new(node)
    }

    fn own_get_queryset(&self, manager: &ManagerValue<'p>) -> Option<FunctionRef<'p>> {
        if manager.related.is_some() {
            return None;
        }
        let project: &'p Project = self.project;
        let running = |function: &FunctionRef<'p>| self.frames.iter().any(|f| f.function.as_ref() == Some(function));
        manager.classes.iter().find_map(|class| project.method(*class, "get_queryset")).filter(|f| !running(f))
    }

    /// The queryset after one more call; `call` is its expression where it stands in the code.
    pub(super) fn refined(
        &mut self,
        node: &QsNode<'p>,
        method: &str,
        site: Site,
        call: Option<&'p Call>,
    ) -> QsNode<'p> {
        let mut new = node.clone();
        new.uid = self.number();
        new.born = self.rec.loop_depth();
        new.desc.built = Some(site);
        new.sure = true;
        new.desc.local = self.frames.len() == 1 && (node.desc.local || node.desc.steps.is_empty());
        if let Some(call) = call
            && let ExprKind::Attribute { attr, .. } = &call.func.kind
        {
            let step = Step { method: method.into(), call: site, name: attr.span, args: call.args_span };
            new.desc.steps.push(step);
        }
        if !matches!(method, "all" | "_chain" | "_clone" | "using") {
            new.prefetched = false;
        }
        new
    }

    /// A chaining method; `None` where the method is not one.
    pub(super) fn chain(
        &mut self,
        node: &Rc<QsNode<'p>>,
        method: &str,
        args: &Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Option<Rc<QsNode<'p>>> {
        if matches!(method, "filter" | "exclude") {
            self.settle(&node.model, args);
        }
        let mut new = self.refine(node, method, args, site, call)?;
        if !node.plan.others.is_empty() {
            let others =
                node.plan.others.iter().filter_map(|other| self.refine(other, method, args, site, call)).collect();
            Rc::make_mut(&mut new).plan.others = others;
        }
        Some(new)
    }

    /// What a foreign key is compared with is a row: an attribute of a row of which no model is known is a relation then,
    /// unless it is named as a key.
    fn settle(&mut self, model: &ModelRef, args: &Args<'p>) {
        let Some(id) = model.id else { return };
        for (name, arg) in &args.keyword {
            let Value::MaybeRelation(row, field, at) = &arg.value else { continue };
            let compared = self.project.schema.field(id, name).map(|(_, compared)| compared);
            let leads_on = compared.is_some_and(|compared| compared.name == *name && compared.relation.is_some());
            // Only a name that both have tells that it is the same kind of row.
            if leads_on && field == name && row.queryset.is_some() {
                self.forward_unknown(&row.clone(), &field.clone(), *at);
            }
        }
    }

    fn refine(
        &mut self,
        node: &Rc<QsNode<'p>>,
        method: &str,
        args: &Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Option<Rc<QsNode<'p>>> {
        let mut new = self.refined(node, method, site, call);
        let names = || -> Vec<SmolStr> { args.positional.iter().filter_map(|a| a.value.as_str().cloned()).collect() };
        let cleared = || matches!(args.positional.first().map(|a| &a.value), Some(v) if matches!(v, Value::Const(c) if c.is_none()));
        match method {
            "all" | "using" | "_chain" | "_clone" | "get_queryset" | "fetch_mode" => {}
            // django-model-utils: joins the tables of the model's children, each row becomes the child that it is.
            "select_subclasses" => new.plan.unclear = true,
            "filter" | "exclude" | "complex_filter" => {
                let step = new.desc.steps.len().checked_sub(1);
                let model = new.model.clone();
                let filters = self.filters(&model, args, method == "exclude", step);
                new.desc.filters.extend(filters);
                let tree = condition(args);
                let tree = if method == "exclude" { QTree::Not(Box::new(tree)) } else { tree };
                new.plan.steps.push(PlanStep::Filter(Rc::new(tree)));
            }
            "order_by" => {
                new.desc.order = names();
                new.desc.default_order = false;
                new.plan.order = Some(args.positional.iter().map(|arg| Operand::of(&arg.value)).collect());
                new.plan.reversed = false;
                new.plan.unclear |= args.spread;
                if args.positional.len() != new.desc.order.len() {
                    let unknown = args.positional.iter().filter(|a| a.value.as_str().is_none());
                    new.desc.order.extend(unknown.map(|a| SmolStr::new(&*a.value.sym().text)));
                }
            }
            "reverse" => {
                new.plan.reversed = !new.plan.reversed;
                for field in &mut new.desc.order {
                    *field = match field.strip_prefix('-') {
                        Some(plain) => SmolStr::new(plain),
                        None => SmolStr::from(format!("-{field}")),
                    };
                }
            }
            "distinct" => {
                new.desc.distinct = true;
                new.plan.distinct_on = names();
            }
            "select_related" => {
                if cleared() {
                    new.desc.select_related.clear();
                    new.desc.select_related_all = false;
                } else if args.positional.is_empty() && !args.spread {
                    new.desc.select_related_all = true;
                } else {
                    let computed = args.spread || names().len() != args.positional.len();
                    new.desc.opaque |= computed;
                    new.desc.loads_more |= computed;
                    new.desc.select_related.extend(names());
                }
            }
            "prefetch_related" => self.add_prefetches(&mut new, args, cleared()),
            "only" => {
                let mut fields = names();
                new.desc.opaque |= args.spread || fields.len() != args.positional.len();
                // A second only() replaces the first.
                fields.dedup();
                new.desc.only = Some(fields);
                if new.desc.opaque {
                    new.desc.only = None;
                }
            }
            "defer" => {
                if cleared() {
                    new.desc.defer.clear();
                    new.desc.only = None;
                } else {
                    new.desc.defer.extend(names());
                }
            }
            "annotate" | "alias" => {
                for (name, value) in named_expressions(args) {
                    new.desc.annotations.push(name.clone());
                    new.plan.steps.push(PlanStep::Annotate { name, value, selected: method == "annotate" });
                }
                new.plan.unclear |= args.spread;
                new.desc.opaque |= args.spread;
            }
            "values" | "values_list" => {
                let flat = args.keyword("flat").is_some();
                if flat && args.positional.len() > 1 && args.positional.iter().all(|arg| arg.value.as_str().is_some()) {
                    let misuse = EventKind::Misuse(Misuse::FlatOfMany);
                    self.rec.emit(misuse, Some(site), None, Confidence::Certain);
                }
                new.shape = match (method, flat) {
                    ("values", _) => RowShape::Dicts,
                    (_, true) => RowShape::Flat,
                    _ => RowShape::Tuples,
                };
                let mut fields = names();
                for (name, value) in named_expressions(args) {
                    if name != "flat" && name != "named" {
                        fields.push(name.clone());
                        new.plan.steps.push(PlanStep::Annotate { name, value, selected: true });
                    }
                }
                new.plan.steps.push(PlanStep::Values(fields.clone()));
                new.plan.unclear |= args.spread || fields.len() < args.positional.len();
                new.desc.values = Some(fields);
            }
            "dates" | "datetimes" => {
                new.shape = RowShape::Flat;
                new.desc.values = Some(names().into_iter().take(1).collect());
                new.plan.unclear = true;
            }
            "select_for_update" => {
                new.desc.locked = true;
                let set = |name: &str| {
                    args.keyword(name).is_some_and(|arg| matches!(arg.value, Value::Const(Const::Bool(true))))
                };
                new.desc.locked_of = args.keyword("of").is_some();
                new.plan.unclear |= new.desc.locked_of || set("no_key");
                new.plan.lock = match (set("nowait"), set("skip_locked")) {
                    (true, _) => " NOWAIT".into(),
                    (_, true) => " SKIP LOCKED".into(),
                    _ => SmolStr::default(),
                };
            }
            "iterator" | "aiterator" => {
                let chunked = args.get(0, "chunk_size").is_some() || method == "aiterator";
                let ignores = !chunked && self.project.django < crate::project::DjangoVersion(5, 0);
                new.desc.streamed = ignores || !chunked;
            }
            "union" | "intersection" | "difference" => {
                new.desc.combined = true;
                let others = args.positional.iter().filter_map(|arg| match &arg.value {
                    Value::QuerySet(other) => Some(other.clone()),
                    _ => None,
                });
                let others: Vec<_> = others.collect();
                new.plan.unclear |= others.len() < args.positional.len() || args.spread;
                let all = args.keyword("all").is_some_and(|arg| matches!(arg.value, Value::Const(Const::Bool(true))));
                let operator = match method {
                    "union" => "UNION",
                    "intersection" => "INTERSECT",
                    _ => "EXCEPT",
                };
                let first = std::iter::once(node.clone());
                let plan = Plan { combined: Some((operator, all, first.chain(others).collect())), ..Plan::default() };
                new.plan = Plan { unclear: new.plan.unclear || new.plan.either, ..plan };
                new.desc.order.clear();
            }
            "raw" | "extra" => {
                new.desc.combined = true;
                new.plan.unclear = true;
            }
            "none" => new.desc.slice = Some(Slice { start: None, stop: Some(0), bounded: true, index: false }),
            _ => return None,
        }
        let syms: Vec<Sym> = args.all().map(|arg| arg.value.sym()).chain(args.spreads.iter().cloned()).collect();
        let base = base_text(node);
        new.sym = Sym::of(describe(&base, &new, method, &syms), std::iter::once(&node.sym).chain(&syms));
        Some(Rc::new(new))
    }

    pub(super) fn add_prefetches(&mut self, new: &mut QsNode<'p>, args: &Args<'p>, cleared: bool) {
        if cleared {
            new.desc.prefetch_related.clear();
            new.prefetches.clear();
            return;
        }
        for arg in &args.positional {
            match &arg.value {
                Value::Prefetch(prefetch) => {
                    new.desc.prefetch_related.push(prefetch.lookup.clone());
                    new.prefetches.push(prefetch.clone());
                }
                value => match value.as_str() {
                    Some(lookup) => new.desc.prefetch_related.push(lookup.clone()),
                    None => (new.desc.opaque, new.desc.loads_more) = (true, true),
                },
            }
        }
        new.desc.opaque |= args.spread;
        new.desc.loads_more |= args.spread;
    }

    pub(super) fn prefetch_value(&mut self, args: &Args<'p>) -> Value<'p> {
        let lookup = args.get(0, "lookup").and_then(|a| a.value.as_str().cloned()).unwrap_or_default();
        let queryset = args.get(1, "queryset").and_then(|a| match &a.value {
            Value::QuerySet(node) => Some(node.clone()),
            _ => None,
        });
        let to_attr = args.get(2, "to_attr").and_then(|a| a.value.as_str().cloned());
        Value::Prefetch(Rc::new(PrefetchValue { lookup, queryset, to_attr }))
    }

    pub(in super::super) fn combine_querysets(
        &mut self,
        _op: BinaryOp,
        a: &Rc<QsNode<'p>>,
        b: &Rc<QsNode<'p>>,
    ) -> Value<'p> {
        let mut node = (**a).clone();
        node.uid = self.number();
        node.born = self.rec.loop_depth();
        node.desc.combined = true;
        node.plan.unclear = true;
        node.sym = Sym::of(format!("({} op {})", a.sym.text, b.sym.text), [&a.sym, &b.sym]);
        Value::QuerySet(Rc::new(node))
    }

    /// `qs[0]`, `qs[:10]`, `qs[a:b]`.
    pub(in super::super) fn slice_queryset(&mut self, node: &Rc<QsNode<'p>>, index: &'p Expr, site: Site) -> Value<'p> {
        let ExprKind::Slice { lower, upper, step } = &index.kind else {
            let key = self.eval(index);
            return self.row_at(node, key, site);
        };
        let mut bound = |part: &'p Option<Box<Expr>>| part.as_ref().map(|expr| self.eval(expr));
        let bounds = [bound(lower), bound(upper), bound(step)];
        self.slice_between(node, bounds, site)
    }

    /// `qs[start:stop:step]`
    pub(super) fn slice_between(
        &mut self,
        node: &Rc<QsNode<'p>>,
        [start, stop, step]: [Option<Value<'p>>; 3],
        site: Site,
    ) -> Value<'p> {
        if node.prefetched || self.is_evaluated(node) {
            self.evaluate(node, site, Usage::Rows);
            let turning = self.iterate(&Value::QuerySet(node.clone()), site);
            let sym = Sym::of(format!("{}[:]", node.sym.text), [&node.sym]);
            let driver = turning.driver;
            return Value::Seq(Rc::new(super::super::value::Seq {
                items: None,
                element: Some(turning.element),
                driver,
                sym,
            }));
        }
        let number =
            |value: &Option<Value<'p>>| value.as_ref().and_then(Value::as_int).and_then(|n| u32::try_from(n).ok());
        let slice = Slice { start: number(&start), stop: number(&stop), bounded: stop.is_some(), index: false };
        let mut new = self.refined(node, "[]", site, None);
        new.prefetched = node.prefetched;
        new.each(|node| {
            node.desc.slice = Some(slice);
            node.plan.offset |= start.is_some() && slice.start != Some(0);
        });
        let syms: Vec<Sym> = [&start, &stop, &step].into_iter().flatten().map(Value::sym).collect();
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(":");
        new.sym = Sym::of(format!("{}[{text}]", node.sym.text), std::iter::once(&node.sym).chain(&syms));
        let new = Rc::new(new);
        if step.is_some() {
            self.evaluate(&new, site, Usage::Rows);
        }
        Value::QuerySet(new)
    }

    /// `qs[key]`
    pub(super) fn row_at(&mut self, node: &Rc<QsNode<'p>>, key: Value<'p>, site: Site) -> Value<'p> {
        let free = node.prefetched || self.is_evaluated(node);
        let mut one = self.refined(node, "[]", site, None);
        one.each(|node| {
            node.desc.slice = Some(Slice { start: None, stop: None, bounded: true, index: true });
            node.plan.offset |= key.as_int() != Some(0);
        });
        let at = key.sym();
        one.sym = Sym::of(format!("{}[{}]", node.sym.text, at.text), [&node.sym, &at]);
        let one = Rc::new(one);
        if !free {
            self.send_select(&one, Kind::Select, Cause::Method("[]".into()), Usage::Value, site);
        }
        self.single_row(&one)
    }
}

/// The rows of a prefetched relation were loaded as the prefetch said.
fn inherit_prefetch<'p>(node: &mut QsNode<'p>, related: &super::super::value::RelatedManager<'p>) {
    if !related.prefetched {
        return;
    }
    let Some(parent) = &related.row.queryset else { return };
    let mut path: Vec<&str> = related.row.path.iter().map(SmolStr::as_str).collect();
    path.push(&related.accessor);
    let path = path.join("__");
    for lookup in &parent.desc.prefetch_related {
        if let Some(rest) = lookup.strip_prefix(path.as_str()).and_then(|r| r.strip_prefix("__")) {
            node.desc.prefetch_related.push(rest.into());
        }
    }
    for prefetch in &parent.prefetches {
        if prefetch.lookup == path && prefetch.to_attr.is_none() {
            if let Some(queryset) = &prefetch.queryset {
                node.desc.select_related.extend(queryset.desc.select_related.iter().cloned());
                node.desc.prefetch_related.extend(queryset.desc.prefetch_related.iter().cloned());
                node.prefetches.extend(queryset.prefetches.iter().cloned());
                node.desc.only.clone_from(&queryset.desc.only);
                node.desc.defer.clone_from(&queryset.desc.defer);
                node.desc.annotations.extend(queryset.desc.annotations.iter().cloned());
            }
        } else if let Some(rest) = prefetch.lookup.strip_prefix(path.as_str()).and_then(|r| r.strip_prefix("__")) {
            node.prefetches.push(Rc::new(PrefetchValue { lookup: rest.into(), ..(**prefetch).clone() }));
        }
    }
}

/// The part of a queryset's text that no refinement changes: up to its own conditions, which are not those of the row
/// that a relation is of, in parentheses.
fn base_text(node: &QsNode<'_>) -> String {
    let text = &*node.sym.text;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 && text.get(at + 1..).is_some_and(|rest| rest.starts_with('?')) => {
                return text.get(..at).unwrap_or(text).to_owned();
            }
            _ => {}
        }
    }
    text.to_owned()
}

/// Text of a queryset: the same for the same rows in the same order, however its filters were chained.
fn describe(base: &str, node: &QsNode<'_>, method: &str, args: &[Sym]) -> String {
    let mut conditions: Vec<String> = node
        .desc
        .filters
        .iter()
        .map(|f| {
            let not = if f.negated { "~" } else { "" };
            let or = if f.alternative { "|" } else { "" };
            format!("{or}{not}{}:{}={}", f.path.join("."), f.lookup, f.value)
        })
        .collect();
    conditions.sort();
    let mut text = format!("{base} ?{}", conditions.join("&"));
    if !node.desc.order.is_empty() && !node.desc.default_order {
        text.push_str(&format!(" ^{}", node.desc.order.join(",")));
    }
    if node.desc.distinct {
        text.push_str(" distinct");
    }
    if let Some(values) = &node.desc.values {
        text.push_str(&format!(" values({})", values.join(",")));
    }
    let loads = [
        "all",
        "filter",
        "exclude",
        "order_by",
        "distinct",
        "values",
        "values_list",
        "select_related",
        "prefetch_related",
        "only",
        "defer",
        "using",
        "_chain",
        "_clone",
        "iterator",
        "get_queryset",
    ];
    if !loads.contains(&method) {
        let args = args.iter().map(|a| &*a.text).collect::<Vec<_>>().join(",");
        text.push_str(&format!(" .{method}({args})"));
    }
    text
}
