//! What holds at one point of a run: variables, attributes set, what was fetched already. Forked at branches.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::journal::Journal;
use super::sym::Sym;
use super::value::{DictValue, QsNode, RowOrigin, RowValue, Seq, Value};

pub type Vars<'p> = Rc<FxHashMap<SmolStr, Value<'p>>>;

/// The text of an object or row, and the name of an attribute.
type AttrKey = (Rc<str>, SmolStr);

/// Cheap to clone; written through copy on write.
#[derive(Debug, Clone, Default)]
pub struct Flow<'p> {
    pub vars: Vars<'p>,
    /// Attributes set on objects and rows.
    attrs: Rc<FxHashMap<AttrKey, Value<'p>>>,
    /// Which were set, in their order.
    set: Journal<AttrKey>,
    facts: Rc<FxHashSet<Fact>>,
    /// The same, in the order in which they were learned.
    learned: Journal<Fact>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The queryset of this uid holds its rows.
    Evaluated(u32),
    /// The relation or deferred column of a row is in its cache.
    Loaded(Rc<str>, SmolStr),
    /// A relation of the rows of a queryset (by its path) was prefetched after they were read.
    Attached(u32, SmolStr),
    /// A value that may be none was asked whether it is.
    Asked(Rc<str>),
}

impl<'p> Flow<'p> {
    pub fn set(&mut self, name: &SmolStr, value: Value<'p>) {
        Rc::make_mut(&mut self.vars).insert(name.clone(), value);
    }

    pub fn set_attr(&mut self, of: &Sym, name: &SmolStr, value: Value<'p>) {
        self.set_key((of.text.clone(), name.clone()), value);
    }

    fn set_key(&mut self, key: AttrKey, value: Value<'p>) {
        self.set.note(key.clone());
        Rc::make_mut(&mut self.attrs).insert(key, value);
    }

    pub fn attr(&self, of: &Sym, name: &str) -> Option<&Value<'p>> {
        self.attrs.get(&(of.text.clone(), SmolStr::new(name)))
    }

    /// Every attribute that was set on an object, in no particular order.
    pub fn attrs_of(&self, of: &Sym) -> impl Iterator<Item = (&SmolStr, &Value<'p>)> {
        let of = of.text.clone();
        self.attrs.iter().filter(move |((text, _), _)| *text == of).map(|((_, name), value)| (name, value))
    }

    pub fn learn(&mut self, fact: Fact) {
        if !self.facts.contains(&fact) {
            self.learned.note(fact.clone());
            Rc::make_mut(&mut self.facts).insert(fact);
        }
    }

    pub fn knows(&self, fact: &Fact) -> bool {
        self.facts.contains(fact)
    }

    /// What was prefetched after the rows of a queryset were read, of the rows that a path leads to: from those on.
    pub fn attached_below(&self, uid: u32, path: &str) -> Vec<SmolStr> {
        let below = |fact: &Fact| match fact {
            Fact::Attached(of, lookup) if *of == uid => lookup.strip_prefix(path)?.strip_prefix("__").map(SmolStr::new),
            _ => None,
        };
        let mut out: Vec<SmolStr> = self.facts.iter().filter_map(below).collect();
        out.sort_unstable();
        out
    }

    /// The same with other variables.
    pub fn with(self, vars: Vars<'p>) -> Self {
        Self { vars, ..self }
    }

    /// What holds after a fork whose ways ended in `self` and `other`.
    ///
    /// Facts are those of either way: each way has paid for its own, and the dearer one counts.
    pub fn join(mut self, other: Flow<'p>) -> Flow<'p> {
        if !Rc::ptr_eq(&self.vars, &other.vars) {
            let mine = Rc::make_mut(&mut self.vars);
            for (name, theirs) in other.vars.iter() {
                match mine.get_mut(name) {
                    Some(own) if own.is(theirs) => {}
                    Some(own) => *own = join_values(own, theirs),
                    None => {
                        mine.insert(name.clone(), theirs.clone());
                    }
                }
            }
        }
        let (ours, theirs) = self.set.since_parting(&other.set);
        let ours: FxHashSet<AttrKey> = ours.into_iter().collect();
        let only_theirs: FxHashSet<AttrKey> = theirs.into_iter().filter(|key| !ours.contains(key)).collect();
        for key in only_theirs {
            if let Some(theirs) = other.attrs.get(&key) {
                let joined = self.attrs.get(&key).map_or_else(|| theirs.perhaps(), |own| join_values(own, theirs));
                self.set_key(key, joined);
            }
        }
        // What this way alone has set is on the other one as it was before. It is noted already.
        for key in ours {
            let Some(own) = self.attrs.get(&key) else { continue };
            let joined = match other.attrs.get(&key) {
                Some(theirs) if own.is(theirs) => continue,
                Some(theirs) => join_values(own, theirs),
                None => own.perhaps(),
            };
            Rc::make_mut(&mut self.attrs).insert(key, joined);
        }
        let (_, theirs) = self.learned.since_parting(&other.learned);
        theirs.into_iter().rev().for_each(|fact| self.learn(fact));
        self
    }
}

