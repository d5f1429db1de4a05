//! What becomes of a value, as far as the names in the code tell: whether anything but a test or a loop uses it.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use super::Interpreter;
use super::value::{RowValue, Value};
use crate::model::{Confidence, Kind, Over, Site};
use crate::python::ir::{Block, BoolOp, Call, CompClause, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{expressions, expressions_of, statements};
use crate::trace::{EventKind, Misuse, Tested, Usage};

/// How often each name is read in a function.
pub type Loads = Rc<FxHashMap<SmolStr, Reads>>;

#[derive(Debug, Clone, Copy, Default)]
pub struct Reads {
    pub all: u32,
    /// Those that ask a queryset for its length or truth, or for another queryset, but not for its rows.
    pub without_rows: u32,
}

impl<'p> Interpreter<'p, '_> {
    /// Notes that `row.relation.pk` reads only the key of what the relation leads to.
    pub(super) fn note_key(&mut self, of: Option<Rc<RowValue<'p>>>, attr: &str, at: Site) {
        let Some(row) = of else { return };
        let is_key = match row.model.id {
            Some(id) => attr == "pk" || self.project.schema.field(id, attr).is_some_and(|(_, field)| field.primary_key),
            None => matches!(attr, "pk" | "id"),
        };
        if is_key {
            self.rec.only_key_at(at);
        }
    }

    /// Notes that an attribute is read of the pair that `get_or_create` gives.
    pub(super) fn note_pair(&mut self, value: &Value<'p>, name: &str, site: Site) {
        let Value::Seq(seq) = value else { return };
        let Some([Value::Row(_), Value::Scalar(created)]) = seq.items.as_deref() else { return };
        if created.text.contains(".created#") && !matches!(name, "count" | "index") {
            self.rec.emit(EventKind::Misuse(Misuse::PairAsRow), Some(site), None, Confidence::Certain);
        }
    }

    /// Notes that what `bulk_update` gives is taken for rows.
    pub(super) fn note_number(&mut self, value: &Value<'p>, site: Site) {
        if matches!(value, Value::Scalar(sym) if self.numbers.contains(&sym.text)) {
            self.rec.emit(EventKind::Misuse(Misuse::NumberAsRows), Some(site), None, Confidence::Certain);
        }
    }

    /// Notes that a coroutine of which nothing is known is waited for: others run meanwhile.
    pub(super) fn note_wait(&mut self, awaited: &'p Expr) {
        let site = self.site(awaited.span);
        let Some(event) = self.rec.events.last().filter(|event| event.site == Some(site)) else { return };
        if let EventKind::Opaque(name) = &event.kind {
            let name = name.clone();
            self.rec.emit(EventKind::ExternalIo(name), Some(site), None, Confidence::Possible);
        }
    }

    /// Notes that an expression's truth is all that is asked of what it has just sent.
    pub(super) fn note_truth(&mut self, expr: &'p Expr) {
        self.note_test(expr, self.site(expr.span), false);
    }

    /// Notes what `left op right` asks, where it compares a number of rows with none.
    pub(super) fn note_comparison(&mut self, left: &'p Expr, rest: &'p [(CompareOp, Expr)], whole: &'p Expr) {
        let [(op, right)] = rest else { return };
        let ExprKind::Int(Some(number)) = right.kind else { return };
        let empty = match (op, number) {
            (CompareOp::Gt | CompareOp::NotEq, 0) | (CompareOp::GtE, 1) => false,
            (CompareOp::Eq | CompareOp::LtE, 0) | (CompareOp::Lt, 1) => true,
            _ => return,
        };
        self.note_test(left, self.site(whole.span), empty);
    }

    fn note_test(&mut self, expr: &'p Expr, whole: Site, empty: bool) {
        let at = self.site(expr.span);
        let alone = self.is_alone(expr);
        let Some(query) = self.rec.sent_at(at) else { return };
        let counted = matches!(query.statement.facts.kind, Kind::Count | Kind::Exists);
        if counted || matches!(query.usage, Usage::Length | Usage::Truth) {
            query.usage = Usage::Truth;
            query.tested = Some(Tested { site: whole, empty, alone });
        }
    }

    /// Whether no variable holds the value of an expression, or one that is read nowhere else.
    pub(super) fn is_alone(&mut self, expr: &'p Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => self.is_read_once(name),
            ExprKind::Call(call) => match (&call.func.kind, call.args.as_slice()) {
                (ExprKind::Name(function), [only]) if matches!(function.as_str(), "len" | "bool" | "list") => {
                    self.is_alone(&only.value)
                }
                (ExprKind::Attribute { .. }, _) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// A queryset that the running function has made: nobody else holds it.
    fn is_built_here(&self, value: &Value<'p>) -> bool {
        let node = match value {
            Value::QuerySet(node) => node,
            // `list(rows)`
            Value::Seq(seq) => match (&seq.element, seq.driver.as_ref().and_then(|driver| driver.queryset.as_ref())) {
                (Some(Value::Row(row)), Some(node)) if row.path.is_empty() => node,
                _ => return false,
            },
            _ => return false,
        };
        let inside = |site: Site| {
            let function = self.frames.last().and_then(|frame| frame.function);
            site.file == self.file() && function.is_none_or(|f| f.function.body_span.contains(site.span))
        };
        node.desc.built.is_some_and(inside)
    }

    /// The same of the rows that a loop runs over: what asks only how many there are leaves their columns alone.
    fn is_alone_for_rows(&mut self, expr: &'p Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => {
                let reads = self.loads().get(name).copied().unwrap_or_default();
                reads.all.saturating_sub(reads.without_rows) <= 1
            }
            ExprKind::Call(call) => match (&call.func.kind, call.args.as_slice()) {
                (ExprKind::Name(function), [only]) if function == "list" => self.is_alone_for_rows(&only.value),
                _ => self.is_alone(expr),
            },
            _ => false,
        }
    }

    pub(super) fn is_read_once(&mut self, name: &SmolStr) -> bool {
        self.loads().get(name).copied().unwrap_or_default().all <= 1
    }

    /// The reads of names in the function that is running, those of functions inside of it included.
    fn loads(&mut self) -> Loads {
        let project: &'p crate::project::Project = self.project;
        let file = self.file();
        let function = self.frames.last().and_then(|frame| frame.function);
        let key = (file, function.map_or(crate::model::Span::at(0), |f| f.site.span));
        if let Some(known) = self.shared.loads.get(&key) {
            return known.clone();
        }
        let body: &'p Block = match function {
            Some(function) => &function.function.body,
            None => &project.module(file).ir.body,
        };
        let counted = Rc::new(count_loads(body));
        self.shared.loads.insert(key, counted.clone());
        counted
    }

    /// The attributes that a loop's body reads of the rows of `iter`, where it does nothing else with them.
    pub(super) fn reads_of_rows(
        &mut self,
        rows: &Value<'p>,
        iter: &'p Expr,
        target: &'p Expr,
        body: &'p Block,
    ) -> Option<Vec<SmolStr>> {
        let ExprKind::Name(name) = &target.kind else { return None };
        if !self.is_built_here(rows) || !self.is_alone_for_rows(iter) {
            return None;
        }
        // After the loop, the name is still the last row.
        let loads = self.loads().get(name).copied().unwrap_or_default().all;
        let mut seen = Vec::new();
        let inside = attributes_read(statements(body).flat_map(expressions_of), name, &mut seen)?;
        (inside == loads).then_some(seen)
    }

    /// The same for a comprehension of one clause.
    pub(super) fn reads_of_items(
        &mut self,
        rows: &Value<'p>,
        clauses: &'p [CompClause],
        elements: &[&'p Expr],
    ) -> Option<Vec<SmolStr>> {
        let [clause] = clauses else { return None };
        let ExprKind::Name(name) = &clause.target.kind else { return None };
        if !self.is_built_here(rows) || !self.is_alone_for_rows(&clause.iter) {
            return None;
        }
        let mut seen = Vec::new();
        attributes_read(elements.iter().copied().chain(&clause.conditions), &name.clone(), &mut seen)?;
        Some(seen)
    }

    /// Whether a test asks for something that is made once and kept; `Some(true)`: it is missing where the test holds.
    /// `if self._cache is None: self._cache = …`, `if self._cache: return self._cache`. What differs from row to row is
    /// not kept for the next one.
    pub(super) fn lazy_test(&self, test: &Expr, body: &Block, tested: &Value<'p>) -> Option<bool> {
        match &test.kind {
            // `if wanted and not self._loaded: …; self._loaded = True`
            ExprKind::Bool { op: BoolOp::And, values } => {
                values.iter().find_map(|value| self.lazy_part(value, body, tested).filter(|missing| *missing))
            }
            _ => self.lazy_part(test, body, tested),
        }
    }

    /// Whether a test holds for one item of the innermost loop: `for name in names: if name == "tags": …`.
    pub(super) fn picks_one(&self, test: &Expr) -> bool {
        let ExprKind::Compare { left, rest } = &test.kind else { return false };
        let (ExprKind::Name(name), [(CompareOp::Eq, right)]) = (&left.kind, rest.as_slice()) else { return false };
        let driver = self.frames.last().and_then(|frame| frame.turns.last()?.driver.as_ref());
        let (Some(driver), Some(Value::Unknown(item))) = (driver, self.flow.vars.get(name)) else { return false };
        let whole = item.text.starts_with("item(") && item.text.ends_with(')');
        driver.over == Over::Items && whole && item.has(driver.key) && right.as_str().is_some()
    }

    fn lazy_part(&self, test: &Expr, body: &Block, tested: &Value<'p>) -> Option<bool> {
        let (kept, missing) = kept(test)?;
        let is_kept = |expr: &Expr| expr.dotted().as_deref() == Some(&*kept);
        let fits = body.iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, .. } => missing && targets.iter().any(is_kept),
            StmtKind::AnnAssign { target, value: Some(_), .. } => missing && is_kept(target),
            StmtKind::Return(Some(value)) => !missing && is_kept(value),
            _ => false,
        });
        let sym = tested.sym();
        // A name that the loop assigns holds what the turn before it left; see `forget_assigned`.
        let carried = sym.text.contains(&format!("{kept}@"));
        // What a cache gave is kept under its key; one of the program's own says so by its name.
        let named = || sym.text.contains("cache") || sym.text.contains("CACHE");
        let cached = named() || sym.marks.iter().any(|mark| self.rec.reads.contains_key(mark));
        (fits && (carried || cached || stores(body) || self.rec.varies_with(&sym).is_none())).then_some(missing)
    }
}

