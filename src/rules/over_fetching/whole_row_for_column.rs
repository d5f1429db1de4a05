//! RT303

use smol_str::SmolStr;

use crate::model::{Confidence, Safety};
use crate::project::Project;
use crate::rewrite::Quote;
use crate::rules::macros::rule;
use crate::rules::n_plus_one::eager;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule};
use crate::schema::{FieldKind, ModelId};
use crate::trace::{LoopInfo, Origin, QuerySet, Trace};

rule! {
    /// Fetches whole rows of which a loop reads one or two columns.
    ///
    /// ## Why
    /// All columns travel and become attributes of an instance, long texts included. `only()` fetches those that are
    /// read; `values_list()` makes no instances either.
    ///
    /// ## Example
    /// ```python flag
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     summary = models.TextField()
    ///     body = models.TextField()
    ///     notes = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def titles(request):
    ///     return [entry.title for entry in Entry.objects.filter(slug="x")]  # RT303
    /// ```
    /// ```python fix
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     summary = models.TextField()
    ///     body = models.TextField()
    ///     notes = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def titles(request):
    ///     return [entry.title for entry in Entry.objects.filter(slug="x").only("title")]  # RT303
    /// ```
    /// ```python ok
    /// # file: blog/models.py
    /// from django.db import models
    ///
    /// class Entry(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.SlugField()
    ///     summary = models.TextField()
    ///     body = models.TextField()
    ///     notes = models.TextField()
    /// # file: blog/views.py
    /// from blog.models import Entry
    ///
    /// def titles(request):
    ///     return list(Entry.objects.filter(slug="x").values_list("title", flat=True))
    /// ```
    ///
    /// ## When not to
    /// Where the rows are narrow, or somebody else gets them and may read more: each missing column is then a statement.
    pub struct WholeRowForColumn: "RT303", "whole-row-for-column", OverFetching, Info as hint;
}

/// Columns beside those that are read, from which on it is worth a word; a wide one counts for three.
const SPARED: usize = 6;

impl Rule for WholeRowForColumn {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        for info in &trace.loops {
            let Some(queryset) = info.queryset.map(|id| trace.queryset(id)) else { continue };
            let Some((model, columns)) = narrow(cx.project, queryset, info) else { continue };
            report(trace, info, queryset, model, &columns, cx);
        }
    }
}

/// The model and the columns, where nothing but one or two of them is read.
fn narrow(project: &Project, queryset: &QuerySet, info: &LoopInfo) -> Option<(ModelId, Vec<SmolStr>)> {
    let model = queryset.model.filter(|_| is_plain(queryset))?;
    let reads = info.reads.as_ref().filter(|reads| !reads.is_empty())?;
    let mut columns: Vec<SmolStr> = Vec::new();
    for name in reads {
        let (_, field) = project.schema.field(model, name)?;
        // A relation is a column only by its raw key.
        let raw = field.relation.is_none() || field.attname() == *name;
        if !raw || !field.has_column() {
            return None;
        }
        if !columns.contains(&field.name) {
            columns.push(field.name.clone());
        }
    }
    let declared = project.schema.get(model);
    let spared = declared.fields.iter().filter(|field| field.has_column() && !columns.contains(&field.name));
    let weight: usize = spared
        .map(|field| match field.kind {
            FieldKind::Text | FieldKind::Json | FieldKind::Binary => 3,
            _ => 1,
        })
        .sum();
    (columns.len() <= 2 && weight >= SPARED && !declared.is_partial).then_some((model, columns))
}

fn is_plain(queryset: &QuerySet) -> bool {
    queryset.local
        && !queryset.opaque
        && queryset.only.is_none()
        && queryset.defer.is_empty()
        && queryset.values.is_none()
        && queryset.annotations.is_empty()
        && queryset.related_to.is_none()
        && !queryset.combined
        && !queryset.locked
        && !queryset.distinct
}

fn report(
    trace: &Trace,
    info: &LoopInfo,
    queryset: &QuerySet,
    model: ModelId,
    columns: &[SmolStr],
    cx: &mut Context<'_>,
) {
    let all = cx.project.schema.get(model).fields.iter().filter(|field| field.has_column()).count();
    let listed = columns.join(" and ");
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: Confidence::Likely,
        site: Some(info.site),
        message: format!("Of the {all} columns of {}, only {listed} is read here.", queryset.model_name),
        cost: None,
        evidence: Vec::new(),
        rewrite: cure(cx.project, trace, queryset, columns),
        advice: "Fetch what is read: only(), or values_list() where no instances are needed.".to_owned(),
        key: format!("{}.{}", queryset.model_name, columns.join(".")),
    });
}

fn cure(project: &Project, trace: &Trace, queryset: &QuerySet, columns: &[SmolStr]) -> Option<DraftRewrite> {
    // A join needs its foreign key, and a prefetch the key that it goes by.
    if !queryset.select_related.is_empty() || queryset.select_related_all || !queryset.prefetch_related.is_empty() {
        return None;
    }
    let file = queryset.steps.first().map(|step| step.call.file)?;
    let quote = Quote::of(project.module(file).source.text());
    let args = columns.iter().map(|column| quote.text(column)).collect::<Vec<_>>().join(", ");
    Some(DraftRewrite {
        safety: Safety::Review,
        title: format!("Fetch {} alone", columns.join(", ")),
        note: "Agree that nothing else reads these rows.".to_owned(),
        edits: eager::append(project, trace, queryset, "only", &args).ok()?,
    })
}
