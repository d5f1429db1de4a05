//! RT502

use super::locked_elsewhere::Locked;
use super::runs::{self, Risk, Verdict};
use super::{admitted, grave, in_database, owned, rows};
use crate::model::{Confidence, Severity, Site};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, Meta, Rule, loops, models};
use crate::schema::FieldKind;
use crate::trace::{Cause, Event, EventKind, Origin, Query, Role, Row, RowOp, Trace, ValueKind};

rule! {
    /// Adds to a column in Python and saves it, so that two requests at once count as one.
    ///
    /// Also `update(n=row.n + 1)` with a row that was read before, and in a helper that is given the row.
    ///
    /// ## Why
    /// `save()` writes the sum that Python made of what was read. Two requests read 4 and both write 5. The database adds
    /// without losing any: `UPDATE … SET n = n + 1`. In a measurement on PostgreSQL with eight threads, 400 increments
    /// by `+=` and `save()` left 90, `F("n") + 1` all 400.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     views = models.IntegerField(default=0)
    /// # file: forum/views.py
    /// from forum.models import Topic
    ///
    /// def show(request, pk):
    ///     topic = Topic.objects.get(pk=pk)
    ///     topic.views += 1
    ///     topic.save()  # RT502
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     title = models.CharField(max_length=80)
    ///     views = models.IntegerField(default=0)
    /// # file: forum/views.py
    /// from forum.models import Topic
    /// from django.db.models import F
    ///
    /// def show(request, pk):
    ///     topic = Topic.objects.get(pk=pk)
    ///     Topic.objects.filter(pk=topic.pk).update(views=F("views") + 1)  # RT502
    /// ```
    /// A locked row waits for the other request:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     views = models.IntegerField(default=0)
    /// # file: forum/views.py
    /// from django.db import transaction
    /// from forum.models import Topic
    ///
    /// @transaction.atomic
    /// def show(request, pk):
    ///     topic = Topic.objects.select_for_update().get(pk=pk)
    ///     topic.views += 1
    ///     topic.save()
    /// ```
    ///
    /// ## When not to
    /// `update()` calls neither `save()` nor signal receivers and leaves `auto_now` columns as they are; the instance
    /// keeps its old value until it is read again. Where the new value must be tested (`if stock >= 0`), put the test
    /// into the filter and look at the number of rows that were changed, or lock the row. A row that no other process
    /// can know yet needs none of this. The row of one user (`get(user=request.user)`) is met by that user's requests
    /// only: there it is possible only, unless the column is tested like a limit, or is about money or logins.
    pub struct CounterRmw: "RT502", "counter-rmw", Concurrency, Warning;
}

/// A count at risk: the row, its column, the event that adds, that which read the row.
struct Count<'t> {
    row: &'t Row,
    field: &'t str,
    added: usize,
    read: Option<&'t Event>,
}

impl Rule for CounterRmw {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let found = runs::at_risk(project, traces, |trace, at, event| match &event.kind {
            EventKind::Row(row) => match &row.op {
                RowOp::Save { .. } => saved(project, trace, at, event, &row.row),
                _ => None,
            },
            EventKind::Query(query) => updated(project, trace, at, query),
            _ => None,
        });
        let mut locked: Option<Locked> = None;
        // One sum that several places store, like that of a `save()` of the model's own, is one matter.
        let mut told: Vec<Site> = Vec::new();
        let mut found: Vec<_> = found;
        found.sort_by_key(|risk| risk.trace.events.get(risk.at).map_or(0, |event| event.via.len()));
        for risk in found {
            let sum = risk.trace.events.get(risk.told.added).and_then(|event| event.site);
            if let Some(sum) = sum {
                if told.contains(&sum) {
                    continue;
                }
                told.push(sum);
            }
            let locked = locked.get_or_insert_with(|| Locked::of(project, traces));
            report(risk, locked, cx);
        }
    }
}

/// A save that stores what was added in Python.
fn saved<'t>(
    project: &Project,
    trace: &'t Trace,
    at: usize,
    event: &'t Event,
    row: &'t Row,
) -> Option<Verdict<Count<'t>>> {
    let (added, written) = trace.events.iter().enumerate().take(at).rev().find_map(|(index, earlier)| {
        let (of, written) = rows::write(earlier)?;
        let counts = written.derived && written.counted.as_ref().is_some_and(|counted| counted.number);
        (counts && of.identity == row.identity).then_some((index, written))
    })?;
    let field = written.assigned.field.as_str();
    // Given another value since.
    let again = |event: &Event| {
        rows::write(event).is_some_and(|(of, other)| of.identity == row.identity && other.assigned.field == field)
    };
    if trace.events.get(added + 1..at)?.iter().any(again) {
        return None;
    }
    if rows::stored_after(trace, added, row, field).map(|(stored, _)| stored) != Some(at) {
        return None;
    }
    if rows::is_set_before(trace, added, row, field) {
        return None;
    }
    match models::column_kind(project, row.model, field) {
        None | Some(Some(FieldKind::Integer | FieldKind::Decimal | FieldKind::Float)) => {}
        _ => return None,
    }
    // Rows that a loop turns over are a matter of one statement for all: RT602, RT603.
    let turned = row.queryset.is_some_and(|rows| loops::driven_by(trace, event, rows).is_some());
    if turned {
        return None;
    }
    if rows::is_new(trace, event, row) || runs::is_locked(trace, added) {
        return Some(Verdict::Guarded);
    }
    let read = rows::read_before(trace, added, row).map(|(_, event)| event);
    Some(Verdict::AtRisk(Count { row, field, added, read }))
}