/// Whether a block puts something into a container or cache, to find it there the next time.
pub fn stores(body: &Block) -> bool {
    let is_item = |target: &Expr| matches!(target.kind, ExprKind::Subscript { .. });
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(is_item),
        StmtKind::Expr(expr) => expr.as_call().is_some_and(|call| match &call.func.kind {
            ExprKind::Attribute { attr, .. } => matches!(attr.name.as_str(), "set" | "setdefault" | "set_many"),
            _ => false,
        }),
        _ => false,
    })
}

/// The name or attribute that a test asks for, and whether it is missing where the test holds: `x is None`, `not x`,
/// `hasattr(self, "x")`.
fn kept(test: &Expr) -> Option<(String, bool)> {
    match &test.kind {
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            [(CompareOp::Is, right)] if matches!(right.kind, ExprKind::None) => Some((left.dotted()?, true)),
            [(CompareOp::IsNot, right)] if matches!(right.kind, ExprKind::None) => Some((left.dotted()?, false)),
            _ => None,
        },
        ExprKind::Name(_) | ExprKind::Attribute { .. } => Some((test.dotted()?, false)),
        ExprKind::Call(call) => match (&call.func.kind, call.args.as_slice()) {
            (ExprKind::Name(function), [of, name]) if function == "hasattr" => {
                Some((format!("{}.{}", of.value.dotted()?, name.value.as_str()?), false))
            }
            _ => None,
        },
        ExprKind::Not(inner) => {
            let (name, missing) = kept(inner)?;
            Some((name, !missing))
        }
        _ => None,
    }
}

