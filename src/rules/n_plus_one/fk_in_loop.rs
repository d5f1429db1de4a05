//! RT101

use super::{eager, fk_object_only_for_pk};
use crate::model::{Confidence, LoopId, Site, Terms};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops, weight};
use crate::trace::{Cause, Event, Filter, QuerySet, QuerySetId, Role, Row, Trace};

rule! {
    /// Reads a foreign key or one-to-one relation of each row in a loop, while the rows do not bring it along.
    ///
    /// Every turn sends a statement for the one related row. The loop may be a `for`, a comprehension, a `map`, or a
    /// function that is called for each row.
    ///
    /// ## Why
    /// A page that shows 50 topics waits for 51 round trips instead of one. At 1 ms each that is the whole budget of a
    /// request, and the number grows with the data. `select_related` fetches the same values with a join.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     slug = models.SlugField()
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def latest(request):
    ///     lines = []
    ///     for topic in Topic.objects.filter(slug="x").order_by("-pk"):
    ///         lines.append(topic.forum.name)  # RT101
    ///     return lines
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     slug = models.SlugField()
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def latest(request):
    ///     lines = []
    ///     for topic in Topic.objects.filter(slug="x").select_related("forum").order_by("-pk"):
    ///         lines.append(topic.forum.name)  # RT101
    ///     return lines
    /// ```
    /// The raw key costs nothing:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def forums():
    ///     return [topic.forum_id for topic in Topic.objects.all()]
    /// ```
    ///
    /// ## When not to
    /// A join refuses rows of `values()`, `union()` and `raw()`, and a foreign key that `only()` or `defer()` leaves
    /// out. Under `select_for_update()` it locks the joined rows as well. Where nearly all rows share a few related
    /// ones, `prefetch_related` sends less.
    pub struct FkInLoop: "RT101", "fk-in-loop", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for FkInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        reads(trace, cx).iter().for_each(|read| report(trace, read, cx));
    }
}

/// A relation of a row, as far as it is followed in one expression.
struct Read<'t> {
    event: &'t Event,
    site: Site,
    row: &'t Row,
    /// From the rows of the queryset on: `topic__forum`.
    path: String,
    turning: Vec<LoopId>,
    /// Statements that the expression sends for one row.
    statements: Vec<&'t Event>,
    confidence: Confidence,
}

/// The relations that are fetched in loops. `post.topic` inside of `post.topic.forum` is one with it.
fn reads<'t>(trace: &'t Trace, cx: &Context<'_>) -> Vec<Read<'t>> {
    let mut out: Vec<Read<'t>> = Vec::new();
    for (_, event, query) in trace.queries() {
        let Cause::Relation { row, field, .. } = &query.cause else { continue };
        // A framework's loops are RT112's, and what has its key at hand already is RT104's.
        if event.rendered.is_some()
            || loops::in_write(event)
            || fk_object_only_for_pk::is_spared(cx.project, trace, query)
        {
            continue;
        }
        let driven = row.queryset.is_some_and(|rows| loops::driven_by(trace, event, rows).is_some());
        if !driven && query.varies_with.is_none() {
            continue;
        }
        let (Some(site), Some(turning)) = (event.site, loops::repeating(trace, event, cx.config)) else { continue };
        let path = eager::path(row, field);
        let shorter = out.iter_mut().find(|known| {
            known.row.queryset == row.queryset
                && known.event.loops == event.loops
                && known.site.file == site.file
                && site.span.contains(known.site.span)
                && path.strip_prefix(known.path.as_str()).is_some_and(|rest| rest.starts_with("__"))
        });
        match shorter {
            Some(known) => {
                (known.site, known.row, known.path) = (site, row, path);
                known.confidence = known.confidence.min(event.confidence);
                known.statements.push(event);
            }
            None => {
                let confidence = event.confidence;
                out.push(Read { event, site, row, path, turning, statements: vec![event], confidence });
            }
        }
    }
    out
}

