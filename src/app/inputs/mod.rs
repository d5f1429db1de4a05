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

use leptos::html::Textarea;
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
    view! {
        <section class="view inputs" data-testid="view-inputs" aria-label="Inputs">
            <Welcome />
            <PasteBox />
            <KeepingLine />
            <Show when=move || !app.workspace.is_empty()>
                <WorkspaceList />
            </Show>
            <Removed />
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
                    "Bring in Django code or the query log of any program. Queries that repeat, could be one, scan a
                    table or race are marked, each with its cost, its evidence and, where one can be written, a checked
                    rewrite."
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
                <span class="soft">"Nothing leaves this page: everything runs in your browser, offline as well."</span>
            </div>
        </div>
    }
}

/// A button in front of the browser's own picker; `public/first.js` opens it and takes what was picked.
#[component]
fn Picker(label: &'static str, testid: &'static str, folder: bool) -> impl IntoView {
    view! {
        <button data-picks="">{label}</button>
        <input type="file" hidden multiple prop:webkitdirectory=folder data-testid=testid />
    }
}

/// What was removed last, with the way back.
#[component]
fn Removed() -> impl IntoView {
    let app = App::get();
    let told = move || {
        app.workspace.removed().map(|what| {
            view! {
                <p class="taken-out">
                    <span>{what}</span>
                    " "
                    <button data-testid="restore" on:click=move |_| app.workspace.restore()>"Undo"</button>
                </p>
            }
        })
    };
    view! { <div role="status">{told}</div> }
}
