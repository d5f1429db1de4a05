//! RT604

use super::collect::{self, Write};
use super::turns::{self, Repeated, Told};
use crate::model::{Confidence, Kind, Safety, Site};
use crate::project::{DjangoVersion, Project};
use crate::rewrite::{self, Quote, UseOfCall};
use crate::rules::macros::rule;
use crate::rules::{Context, DraftRewrite, Meta, Rule, models};
use crate::schema::ModelId;
use crate::trace::{Cause, QuerySet, Trace};

rule! {
    /// Looks for a row and creates or updates it, one by one in a loop.
    ///
    /// `get_or_create()` and `update_or_create()`, also in a helper that is called in the loop.
    ///
    /// ## Why
    /// Each call is a SELECT, and mostly a statement that writes in a transaction of its own: two to five round trips
    /// for each item. With a unique constraint the database can decide for all rows at once: `bulk_create()` with
    /// `ignore_conflicts` or `update_conflicts`.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def add(request, names):
    ///     for name in names:
    ///         Tag.objects.get_or_create(name=name)  # RT604
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def add(request, names):
    ///     Tag.objects.bulk_create(
    ///         [Tag(name=name) for name in names],
    ///         ignore_conflicts=True,
    ///         batch_size=1000,
    ///     )  # RT604
    /// ```
    ///
    /// A few known items are not worth it:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Tag(models.Model):
    ///     name = models.CharField(max_length=20, unique=True)
    /// # file: forum/views.py
    /// from forum.models import Tag
    ///
    /// def start(request):
    ///     for name in ("new", "old"):
    ///         Tag.objects.get_or_create(name=name)
    /// ```
    ///
    /// ## When not to
    /// `bulk_create()` calls neither `save()` nor receivers of signals. Rows that are ignored come back without their
    /// keys: read them again with `filter(name__in=…)`. `ignore_conflicts` ignores every constraint; `update_conflicts`
    /// needs Django 4.1, and PostgreSQL refuses two rows of one statement that meet each other. Without a unique
    /// constraint read what is there with one query, and create the rest.
    pub struct UpsertInLoop: "RT604", "upsert-in-loop", Bulk, Info;
}

impl Rule for UpsertInLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn trace(&self, trace: &Trace, cx: &mut Context<'_>) {
        for (at, _, query) in trace.queries() {
            if let Cause::Method(method) | Cause::Manager { method, .. } = &query.cause
                && matches!(method.as_str(), "get_or_create" | "update_or_create")
                && query.statement.facts.kind == Kind::Select
            {
                look(trace, at, method == "update_or_create", cx);
            }
        }
    }
}

fn look(trace: &Trace, at: usize, updates: bool, cx: &mut Context<'_>) {
    let Some(found) = turns::repeated(trace, at, cx.config) else { return };
    let Some(queryset) = found.query.queryset.map(|id| trace.queryset(id)) else { return };
    let effects = queryset.model.map(|model| cx.project.save_effects(model)).unwrap_or_default();
    // The same row is looked for in each turn: that is no loop's matter.
    if !effects.is_plain() || effects.inherits || found.query.varies_with != Some(found.id) {
        return;
    }
    let used = found.use_of(cx.project);
    let read = match &used {
        UseOfCall::Unused => false,
        // Whether it has made a row, one statement for all cannot say of each.
        UseOfCall::Bound(name) => {
            found.is_read_later(cx.project, name)
                || second_name(cx.project, &found).is_some_and(|made| found.is_read_later(cx.project, &made))
        }
        UseOfCall::Collected | UseOfCall::Returned | UseOfCall::Other => true,
    };
    let unique = queryset.model.and_then(|model| models::is_unique(cx.project, model, &looked_for(queryset)));
    let model = queryset.model_name.as_str();
    let fields = looked_for(queryset).join(", ");
    let advice = match (read, unique) {
        (false, Some(true)) if !updates => {
            "Collect the instances and send one bulk_create(rows, ignore_conflicts=True).".to_owned()
        }
        (false, Some(true)) => "Collect the instances and send one bulk_create(rows, update_conflicts=True) with \
                                unique_fields and update_fields."
            .to_owned(),
        (false, _) if !updates => format!(
            "Read the rows that are there with one query, and create the others with bulk_create(). With a unique \
             constraint on ({fields}), bulk_create(rows, ignore_conflicts=True) can do all of it by itself."
        ),
        (false, _) => format!(
            "Read the rows that are there with one query, create the others with bulk_create() and write the changed \
             ones with bulk_update(). With a unique constraint on ({fields}), bulk_create() can do all of it by itself."
        ),
        (true, _) => {
            "Read the rows that are there with one filter(…__in=…) into a dictionary, create the missing ones \
                      with bulk_create(), and take each row from there; a row that another request makes meanwhile is \
                      found by reading again."
                .to_owned()
        }
    };
    // Of a narrower constraint, a row that differs in the rest would be left out without a word.
    let exactly = |model| models::is_unique_by(cx.project, model, &looked_for(queryset));
    let rewrite = queryset.model.filter(|model| !read && exactly(*model));
    let told = Told {
        rule: &META,
        what: format!("Looks for {} and {} it", turns::a_row_of(model), if updates { "writes" } else { "creates" }),
        so: ", two statements or more for each",
        confidence: if read { Confidence::Possible } else { found.confidence(cx.project) },
        advice,
        rewrite: rewrite.and_then(|model| at_once(cx.project, &found, model, updates)),
        key: format!("{model} {fields}"),
    };
    found.report(told, cx);
}

