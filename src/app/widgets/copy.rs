//! Into the clipboard.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::app::state::App;

/// A button that copies what `text` gives at that moment, and says that it did.
#[component]
pub fn CopyButton(
    text: impl Fn() -> String + 'static,
    #[prop(default = "Copy")] label: &'static str,
    #[prop(default = "copy")] testid: &'static str,
) -> impl IntoView {
    let app = App::get();
    let done = RwSignal::new(false);
    let on_click = move |_| {
        copy(app, text(), move || {
            // The button may be gone by then.
            done.try_set(true);
            let again = move || {
                done.try_set(false);
            };
            set_timeout(again, Duration::from_millis(1_500));
        });
    };
    view! {
        <button data-testid=testid on:click=on_click>
            <span aria-live="polite">{move || if done.get() { "Copied" } else { label }}</span>
        </button>
    }
}

/// Copies `text`, then calls `then`; says so where the browser refuses.
pub fn copy(app: App, text: String, then: impl FnOnce() + 'static) {
    let written = window().navigator().clipboard().write_text(&text);
    spawn_local(async move {
        match JsFuture::from(written).await {
            Ok(_) => then(),
            Err(_) => app.notices.warn("The browser did not allow copying; select the text and copy it by hand."),
        }
    });
}
