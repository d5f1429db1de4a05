//! RT302

use super::duplicate_fetch;
use super::existence_test::written;
use crate::model::{Kind, Safety, Site, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Cause, Event, EventKind, Origin, Query, Role, Trace, Usage};

rule! {
    /// Asks whether there are rows, or how many, and then fetches the same rows anyway.
    ///
    /// ## Why
    /// The rows tell both: a queryset that was evaluated once keeps them, so that its truth, its length and a loop over
    /// it cost one statement together.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.SlugField()
    /// # file: shop/views.py
    /// from shop.models import Order
    ///
    /// def keys(request, name):
    ///     orders = Order.objects.filter(customer=name)
    ///     if orders.exists():  # RT302
    ///         return [order.pk for order in orders]
    ///     return None
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.SlugField()
    /// # file: shop/views.py
    /// from shop.models import Order
    ///
    /// def keys(request, name):
    ///     orders = Order.objects.filter(customer=name)
    ///     if orders:  # RT302
    ///         return [order.pk for order in orders]
    ///     return None
    /// ```
    /// The total beside one page is not told by the page's rows:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.SlugField()
    /// # file: shop/views.py
    /// from shop.models import Order
    ///
    /// def page(request, name):
    ///     orders = Order.objects.filter(customer=name)
    ///     return {"total": orders.count(), "first": [order.pk for order in orders.order_by("pk")[:20]]}
    /// ```
    ///
    /// ## When not to
    /// Where the rows are mostly not needed after the test, or so many that they are streamed.
    pub struct TestThenEvaluate: "RT302", "test-then-evaluate", OverFetching, Info;
}

impl Rule for TestThenEvaluate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        for (at, event, query) in trace.queries() {
            if let Some(later) = evaluated_after(trace, at, event, query)
                && loops::repeating(trace, event, cx.config).is_none()
            {
                report(trace, event, query, later, cx);
            }
            if let Some(before) = sliced_before(trace, at, event, query) {
                report_sliced(trace, event, query, before, cx);
            }
        }
    }
}

/// Whether a statement is the first of such a pair.
pub fn is_first(trace: &Trace, at: usize) -> bool {
    let Some(event) = trace.events.get(at) else { return false };
    match &event.kind {
        EventKind::Query(query) => evaluated_after(trace, at, event, query).is_some(),
        _ => false,
    }
}

/// The statement that fetches, later on, the rows that this one asks for.
fn evaluated_after<'t>(trace: &'t Trace, at: usize, event: &Event, query: &Query) -> Option<(&'t Event, &'t Query)> {
    let asks = matches!(query.statement.facts.kind, Kind::Count | Kind::Exists)
        && matches!(&query.cause, Cause::Method(name) if name != "contains")
        || matches!(&query.cause, Cause::Manager { prefetched: false, method, .. } if method != "contains");
    let rows = rows_of(query)?;
    if !asks || !matches!(query.statement.facts.kind, Kind::Count | Kind::Exists) {
        return None;
    }
    // One of the rows tells as well whether there is any.
    let tested = query.tested.is_some();
    let one = |fetch: &Query| fetch.usage == Usage::Value && fetch.statement.facts.kind == Kind::Select;
    let later = trace.queries().skip_while(|(later, _, _)| *later <= at).find(|(later, other, fetch)| {
        let fetches = match &fetch.cause {
            Cause::Evaluation => true,
            Cause::Manager { prefetched, .. } => !prefetched && (fetch.usage == Usage::Rows || tested && one(fetch)),
            Cause::Method(_) => tested && one(fetch),
            _ => false,
        };
        let plain = fetch.queryset.is_some_and(|id| {
            let queryset = trace.queryset(id);
            let streamed = queryset.steps.iter().any(|step| step.method.ends_with("iterator"));
            !streamed && !queryset.locked && !queryset.opaque && queryset.slice.is_none()
        });
        // Under a test of its own it may be rare; under the test of the first one, it is what that one was for.
        let under = if query.tested.is_some() { 1 } else { 0 };
        let near = other.arms.len() <= event.arms.len() + under;
        let same = fetches && plain && near && rows_of(fetch) == Some(rows) && other.via == event.via;
        same && fetch.tested.is_none() && duplicate_fetch::covers(trace, at, *later)
    });
    later.map(|(_, event, query)| (event, query))
}

