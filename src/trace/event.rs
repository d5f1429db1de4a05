//! One thing that happens in a run.

use std::sync::Arc;

use smol_str::SmolStr;

use super::{Aggregation, QuerySetId, Row, Statement};
use crate::model::{Confidence, LoopId, Site};

#[derive(Debug, Clone)]
pub struct Event {
    pub kind: EventKind,
    /// The expression at which it happens; for a log, none.
    pub site: Option<Site>,
    /// The statement around it, in the file of `site`.
    pub statement: Option<Site>,
    /// The loops around it, outermost first.
    pub loops: Vec<LoopId>,
    /// The branches that lead to it, outermost first: two events exclude each other where these part.
    pub arms: Vec<Arm>,
    /// The calls between the trace's function and `site`, outermost first; empty when it stands in that function.
    /// Shared by the events of one call.
    pub via: Arc<[CallStep]>,
    /// The name that its value is given: a variable, a dict key, a keyword argument.
    pub bound_to: Option<SmolStr>,
    /// The framework's loop that repeats it; `None` where the innermost of `loops` is one of the program's own.
    pub rendered: Option<Renderer>,
    /// An event loop stands still for it: synchronous code in a coroutine, to which so many of the calls lead; what
    /// comes after them is called by it.
    pub blocking: Option<u32>,
    pub confidence: Confidence,
}

/// What of a framework turns over rows by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renderer {
    Template,
    Serializer,
    /// The list of a model in the admin.
    Admin,
    /// The choices of a form's field.
    Form,
}

/// One way at a fork: `if` and `else` of one statement share `fork` and differ in `arm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    pub fork: u32,
    pub arm: u32,
    /// Stands for what the fork asks: the same for two forks that ask the same of the same values; 0 where that is
    /// not known.
    pub asks: u32,
    /// The test asks whether something is known already (`if key not in cache`): the body runs once per distinct key.
    pub memo: bool,
    /// The innermost loop around the fork: a guard outside of a loop says nothing of its turns.
    pub within: Option<LoopId>,
    /// How many loops the way leaves at its end (`break`, `return`), from the innermost one on: what stands on it
    /// happens once at most for all of their turns.
    pub leaves: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CallStep {
    /// The call expression.
    pub site: Site,
    /// What is called: `row`, `Topic.summary`.
    pub callee: SmolStr,
    /// Where the callee is defined.
    pub defined: Option<Site>,
    /// It is a template or the like, which gets values and shows them.
    pub renders: bool,
}

#[derive(Debug, Clone)]
pub enum EventKind {
    Query(Box<Query>),
    Row(RowEvent),
    Cache(CacheEvent),
    /// `atomic()` entered and left.
    Begin,
    Commit,
    /// A task sent to a queue.
    Dispatch(Dispatch),
    /// `on_commit(callback)`; what the callback does follows, in a block of its own.
    Later(Later),
    /// What all requests of a process share is changed, or kept for them.
    Shared(Shared),
    /// A result is taken for something that it is not.
    Misuse(Misuse),
    /// What may be nothing is taken for a number.
    Missing(Missing),
    /// One value is made of all rows, and nothing else of them.
    Folded(Folded),
    /// HTTP, mail, sleep, subprocess.
    ExternalIo(SmolStr),
    /// A call that leaves the input; what it does is not known.
    Opaque(SmolStr),
}

/// A statement that is sent.
#[derive(Debug, Clone)]
pub struct Query {
    pub statement: Arc<Statement>,
    pub queryset: Option<QuerySetId>,
    pub cause: Cause,
    pub usage: Usage,
    /// The test that its result is used in, and in nothing else.
    pub tested: Option<Tested>,
    /// Two queries of one trace that would read the same thing have the same text here: model, filters with their
    /// values, order, slice. `None` where it depends on something unknown.
    pub identity: Option<String>,
    /// Its arguments change from one turn of this loop to the next (innermost such one).
    pub varies_with: Option<LoopId>,
    /// What it writes.
    pub assigned: Assignment,
    pub observed: Option<Box<Observed>>,
    /// What is sent in its place on other ways through the code.
    pub others: Vec<Arc<Statement>>,
    /// What it computes over many rows, where it does.
    pub aggregation: Option<Arc<Aggregation>>,
}

/// The value of an aggregate, which is none where there are no rows, used as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Index of the query's event.
    pub query: usize,
    /// Index among the query's aggregates.
    pub aggregate: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    pub function: Fold,
    pub queryset: QuerySetId,
    /// The column whose values are taken; none for the number of rows.
    pub field: Option<SmolStr>,
    /// The expression of the rows.
    pub rows: Site,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Sum,
    /// A loop that adds to a variable and does nothing else.
    Added,
    Least,
    Greatest,
    Length,
}

