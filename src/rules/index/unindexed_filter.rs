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
    /// Unless few rows have the value. An index of those alone is small, and few writes touch it:
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Product(models.Model):
    ///     name = models.CharField(max_length=80)
    ///     search_dirty = models.BooleanField(default=False)
    /// # file: shop/tasks.py
    /// from shop.models import Product
    ///
    /// def reindex(request):
    ///     return list(Product.objects.filter(search_dirty=True)[:500])  # RT401
    /// ```
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Product(models.Model):
    ///     name = models.CharField(max_length=80)
    ///     search_dirty = models.BooleanField(default=False)
    ///
    ///     class Meta:
    ///         indexes = [
    ///             models.Index(fields=["id"], name="product_search_dirty_idx", condition=models.Q(search_dirty=True)),
    ///         ]
    /// # file: shop/tasks.py
    /// from shop.models import Product
    ///
    /// def reindex(request):
    ///     return list(Product.objects.filter(search_dirty=True)[:500])
    /// ```
    ///
    /// ## When not to
    /// On a table that stays small, or where it is asked seldom (by commands that run once, in the back office, where a
    /// cache keeps the answer): where names and columns say so it is a hint. Or on one that is written far more often than
    /// it is searched this way. `icontains` and `endswith` cannot use such an index at all. That few rows have a
    /// value is told by its name, or by a run that takes such rows and gives them another one: look at the data before.
    /// A key of the session that no code of a whole project sets is no value at all.
    pub struct UnindexedFilter: "RT401", "unindexed-filter", Index, Info as hint;
}

impl Rule for UnindexedFilter {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let usages = usage::collect(traces, cx.project);
        for usage in usages.iter().filter(|usage| usage.columns.len() == 1) {
            let model = cx.project.schema.get(usage.model).label();
            let message = match &usage.condition {
                Some((field, value)) => format!(
                    "{model} is looked up by {field}={value}, which few rows have, and no index leads to them: every such \
                     statement reads the whole table"
                ),
                None if usage.is_order => format!(
                    "The first rows of {model} by {} are taken, which has no index: the whole table is read and sorted \
                     for them",
                    usage.listed()
                ),
                None => format!(
                    "{model} is looked up by {}, which has no index: every such statement reads the whole table",
                    usage.listed()
                ),
            };
            cure::report(&META, usage, usages.len(), message, cx);
        }
    }
}
