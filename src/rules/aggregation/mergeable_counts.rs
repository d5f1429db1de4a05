//! RT201

use super::merge::{self, Counted};
use crate::config::Preset;
use crate::model::{Confidence, Kind, Orm, Severity, Terms};
use crate::project::Project;
use crate::rules::growth::is_few;
use crate::rules::loops::driven_by;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule};
use crate::trace::{Cause, Event, EventKind, Role, Trace, Usage};

rule! {
    /// Counts the same rows several times, each time with another filter.
    ///
    /// ## Why
    /// Each `count()` is a round trip. One `aggregate()` with conditional counts gives all of the numbers at once, and
    /// they are of one moment.
    ///
    /// ## Example
    /// ```python flag
    /// # file: searches/models.py
    /// from django.db import models
    ///
    /// class Search(models.Model):
    ///     user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     is_found = models.BooleanField()
    ///     is_public = models.BooleanField()
    /// # file: searches/views.py
    /// from searches.models import Search
    ///
    /// def stats(user):
    ///     total = Search.objects.filter(user=user).count()  # RT201
    ///     found = Search.objects.filter(user=user, is_found=True).count()
    ///     public = Search.objects.filter(user=user, is_public=True).count()
    ///     return total, found, public
    /// ```
    /// ```python fix
    /// # file: searches/models.py
    /// from django.db import models
    ///
    /// class Search(models.Model):
    ///     user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///     is_found = models.BooleanField()
    ///     is_public = models.BooleanField()
    /// # file: searches/views.py
    /// from searches.models import Search
    /// from django.db.models import Count, Q
    ///
    /// def stats(user):
    ///     counts = Search.objects.filter(user=user).aggregate(
    ///         total=Count("pk"),
    ///         found=Count("pk", filter=Q(is_found=True)),
    ///         public=Count("pk", filter=Q(is_public=True)),
    ///     )
    ///     total = counts["total"]  # RT201
    ///     found = counts["found"]
    ///     public = counts["public"]
    ///     return total, found, public
    /// ```
    /// Counts of different tables have nothing to share:
    /// ```python ok
    /// # file: searches/models.py
    /// from django.db import models
    ///
    /// class Search(models.Model):
    ///     user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    ///
    /// class Card(models.Model):
    ///     user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    /// # file: searches/views.py
    /// from searches.models import Card, Search
    ///
    /// def stats(user):
    ///     return Search.objects.filter(user=user).count(), Card.objects.filter(user=user).count()
    /// ```
    ///
    /// ## When not to
    /// A filter over a relation to many rows joins them, and every count of the statement then counts joined rows: those
    /// stay apart. Slices, `distinct()`, annotations and unions change what is counted. One statement over all rows
    /// can be slower than several that an index serves. Two counts among more than eight statements of one function,
    /// and of what that calls, are a hint.
    pub struct MergeableCounts: "RT201", "mergeable-counts", Aggregation, Info;
}

/// As many statements of one function, and of what it calls, make one round trip more or less a small thing.
const PAGE: usize = 8;

impl Rule for MergeableCounts {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if trace.role.is_judged() {
            let mut merged = 0;
            for group in groups(trace, cx.project) {
                report(trace, &group, &mut merged, cx);
            }
        }
    }
}

/// Counts of one model that happen together and differ, in the order in which they are sent.
fn groups<'t>(trace: &'t Trace, project: &Project) -> Vec<Vec<Counted<'t>>> {
    let mut open: Vec<Vec<Counted<'t>>> = Vec::new();
    let mut done: Vec<Vec<Counted<'t>>> = Vec::new();
    for event in &trace.events {
        if let Some(table) = written_table(event) {
            // What was counted before a write is another number after it.
            let (closed, kept) = open.into_iter().partition(|group: &Vec<Counted<'_>>| group[0].table() == table);
            done.extend::<Vec<_>>(closed);
            open = kept;
        }
        // A paginator counts by itself, what it pages through and when it needs to.
        let is_asked_for = |counted: &Counted<'_>| project.text(counted.site).contains("count");
        let Some(counted) = counted(trace, event).filter(is_asked_for) else { continue };
        match open.iter_mut().find(|group| belongs(&group[0], &counted)) {
            Some(group) if group.iter().any(|known| known.same_as(&counted)) => {}
            Some(group) => group.push(counted),
            None => open.push(vec![counted]),
        }
    }
    done.extend(open);
    done.retain(|group| group.len() >= 2);
    done.sort_by_key(|group| group[0].site.span);
    done
}

