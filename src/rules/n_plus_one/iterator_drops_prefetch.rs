//! RT111

use super::eager;
use crate::model::{Confidence, Kind, Safety, Severity, Site, Terms};
use crate::project::{DjangoVersion, Project};
use crate::rewrite;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Event, Origin, QuerySet, Trace};

rule! {
    /// Streams rows with `iterator()` and no `chunk_size`, though relations are prefetched for them.
    ///
    /// ## Why
    /// Up to Django 4.2 the prefetch is silently left out, so each row fetches its relations again. From 5.0 on it
    /// raises `ValueError`.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     tags = models.ManyToManyField("Tag")
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/export.py
    /// from forum.models import Topic
    ///
    /// def export(out):
    ///     for topic in Topic.objects.prefetch_related("tags").iterator():  # RT111
    ///         out.write(topic.pk)
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     tags = models.ManyToManyField("Tag")
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/export.py
    /// from forum.models import Topic
    ///
    /// def export(out):
    ///     for topic in Topic.objects.prefetch_related("tags").iterator(chunk_size=2000):  # RT111
    ///         out.write(topic.pk)
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey("Forum", on_delete=models.CASCADE)
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/export.py
    /// from forum.models import Topic
    ///
    /// def export(out):
    ///     for topic in Topic.objects.select_related("forum").iterator():
    ///         out.write(topic.forum.name)
    /// ```
    ///
    /// ## When not to
    /// Django before 4.1 ignores the prefetch with a `chunk_size` as well: page through the rows there.
    pub struct IteratorDropsPrefetch: "RT111", "iterator-drops-prefetch", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for IteratorDropsPrefetch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        for (_, event, query) in trace.queries() {
            let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            let dropped = queryset.streamed && !queryset.prefetch_related.is_empty();
            if dropped && query.statement.facts.kind == Kind::Select {
                report(trace, event, queryset, cx);
            }
        }
    }
}

fn report(trace: &Trace, event: &Event, queryset: &QuerySet, cx: &mut Context<'_>) {
    let Some(step) = queryset.steps.iter().rev().find(|step| step.method.ends_with("iterator")) else { return };
    let raises = cx.project.django >= DjangoVersion(5, 0);
    let paths = queryset.prefetch_related.join(", ");
    let what = if raises { "raises ValueError" } else { "leaves the prefetch out" };
    let model = &queryset.model_name;
    let once = Terms::product(1, event.loops.clone());
    let mut more = once.clone();
    for _ in &queryset.prefetch_related {
        more.add(&once);
    }
    cx.report(Draft {
        rule: &META,
        severity: if raises { Severity::Blocker } else { Severity::Warning },
        hint: None,
        confidence: if queryset.opaque { Confidence::Likely } else { event.confidence },
        site: Some(Site::new(step.call.file, step.call.span)),
        message: format!("iterator() without chunk_size {what}: {paths} of {model} is not loaded with the rows."),
        cost: Some(cx.cost(trace, once, more)),
        evidence: loops::calls(event).collect(),
        rewrite: cure(cx.project, step),
        advice: if cx.project.django >= DjangoVersion(4, 1) {
            "Give iterator() a chunk_size: the prefetch then goes chunk by chunk.".to_owned()
        } else {
            "This Django ignores a prefetch under iterator() in any case: page through the rows instead.".to_owned()
        },
        key: format!("{model}.{paths}"),
    });
}

fn cure(project: &Project, step: &crate::trace::Step) -> Option<DraftRewrite> {
    if project.django < DjangoVersion(4, 1) || !eager::args_of(project, step).is_empty() {
        return None;
    }
    let source = &project.module(step.call.file).source;
    Some(DraftRewrite {
        safety: Safety::Safe,
        title: "Stream in chunks".to_owned(),
        note: String::new(),
        edits: vec![rewrite::extend_args(source, eager::call(step), "chunk_size=2000")],
    })
}
