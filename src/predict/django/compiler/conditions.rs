//! WHERE and HAVING: what Django's `add_q` and `build_filter` make of conditions.

use std::collections::{HashMap, HashSet};

use super::super::super::value::{Const, Operand, QTree};
use super::lookups::{self, Lookup};
use super::paths::{self, Path};
use super::query::{Condition, OUTER, Query, UNKNOWN, quoted};
use crate::trace::Operator;

/// Conditions inside of conditions, beyond which the rest counts as unknown.
const DEPTH: u32 = 40;

/// How a part of a condition stands in the whole.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Somewhere around it is a NOT.
    pub under_not: bool,
    /// An odd number of them.
    pub negated: bool,
    /// Relations to many rows under a NOT become subqueries.
    pub split: bool,
    pub depth: u32,
}

impl Place {
    pub const TOP: Self = Self { under_not: false, negated: false, split: true, depth: 0 };
}

/// The children of one node of a condition, as Django's trees have them.
enum Node<'t, 'p> {
    Leaf(&'t QTree<'p>),
    Inner { or: bool, negated: bool, children: Vec<&'t QTree<'p>> },
}

fn node<'t, 'p>(tree: &'t QTree<'p>) -> Node<'t, 'p> {
    match tree {
        QTree::And(_) | QTree::Or(_) => {
            let or = matches!(tree, QTree::Or(_));
            let mut children = Vec::new();
            flatten(tree, or, &mut children, 0);
            Node::Inner { or, negated: false, children }
        }
        QTree::Not(inner) => match node(inner) {
            Node::Leaf(leaf) => Node::Inner { or: false, negated: true, children: vec![leaf] },
            Node::Inner { or, negated, children } => Node::Inner { or, negated: !negated, children },
        },
        leaf => Node::Leaf(leaf),
    }
}

/// Children with the same connector are children of the whole.
fn flatten<'t, 'p>(tree: &'t QTree<'p>, or: bool, out: &mut Vec<&'t QTree<'p>>, depth: u32) {
    match tree {
        QTree::And(parts) if (!or || parts.len() == 1) && depth < DEPTH => {
            parts.iter().for_each(|part| flatten(part, or, out, depth + 1));
        }
        QTree::Or(parts) if (or || parts.len() == 1) && depth < DEPTH => {
            parts.iter().for_each(|part| flatten(part, or, out, depth + 1));
        }
        other => out.push(other),
    }
}

impl<'s> Query<'s> {
    /// Adds a condition to WHERE (or HAVING, where it is over an aggregate).
    pub fn filter(&mut self, tree: &QTree<'_>) {
        let inner = self.inner();
        let mut used = std::mem::take(&mut self.used);
        match node(tree) {
            Node::Inner { or: false, negated: false, children } => {
                let mut votes = Votes::default();
                for child in &children {
                    let (condition, needed) = self.condition(child, Some(&mut used), Place::TOP);
                    votes.add(&needed);
                    self.conditions.extend(condition);
                }
                votes.settle(self, false, children.len());
            }
            _ => {
                let (condition, needed) = self.condition(tree, Some(&mut used), Place::TOP);
                let mut votes = Votes::default();
                votes.add(&needed);
                votes.settle(self, false, 1);
                self.conditions.extend(condition);
            }
        }
        self.used = used;
        self.demote(inner);
    }

    /// One part of a condition, and the joins that it needs rows of.
    pub fn condition(
        &mut self,
        tree: &QTree<'_>,
        mut used: Option<&mut HashSet<usize>>,
        place: Place,
    ) -> (Option<Condition>, Vec<usize>) {
        if place.depth > DEPTH {
            let sql = self.unknown();
            return (Some(Condition { sql, aggregate: false }), Vec::new());
        }
        let (or, negated, children) = match node(tree) {
            Node::Leaf(leaf) => return self.leaf(leaf, used, place),
            Node::Inner { or, negated, children } => (or, negated, children),
        };
        let inner = Place {
            under_not: place.under_not || negated,
            negated: place.negated ^ negated,
            depth: place.depth + 1,
            ..place
        };
        let mut votes = Votes::default();
        let mut parts: Vec<Condition> = Vec::new();
        for child in &children {
            let (condition, needed) = self.condition(child, used.as_deref_mut(), inner);
            votes.add(&needed);
            parts.extend(condition);
        }
        let needed = votes.settle(self, or != inner.negated, children.len());
        if parts.is_empty() {
            return (None, needed);
        }
        let aggregate = parts.iter().any(|part| part.aggregate);
        let alone = parts.len() == 1;
        let sql = parts.into_iter().map(|part| part.sql).collect::<Vec<_>>().join(if or { " OR " } else { " AND " });
        let sql = match (negated, alone) {
            (true, _) => format!("NOT ({sql})"),
            (false, true) => sql,
            (false, false) => format!("({sql})"),
        };
        (Some(Condition { sql, aggregate }), needed)
    }

