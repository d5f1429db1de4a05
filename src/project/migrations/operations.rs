//! Migrations as data: what each operation does to a table.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::{attribute, raw};
use crate::model::{FileId, Site, Span};
use crate::project::models::kinds;
use crate::project::models::sources::Sources;
use crate::python::ir::{self, Call, ExprKind};
use crate::schema::RelationKind;

/// One migration file.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    pub app: SmolStr,
    pub name: SmolStr,
    /// The name of its class.
    pub site: Site,
    /// It may not have run everywhere yet: no other one of its app follows it, or it is part of the change.
    pub is_pending: bool,
    /// The change under review brings or edits it.
    pub is_changed: bool,
    /// It runs as one transaction.
    pub atomic: bool,
    /// In their order; those that change the database, not the state alone.
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    pub kind: OperationKind,
    /// Name of the model in lower case; empty where it has none.
    pub model: SmolStr,
    /// The call.
    pub site: Site,
    /// What is called: `migrations.AddIndex`.
    pub callee: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum OperationKind {
    CreateTable,
    DropTable,
    RenameTable,
    AddColumn(Box<Column>),
    AlterColumn {
        /// As an earlier migration of the input has it.
        before: Option<Box<Column>>,
        after: Box<Column>,
    },
    DropColumn(SmolStr),
    /// The name before.
    RenameColumn(SmolStr),
    Add(Added),
    /// `RunPython`: the name of the function.
    RunCode(SmolStr),
    Other,
}

/// What is built over the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// `AddIndex`.
    Index,
    /// An index of raw SQL, without CONCURRENTLY.
    RawIndex,
    /// A unique constraint: an index, and what it guards.
    Unique,
    Exclusion,
    /// A condition that every row is held against.
    Check,
}

/// A field as a migration declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: SmolStr,
    pub null: bool,
    /// `db_index=True`, or made by its kind.
    pub indexed: bool,
    pub unique: bool,
    pub relation: Option<RelationKind>,
    pub default: DefaultValue,
    /// `db_default`: the database itself fills it in.
    pub db_default: bool,
    /// Its values are computed by the database, or made by a sequence.
    pub generated: bool,
    /// Between the parentheses of the field.
    pub args: Site,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    None,
    /// The value's expression.
    Constant(Site),
    /// Called once for all rows that are there.
    Computed(Site),
}

/// An app's tables so far; names of models and fields in lower case.
#[derive(Debug, Default)]
pub struct Tables {
    columns: HashMap<(SmolStr, SmolStr), Column>,
    /// The sets of fields that are unique together.
    together: HashMap<SmolStr, Vec<String>>,
}

/// The operations that change the database, those of `SeparateDatabaseAndState` included.
pub fn calls<'a>(sources: &Sources<'a>, file: FileId) -> Vec<(FileId, &'a Call, Span)> {
    let mut out = Vec::new();
    let Some(value) = attribute(sources, file, "operations") else { return out };
    let mut pending: Vec<(FileId, &ir::Expr, u32)> =
        sources.items(file, value).into_iter().rev().map(|(file, item)| (file, item, 0)).collect();
    while let Some((file, item, depth)) = pending.pop() {
        let Some(call) = item.as_call() else { continue };
        if last_name(call) == "SeparateDatabaseAndState" && depth < 4 {
            let list = call.keyword("database_operations").or_else(|| call.positional().next());
            let inner = list.map(|list| sources.items(file, list)).unwrap_or_default();
            pending.extend(inner.into_iter().rev().map(|(file, item)| (file, item, depth + 1)));
        } else {
            out.push((file, call, item.span));
        }
    }
    out
}

/// The SQL of a `RunSQL`, as far as it is constant.
pub fn statements(sources: &Sources<'_>, file: FileId, call: &Call) -> Vec<SmolStr> {
    let Some(sql) = call.keyword("sql").or_else(|| call.positional().next()) else { return Vec::new() };
    match sources.text(file, sql) {
        Some(text) => vec![text],
        None => {
            let items = sources.items(file, sql).into_iter();
            items.filter_map(|(file, item)| sources.text(file, item)).collect()
        }
    }
}

