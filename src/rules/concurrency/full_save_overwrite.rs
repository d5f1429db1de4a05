//! RT503

use super::rows;
use super::runs::{self, Risk, Verdict};
use crate::model::{Confidence, Safety};
use crate::project::Project;
use crate::rewrite::{self, FileEdit, Quote};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, models};
use crate::trace::{Event, EventKind, Role, Row, RowOp, Trace, Written};

rule! {
    /// Saves every column of a row that was read before a wait, though it has changed only some.
    ///
    /// `save()` without `update_fields`, where a call to another program, a mail, a `sleep()` or an `await` stands between
    /// the read and the save.
    ///
    /// ## Why
    /// `save()` writes all columns as they were read. What another request has changed while this one was waiting is set
    /// back, and nobody is told. `save(update_fields=[…])` writes what was changed here. In a measurement on PostgreSQL
    /// four threads counted a row up 200 times while four others saved it after a millisecond: 40 were left; with
    /// `update_fields` all 200.
    ///
    /// ## Example
    /// ```python flag
    /// # file: feeds/models.py
    /// from django.db import models
    ///
    /// class Feed(models.Model):
    ///     address = models.CharField(max_length=200)
    ///     body = models.TextField()
    /// # file: feeds/views.py
    /// import requests
    /// from feeds.models import Feed
    ///
    /// def fetch(request, pk):
    ///     feed = Feed.objects.get(pk=pk)
    ///     feed.body = requests.get(feed.address, timeout=9).text
    ///     feed.save()  # RT503
    /// ```
    /// ```python fix
    /// # file: feeds/models.py
    /// from django.db import models
    ///
    /// class Feed(models.Model):
    ///     address = models.CharField(max_length=200)
    ///     body = models.TextField()
    /// # file: feeds/views.py
    /// import requests
    /// from feeds.models import Feed
    ///
    /// def fetch(request, pk):
    ///     feed = Feed.objects.get(pk=pk)
    ///     feed.body = requests.get(feed.address, timeout=9).text
    ///     feed.save(update_fields=["body"])  # RT503
    /// ```
    ///
    /// Nobody else has a new row:
    /// ```python ok
    /// # file: feeds/models.py
    /// from django.db import models
    ///
    /// class Feed(models.Model):
    ///     address = models.CharField(max_length=200)
    ///     body = models.TextField()
    /// # file: feeds/views.py
    /// import requests
    /// from feeds.models import Feed
    ///
    /// def add(request, address):
    ///     feed = Feed(address=address)
    ///     feed.body = requests.get(address, timeout=9).text
    ///     feed.save()
    /// ```
    ///
    /// ## When not to
    /// A `save()` of the model's own, or a receiver, may set more columns: they must be among `update_fields`, and so must
    /// those with `auto_now`. A row that was deleted meanwhile is made again by `save()`, and raises `DatabaseError` with
    /// `update_fields`.
    pub struct FullSaveOverwrite: "RT503", "full-save-overwrite", Concurrency, Info;
}

struct Overwrite<'t> {
    row: &'t Row,
    read: &'t Event,
    /// What is waited for.
    wait: &'t Event,
    /// What is written between the read and the save.
    writes: Vec<&'t Written>,
    /// Something leaves the input meanwhile, and may change the row.
    opaque: bool,
}

impl Rule for FullSaveOverwrite {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let found = runs::at_risk(traces, |trace, at, event| match &event.kind {
            EventKind::Row(saved) => match &saved.op {
                RowOp::Save { update_fields: None, creates: false } => look(project, trace, at, event, &saved.row),
                _ => None,
            },
            _ => None,
        });
        for risk in found {
            report(&risk, cx);
        }
    }
}

