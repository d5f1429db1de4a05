//! What the interpreter knows of a value.

use std::rc::Rc;

use smol_str::SmolStr;

use super::sym::Sym;
use crate::model::{Over, Site};
use crate::project::{ClassRef, FunctionRef};
use crate::python::ir;
use crate::schema::{ModelId, RelationKind};
use crate::trace;

#[derive(Debug, Clone)]
pub enum Value<'p> {
    /// Anything.
    Unknown(Sym),
    /// Not a row, a queryset or anything else that could send a query.
    Scalar(Sym),
    Const(Const),
    Module(crate::model::FileId),
    /// A name that leads out of the input: `django.db.models.Count`.
    External(SmolStr),
    /// What calling or reading something external gave; its methods are looked up by the dotted name.
    Instance(SmolStr, Sym),
    Class(ClassRef<'p>),
    Model(ModelRef),
    Function(Rc<Closure<'p>>),
    /// A function of the input with its receiver.
    Bound(Rc<Value<'p>>, FunctionRef<'p>),
    /// A built-in method that is not called yet: the receiver, its name, and where the receiver stands.
    Method(Rc<Value<'p>>, SmolStr, Site),
    Partial(Rc<Value<'p>>, Rc<Args<'p>>),
    Super(Rc<Value<'p>>, ClassRef<'p>),
    Manager(Rc<ManagerValue<'p>>),
    QuerySet(Rc<QsNode<'p>>),
    Row(Rc<RowValue<'p>>),
    /// An attribute of a row whose model is not in the input: a relation, perhaps.
    MaybeRelation(Rc<RowValue<'p>>, SmolStr, Site),
    Seq(Rc<Seq<'p>>),
    Dict(Rc<DictValue<'p>>),
    Object(Rc<ObjectValue<'p>>),
    /// `Q(…)`, and `Q`s joined.
    Q(Rc<QTree<'p>>),
    /// An aggregate or expression for `annotate`/`aggregate`.
    Expression(Rc<Expression<'p>>),
    Prefetch(Rc<PrefetchValue<'p>>),
    Cache(trace::CacheBackend, Sym),
    /// `transaction.atomic()`
    Atomic,
    /// A function that runs in a thread: `sync_to_async(f)`.
    Threaded(Rc<Value<'p>>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    None,
    Bool(bool),
    Int(i64),
    Str(SmolStr),
    /// Bytes, floats, `...`: their text.
    Other(SmolStr),
}

/// A model by id where it is in the input, by name otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRef {
    pub id: Option<ModelId>,
    /// `forum.Topic`, or `Topic`; empty where not even the name is known.
    pub name: SmolStr,
}

#[derive(Debug)]
pub struct Closure<'p> {
    pub file: crate::model::FileId,
    pub kind: ClosureKind<'p>,
    pub vars: super::flow::Vars<'p>,
    pub sym: Sym,
}

#[derive(Debug, Clone, Copy)]
pub enum ClosureKind<'p> {
    Function(FunctionRef<'p>),
    Lambda(&'p ir::Lambda),
}

/// Arguments of a call, evaluated.
#[derive(Debug, Clone, Default)]
pub struct Args<'p> {
    pub positional: Vec<Arg<'p>>,
    pub keyword: Vec<(SmolStr, Arg<'p>)>,
    /// `*args` or `**kwargs` of unknown content are there.
    pub spread: bool,
    /// What those are.
    pub spreads: Vec<Sym>,
}

#[derive(Debug, Clone)]
pub struct Arg<'p> {
    pub value: Value<'p>,
    /// The whole argument: `poster=user`.
    pub site: Site,
    /// The value alone.
    pub value_site: Site,
}

#[derive(Debug, Clone)]
pub struct ManagerValue<'p> {
    pub model: ModelRef,
    /// Manager and queryset classes of the input whose methods it has.
    pub classes: Vec<ClassRef<'p>>,
    pub related: Option<RelatedManager<'p>>,
    /// Named otherwise than any manager that is known: its rows may be filtered, its relations loaded.
    pub opaque: bool,
    pub certain: bool,
}

/// The manager of a row's relation.
#[derive(Debug, Clone)]
pub struct RelatedManager<'p> {
    pub row: Rc<RowValue<'p>>,
    pub accessor: SmolStr,
    pub kind: RelationKind,
    /// The field of the children that leads back, where there is one.
    pub back: Option<SmolStr>,
    pub prefetched: bool,
}

/// A queryset, as refined so far.
#[derive(Debug, Clone)]
pub struct QsNode<'p> {
    pub uid: u32,
    /// How many loops were open where it was made: it is evaluated once for each of their turns.
    pub born: usize,
    pub model: ModelRef,
    pub desc: trace::QuerySet,
    pub related: Option<RelatedManager<'p>>,
    /// Still what the prefetch loaded: evaluating it is free.
    pub prefetched: bool,
    pub shape: RowShape,
    pub prefetches: Vec<Rc<PrefetchValue<'p>>>,
    pub classes: Vec<ClassRef<'p>>,
    /// What the rows are, beside the order in which filters were added.
    pub sym: Sym,
    /// False where model or method are guessed.
    pub certain: bool,
    /// There is a queryset on every way that leads here: it is never none.
    pub sure: bool,
    pub plan: Plan<'p>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowShape {
    Instances,
    Dicts,
    Tuples,
    Flat,
}

#[derive(Debug, Clone)]
pub struct RowValue<'p> {
    pub model: ModelRef,
    pub queryset: Option<Rc<QsNode<'p>>>,
    pub path: Vec<SmolStr>,
    pub sym: Sym,
    pub origin: RowOrigin,
    pub certain: bool,
    /// There is a row on every way that leads here: it is never none.
    pub sure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrigin {
    Read,
    /// Made here: the database does not have it until it is saved.
    Made,
    /// Made and saved in this run.
    Saved,
    /// One or the other, by the way that was taken.
    Either,
    /// `self` or an argument: only who gave it knows what was loaded with it.
    Given,
}

/// A list, tuple, set, generator or iterator.
#[derive(Debug, Clone)]
pub struct Seq<'p> {
    /// All items, where they are known one by one.
    pub items: Option<Vec<Value<'p>>>,
    /// What any item is.
    pub element: Option<Value<'p>>,
    pub driver: Option<Driver<'p>>,
    pub sym: Sym,
}

#[derive(Debug, Clone)]
pub struct DictValue<'p> {
    pub items: Vec<(Const, Value<'p>)>,
    /// Values under keys that are not constant.
    pub element: Option<Value<'p>>,
    pub key: Option<Value<'p>>,
    pub driver: Option<Driver<'p>>,
    /// It holds these items and no others: what a call gave to `**kwargs`.
    pub closed: bool,
    pub sym: Sym,
}

#[derive(Debug)]
pub struct ObjectValue<'p> {
    pub class: ClassRef<'p>,
    pub sym: Sym,
}

/// What turns a loop. Loops with the same key turn over the same things.
#[derive(Debug, Clone)]
pub struct Driver<'p> {
    pub key: u32,
    pub over: Over,
    pub model: Option<SmolStr>,
    pub queryset: Option<Rc<QsNode<'p>>>,
    pub site: Site,
    pub exactly: Option<u32>,
    pub at_most: Option<u32>,
    /// A `while`.
    pub conditional: bool,
}

#[derive(Debug, Clone)]
pub struct PrefetchValue<'p> {
    /// `posts__author`
    pub lookup: SmolStr,
    pub queryset: Option<Rc<QsNode<'p>>>,
    pub to_attr: Option<SmolStr>,
}

/// What only the SQL of a queryset needs, beside its description.
#[derive(Debug, Clone, Default)]
pub struct Plan<'p> {
    /// In the order of the calls, which decides the order of joins.
    pub steps: Vec<PlanStep<'p>>,
    /// What `order_by()` was given; names where the default order holds.
    pub order: Option<Vec<Operand<'p>>>,
    pub reversed: bool,
    /// `distinct("forum")`
    pub distinct_on: Vec<SmolStr>,
    /// `union`, `intersection`, `difference` with the other querysets; `all` of a union.
    pub combined: Option<(&'static str, bool, Vec<Rc<QsNode<'p>>>)>,
    /// The slice begins after the first row.
    pub offset: bool,
    /// ` NOWAIT`, ` SKIP LOCKED`, ` OF …` behind FOR UPDATE.
    pub lock: SmolStr,
    /// Something in the chain changes the SQL in a way that is not known: `extra()`, `raw()`.
    pub unclear: bool,
    /// What it is on the other ways that lead here (`if x: qs = qs.filter(…)`), each refined as it is from there on.
    pub others: Vec<Rc<QsNode<'p>>>,
    /// There are such ways, in `others` or too many for it: which of them is sent is up to the tests.
    pub either: bool,
}

#[derive(Debug, Clone)]
pub enum PlanStep<'p> {
    Filter(Rc<QTree<'p>>),
    /// `annotate()`; `alias()` where it is not selected.
    Annotate {
        name: SmolStr,
        value: Operand<'p>,
        selected: bool,
    },
    /// The names of `values()` and `values_list()`; none for all of them.
    Values(Vec<SmolStr>),
}

/// What stands in a statement for a value.
#[derive(Debug, Clone)]
pub enum Operand<'p> {
    /// One that is sent beside the statement.
    Param,
    Constant(Const),
    QuerySet(Rc<QsNode<'p>>),
    Expression(Rc<Expression<'p>>),
    Condition(Rc<QTree<'p>>),
    /// Something whose SQL is not followed: a list with expressions in it.
    Unclear,
}

/// Conditions joined.
#[derive(Debug, Clone)]
pub enum QTree<'p> {
    Leaf {
        key: SmolStr,
        value: Sym,
        constant: Option<Const>,
        operand: Operand<'p>,
        site: Option<Site>,
    },
    And(Vec<QTree<'p>>),
    Or(Vec<QTree<'p>>),
    Not(Box<QTree<'p>>),
    /// `Exists(…)` and the like.
    Expression(Rc<Expression<'p>>),
    /// Not understood.
    Opaque(Sym),
}

#[derive(Debug, Clone)]
pub struct Expression<'p> {
    /// `Count`, `Sum`, `F`, …; the operator of combined ones.
    pub function: SmolStr,
    /// The field path it is over, where it is one.
    pub path: Option<SmolStr>,
    pub filter: Option<Rc<QTree<'p>>>,
    pub args: Vec<Operand<'p>>,
    pub options: Vec<(SmolStr, Operand<'p>)>,
    /// The call, where it is one.
    pub site: Option<Site>,
    pub sym: Sym,
}

impl<'p> Operand<'p> {
    pub fn of(value: &Value<'p>) -> Self {
        match value {
            Value::Const(constant) => Operand::Constant(constant.clone()),
            Value::QuerySet(node) => Operand::QuerySet(node.clone()),
            Value::Expression(expression) => Operand::Expression(expression.clone()),
            Value::Q(tree) => Operand::Condition(tree.clone()),
            Value::Seq(seq) if seq.items.iter().flatten().any(|item| matches!(item, Value::Expression(_))) => {
                Operand::Unclear
            }
            _ => Operand::Param,
        }
    }
}

impl<'p> Value<'p> {
    pub fn sym(&self) -> Sym {
        match self {
            Value::Unknown(sym) | Value::Scalar(sym) | Value::Instance(_, sym) | Value::Cache(_, sym) => sym.clone(),
            Value::Const(constant) => Sym::new(constant.text()),
            Value::Module(id) => Sym::new(format!("module{}", id.0)),
            Value::External(name) => Sym::new(name),
            Value::Class(class) => Sym::new(format!("class {}", class.class.name.name)),
            Value::Model(model) => Sym::new(&model.name),
            Value::Function(closure) => closure.sym.clone(),
            Value::Bound(receiver, function) => receiver.sym().attr(&function.function.name.name),
            Value::Method(receiver, name, _) => receiver.sym().attr(name),
            Value::Partial(inner, _) => Sym::of(format!("partial({})", inner.sym().text), [&inner.sym()]),
            Value::Super(receiver, _) => receiver.sym().attr("super()"),
            Value::Manager(manager) => match &manager.related {
                Some(related) => related.row.sym.attr(&related.accessor),
                None => Sym::new(format!("{}.objects", manager.model.name)),
            },
            Value::QuerySet(node) => node.sym.clone(),
            Value::Row(row) => row.sym.clone(),
            Value::MaybeRelation(row, field, _) => row.sym.attr(field),
            Value::Seq(seq) => seq.sym.clone(),
            Value::Dict(dict) => dict.sym.clone(),
            Value::Object(object) => object.sym.clone(),
            Value::Q(tree) => tree.sym(),
            Value::Expression(expression) => expression.sym.clone(),
            Value::Prefetch(prefetch) => Sym::new(&prefetch.lookup),
            Value::Atomic => Sym::new("atomic()"),
            Value::Threaded(inner) => inner.sym(),
        }
    }

    /// Whether both are one and the same, as far as that is seen at a glance.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Unknown(a), Value::Unknown(b)) | (Value::Scalar(a), Value::Scalar(b)) => a.is(b),
            (Value::Const(a), Value::Const(b)) => a == b,
            (Value::Function(a), Value::Function(b)) => Rc::ptr_eq(a, b),
            (Value::Manager(a), Value::Manager(b)) => Rc::ptr_eq(a, b),
            (Value::QuerySet(a), Value::QuerySet(b)) => Rc::ptr_eq(a, b),
            (Value::Row(a), Value::Row(b)) => Rc::ptr_eq(a, b),
            (Value::Seq(a), Value::Seq(b)) => Rc::ptr_eq(a, b),
            (Value::Dict(a), Value::Dict(b)) => Rc::ptr_eq(a, b),
            (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    pub fn none() -> Self {
        Value::Const(Const::None)
    }

    pub fn as_str(&self) -> Option<&SmolStr> {
        match self {
            Value::Const(Const::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Const(Const::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The same where another way leads here, too, on which it may be something else.
    pub fn perhaps(&self) -> Self {
        match self {
            Value::Row(row) if row.sure => Value::Row(Rc::new(RowValue { sure: false, ..(**row).clone() })),
            Value::QuerySet(node) if node.sure => Value::QuerySet(Rc::new(QsNode { sure: false, ..(**node).clone() })),
            Value::Const(Const::None | Const::Bool(_)) => Value::Unknown(self.sym()),
            other => other.clone(),
        }
    }

    /// Nothing that could send a query or carry one.
    pub fn is_plain(&self) -> bool {
        match self {
            Value::Unknown(_) | Value::Scalar(_) | Value::Const(_) | Value::External(_) | Value::Instance(..) => true,
            Value::Seq(seq) => {
                seq.items.iter().flatten().all(Value::is_plain) && seq.element.as_ref().is_none_or(Value::is_plain)
            }
            Value::Dict(dict) => {
                dict.items.iter().all(|(_, value)| value.is_plain())
                    && dict.element.as_ref().is_none_or(Value::is_plain)
            }
            _ => false,
        }
    }
}

impl Const {
    pub fn text(&self) -> String {
        match self {
            Const::None => "None".into(),
            Const::Bool(true) => "True".into(),
            Const::Bool(false) => "False".into(),
            Const::Int(number) => number.to_string(),
            Const::Str(text) => format!("{text:?}"),
            Const::Other(text) => text.to_string(),
        }
    }

    pub fn truth(&self) -> Option<bool> {
        match self {
            Const::None => Some(false),
            Const::Bool(value) => Some(*value),
            Const::Int(number) => Some(*number != 0),
            Const::Str(text) => Some(!text.is_empty()),
            Const::Other(_) => None,
        }
    }
}

impl QTree<'_> {
    pub fn sym(&self) -> Sym {
        match self {
            QTree::Leaf { key, value, .. } => Sym::of(format!("{key}={}", value.text), [value]),
            QTree::And(parts) => joined(parts, " & "),
            QTree::Or(parts) => joined(parts, " | "),
            QTree::Not(inner) => {
                let sym = inner.sym();
                Sym::of(format!("~({})", sym.text), [&sym])
            }
            QTree::Expression(expression) => expression.sym.clone(),
            QTree::Opaque(sym) => sym.clone(),
        }
    }
}

fn joined(parts: &[QTree<'_>], with: &str) -> Sym {
    let syms: Vec<Sym> = parts.iter().map(QTree::sym).collect();
    let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(with);
    Sym::of(format!("({text})"), &syms)
}

impl<'p> QsNode<'p> {
    /// The ways that are kept beside one queryset: three tests, each with a refinement.
    pub const WAYS: usize = 7;

    /// Changes the queryset on each way that leads here.
    pub fn each(&mut self, change: impl Fn(&mut QsNode<'p>)) {
        change(self);
        for other in &mut self.plan.others {
            change(Rc::make_mut(other));
        }
    }

    /// Whether its rows are those that a prefetch of its relation would serve: all of them, or a slice.
    pub fn is_served_by_prefetch(&self) -> bool {
        let whole = trace::QuerySet { slice: None, ..self.desc.clone() };
        whole.is_served()
    }

    /// Whether the statements of both are the same where their rows are.
    pub fn reads_like(&self, other: &Self) -> bool {
        let columns = |node: &Self| {
            let desc = &node.desc;
            (desc.select_related_all, desc.locked, desc.distinct, desc.streamed, node.plan.unclear, desc.slice)
        };
        columns(self) == columns(other)
            && self.desc.select_related == other.desc.select_related
            && self.desc.prefetch_related == other.desc.prefetch_related
            && self.desc.only == other.desc.only
            && self.desc.defer == other.desc.defer
            && self.desc.order == other.desc.order
            && self.desc.annotations == other.desc.annotations
            && self.plan.steps.len() == other.plan.steps.len()
    }
}

impl<'p> RowValue<'p> {
    /// What an unknown attribute of a row leads to.
    pub fn unknown(of: &RowValue<'p>) -> Self {
        Self { model: ModelRef { id: None, name: SmolStr::default() }, ..of.clone() }
    }
}

impl<'p> Seq<'p> {
    pub fn of_items(items: Vec<Value<'p>>) -> Self {
        let syms: Vec<Sym> = items.iter().map(Value::sym).collect();
        let text = syms.iter().map(|s| &*s.text).collect::<Vec<_>>().join(", ");
        Self { sym: Sym::of(format!("[{text}]"), &syms), items: Some(items), element: None, driver: None }
    }
}

impl<'p> Args<'p> {
    pub fn get(&self, position: usize, name: &str) -> Option<&Arg<'p>> {
        self.keyword(name).or_else(|| self.positional.get(position))
    }

    pub fn add_spread(&mut self, value: &Value<'p>) {
        self.spread = true;
        self.spreads.push(value.sym());
    }

    pub fn keyword(&self, name: &str) -> Option<&Arg<'p>> {
        self.keyword.iter().find(|(key, _)| key == name).map(|(_, arg)| arg)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arg<'p>> {
        self.positional.iter().chain(self.keyword.iter().map(|(_, arg)| arg))
    }
}
