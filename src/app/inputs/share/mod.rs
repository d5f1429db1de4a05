//! The workspace as a link, after showing what is in it.

mod plan;

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::state::{App, FILE};
use crate::app::widgets::{CopyButton, bytes, download_bytes};
use plan::{Length, Plan, length, plan};

#[component]
pub fn Share() -> impl IntoView {
    let app = App::get();
    let dialog = NodeRef::<Dialog>::new();
    let open = RwSignal::new(false);
    let mask = RwSignal::new(true);
    let made = RwSignal::new(None::<Result<Plan, String>>);
    Effect::new(move |_| {
        app.workspace.entries().track();
        let (mask, busy) = (mask.get(), app.is_busy());
        if !open.get() || busy {
            return;
        }
        made.set(None);
        spawn_local(async move {
            let plan = plan(app, mask).await;
            made.try_set(Some(plan));
        });
    });
    let show = move |_| {
        open.set(true);
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let body = move || match made.get() {
        Some(Ok(plan)) => view! { <Body plan mask /> }.into_any(),
        Some(Err(why)) => view! { <p class="problem" role="alert">{why}</p> }.into_any(),
        None => view! { <p class="soft">"Packing …"</p> }.into_any(),
    };
    view! {
        <button class="quiet" data-testid="share" on:click=show>"Share …"</button>
        <dialog node_ref=dialog class="sheet" aria-labelledby="share-title" data-testid="share-sheet" on:close=move |_| open.set(false)>
            <form method="dialog" class="sheet-head">
                <h2 id="share-title">"Share this workspace"</h2>
                <button class="quiet" aria-label="Close">"✕"</button>
            </form>
            {body}
        </dialog>
    }
}

#[component]
fn Body(plan: Plan, mask: RwSignal<bool>) -> impl IntoView {
    let app = App::get();
    let Plan { rows, beside, has_logs, packed, link } = plan;
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, said)| view! { <li><b>{name}</b>" "<span class="soft">{said}</span></li> })
        .collect();
    let size = bytes(link.len() as u64);
    let told = match length(link.len()) {
        Length::Short => None,
        Length::Long => Some("Chat and mail programs cut links of more than 8 kB: try it, or send the file instead."),
        Length::TooLong => Some(
            "That is more than browsers open. Remove what is not needed, or send the file: whoever drops it on this page has the same workspace.",
        ),
    };
    let copied = link.clone();
    let masking = has_logs.then(|| {
        view! {
            <label class="choice">
                <input
                    type="checkbox"
                    data-testid="share-mask"
                    prop:checked=move || mask.get()
                    on:change=move |event| mask.set(event_target_checked(&event))
                />
                "Mask the values in logs: equal ones stay equal, nothing else of them is left"
            </label>
        }
    });
    view! {
        <p>"The link itself holds all of it; nothing is sent anywhere until you send the link. Whoever has it can read:"</p>
        <ul class="shared" data-testid="share-rows">
            {rows} <li><span class="soft">{beside}</span></li>
        </ul>
        {masking}
        <p data-testid="share-size">"The link has "<b class="number">{size}</b>"."</p>
        {told.map(|told| view! { <p class="problem" role="alert"><span aria-hidden="true">"▲ "</span>{told}</p> })}
        <p class="shared-actions">
            {(length(link.len()) != Length::TooLong)
                .then(|| view! { <CopyButton text=move || copied.clone() label="Copy link" testid="copy-link" /> })}
            <button data-testid="save-workspace" on:click=move |_| download_bytes(app, &packed, FILE)>"Save as a file"</button>
        </p>
    }
}
