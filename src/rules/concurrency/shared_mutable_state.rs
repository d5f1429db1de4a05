//! RT512

use super::runs::{self, Risk, Verdict};
use crate::model::{Confidence, Severity};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Event, EventKind, Role, Shared, SharedKind, Trace};

rule! {
    /// Keeps what belongs to one request where all requests of the process share it.
    ///
    /// A list, dictionary or set of a module or class, or a `global` name, that a view, task or receiver changes; and
    /// `lru_cache` on a method, which keeps results for each `self` that ever was.
    ///
    /// ## Why
    /// One process answers many requests, with several threads at once, and each process has its own copy: values of one
    /// user reach another, counts are lost, and what is added never goes away. `lru_cache` on a method holds on to `self`;
    /// rows are equal by their key, so a later request gets what an earlier one has computed of old values.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/views.py
    /// recent = []
    ///
    /// def show(request, pk):
    ///     recent.append(pk)  # RT512
    ///     return recent
    /// ```
    /// ```python flag
    /// # file: forum/models.py
    /// from functools import lru_cache
    ///
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    ///     @lru_cache  # RT512
    ///     def heading(self):
    ///         return self.title.title()
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    /// from django.utils.functional import cached_property
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    ///     @cached_property
    ///     def heading(self):
    ///         return self.title.title()
    /// # file: forum/views.py
    /// from django.core.cache import cache
    ///
    /// def show(request, pk):
    ///     recent = []
    ///     recent.append(pk)
    ///     cache.set(f"recent-{request.user.pk}", recent)
    /// ```
    ///
    /// ## When not to
    /// What is filled when the process starts, or is the same for everybody and kept on purpose (behind a test whether it
    /// is there), is no matter. A lock around the change keeps threads apart, not processes.
    pub struct SharedMutableState: "RT512", "shared-mutable-state", Concurrency, Warning;
}

impl Rule for SharedMutableState {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        for risk in runs::at_risk(cx.project, traces, look) {
            report(&risk, cx);
        }
    }
}

fn look<'t>(trace: &'t Trace, at: usize, event: &'t Event) -> Option<Verdict<&'t Shared>> {
    let EventKind::Shared(shared) = &event.kind else { return None };
    if matches!(shared.kind, SharedKind::Results { .. }) {
        return Some(Verdict::AtRisk(shared));
    }
    // What registers itself does so when modules are loaded.
    let served = matches!(trace.role, Role::Request | Role::Task | Role::Signal);
    let kept = shared.tested || event.arms.iter().any(|arm| arm.memo) || runs::is_locked(trace, at);
    Some(if served && !kept { Verdict::AtRisk(shared) } else { Verdict::Guarded })
}

fn report(risk: &Risk<'_, &Shared>, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: shared } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let name = &shared.name;
    let served = match trace.role {
        Role::Task => "task",
        Role::Signal => "receiver",
        _ => "request",
    };
    let (message, advice, confidence) = match shared.kind {
        SharedKind::Container => (
            format!("Each {served} changes {name}, which all of them share as long as the process runs."),
            "Keep it in a local variable, in the cache under a key of its own, or in the database. What is one thread's \
             belongs in a ContextVar.",
            Confidence::Likely,
        ),
        SharedKind::Global => (
            format!("Each {served} sets the global {name}, which all of them share as long as the process runs."),
            "Give it to those who need it as an argument, or keep it in the cache or the database. What is one thread's \
             belongs in a ContextVar.",
            Confidence::Likely,
        ),
        SharedKind::Results { of_row: true } => (
            format!(
                "Keeps what {name}() gives for each row as long as the process runs: later requests get old values."
            ),
            "Use cached_property, which keeps the value with the instance, or the cache with a timeout.",
            Confidence::Certain,
        ),
        SharedKind::Results { of_row: false } => (
            format!("Keeps each object that {name}() is called on, and what it gives, as long as the process runs."),
            "Use cached_property, which keeps the value with the object, or make it a function of what it needs.",
            Confidence::Possible,
        ),
    };
    let mild = matches!(shared.kind, SharedKind::Results { of_row: false });
    cx.report(Draft {
        rule: &META,
        severity: if mild { Severity::Info } else { META.severity },
        hint: None,
        confidence,
        site: Some(*site),
        message,
        cost: None,
        evidence: loops::calls(event).collect(),
        rewrite: None,
        advice: advice.to_owned(),
        key: name.to_string(),
    });
}
