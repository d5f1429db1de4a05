//! RT105

use super::eager;
use crate::model::{Kind, LoopId, Over, Terms};
use crate::rules::aggregation::group_in_loop;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops, weight};
use crate::trace::{Cause, Event, EventKind, Query, QuerySet, Role, RowOp, Trace};

rule! {
    /// Sends a query whose arguments change with each turn of a loop.
    ///
    /// The loop's items are looked up one by one: `get()`, `filter()`, `exists()`, `values()`, `first()` or
    /// `refresh_from_db()` with something of the item, or a refined manager of each row.
    ///
    /// ## Why
    /// As many round trips as items, where one statement with `IN` gives the same rows. This is the most frequent kind
    /// of N+1 in real projects.
    ///
    /// ## Example
    /// ```python flag
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Member(models.Model):
    ///     username = models.CharField(max_length=80, unique=True)
    /// # file: teams/sync.py
    /// from teams.models import Member
    ///
    /// def sync(rows):
    ///     for row in rows:
    ///         member = Member.objects.get(username=row["username"])  # RT105
    ///         print(member.pk, row["seats"])
    /// ```
    /// ```python ok
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Member(models.Model):
    ///     username = models.CharField(max_length=80, unique=True)
    /// # file: teams/sync.py
    /// from teams.models import Member
    ///
    /// def sync(rows):
    ///     names = [row["username"] for row in rows]
    ///     members = {member.username: member for member in Member.objects.filter(username__in=names)}
    ///     for row in rows:
    ///         member = members.get(row["username"])
    ///         if member is not None:
    ///             print(member.pk, row["seats"])
    /// ```
    /// A memo guard asks once per distinct key:
    /// ```python ok
    /// # file: teams/models.py
    /// from django.db import models
    ///
    /// class Member(models.Model):
    ///     username = models.CharField(max_length=80, unique=True)
    /// # file: teams/sync.py
    /// from teams.models import Member
    ///
    /// def sync(rows):
    ///     known = {}
    ///     for row in rows:
    ///         name = row["username"]
    ///         if name not in known:
    ///             known[name] = Member.objects.get(username=name)
    /// ```
    ///
    /// ## When not to
    /// A dictionary is not the same as a query per item: a missing key is a `KeyError` or `None` and no `DoesNotExist`,
    /// of two matching rows the last one wins, and the database may compare without regard to case. Very long lists
    /// meet limits on the size of `IN`: split them.
    pub struct QueryInLoop: "RT105", "query-in-loop", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for QueryInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (_, event, query) in trace.queries() {
            if let Some(turning) = repeats(trace, event, query, cx) {
                report(trace, event, query, &turning, cx);
            }
        }
    }
}

/// The loops that repeat a look-up of one item each.
fn repeats(trace: &Trace, event: &Event, query: &Query, cx: &Context<'_>) -> Option<Vec<LoopId>> {
    if !event.via.is_empty() || !query.statement.facts.kind.reads() {
        return None;
    }
    let looked_up = match &query.cause {
        // What writes the row that it does not find, or needs what is there to write the rest, is no look-up.
        Cause::Method(method) | Cause::Manager { method, .. } if is_write(method) => false,
        Cause::Method(_) => true,
        Cause::Evaluation => query.queryset.is_none_or(|id| trace.queryset(id).related_to.is_none()),
        // A refined manager; counts are an annotation's job, and what was prefetched is no matter of the loop.
        Cause::Manager { prefetched, .. } => {
            let refined = query.queryset.is_some_and(|id| {
                let queryset = trace.queryset(id);
                !queryset.is_served() && queryset.is_plain()
                    || queryset.filters.iter().any(|filter| filter.step.is_some())
                    || !queryset.order.is_empty() && !queryset.default_order
                    || queryset.values.is_some()
                    || queryset.slice.is_some()
            });
            let counted = matches!(query.statement.facts.kind, Kind::Count | Kind::Exists);
            let asked = refined || super::reverse_in_loop::looks_up(trace, query);
            !prefetched && asked && !counted
        }
        _ => false,
    };
    if rereads(query) && changes_rows(trace, event) {
        return None;
    }
    let varies = query.varies_with.filter(|id| trace.loop_info(*id).over != Over::Pages)?;
    let turning = loops::repeating(trace, event, cx.config)?;
    // Within a loop that it does not depend on, it is to leave that one first: RT106.
    if super::loop_invariant_query::repeats(trace, event, query, cx).is_some() {
        return None;
    }
    // A number for each key: RT205.
    if group_in_loop::repeats(trace, event, query, cx).is_some() {
        return None;
    }
    (looked_up && turning.contains(&varies)).then_some(turning)
}

fn rereads(query: &Query) -> bool {
    matches!(&query.cause, Cause::Method(method) if method == "refresh_from_db" || method == "arefresh_from_db")
}

/// The turns around a query write rows, or call what nobody knows: one may change what another has to see.
fn changes_rows(trace: &Trace, query: &Event) -> bool {
    let around = |event: &&Event| event.loops.iter().any(|id| query.loops.contains(id));
    trace.events.iter().filter(around).any(|event| match &event.kind {
        EventKind::Query(query) => {
            let kind = query.statement.facts.kind;
            !kind.reads() && kind != Kind::Other
        }
        EventKind::Row(row) => !matches!(row.op, RowOp::Read(_) | RowOp::Relation { .. } | RowOp::Refresh),
        EventKind::Opaque(_) => true,
        _ => false,
    })
}

