//! RT509

use std::collections::HashMap;

use smol_str::SmolStr;

use super::runs::{Risk, Verdict};
use super::{later, runs, singles};
use crate::model::{Confidence, Site};
use crate::project::Project;
use crate::rewrite;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops};
use crate::schema::ModelId;
use crate::trace::{Dispatch, Event, EventKind, Origin, Role, RowOp, Trace};

rule! {
    /// Sends a task to the queue inside of a transaction, before what it is to work on is committed.
    ///
    /// `delay()`, `apply_async()` or `send_task()` between a write and the end of `atomic()`, in a view under
    /// `ATOMIC_REQUESTS`, or in a receiver of `post_save`, which runs inside of whatever transaction saves.
    ///
    /// ## Why
    /// A worker takes the task at once. The row is not committed yet: the task finds none (`DoesNotExist`) or the old
    /// values, and if the transaction is rolled back, it works on what never was. In a measurement on PostgreSQL with
    /// eight workers, 291 of 400 tasks that were sent inside of the transaction did not find their row; with
    /// `on_commit` all did.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     total = models.IntegerField()
    /// # file: shop/tasks.py
    /// from celery import shared_task
    ///
    /// @shared_task
    /// def send_invoice(pk):
    ///     print(pk)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Order
    /// from shop.tasks import send_invoice
    ///
    /// def order(request):
    ///     with transaction.atomic():
    ///         made = Order.objects.create(total=3)
    ///         send_invoice.delay(made.pk)  # RT509
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     total = models.IntegerField()
    /// # file: shop/tasks.py
    /// from celery import shared_task
    ///
    /// @shared_task
    /// def send_invoice(pk):
    ///     print(pk)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Order
    /// from shop.tasks import send_invoice
    /// from functools import partial
    ///
    /// def order(request):
    ///     with transaction.atomic():
    ///         made = Order.objects.create(total=3)
    ///         transaction.on_commit(partial(send_invoice.delay, made.pk))  # RT509
    /// ```
    ///
    /// Without a transaction around it, each write is committed before the next line runs:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     total = models.IntegerField()
    /// # file: shop/views.py
    /// from shop.models import Order
    /// from shop.tasks import send_invoice
    ///
    /// def order(request):
    ///     made = Order.objects.create(total=3)
    ///     send_invoice.delay(made.pk)
    /// ```
    ///
    /// ## When not to
    /// A task that must be queued even if the transaction is rolled back stays outside of `on_commit`, and outside of the
    /// transaction. `TestCase` does not run callbacks of `on_commit` by itself: use `captureOnCommitCallbacks()`.
    pub struct TaskBeforeCommit: "RT509", "task-before-commit", Concurrency, Warning;
}

struct Early<'t> {
    sent: &'t Dispatch,
    /// A write of the same transaction.
    written: Option<&'t Event>,
    /// It is of a row that the task is told of.
    told: bool,
    /// In a receiver: whether a transaction is open is up to those who save. A place where one is.
    receiver: Option<Option<Site>>,
    /// The tables of what is not committed yet; empty where they are not known.
    tables: Vec<SmolStr>,
}

impl Rule for TaskBeforeCommit {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let mut saved: Option<HashMap<ModelId, Site>> = None;
        let found = runs::at_risk(cx.project, traces, |trace, at, event| {
            look(project, trace, at, event, || saved.get_or_insert_with(|| saved_in_transactions(traces)))
        });
        for risk in found {
            let apart = works_apart(traces, &risk.told);
            let seeks = seeks_row(traces, &risk.told);
            let there = risk.told.receiver.is_some() && is_there_before(project, risk.trace, risk.at);
            report(&risk, apart || !seeks || there, cx);
        }
    }
}

/// The task is in the input, and asks for rows of other tables only: it does not look for what is not committed yet.
fn works_apart(traces: &[Trace], early: &Early<'_>) -> bool {
    let mut runs = runs_of(traces, early).peekable();
    let known = runs.peek().is_some() && !early.tables.is_empty();
    known
        && runs.all(|trace| {
            let mut asks = trace.queries().map(|(_, _, query)| &query.statement.facts.tables).peekable();
            let sends = trace.events.iter().any(|event| matches!(event.kind, EventKind::Dispatch(_)));
            !sends
                && asks.peek().is_some()
                && asks.all(|tables| !tables.iter().any(|table| early.tables.contains(table)))
        })
}

