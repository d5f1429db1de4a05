//! Rows: reading their attributes, saving and deleting them, making new ones.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::flow::Fact;
use super::super::sym::Sym;
use super::super::value::{Args, ModelRef, Operand, RowOrigin, RowValue, Value};
use super::attributes::THROUGH;
use super::compiler;
use super::send::sure;
use crate::model::{Confidence, Site};
use crate::schema::{FieldKind, RelationKind};
use crate::trace::{Assigned, Assignment, Cause, EventKind, RowEvent, RowOp, Statement, Usage};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn row_attribute(&mut self, row: &Rc<RowValue<'p>>, name: &SmolStr, site: Site) -> Value<'p> {
        if let Some(value) = self.flow.attr(&row.sym, name) {
            return value.clone();
        }
        let Some(id) = row.model.id else {
            return self.unknown_row_attribute(row, name, site);
        };
        let project: &'p crate::project::Project = self.project;
        if let Some((_, field)) = project.schema.field(id, name) {
            if field.kind == FieldKind::GenericForeignKey {
                return self.singular(row, name, ModelRef { id: None, name: SmolStr::default() }, site, true);
            }
            let by_name = field.name == *name;
            match &field.relation {
                Some(relation) if by_name && relation.kind == RelationKind::ManyToMany => {
                    return self.related_manager(row, name, relation.kind, None, relation.target);
                }
                Some(relation) if by_name && relation.kind == RelationKind::Generic => {
                    return self.related_manager(row, name, relation.kind, None, relation.target);
                }
                Some(relation) if by_name => return self.forward(row, name, relation, field.null, site),
                _ => {
                    let attname = field.attname();
                    let primary = field.primary_key;
                    self.read_column(row, &field.name, &attname, primary, site);
                    return Value::Scalar(row.sym.attr(if primary { "pk" } else { name }));
                }
            }
        }
        if let Some(reverse) = project.schema.reverse(id, name) {
            let model = self.model_ref(reverse.model);
            if reverse.kind == RelationKind::OneToOne {
                let related = self.singular(row, name, model, site, false);
                // Each of the two knows the other from here on.
                let back = reverse.field.clone();
                self.flow.set_attr(&related.sym(), &back, Value::Row(row.clone()));
                return related;
            }
            let back = (reverse.kind == RelationKind::ForeignKey).then(|| reverse.field.clone());
            return self.related_manager(row, name, reverse.kind, back, Some(reverse.model));
        }
        if let Some(class) = project.model_class(id) {
            if let Some(function) = project.method(class, name) {
                return self.bind_method(Value::Row(row.clone()), function, site);
            }
            if let Some((file, expr)) = project.class_attr(class, name) {
                return self.global(file, expr);
            }
        }
        if is_row_method(name) || name.starts_with("get_") {
            return Value::Method(Rc::new(Value::Row(row.clone())), name.clone(), site);
        }
        if self.to_attr(row, name).is_some() {
            return self.prefetched_list(row, name, site);
        }
        let annotated = row.queryset.as_ref().is_some_and(|node| node.desc.annotations.contains(name));
        let partial = self.project.schema.get(id).is_partial;
        if partial && !annotated {
            return self.unknown_row_attribute(row, name, site);
        }
        Value::Scalar(row.sym.attr(name))
    }

    fn unknown_row_attribute(&mut self, row: &Rc<RowValue<'p>>, name: &SmolStr, site: Site) -> Value<'p> {
        if is_row_method(name) || name.starts_with("get_") {
            return Value::Method(Rc::new(Value::Row(row.clone())), name.clone(), site);
        }
        let annotated = row.queryset.as_ref().is_some_and(|node| node.desc.annotations.contains(name));
        if annotated || name == "pk" || name == "id" || name.ends_with("_id") {
            return Value::Scalar(row.sym.attr(name));
        }
        if self.to_attr(row, name).is_some() {
            return self.prefetched_list(row, name, site);
        }
        // Rows of `Topic.tags.through` have their tag.
        let joins = row.model.name.strip_suffix(THROUGH);
        if row.path.is_empty() && joins.is_some_and(|relation| relation.contains(name.as_str())) {
            return self.forward_unknown(row, name, site);
        }
        Value::MaybeRelation(row.clone(), name.clone(), site)
    }

    /// A column of the row: free unless the queryset left it out.
    fn read_column(&mut self, row: &Rc<RowValue<'p>>, field: &SmolStr, attname: &SmolStr, primary: bool, site: Site) {
        let of_row = self.rec.row(row);
        let op = RowOp::Read(field.clone());
        self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
        if primary || !self.is_deferred(row, field, attname) {
            return;
        }
        let fact = Fact::Loaded(row.sym.text.clone(), field.clone());
        if self.flow.knows(&fact) {
            return;
        }
        self.flow.learn(fact);
        let of_row = self.rec.row(row);
        let cause = Cause::Deferred { row: of_row, column: field.clone() };
        self.send_row_lookup(row, &row.model.clone(), cause, Usage::Value, site);
    }

    fn is_deferred(&self, row: &RowValue<'p>, field: &str, attname: &str) -> bool {
        let Some(node) = &row.queryset else { return false };
        let full = |name: &str| row.path.iter().map(SmolStr::as_str).chain([name]).collect::<Vec<_>>().join("__");
        let names = [full(field), full(attname)];
        if node.desc.defer.iter().any(|d| names.iter().any(|n| n == d.as_str())) {
            return true;
        }
        let Some(only) = &node.desc.only else { return false };
        if only.iter().any(|o| names.iter().any(|n| n == o.as_str())) {
            return false;
        }
        // Of a joined row, `only` speaks where it names one of its columns.
        let prefix = format!("{}__", row.path.join("__"));
        row.path.is_empty() || only.iter().any(|o| o.starts_with(&prefix))
    }

    pub(super) fn row_method(&mut self, row: &Rc<RowValue<'p>>, name: &str, args: &Args<'p>, site: Site) -> Value<'p> {
        let twin = name.strip_prefix('a').filter(|n| matches!(*n, "save" | "delete" | "refresh_from_db"));
        let outer = self.rec.unblocked(twin.is_some());
        let value = self.row_write(row, twin.unwrap_or(name), args, site);
        self.rec.blocking = outer;
        value
    }

    fn row_write(&mut self, row: &Rc<RowValue<'p>>, name: &str, args: &Args<'p>, site: Site) -> Value<'p> {
        let of_row = self.rec.row(row);
        match name {
            "save" => {
                let fields = args.keyword("update_fields").map(|arg| match &arg.value {
                    Value::Seq(seq) => {
                        seq.items.iter().flatten().filter_map(|v| v.as_str().cloned()).collect::<Vec<_>>()
                    }
                    _ => Vec::new(),
                });
                let saved = Fact::Loaded(row.sym.text.clone(), "save()".into());
                let creates = row.origin == RowOrigin::Made && !self.flow.knows(&saved);
                let op = RowOp::Save { update_fields: fields.clone(), creates };
                self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
                // An own `save()` is how rows are made, too.
                let own = self.frames.last().and_then(|frame| frame.function);
                let in_save = own.is_some_and(|function| function.function.name.name == "save");
                let origin = match row.origin {
                    _ if self.flow.knows(&saved) || fields.is_some() => RowOrigin::Read,
                    RowOrigin::Given if in_save => RowOrigin::Either,
                    origin => origin,
                };
                self.flow.learn(saved);
                let assigned = if creates { self.set_so_far(row) } else { Assignment::default() };
                let update = self.update_of(row, fields.as_deref());
                let (ways, known) = match origin {
                    _ if creates => (vec![compiler::insert(self.project, &row.model)], true),
                    RowOrigin::Either => (vec![update, compiler::insert(self.project, &row.model)], false),
                    _ => (vec![update], true),
                };
                let confidence = sure(known && row.certain && row.model.id.is_some());
                self.send_either(ways, &Cause::Save, &row.sym.clone(), (confidence, site), &assigned);
                Value::none()
            }
            "delete" => {
                let op = RowOp::Delete;
                self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
                self.delete_row(row, site);
                Value::none()
            }
            "refresh_from_db" => {
                let op = RowOp::Refresh;
                self.rec.emit(EventKind::Row(RowEvent { row: of_row, op }), Some(site), None, Confidence::Certain);
                let cause = Cause::Method("refresh_from_db".into());
                self.send_row_lookup(row, &row.model.clone(), cause, Usage::Value, site);
                Value::none()
            }
            // The libraries for trees name them alike: rows of the same table.
            "get_ancestors" | "get_children" | "get_descendants" | "get_siblings" => {
                let sym = self.result_sym(&row.sym.attr(name), args);
                self.foreign_queryset(row.model.clone(), Vec::new(), sym, site)
            }
            _ => {
                if !(name.starts_with("get_") && name.ends_with("_display")) {
                    self.rec.exact = false;
                }
                Value::Scalar(self.result_sym(&row.sym.attr(name), args))
            }
        }
    }

    /// The attributes that a new row was given.
    fn set_so_far(&self, row: &RowValue<'p>) -> Assignment {
        let own = self.flow.attrs_of(&row.sym);
        let mut values: Vec<Assigned> = own.map(|(name, value)| self.assigned(name, value, None)).collect();
        values.sort_by(|a, b| a.field.cmp(&b.field));
        // Positional arguments and `**data` are not followed.
        let open = self.flow.knows(&Fact::Loaded(row.sym.text.clone(), "**".into()));
        Assignment { values, open }
    }

    /// The UPDATE of `save()`, with the expressions that were assigned to fields.
    fn update_of(&mut self, row: &RowValue<'p>, fields: Option<&[SmolStr]>) -> Vec<Statement> {
        let own = row.model.id.map(|id| self.project.schema.get(id).fields.as_slice()).unwrap_or_default();
        let assigned: Vec<(SmolStr, Operand<'p>)> = own
            .iter()
            .filter_map(|field| match self.flow.attr(&row.sym, &field.name)? {
                value @ Value::Expression(_) => Some((field.name.clone(), Operand::of(value))),
                _ => None,
            })
            .collect();
        compiler::update_row(self.project, &row.model, fields, &assigned)
    }

    /// `Topic(forum=f)`: an instance that the database does not have yet.
    pub(in super::super) fn new_row(&mut self, model: &ModelRef, args: &Args<'p>) -> Value<'p> {
        let number = self.number();
        let sym = self.fresh(Sym::new(format!("new {}#{number}", model.name)));
        let row = RowValue {
            model: model.clone(),
            queryset: None,
            path: Vec::new(),
            sym: sym.clone(),
            origin: RowOrigin::Made,
            certain: model.id.is_some(),
            sure: true,
        };
        for (name, arg) in &args.keyword {
            self.flow.set_attr(&sym, name, arg.value.clone());
        }
        if args.spread || !args.positional.is_empty() {
            self.flow.learn(Fact::Loaded(sym.text, "**".into()));
        }
        Value::Row(Rc::new(row))
    }

    /// What showing a value as text reads: a queryset's rows, a row's `__str__`.
    pub(in super::super) fn text_of(&mut self, value: &Value<'p>, site: Site) {
        match value {
            Value::QuerySet(node) => self.evaluate(node, site, Usage::Rows),
            Value::Row(row) => {
                let Some(class) = row.model.id.and_then(|id| self.project.model_class(id)) else { return };
                if let Some(function) = self.project.method(class, "__str__") {
                    self.call_function(function, Some(value.clone()), Args::default(), site);
                }
            }
            _ => {}
        }
    }
}

fn is_row_method(name: &str) -> bool {
    matches!(
        name,
        "save" | "delete" | "refresh_from_db" | "full_clean" | "clean" | "asave" | "adelete" | "arefresh_from_db"
    )
}
