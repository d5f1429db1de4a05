//! Calls: of functions of the input (run in place), of classes, of everything else by its name.

use std::rc::Rc;

use smol_str::SmolStr;

use super::frames::Frame;
use super::sym::Sym;
use super::value::{
    Arg, Args, Closure, ClosureKind, Const, DictValue, ManagerValue, ModelRef, ObjectValue, RowOrigin, RowValue, Seq,
    Value,
};
use super::{DEPTH, Interpreter};
use crate::model::{Confidence, Over, Site};
use crate::project::{ClassRef, FunctionRef};
use crate::python::ir::{ArgKind, Call, Expr, ExprKind, Param, Params};
use crate::trace::{CallStep, EventKind, SharedKind, Usage};

/// What `self` of a root is called.
const SELF: &str = "self";

impl<'p> Interpreter<'p, '_> {
    pub(super) fn call(&mut self, call: &'p Call, expr: &'p Expr) -> Value<'p> {
        let bound = self.bound.take();
        let site = self.site(expr.span);
        if let ExprKind::Name(name) = &call.func.kind
            && name == "super"
            && let Some(value) = self.super_value()
        {
            return value;
        }
        let callee = self.eval(&call.func);
        let args = self.arguments(call);
        if let (Value::Method(receiver, name, _), ExprKind::Attribute { value: holder, .. }) =
            (&callee, &call.func.kind)
            && let Some(value) = self.mutate(receiver, name, &args, holder)
        {
            return value;
        }
        self.note_method_of_row(&callee, &call.func, site);
        self.bound = bound;
        let value = self.invoke(&callee, args, site, Some(call));
        self.bound = None;
        value
    }

    /// Notes a method of a row that its class does not show: one of a base that is not in the input, which may set
    /// columns.
    fn note_method_of_row(&mut self, callee: &Value<'p>, func: &'p Expr, site: Site) {
        let (Value::Scalar(sym), ExprKind::Attribute { value, attr }) = (callee, &func.kind) else { return };
        let ExprKind::Name(name) = &value.kind else { return };
        let asks = ["is_", "has_", "get_", "check_"].iter().any(|start| attr.name.starts_with(start));
        if matches!(self.flow.vars.get(name), Some(Value::Row(_))) && !asks {
            self.rec.emit(EventKind::Opaque(SmolStr::new(&*sym.text)), Some(site), None, Confidence::Possible);
        }
    }

    fn arguments(&mut self, call: &'p Call) -> Args<'p> {
        let mut args = Args::default();
        for arg in &call.args {
            let bound = match &arg.kind {
                ArgKind::Keyword(name) => Some(name.name.clone()),
                _ => None,
            };
            let value = self.eval_bound(&arg.value, bound);
            let entry = Arg { value, site: self.site(arg.span), value_site: self.site(arg.value.span) };
            match &arg.kind {
                ArgKind::Positional => args.positional.push(entry),
                ArgKind::Keyword(name) => args.keyword.push((name.name.clone(), entry)),
                ArgKind::Star => match &entry.value {
                    Value::Seq(seq) if seq.items.is_some() => {
                        for value in seq.items.iter().flatten() {
                            args.positional.push(Arg { value: value.clone(), ..entry.clone() });
                        }
                    }
                    unknown => args.add_spread(unknown),
                },
                ArgKind::DoubleStar => match &entry.value {
                    Value::Dict(dict) if dict.element.is_none() => {
                        for (key, value) in &dict.items {
                            if let super::value::Const::Str(key) = key {
                                args.keyword.push((key.clone(), Arg { value: value.clone(), ..entry.clone() }));
                            }
                        }
                    }
                    unknown => args.add_spread(unknown),
                },
            }
        }
        args
    }

    /// Calls a value. `call` is the expression, where there is one (not for `key=` functions and the like).
    pub(super) fn invoke(
        &mut self,
        callee: &Value<'p>,
        args: Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Value<'p> {
        match callee {
            Value::Function(closure) => self.call_closure(closure, None, args, site),
            Value::Bound(receiver, function) => {
                let value = self.call_function(*function, Some((**receiver).clone()), args, site);
                self.of_some_class(receiver, *function, value)
            }
            Value::Method(receiver, name, at) => self.call_method(receiver, name, args, site, *at, call),
            Value::Class(class) => self.instantiate(*class, args, site),
            Value::Model(model) => self.new_row(model, &args),
            // What `from_queryset()` and the like give is a class; its only instance says the same.
            Value::Manager(manager) if manager.model.name.is_empty() => callee.clone(),
            Value::External(name) => self.call_external(&name.clone(), args, site, call),
            Value::Threaded(inner) => {
                let outer = self.rec.unblocked(true);
                let value = self.invoke(inner, args, site, call);
                self.rec.blocking = outer;
                value
            }
            Value::Partial(inner, first) => {
                let mut all = (**first).clone();
                all.positional.extend(args.positional);
                all.keyword.extend(args.keyword);
                all.spread |= args.spread;
                all.spreads.extend(args.spreads);
                self.invoke(inner, all, site, call)
            }
            Value::Object(object) => match self.project.method(object.class, "__call__") {
                Some(function) => self.call_function(function, Some(callee.clone()), args, site),
                None => self.opaque(callee, &args, site),
            },
            _ => self.opaque(callee, &args, site),
        }
    }

    /// What a method of `self` gave, where the object that a root is run for may be of a class that has another one.
    fn of_some_class(&self, receiver: &Value<'p>, function: FunctionRef<'p>, value: Value<'p>) -> Value<'p> {
        let root = self.frames.first().and_then(|frame| frame.function);
        match (receiver, &value) {
            (Value::Object(object), Value::QuerySet(node))
                if root.is_some()
                    && &*object.sym.text == SELF
                    && self.project.is_overridden(object.class, &function.function.name.name) =>
            {
                let mut node = (**node).clone();
                node.plan.unclear = true;
                Value::QuerySet(Rc::new(node))
            }
            _ => value,
        }
    }

    /// A call that leaves the input. What it sends is not known; nothing is guessed.
    pub(super) fn opaque(&mut self, callee: &Value<'p>, args: &Args<'p>, site: Site) -> Value<'p> {
        let sym = callee.sym();
        if let Some(sent) = self.dispatch(&sym, args, site) {
            return sent;
        }
        if matches!(callee, Value::Scalar(_) | Value::Const(_)) {
            return Value::Scalar(self.result_sym(&sym, args));
        }
        let method = sym.text.rsplit_once('.').map(|(_, method)| method);
        let plain = args.all().all(|arg| arg.value.is_plain());
        let harmless =
            method.is_some_and(super::known_names::is_harmless_method) && matches!(callee, Value::Unknown(_));
        if plain && (harmless || super::known_names::is_exception(&sym.text)) {
            return Value::Unknown(self.result_sym(&sym, args));
        }
        self.rec.exact = false;
        self.rec.emit(EventKind::Opaque(SmolStr::new(&*sym.text)), Some(site), None, Confidence::Possible);
        let result = self.result_sym(&sym, args);
        let number = self.number();
        let sym = Sym { text: format!("{}#{number}", result.text).into(), ..result };
        Value::Unknown(self.fresh(sym))
    }

    /// `f(a, b)` as text: equal for equal arguments.
    pub(super) fn result_sym(&self, callee: &Sym, args: &Args<'p>) -> Sym {
        let mut syms = vec![callee.clone()];
        let mut text = format!("{}(", callee.text);
        for (at, arg) in args.positional.iter().enumerate() {
            let sym = arg.value.sym();
            text.push_str(if at == 0 { "" } else { ", " });
            text.push_str(&sym.text);
            syms.push(sym);
        }
        for (name, arg) in &args.keyword {
            let sym = arg.value.sym();
            text.push_str(&format!(", {name}={}", sym.text));
            syms.push(sym);
        }
        text.push(')');
        Sym::of(text, &syms)
    }

    fn call_closure(
        &mut self,
        closure: &Rc<Closure<'p>>,
        receiver: Option<Value<'p>>,
        args: Args<'p>,
        site: Site,
    ) -> Value<'p> {
        match closure.kind {
            ClosureKind::Function(function) => self.call_in(function, receiver, args, site, closure.vars.clone()),
            ClosureKind::Lambda(lambda) => {
                if self.frames.len() >= DEPTH {
                    self.rec.exact = false;
                    return self.anything("deep");
                }
                let outer = std::mem::replace(&mut self.flow.vars, closure.vars.clone());
                self.push_frame(Frame::new(closure.file));
                self.bind(&lambda.params, None, &args);
                let value = self.eval(&lambda.body);
                self.pop_frame();
                self.flow.vars = outer;
                value
            }
        }
    }

    pub(super) fn call_function(
        &mut self,
        function: FunctionRef<'p>,
        receiver: Option<Value<'p>>,
        args: Args<'p>,
        site: Site,
    ) -> Value<'p> {
        self.call_in(function, receiver, args, site, Rc::default())
    }

    fn call_in(
        &mut self,
        function: FunctionRef<'p>,
        receiver: Option<Value<'p>>,
        args: Args<'p>,
        site: Site,
        vars: super::flow::Vars<'p>,
    ) -> Value<'p> {
        let recursive = self.frames.iter().any(|f| f.function.is_some_and(|f| f == function));
        if recursive || self.frames.len() >= DEPTH || self.fuel == 0 {
            self.rec.exact = false;
            let result = self.result_sym(&Sym::new(format!("def {}", function.qualified)), &args);
            return Value::Unknown(self.fresh(result));
        }
        let receiver = match receiver {
            Some(value) if function.has_decorator("staticmethod") => {
                drop(value);
                None
            }
            other => other,
        };
        let plain = args.all().all(|arg| arg.value.is_plain())
            && receiver.as_ref().is_none_or(|r| matches!(r, Value::Class(_)));
        let form = if plain { form(&args) } else { String::new() };
        let key = (function.file, function.site.span, form);
        if plain && self.shared.silent.contains(&key) {
            return self.silent_result(function, &args);
        }
        let fuel = self.fuel;
        let before = self.rec.position();
        let exact = std::mem::replace(&mut self.rec.exact, true);
        self.rec.enter_call(CallStep {
            site,
            callee: function.qualified.clone(),
            defined: Some(function.site),
            renders: false,
        });
        let outer = std::mem::replace(&mut self.flow.vars, vars);
        let mut frame = Frame::new(function.file);
        frame.function = Some(function);
        frame.class = function.class;
        frame.receiver = receiver.clone();
        self.push_frame(frame);
        self.bind(&function.function.params, receiver, &args);
        let cached = self.project.is_memoised(function) && !function.has_decorator("cache_page");
        let value = self.kept_call(cached, |this| this.run_body(function));
        self.flow.vars = outer;
        self.rec.leave_call();
        let quiet = self.rec.exact && self.rec.position() == before;
        self.rec.exact &= exact;
        if plain && quiet && value.is_plain() && !matches!(value, Value::Const(_) | Value::Seq(_) | Value::Dict(_)) {
            // What a root says must not hang on which ran before it.
            self.fuel = fuel;
            self.shared.silent.insert(key);
            return self.silent_result(function, &args);
        }
        value
    }

    fn silent_result(&mut self, function: FunctionRef<'p>, args: &Args<'p>) -> Value<'p> {
        let result = self.result_sym(&Sym::new(format!("def {}", function.qualified)), args);
        let number = self.number();
        Value::Unknown(self.fresh(Sym { text: format!("{}#{number}", result.text).into(), ..result }))
    }

    /// Runs something whose result is kept for the turns to come, as behind a guard that asks for it.
    pub(super) fn kept_call(&mut self, kept: bool, run: impl FnOnce(&mut Self) -> Value<'p>) -> Value<'p> {
        if !kept {
            return run(self);
        }
        let fork = self.rec.fork();
        self.rec.enter_arm(fork, 0, true, Sym::new("kept"));
        let value = run(self);
        self.rec.leave_arm();
        value
    }

    /// Runs the body of the function whose frame is on top, and takes the frame down.
    fn run_body(&mut self, function: FunctionRef<'p>) -> Value<'p> {
        let arms = self.rec.arm_depth();
        let in_thread = ["sync_to_async", "database_sync_to_async"].iter().any(|name| function.has_decorator(name));
        let own = function.function.is_async.then(|| self.rec.call_depth());
        let blocking = own.or(self.rec.blocking).filter(|_| !in_thread);
        let outer = std::mem::replace(&mut self.rec.blocking, blocking);
        let next = self.exec_decorated(function);
        self.rec.blocking = outer;
        self.rec.truncate_arms(arms);
        let Some(frame) = self.pop_frame() else { return Value::none() };
        // Whatever was fetched on any way out stays fetched.
        for flow in frame.exit_flows {
            let vars = self.flow.vars.clone();
            let own = std::mem::take(&mut self.flow);
            self.flow = own.with(vars.clone()).join(flow.with(vars));
        }
        if function.function.is_generator {
            let sym = Sym::new(format!("generator {}@{}", function.qualified, self.counter));
            let element = frame.yielded;
            return Value::Seq(Rc::new(Seq { items: None, element, driver: frame.yield_driver, sym }));
        }
        match (frame.returned, next) {
            (Some(value), super::exec::Next::On) if matches!(value, Value::Row(_)) => value.perhaps(),
            (Some(value), _) => value,
            (None, _) => Value::none(),
        }
    }

    /// Runs a function as the root of a trace.
    pub(super) fn run_with_unknown_arguments(&mut self, function: FunctionRef<'p>) {
        let receiver = function.class.map(|class| self.instance_of(class));
        let receiver = match receiver {
            Some(_) if function.has_decorator("staticmethod") => None,
            Some(_) if function.has_decorator("classmethod") => {
                function.class.map(|class| match self.project.model_of_class(class) {
                    Some(model) => Value::Model(self.model_ref(model)),
                    None => Value::Class(class),
                })
            }
            other => other,
        };
        let mut frame = Frame::new(function.file);
        frame.function = Some(function);
        frame.class = function.class;
        frame.receiver = receiver.clone();
        self.push_frame(frame);
        self.note_kept(function, receiver.as_ref());
        self.note_action(function, receiver.as_ref());
        self.bind(&function.function.params, receiver, &Args { spread: true, ..Args::default() });
        let value = self.run_body(function);
        // What a feed lists is fetched when it is shown.
        if let (Value::QuerySet(rows), Some(class), "items") =
            (&value, function.class, function.function.name.name.as_str())
            && self.project.is_subclass(class, &["django.contrib.syndication.views.Feed"])
        {
            let site = rows.desc.built.unwrap_or(function.site);
            self.evaluate(&rows.clone(), site, Usage::Rows);
        }
    }

    /// Notes that the results of a method are kept for each `self`, and with them the object, for as long as the
    /// process runs.
    fn note_kept(&mut self, function: FunctionRef<'p>, receiver: Option<&Value<'p>>) {
        let Some(receiver) = receiver.filter(|_| !function.has_decorator("classmethod")) else { return };
        let kept = function.function.decorators.iter().find(|decorator| {
            let named = decorator.as_call().map_or(*decorator, |call| &call.func);
            let external = self.project.lookup_expr(function.file, named);
            matches!(external, Some(crate::project::Binding::External(name))
                if matches!(name.as_str(), "functools.lru_cache" | "functools.cache"))
        });
        if let Some(decorator) = kept {
            let site = Site::new(function.file, decorator.span);
            let of_row = matches!(receiver, Value::Row(_));
            self.share(function.function.name.name.clone(), SharedKind::Results { of_row }, false, site);
        }
    }

    /// `self` of a method that is run on its own.
    fn instance_of(&mut self, class: ClassRef<'p>) -> Value<'p> {
        let sym = Sym::new(SELF);
        if let Some(model) = self.project.model_of_class(class) {
            let model = self.model_ref(model);
            let path = Vec::new();
            let row =
                RowValue { model, queryset: None, path, sym, origin: RowOrigin::Given, certain: true, sure: true };
            return Value::Row(Rc::new(row));
        }
        let site = class.site();
        let model = ModelRef { id: None, name: SmolStr::default() };
        if self.project.is_subclass(class, &["django.db.models.Manager", "django.db.models.manager.BaseManager"]) {
            let classes = vec![class];
            let manager = ManagerValue { model, classes, related: None, opaque: true, certain: false };
            return Value::Manager(Rc::new(manager));
        }
        if self.project.is_subclass(class, &["django.db.models.QuerySet", "django.db.models.query.QuerySet"]) {
            return self.foreign_queryset(model, vec![class], sym, site);
        }
        Value::Object(Rc::new(ObjectValue { class, sym }))
    }

    fn bind(&mut self, params: &'p Params, receiver: Option<Value<'p>>, args: &Args<'p>) {
        let mut positional = args.positional.iter().map(|arg| arg.value.clone());
        let mut receiver = receiver;
        for param in &params.positional {
            let given = match receiver.take() {
                Some(value) => Some(value),
                None => positional.next().or_else(|| args.keyword(&param.name.name).map(|a| a.value.clone())),
            };
            self.note_given(param, given.as_ref());
            let value = given.unwrap_or_else(|| self.missing(param, args.spread));
            self.flow.set(&param.name.name, value);
        }
        if let Some(param) = &params.varargs {
            let rest: Vec<Value<'p>> = positional.collect();
            let value = if args.spread {
                let sym = Sym::new(&param.name.name);
                Value::Seq(Rc::new(Seq { items: None, element: None, driver: None, sym }))
            } else {
                Value::Seq(Rc::new(Seq::of_items(rest)))
            };
            self.flow.set(&param.name.name, value);
        }
        for param in &params.keyword_only {
            let given = args.keyword(&param.name.name).map(|a| a.value.clone());
            self.note_given(param, given.as_ref());
            let value = given.unwrap_or_else(|| self.missing(param, args.spread));
            self.flow.set(&param.name.name, value);
        }
        if let Some(param) = &params.kwargs {
            let value = if args.spread { Value::Unknown(Sym::new(&param.name.name)) } else { rest_of(params, args) };
            self.flow.set(&param.name.name, value);
        }
    }

    fn note_given(&mut self, param: &Param, value: Option<&Value<'p>>) {
        let Some(Value::Unknown(sym) | Value::Scalar(sym)) = value else { return };
        if let Some(frame) = self.frames.last_mut().filter(|_| param.default.is_some()) {
            frame.given.push((param.name.name.clone(), sym.text.clone()));
        }
    }

    /// Whether a name stands for what the caller has written for a parameter, which it would leave out to give none. What
    /// is looked up may be missing.
    pub(super) fn is_given(&self, name: &str, value: &Value<'p>) -> bool {
        let (Value::Unknown(sym) | Value::Scalar(sym)) = value else { return false };
        let given = self
            .frames
            .last()
            .is_some_and(|frame| frame.given.iter().any(|(param, text)| param == name && *text == sym.text));
        given && !is_looked_up(sym)
    }

    /// A parameter that no argument was given for: its default, or (in a root) whatever its annotation says.
    fn missing(&mut self, param: &'p Param, unknown: bool) -> Value<'p> {
        let name = &param.name.name;
        let anything = Value::Unknown(Sym::new(name));
        if !unknown {
            return match &param.default {
                Some(default) => self.eval_bound(default, None),
                None => anything,
            };
        }
        if let Some(annotation) = &param.annotation {
            return self.annotated(annotation, anything);
        }
        // `topics=Topic.objects.all()`: rows of that model, whoever calls.
        if let Some(default) = param.default.as_ref().filter(|default| default.as_call().is_some())
            && let rows @ Value::QuerySet(_) = self.eval_bound(default, None)
        {
            return rows;
        }
        match name.as_str() {
            "request" => Value::Instance("django.http.HttpRequest".into(), Sym::new(name)),
            "queryset" => {
                let model = ModelRef { id: None, name: SmolStr::default() };
                let site = self.site(param.name.span);
                self.foreign_queryset(model, Vec::new(), Sym::new(name), site)
            }
            _ => anything,
        }
    }

    /// A value of which only the annotation is known.
    pub(super) fn annotated(&mut self, annotation: &'p Expr, value: Value<'p>) -> Value<'p> {
        let sym = value.sym();
        match &annotation.kind {
            ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Str(_) => match self.eval_type(annotation) {
                Value::Model(model) => {
                    let certain = model.id.is_some();
                    let path = Vec::new();
                    let row =
                        RowValue { model, queryset: None, path, sym, origin: RowOrigin::Given, certain, sure: false };
                    Value::Row(Rc::new(row))
                }
                Value::Class(class) => Value::Object(Rc::new(ObjectValue { class, sym })),
                Value::External(name) if name.ends_with("Request") => Value::Instance(name, sym),
                Value::External(name) if name.starts_with("builtins.") => Value::Scalar(sym),
                Value::External(name) if name.ends_with(".QuerySet") => {
                    let model = ModelRef { id: None, name: SmolStr::default() };
                    let site = self.site(annotation.span);
                    self.foreign_queryset(model, Vec::new(), sym, site)
                }
                _ => value,
            },
            // `Topic | None`
            ExprKind::Binary { left, right, .. } => {
                let left_value = self.annotated(left, value.clone());
                if left_value.is_plain() { self.annotated(right, value) } else { left_value }
            }
            ExprKind::Subscript { value: generic, index } => {
                let name = generic.dotted().unwrap_or_default();
                let last = name.rsplit('.').next().unwrap_or_default();
                match last {
                    "Optional" | "Annotated" | "Awaitable" => self.annotated(index, value),
                    "QuerySet" | "BaseManager" | "QuerySetAny" => match self.eval(index) {
                        Value::Model(model) => {
                            let site = self.site(annotation.span);
                            self.foreign_queryset(model, Vec::new(), sym, site)
                        }
                        _ => value,
                    },
                    "list" | "List" | "Iterable" | "Sequence" | "set" | "Set" | "Iterator" | "Collection" => {
                        let site = self.site(annotation.span);
                        let driver = self.items_driver(&sym, site);
                        let item = Sym::of(format!("item({})", sym.text), [&sym]).marked(driver.key);
                        let element = self.annotated(index, Value::Unknown(item));
                        let model = match &element {
                            Value::Row(row) => Some(row.model.name.clone()),
                            _ => None,
                        };
                        let driver = super::value::Driver { model, over: Over::Items, ..driver };
                        Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver: Some(driver), sym }))
                    }
                    _ => value,
                }
            }
            _ => value,
        }
    }

    /// What the name of a type stands for, written as text where it is defined later.
    fn eval_type(&mut self, annotation: &'p Expr) -> Value<'p> {
        let project: &'p crate::project::Project = self.project;
        match &annotation.kind {
            ExprKind::Str(name) => match project.lookup_dotted(self.file(), name) {
                Some(binding) => self.bound_value(binding),
                None => Value::Unknown(Sym::new(name)),
            },
            _ => self.eval(annotation),
        }
    }

    fn super_value(&mut self) -> Option<Value<'p>> {
        let frame = self.frames.last()?;
        let class = frame.class?;
        let receiver = frame.receiver.clone()?;
        Some(Value::Super(Rc::new(receiver), class))
    }

    fn instantiate(&mut self, class: ClassRef<'p>, args: Args<'p>, site: Site) -> Value<'p> {
        if self.project.is_subclass(class, &["django.db.models.Manager", "django.db.models.manager.BaseManager"]) {
            let model = ModelRef { id: None, name: SmolStr::default() };
            let manager = ManagerValue { model, classes: vec![class], related: None, opaque: false, certain: true };
            return Value::Manager(Rc::new(manager));
        }
        let number = self.number();
        let sym = self.fresh(Sym::new(format!("{}()#{number}", class.qualified)));
        let object = Value::Object(Rc::new(ObjectValue { class, sym: sym.clone() }));
        self.note_serializer(class, &args, &sym);
        match self.project.method(class, "__init__") {
            Some(init) => {
                self.call_function(init, Some(object.clone()), args, site);
            }
            None => {
                // A dataclass or the like: keywords are attributes.
                for (name, arg) in args.keyword {
                    self.flow.set_attr(&sym, &name, arg.value);
                }
            }
        }
        object
    }
}

