//! RT405

use std::collections::HashSet;

use super::{cure, rare};
use crate::model::{Confidence, Safety, Site};
use crate::project::Project;
use crate::rewrite::{self, Call, Change, FileEdit, NewIndex, Quote};
use crate::rules::macros::rule;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta, Rule};
use crate::schema::{Field, FieldKind, Index, IndexOrigin, Model, ModelId};
use crate::sql::Dialect;
use crate::trace::{Filter, Trace};

rule! {
    /// Has an index that another one makes superfluous, or that leads nowhere.
    ///
    /// ## Why
    /// Every index costs each write and its room on disk and in memory. One that another index or a unique constraint
    /// begins with serves nothing that the longer one does not. One on a flag leads to half of the table.
    ///
    /// ## Example
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     starter_id = models.IntegerField()
    ///     created = models.DateTimeField()
    ///
    ///     class Meta:
    ///         indexes = [
    ///             models.Index(fields=["starter_id"], name="topic_starter_idx"),  # RT405
    ///             models.Index(fields=["starter_id", "created"], name="topic_starter_created_idx"),
    ///         ]
    /// ```
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     starter_id = models.IntegerField()
    ///     created = models.DateTimeField()
    ///
    ///     class Meta:
    ///         indexes = [
    ///             models.Index(fields=["starter_id", "created"], name="topic_starter_created_idx"),
    ///         ]
    /// ```
    /// What is unique makes an index already; saying `db_index` changes nothing:
    /// ```python flag
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     number = models.IntegerField(unique=True, db_index=True)  # RT405
    /// ```
    /// ```python fix
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     number = models.IntegerField(unique=True)  # RT405
    /// ```
    /// An index of some rows is another one:
    /// ```python ok
    /// # file: forum/models.py
    /// from django.db import models
    ///
    /// class Topic(models.Model):
    ///     starter_id = models.IntegerField()
    ///     is_open = models.BooleanField()
    ///     created = models.DateTimeField()
    ///
    ///     class Meta:
    ///         indexes = [
    ///             models.Index(fields=["created"], name="topic_open_idx", condition=models.Q(is_open=True)),
    ///             models.Index(fields=["created", "starter_id"], name="topic_created_starter_idx"),
    ///         ]
    /// ```
    ///
    /// ## When not to
    /// A short index is smaller than a long one: where the short one is read all the time and the long one hardly, both
    /// may be worth their price. On PostgreSQL a text field with `db_index` has a second index that serves searches by
    /// the beginning of the text; those are left alone. Statistics of the database show which indexes are used.
    pub struct RedundantIndex: "RT405", "redundant-index", Index, Info as hint;
}

impl Rule for RedundantIndex {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn whole(&self, traces: &[Trace], cx: &mut Context<'_>) {
        let project = cx.project;
        let mut told: HashSet<Site> = HashSet::new();
        for id in project.schema.ids() {
            let model = project.schema.get(id);
            if model.is_abstract || model.is_proxy || model.site.is_none() {
                continue;
            }
            let mut out: Vec<Draft> = Vec::new();
            out.extend(model.fields.iter().filter_map(|field| without_effect(project, model, field)));
            for (at, index) in model.indexes.iter().enumerate() {
                let within = model.indexes.iter().enumerate();
                let longer = within.filter(|(other, _)| *other != at).find(|(other, longer)| {
                    // Of two equal ones, the later is too many.
                    makes_superfluous(longer, index)
                        && (longer.columns.len() > index.columns.len() || *other < at || longer.unique)
                });
                match longer {
                    Some((_, longer)) => out.extend(superfluous(project, (id, model), index, longer, traces)),
                    None => out.extend(flag_alone(project, (id, model), index, traces)),
                }
            }
            // What an abstract base says is said once.
            out.retain(|draft| draft.site.is_some_and(|site| told.insert(site)));
            out.into_iter().for_each(|draft| cx.report(draft));
        }
    }
}

/// Whether all that an index serves is served by the other one.
fn makes_superfluous(longer: &Index, index: &Index) -> bool {
    let plain = |index: &Index| {
        index.method == "btree" && index.columns.iter().all(|c| c.expression.is_none() && c.opclass.is_none())
    };
    let declared = !matches!(longer.origin, IndexOrigin::Migration | IndexOrigin::Ddl);
    if !plain(longer) || !plain(index) || longer.condition != index.condition || !declared || index.columns.is_empty() {
        return false;
    }
    if index.unique && !(longer.unique && longer.columns.len() == index.columns.len()) {
        return false;
    }
    let pairs = || longer.columns.iter().zip(&index.columns);
    let begins = longer.columns.len() >= index.columns.len() && pairs().all(|(one, other)| one.name == other.name);
    // Read backwards, an index is in the opposite order of all its columns.
    let same_way = pairs().all(|(one, other)| one.descending == other.descending);
    let opposite = pairs().all(|(one, other)| one.descending != other.descending);
    begins && (same_way || opposite)
}

