//! RT601, RT602, RT603 and RT607 in a log: one statement that writes a row, sent once for each of many.

use std::collections::{BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

use super::groups::{Group, is_bounded, is_of_test};
use super::n_plus_one::evidence;
use super::parent::own_key;
use super::{Run, names};
use crate::model::{Confidence, Kind, Loop, LoopId, Orm, Over, Severity, Terms};
use crate::rules::{Context, Draft, DraftCost, Meta};
use crate::trace::{EventKind, Fingerprint, Observed, Operator, Trace};

/// Rows from which on the finding is a warning.
const MANY: usize = 10;

/// RT601: an INSERT of one row.
pub fn create_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, &[Way::Create]);
}

/// RT602: an UPDATE of one row, with other values each time.
pub fn save_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, &[Way::Save]);
}

/// RT603: an UPDATE by one key, with the same values each time.
pub fn uniform_update(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, &[Way::Uniform]);
}

/// RT607: a DELETE by one key, and a row of a join table.
pub fn delete_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, &[Way::Delete, Way::Link]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Create,
    /// Links other rows to one row.
    Link,
    Save,
    Uniform,
    Delete,
}

fn report(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta, wanted: &[Way]) {
    let is_write = |group: &Group<'_>| {
        let facts = &group.statement.facts;
        let writes = matches!(facts.kind, Kind::Insert | Kind::Update | Kind::Delete);
        writes && facts.parsed && !facts.compound && facts.tables.len() == 1 && !names::is_framework(group.table())
    };
    let enough = (cx.config.thresholds.n_plus_one as usize).max(2);
    let trace = run.trace;
    for group in run.groups.stacks().iter().filter(|group| group.count() >= enough && is_write(group)) {
        let mut group = group.clone();
        // A call with several sets, or a statement of many rows, is a batch already.
        group.members.retain(|(_, observed)| observed.repeat <= 1 && observed.params.is_some());
        let Some((way, column)) = way(&mut group, enough).filter(|(way, _)| wanted.contains(way)) else { continue };
        if let Some(confidence) = turns(trace, &group, way, enough) {
            let confidence = if is_of_test(trace, &group) { Confidence::Possible } else { confidence };
            let draft = draft(trace, meta, &group, (way, column), confidence);
            cx.report(draft);
        }
    }
}

/// What a group does row by row, and the column that tells the rows; keeps the members of one row only.
fn way<'t>(group: &mut Group<'t>, enough: usize) -> Option<(Way, &'t str)> {
    let way = match group.statement.facts.kind {
        Kind::Insert => inserted(group),
        Kind::Update => updated(group, enough),
        _ => deleted(group, enough),
    };
    way.filter(|_| group.count() >= enough && differ(group) >= enough)
}

/// Different sets of values.
fn differ(group: &Group<'_>) -> usize {
    group.members.iter().map(|(_, observed)| &observed.params).collect::<HashSet<_>>().len()
}

fn inserted<'t>(group: &mut Group<'t>) -> Option<(Way, &'t str)> {
    let written = &group.statement.facts.written;
    let literal = written.iter().filter(|(_, literal)| *literal).count();
    // The last part of a batch may be one row; what selects its rows has no literal at all.
    group.members.retain(|(_, observed)| values(observed).len() < 2 * literal);
    if let [(one, true), (other, true)] = &written[..]
        && names::relation(one).is_some()
        && names::relation(other).is_some()
    {
        for (slot, column) in [(0, one), (1, other)] {
            if group.distinct(slot) == 1 {
                return Some((Way::Link, column.as_str()));
            }
        }
    }
    Some((Way::Create, ""))
}

fn updated<'t>(group: &mut Group<'t>, enough: usize) -> Option<(Way, &'t str)> {
    let facts = &group.statement.facts;
    let column = only_key(group, &[Operator::Equal])?;
    let (_, slot) = facts.keys.iter().find(|(key, _)| key == column)?;
    if group.distinct(*slot) < enough {
        return None;
    }
    let others = |observed: &'t Observed| -> Vec<&'t SmolStr> {
        let others = values(observed).iter().enumerate().filter(|(at, _)| at != &(*slot as usize));
        others.map(|(_, value)| value).collect()
    };
    let uniform = group.members.iter().map(|(_, observed)| others(observed)).collect::<HashSet<_>>().len() == 1;
    match (uniform, is_own_key(column, group.table())) {
        (true, _) => Some((Way::Uniform, column)),
        (false, true) => Some((Way::Save, column)),
        // An UPDATE per group of rows, with a value of its own, is what there is.
        (false, false) => None,
    }
}

fn deleted<'t>(group: &mut Group<'t>, enough: usize) -> Option<(Way, &'t str)> {
    // Django deletes one row by a list of one key; what goes with it, it finds in the same way.
    group.members.retain(|(_, observed)| values(observed).len() == 1);
    let column = only_key(group, &[Operator::Equal, Operator::In])?;
    let cascades = !names::is_primary_key(column) && only_key(group, &[Operator::Equal]).is_none();
    (!cascades && group.distinct(0) >= enough).then_some((Way::Delete, column))
}

fn values(observed: &Observed) -> &[SmolStr] {
    observed.params.as_deref().unwrap_or_default()
}

/// The key that is the whole condition of a statement. More than that asks for a state, too, and may miss.
fn only_key<'t>(group: &Group<'t>, operators: &[Operator]) -> Option<&'t str> {
    let facts = &group.statement.facts;
    let [only] = &facts.compared[..] else { return None };
    let fits = operators.contains(&only.operator) && only.function.is_none() && facts.alternatives.is_empty();
    let column = only.column.name.as_str();
    (fits && (is_own_key(column, group.table()) || names::relation(column).is_some())).then_some(column)
}

