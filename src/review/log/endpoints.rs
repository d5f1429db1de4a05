//! Requests of one name, held against their budget.

use std::collections::HashSet;

use crate::config::Config;
use crate::model::{Endpoint, Margin};
use crate::trace::EndpointUse;
use crate::workload::{Took, Workload};

use super::ms;
use super::targets::{Target, is_of_kind, target};

/// The endpoints by name, and a note for each budget that fits none of them. Those that only a load test saw come last.
pub fn endpoints(workload: &Workload, tested: &[EndpointUse], config: &Config) -> (Vec<Endpoint>, Vec<String>) {
    let mut used: HashSet<&str> = HashSet::new();
    let mut out = Vec::new();
    let mut of_statements = false;
    for (name, endpoint) in workload.endpoints() {
        let target = target(name, config);
        used.extend(target.pattern);
        let (took, times) = endpoint.times();
        let (p95_ms, p99_ms) = (times.percentile(95).map(ms), times.percentile(99).map(ms));
        of_statements |= took == Took::Statements && p95_ms.is_some() && target.budget.p95_ms.is_some();
        let measured = Measured {
            queries: Some(endpoint.queries.percentile(95).unwrap_or(0)),
            p95_ms,
            p99_ms,
            duplicates: endpoint.duplicates.most(),
        };
        out.push(judged(name, endpoint.requests(), &measured, target));
    }
    for test in tested.iter().filter(|test| workload.endpoints().all(|(name, _)| name != test.name)) {
        let target = target(&test.name, config);
        used.extend(target.pattern);
        let (p95_ms, p99_ms) = (test.p95_us.map(ms), test.p99_us.map(ms));
        let measured = Measured { queries: None, p95_ms, p99_ms, duplicates: None };
        out.push(judged(&test.name, test.requests, &measured, target));
    }
    let unused = config.budgets.iter().filter(|(pattern, _)| !used.contains(pattern.as_str()) && !is_of_kind(pattern));
    let mut notes: Vec<String> =
        unused.map(|(pattern, _)| format!("no request is held to the budget of {pattern:?}")).collect();
    if of_statements {
        let note = "it does not say how long whole requests took: p95 and p99 are of their statements";
        notes.push(note.to_owned());
    }
    (out, notes)
}

struct Measured {
    queries: Option<u64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    duplicates: Option<u64>,
}

fn judged(name: &str, requests: u64, measured: &Measured, target: Target<'_>) -> Endpoint {
    let budget = target.budget;
    let counts = |most: Option<u64>, seen: Option<u64>| {
        let (most, seen) = most.zip(seen)?;
        i64::try_from(i128::from(most) - i128::from(seen)).ok()
    };
    let times = |most: Option<f64>, seen: Option<f64>| most.zip(seen).map(|(most, seen)| most - seen);
    let margin = Margin {
        queries: counts(budget.queries, measured.queries),
        p95_ms: times(budget.p95_ms, measured.p95_ms),
        p99_ms: times(budget.p99_ms, measured.p99_ms),
        duplicates: counts(budget.duplicates, measured.duplicates),
    };
    let missed = [
        ("queries", margin.queries.is_some_and(|left| left < 0)),
        ("p95_ms", margin.p95_ms.is_some_and(|left| left < 0.0)),
        ("p99_ms", margin.p99_ms.is_some_and(|left| left < 0.0)),
        ("duplicates", margin.duplicates.is_some_and(|left| left < 0)),
    ];
    Endpoint {
        name: name.to_owned(),
        requests,
        queries_p95: measured.queries.unwrap_or(0),
        p95_ms: measured.p95_ms,
        p99_ms: measured.p99_ms,
        missed: missed.iter().filter(|(_, missed)| *missed).map(|(what, _)| (*what).to_owned()).collect(),
        budget,
        margin,
        kind: target.kind,
        held: target.held,
    }
}
