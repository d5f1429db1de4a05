//! Light, dark, or as the system has it: an attribute of the document, remembered by the browser.

use leptos::prelude::*;

use super::storage;

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
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    let known = [Theme::Light, Theme::Dark].into_iter().find(|theme| stored.as_deref() == Some(theme.id()));
    let theme = RwSignal::new(known.unwrap_or_default());
    Effect::new(move |_| {
        let theme = theme.get();
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                chosen => root.set_attribute("data-theme", chosen.id()),
            };
        }
        let _ = storage().map(|storage| match theme {
            Theme::System => storage.remove_item(KEY),
            chosen => storage.set_item(KEY, chosen.id()),
        });
    });
    theme
}