fn is_own_key(column: &str, table: &str) -> bool {
    names::is_primary_key(column) || own_key(column, table)
}

/// How sure it is that the executions are turns of one loop; `None` where they are not, or each is to be on its own.
fn turns(trace: &Trace, group: &Group<'_>, way: Way, enough: usize) -> Option<Confidence> {
    let pairs = || group.members.iter().zip(group.members.iter().skip(1));
    // Each in a transaction of its own succeeds or fails by itself. Django gives every delete() and every add() one.
    let apart = pairs().filter(|((_, one), (_, next))| one.boundaries != next.boundaries).count();
    let alone = apart * 2 > group.count() - 1;
    if alone && !matches!(way, Way::Delete | Way::Link) {
        return None;
    }
    let mut between: HashMap<BTreeSet<Fingerprint>, usize> = HashMap::new();
    let mut others = false;
    for ((from, _), (to, _)) in pairs() {
        let events = trace.events.get(from + 1..*to).unwrap_or_default();
        let queries = events.iter().filter_map(|event| match &event.kind {
            EventKind::Query(query) => Some(&query.statement),
            _ => None,
        });
        let statements: Vec<_> = queries.collect();
        others |= statements
            .iter()
            .any(|other| !other.facts.kind.reads() && other.fingerprint != group.statement.fingerprint);
        *between.entry(statements.iter().map(|other| other.fingerprint).collect()).or_default() += 1;
    }
    let alike = if is_bounded(trace) {
        between.values().max().copied().unwrap_or(0)
    } else {
        // Nothing tells another request's statements from the loop's.
        between.get(&BTreeSet::new()).copied().unwrap_or(0)
    };
    let regular = alike + 1 >= enough && alike * 2 >= group.count() - 1;
    // One stack is one loop; without stacks, turns look alike.
    let loops = regular || (is_bounded(trace) && group.frame.is_some());
    // What else a turn writes may need the row.
    loops.then_some(if alone || others { Confidence::Possible } else { Confidence::Likely })
}

const ITEMS: LoopId = LoopId(0);

fn draft(
    trace: &Trace,
    meta: &'static Meta,
    group: &Group<'_>,
    (way, column): (Way, &str),
    confidence: Confidence,
) -> Draft {
    let count = group.count();
    let text = format!("items ({count} seen)");
    let items =
        Loop { over: Over::Items, text, model: None, path: String::new(), line: 0, exactly: None, at_most: None };
    let saved = group.total_us().map(|total| (total - total / count as u64) as f64 / 1000.0);
    Draft {
        rule: meta,
        severity: if count >= MANY { meta.severity.max(Severity::Warning) } else { meta.severity },
        hint: None,
        confidence,
        site: None,
        message: message(group, way, column),
        cost: Some(DraftCost {
            before: Terms::constant(1).within(ITEMS),
            after: Terms::constant(1),
            loops: vec![(ITEMS, items)],
            saved_ms: saved,
        }),
        evidence: evidence(trace, group, None),
        rewrite: None,
        advice: advice(group, way, column),
        key: group.statement.fingerprint.to_string(),
    }
}

fn message(group: &Group<'_>, way: Way, column: &str) -> String {
    let (table, count) = (group.table(), group.count());
    match way {
        Way::Create => format!("`{table}` gets {count} rows by {count} statements, one row each."),
        Way::Link => format!("`{table}` gets {count} rows of one {column} by {count} statements, one row each."),
        Way::Save => format!("{count} rows of `{table}` are changed by {count} statements, each by its {column}."),
        Way::Uniform => {
            format!("`{table}` is given the same values {count} times, each time for another {column}.")
        }
        Way::Delete => format!("Rows of `{table}` are deleted by {count} statements, each by another {column}."),
    }
}

fn advice(group: &Group<'_>, way: Way, column: &str) -> String {
    let class = names::class(group.table());
    match (way, names::orm(group.raw())) {
        (Way::Create, Orm::Django) => {
            "Collect the rows and store them with one bulk_create(rows, batch_size=…); it calls \
                                       neither save() nor receivers of signals. Where each is looked for first, with \
                                       ignore_conflicts or update_conflicts."
                .to_owned()
        }
        (Way::Create, Orm::SqlAlchemy) => {
            format!("Send them in one flush, or with execute(insert({class}), rows).")
        }
        (Way::Link, Orm::Django) => "Link them at once: add(*items).".to_owned(),
        (Way::Link, Orm::SqlAlchemy) => "Link them in one flush: extend the collection with all items.".to_owned(),
        (Way::Save, Orm::Django) => "Change the rows in the loop and store them with one bulk_update(rows, fields, \
                                     batch_size=…) after it; it calls neither save() nor receivers of signals."
            .to_owned(),
        (Way::Save, Orm::SqlAlchemy) => {
            format!("Send them in one flush, or with execute(update({class}), rows) by primary key.")
        }
        (Way::Uniform, Orm::Django) => {
            format!("Write all rows with one filter({column}__in=…).update(…); it calls neither save() nor receivers.")
        }
        (Way::Uniform, Orm::SqlAlchemy) => {
            format!("Write all rows with one update({class}).where({class}.{column}.in_(…)).")
        }
        (Way::Delete, Orm::Django) => {
            format!("Delete all rows with one filter({column}__in=…).delete(); it calls no delete() of the model.")
        }
        (Way::Delete, Orm::SqlAlchemy) => {
            format!("Delete all rows with one delete({class}).where({class}.{column}.in_(…)).")
        }
    }
}
