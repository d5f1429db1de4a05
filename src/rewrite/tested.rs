//! A column of a row that is tested, changed and saved: the usual forms of it.

use smol_str::SmolStr;

use crate::model::Span;
use crate::python::ir::{self, CompareOp, Expr, ExprKind, Stmt, StmtKind};
use crate::python::walk::{blocks, statements_at};

/// What the test asks of the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is this value.
    Value(Span),
    None,
    True,
    False,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedChange {
    /// The whole test.
    pub test: Span,
    /// The name of the row.
    pub row: SmolStr,
    /// The column must be this for the change.
    pub asked: Asked,
    /// The test holds where nothing is changed: the function is left then.
    pub leaves: bool,
    /// The value that the column gets.
    pub value: Span,
}

/// One of the forms
///
/// ```text
/// if row.state == "open":         if row.state != "open":
///     row.state = "sold"              return
///     row.save()                  row.state = "sold"
///     …                           row.save()
/// ```
///
/// where the change is at `change` and the save at `save`.
pub fn tested_change(module: &ir::Module, change: Span, save: Span) -> Option<TestedChange> {
    let (around, block) = block_of(module, change)?;
    let at = block.iter().position(|stmt| stmt.span == change)?;
    if block.get(at + 1)?.span != save {
        return None;
    }
    let StmtKind::Assign { targets, value } = &block[at].kind else { return None };
    let [Expr { kind: ExprKind::Attribute { value: of, attr }, .. }] = targets.as_slice() else { return None };
    let ExprKind::Name(row) = &of.kind else { return None };
    let (test, leaves) = match (at.checked_sub(1).map(|before| &block[before].kind), around.map(|stmt| &stmt.kind)) {
        (Some(StmtKind::If { test, body, orelse }), _) if orelse.is_empty() && ends(body) => (test, true),
        (None, Some(StmtKind::If { test, body, .. })) if body.first().map(|stmt| stmt.span) == Some(change) => {
            (test, false)
        }
        _ => return None,
    };
    let (asked, holds) = asks(test, row, &attr.name)?;
    // The change is made where the column is as asked.
    (holds != leaves).then_some(TestedChange { test: test.span, row: row.clone(), asked, leaves, value: value.span })
}

/// The block that a statement stands in, and the statement around it.
fn block_of(module: &ir::Module, place: Span) -> Option<(Option<&Stmt>, &[Stmt])> {
    let has = |block: &[Stmt]| block.iter().any(|stmt| stmt.span == place);
    let inner = statements_at(&module.body, place)
        .find_map(|stmt| blocks(stmt).into_iter().find(|block| has(block)).map(|block| (Some(stmt), block)));
    inner.or_else(|| has(&module.body).then_some((None, module.body.as_slice())))
}

fn ends(block: &[Stmt]) -> bool {
    let last = block.last().map(|stmt| &stmt.kind);
    matches!(last, Some(StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break))
}

/// What a test asks of `row.field`, and whether it holds where that is so.
fn asks(test: &Expr, row: &str, field: &str) -> Option<(Asked, bool)> {
    let is_column = |expr: &Expr| {
        matches!(&expr.kind, ExprKind::Attribute { value, attr } if attr.name == field
            && matches!(&value.kind, ExprKind::Name(name) if name == row))
    };
    match &test.kind {
        ExprKind::Attribute { .. } if is_column(test) => Some((Asked::True, true)),
        ExprKind::Not(inner) if is_column(inner) => Some((Asked::False, true)),
        ExprKind::Compare { left, rest } if is_column(left) => match rest.as_slice() {
            [(CompareOp::Is, Expr { kind: ExprKind::None, .. })] => Some((Asked::None, true)),
            [(CompareOp::IsNot, Expr { kind: ExprKind::None, .. })] => Some((Asked::None, false)),
            [(CompareOp::Eq, value)] => Some((Asked::Value(value.span), true)),
            [(CompareOp::NotEq, value)] => Some((Asked::Value(value.span), false)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parse;

    fn found(text: &str) -> Option<(Asked, bool)> {
        let at = |part: &str| text.find(part).map(|start| Span::new(start, start + part.len())).unwrap();
        let found = tested_change(&parse(text).module, at("r.state = 2"), at("r.save()"))?;
        Some((found.asked, found.leaves))
    }

    #[test]
    fn the_test_before_a_change_is_found_where_nothing_comes_between() {
        let text = "if r.state == 1:\n    r.state = 2\n    r.save()\n";
        assert!(matches!(found(text), Some((Asked::Value(_), false))));
        assert_eq!(found("if r.state:\n    raise X\nr.state = 2\nr.save()\n"), None);
        assert_eq!(found("if not r.state:\n    r.state = 2\n    r.save()\n"), Some((Asked::False, false)));
        let text = "def f(r):\n    if r.state is not None:\n        return\n    r.state = 2\n    r.save()\n";
        assert_eq!(found(text), Some((Asked::None, true)));
        assert_eq!(found("if r.state == 1:\n    print()\n    r.state = 2\n    r.save()\n"), None);
        assert_eq!(found("if r.kind == 1:\n    r.state = 2\n    r.save()\n"), None);
    }
}
