//! RT103

use super::eager::{self, Load};
use crate::model::{Confidence, LoopId, Site, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops, weight};
use crate::trace::{Cause, Event, Origin, QuerySetId, Row, Trace};

rule! {
    /// Reads a reverse one-to-one relation or a generic foreign key of each row in a loop, while nothing loaded it.
    ///
    /// ## Why
    /// Neither looks like a query. A reverse one-to-one sends a statement for each row even where the related row is
    /// missing, and a generic foreign key has no column of its own to join on. `select_related` brings the first
    /// along, `prefetch_related` the second, with one statement for each kind of object.
    ///
    /// ## Example
    /// ```python flag
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Passport(models.Model):
    ///     owner = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="passport")
    ///     number = models.CharField(max_length=20)
    /// # file: people/views.py
    /// from people.models import Person
    ///
    /// def numbers(request):
    ///     return [person.passport.number for person in Person.objects.all()]  # RT103
    /// ```
    /// ```python fix
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Passport(models.Model):
    ///     owner = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="passport")
    ///     number = models.CharField(max_length=20)
    /// # file: people/views.py
    /// from people.models import Person
    ///
    /// def numbers(request):
    ///     return [person.passport.number for person in Person.objects.all().select_related("passport")]  # RT103
    /// ```
    /// What is loaded with the rows is free:
    /// ```python ok
    /// # file: notes/models.py
    /// from django.contrib.contenttypes.fields import GenericForeignKey
    /// from django.contrib.contenttypes.models import ContentType
    /// from django.db import models
    ///
    /// class Note(models.Model):
    ///     content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    ///     object_id = models.PositiveIntegerField()
    ///     subject = GenericForeignKey("content_type", "object_id")
    ///
    ///     class Meta:
    ///         indexes = [models.Index(fields=["content_type", "object_id"])]
    /// # file: notes/views.py
    /// from notes.models import Note
    ///
    /// def subjects(request):
    ///     return [str(note.subject) for note in Note.objects.prefetch_related("subject")]
    /// ```
    ///
    /// ## When not to
    /// `select_related` is an error on a generic foreign key. A missing one-to-one raises as before: the join only
    /// remembers that there is none. Rows of `values()`, `union()` and `raw()` take neither.
    pub struct ReverseO2oOrGfkInLoop: "RT103", "reverse-o2o-or-gfk-in-loop", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for ReverseO2oOrGfkInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if let Origin::Code { .. } = trace.origin {
            let reads: Vec<Read<'_>> = reads(trace, cx).collect();
            for (at, read) in reads.iter().enumerate() {
                let same = |other: &&Read<'_>| read.is_read_with(other);
                // What two branches read is one finding, at the first of them.
                if !reads.iter().take(at).any(|other| same(&other)) {
                    let further: Vec<&Read<'_>> = reads.iter().skip(at + 1).filter(same).collect();
                    report(trace, read, &further, &reads, cx);
                }
            }
        }
    }
}

struct Read<'t> {
    event: &'t Event,
    site: Site,
    row: &'t Row,
    rows: QuerySetId,
    path: String,
    generic: bool,
    turning: Vec<LoopId>,
}

impl Read<'_> {
    /// Whether both follow the same relation of the same rows in the same loop, each in a branch of its own.
    fn is_read_with(&self, other: &Self) -> bool {
        self.rows == other.rows
            && self.path == other.path
            && self.event.loops == other.event.loops
            && self.event.excludes(other.event)
    }
}

fn reads<'t>(trace: &'t Trace, cx: &Context<'_>) -> impl Iterator<Item = Read<'t>> {
    trace.queries().filter_map(|(_, event, query)| {
        let Cause::Singular { row, field, generic } = &query.cause else { return None };
        // A framework's loops are RT112's.
        let rows = row.queryset.filter(|_| event.rendered.is_none() && !loops::in_write(event))?;
        loops::driven_by(trace, event, rows)?;
        let turning = loops::repeating(trace, event, cx.config)?;
        let path = eager::path(row, field);
        Some(Read { event, site: event.site?, row, rows, path, generic: *generic, turning })
    })
}

fn report(trace: &Trace, read: &Read<'_>, further: &[&Read<'_>], all: &[Read<'_>], cx: &mut Context<'_>) {
    let rows = trace.queryset(read.rows);
    let known = rows.model.is_some() || read.row.model.is_some();
    let (confidence, why) = loops::doubt(known, read.event.confidence, &rows.model_name);
    let fetched = loops::fetching(trace, read.rows);
    let mut before = fetched.clone();
    before.add(&Terms::product(1, read.event.loops.clone()));
    let mut after = fetched.clone();
    if read.generic {
        after.add(&fetched);
    }
    let dotted = read.path.replace("__", ".");
    let method = if read.generic { "prefetch_related" } else { "select_related" };
    let (rewrite, advice) = match cure(trace, read, all, confidence == Confidence::Certain, cx) {
        Ok(rewrite) => {
            (Some(rewrite), format!("Load it with the rows: {method}(\"{}\") where the queryset is built.", read.path))
        }
        Err(reason) => (None, format!("Load {dotted} with the rows; here {reason}.")),
    };
    let weight = weight::of(cx.project, trace, read.event, &read.turning)
        .or_minor(loops::is_background_work(trace, &read.turning));
    let what = if read.generic { "the object that a generic foreign key points at" } else { "the row at its far side" };
    let mut evidence = loops::evidence(trace, read.event, Some(rows), &read.turning);
    evidence.extend(further.iter().map(|read| loops::in_same_loop(read.site)));
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence,
        site: Some(read.site),
        message: format!(
            "`{}` fetches {what} once per turn of the loop over {}, which does not load it{why}.",
            cx.project.text(read.site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, after)),
        evidence,
        rewrite,
        advice,
        key: format!("{}.{}", rows.model_name, read.path),
    });
}

/// Loads all of the kind that the loops read of these rows, so that one edit cures all findings of a queryset.
fn cure(
    trace: &Trace,
    read: &Read<'_>,
    all: &[Read<'_>],
    certain: bool,
    cx: &Context<'_>,
) -> Result<DraftRewrite, String> {
    let same = all.iter().filter(|other| other.rows == read.rows && other.generic == read.generic);
    let mut paths: Vec<String> = same.map(|other| other.path.clone()).collect();
    paths.sort();
    paths.dedup();
    if read.generic {
        eager::load(cx.project, trace, read.rows, Load::Prefetch, &paths, certain)
    } else {
        eager::join(cx.project, trace, read.rows, &paths, certain)
    }
}
