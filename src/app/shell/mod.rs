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
use super::state::{App, Reviewed, View};
use super::widgets::plural;
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
    watch::focus(app);
    view! {
        <Header help />
        <NoticeList />
        <main id="main" tabindex="-1">
            // For those who walk by headings; the welcome of an empty workspace is one.
            {move || {
                let view = app.router.view();
                (view != View::Inputs || !app.workspace.is_empty()).then(|| view! { <h1 class="unseen">{view.title()}</h1> })
            }}
            // By key, for the next view shall not take over the node of the last one, with its scroll offset.
            <For each=move || [app.router.view()] key=|view| *view let:view>
                {match view {
                    View::Inputs => view! { <Inputs /> }.into_any(),
                    View::Review => view! { <Review /> }.into_any(),
                    View::Queries => view! { <Queries /> }.into_any(),
                    View::Rules => view! { <Rules /> }.into_any(),
                }}
            </For>
        </main>
        <p class="unseen" role="status">{move || outcome(app)}</p>
        <Show when=move || dragging.get()>
            <div class="drop-here" aria-hidden="true"><p>"Drop it anywhere"</p></div>
        </Show>
        <Help open=help />
    }
}

/// What a finished review comes to, for who does not see it appear.
fn outcome(app: App) -> Option<String> {
    let findings = |review: &Option<Reviewed>| review.as_ref().map(|review| review.report.findings.len() as u64);
    let found = |findings| plural(findings, "finding", "findings");
    let code = app.code_review.with(findings).map(|findings| format!("Code reviewed: {}.", found(findings)));
    let log = app.log_review.with(findings).map(|findings| format!("Logs reviewed: {}.", found(findings)));
    let parts: Vec<String> = code.into_iter().chain(log).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
