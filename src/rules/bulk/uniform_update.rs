//! RT603

use super::collect;
use super::save_in_loop::{self, Saved};
use super::turns::{self, Repeated, Told};
use crate::model::{Confidence, LoopId, Safety, Site};
use crate::project::Project;
use crate::rewrite;
use crate::rules::concurrency::rows;
use crate::rules::macros::rule;
use crate::rules::{Context, DraftRewrite, Meta, Rule, models};
use crate::trace::{Assigned, EventKind, Trace, ValueKind};

rule! {
    /// Gives every row of a query the same value and saves them one by one.
    ///
    /// Also `F("n") + 1`, which the database computes for each row, and `filter(pk=row.pk).update(…)` in the loop.
    ///
    /// ## Why
    /// The database can do it with one statement and without sending the rows: `update()` on the queryset.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     closed = models.BooleanField(default=False)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def close(request):
    ///     for topic in Topic.objects.filter(closed=False):
    ///         topic.closed = True
    ///         topic.save()  # RT603
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     closed = models.BooleanField(default=False)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def close(request):
    ///     Topic.objects.filter(closed=False).update(closed=True)  # RT603
    /// ```
    ///
    /// A model whose `save()` does more than storing the row is to be saved:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     closed = models.BooleanField(default=False)
    ///
    ///     def save(self, *args, **kwargs):
    ///         print("saved")
    ///         super().save(*args, **kwargs)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def close(request):
    ///     for topic in Topic.objects.all():
    ///         topic.closed = True
    ///         topic.save()
    /// ```
    ///
    /// ## When not to
    /// `update()` calls neither `save()` nor receivers of signals, leaves `auto_now` columns as they are, and does not
    /// work on a queryset with a limit. Instances that were read before keep their old values.
    pub struct UniformUpdate: "RT603", "uniform-update", Bulk, Warning;
}

impl Rule for UniformUpdate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (at, _, _) in trace.queries() {
            if let Some(saved) = save_in_loop::saved(trace, at, cx).filter(is_all) {
                report(&saved, cx);
            } else if let Some(found) = save_in_loop::updated(trace, at, cx).filter(is_same) {
                report_update(&found, cx);
            }
        }
    }
}

/// The value is the same in every turn of a loop, or the database computes it.
pub fn is_uniform(assigned: &Assigned, id: LoopId) -> bool {
    assigned.varies_with != Some(id) && (assigned.site.is_some() || assigned.kind != ValueKind::Other)
}

/// Every row of a query gets the same, and the turn does nothing else.
pub fn is_all(saved: &Saved<'_>) -> bool {
    let Saved { found, row, writes, .. } = saved;
    let of_loop = row.queryset.is_some() && row.queryset == found.info().queryset && row.path.is_empty();
    let same =
        writes.iter().all(|(event, written)| is_uniform(&written.assigned, found.id) && !found.is_conditional(event));
    let nothing_else = turns::in_turn(found.trace, found.id).all(|(_, event)| match &event.kind {
        EventKind::Row(_) => rows::row_event(event).is_some_and(|other| other.row.identity == row.identity),
        EventKind::Query(_) => event.site == found.event.site,
        _ => false,
    });
    found.step.is_none() && of_loop && same && nothing_else && !found.is_conditional(found.event)
}

/// `filter(pk=row.pk).update(closed=True)`: the same for all.
pub fn is_same(found: &Repeated<'_>) -> bool {
    let values = &found.query.assigned.values;
    !values.is_empty() && values.iter().all(|assigned| is_uniform(assigned, found.id))
}

fn report(saved: &Saved<'_>, cx: &mut Context<'_>) {
    let Saved { found, row, writes, .. } = saved;
    let set: Vec<String> = writes
        .iter()
        .map(|(_, written)| {
            let value = written.assigned.site.map_or("…", |site| cx.project.text(site));
            format!("{}={value}", written.assigned.field)
        })
        .collect();
    let told = Told {
        rule: &META,
        what: format!("Saves {} with the same value", turns::a_row_of(&row.model_name)),
        so: "",
        confidence: if row.model_name.is_empty() { Confidence::Possible } else { found.confidence(cx.project) },
        advice: format!("Let the database do it with one statement: update({}) on the queryset.", set.join(", ")),
        rewrite: at_once(cx.project, saved),
        key: row.model_name.to_string(),
    };
    found.report(told, cx);
}

fn report_update(found: &Repeated<'_>, cx: &mut Context<'_>) {
    let queryset = found.query.queryset.map(|id| found.trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let told = Told {
        rule: &META,
        what: format!("Updates {} with the same value", turns::a_row_of(model)),
        so: "",
        confidence: found.confidence(cx.project),
        advice: "Collect the keys, or take the queryset itself, and send one update(): filter(pk__in=…).update(…)."
            .to_owned(),
        rewrite: None,
        key: model.to_owned(),
    };
    found.report(told, cx);
}

/// `rows.update(…)` in the place of the loop.
fn at_once(project: &Project, saved: &Saved<'_>) -> Option<DraftRewrite> {
    let Saved { found, row, writes, effects, .. } = saved;
    let (whole, turned) = collect::plain_loop(project, found)?;
    let module = project.module(whole.file);
    let queryset = found.rows()?;
    let refined = queryset.slice.is_some() || queryset.combined || queryset.distinct || found.is_streamed();
    // The expression itself is the queryset, no list of its rows.
    let iter = Site::new(whole.file, turned.iter);
    let text = project.text(iter);
    let plain_name = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let itself = found.info().site == iter && (plain_name || queryset.built == Some(iter));
    let statements = writes.iter().map(|(event, _)| event.statement).chain([found.event.statement]);
    let spans: Option<Vec<_>> = statements.map(|site| site.filter(|s| s.file == whole.file).map(|s| s.span)).collect();
    if refined || !itself || text.contains('\n') || effects.inherits || spans? != turned.body {
        return None;
    }
    let name = turned.name.as_ref()?;
    let rest = rewrite::rest_of_function(&module.ir, whole.span)?;
    let later = rewrite::read_in(&module.ir, rest);
    // Who reads the rows behind the loop expects their new values.
    if later.contains(name) || plain_name && later.contains(text) {
        return None;
    }
    let mut set = Vec::new();
    for (_, written) in writes {
        let field = &written.assigned.field;
        let kind = models::column_kind(project, row.model, field)??;
        let value = project.text(written.assigned.site?);
        let twice = writes.iter().filter(|(_, other)| other.assigned.field == *field).count() > 1;
        if kind == crate::schema::FieldKind::Auto || value.contains('\n') || twice || rewrite::is_used(value, name) {
            return None;
        }
        set.push(format!("{field}={value}"));
    }
    let commented = module.ir.comments.iter().any(|comment| whole.span.contains(comment.span));
    if commented {
        return None;
    }
    let line = format!("{text}.update({})\n", set.join(", "));
    let mut note = "update() calls no save() and sends no signals, and writes these columns only.".to_owned();
    if !effects.auto_now.is_empty() {
        note.push_str(&format!(" It leaves {} as it was, which save() sets to now.", effects.auto_now.join(", ")));
    }
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Update all rows with one statement".to_owned(),
        note,
        edits: vec![rewrite::replace_line(&module.source, whole, &line)?],
    })
}
