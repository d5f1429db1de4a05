//! RT513

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{lock_set, locked_first};
use crate::model::{Confidence, Site};
use crate::project::Project;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule, loops};
use crate::trace::{BlockKind, Cause, Event, Query, QuerySet, Role, Trace};

rule! {
    /// Locks several rows in an order that depends on who asks, so that two requests can wait for each other.
    ///
    /// Two rows of a table that are locked one after the other by what the request gives, rows that a loop locks in the
    /// order of its items, rows that one query locks by their keys without an order, and tables that one function locks
    /// in the opposite order of another.
    ///
    /// ## Why
    /// One request holds the first row and waits for the second, the other holds the second and waits for the first. The
    /// database ends one of them with a deadlock error. Where all lock in one order, nobody waits in a circle. In a
    /// measurement on PostgreSQL with eight threads, 305 of 400 transfers between two accounts ended that way; with one
    /// order none.
    ///
    /// ## Example
    /// ```python flag
    /// # file: bank/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     amount = models.IntegerField(default=0)
    /// # file: bank/views.py
    /// from bank.models import Account
    /// from django.db import transaction
    ///
    /// @transaction.atomic
    /// def transfer(request, giver, taker):
    ///     giving = Account.objects.select_for_update().get(pk=giver)
    ///     taking = Account.objects.select_for_update().get(pk=taker)  # RT513
    ///     giving.amount -= 1
    ///     taking.amount += 1
    ///     giving.save()
    ///     taking.save()
    /// ```
    /// ```python fix
    /// # file: bank/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     amount = models.IntegerField(default=0)
    /// # file: bank/views.py
    /// from bank.models import Account
    /// from django.db import transaction
    ///
    /// @transaction.atomic
    /// def transfer(request, giver, taker):
    ///     list(Account.objects.select_for_update().filter(pk__in=[giver, taker]).order_by("pk"))
    ///     giving = Account.objects.select_for_update().get(pk=giver)
    ///     taking = Account.objects.select_for_update().get(pk=taker)  # RT513
    ///     giving.amount -= 1
    ///     taking.amount += 1
    ///     giving.save()
    ///     taking.save()
    /// ```
    /// ```python ok
    /// # file: bank/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     amount = models.IntegerField(default=0)
    /// # file: bank/views.py
    /// from bank.models import Account
    /// from django.db import transaction
    ///
    /// @transaction.atomic
    /// def transfer(request, keys):
    ///     for key in sorted(keys):
    ///         account = Account.objects.select_for_update().get(pk=key)
    ///         account.amount = 0
    ///         account.save()
    /// ```
    ///
    /// The order of the keys in a list is not that of the rows: without `order_by()` they are locked as the database
    /// finds them, and that changes with each row that is written.
    /// ```python flag
    /// # file: bank/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     amount = models.IntegerField(default=0)
    /// # file: bank/views.py
    /// from bank.models import Account
    /// from django.db import transaction
    ///
    /// @transaction.atomic
    /// def hold(request, keys):
    ///     return list(Account.objects.select_for_update().filter(pk__in=keys))  # RT513
    /// ```
    /// ```python fix
    /// # file: bank/models.py
    /// from django.db import models
    ///
    /// class Account(models.Model):
    ///     amount = models.IntegerField(default=0)
    /// # file: bank/views.py
    /// from bank.models import Account
    /// from django.db import transaction
    ///
    /// @transaction.atomic
    /// def hold(request, keys):
    ///     return list(Account.objects.select_for_update().filter(pk__in=keys).order_by("pk"))  # RT513
    /// ```
    ///
    /// ## When not to
    /// Where only one place locks these rows, or another lock is always taken first, the order does not matter.
    pub struct LockOrder: "RT513", "lock-order", Concurrency, Info;
}

/// A query that locks rows in a transaction.
pub(super) struct Held<'t> {
    pub event: &'t Event,
    pub query: &'t Query,
    pub queryset: &'t QuerySet,
    /// Where the transaction begins.
    transaction: usize,
    table: SmolStr,
}

