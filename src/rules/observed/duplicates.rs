//! RT304 in a log: a statement sent again with the very same values.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::groups::{Group, is_bounded, is_of_test, request};
use super::n_plus_one::{evidence, statements};
use super::parent::{DJANGO_GET_LIMIT, limit, own_key};
use super::ways::Ways;
use super::{Run, names};
use crate::model::{Confidence, Kind, Orm, Severity, Terms};
use crate::rules::{Context, Draft, DraftCost, Meta};
use crate::trace::{Comparison, Fingerprint, Frame, Observed, Operator, Trace};

/// Repeats from which on the finding is a warning.
const MANY: usize = 10;

/// RT304: reads that repeat with equal values, while nothing writes to their tables in between. Part of an N+1 is
/// that N+1's finding.
pub fn duplicate_fetch(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let trace = run.trace;
    // Without request boundaries a repeat may well be another request's.
    if !is_bounded(trace) {
        return;
    }
    let in_loops: FxHashSet<Fingerprint> =
        run.repeats(cx).iter().map(|repeat| repeat.group.statement.fingerprint).collect();
    let writes = writes(trace);
    let groups = run.groups.shapes().iter().filter(|group| !in_loops.contains(&group.statement.fingerprint));
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for repeated in groups.filter_map(|group| repeated(group, &writes)) {
        let ways = Ways::of(repeated.group.members.iter().map(|(_, observed)| *observed));
        let calls = ways.calls();
        // Two calls of one function are one thing to mend, whatever it sends.
        match causes.iter_mut().find(|cause| calls.is_some() && cause.ways.calls() == calls) {
            Some(cause) => cause.all.push(repeated),
            None => causes.push(Cause { all: vec![repeated], ways }),
        }
    }
    for cause in &causes {
        if let Some(draft) = draft(run, meta, cause, &writes) {
            cx.report(draft);
        }
    }
}

/// What repeats by the same ways.
struct Cause<'t> {
    /// Never empty.
    all: Vec<Repeated<'t>>,
    ways: Ways<'t>,
}

/// A statement that changes rows.
struct Write<'t> {
    /// Index of its event.
    at: usize,
    table: &'t str,
    frame: Option<&'t Frame>,
}

fn writes(trace: &Trace) -> Vec<Write<'_>> {
    let changes = trace.queries().filter(|(_, _, query)| !query.statement.facts.kind.reads());
    let write = changes.filter_map(|(at, _, query)| {
        let table = query.statement.facts.tables.first()?.as_str();
        Some(Write { at, table, frame: query.observed.as_deref().and_then(Observed::frame) })
    });
    write.collect()
}

/// Executions that are one too many.
struct Repeated<'t> {
    /// The first ones and those that repeat them.
    group: Group<'t>,
    repeats: usize,
    /// Microseconds of those that repeat.
    took: Option<u64>,
}

fn repeated<'t>(group: &Group<'t>, writes: &[Write<'_>]) -> Option<Repeated<'t>> {
    let facts = &group.statement.facts;
    if !facts.kind.reads() || facts.locked || names::is_framework(group.table()) || facts.tables.is_empty() {
        return None;
    }
    // `get(id=None)` finds nothing: what is read again is that the caller had no key.
    let is_no_key =
        |found: &Comparison| found.operator == Operator::IsNull && names::is_primary_key(&found.column.name);
    if facts.compared.iter().any(is_no_key) {
        return None;
    }
    let mut last: FxHashMap<&[SmolStr], usize> = FxHashMap::default();
    let mut together: FxHashSet<usize> = FxHashSet::default();
    let (mut repeats, mut took) = (0, Some(0u64));
    for (at, observed) in &group.members {
        let Some(values) = observed.params.as_deref() else { continue };
        let before = last.insert(values, *at);
        let changed = |from: usize| {
            let start = writes.partition_point(|write| write.at < from);
            let mut between = writes.get(start..).unwrap_or_default().iter().take_while(|write| write.at < *at);
            between.any(|write| facts.tables.iter().any(|own| own == write.table))
        };
        if let Some(from) = before.filter(|from| !changed(*from)) {
            together.extend([from, *at]);
            repeats += 1;
            took = took.zip(observed.duration_us).map(|(sum, took)| sum + took);
        }
    }
    let members: Vec<(usize, &Observed)> =
        group.members.iter().filter(|(at, _)| together.contains(at)).copied().collect();
    let frame = members.first().and_then(|(_, observed)| observed.frame());
    (repeats > 0).then_some(Repeated { group: Group { statement: group.statement, frame, members }, repeats, took })
}

/// What is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Rows,
    /// One row by its key, as relations are followed: by lines of which each may have an object of its own.
    Row,
    /// The same, by one line on the same way: several rows lead to it.
    Parent,
    /// The same, by one line that is called from several.
    Called,
    /// Whether a row of this key is there: a form or model that is validated asks so.
    Key,
}