    fn leaf(
        &mut self,
        leaf: &QTree<'_>,
        used: Option<&mut HashSet<usize>>,
        place: Place,
    ) -> (Option<Condition>, Vec<usize>) {
        match leaf {
            QTree::Leaf { key, constant, operand, .. } => self.comparison(key, constant.as_ref(), operand, used, place),
            QTree::Expression(expression) => {
                let rendered = self.expression(expression, used.as_deref());
                (Some(Condition { sql: rendered.sql, aggregate: rendered.aggregate }), Vec::new())
            }
            _ => {
                let sql = self.unknown();
                (Some(Condition { sql, aggregate: false }), Vec::new())
            }
        }
    }

    fn comparison(
        &mut self,
        key: &str,
        constant: Option<&Const>,
        operand: &Operand<'_>,
        used: Option<&mut HashSet<usize>>,
        place: Place,
    ) -> (Option<Condition>, Vec<usize>) {
        let names: Vec<&str> = key.split("__").collect();
        if let Some((annotation, rest)) =
            names.split_first().and_then(|(first, rest)| Some((self.annotation(first)?.clone(), rest)))
        {
            let right = self.right_side(operand, None, used.as_deref());
            let (column, year) = match &annotation.year_of {
                Some(inner) if rest.len() < 2 => (inner.clone(), vec!["year"]),
                _ => (annotation.sql.clone(), Vec::new()),
            };
            let rest = [&year, rest].concat();
            let lookup = Lookup { names: &rest, constant, right: &right, kind: annotation.kind };
            let sql = lookups::sql(self, &column, &lookup).sql;
            return (Some(Condition { sql, aggregate: annotation.aggregate }), Vec::new());
        }
        let schema = self.backend.schema;
        let Some((model, path)) = self.model.and_then(|model| Some((model, paths::walk(schema, model, &names)?)))
        else {
            let sql = format!("{} = {UNKNOWN}", quoted(key));
            self.unclear = true;
            return (Some(Condition { sql, aggregate: false }), Vec::new());
        };
        if place.under_not && place.split && path.hops.iter().any(|hop| hop.many) {
            let sql = self.split_exclude(model, &path, key, constant, operand);
            return (Some(Condition { sql, aggregate: false }), Vec::new());
        }
        let before: Vec<u32> = self.aliases.iter().map(|alias| alias.references).collect();
        let right = self.right_side(operand, Some(&path), used.as_deref());
        // The rows that the value is read from are needed as well.
        let referred = self.aliases.iter().map(|alias| alias.references).enumerate();
        let of_value = referred.filter(|(at, references)| before.get(*at).is_none_or(|known| references > known));
        let mut needed: Vec<usize> = of_value.map(|(at, _)| at).collect();
        let mut joins = self.joins(0, &path.hops, used.as_deref());
        needed.extend(&joins);
        let trimmed = self.trim(&mut joins, &path);
        if let Some(used) = used {
            used.extend(&joins);
        }
        let column = self.column(trimmed.alias, &trimmed.column);
        let rest = names.get(path.names..).unwrap_or_default();
        let kind = path.field.map(|field| field.kind).filter(|_| path.leads_to.is_none());
        let compared = lookups::sql(self, &column, &Lookup { names: rest, constant, right: &right, kind });
        self.note(trimmed.alias, &trimmed.column, compared.operator, !place.under_not && place.depth == 0);
        let mut sql = compared.sql;
        let is_null = compared.operator == Operator::IsNull;
        let any_null_test = is_null || compared.operator == Operator::IsNotNull;
        let mut outer = is_null && !place.negated;
        if place.negated && !is_null {
            outer = true;
            let joined_outer = self.aliases.get(trimmed.alias).is_some_and(|alias| alias.outer);
            if !any_null_test && (trimmed.nullable || joined_outer) {
                sql = format!("({sql} AND {column} IS NOT NULL)");
            }
        }
        if outer {
            needed.clear();
        }
        (Some(Condition { sql, aggregate: false }), needed)
    }

