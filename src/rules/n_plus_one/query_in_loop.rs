//! RT105

use crate::model::{Kind, LoopId, Over, Terms};
use crate::rules::aggregation::group_in_loop;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Cause, Event, Query, Trace};

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
                queryset.filters.iter().any(|filter| filter.step.is_some())
                    || !queryset.order.is_empty() && !queryset.default_order
                    || queryset.values.is_some()
                    || queryset.slice.is_some()
            });
            let counted = matches!(query.statement.facts.kind, Kind::Count | Kind::Exists);
            !prefetched && refined && !counted
        }
        _ => false,
    };
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
    cx.report(Draft {
        rule: &META,
        severity: loops::severity(trace, turning),
        hint: None,
        confidence: event.confidence,
        site: Some(site),
        message: format!(
            "This {what} {of} once per turn of the loop over {}, each time for another item.",
            loops::described(cx.project, trace, &driver)
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::product(1, outer))),
        evidence: loops::evidence(trace, event, queryset, turning),
        rewrite: None,
        advice: advice(queryset.and_then(varying_path).as_deref()),
        key: format!("{model}.{what}"),
    });
}

/// The field that the item is compared with, where it is one alone.
fn varying_path(queryset: &crate::trace::QuerySet) -> Option<String> {
    let mut compared = queryset.filters.iter().filter(|filter| !filter.negated && filter.lookup == "exact");
    let only = compared.next()?;
    compared.next().is_none().then(|| only.path.join("__"))
}

fn advice(field: Option<&str>) -> String {
    let lookup = field.map_or_else(|| "field__in".to_owned(), |field| format!("{field}__in"));
    format!(
        "Collect the values before the loop, fetch all rows with one filter({lookup}=…), and look each up in a \
         dictionary. Handle the missing ones as get() or first() did: a dictionary gives KeyError or None, and of two \
         rows with one key it keeps the last."
    )
}
