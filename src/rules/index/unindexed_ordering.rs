//! RT404

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{cure, usage};
use crate::model::{Confidence, Kind, Orm, Site};
use crate::rewrite::NewIndex;
use crate::rules::growth::{grows, is_time};
use crate::rules::heat::{Heat, Heats};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule};
use crate::schema::{ModelId, Schema};
use crate::trace::{Cause, Event, Query, Trace};

rule! {
    /// Takes the first rows of a default order that no index has.
    ///
    /// ## Why
    /// `Meta.ordering` sorts every query of the model that says nothing else. Without an index in that order, the first
    /// page of ten rows reads and sorts the whole table.
    ///
    /// ## Example
    /// ```python flag
    /// # file: news/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     published = models.DateTimeField()
    ///
    ///     class Meta:
    ///         ordering = ["-published"]
    /// # file: news/views.py
    /// from django.shortcuts import render
    /// from news.models import Entry
    ///
    /// def latest(request):
    ///     return render(request, "news/latest.html", {"titles": [entry.title for entry in Entry.objects.all()[:10]]})  # RT404
    /// ```
    /// ```python ok
    /// # file: news/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     published = models.DateTimeField()
    ///
    ///     class Meta:
    ///         ordering = ["-published"]
    ///         indexes = [models.Index(fields=["-published"], name="entry_published_idx")]
    /// # file: news/views.py
    /// from django.shortcuts import render
    /// from news.models import Entry
    ///
    /// def latest(request):
    ///     return render(request, "news/latest.html", {"titles": [entry.title for entry in Entry.objects.all()[:10]]})
    /// ```
    /// All rows of one owner are sorted in no time:
    /// ```python ok
    /// # file: news/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     author = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     published = models.DateTimeField()
    ///
    ///     class Meta:
    ///         ordering = ["-published"]
    /// # file: news/views.py
    /// from django.shortcuts import render
    /// from news.models import Entry
    ///
    /// def mine(request):
    ///     return render(request, "news/mine.html", {"entries": list(Entry.objects.filter(author=request.user)[:10])})
    /// ```
    ///
    /// ## When not to
    /// On a table that stays small. Where nothing needs the order, take it out of `Meta` and say `order_by()` where rows
    /// are shown.
    pub struct UnindexedOrdering: "RT404", "unindexed-ordering", Index, Info;
}

impl Rule for UnindexedOrdering {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let heats = Heats::of(cx.project);
        let mut found: BTreeMap<ModelId, Vec<Taken>> = BTreeMap::new();
        for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
            for (at, event, query) in trace.queries() {
                let hot = || heats.heat(trace, at, event, query) == Heat::Hot;
                if let Some((model, taken)) = taken(trace, event, query, &cx.project.schema, &hot) {
                    let sites = found.entry(model).or_default();
                    match sites.iter_mut().find(|known| known.site == taken.site) {
                        Some(known) => known.hot |= taken.hot,
                        None => sites.push(taken),
                    }
                }
            }
        }
        // One index is told once: by those who ask for the order themselves, where somebody does.
        let usages = if found.is_empty() { Vec::new() } else { usage::collect(traces, cx.project) };
        let is_asked = |id: ModelId| {
            let first = cx.project.schema.get(id).options.ordering.first().map(|order| order.trim_start_matches('-'));
            usages.iter().any(|usage| usage.model == id && usage.is_order_of(first) && usage.is_frequent(cx.project))
        };
        found.retain(|model, _| !is_asked(*model));
        for (model, mut sites) in found {
            sites.sort_by_key(|taken| (taken.site.file, taken.site.span));
            report(model, &sites, cx);
        }
    }
}

/// The first rows of a table are taken.
struct Taken {
    site: Site,
    /// Somebody waits for it.
    hot: bool,
    confidence: Confidence,
}

