//! Texts of predicted statements, each read once: one shape is sent from many places.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::{Dialect, fingerprint, normalise};
use crate::trace::Fingerprint;

/// Texts that are remembered; beyond, all are forgotten.
const MOST: usize = 1 << 15;

/// What was read so far. Of one dialect.
#[derive(Debug, Default)]
pub struct Texts(Mutex<FxHashMap<String, (Fingerprint, String)>>);

impl Texts {
    /// The class of a statement and its text for reading.
    pub fn read(&self, text: &str, dialect: Dialect) -> (Fingerprint, String) {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known().get(text) {
            return read.clone();
        }
        // Runs that go on side by side do not wait for each other's reading.
        let read = (fingerprint(text, dialect), normalise(text, dialect));
        let mut known = known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), read.clone());
        read
    }
}
