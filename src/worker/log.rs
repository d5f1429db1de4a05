//! What the log engine does with each question.

use super::Bytes;
use crate::protocol::{Answer, Ask};

#[derive(Default)]
pub struct LogDesk {}

impl LogDesk {
    /// `bytes`: of the items of a review. `tell`: phase, done, total.
    pub fn answer(&mut self, ask: Ask, _bytes: Vec<Bytes>, _tell: &dyn Fn(&str, u64, u64)) -> Answer {
        match ask {
            Ask::Layout { job, sql, width } => super::layout(job, &sql, width),
            Ask::Formats { job } => Answer::Formats { job, formats: super::formats::log() },
            other => Answer::Failed { job: other.job(), message: "reading logs is not available in this build".into() },
        }
    }
}
