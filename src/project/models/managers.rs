//! Manager attributes of models, and the classes that they are made of.

use smol_str::SmolStr;

use super::sources::Sources;
use crate::model::FileId;
use crate::project::names::Target;
use crate::project::outside;
use crate::python::ir::{self, Call, ExprKind};
use crate::schema::Manager;

type ClassKey = (FileId, u32);

/// A manager with the classes of the input that it is made of.
#[derive(Debug, Clone)]
pub struct Declared {
    pub manager: Manager,
    pub class: Option<ClassKey>,
    pub queryset: Option<ClassKey>,
}

/// A manager class as an expression names it.
#[derive(Clone, Default)]
struct Class {
    name: SmolStr,
    key: Option<ClassKey>,
    queryset_name: Option<SmolStr>,
    queryset: Option<ClassKey>,
}

const PLAIN: &str = "django.db.models.Manager";
/// How many calls and assignments one manager is followed through.
const MAX_DEPTH: usize = 12;

/// Reads `objects = TopicManager()`, `TopicQuerySet.as_manager()`, `Manager.from_queryset(TopicQuerySet)()`.
pub fn declared(sources: &Sources<'_>, file: FileId, name: &SmolStr, value: &ir::Expr) -> Option<Declared> {
    let call = value.as_call()?;
    let class = match &call.func.kind {
        ExprKind::Attribute { value, attr } if attr.name == "as_manager" => {
            let (queryset_name, queryset) = named(sources, file, value)?;
            Class { name: PLAIN.into(), key: None, queryset_name: Some(queryset_name), queryset }
        }
        _ => {
            let class = manager_class(sources, file, &call.func, 0)?;
            let wraps = class.key.is_none() && class.name != PLAIN;
            wraps.then(|| given_class(sources, file, call)).flatten().unwrap_or(class)
        }
    };
    let manager = Manager { name: name.clone(), class: class.name, queryset_class: class.queryset_name };
    Some(Declared { manager, class: class.key, queryset: class.queryset })
}

/// The manager that Django gives to a model without one.
pub fn plain(name: &str) -> Declared {
    let manager = Manager { name: name.into(), class: PLAIN.into(), queryset_class: None };
    Declared { manager, class: None, queryset: None }
}

/// The manager that `AbstractUser` brings.
pub fn user() -> Declared {
    let class = "django.contrib.auth.models.UserManager".into();
    Declared { manager: Manager { name: "objects".into(), class, queryset_class: None }, class: None, queryset: None }
}

fn manager_class(sources: &Sources<'_>, file: FileId, expr: &ir::Expr, depth: usize) -> Option<Class> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(call) = expr.as_call() {
        return from_queryset(sources, file, call, depth);
    }
    match sources.resolve(file, expr)? {
        Target::Class(from, number) => {
            let key = (from, number);
            let outside = sources.names.hierarchy.outside(key);
            let entry = sources.names.index(from)?.classes.get(number as usize)?;
            let mut class = Class { name: entry.qualified.clone(), key: Some(key), ..Class::default() };
            // `class TopicManager(models.Manager.from_queryset(TopicQuerySet))`, on the class or a base of it.
            for (from, number) in sources.names.hierarchy.order(key) {
                let bases = sources.class((*from, *number)).map(|class| class.bases.as_slice()).unwrap_or_default();
                let made = bases.iter().find_map(|base| {
                    let base = match sources.resolve(*from, &base.value) {
                        Some(Target::Value(at, value)) => (at, sources.value(at, value)?),
                        _ => (*from, &base.value),
                    };
                    from_queryset(sources, base.0, base.1.as_call()?, depth + 1)
                });
                if let Some(made) = made {
                    class.queryset_name = made.queryset_name;
                    class.queryset = made.queryset;
                    return Some(class);
                }
            }
            let is_manager = outside.iter().any(|base| base.ends_with("Manager"));
            (is_manager || entry.qualified.ends_with("Manager")).then_some(class)
        }
        Target::Value(from, number) => manager_class(sources, from, sources.value(from, number)?, depth + 1),
        Target::External(dotted) => (dotted.ends_with("Manager") && !dotted.ends_with("TaggableManager")).then(|| {
            Class { name: if outside::is_kind_of(&dotted, PLAIN) { PLAIN.into() } else { dotted }, ..Class::default() }
        }),
        _ => None,
    }
}

/// The manager class of the input that one from elsewhere is given to do the work: `ScopedManager(_manager_class=TreeManager)`.
fn given_class(sources: &Sources<'_>, file: FileId, call: &Call) -> Option<Class> {
    let given = call.args.iter().filter_map(|arg| manager_class(sources, file, &arg.value, 1));
    given.into_iter().find(|class| class.key.is_some())
}

fn from_queryset(sources: &Sources<'_>, file: FileId, call: &Call, depth: usize) -> Option<Class> {
    let ExprKind::Attribute { value, attr } = &call.func.kind else { return None };
    if attr.name != "from_queryset" {
        return None;
    }
    let mut class = manager_class(sources, file, value, depth + 1)
        .unwrap_or_else(|| Class { name: PLAIN.into(), ..Class::default() });
    let (queryset_name, queryset) = named(sources, file, call.positional().next()?)?;
    class.queryset_name = Some(queryset_name);
    class.queryset = queryset;
    Some(class)
}

fn named(sources: &Sources<'_>, file: FileId, expr: &ir::Expr) -> Option<(SmolStr, Option<ClassKey>)> {
    match sources.resolve(file, expr) {
        Some(Target::Class(from, number)) => {
            let entry = sources.names.index(from)?.classes.get(number as usize)?;
            Some((entry.qualified.clone(), Some((from, number))))
        }
        Some(Target::External(dotted)) => Some((dotted, None)),
        _ => Some((expr.dotted()?.into(), None)),
    }
}
