//! RT602, and what RT603 has in common with it.

use smol_str::SmolStr;

use super::collect::{self, Write};
use super::turns::{self, Repeated, Told};
use super::uniform_update;
use crate::model::{Confidence, Kind, Safety};
use crate::project::{Effects, Project};
use crate::rewrite::UseOfCall;
use crate::rules::concurrency::rows;
use crate::rules::macros::rule;
use crate::rules::{Context, DraftRewrite, Meta, Rule, models};
use crate::schema::FieldKind;
use crate::trace::{Cause, Event, EventKind, Row, RowOp, Trace, Written};

rule! {
    /// Changes rows and saves each of them in a loop.
    ///
    /// Also in a helper that is called in the loop, and `filter(pk=…).update(…)` with another value for each row.
    ///
    /// ## Why
    /// Each `save()` is a round trip, and writes every column of the row. `bulk_update()` sends one statement for many
    /// rows and writes the columns that are named.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.CharField(max_length=80)
    /// # file: forum/jobs.py
    /// from django.utils.text import slugify
    /// from forum.models import Topic
    ///
    /// def add_slugs():
    ///     for topic in Topic.objects.filter(slug=""):
    ///         topic.slug = slugify(topic.title)
    ///         topic.save()  # RT602
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     slug = models.CharField(max_length=80)
    /// # file: forum/jobs.py
    /// from django.utils.text import slugify
    /// from forum.models import Topic
    ///
    /// def add_slugs():
    ///     rows = []
    ///     for topic in Topic.objects.filter(slug=""):
    ///         topic.slug = slugify(topic.title)
    ///         rows.append(topic)  # RT602
    ///     Topic.objects.bulk_update(rows, ["slug"], batch_size=1000)
    /// ```
    ///
    /// Each row is on its own on purpose where its failure is handled, or others wait for it:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    /// # file: forum/jobs.py
    /// from django.db import IntegrityError
    /// from forum.models import Topic
    ///
    /// def shorten():
    ///     for topic in Topic.objects.all():
    ///         topic.title = topic.title[:40]
    ///         try:
    ///             topic.save()
    ///         except IntegrityError:
    ///             print(topic.pk)
    /// ```
    ///
    /// ## When not to
    /// `bulk_update()` calls neither `save()` nor receivers of signals, leaves `auto_now` columns as they are, and gives
    /// a number, not the rows. All rows are in memory until it runs: go in batches where they are many.
    pub struct SaveInLoop: "RT602", "save-in-loop", Bulk, Info;
}

impl Rule for SaveInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (at, _, _) in trace.queries() {
            if let Some(saved) = saved(trace, at, cx).filter(|saved| !uniform_update::is_all(saved)) {
                report(&saved, cx);
            } else if let Some(found) = updated(trace, at, cx).filter(|found| !uniform_update::is_same(found)) {
                report_update(&found, cx);
            }
        }
    }
}

/// A row that is changed and saved in a turn.
pub struct Saved<'t> {
    pub found: Repeated<'t>,
    pub row: &'t Row,
    /// The columns that the turn writes, with the events that do.
    pub writes: Vec<(&'t Event, &'t Written)>,
    pub update_fields: Option<&'t [SmolStr]>,
    pub effects: Effects,
}

