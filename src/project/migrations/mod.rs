//! Migrations: which is the newest of each app, and the indexes that they make and models do not show.

mod operations;
mod raw;

pub use operations::{Added, Column, DefaultValue, Migration, Operation, OperationKind};

use std::collections::{BTreeMap, BTreeSet, HashSet};

use smol_str::SmolStr;

use super::models::Apps;
use super::models::meta;
use super::models::sources::Sources;
use crate::model::{FileId, Site};
use crate::python::ir::{self, Call};
use crate::schema::{Index, IndexOrigin, Schema};

/// The migrations of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppMigrations {
    pub app: SmolStr,
    /// `/`-separated, without a final slash.
    pub directory: String,
    /// Names of the migrations that no other one of the app depends on, without `.py`; one unless merging is due.
    pub leaves: Vec<SmolStr>,
    /// The highest number among them.
    pub number: u32,
    /// How many files number their digits with: `0007`.
    pub width: usize,
}

/// A raw statement that makes or drops an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawIndex {
    pub sql: SmolStr,
    pub site: Site,
}

#[derive(Debug, Default)]
pub struct Migrations {
    pub apps: Vec<AppMigrations>,
    /// Of each app in the order of their numbers.
    pub files: Vec<Migration>,
    pub raw: Vec<RawIndex>,
}

impl Migrations {
    pub fn of_app(&self, label: &str) -> Option<&AppMigrations> {
        self.apps.iter().find(|app| app.app == label)
    }

    /// Those that may not have run everywhere yet.
    pub fn pending(&self) -> impl Iterator<Item = &Migration> {
        self.files.iter().filter(|migration| migration.is_pending)
    }
}

/// One migration file.
struct File {
    file: FileId,
    name: SmolStr,
    number: u32,
    width: usize,
    depends_on: Vec<SmolStr>,
}

/// The name of a directory of migrations: `MIGRATION_MODULES` lets it be another one, like `db_migrations`.
pub fn is_of_migrations(directory: &str) -> bool {
    directory == "migrations" || directory.ends_with("_migrations")
}

/// `changed`: paths of the files that the change under review brings or edits.
pub fn read(sources: &Sources<'_>, apps: &Apps, changed: &BTreeSet<String>, schema: &mut Schema) -> Migrations {
    let mut by_app: BTreeMap<(String, SmolStr), Vec<File>> = BTreeMap::new();
    for at in 0..sources.modules.len() {
        let id = FileId(at as u32);
        let parts = sources.names.files.parts(id);
        let Some((name, above)) = parts.split_last() else { continue };
        if above.last().is_none_or(|directory| !is_of_migrations(directory)) {
            continue;
        }
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        let Some(number) = name.get(..digits).and_then(|digits| digits.parse().ok()) else { continue };
        let app = apps.label(sources.names, id);
        // Migrations stand one directory below what names the app.
        let app = if is_of_migrations(&app) { above.iter().rev().nth(1).map_or(app, SmolStr::from) } else { app };
        let depends_on = dependencies(sources, id, &app);
        let path = sources.paths.get(at).copied().unwrap_or("");
        let directory = path.rsplit_once(['/', '\\']).map_or("", |(directory, _)| directory).to_owned();
        let file = File { file: id, name: name.into(), number, width: digits, depends_on };
        by_app.entry((directory, app)).or_default().push(file);
    }
    let mut out = Migrations::default();
    for ((directory, app), mut files) in by_app {
        files.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
        for file in &files {
            apply(sources, &app, file.file, schema, &mut out.raw);
        }
        let wanted: HashSet<&SmolStr> = files.iter().flat_map(|file| &file.depends_on).collect();
        let mut leaves: Vec<SmolStr> =
            files.iter().filter(|file| !wanted.contains(&file.name)).map(|file| file.name.clone()).collect();
        // Files whose dependencies could not be read (a diff): the newest one is the leaf.
        if leaves.len() > 1 && files.iter().any(|file| file.number > 1 && file.depends_on.is_empty()) {
            leaves = files.last().map(|file| file.name.clone()).into_iter().collect();
        }
        let mut tables = operations::Tables::default();
        for file in &files {
            let mut read = operations::read(sources, file.file, &mut tables);
            if let Some(migration) = &mut read {
                migration.app = app.clone();
                migration.name = file.name.clone();
                let path = sources.paths.get(file.file.0 as usize).copied().unwrap_or("");
                migration.is_changed = changed.contains(path);
                migration.is_pending = migration.is_changed || leaves.contains(&file.name);
            }
            out.files.extend(read);
        }
        let number = files.iter().map(|file| file.number).max().unwrap_or(0);
        let width = files.last().map_or(4, |file| file.width);
        out.apps.push(AppMigrations { app, directory, leaves, number, width });
    }
    out
}

