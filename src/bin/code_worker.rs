//! The code engine in a worker: reviews Python, templates and diffs.

use roundtrip::protocol::Engine;
use roundtrip::worker::{CodeDesk, serve};

fn main() {
    let mut desk = CodeDesk::default();
    serve(Engine::Code, move |ask, files, tell| desk.answer(ask, files, tell));
}