/// A save in a turn, where nothing stands against writing all rows at once.
pub fn saved<'t>(trace: &'t Trace, at: usize, cx: &Context<'_>) -> Option<Saved<'t>> {
    let event = trace.events.get(at)?;
    let EventKind::Query(query) = &event.kind else { return None };
    if query.cause != Cause::Save || query.statement.facts.kind != Kind::Update {
        return None;
    }
    let found = turns::repeated(trace, at, cx.config)?;
    let stored = found.row()?;
    let RowOp::Save { update_fields, creates: false } = &stored.op else { return None };
    let row = &stored.row;
    // Another row in each turn; and one that is there already.
    let own = query.varies_with.is_some_and(|varies| varies == found.id);
    let or_new = trace.queries().any(|(_, other, sent)| {
        other.site == event.site && sent.cause == Cause::Save && sent.statement.facts.kind == Kind::Insert
    });
    // Several rows may lead to one.
    let own = own && row.path.is_empty();
    let asked = found.step.is_some() && found.use_of(cx.project) != UseOfCall::Unused;
    if !own || row.made || or_new || asked || found.reads_on_the_way(row.queryset) {
        return None;
    }
    let effects = row.model.map(|model| cx.project.save_effects(model)).unwrap_or_default();
    let writes: Vec<(&Event, &Written)> = turns::in_turn(trace, found.id)
        .filter(|(index, _)| *index < at)
        .filter_map(|(_, event)| rows::write(event).map(|(of, written)| (event, of, written)))
        .filter(|(_, of, _)| of.identity == row.identity)
        .map(|(event, _, written)| (event, written))
        .collect();
    let columns = writes.iter().all(|(_, written)| {
        let kind = models::column_kind(cx.project, row.model, &written.assigned.field);
        // A file is stored when its row is saved.
        kind != Some(Some(FieldKind::File))
    });
    let changes = !writes.is_empty() && columns && effects.is_plain();
    changes.then_some(Saved { found, row, writes, update_fields: update_fields.as_deref(), effects })
}

/// `filter(pk=row.pk).update(…)` of one row in each turn, the number of rows not asked for.
pub fn updated<'t>(trace: &'t Trace, at: usize, cx: &Context<'_>) -> Option<Repeated<'t>> {
    let event = trace.events.get(at)?;
    let EventKind::Query(query) = &event.kind else { return None };
    if !matches!(&query.cause, Cause::Method(method) if method == "update")
        || query.assigned.open
        || query.assigned.values.is_empty()
    {
        return None;
    }
    let queryset = trace.queryset(query.queryset?);
    let [only] = queryset.filters.as_slice() else { return None };
    let key = matches!(only.path.as_slice(), [path] if path == "pk" || path == "id") && only.lookup == "exact";
    let found = turns::repeated(trace, at, cx.config)?;
    let files = query
        .assigned
        .values
        .iter()
        .any(|set| models::column_kind(cx.project, queryset.model, &set.field) == Some(Some(FieldKind::File)));
    let own = query.varies_with == Some(found.id) && key && !only.negated && !files;
    (own && found.use_of(cx.project) == UseOfCall::Unused && !found.reads_on_the_way(None)).then_some(found)
}

fn report(saved: &Saved<'_>, cx: &mut Context<'_>) {
    let Saved { found, row, writes, .. } = saved;
    let mut confidence = found.confidence(cx.project);
    if row.model.is_none_or(|model| cx.project.schema.get(model).is_partial) {
        confidence = confidence.min(Confidence::Likely);
    }
    if row.model_name.is_empty() {
        confidence = Confidence::Possible;
    }
    // Of a column that is set on two ways, some rows get the one value and some the other.
    let twice = |name: &SmolStr| writes.iter().filter(|(_, written)| written.assigned.field == *name).count() > 1;
    let same = writes
        .iter()
        .all(|(_, written)| uniform_update::is_uniform(&written.assigned, found.id) && !twice(&written.assigned.field));
    // `user.set_unusable_password()` sets a column of its own.
    let called = |event: &Event| match &event.kind {
        EventKind::Opaque(name) => name.strip_prefix(row.identity.as_str()).is_some_and(|rest| rest.starts_with('.')),
        _ => false,
    };
    let same = same && !turns::in_turn(found.trace, found.id).any(|(_, event)| called(event));
    let fields = fields(cx.project, saved);
    let advice = match (same, fields.is_empty()) {
        (true, _) => "All of them get the same value: keep their keys and send filter(pk__in=…).update(…) behind the \
                      loop, or update() of a queryset that has the condition."
            .to_owned(),
        (false, true) => "Keep the rows in a list and write them behind the loop with bulk_update(rows, [fields], \
                          batch_size=1000)."
            .to_owned(),
        (false, false) => format!(
            "Keep the rows in a list and write them behind the loop with bulk_update(rows, [{}], batch_size=1000).",
            fields.iter().map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(", ")
        ),
    };
    let told = Told {
        rule: &META,
        what: format!("Saves {}", turns::a_row_of(&row.model_name)),
        so: ", with an UPDATE for each",
        confidence,
        advice,
        rewrite: at_once(cx.project, saved, &fields),
        key: row.model_name.to_string(),
    };
    found.report(told, cx);
}

