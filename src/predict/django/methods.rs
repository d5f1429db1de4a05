//! Calls of methods by name: of managers and querysets, of rows, of everything that has methods built in.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{
    Args, Const, DictValue, ManagerValue, ModelRef, Operand, PlanStep, QTree, QsNode, RelatedManager, RowOrigin,
    RowValue, Value,
};
use super::compiler;
use super::send::sure;
use crate::model::{Kind, Site};
use crate::python::ir::Call;
use crate::schema::RelationKind;
use crate::trace::{Cause, RowOp, Usage};

impl<'p> Interpreter<'p, '_> {
    pub(in super::super) fn call_method(
        &mut self,
        receiver: &Rc<Value<'p>>,
        name: &SmolStr,
        args: Args<'p>,
        site: Site,
        at: Site,
        call: Option<&'p Call>,
    ) -> Value<'p> {
        match &**receiver {
            Value::Manager(manager) => {
                if name == "as_manager" {
                    return (**receiver).clone();
                }
                let node = self.manager_queryset(manager, at);
                if let Some(kind) = asks_links(manager, name) {
                    return self.links_method(&node, name, kind, &args, site);
                }
                self.queryset_method(&node, name, args, site, call)
            }
            Value::QuerySet(node) => self.queryset_method(node, name, args, site, call),
            Value::Row(row) => self.row_method(row, name, &args, site),
            Value::MaybeRelation(row, field, _) => {
                if name == "count" && !args.positional.is_empty() || row.queryset.is_none() {
                    return Value::Scalar(self.result_sym(&row.sym.attr(field).attr(name), &args));
                }
                let manager = self.guessed_manager(row, field);
                let node = self.manager_queryset(&manager, at);
                self.queryset_method(&node, name, args, site, call)
            }
            Value::Class(class) => match name.as_str() {
                "as_manager" | "from_queryset" => {
                    let mut classes = vec![*class];
                    if let Some(Value::Class(queryset)) = args.positional.first().map(|a| &a.value) {
                        classes.push(*queryset);
                    }
                    self.manager_class(classes)
                }
                _ => self.opaque(&Value::Unknown(receiver.sym().attr(name)), &args, site),
            },
            Value::Object(_) => self.view_method(receiver, name, args, site),
            Value::Cache(backend, sym) => self.cache_method(*backend, &sym.clone(), name, &args, site, call),
            Value::Expression(_) => self.ordering_of(receiver, name, &args),
            Value::Instance(_, sym) => match self.paginator_method(&sym.clone(), name, site) {
                Some(page) => page,
                None => Value::Unknown(self.result_sym(&sym.attr(name), &args)),
            },
            Value::Seq(_) | Value::Dict(_) | Value::Const(_) | Value::Scalar(_) => {
                self.plain_method(receiver, name, &args, site)
            }
            // `apps.get_model("forum", "Topic")` in a migration.
            Value::Unknown(_) if name == "get_model" => match self.model_by_label(&args) {
                Some(model) => Value::Model(model),
                None => self.opaque(&Value::Unknown(receiver.sym().attr(name)), &args, site),
            },
            _ => self.opaque(&Value::Unknown(receiver.sym().attr(name)), &args, site),
        }
    }

    /// The model of `"forum", "Topic"` or `"forum.Topic"`.
    pub(super) fn model_by_label(&self, args: &Args<'p>) -> Option<ModelRef> {
        let text = |at: usize| args.positional.get(at).and_then(|arg| arg.value.as_str());
        let label = match (text(0)?, text(1)) {
            (app, Some(model)) => format!("{app}.{model}"),
            (label, None) => label.to_string(),
        };
        self.project.schema.by_label(&label).map(|id| self.model_ref(id))
    }

    /// A manager class made on the spot, or its only instance: calling it changes nothing.
    pub(super) fn manager_class(&mut self, classes: Vec<crate::project::ClassRef<'p>>) -> Value<'p> {
        let model = super::super::value::ModelRef { id: None, name: SmolStr::default() };
        let manager = ManagerValue { model, classes, related: None, opaque: false, certain: true };
        Value::Manager(Rc::new(manager))
    }

    fn guessed_manager(&mut self, row: &Rc<RowValue<'p>>, field: &SmolStr) -> Rc<ManagerValue<'p>> {
        let mut path = row.path.clone();
        path.push(field.clone());
        let loaded = row.queryset.as_ref().is_some_and(|node| super::relations::is_loaded(node, &path));
        let prefetched = loaded || row.queryset.as_ref().is_some_and(|node| node.desc.opaque);
        let related = RelatedManager {
            row: row.clone(),
            accessor: field.clone(),
            kind: RelationKind::ForeignKey,
            back: None,
            prefetched,
        };
        let model = super::super::value::ModelRef { id: None, name: SmolStr::default() };
        let classes = Vec::new();
        Rc::new(ManagerValue { model, classes, related: Some(related), opaque: false, certain: false })
    }

    fn queryset_method(
        &mut self,
        node: &Rc<QsNode<'p>>,
        name: &SmolStr,
        args: Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Value<'p> {
        if let Some(refined) = self.chain(node, name, &args, site, call) {
            return Value::QuerySet(refined);
        }
        let plain = synchronous(name);
        let outer = self.rec.unblocked(plain != name.as_str());
        let value = self.sending_method(node, plain, name, args, site);
        self.rec.blocking = outer;
        value
    }

    /// Methods that are no refinement; `plain` is the synchronous name.
    fn sending_method(
        &mut self,
        node: &Rc<QsNode<'p>>,
        plain: &str,
        name: &SmolStr,
        args: Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let usage = Usage::Value;
        let free = node.prefetched || self.is_evaluated(node);
        match plain {
            "get" | "first" | "last" | "latest" | "earliest" => {
                let node = if plain == "get" && args.all().next().is_some() {
                    self.chain(node, "filter", &args, site, None).unwrap_or_else(|| node.clone())
                } else {
                    node.clone()
                };
                let ordered = !node.desc.order.is_empty();
                let node = if matches!(plain, "latest" | "earliest") { self.ordered_by(&node, &args) } else { node };
                if free && plain == "first" && ordered {
                    return self.single_row(&node).perhaps();
                }
                self.send_select(&node, Kind::Select, Cause::Method(plain.into()), usage, site);
                let row = self.single_row(&node);
                self.tells_of_last(&row.sym());
                if matches!(plain, "first" | "last") { row.perhaps() } else { row }
            }
            "contains" => {
                if !free {
                    let key = (SmolStr::new_static("pk"), Operand::Param);
                    let narrowed = Rc::new(self.narrowed(node, key));
                    self.send_select(&narrowed, Kind::Exists, Cause::Method(plain.into()), Usage::Truth, site);
                }
                Value::Scalar(self.result_sym(&node.sym.attr(plain), &args))
            }
            "count" | "exists" => {
                if !free {
                    let (kind, usage) =
                        if plain == "count" { (Kind::Count, Usage::Length) } else { (Kind::Exists, Usage::Truth) };
                    self.send_select(node, kind, Cause::Method(plain.into()), usage, site);
                }
                let result = self.result_sym(&node.sym.attr(plain), &args);
                if !free {
                    self.tells_of_last(&result);
                }
                Value::Scalar(result)
            }
            "aggregate" => {
                let sym = self.result_sym(&node.sym.attr("aggregate"), &args);
                let node = self.with_expressions(node, &args);
                let aggregates = named_expressions(&args);
                self.send_read(&node, Kind::Aggregate, Cause::Method(plain.into()), usage, site, &aggregates);
                let items = aggregates
                    .iter()
                    .map(|(key, _)| (Const::Str(key.clone()), Value::Scalar(self.aggregated(&sym, key))))
                    .collect();
                Value::Dict(Rc::new(DictValue {
                    items,
                    element: Some(Value::Scalar(sym.clone())),
                    key: None,
                    driver: None,
                    closed: false,
                    sym,
                }))
            }
            "in_bulk" => {
                let node = self.chain(node, "all", &Args::default(), site, None).unwrap_or_else(|| node.clone());
                let node = match args.all().next() {
                    Some(_) => Rc::new(self.narrowed(&node, (SmolStr::new_static("pk__in"), Operand::Param))),
                    None => node,
                };
                self.evaluate(&node, site, Usage::Rows);
                let driver = self.rows_driver(&node, site);
                let element = Some(self.element_of(&node, &driver));
                let sym = self.result_sym(&node.sym.attr("in_bulk"), &args);
                let key = Some(Value::Scalar(sym.attr("key").marked(driver.key)));
                Value::Dict(Rc::new(DictValue {
                    items: Vec::new(),
                    element,
                    key,
                    driver: Some(driver),
                    closed: false,
                    sym,
                }))
            }
            "create_user" | "create_superuser" if node.related.is_none() => {
                let args = named_for_user(args);
                self.sending_method(node, "create", &SmolStr::new_static("create"), args, site)
            }
            "create" => {
                let row = self.new_row(&node.model.clone(), &args);
                self.emit_row(&row, RowOp::Create, site);
                let statements = compiler::insert(self.project, &node.model);
                let mut assigned = self.assigned_by(&args);
                // A manager of a row's children sets their parent.
                if let Some((back, related)) = node.related.as_ref().and_then(|r| Some((r.back.as_ref()?, r))) {
                    assigned.values.push(self.assigned(back, &Value::Row(related.row.clone()), None));
                }
                let cause = Cause::Method(plain.into());
                self.send_writes(statements, &cause, &row.sym(), sure(node.certain), site, &assigned);
                self.link_created(node, site);
                saved(row)
            }
            // Its manager keeps them for all requests.
            "get_for_model" | "get_for_id" | "get_by_natural_key" if node.model.name == "contenttypes.ContentType" => {
                self.single_row(node)
            }
            "get_or_create" | "update_or_create" => self.get_or_create(node, plain, &args, site),
            "update" | "delete" | "_raw_delete" | "bulk_create" | "bulk_update" | "add" | "remove" | "set"
            | "clear" => self.write_method(node, plain, &args, site),
            "explain" => Value::Scalar(node.sym.attr("explain")),
            _ => self.unknown_method(node, name, &args, site),
        }
    }

    /// A method of a manager or queryset class that is not in the input: mostly one more refinement.
    pub(super) fn unknown_method(
        &mut self,
        node: &Rc<QsNode<'p>>,
        name: &SmolStr,
        args: &Args<'p>,
        site: Site,
    ) -> Value<'p> {
        self.rec.exact = false;
        let mut new = (**node).clone();
        new.uid = self.number();
        new.born = self.rec.loop_depth();
        new.desc.opaque = true;
        new.prefetched = false;
        new.certain = false;
        new.desc.built = Some(site);
        new.sym = Sym {
            text: format!("{} .{}", node.sym.text, self.result_sym(&Sym::new(name), args).text).into(),
            ..self.result_sym(&node.sym, args)
        };
        Value::QuerySet(Rc::new(new))
    }

    /// `count()` and `exists()` of a many-to-many manager.
    fn links_method(
        &mut self,
        node: &Rc<QsNode<'p>>,
        name: &SmolStr,
        kind: Kind,
        args: &Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let related = node.related.as_ref();
        let statement = related.and_then(|related| compiler::linked(self.project, related, &node.model, kind));
        let usage = if kind == Kind::Count { Usage::Length } else { Usage::Truth };
        let cause = Cause::Method(synchronous(name).into());
        self.send_known(node, (statement, Vec::new()), kind, cause, usage, site);
        let result = self.result_sym(&node.sym.attr(synchronous(name)), args);
        self.tells_of_last(&result);
        Value::Scalar(result)
    }

    /// The queryset with one more condition that no argument of a filter stands for.
    pub(super) fn narrowed(&mut self, node: &QsNode<'p>, condition: (SmolStr, Operand<'p>)) -> QsNode<'p> {
        let (key, operand) = condition;
        let leaf = QTree::Leaf { key, value: Sym::new("key"), constant: None, operand, site: None };
        let leaf = Rc::new(leaf);
        let mut new = node.clone();
        new.each(|node| node.plan.steps.push(PlanStep::Filter(leaf.clone())));
        new
    }

    /// `latest("created")`: ordered by what it names.
    fn ordered_by(&mut self, node: &Rc<QsNode<'p>>, args: &Args<'p>) -> Rc<QsNode<'p>> {
        let mut new = (**node).clone();
        if !args.positional.is_empty() {
            new.each(|node| {
                node.plan.order = Some(args.positional.iter().map(|arg| Operand::of(&arg.value)).collect());
                node.desc.order = args.positional.iter().filter_map(|arg| arg.value.as_str().cloned()).collect();
                node.desc.default_order = false;
            });
        }
        // Without names it is `Meta.get_latest_by`.
        new.plan.unclear |= args.positional.is_empty();
        Rc::new(new)
    }

    fn with_expressions(&mut self, node: &Rc<QsNode<'p>>, args: &Args<'p>) -> Rc<QsNode<'p>> {
        let mut new = (**node).clone();
        new.uid = self.number();
        let syms: Vec<Sym> = args.all().map(|a| a.value.sym()).collect();
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(",");
        new.sym = Sym::of(format!("{} aggregate({text})", node.sym.text), std::iter::once(&node.sym).chain(&syms));
        Rc::new(new)
    }

    /// One instance of the queryset's rows, different from any other.
    pub(super) fn single_row(&mut self, node: &Rc<QsNode<'p>>) -> Value<'p> {
        let number = self.number();
        let sym = Sym { text: format!("one({})#{number}", node.sym.text).into(), ..node.sym.clone() };
        let sym = self.fresh(sym);
        match node.shape {
            super::super::value::RowShape::Instances => Value::Row(Rc::new(RowValue {
                model: node.model.clone(),
                queryset: Some(node.clone()),
                path: Vec::new(),
                sym,
                origin: RowOrigin::Read,
                certain: node.certain,
                sure: true,
            })),
            _ => Value::Scalar(sym),
        }
    }
}

