//! RT703

use super::{Told, report};
use crate::model::{Confidence, Kind};
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::{QuerySet, Trace};

rule! {
    /// Takes pages of rows that are in no order.
    ///
    /// ## Why
    /// Without `ORDER BY` the database gives rows as they come, and that changes with every update and every plan: a row
    /// stands on two pages, another on none. Django warns of it (`UnorderedObjectListWarning`).
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from django.core.paginator import Paginator
    /// from forum.models import Post
    ///
    /// def archive(request):
    ///     page = Paginator(Post.objects.all(), 20).get_page(request.GET.get("page"))
    ///     return [post.text for post in page]  # RT703
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from django.core.paginator import Paginator
    /// from forum.models import Post
    ///
    /// def archive(request):
    ///     page = Paginator(Post.objects.order_by("pk"), 20).get_page(request.GET.get("page"))
    ///     return [post.text for post in page]
    /// ```
    ///
    /// ## When not to
    /// Where it does not matter which rows come, only that there are not too many.
    pub struct UnorderedPagination: "RT703", "unordered-pagination", Pagination, Warning;
}

impl Rule for UnorderedPagination {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (_, event, query) in trace.queries() {
            let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            let facts = &query.statement.facts;
            let paged = queryset.paged || facts.offset;
            if facts.kind != Kind::Select || !paged || !facts.ordered.is_empty() || !is_known(queryset) {
                continue;
            }
            let told = Told {
                rule: &META,
                confidence: Confidence::Likely,
                message: format!(
                    "Takes a page of {} in no order: a row can stand on two pages, and another on none.",
                    queryset.model_name
                ),
                advice: "Order them, by the primary key in the end: order_by(…, \"pk\").",
            };
            report(told, trace, event, queryset, cx);
        }
    }
}

/// All that orders the rows is seen: the model with its `Meta.ordering`, and the calls.
fn is_known(queryset: &QuerySet) -> bool {
    queryset.model.is_some() && queryset.order.is_empty() && !queryset.opaque && !queryset.combined
}
