//! RT506

use super::runs::{self, Risk, Verdict};
use crate::model::{Confidence, Severity, Site};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Cause, Event, EventKind, Origin, Role, Trace};

rule! {
    /// Locks rows with `select_for_update()` outside of a transaction.
    ///
    /// ## Why
    /// Django raises `TransactionManagementError` when the queryset is evaluated ("select_for_update cannot be used
    /// outside of a transaction"); where it does not, the lock ends with the statement and guards nothing.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Item(models.Model):
    ///     title = models.CharField(max_length=9)
    /// # file: shop/views.py
    /// from shop.models import Item
    ///
    /// def rename(request, pk):
    ///     item = Item.objects.select_for_update().get(pk=pk)  # RT506
    ///     item.title = "x"
    ///     item.save()
    /// ```
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Item(models.Model):
    ///     title = models.CharField(max_length=9)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Item
    ///
    /// @transaction.atomic
    /// def rename(request, pk):
    ///     item = Item.objects.select_for_update().get(pk=pk)
    ///     item.title = "x"
    ///     item.save()
    /// ```
    ///
    /// ## When not to
    /// A helper that is only called in a transaction is right; where its callers are not in the input, add them. Under
    /// `ATOMIC_REQUESTS` every view is one; add the settings.
    pub struct LockOutsideAtomic: "RT506", "lock-outside-atomic", Concurrency, Blocker;
}

impl Rule for LockOutsideAtomic {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        // A place that is reached in a transaction as well: which of the two it is may be up to a condition.
        let mut guarded: Vec<Site> = Vec::new();
        let project = cx.project;
        let found = runs::at_risk(project, traces, |trace, at, event| {
            let verdict = look(project, trace, at, event)?;
            if matches!(verdict, Verdict::Guarded) {
                guarded.extend(event.site);
            }
            Some(verdict)
        });
        for risk in found {
            let doubtful = guarded.contains(&risk.site);
            report(&risk, doubtful, cx);
        }
    }
}

fn look(project: &Project, trace: &Trace, at: usize, event: &Event) -> Option<Verdict<()>> {
    let EventKind::Query(query) = &event.kind else { return None };
    // `update_or_create` locks in a transaction of its own.
    let own = match &query.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => method.ends_with("or_create"),
        _ => false,
    };
    let queryset = trace.queryset(query.queryset?);
    if own || !queryset.locked || !query.statement.facts.kind.reads() || runs::is_never_locked(project, queryset) {
        return None;
    }
    Some(if trace.transaction(at).is_some() { Verdict::Guarded } else { Verdict::AtRisk(()) })
}

/// Nothing but the framework calls it: a function, or a method that answers a request or a command. Other methods may
/// be called by a class that they inherit from, in a transaction.
fn is_entry(trace: &Trace) -> bool {
    const METHODS: [&str; 15] = [
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "list",
        "create",
        "update",
        "partial_update",
        "retrieve",
        "destroy",
        "form_valid",
        "perform_create",
        "perform_update",
        "handle",
    ];
    let Origin::Code { function, .. } = &trace.origin else { return false };
    function.rsplit_once('.').is_none_or(|(_, method)| METHODS.contains(&method))
}

fn report(risk: &Risk<'_, ()>, doubtful: bool, cx: &mut Context<'_>) {
    let Risk { trace, at, site, .. } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    // Who calls a helper, and what the settings say, may not be known.
    let called = match trace.role {
        _ if doubtful || !is_entry(trace) => Confidence::Possible,
        Role::Request if cx.project.settings.site.is_some() => Confidence::Certain,
        Role::Request | Role::Task | Role::Command => Confidence::Likely,
        _ => Confidence::Possible,
    };
    cx.report(Draft {
        rule: &META,
        severity: Severity::Blocker,
        hint: None,
        confidence: called.min(event.confidence),
        site: Some(*site),
        message: "Locks rows outside of a transaction: Django raises TransactionManagementError.".to_owned(),
        cost: None,
        evidence: loops::calls(event).collect(),
        rewrite: None,
        advice: "Read, change and save the rows inside of one transaction.atomic().".to_owned(),
        key: "no transaction".to_owned(),
    });
}
