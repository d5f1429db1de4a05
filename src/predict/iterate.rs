//! What turns a loop, and what each turn holds.

use std::rc::Rc;

use super::Interpreter;
use super::sym::Sym;
use super::value::{Const, Driver, QsNode, RowOrigin, RowShape, RowValue, Seq, Value};
use crate::model::{Over, Site};
use crate::schema::{Field, RelationKind};
use crate::trace::{EventKind, Usage};

/// One turn of a loop over a value; no driver where there is nothing to turn over.
#[derive(Debug, Clone)]
pub struct Turning<'p> {
    pub element: Value<'p>,
    pub driver: Option<Driver<'p>>,
}

impl<'p> Interpreter<'p, '_> {
    /// The same for `async for`, during which the event loop goes on.
    pub(super) fn iterate_in(&mut self, asynchronous: bool, value: &Value<'p>, site: Site) -> Turning<'p> {
        let outer = self.rec.unblocked(asynchronous);
        let turning = self.iterate(value, site);
        self.rec.blocking = outer;
        turning
    }

    pub(super) fn iterate(&mut self, value: &Value<'p>, site: Site) -> Turning<'p> {
        match value {
            Value::QuerySet(node) => {
                self.evaluate(node, site, Usage::Rows);
                let mut driver = self.rows_driver(node, site);
                if self.is_still_empty(node) {
                    driver.at_most = Some(0);
                }
                Turning { element: self.element_of(node, &driver), driver: Some(driver) }
            }
            Value::Seq(seq) => self.iterate_seq(seq, site),
            Value::Dict(dict) => {
                let key = dict.key.clone().unwrap_or_else(|| {
                    let keys: Vec<Value<'p>> = dict.items.iter().map(|(k, _)| Value::Const(k.clone())).collect();
                    keys.into_iter().reduce(|a, b| super::flow::join_values(&a, &b)).unwrap_or_else(Value::none)
                });
                let mut driver = dict.driver.clone().unwrap_or_else(|| self.items_driver(&dict.sym, site));
                if dict.driver.is_none() && dict.element.is_none() {
                    driver.over = Over::Range;
                    driver.exactly = u32::try_from(dict.items.len()).ok();
                }
                Turning { element: marked(key, driver.key), driver: Some(driver) }
            }
            Value::MaybeRelation(row, field, at) => {
                // `for x in row.things`: a list column as well as a property; nothing is claimed.
                let sym = row.sym.attr(field);
                let driver = self.items_driver(&sym, *at);
                let element = Value::Unknown(Sym::of(format!("item({})", sym.text), [&sym]).marked(driver.key));
                Turning { element, driver: Some(driver) }
            }
            Value::Const(Const::None) => Turning { element: Value::none(), driver: None },
            other => {
                let sym = other.sym();
                self.note_number(other, site);
                let mut driver = self.items_driver(&sym, site);
                // What is written down: settings, and the members of an enumeration.
                let written = sym.text.starts_with("django.conf.settings.");
                if written || matches!(other, Value::Class(_)) {
                    driver.over = Over::Range;
                }
                let element = Sym::of(format!("item({})", sym.text), [&sym]).marked(driver.key);
                Turning { element: Value::Unknown(element), driver: Some(driver) }
            }
        }
    }

    fn iterate_seq(&mut self, seq: &Rc<Seq<'p>>, site: Site) -> Turning<'p> {
        let mut driver = seq.driver.clone().unwrap_or_else(|| self.items_driver(&seq.sym, site));
        if let Some(items) = &seq.items {
            if items.is_empty() {
                return Turning { element: Value::none(), driver: None };
            }
            if seq.driver.is_none() {
                driver.over = Over::Range;
                driver.exactly = u32::try_from(items.len()).ok();
            }
            let element = items.iter().cloned().reduce(|a, b| super::flow::join_values(&a, &b));
            let element = element.unwrap_or_else(Value::none);
            return Turning { element: marked(element, driver.key), driver: Some(driver) };
        }
        let element = match &seq.element {
            Some(element) => marked(element.clone(), driver.key),
            None => Value::Unknown(Sym::of(format!("item({})", seq.sym.text), [&seq.sym]).marked(driver.key)),
        };
        Turning { element, driver: Some(driver) }
    }

    /// The driver of items that come from somewhere; the same for the same value.
    pub(super) fn items_driver(&mut self, sym: &Sym, site: Site) -> Driver<'p> {
        let key = match self.keys.get(&sym.text) {
            Some(key) => *key,
            None => {
                let key = self.number();
                self.keys.insert(sym.text.clone(), key);
                key
            }
        };
        Driver {
            key,
            over: Over::Items,
            model: None,
            queryset: None,
            site,
            exactly: None,
            at_most: None,
            conditional: false,
        }
    }

    pub(super) fn rows_driver(&mut self, node: &Rc<QsNode<'p>>, site: Site) -> Driver<'p> {
        let slice = node.desc.slice;
        let bounded = slice.is_some_and(|s| s.bounded);
        let at_most = slice.and_then(|s| Some(s.stop?.saturating_sub(s.start.unwrap_or(0))));
        let at_most = if self.is_single(node) { Some(1) } else { at_most };
        let model = (!node.model.name.is_empty()).then(|| node.model.name.clone());
        let over = if bounded { Over::Slice } else { Over::Query };
        Driver {
            key: node.uid,
            over,
            model,
            queryset: Some(node.clone()),
            site,
            exactly: None,
            at_most,
            conditional: false,
        }
    }

    /// Whether a queryset asks for one value of a unique column.
    fn is_single(&self, node: &QsNode<'p>) -> bool {
        let Some(model) = node.model.id else { return false };
        if node.plan.either || !node.plan.others.is_empty() || node.desc.combined {
            return false;
        }
        node.desc.filters.iter().any(|filter| {
            let plain = filter.lookup == "exact" && !filter.negated && !filter.alternative;
            let [name] = filter.path.as_slice() else { return false };
            let field = self.project.schema.field(model, name).map(|(_, field)| field);
            let unique = |field: &Field| {
                let one = field.relation.as_ref().is_some_and(|to| to.kind == RelationKind::OneToOne);
                field.primary_key || field.unique || one
            };
            // `**filters` may have been filled on one way alone.
            let text = filter.site.map_or("", |site| self.project.text(site));
            let written = ["pk", name.as_str()].iter().any(|name| text.starts_with(name));
            plain && written && (name == "pk" || field.is_some_and(unique))
        })
    }

    /// Whether a queryset is the related rows of a row that was made in this run, and nothing has written any since.
    fn is_still_empty(&self, node: &QsNode<'p>) -> bool {
        let made = |row: &RowValue<'_>| matches!(row.origin, RowOrigin::Made | RowOrigin::Saved);
        if !node.related.as_ref().is_some_and(|related| made(&related.row)) {
            return false;
        }
        let fetched = self.rec.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Query(query) => Some(query),
            _ => None,
        });
        let Some(tables) = fetched.map(|query| &query.statement.facts.tables).filter(|tables| !tables.is_empty())
        else {
            return false;
        };
        !self.rec.events.iter().any(|event| {
            let EventKind::Query(query) = &event.kind else { return false };
            let facts = &query.statement.facts;
            let of_it = facts.tables.is_empty() || facts.tables.iter().any(|table| tables.contains(table));
            !facts.kind.reads() && of_it
        })
    }

    /// What one row of a queryset is.
    pub(super) fn element_of(&mut self, node: &Rc<QsNode<'p>>, driver: &Driver<'p>) -> Value<'p> {
        let sym = Sym::of(format!("row{}({})", driver.key, node.sym.text), [&node.sym]).marked(driver.key);
        match node.shape {
            RowShape::Instances => Value::Row(Rc::new(RowValue {
                model: node.model.clone(),
                queryset: Some(node.clone()),
                path: Vec::new(),
                sym,
                origin: RowOrigin::Read,
                certain: node.certain,
                sure: true,
            })),
            RowShape::Dicts | RowShape::Tuples | RowShape::Flat => Value::Scalar(sym),
        }
    }

    pub(super) fn note_yield(&mut self, value: Value<'p>, driver: Option<Driver<'p>>) {
        let Some(frame) = self.frames.last_mut() else { return };
        let around = frame.turns.last().and_then(|turn| turn.driver.clone());
        if frame.yield_driver.is_none() {
            frame.yield_driver = driver.or(around);
        }
        frame.yielded = Some(match frame.yielded.take() {
            Some(before) => super::flow::join_values(&before, &value),
            None => value,
        });
    }
}

/// A plain value that changes with the turns of a loop.
fn marked<'p>(value: Value<'p>, key: u32) -> Value<'p> {
    match value {
        Value::Unknown(sym) => Value::Unknown(sym.marked(key)),
        Value::Scalar(sym) => Value::Scalar(sym.marked(key)),
        Value::Const(constant) => Value::Scalar(Sym::new(format!("item{key}({})", constant.text())).marked(key)),
        // `for name, code in PAIRS`
        Value::Seq(seq) if seq.items.is_some() => {
            let mark = |value: &Value<'p>| match value {
                Value::Seq(_) => value.clone(),
                plain => marked(plain.clone(), key),
            };
            let items = seq.items.as_ref().map(|items| items.iter().map(mark).collect());
            let seq = Seq { items, sym: seq.sym.clone().marked(key), ..(*seq).clone() };
            Value::Seq(Rc::new(seq))
        }
        Value::Seq(seq) => {
            let element = seq.element.clone().map(|element| match element {
                nested @ Value::Seq(_) => nested,
                plain => marked(plain, key),
            });
            Value::Seq(Rc::new(Seq { element, sym: seq.sym.clone().marked(key), ..(*seq).clone() }))
        }
        other => other,
    }
}