impl Rule for LockOrder {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let mut told: Vec<Site> = Vec::new();
        let mut orders: BTreeMap<(SmolStr, SmolStr), (Site, Site)> = BTreeMap::new();
        for trace in traces.iter().filter(|trace| is_judged(trace)) {
            let held = held(cx.project, trace);
            for (index, later) in held.iter().enumerate() {
                let before = held.get(..index).unwrap_or_default();
                let before: Vec<&Held<'_>> = before.iter().filter(|held| goes_with(held, later)).collect();
                of_one_table(trace, &before, later, &mut told, cx);
                of_two_tables(&before, later, &mut orders, &mut told, cx);
            }
        }
    }
}

fn is_judged(trace: &Trace) -> bool {
    trace.role.is_judged() && trace.role != Role::Command
}

/// The locks of a run that wait for others; those that a lock of the program's own keeps apart are none.
fn held<'t>(project: &Project, trace: &'t Trace) -> Vec<Held<'t>> {
    let locks = trace.queries().filter_map(|(at, event, query)| {
        let queryset = trace.queryset(query.queryset?);
        // `update_or_create` locks in a transaction of its own.
        let own = matches!(&query.cause, Cause::Method(name) | Cause::Manager { method: name, .. }
            if name.ends_with("or_create"));
        let transaction = trace.transaction(at)?.events.start;
        let alone = trace.blocks_around(at).any(|block| block.kind == BlockKind::Lock);
        let reads = query.statement.facts.kind.reads() && queryset.locked && !own && !alone;
        let table = query.statement.facts.tables.first()?.clone();
        (reads && lock_set::waits(project, queryset)).then_some(Held { event, query, queryset, transaction, table })
    });
    locks.collect()
}

fn goes_with(one: &Held<'_>, other: &Held<'_>) -> bool {
    one.transaction == other.transaction && one.event.site != other.event.site && !one.event.excludes(other.event)
}

