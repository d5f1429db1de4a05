//! A statement in the making: its tables with their aliases and joins, as Django's `Query` keeps them.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::paths::{self, Hop, Path};
use crate::project::DjangoVersion;
use crate::schema::{FieldKind, ModelId, Schema};
use crate::sql::{Dialect, Texts};
use crate::trace::{Column, Comparison, Facts, Operator};

/// What a statement depends on beside the queryset.
#[derive(Clone, Copy)]
pub struct Backend<'s> {
    pub schema: &'s Schema,
    pub dialect: Dialect,
    pub django: DjangoVersion,
    pub texts: &'s Texts,
}

impl Backend<'_> {
    pub fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }
}

#[derive(Debug, Clone)]
pub struct Alias {
    pub name: SmolStr,
    pub table: SmolStr,
    /// Index of the alias that it is joined to; itself for the first one.
    pub parent: usize,
    pub hop: Option<Hop>,
    pub outer: bool,
    /// What refers to it; those that nothing refers to are not joined, but count when others are named.
    pub references: u32,
}

/// A condition of WHERE or HAVING.
#[derive(Debug, Clone)]
pub struct Condition {
    pub sql: String,
    pub aggregate: bool,
}

/// An annotation, as it stands wherever it is referred to.
#[derive(Debug, Clone)]
pub struct Annotation {
    pub name: SmolStr,
    pub sql: String,
    pub aggregate: bool,
    pub selected: bool,
    /// What GROUP BY gets for it.
    pub groups: Vec<String>,
    pub kind: Option<FieldKind>,
    /// What it is the year of: years are compared as ranges.
    pub year_of: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    None,
    /// By what is selected.
    Selected,
    By(Vec<String>),
}

pub struct Query<'s> {
    pub backend: Backend<'s>,
    pub model: Option<ModelId>,
    pub aliases: Vec<Alias>,
    /// Of a subquery: aliases are `U0`, `U1`, …
    pub prefix: Option<char>,
    pub conditions: Vec<Condition>,
    pub annotations: Vec<Annotation>,
    pub group: Group,
    /// `values()`: the names.
    pub values: Option<Vec<SmolStr>>,
    /// Aliases that the next filter may share joins to many rows with.
    pub used: HashSet<usize>,
    pub facts: Facts,
    /// Something in it is not known: the text has `…` there.
    pub unclear: bool,
}

/// Stands for an outer query's column until that query fills it in.
pub const OUTER: char = '\u{1}';
/// What is not known.
pub const UNKNOWN: &str = "…";

pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl<'s> Query<'s> {
    pub fn new(backend: Backend<'s>, model: Option<ModelId>, table: SmolStr, prefix: Option<char>) -> Self {
        let mut facts = Facts::new(crate::model::Kind::Select);
        facts.tables.push(table.clone());
        let mut query = Self {
            backend,
            model: model.map(|id| paths::concrete(backend.schema, id)),
            aliases: Vec::new(),
            prefix,
            conditions: Vec::new(),
            annotations: Vec::new(),
            group: Group::None,
            values: None,
            used: HashSet::new(),
            facts,
            unclear: model.is_none_or(|id| backend.schema.get(id).is_abstract),
        };
        let name = query.alias_name(&table);
        query.aliases.push(Alias { name, table, parent: 0, hop: None, outer: false, references: 1 });
        query
    }

    fn alias_name(&self, table: &SmolStr) -> SmolStr {
        let taken = self.aliases.iter().any(|alias| alias.table == *table);
        match self.prefix {
            Some(prefix) => SmolStr::from(format!("{prefix}{}", self.aliases.len())),
            None if taken => SmolStr::from(format!("T{}", self.aliases.len() + 1)),
            None => table.clone(),
        }
    }

    pub fn column(&self, alias: usize, column: &str) -> String {
        let alias = self.aliases.get(alias).map_or("", |alias| alias.name.as_str());
        format!("{}.{}", self.alias_sql(alias), quoted(column))
    }

    /// Before 6.1, aliases that Django makes up have no quotes.
    fn alias_sql(&self, name: &str) -> String {
        let is_table = self.aliases.iter().any(|alias| alias.name == name && alias.table == name);
        let all_quoted = self.backend.django >= DjangoVersion(6, 1);
        if all_quoted || (is_table && self.prefix.is_none()) { quoted(name) } else { name.to_owned() }
    }

    /// The alias of one more join; an equal one is shared where `reuse` allows it.
    pub fn join(&mut self, parent: usize, hop: &Hop, reuse: Option<&HashSet<usize>>) -> usize {
        let reuse = reuse.filter(|_| hop.many);
        let shared = self.aliases.iter().enumerate().skip(1).rev().find(|(at, alias)| {
            alias.parent == parent
                && alias.hop.as_ref().is_some_and(|own| own.relation == hop.relation && own.table == hop.table)
                && reuse.is_none_or(|reuse| reuse.contains(at))
        });
        if let Some((at, _)) = shared {
            self.aliases[at].references += 1;
            return at;
        }
        let name = self.alias_name(&hop.table);
        let outer = hop.nullable || self.aliases.get(parent).is_some_and(|alias| alias.outer);
        self.facts.tables.push(hop.table.clone());
        self.aliases.push(Alias {
            name,
            table: hop.table.clone(),
            parent,
            hop: Some(hop.clone()),
            outer,
            references: 1,
        });
        self.aliases.len() - 1
    }

    /// Joins a path from `start` on: the aliases, `start` first.
    pub fn joins(&mut self, start: usize, hops: &[Hop], reuse: Option<&HashSet<usize>>) -> Vec<usize> {
        let mut joins = vec![start];
        for hop in hops {
            let parent = joins.last().copied().unwrap_or(start);
            joins.push(self.join(parent, hop, reuse));
        }
        joins
    }

    /// Drops joins whose key stands on their near side already: the column that holds the value, and where.
    pub fn trim(&mut self, joins: &mut Vec<usize>, path: &Path<'_>) -> Trimmed {
        let mut column = path.column.clone();
        let mut nullable = path.field.is_some_and(|field| field.relation.is_none() && field.null);
        for hop in path.hops.iter().rev() {
            if joins.len() == 1 || !hop.direct || column != hop.right {
                break;
            }
            column = hop.left.clone();
            nullable = hop.nullable;
            if let Some(alias) = joins.pop().and_then(|at| self.aliases.get_mut(at)) {
                alias.references -= 1;
            }
        }
        Trimmed { alias: joins.last().copied().unwrap_or(0), column, nullable }
    }

    /// The column of a path, joined as an expression joins it.
    pub fn path_column(&mut self, start: usize, path: &Path<'_>, reuse: Option<&HashSet<usize>>) -> String {
        let mut joins = self.joins(start, &path.hops, reuse);
        let trimmed = self.trim(&mut joins, path);
        self.column(trimmed.alias, &trimmed.column)
    }

    pub fn promote(&mut self, aliases: impl IntoIterator<Item = usize>) {
        let mut queue: Vec<usize> = aliases.into_iter().collect();
        let mut at = 0;
        while let Some(index) = queue.get(at).copied() {
            at += 1;
            let Some(alias) = self.aliases.get(index) else { continue };
            let Some(hop) = &alias.hop else { continue };
            let parent_outer = self.aliases.get(alias.parent).is_some_and(|parent| parent.outer);
            if (hop.nullable || parent_outer) && !alias.outer {
                self.aliases[index].outer = true;
                let children = self.aliases.iter().enumerate().filter(|(_, child)| child.parent == index);
                let children: Vec<usize> = children.map(|(at, _)| at).filter(|child| !queue.contains(child)).collect();
                queue.extend(children);
            }
        }
    }

    pub fn demote(&mut self, aliases: impl IntoIterator<Item = usize>) {
        for at in aliases {
            if let Some(alias) = self.aliases.get_mut(at) {
                alias.outer = false;
            }
        }
    }

    /// Joins that are inner ones now.
    pub fn inner(&self) -> Vec<usize> {
        let inner = self.aliases.iter().enumerate().filter(|(_, alias)| alias.hop.is_some() && !alias.outer);
        inner.map(|(at, _)| at).collect()
    }

    /// `"forum_topic" INNER JOIN …`, from the first alias that is referred to on.
    pub fn from(&self) -> String {
        let mut out = String::new();
        for alias in self.aliases.iter().filter(|alias| alias.references > 0) {
            let name = match alias.name == alias.table {
                true => quoted(&alias.table),
                false => format!("{} {}", quoted(&alias.table), self.alias_sql(&alias.name)),
            };
            let parent = self.aliases.get(alias.parent);
            match (&alias.hop, parent) {
                (Some(hop), Some(parent)) if !out.is_empty() => {
                    let kind = if alias.outer { "LEFT OUTER JOIN" } else { "INNER JOIN" };
                    let left = format!("{}.{}", self.alias_sql(&parent.name), quoted(&hop.left));
                    let own = self.alias_sql(&alias.name);
                    let restriction = hop
                        .content_type
                        .as_ref()
                        .map_or_else(String::new, |column| format!(" AND ({own}.{} = %s)", quoted(column)));
                    out.push_str(&format!(" {kind} {name} ON ({left} = {own}.{}{restriction})", quoted(&hop.right)));
                }
                _ => out.push_str(&name),
            }
        }
        out
    }

    pub fn key_column(&self) -> SmolStr {
        self.model.map_or_else(|| "id".into(), |model| paths::key_column(self.backend.schema, model))
    }

    pub fn is_joined(&self) -> bool {
        self.aliases.iter().filter(|alias| alias.references > 0).count() > 1
    }

    /// Remembers for the rules that a column is compared.
    pub fn note(&mut self, alias: usize, column: &SmolStr, operator: Operator, always: bool) {
        let table = self.aliases.get(alias).map(|alias| alias.table.clone()).unwrap_or_default();
        let column = Column { table, name: column.clone() };
        let comparison = Comparison { column, operator, function: None };
        if always { self.facts.compared.push(comparison) } else { self.facts.alternatives.push(comparison) }
    }

    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().rev().find(|annotation| annotation.name == name)
    }

    /// Text for something that is not known.
    pub fn unknown(&mut self) -> String {
        self.unclear = true;
        UNKNOWN.to_owned()
    }
}

/// Where a path's value is read.
pub struct Trimmed {
    pub alias: usize,
    pub column: SmolStr,
    pub nullable: bool,
}
