//! What the interpreter asks of names: bindings that borrow the project's trees.

use std::hash::{Hash, Hasher};

use smol_str::SmolStr;

use super::Project;
use super::names::{Def, Scope, Target};
use super::outside;
use crate::model::{FileId, Site};
use crate::python::ir::{self, ExprKind};
use crate::schema::ModelId;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding<'p> {
    /// A model class, of the input or of Django's own; `get_user_model()` too.
    Model(ModelId),
    Class(ClassRef<'p>),
    Function(FunctionRef<'p>),
    /// A module-level or class-level assignment.
    Value(ValueRef<'p>),
    Module(FileId),
    /// Full dotted name of something outside of the input, kept through aliases: `django.db.models.Count`.
    External(SmolStr),
}

#[derive(Debug, Clone, Copy)]
pub struct ClassRef<'p> {
    pub file: FileId,
    pub class: &'p ir::Class,
    /// `Topic`, `Topic.Meta`
    pub qualified: &'p SmolStr,
    number: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct FunctionRef<'p> {
    pub file: FileId,
    pub function: &'p ir::Function,
    /// `Dashboard.get`, `outer.inner`
    pub qualified: &'p SmolStr,
    /// The class whose body it stands in.
    pub class: Option<ClassRef<'p>>,
    /// Its name, where it is defined.
    pub site: Site,
}

#[derive(Debug, Clone, Copy)]
pub struct ValueRef<'p> {
    pub file: FileId,
    pub expr: &'p ir::Expr,
}

impl ClassRef<'_> {
    /// The class's name, where it is defined.
    pub fn site(&self) -> Site {
        Site::new(self.file, self.class.name.span)
    }

    fn key(&self) -> (FileId, u32) {
        (self.file, self.number)
    }
}

impl FunctionRef<'_> {
    pub fn has_decorator(&self, name: &str) -> bool {
        self.function.decorators.iter().any(|decorator| {
            let named = decorator.as_call().map_or(decorator, |call| &call.func);
            named.dotted().is_some_and(|dotted| dotted.rsplit('.').next() == Some(name))
        })
    }
}

macro_rules! same_place {
    ($name:ident, $place:expr) => {
        impl PartialEq for $name<'_> {
            fn eq(&self, other: &Self) -> bool {
                $place(self) == $place(other)
            }
        }
        impl Eq for $name<'_> {}
        impl Hash for $name<'_> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                $place(self).hash(state);
            }
        }
    };
}