/// The columns that a statement sets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assignment {
    pub values: Vec<Assigned>,
    /// There are more, which are not known: `create(**data)`.
    pub open: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    pub field: SmolStr,
    /// Stands for the value, as [`super::Filter::value`] does.
    pub value: String,
    pub kind: ValueKind,
    /// It is another one in each turn of this loop (innermost such one).
    pub varies_with: Option<LoopId>,
    /// The value's expression, where one is written.
    pub site: Option<Site>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Constant,
    /// The database computes it: `F("n") + 1`.
    Expression,
    Other,
}

impl Event {
    /// A statement of a log.
    pub fn observed(statement: Arc<Statement>, observed: Observed) -> Self {
        let query = Query {
            statement,
            queryset: None,
            cause: Cause::Observed,
            usage: Usage::Unknown,
            tested: None,
            identity: None,
            varies_with: None,
            assigned: Assignment::default(),
            observed: Some(Box::new(observed)),
            others: Vec::new(),
            aggregation: None,
        };
        Event {
            kind: EventKind::Query(Box::new(query)),
            site: None,
            statement: None,
            loops: Vec::new(),
            arms: Vec::new(),
            via: Arc::default(),
            bound_to: None,
            rendered: None,
            blocking: None,
            confidence: Confidence::Certain,
        }
    }
}

impl Arm {
    /// Whoever goes this way goes the other one, too.
    pub fn implies(&self, other: &Arm) -> bool {
        self.arm == other.arm && (self.fork == other.fork || self.asks != 0 && self.asks == other.asks)
    }
}

impl Event {
    /// No run does both.
    pub fn excludes(&self, other: &Event) -> bool {
        let parts = |one: &Arm| other.arms.iter().any(|two| one.fork == two.fork && one.arm != two.arm);
        self.arms.iter().any(parts)
    }
}

/// Why a statement is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// A queryset is iterated, listed, measured …
    Evaluation,
    /// A method that always sends: `count`, `get`, `exists`, `create`, by its name.
    Method(SmolStr),
    /// A forward relation of a row that is not loaded: the row, the attribute.
    Relation {
        row: Row,
        field: SmolStr,
        /// Only the key of what it leads to is read here.
        pk_only: bool,
    },
    /// A reverse one-to-one or generic relation of a row.
    Singular {
        row: Row,
        field: SmolStr,
        generic: bool,
    },
    /// A manager of a row: reverse foreign key or many-to-many, by accessor, with the method that sends.
    Manager {
        row: Row,
        accessor: SmolStr,
        method: SmolStr,
        prefetched: bool,
    },
    /// A column left out by `only`/`defer`.
    Deferred {
        row: Row,
        column: SmolStr,
    },
    /// A further statement of a prefetch, by its lookup.
    Prefetch(SmolStr),
    Save,
    Delete,
    /// Of a log: only the statement is known.
    Observed,
}

/// What becomes of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Only whether there is any.
    Truth,
    /// Only how many.
    Length,
    Rows,
    /// One value or instance.
    Value,
    Unused,
    Unknown,
}

/// A test for whether a query finds anything: `qs.count() > 0`, `if not qs:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tested {
    /// The whole test, without a `not` before it.
    pub site: Site,
    /// It holds where there is nothing: `qs.count() == 0`.
    pub empty: bool,
    /// No variable holds the queryset, or one that nothing else reads.
    pub alone: bool,
}

/// What a log says of one execution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// Index into the log's statements, from 0.
    pub ordinal: u64,
    /// The statement as it stands in the log.
    pub raw: Arc<str>,
    /// The values of this execution as text, in the order in which they stand in the statement: its literals, and the
    /// parameters in place of their marks. `None` where the input hides them.
    pub params: Option<Vec<SmolStr>>,
    /// Parameter sets of one call (`executemany`); 0 and 1 for an ordinary statement.
    pub repeat: u32,
    /// Of all sets together.
    pub duration_us: Option<u64>,
    pub rows: Option<u64>,
    /// Outermost first, application frames only where they can be told.
    pub stack: Vec<Frame>,
    pub in_transaction: Option<bool>,
    /// How many transactions its run has begun or ended before, where the input writes BEGIN and COMMIT: two statements
    /// with different numbers are not of one transaction.
    pub boundaries: u32,
    pub connection: Option<SmolStr>,
}

impl Observed {
    /// The deepest frame of the program's own code.
    pub fn frame(&self) -> Option<&Frame> {
        self.stack.iter().rev().find(|frame| frame.is_own()).or(self.stack.last())
    }

