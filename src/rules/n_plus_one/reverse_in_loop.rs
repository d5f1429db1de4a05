//! RT102

use smol_str::SmolStr;

use super::eager::{self, Load};
use crate::model::{Confidence, Kind, Site, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops, weight};
use crate::trace::{Cause, Event, Query, QuerySetId, Row, Trace};

rule! {
    /// Iterates a reverse foreign key or many-to-many manager of each row in a loop, while nothing prefetched it.
    ///
    /// ## Why
    /// Each row sends a statement for its own related rows. `prefetch_related` fetches those of all rows in one.
    ///
    /// ## Example
    /// ```python flag
    /// # file: projects/models.py
    /// from django.db import models
    ///
    /// class Project(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Story(models.Model):
    ///     project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stories")
    ///     title = models.CharField(max_length=80)
    /// # file: projects/views.py
    /// from projects.models import Project
    ///
    /// def titles(request):
    ///     found = []
    ///     for project in Project.objects.all():
    ///         for story in project.stories.all():  # RT102
    ///             found.append(story.title)
    ///     return found
    /// ```
    /// ```python fix
    /// # file: projects/models.py
    /// from django.db import models
    ///
    /// class Project(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Story(models.Model):
    ///     project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stories")
    ///     title = models.CharField(max_length=80)
    /// # file: projects/views.py
    /// from projects.models import Project
    ///
    /// def titles(request):
    ///     found = []
    ///     for project in Project.objects.all().prefetch_related("stories"):
    ///         for story in project.stories.all():  # RT102
    ///             found.append(story.title)
    ///     return found
    /// ```
    /// Writes through the manager read nothing, and one parent is no loop:
    /// ```python ok
    /// # file: projects/models.py
    /// from django.db import models
    ///
    /// class Project(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Story(models.Model):
    ///     project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stories")
    ///     title = models.CharField(max_length=80)
    /// # file: projects/views.py
    /// from projects.models import Project
    ///
    /// def titles(request, pk):
    ///     project = Project.objects.get(pk=pk)
    ///     return [story.title for story in project.stories.all()]
    /// ```
    ///
    /// ## When not to
    /// A prefetch holds the related rows of all rows in memory at once: with very many, or very wide ones, it is slower
    /// than a statement per row. It does not go with `iterator()` without `chunk_size`. Where only the number is
    /// used, annotate it.
    pub struct ReverseInLoop: "RT102", "reverse-in-loop", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for ReverseInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let mut seen: Vec<(Option<QuerySetId>, String)> = Vec::new();
        let mut told: Vec<(Option<QuerySetId>, Option<Site>)> = Vec::new();
        let all: Vec<Read<'_>> = reads(trace).collect();
        for (at, read) in all.iter().enumerate() {
            let key = (read.row.queryset, read.path());
            let place = (read.row.queryset, read.event.site);
            if seen.contains(&key) || told.contains(&place) {
                continue;
            }
            // A helper that is called for one relation after the other is one place to mend.
            let mut here = vec![read];
            for other in all.iter().skip(at + 1).filter(|other| (other.row.queryset, other.event.site) == place) {
                if !seen.contains(&(other.row.queryset, other.path())) && here.iter().all(|h| h.path() != other.path())
                {
                    here.push(other);
                }
            }
            if report(trace, &here, cx) {
                seen.extend(here.iter().map(|read| (read.row.queryset, read.path())));
                told.push(place);
            }
        }
    }
}

/// A manager whose rows are fetched as they are.
struct Read<'t> {
    event: &'t Event,
    row: &'t Row,
    accessor: &'t SmolStr,
}

impl Read<'_> {
    fn path(&self) -> String {
        let walked = self.row.path.iter().chain([self.accessor]);
        walked.map(SmolStr::as_str).collect::<Vec<_>>().join("__")
    }
}

fn reads(trace: &Trace) -> impl Iterator<Item = Read<'_>> {
    trace.queries().filter_map(|(_, event, query)| {
        let Cause::Manager { row, accessor, prefetched: false, .. } = &query.cause else { return None };
        // A refined one (`filter()`, `order_by()` …) is a query of its own, which a prefetch does not serve.
        (is_plain_read(trace, query) && event.rendered.is_none() && !loops::in_write(event)).then_some(Read {
            event,
            row,
            accessor,
        })
    })
}

