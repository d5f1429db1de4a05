//! The four views with what is in them, and the few controls of the whole page.

use leptos::prelude::*;

use crate::app::state::{App, Reviewed, Theme, View};
use crate::app::widgets::{count, focus};

#[component]
pub fn Header(help: RwSignal<bool>) -> impl IntoView {
    let app = App::get();
    view! {
        <header class="header">
            <button class="skip" on:click=|_| focus("main")>"Skip to content"</button>
            <span class="brand">"Roundtrip"</span>
            <nav class="tabs" aria-label="Views">
                {View::ALL.map(|view| view! { <Tab view /> })}
            </nav>
            <Activity />
            <span class="privacy" title="The page's policy forbids every connection to elsewhere.">"nothing leaves this page"</span>
            <button
                class="quiet"
                data-testid="theme"
                title="Light, dark, or as the system has it"
                on:click=move |_| app.theme.update(|theme| *theme = theme.next())
            >
                {move || match app.theme.get() {
                    Theme::System => "◐ Auto",
                    Theme::Light => "○ Light",
                    Theme::Dark => "● Dark",
                }}
            </button>
            <button class="quiet" aria-label="Keys and help" title="Keys and help" on:click=move |_| help.set(true)>
                "?"
            </button>
        </header>
    }
}

#[component]
fn Tab(view: View) -> impl IntoView {
    let app = App::get();
    let number = move || match view {
        View::Inputs => app.workspace.entries().with(Vec::len) as u64,
        View::Review => {
            let review = |review: &Option<Reviewed>| {
                let read = review.as_ref().filter(|review| !review.files.is_empty());
                read.map_or(0, |review| review.report.findings.len())
            };
            app.code_review.with(review) as u64
        }
        View::Queries => {
            app.log_review.with(|review| review.as_ref().map_or(0, |review| review.report.summary.statements))
        }
        // As many as ever: nothing to tell, and they come late.
        View::Rules => 0,
    };
    view! {
        <button
            class="tab"
            data-testid=format!("go-{}", view.id())
            aria-current=move || (app.router.view() == view).then_some("page")
            on:click=move |_| app.router.show(view)
        >
            {view.title()}
            {move || Some(number()).filter(|number| *number > 0).map(|number| view! { <span class="number">{count(number)}</span> })}
        </button>
    }
}

/// How far a running review is, and the way to stop it.
#[component]
fn Activity() -> impl IntoView {
    let app = App::get();
    let text = move || app.code_progress.get().or_else(|| app.log_progress.get());
    view! {
        <span class="activity" role="status" data-testid="activity">
            {move || text().map(|text| view! { <span>{text}</span> })}
        </span>
        <Show when=move || app.is_busy()>
            <button class="quiet" data-testid="cancel" on:click=move |_| app.cancel()>"Cancel"</button>
        </Show>
    }
}
