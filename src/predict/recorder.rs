//! Builds one trace: events with their loops, branches and call path, and the formula of round trips.

use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use smol_str::SmolStr;

use super::sym::Sym;
use super::value::{Driver, QsNode, RowOrigin, RowValue};
use crate::model::{Confidence, LoopId, Site, Terms};
use crate::trace::Cause;
use crate::trace::{
    Arm, Asked, Block, BlockKind, CallStep, Event, EventKind, LoopInfo, Query, QuerySet, QuerySetId, Renderer, Row,
    RowOp, Scopes, Trace,
};

/// How many events back the one of the expression at hand may stand.
const JUST: usize = 8;

#[derive(Debug, Default)]
pub struct Recorder {
    pub events: Vec<Event>,
    pub loops: Vec<LoopInfo>,
    pub querysets: Vec<QuerySet>,
    /// False as soon as something happens whose cost is not known.
    pub exact: bool,
    /// Loops and cache reads: mark → event index of the read.
    pub reads: FxHashMap<u32, usize>,
    pub scopes: Scopes,
    /// A coroutine is running, so many calls deep, and nothing has handed its work to a thread.
    pub blocking: Option<u32>,
    known_loops: FxHashMap<(u32, Option<LoopId>), LoopId>,
    known_querysets: FxHashMap<u32, QuerySetId>,
    open: Vec<OpenLoop>,
    arms: Vec<Arm>,
    /// What was tested on the way here, one a branch.
    tests: Vec<Sym>,
    via: Vec<CallStep>,
    /// The same for events; none where it changed since.
    shared_via: Option<Arc<[CallStep]>>,
    statements: Vec<Site>,
    /// Costs of the regions that are open: function, loop bodies, branches.
    costs: Vec<Terms>,
    forks: u32,
    /// What a fork asks, see [`Arm::asks`].
    asks: FxHashMap<u32, u32>,
}

#[derive(Debug, Clone, Copy)]
struct OpenLoop {
    id: LoopId,
    /// The region of its body.
    region: usize,
    /// Its key is the mark of all that changes with its turns.
    mark: u32,
    by: Option<Renderer>,
}

impl Recorder {
    pub fn new() -> Self {
        Self { exact: true, costs: vec![Terms::zero()], ..Self::default() }
    }

    /// Where the trace has come to, to see later whether anything happened.
    pub fn position(&self) -> usize {
        self.events.len()
    }

    pub fn emit(
        &mut self,
        kind: EventKind,
        site: Option<Site>,
        bound_to: Option<SmolStr>,
        confidence: Confidence,
    ) -> usize {
        self.emit_at(kind, site, bound_to, confidence, None)
    }

    /// The same, inside of the outermost `born` loops only: it happens once for each of their turns.
    pub fn emit_at(
        &mut self,
        kind: EventKind,
        site: Option<Site>,
        bound_to: Option<SmolStr>,
        confidence: Confidence,
        born: Option<usize>,
    ) -> usize {
        let inside = born.unwrap_or(self.open.len()).min(self.open.len());
        if matches!(kind, EventKind::Query(_)) {
            let region = self.open.get(inside).map_or(self.costs.len(), |outer| outer.region);
            if let Some(cost) = region.checked_sub(1).and_then(|at| self.costs.get_mut(at)) {
                cost.add(&Terms::constant(1));
            }
        }
        self.events.push(Event {
            kind,
            site,
            statement: self.statements.last().copied(),
            loops: self.open.iter().take(inside).map(|l| l.id).collect(),
            arms: self.arms.clone(),
            via: self.shared_via.get_or_insert_with(|| Arc::from(self.via.as_slice())).clone(),
            bound_to,
            rendered: inside.checked_sub(1).and_then(|last| self.open.get(last)?.by),
            blocking: self.blocking,
            confidence,
        });
        self.events.len() - 1
    }

    /// The statement that an expression has just sent, to say more of it.
    pub fn sent_at(&mut self, site: Site) -> Option<&mut Query> {
        self.events.iter_mut().rev().take(JUST).filter(|event| event.site == Some(site)).find_map(|event| {
            match &mut event.kind {
                EventKind::Query(query) => Some(query.as_mut()),
                _ => None,
            }
        })
    }

    /// The statement that was sent last, where nothing else has happened since.
    pub fn last_query(&mut self) -> Option<&mut Query> {
        match &mut self.events.last_mut()?.kind {
            EventKind::Query(query) => Some(query.as_mut()),
            _ => None,
        }
    }