same_place!(ClassRef, |c: &ClassRef<'_>| c.key());
same_place!(FunctionRef, |f: &FunctionRef<'_>| f.site);
same_place!(ValueRef, |v: &ValueRef<'_>| (v.file, v.expr.span));

/// How many assignments `a = b` are followed.
const MAX_ALIASES: usize = 16;

impl Project {
    /// A module-level name, imports followed.
    pub fn lookup(&self, file: FileId, name: &str) -> Option<Binding<'_>> {
        self.binding(self.names.lookup(file, name)?.clone())
    }

    /// `models.Topic`, `Topic.Status`; attributes of modules, classes and things from outside.
    pub fn lookup_dotted(&self, file: FileId, dotted: &str) -> Option<Binding<'_>> {
        self.binding(self.target(file, dotted)?)
    }

    /// The same for an expression that is nothing but names (`Generic[T]` is `Generic`).
    pub fn lookup_expr(&self, file: FileId, expr: &ir::Expr) -> Option<Binding<'_>> {
        match &expr.kind {
            ExprKind::Subscript { value, .. } => self.lookup_dotted(file, &value.dotted()?),
            _ => self.lookup_dotted(file, &expr.dotted()?),
        }
    }

    /// A name of a module, or a module in a package.
    pub fn member(&self, module: FileId, name: &str) -> Option<Binding<'_>> {
        self.binding(self.names.attribute(module, &Target::Module(module), name)?)
    }

    /// What `from module import name` in `file` binds, for imports inside of functions.
    pub fn import_from(&self, file: FileId, level: u32, module: &str, name: &str) -> Option<Binding<'_>> {
        self.binding(self.names.import_from(file, level, module, name))
    }

    /// What `import dotted as x` in `file` binds.
    pub fn import(&self, file: FileId, dotted: &str) -> Option<Binding<'_>> {
        self.binding(self.names.import(file, dotted))
    }

    pub fn bases(&self, class: ClassRef<'_>) -> Vec<Binding<'_>> {
        let bases = self.names.hierarchy.bases(class.key());
        bases.iter().filter_map(|base| self.binding(base.clone())).collect()
    }

    /// The class and its bases in the input, in the order of lookup.
    pub fn lineage(&self, class: ClassRef<'_>) -> impl Iterator<Item = ClassRef<'_>> {
        self.names.hierarchy.order(class.key()).iter().filter_map(|(file, number)| self.class_ref(*file, *number))
    }

    /// A base of the class (or of its bases) could not be found.
    pub fn has_unknown_base(&self, class: ClassRef<'_>) -> bool {
        self.names.hierarchy.order(class.key()).iter().any(|key| self.names.hierarchy.has_unknown_base(*key))
    }

    /// Dotted names of the bases outside of the input, those of bases included.
    pub fn outside_bases(&self, class: ClassRef<'_>) -> &[SmolStr] {
        self.names.hierarchy.outside(class.key())
    }

    /// Whether one of the class's bases is a view that is neither in the input nor of a package that is known.
    pub fn has_strange_view(&self, class: ClassRef<'_>) -> bool {
        self.outside_bases(class).iter().any(|base| outside::is_strange_view(base))
    }

    /// A method of the class or of its bases in the input.
    pub fn method(&self, class: ClassRef<'_>, name: &str) -> Option<FunctionRef<'_>> {
        match self.class_member(class, name)? {
            Binding::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The method that `super().name` means in a method of `within`, for an instance of `class`.
    pub fn super_method(&self, class: ClassRef<'_>, within: ClassRef<'_>, name: &str) -> Option<FunctionRef<'_>> {
        let order = self.names.hierarchy.order(class.key());
        let from = order.iter().position(|key| *key == within.key())?;
        order.get(from + 1..)?.iter().find_map(|(file, number)| {
            let index = self.names.index(*file)?;
            match index.classes.get(*number as usize)?.members.get(name)? {
                Def::Function(number) => self.function_ref(*file, *number),
                _ => None,
            }
        })
    }

    /// Whether a class that inherits this one has a method of that name.
    pub fn is_overridden(&self, class: ClassRef<'_>, method: &SmolStr) -> bool {
        self.names.hierarchy.is_overridden(class.key(), method)
    }

    /// A class attribute's value, of the class or of its bases in the input.
    pub fn class_attr(&self, class: ClassRef<'_>, name: &str) -> Option<(FileId, &ir::Expr)> {
        let (file, def) = self.names.hierarchy.member(&self.names, class.key(), name)?;
        match def {
            Def::Value(number) => Some((file, self.value_expr(file, *number)?)),
            _ => None,
        }
    }

    /// Whatever stands under `name` in the class or its bases: method, attribute, inner class.
    pub fn class_member(&self, class: ClassRef<'_>, name: &str) -> Option<Binding<'_>> {
        let (file, def) = self.names.hierarchy.member(&self.names, class.key(), name)?;
        self.binding(self.names.target(file, def, 0)?)
    }

    /// Whether the class comes to one of these dotted names outside of the input: `django.views.generic.View`.
    /// The path between package and class is not compared, for re-exports differ; bases of well-known classes count.
    pub fn is_subclass(&self, class: ClassRef<'_>, names: &[&str]) -> bool {
        let outside_bases = self.names.hierarchy.outside(class.key());
        let is = |base: &str, wanted: &str| {
            outside::is_kind_of(base, wanted) || wanted == "django.db.models.Manager" && outside::is_manager(base)
        };
        names.iter().any(|wanted| outside_bases.iter().any(|base| is(base, wanted)))
    }

    /// The class statement of a model of the input.
    pub fn model_class(&self, model: ModelId) -> Option<ClassRef<'_>> {
        let (file, number) = self.class_of_model.get(&model)?;
        self.class_ref(*file, *number)
    }

    pub fn model_of_class(&self, class: ClassRef<'_>) -> Option<ModelId> {
        self.model_of_class.get(&class.key()).copied()
    }

    /// The class of a manager attribute, and its queryset class, where they are in the input.
    pub fn manager_classes(&self, model: ModelId, manager: &str) -> (Option<ClassRef<'_>>, Option<ClassRef<'_>>) {
        let Some((class, queryset)) = self.managers.get(&(model, manager.into())) else { return (None, None) };
        let find = |key: &Option<(FileId, u32)>| key.and_then(|(file, number)| self.class_ref(file, number));
        (find(class), find(queryset))
    }

    /// The reference of a class or function that was reached by walking a tree.
    pub fn class_at(&self, file: FileId, class: &ir::Class) -> Option<ClassRef<'_>> {
        self.class_ref(file, self.names.index(file)?.class_number(class)?)
    }

    pub fn function_at(&self, file: FileId, function: &ir::Function) -> Option<FunctionRef<'_>> {
        self.function_ref(file, self.names.index(file)?.function_number(function)?)
    }

    /// The function whose name stands at a place.
    pub fn function_named_at(&self, site: Site) -> Option<FunctionRef<'_>> {
        self.function_ref(site.file, self.names.index(site.file)?.function_starting(site.span.start)?)
    }

    /// Whether a place stands in a function of this name.
    pub fn is_within_function(&self, file: FileId, at: u32, name: &str) -> bool {
        let Some(index) = self.names.index(file) else { return false };
        let named =
            index.functions.iter().enumerate().filter(|(_, entry)| entry.qualified.rsplit('.').next() == Some(name));
        let mut found = named.filter_map(|(number, _)| self.function_ref(file, number as u32));
        found.any(|function| {
            let end = function.function.body.last().map_or(0, |stmt| stmt.span.end);
            (function.site.span.start..end).contains(&at)
        })
    }

    /// Every function and method of the input, nested ones too, in the order of the text.
    pub fn functions(&self) -> impl Iterator<Item = FunctionRef<'_>> {
        let files = self.names.indexes.iter().enumerate();
        files.flat_map(move |(at, index)| {
            let file = FileId(at as u32);
            (0..index.functions.len() as u32).filter_map(move |number| self.function_ref(file, number))
        })
    }

    pub fn classes(&self) -> impl Iterator<Item = ClassRef<'_>> {
        let files = self.names.indexes.iter().enumerate();
        files.flat_map(move |(at, index)| {
            let file = FileId(at as u32);
            (0..index.classes.len() as u32).filter_map(move |number| self.class_ref(file, number))
        })
    }

    /// The function that a nested one stands in.
    pub fn enclosing_function(&self, function: FunctionRef<'_>) -> Option<FunctionRef<'_>> {
        let index = self.names.index(function.file)?;
        let mut parent = index.functions.get(index.function_number(function.function)? as usize)?.parent;
        loop {
            parent = match parent {
                Scope::Module => return None,
                Scope::Function(number) => return self.function_ref(function.file, number),
                Scope::Class(number) => index.classes.get(number as usize)?.parent,
            };
        }
    }

    fn target(&self, file: FileId, dotted: &str) -> Option<Target> {
        let mut parts = dotted.split('.');
        let mut target = self.names.head(file, parts.next()?)?;
        for part in parts {
            target = self.follow(target);
            target = self.names.attribute(file, &target, part)?;
        }
        Some(target)
    }

    /// Follows `Alias = other.Name`.
    fn follow(&self, mut target: Target) -> Target {
        for _ in 0..MAX_ALIASES {
            let Target::Value(file, number) = &target else { break };
            let aliased = self.value_expr(*file, *number).and_then(|expr| self.names.expr(*file, expr));
            match aliased {
                Some(next) if next != target => target = next,
                _ => break,
            }
        }
        target
    }

    fn binding(&self, target: Target) -> Option<Binding<'_>> {
        Some(match self.follow(target) {
            Target::Class(file, number) => match self.model_of_class.get(&(file, number)) {
                Some(model) => Binding::Model(*model),
                None => Binding::Class(self.class_ref(file, number)?),
            },
            Target::Function(file, number) => Binding::Function(self.function_ref(file, number)?),
            Target::Value(file, number) => {
                let expr = self.value_expr(file, number)?;
                match self.model_call(file, expr) {
                    Some(model) => Binding::Model(model),
                    None => Binding::Value(ValueRef { file, expr }),
                }
            }
            Target::Module(file) => Binding::Module(file),
            Target::External(dotted) => match self.outside_models.get(&dotted) {
                Some(model) => Binding::Model(*model),
                None => Binding::External(dotted),
            },
        })
    }

    /// The model that `get_user_model()` or `apps.get_model("forum", "Topic")` gives; also a `get_model()` of a
    /// project's own, where it is given the label of a model that is there.
    pub fn model_call(&self, file: FileId, expr: &ir::Expr) -> Option<ModelId> {
        let call = expr.as_call()?;
        let (name, outside) = match self.names.expr(file, &call.func)? {
            Target::External(dotted) => (dotted.to_string(), true),
            _ => (call.func.dotted()?, false),
        };
        match name.rsplit('.').next()? {
            "get_user_model" if outside => self.user_model(),
            "get_model" => {
                let mut args = call.positional().map(ir::Expr::as_str);
                match (args.next()??, args.next()) {
                    (label, None) => self.schema.by_label(label),
                    (app, Some(model)) => self.schema.by_label(&format!("{app}.{}", model?)),
                }
            }
            _ => None,
        }
    }

    fn value_expr(&self, file: FileId, number: u32) -> Option<&ir::Expr> {
        self.names.index(file)?.value(self.ir(file)?, number)
    }

    fn class_ref(&self, file: FileId, number: u32) -> Option<ClassRef<'_>> {
        let index = self.names.index(file)?;
        let class = index.class(self.ir(file)?, number)?;
        Some(ClassRef { file, class, qualified: &index.classes.get(number as usize)?.qualified, number })
    }

    fn function_ref(&self, file: FileId, number: u32) -> Option<FunctionRef<'_>> {
        let index = self.names.index(file)?;
        let function = index.function(self.ir(file)?, number)?;
        let entry = index.functions.get(number as usize)?;
        let class = match entry.parent {
            Scope::Class(number) => self.class_ref(file, number),
            _ => None,
        };
        let site = Site::new(file, function.name.span);
        Some(FunctionRef { file, function, qualified: &entry.qualified, class, site })
    }

    fn ir(&self, file: FileId) -> Option<&ir::Module> {
        self.modules.get(file.0 as usize).map(|module| &module.ir)
    }
}
