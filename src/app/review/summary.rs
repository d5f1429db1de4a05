//! The whole review at a glance, and why nothing was found where nothing was.

use crate::app::finding::cost::{USUAL_ROWS, value};
use crate::app::widgets::{count, plural};
use crate::model::{Cost, Finding, Term};
use crate::protocol::Review;

/// What stands in place of findings when none is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There are some.
    Findings,
    Clean(String),
    Filtered(String),
    /// All of them were dismissed.
    Dismissed(String),
    NotUnderstood(String),
}

/// `shown`: how many findings the filter admits; `dismissed`: how many the user has put out of sight.
pub fn verdict(review: &Review, shown: usize, dismissed: usize) -> Verdict {
    let all = review.report.findings.len();
    if shown > 0 {
        return Verdict::Findings;
    }
    if all > 0 && dismissed == all {
        return Verdict::Dismissed(format!("{} dismissed.", plural(all as u64, "finding was", "findings were")));
    }
    if all > 0 {
        let hidden = plural(all as u64, "finding is", "findings are");
        return Verdict::Filtered(format!("{hidden} hidden by the filter."));
    }
    let unread = review.items.iter().filter(|item| !item.elsewhere && !item.errors.is_empty()).count() as u64;
    let reviewed = review.files.iter().filter(|file| !file.context).count() as u64;
    let statements = review.report.queries.len() as u64;
    let files = plural(reviewed, "file", "files");
    if reviewed == 0 {
        return Verdict::NotUnderstood("No code was understood: see Inputs for what became of each input.".to_owned());
    }
    if statements == 0 {
        let text = format!(
            "No database query was recognised in {files}. If there are some, bring in the models that they are about."
        );
        return Verdict::NotUnderstood(text);
    }
    let mut text = format!(
        "Nothing to complain about: {} in {files} were followed.",
        plural(statements, "predicted query", "predicted queries"),
    );
    if unread > 0 {
        text.push_str(&format!(" {} could not be read whole: see Inputs.", plural(unread, "input", "inputs")));
    }
    Verdict::Clean(text)
}

/// Round trips of these findings together, without and with their rewrites: `(51, 4)`. None where no finding has a cost.
pub fn round_trips(findings: &[&Finding]) -> Option<(u64, u64)> {
    let costs = || findings.iter().filter_map(|finding| finding.cost.as_ref());
    costs().next()?;
    let sum = |terms: fn(&Cost) -> &[Term]| {
        costs().map(|cost| value(cost, terms(cost), USUAL_ROWS)).fold(0u64, u64::saturating_add)
    };
    Some((sum(|cost| &cost.before_terms), sum(|cost| &cost.after_terms)))
}

/// `51 → 4 round trips at N = 50`
pub fn round_trips_text(findings: &[&Finding]) -> Option<String> {
    let (before, after) = round_trips(findings)?;
    Some(format!("{} → {} round trips at N = {USUAL_ROWS}", count(before), count(after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sample_finding;
    use crate::protocol::{FileView, ItemOutcome};

    #[test]
    fn no_findings_has_three_reasons() {
        let mut review = Review::default();
        assert!(matches!(verdict(&review, 0, 0), Verdict::NotUnderstood(_)));
        review.files = vec![FileView { path: "a.py".into(), ..FileView::default() }];
        assert!(matches!(verdict(&review, 0, 0), Verdict::NotUnderstood(text) if text.contains("1 file")));
        assert_eq!(verdict(&review, 2, 0), Verdict::Findings);
        review.items = vec![ItemOutcome { errors: vec!["line 3".into()], ..ItemOutcome::default() }];
        assert_eq!(round_trips(&[]), None);
        review.report.findings = vec![sample_finding("a")];
        assert_eq!(verdict(&review, 0, 1), Verdict::Dismissed("1 finding was dismissed.".into()));
        assert!(matches!(verdict(&review, 0, 0), Verdict::Filtered(_)));
    }
}
