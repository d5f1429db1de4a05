//! RT508

use super::runs::{self, Risk, Verdict};
use crate::model::{Confidence, Safety, Severity};
use crate::project::Project;
use crate::rewrite;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::sql::Dialect;
use crate::trace::{Event, EventKind, QuerySet, Trace};

rule! {
    /// Locks the rows of joined tables along with those that are meant.
    ///
    /// `select_for_update()` with `select_related()` and without `of=`.
    ///
    /// ## Why
    /// Every row of the join is locked: a forum, say, for each of its topics, so that requests wait which have nothing to
    /// do with each other. Over a relation that may be empty PostgreSQL refuses the statement ("FOR UPDATE cannot be
    /// applied to the nullable side of an outer join").
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Shop(models.Model):
    ///     name = models.CharField(max_length=9)
    ///
    /// class Item(models.Model):
    ///     shop = models.ForeignKey(Shop, null=True, on_delete=models.SET_NULL)
    ///     title = models.CharField(max_length=9)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Item
    ///
    /// @transaction.atomic
    /// def show(request, pk):
    ///     item = Item.objects.select_for_update().select_related("shop").get(pk=pk)  # RT508
    ///     return item.shop.name
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Shop(models.Model):
    ///     name = models.CharField(max_length=9)
    ///
    /// class Item(models.Model):
    ///     shop = models.ForeignKey(Shop, null=True, on_delete=models.SET_NULL)
    ///     title = models.CharField(max_length=9)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Item
    ///
    /// @transaction.atomic
    /// def show(request, pk):
    ///     item = Item.objects.select_for_update(of=("self",)).select_related("shop").get(pk=pk)  # RT508
    ///     return item.shop.name
    /// ```
    /// Rows of one table are locked alone:
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
    /// def show(request, pk):
    ///     return Item.objects.select_for_update().get(pk=pk).title
    /// ```
    ///
    /// ## When not to
    /// Where both rows are to be locked, name both in `of=`. MySQL before 8.0.1, MariaDB and SQLite have no `of`.
    /// A lock behind a parameter that is false by default, and that no call in a whole project turns on, is not told.
    pub struct LockOverJoin: "RT508", "lock-over-join", Concurrency, Info;
}

impl Rule for LockOverJoin {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        for risk in runs::at_risk(project, traces, |trace, _, event| look(project, trace, event)) {
            report(&risk, cx);
        }
    }
}

fn look<'t>(project: &Project, trace: &'t Trace, event: &'t Event) -> Option<Verdict<&'t QuerySet>> {
    let EventKind::Query(query) = &event.kind else { return None };
    let queryset = trace.queryset(query.queryset?);
    let joins = !queryset.select_related.is_empty() && query.statement.facts.kind == crate::model::Kind::Select;
    let at_risk = queryset.locked && !queryset.locked_of && joins && queryset.values.is_none();
    (at_risk && !runs::is_never_locked(project, queryset)).then_some(Verdict::AtRisk(queryset))
}

/// A relation of these paths that may be empty.
fn nullable(project: &Project, queryset: &QuerySet) -> Option<String> {
    queryset.select_related.iter().find_map(|path| {
        let mut model = queryset.model?;
        path.split("__").find_map(|part| {
            let (_, field) = project.schema.field(model, part)?;
            model = field.relation.as_ref()?.target?;
            field.null.then(|| path.to_string())
        })
    })
}

fn report(risk: &Risk<'_, &QuerySet>, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: queryset } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let refused = nullable(cx.project, queryset).filter(|_| cx.project.dialect == Dialect::Postgres);
    let paths = queryset.select_related.join(", ");
    let message = match &refused {
        Some(path) => format!(
            "PostgreSQL refuses to lock the rows of {path}, which may be empty: FOR UPDATE cannot be applied to the \
             nullable side of an outer join."
        ),
        None => format!("Locks the rows of {paths} as well: requests wait for each other that need not."),
    };
    let certain = queryset.model.is_some() && !queryset.opaque;
    cx.report(Draft {
        rule: &META,
        severity: if refused.is_some() { Severity::Blocker } else { META.severity },
        hint: None,
        confidence: if certain { event.confidence } else { Confidence::Likely },
        site: Some(*site),
        message,
        cost: None,
        evidence: loops::calls(event).collect(),
        rewrite: own_rows(cx.project, queryset),
        advice: "Lock the model's own rows alone: select_for_update(of=(\"self\",)).".to_owned(),
        key: paths,
    });
}

/// `select_for_update(of=("self",))`
fn own_rows(project: &Project, queryset: &QuerySet) -> Option<DraftRewrite> {
    let has_of = matches!(project.dialect, Dialect::Postgres);
    let mut locks = queryset.steps.iter().filter(|step| step.method == "select_for_update");
    let (step, None) = (locks.next()?, locks.next()) else { return None };
    let module = project.module(step.call.file);
    let call = rewrite::Call { call: step.call, name: step.name, args: step.args };
    let quote = rewrite::Quote::of(module.source.text());
    has_of.then(|| DraftRewrite {
        safety: Safety::Review,
        title: "Lock the model's own rows alone".to_owned(),
        note: "The joined rows are no longer locked: others may change them meanwhile.".to_owned(),
        edits: vec![rewrite::extend_args(&module.source, call, &format!("of=({},)", quote.text("self")))],
    })
}
