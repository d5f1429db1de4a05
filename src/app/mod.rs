//! The page, on Leptos. Knows neither engine: both are asked through `worker`.

pub mod worker;

use leptos::prelude::*;

use crate::protocol::Engine;
use worker::{Client, State};

/// Mounts the page on the document's body.
pub fn mount() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(Page);
}

#[component]
fn Page() -> impl IntoView {
    let code = Client::new(Engine::Code);
    let log = Client::new(Engine::Log);
    code.prepare();
    log.prepare_when_idle();
    view! {
        <main>
            <h1>"Roundtrip"</h1>
            <EngineState name="code engine" client=code />
            <EngineState name="log engine" client=log />
        </main>
    }
}

#[component]
fn EngineState(name: &'static str, client: Client) -> impl IntoView {
    let text = move || match client.state().get() {
        State::Idle => "not loaded".to_owned(),
        State::Starting => "starting".to_owned(),
        State::Ready => "ready".to_owned(),
        State::Busy => "busy".to_owned(),
        State::Died(message) => message,
    };
    view! { <p role="status" data-testid=name>{name} ": " {text}</p> }
}
