//! Worked samples, one click away.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::own;
use crate::app::state::{App, Dropped, Part};

#[derive(Debug, Clone)]
struct Sample {
    file: String,
    title: String,
    text: String,
}

impl Sample {
    /// An entry of the list, as the browser has read it: a parser of JSON of its own would be a tenth of the page.
    fn of(entry: &JsValue) -> Option<Self> {
        let text = |name: &str| Reflect::get(entry, &name.into()).ok()?.as_string();
        Some(Self { file: text("file")?, title: text("title")?, text: text("text")? })
    }
}

#[component]
pub fn Samples() -> impl IntoView {
    let app = App::get();
    let samples = RwSignal::new(Vec::<Sample>::new());
    spawn_local(async move {
        let index =
            async { JsFuture::from(own::fetch("samples/index.json").await?.json()?).await?.dyn_into::<Array>() };
        // Without them the page is as useful as with them.
        let index: Result<Array, JsValue> = index.await;
        samples.try_set(index.unwrap_or_default().iter().filter_map(|entry| Sample::of(&entry)).collect());
    });
    let open = move |file: String| {
        spawn_local(async move {
            let blob = async {
                JsFuture::from(own::fetch(&format!("samples/{file}")).await?.blob()?).await?.dyn_into::<Blob>()
            };
            match blob.await {
                Ok(blob) => {
                    let parts = vec![Part::new(file.clone(), blob)];
                    app.workspace.add_sample(Dropped { name: file, parts });
                }
                Err(_) => app.notices.warn(format!("The sample {file} could not be loaded.")),
            }
        });
    };
    view! {
        <ul class="samples" aria-label="Samples">
            <For each=move || samples.get() key=|sample| sample.file.clone() let:sample>
                <li>
                    <button
                        class="sample"
                        data-testid="sample"
                        on:click={
                            let file = sample.file.clone();
                            move |_| open(file.clone())
                        }
                    >
                        <b>{sample.title}</b>
                        <span>{sample.text}</span>
                    </button>
                </li>
            </For>
        </ul>
    }
}
