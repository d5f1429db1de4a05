//! The worker's side of the protocol: answers one question after the other, with the files that came beside it.
//!
//! The desks know nothing of browsers and are tested natively; `serve` puts one of them behind a worker's messages.

mod blob_reader;
mod catalogue;
mod code;
mod export;
mod formats;
mod log;
mod options;
mod project;

use std::cell::Cell;
use std::io;

use js_sys::{Array, Date, Uint8Array};
#[cfg(debug_assertions)]
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

pub use blob_reader::BlobReader;
pub use code::CodeDesk;
pub use log::LogDesk;

use crate::observe::ReadSeek;
use crate::protocol::{Answer, Ask, BUILD, Engine, Job, wire};

fn counts(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    counts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect()
}

/// Between two words on how far a job is: the page has more to do than to hear of each file.
const PROGRESS_MS: f64 = 50.0;

/// The content of one item.
pub type Bytes = Box<dyn ReadSeek>;

/// Says that the engine is up, and answers every question of the page with `answer`, which can tell the phase that a
/// job is in, how much of it is done, and of how much (0 where it is not known).
/// A panic in it traps: the page hears of that by the worker's error event, and replaces the worker.
pub fn serve(engine: Engine, mut answer: impl FnMut(Ask, Vec<Bytes>, &dyn Fn(&str, u64, u64)) -> Answer + 'static) {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };

    // A release build's panics have no message that could be posted before the trap.
    #[cfg(debug_assertions)]
    {
        let last_words = scope.clone();
        std::panic::set_hook(Box::new(move |panic| {
            let message = Object::new();
            let _ = Reflect::set(&message, &"died".into(), &panic.to_string().into());
            let _ = last_words.post_message(&message);
        }));
    }

    let desk = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some((ask, files)) = read(&event.data()) {
            let job = ask.job();
            let told = Cell::new(Date::now());
            let tell = |phase: &str, done, total| {
                let now = Date::now();
                if now - told.get() >= PROGRESS_MS {
                    told.set(now);
                    post(&desk, &Answer::Progress { job, phase: phase.to_owned(), done, total });
                }
            };
            let answer = match files.into_iter().map(open).collect() {
                Ok(files) => answer(ask, files, &tell),
                Err(error) => Answer::Failed { job, message: error.to_string() },
            };
            post(&desk, &answer);
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&scope, &Answer::Ready { build: BUILD.to_owned(), engine });
}

/// `[bytes, [Blob …]]`; none for what the page never sends.
fn read(data: &JsValue) -> Option<(Ask, Vec<Blob>)> {
    let parts: &Array = data.dyn_ref()?;
    let ask = wire::decode(&parts.get(0).dyn_into::<Uint8Array>().ok()?.to_vec()).ok()?;
    let files: Array = parts.get(1).dyn_into().ok()?;
    Some((ask, files.iter().filter_map(|file| file.dyn_into().ok()).collect()))
}

fn open(file: Blob) -> io::Result<Bytes> {
    Ok(Box::new(BlobReader::new(file)?))
}

fn layout(job: Job, sql: &str, width: u32) -> Answer {
    Answer::Layout { job, text: crate::sql::layout(sql, width) }
}

fn post(scope: &DedicatedWorkerGlobalScope, answer: &Answer) {
    // Writing fails for no type of the protocol.
    let Ok(bytes) = wire::encode(answer) else { return };
    let bytes = Uint8Array::from(bytes.as_slice());
    // Handed over, not copied: a review of a large tree has megabytes.
    let _ = scope.post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()));
}
