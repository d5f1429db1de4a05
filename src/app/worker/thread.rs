//! One running worker: what is posted to it, and what is heard from it.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ErrorEvent, Event, MessageEvent, Worker, WorkerOptions};

use super::files::{Files, text_of};
use crate::protocol::{Answer, Ask, wire};

pub enum Heard {
    Answer(Answer),
    /// It trapped, panicked or could not start; nothing more will come from it.
    Died(String),
}

/// Terminated when dropped.
pub struct Thread {
    worker: Worker,
    on_message: Closure<dyn FnMut(MessageEvent)>,
    on_error: Closure<dyn FnMut(Event)>,
}

impl Thread {
    /// # Errors
    /// The browser's message when it refuses to start a worker.
    pub fn start(files: &Files, name: &str, hear: impl Fn(Heard) + Clone + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_name(name);
        let worker = Worker::new_with_options(&files.script, &options).map_err(|error| text_of(&error))?;

        let heard = hear.clone();
        let on_message = Closure::new(move |event: MessageEvent| heard(read(&event.data())));
        let on_error = Closure::new(move |event: Event| {
            event.prevent_default();
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).filter(|text| !text.is_empty());
            hear(Heard::Died(message.unwrap_or_else(|| "it gave no reason".to_owned())));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        let thread = Self { worker, on_message, on_error };
        thread.worker.post_message(&files.module).map_err(|error| text_of(&error))?;
        Ok(thread)
    }

    /// # Errors
    /// The browser's message when something of it cannot be posted, as a file that is gone.
    pub fn post(&self, ask: &Ask, files: &[Blob]) -> Result<(), String> {
        let bytes = wire::encode(ask).map_err(|error| error.to_string())?;
        let files: Array = files.iter().collect();
        let message = Array::of2(&Uint8Array::from(bytes.as_slice()), &files);
        self.worker.post_message(&message).map_err(|error| text_of(&error))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
        let _ = (&self.on_message, &self.on_error);
    }
}

/// Answers are bytes; the last words of a worker are an object `{died: message}`.
fn read(data: &JsValue) -> Heard {
    match data.dyn_ref::<Uint8Array>() {
        Some(bytes) => match wire::decode(&bytes.to_vec()) {
            Ok(answer) => Heard::Answer(answer),
            Err(error) => Heard::Died(format!("its answer cannot be read: {error}")),
        },
        None => {
            let died = Reflect::get(data, &"died".into()).ok().and_then(|message| message.as_string());
            Heard::Died(died.unwrap_or_else(|| "it said something that is no answer".to_owned()))
        }
    }
}
