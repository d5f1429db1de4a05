//! RT206

use std::collections::BTreeMap;

use crate::model::{Kind, Orm, Site, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops};
use crate::schema::FieldKind;
use crate::trace::{CallStep, Cause, Event, Filter, QuerySet, Trace};

rule! {
    /// Computes the same numbers once for each period.
    ///
    /// ## Why
    /// This month and the one before are two ranges of the same rows. Asked one after the other, every number costs a
    /// statement for each period; `Count("pk", filter=Q(…))` for each of them gives all in one.
    ///
    /// ## Example
    /// ```python flag
    /// # file: stats/models.py
    /// from django.db import models
    ///
    /// class Pull(models.Model):
    ///     opened = models.DateTimeField()
    ///
    /// class Review(models.Model):
    ///     written = models.DateTimeField()
    /// # file: stats/report.py
    /// from stats.models import Pull, Review
    ///
    /// def numbers(start, end):
    ///     opened = Pull.objects.filter(opened__gte=start, opened__lt=end).count()
    ///     return opened, Review.objects.filter(written__gte=start, written__lt=end).count()
    ///
    /// def compare(last, this, now):
    ///     before = numbers(last, this)
    ///     return before, numbers(this, now)  # RT206
    /// ```
    /// ```python ok
    /// # file: stats/models.py
    /// from django.db import models
    ///
    /// class Pull(models.Model):
    ///     opened = models.DateTimeField()
    ///     merged = models.DateTimeField(null=True)
    /// # file: stats/report.py
    /// from django.db.models import Count, Q
    /// from stats.models import Pull
    ///
    /// def compare(last, this, now):
    ///     return Pull.objects.aggregate(
    ///         opened_before=Count("pk", filter=Q(opened__gte=last, opened__lt=this)),
    ///         opened=Count("pk", filter=Q(opened__gte=this, opened__lt=now)),
    ///         merged_before=Count("pk", filter=Q(merged__gte=last, merged__lt=this)),
    ///         merged=Count("pk", filter=Q(merged__gte=this, merged__lt=now)),
    ///     )
    /// ```
    ///
    /// ## When not to
    /// Each statement may use the index on its date, the one with conditions reads the rows of all periods: keep their
    /// union as a filter. Where the numbers of a past period are kept in a cache, they cost nothing anyway.
    pub struct DuplicatePeriod: "RT206", "duplicate-period", Aggregation, Info;
}

impl Rule for DuplicatePeriod {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if trace.role.is_judged() {
            groups(trace, cx).into_iter().for_each(|group| report(trace, &group, cx));
        }
    }
}

/// A number as it is asked in one call.
struct Number<'t> {
    event: &'t Event,
    queryset: &'t QuerySet,
    site: Site,
}

/// One call of a function that computes numbers.
struct Period<'t> {
    step: &'t CallStep,
    numbers: Vec<Number<'t>>,
}

/// Calls of one function whose numbers differ in their dates alone.
fn groups<'t>(trace: &'t Trace, cx: &Context<'_>) -> Vec<Vec<Period<'t>>> {
    let mut by_function: BTreeMap<Site, Vec<Period<'t>>> = BTreeMap::new();
    for (_, event, query) in trace.queries() {
        let counts = matches!(query.statement.facts.kind, Kind::Count | Kind::Aggregate);
        let (Some(step), Some(site), Some(id)) = (event.via.first(), event.site, query.queryset) else { continue };
        let (Some(defined), true) = (step.defined, counts && matches!(query.cause, Cause::Method(_))) else { continue };
        let queryset = trace.queryset(id);
        if queryset.orm != Orm::Django || !has_period(queryset, cx) {
            continue;
        }
        let calls = by_function.entry(defined).or_default();
        let number = Number { event, queryset, site };
        match calls.iter_mut().find(|call| call.step.site == step.site) {
            Some(call) => call.numbers.push(number),
            None => calls.push(Period { step, numbers: vec![number] }),
        }
    }
    let mut out: Vec<Vec<Period<'t>>> = by_function.into_values().filter_map(alike).collect();
    out.sort_by_key(|group| group.first().map(|period| period.step.site));
    out
}

