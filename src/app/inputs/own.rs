//! Files that come with the page.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// # Errors
/// The server has no such file, or is not there.
pub async fn fetch(file: &str) -> Result<Response, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(&format!("./{file}"))).await?.dyn_into()?;
    if response.ok() { Ok(response) } else { Err(JsValue::NULL) }
}