/// `if not created:` in a receiver: the row was there before the transaction.
fn is_there_before(project: &Project, trace: &Trace, at: usize) -> bool {
    let Some(site) = trace.events.get(at).and_then(|event| event.site) else { return false };
    let tests = rewrite::tests_around(&project.module(site.file).ir, site.span);
    tests.into_iter().any(|(test, holds)| {
        let text = project.text(Site::new(site.file, test));
        text.starts_with("not created") == holds && text.contains("created")
    })
}

/// The task asks for one row of the tables that were written, which fails or finds the old one; or nobody knows what it
/// does. What takes rows away, or goes through many, is none the worse for coming early.
fn seeks_row(traces: &[Trace], early: &Early<'_>) -> bool {
    let mut runs = runs_of(traces, early).peekable();
    runs.peek().is_none()
        || runs.any(|trace| {
            trace.queries().any(|(_, _, query)| {
                let facts = &query.statement.facts;
                let here = early.tables.is_empty() || facts.tables.first().is_some_and(|t| early.tables.contains(t));
                here && singles::is_get(&query.cause)
            })
        })
}

/// The runs of the task that is sent.
fn runs_of<'t>(traces: &'t [Trace], early: &Early<'_>) -> impl Iterator<Item = &'t Trace> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let name = last(&early.sent.task);
    traces.iter().filter(move |trace| match &trace.origin {
        Origin::Code { function, .. } => trace.role == Role::Task && last(function) == name,
        Origin::Log { .. } => false,
    })
}

/// Models of which a run stores rows in a transaction, and where that begins.
fn saved_in_transactions(traces: &[Trace]) -> HashMap<ModelId, Site> {
    let mut out = HashMap::new();
    for trace in traces.iter().filter(|trace| trace.role.is_judged()) {
        for (at, event) in trace.events.iter().enumerate() {
            let Some(stored) = super::rows::row_event(event) else { continue };
            let stores = matches!(stored.op, RowOp::Create | RowOp::Save { .. });
            if let (true, Some(model), Some(block)) = (stores, stored.row.model, trace.transaction(at))
                // Under ATOMIC_REQUESTS it begins nowhere in the code.
                && let Some(site) = block.site.or(event.site)
            {
                out.entry(model).or_insert(site);
            }
        }
    }
    out
}

fn look<'t, 's>(
    project: &Project,
    trace: &'t Trace,
    at: usize,
    event: &'t Event,
    saved: impl FnOnce() -> &'s mut HashMap<ModelId, Site>,
) -> Option<Verdict<Early<'t>>> {
    let EventKind::Dispatch(sent) = &event.kind else { return None };
    if sent.after_commit {
        return None;
    }
    let Some(transaction) = trace.transaction(at) else {
        let deferred = trace.scopes.blocks.iter().any(|block| block.events.contains(&at));
        let heard = if trace.role == Role::Signal && !deferred { heard(project, trace, sent) } else { None };
        let Some(senders) = heard else { return Some(Verdict::Guarded) };
        let saved = saved();
        let receiver = Some(senders.iter().find_map(|sender| saved.get(sender).copied()));
        let tables = senders.iter().map(|sender| project.schema.get(*sender).table.clone()).collect();
        return Some(Verdict::AtRisk(Early { sent, written: None, told: false, receiver, tables }));
    };
    // What is written of a row that the task knows, else any write before the task.
    let writes = trace.queries().filter(|(index, _, query)| {
        let kind = query.statement.facts.kind;
        transaction.events.contains(index) && !kind.reads() && kind != crate::model::Kind::Other
    });
    let writes: Vec<(usize, &Event)> = writes.map(|(index, event, _)| (index, event)).collect();
    let told = writes.iter().rev().find(|(index, _)| names_row(trace, *index, sent));
    let written = told.or_else(|| writes.iter().rev().find(|(index, _)| *index < at));
    // A task that nothing of this transaction concerns.
    let tables = match told {
        Some(told) => tables_of(told.1),
        None => writes.iter().flat_map(|(_, event)| tables_of(event)).collect(),
    };
    let written = written.map(|(_, event)| *event)?;
    Some(Verdict::AtRisk(Early { sent, written: Some(written), told: told.is_some(), receiver: None, tables }))
}

