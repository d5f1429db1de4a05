//! Pasting, dropping and picking work on the whole page, whatever is shown: `public/first.js` takes what comes, from
//! before this code is there.

use gloo_events::EventListener;
use js_sys::Reflect;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Event};

use super::bring::{self, Transfer};
use crate::app::state::App;

/// Id of the box that takes pasted text; other fields keep what is pasted into them.
pub const PASTE_BOX: &str = "paste";

/// Follows drags and what is brought for as long as the page lives. `dragging` says whether something hovers over it.
pub fn listen(app: App, dragging: RwSignal<bool>) {
    on("roundtrip:brought", move |event| {
        let Some(transfer) = Reflect::get(event, &"detail".into()).ok().and_then(|detail| Transfer::of(&detail)) else {
            return;
        };
        if app.open_link(transfer.text.trim()) {
            return;
        }
        spawn_local(async move {
            let (dropped, errors) = transfer.read().await;
            for error in errors {
                app.notices.warn(error);
            }
            bring::take(app, dropped);
        });
    });
    on("dragover", move |_| dragging.set(true));
    on("dragleave", move |event| {
        let left = event.dyn_ref::<DragEvent>().is_some_and(|event| event.related_target().is_none());
        if left {
            dragging.set(false);
        }
    });
    on("drop", move |_| dragging.set(false));
}

fn on(name: &'static str, act: impl Fn(&Event) + 'static) {
    EventListener::new(&window(), name, move |event| act(event)).forget();
}
