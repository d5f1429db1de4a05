//! RT112

use smol_str::SmolStr;

use super::eager::{self, Load};
use crate::model::{Confidence, FileId, LoopId, Safety, Site, Span, Terms};
use crate::rewrite::{FileEdit, Quote};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops, weight};
use crate::trace::{Cause, Event, Listed, QuerySetId, Renderer, Row, Trace};

rule! {
    /// Shows a relation of each row in a template, serializer, admin list or form, while the rows do not load it.
    ///
    /// The loop is the framework's, or stands in a template: nothing in the view says that it reads a relation. The
    /// finding stands where the relation is read, the rewrite where the rows are made.
    ///
    /// ## Why
    /// A page of 50 rows sends 51 statements instead of one or two, and neither the view nor the serializer shows it.
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
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from django.shortcuts import render
    /// from forum.models import Topic
    ///
    /// def topics(request):
    ///     return render(request, "forum/topics.html", {"topics": Topic.objects.all()})
    /// # file: forum/templates/forum/topics.html
    /// {% for topic in topics %}
    ///   <li>{{ topic.forum.name }}: {{ topic.title }}</li>
    /// {% endfor %}
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
    ///     title = models.CharField(max_length=80)
    /// # file: forum/views.py
    /// from django.shortcuts import render
    /// from forum.models import Topic
    ///
    /// def topics(request):
    ///     return render(request, "forum/topics.html", {"topics": Topic.objects.all().select_related("forum")})
    /// # file: forum/templates/forum/topics.html
    /// {% for topic in topics %}
    ///   <li>{{ topic.forum.name }}: {{ topic.title }}</li>
    /// {% endfor %}
    /// ```
    /// A serializer's loop is nowhere to be seen:
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, related_name="posts", on_delete=models.CASCADE)
    /// # file: forum/serializers.py
    /// from rest_framework import serializers
    /// from forum.models import Topic
    ///
    /// class TopicSerializer(serializers.ModelSerializer):
    ///     class Meta:
    ///         model = Topic
    ///         fields = [
    ///             "title",
    ///             "posts",  # RT112
    ///         ]
    /// # file: forum/views.py
    /// from rest_framework.generics import ListAPIView
    /// from forum.models import Topic
    /// from forum.serializers import TopicSerializer
    ///
    /// class Topics(ListAPIView):
    ///     queryset = Topic.objects.all()
    ///     serializer_class = TopicSerializer
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, related_name="posts", on_delete=models.CASCADE)
    /// # file: forum/serializers.py
    /// from rest_framework import serializers
    /// from forum.models import Topic
    ///
    /// class TopicSerializer(serializers.ModelSerializer):
    ///     class Meta:
    ///         model = Topic
    ///         fields = [
    ///             "title",
    ///             "posts",  # RT112
    ///         ]
    /// # file: forum/views.py
    /// from rest_framework.generics import ListAPIView
    /// from forum.models import Topic
    /// from forum.serializers import TopicSerializer
    ///
    /// class Topics(ListAPIView):
    ///     queryset = Topic.objects.all().prefetch_related("posts")
    ///     serializer_class = TopicSerializer
    /// ```
    /// The admin joins foreign keys of `list_display` by itself, but not those that may be null:
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    ///     moved_to = models.ForeignKey(Forum, null=True, related_name="+", on_delete=models.SET_NULL)
    /// # file: forum/admin.py
    /// from django.contrib import admin
    /// from forum.models import Topic
    ///
    /// @admin.register(Topic)
    /// class TopicAdmin(admin.ModelAdmin):
    ///     list_display = ["pk", "forum", "moved_to"]  # RT112
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
    ///     moved_to = models.ForeignKey(Forum, null=True, related_name="+", on_delete=models.SET_NULL)
    /// # file: forum/admin.py
    /// from django.contrib import admin
    /// from forum.models import Topic
    ///
    /// @admin.register(Topic)
    /// class TopicAdmin(admin.ModelAdmin):
    ///     list_display = ["pk", "forum", "moved_to"]  # RT112
    ///     list_select_related = ["forum", "moved_to"]
    /// ```
    /// One row is no loop:
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
    /// from django.shortcuts import get_object_or_404, render
    /// from forum.models import Topic
    ///
    /// def topic(request, pk):
    ///     return render(request, "forum/topic.html", {"topic": get_object_or_404(Topic, pk=pk)})
    /// # file: forum/templates/forum/topic.html
    /// <h1>{{ topic.forum.name }}</h1>
    /// ```
    ///
    /// ## When not to
    /// A serializer or template may serve several views: one that shows a single row needs no eager loading. A
    /// prefetch holds all related rows in memory; where only their number is shown, annotate it.
    pub struct RenderNPlusOne: "RT112", "render-n+1", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for RenderNPlusOne {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let reads = reads(trace, cx);
        // Where one branch or another shows the same, one edit mends both.
        let mut seen: Vec<(QuerySetId, &str)> = Vec::new();
        let mut told: Vec<Place> = Vec::new();
        for read in &reads {
            let key = (read.rows, read.path.as_str());
            let place = place(read, cx);
            if !seen.contains(&key) && !told.contains(&place) {
                report(trace, read, &reads, cx);
                told.push(place);
            }
            seen.push(key);
        }
    }
}

