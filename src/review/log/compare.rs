//! What changed from one capture to the next.

use std::collections::{BTreeMap, HashSet};

use crate::model::{
    Comparison, Endpoint, EndpointChange, EndpointNumbers, Evidence, Finding, LogQuery, QueryChange, QueryNumbers,
    QueryRow, Report,
};

use super::LogReview;

/// Times the count of before from which on there are too many: 8 where there were 5, 6 where there were 4.
const MORE: f64 = 1.5;
/// Times the 95th percentile of before from which on it takes too long.
const SLOWER: f64 = 2.0;
/// Statements that are listed.
const MOST_QUERIES: usize = 200;

/// The endpoints that both have, with what is alarming.
pub fn endpoints(before: &[Endpoint], after: &[Endpoint]) -> Vec<EndpointChange> {
    let known: BTreeMap<&str, &Endpoint> = before.iter().map(|endpoint| (endpoint.name.as_str(), endpoint)).collect();
    let both = after.iter().filter_map(|now| Some((*known.get(now.name.as_str())?, now)));
    both.map(|(then, now)| {
        let more = reaches(now.queries_p95 as f64, then.queries_p95 as f64, MORE);
        let slower = now.p95_ms.zip(then.p95_ms).is_some_and(|(now, then)| reaches(now, then, SLOWER));
        let alerts = [("queries", more), ("p95_ms", slower)].into_iter().filter(|(_, alarming)| *alarming);
        EndpointChange {
            name: now.name.clone(),
            before: numbers(then),
            after: numbers(now),
            alerts: alerts.map(|(what, _)| what.to_owned()).collect(),
        }
    })
    .collect()
}

fn numbers(endpoint: &Endpoint) -> EndpointNumbers {
    EndpointNumbers { requests: endpoint.requests, queries_p95: endpoint.queries_p95, p95_ms: endpoint.p95_ms }
}

/// Nothing at all is no measure.
fn reaches(now: f64, then: f64, times: f64) -> bool {
    then > 0.0 && now >= then * times
}

/// Marks the findings of `after` that came new, and says what else changed.
pub fn compare(before: LogReview, after: &mut Report, endpoints: Vec<EndpointChange>) -> Comparison {
    let before = before.report;
    let known: HashSet<&str> = before.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let mut new = 0;
    for finding in &mut after.findings {
        let introduced = !known.contains(finding.fingerprint.as_str());
        finding.introduced = Some(introduced);
        new += u32::from(introduced);
    }
    let remains: HashSet<&str> = after.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let ran: HashSet<&str> = after.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    let gone = before.findings.iter().filter(|finding| !remains.contains(finding.fingerprint.as_str()));
    let (fixed, not_run): (Vec<&Finding>, Vec<&Finding>) = gone.partition(|finding| ran_again(finding, &ran));
    Comparison {
        before: before.inputs.iter().map(|input| input.name.clone()).collect(),
        fixed: fixed.into_iter().cloned().collect(),
        not_run: u32::try_from(not_run.len()).unwrap_or(u32::MAX),
        new,
        endpoints,
        queries: queries(&before, after),
    }
}

/// Whether a request that showed a finding is there again; where nothing bounds requests, nothing tells.
fn ran_again(finding: &Finding, ran: &HashSet<&str>) -> bool {
    let mut requests = finding.evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Statements { request, .. } => request.as_deref(),
        Evidence::Code { .. } => None,
    });
    let mut any = false;
    requests.any(|request| {
        any = true;
        ran.contains(request)
    }) || !any
}

fn queries(before: &Report, after: &Report) -> Vec<QueryChange> {
    let mut rows: BTreeMap<&str, (Option<&LogQuery>, Option<&LogQuery>)> = BTreeMap::new();
    for row in before.queries.iter().filter_map(observed) {
        rows.entry(&row.fingerprint).or_default().0 = Some(row);
    }
    for row in after.queries.iter().filter_map(observed) {
        rows.entry(&row.fingerprint).or_default().1 = Some(row);
    }
    let mut out: Vec<QueryChange> = rows
        .into_iter()
        .filter_map(|(fingerprint, (then, now))| {
            let sql = then.or(now).map(|row| row.sql.clone())?;
            let (before, after) = (then.map(of_query), now.map(of_query));
            has_changed(before, after).then(|| QueryChange { fingerprint: fingerprint.to_owned(), sql, before, after })
        })
        .collect();
    let most = |change: &QueryChange| {
        let executions = |numbers: Option<QueryNumbers>| numbers.map_or(0, |numbers| numbers.executions);
        executions(change.before).max(executions(change.after))
    };
    out.sort_by_key(|change| std::cmp::Reverse(most(change)));
    out.truncate(MOST_QUERIES);
    out
}

fn observed(row: &QueryRow) -> Option<&LogQuery> {
    match row {
        QueryRow::Observed(row) => Some(row),
        QueryRow::Predicted(_) => None,
    }
}

fn of_query(row: &LogQuery) -> QueryNumbers {
    QueryNumbers {
        executions: row.executions,
        per_request: row.requests.map(|requests| row.executions as f64 / requests.max(1) as f64),
        p95_ms: row.p95_ms,
    }
}

/// It came or went, or there is much more or less of it.
fn has_changed(before: Option<QueryNumbers>, after: Option<QueryNumbers>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return true };
    let count = |numbers: QueryNumbers| numbers.per_request.unwrap_or(numbers.executions as f64);
    let differ = |a: f64, b: f64, times: f64| reaches(a, b, times) || reaches(b, a, times);
    let times = before.p95_ms.zip(after.p95_ms);
    differ(count(before), count(after), MORE) || times.is_some_and(|(a, b)| differ(a, b, SLOWER))
}
