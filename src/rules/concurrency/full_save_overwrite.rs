//! RT503

use smol_str::SmolStr;

use super::counted_columns::{self, Counted};
use super::runs::{self, Risk, Verdict};
use super::saved_columns::Saved;
use super::{admitted, owned, rows};
use crate::model::{Confidence, Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, FileEdit, Quote};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule, loops, models};
use crate::schema::FieldKind;
use crate::trace::{self, Event, EventKind, Origin, Role, Row, RowOp, Trace, ValueKind, Written};

rule! {
    /// Saves every column of a row, though it has changed only some and others may have changed the rest.
    ///
    /// `save()` without `update_fields`, where a call to another program, a mail, a `sleep()` or an `await` stands between
    /// the read and the save, or where another place counts a column of the row up in the database. A method of the row
    /// that stores totals of other rows this way is a hint.
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
    /// A count that the database keeps is lost as well, where `save()` writes what was read of it:
    /// ```python flag
    /// # file: feeds/models.py
    /// from django.db import models
    ///
    /// class Feed(models.Model):
    ///     address = models.CharField(max_length=200)
    ///     hits = models.IntegerField(default=0)
    /// # file: feeds/views.py
    /// from django.db.models import F
    /// from feeds.models import Feed
    ///
    /// def hit(request, pk):
    ///     Feed.objects.filter(pk=pk).update(hits=F("hits") + 1)
    ///
    /// def move(request, pk):
    ///     feed = Feed.objects.get(pk=pk)
    ///     feed.address = request.POST["address"]
    ///     feed.save()  # RT503
    /// ```
    /// ```python fix
    /// # file: feeds/models.py
    /// from django.db import models
    ///
    /// class Feed(models.Model):
    ///     address = models.CharField(max_length=200)
    ///     hits = models.IntegerField(default=0)
    /// # file: feeds/views.py
    /// from django.db.models import F
    /// from feeds.models import Feed
    ///
    /// def hit(request, pk):
    ///     Feed.objects.filter(pk=pk).update(hits=F("hits") + 1)
    ///
    /// def move(request, pk):
    ///     feed = Feed.objects.get(pk=pk)
    ///     feed.address = request.POST["address"]
    ///     feed.save(update_fields=["address"])  # RT503
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
    /// `update_fields`. A row that is not in the database yet takes no `update_fields` at all: `save()` raises
    /// `ValueError` then.
    pub struct FullSaveOverwrite: "RT503", "full-save-overwrite", Concurrency, Info;
}

struct Overwrite<'t> {
    row: &'t Row,
    /// None where a caller has read it.
    read: Option<&'t Event>,
    cause: Cause<'t>,
    /// Something leaves the input meanwhile, and may change the row.
    opaque: bool,
}

/// Why what is saved is old by then.
enum Cause<'t> {
    /// Something is waited for after the read.
    Wait(&'t Event),
    /// A column is counted up in the database, there.
    Counted(SmolStr, Site),
    /// The row's own method has asked this, to store what comes of it; who knows when its caller has read the row.
    Computed(&'t Event),
}

impl Rule for FullSaveOverwrite {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let counted = counted_columns::by_model(project, traces);
        let found = runs::at_risk(project, traces, |trace, at, event| match &event.kind {
            EventKind::Row(saved) => match &saved.op {
                RowOp::Save { update_fields: None, creates: false } => {
                    let counted = saved.row.model.and_then(|model| counted.get(&model));
                    look(project, trace, (at, event), &saved.row, counted.map(Vec::as_slice).unwrap_or_default())
                }
                _ => None,
            },
            _ => None,
        });
        for risk in found {
            let Some(event) = risk.trace.events.get(risk.at) else { continue };
            let saved = Saved::of(project, traces, event, &risk.told.row.model_name);
            report(&risk, &saved, cx);
        }
    }
}

