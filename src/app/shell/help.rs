//! The sheet of keys, on `?`.

use leptos::html::Dialog;
use leptos::prelude::*;

const KEYS: &[(&str, &str)] = &[
    ("1 2 3 4", "Inputs, Review, Queries, Rules"),
    ("/", "Filter"),
    ("j k", "Next and previous finding"),
    ("Enter", "Go from the list to the code, from the code to the finding"),
    ("s u", "Before and after side by side, the whole file"),
    ("c", "Copy the rewrite of the chosen finding"),
    ("a x l", "Accept, dismiss, leave the chosen finding for later; once more takes it back"),
    ("Esc", "Close, or back by one step"),
    ("Ctrl+V", "Bring in what was copied, anywhere on the page"),
    ("?", "This sheet"),
];

#[component]
pub fn Help(open: RwSignal<bool>) -> impl IntoView {
    // Made when it is opened: most visits never do.
    view! {
        <Show when=move || open.get()>
            <Sheet open />
        </Show>
    }
}

#[component]
fn Sheet(open: RwSignal<bool>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    // The browser keeps the focus inside and gives it back when the dialog closes.
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog node_ref=dialog class="sheet" aria-labelledby="help-title" data-testid="help" on:close=move |_| open.set(false)>
            <form method="dialog" class="sheet-head">
                <h2 id="help-title">"Keys"</h2>
                <button class="quiet" aria-label="Close">"✕"</button>
            </form>
            <dl class="keys">
                {KEYS
                    .iter()
                    .map(|(keys, text)| {
                        let keys: Vec<_> = keys.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect();
                        view! { <div><dt>{keys}</dt><dd>{*text}</dd></div> }
                    })
                    .collect::<Vec<_>>()}
            </dl>
            <p>
                "Everything happens in this page: files are read by two engines in WebAssembly, and the page's policy
                forbids every connection to elsewhere. It works offline after the first visit."
            </p>
        </dialog>
    }
}
