//! The code engine in a worker: reviews Python, templates and diffs.

use roundtrip::protocol::{Answer, Engine};

fn main() {
    roundtrip::worker::serve(Engine::Code, |ask, _files, _teller| Answer::Failed {
        job: ask.job(),
        message: "this engine cannot do that yet".to_owned(),
    });
}
