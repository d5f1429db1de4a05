//! RT113

use smol_str::SmolStr;

use super::eager::{self, Load};
use crate::model::{Confidence, Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::schema::{ModelId, RelationKind};
use crate::trace::{Cause, Event, EventKind, Origin, QuerySet, Step, Trace};

rule! {
    /// Loads a relation in a dearer way than needed, or loads one that nothing reads.
    ///
    /// A forward foreign key under `prefetch_related` is a statement more where `select_related` is a join; a relation
    /// that the loop over the rows never touches is loaded for nothing.
    ///
    /// ## Why
    /// Eager loading is not free: a prefetch is a round trip, a join makes every row wider.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def lines(request):
    ///     return [topic.forum.name for topic in Topic.objects.prefetch_related("forum")]  # RT113
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def lines(request):
    ///     return [topic.forum.name for topic in Topic.objects.select_related("forum")]  # RT113
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from django.shortcuts import render
    /// from forum.models import Topic
    ///
    /// def topics(request):
    ///     return render(request, "topics.html", {"topics": Topic.objects.select_related("forum")})
    /// ```
    ///
    /// ## When not to
    /// Very many rows that share a few related ones are fetched with less by a prefetch than by a join. Which of the two
    /// is faster depends on the data.
    pub struct WrongEager: "RT113", "wrong-eager", NPlusOne, Info as hint;
}

impl Rule for WrongEager {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        prefetched_forward(trace, cx);
        never_read(trace, cx);
    }
}

/// Foreign keys that are prefetched as they are, where a join would do.
fn prefetched_forward(trace: &Trace, cx: &mut Context<'_>) {
    let mut rows: Option<&QuerySet> = None;
    for event in &trace.events {
        let EventKind::Query(query) = &event.kind else { continue };
        match (&query.cause, query.queryset) {
            (Cause::Prefetch(path), Some(fetched)) => {
                let Some(queryset) = rows else { continue };
                let own = trace.queryset(fetched).steps.is_empty();
                if own && is_forward(cx.project, queryset, path) {
                    report_prefetch(trace, event, queryset, path, cx);
                }
            }
            (_, id) => rows = id.map(|id| trace.queryset(id)),
        }
    }
}

fn is_forward(project: &Project, queryset: &QuerySet, path: &str) -> bool {
    let Some(model) = queryset.model else { return false };
    let relation = project.schema.field(model, path).and_then(|(_, field)| field.relation.as_ref());
    let kind = relation.map(|relation| relation.kind);
    let listed = queryset.prefetch_related.iter().any(|lookup| lookup == path);
    listed && matches!(kind, Some(RelationKind::ForeignKey | RelationKind::OneToOne))
}

fn report_prefetch(trace: &Trace, event: &Event, queryset: &QuerySet, path: &SmolStr, cx: &mut Context<'_>) {
    let Some(step) = naming(cx.project, queryset, Load::Prefetch, path) else { return };
    let alone = eager::args_of(cx.project, step).trim_end_matches(',').trim_matches(['"', '\'']) == path.as_str();
    let joins = queryset.values.is_none() && !queryset.combined && !queryset.select_related_all && !queryset.locked;
    let rewrite = (alone && joins && queryset.only.is_none() && queryset.defer.is_empty()).then(|| DraftRewrite {
        safety: Safety::Review,
        title: format!("Join {path}"),
        note: "Which of the two is faster depends on how many rows share a related one.".to_owned(),
        edits: vec![FileEdit::replace(Site::new(step.call.file, step.name), Load::Join.method())],
    });
    let once = Terms::product(1, event.loops.clone());
    let mut twice = once.clone();
    twice.add(&once);
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: event.confidence,
        site: Some(step.call),
        message: format!("{path} of {} is one row each: a join brings it without a statement.", queryset.model_name),
        cost: Some(cx.cost(trace, twice, once)),
        evidence: loops::calls(event).collect(),
        rewrite,
        advice: format!("Use select_related(\"{path}\"), unless very many rows share a few related ones."),
        key: format!("{}.{path}", queryset.model_name),
    });
}

/// Relations that are loaded for rows which only a loop uses, and which it does not read.
fn never_read(trace: &Trace, cx: &mut Context<'_>) {
    for info in &trace.loops {
        let (Some(queryset), Some(reads)) = (info.queryset.map(|id| trace.queryset(id)), &info.reads) else { continue };
        let Some(model) = queryset.model.filter(|_| queryset.local && !queryset.opaque) else { continue };
        // A method or property may read anything.
        if queryset.values.is_some() || !reads.iter().all(|name| is_field(cx.project, model, name)) {
            continue;
        }
        for (how, lookups) in [(Load::Join, &queryset.select_related), (Load::Prefetch, &queryset.prefetch_related)] {
            for lookup in lookups {
                let first = lookup.split("__").next().unwrap_or_default();
                let Some(step) = naming(cx.project, queryset, how, lookup) else { continue };
                if is_field(cx.project, model, first) && !reads.iter().any(|name| name == first) {
                    report_unread(queryset, how, lookup, step, cx);
                }
            }
        }
    }
}

fn is_field(project: &Project, model: ModelId, name: &str) -> bool {
    project.schema.field(model, name).is_some() || project.schema.reverse(model, name).is_some()
}

fn report_unread(queryset: &QuerySet, how: Load, lookup: &SmolStr, step: &Step, cx: &mut Context<'_>) {
    let source = &cx.project.module(step.call.file).source;
    let alone = eager::args_of(cx.project, step).trim_end_matches(',').trim_matches(['"', '\'']) == lookup.as_str();
    let receiver = rewrite::receiver(source, eager::call(step));
    let whole = Site::new(step.call.file, Span { start: receiver.end, end: step.call.span.end });
    let rewrite = alone.then(|| DraftRewrite {
        safety: Safety::Review,
        title: format!("Do not load {lookup}"),
        note: "Agree that nothing else reads it.".to_owned(),
        edits: vec![FileEdit::replace(whole, "")],
    });
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: Confidence::Likely,
        site: Some(step.call),
        message: format!("The loop over these rows of {} never reads {lookup}.", queryset.model_name),
        cost: None,
        evidence: Vec::new(),
        rewrite,
        advice: format!("Take {lookup} out of {}().", how.method()),
        key: format!("{}.{lookup}.unread", queryset.model_name),
    });
}

/// The call that names a lookup as a string.
fn naming<'t>(project: &Project, queryset: &'t QuerySet, how: Load, lookup: &str) -> Option<&'t Step> {
    let named = |step: &&Step| {
        let args = eager::args_of(project, step);
        step.method == how.method()
            && [format!("\"{lookup}\""), format!("'{lookup}'")].iter().any(|text| args.contains(text.as_str()))
    };
    queryset.steps.iter().find(named)
}
