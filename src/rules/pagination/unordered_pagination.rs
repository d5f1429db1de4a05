//! RT703

use super::{Told, report};
use crate::model::{Confidence, Kind};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule, models};
use crate::trace::{Filter, QuerySet, Trace};

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
            if is_one(cx.project, queryset) {
                continue;
            }
            // `order_by()` takes the model's order away on purpose.
            let cleared = queryset.steps.iter().any(|step| step.method == "order_by");
            let told = Told {
                rule: &META,
                confidence: if cleared { Confidence::Possible } else { Confidence::Likely },
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

/// Whether there is one row at most: of a unique column one value is asked for.
fn is_one(project: &Project, queryset: &QuerySet) -> bool {
    let exact = |filter: &&Filter| !filter.negated && !filter.alternative && filter.lookup == "exact";
    let plain = queryset.filters.iter().filter(exact);
    let fields: Vec<&str> = plain
        .filter_map(|filter| match filter.path.as_slice() {
            [field] => Some(field.as_str()),
            _ => None,
        })
        .collect();
    queryset.model.is_some_and(|model| models::is_unique(project, model, &fields) == Some(true))
}

/// All that orders the rows is seen: the model with its `Meta.ordering`, and the calls.
fn is_known(queryset: &QuerySet) -> bool {
    queryset.model.is_some() && queryset.order.is_empty() && !queryset.opaque && !queryset.combined
}
