//! The admin's list of a model: each row shows every column of `list_display`.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Const, QsNode, Value};
use crate::model::{FileId, Kind, Site};
use crate::project::ClassRef;
use crate::python::ir::{Expr, ExprKind, Stmt, StmtKind};
use crate::schema::{ModelId, RelationKind};
use crate::trace::{Cause, Listed, Renderer, Slice, Usage};

/// Rows of a page where the class does not say.
const PER_PAGE: u32 = 100;

/// Which classes of the admin show which model: the expressions that name it.
pub type Registry<'p> = rustc_hash::FxHashMap<ClassRef<'p>, (FileId, &'p Expr)>;

/// One column of the list, and where it is named.
#[derive(Debug, Clone)]
struct Column<'p> {
    value: Value<'p>,
    site: Site,
}

impl<'p> Interpreter<'p, '_> {
    /// Every row of the model that a class is registered for.
    pub(super) fn admin_queryset(&mut self, class: ClassRef<'p>, site: Site) -> Option<Rc<QsNode<'p>>> {
        let (file, expr) = self.admin_registry().get(&class).copied()?;
        let Value::Model(model) = self.global(file, expr) else { return None };
        match self.manager_of(&model, "_default_manager")? {
            Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
            _ => None,
        }
    }

    fn admin_registry(&mut self) -> Rc<Registry<'p>> {
        let project: &'p crate::project::Project = self.project;
        let registry = self.shared.admin.get_or_insert_with(|| Rc::new(read_registry(project)));
        registry.clone()
    }

    /// `changelist_view()`
    pub(super) fn admin_list(&mut self, view: &Value<'p>, class: ClassRef<'p>, site: Site) -> Option<Value<'p>> {
        let request = Value::Instance("django.http.HttpRequest".into(), Sym::new("request"));
        let Value::QuerySet(node) = self.call_own(view, "get_queryset", vec![request], site) else { return None };
        let columns = self.list_display(class);
        self.send_select(&node, Kind::Count, Cause::Method("count".into()), Usage::Length, site);
        let full = self.attribute(view.clone(), &"show_full_result_count".into(), site);
        if !matches!(full, Value::Const(Const::Bool(false))) {
            self.send_select(&node, Kind::Count, Cause::Method("count".into()), Usage::Length, site);
        }
        let page = self.admin_page(view, class, &node, &columns, site);
        let rows = Value::QuerySet(Rc::new(page));
        let turning = self.iterate(&rows, site);
        let whole = columns.first().map_or(site, |column| column.site);
        self.each_of(&turning, whole, Renderer::Admin, |this, row| {
            for column in &columns {
                this.rec.enter_statement(column.site);
                this.admin_cell(view, class, &row, column);
                this.rec.leave_statement();
            }
        });
        Some(Value::Scalar(view.sym().attr("response")))
    }

    /// The rows of one page, with the relations that the admin itself loads.
    fn admin_page(
        &mut self,
        view: &Value<'p>,
        class: ClassRef<'p>,
        node: &Rc<QsNode<'p>>,
        columns: &[Column<'p>],
        site: Site,
    ) -> QsNode<'p> {
        let mut page = (**node).clone();
        page.uid = self.number();
        let per_page = self.attribute(view.clone(), &"list_per_page".into(), site).as_int();
        let stop = per_page.and_then(|number| u32::try_from(number).ok()).unwrap_or(PER_PAGE);
        page.desc.slice = Some(Slice { start: None, stop: Some(stop), bounded: true, index: false });
        page.sym = page.sym.attr("page");
        let model = node.model.id;
        let names = columns.iter().filter_map(|column| column.value.as_str());
        let relations: Vec<SmolStr> = names.filter(|name| self.is_forward(model, name)).cloned().collect();
        if !page.desc.select_related.is_empty() || page.desc.select_related_all {
            return page;
        }
        match self.attribute(view.clone(), &"list_select_related".into(), site) {
            Value::Const(Const::Bool(true)) => page.desc.select_related_all = true,
            Value::Seq(seq) => {
                let names = seq.items.iter().flatten().filter_map(Value::as_str);
                page.desc.select_related.extend(names.cloned());
            }
            _ => {
                page.desc.select_related_all = !relations.is_empty();
                page.desc.listed = Some(Listed { site: display_statement(class), relations });
            }
        }
        page
    }

    fn is_forward(&self, model: Option<ModelId>, name: &str) -> bool {
        let field = model.and_then(|id| self.project.schema.field(id, name)).map(|(_, field)| field);
        field.is_some_and(|field| {
            let kind = field.relation.as_ref().map(|relation| relation.kind);
            field.name == name && matches!(kind, Some(RelationKind::ForeignKey | RelationKind::OneToOne))
        })
    }

    fn list_display(&mut self, class: ClassRef<'p>) -> Vec<Column<'p>> {
        let project: &'p crate::project::Project = self.project;
        let Some((file, expr)) = project.class_attr(class, "list_display") else {
            return vec![Column { value: Value::Const(Const::Str("__str__".into())), site: class.site() }];
        };
        if let ExprKind::List(items) | ExprKind::Tuple(items) = &expr.kind {
            let column = |item: &'p Expr| Column { value: self.global(file, item), site: Site::new(file, item.span) };
            return items.iter().map(column).collect();
        }
        let site = Site::new(file, expr.span);
        match self.global(file, expr) {
            Value::Seq(seq) => seq.items.iter().flatten().map(|value| Column { value: value.clone(), site }).collect(),
            _ => Vec::new(),
        }
    }

    fn admin_cell(&mut self, view: &Value<'p>, class: ClassRef<'p>, row: &Value<'p>, column: &Column<'p>) {
        let site = column.site;
        let given = |value: &Value<'p>| Arg { value: value.clone(), site, value_site: site };
        let args = Args { positional: vec![given(row)], ..Args::default() };
        let Some(name) = column.value.as_str().cloned() else {
            if matches!(column.value, Value::Function(_)) {
                self.invoke(&column.value, args, site, None);
            }
            return;
        };
        if name == "__str__" {
            return self.text_of(row, site);
        }
        let model = match row {
            Value::Row(row) => row.model.id,
            _ => None,
        };
        let is_field = model.is_some_and(|id| self.project.schema.field(id, &name).is_some());
        if let Some(function) = self.project.method(class, &name).filter(|_| !is_field) {
            self.call_function(function, Some(view.clone()), args, site);
            return;
        }
        let value = match name.contains("__") {
            true => name.split("__").fold(row.clone(), |value, name| self.part(value, &SmolStr::new(name), site)),
            false => self.part(row.clone(), &name, site),
        };
        self.text_of(&value, site);
    }
}

