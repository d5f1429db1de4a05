//! RT101, RT102 and RT105 in a log: one statement sent again and again with other keys, after a query that gave them.

use super::groups::{Group, is_bounded, is_of_test, request, sent_from};
use super::parent::{Key, Lookup, Parent, lookup, parent};
use super::{Run, names};
use crate::model::{Confidence, Kind, Loop, LoopId, Orm, Over, Severity, Terms};
use crate::rules::{Context, Draft, DraftCost, DraftEvidence, Meta};
use crate::trace::Trace;

/// RT101: lookups by primary key whose parent has a foreign key that leads there.
pub fn fk_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, Shape::Forward);
}

/// RT102: lookups by a foreign key, of the table that is read or of a join table.
pub fn reverse_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, Shape::Reverse);
}

/// RT105: every other lookup by equality.
pub fn query_in_loop(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta) {
    report(run, cx, meta, Shape::Other);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Forward,
    Reverse,
    Other,
}

/// A group that is an N+1.
pub struct Repeat<'g, 't> {
    pub group: &'g Group<'t>,
    lookup: Lookup<'t>,
    parent: Parent<'g, 't>,
}

pub fn repeats<'g, 't>(all: &'g [Group<'t>], cx: &Context<'_>) -> Vec<Repeat<'g, 't>> {
    let enough = (cx.config.thresholds.n_plus_one as usize).max(2);
    let candidates = all.iter().filter(|group| group.count() >= enough && group.statement.facts.kind.reads());
    let repeated = candidates.filter_map(|group| {
        let lookup = lookup(group)?;
        // Counts of one table by this and that value are one aggregate (RT201), no loop over rows.
        let totals = matches!(group.statement.facts.kind, Kind::Count | Kind::Aggregate);
        if (totals && lookup.key == Key::Other) || names::is_framework(group.table()) {
            return None;
        }
        let parent = parent(group, &lookup, all)?;
        Some(Repeat { group, lookup, parent })
    });
    repeated.collect()
}

impl Repeat<'_, '_> {
    fn shape(&self) -> Shape {
        match self.lookup.key {
            Key::Primary if self.parent.column.is_some() && self.group.statement.facts.kind == Kind::Select => {
                Shape::Forward
            }
            Key::Foreign => Shape::Reverse,
            _ => Shape::Other,
        }
    }

    fn confidence(&self, trace: &Trace) -> Confidence {
        match self.parent.confidence {
            _ if is_of_test(trace, self.group) => Confidence::Possible,
            Confidence::Certain if is_bounded(trace) => Confidence::Certain,
            Confidence::Certain | Confidence::Likely => Confidence::Likely,
            Confidence::Possible => Confidence::Possible,
        }
    }

    fn advice(&self, shape: Shape) -> String {
        let (child, parent) = (self.group.table(), self.parent.group.table());
        let orm = names::orm(self.group.raw());
        let facts = &self.group.statement.facts;
        match (shape, orm) {
            (Shape::Forward, orm) => {
                let column = self.parent.column.unwrap_or_default();
                let field = names::relation(column).unwrap_or(column);
                match orm {
                    Orm::Django => format!("Load it with the rows of {parent}: select_related(\"{field}\")."),
                    Orm::SqlAlchemy => {
                        let class = names::class(parent);
                        format!("Load it with the rows of {parent}: options(joinedload({class}.{field})).")
                    }
                }
            }
            (Shape::Reverse, _) if facts.kind != Kind::Select => format!(
                "Ask once for all rows of {parent}: annotate them with a Count, Exists or Subquery over {child}."
            ),
            (Shape::Reverse, Orm::Django) => {
                let accessor = match self.parent.through {
                    Some(relation) => format!("{relation}__{}", self.accessor()),
                    None => self.accessor(),
                };
                let single = self.group.statement.facts.limit && facts.ordered.is_empty();
                let one = if single { ", or select_related where the relation is one-to-one" } else { "" };
                format!(
                    "Fetch them for all rows of {parent} at once: prefetch_related(\"{accessor}\") (or its \
                     related_name){one}; with a filter or order of its own, through Prefetch(queryset=…)."
                )
            }
            (Shape::Reverse, Orm::SqlAlchemy) => {
                let class = names::class(parent);
                format!("Fetch them for all rows of {parent} at once: options(selectinload({class}.…)) for {child}.")
            }
            (Shape::Other, Orm::Django) => {
                let column = self.lookup.column;
                format!(
                    "Fetch them in one statement before the loop: filter({column}__in=…), kept in a dict by {column}."
                )
            }
            (Shape::Other, Orm::SqlAlchemy) => {
                let (class, column) = (names::class(child), self.lookup.column);
                format!(
                    "Fetch them in one statement before the loop: where({class}.{column}.in_(…)), kept in a dict by \
                     {column}."
                )
            }
        }
    }