fn look<'t>(
    project: &Project,
    trace: &'t Trace,
    at: usize,
    event: &'t Event,
    row: &'t Row,
) -> Option<Verdict<Overwrite<'t>>> {
    let (from, read) = rows::read_before(trace, at, row)?;
    let between = trace.events.get(from + 1..at)?;
    let waits = |other: &&Event| matches!(other.kind, EventKind::ExternalIo(_)) && !other.excludes(event);
    let wait = between.iter().rev().find(waits)?;
    let effects = row.model.map(|model| project.save_effects(model)).unwrap_or_default();
    let written = between.iter().filter_map(rows::write).filter(|(of, _)| of.identity == row.identity);
    let writes: Vec<&Written> = written.map(|(_, written)| written).collect();
    // A `save()` of the model's own mostly sets what it needs.
    if writes.is_empty() || effects.overridden.is_some() || rows::is_new(trace, event, row) {
        return None;
    }
    if runs::is_locked(trace, at) {
        return Some(Verdict::Guarded);
    }
    let opaque = between.iter().any(|other| matches!(other.kind, EventKind::Opaque(_)));
    Some(Verdict::AtRisk(Overwrite { row, read, wait, writes, opaque }))
}

fn report(risk: &Risk<'_, Overwrite<'_>>, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: overwrite } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let Overwrite { row, read, wait, .. } = overwrite;
    let confidence = match trace.role {
        Role::Command => Confidence::Possible,
        // What an unknown coroutine waits for may be short.
        _ => rows::confidence(Some(read), row).min(wait.confidence.max(Confidence::Likely)),
    };
    let EventKind::ExternalIo(name) = &wait.kind else { return };
    let of = if row.model_name.is_empty() { "a row".to_owned() } else { row.model_name.to_string() };
    let fields = fields(cx.project, overwrite);
    let list = fields.iter().map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(", ");
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(*site),
        message: format!(
            "Saves every column of {of} as it was read before {}(): what others have changed meanwhile is set back.",
            name.rsplit('.').next().unwrap_or_default()
        ),
        cost: None,
        evidence: rows::evidence(Some((read, "the row is read here")), &[(wait.site, "this takes its time")], event),
        rewrite: partial(cx.project, overwrite, event, &fields),
        advice: match fields.is_empty() {
            true => "Save what was changed here only: save(update_fields=[…]), auto_now columns included.".to_owned(),
            false => format!("Save what was changed here only: save(update_fields=[{list}])."),
        },
        key: row.model_name.to_string(),
    });
}

/// The columns that are written here, and those that set themselves; none where they are not known.
fn fields(project: &Project, overwrite: &Overwrite<'_>) -> Vec<String> {
    let Some(model) = overwrite.row.model else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    for written in &overwrite.writes {
        let name = written.assigned.field.as_str();
        match models::column_kind(project, Some(model), name) {
            Some(Some(_)) => {
                let field = project.schema.field(model, name).map_or(name, |(_, field)| field.name.as_str());
                if !out.iter().any(|known| known == field) {
                    out.push(field.to_owned());
                }
            }
            // No column: nothing is stored of it.
            Some(None) => {}
            None => return Vec::new(),
        }
    }
    if !out.is_empty() {
        let own = project.save_effects(model).auto_now;
        let more: Vec<String> = own.iter().map(ToString::to_string).filter(|name| !out.contains(name)).collect();
        out.extend(more);
    }
    out
}

/// `save(update_fields=[…])`
fn partial(project: &Project, overwrite: &Overwrite<'_>, event: &Event, fields: &[String]) -> Option<DraftRewrite> {
    let model = overwrite.row.model?;
    let site = event.site?;
    let effects = project.save_effects(model);
    let same = overwrite.read.via == event.via;
    if fields.is_empty() || overwrite.opaque || !same || !effects.is_plain() || project.schema.get(model).is_partial {
        return None;
    }
    let module = project.module(site.file);
    let call = rewrite::call_at(&module.ir, site.span)?;
    if !project.text(crate::model::Site::new(site.file, call.args)).trim().is_empty() {
        return None;
    }
    let quote = Quote::of(module.source.text());
    let list = fields.iter().map(|field| quote.text(field)).collect::<Vec<_>>().join(", ");
    let args = crate::model::Site::new(site.file, call.args);
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Save what was changed here".to_owned(),
        note: "Columns that are set in other ways (by setattr(), by what gets the row) must be in the list as well. A row \
               that was deleted meanwhile raises DatabaseError; save() would have made it again."
            .to_owned(),
        edits: vec![FileEdit::replace(args, format!("update_fields=[{list}]"))],
    })
}
