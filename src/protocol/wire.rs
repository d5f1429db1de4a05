//! Messages as bytes. Both sides are of one build, so nothing in them names a field: the page's decoder is a third of
//! what JSON takes, and ten times as fast.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A message that cannot be written or read: one of another build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError(postcard::Error);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for WireError {}

pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_allocvec(message).map_err(WireError)
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    postcard::from_bytes(bytes).map_err(WireError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, Evidence, Kind, LogQuery, Orm, Plan, Prediction, QueryRow, Report};
    use crate::protocol::{Answer, Review};

    /// What JSON spells without a tag, or with values of any shape, has to arrive too.
    #[test]
    fn a_report_arrives_as_it_was_sent() {
        let mut report = Report::default();
        report.queries.push(QueryRow::Observed(LogQuery {
            fingerprint: "0123456789abcdef".into(),
            sql: "SELECT ?".into(),
            kind: Kind::Select,
            tables: vec!["a".into()],
            executions: u64::MAX,
            distinct_params: None,
            total_ms: Some(0.1),
            mean_ms: None,
            p95_ms: None,
            max_ms: None,
            requests: None,
            code: Vec::new(),
        }));
        report.queries.push(QueryRow::Predicted(Prediction {
            path: "a.py".into(),
            line: 1,
            column: 2,
            end_line: 1,
            orm: Orm::Django,
            model: None,
            kind: Kind::Count,
            sql: String::new(),
            fingerprint: String::new(),
            loops: vec!["N".into()],
            loop_: Default::default(),
            built: None,
            via: Vec::new(),
            confidence: Confidence::Certain,
        }));
        report.plans.push(Plan {
            fingerprint: None,
            nodes: serde_json::json!({"Node Type": "Seq Scan", "Plans": [{"Rows": 1.5, "Loops": -2, "Hit": 3, "Index": null, "Fresh": true}]}),
            problems: Vec::new(),
        });
        let answer = Answer::Reviewed { job: 7, review: Box::new(Review { report, ..Review::default() }) };
        let bytes = encode(&answer).unwrap();
        assert_eq!(decode::<Answer>(&bytes), Ok(answer));
        for cut in 0..bytes.len() {
            assert!(decode::<Answer>(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn evidence_arrives_as_it_was_sent() {
        let evidence = vec![
            Evidence::Code { path: "a.py".into(), line: 3, message: "built here".into() },
            Evidence::Statements {
                fingerprint: "f".into(),
                sql: "SELECT ?".into(),
                count: 48,
                total_ms: Some(31.2),
                request: None,
            },
        ];
        assert_eq!(decode::<Vec<Evidence>>(&encode(&evidence).unwrap()), Ok(evidence.clone()));
        let text = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Evidence>>(&text).unwrap(), evidence);
    }
}
