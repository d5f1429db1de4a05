//! RT606

use crate::model::{Confidence, Severity};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{EventKind, Misuse, Trace};

rule! {
    /// Takes the result of a call that writes or lists rows for something that it is not.
    ///
    /// An attribute of what `get_or_create()` gives, which is a pair; a loop over what `bulk_update()` gives, which is a
    /// number; `values_list(…, flat=True)` with more than one field.
    ///
    /// ## Why
    /// Each raises an exception as soon as the line runs (`AttributeError`, `TypeError`). They come with rewrites of
    /// loops into bulk calls.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=9, unique=True)
    /// # file: shop/views.py
    /// from shop.models import Tag
    ///
    /// def tag(request, name):
    ///     found = Tag.objects.get_or_create(name=name)
    ///     return found.name  # RT606
    /// ```
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=9, unique=True)
    /// # file: shop/views.py
    /// from shop.models import Tag
    ///
    /// def tag(request, name):
    ///     found, created = Tag.objects.get_or_create(name=name)
    ///     return found.name
    /// ```
    ///
    /// ## When not to
    /// A manager of the project's own may give something else under these names; the rule knows those of the input.
    pub struct BulkMisuse: "RT606", "bulk-misuse", Bulk, Blocker;
}

impl Rule for BulkMisuse {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for event in &trace.events {
            let EventKind::Misuse(misuse) = event.kind else { continue };
            let (message, advice) = match misuse {
                Misuse::PairAsRow => (
                    "This is the pair that get_or_create() or update_or_create() gives, not the row.",
                    "Unpack it: row, created = ….get_or_create(…).",
                ),
                Misuse::NumberAsRows => (
                    "bulk_update() gives the number of rows that were changed, not the rows.",
                    "Go on with the list that was given to it.",
                ),
                Misuse::FlatOfMany => (
                    "values_list() takes flat=True with one field only, and raises TypeError.",
                    "Name one field, or leave flat out and unpack the tuples.",
                ),
            };
            cx.report(Draft {
                rule: &META,
                severity: Severity::Blocker,
                hint: None,
                confidence: Confidence::Certain,
                site: event.site,
                message: message.to_owned(),
                cost: None,
                evidence: loops::calls(event).collect(),
                rewrite: None,
                advice: advice.to_owned(),
                key: format!("{misuse:?}"),
            });
        }
    }
}
