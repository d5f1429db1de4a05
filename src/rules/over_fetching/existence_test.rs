//! RT301

use super::test_then_evaluate;
use crate::model::{Kind, Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Cause, Event, Origin, Query, Role, Tested, Trace, Usage};

rule! {
    /// Counts rows, or fetches them all, only to know whether there is any.
    ///
    /// ## Why
    /// A count looks at every row that matches and fetching reads them all, where `exists()` stops at the first one.
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
    /// def is_new(request, name):
    ///     return Order.objects.filter(customer=name).count() == 0  # RT301
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
    /// def is_new(request, name):
    ///     return not Order.objects.filter(customer=name).exists()  # RT301
    /// ```
    /// Rows that are used afterwards are fetched once:
    /// ```python ok
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
    ///     if not orders:
    ///         return None
    ///     return [order.pk for order in orders]
    /// ```
    ///
    /// ## When not to
    /// Where the rows or their number are used later on, and where fetching them is what locks them.
    pub struct ExistenceTest: "RT301", "existence-test", OverFetching, Info;
}

impl Rule for ExistenceTest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        for (at, event, query) in trace.queries() {
            if let Some(tested) = query.tested.filter(|_| query.usage == Usage::Truth)
                && wastes(trace, event, query, tested, cx)
                && !test_then_evaluate::is_first(trace, at)
            {
                report(trace, event, query, tested, cx);
            }
        }
    }
}

fn wastes(trace: &Trace, event: &Event, query: &Query, tested: Tested, cx: &Context<'_>) -> bool {
    let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { return false };
    let related = match &query.cause {
        Cause::Method(_) | Cause::Evaluation => false,
        Cause::Manager { prefetched: false, .. } => true,
        _ => return false,
    };
    // In a loop, it is the loop that matters: RT102, RT105, RT109.
    if queryset.locked || queryset.combined || related && loops::repeating(trace, event, cx.config).is_some() {
        return false;
    }
    match query.statement.facts.kind {
        Kind::Count => true,
        // One row of a slice is as good as exists(); rows of another function's queryset may be used there.
        Kind::Select => {
            tested.alone && queryset.slice.is_none() && queryset.local && event.via.is_empty() && !queryset.streamed
        }
        _ => false,
    }
}

fn report(trace: &Trace, event: &Event, query: &Query, tested: Tested, cx: &mut Context<'_>) {
    let Some(site) = event.site else { return };
    let counted = query.statement.facts.kind == Kind::Count;
    let model = query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
    let of = if model.is_empty() { "the rows" } else { model };
    let what = if counted { format!("counts all of {of}") } else { format!("fetches all of {of}") };
    let once = Terms::product(1, event.loops.clone());
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody waits for one statement of a command.
        hint: (trace.role == Role::Command).then_some(true),
        confidence: event.confidence,
        site: Some(tested.site),
        message: format!("This {what} that match, to know whether there is any."),
        cost: Some(cx.cost(trace, once.clone(), once)),
        evidence: Vec::new(),
        rewrite: cure(cx.project, site, tested, query),
        advice: "Ask with exists(), which stops at the first row.".to_owned(),
        key: format!("{model}.{}", if counted { "count" } else { "rows" }),
    });
}

/// `qs.count() == 0` → `not qs.exists()`, `if qs:` → `if qs.exists():`
fn cure(project: &Project, site: Site, tested: Tested, query: &Query) -> Option<DraftRewrite> {
    let source = &project.module(site.file).source;
    if tested.site.file != site.file || rewrite::inside_fstring(&project.module(site.file).ir, tested.site.span) {
        return None;
    }
    let queryset = written(source.slice(site.span), query.statement.facts.kind)?;
    // What follows the receiver must bind to all of it.
    if queryset.starts_with("await ") || queryset.contains(" if ") || queryset.contains('#') {
        return None;
    }
    let not = if tested.empty { "not " } else { "" };
    Some(DraftRewrite {
        safety: Safety::Safe,
        title: "Ask with exists()".to_owned(),
        note: String::new(),
        edits: vec![FileEdit::replace(
            Site::new(site.file, Span { start: tested.site.span.start, end: tested.site.span.end }),
            format!("{not}{queryset}.exists()"),
        )],
    })
}

/// The queryset in `qs.count()`, `len(qs)`, `bool(qs)`, `qs`.
pub fn written(text: &str, kind: Kind) -> Option<&str> {
    let text = text.trim();
    if kind == Kind::Count {
        return text.strip_suffix("()")?.trim_end().strip_suffix(".count").map(str::trim_end);
    }
    for function in ["len(", "bool(", "list("] {
        if let Some(inner) = text.strip_prefix(function) {
            return inner.strip_suffix(')').map(str::trim);
        }
    }
    Some(text)
}