/// `made` of `row, made = get_or_create(…)`
fn second_name(project: &Project, found: &Repeated<'_>) -> Option<String> {
    let statement = found.event.statement.filter(|_| found.step.is_none())?;
    let (targets, _) = project.text(statement).split_once('=')?;
    let made = targets.trim().trim_matches(['(', ')']).split(',').nth(1)?.trim().to_owned();
    (!made.is_empty() && made != "_").then_some(made)
}

/// The fields that the row is looked for by.
fn looked_for(queryset: &QuerySet) -> Vec<&str> {
    let compared = queryset.filters.iter().filter(|filter| !filter.negated && filter.lookup == "exact");
    compared.filter_map(|filter| filter.path.first().filter(|_| filter.path.len() == 1)).map(|f| f.as_str()).collect()
}

/// `bulk_create()` that leaves the conflicts to the database.
fn at_once(project: &Project, found: &Repeated<'_>, model: ModelId, updates: bool) -> Option<DraftRewrite> {
    let module = project.module(found.site.file);
    let text = |span| project.text(Site::new(found.site.file, span)).trim();
    let call = rewrite::call_at(&module.ir, found.site.span)?;
    let (receiver, method) = text(call.callee).rsplit_once('.')?;
    let name = receiver.strip_suffix(".objects")?;
    let known = project.schema.get(model).name == name && matches!(method, "get_or_create" | "update_or_create");
    // MySQL takes its own unique keys, not those that are named; older versions cannot at all.
    let engine = project.settings.engine.as_deref();
    let can = !updates || project.django >= DjangoVersion(4, 1) && engine.is_some_and(|engine| engine != "mysql");
    if !known || !can {
        return None;
    }
    let mut set: Vec<String> = Vec::new();
    let (mut unique, mut written) = (Vec::new(), Vec::new());
    let quote = Quote::of(module.source.text());
    for (field, value) in rewrite::keywords_of_call(&module.ir, found.site.span)? {
        match field.as_str() {
            "defaults" => {
                for (field, value) in rewrite::pairs_of_dict(&module.ir, value)? {
                    set.push(format!("{field}={}", text(value)));
                    written.push(quote.text(&field));
                }
            }
            "create_defaults" => return None,
            _ => {
                models::column_kind(project, Some(model), &field)??;
                set.push(format!("{field}={}", text(value)));
                unique.push(quote.text(&field));
            }
        }
    }
    let mut more = match updates {
        false => vec!["ignore_conflicts=True".to_owned()],
        true if written.is_empty() => return None,
        true => vec![
            "update_conflicts=True".to_owned(),
            format!("unique_fields=[{}]", unique.join(", ")),
            format!("update_fields=[{}]", written.join(", ")),
        ],
    };
    more.push("batch_size=1000".to_owned());
    let write = Write { callee: format!("{receiver}.bulk_create"), more };
    let edits = collect::edits(project, found, &format!("{name}({})", set.join(", ")), &write)?;
    let note = match updates {
        false => {
            "bulk_create() calls no save() and sends no signals; ignore_conflicts ignores every constraint, and a \
                  row that is there already keeps its values. An error leaves none of the rows behind."
        }
        true => {
            "bulk_create() calls no save() and sends no signals. PostgreSQL refuses two rows of one statement that \
                 meet each other: the items must differ. An error leaves none of the rows behind."
        }
    };
    Some(DraftRewrite {
        safety: Safety::Review,
        title: "Let the unique constraint decide for all rows at once".to_owned(),
        note: note.to_owned(),
        edits,
    })
}
