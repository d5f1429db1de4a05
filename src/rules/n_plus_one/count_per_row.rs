//! RT109

use smol_str::SmolStr;

use super::eager;
use crate::model::{Kind, LoopId, Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::{self, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops, weight};
use crate::schema::ModelId;
use crate::trace::{Cause, Event, Origin, Query, QuerySet, QuerySetId, Row, Trace};

rule! {
    /// Counts the related rows of each row in a loop, or asks whether there are any.
    ///
    /// ## Why
    /// A statement per row, where the database can count for all rows in the statement that fetches them.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def replies(request):
    ///     return [(topic.title, topic.posts.count()) for topic in Topic.objects.all()]  # RT109
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    /// # file: forum/views.py
    /// from forum.models import Topic
    /// from django.db.models import Count
    ///
    /// def replies(request):
    ///     return [(topic.title, topic.posts_count) for topic in Topic.objects.all().annotate(posts_count=Count("posts", distinct=True))]  # RT109
    /// ```
    /// Of a prefetched relation, the number is known:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def replies(request):
    ///     return [(topic.title, topic.posts.count()) for topic in Topic.objects.prefetch_related("posts")]
    /// ```
    ///
    /// ## When not to
    /// An annotation groups the rows by all their columns. Beside another aggregate over a second relation the joins
    /// multiply: use a `Subquery` for each there, and for `exists()` an `Exists`.
    pub struct CountPerRow: "RT109", "count-per-row", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for CountPerRow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        let reads: Vec<Read<'_>> = trace.queries().filter_map(|(_, e, q)| read(trace, e, q, cx)).collect();
        for (at, read) in reads.iter().enumerate() {
            let earlier = reads.get(..at).unwrap_or_default();
            if !earlier.iter().any(|other| other.is_with(read)) {
                report(trace, read, &reads, cx);
            }
        }
    }
}

struct Read<'t> {
    event: &'t Event,
    site: Site,
    kind: Kind,
    row: &'t Row,
    rows: QuerySetId,
    accessor: &'t SmolStr,
    /// All of the related rows, not some of them.
    whole: bool,
    turning: Vec<LoopId>,
}

impl Read<'_> {
    /// Of the same rows in the same turns: one annotation after the other gives them.
    fn is_with(&self, other: &Self) -> bool {
        let relation = self.rows == other.rows && self.accessor == other.accessor && self.row.path == other.row.path;
        let turn = self.event.loops == other.event.loops && self.event.via == other.event.via;
        relation && turn && self.kind == other.kind && self.site.file == other.site.file
    }
}

fn read<'t>(trace: &'t Trace, event: &'t Event, query: &'t Query, cx: &Context<'_>) -> Option<Read<'t>> {
    let Cause::Manager { row, accessor, prefetched: false, .. } = &query.cause else { return None };
    let kind = query.statement.facts.kind;
    if !matches!(kind, Kind::Count | Kind::Exists) {
        return None;
    }
    let rows = row.queryset?;
    let id = loops::driven_by(trace, event, rows)?;
    // Behind a call, it is told at the call: RT107.
    if loops::call_in(trace, event, id).is_some() {
        return None;
    }
    let turning = loops::repeating(trace, event, cx.config)?;
    let whole = query.queryset.is_none_or(|id| {
        let counted = trace.queryset(id);
        counted.filters.iter().all(|filter| filter.step.is_none())
            && counted.slice.is_none()
            && !counted.distinct
            && !counted.opaque
            && counted.values.is_none()
    });
    Some(Read { event, site: event.site?, kind, row, rows, accessor, whole, turning })
}

fn report(trace: &Trace, read: &Read<'_>, all: &[Read<'_>], cx: &mut Context<'_>) {
    let rows = trace.queryset(read.rows);
    let (confidence, why) = loops::doubt(rows.model.is_some(), read.event.confidence, &rows.model_name);
    let fetched = loops::fetching(trace, read.rows);
    let with: Vec<&Read<'_>> = all.iter().filter(|other| other.is_with(read)).collect();
    let mut before = fetched.clone();
    before.add(&Terms::product(u32::try_from(with.len()).unwrap_or(u32::MAX), read.event.loops.clone()));
    let mut evidence = loops::evidence(trace, read.event, Some(rows), &read.turning);
    for other in with.iter().filter(|other| other.site != read.site) {
        let message = "counted once more here, in the same loop".to_owned();
        evidence.push(DraftEvidence::Code { site: other.site, message });
    }
    let more = match with.iter().filter(|other| other.site != read.site).count() {
        0 => String::new(),
        1 => ", and another line of the loop does so".to_owned(),
        more => format!(", and {more} other lines of the loop do so"),
    };
    let does = if read.kind == Kind::Count { "counts the related rows" } else { "asks for related rows" };
    let path = eager::path(read.row, read.accessor);
    let advice = match read.kind {
        Kind::Count => {
            let filter = if read.whole { "" } else { "filter=Q(…), " };
            let relation = lookup_path(cx.project, rows.model, read);
            format!("Annotate the number where the rows are fetched: Count(\"{relation}\", {filter}distinct=True).")
        }
        _ => format!("Annotate the answer where the rows are fetched, with Exists() over {path}."),
    };
    let weight = weight::of(cx.project, trace, read.event, &read.turning)
        .or_minor(loops::is_background_work(trace, &read.turning));
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence,
        site: Some(read.site),
        message: format!(
            "`{}` {does} once per turn of the loop over {}{more}{why}.",
            cx.project.text(read.site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, fetched)),
        evidence,
        rewrite: cure(trace, read, all, cx.project),
        advice,
        key: format!("{}.{path}.{}", rows.model_name, read.kind.as_str()),
    });
}

