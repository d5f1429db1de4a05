//! Bringing things in, and what became of them.

mod anywhere;
mod bring;
mod keeping;
mod list;
mod own;
mod recording;
mod samples;
mod share;
mod understood;

use leptos::html::{Input, Textarea};
use leptos::prelude::*;

use super::state::App;
use anywhere::PASTE_BOX;
use keeping::KeepingLine;
use list::WorkspaceList;
use recording::Recording;
use samples::Samples;

pub use anywhere::listen;

#[component]
pub fn Inputs() -> impl IntoView {
    let app = App::get();
    app.load_formats();
    view! {
        <section class="view inputs" data-testid="view-inputs" aria-label="Inputs">
            <Welcome />
            <PasteBox />
            <KeepingLine />
            <Show when=move || !app.workspace.is_empty()>
                <WorkspaceList />
            </Show>
            <h2>"Or look at a sample"</h2>
            <Samples />
            <Recording />
        </section>
    }
}

/// Only for who has nothing here yet.
#[component]
fn Welcome() -> impl IntoView {
    let app = App::get();
    view! {
        <Show when=move || app.workspace.is_empty()>
            <div class="welcome">
                <h1>"See every database round trip before it runs."</h1>
                <p>
                    "Django code goes in, or the query log of any program; the queries that repeat, could be one, scan a
                    table or race come out, each with what it costs and, where it can be written, a rewrite that was
                    checked."
                </p>
            </div>
        </Show>
    }
}

#[component]
fn PasteBox() -> impl IntoView {
    let app = App::get();
    let text = NodeRef::<Textarea>::new();
    let typed = RwSignal::new(false);
    let add_typed = move |_| {
        let Some(text) = text.get() else { return };
        bring::take(app, bring::text(&text.value()).into_iter().collect());
        text.set_value("");
        typed.set(false);
    };
    view! {
        <div class="paste">
            <textarea
                id=PASTE_BOX
                node_ref=text
                data-testid="paste"
                aria-label="Paste a diff, code or a query log"
                placeholder="Paste a diff, code or a query log here, or drop files, folders and archives anywhere on the page"
                spellcheck="false"
                autocomplete="off"
                on:input=move |event| typed.set(!event_target_value(&event).trim().is_empty())
            ></textarea>
            <div class="paste-foot">
                <Picker label="Choose files" testid="pick-files" folder=false />
                <Picker label="Choose a folder" testid="pick-folder" folder=true />
                <Show when=move || typed.get()>
                    <button class="primary" data-testid="add-typed" on:click=add_typed>"Review this text"</button>
                </Show>
                <span class="soft">"Nothing leaves this page: it reads what you bring in by itself, offline as well."</span>
            </div>
        </div>
    }
}

/// A button in front of the browser's own picker.
#[component]
fn Picker(label: &'static str, testid: &'static str, folder: bool) -> impl IntoView {
    let app = App::get();
    let input = NodeRef::<Input>::new();
    let take = move |_| {
        let Some(input) = input.get() else { return };
        if let Some(files) = input.files() {
            bring::take(app, bring::files(&files));
        }
        // Else the same file could not be chosen again.
        input.set_value("");
    };
    let open = move |_| {
        if let Some(input) = input.get() {
            input.click();
        }
    };
    view! {
        <button on:click=open>{label}</button>
        <input
            type="file"
            hidden
            multiple
            prop:webkitdirectory=folder
            node_ref=input
            data-testid=testid
            on:change=take
        />
    }
}
