//! Conditions: keywords and `Q`s as field paths with lookups.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Const, Expression, ModelRef, QTree, Value};
use crate::schema::RelationKind;
use crate::trace::Filter;

/// A field path of a lookup keyword, resolved as far as the models are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    pub path: Vec<SmolStr>,
    pub lookup: SmolStr,
    pub multi_valued: bool,
}

const LOOKUPS: [&str; 37] = [
    "contained_by",
    "contains",
    "date",
    "day",
    "endswith",
    "exact",
    "gt",
    "gte",
    "has_any_keys",
    "has_key",
    "has_keys",
    "hour",
    "icontains",
    "iendswith",
    "iexact",
    "in",
    "iregex",
    "isnull",
    "iso_year",
    "istartswith",
    "len",
    "lt",
    "lte",
    "minute",
    "month",
    "overlap",
    "quarter",
    "range",
    "regex",
    "search",
    "second",
    "startswith",
    "time",
    "trigram_similar",
    "unaccent",
    "week",
    "year",
];

impl<'p> Interpreter<'p, '_> {
    /// Splits `topic__forum__name__icontains` where the model (or the list of lookups) says.
    pub(super) fn lookup(&self, model: &ModelRef, key: &str) -> Lookup {
        let parts: Vec<&str> = key.split("__").collect();
        let mut path = Vec::new();
        let mut multi_valued = false;
        let mut at = 0;
        let mut current = model.id;
        while let Some(part) = parts.get(at) {
            let Some(id) = current else { break };
            if let Some((_, field)) = self.project.schema.field(id, part) {
                path.push(if *part == "pk" { field.name.clone() } else { SmolStr::new(part) });
                let relation = field.relation.as_ref().filter(|_| field.name == *part || *part == "pk");
                current = relation.and_then(|r| r.target);
                multi_valued |= relation.is_some_and(|r| r.kind == RelationKind::ManyToMany);
                at += 1;
                if relation.is_none() || current.is_none() {
                    break;
                }
            } else if let Some(reverse) = self.project.schema.reverse_query(id, part) {
                path.push(SmolStr::new(part));
                multi_valued |= reverse.kind != RelationKind::OneToOne;
                current = Some(reverse.model);
                at += 1;
            } else {
                break;
            }
        }
        let mut rest = parts.get(at..).unwrap_or_default().to_vec();
        if path.is_empty() || current.is_none() && model.id.is_none() {
            // Without the model, all but what must be a lookup is a path.
            while let Some(part) = rest.first() {
                if !path.is_empty() && LOOKUPS.binary_search(part).is_ok() {
                    break;
                }
                path.push(SmolStr::new(part));
                rest.remove(0);
            }
        }
        let lookup = if rest.is_empty() { SmolStr::new_static("exact") } else { SmolStr::from(rest.join("__")) };
        Lookup { path, lookup, multi_valued }
    }

    /// The filters that a `filter`/`exclude`/`get` call adds.
    pub(super) fn filters(&self, model: &ModelRef, args: &Args<'p>, negated: bool, step: Option<usize>) -> Vec<Filter> {
        let mut filters = Vec::new();
        for arg in &args.positional {
            match &arg.value {
                Value::Q(tree) => self.q_filters(model, tree, negated, false, step, &mut filters),
                other => filters.push(opaque_filter(&other.sym(), negated, Some(arg), step)),
            }
        }
        // Several conditions of one exclude() are negated together: none of them holds for every row.
        let together = negated && args.keyword.len() + args.positional.len() > 1;
        for (key, arg) in &args.keyword {
            let tree = leaf(key, arg);
            self.q_filters(model, &tree, negated, together, step, &mut filters);
        }
        if args.spread {
            filters.push(opaque_filter(&Sym::new("**"), negated, None, step));
        }
        filters
    }

    fn q_filters(
        &self,
        model: &ModelRef,
        tree: &QTree,
        negated: bool,
        alternative: bool,
        step: Option<usize>,
        filters: &mut Vec<Filter>,
    ) {
        match tree {
            QTree::Leaf { key, value, site, constant } => {
                let Lookup { path, lookup, multi_valued } = self.lookup(model, key);
                let text = match constant {
                    Some(constant) => constant.text(),
                    None => value.text.to_string(),
                };
                filters.push(Filter {
                    path,
                    lookup,
                    negated,
                    alternative,
                    value: text,
                    site: *site,
                    step,
                    multi_valued,
                });
            }
            // Under a negation, and becomes or.
            QTree::And(parts) => {
                parts
                    .iter()
                    .for_each(|part| self.q_filters(model, part, negated, alternative || negated, step, filters));
            }
            QTree::Or(parts) => {
                parts
                    .iter()
                    .for_each(|part| self.q_filters(model, part, negated, alternative || !negated, step, filters));
            }
            QTree::Not(inner) => self.q_filters(model, inner, !negated, alternative, step, filters),
            QTree::Opaque(sym) => filters.push(opaque_filter(sym, negated, None, step)),
        }
    }

    /// `Q(a=1, b=2)`.
    pub(super) fn q_value(&mut self, args: &Args<'p>) -> Value<'p> {
        let mut parts: Vec<QTree> = Vec::new();
        for arg in &args.positional {
            parts.push(match &arg.value {
                Value::Q(tree) => (**tree).clone(),
                other => QTree::Opaque(other.sym()),
            });
        }
        parts.extend(args.keyword.iter().filter(|(key, _)| !key.starts_with('_')).map(|(key, arg)| leaf(key, arg)));
        if args.spread {
            parts.push(QTree::Opaque(Sym::new("**")));
        }
        let tree = match parts.len() {
            1 => parts.remove(0),
            _ => QTree::And(parts),
        };
        Value::Q(Rc::new(tree))
    }

    /// `Count("posts", filter=…)` and the like.
    pub(super) fn expression_value(&mut self, function: &str, args: &Args<'p>) -> Value<'p> {
        let sym = self.result_sym(&Sym::new(function), args);
        let path = args.positional.first().and_then(|arg| match &arg.value {
            Value::Const(Const::Str(path)) => Some(path.clone()),
            Value::Expression(inner) if inner.function == "F" => inner.path.clone(),
            _ => None,
        });
        let filter = args.keyword("filter").and_then(|arg| match &arg.value {
            Value::Q(tree) => Some(tree.clone()),
            _ => None,
        });
        Value::Expression(Rc::new(Expression { function: function.into(), path, filter, sym }))
    }
}

fn leaf(key: &SmolStr, arg: &Arg<'_>) -> QTree {
    let constant = match &arg.value {
        Value::Const(constant) => Some(constant.clone()),
        _ => None,
    };
    // A row stands for its key: `poster=user` and `poster_id=user.pk` are the same condition.
    let value = arg.value.sym();
    QTree::Leaf { key: key.clone(), value, constant, site: Some(arg.site) }
}

fn opaque_filter(sym: &Sym, negated: bool, arg: Option<&Arg<'_>>, step: Option<usize>) -> Filter {
    Filter {
        path: Vec::new(),
        lookup: "unknown".into(),
        negated,
        alternative: true,
        value: sym.text.to_string(),
        site: arg.map(|a| a.site),
        step,
        multi_valued: true,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lookups_are_sorted_for_search() {
        assert!(super::LOOKUPS.is_sorted());
    }
}
