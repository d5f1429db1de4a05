//! RT401

use super::{cure, usage};
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::Trace;

rule! {
    /// Looks rows up by a column that has no index.
    ///
    /// ## Why
    /// Without an index the database reads the whole table for every such statement, and the time grows with the
    /// table. With one it reads the rows that match.
    ///
    /// ## Example
    /// ```python flag
    /// # file: accounts/models.py
    /// from django.contrib.auth.models import AbstractUser
    /// from django.db import models
    ///
    /// class User(AbstractUser):
    ///     email = models.EmailField(max_length=254, blank=True)
    /// # file: accounts/views.py
    /// from accounts.models import User
    ///
    /// def reset_password(request):
    ///     return User.objects.filter(email=request.POST["email"]).first()  # RT401
    /// ```
    /// ```python ok
    /// # file: accounts/models.py
    /// from django.contrib.auth.models import AbstractUser
    /// from django.db import models
    ///
    /// class User(AbstractUser):
    ///     email = models.EmailField(max_length=254, blank=True)
    ///
    ///     class Meta:
    ///         indexes = [models.Index(fields=["email"], name="user_email_idx")]
    /// # file: accounts/views.py
    /// from accounts.models import User
    ///
    /// def reset_password(request):
    ///     return User.objects.filter(email=request.POST["email"]).first()
    /// ```
    /// A column of a few values leads to a large part of the table either way:
    /// ```python ok
    /// # file: accounts/models.py
    /// from django.contrib.auth.models import AbstractUser
    /// from django.db import models
    ///
    /// class User(AbstractUser):
    ///     trust_level = models.CharField(max_length=20, choices=[("new", "New"), ("basic", "Basic")])
    /// # file: accounts/views.py
    /// from accounts.models import User
    ///
    /// def trusted(request):
    ///     return list(User.objects.filter(trust_level="basic"))
    /// ```
    ///
    /// ## When not to
    /// On a table that stays small, or one that is written far more often than it is searched this way. `icontains`
    /// and `endswith` cannot use such an index at all. A partial index (`condition=`) serves a rare value of a flag.
    pub struct UnindexedFilter: "RT401", "unindexed-filter", Index, Info as hint;
}

impl Rule for UnindexedFilter {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        for usage in usage::collect(traces, cx.project) {
            if usage.columns.len() != 1 {
                continue;
            }
            let model = cx.project.schema.get(usage.model);
            let message = format!(
                "{} is looked up by {}, which has no index: every such statement reads the whole table",
                model.label(),
                usage.listed()
            );
            cure::report(&META, &usage, message, cx);
        }
    }
}
