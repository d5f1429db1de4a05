//! Imports that a rewrite needs.

use smol_str::SmolStr;

use super::FileEdit;
use crate::model::{FileId, Site, Span};
use crate::python::ir::{self, Alias, Stmt, StmtKind};
use crate::python::walk::statements;
use crate::text::Source;

/// How to write imported names in a file, and what must be added for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// In the order of the names asked for: `Count`, or `models.Count`.
    pub names: Vec<String>,
    pub edit: Option<FileEdit>,
}

/// Makes `names` of `module` (`django.db.models`) usable in a file. `None` where one of them means something else there.
pub fn import(file: FileId, source: &Source, code: &ir::Module, module: &str, names: &[&str]) -> Option<Import> {
    let mut written: Vec<Option<String>> = names.iter().map(|name| imported_as(&code.body, module, name)).collect();
    if let Some(prefix) = parent_as(&code.body, module) {
        for (name, slot) in names.iter().zip(&mut written) {
            slot.get_or_insert_with(|| format!("{prefix}.{name}"));
        }
    }
    let missing: Vec<&str> =
        names.iter().zip(&written).filter(|(_, slot)| slot.is_none()).map(|(name, _)| *name).collect();
    let names = names.iter().zip(written).map(|(name, slot)| slot.unwrap_or_else(|| (*name).to_owned())).collect();
    if missing.is_empty() {
        return Some(Import { names, edit: None });
    }
    if missing.iter().any(|name| binds(code, name)) {
        return None;
    }
    let edit = match from_import(&code.body, module) {
        Some(known) => extend(file, source, known, &missing),
        None => new_line(file, source, &code.body, module, &missing),
    };
    Some(Import { names, edit: Some(edit) })
}

/// Top-level statements; imports under `try` or `if TYPE_CHECKING` are not relied on.
fn from_import<'a>(body: &'a [Stmt], wanted: &str) -> Option<&'a [Alias]> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::ImportFrom { level: 0, module, names, star: false } if module == wanted && !names.is_empty() => {
            Some(names.as_slice())
        }
        _ => None,
    })
}

fn local_name(alias: &Alias) -> &SmolStr {
    alias.asname.as_ref().map_or(&alias.name, |name| &name.name)
}

fn imported_as(body: &[Stmt], wanted: &str, name: &str) -> Option<String> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::ImportFrom { level: 0, module, names, .. } if module == wanted => {
            names.iter().find(|alias| alias.name == name).map(|alias| local_name(alias).to_string())
        }
        _ => None,
    })
}

/// `models` for `from django.db import models`.
fn parent_as(body: &[Stmt], wanted: &str) -> Option<String> {
    let (parent, last) = wanted.rsplit_once('.')?;
    imported_as(body, parent, last)
}

/// Whether the module binds `name` anywhere to something of its own.
fn binds(code: &ir::Module, name: &str) -> bool {
    super::bound_between(code, Span { start: 0, end: u32::MAX }).contains(name)
        || statements(&code.body).any(|stmt| match &stmt.kind {
            StmtKind::Function(function) => {
                function.params.positional.iter().chain(&function.params.keyword_only).any(|p| p.name.name == name)
            }
            _ => false,
        })
}

/// Adds names to an import: in their alphabetical place where it keeps that order, else at its end.
fn extend(file: FileId, source: &Source, known: &[Alias], missing: &[&str]) -> FileEdit {
    let sorted = known.windows(2).all(|pair| pair[0].name <= pair[1].name);
    let own_lines = known
        .windows(2)
        .any(|pair| source.slice(Span { start: pair[0].span.end, end: pair[1].span.start }).contains(['\n', '\r']));
    let separator = |at: u32| match own_lines {
        true => format!(",{}{}", source.line_break(), source.indent(at)),
        false => ", ".to_owned(),
    };
    let first = missing.first().copied().unwrap_or("");
    let next = known.iter().find(|alias| sorted && alias.name.as_str() > first);
    match (next, known.last()) {
        (Some(next), _) => {
            let glue = separator(next.span.start);
            let text: String = missing.iter().map(|name| format!("{name}{glue}")).collect();
            FileEdit::replace(Site::new(file, Span::at(next.span.start)), text)
        }
        (None, last) => {
            let end = last.map_or(0, |alias| alias.span.end);
            let glue = separator(end);
            let text: String = missing.iter().map(|name| format!("{glue}{name}")).collect();
            FileEdit::replace(Site::new(file, Span::at(end)), text)
        }
    }
}

/// A new import line: after the last import of the same package, else after the last of the file's first imports,
/// else before the first statement that is no docstring.
fn new_line(file: FileId, source: &Source, body: &[Stmt], module: &str, missing: &[&str]) -> FileEdit {
    let package = module.split('.').next().unwrap_or(module);
    let is_import = |stmt: &&Stmt| matches!(stmt.kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. });
    let of_package = |stmt: &&Stmt| match &stmt.kind {
        StmtKind::ImportFrom { level: 0, module, .. } => module.split('.').next() == Some(package),
        StmtKind::Import(names) => names.iter().any(|alias| alias.name.split('.').next() == Some(package)),
        _ => false,
    };
    let imports = || body.iter().filter(is_import);
    let line = format!("from {module} import {}{}", missing.join(", "), source.line_break());
    if let Some(stmt) = imports().rfind(of_package).or_else(|| imports().next_back()) {
        let next = source.line_start(source.line(stmt.span.end.max(1) - 1) + 1);
        // The import may end the text without a line break.
        let text = if source.text().get(..next as usize).is_some_and(|t| t.ends_with(['\n', '\r'])) {
            line
        } else {
            format!("{}{}", source.line_break(), line.trim_end())
        };
        return FileEdit::replace(Site::new(file, Span::at(next)), text);
    }
    let code = body.iter().find(|stmt| !is_docstring(stmt));
    let at = code.map_or(source.text().len() as u32, |stmt| source.line_start(source.line(first_token(stmt))));
    FileEdit::replace(Site::new(file, Span::at(at)), format!("{line}{}", source.line_break()))
}

/// Decorators stand before the statement that they belong to.
fn first_token(stmt: &Stmt) -> u32 {
    let decorators = match &stmt.kind {
        StmtKind::Class(class) => &class.decorators,
        StmtKind::Function(function) => &function.decorators,
        _ => return stmt.span.start,
    };
    decorators.iter().map(|expr| expr.span.start).chain([stmt.span.start]).min().unwrap_or(0)
}

fn is_docstring(stmt: &Stmt) -> bool {
    matches!(&stmt.kind, StmtKind::Expr(expr) if expr.as_str().is_some())
}
