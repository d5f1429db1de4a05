//! How the table of fingerprints is sorted.

use crate::protocol::Sort;

const NAMES: [(Sort, &str); 6] = [
    (Sort::Sql, "sql"),
    (Sort::Executions, "runs"),
    (Sort::Total, "total"),
    (Sort::Mean, "mean"),
    (Sort::P95, "p95"),
    (Sort::Max, "max"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub by: Sort,
    pub descending: bool,
}

impl Order {
    /// What costs most comes first.
    pub fn costly_first(has_times: bool) -> Self {
        Self { by: if has_times { Sort::Total } else { Sort::Executions }, descending: true }
    }

    /// After a click on the header of `by`: the other way round, or by that, numbers from the largest.
    #[must_use]
    pub fn clicked(self, by: Sort) -> Self {
        let descending = if self.by == by { !self.descending } else { by != Sort::Sql };
        Self { by, descending }
    }

    /// As the address has it: `p95-down`.
    pub fn id(self) -> String {
        let by = NAMES.iter().find(|(by, _)| *by == self.by).map_or("", |(_, name)| name);
        format!("{by}-{}", if self.descending { "down" } else { "up" })
    }

    pub fn from_id(id: &str) -> Option<Self> {
        let (name, way) = id.rsplit_once('-')?;
        let (by, _) = NAMES.iter().find(|(_, known)| *known == name)?;
        matches!(way, "up" | "down").then_some(Self { by: *by, descending: way == "down" })
    }

    /// Value of `aria-sort` at the header of `by`.
    pub fn aria(self, by: Sort) -> &'static str {
        match (self.by == by, self.descending) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_click_turns_the_order_round() {
        let order = Order::costly_first(true);
        assert_eq!(Order::costly_first(false).by, Sort::Executions);
        assert_eq!((order.aria(Sort::Total), order.aria(Sort::Mean)), ("descending", "none"));
        let by_mean = order.clicked(Sort::Mean);
        assert_eq!(by_mean.aria(Sort::Mean), "descending");
        assert_eq!(by_mean.clicked(Sort::Mean).aria(Sort::Mean), "ascending");
        assert_eq!((by_mean.id().as_str(), Order::from_id("mean-down")), ("mean-down", Some(by_mean)));
        assert_eq!(["mean", "x-up", "sql-left", ""].map(Order::from_id), [None; 4]);
        assert_eq!(by_mean.clicked(Sort::Sql).aria(Sort::Sql), "ascending");
    }
}
