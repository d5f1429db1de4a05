//! RT507

use super::runs::{self, Risk};
use super::{check_then_create, rows};
use crate::model::Confidence;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule};
use crate::trace::{Role, Trace};

rule! {
    /// Locks a row that may not exist, and creates it where there is none.
    ///
    /// ## Why
    /// `select_for_update()` locks the rows that it finds. Where there is none it locks nothing: two requests at once
    /// both find none, both go on and both create the row.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Cart(models.Model):
    ///     owner = models.CharField(max_length=9, db_index=True)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Cart
    ///
    /// @transaction.atomic
    /// def cart(request, owner):
    ///     found = Cart.objects.select_for_update().filter(owner=owner).first()
    ///     if found is None:
    ///         found = Cart.objects.create(owner=owner)  # RT507
    ///     return found
    /// ```
    /// A row that is there guards those that are not:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Owner(models.Model):
    ///     name = models.CharField(max_length=9)
    ///
    /// class Cart(models.Model):
    ///     owner = models.ForeignKey(Owner, on_delete=models.CASCADE)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Cart, Owner
    ///
    /// @transaction.atomic
    /// def cart(request, pk):
    ///     owner = Owner.objects.select_for_update().get(pk=pk)
    ///     found = Cart.objects.select_for_update().filter(owner=owner).first()
    ///     if found is None:
    ///         found = Cart.objects.create(owner=owner)
    ///     return found
    /// ```
    ///
    /// ## When not to
    /// With a unique constraint whose IntegrityError is handled, or an advisory lock, the second request is stopped.
    pub struct LockAbsentRow: "RT507", "lock-absent-row", Concurrency, Warning;
}

impl Rule for LockAbsentRow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let found =
            runs::at_risk(project, traces, |trace, at, event| check_then_create::look(project, trace, at, event, true));
        for Risk { trace, at, site, told: check } in found {
            let (Some(event), Some(asked)) = (trace.events.get(at), trace.events.get(check.asked)) else { continue };
            let unique = check_then_create::is_unique(project, &check, trace) == Some(true);
            let (consequence, advice) = match unique {
                true => (
                    "a constraint lets one of them fail with IntegrityError",
                    "Use get_or_create() with the unique fields, then lock the row; or lock the row of the parent first.",
                ),
                false => (
                    "there are two rows then",
                    "Add a unique constraint and use get_or_create() on it, then lock the row; or lock the row of the \
                     parent first.",
                ),
            };
            let model = check.query.queryset.map_or("", |id| trace.queryset(id).model_name.as_str());
            cx.report(Draft {
                rule: &META,
                severity: META.severity,
                hint: None,
                confidence: match trace.role {
                    // One process at a time, mostly.
                    Role::Command => Confidence::Possible,
                    _ => event.confidence.min(asked.confidence),
                },
                site: Some(site),
                message: format!(
                    "The lock holds no row of {model} where there is none: two requests at once both create one: \
                     {consequence}."
                ),
                cost: None,
                evidence: rows::evidence(Some((asked, "nothing is locked here where nothing is found")), &[], event),
                rewrite: None,
                advice: advice.to_owned(),
                key: format!("{model} {}", check.fields.join(", ")),
            });
        }
    }
}
