//! The abstract interpreter: IR + project → traces.
//!
//! Each function of the reviewed files is run once with arguments of which nothing but their annotations is known;
//! calls to functions of the input are run in place, so a trace holds what they send too. Loops run one turn; their
//! cost is a product. Values are followed as far as they can send queries ([`value::Value`]); everything else is text
//! that is equal for equal values ([`sym::Sym`]).

mod assign;
mod builtins;
mod cache;
mod calls;
mod derived;
mod dispatch;
mod django;
mod eval;
mod exec;
mod flow;
mod folds;
mod frames;
mod iterate;
mod journal;
mod known_names;
mod missing;
mod recorder;
mod roots;
mod scopes;
mod sym;
mod told;
mod truth;
mod uses;
mod value;

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::model::{FileId, Site, Span};
use crate::project::{ClassRef, Project};
use crate::template::Template;
use crate::trace::{BlockKind, Counted, Missing, Origin, Role, Trace};

use flow::Flow;
use frames::Frame;
use recorder::Recorder;
use value::Value;

pub use roots::run;

/// The name of a module's body among its functions.
pub const MODULE: &str = "<module>";

/// Statements that one root may run, callees included, before the rest of it counts as unknown.
const FUEL: u32 = 30_000;
/// Calls inside of calls.
const DEPTH: usize = 10;

/// What one run learns that holds for every other.
#[derive(Default)]
struct Shared<'p> {
    /// Functions that, called with plain arguments of this form, do nothing that a trace shows.
    silent: FxHashSet<(FileId, Span, String)>,
    /// Numbers of what module-level expressions make.
    counter: u32,
    /// Values of module-level names, by their expression.
    globals: FxHashMap<(FileId, Span), Value<'p>>,
    /// Names read in a function, by its name's place.
    loads: FxHashMap<(FileId, Span), uses::Loads>,
    /// Templates that were needed so far.
    templates: FxHashMap<FileId, Rc<Template>>,
    /// What template libraries of the input register, by name; read when the first is asked for.
    library: Option<Rc<django::Library<'p>>>,
    admin: Option<Rc<django::Registry<'p>>>,
    delete_receivers: Option<Rc<django::Receivers>>,
    /// Paths that are prefetched anywhere in the input.
    /// Of all threads.
    lookups: Arc<OnceLock<django::Lookups>>,
    serializers: FxHashMap<ClassRef<'p>, Rc<Vec<django::SerializerField<'p>>>>,
}

struct Interpreter<'p, 's> {
    project: &'p Project,
    shared: &'s mut Shared<'p>,
    rec: Recorder,
    flow: Flow<'p>,
    frames: Vec<Frame<'p>>,
    /// What the value that is being evaluated will be called.
    bound: Option<SmolStr>,
    /// Numbers for loops, querysets, reads and unknown results.
    counter: u32,
    /// Loop keys of values that are iterated, by their text.
    keys: FxHashMap<Rc<str>, u32>,
    fuel: u32,
    /// Nesting of expressions and blocks, so that no input overflows the stack.
    nesting: u32,
    evaluating_globals: Vec<(FileId, Span)>,
    /// What values say of queries, by their text.
    told: FxHashMap<Rc<str>, Rc<told::Told>>,
    /// Texts of values that are none where a query found no rows.
    missing: FxHashMap<Rc<str>, Missing>,
    /// What the values of tests compare, by their text.
    compared: FxHashMap<Rc<str>, Vec<Rc<str>>>,
    /// Texts of values that are the number of rows that a statement changed.
    numbers: FxHashSet<Rc<str>>,
    /// Of the assignment that is running: by what its target grows, and where its value stands.
    counted: Option<Counted>,
    value_site: Option<Site>,
}

/// No run has as many numbers of its own.
const GLOBAL: u32 = 1 << 31;

/// Expressions and blocks nested deeper than this are unknown: the wasm stack holds 1 MB.
const NESTING: u32 = 160;

impl<'p, 's> Interpreter<'p, 's> {
    fn new(project: &'p Project, shared: &'s mut Shared<'p>) -> Self {
        Self {
            project,
            shared,
            rec: Recorder::new(),
            flow: Flow::default(),
            frames: Vec::new(),
            bound: None,
            counter: 0,
            keys: FxHashMap::default(),
            fuel: FUEL,
            nesting: 0,
            evaluating_globals: Vec::new(),
            told: FxHashMap::default(),
            missing: FxHashMap::default(),
            compared: FxHashMap::default(),
            numbers: FxHashSet::default(),
            counted: None,
            value_site: None,
        }
    }

    /// Runs something in a transaction of its own where settings have `ATOMIC_REQUESTS` and a request calls it.
    fn in_request(&mut self, role: Role, run: impl FnOnce(&mut Self)) {
        let every = self.project.settings.atomic_requests == Some(true) && role == Role::Request;
        let request = every.then(|| self.rec.open_block(BlockKind::Atomic, None));
        run(self);
        if let Some(request) = request {
            self.rec.close_block(request);
        }
    }

    fn finish(mut self, origin: Origin, role: Role) -> Trace {
        let terms = self.rec.terms();
        Trace {
            origin,
            role,
            loops: self.rec.loops,
            querysets: self.rec.querysets,
            events: self.rec.events,
            scopes: self.rec.scopes,
            beside: Vec::new(),
            terms,
            exact: self.rec.exact,
        }
    }

    /// A number that nothing else in this run has.
    fn number(&mut self) -> u32 {
        // What is at the level of a module serves every run, so it takes no number of this one.
        if !self.evaluating_globals.is_empty() {
            self.shared.counter += 1;
            return GLOBAL | self.shared.counter;
        }
        self.counter += 1;
        self.counter
    }

    fn file(&self) -> FileId {
        self.frames.last().map_or(FileId(0), |frame| frame.file)
    }

    fn site(&self, span: Span) -> Site {
        Site::new(self.file(), span)
    }
}

#[cfg(test)]
mod alone_tests;
#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth_tests;
#[cfg(test)]
mod ways_tests;
