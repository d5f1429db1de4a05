//! The review of code: findings, the code they stand in, and what is known of the chosen one.

use leptos::prelude::*;

use super::state::App;

#[component]
pub fn Review() -> impl IntoView {
    let app = App::get();
    let findings = move || app.code_review.with(|review| review.as_ref().map(|review| review.report.findings.len()));
    view! {
        <section class="view" data-testid="view-review" aria-label="Review">
            <p class="empty">
                {move || match findings() {
                    Some(count) => format!("{count} findings."),
                    None => "No code in the workspace.".to_owned(),
                }}
            </p>
        </section>
    }
}