fn tables_of(event: &Event) -> Vec<SmolStr> {
    match &event.kind {
        EventKind::Query(query) => query.statement.facts.tables.clone(),
        _ => Vec::new(),
    }
}

/// The models whose rows a receiver is told of once they are stored, where the task gets the row: others were there
/// before, and a row that is deleted is not looked for.
fn heard(project: &Project, trace: &Trace, sent: &Dispatch) -> Option<Vec<ModelId>> {
    let Origin::Code { site, .. } = trace.origin else { return None };
    let heard: Vec<(&str, Option<ModelId>)> = project.heard_by(site).collect();
    let stored = heard.is_empty() || heard.iter().any(|(signal, _)| *signal == "post_save");
    let told = sent.given.iter().any(|given| names_instance(given));
    (stored && told).then(|| heard.into_iter().filter_map(|(_, sender)| sender).collect())
}

/// `instance`, `instance.pk`, `str(instance.id)`; nothing that the row leads to.
fn names_instance(given: &str) -> bool {
    given.match_indices("instance").any(|(at, name)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let rest = &given[at + name.len()..];
        let key = [".pk", ".id", ".uuid"].iter().find_map(|key| rest.strip_prefix(key)).unwrap_or(rest);
        !given[..at].ends_with(word) && !key.starts_with(|c: char| word(c) || c == '.')
    })
}

/// Whether the row of a write is among what the task is given.
fn names_row(trace: &Trace, write: usize, sent: &Dispatch) -> bool {
    let before = trace.events.get(..write).unwrap_or_default().iter().rev().take(4);
    let row = before
        .filter_map(super::rows::row_event)
        .find(|row| matches!(row.op, RowOp::Create | RowOp::Save { .. } | RowOp::Delete));
    row.is_some_and(|row| sent.given.iter().any(|given| given.contains(&row.row.identity)))
}

fn report(risk: &Risk<'_, Early<'_>>, apart: bool, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: early } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let mut evidence = Vec::new();
    let transaction = trace.transaction(*at);
    let place = |site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
    match transaction.map(|block| block.site) {
        Some(Some(site)) => evidence.push(place(site, "the transaction begins here")),
        Some(None) => evidence.extend(cx.project.settings.site.map(|site| place(site, "ATOMIC_REQUESTS is set here"))),
        None => {}
    }
    if let Some(site) = early.written.and_then(|event| event.site) {
        evidence.push(place(site, if early.told { "the row is written here" } else { "written here" }));
    }
    evidence.extend(loops::calls(event));
    let task = early.sent.task.rsplit('.').next().unwrap_or_default();
    if let Some(Some(saves)) = early.receiver {
        evidence.push(place(saves, "a transaction around the save of such a row begins here"));
    }
    let (message, confidence) = match (early.receiver, early.told) {
        (Some(saves), _) => (
            format!(
                "Sends the task {task} from a receiver, inside of whatever transaction saves the row that it gets."
            ),
            if saves.is_some() { Confidence::Likely } else { Confidence::Possible },
        ),
        (None, true) => (
            format!("Sends the task {task} before the row that it gets is committed: a worker may not find it."),
            Confidence::Certain,
        ),
        (None, false) => (
            format!("Sends the task {task} before the transaction is over: a worker may see what was there before it."),
            // What it is given says what it works on; without, it reads what there is.
            if early.sent.given.is_empty() { Confidence::Likely } else { Confidence::Possible },
        ),
    };
    let confidence = if apart { Confidence::Possible } else { confidence };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        // Nobody is seen to save one in a transaction.
        hint: (early.receiver == Some(None)).then_some(true),
        confidence,
        site: Some(*site),
        message,
        cost: None,
        evidence,
        rewrite: later::after_commit(cx.project, event),
        advice: "Send it when the transaction is over: transaction.on_commit(partial(task.delay, …)), or \
                 task.delay_on_commit(…) with Celery 5.4 and its Django integration."
            .to_owned(),
        key: early.sent.task.to_string(),
    });
}
