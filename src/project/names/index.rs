//! What each module and class defines: one walk per file, names to places in its tree.

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::python::ir::{self, Block, ExprKind, Stmt, StmtKind};

/// Where a statement stands: for each level, which block of the statement above (see [`child_block`]; 0 for the
/// module's own) and the index in it.
type Path = Box<[(u16, u32)]>;

/// Statements nested deeper than this are not indexed.
const MAX_DEPTH: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Module,
    Class(u32),
    Function(u32),
}

/// What a name stands for in the scope that binds it; the numbers index the module's lists.
#[derive(Debug, Clone)]
pub enum Def {
    Class(u32),
    Function(u32),
    Value(u32),
    /// `import a.b as c`, or `import a.b`, which binds `a`.
    Import(SmolStr),
    /// `from ..module import name`
    From {
        level: u32,
        module: SmolStr,
        name: SmolStr,
    },
}

#[derive(Debug)]
pub struct ClassEntry {
    path: Path,
    pub qualified: SmolStr,
    pub parent: Scope,
    pub members: HashMap<SmolStr, Def>,
}

#[derive(Debug)]
pub struct FunctionEntry {
    path: Path,
    pub qualified: SmolStr,
    pub parent: Scope,
}

#[derive(Debug)]
pub struct ValueEntry {
    path: Path,
    /// Which element of the right side's tuple, for `a, b = 1, 2`.
    element: Option<u32>,
}

#[derive(Debug, Default)]
pub struct ModuleIndex {
    pub names: HashMap<SmolStr, Def>,
    /// `from x import *`: level and module.
    pub stars: Vec<(u32, SmolStr)>,
    pub classes: Vec<ClassEntry>,
    pub functions: Vec<FunctionEntry>,
    values: Vec<ValueEntry>,
    /// Start of a class's name → its number.
    class_at: HashMap<u32, u32>,
    function_at: HashMap<u32, u32>,
}

impl ModuleIndex {
    pub fn build(module: &ir::Module) -> Self {
        let mut index = Self::default();
        let mut stack = vec![Frame { block: &module.body, at: 0, scope: Scope::Module, fallback: false, path: vec![] }];
        while let Some(frame) = stack.last_mut() {
            let Some(stmt) = frame.block.get(frame.at) else {
                stack.pop();
                continue;
            };
            let mut path = frame.path.clone();
            match path.last_mut() {
                Some(last) => last.1 = frame.at as u32,
                None => path.push((0, frame.at as u32)),
            }
            let (scope, fallback) = (frame.scope, frame.fallback);
            frame.at += 1;
            let inner = index.add(stmt, scope, fallback, &path);
            if path.len() >= MAX_DEPTH {
                continue;
            }
            let first = stack.len();
            for number in 0.. {
                let Some(block) = child_block(&stmt.kind, number) else { break };
                let mut path = path.clone();
                path.push((number, 0));
                let fallback = inner == scope && (fallback || is_fallback(&stmt.kind, number));
                stack.push(Frame { block, at: 0, scope: inner, fallback, path });
            }
            stack[first..].reverse();
        }
        index
    }

