//! What the traces ask of each table, the indexes that would serve it, and which of them is asked for most.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::asked::{Asked, asked};
use super::conditions::owner_of;
use super::rare::Condition;
use crate::model::{Confidence, Kind, Site};
use crate::project::Project;
use crate::rules::heat::{Heat, Heats};
use crate::schema::ModelId;
use crate::trace::{Event, Origin, Trace};

/// Lookups of one shape: the same columns of the same table, equality first, then one range or order.
#[derive(Debug)]
pub struct Usage {
    pub model: ModelId,
    /// Fields of the index that would serve it, in its order; the last one with `-` where it is a falling order.
    pub columns: Vec<SmolStr>,
    /// The index would be of the rows that have a literal in a field.
    pub condition: Option<Condition>,
    /// Where it is asked, in the order of the input, each once.
    pub sites: Vec<UsageSite>,
    /// The functions from which somebody waits for it, or that repeat it.
    pub entries: BTreeSet<Site>,
    /// The leading column has an index already.
    pub is_narrowed: bool,
    /// What the index would spare is little as a rule.
    pub is_minor: bool,
    /// Nothing is compared: the first rows in this order are taken.
    pub is_order: bool,
    /// A column that is compared for equality has many values.
    has_key: bool,
    /// Its place among all of them by how often and how hot they are asked for, from 1.
    pub rank: usize,
    /// Columns that are compared for equality, and how many of them lead for another lookup's sake.
    equal: usize,
    pinned: usize,
}

#[derive(Debug, Clone)]
pub struct UsageSite {
    pub site: Site,
    pub heat: Heat,
    /// The function in which it stands.
    pub within: Option<Site>,
    /// `=` on each of the columns: a lookup of one row or a few.
    pub is_lookup: bool,
    pub confidence: Confidence,
}

impl Usage {
    pub fn is_hot(&self) -> bool {
        self.sites.iter().any(|site| site.heat == Heat::Hot)
    }

    /// Names as a reader says them: `team, state, merged_at`.
    pub fn listed(&self) -> String {
        let condition = self.condition.iter().map(|(field, _)| field.as_str());
        let plain = self.columns.iter().map(|column| column.trim_start_matches('-'));
        let plain = plain.filter(|column| self.condition.is_none() || !matches!(*column, "id" | "pk"));
        condition.chain(plain).collect::<Vec<_>>().join(", ")
    }

    /// Somebody signs in by it.
    pub fn is_login(&self, project: &Project) -> bool {
        let waits = |at: &UsageSite| at.is_lookup && at.heat > Heat::Cold;
        project.user_model() == Some(self.model) && self.sites.iter().any(waits)
    }

    /// An index on the order of all rows by this column serves it.
    pub fn is_order_of(&self, column: Option<&str>) -> bool {
        let first = self.columns.first().map(|first| first.trim_start_matches('-'));
        self.equal == 0 && self.condition.is_none() && first.is_some() && first == column
    }

    /// The functions in which it stands, but for those that run seldom.
    pub fn functions(&self) -> usize {
        let often = self.sites.iter().filter(|at| at.heat > Heat::Cold);
        often.map(|at| at.within.unwrap_or(at.site)).collect::<BTreeSet<_>>().len()
    }

    /// Asked for often, or by requests: worth telling unasked. An order or range by itself is, where somebody waits; what
    /// an owner's index narrows already, where many wait. Users are few where they are listed, and many where one of
    /// them is looked for.
    pub fn is_frequent(&self, project: &Project) -> bool {
        if self.is_minor {
            return false;
        }
        let waits = self.entries.len();
        let of_users = project.user_model() == Some(self.model);
        if self.is_narrowed {
            return waits > 3 && self.functions() > 3;
        }
        // That few rows have a value is a guess.
        if self.condition.is_some() {
            return waits > 0 && self.functions() > 1;
        }
        match self.equal {
            _ if of_users && !self.has_key => false,
            0 => waits > 0,
            _ => self.functions() > 1 || waits > 0 || self.is_login(project),
        }
    }

    /// A place where somebody waits, or that repeats, weighs as much as three others; signing in as much as ten.
    fn heat(&self, project: &Project) -> usize {
        let sites: usize = self.sites.iter().map(|at| if at.heat == Heat::Hot { 3 } else { 1 }).sum();
        let login = if self.is_login(project) { 10 } else { 0 };
        (sites + login) * if self.is_minor { 1 } else { 4 }
    }
}

