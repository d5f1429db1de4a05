//! A finished review, shared by everything that shows it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use crate::model::Finding;
use crate::protocol::Review;

/// Cheap to clone; two are equal when they are of the same run.
#[derive(Debug, Clone)]
pub struct Reviewed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    review: Review,
    /// One for each finding, in the report's order.
    keys: Vec<String>,
}

impl Reviewed {
    pub fn new(review: Review) -> Self {
        let mut seen = BTreeMap::<String, u32>::new();
        let key = |finding: &Finding| {
            let fingerprint = &finding.fingerprint;
            let times = seen.entry(fingerprint.clone()).or_default();
            *times += 1;
            if *times == 1 { fingerprint.clone() } else { format!("{fingerprint}-{times}") }
        };
        let keys = review.report.findings.iter().map(key).collect();
        Self(Arc::new(Inner { review, keys }))
    }

    /// What a finding is called in the address: its fingerprint, numbered where two have the same one.
    pub fn key(&self, finding: usize) -> Option<&str> {
        self.0.keys.get(finding).map(String::as_str)
    }

    /// Index of the finding with this key in the report.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.0.keys.iter().position(|known| known == key)
    }

    pub fn finding(&self, index: usize) -> Option<&Finding> {
        self.0.review.report.findings.get(index)
    }

    /// Index of the file with this path in the code view.
    pub fn file(&self, path: &str) -> Option<usize> {
        self.0.review.files.iter().position(|file| file.path == path)
    }
}

impl Deref for Reviewed {
    type Target = Review;

    fn deref(&self) -> &Review {
        &self.0.review
    }
}

impl PartialEq for Reviewed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A blocker with nothing but its fingerprint, for tests.
#[cfg(test)]
pub fn sample_finding(fingerprint: &str) -> Finding {
    use crate::model::{Confidence, Family, FindingSource, Severity};

    Finding {
        rule: "RT101".into(),
        name: "fk-in-loop".into(),
        family: Family::NPlusOne,
        severity: Severity::Blocker,
        hint: false,
        confidence: Confidence::Certain,
        source: FindingSource::Code,
        path: None,
        line: None,
        column: None,
        end_line: None,
        end_column: None,
        message: String::new(),
        introduced: None,
        cost: None,
        evidence: Vec::new(),
        rewrite: None,
        advice: String::new(),
        fingerprint: fingerprint.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Report;

    #[test]
    fn findings_with_one_fingerprint_have_two_keys() {
        let findings = ["a", "b", "a"].map(sample_finding).to_vec();
        let reviewed = Reviewed::new(Review { report: Report { findings, ..Report::default() }, ..Review::default() });
        assert_eq!((0..4).map(|at| reviewed.key(at)).collect::<Vec<_>>(), [Some("a"), Some("b"), Some("a-2"), None]);
        assert_eq!(reviewed.find("a-2"), Some(2));
        assert_eq!(reviewed.find("c"), None);
    }
}
