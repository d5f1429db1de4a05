//! A Django migration whose indexes are built without blocking writes.

use super::{FileEdit, import, insert_before};
use crate::model::{FileId, Site, Span};
use crate::python::ir::{self, ExprKind, StmtKind};
use crate::python::walk::statements;
use crate::text::Source;

/// Calls `AddIndexConcurrently` at each of `callees` (`migrations.AddIndex`), and says `atomic = False` in the class
/// whose name stands at `class`.
pub fn build_concurrently(
    file: FileId,
    source: &Source,
    code: &ir::Module,
    class: Span,
    callees: &[Span],
) -> Option<Vec<FileEdit>> {
    let found = statements(&code.body).find_map(|stmt| match &stmt.kind {
        StmtKind::Class(found) if found.name.span == class => Some(found),
        _ => None,
    })?;
    let imported = import(file, source, code, "django.contrib.postgres.operations", &["AddIndexConcurrently"])?;
    let name = imported.names.first()?;
    let mut edits: Vec<FileEdit> = imported.edit.into_iter().collect();
    edits.extend(callees.iter().map(|callee| FileEdit::replace(Site::new(file, *callee), name.clone())));
    let is_atomic = |target: &ir::Expr| matches!(&target.kind, ExprKind::Name(name) if name == "atomic");
    let said = found.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, value } if targets.iter().any(is_atomic) => Some(value),
        _ => None,
    });
    match said.map(|value| (&value.kind, value.span)) {
        Some((ExprKind::False, _)) => {}
        Some((_, span)) => edits.push(FileEdit::replace(Site::new(file, span), "False")),
        None => {
            let first = found.body.iter().find(|stmt| matches!(stmt.kind, StmtKind::Assign { .. }))?;
            edits.push(insert_before(source, Site::new(file, first.span), "atomic = False\n\n")?);
        }
    }
    Some(edits)
}
