//! The log engine in a worker: reads query logs, plans and statistics.

use roundtrip::protocol::Engine;
use roundtrip::worker::{LogDesk, serve};

fn main() {
    let mut desk = LogDesk::default();
    serve(Engine::Log, move |ask, files, tell| desk.answer(ask, files, tell));
}
