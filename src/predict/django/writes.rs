//! Methods of managers, querysets and rows that write.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::value::{Arg, Args, Const, ModelRef, Operand, QsNode, RowValue, Seq, Value};
use super::compiler::{self, Conflict};
use super::send::sure;
use crate::model::{Confidence, Kind, Site};
use crate::schema::{FieldKind, RelationKind};
use crate::trace::{Assignment, Cause, Usage};

impl<'p> Interpreter<'p, '_> {
    /// Looks for a row; writes one where there is none (or, for `update_or_create`, where there is one).
    pub(super) fn get_or_create(
        &mut self,
        node: &Rc<QsNode<'p>>,
        method: &str,
        args: &Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let given = |(name, _): &&(SmolStr, _)| !matches!(name.as_str(), "defaults" | "create_defaults");
        let mut lookup = Args { keyword: args.keyword.iter().filter(given).cloned().collect(), ..args.clone() };
        // The manager of a parent's children looks for the parent once more.
        if let Some(related) = &node.related
            && let Some(back) = &related.back
        {
            let value = Value::Row(related.row.clone());
            lookup.keyword.push((back.clone(), Arg { value, site, value_site: site }));
        }
        let found = self.chain(node, "filter", &lookup, site, None).unwrap_or_else(|| node.clone());
        let found = match method {
            "update_or_create" => {
                let mut locked = (*found).clone();
                locked.desc.locked = true;
                Rc::new(locked)
            }
            _ => found,
        };
        let cause = Cause::Method(method.into());
        self.send_select(&found, Kind::Select, cause.clone(), Usage::Value, site);
        let asked = self.rec.position().saturating_sub(1);
        let insert = compiler::insert(self.project, &node.model);
        let ways = match method {
            "get_or_create" => vec![insert],
            _ => {
                let written = self.written_by_defaults(&node.model, args);
                vec![compiler::update_row(self.project, &node.model, written.as_deref(), &[]), insert]
            }
        };
        self.send_either(ways, &cause, &found.sym.clone(), (sure(node.certain), site), &Assignment::default());
        // Which of the two ways it goes is up to the rows.
        self.rec.exact = false;
        let row = self.single_row(&found);
        let number = self.number();
        let created = found.sym.attr(&format!("created#{number}"));
        self.tells_created(&created, asked);
        let created = Value::Scalar(created);
        Value::Seq(Rc::new(Seq::of_items(vec![row, created])))
    }

    /// The fields that `update_or_create` writes: the defaults, and those that set themselves when saved.
    fn written_by_defaults(&self, model: &ModelRef, args: &Args<'p>) -> Option<Vec<SmolStr>> {
        let Value::Dict(dict) = &args.keyword("defaults")?.value else { return None };
        if dict.element.is_some() {
            return None;
        }
        let mut names: Vec<SmolStr> = dict
            .items
            .iter()
            .filter_map(|(key, _)| match key {
                Const::Str(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        let own = model.id.map(|id| self.project.schema.get(id).fields.as_slice()).unwrap_or_default();
        let sets_itself =
            |kind: FieldKind| matches!(kind, FieldKind::Date | FieldKind::DateTime | FieldKind::Time | FieldKind::File);
        names.extend(own.iter().filter(|field| sets_itself(field.kind)).map(|field| field.name.clone()));
        Some(names)
    }

    /// A row created through a many-to-many manager is linked as well.
    pub(super) fn link_created(&mut self, node: &Rc<QsNode<'p>>, site: Site) {
        let Some(related) = node.related.clone().filter(|related| related.kind == RelationKind::ManyToMany) else {
            return;
        };
        let statement = compiler::link_rows(self.project, &related, &node.model);
        self.send_bulk(node, statement, "add", site);
    }

    pub(super) fn write_method(
        &mut self,
        node: &Rc<QsNode<'p>>,
        method: &str,
        args: &Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let kind = node.related.as_ref().map(|related| related.kind);
        if matches!(method, "add" | "remove" | "set" | "clear") && kind.is_none() {
            return self.unknown_method(node, &SmolStr::new(method), args, site);
        }
        for arg in &args.positional {
            if let Value::QuerySet(items) = &arg.value {
                self.evaluate(items, site, Usage::Rows);
            }
        }
        match method {
            "update" => {
                let values: Vec<(SmolStr, Operand<'p>)> =
                    args.keyword.iter().map(|(name, arg)| (name.clone(), Operand::of(&arg.value))).collect();
                let statement = compiler::update(self.project, node, &values, args.spread);
                let assigned = self.assigned_by(args);
                self.send_assigning(node, statement, method, site, assigned);
            }
            "delete" => self.delete_queryset(node, site),
            // One statement, and no dependents.
            "_raw_delete" => self.send_bulk(node, compiler::delete(self.project, node), method, site),
            "bulk_create" => {
                let set = |name: &str| {
                    args.keyword(name).is_some_and(|arg| matches!(arg.value, Value::Const(Const::Bool(true))))
                };
                let conflict = match (set("ignore_conflicts"), set("update_conflicts")) {
                    (true, _) => Conflict::Ignore,
                    (_, true) => Conflict::Update,
                    _ => Conflict::Fail,
                };
                let statement = compiler::bulk_insert(self.project, &node.model, conflict);
                self.send_bulk(node, statement, method, site);
                return args.positional.first().map_or_else(Value::none, |arg| arg.value.clone());
            }
            "bulk_update" => {
                let statement = compiler::bulk_update(self.project, &node.model, &field_names(args));
                self.send_bulk(node, statement, method, site);
                let number = self.result_sym(&node.sym.attr(method), args);
                self.numbers.insert(number.text.clone());
                return Value::Scalar(number);
            }
            _ => self.change_links(node, method, site),
        }
        Value::Scalar(self.result_sym(&node.sym.attr(method), args))
    }

    fn delete_queryset(&mut self, node: &Rc<QsNode<'p>>, site: Site) {
        let receivers = self.delete_receivers();
        let Some(sent) = compiler::delete_rows(self.project, &receivers, &node.model) else {
            let statement = compiler::delete(self.project, node);
            self.send_bulk(node, statement, "delete", site);
            return;
        };
        let mut unordered = (**node).clone();
        unordered.plan.order = Some(Vec::new());
        unordered.desc.default_order = false;
        self.send_select(&Rc::new(unordered), Kind::Select, Cause::Method("delete".into()), Usage::Rows, site);
        // Where there are no rows, nothing follows.
        self.rec.exact = false;
        for sent in sent {
            let confidence = match sent.depends {
                true => Confidence::Possible,
                false => sure(node.certain && !node.desc.opaque),
            };
            self.send_bulk_as(confidence, node, sent.statement, "delete", site, Assignment::default());
        }
    }

    pub(super) fn delete_row(&mut self, row: &Rc<RowValue<'p>>, site: Site) {
        let own = sure(row.certain && row.model.id.is_some());
        let receivers = self.delete_receivers();
        let Some(sent) = compiler::delete_rows(self.project, &receivers, &row.model) else {
            let statement = compiler::delete_one(self.project, &row.model);
            return self.send_writes(vec![statement], &Cause::Delete, &row.sym, own, site, &Assignment::default());
        };
        self.rec.exact &= sent.iter().all(|sent| !sent.depends);
        for sent in sent {
            let confidence = if sent.depends { Confidence::Possible } else { own };
            self.send_writes(vec![sent.statement], &Cause::Delete, &row.sym, confidence, site, &Assignment::default());
        }
    }

    /// `add`, `remove`, `set`, `clear` of a row's manager.
    fn change_links(&mut self, node: &Rc<QsNode<'p>>, method: &str, site: Site) {
        let Some(related) = node.related.clone() else { return };
        if related.kind != RelationKind::ManyToMany {
            // Children that get another parent, or none.
            let back: Vec<_> = related.back.iter().map(|name| (name.clone(), Operand::Param)).collect();
            let statement = compiler::update(self.project, node, &back, true);
            self.send_bulk(node, statement, method, site);
            self.rec.exact = false;
            return;
        }
        if method == "set" {
            // What is linked already is asked; which rows come and go is up to them.
            self.rec.exact = false;
            let key = Arg { value: Value::Const(Const::Str("pk".into())), site, value_site: site };
            let keys = Args { positional: vec![key], ..Args::default() };
            if let Some(keys) = self.chain(node, "values_list", &keys, site, None) {
                self.send_select(&keys, Kind::Select, Cause::Method("set".into()), Usage::Rows, site);
            }
        }
        if matches!(method, "set" | "remove" | "clear") {
            let statement = compiler::unlink_rows(self.project, &related, &node.model, method == "clear");
            self.send_bulk(node, statement, method, site);
        }
        if matches!(method, "set" | "add") {
            let statement = compiler::link_rows(self.project, &related, &node.model);
            self.send_bulk(node, statement, method, site);
        }
    }
}

/// The names of `bulk_update(rows, ["title"])`.
fn field_names(args: &Args<'_>) -> Vec<SmolStr> {
    match args.get(1, "fields").map(|arg| &arg.value) {
        Some(Value::Seq(seq)) => seq.items.iter().flatten().filter_map(|value| value.as_str().cloned()).collect(),
        _ => Vec::new(),
    }
}