fn look<'t>(
    project: &Project,
    trace: &'t Trace,
    (at, event): (usize, &'t Event),
    row: &'t Row,
    counted: &[Counted],
) -> Option<Verdict<Overwrite<'t>>> {
    let Some((from, read)) = rows::read_before(trace, at, row) else {
        return computed(project, trace, (at, event), row);
    };
    let between = trace.events.get(from + 1..at)?;
    let waits = |other: &&Event| {
        matches!(&other.kind, EventKind::ExternalIo(name) if !is_quick(name)) && !other.excludes(event)
    };
    let own = |field: &SmolStr| {
        between
            .iter()
            .filter_map(rows::write)
            .any(|(of, written)| of.identity == row.identity && written.assigned.field == *field)
    };
    let cause = match between.iter().rev().find(waits) {
        Some(wait) => Cause::Wait(wait),
        // Rows that a loop turns over are a matter of one statement for all: RT602, RT603.
        None if loops::driven_by(trace, event, row.queryset?).is_some() => return None,
        None => {
            let column = counted.iter().find(|column| !own(&column.field))?;
            Cause::Counted(column.field.clone(), column.site)
        }
    };
    let effects = row.model.map(|model| project.save_effects(model)).unwrap_or_default();
    let mut written = between.iter().filter_map(rows::write).filter(|(of, _)| of.identity == row.identity);
    // A `save()` of the model's own mostly sets what it needs.
    if written.next().is_none() || effects.overridden.is_some() || rows::is_new(trace, event, row) {
        return None;
    }
    if runs::is_locked(trace, at) || event.site.is_some_and(|site| is_first_save(project, site)) {
        return Some(Verdict::Guarded);
    }
    let opaque = between.iter().any(|other| matches!(other.kind, EventKind::Opaque(_)));
    Some(Verdict::AtRisk(Overwrite { row, read: Some(read), cause, opaque }))
}

/// Awaited, but over in a moment: a file of this machine, a statement of the ORM on a model that is not known.
fn is_quick(name: &str) -> bool {
    const QUICK: [&str; 14] = [
        "aclose",
        "acount",
        "acreate",
        "adelete",
        "aexists",
        "afirst",
        "aget",
        "alast",
        "arefresh_from_db",
        "asave",
        "aupdate",
        "remove",
        "rename",
        "unlink",
    ];
    name.rsplit('.').next().is_some_and(|last| QUICK.contains(&last))
}

/// A method that counts other rows, and stores the totals with a save of its whole row.
fn computed<'t>(
    project: &Project,
    trace: &'t Trace,
    (at, event): (usize, &'t Event),
    row: &'t Row,
) -> Option<Verdict<Overwrite<'t>>> {
    let before = trace.events.get(..at)?;
    let written = before.iter().filter_map(rows::write).filter(|(of, _)| of.identity == row.identity);
    let writes: Vec<&Written> = written.map(|(_, written)| written).collect();
    let totals = writes.iter().filter(|written| {
        let kind = models::column_kind(project, row.model, &written.assigned.field).flatten();
        let number = matches!(kind, Some(FieldKind::Integer | FieldKind::Decimal | FieldKind::Float));
        number && !written.derived && written.assigned.kind == ValueKind::Other
    });
    let asks = |event: &&Event| match &event.kind {
        EventKind::Query(query) => {
            let of_relation = matches!(query.cause, trace::Cause::Relation { .. } | trace::Cause::Singular { .. });
            query.statement.facts.kind.reads() && !of_relation
        }
        _ => false,
    };
    let asked = before.iter().rev().find(asks)?;
    let saves = matches!(&trace.origin, Origin::Code { function, .. } if function.ends_with(".save"));
    let here = runs::place(event).is_some_and(|(_, via)| via.is_empty()) && !saves;
    let own = here && row.identity == "self" && !row.made;
    let several = writes.len() > 1 && totals.count() > 0;
    row.model?;
    if !own || !several {
        return None;
    }
    let held = runs::is_locked(trace, at) || event.site.is_some_and(|site| is_first_save(project, site));
    let told = Overwrite { row, read: None, cause: Cause::Computed(asked), opaque: false };
    Some(if held { Verdict::Guarded } else { Verdict::AtRisk(told) })
}

/// `if row._state.adding: row.save()`, `if row.pk is None: row.save()`
fn is_first_save(project: &Project, site: Site) -> bool {
    let tests = rewrite::tests_around(&project.module(site.file).ir, site.span);
    tests.into_iter().any(|(test, holds)| asks_whether_new(project.text(Site::new(site.file, test))) == Some(holds))
}

