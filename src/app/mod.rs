//! The page, on Leptos. Knows neither engine: both are asked through `worker`.
//!
//! `state` is the one home of what is shown; `shell` is around the four views `inputs`, `review`, `queries` and
//! `rules`; `finding` and `widgets` are what more than one of them shows. Each has its stylesheet in `style/`, where
//! `tokens.css` names every colour and size.

mod callbacks;
mod export;
pub mod finding;
mod inputs;
mod queries;
mod review;
mod rules;
mod shell;
pub mod state;
pub mod widgets;
pub mod worker;

use leptos::prelude::*;

/// Mounts the page on the document's body.
pub fn mount() {
    // A release build's panics have no message.
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    // What was kept is there before anything is shown: nothing jumps. Leptos has no executor before it mounts.
    wasm_bindgen_futures::spawn_local(async {
        let found = state::Found::look().await;
        leptos::mount::mount_to_body(|| ());
        // The state, and what is seen of it, in a task each: what the user does in between is answered first.
        let root = Owner::new();
        let app = root.with(|| state::App::provide(found));
        callbacks::pause().await;
        root.with(|| leptos::mount::mount_to_body(|| view! { <shell::Shell /> }));
        // It lives as long as the page.
        std::mem::forget(root);
        // Takes away what stood in the place of the page until now, and hands over what was done there.
        widgets::tell_page("roundtrip:running");
        app.code.prepare_when_idle();
        app.log.prepare_when_idle();
    });
}