/// Reads one file; its names are filled in by who knows them.
pub fn read(sources: &Sources<'_>, file: FileId, tables: &mut Tables) -> Option<Migration> {
    let index = sources.names.index(file)?;
    let number = index.classes.iter().position(|class| class.qualified == "Migration")?;
    let class = sources.class((file, number as u32))?;
    let atomic = attribute(sources, file, "atomic").is_none_or(|value| !matches!(value.kind, ExprKind::False));
    let mut operations = Vec::new();
    for (from, call, span) in calls(sources, file) {
        let (model, kind) = operation(sources, from, call, tables);
        operations.push(Operation { kind, model, site: Site::new(from, span), callee: call.func.span });
    }
    Some(Migration {
        app: SmolStr::default(),
        name: SmolStr::default(),
        site: Site::new(file, class.name.span),
        is_pending: false,
        is_changed: false,
        atomic,
        operations,
    })
}

fn operation(sources: &Sources<'_>, file: FileId, call: &Call, tables: &mut Tables) -> (SmolStr, OperationKind) {
    let given = |name: &str, place: usize| call.keyword(name).or_else(|| call.positional().nth(place));
    let text = |name: &str, place: usize| given(name, place).and_then(|value| sources.text(file, value));
    let lower = |text: Option<SmolStr>| SmolStr::from(text.unwrap_or_default().to_lowercase());
    let class = last_name(call);
    let model = match class.as_str() {
        "CreateModel" | "DeleteModel" | "AlterUniqueTogether" => lower(text("name", 0)),
        "RenameModel" => lower(text("old_name", 0)),
        _ => lower(text("model_name", 0)),
    };
    let kind = match class.as_str() {
        "CreateModel" => {
            let fields = given("fields", 1).map(|list| sources.items(file, list)).unwrap_or_default();
            for (file, pair) in fields {
                let (ExprKind::Tuple(parts) | ExprKind::List(parts)) = &pair.kind else { continue };
                let [name, field] = parts.as_slice() else { continue };
                if let Some(column) = sources.text(file, name).and_then(|name| column(file, name, field)) {
                    tables.put(&model, column);
                }
            }
            if let Some(ExprKind::Dict(options)) = given("options", 2).map(|options| &options.kind) {
                for option in options {
                    if let ir::DictItem::Pair { key, value } = option
                        && key.as_str() == Some("unique_together")
                    {
                        tables.adds_group(&model, groups(sources, file, value));
                    }
                }
            }
            OperationKind::CreateTable
        }
        "DeleteModel" => OperationKind::DropTable,
        "RenameModel" => {
            tables.rename_table(&model, &lower(text("new_name", 1)));
            OperationKind::RenameTable
        }
        "AddField" | "AlterField" => {
            let declared = text("name", 1).zip(given("field", 2));
            let read = declared.and_then(|(name, field)| column(file, name, field));
            match read {
                Some(after) => {
                    let before = tables.put(&model, after.clone()).map(Box::new);
                    let after = Box::new(after);
                    match class.as_str() {
                        "AddField" => OperationKind::AddColumn(after),
                        _ => OperationKind::AlterColumn { before, after },
                    }
                }
                None => OperationKind::Other,
            }
        }
        "RemoveField" => match text("name", 1) {
            Some(name) => OperationKind::DropColumn(name),
            None => OperationKind::Other,
        },
        "RenameField" => {
            let old = text("old_name", 1).unwrap_or_default();
            tables.rename(&model, &old, &text("new_name", 2).unwrap_or_default());
            OperationKind::RenameColumn(old)
        }
        "AddIndex" => OperationKind::Add(Added::Index),
        "AddConstraint" => {
            let constraint = given("constraint", 1).and_then(ir::Expr::as_call).map(last_name);
            match constraint.as_deref() {
                Some("UniqueConstraint") => OperationKind::Add(Added::Unique),
                Some("ExclusionConstraint") => OperationKind::Add(Added::Exclusion),
                Some("CheckConstraint") => OperationKind::Add(Added::Check),
                _ => OperationKind::Other,
            }
        }
        "AlterUniqueTogether" => {
            let groups = given("unique_together", 1).map(|list| groups(sources, file, list)).unwrap_or_default();
            if tables.adds_group(&model, groups) { OperationKind::Add(Added::Unique) } else { OperationKind::Other }
        }
        "RunSQL" => {
            let texts = statements(sources, file, call);
            let blocking = texts.iter().find(|text| raw::blocks_writes(text));
            let table = blocking.and_then(|text| raw::table_of(text));
            return match blocking {
                Some(_) => (table.unwrap_or_default().into(), OperationKind::Add(Added::RawIndex)),
                None => (SmolStr::default(), OperationKind::Other),
            };
        }
        "RunPython" => match given("code", 0).and_then(ir::Expr::dotted) {
            Some(name) => OperationKind::RunCode(name.into()),
            None => OperationKind::Other,
        },
        _ => OperationKind::Other,
    };
    (model, kind)
}

