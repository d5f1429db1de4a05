//! A finding about an index, and the edits that add it.

use smol_str::SmolStr;

use super::usage::Usage;
use crate::config::Preset;
use crate::model::{Confidence, Safety, Severity};
use crate::project::Project;
use crate::rewrite::{self, After, Change, FileEdit, Keys, NewIndex, Quote};
use crate::rules::growth::grows;
use crate::rules::heat::Heat;
use crate::rules::{Context, Draft, DraftEvidence, DraftRewrite, Meta};
use crate::schema::{FieldKind, IndexOrigin, Model, ModelId};
use crate::sql::Dialect;

/// Hands in a finding for a usage, one of `all`; `message` says what is missing.
pub fn report(rule: &'static Meta, usage: &Usage, all: usize, message: String, cx: &mut Context<'_>) {
    let Some(first) = usage.sites.first() else { return };
    let model = cx.project.schema.get(usage.model);
    let is_hot = usage.is_hot() || usage.functions() > 1;
    let is_login = usage.is_login(cx.project);
    let is_small = !grows(&cx.project.schema, usage.model) && cx.project.user_model() != Some(usage.model);
    let is_hint = match cx.config.preset {
        Preset::Seeds => !(is_hot || is_login),
        // Django's own table needs a migration of raw SQL, which must be worth it.
        _ => {
            let is_foreign = model.site.is_none() && (usage.functions() < 4 || cx.project.is_of_host(model));
            is_small || !usage.is_frequent(cx.project) || is_foreign
        }
    };
    let severity = match (cx.config.preset, is_hot, is_login) {
        (Preset::Seeds, true, _) | (Preset::Seeds, _, true) => Severity::Blocker,
        (_, _, true) => Severity::Warning,
        _ => Severity::Info,
    };
    // Fields and indexes of a base that is not in the input are not known.
    let known = if model.is_partial { Confidence::Likely } else { Confidence::Certain };
    let confidence = usage.sites.iter().map(|at| at.confidence).max().unwrap_or(known).min(known);
    let mut message = message;
    message.push_str(&places(usage));
    if model.is_partial {
        message.push_str("; a base class of the model is not in the input and may bring one");
    }
    let evidence = usage
        .sites
        .iter()
        .skip(1)
        .map(|at| DraftEvidence::Code { site: at.site, message: "looked up the same way here".to_owned() })
        .chain(
            model.site.map(|site| DraftEvidence::Code { site, message: format!("{} is defined here", model.label()) }),
        )
        .collect();
    let columns = usage.columns.iter().map(ToString::to_string).collect();
    let index = match &usage.condition {
        Some((field, value)) => NewIndex::partial(&model.name, columns, (field.to_string(), value.clone())),
        None => NewIndex::named(&model.name, columns),
    };
    // A part of an index must not be long.
    let is_text = |name: &SmolStr| {
        let field = cx.project.schema.field(usage.model, name.trim_start_matches('-'));
        field.is_some_and(|(_, field)| field.kind == FieldKind::Text)
    };
    let fits = usage.columns.len() == 1 || !usage.columns.iter().any(is_text);
    let rewrite = rewrite(cx.project, usage.model, &index).filter(|_| fits);
    let mut advice = advice(cx.project, model, &index, rewrite.is_some());
    if all > 2 {
        advice.push_str(&format!(
            " By how often and how hot it is asked for, it is number {} of {all} indexes that are missing.",
            usage.rank
        ));
    }
    cx.report(Draft {
        rule,
        severity,
        hint: Some(is_hint),
        confidence,
        site: Some(first.site),
        message,
        cost: None,
        evidence,
        rewrite,
        advice,
        key: format!("{}:{}{}", model.label(), usage.columns.join(","), condition(usage)),
    });
}

fn condition(usage: &Usage) -> String {
    usage.condition.as_ref().map(|(field, value)| format!("|{field}={value}")).unwrap_or_default()
}

/// How often and how hot, where it is more than one place.
fn places(usage: &Usage) -> String {
    let (all, hot) = (usage.sites.len(), usage.sites.iter().filter(|at| at.heat == Heat::Hot).count());
    match (all, hot) {
        (..2, _) => String::new(),
        (_, 0) => format!(" ({all} places)"),
        (_, _) if all == hot => format!(" ({all} places, all on requests or in loops)"),
        _ => format!(" ({all} places, {hot} of them on requests or in loops)"),
    }
}