/// The statement that sets `list_display` in the class's own body, else the last one that sets something.
fn display_statement(class: ClassRef<'_>) -> Option<Site> {
    let sets = |stmt: &&Stmt| matches!(stmt.kind, StmtKind::Assign { .. });
    let display = class.class.body.iter().find(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => {
            targets.iter().any(|target| matches!(&target.kind, ExprKind::Name(name) if name == "list_display"))
        }
        _ => false,
    });
    let stmt = display.or_else(|| class.class.body.iter().rfind(sets))?;
    Some(Site::new(class.file, stmt.span))
}

/// `@admin.register(Topic)` and `admin.site.register(Topic, TopicAdmin)`.
fn read_registry(project: &crate::project::Project) -> Registry<'_> {
    let mut out = Registry::default();
    let is_register = |expr: &Expr| {
        matches!(&expr.kind, ExprKind::Attribute { attr, .. } if attr.name == "register")
            || matches!(&expr.kind, ExprKind::Name(name) if name == "register")
    };
    for class in project.classes() {
        let calls = class.class.decorators.iter().filter_map(Expr::as_call).filter(|call| is_register(&call.func));
        if let Some(model) = calls.filter_map(|call| call.positional().next()).next() {
            out.insert(class, (class.file, model));
        }
    }
    for module in &project.modules {
        for stmt in &module.ir.body {
            let StmtKind::Expr(expr) = &stmt.kind else { continue };
            let Some(call) = expr.as_call().filter(|call| is_register(&call.func)) else { continue };
            let mut args = call.positional();
            let (Some(model), Some(admin)) = (args.next(), args.next().or_else(|| call.keyword("admin_class"))) else {
                continue;
            };
            if let Some(crate::project::Binding::Class(class)) = project.lookup_expr(module.id, admin) {
                out.insert(class, (module.id, model));
            }
        }
    }
    out
}
