//! The code, read-only and of any length: only the rows on the screen are in the page.

mod lines;
mod loaded;
mod minimap;
mod row;
mod scroller;
mod statements;
mod tokens;
mod trail;
mod window;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::desk::{Desk, Step};
use crate::app::state::App;
use crate::app::widgets::count;
use loaded::Shown;
use scroller::Scroller;

#[component]
pub fn CodeView() -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let shown = Memo::new(move |_| -> Shown { Some((app.code_review.get()?, desk.file.get()?)) });
    let enter = move |event: KeyboardEvent| {
        if event.key() == "Enter" && event.target() == event.current_target() {
            event.prevent_default();
            desk.enter(Step::Panel);
        }
    };
    view! {
        <section class="code-column" aria-label="Code">
            <FileHead shown />
            <Scroller shown on_key=enter />
        </section>
    }
}

#[component]
fn FileHead(shown: Memo<Shown>) -> impl IntoView {
    let desk = Desk::get();
    let head = move || {
        let (review, file) = shown.get()?;
        let file = review.files.get(file)?;
        let is_changed = file.added + file.removed > 0;
        let changed = is_changed.then(|| {
            view! {
                <span class="change added-sign">{format!("+{}", count(file.added.into()))}</span>
                <span class="change removed-sign">{format!("−{}", count(file.removed.into()))}</span>
            }
        });
        let context = file.context.then(|| view! { <span class="soft">"context: read, not reviewed"</span> });
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        Some(view! {
            <b class="path mono" title=file.path.clone()>{name.to_owned()}</b>
            <span class="path folder mono">{folder.to_owned()}</span>
            {changed}
            {context}
            {is_changed.then(arrangements)}
        })
    };
    view! {
        <header class="column-head">
            <button class="quiet back" on:click=move |_| desk.back()>"‹ Findings"</button>
            {head}
            <button class="quiet on" on:click=move |_| desk.enter(Step::Panel)>"Details ›"</button>
        </header>
    }
}

/// How a change is shown.
fn arrangements() -> AnyView {
    let (app, desk) = (App::get(), Desk::get());
    view! {
        <span class="arrangements">
            {toggle("side-by-side", "Side by side", "Before and after beside each other (s)", app.side_by_side)}
            {toggle("unfold", "Whole file", "Also the unchanged lines that are far from a change (u)", desk.unfolded)}
        </span>
    }
    .into_any()
}

fn toggle(testid: &'static str, label: &'static str, title: &'static str, on: RwSignal<bool>) -> AnyView {
    view! {
        <button
            class="quiet toggle"
            data-testid=testid
            title=title
            aria-pressed=move || if on.get() { "true" } else { "false" }
            on:click=move |_| on.update(|on| *on = !*on)
        >
            {label}
        </button>
    }
    .into_any()
}
