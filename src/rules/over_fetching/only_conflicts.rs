//! RT305

use crate::model::{Confidence, Safety, Severity, Site, Terms};
use crate::project::Project;
use crate::rewrite::{self, Quote};
use crate::rules::macros::rule;
use crate::rules::n_plus_one::{deferred_column_in_loop, eager};
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::schema::RelationKind;
use crate::trace::{Cause, Event, Origin, QuerySet, Row, Step, Trace};

rule! {
    /// Leaves out a column with `only()` or `defer()` that the same code needs.
    ///
    /// A foreign key that `select_related` joins on must be fetched; and a row whose other columns are read is fetched
    /// a second time for each of them.
    ///
    /// ## Why
    /// Django refuses the first with `FieldError`. The second costs more than leaving the column out has saved.
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
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def titles(request):
    ///     return [topic.title for topic in Topic.objects.select_related("forum").only("title")]  # RT305
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def titles(request):
    ///     return [topic.title for topic in Topic.objects.select_related("forum").only("title", "forum")]  # RT305
    /// ```
    /// A column of the joined row names the foreign key as well:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def titles(request):
    ///     rows = Topic.objects.select_related("forum").only("title", "forum__name")
    ///     return [(topic.title, topic.forum.name) for topic in rows]
    /// ```
    ///
    /// ## When not to
    /// `save()` after `only()` writes the fetched columns alone, which may be wanted.
    pub struct OnlyConflicts: "RT305", "only-conflicts", OverFetching, Blocker;
}

impl Rule for OnlyConflicts {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        let mut told: Vec<(Site, String)> = Vec::new();
        for (_, event, query) in trace.queries() {
            if let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) {
                for (step, path) in refused(cx.project, queryset) {
                    if !told.contains(&(step.call, path.clone())) {
                        told.push((step.call, path.clone()));
                        report_refused(event, queryset, step, &path, cx);
                    }
                }
            }
            if let Cause::Deferred { row, column } = &query.cause
                && event.loops.is_empty()
            {
                report_read(trace, event, row, column, cx);
            }
        }
    }
}

/// Foreign keys that a join needs and that are left out, each with the call that leaves it out.
fn refused<'t>(project: &Project, queryset: &'t QuerySet) -> Vec<(&'t Step, String)> {
    let step = |method: &str| queryset.steps.iter().rev().find(|step| step.method == method);
    let mut out = Vec::new();
    for joined in &queryset.select_related {
        let named = queryset
            .steps
            .iter()
            .any(|step| step.method == "select_related" && eager::args_of(project, step).contains(joined.as_str()));
        // Joined on another way through the code, perhaps: the two need not meet.
        let (Some(first), true) = (joined.split("__").next(), named) else { continue };
        let forward = match queryset.model {
            Some(model) => project
                .schema
                .field(model, first)
                .and_then(|(_, field)| field.relation.as_ref())
                .is_some_and(|r| matches!(r.kind, RelationKind::ForeignKey | RelationKind::OneToOne)),
            None => true,
        };
        let names = |column: &str| column.split("__").next() == Some(first) || column == format!("{first}_id");
        let left_out = queryset.only.as_ref().filter(|only| !only.iter().any(|column| names(column)));
        let deferred = queryset.defer.iter().any(|column| column == first || *column == format!("{first}_id"));
        let by = match (left_out, deferred) {
            (Some(_), _) => step("only"),
            (None, true) => step("defer"),
            (None, false) => None,
        };
        if let Some(by) = by.filter(|_| forward)
            && !out.iter().any(|(_, path)| path == first)
        {
            out.push((by, first.to_owned()));
        }
    }
    out
}

fn report_refused(event: &Event, queryset: &QuerySet, step: &Step, path: &str, cx: &mut Context<'_>) {
    let (confidence, why) = loops::doubt(queryset.model.is_some(), event.confidence, &queryset.model_name);
    let rewrite = (step.method == "only").then(|| {
        let source = &cx.project.module(step.call.file).source;
        DraftRewrite {
            safety: Safety::Safe,
            title: format!("Fetch {path} as well"),
            note: String::new(),
            edits: vec![rewrite::extend_args(source, eager::call(step), &Quote::of(source.text()).text(path))],
        }
    });
    let method = &step.method;
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(step.call),
        message: format!("{method}() leaves out {path}, which select_related joins on: Django raises FieldError{why}."),
        cost: None,
        evidence: loops::calls(event).collect(),
        rewrite,
        advice: format!("Fetch {path} too, or do not join it."),
        key: format!("{}.{path}", queryset.model_name),
    });
}

/// A column that was left out is read of a row: one statement more.
fn report_read(trace: &Trace, event: &Event, row: &Row, column: &str, cx: &mut Context<'_>) {
    let (Some(site), Some(rows)) = (event.site, row.queryset) else { return };
    let queryset = trace.queryset(rows);
    let path = eager::path(row, column);
    let confidence = if event.via.is_empty() { event.confidence } else { event.confidence.min(Confidence::Likely) };
    cx.report(Draft {
        rule: &META,
        severity: Severity::Info,
        hint: None,
        confidence,
        site: Some(site),
        message: format!(
            "`{}` was left out where the row was fetched, and is fetched here by a statement of its own.",
            cx.project.text(site).split_whitespace().collect::<Vec<_>>().join(" ")
        ),
        cost: Some(cx.cost(trace, Terms::constant(2), Terms::constant(1))),
        evidence: loops::evidence(trace, event, Some(queryset), &[]),
        rewrite: deferred_column_in_loop::keep(cx.project, trace, rows, std::slice::from_ref(&path)),
        advice: format!("Fetch {path} with the row: name it in only(), or take it out of defer()."),
        key: format!("{}.{path}.read", queryset.model_name),
    });
}
