//! The worker's side of the protocol: answers one question after the other, with the files that came beside it.

mod blob_reader;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

pub use blob_reader::BlobReader;

use crate::protocol::{Answer, Ask, BUILD, Engine, Job};

/// Tells the page how far a job is.
#[derive(Clone)]
pub struct Teller {
    job: Job,
    scope: DedicatedWorkerGlobalScope,
}

impl Teller {
    /// `total` is 0 where it is not known.
    pub fn tell(&self, phase: &str, done: u64, total: u64) {
        post(&self.scope, &Answer::Progress { job: self.job, phase: phase.to_owned(), done, total });
    }
}

/// Says that the engine is up, and answers every question of the page with `answer`.
/// A panic in it is posted before the worker traps; the page replaces the worker.
pub fn serve(engine: Engine, mut answer: impl FnMut(Ask, Vec<Blob>, &Teller) -> Answer + 'static) {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };

    let last_words = scope.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let message = Object::new();
        let _ = Reflect::set(&message, &"died".into(), &panic.to_string().into());
        let _ = last_words.post_message(&message);
    }));

    let desk = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some((ask, files)) = read(&event.data()) {
            let job = ask.job();
            let teller = Teller { job, scope: desk.clone() };
            post(&desk, &answer(ask, files, &teller));
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&scope, &Answer::Ready { build: BUILD.to_owned(), engine });
}

/// `[JSON text, [Blob …]]`; none for what the page never sends.
fn read(data: &JsValue) -> Option<(Ask, Vec<Blob>)> {
    let parts: &Array = data.dyn_ref()?;
    let ask = serde_json::from_str(&parts.get(0).as_string()?).ok()?;
    let files: Array = parts.get(1).dyn_into().ok()?;
    Some((ask, files.iter().filter_map(|file| file.dyn_into().ok()).collect()))
}

fn post(scope: &DedicatedWorkerGlobalScope, answer: &Answer) {
    let text = serde_json::to_string(answer).unwrap_or_else(|error| {
        let job = answer.job().unwrap_or_default();
        serde_json::json!({"type": "failed", "job": job, "message": error.to_string()}).to_string()
    });
    let _ = scope.post_message(&text.into());
}
