//! `with` and `try`: transactions, locks, and what handlers catch.

use smol_str::SmolStr;

use super::Interpreter;
use super::exec::{Next, Way};
use super::sym::Sym;
use super::value::Value;
use crate::model::Terms;
use crate::project::FunctionRef;
use crate::python::ir::{Block, Expr, ExprKind, Handler, WithItem};
use crate::trace::{self, Attempt, BlockKind};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn exec_with(&mut self, items: &'p [WithItem], body: &'p Block) -> Next {
        let mut blocks = Vec::new();
        for item in items {
            let context = self.eval_bound(&item.context, None);
            let site = self.site(item.context.span);
            if matches!(context, Value::Atomic) || self.project.opens_transaction(self.file(), &item.context) {
                blocks.push(self.rec.open_block(BlockKind::Atomic, Some(site)));
            } else if names_lock(&item.context) {
                blocks.push(self.rec.open_block(BlockKind::Lock, Some(site)));
            }
            if let Some(target) = &item.target {
                let value = match context {
                    Value::Instance(..) | Value::Cache(..) | Value::Object(_) => context,
                    other => Value::Unknown(other.sym().attr("__enter__()")),
                };
                self.assign(target, value);
            }
        }
        let next = self.exec_block(body);
        for block in blocks.into_iter().rev() {
            self.rec.close_block(block);
        }
        next
    }

    pub(super) fn exec_try(
        &mut self,
        body: &'p Block,
        handlers: &'p [Handler],
        orelse: &'p Block,
        finally: &'p Block,
    ) -> Next {
        let start = self.flow.clone();
        let from = self.rec.position();
        let site = self.rec.statement();
        if let Some(frame) = self.frames.last_mut() {
            frame.tries += 1;
        }
        let mut next = self.exec_block(body);
        if let Some(frame) = self.frames.last_mut() {
            frame.tries -= 1;
        }
        let tried = from..self.rec.position();
        let fork = self.rec.fork();
        let mut ways = Vec::new();
        let mut handled = Vec::new();
        let after = self.flow.clone();
        if next == Next::On {
            ways.push(self.exec_arm(fork, 0, false, Sym::new("try"), orelse));
        } else {
            ways.push(Way { next, cost: Terms::zero(), flow: after.clone() });
        }
        for (arm, handler) in handlers.iter().enumerate() {
            // The exception may come from anywhere in the body: what it assigned may be there or not.
            self.flow = after.clone().join(start.clone());
            if let Some(name) = &handler.name {
                self.flow.set(&name.name, Value::Scalar(Sym::new("exception")));
            }
            // `try: x = seen[key]`, `except KeyError: x = seen[key] = …`
            let missing = handler.kind.as_ref().and_then(|kind| kind.dotted()).is_some_and(|kind| kind == "KeyError");
            let memo = missing && super::uses::stores(&handler.body);
            self.note_missing(fork, arm as u32 + 1, handler, tried.clone());
            let begins = self.rec.position();
            let way = self.exec_arm(fork, arm as u32 + 1, memo, Sym::new("except"), &handler.body);
            handled.push(trace::Handler {
                site: self.site(handler.span),
                catches: caught(handler),
                events: begins..self.rec.position(),
                raises: way.next == Next::Raise,
                leaves: way.next != Next::On,
            });
            ways.push(way);
        }
        if let (Some(site), false) = (site, tried.is_empty()) {
            self.rec.scopes.attempts.push(Attempt { site, body: tried, handlers: handled });
        }
        next = self.join_ways(fork, ways);
        let last = self.exec_block(finally);
        if last == Next::On { next } else { last }
    }

    /// Runs the body of a function inside of what its decorators open.
    pub(super) fn exec_decorated(&mut self, function: FunctionRef<'p>) -> Next {
        let mut blocks = Vec::new();
        if self.project.is_atomic(function) {
            blocks.push(self.rec.open_block(BlockKind::Atomic, Some(function.site)));
        }
        let locked = function.function.decorators.iter().any(|decorator| {
            let named = decorator.as_call().map_or(decorator, |call| &call.func);
            named.dotted().is_some_and(|name| is_lock(&name))
        });
        if locked {
            blocks.push(self.rec.open_block(BlockKind::Lock, Some(function.site)));
        }
        let next = self.exec_block(&function.function.body);
        for block in blocks.into_iter().rev() {
            self.rec.close_block(block);
        }
        next
    }
}

/// `with lock:`, `with cache.lock(key):`
fn names_lock(context: &Expr) -> bool {
    called(context).is_some_and(is_lock)
}

/// The name of a context manager, without what it is looked up in.
fn called(context: &Expr) -> Option<&str> {
    let named = context.as_call().map_or(context, |call| &call.func);
    match &named.kind {
        ExprKind::Attribute { attr, .. } => Some(&attr.name),
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// Names like `lock`, `acquire_lock`, `user_mutex`.
fn is_lock(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.into_iter().any(|word| {
        matches!(word, "lock" | "locked" | "locking" | "mutex" | "semaphore" | "rlock" | "redlock")
            || word.ends_with("lock") && !word.ends_with("block") && !word.ends_with("clock")
    })
}

/// Last parts of the names that a handler catches.
pub fn caught(handler: &Handler) -> Vec<SmolStr> {
    let last = |expr: &Expr| expr.dotted().and_then(|name| name.rsplit('.').next().map(SmolStr::new));
    match handler.kind.as_ref().map(|kind| &kind.kind) {
        None => vec![SmolStr::new_static("BaseException")],
        Some(ExprKind::Tuple(items)) => items.iter().filter_map(last).collect(),
        Some(_) => handler.kind.as_ref().and_then(last).into_iter().collect(),
    }
}
