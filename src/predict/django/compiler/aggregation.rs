//! The aggregates of a queryset and the joins to many rows that they and its filters make: which numbers they multiply.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::expressions::is_aggregate;
use super::paths;
use crate::model::Kind;
use crate::predict::value::{Const, Expression, Operand, PlanStep, QTree, QsNode};
use crate::schema::{FieldKind, ModelId, RelationKind, Schema};
use crate::trace::{Aggregate, AggregateFunction, Aggregation, Join};

/// Expressions in expressions, and conditions in conditions, are followed as deep as this.
const MAX_DEPTH: u32 = 24;

/// What a read of the queryset computes; `asked` is what `aggregate()` was given. `None` where it computes nothing.
pub fn aggregation(
    schema: &Schema,
    node: &QsNode<'_>,
    kind: Kind,
    asked: &[(SmolStr, Operand<'_>)],
) -> Option<Aggregation> {
    let annotates = node.plan.steps.iter().any(|step| matches!(step, PlanStep::Annotate { .. }));
    if asked.is_empty() && (kind != Kind::Select || !annotates) {
        return None;
    }
    let mut reader = Reader {
        schema,
        model: node.model.id,
        named: HashMap::new(),
        known: Vec::new(),
        out: Aggregation { per_row: asked.is_empty(), ..Aggregation::default() },
    };
    reader.steps(&node.plan.steps);
    let sliced = node.desc.slice.is_some() || node.desc.distinct || node.desc.combined;
    if !asked.is_empty() {
        // Over grouped, distinct or sliced rows it is a statement around another one, which has no joins.
        let nested = sliced || !reader.out.aggregates.is_empty();
        reader.out.aggregates.clear();
        for (name, operand) in asked {
            reader.annotated(name, operand);
        }
        if nested {
            reader.out.filtered_by.clear();
            for aggregate in &mut reader.out.aggregates {
                aggregate.joins.clear();
                aggregate.condition.clear();
            }
        }
    }
    if node.desc.combined {
        reader.out.aggregates.iter_mut().for_each(|aggregate| aggregate.open = true);
    }
    (!reader.out.aggregates.is_empty()).then_some(reader.out)
}

/// What an expression leads through.
#[derive(Debug, Clone, Default)]
struct Reach {
    joins: Vec<Join>,
    paths: Vec<Vec<SmolStr>>,
    open: bool,
    aggregates: bool,
}

struct Reader<'s> {
    schema: &'s Schema,
    model: Option<ModelId>,
    /// Annotations so far.
    named: HashMap<SmolStr, Reach>,
    /// Keys of the joins that were made so far.
    known: Vec<SmolStr>,
    out: Aggregation,
}

impl Reader<'_> {
    fn steps(&mut self, steps: &[PlanStep<'_>]) {
        let mut grouped: Vec<Join> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            match step {
                PlanStep::Filter(tree) => self.filtered(tree, at),
                PlanStep::Annotate { name, value, .. } => self.annotated(name, value),
                PlanStep::Values(names) => {
                    if self.out.aggregates.is_empty() {
                        self.out.per_row = false;
                    }
                    for name in names {
                        let mut reach = Reach::default();
                        self.path(name, &mut reach);
                        grouped.extend(reach.joins);
                    }
                }
            }
        }
        // What is grouped by has one value in each group.
        for aggregate in &mut self.out.aggregates {
            aggregate.joins.extend(grouped.iter().cloned());
        }
        self.out.filtered_by.retain(|join| !grouped.iter().any(|own| own.key == join.key));
    }

    fn annotated(&mut self, name: &SmolStr, operand: &Operand<'_>) {
        let mut found: Vec<&Expression<'_>> = Vec::new();
        aggregates_in(operand, 0, &mut found);
        for expression in found {
            let mut reach = Reach::default();
            self.expression(expression, 0, &mut reach);
            let option = |name: &str| expression.options.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let path = match (reach.paths.as_slice(), expression.path.is_some()) {
                ([only], true) => only.clone(),
                _ => Vec::new(),
            };
            let condition = expression.filter.as_deref().map(|tree| self.joins_of(tree)).unwrap_or_default();
            let narrowed = condition.iter().filter(|(_, multiplies)| !multiplies).map(|(join, _)| join.key.clone());
            let narrowed = narrowed.collect();
            self.note(&reach);
            self.out.aggregates.push(Aggregate {
                name: name.clone(),
                function: function(&expression.function),
                called: expression.function.clone(),
                path,
                joins: reach.joins,
                condition: condition.into_iter().map(|(join, _)| join).collect(),
                narrowed,
                distinct: matches!(option("distinct"), Some(Operand::Constant(Const::Bool(true)))),
                has_default: option("default").is_some(),
                alone: matches!(operand, Operand::Expression(whole) if std::ptr::eq(&**whole, expression)),
                // A variable names a field that is not known.
                open: reach.open
                    || reach.aggregates
                    || self.model.is_none()
                    || expression.args.iter().any(|argument| matches!(argument, Operand::Param)),
                site: expression.site,
            });
        }
        let mut reach = Reach::default();
        self.operand(operand, 0, &mut reach);
        self.note(&reach);
        self.named.insert(name.clone(), reach);
    }

    fn note(&mut self, reach: &Reach) {
        for join in &reach.joins {
            if !self.known.contains(&join.key) {
                self.known.push(join.key.clone());
            }
        }
    }

    /// A filter shares its joins with what comes after it. Those to many rows that were there already it makes again.
    fn filtered(&mut self, tree: &QTree<'_>, at: usize) {
        for (mut join, multiplies) in self.joins_of(tree) {
            if self.known.contains(&join.key) {
                join.key = SmolStr::from(format!("{}#{at}", join.key));
            }
            self.known.push(join.key.clone());
            if multiplies {
                self.out.filtered_by.push(join);
            }
        }
    }

    /// The joins of a condition, each with whether several rows of one may meet it.
    fn joins_of(&self, tree: &QTree<'_>) -> Vec<(Join, bool)> {
        let mut leaves: Vec<(&SmolStr, bool, bool)> = Vec::new();
        leaves_of(tree, true, 0, &mut leaves);
        let mut made: Vec<(Join, bool)> = Vec::new();
        // What an annotation is compared with joins nothing.
        for (key, must, absent) in leaves.into_iter().filter(|(key, ..)| self.annotation(key).is_none()) {
            let mut reach = Reach::default();
            self.path(key, &mut reach);
            let alone = reach.joins.len() == 1;
            // Where there must be none, one row stands for it.
            let several = if absent { Some(false) } else { self.finds_several(key) };
            for join in reach.joins {
                let single = alone && must && several == Some(false);
                match made.iter_mut().find(|(known, _)| known.key == join.key) {
                    Some((_, multiplies)) => *multiplies &= !single,
                    None => made.push((join, !single && several.is_some())),
                }
            }
        }
        made
    }

    /// Whether several rows of one may meet the condition; `None` where only the data tell.
    fn finds_several(&self, key: &str) -> Option<bool> {
        let names: Vec<&str> = key.split("__").collect();
        let path = paths::walk(self.schema, self.model?, &names)?;
        let lookup = names.get(path.names..)?.join("__");
        if !matches!(lookup.as_str(), "" | "exact") {
            return Some(true);
        }
        let Some(field) = path.field else { return Some(false) };
        match &field.relation {
            Some(relation) if relation.kind == RelationKind::ManyToMany => Some(false),
            Some(_) => Some(!field.unique),
            None if field.unique || field.primary_key => Some(false),
            None if field.kind == FieldKind::Boolean || field.has_choices => Some(true),
            None => None,
        }
    }

    fn operand(&self, operand: &Operand<'_>, depth: u32, out: &mut Reach) {
        match operand {
            Operand::Expression(expression) => self.expression(expression, depth + 1, out),
            Operand::Condition(tree) => self.condition(tree, depth + 1, out),
            Operand::Constant(Const::Str(text)) => self.path(text, out),
            Operand::Unclear => out.open = true,
            Operand::Param | Operand::Constant(_) | Operand::QuerySet(_) => {}
        }
    }

    fn expression(&self, expression: &Expression<'_>, depth: u32, out: &mut Reach) {
        if depth > MAX_DEPTH {
            out.open = true;
            return;
        }
        out.aggregates |= depth > 0 && is_aggregate(&expression.function);
        match expression.function.as_str() {
            // A statement of its own, or no part of the rows.
            "Subquery" | "Exists" | "OuterRef" | "ArraySubquery" | "Value" => return,
            "RawSQL" | "Func" | "Window" | "FilteredRelation" => out.open = true,
            _ => {}
        }
        for argument in &expression.args {
            self.operand(argument, depth + 1, out);
        }
        if let (Some(path), true) = (&expression.path, expression.args.is_empty()) {
            self.path(path, out);
        }
        let is_when = expression.function == "When";
        for (name, value) in &expression.options {
            match name.as_str() {
                "distinct" | "default" | "output_field" | "filter" => {}
                _ if is_when && !matches!(name.as_str(), "then" | "condition") => self.path(name, out),
                _ => self.operand(value, depth + 1, out),
            }
        }
        // The joins of its own condition are read apart.
        let understood = expression.filter.is_some();
        out.open |= !understood && expression.options.iter().any(|(name, _)| name == "filter");
    }

    fn condition(&self, tree: &QTree<'_>, depth: u32, out: &mut Reach) {
        if depth > MAX_DEPTH {
            out.open = true;
            return;
        }
        match tree {
            QTree::Leaf { key, .. } => self.path(key, out),
            QTree::And(parts) | QTree::Or(parts) => parts.iter().for_each(|part| self.condition(part, depth + 1, out)),
            QTree::Not(inner) => self.condition(inner, depth + 1, out),
            QTree::Expression(expression) => self.expression(expression, depth + 1, out),
            QTree::Opaque(_) => out.open = true,
        }
    }

    /// The annotation that a path begins with; Django's own names for them have double underscores.
    fn annotation(&self, text: &str) -> Option<&Reach> {
        let ends = text.match_indices("__").map(|(at, _)| at).chain([text.len()]);
        ends.filter_map(|end| text.get(..end)).find_map(|name| self.named.get(name))
    }

    /// The joins to many rows of a field path, or what the annotation of that name leads through.
    fn path(&self, text: &str, out: &mut Reach) {
        let names: Vec<&str> = text.split("__").collect();
        if let Some(known) = self.annotation(text) {
            out.joins.extend(known.joins.iter().cloned());
            out.open |= known.open;
            out.aggregates |= known.aggregates;
            return;
        }
        let Some(path) = self.model.and_then(|model| paths::walk(self.schema, model, &names)) else {
            out.open |= self.model.is_none();
            return;
        };
        out.paths.push(names.iter().take(path.names).map(|name| SmolStr::new(*name)).collect());
        let mut key = String::new();
        for (at, hop) in path.hops.iter().enumerate() {
            key.push_str(&format!("{}.{}/", hop.table, hop.right));
            // The key of what a relation leads to stands in the table that the join begins with.
            if hop.many && out.joins.iter().all(|known| known.key != key) {
                let through = self.names_through(&names, at);
                out.joins.push(Join { path: through.into(), key: key.as_str().into() });
            }
        }
    }

    /// The part of a path that makes its joins up to one of them.
    fn names_through(&self, names: &[&str], hop: usize) -> String {
        let Some(model) = self.model else { return names.join("__") };
        let reaches = |end: &usize| {
            let path = names.get(..*end).and_then(|names| paths::walk(self.schema, model, names));
            path.is_some_and(|path| path.hops.len() > hop)
        };
        let end = (1..=names.len()).find(reaches).unwrap_or(names.len());
        names.get(..end).unwrap_or(names).join("__")
    }
}