fn draft(model: &Model, site: Site, message: String, advice: String, rewrite: Option<DraftRewrite>) -> Draft {
    Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: if model.is_partial { Confidence::Likely } else { Confidence::Certain },
        site: Some(site),
        message,
        cost: None,
        evidence: Vec::new(),
        rewrite,
        advice,
        key: model.label(),
    }
}

/// `db_index=True` where there is an index anyway.
fn without_effect(project: &Project, model: &Model, field: &Field) -> Option<Draft> {
    let flag = field.flagged?;
    let why = match (&field.relation, field.unique) {
        (_, true) => "what is unique has an index",
        (Some(_), false) => "a foreign key has an index",
        (None, false) => return None,
    };
    let module = project.module(flag.file);
    let edit = rewrite::take_argument(&module.source, &module.ir, flag);
    let rewrite = edit.map(|edit| DraftRewrite {
        safety: Safety::Review,
        title: "Leave db_index out".to_owned(),
        note: "Nothing changes in the database; makemigrations may write a migration that does nothing.".to_owned(),
        edits: vec![edit],
    });
    let message = format!("db_index has no effect on {}.{}: {why} already.", model.label(), field.name);
    Some(draft(model, flag, message, "Leave db_index out.".to_owned(), rewrite))
}

fn superfluous(
    project: &Project,
    (id, model): (ModelId, &Model),
    index: &Index,
    longer: &Index,
    traces: &[Trace],
) -> Option<Draft> {
    let site = index.site?;
    let field = index.columns.first().and_then(|column| model.fields.iter().find(|field| field.name == column.name));
    let rewrite = match index.origin {
        IndexOrigin::Meta => removal(project, model, index),
        IndexOrigin::FieldFlag => {
            let field = field?;
            // It has a companion there, which finds text by its beginning.
            let has_companion = matches!(field.kind, FieldKind::Char | FieldKind::Text);
            let asked = || filters(traces, id, &field.name).any(|filter| filter.lookup == "startswith");
            if has_companion && project.dialect == Dialect::Postgres && asked() {
                return None;
            }
            without_flag(project, field)
        }
        IndexOrigin::ForeignKey => field.and_then(|field| unindexed_key(project, field)),
        _ => return None,
    };
    let names = |index: &Index| index.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let (own, other) = (names(index), names(longer));
    let kind = match longer.origin {
        IndexOrigin::Unique => "unique constraint",
        IndexOrigin::PrimaryKey => "primary key",
        _ => "index",
    };
    let message = match own == other {
        true => {
            format!("The index on ({own}) of {} is there twice: the {kind} on ({other}) is the same.", model.label())
        }
        false => {
            format!("The index on ({own}) of {} serves nothing that the {kind} on ({other}) does not.", model.label())
        }
    };
    let advice = match index.origin {
        IndexOrigin::ForeignKey => "Say db_index=False on the foreign key, if the longer index is not much larger.",
        _ => "Remove it, if the longer index is not much larger.",
    };
    let mut draft = draft(model, site, message, advice.to_owned(), rewrite);
    draft.evidence.extend(
        longer
            .site
            .filter(|at| *at != site)
            .map(|site| DraftEvidence::Code { site, message: format!("the {kind} that serves the same") }),
    );
    Some(draft)
}

/// How a column of the model is compared, wherever it is.
fn filters<'t>(traces: &'t [Trace], id: ModelId, name: &'t str) -> impl Iterator<Item = &'t Filter> {
    let judged = traces.iter().filter(|trace| trace.role.is_judged());
    let of_model = judged.flat_map(|trace| &trace.querysets).filter(move |queryset| queryset.model == Some(id));
    let named = move |filter: &&Filter| matches!(filter.path.as_slice(), [only] if only == name);
    of_model.flat_map(|queryset| &queryset.filters).filter(named)
}

