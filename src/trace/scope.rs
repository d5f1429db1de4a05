//! Stretches of a run: transactions, locks, `try` statements; and what tests say of the queries before them.

use std::ops::Range;

use smol_str::SmolStr;

use super::{Event, Trace};
use crate::model::Site;

/// Ranges are of indexes into [`Trace::events`].
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    /// In the order in which they begin.
    pub blocks: Vec<Block>,
    /// Inner ones before those around them.
    pub attempts: Vec<Attempt>,
    pub asked: Vec<Asked>,
}

#[derive(Debug, Clone)]
pub struct Block {
    pub kind: BlockKind,
    /// The context manager or the decorated function; none for the transaction of a whole request.
    pub site: Option<Site>,
    pub events: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    Atomic,
    /// A lock of the program's own: `with lock:`
    Lock,
    /// A callback of `on_commit`: it runs when the transactions around it are over.
    Deferred,
}

/// `try` with its handlers.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub site: Site,
    pub body: Range<usize>,
    pub handlers: Vec<Handler>,
}

#[derive(Debug, Clone)]
pub struct Handler {
    pub site: Site,
    /// Last parts of the names of exceptions: `IntegrityError`; `BaseException` for a bare `except`.
    pub catches: Vec<SmolStr>,
    pub events: Range<usize>,
    /// It ends by raising an exception.
    pub raises: bool,
    /// What follows the `try` does not follow it: it returns, or ends the turn of a loop.
    pub leaves: bool,
}

/// What the test of a fork asked, for one way out of it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub fork: u32,
    pub arm: u32,
    /// What happened while the test was evaluated.
    pub test: Range<usize>,
    /// What the test compares, each as [`super::Filter::value`].
    pub compared: Vec<Box<str>>,
    /// Queries that have found nothing on this way.
    pub absent: Vec<usize>,
    /// Queries that have found something on this way.
    pub present: Vec<usize>,
}

impl Trace {
    /// Blocks around an event, outermost first. Those around a callback of `on_commit` are over when it runs.
    pub fn blocks_around(&self, at: usize) -> impl Iterator<Item = &Block> {
        let around = move |block: &&Block| block.events.contains(&at);
        let deferred = self.scopes.blocks.iter().rposition(|block| around(&block) && block.kind == BlockKind::Deferred);
        self.scopes.blocks.iter().skip(deferred.map_or(0, |at| at + 1)).filter(around)
    }

    /// The transaction that an event stands in: the outermost one.
    pub fn transaction(&self, at: usize) -> Option<&Block> {
        self.blocks_around(at).find(|block| block.kind == BlockKind::Atomic)
    }

    /// The innermost `atomic()` around an event: what an exception rolls back.
    pub fn savepoint(&self, at: usize) -> Option<&Block> {
        self.blocks_around(at).filter(|block| block.kind == BlockKind::Atomic).last()
    }

    pub fn asked(&self, event: &Event) -> impl Iterator<Item = &Asked> {
        let ways = event.arms.iter().map(|arm| (arm.fork, arm.arm)).collect::<Vec<_>>();
        self.scopes.asked.iter().filter(move |asked| ways.contains(&(asked.fork, asked.arm)))
    }

    /// Handlers of the `try` bodies around an event, innermost first.
    pub fn handlers(&self, at: usize) -> impl Iterator<Item = &Handler> {
        self.scopes.attempts.iter().filter(move |attempt| attempt.body.contains(&at)).flat_map(|a| &a.handlers)
    }
}

impl Handler {
    /// Catches what the database raises where a constraint is broken.
    pub fn catches_integrity(&self) -> bool {
        const ABOVE: [&str; 6] =
            ["IntegrityError", "DatabaseError", "Error", "StandardError", "Exception", "BaseException"];
        self.catches.iter().any(|name| ABOVE.contains(&name.as_str()))
    }
}
