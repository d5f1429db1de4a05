//! RT104

use crate::model::{Confidence, Safety, Site, Span, Terms};
use crate::project::Project;
use crate::rewrite::FileEdit;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops};
use crate::schema::Field;
use crate::trace::{Cause, EventKind, Origin, Query, Row, RowOp, Trace};

rule! {
    /// Fetches a related row only to read its key, which the foreign key's own column holds.
    ///
    /// ## Why
    /// `topic.forum.pk` sends a statement for the forum; `topic.forum_id` is there already.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def forums():
    ///     return {topic.forum.pk for topic in Topic.objects.all()}  # RT104
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def forums():
    ///     return {topic.forum_id for topic in Topic.objects.all()}  # RT104
    /// ```
    /// A row that is read otherwise as well must be fetched anyway:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Forum(models.Model):
    ///     name = models.CharField(max_length=80)
    ///
    /// class Topic(models.Model):
    ///     forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def forum(request, pk):
    ///     topic = Topic.objects.get(pk=pk)
    ///     return {"id": topic.forum.pk, "name": topic.forum.name}
    /// ```
    ///
    /// ## When not to
    /// Where the relation may be empty, `topic.forum.pk` raises and `topic.forum_id` is `None`. A foreign key with
    /// `to_field` holds another column than the key, and one that `only()` leaves out costs a statement too.
    pub struct FkObjectOnlyForPk: "RT104", "fk-object-only-for-pk", NPlusOne, Info;
}

impl Rule for FkObjectOnlyForPk {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Origin::Code { .. } = trace.origin else { return };
        if !trace.role.is_judged() {
            return;
        }
        for (at, event, query) in trace.queries() {
            if event.rendered.is_none() && is_spared(cx.project, trace, query) {
                report(trace, at, query, cx);
            }
        }
    }
}

/// Whether a statement need not be sent, for the row that it would read holds the one thing that is asked of it.
pub fn is_spared(project: &Project, trace: &Trace, query: &Query) -> bool {
    let Cause::Relation { row, field, pk_only: true } = &query.cause else { return false };
    if let Some(declared) = declared(project, row, field)
        && declared.relation.as_ref().is_some_and(|relation| relation.to_field.is_some())
    {
        return false;
    }
    let left_out = row.queryset.is_some_and(|id| {
        let queryset = trace.queryset(id);
        let names = [field.to_string(), format!("{field}_id")];
        let kept = |only: &Vec<smol_str::SmolStr>| only.iter().any(|column| names.iter().any(|name| column == name));
        queryset.only.as_ref().is_some_and(|only| !kept(only)) || kept(&queryset.defer)
    });
    !left_out && !is_read_otherwise(trace, row, field)
}

/// Whether something else than the key is read of the related row later on.
fn is_read_otherwise(trace: &Trace, row: &Row, field: &str) -> bool {
    trace.events.iter().any(|event| match &event.kind {
        EventKind::Row(read) => match &read.op {
            RowOp::Relation { field: other, pk_only: false, .. } => other == field && read.row.identity == row.identity,
            _ => false,
        },
        _ => false,
    })
}

fn declared<'p>(project: &'p Project, row: &Row, field: &str) -> Option<&'p Field> {
    row.model.and_then(|model| project.schema.field(model, field)).map(|(_, field)| field)
}

fn report(trace: &Trace, at: usize, query: &Query, cx: &mut Context<'_>) {
    let (Some(event), Cause::Relation { row, field, .. }) = (trace.events.get(at), &query.cause) else { return };
    let Some(site) = event.site else { return };
    let (confidence, why) = loops::doubt(row.model.is_some(), event.confidence, &row.model_name);
    // What comes from elsewhere may bring its relations along.
    let confidence = if row.queryset.is_some() { confidence } else { confidence.min(Confidence::Likely) };
    let column = declared(cx.project, row, field).map_or_else(|| format!("{field}_id"), |f| f.attname().to_string());
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(site),
        message: format!(
            "`{}` is fetched for its key alone, which `{column}` holds already{why}.",
            cx.project.text(site).split_whitespace().collect::<Vec<_>>().join(" "),
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::zero())),
        evidence: Vec::new(),
        rewrite: cure(cx.project, site, row, field, &column),
        advice: format!("Read {column} instead of the related row's key."),
        key: format!("{}.{field}", row.model_name),
    });
}

/// `topic.forum.pk` → `topic.forum_id`
fn cure(project: &Project, site: Site, row: &Row, field: &str, column: &str) -> Option<DraftRewrite> {
    let source = &project.module(site.file).source;
    let expression = source.slice(site.span);
    let written = expression.strip_suffix(field)?;
    if !written.ends_with('.') {
        return None;
    }
    let after = source.text().get(site.span.end as usize..)?.strip_prefix('.')?;
    let key = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(after, |end| &after[..end]);
    let start = site.span.end - field.len() as u32;
    let span = Span { start, end: site.span.end + 1 + key.len() as u32 };
    let declared = declared(project, row, field);
    let note = match declared {
        None => "Check that this is a foreign key to the related model's primary key.",
        Some(declared) if declared.null => {
            "The relation may be empty: its key is None then, where the attribute of None raised."
        }
        Some(_) => "",
    };
    Some(DraftRewrite {
        safety: if note.is_empty() { Safety::Safe } else { Safety::Review },
        title: format!("Read {column}"),
        note: note.to_owned(),
        edits: vec![FileEdit::replace(Site::new(site.file, span), column)],
    })
}
