//! Parts that more than one view uses.
//!
//! `SeverityMark` (icon and word), `CopyButton`, `download`, `DiffView` (a rewrite), `Formula` (`1 + N`), `marked` (text
//! with code in it), and the spelling of numbers: `count`, `milliseconds`, `bytes`, `plural`.

mod copy;
mod diff;
mod download;
mod formula;
mod inline;
mod number;
mod severity;

pub use copy::{CopyButton, copy};
pub use diff::DiffView;
pub use download::{download, download_bytes};
pub use formula::Formula;
pub use inline::{Inline, inlines, marked, marks};
pub use number::{bytes, count, milliseconds, plural};
pub use severity::SeverityMark;

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};

/// Dispatches a plain event on the window, for the page's scripts.
pub fn tell_page(name: &str) {
    if let Ok(event) = Event::new(name) {
        let _ = window().dispatch_event(&event);
    }
}

/// Gives the focus to the element with this id, if there is one.
pub fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}
