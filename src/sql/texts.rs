//! Texts of predicted statements, each read once: one shape is sent from many places.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::{Dialect, fingerprint, normalise};
use crate::trace::Fingerprint;

/// Texts that are remembered; beyond, all are forgotten.
const MOST: usize = 1 << 15;

/// What was read so far. Of one dialect.
#[derive(Debug, Default)]
pub struct Texts(RefCell<FxHashMap<String, (Fingerprint, String)>>);

impl Texts {
    /// The class of a statement and its text for reading.
    pub fn read(&self, text: &str, dialect: Dialect) -> (Fingerprint, String) {
        let mut known = self.0.borrow_mut();
        if let Some(read) = known.get(text) {
            return read.clone();
        }
        let read = (fingerprint(text, dialect), normalise(text, dialect));
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), read.clone());
        read
    }
}