/// Whether a manager's method reads the table between two models alone.
fn asks_links(manager: &ManagerValue<'_>, name: &str) -> Option<Kind> {
    let related = manager.related.as_ref()?;
    if related.kind != RelationKind::ManyToMany || related.prefetched {
        return None;
    }
    match synchronous(name) {
        "count" => Some(Kind::Count),
        "exists" => Some(Kind::Exists),
        _ => None,
    }
}

/// The expressions of `annotate()` and `aggregate()` under their names, those given by position first.
pub(super) fn named_expressions<'p>(args: &Args<'p>) -> Vec<(SmolStr, Operand<'p>)> {
    let mut named = Vec::new();
    for arg in &args.positional {
        if let Value::Expression(expression) = &arg.value {
            let path = expression.path.as_deref().unwrap_or_default();
            let name = SmolStr::from(format!("{path}__{}", expression.function.to_lowercase()));
            named.push((name, Operand::Expression(expression.clone())));
        }
    }
    named.extend(args.keyword.iter().map(|(name, arg)| (name.clone(), Operand::of(&arg.value))));
    named
}

/// `create_user("ann", "ann@example.org", "secret")`, as `create()` would be called: the password is made into another.
fn named_for_user(args: Args<'_>) -> Args<'_> {
    let names = ["username", "email"].map(SmolStr::new_static);
    let mut keyword: Vec<_> = names.into_iter().zip(args.positional).collect();
    keyword.extend(args.keyword);
    Args { positional: Vec::new(), keyword, spread: args.spread, spreads: args.spreads.clone() }
}

pub(super) fn saved(row: Value<'_>) -> Value<'_> {
    match row {
        Value::Row(row) => Value::Row(Rc::new(RowValue { origin: RowOrigin::Saved, ..(*row).clone() })),
        other => other,
    }
}

/// The synchronous name of an async twin.
fn synchronous(name: &str) -> &str {
    const TWINS: [&str; 23] = [
        "add",
        "aggregate",
        "bulk_create",
        "bulk_update",
        "clear",
        "contains",
        "count",
        "create",
        "delete",
        "earliest",
        "exists",
        "explain",
        "first",
        "get",
        "get_or_create",
        "in_bulk",
        "last",
        "latest",
        "remove",
        "set",
        "update",
        "update_or_create",
        "values",
    ];
    match name.strip_prefix('a') {
        Some(rest) if TWINS.binary_search(&rest).is_ok() => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::synchronous;

    #[test]
    fn async_twins_are_their_sync_names() {
        assert_eq!(synchronous("aget"), "get");
        assert_eq!(synchronous("aaggregate"), "aggregate");
        assert_eq!(synchronous("aggregate"), "aggregate");
        assert_eq!(synchronous("add"), "add");
        assert_eq!(synchronous("aadd"), "add");
    }
}
