//! Statements.

use std::rc::Rc;

use smol_str::SmolStr;

use super::flow::Flow;
use super::frames::Turn;
use super::sym::Sym;
use super::value::{Const, Driver, RowValue, Value};
use super::{Interpreter, NESTING};
use crate::model::{Span, Terms};
use crate::python::ir::{BinaryOp, Block, BoolOp, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::trace::Counted;

/// How a block ends on every way through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    On,
    /// `break` or `continue`: the turn is over.
    Turn,
    Return,
    Raise,
}

impl<'p> Interpreter<'p, '_> {
    pub(super) fn exec_block(&mut self, block: &'p Block) -> Next {
        if self.nesting >= NESTING {
            self.rec.exact = false;
            return Next::On;
        }
        self.nesting += 1;
        let arms = self.rec.arm_depth();
        let mut next = Next::On;
        // Where the way began that is left after a branch has ended: statement, event, depth of its arm.
        let mut rest: Option<(usize, usize, usize)> = None;
        for (at, stmt) in block.iter().enumerate() {
            if self.fuel == 0 {
                self.rec.exact = false;
                break;
            }
            self.fuel -= 1;
            let depth = self.rec.arm_depth();
            next = self.exec(stmt);
            if next != Next::On {
                break;
            }
            if self.rec.arm_depth() > depth {
                rest = Some((at + 1, self.rec.position(), depth));
            }
        }
        if let Some((from, position, depth)) = rest {
            self.note_leaving(next, block.get(from..).unwrap_or_default(), position, depth);
        }
        self.rec.truncate_arms(arms);
        self.nesting -= 1;
        next
    }

    fn exec(&mut self, stmt: &'p Stmt) -> Next {
        self.rec.enter_statement(self.site(head_span(stmt)));
        let next = self.exec_kind(stmt);
        self.rec.leave_statement();
        next
    }

    fn exec_kind(&mut self, stmt: &'p Stmt) -> Next {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.eval(expr);
            }
            StmtKind::Assign { targets, value } => {
                let bound = targets.first().and_then(target_name);
                let given = self.eval_bound(value, bound);
                for target in targets {
                    self.counted = self.counts(target, value);
                    self.value_site = Some(self.site(value.span));
                    self.assign(target, given.clone());
                }
                (self.counted, self.value_site) = (None, None);
            }
            StmtKind::AnnAssign { target, annotation, value } => {
                if let Some(value) = value {
                    let value = self.eval_bound(value, target_name(target));
                    // A list or dictionary says itself what is put into it.
                    let known = !value.is_plain() || matches!(value, Value::Seq(_) | Value::Dict(_));
                    let value = if known { value } else { self.annotated(annotation, value) };
                    self.assign(target, value);
                }
            }
            StmtKind::AugAssign { target, op, value } => self.exec_augmented(target, *op, value),
            StmtKind::Return(value) => {
                let value = value.as_ref().map_or(Value::none(), |v| self.eval_bound(v, None));
                self.note_return(value);
                return Next::Return;
            }
            StmtKind::Raise { exception, cause } => {
                for expr in [exception, cause].into_iter().flatten() {
                    self.eval(expr);
                }
                self.note_raise();
                return Next::Raise;
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    if let ExprKind::Subscript { value, index } = &target.kind {
                        self.eval(value);
                        self.eval(index);
                    }
                }
            }
            StmtKind::Assert { test, message } => {
                self.eval_truth(test);
                if let Some(message) = message {
                    self.eval(message);
                }
            }
            StmtKind::If { test, body, orelse } => return self.exec_if(test, body, orelse),
            StmtKind::For { target, iter, body, orelse, .. } => return self.exec_for(target, iter, body, orelse, stmt),
            StmtKind::While { test, body, orelse } => return self.exec_while(test, body, orelse, stmt),
            StmtKind::With { items, body, .. } => return self.exec_with(items, body),
            StmtKind::Try { body, handlers, orelse, finally } => {
                return self.exec_try(body, handlers, orelse, finally);
            }
            StmtKind::Match { subject, cases } => {
                let subject = self.eval(subject).sym();
                let mut ways = Vec::new();
                let fork = self.rec.fork();
                let start = self.flow.clone();
                for (arm, case) in cases.iter().enumerate() {
                    self.flow = start.clone();
                    for bind in &case.binds {
                        let sym = Sym::of(format!("{}~{}", subject.text, bind.name), [&subject]);
                        self.flow.set(&bind.name, Value::Unknown(sym));
                    }
                    ways.push(self.exec_arm(fork, arm as u32, false, subject.clone(), &case.body));
                }
                ways.push(Way { next: Next::On, cost: Terms::zero(), flow: start });
                return self.join_ways(fork, ways);
            }
            StmtKind::Function(function) => {
                for decorator in &function.decorators {
                    self.eval(decorator);
                }
                self.define_function(function);
            }
            StmtKind::Class(class) => self.define_class(class),
            StmtKind::Import(_) | StmtKind::ImportFrom { .. } => self.exec_import(stmt),
            StmtKind::Unknown(inner) => {
                self.rec.exact = false;
                return self.exec_block(inner);
            }
            StmtKind::Break | StmtKind::Continue => {
                self.note_turn_end();
                return Next::Turn;
            }
            StmtKind::Global(names) => {
                if let Some(frame) = self.frames.last_mut().filter(|frame| frame.function.is_some()) {
                    frame.globals.extend(names.iter().map(|name| name.name.clone()));
                }
            }
            StmtKind::Nonlocal(_) | StmtKind::Pass | StmtKind::TypeAlias { .. } => {}
        }
        Next::On
    }

    fn exec_augmented(&mut self, target: &'p Expr, op: BinaryOp, value: &'p Expr) {
        let old = self.eval(target);
        let step = self.eval_bound(value, target_name(target));
        self.counted = match op {
            BinaryOp::Add | BinaryOp::Sub => {
                let number = is_number(&step);
                Some(Counted { down: op == BinaryOp::Sub, by: self.site(value.span), number })
            }
            _ => None,
        };
        let sites = [self.site(target.span), self.site(value.span)];
        self.note_arithmetic(op, [(&old, sites[0]), (&step, sites[1])]);
        let new = self.binary_value(op, old, step);
        self.assign(target, new);
        self.counted = None;
    }

    /// `target = target + step`
    fn counts(&self, target: &'p Expr, value: &'p Expr) -> Option<Counted> {
        let (ExprKind::Attribute { .. }, ExprKind::Binary { op, left, right }) = (&target.kind, &value.kind) else {
            return None;
        };
        let name = target.dotted()?;
        let same = |side: &Expr| side.dotted().as_deref() == Some(&*name);
        let (down, by) = match op {
            BinaryOp::Add if same(left) => (false, right),
            BinaryOp::Add if same(right) => (false, left),
            BinaryOp::Sub if same(left) => (true, right),
            _ => return None,
        };
        let text = matches!(by.kind, ExprKind::Str(_) | ExprKind::FString(_) | ExprKind::List(_) | ExprKind::Tuple(_));
        Some(Counted { down, by: self.site(by.span), number: !text })
    }

    fn exec_if(&mut self, test: &'p Expr, body: &'p Block, orelse: &'p Block) -> Next {
        let from = self.rec.position();
        let tested = self.eval_truth(test);
        if let Some(frame) = self.frames.last_mut() {
            frame.asked.push(tested.sym().text);
        }
        match super::truth::known(&tested) {
            Some(true) => return self.exec_block(body),
            Some(false) => return self.exec_block(orelse),
            None => {}
        }
        let memo = self.lazy_test(test, body, &tested).or_else(|| is_memo_test(test));
        let picks_one = self.picks_one(test);
        let sym = tested.sym();
        let fork = self.rec.fork_on(&sym);
        self.note_asked(fork, &tested, from);
        let start = self.flow.clone();
        self.narrow(test, true);
        let (position, depth) = (self.rec.position(), self.rec.arm_depth());
        let first = self.exec_arm(fork, 0, memo == Some(true), sym.clone(), body);
        if picks_one {
            self.rec.arm_leaves(position, depth, 1);
        }
        self.flow = start;
        self.narrow(test, false);
        let second = self.exec_arm(fork, 1, memo == Some(false), sym, orelse);
        let (leaves, stays) = (first.next != Next::On, second.next == Next::On);
        let next = self.join_ways(fork, vec![first, second]);
        // What follows in this block runs only on the way that did not leave.
        if next == Next::On && leaves && stays {
            self.rec.enter_arm(fork, 1, memo == Some(false), Sym::new("else"));
        } else if next == Next::On && !leaves && !stays {
            self.rec.enter_arm(fork, 0, memo == Some(true), Sym::new("then"));
        }
        next
    }

    /// Runs a block as one way of a fork, from the flow as it stands.
    pub(super) fn exec_arm(&mut self, fork: u32, arm: u32, memo: bool, test: Sym, block: &'p Block) -> Way<'p> {
        self.rec.open_region();
        let (position, depth) = (self.rec.position(), self.rec.arm_depth());
        self.rec.enter_arm(fork, arm, memo, test);
        let next = self.exec_block(block);
        self.note_leaving(next, block, position, depth);
        self.rec.leave_arm();
        let cost = self.rec.close_region();
        Way { next, cost, flow: std::mem::take(&mut self.flow) }
    }

    /// Notes that a way which has ended leaves the loops around it, so that there is no next turn.
    fn note_leaving(&mut self, next: Next, block: &[Stmt], position: usize, depth: usize) {
        let Some(frame) = self.frames.last() else { return };
        let all = frame.turns.len() as u32;
        let loops = match next {
            Next::Return => all,
            Next::Raise if frame.tries == 0 => all,
            Next::Turn if matches!(block.last().map(|stmt| &stmt.kind), Some(StmtKind::Break)) => all.min(1),
            _ => 0,
        };
        if loops > 0 && !has_continue(block, 0) {
            self.rec.arm_leaves(position, depth, loops);
        }
    }

    /// Goes on where the ways of a fork meet: with the dearest of those that stay.
    pub(super) fn join_ways(&mut self, _fork: u32, ways: Vec<Way<'p>>) -> Next {
        let in_try = self.frames.last().is_some_and(|frame| frame.tries > 0);
        let mut cost = Terms::zero();
        let mut flow: Option<Flow<'p>> = None;
        let mut ended: Option<(Next, Flow<'p>)> = None;
        for way in ways {
            if way.next == Next::On {
                cost = self.rec.dearer(cost, way.cost);
                flow = Some(match flow {
                    Some(before) => before.join(way.flow),
                    None => way.flow,
                });
            } else {
                if way.next == Next::Raise && in_try {
                    cost = self.rec.dearer(cost, way.cost);
                }
                ended = match ended {
                    Some((next, before)) if next == way.next => Some((next, before.join(way.flow))),
                    Some(before) => Some(before),
                    None => Some((way.next, way.flow)),
                };
            }
        }
        self.rec.add(&cost);
        match (flow, ended) {
            (Some(flow), _) => {
                self.flow = flow;
                Next::On
            }
            (None, Some((next, flow))) => {
                self.flow = flow;
                next
            }
            (None, None) => Next::On,
        }
    }

    fn exec_for(
        &mut self,
        target: &'p Expr,
        iter: &'p Expr,
        body: &'p Block,
        orelse: &'p Block,
        stmt: &'p Stmt,
    ) -> Next {
        let iterated = self.eval_bound(iter, None);
        let asynchronous = matches!(stmt.kind, StmtKind::For { is_async: true, .. });
        let turning = self.iterate_in(asynchronous, &iterated, self.site(iter.span));
        let once = leaves_in_first_turn(body);
        let Some(driver) = turning.driver.filter(|_| !once) else {
            // Nothing to turn over, or no second turn.
            self.rec.open_region();
            let fork = self.rec.fork();
            let start = self.flow.clone();
            self.assign(target, turning.element);
            let mut way = self.exec_arm(fork, 0, false, iterated.sym(), body);
            let cost = self.rec.close_region();
            way.cost.add(&cost);
            if way.next == Next::Turn {
                way.next = Next::On;
            }
            let ways = vec![way, Way { next: Next::On, cost: Terms::zero(), flow: start }];
            let next = self.join_ways(fork, ways);
            return if orelse.is_empty() { next } else { self.exec_block(orelse) };
        };
        let whole = self.site(stmt.span);
        let reads = self.reads_of_rows(&iterated, iter, target, body);
        let mut names = Vec::new();
        super::assign::target_names(target, &mut names);
        self.exec_turns(driver, whole, reads, names, body, |this| this.assign(target, turning.element));
        self.note_added_up(&iterated, iter, target, stmt);
        self.exec_block(orelse)
    }

    fn exec_while(&mut self, test: &'p Expr, body: &'p Block, orelse: &'p Block, stmt: &'p Stmt) -> Next {
        let key = self.number();
        let site = self.site(test.span);
        let over = if pages(body) { crate::model::Over::Pages } else { crate::model::Over::Items };
        let driver =
            Driver { key, over, model: None, queryset: None, site, exactly: None, at_most: None, conditional: true };
        if leaves_in_first_turn(body) {
            self.eval_truth(test);
            let fork = self.rec.fork();
            let start = self.flow.clone();
            let mut way = self.exec_arm(fork, 0, false, Sym::new("while"), body);
            if way.next == Next::Turn {
                way.next = Next::On;
            }
            let endless = matches!(test.kind, ExprKind::True);
            let mut ways = vec![way];
            if !endless {
                ways.push(Way { next: Next::On, cost: Terms::zero(), flow: start });
            }
            return self.join_ways(fork, ways);
        }
        let whole = self.site(stmt.span);
        self.exec_turns(driver, whole, None, Vec::new(), body, |this| {
            this.eval_truth(test);
        });
        self.exec_block(orelse)
    }

    /// One turn of a loop, which stands for all of them.
    fn exec_turns(
        &mut self,
        driver: Driver<'p>,
        whole: crate::model::Site,
        reads: Option<Vec<SmolStr>>,
        names: Vec<SmolStr>,
        body: &'p Block,
        head: impl FnOnce(&mut Self),
    ) {
        let before = self.flow.clone();
        let mark = driver.key;
        self.rec.enter_loop(&driver, whole, reads);
        self.forget_assigned(body, mark);
        let base = self.rec.depth() - 1;
        let binds = super::assign::assigned_names(body).into_iter().chain(names).collect();
        let turn = Turn { base, exits: Vec::new(), flows: Vec::new(), driver: Some(driver), binds };
        if let Some(frame) = self.frames.last_mut() {
            frame.turns.push(turn);
        }
        head(self);
        let next = self.exec_block(body);
        let turn = self.frames.last_mut().and_then(|frame| frame.turns.pop());
        let mut flow = if next == Next::On { Some(std::mem::take(&mut self.flow)) } else { None };
        if let Some(turn) = turn {
            let mut cost = self.rec.close_region();
            for exit in turn.exits {
                cost = self.rec.dearer(cost, exit);
            }
            self.rec.open_region();
            self.rec.add(&cost);
            for other in turn.flows {
                flow = Some(match flow {
                    Some(one) => one.join(other),
                    None => other,
                });
            }
        }
        self.rec.leave_loop();
        self.flow = match flow {
            Some(flow) => before.join(flow),
            None => before,
        };
    }

    /// Variables that a loop's body assigns have another value in every turn.
    fn forget_assigned(&mut self, body: &'p Block, mark: u32) {
        for name in super::assign::assigned_names(body) {
            let Some(value) = self.flow.vars.get(&name) else { continue };
            if let Value::Row(row) = value {
                let sym = Sym { text: format!("{name}@{mark}({})", row.sym.text).into(), ..row.sym.clone() };
                let row = RowValue { sym: sym.marked(mark), sure: false, ..(**row).clone() };
                self.flow.set(&name, Value::Row(Rc::new(row)));
            } else if matches!(value, Value::Const(_) | Value::Scalar(_) | Value::Unknown(_)) {
                let old = value.sym();
                let sym = Sym { text: format!("{name}@{mark}({})", old.text).into(), ..old }.marked(mark);
                self.flow.set(&name, Value::Unknown(sym));
            }
        }
    }
}

/// One way through a fork.
pub(super) struct Way<'p> {
    pub next: Next,
    pub cost: Terms,
    pub flow: Flow<'p>,
}

