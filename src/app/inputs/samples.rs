//! Worked samples, one click away.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::own;
use crate::app::state::{App, Dropped, Part};

/// File below `samples/`, title, and what is to be seen in it. `index.html` shows the same before this runs.
const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "dashboard.diff",
        "A diff of a dashboard",
        "Three counts that could be one, a foreign key read per row, a user fetched twice",
    ),
    (
        "forum.zip",
        "A small forum",
        "Models, views and a template: relations read through a helper, lookups without an index",
    ),
    (
        "lockout.py",
        "A login lockout",
        "A counter in the cache that loses updates, and a table searched without an index",
    ),
    ("toolbar-page.html", "A saved toolbar page", "The SQL panel of django-debug-toolbar, as a browser saved it"),
    ("queries.json", "connection.queries", "The statements of one request, as Django keeps them under DEBUG"),
    ("django.log", "A query log", "What the logger django.db.backends wrote while a page was built"),
];

#[component]
pub fn Samples() -> impl IntoView {
    let app = App::get();
    let row = |(file, title, text): &'static (&str, &str, &str)| {
        view! {
            <li>
                <button class="sample" data-testid="sample" on:click=move |_| open(app, file)>
                    <b>{*title}</b>
                    <span>{*text}</span>
                </button>
            </li>
        }
    };
    view! {
        <ul class="samples" aria-label="Samples">
            {SAMPLES.iter().map(row).collect::<Vec<_>>()}
        </ul>
    }
}

fn open(app: App, file: &'static str) {
    spawn_local(async move {
        match load(file).await {
            Ok(blob) => {
                let parts = vec![Part::new(file, blob)];
                app.workspace.add_sample(Dropped { name: file.to_owned(), parts });
            }
            Err(_) => app.notices.warn(format!("The sample {file} could not be loaded.")),
        }
    });
}

async fn load(file: &str) -> Result<Blob, JsValue> {
    JsFuture::from(own::fetch(&format!("samples/{file}")).await?.blob()?).await?.dyn_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("public/samples");
        assert_eq!(SAMPLES.len(), std::fs::read_dir(&folder).unwrap().count());
        assert!(SAMPLES.iter().all(|(file, ..)| folder.join(file).is_file()));
    }
}
