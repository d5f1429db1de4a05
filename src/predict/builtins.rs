//! Python's own functions and containers, and functions of libraries that run what they are given.

use std::rc::Rc;

use smol_str::SmolStr;

use super::Interpreter;
use super::assign::with_element;
use super::iterate::Turning;
use super::known_names::{changes_in_place, is_exception, is_external_io, is_harmless};
use super::sym::Sym;
use super::value::{Arg, Args, Const, DictValue, Seq, Value};
use crate::model::{Confidence, Over, Site};
use crate::python::ir::{Call, Expr};
use crate::trace::{CacheBackend, EventKind, Usage, ValueChange};

impl<'p> Interpreter<'p, '_> {
    /// A name from outside of the input, as a value.
    pub(super) fn external(&mut self, name: SmolStr) -> Value<'p> {
        if name == "django.core.cache.cache" {
            return Value::Cache(CacheBackend::Django, Sym::new(name));
        }
        if name.ends_with(".objects") && name.contains('.') {
            let model = self.external_model(name.trim_end_matches(".objects"));
            return self.plain_manager(model);
        }
        Value::External(name)
    }

    pub(super) fn call_external(
        &mut self,
        name: &SmolStr,
        args: Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Value<'p> {
        if let Some(function) = name.strip_prefix("builtins.") {
            let result = self.call_builtin(function, args.clone(), site);
            self.note_folded(function, &args, call, site);
            return result;
        }
        if let Some(value) = self.call_django_function(name, &args, site) {
            return value;
        }
        if let Some(value) = self.call_cache_factory(name, &args) {
            return value;
        }
        let sym = Sym::new(name);
        match name.as_str() {
            "functools.partial" => {
                let mut args = args;
                if args.positional.is_empty() {
                    return self.anything("partial");
                }
                let callee = args.positional.remove(0).value;
                return Value::Partial(Rc::new(callee), Rc::new(args));
            }
            "itertools.chain" | "itertools.chain.from_iterable" => {
                let turnings: Vec<Turning<'p>> =
                    args.positional.iter().map(|arg| self.iterate(&arg.value, arg.value_site)).collect();
                return joined_seq(turnings, self.result_sym(&sym, &args));
            }
            "itertools.groupby" => return self.grouped(&args, site),
            "collections.defaultdict" | "collections.OrderedDict" | "collections.Counter" => {
                let number = self.number();
                let sym = self.fresh(Sym::new(format!("dict#{number}")));
                return Value::Dict(Rc::new(DictValue {
                    items: Vec::new(),
                    element: None,
                    key: None,
                    driver: None,
                    closed: false,
                    sym,
                }));
            }
            "django.core.paginator.Paginator" => return self.paginator(&args),
            "collections.deque" => return self.call_builtin("list", args, site),
            "asgiref.sync.sync_to_async" | "channels.db.database_sync_to_async" | "asyncio.to_thread" => {
                let threaded = args.positional.first().map(|first| Value::Threaded(Rc::new(first.value.clone())));
                match (threaded, name.as_str()) {
                    (Some(threaded), "asyncio.to_thread") => {
                        let mut args = args;
                        args.positional.remove(0);
                        return self.invoke(&threaded, args, site, None);
                    }
                    (Some(threaded), _) => return threaded,
                    (None, _) => {}
                }
            }
            "asgiref.sync.async_to_sync" | "functools.wraps" => {
                if let Some(first) = args.positional.first() {
                    return first.value.clone();
                }
            }
            _ => {}
        }
        if is_external_io(name) {
            self.rec.emit(EventKind::ExternalIo(name.clone()), Some(site), None, Confidence::Certain);
        }
        let result = self.result_sym(&sym, &args);
        if (is_harmless(name) || is_exception(name)) && args.all().all(|arg| arg.value.is_plain()) {
            let number = self.number();
            // Drawn anew each time; the time goes on as well, but rows of one loop may share it.
            let drawn = ["uuid", "random", "secrets.", "token"].iter().any(|part| name.contains(part));
            let varying = drawn || name.ends_with("now") || name == "next";
            let text = if varying { format!("{}#{number}", result.text).into() } else { result.text.clone() };
            let sym = Sym { text, ..result };
            return Value::Scalar(if drawn { self.fresh(sym) } else { sym });
        }
        let _ = call;
        self.opaque(&Value::External(name.clone()), &args, site)
    }

    fn call_builtin(&mut self, name: &str, args: Args<'p>, site: Site) -> Value<'p> {
        let result = self.result_sym(&Sym::new(name), &args);
        let first = args.positional.first().cloned();
        let several = args.positional.len() > 1;
        if matches!(name, "int" | "float" | "round" | "abs") || matches!(name, "min" | "max") && several {
            args.positional.iter().for_each(|arg| self.note_number_asked(&arg.value, arg.value_site));
        }
        match (name, first) {
            ("len", Some(arg)) => {
                if let Value::QuerySet(node) = &arg.value {
                    self.evaluate(node, site, Usage::Length);
                }
                if let Some(told) = self.told_by(&arg.value) {
                    self.tells(&result, (*told).clone());
                }
                Value::Scalar(result)
            }
            ("bool", Some(arg)) => {
                self.ask_truth(&arg.value, site);
                if let Some(told) = self.told_by(&arg.value) {
                    self.tells(&result, (*told).clone());
                }
                Value::Scalar(result)
            }
            ("list" | "tuple" | "set" | "frozenset" | "reversed" | "iter", Some(arg)) => {
                self.collected(&arg, result, site)
            }
            ("list" | "tuple" | "set" | "frozenset", None) => {
                let number = self.number();
                let sym = self.fresh(Sym::new(format!("{name}#{number}")));
                Value::Seq(Rc::new(Seq { items: Some(Vec::new()), element: None, driver: None, sym }))
            }
            ("dict", first) => {
                let mut dict = match first.map(|arg| arg.value) {
                    Some(Value::Dict(dict)) => (*dict).clone(),
                    _ => DictValue {
                        items: Vec::new(),
                        element: None,
                        key: None,
                        driver: None,
                        closed: false,
                        sym: result,
                    },
                };
                for (key, arg) in &args.keyword {
                    dict.items.push((Const::Str(key.clone()), arg.value.clone()));
                }
                Value::Dict(Rc::new(dict))
            }
            ("sorted" | "min" | "max", Some(arg)) => {
                let turning = self.iterate(&arg.value, site);
                if let Some(key) = args.keyword("key") {
                    self.call_per_item(&key.value.clone(), &turning, site);
                }
                match name {
                    "sorted" => seq_of(in_order(turning), result),
                    _ if args.positional.len() > 1 => Value::Scalar(result),
                    _ => turning.element,
                }
            }
            ("sum" | "any" | "all", Some(arg)) => {
                self.iterate(&arg.value, site);
                Value::Scalar(result)
            }
            ("enumerate", Some(arg)) => {
                let turning = self.iterate(&arg.value, site);
                let index = Value::Scalar(result.attr("index"));
                let index = match &turning.driver {
                    Some(driver) => Value::Scalar(index.sym().marked(driver.key)),
                    None => index,
                };
                let pair = Value::Seq(Rc::new(Seq::of_items(vec![index, turning.element])));
                seq_of(Turning { element: pair, driver: turning.driver }, result)
            }
            ("zip", Some(_)) => {
                let turnings: Vec<Turning<'p>> =
                    args.positional.iter().map(|arg| self.iterate(&arg.value, arg.value_site)).collect();
                let rows = turnings.iter().position(|t| t.driver.as_ref().is_some_and(|d| d.queryset.is_some()));
                let driver = turnings.get(rows.unwrap_or(0)).and_then(|t| t.driver.clone());
                let elements = turnings.into_iter().map(|t| t.element).collect();
                seq_of(Turning { element: Value::Seq(Rc::new(Seq::of_items(elements))), driver }, result)
            }
            ("map" | "filter", Some(function)) => {
                let Some(items) = args.positional.get(1) else { return self.anything(name) };
                let turning = self.iterate(&items.value, items.value_site);
                let mapped = self.call_per_item(&function.value, &turning, site);
                let element = if name == "map" { mapped } else { turning.element };
                seq_of(Turning { element, driver: turning.driver }, result)
            }
            ("next", Some(arg)) => match &arg.value {
                Value::Seq(seq) => seq.element.clone().unwrap_or_else(|| self.anything("next")),
                _ => self.anything("next"),
            },
            ("range", Some(_)) => self.range(&args, result, site),
            // Nothing stands in for what is not there.
            ("getattr", Some(Arg { value: Value::Const(Const::None), .. })) => {
                args.positional.get(2).map_or(Value::Unknown(result), |default| default.value.clone())
            }
            ("isinstance", Some(_)) => match self.is_instance(&args) {
                Some(known) => Value::Const(Const::Bool(known)),
                None => Value::Scalar(result),
            },
            ("type", Some(arg)) if args.positional.len() == 1 => {
                super::truth::type_of(&arg.value).unwrap_or(Value::Scalar(result))
            }
            ("getattr", Some(arg)) => match args.positional.get(1).and_then(|a| a.value.as_str().cloned()) {
                Some(attr) => self.attribute(arg.value, &attr, site),
                None => {
                    self.rec.exact = false;
                    Value::Unknown(result)
                }
            },
            // Which attribute, is not known: mostly columns by their names.
            ("setattr", Some(Arg { value: Value::Row(row), .. })) => {
                let name = SmolStr::from(format!("setattr({})", row.sym.text));
                self.rec.emit(EventKind::Opaque(name), Some(site), None, Confidence::Possible);
                Value::none()
            }
            ("hasattr", Some(arg)) => {
                if self.is_annotated(&arg.value, args.positional.get(1).and_then(|name| name.value.as_str())) {
                    return Value::Const(Const::Bool(true));
                }
                // Asking a row for a relation fetches it.
                if let (Value::Row(_), Some(name)) = (&arg.value, args.positional.get(1).and_then(|a| a.value.as_str()))
                {
                    let from = self.rec.position();
                    self.attribute(arg.value, &name.clone(), site);
                    self.tells_singular(&result, from);
                }
                Value::Scalar(result)
            }
            ("str" | "repr" | "print" | "format", _) => {
                for arg in args.all() {
                    self.text_of(&arg.value, site);
                }
                Value::Scalar(result)
            }
            _ => Value::Scalar(result),
        }
    }

    /// `list(xs)`: the same items, read once.
    fn collected(&mut self, arg: &Arg<'p>, sym: Sym, site: Site) -> Value<'p> {
        match &arg.value {
            Value::Seq(seq) => Value::Seq(Rc::new(Seq { sym, ..(**seq).clone() })),
            value => {
                let turning = self.iterate(value, site);
                seq_of(turning, sym)
            }
        }
    }

    fn range(&mut self, args: &Args<'p>, sym: Sym, site: Site) -> Value<'p> {
        let numbers: Vec<Option<i64>> = args.positional.iter().map(|a| a.value.as_int()).collect();
        let exactly = match numbers.as_slice() {
            [Some(stop)] => u32::try_from(*stop).ok(),
            [Some(start), Some(stop)] => u32::try_from(stop - start).ok(),
            [Some(start), Some(stop), Some(step)] if *step > 0 => u32::try_from((stop - start + step - 1) / step).ok(),
            _ => None,
        };
        let mut driver = self.items_driver(&sym, site);
        if exactly.is_some() {
            driver.over = Over::Range;
        }
        driver.exactly = exactly;
        let element = Value::Scalar(sym.attr("item").marked(driver.key));
        Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver: Some(driver), sym }))
    }

    fn grouped(&mut self, args: &Args<'p>, site: Site) -> Value<'p> {
        let sym = self.result_sym(&Sym::new("groupby"), args);
        let Some(items) = args.positional.first() else { return self.anything("groupby") };
        let turning = self.iterate(&items.value, items.value_site);
        if let Some(key) = args.get(1, "key") {
            self.call_per_item(&key.value.clone(), &turning, site);
        }
        let groups = self.items_driver(&sym, site);
        let key = Value::Scalar(sym.attr("key").marked(groups.key));
        let group = seq_of(turning, sym.attr("group"));
        let pair = Value::Seq(Rc::new(Seq::of_items(vec![key, group])));
        seq_of(Turning { element: pair, driver: Some(groups) }, sym)
    }

    /// Calls a function once for each item, as `key=` and `map` do.
    fn call_per_item(&mut self, function: &Value<'p>, turning: &Turning<'p>, site: Site) -> Value<'p> {
        if function.is_plain() && !matches!(function, Value::External(_)) {
            return self.anything("mapped");
        }
        if let Some(driver) = &turning.driver {
            self.rec.enter_loop(driver, site, None);
        }
        let arg = Arg { value: turning.element.clone(), site, value_site: site };
        let value = self.invoke(function, Args { positional: vec![arg], ..Args::default() }, site, None);
        if turning.driver.is_some() {
            self.rec.leave_loop();
        }
        value
    }

    /// A method that changes its receiver: the variable gets the new value. `None` where it is not one.
    pub(super) fn mutate(
        &mut self,
        receiver: &Value<'p>,
        name: &SmolStr,
        args: &Args<'p>,
        holder: &'p Expr,
    ) -> Option<Value<'p>> {
        if changes_in_place(name) {
            self.note_shared(holder);
            if matches!(receiver, Value::Scalar(_) | Value::Unknown(_) | Value::Seq(_) | Value::Dict(_)) {
                self.note_changed_in_place(holder);
            }
        }
        if !matches!(receiver, Value::Seq(_) | Value::Dict(_) | Value::Unknown(_)) {
            return None;
        }
        let item = args.positional.last().map(|arg| arg.value.clone());
        match name.as_str() {
            "append" | "add" | "appendleft" => {
                let mut new = with_element(receiver, item?);
                if let Value::Seq(seq) = &new
                    && seq.driver.is_none()
                {
                    let driver = self.frames.last().and_then(|f| f.turns.last()).and_then(|t| t.driver.clone());
                    new = Value::Seq(Rc::new(Seq { driver, ..(**seq).clone() }));
                }
                self.rebind(holder, new);
            }
            "extend" | "update" | "insert" if matches!(receiver, Value::Unknown(_)) => {
                let new = with_element(receiver, item?);
                self.rebind(holder, new);
            }
            "extend" | "update" | "insert" => {
                let item = item?;
                let new = match (receiver, &item) {
                    (Value::Dict(_), Value::Dict(_)) => super::flow::join_values(receiver, &item),
                    _ => {
                        let site = self.site(holder.span);
                        let turning = self.iterate(&item, site);
                        let mut new = with_element(receiver, turning.element);
                        if let Value::Seq(seq) = &new
                            && seq.driver.is_none()
                        {
                            new = Value::Seq(Rc::new(Seq { driver: turning.driver, ..(**seq).clone() }));
                        }
                        new
                    }
                };
                self.rebind(holder, new);
            }
            "remove" | "pop" | "clear" | "sort" | "reverse" | "discard" | "popleft" | "setdefault"
                if !receiver.sym().marks.is_empty() =>
            {
                let sym = receiver.sym().attr(name).changed(ValueChange::Mutation);
                let new = match receiver {
                    Value::Seq(seq) => Value::Seq(Rc::new(Seq { sym: sym.clone(), ..(**seq).clone() })),
                    Value::Dict(dict) => Value::Dict(Rc::new(DictValue { sym: sym.clone(), ..(**dict).clone() })),
                    _ => Value::Unknown(sym.clone()),
                };
                self.rebind(holder, new);
                return Some(Value::Unknown(sym));
            }
            _ => return None,
        }
        Some(Value::none())
    }

    /// One item, another than those popped before.
    fn popped(&mut self, seq: &Seq<'p>, sym: Sym) -> Value<'p> {
        let number = self.number();
        match &seq.element {
            Some(Value::Row(row)) => {
                let text = format!("{}#{number}", row.sym.text).into();
                let sym = self.fresh(Sym { text, ..row.sym.clone() });
                Value::Row(Rc::new(super::value::RowValue { sym, ..(**row).clone() }))
            }
            Some(other) => other.clone(),
            None => Value::Unknown(sym),
        }
    }

    /// Methods of containers and of values that send nothing.
    pub(super) fn plain_method(
        &mut self,
        receiver: &Value<'p>,
        name: &SmolStr,
        args: &Args<'p>,
        site: Site,
    ) -> Value<'p> {
        let sym = self.result_sym(&receiver.sym().attr(name), args);
        match (receiver, name.as_str()) {
            (Value::Dict(dict), "values" | "items" | "keys") => {
                let keys = self.iterate(receiver, site);
                let value = dict.items.iter().map(|(_, v)| v.clone()).chain(dict.element.clone());
                let value = value.reduce(|a, b| super::flow::join_values(&a, &b)).unwrap_or_else(Value::none);
                let element = match name.as_str() {
                    "values" => value,
                    "keys" => keys.element,
                    _ => Value::Seq(Rc::new(Seq::of_items(vec![keys.element, value]))),
                };
                seq_of(Turning { element, driver: keys.driver }, sym)
            }
            (Value::Dict(dict), "get" | "pop" | "setdefault") => {
                let key = args.positional.first().map(|arg| arg.value.clone());
                let known = match &key {
                    Some(Value::Const(key)) => dict.items.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()),
                    _ => None,
                };
                let absent = || match (&key, args.positional.get(1)) {
                    (Some(Value::Const(_)), default) if dict.closed && name != "setdefault" => {
                        Some(default.map_or_else(Value::none, |arg| arg.value.clone()))
                    }
                    _ => None,
                };
                known.or_else(|| dict.element.clone()).or_else(absent).unwrap_or(Value::Unknown(sym))
            }
            (Value::Dict(_) | Value::Seq(_), "copy") => receiver.clone(),
            (Value::Seq(seq), "pop" | "popleft") => self.popped(seq, sym),
            (Value::Const(_) | Value::Scalar(_), "join") => {
                for arg in &args.positional {
                    self.iterate(&arg.value, arg.value_site);
                }
                Value::Scalar(sym)
            }
            (Value::Const(_) | Value::Scalar(_), "format") => {
                for arg in args.all() {
                    self.text_of(&arg.value, site);
                }
                Value::Scalar(sym)
            }
            _ => Value::Scalar(sym),
        }
    }
}

fn seq_of<'p>(turning: Turning<'p>, sym: Sym) -> Value<'p> {
    Value::Seq(Rc::new(Seq { items: None, element: Some(turning.element), driver: turning.driver, sym }))
}

/// Plain items say of themselves that they come sorted.
fn in_order(turning: Turning<'_>) -> Turning<'_> {
    let said = |sym: Sym| Sym { text: format!("sorted({})", sym.text).into(), ..sym };
    let element = match turning.element {
        Value::Unknown(sym) => Value::Unknown(said(sym)),
        Value::Scalar(sym) => Value::Scalar(said(sym)),
        other => other,
    };
    Turning { element, ..turning }
}

fn joined_seq<'p>(turnings: Vec<Turning<'p>>, sym: Sym) -> Value<'p> {
    let driver = turnings.iter().find_map(|t| t.driver.clone());
    let element = turnings.into_iter().map(|t| t.element).reduce(|a, b| super::flow::join_values(&a, &b));
    Value::Seq(Rc::new(Seq { items: None, element, driver, sym }))
}