    /// The manager that the statement looks like: `post_set`, or `tags` for a join table `forum_topic_tags`.
    fn accessor(&self) -> String {
        let parent = self.parent.group.table();
        let field = self.lookup.table.strip_prefix(parent).and_then(|rest| rest.strip_prefix('_'));
        match field {
            Some(field) if self.lookup.table != self.group.table() => field.to_owned(),
            _ => format!("{}_set", names::model(self.group.table())),
        }
    }
}

fn report(run: &Run<'_, '_>, cx: &mut Context<'_>, meta: &'static Meta, shape: Shape) {
    for repeat in run.repeats(cx).iter().filter(|repeat| repeat.shape() == shape) {
        let draft = draft(run.trace, meta, shape, repeat);
        cx.report(draft);
    }
}

const ROWS: LoopId = LoopId(0);

fn draft(trace: &Trace, meta: &'static Meta, shape: Shape, repeat: &Repeat<'_, '_>) -> Draft {
    let (group, parent) = (repeat.group, repeat.parent.group);
    let (count, distinct) = (group.count(), repeat.lookup.distinct);
    let mut before = Terms::constant(1);
    before.add(&Terms::constant(1).within(ROWS));
    let total = group.total_us();
    let severity = match repeat.parent.limit {
        None => Severity::Blocker,
        Some(_) => Severity::Warning,
    };
    Draft {
        rule: meta,
        severity: if repeat.parent.confidence == Confidence::Possible { Severity::Warning } else { severity },
        hint: None,
        confidence: repeat.confidence(trace),
        site: None,
        message: message(repeat, shape, count, distinct),
        cost: Some(DraftCost {
            before,
            after: Terms::constant(if shape == Shape::Forward { 1 } else { 2 }),
            loops: vec![(ROWS, rows(&repeat.parent, count))],
            saved_ms: total.map(|total| (total - total / count as u64) as f64 / 1000.0),
        }),
        evidence: evidence(trace, group, Some(parent)),
        rewrite: None,
        advice: repeat.advice(shape),
        key: group.statement.fingerprint.to_string(),
    }
}

fn message(repeat: &Repeat<'_, '_>, shape: Shape, count: usize, distinct: usize) -> String {
    let (table, parent, lookup) = (repeat.group.table(), repeat.parent.group.table(), &repeat.lookup);
    let keys =
        if distinct == count { "another key each time".to_owned() } else { format!("{distinct} different keys") };
    let what = match repeat.group.statement.facts.kind {
        Kind::Count => "counted",
        Kind::Exists => "tested",
        Kind::Aggregate => "aggregated",
        _ => "fetched",
    };
    let by = match shape {
        Shape::Forward => {
            format!("by {}, which {parent}.{} names", lookup.column, repeat.parent.column.unwrap_or_default())
        }
        _ if lookup.table == table => format!("by {}", lookup.column),
        _ => format!("by {}.{}", lookup.table, lookup.column),
    };
    let after = match repeat.parent.confidence {
        Confidence::Possible => format!("after rows of {parent} were read"),
        _ => format!("once for each row of {parent}"),
    };
    format!("`{table}` is {what} {count} times {by} ({keys}), {after}.")
}

/// The loop over the parent's rows, as far as a log can know it.
fn rows(parent: &Parent<'_, '_>, count: usize) -> Loop {
    let frame = parent.group.frame;
    Loop {
        over: if parent.limit.is_some() { Over::Slice } else { Over::Query },
        text: format!("rows of {} ({count} seen)", parent.group.table()),
        model: None,
        path: frame.map(|frame| frame.path.to_string()).unwrap_or_default(),
        line: frame.map_or(0, |frame| frame.line),
        exactly: None,
        at_most: parent.limit,
    }
}

/// Where it is sent, what was sent, and what gave it its keys.
pub(super) fn evidence(trace: &Trace, group: &Group<'_>, parent: Option<&Group<'_>>) -> Vec<DraftEvidence> {
    let mut out = Vec::new();
    if let Some(frame) = group.frame {
        out.push(DraftEvidence::Frame { frame: frame.clone(), message: format!("sent in {}", frame.function) });
    }
    out.push(statements(trace, group, false));
    out.extend(parent.map(|parent| statements(trace, parent, true)));
    if let Some(frame) = parent.and_then(|parent| parent.frame) {
        out.push(DraftEvidence::Frame { frame: frame.clone(), message: format!("rows read in {}", frame.function) });
    }
    out
}

pub(super) fn statements(trace: &Trace, group: &Group<'_>, gave_keys: bool) -> DraftEvidence {
    DraftEvidence::Statements {
        fingerprint: group.statement.fingerprint,
        sql: group.statement.sql.clone(),
        count: group.count() as u64,
        total_us: group.total_us(),
        request: request(trace),
        gave_keys,
        places: sent_from(group.members.iter().map(|(_, observed)| *observed)),
    }
}
