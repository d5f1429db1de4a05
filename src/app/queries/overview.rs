//! What a log's report says on one line: statements, the needless ones among them, requests and their budgets.

use std::collections::HashMap;

use crate::model::{Endpoint, Evidence, Family, Finding, Report, Request};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overview {
    pub statements: u64,
    /// Statements that would not be sent if the findings were mended.
    pub needless: u64,
    /// Of all requests; none where one has no times.
    pub total_ms: Option<f64>,
    /// Index of the endpoint that is worst: most budgets missed, then most statements. None where there is but one.
    pub worst: Option<usize>,
    pub budgets_kept: usize,
    pub budgets_missed: usize,
}

impl Overview {
    pub fn new(report: &Report) -> Self {
        let needless: u64 = report.findings.iter().map(needless).sum();
        let with_budget = report.endpoints.iter().filter(|endpoint| has_budget(endpoint));
        let (missed, kept): (Vec<_>, Vec<_>) = with_budget.partition(|endpoint| !endpoint.missed.is_empty());
        let rank = |at: &usize| {
            let endpoint = report.endpoints.get(*at);
            endpoint.map(|endpoint| (endpoint.missed.len(), endpoint.queries_p95, std::cmp::Reverse(*at)))
        };
        let several = report.endpoints.len() > 1;
        let times = report.requests.iter().map(|request| request.total_ms);
        Self {
            statements: report.summary.statements,
            needless: needless.min(report.summary.statements),
            total_ms: if report.requests.is_empty() { None } else { times.sum() },
            worst: (0..report.endpoints.len()).max_by_key(rank).filter(|_| several),
            budgets_kept: kept.len(),
            budgets_missed: missed.len(),
        }
    }
}

fn has_budget(endpoint: &Endpoint) -> bool {
    let budget = &endpoint.budget;
    budget.queries.is_some() || budget.p95_ms.is_some() || budget.p99_ms.is_some() || budget.duplicates.is_some()
}

/// What was sent more than the cure of `finding` would send. A loop's turns are the statements that were seen.
fn needless(finding: &Finding) -> u64 {
    let Some(cost) = &finding.cost else { return 0 };
    let seen = finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Statements { count, .. } => Some(*count),
        Evidence::Code { .. } => None,
    });
    let value = |terms: &[crate::model::Term]| {
        let term = |term: &crate::model::Term| {
            let turns = if term.loops.is_empty() { 1 } else { seen.unwrap_or(1) };
            u64::from(term.count).saturating_mul(turns)
        };
        terms.iter().map(term).fold(0u64, u64::saturating_add)
    };
    value(&cost.before_terms).saturating_sub(value(&cost.after_terms))
}

/// What the endpoint of a request is called: its name without the query of its address.
pub fn endpoint_name(request: &Request) -> &str {
    request.name.split(['?', '#']).next().unwrap_or(&request.name).trim_end()
}

pub fn is_of(request: &Request, endpoint: &Endpoint) -> bool {
    endpoint_name(request) == endpoint.name
}

/// A request of the list, with the endpoint whose budget it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listed {
    /// Index into the report's requests.
    pub request: usize,
    /// Index into the report's endpoints.
    pub endpoint: Option<usize>,
    pub over_budget: bool,
}

/// The requests whose names have all `words`, worst first: over their budget, then by statements, then by time.
pub fn requests(report: &Report, words: &str) -> Vec<Listed> {
    let endpoints: HashMap<&str, usize> =
        report.endpoints.iter().enumerate().map(|(at, endpoint)| (endpoint.name.as_str(), at)).collect();
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let named = |request: &Request| {
        let name = request.name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    let mut out: Vec<(Listed, &Request)> = Vec::new();
    for (at, request) in report.requests.iter().enumerate().filter(|(_, request)| named(request)) {
        let endpoint = endpoints.get(endpoint_name(request)).copied();
        let budget = endpoint.and_then(|at| report.endpoints.get(at)).map(|endpoint| &endpoint.budget);
        let over_budget = budget.is_some_and(|budget| {
            budget.queries.is_some_and(|most| request.queries > most)
                || budget.duplicates.is_some_and(|most| request.duplicates > most)
        });
        out.push((Listed { request: at, endpoint, over_budget }, request));
    }
    let time = |request: &Request| request.total_ms.unwrap_or(0.0);
    out.sort_by(|(a, left), (b, right)| {
        let worse = b.over_budget.cmp(&a.over_budget).then(right.queries.cmp(&left.queries));
        worse.then_with(|| time(right).total_cmp(&time(left)))
    });
    out.into_iter().map(|(listed, _)| listed).collect()
}

/// Indexes of the findings that are of a statement. What else a finding of an N+1 names gave it its keys.
pub fn findings_of(report: &Report, fingerprint: &str) -> Vec<usize> {
    let is_of = |finding: &Finding| {
        let most = if finding.family == Family::NPlusOne { 1 } else { usize::MAX };
        let named = finding.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Statements { fingerprint, .. } => Some(fingerprint),
            Evidence::Code { .. } => None,
        });
        named.take(most).any(|named| named == fingerprint)
    };
    let found = report.findings.iter().enumerate().filter(|(_, finding)| is_of(finding));
    found.map(|(at, _)| at).collect()
}