/// Where a statement's own expressions end: compound ones are their head.
fn head_span(stmt: &Stmt) -> Span {
    let head = match &stmt.kind {
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => Some(test.span),
        StmtKind::For { iter, .. } => Some(iter.span),
        StmtKind::With { items, .. } => items.last().map(|item| item.context.span),
        StmtKind::Match { subject, .. } => Some(subject.span),
        _ => None,
    };
    head.map_or(stmt.span, |span| Span { start: stmt.span.start, end: span.end })
}

fn is_number(value: &Value<'_>) -> bool {
    match value {
        Value::Const(constant) => matches!(constant, Const::Int(_) | Const::Other(_)),
        Value::Scalar(_) | Value::Unknown(_) | Value::Instance(..) | Value::External(_) => true,
        _ => false,
    }
}

/// The name that a value gets: that of a variable, an attribute, a constant key.
pub fn target_name(target: &Expr) -> Option<SmolStr> {
    match &target.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Attribute { attr, .. } => Some(attr.name.clone()),
        ExprKind::Subscript { index, .. } => index.as_str().map(SmolStr::new),
        _ => None,
    }
}

/// Whether a test asks if something is known already. `Some(true)`: it is missing where the test holds.
fn is_memo_test(test: &Expr) -> Option<bool> {
    match &test.kind {
        ExprKind::Compare { left, rest } => match rest.as_slice() {
            // `name not in {"header", "SUM"}` asks nothing of the turns before.
            [(CompareOp::NotIn | CompareOp::In, right)] if is_written_down(right) => None,
            [(CompareOp::NotIn, _)] => Some(true),
            [(CompareOp::In, _)] => Some(false),
            [(CompareOp::Is, right)] if matches!(right.kind, ExprKind::None) && is_lookup(left) => Some(true),
            [(CompareOp::IsNot, right)] if matches!(right.kind, ExprKind::None) && is_lookup(left) => Some(false),
            _ => None,
        },
        ExprKind::Not(inner) => is_memo_test(inner).map(|missing| !missing),
        ExprKind::Bool { op: BoolOp::And, values } => values.iter().find_map(|v| is_memo_test(v).filter(|m| *m)),
        _ => None,
    }
}

