//! Taking a review along, of code or of logs: its engine writes it, the browser saves or copies it.

use leptos::html::Details;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, HtmlInputElement};

use crate::app::state::App;
use crate::app::widgets::{copy, download, plural};
use crate::protocol::Engine;

/// Id of the format, what the menu calls it, and the file that it is saved as.
const FORMATS: [(&str, &str, &str); 8] = [
    ("markdown", "Markdown", "roundtrip.md"),
    ("html", "HTML report", "roundtrip.html"),
    ("safe-patch", "Safe rewrites as a patch", "roundtrip.patch"),
    ("patch", "All rewrites as a patch", "roundtrip.patch"),
    ("suggestions", "GitHub suggestions", "roundtrip-suggestions.json"),
    ("sarif", "SARIF", "roundtrip.sarif"),
    ("rdjson", "rdjson", "roundtrip.rdjson"),
    ("json", "JSON", "roundtrip.json"),
];

/// What only code has: a log names no file that could be changed.
const OF_CODE: [&str; 3] = ["safe-patch", "patch", "suggestions"];

/// `of`: whose last review.
#[component]
pub fn ExportMenu(of: Engine) -> impl IntoView {
    let app = App::get();
    let engine = match of {
        Engine::Code => app.code,
        Engine::Log => app.log,
    };
    let menu = NodeRef::<Details>::new();
    let ask = move |format: &'static str, then: fn(App, String, &'static str), file: &'static str| {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
        spawn_local(async move {
            let dismissed = untrack(|| app.triage.dismissed()).into_iter().collect();
            match engine.export(format.to_owned(), dismissed).await {
                Ok(text) => then(app, text, file),
                Err(failure) => app.notices.warn(format!("Nothing was exported: {failure}.")),
            }
        });
    };
    let items: Vec<_> = FORMATS
        .into_iter()
        .filter(|(id, ..)| of == Engine::Code || !OF_CODE.contains(id))
        .map(|(id, label, file)| {
            view! {
                <li>
                    <button class="quiet" data-testid=format!("export-{id}") on:click=move |_| ask(id, save, file)>{label}</button>
                    <button class="quiet" aria-label=format!("Copy {label}") on:click=move |_| ask(id, copy_out, file)>"Copy"</button>
                </li>
            }
        })
        .collect();
    view! {
        <details class="menu" node_ref=menu data-testid="export">
            <summary class="button">"Export ▾"</summary>
            <ul>{items} <Decisions /></ul>
        </details>
    }
}

/// What the user has decided, as the file that `roundtrip --triage` reads; and such a file taken in.
#[component]
fn Decisions() -> impl IntoView {
    let app = App::get();
    let load = move |event: Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same file can be chosen again.
        input.set_value("");
        spawn_local(async move {
            let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()).unwrap_or_default();
            match app.triage.take_in(&text) {
                Ok(count) => {
                    app.notices.say(format!("{} taken in.", plural(count as u64, "decision was", "decisions were")))
                }
                Err(message) => app.notices.warn(format!("{}: {message}.", file.name())),
            }
        });
    };
    view! {
        <li class="apart">
            <button
                class="quiet"
                data-testid="save-decisions"
                on:click=move |_| download(app, &app.triage.to_json(), "roundtrip-triage.json")
            >
                "Decisions (--triage)"
            </button>
            <label class="button quiet">
                "Load"
                <input class="unseen" type="file" accept=".json" data-testid="load-decisions" on:change=load />
            </label>
        </li>
    }
}

fn save(app: App, text: String, file: &'static str) {
    download(app, &text, file);
}

fn copy_out(app: App, text: String, file: &'static str) {
    copy(app, text, move || app.notices.say(format!("Copied what would be {file}.")));
}
