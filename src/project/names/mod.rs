//! Names → what they stand for, over files: imports, re-exports, star imports, class hierarchies.
//!
//! Everything is resolved once when the project is built; a lookup is one access of a map.

mod classes;
mod files;
mod index;

pub use classes::Hierarchy;
pub use files::Files;
pub use index::{Def, ModuleIndex, Scope};

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use crate::model::FileId;
use crate::project::outside;
use crate::python::ir::{self, ExprKind};

/// How many imports are followed from one name to its definition.
const MAX_HOPS: usize = 32;

/// What a name stands for, without borrowing; the numbers are those of the file's [`ModuleIndex`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    Class(FileId, u32),
    Function(FileId, u32),
    Value(FileId, u32),
    Module(FileId),
    External(SmolStr),
}

#[derive(Debug, Default)]
pub struct Names {
    pub files: Files,
    /// By [`FileId`], as the next two.
    pub indexes: Vec<ModuleIndex>,
    /// Names that each module binds, those of its star imports included.
    visible: Vec<HashSet<SmolStr>>,
    /// Module-level names, imports followed.
    resolved: Vec<HashMap<SmolStr, Target>>,
    pub hierarchy: Hierarchy,
}

impl Names {
    pub fn build(paths: &[&str], modules: &[&ir::Module]) -> Self {
        let files = Files::build(paths.iter().copied());
        let indexes = modules.iter().map(|module| ModuleIndex::build(module)).collect();
        let mut names = Self { files, indexes, ..Self::default() };
        let ids = || (0..modules.len() as u32).map(FileId);
        names.visible = ids().map(|file| names.find_visible(file)).collect();
        names.resolved = ids()
            .zip(&names.visible)
            .map(|(file, visible)| {
                let found = visible.iter().filter_map(|name| Some((name.clone(), names.resolve(file, name, 0)?)));
                found.collect()
            })
            .collect();
        names.hierarchy = Hierarchy::build(&names, modules);
        // Bases that are members of classes (`class Meta(Base.Meta)`) need the hierarchy themselves.
        names.hierarchy = Hierarchy::build(&names, modules);
        names
    }

    pub fn index(&self, file: FileId) -> Option<&ModuleIndex> {
        self.indexes.get(file.0 as usize)
    }

    pub fn lookup(&self, file: FileId, name: &str) -> Option<&Target> {
        self.resolved.get(file.0 as usize)?.get(name)
    }

    /// The same; `models` is Django's where nothing else is bound to it, for snippets often lack their imports.
    pub fn head(&self, file: FileId, name: &str) -> Option<Target> {
        let bound = self.lookup(file, name).cloned();
        bound.or_else(|| (name == "models").then(|| Target::External("django.db.models".into())))
    }

    /// `from module import name` as written in `file`.
    pub fn import_from(&self, file: FileId, level: u32, module: &str, name: &str) -> Target {
        self.from(file, level, module, name, 0)
    }

    /// The module `dotted` as `file` would import it; a namespace or foreign one by its name.
    pub fn import(&self, file: FileId, dotted: &str) -> Target {
        match self.files.absolute(file, dotted) {
            Some(id) => Target::Module(id),
            None => Target::External(dotted.into()),
        }
    }

    /// `name` of `target`, read in `file`.
    pub fn attribute(&self, file: FileId, target: &Target, name: &str) -> Option<Target> {
        match target {
            Target::Module(id) => self.lookup(*id, name).cloned().or_else(|| self.submodule(*id, name)),
            Target::External(dotted) => Some(self.import(file, &format!("{dotted}.{name}"))),
            Target::Class(file, number) => {
                let (file, def) = self.hierarchy.member(self, (*file, *number), name)?;
                self.target(file, def, 0)
            }
            Target::Function(..) | Target::Value(..) => None,
        }
    }

    /// A name of classes and modules: `models.Topic`, `Topic.Status`.
    pub fn dotted(&self, file: FileId, dotted: &str) -> Option<Target> {
        let mut parts = dotted.split('.');
        let mut target = self.head(file, parts.next()?)?;
        for part in parts {
            target = self.attribute(file, &target, part)?;
        }
        Some(target)
    }

    /// The same for an expression of names; anything else is nothing.
    pub fn expr(&self, file: FileId, expr: &ir::Expr) -> Option<Target> {
        match &expr.kind {
            ExprKind::Name(name) => self.lookup(file, name).cloned(),
            // `Manager[Topic]`, `Generic[T]`
            ExprKind::Subscript { value, .. } => self.expr(file, value),
            _ => self.dotted(file, &expr.dotted()?),
        }
    }