fn report(trace: &Trace, read: &Read<'_>, cx: &mut Context<'_>) {
    let rows = read.row.queryset.map(|id| trace.queryset(id));
    let model = rows.map_or(read.row.model_name.as_str(), |queryset| queryset.model_name.as_str());
    let known = rows.map_or(read.row.model.is_some(), |queryset| queryset.model.is_some());
    let (confidence, why) = match rows {
        Some(_) => loops::doubt(known, read.confidence, model),
        None => (Confidence::Possible, " (possible: who hands in the row may have loaded it)".to_owned()),
    };
    let fetched = read.row.queryset.map_or_else(Terms::zero, |id| loops::fetching(trace, id));
    let mut before = fetched.clone();
    for event in &read.statements {
        before.add(&Terms::product(1, event.loops.clone()));
    }
    let certain = confidence == Confidence::Certain;
    let (rewrite, refused) = match read.row.queryset {
        Some(id) => match cure(trace, id, read, certain, cx) {
            Ok(rewrite) => (Some(rewrite), None),
            Err(reason) => (None, Some(reason)),
        },
        None => (None, None),
    };
    let dotted = read.path.replace("__", ".");
    let weight = weight::of(cx.project, trace, read.event, &read.turning).or_minor(is_minor(trace, read));
    // One row, fetched in the turn itself.
    let alone = read.row.queryset.is_some_and(|rows| loops::driven_by(trace, read.event, rows).is_none());
    let known = rows.filter(|_| alone).and_then(|rows| given(cx.project, rows, &read.path));
    let rewrite = rewrite.filter(|_| known.is_none());
    let advice = match refused {
        _ if known.is_some() => {
            format!("The row was looked up by its {dotted}: use `{}` here.", known.unwrap_or_default())
        }
        Some(reason) => format!("Load {dotted} with the rows; here {reason}."),
        None => format!("Load it with the rows: select_related(\"{}\") where the queryset is built.", read.path),
    };
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence,
        site: Some(read.site),
        message: format!(
            "`{}` fetches {dotted} {} of the loop over {}, which does not load it{why}.",
            shown(cx.project.text(read.site)),
            loops::how_often_followed(cx.project, trace, read.event, &read.turning),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, fetched)),
        evidence: loops::evidence(trace, read.event, rows, &read.turning),
        rewrite,
        advice,
        key: format!("{model}.{}", read.path),
    });
}

/// The variable of `filter(field=variable)`: what a relation of the rows that are found leads to.
fn given<'p>(project: &'p Project, rows: &QuerySet, path: &str) -> Option<&'p str> {
    let looked_up = |filter: &&Filter| {
        let plain = filter.lookup == "exact" && !filter.negated && !filter.alternative;
        plain && matches!(filter.path.as_slice(), [field] if field == path)
    };
    let (_, name) = project.text(rows.filters.iter().find(looked_up)?.site?).split_once('=')?;
    let name = name.trim();
    // Of a row and of its key, only a name without `pk` or `id` says that it is the row.
    let is_key = name.rsplit(['_', '.']).next().is_some_and(|last| matches!(last, "id" | "pk" | "key"));
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    (is_name && !is_key && name.starts_with(|c: char| c.is_alphabetic())).then_some(name)
}

/// Beside much work on each row, one statement less is not much: in commands that write, in helpers that write a lot,
/// and where each turn fetches its row by itself, to write it.
fn is_minor(trace: &Trace, read: &Read<'_>) -> bool {
    let work = read.turning.last().map(|id| loops::work_within(trace, *id)).unwrap_or_default();
    let alone = read.row.queryset.is_some_and(|rows| loops::driven_by(trace, read.event, rows).is_none());
    match trace.role {
        _ if alone && (work.waits || work.writes > 0) => true,
        Role::Request => false,
        Role::Command => work.waits || work.writes > 0,
        _ => work.writes > 2 && !read.event.via.is_empty(),
    }
}

/// One line of an expression.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Loads everything that the loops read of these rows, so that one edit cures all findings of a queryset.
fn cure(
    trace: &Trace,
    rows: QuerySetId,
    read: &Read<'_>,
    certain: bool,
    cx: &Context<'_>,
) -> Result<crate::rules::DraftRewrite, String> {
    let mut paths: Vec<String> = vec![read.path.clone()];
    for other in reads(trace, cx).into_iter().filter(|other| other.row.queryset == Some(rows)) {
        paths.push(other.path);
    }
    paths.sort();
    paths.dedup();
    let whole = paths.clone();
    paths.retain(|path| !whole.iter().any(|w| w.strip_prefix(path.as_str()).is_some_and(|r| r.starts_with("__"))));
    eager::join(cx.project, trace, rows, &paths, certain)
}
