//! Conditions: keywords and `Q`s as field paths with lookups.

use std::rc::Rc;

use smol_str::SmolStr;

use super::super::Interpreter;
use super::super::sym::Sym;
use super::super::value::{Arg, Args, Const, Expression, ModelRef, Operand, QTree, Value};
use crate::model::Site;
use crate::python::ir::BinaryOp;
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
                // What a subquery asks is in its own filters.
                Value::Expression(_) => filters.push(opaque_filter(&arg.value.sym(), negated, Some(arg), step)),
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
            let text: Vec<&str> = args.spreads.iter().map(|sym| &*sym.text).collect();
            let sym = Sym::of(format!("**{}", text.join(", ")), &args.spreads);
            filters.push(opaque_filter(&sym, negated, None, step));
        }
        filters
    }

    fn q_filters(
        &self,
        model: &ModelRef,
        tree: &QTree<'p>,
        negated: bool,
        alternative: bool,
        step: Option<usize>,
        filters: &mut Vec<Filter>,
    ) {
        match tree {
            QTree::Leaf { key, value, site, constant, .. } => {
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
                    varies_with: self.rec.varies_with(value),
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
            QTree::Expression(expression) => filters.push(opaque_filter(&expression.sym, negated, None, step)),
            QTree::Opaque(sym) => filters.push(opaque_filter(sym, negated, None, step)),
        }
    }

    /// `Q(a=1, b=2)`.
    pub(super) fn q_value(&mut self, args: &Args<'p>) -> Value<'p> {
        Value::Q(Rc::new(condition(args)))
    }

    /// `Count("posts", filter=…)` and the like.
    pub(super) fn expression_value(&mut self, function: &str, args: &Args<'p>, site: Site) -> Value<'p> {
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
        let positional = args.positional.iter().map(|arg| Operand::of(&arg.value)).collect();
        let options = args.keyword.iter().map(|(name, arg)| (name.clone(), option(&arg.value))).collect();
        let function = SmolStr::new(function);
        Value::Expression(Rc::new(Expression {
            function,
            path,
            filter,
            args: positional,
            options,
            site: Some(site),
            sym,
        }))
    }

    /// `Q(…) & Q(…)`; an empty one changes nothing.
    pub(in super::super) fn combine_conditions(
        &mut self,
        op: BinaryOp,
        left: &Value<'p>,
        right: &Value<'p>,
    ) -> Value<'p> {
        let empty = |tree: &QTree<'p>| matches!(tree, QTree::And(parts) if parts.is_empty());
        let (left, right) = (as_condition(left), as_condition(right));
        Value::Q(Rc::new(match op {
            _ if empty(&left) => right,
            _ if empty(&right) => left,
            BinaryOp::Or => QTree::Or(vec![left, right]),
            _ => QTree::And(vec![left, right]),
        }))
    }

    /// `F("a").desc(nulls_last=True)`
    pub(super) fn ordering_of(&mut self, receiver: &Value<'p>, name: &str, args: &Args<'p>) -> Value<'p> {
        let Value::Expression(inner) = self.made_of(name, &[receiver]) else { return receiver.clone() };
        let options = args.keyword.iter().map(|(name, arg)| (name.clone(), option(&arg.value))).collect();
        Value::Expression(Rc::new(Expression { options, ..(*inner).clone() }))
    }

    /// `F("a") + 1`, `~Exists(…)`, `F("a").desc()`: an expression made of others.
    pub(in super::super) fn made_of(&mut self, function: &str, parts: &[&Value<'p>]) -> Value<'p> {
        let syms: Vec<Sym> = parts.iter().map(|part| part.sym()).collect();
        let text = syms.iter().map(|sym| &*sym.text).collect::<Vec<_>>().join(&format!(" {function} "));
        let sym = Sym::of(format!("({text})"), &syms);
        let args = parts.iter().map(|part| Operand::of(part)).collect();
        let function = SmolStr::new(function);
        let options = Vec::new();
        Value::Expression(Rc::new(Expression { function, path: None, filter: None, args, options, site: None, sym }))
    }
}

/// The arguments of `Q`, `filter` and their like as one condition; Django sorts the keywords.
pub fn condition<'p>(args: &Args<'p>) -> QTree<'p> {
    let mut parts: Vec<QTree<'p>> = args.positional.iter().map(|arg| as_condition(&arg.value)).collect();
    let mut keywords: Vec<_> = args.keyword.iter().filter(|(key, _)| !key.starts_with('_')).collect();
    keywords.sort_by(|(a, _), (b, _)| a.cmp(b));
    parts.extend(keywords.into_iter().map(|(key, arg)| leaf(key, arg)));
    if args.spread {
        parts.push(QTree::Opaque(Sym::new("**")));
    }
    match args.keyword("_connector").map(|arg| &arg.value) {
        Some(value) if value.as_str().is_none_or(|text| text != "AND") => QTree::Or(parts),
        _ if parts.len() == 1 => parts.remove(0),
        _ => QTree::And(parts),
    }
}

/// A value as a condition.
pub fn as_condition<'p>(value: &Value<'p>) -> QTree<'p> {
    match value {
        Value::Q(tree) => (**tree).clone(),
        Value::Expression(expression) => QTree::Expression(expression.clone()),
        // `filter(("name", value))`
        Value::Seq(seq) => match seq.items.as_deref() {
            Some([Value::Const(Const::Str(key)), value]) => leaf_of(key, value, None),
            _ => QTree::Opaque(value.sym()),
        },
        other => QTree::Opaque(other.sym()),
    }
}

fn option<'p>(value: &Value<'p>) -> Operand<'p> {
    match value {
        // `output_field=IntegerField()`: what matters is the class.
        Value::Expression(expression) if expression.function.ends_with("Field") => {
            Operand::Constant(Const::Other(expression.function.clone()))
        }
        Value::Instance(class, _) => {
            Operand::Constant(Const::Other(class.rsplit('.').next().unwrap_or_default().into()))
        }
        other => Operand::of(other),
    }
}

fn leaf<'p>(key: &SmolStr, arg: &Arg<'p>) -> QTree<'p> {
    leaf_of(key, &arg.value, Some(arg.site))
}

fn leaf_of<'p>(key: &SmolStr, value: &Value<'p>, site: Option<Site>) -> QTree<'p> {
    let constant = match value {
        Value::Const(constant) => Some(constant.clone()),
        _ => None,
    };
    // A row stands for its key: `poster=user` and `poster_id=user.pk` are the same condition.
    QTree::Leaf { key: key.clone(), value: value.sym(), constant, operand: Operand::of(value), site }
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
        varies_with: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lookups_are_sorted_for_search() {
        assert!(super::LOOKUPS.is_sorted());
    }
}
