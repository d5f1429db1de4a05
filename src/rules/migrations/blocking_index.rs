//! RT1101

use super::tables::{has_run, is_new};
use crate::model::{Confidence, Safety};
use crate::project::{Added, Migration, Operation, OperationKind, Project};
use crate::rewrite;
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule};
use crate::schema::RelationKind;
use crate::sql::Dialect;
use crate::trace::Trace;

rule! {
    /// Builds an index or a constraint on a table that cannot be written meanwhile.
    ///
    /// ## Why
    /// PostgreSQL locks a table against every write while it builds an index on it, and a check or exclusion constraint
    /// locks out readers as well. On a large table that is minutes in which requests wait. `CREATE INDEX CONCURRENTLY`
    /// takes longer and stops nobody.
    ///
    /// ## Example
    /// ```python flag
    /// # file: site/settings.py
    /// DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
    /// # file: forum/migrations/0007_topic_created_idx.py
    /// from django.db import migrations, models
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     dependencies = [("forum", "0006_topic_created")]
    ///
    ///     operations = [
    ///         migrations.AddIndex(  # RT1101
    ///             model_name="topic",
    ///             index=models.Index(fields=["created"], name="topic_created_idx"),
    ///         ),
    ///     ]
    /// ```
    /// ```python fix
    /// # file: site/settings.py
    /// DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
    /// # file: forum/migrations/0007_topic_created_idx.py
    /// from django.db import migrations, models
    /// from django.contrib.postgres.operations import AddIndexConcurrently
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     atomic = False
    ///
    ///     dependencies = [("forum", "0006_topic_created")]
    ///
    ///     operations = [
    ///         AddIndexConcurrently(  # RT1101
    ///             model_name="topic",
    ///             index=models.Index(fields=["created"], name="topic_created_idx"),
    ///         ),
    ///     ]
    /// ```
    /// A table that the migration itself makes is empty:
    /// ```python ok
    /// # file: forum/migrations/0001_initial.py
    /// from django.db import migrations, models
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     operations = [
    ///         migrations.CreateModel(
    ///             name="Topic",
    ///             fields=[
    ///                 ("id", models.BigAutoField(primary_key=True)),
    ///                 ("created", models.DateTimeField()),
    ///             ],
    ///         ),
    ///         migrations.AddIndex(
    ///             model_name="topic",
    ///             index=models.Index(fields=["created"], name="topic_created_idx"),
    ///         ),
    ///     ]
    /// ```
    ///
    /// ## When not to
    /// On a small table the lock is over at once. A migration that has run everywhere does not run again: looked at are
    /// the newest one of each app, and those that the change under review brings. `AddIndexConcurrently` must not stand
    /// in a transaction, so a failure leaves an invalid index behind, which has to be dropped before the next try.
    pub struct BlockingIndex: "RT1101", "blocking-index", Migrations, Warning;
}

impl Rule for BlockingIndex {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, _traces: &[Trace], cx: &mut Context<'_>) {
        if cx.project.dialect_known && cx.project.dialect != Dialect::Postgres {
            return;
        }
        for migration in cx.project.migrations.pending() {
            for operation in migration.operations.iter().filter(|operation| !is_new(migration, operation)) {
                if let Some((built, confidence)) = built(operation) {
                    report(migration, operation, &built, confidence, cx);
                }
            }
        }
    }
}

/// What is built, and how sure that is.
struct Built {
    what: &'static str,
    locks: &'static str,
    advice: &'static str,
}

const WRITES: &str = "no row can be written until it is done";
const ALL: &str = "nobody can read or write the table until every row is checked";

fn built(operation: &Operation) -> Option<(Built, Confidence)> {
    let of = |what, locks, advice| Built { what, locks, advice };
    Some(match &operation.kind {
        OperationKind::Add(Added::Index) => (
            of(
                "an index",
                WRITES,
                "Use AddIndexConcurrently of django.contrib.postgres.operations in a migration with atomic = False.",
            ),
            Confidence::Certain,
        ),
        OperationKind::Add(Added::RawIndex) => (
            of("an index", WRITES, "Say CREATE INDEX CONCURRENTLY, in a migration with atomic = False."),
            Confidence::Certain,
        ),
        OperationKind::Add(Added::Unique) => (
            of(
                "the index of a unique constraint",
                WRITES,
                "Build it first with CREATE UNIQUE INDEX CONCURRENTLY in a migration with atomic = False, then take it \
                 with ALTER TABLE … ADD CONSTRAINT … UNIQUE USING INDEX, both as RunSQL within \
                 SeparateDatabaseAndState.",
            ),
            Confidence::Certain,
        ),
        OperationKind::Add(Added::Exclusion) => (
            of("an exclusion constraint", ALL, "Add it while nobody uses the table: it cannot be built concurrently."),
            Confidence::Certain,
        ),
        OperationKind::Add(Added::Check) => (
            of(
                "a check constraint",
                ALL,
                "Add it with AddConstraintNotValid, and check the rows in a second migration with ValidateConstraint \
                 (both of django.contrib.postgres.operations).",
            ),
            Confidence::Certain,
        ),
        OperationKind::AlterColumn { before, after } => {
            let key = matches!(after.relation, Some(RelationKind::ManyToMany | RelationKind::Generic));
            let had = before.as_ref().is_some_and(|before| before.indexed || before.unique);
            if key || after.relation.is_some() || had || !(after.indexed || after.unique) {
                return None;
            }
            // Without the migrations before, it may have had one all along.
            let confidence = if before.is_some() { Confidence::Certain } else { Confidence::Possible };
            let advice = "Put the index into Meta.indexes and build it with AddIndexConcurrently, in a migration with \
                          atomic = False; a unique one with CREATE UNIQUE INDEX CONCURRENTLY.";
            (of("the index of a field", WRITES, advice), confidence)
        }
        _ => return None,
    })
}

fn report(migration: &Migration, operation: &Operation, built: &Built, sure: Confidence, cx: &mut Context<'_>) {
    let table = if operation.model.is_empty() { "a table".to_owned() } else { format!("`{}`", operation.model) };
    let known = if cx.project.dialect_known { Confidence::Certain } else { Confidence::Likely };
    let unless = if cx.project.dialect_known { "" } else { " (likely: no settings say that this is PostgreSQL)" };
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: Some(has_run(cx.project, migration)),
        confidence: sure.min(known),
        site: Some(operation.site),
        message: format!("This builds {} on {table}, which is in use: {}{unless}.", built.what, built.locks),
        cost: None,
        evidence: Vec::new(),
        rewrite: cure(cx.project, migration),
        advice: built.advice.to_owned(),
        key: operation.model.to_string(),
    });
}

/// All indexes of the migration built concurrently, where it does nothing else.
fn cure(project: &Project, migration: &Migration) -> Option<DraftRewrite> {
    let is_index = |operation: &&Operation| operation.kind == OperationKind::Add(Added::Index);
    let file = migration.site.file;
    let own = |operation: &&Operation| is_index(operation) && operation.site.file == file;
    if !migration.operations.iter().all(|operation| own(&operation)) {
        return None;
    }
    let module = project.module(file);
    let callees: Vec<_> = migration.operations.iter().map(|operation| operation.callee).collect();
    let edits = rewrite::build_concurrently(file, &module.source, &module.ir, migration.site.span, &callees)?;
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Build the index without blocking writes".to_owned(),
        note:
            "The migration runs outside of a transaction then: where it fails, drop the invalid index before the next \
               try. Only for PostgreSQL."
                .to_owned(),
        edits,
    })
}