/// Whether a value is what was found under some key: there may be none.
fn is_looked_up(sym: &Sym) -> bool {
    [".get(", ".pop(", ".first("].iter().any(|call| sym.text.contains(call))
}

/// What of a call's arguments may decide the way through a function that sends nothing: which are given, and what is
/// known of them.
fn form(args: &Args<'_>) -> String {
    let known = |arg: &Arg<'_>| match &arg.value {
        Value::Const(constant) => constant.text(),
        Value::Unknown(sym) | Value::Scalar(sym) if is_looked_up(sym) => "?".to_owned(),
        _ => "_".to_owned(),
    };
    let positional = args.positional.iter().map(known);
    let keyword = args.keyword.iter().map(|(name, arg)| format!("{name}={}", known(arg)));
    let spread = args.spread.then(|| "*".to_owned());
    positional.chain(keyword).chain(spread).collect::<Vec<_>>().join(",")
}

/// The keywords that no parameter takes: what `**kwargs` holds.
fn rest_of<'p>(params: &Params, args: &Args<'p>) -> Value<'p> {
    let named = |name: &SmolStr| params.positional.iter().chain(&params.keyword_only).any(|p| p.name.name == *name);
    let rest = args.keyword.iter().filter(|(name, _)| !named(name));
    let items: Vec<(Const, Value<'p>)> =
        rest.map(|(name, arg)| (Const::Str(name.clone()), arg.value.clone())).collect();
    let syms: Vec<Sym> = items.iter().map(|(_, value)| value.sym()).collect();
    let text = items.iter().zip(&syms).map(|((key, _), sym)| format!("{}: {}", key.text(), sym.text));
    let sym = Sym::of(format!("{{{}}}", text.collect::<Vec<_>>().join(", ")), &syms);
    Value::Dict(Rc::new(DictValue { items, element: None, key: None, driver: None, closed: true, sym }))
}
