//! What the browser keeps of all this, and the ways to have it keep nothing.

use leptos::prelude::*;

use crate::app::state::{App, Keeping};

#[component]
pub fn KeepingLine() -> impl IntoView {
    let app = App::get();
    let keeping = app.kept.keeping();
    let choose = move |event| app.kept.choose(app, !event_target_checked(&event));
    let told = move || {
        match keeping.get() {
        Keeping::Kept => view! {
            <span class="soft" data-testid="kept">"This browser keeps your workspace on this device for the next visit."</span>
        }
        .into_any(),
        Keeping::Nothing => view! {
            <span class="soft" data-testid="kept">"Nothing is kept: the workspace goes with this tab."</span>
        }
        .into_any(),
        Keeping::Failed(why) => view! {
            <span class="problem" role="alert" data-testid="kept"><span aria-hidden="true">"▲ "</span>{why}</span>
        }
        .into_any(),
    }
    };
    view! {
        <div class="keeping">
            {told}
            <label class="choice">
                <input
                    type="checkbox"
                    data-testid="keep-nothing"
                    prop:checked=move || keeping.get() == Keeping::Nothing
                    on:change=choose
                />
                "Keep nothing on this device"
            </label>
            <button class="link" data-testid="forget" on:click=move |_| app.kept.forget_everything(app)>
                "Forget everything"
            </button>
        </div>
    }
}