/// What is one thing to mend: the rows and how they load it; of a serializer its file, of a template the line.
type Place = (QuerySetId, QuerySetId, Load, Option<FileId>, Option<u32>);

fn place(read: &Read<'_>, cx: &Context<'_>) -> Place {
    let file = (read.by != Renderer::Admin).then_some(read.site.file);
    let line = matches!(read.by, Renderer::Template | Renderer::Form).then(|| cx.project.place(read.site).line);
    (read.rows, read.cure.0, read.cure.1, file, line)
}

/// A relation that is shown of each row, as far as it is followed in one expression.
struct Read<'t> {
    event: &'t Event,
    site: Site,
    by: Renderer,
    /// The rows that are shown.
    rows: QuerySetId,
    /// From those rows on: `topic__forum`.
    path: String,
    turning: Vec<LoopId>,
    statements: Vec<&'t Event>,
    /// What brings it along: the queryset to change, how, and the path from its rows on.
    cure: (QuerySetId, Load, String),
    confidence: Confidence,
}

fn reads<'t>(trace: &'t Trace, cx: &Context<'_>) -> Vec<Read<'t>> {
    let mut out: Vec<Read<'t>> = Vec::new();
    for (_, event, query) in trace.queries() {
        let Some(by) = event.rendered else { continue };
        let (row, name, how) = match &query.cause {
            Cause::Relation { row, field, .. } => (row, field, Load::Join),
            Cause::Singular { row, field, generic } => (row, field, if *generic { Load::Prefetch } else { Load::Join }),
            Cause::Manager { row, accessor, prefetched: false, .. }
                if super::reverse_in_loop::is_plain_read(trace, query) =>
            {
                (row, accessor, Load::Prefetch)
            }
            _ => continue,
        };
        let (Some(site), Some(rows)) = (event.site, row.queryset) else { continue };
        let Some(turning) = loops::repeating(trace, event, cx.config) else { continue };
        if loops::driven_by(trace, event, rows).is_none() {
            continue;
        }
        let path = path(row, name);
        let longer = out.iter_mut().find(|known| {
            let goes_on = path.strip_prefix(known.path.as_str()).is_some_and(|rest| rest.starts_with("__"));
            known.rows == rows
                && known.event.loops == event.loops
                && known.site.file == site.file
                && site.span.contains(known.site.span)
                && goes_on
        });
        let cure = root(trace, rows, how, path.clone());
        match longer {
            Some(known) => {
                known.statements.push(event);
                known.confidence = known.confidence.min(event.confidence);
                (known.site, known.path) = (site, path);
                // What a prefetch leads through, a join cannot lead on from.
                let how = if known.cure.1 == Load::Prefetch { Load::Prefetch } else { cure.1 };
                known.cure = (cure.0, how, cure.2);
            }
            None => {
                let confidence = event.confidence;
                out.push(Read { event, site, by, rows, path, turning, statements: vec![event], cure, confidence });
            }
        }
    }
    out
}

fn path(row: &Row, name: &SmolStr) -> String {
    row.path.iter().chain([name]).map(SmolStr::as_str).collect::<Vec<_>>().join("__")
}

/// Rows of another row's manager are brought along by the rows above them.
fn root(trace: &Trace, rows: QuerySetId, how: Load, path: String) -> (QuerySetId, Load, String) {
    let (mut rows, mut how, mut path) = (rows, how, path);
    for _ in 0..8 {
        let queryset = trace.queryset(rows);
        let above = queryset.related_to.as_ref().and_then(|parent| Some((parent, parent.queryset?)));
        let (Some((parent, id)), Some(accessor)) = (above, &queryset.related_by) else { break };
        if !queryset.is_plain() {
            break;
        }
        let lead: Vec<&str> = parent.path.iter().map(SmolStr::as_str).chain([accessor.as_str()]).collect();
        (rows, how, path) = (id, Load::Prefetch, format!("{}__{path}", lead.join("__")));
    }
    (rows, how, path)
}

