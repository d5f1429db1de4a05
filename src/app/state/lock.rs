//! Which workspaces are open in a tab: each tab holds the lock of its own for as long as it lives.

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, which web-sys has only among its unstable interfaces.
    type Locks;

    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, options: &Object, callback: &JsValue) -> Result<Promise, JsValue>;
}

/// Lets go of the lock when it is dropped; so does the browser when the tab ends.
pub struct Held(Option<Function>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// As [`hold`], for the tab that has just been reloaded: the browser may still be about to take the lock from the page
/// before it.
pub async fn hold_again(workspace: &str) -> Option<Held> {
    for _ in 0..6 {
        let held = hold(workspace).await;
        if held.is_some() {
            return held;
        }
        let (sender, answer) = oneshot::channel();
        Timeout::new(50, move || sender.send(()).unwrap_or_default()).forget();
        let _ = answer.await;
    }
    None
}

/// None where another tab has this workspace. A browser without locks gives it to everyone.
pub async fn hold(workspace: &str) -> Option<Held> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).unwrap_or_default();
    if locks.is_undefined() {
        return Some(Held(None));
    }
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    let (sender, answer) = oneshot::channel();
    // The lock is held until the promise that the callback gives is settled.
    let callback = Closure::once_into_js(move |lock: JsValue| {
        if lock.is_null() {
            let _ = sender.send(None);
            return Promise::resolve(&lock);
        }
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let _ = sender.send(Some(Held(release)));
        held
    });
    let locks: Locks = locks.unchecked_into();
    match locks.request(&format!("roundtrip {workspace}"), &options, &callback) {
        Ok(_) => answer.await.unwrap_or(Some(Held(None))),
        Err(_) => Some(Held(None)),
    }
}
