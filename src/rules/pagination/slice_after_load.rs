//! RT704

use super::{Told, report};
use crate::model::{Confidence, Kind};
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::Trace;

rule! {
    /// Skips many rows to get at those that it wants.
    ///
    /// ## Why
    /// `OFFSET 50000` reads and sorts fifty thousand rows and throws them away: the further the page, the slower, and
    /// rows that come or go meanwhile shift what is on it. The key of the last row that was shown leads there at once.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from forum.models import Post
    ///
    /// def archive(request):
    ///     return list(Post.objects.order_by("pk")[50000:50020])  # RT704
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Post(models.Model):
    ///     text = models.CharField(max_length=200)
    /// # file: forum/views.py
    /// from forum.models import Post
    ///
    /// def archive(request, last):
    ///     return list(Post.objects.filter(pk__gt=last).order_by("pk")[:20])
    /// ```
    /// In a log:
    /// ```text flag
    /// (0.012) SELECT "forum_post"."id" FROM "forum_post" ORDER BY "forum_post"."id" ASC LIMIT 20 OFFSET 50000; args=(); alias=default
    /// ```
    /// ```text ok
    /// (0.012) SELECT "forum_post"."id" FROM "forum_post" ORDER BY "forum_post"."id" ASC LIMIT 20 OFFSET 40; args=(); alias=default
    /// ```
    ///
    /// ## When not to
    /// Where readers must be able to jump to a page by its number, and few go far.
    pub struct SliceAfterLoad: "RT704", "slice-after-load", Pagination, Info;
}

/// Rows that are skipped, from which on it is worth a word.
pub(in crate::rules) const DEEP: u64 = 1_000;
pub(in crate::rules) const ADVICE: &str =
    "Go on from the last row that was shown: filter(pk__gt=last).order_by(\"pk\")[:n].";

impl Rule for SliceAfterLoad {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        if !trace.role.is_judged() {
            return;
        }
        for (_, event, query) in trace.queries() {
            let Some(queryset) = query.queryset.map(|id| trace.queryset(id)) else { continue };
            let skipped = queryset.slice.and_then(|slice| slice.start).unwrap_or(0);
            if query.statement.facts.kind != Kind::Select || u64::from(skipped) < DEEP {
                continue;
            }
            let told = Told {
                rule: &META,
                confidence: Confidence::Certain,
                message: format!(
                    "Skips {skipped} rows of {}, which the database reads all the same.",
                    queryset.model_name
                ),
                advice: ADVICE,
            };
            report(told, trace, event, queryset, cx);
        }
    }
}