    /// The deepest frame of a test: each of its lines calls the program anew.
    pub fn test_frame(&self) -> Option<&Frame> {
        self.stack.iter().rev().find(|frame| frame.is_test())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    pub path: SmolStr,
    pub line: u32,
    pub function: SmolStr,
}

/// An attribute of a row read or written, or the row stored.
#[derive(Debug, Clone)]
pub struct RowEvent {
    pub row: Row,
    pub op: RowOp,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RowOp {
    Read(SmolStr),
    /// A relation that is loaded already, or free.
    Relation {
        field: SmolStr,
        loaded: bool,
        /// Only the key of what it leads to is read.
        pk_only: bool,
    },
    Write(Box<Written>),
    Save {
        update_fields: Option<Vec<SmolStr>>,
        /// It is a new row for the database.
        creates: bool,
    },
    Delete,
    Create,
    /// It is read again.
    Refresh,
}

/// `row.field = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub assigned: Assigned,
    /// The new value derives from the row's own (`o.n = o.n + 1`, `o.names.append(x)`).
    pub derived: bool,
    /// It is the row's own, and more or less.
    pub counted: Option<Counted>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    pub down: bool,
    /// The expression of the step.
    pub by: Site,
    /// The step changes a number: no list, no text.
    pub number: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    /// `send_mail`, `mails.tasks.send_mail`
    pub task: SmolStr,
    /// `delay`, `apply_async`, …
    pub method: SmolStr,
    /// The queue gets it when the transaction is over: `delay_on_commit`.
    pub after_commit: bool,
    /// Stand for the arguments, as [`super::Filter::value`] does.
    pub given: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Later {
    /// The callback.
    pub callback: Site,
    /// Names that it reads when it runs, and that the loop around has given other values by then.
    pub late: Vec<SmolStr>,
}

/// State that lives as long as the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    pub name: SmolStr,
    pub kind: SharedKind,
    /// A test on the way here asked what is in it: it is filled once.
    pub tested: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedKind {
    /// A list, dict or set of a module or class.
    Container,
    /// A name of the module that a function binds anew: `global n`.
    Global,
    /// Results of a method are kept for each `self` (`lru_cache`), which is a row, or something else.
    Results { of_row: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    /// An attribute of what `get_or_create` gives, which is a pair.
    PairAsRow,
    /// `bulk_update` gives a number.
    NumberAsRows,
    /// `values_list(…, flat=True)` with more than one field.
    FlatOfMany,
}

/// A cache operation. Keys are text that is equal for the same key in this trace (see `Filter::value`).
#[derive(Debug, Clone)]
pub struct CacheEvent {
    pub op: CacheOp,
    pub backend: CacheBackend,
    pub key: Option<String>,
    /// The key expression.
    pub key_site: Option<Site>,
    /// The expression that the operation is called on: `cache`, `caches["x"]`, `self.redis`.
    pub receiver: Option<Site>,
    /// For a write: index of the `Get` event whose value the written one derives from.
    pub derives_from: Option<usize>,
    /// For a write: the value expression.
    pub value_site: Option<Site>,
    /// The timeout argument's expression, where there is one.
    pub timeout_site: Option<Site>,
    /// For a get: its result is tested for being absent before the write (`if not cache.get(k): cache.set(k, …)`).
    pub guards: bool,
    /// For a write: the value is a counter step of what was read (`n + 1`), a list append, or something else.
    pub change: Option<ValueChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueChange {
    /// `value + constant`
    Increment,
    /// `append`, `add`, `update`, a rebuilt list, …
    Mutation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheBackend {
    /// `django.core.cache`
    Django,
    Redis,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheOp {
    Get,
    Set,
    Add,
    Incr,
    GetOrSet,
    Touch,
    Expire,
    Delete,
    Lock,
}

impl Frame {
    /// In the program's own code, not in a library or in Python itself.
    pub fn is_own(&self) -> bool {
        const FOREIGN: [&str; 6] =
            ["site-packages/", "dist-packages/", "lib/python3", "django/db/", "sqlalchemy/", "importlib"];
        let path = self.path.replace('\\', "/");
        !path.starts_with('<') && !FOREIGN.iter().any(|part| path.contains(part))
    }

    /// Whether nobody waits for what it sends: a command's, a migration's, or what an app sets up when it starts.
    pub fn is_of_upkeep(&self) -> bool {
        self.is_of_setup() || self.path.replace('\\', "/").contains("/management/commands/")
    }

    /// A migration's, or an app's that starts.
    pub fn is_of_setup(&self) -> bool {
        let path = self.path.replace('\\', "/");
        path.contains("/migrations/") || path.ends_with("/apps.py")
    }

    /// Whether it is a test's: by the name of its file, or of a folder around it. Of an absolute path, the folders above
    /// the project say nothing of it.
    pub fn is_test(&self) -> bool {
        is_test(&self.path)
    }
}

/// As [`Frame::is_test`], of a path.
pub fn is_test(path: &str) -> bool {
    let mut parts = path.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or_default();
    let named = name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py" || name == "conftest.py";
    let is_absolute = path.starts_with(['/', '\\']) || path.contains(':');
    named || parts.take(if is_absolute { 1 } else { usize::MAX }).any(|part| matches!(part, "tests" | "test"))
}
