//! RT203

use crate::model::{Confidence, Safety, Severity};
use crate::project::{DjangoVersion, Project};
use crate::rewrite::{self, Call};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::schema::FieldKind;
use crate::trace::{Aggregate, AggregateFunction, Cause, Event, EventKind, Missing, Query, QuerySet, Trace};

rule! {
    /// Computes with an aggregate that is `None` where there are no rows.
    ///
    /// ## Why
    /// The sum, mean, least and greatest of nothing are `None`, not 0. The code works until the first user without
    /// rows comes, and then raises `TypeError`.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     amount = models.DecimalField(max_digits=9, decimal_places=2)
    /// # file: shop/services.py
    /// from django.db.models import Sum
    /// from shop.models import Order
    ///
    /// def credit_left(customer, limit):
    ///     spent = Order.objects.filter(customer=customer).aggregate(total=Sum("amount"))
    ///     return limit - spent["total"]  # RT203
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     amount = models.DecimalField(max_digits=9, decimal_places=2)
    /// # file: shop/services.py
    /// from django.db.models import Sum
    /// from shop.models import Order
    ///
    /// def credit_left(customer, limit):
    ///     spent = Order.objects.filter(customer=customer).aggregate(total=Sum("amount", default=0))
    ///     return limit - spent["total"]  # RT203
    /// ```
    /// A value that is asked for first is fine, and so is one with a stand-in:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     amount = models.DecimalField(max_digits=9, decimal_places=2)
    /// # file: shop/services.py
    /// from django.db.models import Sum
    /// from django.db.models.functions import Coalesce
    /// from shop.models import Order
    ///
    /// def credit_left(customer, limit):
    ///     orders = Order.objects.filter(customer=customer)
    ///     total = orders.aggregate(total=Sum("amount"))["total"] or 0
    ///     least = orders.aggregate(least=Coalesce(Sum("amount"), 0))["least"]
    ///     last = orders.aggregate(last=Sum("amount"))["last"]
    ///     if last is None:
    ///         return limit
    ///     return limit - total - least - last
    /// ```
    ///
    /// ## When not to
    /// Where rows are always there, the value is never `None`. For a mean or a least value, 0 may be the wrong answer to
    /// "there is none": ask for `None` there. `default=` needs Django 4.0, and a duration needs a `timedelta`.
    pub struct AggregateNone: "RT203", "aggregate-none", Aggregation, Warning;
}

impl Rule for AggregateNone {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (at, event) in trace.events.iter().enumerate() {
            let EventKind::Missing(missing) = event.kind else { continue };
            report(trace, (at, event), missing, cx);
        }
    }
}

fn report(trace: &Trace, (at, event): (usize, &Event), missing: Missing, cx: &mut Context<'_>) {
    let Some(computed) = trace.events.get(missing.query) else { return };
    let EventKind::Query(query) = &computed.kind else { return };
    let (Some(aggregation), Some(queryset)) = (&query.aggregation, query.queryset) else { return };
    let Some(aggregate) = aggregation.aggregates.get(missing.aggregate) else { return };
    let queryset = trace.queryset(queryset);
    let caught = ["TypeError", "Exception", "BaseException"];
    let is_caught = trace.handlers(at).any(|handler| handler.catches.iter().any(|name| caught.contains(&&**name)));
    if is_caught || rows_are_there(trace, event, query) {
        return;
    }
    let mut evidence: Vec<DraftEvidence> = Vec::new();
    if let Some(site) = aggregate.site.or(computed.site) {
        evidence.push(DraftEvidence::Code { site, message: "computed here".to_owned() });
    }
    evidence.extend(loops::calls(event));
    let rows = if queryset.model_name.is_empty() { "row" } else { &queryset.model_name };
    cx.report(Draft {
        rule: &META,
        severity: Severity::Warning,
        // One of them was read before: the others are there as a rule.
        hint: Some(a_row_was_read(trace, at, query)),
        // Whether rows are always there is up to the data.
        confidence: computed.confidence.min(Confidence::Likely),
        site: event.site,
        message: format!(
            "{} `{}` is None where no {rows} is found, and is used as a number here: that raises TypeError.",
            aggregate.called, aggregate.name
        ),
        cost: None,
        evidence,
        rewrite: cure(cx.project, queryset, aggregate),
        advice: advice(cx.project.django, aggregate),
        key: aggregate.name.to_string(),
    });
}

/// A test on the way has asked whether there are rows of the table.
fn rows_are_there(trace: &Trace, event: &Event, query: &Query) -> bool {
    let tables = &query.statement.facts.tables;
    let mut present = trace.asked(event).flat_map(|asked| &asked.present);
    present.any(|at| match trace.events.get(*at).map(|event| &event.kind) {
        Some(EventKind::Query(other)) => other.statement.facts.tables.first() == tables.first(),
        _ => false,
    })
}

/// A row of the table was read before, by its key.
fn a_row_was_read(trace: &Trace, at: usize, query: &Query) -> bool {
    let table = query.statement.facts.tables.first();
    let got = |other: &Query| {
        matches!(&other.cause, Cause::Method(method) if method == "get")
            && other.statement.facts.tables.first() == table
    };
    trace.queries().take_while(|(before, ..)| *before < at).any(|(_, _, other)| got(other))
}

const WITH_DEFAULT: DjangoVersion = DjangoVersion(4, 0);

fn advice(django: DjangoVersion, aggregate: &Aggregate) -> String {
    let instead = match (aggregate.function, django >= WITH_DEFAULT) {
        (AggregateFunction::Sum, true) => {
            "Say what stands for nothing: default=0 in the aggregate, or `or 0` behind it."
        }
        (AggregateFunction::Sum, false) => {
            "Say what stands for nothing: Coalesce(…, 0) around it, or `or 0` behind it."
        }
        _ => "Ask for None before, or say what stands for nothing: `or 0`, where 0 is a right answer.",
    };
    instead.to_owned()
}

fn cure(project: &Project, queryset: &QuerySet, aggregate: &Aggregate) -> Option<DraftRewrite> {
    if project.django < WITH_DEFAULT || aggregate.path.is_empty() {
        return None;
    }
    let field = project.schema.along(queryset.model?, &aggregate.path)?;
    if !matches!(field.kind, FieldKind::Integer | FieldKind::Decimal | FieldKind::Float | FieldKind::Auto) {
        return None;
    }
    let (safety, note) = match aggregate.function {
        AggregateFunction::Sum => (Safety::Safe, String::new()),
        _ => (Safety::Review, format!("{} of no rows is 0 then: check that this is a right answer.", aggregate.called)),
    };
    let site = aggregate.site?;
    let module = project.module(site.file);
    let at = rewrite::call_at(&module.ir, site.span)?;
    let call = Call { call: site, name: at.callee, args: at.args };
    let edits = vec![rewrite::extend_args(&module.source, call, "default=0")];
    Some(DraftRewrite { safety, title: "Say that nothing counts as 0".to_owned(), note, edits })
}
