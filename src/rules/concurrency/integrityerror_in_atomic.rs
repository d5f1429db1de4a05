//! RT511

use super::runs::{self, Risk, Verdict};
use super::savepoint;
use crate::model::{Confidence, Severity};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops};
use crate::trace::{Attempt, Event, EventKind, Trace};

rule! {
    /// Catches an IntegrityError inside of a transaction and goes on with queries.
    ///
    /// ## Why
    /// The database has broken the transaction off: every further statement raises `TransactionManagementError`
    /// ("You can't execute queries until the end of the 'atomic' block"). A transaction inside of the `try` is rolled
    /// back alone, to its savepoint.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Code(models.Model):
    ///     text = models.CharField(max_length=9, unique=True)
    /// # file: shop/views.py
    /// from django.db import IntegrityError, transaction
    /// from shop.models import Code
    ///
    /// @transaction.atomic
    /// def give(request, text):
    ///     try:
    ///         Code.objects.create(text=text)  # RT511
    ///     except IntegrityError:
    ///         pass
    ///     return Code.objects.count()
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Code(models.Model):
    ///     text = models.CharField(max_length=9, unique=True)
    /// # file: shop/views.py
    /// from django.db import IntegrityError, transaction
    /// from shop.models import Code
    ///
    /// @transaction.atomic
    /// def give(request, text):
    ///     try:
    ///         with transaction.atomic():
    ///             Code.objects.create(text=text)  # RT511
    ///     except IntegrityError:
    ///         pass
    ///     return Code.objects.count()
    /// ```
    ///
    /// Around the transaction, the handler runs when it is over:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Code(models.Model):
    ///     text = models.CharField(max_length=9, unique=True)
    /// # file: shop/views.py
    /// from django.db import IntegrityError, transaction
    /// from shop.models import Code
    ///
    /// def give(request, text):
    ///     try:
    ///         with transaction.atomic():
    ///             Code.objects.create(text=text)
    ///     except IntegrityError:
    ///         pass
    ///     return Code.objects.count()
    /// ```
    ///
    /// ## When not to
    /// A handler that raises, or after which the transaction ends, is right as it is: the whole of it is rolled back.
    pub struct IntegrityerrorInAtomic: "RT511", "integrityerror-in-atomic", Concurrency, Blocker;
}

struct Broken<'t> {
    attempt: &'t Attempt,
    /// A statement that cannot be sent any more.
    next: &'t Event,
}

impl Rule for IntegrityerrorInAtomic {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        for risk in runs::at_risk(cx.project, traces, look) {
            report(&risk, cx);
        }
    }
}

fn look<'t>(trace: &'t Trace, at: usize, event: &'t Event) -> Option<Verdict<Broken<'t>>> {
    let EventKind::Query(query) = &event.kind else { return None };
    let facts = &query.statement.facts;
    if facts.kind.reads() || facts.kind == crate::model::Kind::Other || has_savepoint(query) {
        return None;
    }
    let attempt = trace.scopes.attempts.iter().find(|attempt| {
        let named = |handler: &crate::trace::Handler| handler.catches.iter().any(|name| name == "IntegrityError");
        attempt.body.contains(&at) && attempt.handlers.iter().any(named)
    })?;
    let handler = attempt.handlers.iter().find(|handler| handler.catches_integrity())?;
    let savepoint = trace.savepoint(at)?;
    // Of several writes the first speaks for all.
    let first = trace.queries().find(|(index, _, other)| {
        attempt.body.contains(index) && !other.statement.facts.kind.reads() && !has_savepoint(other)
    });
    if first.map(|(index, ..)| index) != Some(at) {
        return None;
    }
    let inside = attempt.body.start <= savepoint.events.start && savepoint.events.end <= attempt.body.end;
    if inside || handler.raises {
        return Some(Verdict::Guarded);
    }
    // What runs in the handler, or behind the `try` where the handler goes on.
    let behind = attempt.handlers.iter().map(|handler| handler.events.end).max().unwrap_or(attempt.body.end);
    let runs = |index: usize| handler.events.contains(&index) || !handler.leaves && index >= behind;
    let after = trace.queries().filter(|(index, ..)| savepoint.events.contains(index) && runs(*index));
    let mut next = after.map(|(_, event, _)| event);
    Some(match next.next() {
        Some(next) => Verdict::AtRisk(Broken { attempt, next }),
        None => Verdict::Guarded,
    })
}

/// `get_or_create` and `bulk_create` open a transaction of their own.
fn has_savepoint(query: &crate::trace::Query) -> bool {
    use crate::trace::Cause;
    match &query.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => {
            method.ends_with("or_create") || method == "bulk_create"
        }
        _ => false,
    }
}

fn report(risk: &Risk<'_, Broken<'_>>, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: broken } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let place = |site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
    let mut evidence = Vec::new();
    let begun = trace.savepoint(*at).and_then(|block| block.site);
    evidence.extend(begun.map(|site| place(site, "the transaction begins here")));
    evidence.extend(broken.next.site.map(|site| place(site, "this cannot be sent any more")));
    evidence.extend(loops::calls(event));
    cx.report(Draft {
        rule: &META,
        severity: Severity::Blocker,
        hint: None,
        confidence: Confidence::Likely,
        site: Some(*site),
        message:
            "An IntegrityError here breaks the transaction around it; the handler goes on with queries, which all \
                  fail."
                .to_owned(),
        cost: None,
        evidence,
        rewrite: savepoint::around(cx.project, broken.attempt.site),
        advice: "Put what may fail into an atomic() of its own inside of the try.".to_owned(),
        key: "broken transaction".to_owned(),
    });
}