impl What {
    fn of(group: &Group<'_>) -> Self {
        let facts = &group.statement.facts;
        let by_key =
            facts.keys.iter().any(|(column, _)| names::is_primary_key(column) || own_key(column, group.table()));
        // A reverse one-to-one relation asks by the key of the other row.
        let by_relation = facts.keys.iter().any(|(column, _)| names::relation(column).is_some());
        let single = by_key || by_relation && limit(group) == Some(DJANGO_GET_LIMIT);
        let first = group.members.first().map(|(_, observed)| *observed);
        let line = first.and_then(Observed::frame);
        let one_line = line.is_some() && group.members.iter().all(|(_, observed)| observed.frame() == line);
        let one_way =
            group.members.iter().all(|(_, observed)| Some(&observed.stack) == first.map(|first| &first.stack));
        match facts.kind {
            Kind::Exists if by_key => Self::Key,
            Kind::Select if single && one_line && one_way => Self::Parent,
            Kind::Select if single && one_line => Self::Called,
            Kind::Select if single => Self::Row,
            _ => Self::Rows,
        }
    }

    /// `known`: with stacks, what is read by one line is told from what several read.
    fn confidence(self, repeats: usize, known: bool) -> Confidence {
        match self {
            Self::Rows => Confidence::Certain,
            Self::Parent | Self::Called => Confidence::Likely,
            Self::Row if !known && repeats > 1 => Confidence::Likely,
            Self::Row | Self::Key => Confidence::Possible,
        }
    }
}

/// Lines of the longer way from where two ways part, from which on the two reads are of different parts of a program:
/// what one has read would go through all of them to reach the other.
const FAR: usize = 6;
/// Tables that a message names.
const MOST_TABLES: usize = 3;

