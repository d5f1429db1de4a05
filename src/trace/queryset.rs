//! Querysets, rows and loops as the events refer to them.

use smol_str::SmolStr;

use crate::model::{LoopId, Orm, Over, Site, Span};
use crate::schema::ModelId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuerySetId(pub u32);

/// A queryset as it was when it was evaluated (or abandoned): every refinement is a new one.
#[derive(Debug, Clone)]
pub struct QuerySet {
    pub orm: Orm,
    /// The model, where it is in the input.
    pub model: Option<ModelId>,
    /// `forum.Topic`; the name alone where the app is not known, empty where nothing is.
    pub model_name: SmolStr,
    /// The whole expression of the last step.
    pub built: Option<Site>,
    /// The calls that built it, from the manager on, across variables, functions and files.
    pub steps: Vec<Step>,
    /// Other ways to build it, of which one was taken in the place of the first `met` steps: those of the arms of an
    /// `if`. The steps from there on are part of all ways.
    pub ways: Vec<Vec<Step>>,
    pub met: usize,
    /// The rows of another object's relation: `topic.posts.all()`.
    pub related_to: Option<Row>,
    /// The attribute of that object: `posts`.
    pub related_by: Option<SmolStr>,
    pub filters: Vec<Filter>,
    /// Each with its leading `-`; `?` for random.
    pub order: Vec<SmolStr>,
    /// Ordered by `Meta.ordering`, not by a call.
    pub default_order: bool,
    /// Dotted by `__`: `topic__forum`.
    pub select_related: Vec<SmolStr>,
    /// `select_related()` without arguments: every non-null foreign key.
    pub select_related_all: bool,
    /// Lookup paths; `to_attr` ones by their path.
    pub prefetch_related: Vec<SmolStr>,
    pub only: Option<Vec<SmolStr>>,
    pub defer: Vec<SmolStr>,
    /// `values()`, `values_list()`: rows are dicts or tuples.
    pub values: Option<Vec<SmolStr>>,
    /// Names that `annotate()` and `alias()` added.
    pub annotations: Vec<SmolStr>,
    pub distinct: bool,
    /// `union()`, `intersection()`, `difference()`, `raw()`.
    pub combined: bool,
    /// `select_for_update()`, `iterator()` without chunk_size.
    pub locked: bool,
    /// Its `of=` names the tables that are locked.
    pub locked_of: bool,
    pub streamed: bool,
    /// `[:n]` with the constant where it is one.
    pub slice: Option<Slice>,
    /// One page of many: a paginator slices it.
    pub paged: bool,
    /// Built in the function of the trace (not a parameter, not another function's result).
    pub local: bool,
    /// A call that is not known stands in the chain: what it loads may be more.
    pub opaque: bool,
    /// What is loaded with it is computed: `prefetch_related(*names)`.
    pub loads_more: bool,
    /// The admin shows these rows, and loads what it likes.
    pub listed: Option<Listed>,
}

/// A list of the admin that says nothing of relations.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The statement of the class that sets `list_display`, else the last one that sets anything.
    pub site: Option<Site>,
    /// Forward relations that it names: those that are not null come along while nothing else is said.
    pub relations: Vec<SmolStr>,
}

impl QuerySet {
    /// How many ways to build a queryset are told apart.
    const WAYS: usize = 8;

    /// All ways to build it, this one first.
    fn all_ways(&self) -> Vec<Vec<Step>> {
        let after = self.steps.get(self.met..).unwrap_or_default();
        let others = self.ways.iter().map(|way| [way.as_slice(), after].concat());
        std::iter::once(self.steps.clone()).chain(others).collect()
    }

    /// Another queryset may be this one as well: what is called from here on is called on either.
    pub fn meets(&mut self, other: &QuerySet) {
        if self.steps == other.steps && self.ways == other.ways {
            return;
        }
        let mut ways = self.all_ways();
        for way in other.all_ways() {
            if ways.len() < Self::WAYS && !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways.remove(0);
        self.met = if ways.is_empty() { 0 } else { self.steps.len() };
        self.ways = ways;
    }

    /// A relation's rows as a prefetch of it would serve them: a manager's `all()`, with nothing added.
    pub fn is_served(&self) -> bool {
        self.is_plain() && self.steps.iter().all(|step| step.method == "all")
    }

    /// A relation's rows as they are.
    pub fn is_plain(&self) -> bool {
        self.filters.iter().all(|filter| filter.step.is_none())
            && (self.order.is_empty() || self.default_order)
            && self.values.is_none()
            && self.slice.is_none()
            && self.annotations.is_empty()
            && !self.distinct
            && !self.combined
            && !self.locked
            && !self.streamed
    }
}

/// `[start:stop]`; `None` where it is open or not constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub start: Option<u32>,
    pub stop: Option<u32>,
    /// Has an upper bound, known or not.
    pub bounded: bool,
    pub index: bool,
}

/// One call of a chain: `.filter(poster=user)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub method: SmolStr,
    /// The call with its receiver.
    pub call: Site,
    /// The method's name.
    pub name: Span,
    /// Between the parentheses.
    pub args: Span,
}

/// One keyword or `Q` leaf of filter/exclude/get.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Field path: `["topic", "forum"]`.
    pub path: Vec<SmolStr>,
    /// `exact` where none is written.
    pub lookup: SmolStr,
    /// In `exclude()` or under `~`.
    pub negated: bool,
    /// Under an OR.
    pub alternative: bool,
    /// Stands for the value: equal ones are the same value in this trace. The text of the expression, with
    /// variables numbered by what was assigned to them.
    pub value: String,
    /// The keyword and its value: `poster=user`; none for one that a relation implies.
    pub site: Option<Site>,
    /// Index of the step in [`QuerySet::steps`]; none for one that a relation implies.
    pub step: Option<usize>,
    /// Crosses a relation to many rows: joins multiply.
    pub multi_valued: bool,
    /// The value is another one in each turn of this loop (innermost such one).
    pub varies_with: Option<LoopId>,
}

/// What an instance came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub model: Option<ModelId>,
    pub model_name: SmolStr,
    /// The queryset that gave it; none for an instance from elsewhere (a parameter, `request.user`).
    pub queryset: Option<QuerySetId>,
    /// Relations walked from the queryset's own rows: `["topic"]` for `post.topic`.
    pub path: Vec<SmolStr>,
    /// Equal for the same object: see [`Filter::value`].
    pub identity: String,
    /// Made in this run, not read: nobody else has it yet.
    pub made: bool,
}

/// A loop driver: what turns it, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopInfo {
    pub over: Over,
    pub model: Option<SmolStr>,
    pub queryset: Option<QuerySetId>,
    /// The expression that is iterated; where the queryset was built is in the queryset.
    pub site: Site,
    /// Each body that it turns, from the loop's head on: for brackets beside the code.
    pub bodies: Vec<Site>,
    pub exactly: Option<u32>,
    pub at_most: Option<u32>,
    /// A `while`: how often it turns may depend on what a query in it gives.
    pub conditional: bool,
    /// The attributes that are read of the rows, where nothing else is done with them or their queryset.
    pub reads: Option<Vec<SmolStr>>,
}
