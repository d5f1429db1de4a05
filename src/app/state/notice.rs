//! What the page has to say, above whatever is shown.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Info,
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u32,
    pub tone: Tone,
    pub text: String,
    /// Offers a new build of the page.
    pub is_update: bool,
}

/// The notices that were not dismissed yet, oldest first.
#[derive(Clone, Copy)]
pub struct Notices {
    shown: RwSignal<Vec<Notice>>,
    next: StoredValue<u32>,
}

/// Older ones give way: nobody reads a wall of them.
const MOST: usize = 4;
/// Long enough to read two lines twice.
const SAID_MS: u32 = 12_000;

impl Notices {
    pub(super) fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) }
    }

    pub fn shown(&self) -> ReadSignal<Vec<Notice>> {
        self.shown.read_only()
    }

    /// It goes by itself: there is nothing to do about it.
    pub fn say(&self, text: impl Into<String>) {
        let id = self.add(Tone::Info, text.into(), false);
        let notices = *self;
        Timeout::new(SAID_MS, move || notices.dismiss(id)).forget();
    }

    pub fn warn(&self, text: impl Into<String>) {
        self.add(Tone::Warning, text.into(), false);
    }

    /// It stays until it is dismissed.
    pub fn tell(&self, text: String) {
        self.add(Tone::Info, text, false);
    }

    /// Replaces an earlier offer.
    pub fn offer_update(&self, text: &str) {
        self.shown.update(|shown| shown.retain(|notice| !notice.is_update));
        self.add(Tone::Info, text.to_owned(), true);
    }

    pub fn dismiss(&self, id: u32) {
        self.shown.update(|shown| shown.retain(|notice| notice.id != id));
    }

    fn add(&self, tone: Tone, text: String, is_update: bool) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        self.shown.update(|shown| {
            shown.retain(|notice| notice.text != text);
            shown.push(Notice { id, tone, text, is_update });
            if shown.len() > MOST {
                shown.remove(0);
            }
        });
        id
    }
}
