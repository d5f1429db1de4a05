//! RT505

use super::locked_elsewhere::Locked;
use super::rebuilt::Rebuilt;
use super::runs::{self, Risk, Verdict};
use super::{admitted, compare_and_swap, grave, owned, rows};
use crate::model::{Confidence, Kind, Severity, Site};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops, models};
use crate::schema::FieldKind;
use crate::trace::{Cause, Event, EventKind, Origin, Role, Row, RowOp, Trace, ValueKind, Written};

rule! {
    /// Changes the state of a row by what was read of it, without holding the row.
    ///
    /// A column that is tested, changed and saved, where something else is done along with it; and a list, dictionary or
    /// amount that is changed in Python and saved as a whole.
    ///
    /// ## Why
    /// Two requests read the same state, both pass the test and both do what follows: the order is paid twice, the
    /// ticket sold to two. Of two lists that were changed at once the one that is saved last is left. In a measurement
    /// on PostgreSQL with eight threads, 50 items were sold 135 times.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Item(models.Model):
    ///     state = models.CharField(max_length=10, default="open")
    ///
    /// class Sale(models.Model):
    ///     item = models.ForeignKey(Item, on_delete=models.CASCADE)
    /// # file: shop/views.py
    /// from shop.models import Item, Sale
    ///
    /// def sell(request, pk):
    ///     item = Item.objects.get(pk=pk)
    ///     if item.state == "open":
    ///         item.state = "sold"
    ///         item.save()  # RT505
    ///         Sale.objects.create(item=item)
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Item(models.Model):
    ///     state = models.CharField(max_length=10, default="open")
    ///
    /// class Sale(models.Model):
    ///     item = models.ForeignKey(Item, on_delete=models.CASCADE)
    /// # file: shop/views.py
    /// from shop.models import Item, Sale
    ///
    /// def sell(request, pk):
    ///     item = Item.objects.get(pk=pk)
    ///     if Item.objects.filter(pk=item.pk, state="open").update(state="sold"):
    ///         item.state = "sold"
    ///         Sale.objects.create(item=item)
    /// ```
    ///
    /// The other request waits, and then sees the new state:
    /// ```python ok
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Item(models.Model):
    ///     state = models.CharField(max_length=10, default="open")
    ///
    /// class Sale(models.Model):
    ///     item = models.ForeignKey(Item, on_delete=models.CASCADE)
    /// # file: shop/views.py
    /// from django.db import transaction
    /// from shop.models import Item, Sale
    ///
    /// def sell(request, pk):
    ///     with transaction.atomic():
    ///         item = Item.objects.select_for_update().get(pk=pk)
    ///         if item.state == "open":
    ///             item.state = "sold"
    ///             item.save()
    ///             Sale.objects.create(item=item)
    /// ```
    ///
    /// ## When not to
    /// Where one process alone writes the row, or doing it twice comes to the same. `update()` calls neither `save()` nor
    /// receivers of signals. It is possible only, where the row is the one of a user, where a command makes the column
    /// anew from other things, where a loop has read the row a moment ago, and where both find out the same value.
    pub struct UnlockedStateChange: "RT505", "unlocked-state-change", Concurrency, Info;
}

struct Change<'t> {
    row: &'t Row,
    written: usize,
    field: &'t str,
    read: Option<&'t Event>,
    /// Where the column was tested, and what both requests do then; none where the value is changed in place.
    tested: Option<Tested<'t>>,
}

/// The test that the change stands behind.
struct Tested<'t> {
    /// Where the column is read for it.
    site: Option<Site>,
    /// What two requests would both do.
    effect: &'t Event,
    /// It asks whether the row is already what it becomes.
    again: bool,
    /// What goes with it is to find the value out: whoever is second finds the same.
    fills: bool,
}

