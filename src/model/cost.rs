//! Round trips as a formula of loops: `3 + 2·N·M`.

use serde::{Deserialize, Serialize};

/// Index of a loop driver in its trace. Two loops over the same rows have one id, so their costs add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LoopId(pub u32);

/// What a loop runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Rows of a query without a limit.
    Query,
    /// Rows of a sliced query.
    Slice,
    /// A constant range or literal.
    Range,
    /// Items that come from outside.
    Items,
    /// Pages or chunks until nothing is left.
    Pages,
}

/// `count` times the product of `loops` (outermost first).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trip {
    pub loops: Vec<LoopId>,
    pub count: u32,
}

/// A sum of trips, kept sorted by their loops with each product standing once; the empty sum is no round trip.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms(Vec<Trip>);

impl Terms {
    pub fn zero() -> Self {
        Self::default()
    }

    /// `count` round trips, outside of any loop.
    pub fn constant(count: u32) -> Self {
        Self::product(count, Vec::new())
    }

    /// `count` round trips for each turn of the nest `loops`, outermost first.
    pub fn product(count: u32, loops: Vec<LoopId>) -> Self {
        if count == 0 { Self::default() } else { Self(vec![Trip { loops, count }]) }
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Trip> {
        self.0.iter()
    }

    pub fn add(&mut self, other: &Terms) {
        for trip in &other.0 {
            match self.0.binary_search_by(|t| t.loops.cmp(&trip.loops)) {
                Ok(at) => self.0[at].count = self.0[at].count.saturating_add(trip.count),
                Err(at) => self.0.insert(at, trip.clone()),
            }
        }
    }

    /// This sum once for each turn of `id`, which goes around every loop that is there.
    pub fn within(&self, id: LoopId) -> Terms {
        let mut out = Terms::zero();
        for trip in &self.0 {
            let mut loops = Vec::with_capacity(trip.loops.len() + 1);
            loops.push(id);
            loops.extend(&trip.loops);
            out.add(&Terms::product(trip.count, loops));
        }
        out
    }

    /// The value when each loop turns `turns(loop)` times; saturates.
    pub fn at(&self, turns: impl Fn(LoopId) -> u64) -> u64 {
        self.0.iter().fold(0u64, |sum, trip| {
            let product = trip.loops.iter().fold(u64::from(trip.count), |p, l| p.saturating_mul(turns(*l)));
            sum.saturating_add(product)
        })
    }

    /// The more expensive of two alternatives, judged at `turns`; equal ones keep `self`.
    pub fn max(self, other: Terms, turns: impl Fn(LoopId) -> u64) -> Terms {
        if other.at(&turns) > self.at(&turns) { other } else { self }
    }

    /// The formula as text, constant first: `0`, `1`, `2 + 4·N`.
    pub fn render(&self, letters: &mut Letters) -> String {
        if self.0.is_empty() {
            return "0".to_owned();
        }
        // Letters go from the outermost loop inwards, so shorter products name theirs first.
        let mut trips: Vec<&Trip> = self.0.iter().collect();
        trips.sort_by_key(|t| t.loops.len());
        let parts: Vec<String> = trips
            .iter()
            .map(|trip| {
                let product: Vec<String> = trip.loops.iter().map(|l| letters.of(*l)).collect();
                match (trip.count, product.is_empty()) {
                    (count, true) => count.to_string(),
                    (1, false) => product.join("·"),
                    (count, false) => format!("{count}·{}", product.join("·")),
                }
            })
            .collect();
        parts.join(" + ")
    }
}

impl FromIterator<Terms> for Terms {
    fn from_iter<I: IntoIterator<Item = Terms>>(iter: I) -> Self {
        let mut sum = Terms::zero();
        for terms in iter {
            sum.add(&terms);
        }
        sum
    }
}

/// Gives loops their letters in order of first mention: N, M, K, L, then N2, M2 …
#[derive(Debug, Default, Clone)]
pub struct Letters {
    named: Vec<LoopId>,
}

impl Letters {
    const ORDER: [&str; 8] = ["N", "M", "K", "L", "P", "Q", "R", "S"];

    pub fn of(&mut self, id: LoopId) -> String {
        let at = self.named.iter().position(|l| *l == id).unwrap_or_else(|| {
            self.named.push(id);
            self.named.len() - 1
        });
        let letter = Self::ORDER[at % Self::ORDER.len()];
        match at / Self::ORDER.len() {
            0 => letter.to_owned(),
            round => format!("{letter}{}", round + 1),
        }
    }

    /// The loops that have a letter, with it, in order.
    pub fn named(&self) -> Vec<(String, LoopId)> {
        let mut again = self.clone();
        self.named.iter().map(|id| (again.of(*id), *id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTER: LoopId = LoopId(4);
    const INNER: LoopId = LoopId(1);

    #[test]
    fn a_nest_renders_from_the_outside_in() {
        let mut body = Terms::constant(2);
        body.add(&Terms::constant(1).within(INNER));
        let mut all = Terms::constant(3);
        all.add(&body.within(OUTER));
        let mut letters = Letters::default();
        assert_eq!(all.render(&mut letters), "3 + 2·N + N·M");
        assert_eq!(letters.named(), [("N".to_owned(), OUTER), ("M".to_owned(), INNER)]);
        assert_eq!(all.at(|_| 10), 3 + 20 + 100);
    }

    #[test]
    fn equal_products_merge_and_the_dearer_branch_wins() {
        let mut sum = Terms::constant(1).within(OUTER);
        sum.add(&Terms::constant(3).within(OUTER));
        assert_eq!(sum.render(&mut Letters::default()), "4·N");
        let dearer = Terms::constant(9).max(sum.clone(), |_| 100);
        assert_eq!(dearer, sum);
        assert_eq!(Terms::zero().render(&mut Letters::default()), "0");
    }

    #[test]
    fn letters_do_not_run_out() {
        let mut letters = Letters::default();
        let names: Vec<String> = (0..10).map(|i| letters.of(LoopId(i))).collect();
        assert_eq!(names[..4], ["N", "M", "K", "L"]);
        assert_eq!(names[8..], ["N2", "M2"]);
    }
}
