//! RT601

use super::collect::{self, Write};
use super::turns::{self, Repeated, Told};
use crate::model::{Confidence, Kind, Safety};
use crate::project::Project;
use crate::rewrite::{self, UseOfCall};
use crate::rules::concurrency::rows;
use crate::rules::macros::rule;
use crate::rules::{Context, DraftRewrite, Meta, Rule, models};
use crate::schema::{FieldKind, ModelId};
use crate::trace::{Cause, RowOp, Trace};

rule! {
    /// Creates rows one by one in a loop, with a statement for each.
    ///
    /// `create()`, or `save()` of an instance that was made there, also in a helper that is called in the loop.
    ///
    /// ## Why
    /// Each row is a round trip to the database, and in autocommit a transaction of its own. `bulk_create()` sends one
    /// statement for many rows.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def add(request, names):
    ///     for name in names:
    ///         Tag.objects.create(name=name)  # RT601
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def add(request, names):
    ///     Tag.objects.bulk_create([Tag(name=name) for name in names], batch_size=1000)  # RT601
    /// ```
    ///
    /// The row is needed as soon as it is there:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=20)
    ///
    /// class Post(models.Model):
    ///     topic = models.ForeignKey(Topic, on_delete=models.CASCADE)
    /// # file: forum/views.py
    /// from forum.models import Post, Topic
    ///
    /// def add(request, titles):
    ///     for title in titles:
    ///         topic = Topic.objects.create(title=title)
    ///         topic.post_set.create()
    /// ```
    ///
    /// ## When not to
    /// `bulk_create()` calls neither `save()` nor receivers of signals, and does not work for a model that builds on
    /// another one's table. The keys come back on PostgreSQL, SQLite and MariaDB, not on MySQL. One row that breaks a
    /// constraint stops all of them: where each is to succeed or fail by itself, the loop is right.
    pub struct CreateInLoop: "RT601", "create-in-loop", Bulk, Info;
}

impl Rule for CreateInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (at, _, query) in trace.queries() {
            let creates = match &query.cause {
                Cause::Method(method) => method == "create",
                Cause::Save => true,
                _ => false,
            };
            if creates && query.statement.facts.kind == Kind::Insert {
                look(trace, at, cx);
            }
        }
    }
}

fn look(trace: &Trace, at: usize, cx: &mut Context<'_>) {
    let Some(found) = turns::repeated(trace, at, cx.config) else { return };
    let Some(made) = found.row().filter(|made| matches!(made.op, RowOp::Create | RowOp::Save { creates: true, .. }))
    else {
        return;
    };
    let row = &made.row;
    let effects = row.model.map(|model| cx.project.save_effects(model)).unwrap_or_default();
    // Their contents would all be in memory.
    let files = found
        .query
        .assigned
        .values
        .iter()
        .any(|set| models::column_kind(cx.project, row.model, &set.field) == Some(Some(FieldKind::File)));
    let depends = files || leads_to_new(&found) || found.is_asked_for() || found.reads_on_the_way(None);
    if !effects.is_plain() || effects.inherits || depends {
        return;
    }
    let used = found.use_of(cx.project);
    let name = match (&used, &made.op) {
        (UseOfCall::Bound(name), _) => Some(name.to_string()),
        // `row.save()`: the row has a name.
        (UseOfCall::Unused, RowOp::Save { .. }) if found.step.is_none() => holder(cx.project, &found),
        (UseOfCall::Unused | UseOfCall::Collected, _) => None,
        (UseOfCall::Returned | UseOfCall::Other, _) => return,
    };
    let keys = cx.project.settings.engine.as_deref() != Some("mysql");
    if found.is_needed(cx.project, row, name.as_deref()) || used == UseOfCall::Collected && !keys {
        return;
    }
    let mut confidence = found.confidence(cx.project);
    if row.model.is_none_or(|model| cx.project.schema.get(model).is_partial) {
        confidence = confidence.min(Confidence::Likely);
    }
    let rewrite = row.model.filter(|_| used == UseOfCall::Unused);
    let rewrite = rewrite.and_then(|model| at_once(cx.project, &found, model));
    let model = row.model_name.as_str();
    let told = Told {
        rule: &META,
        what: format!("Creates {}", turns::a_row_of(model)),
        so: ", with an INSERT for each",
        confidence,
        advice: "Make the instances in the loop, keep them in a list, and write them behind it with \
                 bulk_create(rows, batch_size=1000)."
            .to_owned(),
        rewrite,
        key: model.to_owned(),
    };
    found.report(told, cx);
}

/// It points at a row that the same turn has created, which must be there before.
fn leads_to_new(found: &Repeated<'_>) -> bool {
    let made: Vec<&str> = turns::in_turn(found.trace, found.id)
        .filter(|(at, event)| *at < found.at && event.site != found.event.site)
        .filter_map(|(_, event)| rows::row_event(event).filter(|made| made.row.made))
        .map(|made| made.row.identity.as_str())
        .collect();
    found.query.assigned.values.iter().any(|assigned| made.iter().any(|row| assigned.value.contains(row)))
}

/// `row` of `row.save()`
pub fn holder(project: &Project, found: &Repeated<'_>) -> Option<String> {
    let (holder, _) = project.text(found.site).split('(').next()?.rsplit_once('.')?;
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    holder.chars().all(plain).then(|| holder.to_owned())
}

/// `bulk_create()` behind the loop.
fn at_once(project: &Project, found: &Repeated<'_>, model: ModelId) -> Option<DraftRewrite> {
    let module = project.module(found.site.file);
    let call = rewrite::call_at(&module.ir, found.site.span)?;
    let text = |span| project.text(crate::model::Site::new(found.site.file, span));
    let (receiver, method) = text(call.callee).rsplit_once('.')?;
    let (item, manager) = match method.trim() {
        "create" => {
            let name = receiver.strip_suffix(".objects")?;
            let args = text(call.args).trim();
            (project.schema.get(model).name == name).then(|| (format!("{name}({args})"), receiver.to_owned()))?
        }
        // Arguments of `save()` say what to write, or where.
        "save" if text(call.args).trim().is_empty() => {
            (receiver.to_owned(), models::manager_in(project, found.site.file, model)?)
        }
        _ => return None,
    };
    let write = Write { callee: format!("{manager}.bulk_create"), more: vec!["batch_size=1000".to_owned()] };
    let edits = collect::edits(project, found, &item, &write)?;
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Create all rows with one statement".to_owned(),
        note: "bulk_create() calls no save() and sends no signals. An error leaves none of the rows behind; the loop \
               left those before it."
            .to_owned(),
        edits,
    })
}