    pub fn class<'a>(&self, module: &'a ir::Module, number: u32) -> Option<&'a ir::Class> {
        match &statement(module, &self.classes.get(number as usize)?.path)?.kind {
            StmtKind::Class(class) => Some(class),
            _ => None,
        }
    }

    pub fn function<'a>(&self, module: &'a ir::Module, number: u32) -> Option<&'a ir::Function> {
        match &statement(module, &self.functions.get(number as usize)?.path)?.kind {
            StmtKind::Function(function) => Some(function),
            _ => None,
        }
    }

    pub fn value<'a>(&self, module: &'a ir::Module, number: u32) -> Option<&'a ir::Expr> {
        let entry = self.values.get(number as usize)?;
        let value = match &statement(module, &entry.path)?.kind {
            StmtKind::Assign { value, .. } => value,
            StmtKind::AnnAssign { value, .. } => value.as_ref()?,
            _ => return None,
        };
        match (&value.kind, entry.element) {
            (ExprKind::Tuple(items) | ExprKind::List(items), Some(at)) => items.get(at as usize),
            (_, Some(_)) => None,
            (_, None) => Some(value),
        }
    }

    pub fn class_number(&self, class: &ir::Class) -> Option<u32> {
        self.class_at.get(&class.name.span.start).copied()
    }

    pub fn function_number(&self, function: &ir::Function) -> Option<u32> {
        self.function_starting(function.name.span.start)
    }

    /// The function whose name starts here.
    pub fn function_starting(&self, name: u32) -> Option<u32> {
        self.function_at.get(&name).copied()
    }

    /// Notes what `stmt` binds in `scope`; gives the scope of its blocks.
    fn add(&mut self, stmt: &Stmt, scope: Scope, fallback: bool, path: &[(u16, u32)]) -> Scope {
        match &stmt.kind {
            StmtKind::Class(class) => {
                let number = self.classes.len() as u32;
                let qualified = self.qualified(scope, &class.name.name);
                let path = path.into();
                self.classes.push(ClassEntry { path, qualified, parent: scope, members: HashMap::new() });
                self.class_at.insert(class.name.span.start, number);
                self.bind(scope, &class.name.name, Def::Class(number), fallback);
                return Scope::Class(number);
            }
            StmtKind::Function(function) => {
                let number = self.functions.len() as u32;
                let qualified = self.qualified(scope, &function.name.name);
                self.functions.push(FunctionEntry { path: path.into(), qualified, parent: scope });
                self.function_at.insert(function.name.span.start, number);
                // The setter of a property does not hide its getter.
                let is_setter = function
                    .decorators
                    .iter()
                    .any(|d| matches!(&d.kind, ExprKind::Attribute { attr, .. } if attr.name == "setter" || attr.name == "deleter"));
                self.bind(scope, &function.name.name, Def::Function(number), fallback || is_setter);
                return Scope::Function(number);
            }
            StmtKind::Import(names) => {
                for alias in names {
                    match &alias.asname {
                        Some(name) => self.bind(scope, &name.name, Def::Import(alias.name.clone()), fallback),
                        None => {
                            let head = SmolStr::from(alias.name.split('.').next().unwrap_or(""));
                            self.bind(scope, &head, Def::Import(head.clone()), fallback);
                        }
                    }
                }
            }
            StmtKind::ImportFrom { level, module, names, star } => {
                if *star && scope == Scope::Module {
                    self.stars.push((*level, module.clone()));
                }
                for alias in names {
                    let bound = alias.asname.as_ref().map_or(&alias.name, |name| &name.name);
                    let def = Def::From { level: *level, module: module.clone(), name: alias.name.clone() };
                    // What a class imports is read by its own statements, which are looked up as the module's are.
                    if matches!(scope, Scope::Class(_)) {
                        self.bind(Scope::Module, bound, def.clone(), true);
                    }
                    self.bind(scope, bound, def, fallback);
                }
            }
            StmtKind::Assign { targets, value } => {
                for target in targets {
                    self.assign(target, value, scope, fallback, path);
                }
            }
            StmtKind::AnnAssign { target, value: Some(value), .. } => {
                self.assign(target, value, scope, fallback, path);
            }
            _ => {}
        }
        scope
    }

    fn assign(&mut self, target: &ir::Expr, value: &ir::Expr, scope: Scope, fallback: bool, path: &[(u16, u32)]) {
        if matches!(scope, Scope::Function(_)) {
            return;
        }
        // A name set to None beside an import or a class is the stand-in of one that is missing.
        let fallback = fallback || matches!(value.kind, ExprKind::None);
        match &target.kind {
            ExprKind::Name(name) => {
                let number = self.values.len() as u32;
                self.values.push(ValueEntry { path: path.into(), element: None });
                self.bind(scope, name, Def::Value(number), fallback);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let ExprKind::Name(name) = &item.kind {
                        let number = self.values.len() as u32;
                        self.values.push(ValueEntry { path: path.into(), element: Some(at as u32) });
                        self.bind(scope, name, Def::Value(number), fallback);
                    }
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, scope: Scope, name: &SmolStr, def: Def, fallback: bool) {
        let names = match scope {
            Scope::Module => &mut self.names,
            Scope::Class(number) => match self.classes.get_mut(number as usize) {
                Some(class) => &mut class.members,
                None => return,
            },
            Scope::Function(_) => return,
        };
        if fallback {
            names.entry(name.clone()).or_insert(def);
        } else {
            names.insert(name.clone(), def);
        }
    }

    fn qualified(&self, scope: Scope, name: &SmolStr) -> SmolStr {
        let outer = match scope {
            Scope::Module => return name.clone(),
            Scope::Class(number) => self.classes.get(number as usize).map(|c| &c.qualified),
            Scope::Function(number) => self.functions.get(number as usize).map(|f| &f.qualified),
        };
        outer.map_or_else(|| name.clone(), |outer| SmolStr::from(format!("{outer}.{name}")))
    }
}

struct Frame<'a> {
    block: &'a Block,
    at: usize,
    scope: Scope,
    /// In `except` or `else`: binds only what nothing bound before.
    fallback: bool,
    path: Vec<(u16, u32)>,
}

fn is_fallback(kind: &StmtKind, number: u16) -> bool {
    match kind {
        StmtKind::Try { handlers, .. } => number > 0 && usize::from(number) <= handlers.len(),
        StmtKind::If { .. } => number > 0,
        _ => false,
    }
}

/// The blocks inside a statement, by number, in the order of the text.
fn child_block(kind: &StmtKind, number: u16) -> Option<&Block> {
    let number = usize::from(number);
    match kind {
        StmtKind::Class(class) => [&class.body].get(number).copied(),
        StmtKind::Function(function) => [&function.body].get(number).copied(),
        StmtKind::If { body, orelse, .. }
        | StmtKind::For { body, orelse, .. }
        | StmtKind::While { body, orelse, .. } => [body, orelse].get(number).copied(),
        StmtKind::With { body, .. } | StmtKind::Unknown(body) => [body].get(number).copied(),
        StmtKind::Try { body, handlers, orelse, finally } => match number.checked_sub(1) {
            None => Some(body),
            Some(at) if at < handlers.len() => handlers.get(at).map(|h| &h.body),
            Some(at) => [orelse, finally].get(at - handlers.len()).copied(),
        },
        StmtKind::Match { cases, .. } => cases.get(number).map(|case| &case.body),
        _ => None,
    }
}

fn statement<'a>(module: &'a ir::Module, path: &[(u16, u32)]) -> Option<&'a Stmt> {
    let mut steps = path.iter();
    let mut stmt = module.body.get(steps.next()?.1 as usize)?;
    for (block, at) in steps {
        stmt = child_block(&stmt.kind, *block)?.get(*at as usize)?;
    }
    Some(stmt)
}
