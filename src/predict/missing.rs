//! Values of aggregates that are none where there are no rows, and where they are taken for numbers.

use smol_str::SmolStr;

use super::Interpreter;
use super::flow::Fact;
use super::sym::Sym;
use super::value::Value;
use crate::model::{Confidence, Site};
use crate::python::ir::BinaryOp;
use crate::trace::{AggregateFunction, EventKind, Missing};

impl<'p> Interpreter<'p, '_> {
    /// The value of one aggregate of the statement that was sent last, whose values as a whole are `all`.
    pub(super) fn aggregated(&mut self, all: &Sym, name: &SmolStr) -> Sym {
        let plain = all.attr(name);
        let Some(query) = self.rec.position().checked_sub(1) else { return plain };
        let aggregation = self.rec.last_query().and_then(|query| query.aggregation.clone());
        let Some(aggregation) = aggregation else { return plain };
        let mut of_name = aggregation.aggregates.iter().enumerate().filter(|(_, aggregate)| aggregate.name == *name);
        // An expression around one may stand in for none, one around several leaves it open.
        let (Some((at, aggregate)), None) = (of_name.next(), of_name.next()) else { return plain };
        let may_be_none = match aggregate.function {
            AggregateFunction::Sum | AggregateFunction::Average | AggregateFunction::Extreme => true,
            AggregateFunction::Other => matches!(aggregate.called.as_str(), "StdDev" | "Variance"),
            AggregateFunction::Count | AggregateFunction::List => false,
        };
        if !may_be_none || aggregate.has_default || !aggregate.alone {
            return plain;
        }
        let number = self.number();
        let text: std::rc::Rc<str> = format!("aggregated#{number}.{name}").into();
        self.missing.insert(text.clone(), Missing { query, aggregate: at });
        Sym { text, ..plain }
    }

    pub(super) fn is_missing(&self, value: &Value<'p>) -> bool {
        !self.missing.is_empty() && self.missing.contains_key(&value.sym().text)
    }

    /// Notes that a value, or a test that it stands in, decides the way: what follows knows whether there is one.
    pub(super) fn note_asked_for(&mut self, tested: &Value<'p>) {
        if self.missing.is_empty() {
            return;
        }
        let text = tested.sym().text;
        let asked: Vec<_> = self.missing.keys().filter(|known| text.contains(&***known)).cloned().collect();
        asked.into_iter().for_each(|known| self.flow.learn(Fact::Asked(known)));
    }

    /// Notes the operands of an arithmetic operation.
    pub(super) fn note_arithmetic(&mut self, op: BinaryOp, sides: [(&Value<'p>, Site); 2]) {
        let is_arithmetic = matches!(
            op,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Pow
        );
        // `"%s" % total` is text, and in an expression of the database none is NULL.
        let in_database = sides.iter().any(|(value, _)| matches!(value, Value::Expression(_) | Value::Q(_)));
        if is_arithmetic && !in_database && !self.missing.is_empty() {
            sides.into_iter().for_each(|(value, site)| self.note_number_asked(value, site));
        }
    }

    /// Notes that a value must be a number here.
    pub(super) fn note_number_asked(&mut self, value: &Value<'p>, site: Site) {
        if self.missing.is_empty() {
            return;
        }
        let text = value.sym().text;
        let Some(missing) = self.missing.get(&text).copied() else { return };
        if !self.flow.knows(&Fact::Asked(text)) {
            self.rec.emit(EventKind::Missing(missing), Some(site), None, Confidence::Certain);
        }
    }
}