/// Whether a manager's statement fetches the rows as they are, which a prefetch would serve.
pub(in crate::rules) fn is_plain_read(trace: &Trace, query: &Query) -> bool {
    !looks_up(trace, query)
        && query.statement.facts.kind == Kind::Select
        && query.queryset.is_none_or(|id| trace.queryset(id).is_served())
}

/// Whether a manager is asked for some of its rows, which goes to the database whatever was prefetched.
pub(super) fn looks_up(trace: &Trace, query: &Query) -> bool {
    let Cause::Manager { method, .. } = &query.cause else { return false };
    let plain = method.trim_start_matches('a');
    // Rows without an order are ordered for it.
    if plain == "first" && query.queryset.is_some_and(|id| trace.queryset(id).order.is_empty()) {
        return true;
    }
    matches!(plain, "get" | "last" | "latest" | "earliest" | "in_bulk" | "get_or_create" | "update_or_create")
}

/// Several are of the same rows, read by the same expression.
fn report(trace: &Trace, reads: &[&Read<'_>], cx: &mut Context<'_>) -> bool {
    let Some(read) = reads.first() else { return false };
    let (Some(site), Some(turning)) = (read.event.site, loops::repeating(trace, read.event, cx.config)) else {
        return false;
    };
    // Rows of another loop, or one parent outside of it, are fetched once per turn of that loop at most.
    let Some(rows) = read.row.queryset else { return false };
    if loops::driven_by(trace, read.event, rows).is_none() {
        return false;
    }
    let queryset = trace.queryset(rows);
    let (confidence, why) = loops::doubt(queryset.model.is_some(), read.event.confidence, &queryset.model_name);
    let fetched = loops::fetching(trace, rows);
    let mut before = fetched.clone();
    let mut after = fetched.clone();
    for read in reads {
        before.add(&Terms::product(1, read.event.loops.clone()));
        after.add(&fetched);
    }
    let path = read.path();
    let what = match reads {
        [_] => "the related rows".to_owned(),
        [_, other] => format!("the rows of {} and {}", read.accessor, other.accessor),
        _ => format!("the rows of {} and {} other relations", read.accessor, reads.len() - 1),
    };
    let certain = confidence == Confidence::Certain;
    let (rewrite, advice) = match cure(trace, rows, &path, certain, cx) {
        Ok(rewrite) => (
            Some(rewrite),
            format!("Prefetch it with the rows: prefetch_related(\"{path}\") where the queryset is built."),
        ),
        Err(reason) => (None, format!("Prefetch {path} with the rows; here {reason}.")),
    };
    let weight =
        weight::of(cx.project, trace, read.event, &turning).or_minor(loops::is_background_work(trace, &turning));
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence,
        site: Some(site),
        message: format!(
            "`{}` fetches {what} {} of the loop over {}, which does not prefetch them{why}.",
            cx.project.text(site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::how_often(read.event, &turning),
            loops::described(cx.project, trace, &turning),
        ),
        cost: Some(cx.cost(trace, before, after)),
        evidence: loops::evidence(trace, read.event, Some(queryset), &turning),
        rewrite,
        advice,
        key: format!("{}.{path}", queryset.model_name),
    });
    true
}

/// Prefetches every manager that loops read of these rows, so that one edit cures all findings of a queryset.
fn cure(
    trace: &Trace,
    rows: QuerySetId,
    path: &str,
    certain: bool,
    cx: &Context<'_>,
) -> Result<crate::rules::DraftRewrite, String> {
    let queryset = trace.queryset(rows);
    // Rows that come from a manager themselves: prefetched through the rows above them.
    let above = queryset.related_to.as_ref().and_then(|parent| Some((parent, parent.queryset?)));
    let (target, prefix) = match (above, &queryset.related_by) {
        (Some((parent, id)), Some(accessor)) => {
            let lead: Vec<&str> = parent.path.iter().map(SmolStr::as_str).chain([accessor.as_str()]).collect();
            (id, format!("{}__", lead.join("__")))
        }
        _ => (rows, String::new()),
    };
    let mut paths = vec![format!("{prefix}{path}")];
    let others = reads(trace)
        .filter(|other| other.row.queryset == Some(rows) && loops::repeating(trace, other.event, cx.config).is_some());
    paths.extend(others.map(|other| format!("{prefix}{}", other.path())));
    paths.sort();
    paths.dedup();
    eager::load(cx.project, trace, target, Load::Prefetch, &paths, certain)
}