/// What a test says of a row's being new where it holds.
fn asks_whether_new(test: &str) -> Option<bool> {
    let ends = |text: &str, ends: &[&str]| ends.iter().any(|end| text.ends_with(end));
    let (negated, asked) = test.strip_prefix("not ").map_or((false, test), |asked| (true, asked));
    let new = if asked.ends_with("._state.adding") || ends(asked, &[".pk is None", ".id is None"]) {
        true
    } else if ends(asked, &[".pk", ".id", ".pk is not None", ".id is not None"]) {
        false
    } else {
        return None;
    };
    Some(new != negated)
}

fn report(risk: &Risk<'_, Overwrite<'_>>, saved: &Saved, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: overwrite } = risk;
    let Some(event) = trace.events.get(*at) else { return };
    let Overwrite { row, read, cause, .. } = overwrite;
    let known = rows::confidence(*read, row);
    let confidence = match (trace.role, cause) {
        (Role::Command, _) | (_, Cause::Computed(_)) => Confidence::Possible,
        // A user's own row changes by that user's own requests, mostly, and what is counted there is counted anew.
        (_, Cause::Counted(..)) if row.model.is_some() && row.model == cx.project.user_model() => Confidence::Possible,
        _ if admitted::is_admitted(cx.project, *site) => Confidence::Possible,
        // What is stored was changed somewhere else: one of several callers, which others may not need.
        _ if saved.here.is_empty() => Confidence::Possible,
        (_, Cause::Counted(..)) if owned::is_of_one_user(cx.project, trace, *read, row) => Confidence::Possible,
        // What an unknown coroutine waits for may be short.
        (_, Cause::Wait(wait)) => known.min(wait.confidence.max(Confidence::Likely)),
        // Between the two lies a moment only.
        (_, Cause::Counted(..)) => known.min(Confidence::Likely),
    };
    let of = if row.model_name.is_empty() { "a row".to_owned() } else { row.model_name.to_string() };
    let fields = saved.fields(cx.project, row.model);
    let list = fields.iter().map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(", ");
    let (message, step) = match cause {
        Cause::Wait(wait) => {
            let EventKind::ExternalIo(name) = &wait.kind else { return };
            let name = name.rsplit('.').next().unwrap_or_default();
            let message = format!(
                "Saves every column of {of} as it was read before {name}(): what others have changed meanwhile is set back."
            );
            (message, (wait.site, "this takes its time"))
        }
        Cause::Counted(field, counts) => {
            let message = format!(
                "Saves every column of {of} as it was read: {field}, which the database counts elsewhere, is set back to \
                 what it was then."
            );
            (message, (Some(*counts), "counted here"))
        }
        Cause::Computed(asked) => {
            let message = format!(
                "Saves every column of {of} as the caller has read it, to store what is computed here: what others have \
                 changed meanwhile is set back."
            );
            (message, (asked.site, "asked for it here"))
        }
    };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(*site),
        message,
        cost: None,
        evidence: rows::evidence(read.map(|read| (read, "the row is read here")), &[step], event),
        rewrite: partial(cx.project, overwrite, saved, event, &fields),
        advice: saved.advice(&list),
        key: row.model_name.to_string(),
    });
}

/// `save(update_fields=[…])`
fn partial(
    project: &Project,
    overwrite: &Overwrite<'_>,
    saved: &Saved,
    event: &Event,
    fields: &[String],
) -> Option<DraftRewrite> {
    let model = overwrite.row.model?;
    let site = event.site?;
    let effects = project.save_effects(model);
    let same = overwrite.read.is_none_or(|read| read.via == event.via);
    if saved.may_be_new || saved.by_callers {
        return None;
    }
    if fields.is_empty() || overwrite.opaque || !same || !effects.is_plain() || project.schema.get(model).is_partial {
        return None;
    }
    let module = project.module(site.file);
    let call = rewrite::call_at(&module.ir, site.span)?;
    if !project.text(Site::new(site.file, call.args)).trim().is_empty() {
        return None;
    }
    let quote = Quote::of(module.source.text());
    let list = fields.iter().map(|field| quote.text(field)).collect::<Vec<_>>().join(", ");
    let args = Site::new(site.file, call.args);
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Save what was changed here".to_owned(),
        note: "Columns that are set in other ways (by setattr(), by what gets the row) must be in the list as well. A row \
               that was deleted meanwhile raises DatabaseError; save() would have made it again."
            .to_owned(),
        edits: vec![FileEdit::replace(args, format!("update_fields=[{list}]"))],
    })
}