/// A second row of a table, or one in each turn of a loop.
fn of_one_table(trace: &Trace, before: &[&Held<'_>], later: &Held<'_>, told: &mut Vec<Site>, cx: &mut Context<'_>) {
    let Some(site) = later.event.site else { return };
    let same: Vec<&&Held<'_>> = before.iter().filter(|held| held.table == later.table).collect();
    // Those locks hold it already, in one order; or any lock before holds off all others.
    if told.contains(&site)
        || before.iter().any(|held| is_ordered(held) || held.table != later.table)
        || is_ordered(later)
    {
        return;
    }
    if lock_set::is_unordered(cx.project, later.query, later.queryset) {
        let message = format!(
            "Locks the rows of {} that are asked for in the order in which the database finds them: another request for \
             some of the same can lock them the other way round, and the two wait for each other.",
            later.queryset.model_name
        );
        told.push(site);
        let confidence = later.event.confidence.min(Confidence::Likely);
        let rewrite = lock_set::rewrite(cx.project, later);
        let evidence = loops::calls(later.event).collect();
        report(cx, site, message, confidence, evidence, rewrite, later.queryset.model_name.to_string());
        return;
    }
    let Some(key) = key_of(later.queryset) else { return };
    let first = same.iter().find(|held| key_of(held.queryset).is_some_and(|other| other != key));
    let looped = later.event.loops.iter().any(|id| {
        let begins = trace.events.get(later.transaction).is_some_and(|begin| begin.loops.contains(id));
        later.query.varies_with == Some(*id) && !begins && !in_order(trace, *id)
    });
    let (message, first) = match first {
        Some(first) => (
            format!(
                "Locks a second row of {} in the order in which the rows are given: another request that gives them the \
                 other way round waits for this one while this one waits for it.",
                later.queryset.model_name
            ),
            Some(**first),
        ),
        None if looped => (
            format!(
                "Locks rows of {} in the order of the loop's items: another request with another order waits for this \
                 one while this one waits for it.",
                later.queryset.model_name
            ),
            None,
        ),
        None => return,
    };
    told.push(site);
    let mut evidence: Vec<DraftEvidence> = Vec::new();
    if let Some(site) = first.and_then(|first| first.event.site) {
        evidence.push(DraftEvidence::Code { site, message: "the first row is locked here".to_owned() });
    }
    evidence.extend(loops::calls(later.event));
    let rewrite = first.and_then(|first| {
        let one = (first.event, first.query, first.queryset);
        locked_first::rewrite(cx.project, one, (later.event, later.query, later.queryset))
    });
    let confidence = if trace.role == Role::Task { Confidence::Likely } else { later.event.confidence };
    report(cx, site, message, confidence, evidence, rewrite, later.queryset.model_name.to_string());
}

/// Two tables, the other way round than another function locks them.
fn of_two_tables(
    before: &[&Held<'_>],
    later: &Held<'_>,
    orders: &mut BTreeMap<(SmolStr, SmolStr), (Site, Site)>,
    told: &mut Vec<Site>,
    cx: &mut Context<'_>,
) {
    let Some(site) = later.event.site else { return };
    for first in before.iter().filter(|held| held.table != later.table) {
        let Some(at) = first.event.site else { continue };
        let pair = (first.table.clone(), later.table.clone());
        let turned = (pair.1.clone(), pair.0.clone());
        match orders.get(&turned) {
            Some((other, then)) if !told.contains(&site) => {
                told.push(site);
                let code = |site, message: &str| DraftEvidence::Code { site, message: message.to_owned() };
                let evidence = vec![
                    code(at, "the first table is locked here"),
                    code(*other, "there, the other one is locked first"),
                    code(*then, "and this one after it"),
                ];
                let (one, two) = (&later.queryset.model_name, &first.queryset.model_name);
                let message = format!(
                    "Locks rows of {one} after those of {two}; another function locks them the other way round, and the \
                     two can wait for each other."
                );
                report(cx, site, message, Confidence::Likely, evidence, None, format!("{one} {two}"));
            }
            Some(_) => {}
            None => {
                orders.entry(pair).or_insert((at, site));
            }
        }
    }
}

fn report(
    cx: &mut Context<'_>,
    site: Site,
    message: String,
    confidence: Confidence,
    evidence: Vec<DraftEvidence>,
    rewrite: Option<DraftRewrite>,
    key: String,
) {
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence,
        site: Some(site),
        message,
        cost: None,
        evidence,
        rewrite,
        advice:
            "Lock them in one order everywhere: filter(pk__in=…).order_by(\"pk\").select_for_update() before anything \
                 else, or sort the keys first."
                .to_owned(),
        key,
    });
}

/// What a lock of one row is looked up by, as it is in this run.
fn key_of(queryset: &QuerySet) -> Option<&str> {
    let mut keys = queryset.filters.iter().filter(|f| f.step.is_some() && f.lookup == "exact" && !f.negated);
    let (first, second) = (keys.next()?, keys.next());
    // `for key in sorted(keys)`, `sorted([a, b])[0]`
    let by_key = second.is_none() && first.path.len() == 1 && !first.value.contains("sorted(");
    by_key.then_some(first.value.as_str())
}

/// Many rows, locked in the order of their keys.
fn is_ordered(held: &Held<'_>) -> bool {
    let by_key = held.queryset.order.first().is_some_and(|name| matches!(name.trim_start_matches('-'), "pk" | "id"));
    by_key && matches!(held.query.cause, Cause::Evaluation | Cause::Manager { .. })
}

/// The loop runs over rows in the order of their keys, or over what is written down.
fn in_order(trace: &Trace, id: crate::model::LoopId) -> bool {
    let info = trace.loop_info(id);
    let rows = info.queryset.map(|id| trace.queryset(id));
    rows.is_some_and(|rows| rows.order.first().is_some_and(|name| matches!(name.as_str(), "pk" | "id")))
        || info.exactly.is_some()
}