/// The calls that ask what the first one asks, for other dates; two numbers at least.
fn alike(calls: Vec<Period<'_>>) -> Option<Vec<Period<'_>>> {
    let mut calls = calls.into_iter();
    let first = calls.next()?;
    let same = |other: &Period<'_>| {
        let pair = |number: &Number<'_>| other.numbers.iter().find(|known| known.site == number.site);
        let pairs: Vec<_> = first.numbers.iter().filter_map(|number| Some((number, pair(number)?))).collect();
        pairs.len() >= 2
            && pairs.len() == first.numbers.len()
            && pairs
                .iter()
                .all(|(one, two)| one.event.loops == two.event.loops && differ_in_dates(one.queryset, two.queryset))
    };
    let others: Vec<Period<'_>> = calls.filter(same).collect();
    (!others.is_empty()).then(|| std::iter::once(first).chain(others).collect())
}

pub fn is_range(filter: &Filter) -> bool {
    let lookup = filter.lookup.rsplit("__").next().unwrap_or("");
    matches!(lookup, "gt" | "gte" | "lt" | "lte" | "range" | "date" | "year" | "month" | "week" | "day" | "quarter")
}

fn differ_in_dates(one: &QuerySet, two: &QuerySet) -> bool {
    let pairs = || one.filters.iter().zip(&two.filters);
    let shape = |filter: &Filter| (filter.path.clone(), filter.lookup.clone(), filter.negated, filter.alternative);
    one.filters.len() == two.filters.len()
        && pairs().all(|(a, b)| shape(a) == shape(b) && (a.value == b.value || is_range(a)))
        && pairs().any(|(a, b)| a.value != b.value)
}

/// A condition on a date.
fn has_period(queryset: &QuerySet, cx: &Context<'_>) -> bool {
    let of_date = |filter: &Filter| {
        let field = queryset.model.and_then(|model| cx.project.schema.along(model, &filter.path));
        field.is_some_and(|field| matches!(field.kind, FieldKind::Date | FieldKind::DateTime)) && !filter.negated
    };
    queryset.filters.iter().any(|filter| is_range(filter) && of_date(filter))
}

fn report(trace: &Trace, group: &[Period<'_>], cx: &mut Context<'_>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let Some(number) = first.numbers.first() else { return };
    let (numbers, periods) = (first.numbers.len() as u32, group.len() as u32);
    let loops = number.event.loops.clone();
    let confidence = group.iter().flat_map(|period| &period.numbers).map(|number| number.event.confidence).min();
    let models: Vec<&str> = first.numbers.iter().map(|number| number.queryset.model_name.as_str()).collect();
    let mut named: Vec<&str> = models.clone();
    named.sort_unstable();
    named.dedup();
    let code = |site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
    let mut evidence: Vec<DraftEvidence> =
        group.iter().rev().skip(1).map(|period| code(period.step.site, "asked for another period here")).collect();
    evidence.extend(first.numbers.iter().map(|number| code(number.site, "asked once for each period")));
    evidence.extend(loops::calls(number.event).skip(1));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: confidence.unwrap_or(crate::model::Confidence::Likely),
        site: Some(last.step.site),
        message: format!(
            "{}() asks {numbers} numbers of {} once for each of {periods} periods: {} statements.",
            last.step.callee,
            named.join(" and "),
            numbers * periods
        ),
        cost: Some(cx.cost(
            trace,
            Terms::product(numbers * periods, loops.clone()),
            Terms::product(named.len() as u32, loops),
        )),
        evidence,
        rewrite: None,
        advice:
            "Ask for all periods at once: one aggregate() for each model, with a Count(\"pk\", filter=Q(…)) for each \
                 number and period."
                .to_owned(),
        key: last.step.callee.to_string(),
    });
}