fn report(trace: &Trace, read: &Read<'_>, all: &[Read<'_>], cx: &mut Context<'_>) {
    let queryset = trace.queryset(read.rows);
    let (confidence, why) = loops::doubt(queryset.model.is_some(), read.confidence, &queryset.model_name);
    let fetched = loops::fetching(trace, read.rows);
    let mut before = fetched.clone();
    for event in &read.statements {
        before.add(&Terms::product(1, event.loops.clone()));
    }
    let mut after = fetched.clone();
    let (rows, how, _) = &read.cure;
    if *how == Load::Prefetch {
        after.add(&loops::fetching(trace, *rows));
    }
    let certain = confidence == Confidence::Certain;
    let mut shown = vec![read.path.as_str()];
    let mut loads = vec![read.cure.2.clone()];
    let mut also: Vec<DraftEvidence> = Vec::new();
    for other in beside(read, all, cx) {
        if shown.contains(&other.path.as_str()) {
            continue;
        }
        shown.push(&other.path);
        loads.push(other.cure.2.clone());
        let dotted = other.path.replace("__", ".");
        also.push(DraftEvidence::Code { site: other.site, message: format!("{dotted} is read here") });
        for event in &other.statements {
            before.add(&Terms::product(1, event.loops.clone()));
        }
        if *how == Load::Prefetch {
            after.add(&loops::fetching(trace, *rows));
        }
    }
    let dotted = match shown.as_slice() {
        [one, other] => format!("{one} and {other}"),
        [one, rest @ ..] if !rest.is_empty() => format!("{one} and {} relations more", rest.len()),
        _ => read.path.clone(),
    };
    let dotted = dotted.replace("__", ".");
    let loads = outermost(loads).iter().map(|path| format!("\"{path}\"")).collect::<Vec<_>>().join(", ");
    let (rewrite, advice) = match cure(trace, read, all, certain, cx) {
        Ok(rewrite) => {
            (Some(rewrite), format!("Load it with the rows: {}({loads}) where the queryset is built.", how.method()))
        }
        Err(reason) => (None, format!("Load it with the rows, by {}({loads}); here {reason}.", how.method())),
    };
    let advice = match &trace.queryset(*rows).listed {
        Some(listed) if *how == Load::Join => {
            let own = all.iter().filter(|other| other.cure.0 == *rows && other.cure.1 == *how);
            let own = own.map(|other| other.cure.2.clone());
            let names = outermost(listed.relations.iter().map(ToString::to_string).chain(own).collect());
            format!("Name all that the list shows in list_select_related of the admin's class: {}.", names.join(", "))
        }
        _ => advice,
    };
    let place = match read.by {
        Renderer::Template => "The template",
        Renderer::Serializer => "The serializer",
        Renderer::Admin => "The admin's list",
        Renderer::Form => "The form's choices",
    };
    let weight = weight::of(cx.project, trace, read.event, &read.turning);
    let mut evidence = loops::evidence(trace, read.event, Some(queryset), &read.turning);
    evidence.extend(also);
    cx.report(Draft {
        rule: &META,
        severity: weight.severity,
        hint: weight.hinted(),
        confidence,
        site: Some(read.site),
        message: format!(
            "{place} fetches {dotted} {} of the loop over {}, which does not load it{why}.",
            loops::how_often_followed(cx.project, trace, read.event, &read.turning),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, after)),
        evidence,
        rewrite,
        advice,
        key: format!("{}.{}", queryset.model_name, shown.join(",")),
    });
}

/// What else is shown of the rows in the same place.
fn beside<'r, 't>(read: &'r Read<'t>, all: &'r [Read<'t>], cx: &'r Context<'_>) -> impl Iterator<Item = &'r Read<'t>> {
    let here = place(read, cx);
    all.iter().filter(move |other| other.path != read.path && place(other, cx) == here)
}

/// Loads everything that is shown of these rows in the same way, so that one edit cures all findings of a queryset.
fn cure(
    trace: &Trace,
    read: &Read<'_>,
    all: &[Read<'_>],
    certain: bool,
    cx: &Context<'_>,
) -> Result<DraftRewrite, String> {
    let (rows, how, _) = &read.cure;
    let queryset = trace.queryset(*rows);
    let same = all.iter().filter(|other| other.cure.0 == *rows && other.cure.1 == *how);
    let paths: Vec<String> = same.map(|other| other.cure.2.clone()).collect();
    let paths = outermost(paths);
    if let (Some(listed), true, Load::Join) = (&queryset.listed, queryset.steps.is_empty(), how) {
        let Some(site) = listed.site else {
            return Err("no statement of the admin's class was found to add list_select_related to".to_owned());
        };
        return Ok(listed_too(listed, site, paths, cx));
    }
    eager::load(cx.project, trace, *rows, *how, &paths, certain)
}

/// Paths that no longer one leads through, in order.
fn outermost(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths.dedup();
    let whole = paths.clone();
    paths.retain(|path| !whole.iter().any(|w| w.strip_prefix(path.as_str()).is_some_and(|r| r.starts_with("__"))));
    paths
}

/// Tells the admin which relations its list needs. Those that it loaded unasked are named as well: what is named takes
/// their place.
fn listed_too(listed: &Listed, site: Site, mut paths: Vec<String>, cx: &Context<'_>) -> DraftRewrite {
    let source = &cx.project.module(site.file).source;
    paths.extend(listed.relations.iter().map(ToString::to_string));
    let paths = outermost(paths);
    let quote = Quote::of(source.text());
    let names = paths.iter().map(|path| quote.text(path)).collect::<Vec<_>>().join(", ");
    let indent = source.indent(site.span.start);
    // Below the whole line: a comment may follow the statement.
    let line = source.line(site.span.end.max(1) - 1);
    let end = source.line_start(line) + source.line_text(line).len() as u32;
    let text = format!("{}{indent}list_select_related = [{names}]", source.line_break());
    DraftRewrite {
        safety: Safety::Safe,
        title: format!("Load {} with list_select_related", paths.join(", ")),
        note: String::new(),
        edits: vec![FileEdit::insert(Site::new(site.file, Span::at(end)), text)],
    }
}
