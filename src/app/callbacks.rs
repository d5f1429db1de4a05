//! Interfaces of the browser that are older than promises.

use std::cell::Cell;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// Ends the task that runs.
pub async fn pause() {
    let (resume, resumed) = oneshot::channel();
    let timer = Timeout::new(0, move || {
        let _ = resume.send(());
    });
    let _ = resumed.await;
    drop(timer);
}

/// What the first of two functions, for good and for bad ends, was called with.
pub struct Callbacks {
    pub good: JsValue,
    pub bad: JsValue,
    answer: oneshot::Receiver<Result<JsValue, JsValue>>,
}

impl Callbacks {
    pub fn new() -> Self {
        let (sender, answer) = oneshot::channel();
        let sender = Rc::new(Cell::new(Some(sender)));
        let other = sender.clone();
        let send = |sender: &Cell<Option<oneshot::Sender<_>>>, value| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(value);
            }
        };
        let good = Closure::once_into_js(move |value: JsValue| send(&sender, Ok(value)));
        let bad = Closure::once_into_js(move |error: JsValue| send(&other, Err(error)));
        Self { good, bad, answer }
    }

    /// # Errors
    /// What the second function was called with.
    pub async fn answer(self) -> Result<JsValue, JsValue> {
        self.answer.await.unwrap_or(Err(JsValue::NULL))
    }
}