/// Names of the migrations of the same app that a file depends on or replaces.
fn dependencies(sources: &Sources<'_>, file: FileId, app: &str) -> Vec<SmolStr> {
    ["dependencies", "replaces"]
        .iter()
        .filter_map(|attr| attribute(sources, file, attr))
        .flat_map(|value| sources.items(file, value))
        .filter_map(|(file, item)| {
            let parts = sources.texts_of(file, item);
            match parts.as_slice() {
                [of, name] if of.eq_ignore_ascii_case(app) => Some(name.clone()),
                _ => None,
            }
        })
        .collect()
}

/// An attribute of the file's `class Migration`.
fn attribute<'a>(sources: &Sources<'a>, file: FileId, name: &str) -> Option<&'a ir::Expr> {
    let index = sources.names.index(file)?;
    let number = index.classes.iter().position(|class| class.qualified == "Migration")?;
    Some(sources.names.class_value(sources.modules, (file, number as u32), name)?.1)
}

/// Applies what the operations of one migration do to indexes, where the model does not say the same.
fn apply(sources: &Sources<'_>, app: &str, file: FileId, schema: &mut Schema, raw: &mut Vec<RawIndex>) {
    for (file, call, span) in operations::calls(sources, file) {
        let name = call.func.dotted().unwrap_or_default();
        match name.rsplit('.').next() {
            Some("RunSQL") => {
                for text in operations::statements(sources, file, call) {
                    raw::run_sql(&text, Site::new(file, span), schema, raw);
                }
            }
            Some("AddIndex" | "AddIndexConcurrently" | "AddConstraint") => {
                let Some(model) = operand(sources, app, file, call, schema) else { continue };
                let added = ["index", "constraint"].iter().find_map(|key| call.keyword(key));
                let Some(added) = added.or_else(|| call.positional().nth(1)) else { continue };
                let class = schema.get(model).name.clone();
                if let Some(mut index) = meta::index(sources, file, added, &class, app, IndexOrigin::Migration) {
                    index.origin = IndexOrigin::Migration;
                    add(schema, model, index);
                }
            }
            Some("RemoveIndex" | "RemoveIndexConcurrently" | "RemoveConstraint") => {
                let Some(model) = operand(sources, app, file, call, schema) else { continue };
                let name = call.keyword("name").or_else(|| call.positional().nth(1));
                let name = name.and_then(|name| sources.text(file, name));
                // What the model itself lists is there again.
                let made = |index: &Index| index.origin == IndexOrigin::Migration && index.name == name;
                schema.get_mut(model).indexes.retain(|index| !made(index));
            }
            _ => {}
        }
    }
}

/// The model that an operation names.
fn operand(
    sources: &Sources<'_>,
    app: &str,
    file: FileId,
    call: &Call,
    schema: &Schema,
) -> Option<crate::schema::ModelId> {
    let name = call.keyword("model_name").or_else(|| call.positional().next())?;
    schema.by_label(&format!("{app}.{}", sources.text(file, name)?))
}

fn add(schema: &mut Schema, model: crate::schema::ModelId, index: Index) {
    let known = &mut schema.get_mut(model).indexes;
    let same = |other: &Index| {
        (index.name.is_some() && other.name == index.name)
            || (other.columns == index.columns && other.condition == index.condition && other.method == index.method)
    };
    if !known.iter().any(same) {
        known.push(index);
    }
}
