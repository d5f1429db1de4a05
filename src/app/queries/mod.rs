//! What logs show: requests, their statements, and the fingerprints.

use leptos::prelude::*;

use super::state::App;

#[component]
pub fn Queries() -> impl IntoView {
    let app = App::get();
    view! {
        <section class="view" data-testid="view-queries" aria-label="Queries">
            <p class="empty">
                {move || match app.log_review.with(|review| review.as_ref().map(|review| review.report.summary.statements)) {
                    Some(statements) => format!("{statements} statements were read."),
                    None => "No log in the workspace.".to_owned(),
                }}
            </p>
        </section>
    }
}
