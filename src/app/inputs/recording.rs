//! How to get at what can be brought in: a source each, with what to type, to save or to bookmark.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::own;
use crate::app::state::App;
use crate::app::widgets::{copy, download};

/// An entry of `recorder/how.json`.
#[derive(Debug, Clone)]
struct Source {
    title: String,
    text: String,
    /// A command, or lines of a program.
    copy: Option<String>,
    /// One of the page's own files: saved, or copied behind `before`.
    file: Option<String>,
    before: Option<String>,
}

impl Source {
    fn of(entry: &JsValue) -> Option<Self> {
        let text = |name: &str| Reflect::get(entry, &name.into()).ok()?.as_string();
        Some(Self {
            title: text("title")?,
            text: text("text")?,
            copy: text("copy"),
            file: text("file"),
            before: text("before"),
        })
    }

    fn button(&self) -> &'static str {
        match (&self.file, &self.before) {
            (Some(_), None) => "Save",
            (Some(_), Some(_)) => "Copy bookmark",
            (None, _) => "Copy",
        }
    }

    fn take(self, app: App) {
        let said = move || app.notices.say("Copied.");
        let Some(file) = self.file else {
            return copy(app, self.copy.unwrap_or_default(), said);
        };
        spawn_local(async move {
            let text = async { JsFuture::from(own::fetch(&format!("recorder/{file}")).await?.text()?).await };
            let text: Result<JsValue, JsValue> = text.await;
            match (text.ok().and_then(|text| text.as_string()), self.before) {
                (Some(text), Some(before)) => copy(app, before + &one_line(&text), said),
                (Some(text), None) => download(app, &text, &file),
                (None, _) => app.notices.warn(format!("{file} could not be loaded.")),
            }
        });
    }
}

/// A script as the address of a bookmark, where browsers drop the ends of lines: without comments up to them.
fn one_line(script: &str) -> String {
    let lines = script.split('\n').map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join(" ")
}

#[component]
pub fn Recording() -> impl IntoView {
    let sources = RwSignal::new(Vec::<Source>::new());
    // Once it is opened, of whom most never do.
    let load = move |_| {
        if !sources.with_untracked(Vec::is_empty) {
            return;
        }
        spawn_local(async move {
            let list =
                async { JsFuture::from(own::fetch("recorder/how.json").await?.json()?).await?.dyn_into::<Array>() };
            // Without them the page is as useful as with them.
            let list: Result<Array, JsValue> = list.await;
            sources.try_set(list.unwrap_or_default().iter().filter_map(|entry| Source::of(&entry)).collect());
        });
    };
    let entries = move || {
        let entries = sources.get().into_iter().map(|source| {
            let app = App::get();
            let (label, own) = (source.button(), source.clone());
            view! {
                <li>
                    <b>{source.title}</b>
                    <button data-testid="take-source" on:click=move |_| own.clone().take(app)>{label}</button>
                    <span class="soft">{source.text}</span>
                    {source.copy.map(|copy| view! { <code>{copy}</code> })}
                </li>
            }
        });
        entries.collect::<Vec<_>>()
    };
    view! {
        <details class="recording" data-testid="recording" on:toggle=load>
            <summary>"How to record what a program asks"</summary>
            <ul>{entries}</ul>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bookmark_is_the_documented_one() {
        let documented = include_str!("../../../docs/recording.md");
        let script = include_str!("../../../public/recorder/toolbar_bookmarklet.js");
        assert!(documented.contains(&format!("javascript:{}", one_line(script))));
    }
}
