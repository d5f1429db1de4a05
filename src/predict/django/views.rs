//! What Django's and DRF's generic views do where a class does not say otherwise.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Args, Operand, QsNode, Seq, Value};
use super::generic::Pages;
use crate::model::{Kind, Site};
use crate::project::ClassRef;
use crate::trace::{Cause, Slice, Usage};

const VIEWS: [&str; 4] = [
    "django.views.generic.View",
    "rest_framework.views.APIView",
    "rest_framework.viewsets.ViewSet",
    "django.contrib.admin.BaseModelAdmin",
];

pub const PAGINATOR: &str = "django.core.paginator.Paginator";

pub fn has_builtin(name: &str) -> bool {
    matches!(
        name,
        "changelist_view"
            | "dispatch"
            | "filter_queryset"
            | "get"
            | "get_context_data"
            | "get_object"
            | "get_queryset"
            | "get_serializer"
            | "get_serializer_class"
            | "list"
            | "paginate_queryset"
            | "render_to_response"
            | "retrieve"
    )
}

/// Whether an attribute of a page is what it shows: `page.object_list`.
pub fn holds_rows(page: &Value<'_>, name: &str) -> bool {
    name == "object_list" && matches!(page, Value::QuerySet(node) if node.desc.paged)
}

impl<'p> Interpreter<'p, '_> {
    pub(super) fn is_view(&self, class: ClassRef<'p>) -> bool {
        self.project.is_subclass(class, &VIEWS)
    }

    pub(super) fn view_method(
        &mut self,
        view: &Rc<Value<'p>>,
        name: &SmolStr,
        args: Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let Value::Object(object) = &**view else { return self.anything(name) };
        let (object, class) = (object.clone(), object.class);
        if self.is_serializer(class) {
            let shown = self.serializer_method(&object, name, &args);
            if let Some(value) = shown {
                return value;
            }
        }
        let known = self.is_view(class);
        let result = match name.as_str() {
            "get_queryset" if known => self.view_rows(view, site),
            "filter_queryset" if known => args.positional.first().map(|arg| self.in_order(view, &arg.value, site)),
            "get_object" if known => self.view_object(view, site),
            "paginate_queryset" if known => self.view_page(view, &args, site),
            "dispatch" if known => self.generic_dispatch(view, class, args.clone(), site),
            "get" if known => Some(self.generic_get(view, class, site)),
            "get_context_data" if known => Some(self.generic_context(view, &args, site)),
            "render_to_response" if known => self.generic_response(view, class, &args, site),
            "list" if known => Some(self.api_list(view, site)),
            "retrieve" if known => Some(self.api_retrieve(view, site)),
            "get_serializer_class" if known => {
                let class = self.attribute((**view).clone(), &"serializer_class".into(), site);
                matches!(class, Value::Class(_)).then_some(class)
            }
            "get_serializer" if known => self.api_serializer(view, args.clone(), site),
            "changelist_view" if known => self.admin_list(view, class, site),
            "__init__" => Some(Value::none()),
            _ => None,
        };
        match result {
            Some(value) => value,
            None => self.opaque(&Value::Unknown(view.sym().attr(name)), &args, site),
        }
    }

    /// What `get_queryset()` gives: mostly a queryset, but a list where `queryset` is one.
    fn view_rows(&mut self, view: &Value<'p>, site: Site) -> Option<Value<'p>> {
        match self.attribute(view.clone(), &SmolStr::new_static("queryset"), site) {
            list @ Value::Seq(_) => Some(list),
            _ => {
                let mut node = self.view_queryset(view, site)?;
                // A base that nothing is known of may give another queryset.
                if matches!(view, Value::Object(object) if self.project.has_strange_view(object.class)) {
                    Rc::make_mut(&mut node).each(|node| node.desc.loads_more = true);
                }
                Some(Value::QuerySet(node))
            }
        }
    }

    /// `queryset`, or every row of `model`.
    fn view_queryset(&mut self, view: &Value<'p>, site: Site) -> Option<Rc<QsNode<'p>>> {
        match self.attribute(view.clone(), &SmolStr::new_static("queryset"), site) {
            Value::QuerySet(node) => return Some(node),
            Value::Manager(manager) => return Some(self.manager_queryset(&manager, site)),
            _ => {}
        }
        if let Value::Object(object) = view
            && let Some(node) = self.admin_queryset(object.class, site)
        {
            return Some(node);
        }
        let Value::Model(model) = self.attribute(view.clone(), &SmolStr::new_static("model"), site) else {
            return None;
        };
        match self.manager_of(&model, "_default_manager")? {
            Value::Manager(manager) => Some(self.manager_queryset(&manager, site)),
            _ => None,
        }
    }

    fn view_object(&mut self, view: &Value<'p>, site: Site) -> Option<Value<'p>> {
        let method = self.attribute(view.clone(), &SmolStr::new_static("get_queryset"), site);
        let Value::QuerySet(node) = self.invoke(&method, Args::default(), site, None) else { return None };
        let wanted = Rc::new(self.narrowed(&node, (SmolStr::new_static("pk"), Operand::Param)));
        self.send_select(&wanted, Kind::Select, Cause::Method("get".into()), Usage::Value, site);
        Some(self.single_row(&wanted))
    }

    /// `Paginator(qs, 10)`: what it pages through is an attribute of it.
    pub(in super::super) fn paginator(&mut self, args: &Args<'p>) -> Value<'p> {
        let sym = self.result_sym(&Sym::new(PAGINATOR), args);
        if let Some(list) = args.get(0, "object_list") {
            self.flow.set_attr(&sym, &SmolStr::new_static("object_list"), list.value.clone());
        }
        Value::Instance(PAGINATOR.into(), sym)
    }

    /// `paginator.get_page(n)`, `paginator.page(n)`; `None` for any other method.
    pub(super) fn paginator_method(&mut self, paginator: &Sym, name: &str, site: Site) -> Option<Value<'p>> {
        let list = self.flow.attr(paginator, "object_list").cloned()?;
        match (name, list) {
            ("get_page" | "page", Value::QuerySet(node)) => self.page(&node, site),
            ("get_page" | "page", list) => Some(list),
            _ => None,
        }
    }

    fn view_page(&mut self, view: &Value<'p>, args: &Args<'p>, site: Site) -> Option<Value<'p>> {
        let Value::QuerySet(node) = &args.positional.first()?.value else { return None };
        let page = match self.api_pages(view, site) {
            Pages::None => return Some(Value::none()),
            // A cursor has an order of its own.
            Pages::Uncounted => {
                let mut ordered = (**node).clone();
                ordered.each(|node| {
                    node.desc.order.clear();
                    node.desc.default_order = false;
                    node.plan.unclear = true;
                });
                self.page_of(&Rc::new(ordered), false)
            }
            Pages::Counted | Pages::Unknown => {
                self.count_for_page(node, site);
                self.page_of(node, true)
            }
        };
        let turning = self.iterate(&page, site);
        let sym = page.sym();
        let element = Some(turning.element);
        Some(Value::Seq(Rc::new(Seq { items: None, element, driver: turning.driver, sym })))
    }

    /// A page: how many there are now, some of them when they are read.
    pub(super) fn page(&mut self, node: &Rc<QsNode<'p>>, site: Site) -> Option<Value<'p>> {
        self.count_for_page(node, site);
        Some(self.page_of(node, true))
    }

    fn count_for_page(&mut self, node: &Rc<QsNode<'p>>, site: Site) {
        self.send_select(node, Kind::Count, Cause::Method("count".into()), Usage::Length, site);
    }

    /// `counted`: one of several that are told apart by their numbers, which needs an order.
    fn page_of(&mut self, node: &Rc<QsNode<'p>>, counted: bool) -> Value<'p> {
        let mut page = (**node).clone();
        page.uid = self.number();
        page.born = self.rec.loop_depth();
        page.desc.slice = Some(Slice { start: None, stop: None, bounded: true, index: false });
        page.desc.paged = counted;
        page.sym = page.sym.attr("page");
        Value::QuerySet(Rc::new(page))
    }
}
