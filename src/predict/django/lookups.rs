//! What an input prefetches anywhere: who is given rows may rely on it.

use std::collections::HashSet;

use smol_str::SmolStr;

use crate::project::Project;
use crate::python::ir::{Call, Expr, ExprKind};
use crate::python::walk::{expressions, expressions_of, statements};

/// Steps of lookups: `posts__author` leads from `posts` to `author`.
#[derive(Debug, Default)]
pub struct Lookups {
    steps: HashSet<(SmolStr, SmolStr)>,
    /// Lookups of a `Prefetch` with a queryset, which loads what it likes.
    open: HashSet<SmolStr>,
}

impl Lookups {
    pub fn read(project: &Project) -> Self {
        let mut out = Self::default();
        for module in &project.modules {
            for stmt in statements(&module.ir.body) {
                expressions_of(stmt).into_iter().flat_map(expressions).for_each(|expr| out.add(expr));
            }
        }
        out
    }

    /// Whether some lookup goes from a relation on to another one of its rows.
    pub fn lead_on(&self, from: &SmolStr, to: &SmolStr) -> bool {
        self.open.contains(from) || self.steps.contains(&(from.clone(), to.clone()))
    }

    fn add(&mut self, expr: &Expr) {
        match &expr.kind {
            // Names that are collected first: `PREFETCHED = ["posts__author"]`.
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|item| self.add_lookup(item)),
            ExprKind::Call(call) => self.add_call(call),
            _ => {}
        }
    }

    fn add_call(&mut self, call: &Call) {
        let called = match &call.func.kind {
            ExprKind::Attribute { attr, .. } => attr.name.as_str(),
            ExprKind::Name(name) => name.as_str(),
            _ => return,
        };
        match called {
            "prefetch_related" | "prefetch_related_objects" | "append" | "extend" => {
                call.args.iter().for_each(|arg| self.add_lookup(&arg.value));
            }
            "Prefetch" => {
                let Some(lookup) = call.args.first() else { return };
                self.add_lookup(&lookup.value);
                if let (Some(path), true) = (lookup.value.as_str(), call.args.len() > 1) {
                    self.open.extend(path.rsplit("__").next().map(SmolStr::new));
                }
            }
            _ => {}
        }
    }

    fn add_lookup(&mut self, expr: &Expr) {
        let Some(path) = expr.as_str() else { return };
        let parts: Vec<&str> = path.split("__").collect();
        for pair in parts.windows(2) {
            if let [from, to] = pair {
                self.steps.insert((SmolStr::new(from), SmolStr::new(to)));
            }
        }
    }
}