fn is_written_down(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Set(_) | ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Str(_))
}

/// `seen.get(key)`, `seen[key]`, a walrus around one.
fn is_lookup(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(call) => matches!(&call.func.kind, ExprKind::Attribute { attr, .. } if attr.name == "get"),
        ExprKind::Subscript { .. } => true,
        ExprKind::Named { value, .. } => is_lookup(value),
        _ => false,
    }
}

/// No way through the body comes back to the loop's head.
fn leaves_in_first_turn(body: &Block) -> bool {
    let leaves =
        matches!(body.last().map(|s| &s.kind), Some(StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. }));
    leaves && !has_continue(body, 0)
}

fn has_continue(block: &[Stmt], depth: u32) -> bool {
    depth < 40
        && block.iter().any(|stmt| match &stmt.kind {
            StmtKind::Continue => true,
            StmtKind::If { body, orelse, .. } => has_continue(body, depth + 1) || has_continue(orelse, depth + 1),
            StmtKind::With { body, .. } => has_continue(body, depth + 1),
            StmtKind::Try { body, handlers, orelse, finally } => {
                [body, orelse, finally].into_iter().any(|b| has_continue(b, depth + 1))
                    || handlers.iter().any(|h| has_continue(&h.body, depth + 1))
            }
            StmtKind::Match { cases, .. } => cases.iter().any(|c| has_continue(&c.body, depth + 1)),
            _ => false,
        })
}

/// A `while` that slices or counts its way through pages or chunks.
fn pages(body: &Block) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::AugAssign { op: BinaryOp::Add | BinaryOp::Sub, .. } => true,
        StmtKind::Assign { value, .. } => match &value.kind {
            ExprKind::Subscript { index, .. } => matches!(index.kind, ExprKind::Slice { .. }),
            ExprKind::Call(call) => call
                .args
                .iter()
                .any(|a| matches!(&a.value.kind, ExprKind::Subscript { index, .. } if matches!(index.kind, ExprKind::Slice { .. }))),
            _ => false,
        },
        _ => false,
    })
}

impl Const {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Const::None)
    }
}