/// Counts with the rows, and reads the annotation at every place that counts the same.
fn cure(trace: &Trace, read: &Read<'_>, all: &[Read<'_>], project: &Project) -> Option<DraftRewrite> {
    let queryset = trace.queryset(read.rows);
    let model = queryset.model.filter(|_| takes_annotation(queryset))?;
    if read.kind != Kind::Count || !read.whole || !read.row.path.is_empty() {
        return None;
    }
    let name = format!("{}_count", read.accessor.strip_suffix("_set").unwrap_or(read.accessor));
    let lookup = lookup(project, model, read.accessor).filter(|_| is_free(project, model, &name))?;
    let same: Vec<&Read<'_>> = all
        .iter()
        .filter(|other| other.rows == read.rows && other.accessor == read.accessor && other.kind == Kind::Count)
        .collect();
    // Another aggregate over a second relation: both joins would multiply.
    if same.iter().any(|other| !other.whole || !other.row.path.is_empty())
        || all.iter().any(|other| other.rows == read.rows && other.accessor != read.accessor)
    {
        return None;
    }
    let built = queryset.steps.first().map(|step| step.call.file)?;
    let module = project.module(built);
    let import = rewrite::import(built, &module.source, &module.ir, "django.db.models", &["Count"])?;
    let quoted = rewrite::Quote::of(module.source.text()).text(&lookup);
    let count = import.names.first()?;
    let args = format!("{name}={count}({quoted}, distinct=True)");
    let mut edits = eager::append(project, trace, queryset, "annotate", &args).ok()?;
    edits.extend(import.edit);
    for other in same {
        edits.push(annotated(project, other, &name)?);
    }
    let elsewhere = if queryset.local { "" } else { " The queryset is built in another function." };
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Count {} with the rows", read.accessor),
        note: format!("The annotation groups the rows and adds {name} to them.{elsewhere}"),
        edits,
    })
}

/// `topic.posts.count()` → `topic.posts_count`
fn annotated(project: &Project, read: &Read<'_>, name: &str) -> Option<FileEdit> {
    let text = project.text(read.site);
    let before = text.rfind(&format!(".{}", read.accessor))?;
    let start = read.site.span.start + before as u32 + 1;
    Some(FileEdit::replace(Site::new(read.site.file, Span { start, end: read.site.span.end }), name))
}

/// Rows that can be grouped, and on which no other join counts.
fn takes_annotation(queryset: &QuerySet) -> bool {
    queryset.annotations.is_empty()
        && queryset.values.is_none()
        && queryset.related_to.is_none()
        && !queryset.combined
        && !queryset.locked
        && !queryset.distinct
        && !queryset.opaque
        && !queryset.filters.iter().any(|filter| filter.multi_valued)
}

/// The relation as an annotation names it, from the rows on.
fn lookup_path(project: &Project, model: Option<ModelId>, read: &Read<'_>) -> String {
    let known = model.filter(|_| read.row.path.is_empty()).and_then(|model| lookup(project, model, read.accessor));
    let last = known.unwrap_or_else(|| read.accessor.strip_suffix("_set").unwrap_or(read.accessor).into());
    eager::path(read.row, &last)
}

/// The name of a relation in lookups: `post` for `post_set`.
fn lookup(project: &Project, model: ModelId, accessor: &str) -> Option<SmolStr> {
    let forward = project.schema.field(model, accessor).map(|(_, field)| field.name.clone());
    forward.or_else(|| project.schema.reverse(model, accessor).map(|reverse| reverse.query_name.clone()))
}

fn is_free(project: &Project, model: ModelId, name: &str) -> bool {
    let declared = project.schema.get(model).site.map_or("", |site| project.text(site));
    project.schema.field(model, name).is_none()
        && project.schema.reverse(model, name).is_none()
        && !rewrite::is_used(declared, name)
}