impl Rule for UnlockedStateChange {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let found = runs::at_risk(project, traces, |trace, at, event| match &event.kind {
            EventKind::Row(saved) => match &saved.op {
                RowOp::Save { creates: false, .. } => look(project, trace, at, event, &saved.row),
                _ => None,
            },
            _ => None,
        });
        // Several saves of one row in one function are one matter.
        let mut told: Vec<(Option<Site>, &str)> = Vec::new();
        let mut known: Option<(Locked, Rebuilt)> = None;
        for risk in found {
            let function = risk.trace.events.get(risk.at).and_then(within);
            let matter = (function.or(Some(risk.site)), risk.told.row.identity.as_str());
            if risk.told.tested.is_some() && told.contains(&matter) {
                continue;
            }
            told.push(matter);
            let (locked, rebuilt) = known.get_or_insert_with(|| (Locked::of(project, traces), Rebuilt::of(traces)));
            report(&risk, locked, rebuilt, cx);
        }
    }
}

fn look<'t>(
    project: &Project,
    trace: &'t Trace,
    at: usize,
    event: &'t Event,
    row: &'t Row,
) -> Option<Verdict<Change<'t>>> {
    // A `save()` of the model's own completes what it is about to store.
    let store = runs::place(event).map(|(site, _)| site);
    let by_save = |event: &Event| event.via.iter().any(|step| Some(step.site) == store);
    let earlier = trace.events.iter().enumerate().take(at).rev().filter(|(_, event)| !by_save(event));
    let change = earlier.filter_map(|(index, event)| Some((index, event, rows::write(event)?))).find_map(
        |(index, event, (of, written))| {
            let field = written.assigned.field.as_str();
            let stored = of.identity == row.identity
                && rows::stored_after(trace, index, row, field).map(|(stored, _)| stored) == Some(at);
            // Sums are RT502's, with whatever else is done to the same column.
            if !stored
                || is_counted(trace, at, row, field)
                || written.counted.as_ref().is_some_and(|counted| counted.number)
            {
                return None;
            }
            let tested = tested(trace, at, index, event, row, field);
            let changed =
                tested.is_none() && is_changed(project, row, written) && !rows::is_set_before(trace, index, row, field);
            (tested.is_some() || changed).then_some((index, field, tested))
        },
    );
    let own = matches!(&trace.origin, Origin::Code { function, .. } if function.ends_with(".save"));
    if own && row.identity == "self" {
        return None;
    }
    let (written, field, tested) = change?;
    if rows::is_new(trace, event, row) || runs::is_locked(trace, written) {
        return Some(Verdict::Guarded);
    }
    let read = rows::read_before(trace, written, row).map(|(_, event)| event);
    Some(Verdict::AtRisk(Change { row, written, field, read, tested }))
}

/// A number is added to or taken from the column before the save.
fn is_counted(trace: &Trace, saved: usize, row: &Row, field: &str) -> bool {
    let before = trace.events.get(..saved).unwrap_or_default().iter().filter_map(rows::write);
    let mut own = before.filter(|(of, written)| of.identity == row.identity && written.assigned.field == field);
    own.any(|(_, written)| written.counted.as_ref().is_some_and(|counted| counted.number))
}

/// The new value derives from the old one, and holds more than what this request says.
fn is_changed(project: &Project, row: &Row, written: &Written) -> bool {
    let kind = models::column_kind(project, row.model, &written.assigned.field).flatten();
    let holds_more = matches!(
        kind,
        Some(FieldKind::Json | FieldKind::Array | FieldKind::Integer | FieldKind::Decimal | FieldKind::Float)
    );
    written.derived && holds_more
}