fn report_update(found: &Repeated<'_>, cx: &mut Context<'_>) {
    let queryset = found.query.queryset.map(|id| found.trace.queryset(id));
    let model = queryset.map_or("", |queryset| queryset.model_name.as_str());
    let told = Told {
        rule: &META,
        what: format!("Updates {}", turns::a_row_of(model)),
        so: ", with a statement for each",
        confidence: found.confidence(cx.project),
        advice: "Make instances with the key and the new values, keep them in a list, and write them behind the loop \
                 with bulk_update(rows, [fields], batch_size=1000)."
            .to_owned(),
        rewrite: None,
        key: model.to_owned(),
    };
    found.report(told, cx);
}

/// The names of the columns that are written, where all of them are known.
fn fields(project: &Project, saved: &Saved<'_>) -> Vec<SmolStr> {
    let Some(model) = saved.row.model else { return Vec::new() };
    let written = saved.writes.iter().map(|(_, written)| &written.assigned.field);
    let mut out: Vec<SmolStr> = Vec::new();
    for name in saved.update_fields.map_or_else(|| written.collect(), |given| given.iter().collect::<Vec<_>>()) {
        match project.schema.field(model, name) {
            Some((_, field)) if field.has_column() && !field.primary_key && !out.contains(&field.name) => {
                out.push(field.name.clone());
            }
            // An attribute that is no column is not stored; of a base that is not in the input it may be one.
            Some(_) => {}
            None if project.schema.get(model).is_partial || saved.update_fields.is_some() => return Vec::new(),
            None => {}
        }
    }
    out
}

/// `bulk_update()` behind the loop.
fn at_once(project: &Project, saved: &Saved<'_>, fields: &[SmolStr]) -> Option<DraftRewrite> {
    let found = &saved.found;
    let model = saved.row.model?;
    // What leaves the input may set more columns; rows of a join may stand there twice.
    let known = found.is_alone()
        && found.event.confidence == Confidence::Certain
        && !fields.is_empty()
        && !saved.effects.inherits;
    let holder = super::create_in_loop::holder(project, found)?;
    if !known || found.is_needed(project, saved.row, Some(&holder)) {
        return None;
    }
    let quote = crate::rewrite::Quote::of(project.module(found.site.file).source.text());
    let names = fields.iter().map(|field| quote.text(field).to_string()).collect::<Vec<_>>().join(", ");
    let manager = models::manager_in(project, found.site.file, model)?;
    let more = vec![format!("[{names}]"), "batch_size=1000".to_owned()];
    let edits = collect::edits(project, found, &holder, &Write { callee: format!("{manager}.bulk_update"), more })?;
    let mut note =
        "bulk_update() calls no save(), sends no signals and writes these columns only. An error leaves none \
                    of the rows changed; the loop left those before it."
            .to_owned();
    if !saved.effects.auto_now.is_empty() {
        note.push_str(&format!(
            " It leaves {} as it was, which save() sets to now.",
            saved.effects.auto_now.join(", ")
        ));
    }
    Some(DraftRewrite { safety: Safety::Review, title: "Write all rows with one statement".to_owned(), note, edits })
}
