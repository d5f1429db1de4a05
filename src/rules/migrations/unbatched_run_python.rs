//! RT1103

use super::tables::has_run;
use crate::model::{Kind, LoopId, Over, Terms};
use crate::project::{Migration, OperationKind, Project};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, Meta, Rule, loops};
use crate::trace::{Cause, Event, Origin, Query, Role, Trace};

rule! {
    /// Changes all rows of a table one by one, in the transaction of a migration.
    ///
    /// ## Why
    /// The rows stay locked until the last one is written, and so does what the migration has done to tables before. On
    /// a large table that is long, and where it fails, all of it was for nothing. `objects.all()` holds every row in
    /// memory besides.
    ///
    /// ## Example
    /// ```python flag
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     name = models.CharField(max_length=80)
    ///     slug = models.CharField(max_length=80)
    /// # file: people/migrations/0002_slugs.py
    /// from django.db import migrations
    ///
    ///
    /// def fill(apps, schema_editor):
    ///     Person = apps.get_model("people", "Person")
    ///     for person in Person.objects.all():
    ///         person.slug = person.name.lower()
    ///         person.save()  # RT1103
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     dependencies = [("people", "0001_initial")]
    ///     operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
    /// ```
    /// Outside of a transaction, each batch is over when it is written, and another run goes on where one has failed:
    /// ```python ok
    /// # file: people/models.py
    /// from django.db import models
    ///
    /// class Person(models.Model):
    ///     name = models.CharField(max_length=80)
    ///     slug = models.CharField(max_length=80, null=True)
    /// # file: people/migrations/0002_slugs.py
    /// from django.db import migrations
    ///
    ///
    /// def fill(apps, schema_editor):
    ///     Person = apps.get_model("people", "Person")
    ///     while batch := list(Person.objects.filter(slug=None)[:1000]):
    ///         for person in batch:
    ///             person.slug = person.name.lower()
    ///         Person.objects.bulk_update(batch, ["slug"])
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     atomic = False
    ///     dependencies = [("people", "0001_initial")]
    ///     operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
    /// ```
    ///
    /// ## When not to
    /// On small tables, where the transaction is worth more than the time. A migration that has run everywhere does not
    /// run again: looked at are the newest one of each app, and those that the change under review brings.
    pub struct UnbatchedRunPython: "RT1103", "unbatched-runpython", Migrations, Info;
}

impl Rule for UnbatchedRunPython {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        let Some(migration) = migration(trace, cx.project) else { return };
        if !migration.atomic {
            return;
        }
        let mut told: Vec<LoopId> = Vec::new();
        for (_, event, query) in trace.queries() {
            if let Some(id) = written_by_row(trace, event, query).filter(|id| !told.contains(id)) {
                told.push(id);
                report(trace, event, id, cx);
            }
        }
    }
}

/// The migration that runs the function of a trace.
fn migration<'p>(trace: &Trace, project: &'p Project) -> Option<&'p Migration> {
    let Origin::Code { file, function, .. } = &trace.origin else { return None };
    if trace.role != Role::Migration {
        return None;
    }
    let migrations = project.migrations.pending().filter(|migration| migration.site.file == *file);
    let runs = |migration: &&Migration| {
        let ran = |kind: &OperationKind| matches!(kind, OperationKind::RunCode(name) if name == function);
        migration.operations.iter().any(|operation| ran(&operation.kind))
    };
    migrations.into_iter().find(runs)
}

/// The loop over all rows of a query whose turns write.
fn written_by_row(trace: &Trace, event: &Event, query: &Query) -> Option<LoopId> {
    // Batches are written once for many turns.
    let is_bulk = |method: &str| method.starts_with("bulk_") || method.starts_with("abulk_");
    let batched = match &query.cause {
        Cause::Method(method) | Cause::Manager { method, .. } => is_bulk(method),
        _ => false,
    };
    if batched || !matches!(query.statement.facts.kind, Kind::Update | Kind::Insert | Kind::Delete) {
        return None;
    }
    let over_rows = |id: &&LoopId| trace.loop_info(**id).over == Over::Query;
    event.loops.iter().find(over_rows).copied()
}

fn report(trace: &Trace, event: &Event, id: LoopId, cx: &mut Context<'_>) {
    let turning = [id];
    let info = trace.loop_info(id);
    let rows = info.queryset.map(|queryset| trace.queryset(queryset));
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: migration(trace, cx.project).map(|migration| has_run(cx.project, migration)),
        confidence: event.confidence,
        // Historical models have no methods of their own: what a save() of today does is told at the call.
        site: event.via.first().map(|step| step.site).or(event.site),
        message: format!(
            "A migration writes once per turn of the loop over {}, all in one transaction: the rows stay locked until the \
             last one is written.",
            loops::described(cx.project, trace, &turning)
        ),
        cost: Some(cx.cost(trace, Terms::product(1, event.loops.clone()), Terms::product(1, Vec::new()))),
        evidence: loops::evidence(trace, event, rows, &turning),
        rewrite: None,
        advice: "Where one statement can say it, use update() with an expression. Otherwise take batches: atomic = False, \
                 rows that are still to be done in slices of a thousand, bulk_update() for each."
            .to_owned(),
        key: info.model.as_ref().map(ToString::to_string).unwrap_or_default(),
    });
}
