//! RT1102

use super::tables::{has_run, is_new};
use crate::model::{Confidence, Safety};
use crate::project::{Column, DefaultValue, DjangoVersion, Migration, Operation, OperationKind, Project};
use crate::rewrite::{self, Call, FileEdit};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftRewrite, Meta, Rule};
use crate::schema::{Model, RelationKind};
use crate::trace::Trace;

rule! {
    /// Changes a table in a way that the code before the deployment does not survive.
    ///
    /// ## Why
    /// Between the migration and the last old process, old code works on the new table. Django's `default` is Python's:
    /// the database forgets it as soon as the column is filled, and old code, which does not name the column, fails to
    /// insert rows. A column or table that is gone or has another name fails with every query. A default that is called
    /// is called once: all rows that are there get the same value.
    ///
    /// ## Example
    /// ```python flag
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     number = models.IntegerField()
    ///     state = models.CharField(max_length=10, default="open")
    /// # file: shop/migrations/0002_order_state.py
    /// from django.db import migrations, models
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     dependencies = [("shop", "0001_initial")]
    ///
    ///     operations = [
    ///         migrations.AddField("order", "state", models.CharField(max_length=10, default="open")),  # RT1102
    ///     ]
    /// ```
    /// ```python fix
    /// # file: shop/models.py
    /// from django.db import models
    ///
    /// class Order(models.Model):
    ///     number = models.IntegerField()
    ///     state = models.CharField(max_length=10, default="open", db_default="open")
    /// # file: shop/migrations/0002_order_state.py
    /// from django.db import migrations, models
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     dependencies = [("shop", "0001_initial")]
    ///
    ///     operations = [
    ///         migrations.AddField("order", "state", models.CharField(max_length=10, default="open", db_default="open")),  # RT1102
    ///     ]
    /// ```
    /// What may be empty is filled by nobody:
    /// ```python ok
    /// # file: shop/migrations/0002_order_note.py
    /// from django.db import migrations, models
    ///
    ///
    /// class Migration(migrations.Migration):
    ///     dependencies = [("shop", "0001_initial")]
    ///
    ///     operations = [
    ///         migrations.AddField("order", "note", models.TextField(null=True)),
    ///     ]
    /// ```
    ///
    /// ## When not to
    /// Where the program is stopped for the deployment. A migration that has run everywhere does not run again: looked at
    /// are the newest one of each app, a hint in a whole project, and those that the change under review brings. Dropping
    /// takes two deployments: first the code that no longer uses the column, then the migration.
    pub struct ChangeDuringDeploy: "RT1102", "add-field-during-deploy", Migrations, Info;
}

impl Rule for ChangeDuringDeploy {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, _traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        for migration in project.migrations.pending() {
            for operation in migration.operations.iter().filter(|operation| !is_new(migration, operation)) {
                if let Some(broken) = broken(project, migration, operation) {
                    report(migration, operation, broken, cx);
                }
            }
        }
    }
}

struct Broken {
    message: String,
    advice: &'static str,
    rewrite: Option<DraftRewrite>,
}

const DB_DEFAULT: DjangoVersion = DjangoVersion(5, 0);

fn broken(project: &Project, migration: &Migration, operation: &Operation) -> Option<Broken> {
    let table = &operation.model;
    let plain = |message: String, advice| Broken { message, advice, rewrite: None };
    Some(match &operation.kind {
        OperationKind::AddColumn(column) => return added(project, migration, operation, column),
        // What the same migration has added, nobody knew.
        OperationKind::DropColumn(name) => plain(
            format!("`{name}` of `{table}` is dropped while code that still reads and writes it may run."),
            "Deploy the code that no longer uses the field first, and the migration after it.",
        ),
        OperationKind::RenameColumn(old) => plain(
            format!("`{old}` of `{table}` gets another name while code that uses the old one may run."),
            "Keep the column with db_column, or add a new one, fill it, and drop the old one in a later deployment.",
        ),
        OperationKind::RenameTable => plain(
            format!("The table of `{table}` gets another name while code that uses the old one may run."),
            "Keep the table with db_table.",
        ),
        OperationKind::DropTable => plain(
            format!("The table of `{table}` is dropped while code that uses it may run."),
            "Deploy the code that no longer uses the model first, and the migration after it.",
        ),
        _ => return None,
    })
}

fn added(project: &Project, migration: &Migration, operation: &Operation, column: &Column) -> Option<Broken> {
    let has_column = !matches!(column.relation, Some(RelationKind::ManyToMany | RelationKind::Generic));
    if !has_column || column.db_default || column.generated {
        return None;
    }
    let (table, name) = (&operation.model, &column.name);
    if let (DefaultValue::Computed(_), true) = (column.default, column.unique) {
        return Some(Broken {
            message: format!(
                "The default of `{table}.{name}` is computed once for all rows that are there: the second one is no longer \
                 unique, and the migration fails."
            ),
            advice: "Add the column with null=True, fill it row by row, and make it unique in a migration of its own.",
            rewrite: None,
        });
    }
    if column.null {
        return None;
    }
    let message = format!(
        "`{table}.{name}` must not be empty, and the database has no default for it: what code inserts that does not know \
         it yet fails."
    );
    let (advice, rewrite) = match project.django >= DB_DEFAULT {
        true => (
            "Give it a db_default, which the database keeps, or let it be null until all code writes it.",
            with_default(project, migration, operation, column),
        ),
        false => ("Let it be null until all code writes it, and fill and restrict it after that.", None),
    };
    Some(Broken { message, advice, rewrite })
}

/// The constant as `db_default`, in the migration and in the model.
fn with_default(
    project: &Project,
    migration: &Migration,
    operation: &Operation,
    column: &Column,
) -> Option<DraftRewrite> {
    let DefaultValue::Constant(site) = column.default else { return None };
    let model: &Model = project.schema.get(project.schema.by_label(&format!("{}.{}", migration.app, operation.model))?);
    let field = model.fields.iter().find(|field| field.name == column.name)?;
    let declared = field.site?;
    let module = project.module(declared.file);
    let call = rewrite::assigned_call(&module.ir, declared.span)?;
    let in_model = Call { call: declared, name: call.callee, args: call.args };
    // It must be the same there.
    let text = project.text(site);
    let given = module.source.slice(call.args);
    if !given.contains(&format!("default={text}")) || given.contains("db_default") {
        return None;
    }
    let more = format!("db_default={text}");
    let in_migration = Call { call: column.args, name: column.args.span, args: column.args.span };
    let edits: Vec<FileEdit> = vec![
        rewrite::extend_args(&module.source, in_model, &more),
        rewrite::extend_args(&project.module(column.args.file).source, in_migration, &more),
    ];
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Let the database have the default as well".to_owned(),
        note: "Only where the migration has not run anywhere yet.".to_owned(),
        edits,
    })
}

fn report(migration: &Migration, operation: &Operation, broken: Broken, cx: &mut Context<'_>) {
    cx.report(Draft {
        rule: &META,
        severity: META.severity,
        hint: Some(has_run(cx.project, migration)),
        confidence: Confidence::Certain,
        site: Some(operation.site),
        message: broken.message,
        cost: None,
        evidence: Vec::new(),
        rewrite: broken.rewrite,
        advice: broken.advice.to_owned(),
        key: operation.model.to_string(),
    });
}
