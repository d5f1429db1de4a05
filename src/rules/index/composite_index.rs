//! RT402

use super::{cure, usage};
use crate::rules::macros::rule;
use crate::rules::{Context, Meta, Rule};
use crate::trace::Trace;

rule! {
    /// Looks rows up by several columns that no index holds together.
    ///
    /// ## Why
    /// An index on the first column alone finds all of its rows, and the database reads each of them to compare the
    /// others. An index on the columns together, equality first and one range or order last, leads to the rows at once.
    ///
    /// ## Example
    /// ```python flag
    /// # file: metrics/models.py
    /// from django.db import models
    ///
    /// class Team(models.Model):
    ///     name = models.CharField(max_length=50, unique=True)
    ///
    /// class PullRequest(models.Model):
    ///     team = models.ForeignKey(Team, on_delete=models.CASCADE)
    ///     state = models.CharField(max_length=10, choices=[("open", "Open"), ("merged", "Merged")])
    ///     merged_at = models.DateTimeField(null=True)
    /// # file: metrics/views.py
    /// from metrics.models import PullRequest
    ///
    /// def dashboard(request, team, start):
    ///     return list(PullRequest.objects.filter(team=team, state="merged", merged_at__gte=start))  # RT402
    /// ```
    /// ```python ok
    /// # file: metrics/models.py
    /// from django.db import models
    ///
    /// class Team(models.Model):
    ///     name = models.CharField(max_length=50, unique=True)
    ///
    /// class PullRequest(models.Model):
    ///     team = models.ForeignKey(Team, on_delete=models.CASCADE)
    ///     state = models.CharField(max_length=10, choices=[("open", "Open"), ("merged", "Merged")])
    ///     merged_at = models.DateTimeField(null=True)
    ///
    ///     class Meta:
    ///         indexes = [models.Index(fields=["team", "state", "merged_at"], name="pr_team_state_merged_idx")]
    /// # file: metrics/views.py
    /// from metrics.models import PullRequest
    ///
    /// def dashboard(request, team, start):
    ///     return list(PullRequest.objects.filter(team=team, state="merged", merged_at__gte=start))
    /// ```
    /// The foreign key's own index is enough where nothing else narrows the rows:
    /// ```python ok
    /// # file: metrics/models.py
    /// from django.db import models
    ///
    /// class Team(models.Model):
    ///     name = models.CharField(max_length=50, unique=True)
    ///
    /// class Member(models.Model):
    ///     team = models.ForeignKey(Team, on_delete=models.CASCADE)
    ///     is_active = models.BooleanField(default=True)
    /// # file: metrics/views.py
    /// from metrics.models import Member
    ///
    /// def members(request, team):
    ///     return list(Member.objects.filter(team=team, is_active=True))
    /// ```
    ///
    /// ## When not to
    /// Where the first column finds a few rows already, the others cost nothing: what an owner's index narrows is a hint,
    /// unless it is asked for by more than three requests or loops, and so are the rows of an owner of which code deletes
    /// those beyond a number or an age. Columns that are never compared without each other
    /// belong into one index; every further index costs each write.
    pub struct CompositeIndex: "RT402", "composite-index", Index, Info as hint;
}

impl Rule for CompositeIndex {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let usages = usage::collect(traces, cx.project);
        for usage in usages.iter().filter(|usage| usage.columns.len() > 1) {
            let model = cx.project.schema.get(usage.model);
            let effect = if usage.is_narrowed {
                "an index serves only a part of it, and the rows that it finds are read to compare the rest"
            } else {
                "no index serves it: every such statement reads the whole table"
            };
            let message = format!("{} is looked up by ({}) together; {effect}", model.label(), usage.listed());
            cure::report(&META, usage, usages.len(), message, cx);
        }
    }
}