fn taken(
    trace: &Trace,
    event: &Event,
    query: &Query,
    schema: &Schema,
    hot: &dyn Fn() -> bool,
) -> Option<(ModelId, Taken)> {
    let by_method = |method: &SmolStr| !matches!(method.as_str(), "get" | "latest" | "earliest");
    let sends = match &query.cause {
        Cause::Evaluation => true,
        Cause::Method(method) => by_method(method),
        _ => false,
    };
    let facts = &query.statement.facts;
    let queryset = trace.queryset(query.queryset?);
    // What is sent on another way may be narrowed there.
    let one_way = query.others.is_empty() && queryset.slice.is_none_or(|slice| slice.stop != Some(0));
    let limited = facts.limit || queryset.slice.is_some_and(|slice| slice.bounded || slice.index);
    let whole = queryset.filters.is_empty() && queryset.related_to.is_none() && !queryset.combined;
    if !sends || !one_way || facts.kind != Kind::Select || queryset.orm != Orm::Django || !limited || !whole {
        return None;
    }
    // Grouped, distinct or opaque, it is not the table's own order.
    let plain = queryset.annotations.is_empty() && !queryset.distinct && !queryset.opaque;
    let model = queryset.model.filter(|_| queryset.default_order && plain)?;
    schema.get(model).site?;
    let first = queryset.order.first()?;
    if is_in_order(schema, model, first)? {
        return None;
    }
    Some((model, Taken { site: event.site?, hot: hot(), confidence: event.confidence }))
}

/// Whether an index begins with the first column of the order; rows that are equal in it are few, and sorted by the
/// rest in no time. `None` where the order is not of the model's own columns.
fn is_in_order(schema: &Schema, model: ModelId, first: &str) -> Option<bool> {
    let name = first.trim_start_matches('-');
    let (owner, field) = schema.field(model, name)?;
    if owner != model || !field.is_searchable() || field.is_low_selectivity() {
        return None;
    }
    let leads = |index: &crate::schema::Index| {
        let column = index.columns.first();
        let own = column.is_some_and(|column| column.name == field.name || column.name == field.column);
        own && index.condition.is_none() && index.method == "btree"
    };
    Some(schema.get(model).indexes.iter().any(leads))
}

/// The columns of the order as an index has them; `None` where it goes through a relation or an expression.
fn columns(schema: &Schema, model: ModelId) -> Option<Vec<String>> {
    let ordering = &schema.get(model).options.ordering;
    let mut out = Vec::new();
    for order in ordering {
        let name = order.trim_start_matches('-');
        let (owner, field) = schema.field(model, name)?;
        if owner != model || !field.has_column() {
            return None;
        }
        out.push(order.to_string());
        // What is unique decides the rest.
        if field.unique || field.primary_key {
            break;
        }
    }
    if out.len() > 1 && out.last().is_some_and(|last| matches!(last.trim_start_matches('-'), "id" | "pk")) {
        out.pop();
    }
    (!out.is_empty()).then_some(out)
}

fn report(id: ModelId, sites: &[Taken], cx: &mut Context<'_>) {
    let Some(first) = sites.first() else { return };
    let model = cx.project.schema.get(id);
    let Some(columns) = columns(&cx.project.schema, id) else { return };
    let listed = columns.iter().map(|column| column.trim_start_matches('-')).collect::<Vec<_>>().join(", ");
    let leads = columns.first().and_then(|name| cx.project.schema.field(id, name.trim_start_matches('-')));
    let by_time = leads.is_some_and(|(_, field)| is_time(field));
    let index = NewIndex::named(&model.name, columns);
    let rewrite = cure::rewrite(cx.project, id, &index);
    let mut evidence: Vec<DraftEvidence> = sites
        .iter()
        .skip(1)
        .map(|taken| DraftEvidence::Code { site: taken.site, message: "taken in the same order here".to_owned() })
        .collect();
    let ordered = model.options.meta.or(model.site);
    evidence
        .extend(ordered.map(|site| DraftEvidence::Code { site, message: "the default order is said here".to_owned() }));
    let known = if model.is_partial { Confidence::Likely } else { Confidence::Certain };
    let confidence = sites.iter().map(|taken| taken.confidence).max().unwrap_or(known).min(known);
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // What is listed by name is few enough to be looked through.
        hint: Some(!by_time || !sites.iter().any(|taken| taken.hot) || !grows(&cx.project.schema, id)),
        confidence,
        site: Some(first.site),
        message: format!(
            "The first rows of {} by its default order ({listed}), which has no index: the whole table is read and sorted \
             for them.",
            model.label()
        ),
        cost: None,
        evidence,
        advice: cure::advice(cx.project, model, &index, rewrite.is_some()),
        rewrite,
        key: model.label(),
    });
}