/// An index on a flag alone.
fn flag_alone(project: &Project, (id, model): (ModelId, &Model), index: &Index, traces: &[Trace]) -> Option<Draft> {
    let [column] = index.columns.as_slice() else { return None };
    let field = model.fields.iter().find(|field| field.name == column.name)?;
    let plain = index.condition.is_none() && column.expression.is_none() && index.method == "btree";
    let said = matches!(index.origin, IndexOrigin::Meta | IndexOrigin::FieldFlag);
    if field.kind != FieldKind::Boolean || !plain || !said || index.unique {
        return None;
    }
    let name = &field.name;
    let message = format!(
        "The index on {}.{name} has two values: it leads to a large part of the table, and is mostly not used.",
        model.label()
    );
    let mut asked: Vec<&str> = filters(traces, id, name)
        .map(|filter| if filter.negated || filter.lookup != "exact" { "" } else { filter.value.as_str() })
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let (rewrite, advice) = match asked.as_slice() {
        [] => (
            match index.origin {
                IndexOrigin::Meta => removal(project, model, index),
                _ => without_flag(project, field),
            },
            "Nothing in the input looks rows up by it: remove it.".to_owned(),
        ),
        [value] if rare::is_named(field, value) => (
            of_some_rows(project, (id, model), index, field, value),
            format!("Only {name}={value} is asked for: index those rows, which are few, and no others."),
        ),
        _ => (
            None,
            format!(
                "Where one of the values is rare, index what is looked for among its rows: \
                 models.Index(fields=[…], condition=models.Q({name}=True)); otherwise remove the index."
            ),
        ),
    };
    Some(draft(model, index.site.or(field.site)?, message, advice, rewrite))
}

/// A partial index in place of one on a flag.
fn of_some_rows(
    project: &Project,
    (id, model): (ModelId, &Model),
    index: &Index,
    field: &Field,
    value: &str,
) -> Option<DraftRewrite> {
    let key = model.primary_key()?.name.to_string();
    let partial = NewIndex::partial(&model.name, vec![key], (field.name.to_string(), value.to_owned()));
    let edits = match index.origin {
        IndexOrigin::Meta => {
            let (site, list) = (index.site?, model.options.indexes_list?);
            if list.file != site.file || !list.span.contains(site.span) {
                return None;
            }
            let module = project.module(site.file);
            let imported = rewrite::import(site.file, &module.source, &module.ir, "django.db.models", &["Index", "Q"])?;
            let call = partial.call(&imported.names, Quote::of(module.source.text()))?;
            let mut edits: Vec<FileEdit> = imported.edit.into_iter().collect();
            edits.push(FileEdit::replace(site, call));
            edits
        }
        _ => {
            let flag = field.flagged?;
            let module = project.module(flag.file);
            let mut edits = cure::in_model(project, id, &partial)?;
            edits.push(rewrite::take_argument(&module.source, &module.ir, flag)?);
            edits
        }
    };
    let title = format!("Index the rows with {}={value} alone", field.name);
    Some(DraftRewrite { safety: Safety::Review, title, note: MAKE.to_owned(), edits })
}

/// The model without an index of its Meta, and the migration that drops it.
fn removal(project: &Project, model: &Model, index: &Index) -> Option<DraftRewrite> {
    let (site, list) = (index.site?, model.options.indexes_list?);
    if list.file != site.file || !list.span.contains(site.span) {
        return None;
    }
    let module = project.module(site.file);
    let mut edits = vec![rewrite::take_item(&module.source, &module.ir, site)?];
    // Without a name of its own, Django has made one up.
    let name = index.name.as_deref();
    let migration = name.and_then(|name| cure::migration(project, model, Change::Remove(name), &module.source));
    let note = match migration {
        Some(file) => {
            edits.push(file);
            "Check in the database's statistics that the index is not used by itself.".to_owned()
        }
        None => "The migration is missing: run makemigrations.".to_owned(),
    };
    Some(DraftRewrite { safety: Safety::Review, title: "Remove the index".to_owned(), note, edits })
}

const MAKE: &str = "The migration is missing: run makemigrations.";

fn without_flag(project: &Project, field: &Field) -> Option<DraftRewrite> {
    let flag = field.flagged?;
    let module = project.module(flag.file);
    let edits = vec![rewrite::take_argument(&module.source, &module.ir, flag)?];
    Some(DraftRewrite { safety: Safety::Review, title: "Remove the index".to_owned(), note: MAKE.to_owned(), edits })
}

/// `ForeignKey(…, db_index=False)`
fn unindexed_key(project: &Project, field: &Field) -> Option<DraftRewrite> {
    let site = field.site.filter(|_| field.flagged.is_none())?;
    let module = project.module(site.file);
    let call = rewrite::assigned_call(&module.ir, site.span)?;
    let at = Call { call: Site::new(site.file, site.span), name: call.callee, args: call.args };
    let edits = vec![rewrite::extend_args(&module.source, at, "db_index=False")];
    let note = format!("{MAKE} Looking rows up by the key then reads the longer index.");
    Some(DraftRewrite { safety: Safety::Review, title: "Make no index for the key".to_owned(), note, edits })
}
