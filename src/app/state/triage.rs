//! What the user has decided on findings, by their fingerprints: remembered by the browser, taken along as the file that
//! `roundtrip --triage` reads.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use gloo_events::EventListener;
use js_sys::{JSON, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::StorageEvent;

use super::storage;
use crate::model::{Decision, Finding};

const KEY: &str = "roundtrip.triage";

/// A decision and its reason, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    pub reason: String,
}

pub type Decisions = BTreeMap<String, Decided>;

#[derive(Clone, Copy)]
pub struct Triage(RwSignal<Decisions>);

impl Triage {
    pub(super) fn new() -> Self {
        let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
        let decisions = RwSignal::new(stored.as_deref().map(read_lines).unwrap_or_default());
        Effect::new(move |_| {
            let lines = decisions.with(write_lines);
            let _ = storage().map(|storage| match lines.as_str() {
                "" => storage.remove_item(KEY),
                lines => storage.set_item(KEY, lines),
            });
        });
        // Another tab decided: what is written next has it too.
        let listener = EventListener::new(&window(), "storage", move |event| {
            let Some(event) = event.dyn_ref::<StorageEvent>().filter(|event| event.key().as_deref() == Some(KEY))
            else {
                return;
            };
            let elsewhere = event.new_value().as_deref().map(read_lines).unwrap_or_default();
            if decisions.with_untracked(|known| *known != elsewhere) {
                decisions.set(elsewhere);
            }
        });
        listener.forget();
        Self(decisions)
    }

    /// What is decided here already stays.
    pub(super) fn add_unknown(&self, mut decisions: Decisions) {
        if !decisions.is_empty() {
            self.0.update(|known| {
                decisions.append(known);
                *known = decisions;
            });
        }
    }

    /// Those on some findings, by their fingerprints.
    pub fn only(&self, of: &BTreeSet<String>) -> Decisions {
        let is_of = |(known, _): &(&String, &Decided)| of.contains(*known);
        let owned = |(known, decided): (&String, &Decided)| (known.clone(), decided.clone());
        self.0.with_untracked(|decisions| decisions.iter().filter(is_of).map(owned).collect())
    }

    pub(super) fn forget(&self) {
        self.0.set(Decisions::new());
    }

    pub(super) fn notify(&self) {
        self.0.notify();
    }

    pub fn of(&self, fingerprint: &str) -> Option<Decided> {
        self.0.with(|decisions| decisions.get(fingerprint).cloned())
    }

    pub fn with<T>(&self, look: impl FnOnce(&Decisions) -> T) -> T {
        self.0.with(look)
    }

    /// `None` takes a decision back.
    pub fn decide(&self, fingerprint: &str, decided: Option<Decided>) {
        self.0.update(|decisions| {
            match decided {
                Some(decided) => decisions.insert(fingerprint.to_owned(), decided),
                None => decisions.remove(fingerprint),
            };
        });
    }

    /// Fingerprints of what is not to be shown or taken along.
    pub fn dismissed(&self) -> HashSet<String> {
        self.0.with(dismissed)
    }

    /// Decisions of a file, beside those that are known; what it says of the same finding wins. Gives how many it holds.
    ///
    /// # Errors
    /// What was expected of the file.
    pub fn take_in(&self, text: &str) -> Result<usize, String> {
        let read = read_json(text).ok_or("expected a file of decisions (\"version\", \"decisions\")")?;
        let count = read.len();
        self.0.update(|decisions| decisions.extend(read));
        Ok(count)
    }

    /// The file.
    pub fn to_json(&self) -> String {
        self.0.with_untracked(|decisions| {
            let each = decisions.iter().map(|(fingerprint, Decided { decision, reason })| {
                let reason = match reason.as_str() {
                    "" => String::new(),
                    reason => format!(", \"reason\": {}", quoted(reason)),
                };
                format!("    {}: {{\"decision\": \"{}\"{reason}}}", quoted(fingerprint), decision.as_str())
            });
            let each: Vec<String> = each.collect();
            format!("{{\n  \"version\": 1,\n  \"decisions\": {{\n{}\n  }}\n}}\n", each.join(",\n"))
        })
    }
}

/// Whether a finding is out of sight.
pub fn is_dismissed(decisions: &Decisions, finding: &Finding) -> bool {
    decisions.get(&finding.fingerprint).is_some_and(|decided| decided.decision == Decision::Dismiss)
}

fn dismissed(decisions: &Decisions) -> HashSet<String> {
    let dismissed = decisions.iter().filter(|(_, decided)| decided.decision == Decision::Dismiss);
    dismissed.map(|(fingerprint, _)| fingerprint.clone()).collect()
}

/// As the browser keeps it: a line each, fields parted by tabs.
pub(super) fn write_lines(decisions: &Decisions) -> String {
    let line = |(fingerprint, decided): (&String, &Decided)| {
        format!("{fingerprint}\t{}\t{}\n", decided.decision.as_str(), decided.reason.replace(['\n', '\t'], " "))
    };
    decisions.iter().map(line).collect()
}

/// Lines that say nothing are left out.
pub(super) fn read_lines(text: &str) -> Decisions {
    let read = |line: &str| {
        let mut fields = line.splitn(3, '\t');
        let fingerprint = fields.next().filter(|fingerprint| !fingerprint.is_empty())?;
        let decision = Decision::from_name(fields.next()?)?;
        Some((fingerprint.to_owned(), Decided { decision, reason: fields.next().unwrap_or_default().to_owned() }))
    };
    text.split('\n').filter_map(read).collect()
}

/// By the browser's parser: the page has none.
fn read_json(text: &str) -> Option<Decisions> {
    let file = JSON::parse(text).ok()?;
    let decisions: Object = Reflect::get(&file, &"decisions".into()).ok()?.dyn_into().ok()?;
    let field = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok()?.as_string();
    let read = |entry: JsValue| {
        let pair: js_sys::Array = entry.dyn_into().ok()?;
        let decision = Decision::from_name(&field(&pair.get(1), "decision")?)?;
        let reason = field(&pair.get(1), "reason").unwrap_or_default();
        Some((pair.get(0).as_string()?, Decided { decision, reason }))
    };
    Object::entries(&decisions).iter().map(read).collect()
}

fn quoted(text: &str) -> String {
    JSON::stringify(&text.into()).map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sample_finding;

    #[test]
    fn what_is_remembered_comes_back() {
        let decided = |decision, reason: &str| Decided { decision, reason: reason.to_owned() };
        let decisions = Decisions::from([
            ("a".to_owned(), decided(Decision::Dismiss, "twelve rows at most")),
            ("b".to_owned(), decided(Decision::Later, "")),
            ("c".to_owned(), decided(Decision::Accept, "yes")),
        ]);
        assert_eq!(read_lines(&write_lines(&decisions)), decisions);
        assert_eq!(dismissed(&decisions), HashSet::from(["a".to_owned()]));
        assert!(is_dismissed(&decisions, &sample_finding("a")) && !is_dismissed(&decisions, &sample_finding("b")));
        let broken = decided(Decision::Accept, "one\tand\ntwo");
        let kept = read_lines(&write_lines(&Decisions::from([("d".to_owned(), broken)])));
        assert_eq!(kept["d"].reason, "one and two");
    }

    #[test]
    fn lines_of_another_making_are_left_out() {
        assert_eq!(read_lines("a\tmaybe\tx\n\nb\n\taccept\n"), Decisions::new());
    }
}
