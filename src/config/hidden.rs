//! Findings that someone has dealt with already: a former report as baseline, and the page's decisions.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::model::{Decision, InputError};

/// What a person has decided on findings, by their fingerprint. The page writes this file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Triage {
    pub version: u32,
    pub decisions: BTreeMap<String, Decided>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub decision: Decision,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Default for Triage {
    fn default() -> Self {
        Self { version: 1, decisions: BTreeMap::new() }
    }
}

impl Triage {
    pub fn dismissed(&self) -> HashSet<String> {
        let dismissed = self.decisions.iter().filter(|(_, decided)| decided.decision == Decision::Dismiss);
        dismissed.map(|(fingerprint, _)| fingerprint.clone()).collect()
    }
}

/// # Errors
/// Names the line, and what was expected there.
pub fn parse_triage(path: &str, text: &str) -> Result<Triage, InputError> {
    from_json(path, text, "a file of decisions (\"version\", \"decisions\")")
}

/// The fingerprints that a former report (`--format json`) holds.
///
/// # Errors
/// Names the line, and what was expected there.
pub fn parse_baseline(path: &str, text: &str) -> Result<HashSet<String>, InputError> {
    #[derive(Deserialize)]
    struct Former {
        findings: Vec<Known>,
    }
    #[derive(Deserialize)]
    struct Known {
        fingerprint: String,
    }
    let former: Former = from_json(path, text, "a report (--format json)")?;
    Ok(former.findings.into_iter().map(|known| known.fingerprint).collect())
}

fn from_json<T: serde::de::DeserializeOwned>(path: &str, text: &str, what: &str) -> Result<T, InputError> {
    serde_json::from_str(text).map_err(|error| InputError {
        path: path.to_owned(),
        line: u32::try_from(error.line()).ok().filter(|line| *line > 0),
        message: format!("expected {what}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Report;

    #[test]
    fn dismissed_ones_are_named() {
        let text = r#"{"version": 1, "decisions": {
            "aa": {"decision": "dismiss", "reason": "twelve rows at most"},
            "bb": {"decision": "accept"}, "cc": {"decision": "later"}}}"#;
        let triage = parse_triage("t.json", text).unwrap();
        assert_eq!(triage.dismissed(), HashSet::from(["aa".to_owned()]));
        assert_eq!(parse_triage("t.json", &serde_json::to_string(&triage).unwrap()).unwrap(), triage);
        let error = parse_triage("t.json", "{\"version\": 1,\n\"decisions\": {\"a\": {\"decision\": \"maybe\"}}}");
        assert_eq!(error.unwrap_err().line, Some(2));
    }

    #[test]
    fn any_report_is_a_baseline() {
        let report = serde_json::to_string(&Report::default()).unwrap();
        assert!(parse_baseline("b.json", &report).unwrap().is_empty());
        assert_eq!(parse_baseline("b.json", r#"{"findings": [{"fingerprint": "x"}]}"#).unwrap().len(), 1);
        assert!(parse_baseline("b.json", "[]").unwrap_err().message.contains("expected a report"));
    }
}
