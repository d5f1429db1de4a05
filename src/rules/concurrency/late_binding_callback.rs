//! RT510

use super::later;
use super::runs::{self, Risk, Verdict};
use crate::model::{Confidence, Severity};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops};
use crate::trace::{Event, EventKind, Later, Trace};

rule! {
    /// Gives `on_commit` a callback that reads a loop's variable when the loop is over.
    ///
    /// ## Why
    /// A lambda reads its names when it runs. Callbacks of `on_commit` run when the transaction is over, and then the
    /// variable is the last item: of N items, one is handled N times and the others never.
    ///
    /// ## Example
    /// ```python flag
    /// from django.db import transaction
    ///
    /// def publish(request, pks, notify):
    ///     with transaction.atomic():
    ///         for pk in pks:
    ///             transaction.on_commit(lambda: notify(pk))  # RT510
    /// ```
    /// ```python fix
    /// from django.db import transaction
    /// from functools import partial
    ///
    /// def publish(request, pks, notify):
    ///     with transaction.atomic():
    ///         for pk in pks:
    ///             transaction.on_commit(partial(notify, pk))  # RT510
    /// ```
    /// A default argument is bound at once:
    /// ```python ok
    /// from django.db import transaction
    ///
    /// def publish(request, pks, notify):
    ///     with transaction.atomic():
    ///         for pk in pks:
    ///             transaction.on_commit(lambda pk=pk: notify(pk))
    /// ```
    ///
    /// ## When not to
    /// Where each turn has a transaction of its own, the callback runs before the next one begins.
    pub struct LateBindingCallback: "RT510", "late-binding-callback", Concurrency, Blocker;
}

impl Rule for LateBindingCallback {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        for risk in runs::at_risk(cx.project, traces, look) {
            report(&risk, cx);
        }
    }
}

fn look<'t>(trace: &'t Trace, at: usize, event: &'t Event) -> Option<Verdict<&'t Later>> {
    let EventKind::Later(later) = &event.kind else { return None };
    if later.late.is_empty() {
        return None;
    }
    // A transaction that begins in the turn ends in it.
    let begun = trace.transaction(at).and_then(|block| trace.events.get(block.events.start));
    let own = begun.is_some_and(|begun| begun.loops.len() >= event.loops.len());
    Some(if own { Verdict::Guarded } else { Verdict::AtRisk(later) })
}

fn report(risk: &Risk<'_, &Later>, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: later } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let names = later.late.join(", ");
    let known = trace.transaction(*at).is_some();
    let around = event.loops.last().map(|id| trace.loop_info(*id).site);
    let mut evidence: Vec<DraftEvidence> =
        around.map(|site| DraftEvidence::Code { site, message: loops::TURNS.to_owned() }).into_iter().collect();
    evidence.extend(loops::calls(event));
    cx.report(Draft {
        rule: &META,
        severity: Severity::Blocker,
        hint: None,
        confidence: if known { Confidence::Certain } else { Confidence::Likely },
        site: Some(*site),
        message: format!(
            "This callback reads {names} when the transaction is over: every one of them gets the last value."
        ),
        cost: None,
        evidence,
        rewrite: later::bound_now(cx.project, later.callback),
        advice: "Bind the value at once: transaction.on_commit(partial(f, value)).".to_owned(),
        key: names,
    });
}