    /// NOT over a relation to many rows: none of them may match.
    fn split_exclude(
        &mut self,
        model: crate::schema::ModelId,
        path: &Path<'_>,
        key: &str,
        constant: Option<&Const>,
        operand: &Operand<'_>,
    ) -> String {
        let schema = self.backend.schema;
        let prefix = next_prefix(self.prefix);
        let mut inner = Query::new(self.backend, Some(model), schema.get(model).table.clone(), Some(prefix));
        inner.filter(&QTree::Leaf {
            key: key.into(),
            value: super::super::super::sym::Sym::new(""),
            constant: constant.cloned(),
            operand: operand.clone(),
            site: None,
        });
        let Some(many) = path.hops.iter().position(|hop| hop.many) else { return self.unknown() };
        // The first joins of the inner query are those of the path.
        let chain: Vec<usize> = (1..=path.hops.len()).collect();
        let Some(first) = chain.get(many).copied() else { return self.unknown() };
        let is_outer = inner.aliases.get(first).is_some_and(|alias| alias.outer);
        let keep_from = if is_outer { first - 1 } else { first };
        for (at, alias) in inner.aliases.iter_mut().enumerate() {
            if at < keep_from {
                alias.references = 0;
            }
        }
        // What the subquery is joined to: the far end of the joins that were cut off.
        let mut before = path.clone();
        before.hops.truncate(many);
        let Some(hop) = path.hops.get(many) else { return self.unknown() };
        before.column = hop.left.clone();
        before.field = None;
        let outer = self.path_column(0, &before, None);
        let own = match is_outer {
            true => inner.column(first - 1, &hop.left),
            false => inner.column(first, &hop.right),
        };
        let mut conditions: Vec<String> = inner.conditions.iter().map(|condition| condition.sql.clone()).collect();
        conditions.push(format!("{own} = ({outer})"));
        if let (Some(column), false) = (&hop.content_type, is_outer) {
            conditions.push(format!("{} = %s", inner.column(first, column)));
        }
        self.unclear |= inner.unclear;
        self.facts.tables.extend(inner.facts.tables.iter().skip(1).cloned());
        format!("EXISTS(SELECT 1 AS \"a\" FROM {} WHERE ({}) LIMIT 1)", inner.from(), conditions.join(" AND "))
    }

    /// The value that something is compared with, as SQL.
    fn right_side(&mut self, operand: &Operand<'_>, path: Option<&Path<'_>>, used: Option<&HashSet<usize>>) -> Right {
        match operand {
            Operand::Param | Operand::Constant(_) => Right::Param,
            Operand::QuerySet(node) => {
                // A foreign key may point at another column than the key.
                let last = path.filter(|path| path.leads_to.is_some()).and_then(|path| path.hops.last());
                let pointed_at = last.filter(|hop| hop.direct).map(|hop| hop.right.clone());
                Right::Subquery(self.subquery(node, true, pointed_at.as_deref()))
            }
            Operand::Unclear => Right::Sql(self.unknown()),
            Operand::Expression(expression) => {
                let rendered = self.expression(expression, used);
                let negative = matches!(expression.function.as_str(), "Subquery" | "Exists");
                if negative { Right::Subquery(rendered.sql) } else { Right::Sql(rendered.sql) }
            }
            Operand::Condition(_) => Right::Sql(self.unknown()),
        }
    }

    /// Fills in the columns that a subquery refers to.
    pub fn fill_outer(&mut self, sql: &str) -> String {
        let mut out = String::with_capacity(sql.len());
        for (at, part) in sql.split(OUTER).enumerate() {
            if at % 2 == 0 {
                out.push_str(part);
                continue;
            }
            // One level more out, for OuterRef(OuterRef(…)).
            if let Some(further) = part.strip_prefix('^') {
                out.push_str(&format!("{OUTER}{further}{OUTER}"));
                continue;
            }
            let filled = self.reference(part, None).sql;
            out.push_str(&filled);
        }
        out
    }
}

/// What stands on the right of a comparison.
#[derive(Debug, Clone)]
pub enum Right {
    Param,
    Sql(String),
    /// With its brackets.
    Subquery(String),
}

pub fn next_prefix(prefix: Option<char>) -> char {
    match prefix {
        None => 'U',
        Some('Z') => 'A',
        Some(letter) => char::from_u32(letter as u32 + 1).unwrap_or('U'),
    }
}

/// Django's `JoinPromoter`: which joins may be inner ones.
#[derive(Default)]
struct Votes(HashMap<usize, usize>);

impl Votes {
    fn add(&mut self, aliases: &[usize]) {
        let distinct: HashSet<usize> = aliases.iter().copied().collect();
        for alias in distinct {
            *self.0.entry(alias).or_default() += 1;
        }
    }

    /// Makes joins inner or outer ones; gives those that are inner for all that is above.
    fn settle(self, query: &mut Query<'_>, or: bool, children: usize) -> Vec<usize> {
        let mut aliases: Vec<(usize, usize)> = self.0.into_iter().collect();
        aliases.sort_unstable();
        let promoted: Vec<usize> =
            aliases.iter().filter(|(_, votes)| or && *votes < children).map(|(at, _)| *at).collect();
        let demoted: Vec<usize> =
            aliases.iter().filter(|(_, votes)| !or || *votes == children).map(|(at, _)| *at).collect();
        query.promote(promoted);
        query.demote(demoted.iter().copied());
        demoted
    }
}
