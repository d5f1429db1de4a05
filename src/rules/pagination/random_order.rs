//! RT705

use super::{Told, report};
use crate::model::Confidence;
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::Trace;

rule! {
    /// Sorts rows by a random number.
    ///
    /// ## Why
    /// The database draws a number for every row that matches and sorts all of them, however few are wanted: no index
    /// helps, and the time grows with the table. Draw keys instead: `random.sample()` of the ids, kept for a while, or
    /// the first row at or after a random key.
    ///
    /// ## Example
    /// ```python flag
    /// # file: quotes/models.py
    /// from django.db import models
    ///
    /// class Quote(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: quotes/views.py
    /// from quotes.models import Quote
    ///
    /// def of_the_day(request):
    ///     return Quote.objects.order_by("?").first()  # RT705
    /// ```
    /// ```python ok
    /// # file: quotes/models.py
    /// from django.db import models
    ///
    /// class Quote(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: quotes/views.py
    /// from quotes.models import Quote
    ///
    /// def after(request, pk):
    ///     return Quote.objects.filter(pk__gte=pk).order_by("pk").first()
    /// ```
    ///
    /// ## When not to
    /// A table of some hundred rows that stays that small is sorted in no time.
    pub struct RandomOrder: "RT705", "random-order", Pagination, Info;
}

pub(in crate::rules) const ADVICE: &str =
    "Draw keys, not rows: random.sample() of the ids, or the first row at or after a random key.";

impl Rule for RandomOrder {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (_, event, query) in trace.queries() {
            let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            let sorts = query.statement.facts.kind == crate::model::Kind::Select;
            if !sorts || !queryset.order.iter().any(|field| field == "?") {
                continue;
            }
            let of = if queryset.model_name.is_empty() { "the" } else { &queryset.model_name };
            let told = Told {
                rule: &META,
                confidence: Confidence::Certain,
                message: format!("Sorts all matching rows of {of} by a random number."),
                advice: ADVICE,
            };
            report(told, trace, event, queryset, cx);
        }
    }
}