/// Some of the rows, which were fetched before this statement fetches all of them for their truth alone.
fn sliced_before<'t>(trace: &'t Trace, at: usize, event: &Event, query: &Query) -> Option<&'t Event> {
    let rows = rows_of(query)?;
    let whole = query.cause == Cause::Evaluation && query.usage == Usage::Truth;
    if !whole || query.queryset.is_none_or(|id| trace.queryset(id).slice.is_some()) {
        return None;
    }
    let mut earlier = trace.queries().take_while(|(earlier, _, _)| *earlier < at);
    let found = earlier.find(|(earlier, other, fetch)| {
        let of_these =
            rows_of(fetch).and_then(|text| text.strip_prefix(rows)).is_some_and(|rest| rest.starts_with('['));
        let fetched = fetch.cause == Cause::Evaluation && fetch.usage == Usage::Rows;
        of_these && fetched && other.via == event.via && duplicate_fetch::covers(trace, *earlier, at)
    });
    found.map(|(_, event, _)| event)
}

fn report_sliced(trace: &Trace, event: &Event, query: &Query, before: &Event, cx: &mut Context<'_>) {
    let (Some(site), Some(fetched)) = (event.site, before.site) else { return };
    let model = query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
    let of = if model.is_empty() { "the rows" } else { model };
    let line = cx.project.place(fetched).line;
    let once = Terms::product(1, event.loops.clone());
    let mut twice = once.clone();
    twice.add(&once);
    let mut evidence =
        vec![DraftEvidence::Code { site: fetched, message: "some of these rows are fetched here".to_owned() }];
    evidence.extend(loops::calls(event));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody waits for one statement of a command.
        hint: (trace.role == Role::Command).then_some(true),
        confidence: event.confidence.min(before.confidence),
        site: Some(site),
        message: format!(
            "This fetches all of {of} to know whether there is any; line {line} has fetched some of them."
        ),
        cost: Some(cx.cost(trace, twice, once)),
        evidence,
        rewrite: None,
        advice: "Keep the slice in a variable, and test that.".to_owned(),
        key: format!("{model}.sliced"),
    });
}

/// What a statement is about, however it asks.
fn rows_of(query: &Query) -> Option<&str> {
    let (_, rows) = query.identity.as_deref()?.split_once(':')?;
    Some(rows.trim_end_matches(" ?"))
}

fn report(trace: &Trace, event: &Event, query: &Query, later: (&Event, &Query), cx: &mut Context<'_>) {
    let (Some(site), Some(fetched)) = (event.site, later.0.site) else { return };
    let model = query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
    let of = if model.is_empty() { "rows" } else { model };
    let what = match query.statement.facts.kind {
        Kind::Count => format!("counts {of}"),
        _ => format!("asks for {of}"),
    };
    let once = Terms::product(1, event.loops.clone());
    let mut twice = once.clone();
    twice.add(&once);
    let line = cx.project.place(fetched).line;
    // One variable holds them at both places.
    let same = query.queryset.is_some() && query.queryset == later.1.queryset;
    let (same_rows, advice) = match later.1.usage {
        Usage::Value => (
            "one of these rows",
            "Fetch the row and test it: first() gives None where there is none, get() raises DoesNotExist.",
        ),
        _ => (
            "the same rows",
            "Keep the queryset in a variable and use its truth, its length and its rows: one statement serves all three.",
        ),
    };
    let mut evidence = vec![DraftEvidence::Code { site: fetched, message: format!("{same_rows} fetched here") }];
    evidence.extend(loops::calls(event));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody waits for one statement of a command.
        hint: (trace.role == Role::Command).then_some(true),
        confidence: event.confidence.min(later.0.confidence),
        site: Some(site),
        message: format!("This {what}, and line {line} fetches {same_rows}."),
        cost: Some(cx.cost(trace, twice, once)),
        evidence,
        rewrite: if same && later.1.usage != Usage::Value { cure(cx.project, site, query) } else { None },
        advice: advice.to_owned(),
        key: format!("{model}.{}", query.statement.facts.kind.as_str()),
    });
}

/// `if qs.exists():` → `if qs:`, `qs.count()` → `len(qs)`
fn cure(project: &Project, site: Site, query: &Query) -> Option<DraftRewrite> {
    let module = project.module(site.file);
    let text = module.source.slice(site.span);
    let counted = query.statement.facts.kind == Kind::Count;
    let name = match counted {
        true => written(text, Kind::Count)?,
        false => text.strip_suffix("()")?.trim_end().strip_suffix(".exists")?.trim_end(),
    };
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if !plain || rewrite::inside_fstring(&module.ir, site.span) {
        return None;
    }
    let edit = match (query.tested, counted) {
        (Some(tested), _) => {
            FileEdit::replace(tested.site, format!("{}{name}", if tested.empty { "not " } else { "" }))
        }
        (None, true) => FileEdit::replace(site, format!("len({name})")),
        (None, false) => FileEdit::replace(site, format!("bool({name})")),
    };
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Fetch {name} once"),
        note: "All rows are fetched at the first test: agree that they are mostly needed.".to_owned(),
        edits: vec![edit],
    })
}
