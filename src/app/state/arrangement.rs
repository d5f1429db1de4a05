//! How the code view arranges a change, remembered by the browser.

use leptos::prelude::*;

use super::storage;

const KEY: &str = "roundtrip.side-by-side";

/// Whether before and after stand side by side.
pub fn side_by_side() -> RwSignal<bool> {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    let chosen = RwSignal::new(stored.is_some());
    Effect::new(move |_| {
        let chosen = chosen.get();
        let _ = storage().map(|storage| match chosen {
            true => storage.set_item(KEY, "1"),
            false => storage.remove_item(KEY),
        });
    });
    chosen
}
