//! Onto the disk.

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::app::state::App;

/// Saves `text` as a file of this name; says so where the browser refuses.
pub fn download(app: App, text: &str, file: &str) {
    save(app, &text.into(), "text/plain", file);
}

/// As [`download`], of what is no text.
pub fn download_bytes(app: App, bytes: &[u8], file: &str) {
    save(app, &Uint8Array::from(bytes), "application/octet-stream", file);
}

fn save(app: App, content: &JsValue, kind: &str, file: &str) {
    let save = || {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(content), &options).ok()?;
        let address = Url::create_object_url_with_blob(&blob).ok()?;
        let link: HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
        link.set_href(&address);
        link.set_download(file);
        link.click();
        // The browser has taken the blob over by then.
        set_timeout(move || drop(Url::revoke_object_url(&address)), Duration::from_secs(60));
        Some(())
    };
    if save().is_none() {
        app.notices.warn("The browser did not allow saving a file.");
    }
}
