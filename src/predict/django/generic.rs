//! What Django's and REST framework's generic views do by themselves: the runs that no function of the input shows.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Const, DictValue, ObjectValue, Value};
use crate::model::Site;
use crate::project::{ClassRef, FunctionRef, Project};
use crate::python::ir::{ArgKind, Call, ExprKind};

/// A request that a class answers without a function of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A page of Django's generic views.
    Get,
    /// REST framework's list and its detail.
    List,
    Retrieve,
    /// The admin's list of a model.
    ChangeList,
}

impl Action {
    const ALL: [Action; 4] = [Action::Get, Action::List, Action::Retrieve, Action::ChangeList];

    /// The requests that a class answers by what it inherits; those that it has a method for are runs of their own.
    pub fn inherited(project: &Project, class: ClassRef<'_>) -> Vec<Self> {
        let own =
            |action: &Self| project.method(class, action.name()).is_some_and(|method| method.class == Some(class));
        let answers = |action: &Self| project.is_subclass(class, action.bases()) && !own(action);
        Self::ALL.into_iter().filter(answers).collect()
    }

    pub fn name(self) -> &'static str {
        match self {
            Action::Get => "get",
            Action::List => "list",
            Action::Retrieve => "retrieve",
            Action::ChangeList => "changelist_view",
        }
    }

    fn bases(self) -> &'static [&'static str] {
        match self {
            Action::Get => &[
                "django.views.generic.TemplateView",
                "django.views.generic.MultipleObjectMixin",
                "django.views.generic.SingleObjectMixin",
                "django.views.generic.FormView",
            ],
            Action::List => &[
                "rest_framework.generics.ListAPIView",
                "rest_framework.generics.ListCreateAPIView",
                "rest_framework.mixins.ListModelMixin",
                "rest_framework.viewsets.ReadOnlyModelViewSet",
                "rest_framework.viewsets.ModelViewSet",
            ],
            Action::Retrieve => &[
                "rest_framework.generics.RetrieveAPIView",
                "rest_framework.generics.RetrieveUpdateAPIView",
                "rest_framework.generics.RetrieveDestroyAPIView",
                "rest_framework.generics.RetrieveUpdateDestroyAPIView",
                "rest_framework.mixins.RetrieveModelMixin",
                "rest_framework.viewsets.ReadOnlyModelViewSet",
                "rest_framework.viewsets.ModelViewSet",
            ],
            Action::ChangeList => &["django.contrib.admin.ModelAdmin"],
        }
    }
}

/// Where `self` keeps which request it answers.
const ANSWERED: &str = "request.answered";

const VIEW_SETS: [&str; 1] = ["rest_framework.viewsets.ViewSet"];
const LISTS: [&str; 1] = ["django.views.generic.MultipleObjectMixin"];
const SINGLES: [&str; 1] = ["django.views.generic.SingleObjectMixin"];