/// Counts the reads of `name` among expressions, all of them of an attribute; `None` where one is of the thing itself.
fn attributes_read<'e>(roots: impl Iterator<Item = &'e Expr>, name: &SmolStr, seen: &mut Vec<SmolStr>) -> Option<u32> {
    let (mut of_attribute, mut all) = (0, 0);
    for expr in roots.flat_map(expressions) {
        match &expr.kind {
            ExprKind::Name(read) if read == name => all += 1,
            ExprKind::Attribute { value, attr } => {
                if matches!(&value.kind, ExprKind::Name(owner) if owner == name) {
                    of_attribute += 1;
                    if !seen.contains(&attr.name) {
                        seen.push(attr.name.clone());
                    }
                }
            }
            _ => {}
        }
    }
    (of_attribute == all).then_some(all)
}

fn count_loads(body: &Block) -> FxHashMap<SmolStr, Reads> {
    let mut out: FxHashMap<SmolStr, Reads> = FxHashMap::default();
    for stmt in statements(body) {
        let targets = targets_of(stmt);
        if let StmtKind::If { test, .. } = &stmt.kind
            && let Some(name) = tested_name(test)
        {
            out.entry(name.clone()).or_default().without_rows += 1;
        }
        for expr in expressions_of(stmt).into_iter().flat_map(expressions) {
            if let ExprKind::Name(name) = &expr.kind
                && !targets.contains(&expr.span)
            {
                out.entry(name.clone()).or_default().all += 1;
            }
            if let Some(name) = expr.as_call().and_then(asks_no_rows) {
                out.entry(name.clone()).or_default().without_rows += 1;
            }
        }
    }
    out
}