/// The test of the column that the write at `index` stands behind, and something that is done along with it, which two
/// requests would both do.
fn tested<'t>(
    trace: &'t Trace,
    saved: usize,
    index: usize,
    write: &'t Event,
    row: &Row,
    field: &str,
) -> Option<Tested<'t>> {
    let (_, written) = rows::write(write)?;
    trace.asked(write).find_map(|asked| {
        // `if new != row.state: row.state = new`: the last one has it, as it would without the test.
        let as_told = asked.compared.iter().any(|part| **part == *written.assigned.value);
        if as_told && written.assigned.kind != ValueKind::Constant {
            return None;
        }
        let test = trace.events.get(asked.test.clone())?;
        let read = test.iter().find(|event| {
            rows::row_event(event).is_some_and(|read| {
                read.row.identity == row.identity && matches!(&read.op, RowOp::Read(name) if name == field)
            })
        })?;
        let store = trace.events.get(saved).and_then(runs::place).map(|(site, _)| site);
        let along = trace.events.iter().enumerate().filter(|(at, event)| {
            let way = event.arms.iter().any(|arm| arm.fork == asked.fork && arm.arm == asked.arm);
            // What the save itself does is done by whoever saves.
            let same = *at == saved || *at == index || event.site.is_some() && event.site == store;
            let inside = event.via.iter().any(|step| Some(step.site) == store);
            // A sum that begins anew comes out the same for both.
            let anew =
                rows::write(event).is_some_and(|(of, sum)| rows::is_set_before(trace, *at, of, &sum.assigned.field));
            way && !same && !inside && is_effect(&event.kind, row) && !anew && !event.excludes(write)
        });
        let along: Vec<&Event> =
            along.map(|(_, event)| event).filter(|event| !is_missed(trace, event, write)).collect();
        let effect = along.iter().find(|event| is_sent(event)).or(along.first())?;
        // The test asks for no more than whether this was done already, by the value or by its truth.
        let again = as_told || asked.compared.is_empty() && written.assigned.kind == ValueKind::Constant;
        let before = effect
            .site
            .zip(write.site)
            .is_some_and(|(one, other)| one.file == other.file && one.span.start < other.span.start);
        let made = !written.derived && written.assigned.kind == ValueKind::Other;
        let none = asked.compared.is_empty() || asked.compared.iter().any(|part| &**part == "None");
        let fills = none && made && before && matches!(effect.kind, EventKind::ExternalIo(_));
        Some(Tested { site: read.site, effect, again, fills })
    })
}

/// A task, a mail, a request goes out; what the save of some row sends by itself says no more than how that row is now.
fn is_sent(event: &Event) -> bool {
    matches!(event.kind, EventKind::Dispatch(_) | EventKind::ExternalIo(_)) && !loops::in_write(event)
}

/// A row that is made on this way because a query has found none: the second request finds it.
fn is_missed(trace: &Trace, event: &Event, write: &Event) -> bool {
    let shared = |fork: u32, arm: u32| write.arms.iter().any(|own| own.fork == fork && own.arm == arm);
    trace.asked(event).any(|asked| !asked.absent.is_empty() && !shared(asked.fork, asked.arm))
}

/// Something is made, sent or counted; writing the row itself once more is no matter.
fn is_effect(kind: &EventKind, row: &Row) -> bool {
    match kind {
        EventKind::Query(query) => match query.statement.facts.kind {
            // The second one finds the row of the first.
            Kind::Insert => !matches!(&query.cause, Cause::Method(method) if method.ends_with("or_create")),
            // A second one counts once more; what is looked up anew comes out the same.
            Kind::Update => {
                query.assigned.values.iter().any(|set| set.kind == ValueKind::Expression && set.value.contains("F("))
            }
            _ => false,
        },
        EventKind::Row(other) => match &other.op {
            RowOp::Write(written) => written.counted.is_some() && other.row.identity != row.identity,
            _ => false,
        },
        EventKind::Dispatch(_) => true,
        EventKind::ExternalIo(name) => !name.contains("sleep"),
        _ => false,
    }
}

/// The function that an event stands in, where others call it.
fn within(event: &Event) -> Option<Site> {
    let (_, via) = runs::place(event)?;
    via.last()?.defined
}

/// Whether doing both twice harms: money and the like, what is sent twice, a change that another one has overtaken.
fn harms(project: &Project, change: &Change<'_>, tested: &Tested<'_>, locked: &Locked) -> bool {
    let sent = is_sent(tested.effect);
    let grave = grave::is_named(change.field) || grave::is_named(&change.row.model_name);
    let own = change.row.model.is_some() && change.row.model == project.user_model();
    grave || sent || !own && !tested.again && locked.has(change.row.model)
}

