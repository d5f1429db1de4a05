//! The rules that are listed, and in which order one walks through them.

use crate::model::Severity;
use crate::protocol::RuleDoc;

pub fn severity(rule: &RuleDoc) -> Severity {
    Severity::ALL.into_iter().find(|severity| severity.as_str() == rule.severity).unwrap_or(Severity::Info)
}

/// Indexes of the rules that have all `words`: in the code, name, family, severity, or anywhere in the text.
pub fn matching(rules: &[RuleDoc], words: &str) -> Vec<usize> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let has_all = |rule: &RuleDoc| {
        let hint = if rule.hint { "hint" } else { "" };
        let parts = [&*rule.code, &*rule.name, &*rule.family, &*rule.severity, hint, &*rule.markdown];
        let parts = parts.map(str::to_lowercase);
        words.iter().all(|word| parts.iter().any(|part| part.contains(word.as_str())))
    };
    rules.iter().enumerate().filter(|(_, rule)| words.is_empty() || has_all(rule)).map(|(at, _)| at).collect()
}

/// The rules `found` by family, both in the order of the catalogue.
pub fn groups<'a>(rules: &'a [RuleDoc], found: &[usize]) -> Vec<(&'a str, Vec<usize>)> {
    let mut out: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, rule) in found.iter().filter_map(|at| Some((*at, rules.get(*at)?))) {
        match out.iter_mut().find(|(family, _)| *family == rule.family) {
            Some((_, members)) => members.push(at),
            None => out.push((&rule.family, vec![at])),
        }
    }
    out
}

/// The code of the rule `by` places after the chosen one as they are shown, not beyond the ends. Without a choice, or
/// where that is not shown, the first.
pub fn step(rules: &[RuleDoc], found: &[usize], chosen: Option<&str>, by: isize) -> Option<String> {
    let shown: Vec<&RuleDoc> =
        groups(rules, found).into_iter().flat_map(|(_, members)| members).filter_map(|at| rules.get(at)).collect();
    let now = shown.iter().position(|rule| Some(rule.code.as_str()) == chosen);
    let next = now.map_or(0, |at| at.saturating_add_signed(by).min(shown.len().saturating_sub(1)));
    shown.get(next).map(|rule| rule.code.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(code: &str, family: &str, severity: &str, markdown: &str) -> RuleDoc {
        RuleDoc {
            code: code.into(),
            name: format!("name-of-{code}"),
            family: family.into(),
            severity: severity.into(),
            hint: code == "RT402",
            summary: String::new(),
            markdown: markdown.into(),
            before: String::new(),
            after: String::new(),
        }
    }

    fn rules() -> Vec<RuleDoc> {
        vec![
            rule("RT101", "n-plus-one", "warning", "Reads a foreign key"),
            rule("RT401", "index", "info", "No index"),
            rule("RT105", "n-plus-one", "blocker", "A query per item"),
            rule("RT402", "index", "info", "Several columns"),
        ]
    }

    #[test]
    fn a_rule_is_found_by_anything_that_it_says() {
        let rules = rules();
        let found = |words: &str| matching(&rules, words);
        assert_eq!(found(""), [0, 1, 2, 3]);
        assert_eq!(found("rt4"), [1, 3]);
        assert_eq!(found("N-PLUS blocker"), [2]);
        assert_eq!(found("foreign"), [0]);
        assert_eq!(found("hint"), [3]);
        assert_eq!(found("index blocker"), [0; 0]);
    }

    #[test]
    fn one_walks_through_the_families_as_they_are_shown() {
        let rules = rules();
        let all = [0, 1, 2, 3];
        assert_eq!(groups(&rules, &all), [("n-plus-one", vec![0, 2]), ("index", vec![1, 3])]);
        let step = |chosen, by| step(&rules, &all, chosen, by).unwrap();
        assert_eq!(step(None, 1), "RT101");
        assert_eq!(step(Some("RT101"), 1), "RT105");
        assert_eq!(step(Some("RT105"), 1), "RT401");
        assert_eq!(step(Some("RT402"), 1), "RT402");
        assert_eq!(step(Some("RT101"), -1), "RT101");
        assert_eq!(step(Some("gone"), 1), "RT101");
        assert_eq!(super::step(&rules, &[], Some("RT101"), 1), None);
    }

    #[test]
    fn severities_are_those_of_findings() {
        assert_eq!(
            rules().iter().map(severity).collect::<Vec<_>>()[..3],
            [Severity::Warning, Severity::Info, Severity::Blocker]
        );
    }
}