/// The statement that a finding is about, and the request that it was seen in: what a click on it shows.
pub fn shown_by(finding: &Finding) -> Option<(&str, Option<&str>)> {
    finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Statements { fingerprint, request, .. } => Some((fingerprint.as_str(), request.as_deref())),
        Evidence::Code { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Budget, Confidence, Cost, FindingSource, Severity, Summary, Term};

    fn finding(before: &[(u32, bool)], after: u32, count: u64) -> Finding {
        let term = |(count, looped): &(u32, bool)| Term {
            count: *count,
            loops: if *looped { vec!["N".to_owned()] } else { Vec::new() },
        };
        Finding {
            rule: "RT101".into(),
            name: "fk-in-loop".into(),
            family: Family::NPlusOne,
            severity: Severity::Blocker,
            hint: false,
            confidence: Confidence::Certain,
            source: FindingSource::Log,
            path: None,
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            message: String::new(),
            introduced: None,
            cost: Some(Cost {
                before_terms: before.iter().map(term).collect(),
                after_terms: vec![term(&(after, false))],
                ..Cost::default()
            }),
            evidence: vec![
                Evidence::Code { path: "a.py".into(), line: 3, message: String::new() },
                Evidence::Statements {
                    fingerprint: "f".into(),
                    sql: String::new(),
                    count,
                    total_ms: None,
                    request: Some("GET /".into()),
                },
            ],
            rewrite: None,
            advice: String::new(),
            fingerprint: String::new(),
        }
    }

    fn request(name: &str, queries: u64, total_ms: Option<f64>) -> Request {
        Request { id: format!("{name}:{queries}"), name: name.into(), queries, total_ms, duplicates: 0 }
    }

    fn endpoint(name: &str, queries_p95: u64, most: Option<u64>, missed: &[&str]) -> Endpoint {
        Endpoint {
            name: name.into(),
            requests: 1,
            queries_p95,
            budget: Budget { queries: most, ..Budget::default() },
            missed: missed.iter().map(|text| (*text).to_owned()).collect(),
            ..Endpoint::default()
        }
    }

    fn report() -> Report {
        Report {
            findings: vec![finding(&[(1, false), (1, true)], 1, 48), finding(&[(3, false)], 1, 1)],
            requests: vec![
                request("GET /small/", 3, Some(4.0)),
                request("GET /forum/?page=2", 49, Some(40.0)),
                request("GET /slow/", 49, Some(90.0)),
                request("GET /strict/", 5, Some(1.0)),
            ],
            endpoints: vec![
                endpoint("GET /forum/", 49, Some(60), &[]),
                endpoint("GET /strict/", 5, Some(4), &["queries"]),
                endpoint("GET /slow/", 49, None, &[]),
            ],
            summary: Summary { statements: 106, ..Summary::default() },
            ..Report::default()
        }
    }

    #[test]
    fn the_overview_counts_what_a_cure_would_save() {
        let overview = Overview::new(&report());
        assert_eq!((overview.statements, overview.needless), (106, 48 + 2));
        assert_eq!(overview.total_ms, Some(135.0));
        assert_eq!((overview.worst, overview.budgets_kept, overview.budgets_missed), (Some(1), 1, 1));
        assert_eq!(Overview::new(&Report::default()), Overview::default());
    }

    #[test]
    fn no_more_is_needless_than_was_sent() {
        let mut report = report();
        report.summary.statements = 20;
        report.requests[0].total_ms = None;
        let overview = Overview::new(&report);
        assert_eq!((overview.needless, overview.total_ms), (20, None));
    }

    #[test]
    fn requests_over_their_budget_come_first_then_the_longest() {
        let names = |words: &str| {
            let report = report();
            let listed = requests(&report, words);
            listed.iter().map(|listed| report.requests[listed.request].name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["GET /strict/", "GET /slow/", "GET /forum/?page=2", "GET /small/"]);
        assert_eq!(names("get SL"), ["GET /slow/"]);
        let report = report();
        let listed = requests(&report, "forum");
        assert_eq!(listed, [Listed { request: 1, endpoint: Some(0), over_budget: false }]);
    }

    #[test]
    fn a_finding_and_its_statement_know_each_other() {
        let mut report = report();
        let parent = Evidence::Statements {
            fingerprint: "g".into(),
            sql: String::new(),
            count: 1,
            total_ms: None,
            request: None,
        };
        report.findings[0].evidence.push(parent);
        assert_eq!(findings_of(&report, "f"), [0, 1]);
        assert!(findings_of(&report, "g").is_empty());
        assert_eq!(shown_by(&report.findings[0]), Some(("f", Some("GET /"))));
    }
}
