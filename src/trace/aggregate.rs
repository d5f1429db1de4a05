//! What a statement computes over many rows, and what its joins do to the numbers.

use smol_str::SmolStr;

use crate::model::Site;

/// The aggregates of a statement: of its rows, or of all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aggregation {
    pub aggregates: Vec<Aggregate>,
    /// Relations to many rows that filters join, where they may leave several rows of one.
    pub filtered_by: Vec<Join>,
    /// Each row of the model is a group of its own: nothing else is grouped by.
    pub per_row: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Under which its value is read.
    pub name: SmolStr,
    pub function: AggregateFunction,
    /// The function as it is called: `Count`.
    pub called: SmolStr,
    /// The one field path that it is over: `["lines", "amount"]`; empty where it is computed from several or none.
    pub path: Vec<SmolStr>,
    /// Relations to many rows that it leads through.
    pub joins: Vec<Join>,
    /// Those that its own condition joins.
    pub condition: Vec<Join>,
    /// The keys of those among them that leave one row of each at most, as far as is known.
    pub narrowed: Vec<SmolStr>,
    /// Equal values count once.
    pub distinct: bool,
    /// Another value stands for that of no rows.
    pub has_default: bool,
    /// Nothing is computed from it: it is the value of that name.
    pub alone: bool,
    /// It may lead through more than is known.
    pub open: bool,
    /// The call.
    pub site: Option<Site>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    Count,
    Sum,
    Average,
    /// The least or the greatest.
    Extreme,
    /// All values, one after the other.
    List,
    Other,
}

/// A join that leads from a row to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The field path up to it: `lines`.
    pub path: SmolStr,
    /// Equal for joins that are one in the statement; that of a join begins with those that it leads through.
    pub key: SmolStr,
}

impl Aggregation {
    /// The joins that multiply the rows of an aggregate of these without being its own.
    pub fn multiplied_by(&self, of: &Aggregate) -> Vec<&Join> {
        let of_each = self.aggregates.iter().flat_map(|other| other.joins.iter().chain(&other.condition));
        let all = of_each.chain(&self.filtered_by);
        let mut out: Vec<&Join> = Vec::new();
        // `Count(Value(1), filter=Q(lines__state=…))` counts what its condition joins.
        let of_condition: &[Join] = if of.path.is_empty() && of.joins.is_empty() { &of.condition } else { &[] };
        for join in all {
            let mut known = of.joins.iter().chain(of_condition);
            let own = known.any(|known| known.key == join.key) || of.narrowed.contains(&join.key);
            if !own && out.iter().all(|known| known.key != join.key) {
                out.push(join);
            }
        }
        out
    }

    /// The joins that make an aggregate's value wrong.
    pub fn inflated_by(&self, of: &Aggregate) -> Vec<&Join> {
        let mut others = self.multiplied_by(of);
        let repaired = of.distinct && matches!(of.function, AggregateFunction::Count | AggregateFunction::List);
        match of.function {
            AggregateFunction::Extreme | AggregateFunction::Other => others.clear(),
            _ if of.open || repaired => others.clear(),
            // Where every value is repeated as often as any other, the mean stays.
            AggregateFunction::Average if self.per_row => {
                let leads_on = |join: &&Join| of.joins.iter().any(|own| join.key.starts_with(own.key.as_str()));
                others.retain(leads_on);
            }
            _ => {}
        }
        others
    }
}
