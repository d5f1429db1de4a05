//! RT106

use crate::model::{Confidence, Kind, LoopId, Over, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Cause, Event, EventKind, Origin, Query, Role, Trace};

rule! {
    /// Sends the same query in every turn of a loop.
    ///
    /// Nothing in it depends on the loop, so each turn reads what the one before has read.
    ///
    /// ## Why
    /// One statement before the loop gives the same answer as many in it.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Rate(models.Model):
    ///     percent = models.IntegerField()
    /// # file: shop/prices.py
    /// from shop.models import Rate
    ///
    /// def gross(prices):
    ///     found = []
    ///     for price in prices:
    ///         rate = Rate.objects.get(pk=1)  # RT106
    ///         found.append(price * rate.percent)
    ///     return found
    /// ```
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Rate(models.Model):
    ///     percent = models.IntegerField()
    /// # file: shop/prices.py
    /// from shop.models import Rate
    ///
    /// def gross(prices):
    ///     rate = Rate.objects.get(pk=1)
    ///     return [price * rate.percent for price in prices]
    /// ```
    /// A loop that waits for something to change asks again on purpose:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     is_paid = models.BooleanField(default=False)
    /// # file: shop/wait.py
    /// import time
    ///
    /// from shop.models import Order
    ///
    /// def wait(pk):
    ///     while not Order.objects.filter(pk=pk, is_paid=True).exists():
    ///         time.sleep(1)
    /// ```
    ///
    /// ## When not to
    /// Where the loop writes what the query reads, where others may change it meanwhile and the loop must see that, or
    /// where the loop often has no turn at all.
    pub struct LoopInvariantQuery: "RT106", "loop-invariant-query", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for LoopInvariantQuery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        for (_, event, query) in trace.queries() {
            if let Some(id) = repeats(trace, event, query, cx) {
                report(trace, event, query, id, cx);
            }
        }
    }
}

/// The loop whose turns all send the same.
pub(super) fn repeats(trace: &Trace, event: &Event, query: &Query, cx: &Context<'_>) -> Option<LoopId> {
    let facts = &query.statement.facts;
    let asks = match &query.cause {
        Cause::Method(name) => !matches!(name.as_str(), "refresh_from_db" | "get_or_create" | "update_or_create"),
        Cause::Evaluation => true,
        Cause::Manager { prefetched, .. } => !prefetched,
        _ => false,
    };
    let id = *event.loops.last()?;
    let info = trace.loop_info(id);
    let steady = asks
        && facts.kind.reads()
        && !facts.locked
        && query.identity.is_some()
        && query.varies_with != Some(id)
        && !info.conditional
        && info.over != Over::Pages
        && loops::call_in(trace, event, id).is_none();
    let random = query.queryset.is_some_and(|id| trace.queryset(id).order.iter().any(|order| order == "?"));
    if !steady || random || !loops::repeating(trace, event, cx.config)?.contains(&id) {
        return None;
    }
    let changes = loops::writes_within(trace, id, &facts.tables) || loops::waits_within(trace, id);
    (!changes).then_some(id)
}

fn report(trace: &Trace, event: &Event, query: &Query, id: LoopId, cx: &mut Context<'_>) {
    let Some(site) = event.site else { return };
    let queryset = query.queryset.map(|id| trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let what = match query.statement.facts.kind {
        Kind::Count => "counts",
        Kind::Exists => "asks for",
        _ => "fetches",
    };
    let of = if model.is_empty() { "the same rows" } else { model };
    // What else is called in the loop may write the rows.
    let opaque = trace.events.iter().any(|e| matches!(e.kind, EventKind::Opaque(_)) && e.loops.contains(&id));
    // A helper that builds it in several ways may choose by what changes.
    let chosen = queryset.is_some_and(|rows| !rows.local && (rows.opaque || rows.combined || !rows.ways.is_empty()));
    let sure = match (chosen, opaque) {
        (true, _) => Confidence::Possible,
        (false, true) => Confidence::Likely,
        (false, false) => Confidence::Certain,
    };
    let outer: Vec<LoopId> = event.loops.iter().copied().filter(|other| *other != id).collect();
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: (trace.role == Role::Command).then_some(true),
        confidence: event.confidence.min(sure),
        site: Some(site),
        message: format!(
            "This {what} {of} in every turn of the loop over {}, and nothing in it changes with the turns.",
            loops::described(cx.project, trace, &[id])
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::product(1, outer))),
        evidence: loops::evidence(trace, event, queryset, &[id]),
        rewrite: None,
        advice: "Ask once before the loop and keep the result in a variable. Where the loop often has no turn, ask in \
                 the first one."
            .to_owned(),
        key: format!("{model}.{what}"),
    });
}
