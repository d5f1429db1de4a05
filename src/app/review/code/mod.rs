//! The code, read-only and of any length: only the rows on the screen are in the page.

mod loaded;
mod row;
mod statements;
mod tokens;
mod window;

use leptos::ev::{self, KeyboardEvent};
use leptos::html::Div;
use leptos::prelude::*;

use super::desk::{Desk, Step};
use crate::app::state::App;
use crate::app::widgets::count;
use loaded::{Loaded, Shown};
use row::CodeRow;
use statements::Statements;
use window::Window;

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
            <Statements />
        </section>
    }
}

#[component]
fn FileHead(shown: Memo<Shown>) -> impl IntoView {
    let desk = Desk::get();
    let head = move || {
        let (review, file) = shown.get()?;
        let file = review.files.get(file)?;
        let changed = (file.added + file.removed > 0).then(|| {
            view! {
                <span class="change added-sign">{format!("+{}", count(file.added.into()))}</span>
                <span class="change removed-sign">{format!("−{}", count(file.removed.into()))}</span>
            }
        });
        let context = file.context.then(|| view! { <span class="soft">"context: read, not reviewed"</span> });
        Some(view! { <b class="path mono">{file.path.clone()}</b> {changed} {context} })
    };
    view! {
        <header class="column-head">
            <button class="quiet back" on:click=move |_| desk.back()>"‹ Findings"</button>
            {head}
            <button class="quiet on" on:click=move |_| desk.enter(Step::Panel)>"Details ›"</button>
        </header>
    }
}

#[component]
fn Scroller(shown: Memo<Shown>, on_key: impl Fn(KeyboardEvent) + 'static) -> impl IntoView {
    let app = App::get();
    let desk = Desk::get();
    let node = NodeRef::<Div>::new();
    let scrolled = RwSignal::new(0.0);
    let height = RwSignal::new(800.0);
    let rows = move || {
        shown.with(|shown| shown.as_ref().and_then(|(review, file)| Some(review.files.get(*file)?.rows)).unwrap_or(0))
    };
    let window = Memo::new(move |_| Window { rows: rows(), height: height.get() });
    let range = Memo::new(move |_| window.get().range(scrolled.get()));
    let loaded = Loaded::follow(app, shown, range);

    let measure = move || {
        if let Some(node) = node.try_get_untracked().flatten() {
            height.set(f64::from(node.client_height()));
            scrolled.set(f64::from(node.scroll_top()));
        }
    };
    // Scrolls only where a row is not seen whole.
    let bring = move |row| {
        let (Some(node), Some(window)) = (node.try_get_untracked().flatten(), window.try_get_untracked()) else {
            return;
        };
        if !window.shows(row, f64::from(node.scroll_top())) {
            node.set_scroll_top(window.scroll_to(row) as i32);
        }
    };
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        // A step of a narrow screen, or the statements below, change how much of it is seen.
        desk.step.track();
        node.track();
        let line = desk.opened.with(|opened| opened.as_ref().and_then(|opened| opened.line));
        let line = line.or_else(|| desk.line.get_untracked());
        let row = line.and_then(|line| row_of(&shown.get_untracked(), line));
        request_animation_frame(move || {
            measure();
            if let Some(row) = row {
                bring(row);
            }
        });
    });
    Effect::new(move |_| {
        let (line, shown) = (desk.line.get(), shown.get());
        let row = line.and_then(|line| row_of(&shown, line));
        // After the height of this file is in the page.
        request_animation_frame(move || {
            measure();
            match (row, node.try_get_untracked().flatten()) {
                (Some(row), _) => bring(row),
                (None, Some(node)) => node.set_scroll_top(0),
                (None, None) => {}
            }
        });
    });

    let top = move || format!("{}px", window.get().top(range.get().start, scrolled.get()));
    view! {
        <div
            class="code"
            id="code"
            data-testid="code"
            node_ref=node
            tabindex="0"
            role="region"
            aria-label="Lines of the file"
            on:scroll=move |_| measure()
            on:keydown=on_key
        >
            <div class="all-rows" style:height=move || format!("{}px", window.get().total())>
                <div class="some-rows" style:transform=move || format!("translateY({})", top())>
                    <For each=move || loaded.slots(range.get()) key=|slot| slot.key() let:at>
                        <CodeRow at />
                    </For>
                </div>
            </div>
        </div>
    }
}

/// The row that a line of the shown file stands in.
fn row_of(shown: &Shown, line: u32) -> Option<u32> {
    let (review, file) = shown.as_ref()?;
    review.files.get(*file)?.row_of_line.get(&line).copied()
}
