//! The whole review at a glance, and why nothing was found where nothing was.

use crate::app::finding::cost::{USUAL_ROWS, value, value_of};
use crate::app::widgets::{count, plural};
use crate::model::{Cost, Family, Finding, Function, Term};
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

/// `207 round trips at N = 50, 202 needless`: of one call of each function, and what the findings would save of them.
/// None where no finding has a cost.
pub fn round_trips_text(functions: &[Function], findings: &[&Finding]) -> Option<String> {
    let costs = || findings.iter().filter_map(|finding| finding.cost.as_ref());
    costs().next()?;
    let saved = |cost: &Cost| {
        let trips = |terms: &[Term]| value(cost, terms, USUAL_ROWS);
        trips(&cost.before_terms).saturating_sub(trips(&cost.after_terms))
    };
    let needless = costs().map(saved).fold(0, u64::saturating_add);
    let all = functions.iter().map(trips).fold(0, u64::saturating_add).max(needless);
    Some(format!("{} at N = {USUAL_ROWS}, {} needless", plural(all, "round trip", "round trips"), count(needless)))
}

/// Of one call.
fn trips(function: &Function) -> u64 {
    value_of(&function.loops, &function.terms, USUAL_ROWS)
}

/// The function that asks most when each loop has the usual rows, and how often that is; none where at most one asks.
pub fn worst_function(review: &Review) -> Option<(&Function, u64)> {
    let functions = &review.report.functions;
    let worst = functions.iter().rev().max_by_key(|function| trips(function))?;
    (functions.len() > 1).then(|| (worst, trips(worst)))
}

/// How many findings each family has, the most first.
pub fn families(findings: &[&Finding]) -> Vec<(Family, usize)> {
    let mut out: Vec<(Family, usize)> = Vec::new();
    for finding in findings {
        match out.iter_mut().find(|(family, _)| *family == finding.family) {
            Some((_, count)) => *count += 1,
            None => out.push((finding.family, 1)),
        }
    }
    out.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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
        assert_eq!(round_trips_text(&[], &[]), None);
        review.report.findings = vec![sample_finding("a")];
        assert_eq!(verdict(&review, 0, 1), Verdict::Dismissed("1 finding was dismissed.".into()));
        assert!(matches!(verdict(&review, 0, 0), Verdict::Filtered(_)));
    }

    #[test]
    fn the_worst_function_asks_most_at_the_usual_rows() {
        let function = |name: &str, count: u32, loops: &[&str]| Function {
            path: "a.py".into(),
            name: name.into(),
            line: 1,
            round_trips: String::new(),
            exact: true,
            terms: vec![Term { count, loops: loops.iter().map(|letter| (*letter).to_owned()).collect() }],
            loops: BTreeMap::new(),
        };
        let mut review = Review::default();
        review.report.functions = vec![function("short", 40, &[])];
        assert_eq!(worst_function(&review), None);
        review.report.functions.extend([function("long", 2, &["N"]), function("as long", 2, &["N"])]);
        assert_eq!(worst_function(&review).map(|(worst, trips)| (worst.name.as_str(), trips)), Some(("long", 100)));
    }

    #[test]
    fn families_are_counted() {
        let of = |family| Finding { family, ..sample_finding("") };
        let findings = [of(Family::Index), of(Family::NPlusOne), of(Family::NPlusOne)];
        let counted = families(&findings.iter().collect::<Vec<_>>());
        assert_eq!(counted, [(Family::NPlusOne, 2), (Family::Index, 1)]);
    }
}
