//! Which rules judge, and how severely: what reviews here do, and the file that tells the command the same.

use leptos::prelude::*;

use crate::app::state::{App, to_toml};
use crate::app::widgets::download;
use crate::protocol::Options;

/// The preset, and the way to take all settings along.
#[component]
pub fn Settings() -> impl IntoView {
    let app = App::get();
    let preset = move || app.options.with(|options| options.preset.clone().unwrap_or_else(|| "default".to_owned()));
    let choose = move |event| {
        let chosen = event_target_value(&event);
        app.options.update(|options| options.preset = (chosen != "default").then_some(chosen));
    };
    let off = move || app.options.with(|options| options.ignore.len());
    let all_on = move |_| app.options.update(|options| options.ignore.clear());
    let save = move |_| download(app, &app.options.with_untracked(to_toml), "roundtrip.toml");
    view! {
        <div class="settings">
            <label title="The severities that rules come with, or those of the documents that the project grew from">
                "Preset "
                <select data-testid="preset" prop:value=preset on:change=choose>
                    <option value="default">"default"</option>
                    <option value="seeds">"seeds"</option>
                </select>
            </label>
            <button data-testid="save-settings" on:click=save>"Save roundtrip.toml"</button>
            {move || match off() {
                0 => None,
                number => Some(view! {
                    <button class="link" data-testid="all-on" on:click=all_on>{format!("{number} off: turn on")}</button>
                }),
            }}
        </div>
    }
}

/// Whether this rule judges.
#[component]
pub fn Switch(code: String) -> impl IntoView {
    let app = App::get();
    let known = code.clone();
    let is_on = move || app.options.with(|options| !is_off(options, &known));
    let turn = move |event| {
        let on = event_target_checked(&event);
        app.options.update(|options| {
            options.ignore.retain(|word| *word != code);
            if !on {
                options.ignore.push(code.clone());
                options.ignore.sort_unstable();
            }
        });
    };
    view! {
        <label class="choice">
            <input type="checkbox" data-testid="rule-on" prop:checked=is_on on:change=turn />
            "Judge by this rule"
        </label>
    }
}

pub fn is_off(options: &Options, code: &str) -> bool {
    options.ignore.iter().any(|word| word == code)
}
