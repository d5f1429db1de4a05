//! Rows that are fetched for one number: `sum(row.amount for row in rows)`, `len(rows)`.

use smol_str::SmolStr;

use super::Interpreter;
use super::sym::Sym;
use super::value::{Args, Driver, QsNode, RowShape, Value};
use crate::model::{Confidence, Site};
use crate::python::ir::{BinaryOp, Call, Expr, ExprKind, Stmt, StmtKind};
use crate::trace::{EventKind, Fold, Folded};

impl<'p> Interpreter<'p, '_> {
    /// Notes that a built-in function makes one value of the rows that its only argument fetches.
    pub(super) fn note_folded(&mut self, name: &str, args: &Args<'p>, call: Option<&'p Call>, site: Site) {
        let function = match name {
            "sum" => Fold::Sum,
            "min" => Fold::Least,
            "max" => Fold::Greatest,
            "len" => Fold::Length,
            _ => return,
        };
        let (Some(call), [given], []) = (call, args.positional.as_slice(), args.keyword.as_slice()) else { return };
        let [written] = call.args.as_slice() else { return };
        let written = &written.value;
        match (&given.value, function) {
            (Value::QuerySet(node), Fold::Length) if self.is_alone(written) => {
                self.note_fold(node, function, None, (self.site(written.span), site), site);
            }
            (Value::QuerySet(node), _) if node.shape == RowShape::Flat && self.is_alone(written) => {
                let field = node.desc.values.as_ref().and_then(|values| values.first()).cloned();
                self.note_fold(node, function, field, (self.site(written.span), site), site);
            }
            (Value::Seq(seq), Fold::Sum | Fold::Least | Fold::Greatest) => {
                let ExprKind::Comp(comp) = &written.kind else { return };
                let [clause] = comp.clauses.as_slice() else { return };
                let (Some(driver), Some(element), true) = (&seq.driver, &seq.element, clause.conditions.is_empty())
                else {
                    return;
                };
                if !self.is_alone(&clause.iter) {
                    return;
                }
                let rows = self.site(clause.iter.span);
                if let (Some(node), Some(field)) = (driver.queryset.clone(), self.column_of(driver, &element.sym())) {
                    self.note_fold(&node, function, Some(field), (rows, rows), site);
                }
            }
            _ => {}
        }
    }

    /// Notes that a loop does nothing but add up a column of the rows.
    pub(super) fn note_added_up(&mut self, rows: &Value<'p>, iter: &'p Expr, target: &'p Expr, stmt: &'p Stmt) {
        let (Value::QuerySet(node), StmtKind::For { body, orelse, .. }) = (rows, &stmt.kind) else { return };
        let (ExprKind::Name(row), [only], []) = (&target.kind, body.as_slice(), orelse.as_slice()) else { return };
        let StmtKind::AugAssign { target: total, op: BinaryOp::Add, value } = &only.kind else { return };
        let (ExprKind::Name(_), ExprKind::Attribute { value: holder, attr }) = (&total.kind, &value.kind) else {
            return;
        };
        let of_row = matches!(&holder.kind, ExprKind::Name(name) if name == row);
        if !of_row || node.shape != RowShape::Instances || !self.is_alone(iter) || !self.is_read_once(row) {
            return;
        }
        let is_column = node.model.id.and_then(|id| self.project.schema.field(id, &attr.name));
        if is_column.is_some_and(|(_, field)| field.has_column() && field.relation.is_none()) {
            let rows = self.site(iter.span);
            self.note_fold(node, Fold::Added, Some(attr.name.clone()), (rows, rows), self.site(stmt.span));
        }
    }

    /// `rows` is the expression of the queryset, and where it was sent from.
    fn note_fold(
        &mut self,
        node: &std::rc::Rc<QsNode<'p>>,
        function: Fold,
        field: Option<SmolStr>,
        (rows, sent): (Site, Site),
        site: Site,
    ) {
        // What was fetched before, or comes of a prefetch, costs nothing here.
        let fetched_here = self.rec.sent_at(sent).is_some();
        if !fetched_here || node.prefetched || node.desc.locked {
            return;
        }
        let queryset = self.rec.queryset(node);
        let confidence = if node.certain && !node.desc.opaque { Confidence::Certain } else { Confidence::Likely };
        let folded = Folded { function, queryset, field, rows };
        self.rec.emit(EventKind::Folded(folded), Some(site), None, confidence);
    }

    /// The column of the driver's rows that has this text.
    fn column_of(&self, driver: &Driver<'p>, sym: &Sym) -> Option<SmolStr> {
        let node = driver.queryset.as_ref()?;
        let row = Sym::new(format!("row{}({})", driver.key, node.sym.text));
        if node.shape == RowShape::Flat {
            let only = node.desc.values.as_ref().and_then(|values| values.first());
            return only.filter(|_| row.text == sym.text).cloned();
        }
        let fields = &self.project.schema.get(node.model.id?).fields;
        let plain = fields.iter().filter(|field| field.has_column() && field.relation.is_none());
        plain.map(|field| &field.name).find(|name| row.attr(name).text == sym.text).cloned()
    }
}
