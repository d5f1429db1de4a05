//! RT306

use crate::model::{Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::FileEdit;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::sql::Dialect;
use crate::trace::{Cause, Event, Filter, Origin, QuerySet, Trace};

rule! {
    /// Fetches keys into a list only to send them back in the `IN` of another query.
    ///
    /// ## Why
    /// A queryset in an `__in` becomes a subquery: one statement, and no limit on how many values it may hold.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     is_open = models.BooleanField(default=True)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Forum, Topic
    ///
    /// def topics(request):
    ///     open_forums = Forum.objects.filter(is_open=True)
    ///     return list(Topic.objects.filter(forum__in=list(open_forums.values_list("pk", flat=True))))  # RT306
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     is_open = models.BooleanField(default=True)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Forum, Topic
    ///
    /// def topics(request):
    ///     open_forums = Forum.objects.filter(is_open=True)
    ///     return list(Topic.objects.filter(forum__in=open_forums.values_list("pk", flat=True)))  # RT306
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     is_open = models.BooleanField(default=True)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Forum, Topic
    ///
    /// def topics(request):
    ///     latest = Forum.objects.order_by("-pk").values_list("pk", flat=True)[:10]
    ///     return list(Topic.objects.filter(forum__in=list(latest)))
    /// ```
    ///
    /// ## When not to
    /// Between two databases, with a slice on MySQL (which refuses `LIMIT` in such a subquery), where the list is used
    /// again, or where the planner does better with the values than with the subquery.
    pub struct MaterialisedIdList: "RT306", "materialised-id-list", OverFetching, Info as hint;
}

impl Rule for MaterialisedIdList {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() || cx.project.dialect == Dialect::MySql {
            return;
        }
        let mut told: Vec<Site> = Vec::new();
        for (_, outer, query) in trace.queries() {
            let Some(asking) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            for filter in asking.filters.iter().filter(|filter| filter.lookup == "in" && !filter.negated) {
                if let Some((event, listed)) = listed(trace, filter)
                    && event.site.is_some_and(|site| !told.contains(&site))
                    && !switches(asking)
                    && event.loops == outer.loops
                {
                    told.extend(event.site);
                    report(trace, event, asking, listed, cx);
                }
            }
        }
    }
}

/// The statement that fetches one column into the list which a condition is given.
fn listed<'t>(trace: &'t Trace, filter: &Filter) -> Option<(&'t Event, &'t QuerySet)> {
    let whole = filter.site?;
    trace.queries().find_map(|(_, event, query)| {
        let site = event.site.filter(|site| site.file == whole.file && whole.span.contains(site.span))?;
        let queryset = query.queryset.map(|id| trace.queryset(id))?;
        let built = queryset.built.filter(|built| built.file == site.file && site.span.contains(built.span))?;
        let column = queryset.values.as_ref().is_some_and(|values| values.len() == 1);
        let plain = queryset.slice.is_none() && !queryset.combined && !queryset.locked && !queryset.streamed;
        let evaluated = query.cause == Cause::Evaluation && built.span != site.span;
        (column && plain && evaluated && !switches(queryset)).then_some((event, queryset))
    })
}

/// Names a database of its own.
fn switches(queryset: &QuerySet) -> bool {
    queryset.steps.iter().any(|step| step.method == "using")
}

fn report(trace: &Trace, event: &Event, asking: &QuerySet, listed: &QuerySet, cx: &mut Context<'_>) {
    let Some(site) = event.site else { return };
    let once = Terms::product(1, event.loops.clone());
    let mut twice = once.clone();
    twice.add(&once);
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: event.confidence,
        site: Some(site),
        message: format!(
            "The keys of {} are fetched into a list, and sent back to find {}.",
            listed.model_name, asking.model_name
        ),
        cost: Some(cx.cost(trace, twice, once)),
        evidence: loops::calls(event).collect(),
        rewrite: cure(cx.project, site, listed),
        advice: "Give the queryset itself to __in: the database then does both in one statement.".to_owned(),
        key: format!("{}.{}", asking.model_name, listed.model_name),
    });
}

/// `list(qs.values_list(…))` → `qs.values_list(…)`
fn cure(project: &Project, site: Site, listed: &QuerySet) -> Option<DraftRewrite> {
    let source = &project.module(site.file).source;
    let built = listed.built?.span;
    let before = source.slice(Span { start: site.span.start, end: built.start });
    let after = source.slice(Span { start: built.end, end: site.span.end });
    let wraps = ["list(", "set(", "tuple("].contains(&before.trim()) && after.trim().trim_start_matches(',') == ")";
    wraps.then(|| DraftRewrite {
        safety: Safety::Review,
        title: "Give the queryset to IN".to_owned(),
        note: "The planner sees a subquery in place of the values.".to_owned(),
        edits: vec![FileEdit::replace(site, source.slice(built))],
    })
}
