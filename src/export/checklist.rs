//! What a reviewer of a Django change ticks off, as far as the findings can tell.

use crate::model::{Family, Report, Severity};

/// One line of the list: what holds, and how many findings say that it does not.
pub struct Item {
    pub text: &'static str,
    pub against: usize,
}

const QUESTIONS: [(Family, &str); 12] = [
    (Family::NPlusOne, "No query runs once per row of another one"),
    (Family::Aggregation, "Counts and sums over one base are one aggregate"),
    (Family::OverFetching, "Rows and columns are fetched once, and only those that are used"),
    (Family::Index, "Fields that are filtered, looked up or ordered by have an index"),
    (Family::Concurrency, "Shared state changes in one atomic step"),
    (Family::Bulk, "Many rows are written in one statement"),
    (Family::Pagination, "Results have a bound and a total order"),
    (Family::Caching, "What is cached has an owner, a key and an end"),
    (Family::Background, "Slow work stands outside of transactions and requests"),
    (Family::RateLimiting, "Costly endpoints are throttled"),
    (Family::Migrations, "Migrations can run while the site does"),
    (Family::Settings, "Settings fit the load"),
];

/// The families of `looked_for`, then blockers and budgets. Nothing is ticked that was not looked for.
pub fn items(report: &Report, looked_for: &[Family]) -> Vec<Item> {
    let of = |family: Family| report.findings.iter().filter(|finding| finding.family == family).count();
    let mut out: Vec<Item> = QUESTIONS
        .into_iter()
        .filter(|(family, _)| looked_for.contains(family))
        .map(|(family, text)| Item { text, against: of(family) })
        .collect();
    let blockers = report.findings.iter().filter(|finding| finding.severity == Severity::Blocker).count();
    out.push(Item { text: "No blocker is left", against: blockers });
    if !report.endpoints.is_empty() {
        let missed = report.endpoints.iter().filter(|endpoint| !endpoint.missed.is_empty()).count();
        out.push(Item { text: "Every endpoint keeps its budget", against: missed });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;

    #[test]
    fn only_what_was_looked_for_is_on_the_list() {
        let items = items(&sample::report(), &[Family::NPlusOne, Family::Index]);
        let list: Vec<(&str, usize)> = items.iter().map(|item| (&item.text[..8], item.against)).collect();
        assert_eq!(list, [("No query", 1), ("Fields t", 0), ("No block", 1), ("Every en", 1)]);
    }
}