/// The outermost aggregates of an expression.
fn aggregates_in<'a, 'p>(operand: &'a Operand<'p>, depth: u32, out: &mut Vec<&'a Expression<'p>>) {
    let Operand::Expression(expression) = operand else { return };
    if is_aggregate(&expression.function) {
        out.push(expression);
    } else if depth < MAX_DEPTH && !matches!(expression.function.as_str(), "Subquery" | "Exists" | "Window") {
        let options = expression.options.iter().map(|(_, value)| value);
        expression.args.iter().chain(options).for_each(|part| aggregates_in(part, depth + 1, out));
    }
}

/// The conditions that join, whether each must hold, and whether it asks for none. What is negated over many rows is a statement of its own.
fn leaves_of<'a>(tree: &'a QTree<'_>, must: bool, depth: u32, out: &mut Vec<(&'a SmolStr, bool, bool)>) {
    match tree {
        QTree::Leaf { key, constant, .. } => {
            let absent = key.ends_with("__isnull") && matches!(constant, Some(Const::Bool(true)));
            out.push((key, must, absent));
        }
        QTree::And(parts) if depth < MAX_DEPTH => parts.iter().for_each(|part| leaves_of(part, must, depth + 1, out)),
        QTree::Or(parts) if depth < MAX_DEPTH => parts.iter().for_each(|part| leaves_of(part, false, depth + 1, out)),
        _ => {}
    }
}

fn function(name: &str) -> AggregateFunction {
    match name {
        "Count" => AggregateFunction::Count,
        "Sum" => AggregateFunction::Sum,
        "Avg" => AggregateFunction::Average,
        "Min" | "Max" => AggregateFunction::Extreme,
        "ArrayAgg" | "StringAgg" | "JSONBAgg" => AggregateFunction::List,
        _ => AggregateFunction::Other,
    }
}
