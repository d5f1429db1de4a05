//! Migrations: which is the newest of each app, and the indexes that they make and models do not show.

use std::collections::{BTreeMap, HashSet};

use smol_str::SmolStr;

use super::models::Apps;
use super::models::meta;
use super::models::sources::Sources;
use crate::model::{FileId, Site};
use crate::python::ir::{self, Call};
use crate::schema::{Index, IndexColumn, IndexOrigin, Schema};

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
    pub raw: Vec<RawIndex>,
}

impl Migrations {
    pub fn of_app(&self, label: &str) -> Option<&AppMigrations> {
        self.apps.iter().find(|app| app.app == label)
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

pub fn read(sources: &Sources<'_>, apps: &Apps, schema: &mut Schema) -> Migrations {
    let mut by_app: BTreeMap<(String, SmolStr), Vec<File>> = BTreeMap::new();
    for at in 0..sources.modules.len() {
        let id = FileId(at as u32);
        let parts = sources.names.files.parts(id);
        let Some((name, above)) = parts.split_last() else { continue };
        if above.last().is_none_or(|directory| directory != "migrations") {
            continue;
        }
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        let Some(number) = name.get(..digits).and_then(|digits| digits.parse().ok()) else { continue };
        let app = apps.label(sources.names, id);
        // Migrations stand one directory below what names the app.
        let app = if app == "migrations" { above.iter().rev().nth(1).map_or(app, SmolStr::from) } else { app };
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
            operations(sources, &app, file.file, schema, &mut out.raw);
        }
        let wanted: HashSet<&SmolStr> = files.iter().flat_map(|file| &file.depends_on).collect();
        let mut leaves: Vec<SmolStr> =
            files.iter().filter(|file| !wanted.contains(&file.name)).map(|file| file.name.clone()).collect();
        // Files whose dependencies could not be read (a diff): the newest one is the leaf.
        if leaves.len() > 1 && files.iter().any(|file| file.number > 1 && file.depends_on.is_empty()) {
            leaves = files.last().map(|file| file.name.clone()).into_iter().collect();
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
fn operations(sources: &Sources<'_>, app: &str, file: FileId, schema: &mut Schema, raw: &mut Vec<RawIndex>) {
    let Some(value) = attribute(sources, file, "operations") else { return };
    let mut pending: Vec<(FileId, &ir::Expr, u32)> =
        sources.items(file, value).into_iter().rev().map(|(file, item)| (file, item, 0)).collect();
    while let Some((file, item, depth)) = pending.pop() {
        let Some(call) = item.as_call() else { continue };
        let name = call.func.dotted().unwrap_or_default();
        match name.rsplit('.').next() {
            Some("SeparateDatabaseAndState") if depth < 4 => {
                let list = call.keyword("database_operations").or_else(|| call.positional().next());
                let inner = list.map(|list| sources.items(file, list)).unwrap_or_default();
                pending.extend(inner.into_iter().rev().map(|(file, item)| (file, item, depth + 1)));
            }
            Some("RunSQL") => {
                let Some(sql) = call.keyword("sql").or_else(|| call.positional().next()) else { continue };
                let mut texts: Vec<SmolStr> = sources.text(file, sql).into_iter().collect();
                if texts.is_empty() {
                    texts = sources.texts_of(file, sql);
                }
                for text in texts {
                    run_sql(&text, Site::new(file, item.span), schema, raw);
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

/// `CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] name ON [ONLY] table [USING method] (columns) [WHERE …]`
fn run_sql(text: &str, site: Site, schema: &mut Schema, raw: &mut Vec<RawIndex>) {
    for statement in text.split(';') {
        let words = words(statement);
        let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let touches = words.iter().take(4).any(|word| word.eq_ignore_ascii_case("index"));
        if !touches || !(is(0, "create") || is(0, "drop")) {
            continue;
        }
        raw.push(RawIndex { sql: statement.trim().into(), site });
        if is(0, "drop") {
            drop_named(schema, &words);
            continue;
        }
        if let Some((table, index)) = created(&words, site)
            && let Some(model) = schema.by_table(&table)
        {
            let mut index = index;
            for column in &mut index.columns {
                if let Some(field) = schema.get(model).fields.iter().find(|f| f.column == column.name) {
                    column.name = field.name.clone();
                }
            }
            add(schema, model, index);
        }
    }
}

fn drop_named(schema: &mut Schema, words: &[&str]) {
    for id in schema.ids() {
        let model = schema.get_mut(id);
        model.indexes.retain(|index| {
            let named = index.name.as_deref().is_some_and(|name| words.contains(&name));
            !(named && matches!(index.origin, IndexOrigin::Migration | IndexOrigin::Ddl))
        });
    }
}

fn created(words: &[&str], site: Site) -> Option<(String, Index)> {
    let on = words.iter().position(|word| word.eq_ignore_ascii_case("on"))?;
    let unique = words.iter().take(on).any(|word| word.eq_ignore_ascii_case("unique"));
    let before = words.get(on.checked_sub(1)?)?;
    let name = (!["index", "concurrently", "exists"].iter().any(|w| before.eq_ignore_ascii_case(w)))
        .then(|| SmolStr::from(*before));
    let mut rest = words.get(on + 1..)?.iter().copied().peekable();
    let mut table = rest.next()?;
    if table.eq_ignore_ascii_case("only") {
        table = rest.next()?;
    }
    // `public.table`
    while rest.next_if(|word| *word == ".").is_some() {
        table = rest.next()?;
    }
    let mut method = "btree".to_owned();
    if rest.next_if(|word| word.eq_ignore_ascii_case("using")).is_some() {
        method = rest.next()?.to_lowercase();
    }
    rest.next_if(|word| *word == "(")?;
    let mut columns = Vec::new();
    let mut part: Vec<&str> = Vec::new();
    let mut depth = 1;
    for word in rest.by_ref() {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && word == ",") {
            columns.push(column(&part)?);
            part.clear();
            if depth == 0 {
                break;
            }
        } else {
            part.push(word);
        }
    }
    let condition: Vec<&str> = rest.skip_while(|word| !word.eq_ignore_ascii_case("where")).skip(1).collect();
    let index = Index {
        name,
        unique,
        condition: (!condition.is_empty()).then(|| condition.join(" ")),
        method: method.into(),
        site: Some(site),
        ..Index::plain(columns, IndexOrigin::Migration)
    };
    Some((table.to_owned(), index))
}

fn column(words: &[&str]) -> Option<IndexColumn> {
    let (first, options) = words.split_first()?;
    let descending = options.iter().any(|word| word.eq_ignore_ascii_case("desc"));
    if options.contains(&"(") || *first == "(" {
        let expression = Some(words.join(" "));
        return Some(IndexColumn { name: SmolStr::default(), descending, expression, opclass: None });
    }
    let opclass = options.iter().find(|word| word.ends_with("_ops")).map(|word| SmolStr::from(*word));
    Some(IndexColumn { name: (*first).into(), descending, expression: None, opclass })
}

/// Words, quoted names without their quotes, and single signs.
fn words(sql: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '`' => match rest.get(1..).and_then(|inner| inner.find(first)) {
                Some(end) => {
                    out.push(rest.get(1..=end).unwrap_or(""));
                    rest = rest.get(end + 2..).unwrap_or("");
                    continue;
                }
                None => 1,
            },
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        if !first.is_whitespace() {
            out.push(word);
        }
        rest = after;
    }
    out
}
