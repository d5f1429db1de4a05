//! Expressions of templates: `topic.posts.all|length`.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::iterate::Turning;
use super::super::sym::Sym;
use super::super::value::{Args, Const, DictValue, QsNode, Seq, Value};
use crate::model::Site;
use crate::template::{Base, Expr, Filter, Part};
use crate::trace::Usage;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn template_value(&mut self, expr: &Expr) -> Value<'p> {
        let mut value = self.base_value(&expr.base);
        for filter in &expr.filters {
            let site = self.site(filter.span);
            value = self.filtered(value, filter, site);
        }
        value
    }

    pub(super) fn base_value(&mut self, base: &Base) -> Value<'p> {
        match base {
            Base::Str(text) => Value::Const(Const::Str(text.clone())),
            Base::Int(number) => Value::Const(Const::Int(*number)),
            Base::Float(text) => Value::Const(Const::Other(text.clone())),
            Base::Path(parts) => {
                let Some((first, rest)) = parts.split_first() else { return Value::none() };
                let value = self.context_value(&first.name);
                let value = self.called(value, self.site(first.span));
                self.walk_path(value, rest)
            }
            Base::Unknown => {
                self.rec.exact = false;
                self.anything("unread")
            }
        }
    }

    fn context_value(&mut self, name: &SmolStr) -> Value<'p> {
        if let Some(value) = self.flow.vars.get(name) {
            return value.clone();
        }
        match name.as_str() {
            "True" => Value::Const(Const::Bool(true)),
            "False" => Value::Const(Const::Bool(false)),
            "None" => Value::none(),
            // What context processors of nearly every project give.
            "user" => {
                let request = Value::Instance("django.http.HttpRequest".into(), Sym::new("request"));
                let site = self.site(crate::model::Span::default());
                self.attribute(request, name, site)
            }
            _ => Value::Unknown(Sym::new(name)),
        }
    }

    /// `value.a.b`: keys, attributes, indexes; what can be called is.
    pub(super) fn walk_path(&mut self, value: Value<'p>, parts: &[Part]) -> Value<'p> {
        parts.iter().fold(value, |value, part| {
            let site = self.site(part.span);
            self.part(value, &part.name, site)
        })
    }

    /// One step of a path, as Django's templates and REST framework's sources take it.
    pub(super) fn part(&mut self, value: Value<'p>, name: &SmolStr, site: Site) -> Value<'p> {
        let index = name.parse::<i64>().ok();
        let found = match (&value, index) {
            (Value::Dict(dict), _) => {
                let known = dict.items.iter().find(|(key, _)| matches!(key, Const::Str(key) if key == name));
                match known {
                    Some((_, value)) => value.clone(),
                    None if matches!(name.as_str(), "items" | "keys" | "values") => {
                        Value::Method(Rc::new(value.clone()), name.clone(), site)
                    }
                    None => dict.element.clone().unwrap_or_else(|| Value::Unknown(value.sym().attr(name))),
                }
            }
            (Value::Seq(seq), Some(at)) => {
                let item = seq.items.as_ref().and_then(|items| items.get(usize::try_from(at).ok()?).cloned());
                item.or_else(|| seq.element.clone()).unwrap_or_else(|| Value::Unknown(value.sym().attr(name)))
            }
            (Value::QuerySet(node), Some(at)) => self.row_at(&node.clone(), Value::Const(Const::Int(at)), site),
            // A column is an attribute of a row: rows have none, and nothing is sent for it.
            (Value::QuerySet(node), None) if self.is_column(node, name) => Value::Scalar(value.sym().attr(name)),
            (Value::Scalar(sym), _) => Value::Scalar(sym.attr(name)),
            (Value::Const(_), _) => Value::Scalar(value.sym().attr(name)),
            (Value::Seq(seq), None) => Value::Unknown(seq.sym.attr(name)),
            _ => self.attribute(value, name, site),
        };
        self.called(found, site)
    }

    fn is_column(&self, rows: &QsNode<'p>, name: &str) -> bool {
        rows.model.id.is_some_and(|model| self.project.schema.field(model, name).is_some())
    }

    /// What a template makes of a value that can be called; what changes data it leaves alone.
    fn called(&mut self, value: Value<'p>, site: Site) -> Value<'p> {
        match &value {
            Value::Method(receiver, name, _) if changes_data(name) => Value::Scalar(receiver.sym().attr(name)),
            Value::Bound(..) | Value::Method(..) | Value::Function(_) | Value::Partial(..) => {
                self.invoke(&value, Args::default(), site, None)
            }
            _ => value,
        }
    }

    fn filtered(&mut self, value: Value<'p>, filter: &Filter, site: Site) -> Value<'p> {
        let arg = filter.arg.as_ref().map(|arg| self.base_value(arg));
        let sym = value.sym();
        let sym = match &arg {
            Some(arg) => Sym::of(format!("{}|{}:{}", sym.text, filter.name, arg.sym().text), [&sym, &arg.sym()]),
            None => sym.attr(&format!("|{}", filter.name)),
        };
        match (filter.name.as_str(), &value) {
            ("length" | "length_is" | "pluralize", _) => {
                if let Value::QuerySet(node) = &value {
                    self.evaluate(node, site, Usage::Length);
                }
                Value::Scalar(sym)
            }
            ("first", Value::QuerySet(node)) => self.row_at(&node.clone(), Value::Const(Const::Int(0)), site),
            ("first" | "last" | "random", _) => {
                let items = match &value {
                    Value::Seq(seq) => seq.items.as_ref().and_then(|items| match filter.name.as_str() {
                        "first" => items.first(),
                        _ => items.last(),
                    }),
                    _ => None,
                };
                items.cloned().unwrap_or_else(|| self.iterate(&value, site).element)
            }
            ("slice", Value::QuerySet(node)) => {
                let spec = arg.as_ref().and_then(Value::as_str).cloned().unwrap_or_default();
                let mut bounds = spec.split(':').map(|bound| {
                    let bound = bound.trim();
                    (!bound.is_empty()).then(|| match bound.parse() {
                        Ok(number) => Value::Const(Const::Int(number)),
                        Err(_) => Value::Scalar(Sym::new(bound)),
                    })
                });
                let (start, stop) = (bounds.next().flatten(), bounds.next().flatten());
                // A single number is the end.
                let (start, stop) = if spec.contains(':') { (start, stop) } else { (None, start) };
                self.slice_between(&node.clone(), [start, stop, None], site)
            }
            ("slice" | "safe" | "escape" | "force_escape" | "dictsortreversed" | "dictsort", _)
                if !matches!(value, Value::QuerySet(_)) || filter.name.starts_with("dictsort") =>
            {
                if !filter.name.starts_with("dictsort") {
                    return value;
                }
                let turning = self.iterate(&value, site);
                let key = arg.as_ref().and_then(Value::as_str).cloned().unwrap_or_default();
                self.each(&turning, site, |this, element| {
                    let parts: Vec<SmolStr> = key.split('.').map(SmolStr::new).collect();
                    parts.iter().fold(element, |value, name| this.part(value, name, site));
                });
                let Turning { element, driver } = turning;
                Value::Seq(Rc::new(Seq { items: None, element: Some(element), driver, sym }))
            }
            ("join" | "unordered_list" | "safeseq" | "make_list", _) => {
                let turning = self.iterate(&value, site);
                self.each(&turning, site, |this, element| this.text_of(&element, site));
                Value::Scalar(sym)
            }
            ("default" | "default_if_none", _) => {
                if filter.name == "default" {
                    self.ask_truth(&value, site);
                }
                match arg {
                    Some(arg) => super::super::flow::join_values(&value, &arg),
                    None => value,
                }
            }
            ("yesno", _) => {
                self.ask_truth(&value, site);
                Value::Scalar(sym)
            }
            (name, _) if is_plain_filter(name) => {
                self.text_of(&value, site);
                Value::Scalar(sym)
            }
            (name, _) => self.project_filter(name, value, arg, sym, site),
        }
    }

    /// A dict with these string keys.
    pub(super) fn named_dict(&self, items: &[(&str, Value<'p>)], sym: &Sym) -> Value<'p> {
        let items = items.iter().map(|(key, value)| (Const::Str(SmolStr::new(key)), value.clone())).collect();
        Value::Dict(Rc::new(DictValue {
            items,
            element: None,
            key: None,
            driver: None,
            closed: false,
            sym: sym.clone(),
        }))
    }
}

/// Methods that Django marks as ones that a template must not call.
fn changes_data(name: &str) -> bool {
    const METHODS: [&str; 13] = [
        "add",
        "bulk_create",
        "bulk_update",
        "clear",
        "create",
        "delete",
        "get_or_create",
        "refresh_from_db",
        "remove",
        "save",
        "set",
        "update",
        "update_or_create",
    ];
    METHODS.contains(&name) || name.strip_prefix('a').is_some_and(|name| METHODS.contains(&name))
}

/// Django's own filters that read nothing but the text of their value.
fn is_plain_filter(name: &str) -> bool {
    const FILTERS: [&str; 50] = [
        "add",
        "addslashes",
        "capfirst",
        "center",
        "cut",
        "date",
        "divisibleby",
        "escape",
        "escapejs",
        "escapeseq",
        "filesizeformat",
        "floatformat",
        "force_escape",
        "get_digit",
        "intcomma",
        "intword",
        "iriencode",
        "json_script",
        "linebreaks",
        "linebreaksbr",
        "linenumbers",
        "ljust",
        "localize",
        "localtime",
        "lower",
        "naturalday",
        "naturaltime",
        "ordinal",
        "phone2numeric",
        "pprint",
        "rjust",
        "safe",
        "slugify",
        "stringformat",
        "striptags",
        "time",
        "timesince",
        "timeuntil",
        "timezone",
        "title",
        "truncatechars",
        "truncatechars_html",
        "truncatewords",
        "truncatewords_html",
        "unlocalize",
        "upper",
        "urlencode",
        "urlize",
        "urlizetrunc",
        "wordcount",
    ];
    FILTERS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{changes_data, is_plain_filter};

    #[test]
    fn names_are_found() {
        assert!(is_plain_filter("add") && is_plain_filter("wordcount") && !is_plain_filter("length"));
        for name in ["add", "aadd", "delete", "adelete", "save"] {
            assert!(changes_data(name), "{name}");
        }
        assert!(!changes_data("all") && !changes_data("count"));
    }
}
