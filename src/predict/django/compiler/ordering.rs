//! ORDER BY.

use smol_str::SmolStr;

use super::super::super::value::{Const, Operand, QsNode};
use super::paths;
use super::query::{Query, quoted};
use super::reads::Item;
use crate::schema::ModelId;
use crate::trace::{Column, Ordering};

impl Query<'_> {
    /// The terms of ORDER BY, and of each what GROUP BY gets for it; none of those that name a selected column.
    pub fn order(&mut self, node: &QsNode<'_>, method: &str, items: &[Item]) -> Vec<(String, Option<String>)> {
        let mut terms: Vec<Operand<'_>> = match &node.plan.order {
            Some(terms) => terms.clone(),
            None => {
                let names = self.model.map(|_| node.desc.order.clone()).unwrap_or_default();
                let plain = names.iter().map(|name| match node.plan.reversed {
                    // The description has the direction turned already.
                    true => turned(name),
                    false => name.clone(),
                });
                plain.map(|name| Operand::Constant(Const::Str(name))).collect()
            }
        };
        if terms.is_empty() && matches!(method, "first" | "last") {
            terms.push(Operand::Constant(Const::Str("pk".into())));
        }
        let reversed = node.plan.reversed ^ matches!(method, "last" | "latest");
        let mut out: Vec<(String, Option<String>)> = Vec::new();
        for term in &terms {
            match term {
                Operand::Constant(Const::Str(name)) => self.order_by_name(name, reversed, items, None, 0, &mut out),
                Operand::Expression(expression) => {
                    let (inner, descending, nulls) = match expression.function.as_str() {
                        "desc" | "asc" => {
                            let nulls = expression.options.iter().find_map(|(name, _)| match name.as_str() {
                                "nulls_last" => Some(" NULLS LAST"),
                                "nulls_first" => Some(" NULLS FIRST"),
                                _ => None,
                            });
                            (expression.args.first().cloned(), expression.function == "desc", nulls)
                        }
                        _ => (Some(term.clone()), false, None),
                    };
                    let Some(inner) = inner else { continue };
                    let selected = match &inner {
                        Operand::Expression(f) if f.function == "F" => {
                            items.iter().any(|item| item.name.is_some() && item.name == f.path)
                        }
                        _ => false,
                    };
                    let rendered = self.operand(&inner, None);
                    let sql = if selected { "1".to_owned() } else { rendered.sql.clone() };
                    let turned = descending ^ reversed;
                    let nulls = match (nulls, reversed) {
                        (Some(" NULLS LAST"), true) => " NULLS FIRST",
                        (Some(" NULLS FIRST"), true) => " NULLS LAST",
                        (nulls, _) => nulls.unwrap_or_default(),
                    };
                    let text = format!("{sql} {}{nulls}", direction(turned));
                    out.push((text, (!selected).then_some(rendered.sql)));
                }
                _ => self.unclear = true,
            }
        }
        out
    }

    /// One name of an order; a relation is ordered by as its model is.
    fn order_by_name(
        &mut self,
        name: &str,
        reversed: bool,
        items: &[Item],
        below: Option<(&str, ModelId)>,
        depth: u32,
        out: &mut Vec<(String, Option<String>)>,
    ) {
        let (plain, mut descending) = match name.strip_prefix('-') {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        descending ^= reversed;
        if plain == "?" {
            let random = if self.backend.is_sqlite() { "RAND()" } else { "RANDOM()" };
            out.push((format!("{random} ASC"), None));
            self.facts.ordered.push(Ordering {
                column: Column { table: SmolStr::default(), name: SmolStr::default() },
                descending: false,
                function: Some("random".into()),
            });
            return;
        }
        // `Lower("name")` of `Meta.ordering`: some order, of which the statement is not known.
        if plain.contains(['(', ' ']) {
            self.unclear = true;
            out.push((format!("{plain} {}", direction(descending)), None));
            return;
        }
        let full = match below {
            Some((prefix, _)) => format!("{prefix}__{plain}"),
            None => plain.to_owned(),
        };
        if below.is_none() && items.iter().any(|item| item.name.as_deref() == Some(plain)) {
            out.push((format!("1 {}", direction(descending)), None));
            self.note_order(plain, descending);
            return;
        }
        if let (None, Some(annotation)) = (below, self.annotation(plain)) {
            let sql = annotation.sql.clone();
            out.push((format!("{sql} {}", direction(descending)), Some(sql)));
            return;
        }
        let names: Vec<&str> = full.split("__").collect();
        let schema = self.backend.schema;
        let path = self.model.and_then(|model| paths::walk(schema, model, &names));
        let Some(path) = path else {
            self.unclear = true;
            out.push((format!("{} {}", quoted(plain), direction(descending)), None));
            return;
        };
        let target = path.leads_to.filter(|_| path.names == names.len());
        let last = names.last().copied().unwrap_or_default();
        let by_attribute = path.field.is_some_and(|field| field.name != last);
        if let Some(target) = target.filter(|_| last != "pk" && !by_attribute && depth < 8) {
            let ordering = schema.get(target).options.ordering.clone();
            if !ordering.is_empty() {
                for inner in &ordering {
                    self.order_by_name(inner, descending, items, Some((&full, target)), depth + 1, out);
                }
                return;
            }
        }
        let sql = self.reference(&full, None).sql;
        self.note_order(plain, descending);
        if !out.iter().any(|(_, known)| known.as_ref() == Some(&sql)) {
            out.push((format!("{sql} {}", direction(descending)), Some(sql)));
        }
    }

    fn note_order(&mut self, name: &str, descending: bool) {
        let table = self.aliases.first().map(|alias| alias.table.clone()).unwrap_or_default();
        let column = Column { table, name: SmolStr::from(name) };
        self.facts.ordered.push(Ordering { column, descending, function: None });
    }
}

pub fn direction(descending: bool) -> &'static str {
    if descending { "DESC" } else { "ASC" }
}

fn turned(name: &SmolStr) -> SmolStr {
    match name.strip_prefix('-') {
        Some(plain) => SmolStr::new(plain),
        None => SmolStr::from(format!("-{name}")),
    }
}