/// As sure as the surest of what the ways send; `None` where nothing repeats.
fn draft(run: &Run<'_, '_>, meta: &'static Meta, cause: &Cause<'_>, writes: &[Write<'_>]) -> Option<Draft> {
    let (Cause { all, ways }, trace) = (cause, run.trace);
    let first = all.first()?;
    let repeats = all.iter().map(|repeated| repeated.repeats).max()?;
    let times = if repeats == 1 { "once more".to_owned() } else { format!("{repeats} more times") };
    let confidence = all.iter().map(|repeated| confidence(trace, repeated, ways, writes)).max()?;
    let sum = |of: &dyn Fn(&Repeated<'_>) -> usize| {
        Terms::constant(u32::try_from(all.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX))
    };
    // In other requests, the same line may repeat what it has no such reason for.
    let to_write = is_read_to_write(&first.group, writes);
    let took: Option<u64> = all.iter().map(|repeated| repeated.took).sum();
    let mut evidence = evidence(trace, &first.group, None);
    evidence.extend(all.iter().skip(1).map(|repeated| statements(trace, &repeated.group, false)));
    evidence.extend(ways.evidence());
    let mut tables: Vec<String> = Vec::new();
    for repeated in all {
        let table = format!("`{}`", repeated.group.table());
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let tables = match tables.as_slice() {
        [first, .., _] if tables.len() > MOST_TABLES => format!("{first} and {} other tables", tables.len() - 1),
        tables => tables.join(" and of "),
    };
    let by = ways.told();
    Some(Draft {
        rule: meta,
        severity: if repeats >= MANY { meta.severity.max(Severity::Warning) } else { meta.severity },
        hint: None,
        confidence,
        site: None,
        message: format!("The same rows of {tables} are read {times} with equal values in one request{by}."),
        cost: Some(DraftCost {
            before: sum(&|repeated| repeated.group.count()),
            after: sum(&|repeated| repeated.group.count() - repeated.repeats),
            loops: Vec::new(),
            saved_ms: took.map(|took| took as f64 / 1000.0),
        }),
        evidence,
        rewrite: None,
        advice: advice(run, first, ways),
        key: format!("{}{}", first.group.statement.fingerprint, if to_write { " to write" } else { "" }),
    })
}

fn confidence(trace: &Trace, repeated: &Repeated<'_>, ways: &Ways<'_>, writes: &[Write<'_>]) -> Confidence {
    let group = &repeated.group;
    let known = group.frame.is_some();
    let is_far = ways.sites.len() > 1 && ways.apart >= FAR;
    let is_of_upkeep = |(_, sent): &(usize, &Observed)| sent.stack.iter().any(Frame::is_of_upkeep);
    let once = repeated.repeats == 1 && request(trace).is_some_and(|name| is_of_one_visit(&name));
    match What::of(group) {
        _ if group.members.iter().all(is_of_upkeep) => Confidence::Possible,
        _ if is_far || once || ways.delivers || is_read_to_write(group, writes) => Confidence::Possible,
        _ if repeated.repeats == 1 && ways.is_of_different_code() => Confidence::Possible,
        What::Parent if is_of_test(trace, group) => Confidence::Possible,
        what => what.confidence(repeated.repeats, known),
    }
}

/// A later read is of a function that then writes the table, and the first of another one: it is to see the row as it
/// is by then.
fn is_read_to_write(group: &Group<'_>, writes: &[Write<'_>]) -> bool {
    let function = |frame: &'_ Frame| (frame.path.clone(), frame.function.clone());
    let first = group.frame.map(function);
    group.members.iter().skip(1).any(|(at, observed)| {
        let own = observed.frame().map(function);
        let mut after = writes.iter().filter(|write| write.at > *at && write.table == group.table());
        own.is_some() && own != first && after.any(|write| write.frame.map(function) == own)
    })
}

/// Whether an address is one that a person opens once: to sign up, or to close an account.
fn is_of_one_visit(request: &str) -> bool {
    const ONCE: [&str; 8] =
        ["signup", "sign-up", "sign_up", "register", "registration", "install", "setup", "onboarding"];
    const OF_ACCOUNT: [&str; 4] = ["account", "accounts", "profile", "user"];
    const ENDS: [&str; 6] = ["close", "delete", "deactivate", "activate", "close_account", "delete_account"];
    let parts = || request.split(['/', ' ', '?']).filter(|part| !part.is_empty());
    let has = |words: &[&str]| parts().any(|part| words.contains(&part));
    has(&ONCE) || has(&OF_ACCOUNT) && has(&ENDS)
}

fn advice(run: &Run<'_, '_>, first: &Repeated<'_>, ways: &Ways<'_>) -> String {
    let group = &first.group;
    let is_view = |frame: &Frame| frame.function.ends_with(".get_object");
    let load = || match (names::orm(group.raw()), relation(run, group)) {
        (Orm::Django, Some((rows, field))) => format!("select_related(\"{field}\") where {rows} is read"),
        (Orm::Django, None) => "select_related()".to_owned(),
        (Orm::SqlAlchemy, Some((rows, field))) => format!("joinedload({}.{field})", names::class(rows)),
        (Orm::SqlAlchemy, None) => "joinedload()".to_owned(),
    };
    let text = match What::of(group) {
        What::Row | What::Called if group.members.iter().all(|(_, sent)| sent.frame().is_some_and(is_view)) => {
            "Call get_object() once: a generic view keeps what it gives in self.object, which its later methods can use."
        }
        What::Row | What::Called => {
            return format!(
                "Where both are of one object, pass it on; where two objects lead to the row, load it with each of \
                 them: {}.",
                load()
            );
        }
        What::Parent => {
            return format!("Several rows lead to it, and each fetches it: load it with them, by {}.", load());
        }
        What::Key => "Where validation asks for a key that is known to be there, exclude its field from it.",
        What::Rows if ways.is_of_templates() && is_relation(group) => {
            "Load the rows with their object, by prefetch_related(): each `.all` of the templates then takes them from \
             there; or keep the result of the first by {% with %}."
        }
        What::Rows if ways.is_of_templates() => {
            "Keep the result of the first: by {% with %} around both, or list() it in the view and pass that."
        }
        What::Rows if ways.calls().is_some() => {
            "Call it once and pass the result on, or keep it: on the request, or in a cached_property."
        }
        What::Rows if ways.sites.len() == 1 && first.repeats > 1 => {
            "One line reads it again and again: read it once before the loop around that line, and give each turn the \
             list. What it reads may be the choices of a form's field, which each form asks for anew: set the `choices` \
             of all of them from one list."
        }
        What::Rows => "Keep the result of the first in a variable, on the request, or in a cached_property.",
    };
    text.to_owned()
}

/// The rows of one object, all of them: what `object.items.all()` sends.
fn is_relation(group: &Group<'_>) -> bool {
    let facts = &group.statement.facts;
    let by_object = matches!(facts.keys.as_slice(), [(column, _)] if names::relation(column).is_some());
    facts.kind == Kind::Select && by_object && facts.compared.len() == 1 && !facts.limit
}

/// The table of which rows were read that lead to the one that is read again, and their relation to it.
fn relation<'t>(run: &Run<'_, 't>, group: &Group<'_>) -> Option<(&'t str, &'t str)> {
    let before =
        run.groups.shapes().iter().filter(|other| other.first() < group.last() && other.table() != group.table());
    let mut named = before.filter(|other| other.statement.facts.kind == Kind::Select).filter_map(|other| {
        let relations = other.statement.facts.columns.iter().filter_map(|column| names::relation(column));
        Some((other.table(), relations.clone().find(|stem| names::leads_to(stem, group.table()))?))
    });
    let first = named.next()?;
    // Rows of two tables lead there: which of them do is not known.
    named.all(|other| other == first).then_some(first)
}
