//! Binding: assignment targets, narrowing by tests, imports and definitions inside of functions.

use std::rc::Rc;

use smol_str::SmolStr;

use super::Interpreter;
use super::derived::is_made_of;
use super::flow::Fact;
use super::sym::Sym;
use super::value::{Closure, ClosureKind, Const, DictValue, Seq, Value};
use crate::model::{Confidence, Site};
use crate::project::Binding;
use crate::python::ir::{self, Alias, Block, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements};
use crate::trace::{Assigned, EventKind, RowEvent, RowOp, Shared, SharedKind, ValueChange, ValueKind, Written};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn assign(&mut self, target: &'p Expr, value: Value<'p>) {
        match &target.kind {
            ExprKind::Name(name) => {
                if self.frames.last().is_some_and(|frame| frame.globals.contains(name)) {
                    let tested = self.asked_before("global ");
                    self.share(name.clone(), SharedKind::Global, tested, self.site(target.span));
                }
                self.flow.set(name, value);
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => self.unpack(targets, &value),
            ExprKind::Starred(inner) => self.assign(inner, value),
            ExprKind::Attribute { value: holder, attr } => {
                let object = self.eval(holder);
                if super::django::holds_rows(&object, &attr.name) {
                    return self.rebind(holder, value);
                }
                self.set_attribute(&object, &attr.name, value, target);
            }
            ExprKind::Subscript { value: container, index } => {
                let key = self.eval(index);
                let old = self.eval(container);
                self.note_shared(container);
                self.note_changed_in_place(container);
                let new = with_item(&old, &key, value);
                self.rebind(container, new);
            }
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'p [Expr], value: &Value<'p>) {
        let fixed: Option<Vec<Value<'p>>> = match value {
            Value::Seq(seq) => seq.items.clone(),
            _ => None,
        };
        for (at, target) in targets.iter().enumerate() {
            let item = match (&fixed, value) {
                (Some(items), _) if items.len() == targets.len() => items.get(at).cloned(),
                (_, Value::Seq(seq)) => seq.element.clone(),
                (_, Value::QuerySet(_)) => {
                    let site = self.site(target.span);
                    Some(self.iterate(value, site).element)
                }
                _ => None,
            };
            let sym = value.sym();
            let item = item.unwrap_or_else(|| Value::Unknown(Sym::of(format!("{}[{at}]", sym.text), [&sym])));
            self.assign(target, item);
        }
    }

    /// A value that a column is given.
    pub(super) fn assigned(&self, field: &SmolStr, value: &Value<'p>, site: Option<Site>) -> Assigned {
        let kind = match value {
            Value::Const(_) => ValueKind::Constant,
            Value::Expression(_) | Value::Q(_) | Value::QuerySet(_) => ValueKind::Expression,
            _ => ValueKind::Other,
        };
        let sym = value.sym();
        let varies_with = self.rec.varies_with(&sym);
        Assigned { field: field.clone(), value: sym.text.to_string(), kind, varies_with, site }
    }

    /// Notes that a column's value is changed in place: `row.names.append(x)`.
    pub(super) fn note_changed_in_place(&mut self, expr: &'p Expr) {
        let ExprKind::Attribute { value: holder, attr } = &expr.kind else { return };
        let ExprKind::Name(_) = holder.kind else { return };
        let Value::Row(row) = self.eval(holder) else { return };
        let of_row = self.rec.row(&row);
        let value = row.sym.attr(&attr.name);
        let varies_with = self.rec.varies_with(&value);
        let value = value.text.to_string();
        let assigned = Assigned { field: attr.name.clone(), value, kind: ValueKind::Other, varies_with, site: None };
        let op = RowOp::Write(Box::new(Written { assigned, derived: true, counted: None }));
        let site = self.site(expr.span);
        self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
    }

    /// Notes that a container that a whole process shares is changed.
    pub(super) fn note_shared(&mut self, container: &'p Expr) {
        let Some(function) = self.frames.last().and_then(|frame| frame.function) else { return };
        let project: &'p crate::project::Project = self.project;
        let shared = match &container.kind {
            ExprKind::Name(name) => self.is_shared(name).then(|| name.clone()),
            // A container of the class, not of the instance.
            ExprKind::Attribute { value, attr } => match (&value.kind, function.class) {
                (ExprKind::Name(owner), Some(class)) if matches!(owner.as_str(), "self" | "cls") => {
                    let own = self.flow.vars.get(owner).map(Value::sym);
                    let set = own.is_some_and(|sym| self.flow.attr(&sym, &attr.name).is_some());
                    let of_class = project.class_attr(class, &attr.name).is_some_and(|(_, expr)| is_container(expr));
                    (of_class && !set && !project.sets_own(class, &attr.name)).then(|| attr.name.clone())
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(name) = shared {
            let site = self.site(container.span);
            let held = self.eval(container).sym();
            let tested = self.asked_before(&held.text) || self.asked_before("global ");
            let tested = tested || self.empties_queue(&function.function.body);
            self.share(name, SharedKind::Container, tested, site);
        }
    }

    /// A container of the module.
    fn is_shared(&self, name: &SmolStr) -> bool {
        let local = self.flow.vars.contains_key(name);
        let bound = if local { None } else { self.project.lookup(self.file(), name) };
        matches!(bound, Some(Binding::Value(value)) if is_container(value.expr))
    }

    /// `if queue: … queue.clear()` of the module's own: what was put down when modules were loaded is worked off once.
    fn empties_queue(&self, body: &Block) -> bool {
        statements(body).any(|stmt| {
            let StmtKind::If { test, body, .. } = &stmt.kind else { return false };
            let ExprKind::Name(queue) = &test.kind else { return false };
            let clears = |expr: &Expr| {
                let ExprKind::Attribute { value, attr } = &expr.kind else { return false };
                attr.name == "clear" && matches!(&value.kind, ExprKind::Name(name) if name == queue)
            };
            self.is_shared(queue) && statements(body).flat_map(expressions_of).flat_map(expressions).any(clears)
        })
    }

    /// Whether a test on the way here, or before in the same function, asked for something with this text.
    fn asked_before(&self, text: &str) -> bool {
        let here = self.frames.last().is_some_and(|frame| frame.asked.iter().any(|asked| asked.contains(text)));
        here || self.rec.tested_text(text)
    }

    pub(super) fn share(&mut self, name: SmolStr, kind: SharedKind, tested: bool, site: Site) {
        let shared = Shared { name, kind, tested };
        self.rec.emit(EventKind::Shared(shared), Some(site), None, Confidence::Certain);
    }

    /// Gives the name or attribute that `expr` is another value, as a method that changes its receiver does.
    pub(super) fn rebind(&mut self, expr: &'p Expr, value: Value<'p>) {
        match &expr.kind {
            ExprKind::Name(name) => self.flow.set(name, value),
            ExprKind::Attribute { value: object, attr } => {
                let object = self.eval(object);
                let sym = object.sym();
                self.flow.set_attr(&sym, &attr.name, value);
            }
            // `totals[key].append(row)`: the row is in the container.
            ExprKind::Subscript { value: container, .. } => {
                let old = self.eval(container);
                let new = with_element(&old, value);
                self.rebind(container, new);
            }
            _ => {}
        }
    }

    fn set_attribute(&mut self, object: &Value<'p>, name: &SmolStr, value: Value<'p>, target: &'p Expr) {
        let sym = object.sym();
        if let Value::Row(row) = object {
            let of_row = self.rec.row(row);
            let own = sym.attr(name);
            let text = value.sym().text;
            let counted = self.counted.take();
            let derived = *text != *own.text && (counted.is_some() || is_made_of(&text, &own.text));
            let counted = counted.filter(|_| !matches!(value, Value::Expression(_)));
            let derived = derived && !matches!(value, Value::Expression(_));
            let assigned = self.assigned(name, &value, self.value_site);
            let op = RowOp::Write(Box::new(Written { assigned, derived, counted }));
            let site = self.site(target.span);
            self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
            self.flow.learn(Fact::Loaded(sym.text.clone(), name.clone()));
            // `row.fk_id = 3` makes the object that was loaded another one; only the object itself is remembered.
        }
        self.flow.set_attr(&sym, name, value);
    }

    /// What a test says of the names in it, where it holds (or does not).
    pub(super) fn narrow(&mut self, test: &'p Expr, holds: bool) {
        match &test.kind {
            ExprKind::Not(inner) => self.narrow(inner, !holds),
            ExprKind::Name(name) if !holds => self.narrow_to_none(name),
            ExprKind::Compare { left, rest } => {
                let ExprKind::Name(name) = &left.kind else { return };
                match rest.as_slice() {
                    [(CompareOp::Is, right)] if holds && matches!(right.kind, ExprKind::None) => {
                        self.narrow_to_none(name);
                    }
                    [(CompareOp::IsNot, right)] if !holds && matches!(right.kind, ExprKind::None) => {
                        self.narrow_to_none(name);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Unknown values stay what they are: their text carries marks that later writes are judged by.
    fn narrow_to_none(&mut self, name: &SmolStr) {
        if matches!(self.flow.vars.get(name), Some(Value::Row(_))) {
            self.flow.set(name, Value::Const(Const::None));
        }
    }

    pub(super) fn define_function(&mut self, function: &'p ir::Function) {
        if self.frames.last().is_some_and(|frame| frame.function.is_none()) && self.frames.len() == 1 {
            // Module level: found by name through the project.
            return;
        }
        let file = self.file();
        let Some(reference) = self.project.function_at(file, function) else { return };
        let sym = Sym::new(format!("def {}", function.name.name));
        let closure = Closure { file, kind: ClosureKind::Function(reference), vars: self.flow.vars.clone(), sym };
        self.flow.set(&function.name.name, Value::Function(Rc::new(closure)));
    }

    pub(super) fn define_class(&mut self, class: &'p ir::Class) {
        if self.frames.len() == 1 && self.frames.last().is_some_and(|frame| frame.function.is_none()) {
            return;
        }
        if let Some(reference) = self.project.class_at(self.file(), class) {
            self.flow.set(&class.name.name, Value::Class(reference));
        }
    }

    /// Imports inside of functions; those of modules are found through the project.
    pub(super) fn exec_import(&mut self, stmt: &'p Stmt) {
        if self.frames.last().is_some_and(|frame| frame.function.is_none()) {
            return;
        }
        let file = self.file();
        let found: Vec<(SmolStr, Option<Binding<'p>>)> = match &stmt.kind {
            StmtKind::Import(names) => {
                let bind = |alias: &'p Alias| match &alias.asname {
                    Some(name) => (name.name.clone(), self.project.import(file, &alias.name)),
                    None => {
                        let first = alias.name.split('.').next().unwrap_or_default();
                        (SmolStr::new(first), self.project.import(file, first))
                    }
                };
                names.iter().map(bind).collect()
            }
            StmtKind::ImportFrom { level, module, names, .. } => {
                let bind = |alias: &'p Alias| {
                    let name = alias.asname.as_ref().map_or(&alias.name, |ident| &ident.name);
                    (name.clone(), self.project.import_from(file, *level, module, &alias.name))
                };
                names.iter().map(bind).collect()
            }
            _ => Vec::new(),
        };
        for (name, binding) in found {
            if let Some(binding) = binding {
                let value = self.bound_value(binding);
                self.flow.set(&name, value);
            }
        }
    }

    pub(super) fn bound_value(&mut self, binding: Binding<'p>) -> Value<'p> {
        match binding {
            Binding::Model(id) => Value::Model(self.model_ref(id)),
            Binding::Class(class) => Value::Class(class),
            Binding::Function(function) => {
                let sym = Sym::new(format!("def {}", function.function.name.name));
                let kind = ClosureKind::Function(function);
                Value::Function(Rc::new(Closure { file: function.file, kind, vars: Rc::default(), sym }))
            }
            Binding::Value(value) => self.global(value.file, value.expr),
            Binding::Module(id) => Value::Module(id),
            Binding::External(name) => self.external(name),
        }
    }
}

fn with_item<'p>(container: &Value<'p>, key: &Value<'p>, item: Value<'p>) -> Value<'p> {
    let sym = container.sym();
    let changed =
        Sym::of(format!("{}+{}", sym.text, item.sym().text), [&sym, &item.sym()]).changed(ValueChange::Mutation);
    match container {
        Value::Dict(dict) => {
            let mut dict = DictValue { sym: changed, ..(**dict).clone() };
            match key {
                Value::Const(constant) => match dict.items.iter_mut().find(|(k, _)| k == constant) {
                    Some((_, value)) => *value = item,
                    None => dict.items.push((constant.clone(), item)),
                },
                _ => {
                    dict.key = Some(key.clone());
                    dict.element = Some(match dict.element.take() {
                        Some(old) => super::flow::join_values(&old, &item),
                        None => item,
                    });
                }
            }
            Value::Dict(Rc::new(dict))
        }
        Value::Seq(_) => with_element(container, item),
        Value::Unknown(_) => Value::Unknown(changed),
        other => other.clone(),
    }
}

/// The container with one more item of which the place is not known.
pub fn with_element<'p>(container: &Value<'p>, item: Value<'p>) -> Value<'p> {
    let sym = container.sym();
    let changed =
        Sym::of(format!("{}+{}", sym.text, item.sym().text), [&sym, &item.sym()]).changed(ValueChange::Mutation);
    match container {
        Value::Seq(seq) => {
            let mut element = seq.element.clone();
            for known in seq.items.iter().flatten().chain([&item]) {
                element = Some(match element {
                    Some(old) => super::flow::join_values(&old, known),
                    None => known.clone(),
                });
            }
            Value::Seq(Rc::new(Seq { items: None, element, driver: seq.driver.clone(), sym: changed }))
        }
        Value::Dict(dict) => {
            let element = match &dict.element {
                Some(old) => super::flow::join_values(old, &item),
                None => item,
            };
            Value::Dict(Rc::new(DictValue { element: Some(element), sym: changed, ..(**dict).clone() }))
        }
        Value::Unknown(_) => Value::Unknown(changed),
        other => other.clone(),
    }
}

/// A list, dict or set that is written down empty or full.
fn is_container(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Set(_) => true,
        ExprKind::Call(call) => call.func.dotted().is_some_and(|name| {
            matches!(
                name.rsplit('.').next().unwrap_or_default(),
                "dict" | "list" | "set" | "defaultdict" | "OrderedDict" | "Counter" | "deque"
            )
        }),
        _ => false,
    }
}

/// Plain names that a block assigns, its nested blocks included.
pub fn assigned_names(block: &Block) -> Vec<SmolStr> {
    let mut names = Vec::new();
    let mut blocks: Vec<&Block> = vec![block];
    while let Some(block) = blocks.pop() {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Assign { targets, .. } => targets.iter().for_each(|t| target_names(t, &mut names)),
                StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => {
                    target_names(target, &mut names);
                }
                StmtKind::For { target, body, orelse, .. } => {
                    target_names(target, &mut names);
                    blocks.extend([body, orelse]);
                }
                StmtKind::If { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                    blocks.extend([body, orelse]);
                }
                StmtKind::With { body, .. } => blocks.push(body),
                StmtKind::Try { body, handlers, orelse, finally } => {
                    blocks.extend([body, orelse, finally]);
                    blocks.extend(handlers.iter().map(|h| &h.body));
                }
                StmtKind::Match { cases, .. } => blocks.extend(cases.iter().map(|c| &c.body)),
                _ => {}
            }
        }
    }
    names
}

pub fn target_names(target: &Expr, names: &mut Vec<SmolStr>) {
    match &target.kind {
        ExprKind::Name(name) if !names.contains(name) => names.push(name.clone()),
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|t| target_names(t, names)),
        ExprKind::Starred(inner) => target_names(inner, names),
        _ => {}
    }
}
