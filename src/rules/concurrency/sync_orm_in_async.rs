//! RT514

use std::collections::BTreeMap;

use crate::model::{Confidence, Kind, Safety, Site, Span};
use crate::project::{DjangoVersion, Project};
use crate::rewrite::{self, FileEdit, UseOfCall};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule};
use crate::trace::{CallStep, Cause, Event, EventKind, Query, Trace};

rule! {
    /// Sends a query from a coroutine in the way of synchronous code.
    ///
    /// A query of Django's ORM in `async def`, also in a plain function that it calls, in a relation that is not loaded,
    /// or in a `for` over a queryset.
    ///
    /// ## Why
    /// Django raises `SynchronousOnlyOperation`, as the event loop would stand still for everybody until the database
    /// answers. Each method that sends has an asynchronous twin (`aget()`, `asave()`), querysets have `async for`, and
    /// `sync_to_async()` runs what has none in a thread.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// async def show(request, pk):
    ///     topic = Topic.objects.get(pk=pk)  # RT514
    ///     return topic.title
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// async def show(request, pk):
    ///     topic = await Topic.objects.aget(pk=pk)  # RT514
    ///     return topic.title
    /// ```
    ///
    /// In a thread:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from asgiref.sync import sync_to_async
    /// from forum.models import Topic
    ///
    /// @sync_to_async
    /// def read(pk):
    ///     return Topic.objects.get(pk=pk)
    ///
    /// async def show(request, pk):
    ///     topic = await read(pk)
    ///     return topic.title
    /// ```
    ///
    /// ## When not to
    /// `transaction.atomic()` has no asynchronous twin: put what needs it into a function of its own, and run that with
    /// `sync_to_async()`. A relation that a coroutine reads is best loaded with the row. What
    /// the process keeps in a variable of the module is asked for once, mostly before the first coroutine: possible only.
    pub struct SyncOrmInAsync: "RT514", "sync-orm-in-async", Concurrency, Warning;
}

impl Rule for SyncOrmInAsync {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        // What a call leads to is told once, where the coroutine makes the call.
        let mut places: BTreeMap<(u32, u32), (Site, Option<&CallStep>, &Event)> = BTreeMap::new();
        for event in &trace.events {
            let sends = match &event.kind {
                EventKind::Query(query) => query.statement.facts.kind != Kind::Other,
                EventKind::Begin => true,
                _ => false,
            };
            // Another coroutine's own matter is told in its own run.
            if !sends || event.blocking != Some(0) {
                continue;
            }
            let step = event.via.first();
            let Some(site) = step.map_or(event.site, |step| Some(step.site)) else { continue };
            // It is awaited: no query of Django's, whatever it is called.
            if !rewrite::is_awaited(&cx.project.module(site.file).ir, site.span) {
                places.entry((site.span.start, site.span.end)).or_insert((site, step, event));
            }
        }
        for (site, step, event) in places.into_values() {
            report(site, step, event, cx);
        }
    }
}

fn report(site: Site, step: Option<&CallStep>, event: &Event, cx: &mut Context<'_>) {
    let mut evidence = Vec::new();
    if let (Some(_), Some(sent)) = (step, event.site) {
        let message = "sent here".to_owned();
        evidence.push(DraftEvidence::Code { site: sent, message });
    }
    let (message, advice) = match (&event.kind, step) {
        (EventKind::Begin, _) => (
            "A coroutine opens a transaction: Django raises SynchronousOnlyOperation.".to_owned(),
            "Put what stands in atomic() into a function of its own, and await sync_to_async(function)(…).".to_owned(),
        ),
        (_, Some(step)) => (
            format!(
                "A coroutine calls {}(), which sends a query: Django raises SynchronousOnlyOperation.",
                step.callee
            ),
            "Await sync_to_async(function)(…), or make the function asynchronous.".to_owned(),
        ),
        (EventKind::Query(query), None) => (
            "A coroutine sends a query in the way of synchronous code: Django raises SynchronousOnlyOperation."
                .to_owned(),
            advice(query),
        ),
        _ => return,
    };
    let rewrite = match &event.kind {
        EventKind::Query(query) if step.is_none() => twin(cx.project, query, event, site),
        _ => None,
    };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        // It is sent once in a process, if it was not before the first coroutine ran.
        confidence: if is_kept(cx.project, event) { Confidence::Possible } else { event.confidence },
        site: Some(site),
        message,
        cost: None,
        evidence,
        rewrite,
        advice,
        key: step.map_or_else(String::new, |step| step.callee.to_string()),
    });
}

/// `global found` … `if found is None: found = Thing.objects.get(…)`
fn is_kept(project: &Project, event: &Event) -> bool {
    let Some(site) = event.site else { return false };
    let module = &project.module(site.file).ir;
    let tests = rewrite::tests_around(module, site.span);
    tests.into_iter().filter(|(_, holds)| *holds).any(|(test, _)| {
        let test = project.text(Site::new(site.file, test));
        let name = test.strip_suffix(" is None").or(test.strip_prefix("not "));
        name.is_some_and(|name| rewrite::is_global(module, site.span, name))
    })
}

fn advice(query: &Query) -> String {
    match &query.cause {
        Cause::Relation { field, .. } | Cause::Singular { field, .. } => {
            format!("Load {field} with the row: select_related(\"{field}\").")
        }
        Cause::Deferred { column, .. } => format!("Read {column} with the row."),
        Cause::Evaluation => "Take `async for`, or await sync_to_async(list)(queryset).".to_owned(),
        _ => "Await the asynchronous twin of the method: aget(), acount(), asave() ….".to_owned(),
    }
}

/// `await rows.aget(…)` in the place of `rows.get(…)`, `async for` in the place of `for`.
fn twin(project: &Project, query: &Query, event: &Event, site: Site) -> Option<DraftRewrite> {
    if project.django < DjangoVersion(4, 2) {
        return None;
    }
    let module = project.module(site.file);
    let statement = event.statement?;
    let done = |edits| {
        Some(DraftRewrite {
            safety: Safety::Review,
            title: "Take the asynchronous twin".to_owned(),
            note: "Other coroutines run while this one waits: what they change may be seen afterwards.".to_owned(),
            edits,
        })
    };
    if let Some(start) = rewrite::loop_over(&module.ir, site.span) {
        let edit = FileEdit::replace(Site::new(site.file, start), "async ");
        return done(vec![edit]);
    }
    let method = match &query.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => method.as_str(),
        Cause::Save => "save",
        Cause::Delete => "delete",
        _ => return None,
    };
    let call = rewrite::call_at(&module.ir, site.span)?;
    let callee = project.text(Site::new(site.file, call.callee));
    let written = callee.strip_suffix(method).is_some_and(|before| before.ends_with('.'));
    if !written || !rewrite::runs_once(&module.ir, statement.span, site.span) && statement.span != site.span {
        return None;
    }
    let name = Site::new(site.file, Span { start: call.callee.end - method.len() as u32, end: call.callee.end });
    let start = Site::new(site.file, Span::at(site.span.start));
    let plain = matches!(
        rewrite::use_of_call(&module.ir, site.span),
        UseOfCall::Unused | UseOfCall::Bound(_) | UseOfCall::Returned
    );
    let (open, close) = if plain { ("await ", "") } else { ("(await ", ")") };
    let mut edits = vec![FileEdit::replace(start, open), FileEdit::replace(name, format!("a{method}"))];
    if !close.is_empty() {
        edits.push(FileEdit::insert(site, close));
    }
    done(edits)
}