impl<'p> Interpreter<'p, '_> {
    /// Runs one of them as the root of a trace.
    pub(in super::super) fn run_action(&mut self, class: ClassRef<'p>, action: Action) {
        let sym = Sym::new("self");
        let view = Value::Object(Rc::new(ObjectValue { class, sym: sym.clone() }));
        let mut frame = super::super::frames::Frame::new(class.file);
        frame.class = Some(class);
        frame.receiver = Some(view.clone());
        self.push_frame(frame);
        let request = sym.attr("request");
        let text = |text: &str| Value::Const(Const::Str(SmolStr::new(text)));
        self.flow.set_attr(&request, &"method".into(), text("GET"));
        if matches!(action, Action::List | Action::Retrieve) {
            self.set_action(&sym, action.name(), action == Action::Retrieve);
        }
        self.flow.set_attr(&sym, &ANSWERED.into(), text(action.name()));
        let site = class.site();
        let request = Value::Instance("django.http.HttpRequest".into(), request);
        let given = Arg { value: request, site, value_site: site };
        // It goes through the class's own `dispatch()`.
        let own = self.project.method(class, "dispatch").is_some() && action != Action::ChangeList;
        let entry = if own { "dispatch" } else { action.name() };
        let method = self.attribute(view, &SmolStr::new_static(entry), site);
        if matches!(method, Value::Bound(..) | Value::Method(..)) {
            self.invoke(&method, Args { positional: vec![given], spread: true, ..Args::default() }, site, None);
        }
        self.pop_frame();
    }

    /// What REST framework tells a viewset of the request that one of its own methods answers.
    pub(in super::super) fn note_action(&mut self, function: FunctionRef<'p>, receiver: Option<&Value<'p>>) {
        let Some(Value::Object(view)) = receiver else { return };
        if !self.project.is_subclass(view.class, &VIEW_SETS) {
            return;
        }
        let name = function.function.name.name.as_str();
        let extra = extra_action(function);
        let detail = match name {
            "list" | "create" => false,
            "retrieve" | "update" | "partial_update" | "destroy" => true,
            _ => match extra.and_then(|call| call.keyword("detail")).map(|value| &value.kind) {
                Some(ExprKind::True) => true,
                Some(ExprKind::False) => false,
                _ => return,
            },
        };
        self.set_action(&view.sym.clone(), name, detail);
        // What else the decorator names are attributes of the view, for this action alone.
        for arg in extra.into_iter().flat_map(|call| &call.args) {
            let ArgKind::Keyword(name) = &arg.kind else { continue };
            if !matches!(name.name.as_str(), "detail" | "methods" | "url_path" | "url_name" | "name" | "suffix") {
                let value = self.global(function.file, &arg.value);
                self.flow.set_attr(&view.sym, &name.name, value);
            }
        }
    }

    /// The other requests that a viewset answers with the rows of its `get_queryset()`; none for any other class.
    pub(in super::super) fn beside(&self, class: ClassRef<'p>, answered: &str) -> Vec<SmolStr> {
        if !self.project.is_subclass(class, &VIEW_SETS) {
            return Vec::new();
        }
        let is = |bases: &[&str]| self.project.is_subclass(class, bases);
        let inherited = [
            ("list", is(Action::List.bases())),
            ("retrieve", is(Action::Retrieve.bases())),
            ("update", is(&["rest_framework.mixins.UpdateModelMixin", "rest_framework.viewsets.ModelViewSet"])),
            ("destroy", is(&["rest_framework.mixins.DestroyModelMixin", "rest_framework.viewsets.ModelViewSet"])),
        ];
        let inherited = inherited.iter().filter(|(_, has)| *has).map(|(name, _)| SmolStr::new_static(name));
        let own = self.project.functions().filter(|function| function.class == Some(class));
        let extra = own.filter(|function| extra_action(*function).is_some());
        let all = inherited.chain(extra.map(|function| function.function.name.name.clone()));
        all.filter(|name| name != answered).collect()
    }

    fn set_action(&mut self, view: &Sym, name: &str, detail: bool) {
        self.flow.set_attr(view, &"action".into(), Value::Const(Const::Str(name.into())));
        self.flow.set_attr(view, &"detail".into(), Value::Const(Const::Bool(detail)));
    }

    /// Calls a method of an object by its name, be it the program's or the framework's.
    pub(super) fn call_own(
        &mut self,
        object: &Value<'p>,
        name: &str,
        positional: Vec<Value<'p>>,
        site: Site,
    ) -> Value<'p> {
        let method = self.attribute(object.clone(), &SmolStr::new(name), site);
        let given = |value| Arg { value, site, value_site: site };
        let positional = positional.into_iter().map(given).collect();
        self.invoke(&method, Args { positional, ..Args::default() }, site, None)
    }

    /// `dispatch()` of any view: on to the method that answers the request.
    pub(super) fn generic_dispatch(
        &mut self,
        view: &Value<'p>,
        class: ClassRef<'p>,
        args: Args<'p>,
        site: Site,
    ) -> Option<Value<'p>> {
        let answered = self.flow.attr(&view.sym(), ANSWERED).and_then(|name| name.as_str().cloned());
        let has_get =
            || self.project.method(class, "get").is_some() || self.project.is_subclass(class, Action::Get.bases());
        let name = answered.or_else(|| has_get().then(|| "get".into()))?;
        let method = self.attribute(view.clone(), &name, site);
        Some(self.invoke(&method, args, site, None))
    }

    /// `get()` of Django's generic views.
    pub(super) fn generic_get(&mut self, view: &Value<'p>, class: ClassRef<'p>, site: Site) -> Value<'p> {
        let sym = view.sym();
        if self.project.is_subclass(class, &LISTS) {
            let rows = self.call_own(view, "get_queryset", Vec::new(), site);
            self.flow.set_attr(&sym, &"object_list".into(), rows);
        } else if self.project.is_subclass(class, &SINGLES)
            && !self.project.is_subclass(class, &["django.views.generic.CreateView"])
        {
            let row = self.call_own(view, "get_object", Vec::new(), site);
            self.flow.set_attr(&sym, &"object".into(), row);
        }
        let context = self.call_own(view, "get_context_data", Vec::new(), site);
        self.call_own(view, "render_to_response", vec![context], site)
    }

    /// `get_context_data()` of Django's generic views: their rows under the names that templates know them by.
    pub(super) fn generic_context(&mut self, view: &Value<'p>, args: &Args<'p>, site: Site) -> Value<'p> {
        let sym = view.sym();
        let mut items: Vec<(Const, Value<'p>)> = Vec::new();
        let mut add = |name: &str, value: &Value<'p>| items.push((Const::Str(SmolStr::new(name)), value.clone()));
        add("view", view);
        let own_name = self.attribute(view.clone(), &"context_object_name".into(), site).as_str().cloned();
        let given = |name: &str| args.keyword(name).map(|arg| arg.value.clone());
        let rows = given("object_list").or_else(|| self.flow.attr(&sym, "object_list").cloned());
        if let Some(mut rows) = rows {
            let paged = self.attribute(view.clone(), &"paginate_by".into(), site);
            if let (Value::Const(Const::Int(_)), Value::QuerySet(node)) = (&paged, &rows)
                && let Some(page) = self.page(&node.clone(), site)
            {
                rows = page;
                add("page_obj", &rows);
            }
            add("object_list", &rows);
            let model = self.model_name_of(&rows);
            if let Some(name) = own_name.clone().or_else(|| Some(SmolStr::from(format!("{}_list", model?)))) {
                add(&name, &rows);
            }
        }
        if let Some(row) = self.flow.attr(&sym, "object").cloned() {
            add("object", &row);
            if let Some(name) = own_name.or_else(|| self.model_name_of(&row).map(SmolStr::from)) {
                add(&name, &row);
            }
        }
        for (name, arg) in &args.keyword {
            add(name, &arg.value);
        }
        Value::Dict(Rc::new(DictValue {
            items,
            element: None,
            key: None,
            driver: None,
            closed: false,
            sym: sym.attr("context"),
        }))
    }

    /// `topic`, of rows of forum.Topic.
    fn model_name_of(&self, value: &Value<'p>) -> Option<String> {
        Some(self.model_label_of(value)?.rsplit('.').next()?.to_lowercase())
    }

    fn model_label_of(&self, value: &Value<'p>) -> Option<SmolStr> {
        let name = match value {
            Value::QuerySet(node) => &node.model.name,
            Value::Row(row) => &row.model.name,
            _ => return None,
        };
        (!name.is_empty()).then(|| name.clone())
    }

    /// `render_to_response(context)`: the template that the class names, or the one of its model.
    pub(super) fn generic_response(
        &mut self,
        view: &Value<'p>,
        class: ClassRef<'p>,
        args: &Args<'p>,
        site: Site,
    ) -> Option<Value<'p>> {
        let context = args.get(0, "context")?.value.clone();
        let mut named = vec![self.attribute(view.clone(), &"template_name".into(), site)];
        if self.project.method(class, "get_template_names").is_some() {
            named.insert(0, self.call_own(view, "get_template_names", Vec::new(), site));
        }
        if let Some(name) = self.default_template(view, class, site) {
            named.push(Value::Const(Const::Str(name)));
        }
        let file = named.iter().find_map(|name| self.template_named(name))?;
        self.render(file, self.context_vars(&context), site);
        Some(Value::Scalar(view.sym().attr("response")))
    }

    /// `forum/topic_list.html`
    fn default_template(&mut self, view: &Value<'p>, class: ClassRef<'p>, site: Site) -> Option<SmolStr> {
        let sym = view.sym();
        let shown = self.flow.attr(&sym, "object_list").or_else(|| self.flow.attr(&sym, "object")).cloned()?;
        let label = self.model_label_of(&shown)?.to_lowercase();
        let (app, model) = label.rsplit_once('.')?;
        let own = self.attribute(view.clone(), &"template_name_suffix".into(), site).as_str().cloned();
        let is = |name: &str| self.project.is_subclass(class, &[name]);
        let usual = if is("django.views.generic.UpdateView") {
            "_form"
        } else if is("django.views.generic.DeleteView") {
            "_confirm_delete"
        } else if self.project.is_subclass(class, &LISTS) {
            "_list"
        } else {
            "_detail"
        };
        Some(SmolStr::from(format!("{app}/{model}{}.html", own.as_deref().unwrap_or(usual))))
    }

    /// `list()` of REST framework's generic views.
    pub(super) fn api_list(&mut self, view: &Value<'p>, site: Site) -> Value<'p> {
        let rows = self.call_own(view, "get_queryset", Vec::new(), site);
        let rows = self.call_own(view, "filter_queryset", vec![rows], site);
        let page = match self.api_pages(view, site) {
            Pages::Unknown => Value::none(),
            _ => self.call_own(view, "paginate_queryset", vec![rows.clone()], site),
        };
        let shown = if matches!(page, Value::Seq(_)) { page } else { rows };
        self.api_show(view, shown, true, site)
    }

    /// `retrieve()` of REST framework's generic views.
    pub(super) fn api_retrieve(&mut self, view: &Value<'p>, site: Site) -> Value<'p> {
        let row = self.call_own(view, "get_object", Vec::new(), site);
        self.api_show(view, row, false, site)
    }

    fn api_show(&mut self, view: &Value<'p>, shown: Value<'p>, many: bool, site: Site) -> Value<'p> {
        let method = self.attribute(view.clone(), &"get_serializer".into(), site);
        let given = |value| Arg { value, site, value_site: site };
        let keyword = vec![(SmolStr::new_static("many"), given(Value::Const(Const::Bool(many))))];
        let args = Args { positional: vec![given(shown)], keyword, ..Args::default() };
        let serializer = self.invoke(&method, args, site, None);
        self.attribute(serializer, &"data".into(), site)
    }

    /// `get_serializer(…)` of REST framework's generic views.
    pub(super) fn api_serializer(&mut self, view: &Value<'p>, args: Args<'p>, site: Site) -> Option<Value<'p>> {
        match self.call_own(view, "get_serializer_class", Vec::new(), site) {
            class @ Value::Class(_) => Some(self.invoke(&class, args, site, None)),
            _ => None,
        }
    }

    /// `filter_queryset(rows)` of REST framework's generic views: in the `ordering` of the view, where one of its
    /// filters is an `OrderingFilter`.
    pub(super) fn in_order(&mut self, view: &Value<'p>, rows: &Value<'p>, site: Site) -> Value<'p> {
        if !matches!(rows, Value::QuerySet(_)) || !self.has_ordering_filter(view, site) {
            return rows.clone();
        }
        let names = match self.attribute(view.clone(), &"ordering".into(), site) {
            Value::Seq(seq) => seq.items.clone().unwrap_or_default(),
            name => vec![name],
        };
        let is_name = |name: &Value<'p>| name.as_str().is_some();
        if names.is_empty() || !names.iter().all(is_name) {
            return rows.clone();
        }
        self.call_own(rows, "order_by", names, site)
    }

    /// By the view's own `filter_backends`, or by the settings; without them it may be so.
    fn has_ordering_filter(&mut self, view: &Value<'p>, site: Site) -> bool {
        let orders = |name: &SmolStr| name.ends_with("OrderingFilter");
        match self.attribute(view.clone(), &"filter_backends".into(), site) {
            Value::Seq(seq) => seq.items.iter().flatten().any(|filter| match filter {
                Value::External(name) => orders(name),
                Value::Class(class) => self.project.outside_bases(*class).iter().any(orders),
                _ => true,
            }),
            _ => self.project.settings.site.is_none() || self.project.settings.filter_backends.iter().any(orders),
        }
    }

    /// How a view of REST framework divides its lists: by its own attribute, or by the settings.
    pub(super) fn api_pages(&mut self, view: &Value<'p>, site: Site) -> Pages {
        let name = match self.attribute(view.clone(), &"pagination_class".into(), site) {
            Value::Const(Const::None) => return Pages::None,
            Value::External(name) => name,
            Value::Class(class) => {
                let outside = self.project.outside_bases(class);
                outside.iter().find(|base| base.contains("agination")).cloned().unwrap_or_default()
            }
            _ => match &self.project.settings.pagination_class {
                Some(name) => name.clone(),
                None if self.project.settings.site.is_some() => return Pages::None,
                None => return Pages::Unknown,
            },
        };
        if name.ends_with("CursorPagination") { Pages::Uncounted } else { Pages::Counted }
    }
}

/// The call of `@action(…)` above a method of a viewset.
fn extra_action(function: FunctionRef<'_>) -> Option<&Call> {
    function.function.decorators.iter().filter_map(|decorator| decorator.as_call()).find(|call| {
        let name = call.func.dotted();
        name.is_some_and(|name| matches!(name.rsplit('.').next(), Some("action" | "list_route" | "detail_route")))
    })
}

/// Whether a list is shown in pages, and counted for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    None,
    Counted,
    Uncounted,
    /// No settings are in the input.
    Unknown,
}
