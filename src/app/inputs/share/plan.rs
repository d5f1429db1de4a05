//! What of the workspace goes into a link, and as what.

use std::collections::BTreeSet;

use js_sys::Array;
use leptos::prelude::*;
use web_sys::Blob;

use crate::app::state::{App, Entry, Listed, Part, Reviewed, link_hash, packed};
use crate::app::widgets::{bytes, plural};
use crate::protocol::{Item, MaskedLog};

/// Where chat tools begin to cut links.
const LONG: usize = 8_000;
/// Chromium opens none beyond two megabytes, its own address included.
const TOO_LONG: usize = 2_000_000;

/// A finished plan.
#[derive(Clone)]
pub struct Plan {
    /// Name of each entry, and what of it goes along.
    pub rows: Vec<(String, String)>,
    /// Settings and decisions, in words.
    pub beside: String,
    /// Whether there is a log whose values could be masked.
    pub has_logs: bool,
    /// For the file.
    pub packed: Vec<u8>,
    pub link: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Short,
    /// It may be cut on its way.
    Long,
    /// No browser opens it.
    TooLong,
}

pub fn length(bytes: usize) -> Length {
    match bytes {
        0..=LONG => Length::Short,
        _ if bytes <= TOO_LONG => Length::Long,
        _ => Length::TooLong,
    }
}

/// A part of an entry, as it goes along.
enum Goes {
    Plain(Part),
    Masked(MaskedLog, Part),
    /// Nobody has understood it: nobody can say what is in it.
    Not,
}

/// # Errors
/// What stands in the way, in a sentence.
pub async fn plan(app: App, mask: bool) -> Result<Plan, String> {
    let entries = app.workspace.entries().get_untracked();
    let logs = app.logs();
    let is_log = |entry: &Entry, part: usize| logs.contains(&(entry.id, part));
    let mut items = Vec::new();
    let mut blobs = Vec::new();
    for entry in &entries {
        for (_, part) in entry.parts.iter().enumerate().filter(|(index, _)| mask && is_log(entry, *index)) {
            items.push(Item {
                name: part.name.clone(),
                format: entry.format.clone(),
                size: part.size(),
                before: false,
            });
            blobs.push(part.blob.clone());
        }
    }
    let answers = match items.is_empty() {
        true => Vec::new(),
        false => {
            app.log.mask(items, blobs).await.map_err(|failure| format!("The logs cannot be masked: {failure}."))?
        }
    };
    let mut answers = answers.into_iter();
    let mut rows = Vec::new();
    let mut contents = Vec::new();
    let mut snapshot = app.snapshot();
    snapshot.entries.clear();
    for entry in &entries {
        let goes: Vec<Goes> = entry
            .parts
            .iter()
            .enumerate()
            .map(|(index, part)| match is_log(entry, index) {
                true if mask => Goes::Masked(answers.next().unwrap_or_default(), part.clone()),
                true => Goes::Plain(part.clone()),
                false if is_understood(part) => Goes::Plain(part.clone()),
                false => Goes::Not,
            })
            .collect();
        let row = add(entry, goes, &mut snapshot.entries, &mut contents);
        rows.push((entry.name.clone(), row));
    }
    let known = fingerprints(app);
    snapshot.decisions = app.triage.only(&known);
    let beside = match snapshot.decisions.len() {
        0 => "Settings and the view".to_owned(),
        count => format!("Settings, the view and {}", plural(count as u64, "decision", "decisions")),
    };
    let packed = packed(&snapshot, &contents).await?;
    let address = window().location().href().unwrap_or_default();
    let page = address.split('#').next().unwrap_or_default();
    let link = format!("{page}{}", link_hash(&packed));
    Ok(Plan { rows, beside, has_logs: !logs.is_empty(), packed, link })
}

fn is_understood(part: &Part) -> bool {
    part.outcome.as_ref().is_some_and(|outcome| !outcome.elsewhere && outcome.understood.iter().any(|(_, n)| *n > 0))
}

/// Lists an entry with the parts of it that go along, and says what that is.
fn add(entry: &Entry, goes: Vec<Goes>, entries: &mut Vec<Listed>, contents: &mut Vec<Blob>) -> String {
    let mut parts = Vec::new();
    let (mut masked, mut left_out) = (0, 0);
    let mut notes = BTreeSet::new();
    for one in goes {
        match one {
            Goes::Plain(part) => parts.push(part),
            Goes::Masked(log, part) => {
                notes.extend(log.notes);
                let blob = Blob::new_with_str_sequence(&Array::of1(&log.text.as_str().into()));
                match blob.ok().filter(|_| !log.text.is_empty()) {
                    Some(blob) => {
                        masked += 1;
                        // What it is now is told by its name.
                        parts.push(Part::new(format!("{}.jsonl", part.name), blob));
                    }
                    None => left_out += 1,
                }
            }
            Goes::Not => left_out += 1,
        }
    }
    let mut said = match (parts.is_empty(), masked) {
        (true, _) => "left out".to_owned(),
        (false, 0) => format!("{}, as it is", bytes(parts.iter().map(Part::size).sum())),
        (false, _) => format!("{}, literals masked", bytes(parts.iter().map(Part::size).sum())),
    };
    if parts.is_empty() && notes.is_empty() {
        said.push_str(": nothing of it was understood");
    } else if left_out > 0 && !parts.is_empty() {
        said.push_str(&format!(", without {} that nothing was understood of", plural(left_out, "file", "files")));
    }
    for note in notes {
        said.push_str("; ");
        said.push_str(&note);
    }
    if !parts.is_empty() {
        contents.extend(parts.iter().map(|part| part.blob.clone()));
        let format = entry.format.clone().filter(|_| masked == 0);
        entries.push(Listed::of(&Entry { parts, format, ..entry.clone() }));
    }
    said
}

/// Of all findings that are shown.
fn fingerprints(app: App) -> BTreeSet<String> {
    let of = |review: &Option<Reviewed>| -> Vec<String> {
        let findings = review.iter().flat_map(|review| &review.report.findings);
        findings.map(|finding| finding.fingerprint.clone()).collect()
    };
    let code = app.code_review.with_untracked(of);
    code.into_iter().chain(app.log_review.with_untracked(of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_when_it_is_long() {
        let told = [100, 8_000, 8_001, 2_000_000, 2_000_001].map(length);
        assert_eq!(told, [Length::Short, Length::Short, Length::Long, Length::Long, Length::TooLong]);
    }
}
