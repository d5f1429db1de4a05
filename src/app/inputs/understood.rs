//! What became of an entry, in the few words that its row has room for.

use std::collections::BTreeMap;

use crate::app::widgets::plural;
use crate::protocol::ItemOutcome;

/// What a row of the list says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Understood {
    /// `diff`, or `8 python, 2 template` for a folder.
    pub format: String,
    /// Why it was taken for that.
    pub why: String,
    pub text: String,
    pub notes: Vec<String>,
    pub errors: Vec<String>,
}

/// Of a folder's notes and errors, as many are listed.
const MOST: usize = 12;

/// `outcomes`: each with the path of its part.
pub fn understood<'a>(outcomes: impl Iterator<Item = (&'a str, &'a ItemOutcome)>) -> Understood {
    let outcomes: Vec<_> = outcomes.collect();
    let text = text(outcomes.iter().map(|(_, outcome)| *outcome));
    if let [(_, only)] = outcomes.as_slice() {
        return Understood {
            format: only.format.clone(),
            why: only.why.clone(),
            text,
            notes: only.notes.clone(),
            errors: only.errors.clone(),
        };
    }
    let mut formats = BTreeMap::<&str, u64>::new();
    let mut notes = Vec::new();
    let mut errors = Vec::new();
    for (path, outcome) in &outcomes {
        *formats.entry(&outcome.format).or_default() += 1;
        notes.extend(outcome.notes.iter().map(|note| format!("{path}: {note}")));
        errors.extend(outcome.errors.iter().map(|error| match error.starts_with(path) {
            true => error.clone(),
            false => format!("{path}: {error}"),
        }));
    }
    let mut formats: Vec<_> = formats.into_iter().collect();
    formats.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let formats: Vec<String> = formats.iter().map(|(format, count)| format!("{count} {format}")).collect();
    Understood {
        format: formats.join(", "),
        why: String::new(),
        text,
        notes: shortened(notes),
        errors: shortened(errors),
    }
}

/// `3 files, 41 functions, 6 models`, summed over all parts.
fn text<'a>(outcomes: impl Iterator<Item = &'a ItemOutcome>) -> String {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    let mut context = false;
    for outcome in outcomes {
        context |= outcome.context;
        for (what, count) in &outcome.understood {
            match counts.iter_mut().find(|(known, _)| known == what) {
                Some((_, sum)) => *sum += count,
                None => counts.push((what, *count)),
            }
        }
    }
    counts.retain(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.iter().map(|(what, count)| plural(*count, what, &format!("{what}s"))).collect();
    let mut text = counts.join(", ");
    if context {
        text.push_str(" around the diff: only what the diff changes is judged");
    }
    text
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST {
        let left = lines.len() - MOST + 1;
        lines.truncate(MOST - 1);
        lines.push(format!("and {left} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(format: &str, error: &str) -> ItemOutcome {
        let errors = Some(error.to_owned()).filter(|error| !error.is_empty()).into_iter().collect();
        let understood = vec![("file".to_owned(), 1), ("model".to_owned(), 2)];
        ItemOutcome { format: format.into(), understood, errors, ..ItemOutcome::default() }
    }

    #[test]
    fn a_folder_counts_its_formats_and_names_its_errors() {
        let outcomes = [outcome("template", ""), outcome("python", "line 3"), outcome("python", "c.py:1: odd")];
        let seen = understood(["a", "b", "c.py"].into_iter().zip(&outcomes));
        assert_eq!(seen.format, "2 python, 1 template");
        assert_eq!(seen.text, "3 files, 6 models");
        assert_eq!(seen.errors, ["b: line 3", "c.py:1: odd"]);
        let only = understood([("a.diff", &outcomes[0])].into_iter());
        assert_eq!((only.format.as_str(), only.text.as_str()), ("template", "1 file, 2 models"));
        let around = ItemOutcome { context: true, ..outcomes[0].clone() };
        let seen = understood([("a", &around)].into_iter());
        assert_eq!(seen.text, "1 file, 2 models around the diff: only what the diff changes is judged");
    }

    #[test]
    fn a_long_list_is_cut() {
        let lines = shortened((0..100).map(|n| n.to_string()).collect());
        assert_eq!(lines.len(), MOST);
        assert_eq!(lines.last().map(String::as_str), Some("and 89 more"));
    }
}