/// What to add, and how.
pub fn advice(project: &Project, model: &Model, index: &NewIndex, has_rewrite: bool) -> String {
    let names: Vec<String> = index
        .imports()
        .iter()
        .map(|(module, name)| if *module == "django.db.models" { format!("models.{name}") } else { (*name).to_owned() })
        .collect();
    let index = index.call(&names, Quote::Double).unwrap_or_default();
    let built = match (project.dialect_known, project.dialect) {
        (true, Dialect::Postgres) => "build it with AddIndexConcurrently",
        (true, _) => "add it in a migration",
        (false, _) => "add it in a migration, on PostgreSQL with AddIndexConcurrently",
    };
    if model.site.is_none() && model.app == "auth" {
        return format!(
            "The model is Django's own: {index} belongs to a user model of the project's (AUTH_USER_MODEL), or to a \
             RunSQL migration that creates the index on {}.",
            model.table
        );
    }
    let place = if has_rewrite { "" } else { " in the model's Meta.indexes" };
    format!("Add {index}{place} and {built}; EXPLAIN (ANALYZE, BUFFERS) on realistic data shows whether it is used.")
}

/// The model's Meta with the index.
pub fn in_model(project: &Project, id: ModelId, index: &NewIndex) -> Option<Vec<FileEdit>> {
    let model = project.schema.get(id);
    let site = model.site?;
    if model.is_abstract || !meta_is_own(model) {
        return None;
    }
    let module = project.modules.get(site.file.0 as usize)?;
    rewrite::add_index(site.file, &module.source, &module.ir, site.span, index)
}

/// The same, and the migration that makes it.
pub fn rewrite(project: &Project, id: ModelId, index: &NewIndex) -> Option<DraftRewrite> {
    let model = project.schema.get(id);
    let module = project.modules.get(model.site?.file.0 as usize)?;
    let mut edits = in_model(project, id, index)?;
    let concurrently = concurrently(project);
    let note = match migration(project, model, Change::Add(index), &module.source) {
        Some(file) => {
            edits.push(file);
            let when = if concurrently {
                "The index is built without blocking writes, which takes longer and must not stand in a transaction."
            } else {
                "Building the index blocks writes to the table on most databases; on PostgreSQL take AddIndexConcurrently \
                 with atomic = False."
            };
            format!("{when} An index costs every write a little. With several such rewrites, chain their migrations.")
        }
        None => "The migration is missing: run makemigrations. An index costs every write a little.".to_owned(),
    };
    let note = match index.keys {
        Keys::Trigrams { upper: true, .. } => {
            format!("{note} It needs the extension pg_trgm, and django.contrib.postgres among the INSTALLED_APPS.")
        }
        Keys::Trigrams { .. } => format!("{note} It needs the extension pg_trgm."),
        _ => note,
    };
    let title = format!("Add an index on ({}) to {}", index.columns().join(", "), model.label());
    Some(DraftRewrite { safety: Safety::Review, title, note, edits })
}

/// Whether what its Meta says is written in the model itself: an edit would hide what is inherited.
pub fn meta_is_own(model: &Model) -> bool {
    if model.options.inherits_meta && model.options.meta.is_none() {
        return false;
    }
    let within = |index: &crate::schema::Index| match (index.site, model.options.meta) {
        (Some(site), Some(meta)) => site.file == meta.file && meta.span.contains(site.span),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let listed = |index: &&crate::schema::Index| index.origin == IndexOrigin::Meta;
    model.options.indexes_list.is_some() || model.indexes.iter().filter(listed).all(within)
}

/// Indexes are built and dropped without blocking writes.
pub fn concurrently(project: &Project) -> bool {
    project.dialect_known && project.dialect == Dialect::Postgres
}

/// The migration behind the newest one of the model's app; none where there is not exactly one.
pub fn migration(
    project: &Project,
    model: &Model,
    change: Change<'_>,
    style: &crate::text::Source,
) -> Option<FileEdit> {
    let app = project.migrations.of_app(&model.app)?;
    let [leaf] = app.leaves.as_slice() else { return None };
    let leaf: &SmolStr = leaf;
    let after = After { app: &app.app, directory: &app.directory, leaf, number: app.number, width: app.width };
    Some(rewrite::migration(&after, &model.name, change, style, concurrently(project)))
}