    /// A base class as written: a class beside it in the same class body comes first.
    fn base(&self, file: FileId, class: u32, expr: &ir::Expr) -> Option<Target> {
        let index = self.index(file)?;
        if let (ExprKind::Name(name), Some(entry)) = (&expr.kind, index.classes.get(class as usize))
            && let Scope::Class(outer) = entry.parent
            && let Some(Def::Class(number)) = index.classes.get(outer as usize)?.members.get(name)
            && *number != class
        {
            return Some(Target::Class(file, *number));
        }
        if let Some(target) = self.expr(file, expr) {
            return Some(target);
        }
        let written = match &expr.kind {
            ExprKind::Subscript { value, .. } => value.dotted()?,
            // `Manager.from_queryset(TopicQuerySet)` is a Manager.
            ExprKind::Call(call) => {
                return match &call.func.kind {
                    ExprKind::Attribute { value, attr } if attr.name == "from_queryset" => self.expr(file, value),
                    _ => None,
                };
            }
            _ => expr.dotted()?,
        };
        let head = written.split('.').next()?;
        let last = written.rsplit('.').next()?;
        // A class that everybody imports, in a snippet without its imports.
        let package = if self.lookup(file, head).is_none() { outside::package_of(last) } else { None };
        package.map(|package| Target::External(format!("{package}.{last}").into()))
    }

    /// The value of a class attribute, of the class or its bases.
    pub fn class_value<'a>(
        &self,
        modules: &[&'a ir::Module],
        key: (FileId, u32),
        name: &str,
    ) -> Option<(FileId, &'a ir::Expr)> {
        let (file, def) = self.hierarchy.member(self, key, name)?;
        let Def::Value(number) = def else { return None };
        Some((file, self.index(file)?.value(modules.get(file.0 as usize)?, *number)?))
    }

    pub fn target(&self, file: FileId, def: &Def, hops: usize) -> Option<Target> {
        Some(match def {
            Def::Class(number) => Target::Class(file, *number),
            Def::Function(number) => Target::Function(file, *number),
            Def::Value(number) => Target::Value(file, *number),
            Def::Import(dotted) => self.import(file, dotted),
            Def::From { level, module, name } => self.from(file, *level, module, name, hops),
        })
    }

    fn submodule(&self, package: FileId, name: &str) -> Option<Target> {
        let parts = self.files.parts(package);
        // A file `a/b.py` has no submodules, but then there is no `a/b/name.py` either.
        let dotted = parts.iter().map(String::as_str).chain([name]).collect::<Vec<_>>();
        self.files.exact(&dotted).map(Target::Module)
    }

    fn from(&self, file: FileId, level: u32, module: &str, name: &str, hops: usize) -> Target {
        let found = match level {
            0 => self.files.absolute(file, module),
            _ => self.files.relative(file, level, module),
        };
        let member = found.and_then(|id| {
            let inside = if hops < MAX_HOPS { self.resolve(id, name, hops + 1) } else { None };
            inside.or_else(|| self.submodule(id, name))
        });
        if let Some(member) = member {
            return member;
        }
        let full = match level {
            0 => format!("{module}.{name}"),
            _ => self.files.relative_name(file, level, &format!("{module}.{name}")),
        };
        let as_module = match level {
            0 => self.files.absolute(file, &full),
            _ => self.files.relative(file, level, &format!("{module}.{name}")),
        };
        as_module.map_or(Target::External(full.into()), Target::Module)
    }

    /// What `name` stands for at the level of a module; slow, for filling the map.
    fn resolve(&self, file: FileId, name: &str, hops: usize) -> Option<Target> {
        let index = self.index(file)?;
        if let Some(def) = index.names.get(name) {
            return self.target(file, def, hops);
        }
        if hops >= MAX_HOPS || name.starts_with('_') {
            return None;
        }
        index.stars.iter().rev().find_map(|(level, module)| {
            let from = self.star(file, *level, module)?;
            // Cycles end by the hops; asking only those that have the name keeps them from fanning out.
            let has = self.visible.get(from.0 as usize).is_some_and(|names| names.contains(name));
            if has { self.resolve(from, name, hops + 1) } else { None }
        })
    }

    fn star(&self, file: FileId, level: u32, module: &str) -> Option<FileId> {
        match level {
            0 => self.files.absolute(file, module),
            _ => self.files.relative(file, level, module),
        }
    }

    fn find_visible(&self, file: FileId) -> HashSet<SmolStr> {
        let mut names = HashSet::new();
        let mut seen = HashSet::new();
        let mut pending = vec![file];
        while let Some(at) = pending.pop() {
            if !seen.insert(at) {
                continue;
            }
            let Some(index) = self.index(at) else { continue };
            names.extend(index.names.keys().filter(|name| at == file || !name.starts_with('_')).cloned());
            pending.extend(index.stars.iter().filter_map(|(level, module)| self.star(at, *level, module)));
        }
        names
    }
}
