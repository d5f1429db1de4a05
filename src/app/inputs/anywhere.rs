//! Pasting and dropping work on the whole page, whatever is shown.

use gloo_events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DragEvent, Element, Event};

use super::bring::{self, Transfer};
use crate::app::state::App;

/// Id of the box that takes pasted text; other fields keep what is pasted into them.
pub const PASTE_BOX: &str = "paste";

/// Follows drags and pastes for as long as the page lives. `dragging` says whether something hovers over it.
pub fn listen(app: App, dragging: RwSignal<bool>) {
    on("paste", move |event| {
        if let Some(event) = event.dyn_ref::<ClipboardEvent>() {
            paste(app, event);
        }
    });
    on("dragover", move |event| {
        // Without this the browser opens what is dropped in place of the page.
        event.prevent_default();
        dragging.set(true);
    });
    on("dragleave", move |event| {
        let left = event.dyn_ref::<DragEvent>().is_some_and(|event| event.related_target().is_none());
        if left {
            dragging.set(false);
        }
    });
    on("drop", move |event| {
        event.prevent_default();
        dragging.set(false);
        let transfer = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
        let Some(transfer) = transfer else { return };
        let taken = Transfer::take(&transfer);
        spawn_local(async move {
            let (dropped, errors) = taken.read().await;
            for error in errors {
                app.notices.warn(error);
            }
            bring::take(app, dropped);
        });
    });
}

fn on(name: &'static str, act: impl Fn(&Event) + 'static) {
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&window(), name, options, move |event| act(event)).forget();
}

/// The text is taken from the event and never becomes the value of the box: a megabyte there freezes the browser.
fn paste(app: App, event: &ClipboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let elsewhere = target
        .is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA") && target.id() != PASTE_BOX);
    let Some(data) = event.clipboard_data().filter(|_| !elsewhere) else { return };
    event.prevent_default();
    let files = data.files().map(|files| bring::files(&files)).unwrap_or_default();
    let text = data.get_data("text/plain").unwrap_or_default();
    match files.is_empty() {
        false => bring::take(app, files),
        true if app.open_link(text.trim()) => {}
        true => bring::take(app, bring::text(&text).into_iter().collect()),
    }
}
