//! Which columns `only()` and `defer()` leave.

use smol_str::SmolStr;

use super::super::super::value::QsNode;
use crate::schema::Field;

/// Paths (`forum__owner`) as a tree of their names.
#[derive(Debug, Clone, Default)]
pub struct Tree(Vec<(SmolStr, Tree)>);

impl Tree {
    pub fn of(paths: &[SmolStr]) -> Self {
        let mut tree = Self::default();
        for path in paths {
            let mut at = &mut tree;
            for name in path.split("__") {
                let index = match at.0.iter().position(|(known, _)| known == name) {
                    Some(index) => index,
                    None => {
                        at.0.push((SmolStr::new(name), Self::default()));
                        at.0.len() - 1
                    }
                };
                let Some((_, below)) = at.0.get_mut(index) else { break };
                at = below;
            }
        }
        tree
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Tree> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, below)| below)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Mask {
    /// Where it is empty, every column is loaded.
    only: Tree,
    defer: Tree,
}

impl Mask {
    pub fn of(node: &QsNode<'_>) -> Self {
        let only = node.desc.only.as_deref().map(Tree::of).unwrap_or_default();
        Self { only, defer: Tree::of(&node.desc.defer) }
    }

    /// The mask of what a relation leads to.
    pub fn below(&self, name: &str) -> Self {
        let of = |tree: &Tree| tree.get(name).cloned().unwrap_or_default();
        Self { only: of(&self.only), defer: of(&self.defer) }
    }

    /// Whether a field is loaded; `own` where it is one of the model's own table, not of a parent's.
    pub fn keeps(&self, field: &Field, own: bool) -> bool {
        if field.primary_key && own {
            return true;
        }
        let attname = field.attname();
        let named = |tree: &Tree| tree.get(&field.name).or_else(|| tree.get(&attname)).cloned();
        let deferred = named(&self.defer).is_some_and(|below| below.is_empty());
        !deferred && (self.only.is_empty() || named(&self.only).is_some())
    }
}
