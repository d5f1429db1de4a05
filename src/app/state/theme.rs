//! Light, dark, or as the system has it: an attribute of the document, remembered by the browser.

use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

const KEY: &str = "roundtrip.theme";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn id(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }
}

/// The theme as it was chosen last; follows every change into the document.
pub fn signal() -> RwSignal<Theme> {
    // Storage may be forbidden; then it is the system's every time.
    let stored = LocalStorage::get::<String>(KEY).unwrap_or_default();
    let known = [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.id() == stored);
    let theme = RwSignal::new(known.unwrap_or_default());
    Effect::new(move |_| {
        let theme = theme.get();
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                chosen => root.set_attribute("data-theme", chosen.id()),
            };
        }
        match theme {
            Theme::System => LocalStorage::delete(KEY),
            chosen => {
                let _ = LocalStorage::set(KEY, chosen.id());
            }
        }
    });
    theme
}