/// `if rows:`, `if not rows:`
fn tested_name(test: &Expr) -> Option<&SmolStr> {
    let asked = match &test.kind {
        ExprKind::Not(inner) => &inner.kind,
        kind => kind,
    };
    match asked {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// The name in `len(rows)`, `rows.exists()`, `rows.filter(…)`.
fn asks_no_rows(call: &Call) -> Option<&SmolStr> {
    let (asked, of) = match (&call.func.kind, call.args.as_slice()) {
        (ExprKind::Name(function), [only]) => (function, &only.value),
        (ExprKind::Attribute { value, attr }, _) => (&attr.name, &**value),
        _ => return None,
    };
    let known = match call.func.kind {
        ExprKind::Name(_) => matches!(asked.as_str(), "len" | "bool"),
        _ => matches!(
            asked.as_str(),
            "count" | "exists" | "filter" | "exclude" | "order_by" | "values" | "values_list" | "aggregate" | "update"
        ),
    };
    match &of.kind {
        ExprKind::Name(name) if known => Some(name),
        _ => None,
    }
}

/// Names that a statement binds, by their place; an augmented assignment reads its target as well.
fn targets_of(stmt: &Stmt) -> Vec<crate::model::Span> {
    let targets: Vec<&Expr> = match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().collect(),
        StmtKind::AnnAssign { target, .. } | StmtKind::For { target, .. } => vec![target],
        StmtKind::With { items, .. } => items.iter().filter_map(|item| item.target.as_ref()).collect(),
        _ => Vec::new(),
    };
    let mut out = Vec::new();
    let mut stack = targets;
    while let Some(target) = stack.pop() {
        match &target.kind {
            ExprKind::Name(_) => out.push(target.span),
            ExprKind::Tuple(items) | ExprKind::List(items) => stack.extend(items),
            ExprKind::Starred(inner) => stack.push(inner),
            _ => {}
        }
    }
    out
}