/// Either of two values: the one that says more, with the marks of both.
pub fn join_values<'p>(one: &Value<'p>, two: &Value<'p>) -> Value<'p> {
    if one.is(two) {
        return one.clone();
    }
    let (first, second) = (one.sym(), two.sym());
    if first == second {
        return match (one, two) {
            // The same rows, but not read alike.
            (Value::QuerySet(a), Value::QuerySet(b)) if !a.reads_like(b) => {
                Value::QuerySet(Rc::new(join_querysets(a, b)))
            }
            (Value::Row(a), Value::Row(b)) if a.sure && !b.sure => two.clone(),
            _ => one.clone(),
        };
    }
    match (one, two) {
        (Value::QuerySet(a), Value::QuerySet(b)) => Value::QuerySet(Rc::new(join_querysets(a, b))),
        (Value::Seq(a), Value::Seq(b)) => {
            let sym = either(&first, &second);
            let element = join_elements(a, b);
            let driver = a.driver.clone().or_else(|| b.driver.clone());
            Value::Seq(Rc::new(Seq { items: None, element, driver, sym }))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            let mut items = a.items.clone();
            for (key, value) in &b.items {
                match items.iter_mut().find(|(k, _)| k == key) {
                    Some((_, own)) => *own = join_values(own, value),
                    None => items.push((key.clone(), value.clone())),
                }
            }
            Value::Dict(Rc::new(DictValue {
                items,
                element: join_options(a.element.as_ref(), b.element.as_ref()),
                key: join_options(a.key.as_ref(), b.key.as_ref()),
                driver: a.driver.clone().or_else(|| b.driver.clone()),
                closed: a.closed && b.closed,
                sym: either(&first, &second),
            }))
        }
        (Value::Row(a), Value::Row(b)) if a.model == b.model && a.origin != b.origin => {
            let made = [a, b].iter().any(|row| matches!(row.origin, RowOrigin::Made | RowOrigin::Either));
            let read = if a.origin == RowOrigin::Made { b } else { a };
            let origin = if made { RowOrigin::Either } else { read.origin };
            Value::Row(Rc::new(RowValue { origin, sure: a.sure && b.sure, ..(**read).clone() }))
        }
        (Value::Row(a), Value::Row(b)) if a.sure && !b.sure => one.perhaps(),
        // `None`, an empty list or something unknown beside a value that can send queries: the latter is what matters.
        (rich, plain) | (plain, rich) if !rich.is_plain() && plain.is_plain() => rich.perhaps(),
        (rich @ Value::Row(_), other) if !matches!(other, Value::Row(_)) => rich.perhaps(),
        (rich, _) if !rich.is_plain() => rich.clone(),
        _ => Value::Unknown(either(&first, &second)),
    }
}

fn either(a: &Sym, b: &Sym) -> Sym {
    let (low, high) = if a.text <= b.text { (a, b) } else { (b, a) };
    Sym::of(format!("({} or {})", low.text, high.text), [low, high])
}

fn join_options<'p>(a: Option<&Value<'p>>, b: Option<&Value<'p>>) -> Option<Value<'p>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(join_values(a, b)),
        (one, other) => one.or(other).cloned(),
    }
}

fn join_elements<'p>(a: &Seq<'p>, b: &Seq<'p>) -> Option<Value<'p>> {
    let mut all = Vec::new();
    for seq in [a, b] {
        all.extend(seq.items.iter().flatten().cloned());
        all.extend(seq.element.clone());
    }
    all.into_iter().reduce(|x, y| join_values(&x, &y))
}

/// Rows of either queryset. What one of them loads counts as loaded: a finding must hold whichever it was.
fn join_querysets<'p>(a: &Rc<QsNode<'p>>, b: &Rc<QsNode<'p>>) -> QsNode<'p> {
    if a.model != b.model {
        return QsNode { certain: false, ..(**a).clone() };
    }
    // `none()` on one way: what is read is the other one's.
    let is_none = |node: &QsNode<'p>| node.desc.slice.is_some_and(|slice| slice.stop == Some(0));
    match (is_none(a), is_none(b)) {
        (true, false) => return QsNode { sym: either(&a.sym, &b.sym), ..(**b).clone() },
        (false, true) => return QsNode { sym: either(&a.sym, &b.sym), ..(**a).clone() },
        _ => {}
    }
    // The later way is mostly the refined one (`if x: qs = qs.filter(…)`): keep the longer chain, but not one that asks
    // for a single row where the other has many.
    let longer = a.desc.steps.len() >= b.desc.steps.len();
    let first = if asks_by_key(a) == asks_by_key(b) { longer } else { asks_by_key(b) };
    let (main, other) = if first { (a, b) } else { (b, a) };
    let mut node = (**main).clone();
    node.sym = if a.sym == b.sym { a.sym.clone() } else { either(&a.sym, &b.sym) };
    node.plan.either = true;
    let others = main.plan.others.iter().chain(&other.plan.others).chain([other]);
    node.plan.others = others.take(QsNode::WAYS).map(alone).collect();
    node.desc.meets(&other.desc);
    for path in &other.desc.select_related {
        if !node.desc.select_related.contains(path) {
            node.desc.select_related.push(path.clone());
        }
    }
    node.desc.select_related_all |= other.desc.select_related_all;
    for path in &other.desc.prefetch_related {
        if !node.desc.prefetch_related.contains(path) {
            node.desc.prefetch_related.push(path.clone());
        }
    }
    node.prefetches.extend(other.prefetches.iter().cloned());
    node.desc.opaque |= other.desc.opaque;
    node.desc.loads_more |= other.desc.loads_more;
    node.prefetched &= other.prefetched;
    node.certain &= other.certain;
    node.sure &= other.sure;
    node
}

/// Whether a queryset asks for the row of one key.
fn asks_by_key(node: &QsNode<'_>) -> bool {
    node.desc.filters.iter().any(|filter| {
        let key = matches!(filter.path.as_slice(), [name] if name == "pk" || name == "id");
        key && filter.lookup == "exact" && !filter.negated && !filter.alternative
    })
}

/// A queryset on one way, those on others left out.
fn alone<'p>(node: &Rc<QsNode<'p>>) -> Rc<QsNode<'p>> {
    let mut node = node.clone();
    if node.plan.either {
        let own = Rc::make_mut(&mut node);
        own.plan.either = false;
        own.plan.others.clear();
    }
    node
}
