//! Keys that mean the same in every view.

use gloo_events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::app::state::{App, View};

/// Id of the box that `/` goes to: each view that can be filtered has one.
pub const FILTER: &str = "filter";

pub fn listen(app: App, help: RwSignal<bool>) {
    let options = EventListenerOptions::enable_prevent_default();
    let listener = EventListener::new_with_options(&window(), "keydown", options, move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if is_for_something_else(event) {
            return;
        }
        match event.key().as_str() {
            "?" => help.set(true),
            "/" => {
                let Some(filter) = document().get_element_by_id(FILTER) else { return };
                if let Ok(filter) = filter.dyn_into::<HtmlElement>() {
                    let _ = filter.focus();
                }
            }
            key => {
                let number = key.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                let Some(view) = number.and_then(|index| View::ALL.get(index)) else { return };
                app.router.show(*view);
            }
        }
        event.prevent_default();
    });
    listener.forget();
}

/// Whether a key is typed into a field, is a shortcut of the browser, or meant for an open dialog.
pub fn is_for_something_else(event: &KeyboardEvent) -> bool {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return true;
    }
    if document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some()) {
        return true;
    }
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    target.is_some_and(|target| match target.tag_name().as_str() {
        // Nothing is typed into a slider or a box to tick.
        "INPUT" => !matches!(target.get_attribute("type").as_deref(), Some("range" | "checkbox")),
        "TEXTAREA" | "SELECT" => true,
        _ => target.is_content_editable(),
    })
}