/// Rows of a list that a loop changes one after the other.
fn is_turned_over(trace: &Trace, event: &Event, row: &Row) -> bool {
    row.queryset.is_some_and(|id| {
        let rows = trace.queryset(id);
        let streams = rows.streamed || rows.steps.iter().any(|step| step.method.ends_with("iterator"));
        !streams && loops::driven_by(trace, event, id).is_some()
    })
}

/// `attachments_cache`, `thumbnail`: what is lost of it is made again.
fn is_made_again(field: &str) -> bool {
    ["cache", "thumb", "preview"].iter().any(|word| field.to_lowercase().contains(word))
}

fn report(risk: &Risk<'_, Change<'_>>, locked: &Locked, rebuilt: &Rebuilt, cx: &mut Context<'_>) {
    let Risk { trace, at, site, told: change } = risk;
    let (Some(event), Some(write)) = (trace.events.get(*at), trace.events.get(change.written)) else { return };
    let Change { row, field, read, tested, .. } = change;
    // What is noted beside a payment is no money.
    let noted = tested.is_none() && field.to_lowercase().contains("metadata");
    let grave = !noted && grave::is_grave(trace, cx.project, *site, &[field, &row.model_name]);
    let own = owned::is_of_one_user(cx.project, trace, *read, row);
    let confidence = match (trace.role, read) {
        // One process at a time, mostly; who gave the row may hold it.
        (Role::Command, _) | (_, None) => Confidence::Possible,
        _ if is_made_again(field) || admitted::is_admitted(cx.project, *site) => Confidence::Possible,
        // What one user alone changes, and what is made of it is not sent.
        _ if !grave && own && tested.as_ref().is_none_or(|tested| !is_sent(tested.effect)) => Confidence::Possible,
        _ if !grave && tested.is_none() && rebuilt.has(row.model, field) => Confidence::Possible,
        // Of rows that a loop turns over each is read a moment ago, unless they come one by one from a long query.
        _ if !grave && tested.is_none() && is_turned_over(trace, event, row) => Confidence::Possible,
        _ if !grave && tested.as_ref().is_some_and(|tested| tested.fills) => Confidence::Possible,
        // One worker has the task, mostly.
        (Role::Task, _) if tested.is_some() => Confidence::Possible,
        (Role::Task, _) => rows::confidence(*read, row).min(Confidence::Likely),
        _ if tested.as_ref().is_some_and(|tested| !harms(cx.project, change, tested, locked)) => Confidence::Possible,
        (_, Some(_)) if tested.is_some() && !grave => rows::confidence(*read, row).min(Confidence::Likely),
        (_, Some(_)) => rows::confidence(*read, row),
    };
    let named = if row.model_name.is_empty() { (*field).to_owned() } else { format!("{}.{field}", row.model_name) };
    let message = match tested {
        Some(_) => format!(
            "Changes {named} because of what was read of it: two requests at once both pass the test and both do what \
             goes with it."
        ),
        None => {
            format!("Saves {named} as it was read and changed here: what another request changes in between is lost.")
        }
    };
    let mut steps = Vec::new();
    if let Some(tested) = tested {
        steps.push((tested.site, "tested here"));
        steps.push((tested.effect.site, "both do this"));
    } else {
        steps.push((write.site.filter(|changed| changed != site), "changed here"));
    }
    cx.report(Draft {
        rule: &META,
        severity: if grave { Severity::Blocker } else { META.severity },
        hint: None,
        confidence,
        site: Some(*site),
        message,
        cost: None,
        evidence: rows::evidence(read.map(|event| (event, "the row is read here")), &steps, event),
        rewrite: tested.as_ref().and_then(|_| compare_and_swap::rewrite(cx.project, trace, change.written, *at)),
        advice: match tested {
            Some(_) => format!(
                "Let the database decide: go on only if filter(pk=…, {field}=old).update({field}=new) has changed a row. \
                 Or read the row with select_for_update() in the transaction that changes it."
            ),
            None => "Read the row with select_for_update() inside of transaction.atomic(), change it and save it there."
                .to_owned(),
        },
        key: format!("{}.{field}", row.model_name),
    });
}
