//! What the page has to say, above whatever is shown.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Info,
    Warning,
}

/// What a notice's button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Puts back what was removed from the workspace last.
    Restore,
    /// Agrees to the new build.
    Update,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u32,
    pub tone: Tone,
    pub text: String,
    pub action: Option<Action>,
}

/// The notices that were not dismissed yet, oldest first.
#[derive(Clone, Copy)]
pub struct Notices {
    shown: RwSignal<Vec<Notice>>,
    next: StoredValue<u32>,
}

/// Older ones give way: nobody reads a wall of them.
const MOST: usize = 4;

impl Notices {
    pub(super) fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) }
    }

    pub fn shown(&self) -> ReadSignal<Vec<Notice>> {
        self.shown.read_only()
    }

    pub fn say(&self, text: impl Into<String>) {
        self.add(Tone::Info, text.into(), None);
    }

    pub fn warn(&self, text: impl Into<String>) {
        self.add(Tone::Warning, text.into(), None);
    }

    /// Replaces an earlier offer of the same.
    pub fn offer(&self, text: impl Into<String>, action: Action) {
        self.withdraw(action);
        self.add(Tone::Info, text.into(), Some(action));
    }

    pub fn withdraw(&self, action: Action) {
        self.shown.update(|shown| shown.retain(|notice| notice.action != Some(action)));
    }

    pub fn dismiss(&self, id: u32) {
        self.shown.update(|shown| shown.retain(|notice| notice.id != id));
    }

    fn add(&self, tone: Tone, text: String, action: Option<Action>) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.shown.update(|shown| {
            shown.retain(|notice| notice.text != text);
            shown.push(Notice { id, tone, text, action });
            if shown.len() > MOST {
                shown.remove(0);
            }
        });
    }
}