fn written_table(event: &Event) -> Option<&str> {
    let EventKind::Query(query) = &event.kind else { return None };
    let facts = &query.statement.facts;
    matches!(facts.kind, Kind::Insert | Kind::Update | Kind::Delete)
        .then(|| facts.tables.first().map_or("", |table| table.as_str()))
}

fn counted<'t>(trace: &'t Trace, event: &'t Event) -> Option<Counted<'t>> {
    let EventKind::Query(query) = &event.kind else { return None };
    let own = match &query.cause {
        Cause::Method(_) => true,
        // Counted for each row of a loop, it is the loop's: an annotation gives all of them (RT109, RT112).
        Cause::Manager { prefetched, row, .. } => {
            !prefetched && row.queryset.is_none_or(|rows| driven_by(trace, event, rows).is_none())
        }
        _ => false,
    };
    // One that only decides a test wants exists(): RT301.
    let decides = query.tested.is_some() || query.usage == Usage::Truth;
    if query.statement.facts.kind != Kind::Count || !own || decides {
        return None;
    }
    let queryset = trace.queryset(query.queryset?);
    let plain = queryset.orm == Orm::Django && !queryset.model_name.is_empty();
    plain.then_some(Counted { event, query, queryset, site: event.site?, statement: event.statement? })
}

/// Of one base, in one place of the run: same model and origin, same turns, same calls, no branch that excludes it.
fn belongs(first: &Counted<'_>, next: &Counted<'_>) -> bool {
    let (a, b) = (first.queryset, next.queryset);
    a.model_name == b.model_name
        && a.related_to == b.related_to
        && a.related_by == b.related_by
        && first.event.loops == next.event.loops
        && first.event.via == next.event.via
        && first.site.file == next.site.file
        && !first.event.excludes(next.event)
}

/// `merged`: groups of this run that have a rewrite already.
fn report(trace: &Trace, group: &[Counted<'_>], merged: &mut usize, cx: &mut Context<'_>) {
    let many = u32::try_from(group.len()).unwrap_or(u32::MAX);
    if many < cx.config.thresholds.mergeable_counts.max(2) {
        return;
    }
    let first = &group[0];
    let loops = first.event.loops.clone();
    let model = first.queryset.model_name.as_str();
    let mut evidence = Vec::new();
    for other in &group[1..] {
        evidence.push(DraftEvidence::Code { site: other.site, message: "counted again here".to_owned() });
    }
    let found = group.iter().map(|counted| counted.event.confidence).min().unwrap_or(Confidence::Likely);
    let (confidence, why) = crate::rules::loops::doubt(first.queryset.model.is_some(), found, model);
    let (rewrite, advice) = match merge::merge(cx.project, group, *merged) {
        Ok(rewrite) => {
            *merged += 1;
            (Some(rewrite), "Count in one aggregate(), each number with its own Count(…, filter=Q(…)).".to_owned())
        }
        Err(_) if cx.project.is_template(first.site.file) => {
            let advice = "Count in the view with one aggregate() and pass the numbers; a number that the template shows \
                          twice is kept by {% with %}.";
            (None, advice.to_owned())
        }
        Err(reason) => (None, format!("One aggregate() could count these, but not by an edit: {reason}.")),
    };
    let is_small = trace.role == Role::Command || many == 2 && is_few(cx.project, first.queryset);
    let is_apart = merge::is_better_apart(cx.project, group);
    // A pair that nobody waits for, or that is a small part of what is asked for the page.
    let is_part = trace.queries().filter(|(_, event, _)| event.via.starts_with(&first.event.via)).count() > PAGE;
    let is_pair = many == 2 && (trace.role != Role::Request || is_part);
    cx.report(Draft {
        rule: &META,
        severity: severity(many, cx),
        // What stands apart for a reason is seldom worth it, nor is a pair of counts that nobody waits for.
        hint: Some(cx.config.preset != Preset::Seeds && (rewrite.is_none() || is_small || is_pair || is_apart)),
        confidence,
        site: Some(first.site),
        message: format!("{many} counts of {model} could be one aggregate(){why}."),
        cost: Some(cx.cost(trace, Terms::product(many, loops.clone()), Terms::product(1, loops))),
        evidence,
        rewrite,
        advice,
        key: model.to_owned(),
    });
}

/// The guides that the preset follows call three or more a blocker.
fn severity(many: u32, cx: &Context<'_>) -> Severity {
    if cx.config.preset == Preset::Seeds && many >= 3 { Severity::Blocker } else { META.severity }
}