/// The sets of fields of `unique_together`, each as its sorted names.
fn groups(sources: &Sources<'_>, file: FileId, list: &ir::Expr) -> Vec<String> {
    let list = match list.as_call() {
        // `set([("a", "b")])`
        Some(call) => call.positional().next(),
        None => Some(list),
    };
    let Some(ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items)) = list.map(|list| &list.kind)
    else {
        return Vec::new();
    };
    let names = |item: &ir::Expr| -> Vec<SmolStr> {
        match &item.kind {
            ExprKind::List(parts) | ExprKind::Tuple(parts) => {
                parts.iter().filter_map(|part| sources.text(file, part)).collect()
            }
            _ => Vec::new(),
        }
    };
    items.iter().map(|item| names(item).join(",")).collect()
}

fn column(file: FileId, name: SmolStr, field: &ir::Expr) -> Option<Column> {
    let call = field.as_call()?;
    let class = last_name(call);
    let relation = kinds::of_class(&class).and_then(|(_, relation)| relation);
    let flag = |key: &str| call.keyword(key).map(|value| matches!(value.kind, ExprKind::True));
    let by_kind = class.ends_with("SlugField") || relation.is_some();
    let default = match call.keyword("default") {
        None => DefaultValue::None,
        Some(value) if is_constant(value) => DefaultValue::Constant(Site::new(file, value.span)),
        Some(value) => DefaultValue::Computed(Site::new(file, value.span)),
    };
    Some(Column {
        name,
        null: flag("null") == Some(true),
        indexed: flag("db_index").unwrap_or(by_kind),
        unique: flag("unique") == Some(true) || flag("primary_key") == Some(true) || class.ends_with("OneToOneField"),
        relation,
        default,
        db_default: call.keyword("db_default").is_some(),
        generated: class.ends_with("AutoField") || class == "GeneratedField",
        args: Site::new(file, call.args_span),
    })
}

fn is_constant(value: &ir::Expr) -> bool {
    match &value.kind {
        ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::True | ExprKind::False => true,
        ExprKind::Unary { operand, .. } => matches!(operand.kind, ExprKind::Int(_) | ExprKind::Float(_)),
        _ => false,
    }
}

fn last_name(call: &Call) -> SmolStr {
    call.func.dotted().unwrap_or_default().rsplit('.').next().unwrap_or_default().into()
}

impl Tables {
    fn key(model: &str, field: &str) -> (SmolStr, SmolStr) {
        (model.into(), field.to_lowercase().into())
    }

    /// Gives what was there before.
    fn put(&mut self, model: &str, column: Column) -> Option<Column> {
        self.columns.insert(Self::key(model, &column.name), column)
    }

    /// Sets what is unique together; whether anything of it is new.
    fn adds_group(&mut self, model: &str, groups: Vec<String>) -> bool {
        let before = self.together.insert(model.into(), groups.clone()).unwrap_or_default();
        groups.iter().any(|group| !before.contains(group))
    }

    fn rename(&mut self, model: &str, old: &str, new: &str) {
        if let Some(column) = self.columns.remove(&Self::key(model, old)) {
            self.columns.insert(Self::key(model, new), Column { name: new.into(), ..column });
        }
    }

    fn rename_table(&mut self, old: &str, new: &str) {
        let moved: Vec<_> = self.columns.keys().filter(|(model, _)| model == old).cloned().collect();
        for key in moved {
            if let Some(column) = self.columns.remove(&key) {
                self.columns.insert((new.into(), key.1), column);
            }
        }
    }
}
