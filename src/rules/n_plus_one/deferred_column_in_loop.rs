//! RT110

use super::eager;
use crate::model::{Confidence, LoopId, Safety, Site, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit, Quote};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Cause, Event, Origin, QuerySetId, Trace};

rule! {
    /// Reads a column of each row in a loop that `only()` or `defer()` left out.
    ///
    /// ## Why
    /// The column is fetched with a statement of its own for each row, which costs far more than it would have cost to
    /// read it with the rows.
    ///
    /// ## Example
    /// ```python flag
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     body = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def index(request):
    ///     return [(entry.title, entry.slug) for entry in Entry.objects.only("title")]  # RT110
    /// ```
    /// ```python fix
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     body = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def index(request):
    ///     return [(entry.title, entry.slug) for entry in Entry.objects.only("title", "slug")]  # RT110
    /// ```
    /// ```python ok
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     body = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def index(request):
    ///     return [(entry.pk, entry.title, entry.slug) for entry in Entry.objects.defer("body")]
    /// ```
    ///
    /// ## When not to
    /// Where the column is very wide and nearly no row's is read.
    pub struct DeferredColumnInLoop: "RT110", "deferred-column-in-loop", NPlusOne, Info, seeds: Blocker;
}

impl Rule for DeferredColumnInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        let reads: Vec<Read<'_>> = reads(trace, cx).collect();
        reads.iter().for_each(|read| report(trace, read, &reads, cx));
    }
}

struct Read<'t> {
    event: &'t Event,
    site: Site,
    rows: QuerySetId,
    path: String,
    turning: Vec<LoopId>,
}

fn reads<'t>(trace: &'t Trace, cx: &Context<'_>) -> impl Iterator<Item = Read<'t>> {
    trace.queries().filter_map(|(_, event, query)| {
        let Cause::Deferred { row, column } = &query.cause else { return None };
        let rows = row.queryset?;
        loops::driven_by(trace, event, rows)?;
        let turning = loops::repeating(trace, event, cx.config)?;
        Some(Read { event, site: event.site?, rows, path: eager::path(row, column), turning })
    })
}

fn report(trace: &Trace, read: &Read<'_>, all: &[Read<'_>], cx: &mut Context<'_>) {
    let rows = trace.queryset(read.rows);
    let confidence = if read.event.via.is_empty() { read.event.confidence } else { Confidence::Likely };
    let fetched = loops::fetching(trace, read.rows);
    let mut before = fetched.clone();
    before.add(&Terms::product(1, read.event.loops.clone()));
    let mut columns: Vec<String> = Vec::new();
    for other in all.iter().filter(|other| other.rows == read.rows) {
        if !columns.contains(&other.path) {
            columns.push(other.path.clone());
        }
    }
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: confidence.min(read.event.confidence),
        site: Some(read.site),
        message: format!(
            "`{}` was left out where the rows were fetched, so each turn of the loop over {} fetches it for its row.",
            cx.project.text(read.site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, fetched)),
        evidence: loops::evidence(trace, read.event, Some(rows), &read.turning),
        rewrite: keep(cx.project, trace, read.rows, &columns),
        advice: format!("Fetch {} with the rows: name it in only(), or take it out of defer().", read.path),
        key: format!("{}.{}", rows.model_name, read.path),
    });
}

/// Adds columns to the last `only()` of a queryset; `None` where it is `defer()` that left them out.
pub fn keep(project: &Project, trace: &Trace, rows: QuerySetId, columns: &[String]) -> Option<DraftRewrite> {
    let queryset = trace.queryset(rows);
    if !queryset.defer.is_empty() {
        return None;
    }
    let step = queryset.steps.iter().rev().find(|step| step.method == "only")?;
    let source = &project.module(step.call.file).source;
    let quote = Quote::of(source.text());
    let args = columns.iter().map(|column| quote.text(column)).collect::<Vec<_>>().join(", ");
    let edit: FileEdit = rewrite::extend_args(source, eager::call(step), &args);
    Some(DraftRewrite {
        safety: Safety::Safe,
        title: format!("Fetch {} with the rows", columns.join(", ")),
        note: String::new(),
        edits: vec![edit],
    })
}
