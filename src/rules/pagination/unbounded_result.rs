//! RT701

use super::{Told, report};
use crate::model::{Confidence, Kind};
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::{QuerySet, Role, Trace, Usage};

rule! {
    /// Fetches a whole table for one request.
    ///
    /// ## Why
    /// The table grows, and with it the time, the memory and the page. Nobody reads ten thousand lines: page through
    /// them, or take the newest.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from django.http import JsonResponse
    /// from forum.models import Post
    ///
    /// def archive(request):
    ///     return JsonResponse({"posts": [post.text for post in Post.objects.order_by("pk")]})  # RT701
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from django.http import JsonResponse
    /// from forum.models import Post
    ///
    /// def archive(request):
    ///     return JsonResponse({"posts": [post.text for post in Post.objects.order_by("pk")[:50]]})
    /// ```
    ///
    /// ## When not to
    /// Tables of settings or countries stay small. An export wants all rows, and streams them.
    pub struct UnboundedResult: "RT701", "unbounded-result", Pagination, Info as hint;
}

pub(in crate::rules) const ADVICE: &str = "Page through them, or take as many as are shown: [:50].";

impl Rule for UnboundedResult {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if trace.role != Role::Request {
            return;
        }
        for (_, event, query) in trace.queries() {
            let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            let whole = query.statement.facts.kind == Kind::Select && query.usage == Usage::Rows;
            // In a loop, the loop is what counts.
            if !whole || !is_whole_table(queryset) || !event.loops.is_empty() {
                continue;
            }
            let told = Told {
                rule: &META,
                confidence: Confidence::Likely,
                message: format!("Fetches every row of {} for one request.", queryset.model_name),
                advice: ADVICE,
            };
            report(told, trace, event, queryset, cx);
        }
    }
}

fn is_whole_table(queryset: &QuerySet) -> bool {
    queryset.model.is_some()
        && queryset.filters.is_empty()
        && queryset.related_to.is_none()
        && queryset.slice.is_none()
        && queryset.listed.is_none()
        && !queryset.distinct
        && !queryset.combined
        && !queryset.opaque
}
