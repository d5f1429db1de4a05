//! What is around the views: the header, the notices, the sheet of keys.

mod header;
mod help;
mod keys;
mod notices;
mod watch;

use leptos::prelude::*;

use super::inputs::{self, Inputs};
use super::queries::Queries;
use super::review::Review;
use super::rules::Rules;
use super::state::{App, View};
use header::Header;
use help::Help;
pub use keys::{FILTER, is_for_something_else};
use notices::NoticeList;

#[component]
pub fn Shell() -> impl IntoView {
    let app = App::get();
    let help = RwSignal::new(false);
    let dragging = RwSignal::new(false);
    keys::listen(app, help);
    inputs::listen(app, dragging);
    watch::engines(app);
    watch::updates(app);
    watch::title(app);
    view! {
        <Header help />
        <NoticeList />
        <main id="main" tabindex="-1">
            {move || match app.router.view() {
                View::Inputs => view! { <Inputs /> }.into_any(),
                View::Review => view! { <Review /> }.into_any(),
                View::Queries => view! { <Queries /> }.into_any(),
                View::Rules => view! { <Rules /> }.into_any(),
            }}
        </main>
        <Show when=move || dragging.get()>
            <div class="drop-here" aria-hidden="true"><p>"Drop it anywhere"</p></div>
        </Show>
        <Help open=help />
    }
}
