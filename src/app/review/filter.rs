//! The words of the filter box: `blocker family:n-plus-one file:vi -rule:RT304 topic`.
//!
//! All of them must hold; severities that are named together are alternatives. A minus turns a word round. `decided:` is
//! `accept`, `dismiss`, `later` or `open`; what was dismissed is not shown without it.

use crate::model::{Decision, Finding, Severity};

/// Shows what was dismissed.
pub const DISMISSED: &str = "decided:dismiss";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    severities: Vec<Severity>,
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    not: bool,
    field: Field,
    /// In lower case.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Severity,
    Family,
    File,
    Rule,
    Confidence,
    /// What the user has decided.
    Decided,
    Any,
}

const FIELDS: [(&str, Field); 6] = [
    ("severity:", Field::Severity),
    ("family:", Field::Family),
    ("file:", Field::File),
    ("rule:", Field::Rule),
    ("confidence:", Field::Confidence),
    ("decided:", Field::Decided),
];

impl Filter {
    pub fn parse(text: &str) -> Filter {
        let mut filter = Filter::default();
        for word in text.to_lowercase().split_whitespace() {
            let (not, word) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (true, rest),
                _ => (false, word),
            };
            let known = FIELDS.iter().find_map(|(name, field)| Some((*field, word.strip_prefix(name)?)));
            let severity = |text: &str| Severity::ALL.into_iter().find(|severity| severity.as_str() == text);
            match (known.unwrap_or((Field::Any, word)), not) {
                ((Field::Any | Field::Severity, word), false) if severity(word).is_some() => {
                    filter.severities.extend(severity(word));
                }
                ((Field::Any, word), true) if severity(word).is_some() => {
                    filter.words.push(Word { not, field: Field::Severity, text: word.to_owned() });
                }
                // A field that is still being typed.
                ((_, ""), _) => {}
                ((field, text), not) => filter.words.push(Word { not, field, text: text.to_owned() }),
            }
        }
        filter
    }

    /// What was dismissed is asked for by its word only.
    pub fn admits(&self, finding: &Finding, decided: Option<Decision>) -> bool {
        let severity = self.severities.is_empty() || self.severities.contains(&finding.severity);
        let asked = self.words.iter().any(|word| word.field == Field::Decided && !word.not);
        let in_sight = decided != Some(Decision::Dismiss) || asked;
        severity && in_sight && self.words.iter().all(|word| word.holds(finding, decided) != word.not)
    }
}

impl Word {
    fn holds(&self, finding: &Finding, decided: Option<Decision>) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        let path = finding.path.as_deref().unwrap_or_default();
        match self.field {
            Field::Severity => finding.severity.as_str() == self.text,
            Field::Family => finding.family.as_str().starts_with(&self.text),
            Field::File => has(path),
            Field::Rule => finding.rule.eq_ignore_ascii_case(&self.text) || finding.name == self.text,
            Field::Confidence => finding.confidence.as_str() == self.text,
            Field::Decided => decided.map_or("open", Decision::as_str) == self.text,
            Field::Any => [path, &finding.rule, &finding.name, &finding.message].into_iter().any(has),
        }
    }
}

/// The filter with this word of a field, in place of another of that field; without it, where it was there.
pub fn toggled(filter: &str, word: &str) -> String {
    let field = word.split_inclusive(':').next().unwrap_or(word);
    let mut words: Vec<&str> = filter.split_whitespace().filter(|known| !known.starts_with(field)).collect();
    if !filter.split_whitespace().any(|known| known == word) {
        words.push(word);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sample_finding;
    use crate::model::Confidence;

    fn finding(path: &str, severity: Severity) -> Finding {
        let path = Some(path.to_owned());
        let message = "Topic.forum is read once per row".to_owned();
        Finding { path, severity, message, confidence: Confidence::Likely, ..sample_finding("") }
    }

    #[test]
    fn every_word_must_hold() {
        let blocker = finding("app/views.py", Severity::Blocker);
        let info = finding("app/models.py", Severity::Info);
        let admitted = |text| [&blocker, &info].map(|finding| Filter::parse(text).admits(finding, None));
        assert_eq!(admitted(""), [true, true]);
        assert_eq!(admitted("blocker family:n-plus-one file:vi"), [true, false]);
        assert_eq!(admitted("Blocker info"), [true, true]);
        assert_eq!(admitted("-blocker"), [false, true]);
        assert_eq!(admitted("rule:rt101 rule:fk-in-loop confidence:likely"), [true, true]);
        assert_eq!(admitted("-file:models topic.FORUM"), [true, false]);
        assert_eq!(admitted("severity:warning"), [false, false]);
    }

    #[test]
    fn what_was_dismissed_is_out_of_sight() {
        let finding = finding("app/views.py", Severity::Info);
        let all = [None, Some(Decision::Accept), Some(Decision::Dismiss), Some(Decision::Later)];
        let admitted = |text| all.map(|decided| Filter::parse(text).admits(&finding, decided));
        assert_eq!(admitted(""), [true, true, false, true]);
        assert_eq!(admitted(DISMISSED), [false, false, true, false]);
        assert_eq!(admitted("decided:open"), [true, false, false, false]);
        assert_eq!(admitted("-decided:later"), [true, true, false, false]);
    }

    #[test]
    fn a_field_has_one_word_at_a_time() {
        assert_eq!(toggled("blocker  family:index", "family:n-plus-one"), "blocker family:n-plus-one");
        assert_eq!(toggled("blocker family:n-plus-one", "family:n-plus-one"), "blocker");
        assert_eq!(toggled("", "family:index"), "family:index");
    }

    #[test]
    fn a_word_that_is_still_typed_hides_nothing() {
        assert_eq!(Filter::parse(" file: "), Filter::default());
        assert!(Filter::parse("family:").admits(&finding("a.py", Severity::Info), None));
        assert_ne!(Filter::parse("-"), Filter::default());
    }
}
