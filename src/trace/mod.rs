//! The event vocabulary: what code would do to the database, or what a request did, in one shape.
//!
//! A trace is one function's run as predicted, or one request's as observed. Detectors read traces and do not care
//! which kind one is: a prediction has loops and sites, an observation has times and parameters.

mod aggregate;
mod event;
mod plan;
mod queryset;
mod scope;
mod statement;
mod statistic;

pub use aggregate::{Aggregate, AggregateFunction, Aggregation, Join};
pub use event::{
    Arm, Assigned, Assignment, CacheBackend, CacheEvent, CacheOp, CallStep, Cause, Counted, Dispatch, Event, EventKind,
    Fold, Folded, Frame, Later, Missing, Misuse, Observed, Query, Renderer, RowEvent, RowOp, Shared, SharedKind,
    Tested, Usage, ValueChange, ValueKind, Written, is_test,
};
pub use plan::{Actual, Plan, PlanNode};
pub use queryset::{Filter, Listed, LoopInfo, QuerySet, QuerySetId, Row, Slice, Step};
pub use scope::{Asked, Attempt, Block, BlockKind, Handler, Scopes};
pub use statement::{Column, Comparison, Facts, Fingerprint, Operator, Ordering, Statement};
pub use statistic::{CacheUse, EndpointUse, IndexUse, LockWait, StatementUse, Statistic, TableUse};

use smol_str::SmolStr;

use crate::model::{FileId, Kind, LoopId, Site, Terms};

/// What a function is for: a hot path, or one that nobody waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// A view, serializer, template, admin: somebody waits for it.
    Request,
    Command,
    Task,
    Signal,
    Migration,
    Test,
    #[default]
    Other,
}

impl Role {
    /// Bounded or out of a user's sight: findings are one step milder.
    pub fn is_background(self) -> bool {
        matches!(self, Role::Command | Role::Task | Role::Signal | Role::Migration)
    }

    /// Most rules have nothing to say of tests, and of migrations, which run once.
    pub fn is_judged(self) -> bool {
        !matches!(self, Role::Test | Role::Migration)
    }
}

/// Where a trace comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// One function of the input, interpreted with unknown arguments.
    Code {
        file: FileId,
        /// `Dashboard.get`; `<module>` for code outside of functions.
        function: SmolStr,
        /// The function's name where it is defined.
        site: Site,
    },
    /// One request of a log, or the whole log where nothing divides it.
    Log {
        request: String,
        /// `GET /forum/`
        name: String,
        /// False where the input has no request boundaries and this is all of it.
        bounded: bool,
    },
}

#[derive(Debug, Clone)]
pub struct Trace {
    pub origin: Origin,
    pub role: Role,
    pub loops: Vec<LoopInfo>,
    pub querysets: Vec<QuerySet>,
    /// In the order in which they happen.
    pub events: Vec<Event>,
    pub scopes: Scopes,
    /// Other requests that the same object answers from the queryset that it builds for all of them.
    pub beside: Vec<SmolStr>,
    /// Round trips of one run: the dearest path. For a log, the count.
    pub terms: Terms,
    /// False when something unknown is called or a branch was bounded by its maximum.
    pub exact: bool,
}

impl Trace {
    /// The run of one request of a log, without its statements yet.
    pub fn log(request: &str, name: &str, bounded: bool) -> Self {
        Self {
            origin: Origin::Log { request: request.to_owned(), name: name.to_owned(), bounded },
            role: Role::Request,
            loops: Vec::new(),
            querysets: Vec::new(),
            events: Vec::new(),
            scopes: Scopes::default(),
            beside: Vec::new(),
            terms: Terms::zero(),
            exact: true,
        }
    }

    pub fn loop_info(&self, id: LoopId) -> &LoopInfo {
        &self.loops[id.0 as usize]
    }

    pub fn queryset(&self, id: QuerySetId) -> &QuerySet {
        &self.querysets[id.0 as usize]
    }

    /// How often a loop turns when nothing is known of it, for comparing costs.
    pub const UNBOUNDED: u64 = 1000;

    pub fn turns(&self, id: LoopId) -> u64 {
        let info = self.loop_info(id);
        info.exactly.or(info.at_most).map_or(Self::UNBOUNDED, u64::from)
    }

    /// The queries among the events, with their index.
    pub fn queries(&self) -> impl Iterator<Item = (usize, &Event, &Query)> {
        self.events.iter().enumerate().filter_map(|(at, event)| match &event.kind {
            EventKind::Query(query) => Some((at, event, query.as_ref())),
            _ => None,
        })
    }

    /// Statements that count as round trips (no transaction control).
    pub fn sends(&self, kind: Kind) -> usize {
        self.queries().filter(|(_, _, query)| query.statement.facts.kind == kind).count()
    }
}