fn is_write(method: &str) -> bool {
    matches!(method, "get_or_create" | "update_or_create" | "aget_or_create" | "aupdate_or_create" | "set" | "aset")
}

fn report(trace: &Trace, event: &Event, query: &Query, turning: &[LoopId], cx: &mut Context<'_>) {
    let Some(site) = event.site else { return };
    let queryset = query.queryset.map(|id| trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let driver = query.varies_with.into_iter().collect::<Vec<_>>();
    let outer: Vec<LoopId> = event.loops.iter().copied().filter(|id| !driver.contains(id)).collect();
    let what = match query.statement.facts.kind {
        Kind::Count => "counts",
        Kind::Exists => "asks for",
        _ => "looks up",
    };
    let of = if model.is_empty() { "rows".to_owned() } else { model.to_owned() };
    let weight = weight::of(cx.project, trace, event, turning).or_minor(is_minor(trace, query, turning));
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence: event.confidence,
        site: Some(site),
        message: format!(
            "This {what} {of} {} of the loop over {}, each time for another item.",
            loops::how_often(event, turning),
            loops::described(cx.project, trace, &driver)
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::product(1, outer))),
        evidence: loops::evidence(trace, event, queryset, turning),
        rewrite: None,
        advice: of_each_row(trace, event, query).unwrap_or_else(|| advice(query, queryset)),
        key: format!("{model}.{what}"),
    });
}

/// Where nobody waits, and in a turn that writes or waits itself, one statement less is not much; and the first rows for
/// each item cannot be had with one plain statement.
fn is_minor(trace: &Trace, query: &Query, turning: &[LoopId]) -> bool {
    let work = turning.last().map(|id| loops::work_within(trace, *id)).unwrap_or_default();
    let first_of_each = query.cause == Cause::Evaluation
        && query.queryset.is_some_and(|id| trace.queryset(id).slice.is_some_and(|slice| slice.bounded));
    // Another try of the same; and what is deleted in the same turn is RT607's.
    let driver = turning.last().map(|id| trace.loop_info(*id)).filter(|info| info.over == Over::Items);
    let few = driver.is_some_and(|info| info.conditional || work.deletes > 0);
    let busy = match trace.role {
        _ if few => true,
        Role::Request => work.waits,
        Role::Command => true,
        // Nobody waits, and what is read for a row that is written is a small part of it.
        _ => turning.iter().map(|id| loops::work_within(trace, *id)).any(|work| work.waits || work.writes > 0),
    };
    busy || first_of_each || loops::is_handful(trace, turning)
}

/// What the item is compared with.
enum Compared {
    Field(String),
    /// Without regard to case and the like, by the lookup's name.
    Inexact(String),
    Unknown,
}

fn compared(queryset: Option<&QuerySet>) -> Compared {
    let Some(queryset) = queryset else { return Compared::Unknown };
    let asked: Vec<_> = queryset.filters.iter().filter(|filter| !filter.negated).collect();
    match asked.as_slice() {
        [only] if only.lookup == "exact" => Compared::Field(only.path.join("__")),
        [only] => Compared::Inexact(only.lookup.to_string()),
        _ => Compared::Unknown,
    }
}

/// Of a relation of the loop's own rows: the rows bring it along.
fn of_each_row(trace: &Trace, event: &Event, query: &Query) -> Option<String> {
    let Cause::Manager { row, accessor, .. } = &query.cause else { return None };
    loops::driven_by(trace, event, row.queryset?)?;
    let path = eager::path(row, accessor);
    // What another item decides is chosen among all related rows.
    let asked = trace.queryset(query.queryset?);
    let differs = asked.filters.iter().any(|filter| filter.step.is_some() && filter.varies_with.is_some());
    Some(if differs {
        format!("Prefetch {path} with the rows, and choose among what is loaded in Python.")
    } else {
        format!(
            "Load them with the rows: prefetch_related(Prefetch(\"{path}\", queryset=…, to_attr=…)) with the same filter \
             and order, and read that list instead."
        )
    })
}

fn advice(query: &Query, queryset: Option<&QuerySet>) -> String {
    let keyed = match compared(queryset) {
        Compared::Field(field) => format!("fetch all rows with one filter({field}__in=…)"),
        Compared::Inexact(lookup) => format!("fetch all rows that may match ({lookup} has no __in) with one filter"),
        Compared::Unknown => "fetch all rows that may match with one filter(field__in=…)".to_owned(),
    };
    let method = match &query.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => method.as_str(),
        _ => "",
    };
    match (query.statement.facts.kind, method) {
        (Kind::Exists, _) => format!("Collect the values before the loop, {keyed}, and keep their keys in a set."),
        (Kind::Count, _) => format!("Collect the values before the loop, {keyed}, and count by key."),
        (_, "get" | "first" | "last" | "latest" | "earliest") => format!(
            "Collect the values before the loop, {keyed}, and look each up in a dictionary. Handle the missing ones as \
             {method}() did: a dictionary gives KeyError or None, and of two rows with one key it keeps the last."
        ),
        _ => format!("Collect the values before the loop, {keyed}, and group the rows by key."),
    }
}
