//! What the page has to say, each with a way to be rid of it.

use leptos::prelude::*;

use crate::app::state::{App, Notice, Tone};
use crate::app::widgets::tell_page;

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
    let Notice { id, tone, text, is_update } = notice;
    let agree = move |_| {
        tell_page("roundtrip:update-agreed");
        app.notices.dismiss(id);
    };
    view! {
        <div class="notice" class:warns=tone == Tone::Warning>
            <p>{(tone == Tone::Warning).then(|| view! { <b>"▲ Warning: "</b> })} {text}</p>
            {is_update.then(|| view! { <button on:click=agree>"Load it now"</button> })}
            <button class="quiet" aria-label="Dismiss" on:click=move |_| app.notices.dismiss(id)>"✕"</button>
        </div>
    }
}