/// Every lookup that no index serves as it could, by model and columns, in the order of the input. One that a longer
/// one's index serves too is counted there.
pub fn collect(traces: &[Trace], project: &Project) -> Vec<Usage> {
    let heats = Heats::of(project);
    let pruned = pruned(traces, project);
    let mut found: BTreeMap<(ModelId, Option<Condition>, Vec<SmolStr>), Usage> = BTreeMap::new();
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for (at, event, query) in trace.queries() {
            let Some(site) = event.site else { continue };
            for mut asked in asked(trace, at, query, project) {
                // The rows of an owner are few, for somebody sees to that.
                let owned = asked.columns.first().is_some_and(|first| pruned.contains(&(asked.model, first.clone())));
                asked.is_minor |= asked.is_narrowed && owned;
                let heat = heats.heat(trace, at, event, query);
                let at = UsageSite {
                    site,
                    heat,
                    within: within(trace, event),
                    is_lookup: asked.is_lookup,
                    confidence: event.confidence,
                };
                let key = (asked.model, asked.condition.clone(), asked.columns.clone());
                let is_order = asked.is_order;
                let usage = found.entry(key).or_insert_with(|| Usage::of(asked));
                usage.is_order &= is_order;
                if let (Heat::Hot, Origin::Code { site, .. }) = (heat, &trace.origin) {
                    usage.entries.insert(*site);
                }
                match usage.sites.iter_mut().find(|known| known.site == site) {
                    Some(known) => known.heat = known.heat.max(heat),
                    None => usage.sites.push(at),
                }
            }
        }
    }
    let mut usages = fold_prefixes(found.into_values().collect());
    // With an index on the first column the rest matters where it is asked often.
    usages.retain(|usage| !usage.is_narrowed || usage.sites.len() > 1 || usage.is_hot());
    for usage in &mut usages {
        usage.sites.sort_by_key(|at| (at.site.file, at.site.span));
    }
    usages.sort_by_key(|usage| usage.sites.first().map(|at| (at.site.file, at.site.span)));
    let heats: Vec<usize> = usages.iter().map(|usage| usage.heat(project)).collect();
    for (usage, heat) in usages.iter_mut().zip(&heats) {
        usage.rank = 1 + heats.iter().filter(|other| *other > heat).count();
    }
    usages
}

/// Owners whose rows are kept few: those beyond a number or an age are deleted, of one owner at a time.
fn pruned(traces: &[Trace], project: &Project) -> BTreeSet<(ModelId, SmolStr)> {
    let mut out = BTreeSet::new();
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for (_, _, query) in trace.queries() {
            let deletes = query.statement.facts.kind == Kind::Delete;
            let Some(queryset) = query.queryset.filter(|_| deletes).map(|id| trace.queryset(id)) else { continue };
            let bounds = |lookup: &str| matches!(lookup, "lt" | "lte" | "gt" | "gte" | "range");
            if queryset.filters.iter().any(|filter| !filter.negated && bounds(&filter.lookup)) {
                out.extend(owner_of(&project.schema, queryset));
            }
        }
    }
    out
}

impl Usage {
    fn of(asked: Asked) -> Self {
        Self {
            model: asked.model,
            columns: asked.columns,
            condition: asked.condition,
            sites: Vec::new(),
            entries: BTreeSet::new(),
            is_narrowed: asked.is_narrowed,
            is_minor: asked.is_minor,
            is_order: asked.is_order,
            has_key: asked.has_key,
            rank: 1,
            equal: asked.equal,
            pinned: 0,
        }
    }

    /// The rows of its condition, by no column of theirs.
    fn is_of_key(&self) -> bool {
        self.condition.is_some() && self.columns.iter().all(|column| matches!(column.as_str(), "id" | "pk"))
    }

    /// Takes a shorter one in, where this one's index serves it too, if need be with its equal columns in another order.
    fn takes_in(&mut self, shorter: &Usage) -> bool {
        let bare = |column: &SmolStr| SmolStr::from(column.trim_start_matches('-'));
        let of_key = shorter.is_of_key();
        // What is worth an index gets its own, and not one of many columns for the sake of a single statement.
        let for_one = self.is_minor && self.columns.len() > 3 && !shorter.is_minor && !shorter.is_narrowed;
        if self.model != shorter.model || self.condition != shorter.condition || for_one {
            return false;
        }
        let fits = self.columns.len() >= shorter.columns.len();
        if of_key || !fits {
            return of_key;
        }
        // Read backwards, an index is in the opposite order.
        if self.columns.iter().zip(&shorter.columns).all(|(one, other)| bare(one) == bare(other)) {
            self.pinned = self.pinned.max(shorter.columns.len().min(self.equal));
            return true;
        }
        let movable = self.columns.get(..self.equal).unwrap_or_default();
        let only_equal = shorter.equal == shorter.columns.len();
        if self.pinned > 0 || !only_equal || !shorter.columns.iter().all(|column| movable.contains(column)) {
            return false;
        }
        let (mut first, rest): (Vec<SmolStr>, Vec<SmolStr>) =
            self.columns.drain(..).partition(|column| shorter.columns.contains(column));
        self.pinned = first.len();
        first.extend(rest);
        self.columns = first;
        // The column that leads now has no index: that is why it was asked for.
        self.is_narrowed = shorter.is_narrowed;
        true
    }
}

/// A lookup whose columns lead another's needs no index of its own.
fn fold_prefixes(mut usages: Vec<Usage>) -> Vec<Usage> {
    usages.sort_by_key(|usage| (std::cmp::Reverse(usage.columns.len()), usage.is_of_key()));
    let mut out: Vec<Usage> = Vec::new();
    for usage in usages {
        match out.iter_mut().find_map(|longer| longer.takes_in(&usage).then_some(longer)) {
            Some(longer) => {
                longer.is_minor &= usage.is_minor;
                longer.is_order &= usage.is_order;
                longer.entries.extend(&usage.entries);
                let new = usage.sites.into_iter().filter(|at| longer.sites.iter().all(|known| known.site != at.site));
                let new: Vec<UsageSite> = new.collect();
                longer.sites.extend(new);
            }
            None => out.push(usage),
        }
    }
    out
}

/// The function in which an event stands.
fn within(trace: &Trace, event: &Event) -> Option<Site> {
    match (event.via.last(), &trace.origin) {
        (Some(step), _) => step.defined,
        (None, Origin::Code { site, .. }) => Some(*site),
        (None, Origin::Log { .. }) => None,
    }
}
