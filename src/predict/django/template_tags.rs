//! Tags beside Django's control structures: Django's own, and those that the project registers.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Value};
use super::render::Page;
use crate::model::Site;
use crate::project::FunctionRef;
use crate::python::ir::{Expr as PyExpr, ExprKind};
use crate::template::{Arg as TagArg, Node};

/// What a function of a template library is registered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    Filter,
    Simple,
    Inclusion,
}

impl<'p> Interpreter<'p, '_> {
    pub(super) fn run_tag(
        &mut self,
        node: &Node,
        name: &str,
        args: &[TagArg],
        target: Option<&SmolStr>,
        body: &[Node],
        page: &Page,
    ) {
        let site = self.site(node.span);
        self.rec.enter_statement(site);
        if !takes_words(name) {
            let values = self.tag_args(args);
            let result = match self.library(name) {
                Some((Registered::Filter, _)) | None => {
                    self.rec.exact &= is_own_tag(name) || !args.is_empty() && values.all().all(|a| a.value.is_plain());
                    for arg in values.all() {
                        self.text_of(&arg.value, arg.value_site);
                    }
                    Value::Unknown(self.fresh(Sym::new(name)))
                }
                Some((kind, function)) => self.call_tag(kind, function, values, site),
            };
            if let Some(target) = target {
                self.flow.set(target, result);
            }
        }
        self.rec.leave_statement();
        if name != "cache" {
            return self.run_nodes(body, page);
        }
        // Shown once, and then as it is kept.
        let fork = self.rec.fork();
        self.rec.enter_arm(fork, 0, true, Sym::new(name));
        self.run_nodes(body, page);
        self.rec.leave_arm();
    }

    fn tag_args(&mut self, args: &[TagArg]) -> Args<'p> {
        let mut out = Args::default();
        for arg in args {
            let value = self.template_value(&arg.value);
            let site = self.site(arg.value.span);
            let value = Arg { value, site, value_site: site };
            match &arg.name {
                Some(name) => out.keyword.push((name.clone(), value)),
                None => out.positional.push(value),
            }
        }
        out
    }

    fn call_tag(&mut self, kind: Registered, function: FunctionRef<'p>, mut args: Args<'p>, site: Site) -> Value<'p> {
        let decorator = decorator(function);
        let takes_context = decorator.and_then(PyExpr::as_call).and_then(|call| call.keyword("takes_context"));
        let vars = self.flow.vars.clone();
        if takes_context.is_some_and(|flag| matches!(flag.kind, ExprKind::True)) {
            let items: Vec<(&str, Value<'p>)> = vars.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
            let context = self.named_dict(&items, &Sym::new("context"));
            args.positional.insert(0, Arg { value: context, site, value_site: site });
        }
        let result = self.call_function(function, None, args, site);
        if kind == Registered::Inclusion {
            let name = decorator.and_then(PyExpr::as_call).and_then(|call| call.positional().next());
            let name = name.and_then(PyExpr::as_str).map(|name| self.project.template(name, function.file));
            match name.flatten() {
                Some(file) => self.render(file, self.context_vars(&result), site),
                None => self.rec.exact = false,
            }
        }
        result
    }

    /// A filter that is none of Django's own.
    pub(super) fn project_filter(
        &mut self,
        name: &str,
        value: Value<'p>,
        arg: Option<Value<'p>>,
        sym: Sym,
        site: Site,
    ) -> Value<'p> {
        let Some((Registered::Filter, function)) = self.library(name) else {
            self.rec.exact &= value.is_plain();
            return Value::Unknown(sym);
        };
        let given = |value| Arg { value, site, value_site: site };
        let positional = [Some(value), arg].into_iter().flatten().map(given).collect();
        self.call_function(function, None, Args { positional, ..Args::default() }, site)
    }

    /// The function of the input that is registered under a name.
    fn library(&mut self, name: &str) -> Option<(Registered, FunctionRef<'p>)> {
        let project: &'p crate::project::Project = self.project;
        let library = self.shared.library.get_or_insert_with(|| {
            let registered = project.functions().filter_map(|function| {
                let decorator = decorator(function)?;
                let kind = registers(decorator)?;
                Some((registered_name(decorator, function), (kind, function)))
            });
            Rc::new(registered.collect())
        });
        library.get(name).copied()
    }
}

fn decorator(function: FunctionRef<'_>) -> Option<&PyExpr> {
    function.function.decorators.iter().find(|decorator| registers(decorator).is_some())
}

fn registers(decorator: &PyExpr) -> Option<Registered> {
    let named = decorator.as_call().map_or(decorator, |call| &call.func);
    let ExprKind::Attribute { value, attr } = &named.kind else { return None };
    // `register = Library()`, whatever it is called; not a method of something of the program.
    if !matches!(value.kind, ExprKind::Name(_)) {
        return None;
    }
    match attr.name.as_str() {
        "filter" => Some(Registered::Filter),
        "simple_tag" => Some(Registered::Simple),
        "inclusion_tag" => Some(Registered::Inclusion),
        _ => None,
    }
}

/// `@register.filter("shout")`, `@register.simple_tag(name="shout")`, else the function's own name.
fn registered_name(decorator: &PyExpr, function: FunctionRef<'_>) -> SmolStr {
    let call = decorator.as_call();
    let first = call
        .filter(|_| registers(decorator) == Some(Registered::Filter))
        .and_then(|call| call.positional().next())
        .and_then(PyExpr::as_str);
    let named = call.and_then(|call| call.keyword("name")).and_then(PyExpr::as_str).or(first);
    named.map_or_else(|| function.function.name.name.clone(), SmolStr::new)
}

/// Tags whose words are no expressions.
fn takes_words(name: &str) -> bool {
    matches!(name, "cache" | "csrf_token" | "spaceless" | "autoescape" | "templatetag" | "lorem" | "partial")
}

/// Django's own tags: they send nothing beside what their arguments read.
fn is_own_tag(name: &str) -> bool {
    matches!(
        name,
        "cycle"
            | "debug"
            | "filter"
            | "firstof"
            | "get_available_languages"
            | "get_current_language"
            | "get_current_language_bidi"
            | "get_media_prefix"
            | "get_static_prefix"
            | "get_current_timezone"
            | "language"
            | "localize"
            | "localtime"
            | "now"
            | "partialdef"
            | "querystring"
            | "resetcycle"
            | "static"
            | "timezone"
            | "trans"
            | "translate"
            | "url"
            | "widthratio"
    )
}
