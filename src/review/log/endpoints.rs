//! Requests of one name, held against their budget.

use std::collections::HashSet;

use crate::config::{Config, fits};
use crate::model::{Budget, Endpoint};
use crate::trace::EndpointUse;
use crate::workload::{self, Workload};

use super::ms;

/// The endpoints by name, and a note for each budget that fits none of them. Those that only a load test saw come last.
pub fn endpoints(workload: &Workload, tested: &[EndpointUse], config: &Config) -> (Vec<Endpoint>, Vec<String>) {
    let mut used: HashSet<&str> = HashSet::new();
    let mut out = Vec::new();
    for (name, endpoint) in workload.endpoints() {
        let budget = config.budgets.iter().find(|(pattern, _)| is_of(pattern, name));
        used.extend(budget.map(|(pattern, _)| pattern.as_str()));
        out.push(judged(name, endpoint, budget.map(|(_, budget)| budget.clone()).unwrap_or_default()));
    }
    for test in tested.iter().filter(|test| workload.endpoints().all(|(name, _)| name != test.name)) {
        let budget = config.budgets.iter().find(|(pattern, _)| is_of(pattern, &test.name));
        used.extend(budget.map(|(pattern, _)| pattern.as_str()));
        let (p95, p99) = (test.p95_us.map(ms), test.p99_us.map(ms));
        let budget = budget.map(|(_, budget)| budget.clone()).unwrap_or_default();
        let missed = [("p95_ms", over(budget.p95_ms, p95)), ("p99_ms", over(budget.p99_ms, p99))];
        out.push(Endpoint {
            name: test.name.clone(),
            requests: test.requests,
            queries_p95: 0,
            p95_ms: p95,
            p99_ms: p99,
            missed: names(&missed),
            budget,
        });
    }
    let unused = config.budgets.iter().filter(|(pattern, _)| !used.contains(pattern.as_str()));
    let notes = unused.map(|(pattern, _)| format!("no request is held to the budget of {pattern:?}"));
    (out, notes.collect())
}

/// A saved page names the address only: there, the method of a pattern says nothing.
fn is_of(pattern: &str, name: &str) -> bool {
    let address = pattern.split_once(' ').map(|(_, address)| address).filter(|_| name.starts_with('/'));
    fits(pattern, name) || address.is_some_and(|address| fits(address, name))
}

fn judged(name: &str, endpoint: &workload::Endpoint, budget: Budget) -> Endpoint {
    let (_, times) = endpoint.times();
    let queries = endpoint.queries.percentile(95).unwrap_or(0);
    let (p95, p99) = (times.percentile(95).map(ms), times.percentile(99).map(ms));
    let missed = [
        ("queries", budget.queries.is_some_and(|most| queries > most)),
        ("p95_ms", over(budget.p95_ms, p95)),
        ("p99_ms", over(budget.p99_ms, p99)),
        ("duplicates", budget.duplicates.is_some_and(|most| endpoint.duplicates.most() > Some(most))),
    ];
    Endpoint {
        name: name.to_owned(),
        requests: endpoint.requests(),
        queries_p95: queries,
        p95_ms: p95,
        p99_ms: p99,
        missed: names(&missed),
        budget,
    }
}

fn over(most: Option<f64>, seen: Option<f64>) -> bool {
    most.zip(seen).is_some_and(|(most, seen)| seen > most)
}

fn names(missed: &[(&str, bool)]) -> Vec<String> {
    missed.iter().filter(|(_, missed)| *missed).map(|(what, _)| (*what).to_owned()).collect()
}
