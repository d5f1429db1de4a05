//! The catalogue of rules.

use leptos::prelude::*;

use super::state::App;

#[component]
pub fn Rules() -> impl IntoView {
    let app = App::get();
    app.load_catalogue();
    let rules = move || app.catalogue.get().map(|rules| rules.iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
    view! {
        <section class="view" data-testid="view-rules" aria-label="Rules">
            <ul>
                <For each=rules key=|rule| rule.code.clone() let:rule>
                    <li>{rule.code} " " {rule.name} ": " {rule.summary}</li>
                </For>
            </ul>
        </section>
    }
}
