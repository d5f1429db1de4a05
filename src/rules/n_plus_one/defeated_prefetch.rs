//! RT108

use smol_str::SmolStr;

use super::eager;
use crate::model::{Kind, LoopId, Site, Terms};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Cause, Event, Origin, Query, QuerySetId, Trace};

rule! {
    /// Refines a prefetched relation of each row in a loop, which sends a query per row all the same.
    ///
    /// `filter()`, `exclude()`, `order_by()`, `values()`, `values_list()`, `last()`, `get()`, `aggregate()`,
    /// `select_related()` and `iterator()` do not look at what was prefetched, and neither does `first()` where the
    /// related model has no ordering. `all()`, `len()`, `in`, `count()`, `exists()` and slices do.
    ///
    /// ## Why
    /// The prefetch is paid for, and the statements that it was to spare are sent nonetheless.
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
    ///     is_public = models.BooleanField(default=True)
    ///     body = models.TextField()
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def bodies(request):
    ///     found = []
    ///     for topic in Topic.objects.prefetch_related("posts"):
    ///         for post in topic.posts.filter(is_public=True):  # RT108
    ///             found.append(post.body)
    ///     return found
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    ///     is_public = models.BooleanField(default=True)
    ///     body = models.TextField()
    /// # file: forum/views.py
    /// from django.db.models import Prefetch
    /// from forum.models import Post, Topic
    ///
    /// def bodies(request):
    ///     public = Prefetch("posts", queryset=Post.objects.filter(is_public=True), to_attr="public_posts")
    ///     found = []
    ///     for topic in Topic.objects.prefetch_related(public):
    ///         for post in topic.public_posts:
    ///             found.append(post.body)
    ///     return found
    /// ```
    ///
    /// ## When not to
    /// Where the relation is prefetched for something else, and only a few of very many related rows are wanted here.
    /// Filtering in Python differs from the database in collation and in how it treats `NULL`.
    pub struct DefeatedPrefetch: "RT108", "defeated-prefetch", NPlusOne, Warning, seeds: Blocker;
}

impl Rule for DefeatedPrefetch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        for (_, event, query) in trace.queries() {
            if let Some(read) = read(trace, event, query, cx) {
                report(trace, event, &read, cx);
            }
        }
    }
}

struct Read<'t> {
    site: Site,
    rows: QuerySetId,
    accessor: &'t SmolStr,
    path: String,
    turning: Vec<LoopId>,
}

fn read<'t>(trace: &'t Trace, event: &'t Event, query: &'t Query, cx: &Context<'_>) -> Option<Read<'t>> {
    let Cause::Manager { row, accessor, prefetched: true, .. } = &query.cause else { return None };
    let facts = &query.statement.facts;
    if !facts.kind.reads() || facts.locked || facts.kind == Kind::Other {
        return None;
    }
    let rows = row.queryset?;
    loops::driven_by(trace, event, rows)?;
    let path = eager::path(row, accessor);
    // An unknown call in the chain may load it; here it must be seen.
    let seen = |lookup: &SmolStr| {
        lookup.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
    };
    if !trace.queryset(rows).prefetch_related.iter().any(seen) {
        return None;
    }
    let turning = loops::repeating(trace, event, cx.config)?;
    Some(Read { site: event.site?, rows, accessor, path, turning })
}

fn report(trace: &Trace, event: &Event, read: &Read<'_>, cx: &mut Context<'_>) {
    let rows = trace.queryset(read.rows);
    let (confidence, why) = loops::doubt(rows.model.is_some(), event.confidence, &rows.model_name);
    let fetched = loops::fetching(trace, read.rows);
    let mut after = fetched.clone();
    after.add(&fetched);
    let mut before = after.clone();
    before.add(&Terms::product(1, event.loops.clone()));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(read.site),
        message: format!(
            "`{}` sends a query per turn of the loop over {}: what was prefetched does not serve it{why}.",
            cx.project.text(read.site).split_whitespace().collect::<Vec<_>>().join(" "),
            loops::described(cx.project, trace, &read.turning),
        ),
        cost: Some(cx.cost(trace, before, after)),
        evidence: loops::evidence(trace, event, Some(rows), &read.turning),
        rewrite: None,
        advice: format!(
            "Prefetch the rows that are wanted, Prefetch(\"{}\", queryset=…, to_attr=\"…\"), and read that attribute; or \
             choose among {}.all() in Python.",
            read.path, read.accessor
        ),
        key: format!("{}.{}", rows.model_name, read.path),
    });
}
