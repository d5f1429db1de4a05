//! RT204

use smol_str::SmolStr;

use super::subquery;
use crate::model::{Confidence, Safety};
use crate::project::Project;
use crate::rewrite::{self, Call, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::trace::{Aggregate, AggregateFunction, Aggregation, Event, Join, QuerySet, Trace};

rule! {
    /// Computes a count, sum or mean over rows that another relation's join has multiplied.
    ///
    /// ## Why
    /// Each relation to many rows that a statement joins repeats the rows of the others: a topic of 3 posts and 2 tags
    /// is 6 rows, and both counts say 6. `distinct=True` repairs a count. It does not repair a sum, which then leaves
    /// out equal values: that needs a `Subquery` of its own.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     tags = models.ManyToManyField("Tag")
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/stats.py
    /// from django.db.models import Count
    /// from forum.models import Topic
    ///
    /// def overview(since):
    ///     topics = Topic.objects.annotate(
    ///         posts_count=Count("posts"),  # RT204
    ///         tags_count=Count("tags"),
    ///     )
    ///     return {topic.title: topic.posts_count for topic in topics.filter(pk__gt=since)}
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     tags = models.ManyToManyField("Tag")
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/stats.py
    /// from django.db.models import Count
    /// from forum.models import Topic
    ///
    /// def overview(since):
    ///     topics = Topic.objects.annotate(
    ///         posts_count=Count("posts", distinct=True),  # RT204
    ///         tags_count=Count("tags", distinct=True),
    ///     )
    ///     return {topic.title: topic.posts_count for topic in topics.filter(pk__gt=since)}
    /// ```
    /// The least and the greatest value stay what they are, and a chain of relations is one join after the other:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="topics")
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    ///     created = models.DateTimeField()
    /// # file: forum/stats.py
    /// from django.db.models import Count, Max
    /// from forum.models import Forum
    ///
    /// def overview():
    ///     forums = Forum.objects.annotate(
    ///         topics_count=Count("topics", distinct=True),
    ///         posts_count=Count("topics__posts"),
    ///         latest=Max("topics__posts__created"),
    ///     )
    ///     return list(forums)
    /// ```
    ///
    /// ## When not to
    /// Where one of the relations has one row at most by what the program does, nothing is multiplied; a one-to-one
    /// would say so. `distinct=True` sorts the rows of each group: over large groups a `Subquery` is faster.
    pub struct AggregateOverJoins: "RT204", "aggregate-over-joins", Aggregation, Blocker;
}

impl Rule for AggregateOverJoins {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (_, event, query) in trace.queries() {
            if let (Some(aggregation), Some(queryset)) = (&query.aggregation, query.queryset) {
                report(trace.queryset(queryset), event, aggregation, cx);
            }
        }
    }
}

fn report(queryset: &QuerySet, event: &Event, aggregation: &Aggregation, cx: &mut Context<'_>) {
    let wrong: Vec<(&Aggregate, Vec<&Join>)> = aggregation
        .aggregates
        .iter()
        .map(|aggregate| (aggregate, aggregation.inflated_by(aggregate)))
        .filter(|(_, by)| !by.is_empty())
        .collect();
    let Some((first, by)) = wrong.first() else { return };
    // A value that stands where nothing says where is told at the statement.
    let site = first.site.or(event.site);
    let by_filter = |join: &&Join| aggregation.filtered_by.iter().any(|known| known.key == join.key);
    let only_filters = wrong.iter().all(|(_, by)| by.iter().all(by_filter));
    let most = if only_filters { Confidence::Likely } else { Confidence::Certain };
    let mut others: Vec<String> = by.iter().map(|join| format!("`{}`", join.path)).collect();
    others.dedup();
    let joined = if only_filters { "a filter joins" } else { "the statement joins, too" };
    let message = format!(
        "{} `{}` of {} counts rows that are repeated for each of {}, which {joined}.",
        first.called,
        first.name,
        queryset.model_name,
        others.join(" and "),
    );
    let evidence = |(aggregate, _): &(&Aggregate, Vec<&Join>)| {
        let site = aggregate.site?;
        let message = format!("`{}` is multiplied as well", aggregate.name);
        Some(DraftEvidence::Code { site, message })
    };
    let mut told: Vec<DraftEvidence> = wrong.iter().skip(1).filter_map(evidence).collect();
    if let Some(sent) = event.site.filter(|sent| Some(*sent) != site) {
        told.push(DraftEvidence::Code { site: sent, message: "sent here".to_owned() });
    }
    told.extend(loops::calls(event));
    let sums = wrong.iter().any(|(aggregate, _)| aggregate.function != AggregateFunction::Count);
    let advice = match sums {
        false => "Add distinct=True to each count, so that a row counts once however often the joins repeat it.",
        true => {
            "Compute each sum or mean in a Subquery over its own relation; distinct=True repairs counts only, a sum \
             would leave out equal values."
        }
    };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: event.confidence.min(most),
        site,
        message,
        cost: None,
        evidence: told,
        rewrite: cure(cx.project, queryset, aggregation),
        advice: advice.to_owned(),
        key: format!("{}.{}", queryset.model_name, first.name),
    });
}

/// Counts that count each row once, and sums of their own.
fn cure(project: &Project, queryset: &QuerySet, aggregation: &Aggregation) -> Option<DraftRewrite> {
    let mut edits: Vec<FileEdit> = Vec::new();
    let mut left = aggregation.clone();
    let mut apart: Vec<SmolStr> = Vec::new();
    for aggregate in &aggregation.aggregates {
        let is_sum = matches!(aggregate.function, AggregateFunction::Sum | AggregateFunction::Average);
        if is_sum && !aggregation.inflated_by(aggregate).is_empty() {
            edits.extend(subquery::own(project, queryset, aggregation, aggregate)?);
            apart.push(aggregate.name.clone());
        }
    }
    left.aggregates.retain(|aggregate| !apart.contains(&aggregate.name));
    let mut counts = 0;
    for aggregate in &left.aggregates {
        if !left.inflated_by(aggregate).is_empty() {
            edits.push(distinct(project, aggregate)?);
            counts += 1;
        }
    }
    let title = match (counts, apart.is_empty()) {
        (_, true) => "Count each row once with distinct=True".to_owned(),
        _ => format!("Compute {} in a subquery of its own", apart.join(", ")),
    };
    let note = "The numbers change to those of the rows themselves.".to_owned();
    Some(DraftRewrite { safety: Safety::Review, title, note, edits })
}

/// `Count("posts")` → `Count("posts", distinct=True)`, where what it counts are rows.
fn distinct(project: &Project, aggregate: &Aggregate) -> Option<FileEdit> {
    let path = aggregate.path.join("__");
    let counts_rows = aggregate.joins.iter().any(|join| join.path == path)
        || aggregate.joins.is_empty() && matches!(path.as_str(), "pk" | "id");
    let site = aggregate.site.filter(|_| aggregate.function == AggregateFunction::Count && counts_rows)?;
    let module = project.module(site.file);
    let at = rewrite::call_at(&module.ir, site.span)?;
    let call = Call { call: site, name: at.callee, args: at.args };
    Some(rewrite::extend_args(&module.source, call, "distinct=True"))
}