/// `update(n=row.n + 1)` without `n` among the conditions.
fn updated<'t>(project: &Project, trace: &'t Trace, at: usize, query: &'t Query) -> Option<Verdict<Count<'t>>> {
    let (Cause::Method(method) | Cause::Manager { method, .. }) = &query.cause else { return None };
    if method != "update" {
        return None;
    }
    let queryset = trace.queryset(query.queryset?);
    let own = query.assigned.values.iter().filter(|assigned| assigned.kind == ValueKind::Other);
    let (added, row, field) = own
        .filter_map(|assigned| {
            let numeric = models::column_kind(project, queryset.model, &assigned.field)?;
            if !matches!(numeric, Some(FieldKind::Integer | FieldKind::Decimal | FieldKind::Float)) {
                return None;
            }
            trace.events.iter().enumerate().take(at).rev().find_map(|(index, earlier)| {
                let read = rows::row_event(earlier)?;
                let derives = matches!(&read.op, RowOp::Read(field) if *field == assigned.field)
                    && assigned.value.starts_with(&format!("({}.{} ", read.row.identity, assigned.field))
                    && read.row.model == queryset.model;
                derives.then_some((index, &read.row, assigned.field.as_str()))
            })
        })
        .next()?;
    let compared = queryset.filters.iter().any(|filter| filter.path.len() == 1 && filter.path[0] == field);
    if compared || row.made || runs::is_locked(trace, added) {
        return Some(Verdict::Guarded);
    }
    let read = rows::read_before(trace, added, row).map(|(_, event)| event);
    Some(Verdict::AtRisk(Count { row, field, added, read }))
}

fn report(risk: Risk<'_, Count<'_>>, locked: &Locked, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: Count { row, field, added, read } } = risk;
    let (Some(event), Some(adds)) = (trace.events.get(at), trace.events.get(added)) else { return };
    let grave = grave::is_grave(trace, cx.project, site, &[field, &row.model_name]);
    let confidence = match trace.role {
        // One process at a time, mostly.
        Role::Command => Confidence::Possible,
        // Who gave the row may hold it, where the project does lock such rows.
        _ if read.is_none() && locked.has(row.model) => Confidence::Possible,
        _ if admitted::is_admitted(cx.project, site) => Confidence::Possible,
        // A number of the times that the row was saved, which its own `save()` keeps.
        _ if !grave && is_of_own_save(trace, adds, row) => Confidence::Possible,
        // Two requests of one user at once are a double click, mostly; a limit must hold against that, too.
        _ if !grave && owned::is_of_one_user(cx.project, trace, read, row) && !owned::is_tested(trace, row, field) => {
            Confidence::Possible
        }
        _ => rows::confidence(read, row),
    };
    let named = if row.model_name.is_empty() { field.to_owned() } else { format!("{}.{field}", row.model_name) };
    let mut evidence = rows::evidence(read.map(|event| (event, "the row is read here")), &[], event);
    if adds.site != Some(site)
        && let Some(site) = adds.site
    {
        let message = "the sum is made here, of the value that was read".to_owned();
        evidence.insert(evidence.len().min(1), DraftEvidence::Code { site, message });
    }
    cx.report(Draft {
        rule: &META,
        severity: if grave { Severity::Blocker } else { META.severity },
        hint: None,
        confidence,
        site: Some(site),
        message: format!("Stores a sum made of {named} as it was read: what another request adds in between is lost."),
        cost: None,
        evidence,
        rewrite: in_database::rewrite(cx.project, trace, added, at),
        advice: format!(
            "Let the database add: filter(pk=…).update({field}=F(\"{field}\") {}). Where the sum must be tested first, \
             read the row with select_for_update() in a transaction.",
            step(cx.project, adds)
        ),
        key: format!("{}.{field}", row.model_name),
    });
}

/// The sum is made in the `save()` of the row itself.
fn is_of_own_save(trace: &Trace, adds: &Event, row: &Row) -> bool {
    let function = match (adds.via.last(), &trace.origin) {
        (Some(step), _) => step.callee.as_str(),
        (None, Origin::Code { function, .. }) => function.as_str(),
        (None, Origin::Log { .. }) => "",
    };
    function.rsplit('.').next() == Some("save") && (row.identity == "self" || !adds.via.is_empty())
}

/// `+ 1`, `- quantity`
fn step(project: &Project, adds: &Event) -> String {
    let counted = rows::write(adds).and_then(|(_, written)| written.counted.as_ref());
    let by = counted.map(|counted| (if counted.down { "-" } else { "+" }, project.text(counted.by)));
    match by.filter(|(_, by)| !by.contains('\n') && by.len() < 40) {
        Some((sign, by)) => format!("{sign} {by}"),
        None => "+ …".to_owned(),
    }
}
