//! `roundtrip log`

use super::args::Log;
use super::output::{Problem, Status, usage};

pub fn run(_args: &Log) -> Result<Status, Problem> {
    Err(usage("reading logs is not available in this build"))
}
