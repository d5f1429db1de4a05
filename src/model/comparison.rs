//! Two captures of one program, one from before and one from after a change.

use serde::{Deserialize, Serialize};

use super::Finding;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// Names of the inputs from before.
    pub before: Vec<String>,
    /// Findings of before that are gone, though what showed them ran again.
    pub fixed: Vec<Finding>,
    /// Findings of before in requests that did not run again.
    pub not_run: u32,
    /// Findings that were not there before.
    pub new: u32,
    /// Those that both captures have, by name.
    pub endpoints: Vec<EndpointChange>,
    /// Statements that came, went, or changed as much as alerts ask for; the most executions first.
    pub queries: Vec<QueryChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointChange {
    pub name: String,
    pub before: EndpointNumbers,
    pub after: EndpointNumbers,
    /// `queries`: half as many again; `p95_ms`: twice as long.
    pub alerts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EndpointNumbers {
    pub requests: u64,
    pub queries_p95: u64,
    pub p95_ms: Option<f64>,
}

/// `None` where the capture has none of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryChange {
    pub fingerprint: String,
    pub sql: String,
    pub before: Option<QueryNumbers>,
    pub after: Option<QueryNumbers>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryNumbers {
    pub executions: u64,
    /// Of the requests that send it; `None` where nothing bounds requests.
    pub per_request: Option<f64>,
    pub p95_ms: Option<f64>,
}