    /// Of the relation that an expression has just followed, only the key is read.
    pub fn only_key_at(&mut self, site: Site) {
        for event in self.events.iter_mut().rev().take(JUST).filter(|event| event.site == Some(site)) {
            match &mut event.kind {
                EventKind::Query(query) => {
                    if let Cause::Relation { pk_only, .. } = &mut query.cause {
                        *pk_only = true;
                        return;
                    }
                }
                EventKind::Row(row) => {
                    if let RowOp::Relation { pk_only, .. } = &mut row.op {
                        *pk_only = true;
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// How many loops are open.
    pub fn loop_depth(&self) -> usize {
        self.open.len()
    }

    /// How many of the open loops a value changes with: it is the same in every turn of those further in.
    pub fn depth_of(&self, sym: &Sym) -> usize {
        self.open.iter().rposition(|l| sym.has(l.mark)).map_or(0, |at| at + 1)
    }

    /// The innermost open loop that one of the marks belongs to.
    pub fn varies_with(&self, sym: &Sym) -> Option<LoopId> {
        self.open.iter().rev().find(|l| sym.has(l.mark)).map(|l| l.id)
    }

    pub fn innermost_mark(&self) -> Option<u32> {
        self.open.last().map(|l| l.mark)
    }

    /// Whether a test on the way here looked at something with this mark.
    pub fn tested(&self, mark: u32) -> bool {
        self.tests.iter().any(|sym| sym.has(mark))
    }

    /// The same by what the thing is called.
    pub fn tested_text(&self, text: &str) -> bool {
        self.tests.iter().any(|sym| sym.text.contains(text))
    }

    /// `reads`: what the body does with the rows, see [`LoopInfo::reads`].
    pub fn enter_loop(&mut self, driver: &Driver<'_>, body: Site, reads: Option<Vec<SmolStr>>) {
        self.open_loop(driver, body, reads, None);
    }

    /// A loop that a framework runs.
    pub fn enter_loop_of(&mut self, driver: &Driver<'_>, body: Site, by: Renderer) {
        self.open_loop(driver, body, None, Some(by));
    }

    fn open_loop(&mut self, driver: &Driver<'_>, body: Site, reads: Option<Vec<SmolStr>>, by: Option<Renderer>) {
        let parent = self.open.last().map(|l| l.id);
        let queryset = driver.queryset.as_ref().map(|node| self.queryset(node));
        let id = match self.known_loops.get(&(driver.key, parent)) {
            Some(id) => *id,
            None => {
                let id = LoopId(self.loops.len() as u32);
                self.loops.push(LoopInfo {
                    over: driver.over,
                    model: driver.model.clone(),
                    queryset,
                    site: driver.site,
                    bodies: Vec::new(),
                    exactly: driver.exactly,
                    at_most: driver.at_most,
                    conditional: driver.conditional,
                    reads: Some(Vec::new()),
                });
                self.known_loops.insert((driver.key, parent), id);
                id
            }
        };
        if let Some(info) = self.loops.get_mut(id.0 as usize) {
            if !info.bodies.contains(&body) {
                info.bodies.push(body);
            }
            info.reads = info.reads.take().zip(reads).map(|(mut known, more)| {
                known.extend(more);
                known
            });
        }
        self.open.push(OpenLoop { id, region: self.costs.len(), mark: driver.key, by });
        self.costs.push(Terms::zero());
    }

    pub fn leave_loop(&mut self) {
        let (Some(open), Some(body)) = (self.open.pop(), self.costs.pop()) else { return };
        self.add(&body.within(open.id));
    }

    /// Opens a region whose cost is not added yet: a branch, a call.
    pub fn open_region(&mut self) {
        self.costs.push(Terms::zero());
    }

    pub fn close_region(&mut self) -> Terms {
        self.costs.pop().unwrap_or_default()
    }

    pub fn add(&mut self, terms: &Terms) {
        if let Some(cost) = self.costs.last_mut() {
            cost.add(terms);
        }
    }

    /// Depth of the open regions: where a function begins.
    pub fn depth(&self) -> usize {
        self.costs.len()
    }

    /// Cost of the path from region `base` to here, as if the open loops ended now.
    pub fn path_cost(&self, base: usize) -> Terms {
        // A way out of a loop is taken in its last turn at the latest, which the loop's own cost covers.
        self.costs.iter().skip(base).cloned().collect()
    }

    pub fn dearer(&self, a: Terms, b: Terms) -> Terms {
        a.max(b, |id| {
            let info = self.loops.get(id.0 as usize);
            info.and_then(|i| i.exactly.or(i.at_most)).map_or(Trace::UNBOUNDED, u64::from)
        })
    }

    pub fn fork(&mut self) -> u32 {
        self.forks += 1;
        self.forks
    }

    /// A fork with two ways, the first of which is taken where a test holds.
    pub fn fork_on(&mut self, test: &Sym) -> u32 {
        let fork = self.fork();
        let mut hasher = FxHasher::default();
        test.text.hash(&mut hasher);
        self.asks.insert(fork, (hasher.finish() as u32).max(1));
        fork
    }

    pub fn enter_arm(&mut self, fork: u32, arm: u32, memo: bool, test: Sym) {
        let asks = self.asks.get(&fork).copied().unwrap_or(0);
        self.arms.push(Arm { fork, arm, asks, memo, within: self.open.last().map(|l| l.id), leaves: 0 });
        self.tests.push(test);
    }

    pub fn leave_arm(&mut self) {
        self.arms.pop();
        self.tests.pop();
    }

    /// The arm at this depth, which the events since `position` stand in, leaves so many loops at its end.
    pub fn arm_leaves(&mut self, position: usize, depth: usize, loops: u32) {
        for event in self.events.iter_mut().skip(position) {
            if let Some(arm) = event.arms.get_mut(depth) {
                arm.leaves = arm.leaves.max(loops);
            }
        }
    }

    pub fn arm_depth(&self) -> usize {
        self.arms.len()
    }

    pub fn truncate_arms(&mut self, depth: usize) {
        self.arms.truncate(depth);
        self.tests.truncate(depth);
    }

    /// Begins a block; it ends with [`Self::close_block`].
    pub fn open_block(&mut self, kind: BlockKind, site: Option<Site>) -> usize {
        let start = self.events.len();
        if kind == BlockKind::Atomic {
            self.emit(EventKind::Begin, site, None, Confidence::Certain);
        }
        self.scopes.blocks.push(Block { kind, site, events: start..usize::MAX });
        self.scopes.blocks.len() - 1
    }

    pub fn close_block(&mut self, at: usize) {
        let Some(kind) = self.scopes.blocks.get(at).map(|block| block.kind) else { return };
        if kind == BlockKind::Atomic {
            self.emit(EventKind::Commit, None, None, Confidence::Certain);
        }
        let end = self.events.len();
        if let Some(block) = self.scopes.blocks.get_mut(at) {
            block.events.end = end;
        }
    }

    pub fn asked(&mut self, asked: Asked) {
        self.scopes.asked.push(asked);
    }

    /// How many calls lead here.
    pub fn call_depth(&self) -> u32 {
        self.via.len() as u32
    }

    /// Begins something for which the event loop goes on, where that is so; gives what it was before.
    pub fn unblocked(&mut self, so: bool) -> Option<u32> {
        let outer = self.blocking;
        self.blocking = self.blocking.filter(|_| !so);
        outer
    }

    pub fn enter_call(&mut self, step: CallStep) {
        self.via.push(step);
        self.shared_via = None;
    }

    pub fn leave_call(&mut self) {
        self.via.pop();
        self.shared_via = None;
    }

    pub fn enter_statement(&mut self, site: Site) {
        self.statements.push(site);
    }

    /// The statement that is running.
    pub fn statement(&self) -> Option<Site> {
        self.statements.last().copied()
    }

    pub fn leave_statement(&mut self) {
        self.statements.pop();
    }

    /// The id of a queryset in this trace.
    pub fn queryset(&mut self, node: &Rc<QsNode<'_>>) -> QuerySetId {
        if let Some(id) = self.known_querysets.get(&node.uid) {
            return *id;
        }
        let related_to = node.related.as_ref().map(|r| self.row(&r.row));
        let id = QuerySetId(self.querysets.len() as u32);
        let related_by = node.related.as_ref().map(|r| r.accessor.clone());
        self.querysets.push(QuerySet { related_to, related_by, ..node.desc.clone() });
        self.known_querysets.insert(node.uid, id);
        id
    }

    pub fn row(&mut self, row: &RowValue<'_>) -> Row {
        Row {
            model: row.model.id,
            model_name: row.model.name.clone(),
            queryset: row.queryset.as_ref().map(|node| self.queryset(node)),
            path: row.path.clone(),
            identity: row.sym.text.to_string(),
            made: matches!(row.origin, RowOrigin::Made | RowOrigin::Saved),
        }
    }

    pub fn terms(&mut self) -> Terms {
        self.costs.drain(..).collect()
    }
}
