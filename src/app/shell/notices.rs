//! What the page has to say, each with a way to be rid of it.

use leptos::prelude::*;

use crate::app::state::{Action, App, Notice, Tone};

#[component]
pub fn NoticeList() -> impl IntoView {
    let app = App::get();
    view! {
        <div class="notices" role="status" aria-live="polite" data-testid="notices">
            <For each=move || app.notices.shown().get() key=|notice| notice.id let:notice>
                <OneNotice notice />
            </For>
        </div>
    }
}

#[component]
fn OneNotice(notice: Notice) -> impl IntoView {
    let app = App::get();
    let Notice { id, tone, text, action } = notice;
    let act = move |action| {
        match action {
            Action::Restore => app.workspace.restore(),
            Action::Update => {
                if let Ok(event) = web_sys::Event::new("roundtrip:update-agreed") {
                    let _ = window().dispatch_event(&event);
                }
            }
        }
        app.notices.dismiss(id);
    };
    view! {
        <div class="notice" class:warns=tone == Tone::Warning>
            <p>{(tone == Tone::Warning).then(|| view! { <b>"▲ Warning: "</b> })} {text}</p>
            {action
                .map(|action| {
                    let label = match action {
                        Action::Restore => "Undo",
                        Action::Update => "Load it now",
                    };
                    view! { <button data-testid="notice-action" on:click=move |_| act(action)>{label}</button> }
                })}
            <button class="quiet" aria-label="Dismiss" on:click=move |_| app.notices.dismiss(id)>"✕"</button>
        </div>
    }
}
