//! The rows of the shown file that the engine has sent so far.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::window::{CHUNK, chunks};
use crate::app::state::{App, Reviewed};
use crate::app::worker::Failure;
use crate::protocol::Row;

/// A file of one run of the review.
pub type Shown = Option<(Reviewed, usize)>;

type Chunks = BTreeMap<u32, Arc<Vec<Row>>>;

/// One row, and what makes it another: the file that it is of, and whether it is there.
#[derive(Clone, PartialEq)]
pub struct Slot {
    pub file: u32,
    pub index: u32,
    pub chunk: Option<Arc<Vec<Row>>>,
}

impl Slot {
    pub fn key(&self) -> (u32, u32, bool) {
        (self.file, self.index, self.chunk.is_some())
    }

    pub fn row(&self) -> Option<&Row> {
        self.chunk.as_ref()?.get((self.index % CHUNK) as usize)
    }
}

#[derive(Clone, Copy)]
pub struct Loaded {
    chunks: RwSignal<Chunks>,
    asked: StoredValue<BTreeSet<u32>>,
    /// Counts the files that were shown, so that no row of one is taken for another's.
    file: StoredValue<u32>,
}

impl Loaded {
    /// Asks for the rows `range` of `shown` whenever one of the two changes.
    pub fn follow(app: App, shown: Memo<Shown>, range: Memo<Range<u32>>) -> Self {
        let loaded = Self {
            chunks: RwSignal::new(Chunks::new()),
            asked: StoredValue::new(BTreeSet::new()),
            file: StoredValue::new(0),
        };
        Effect::new(move |before: Option<Shown>| {
            let now = shown.get();
            if before.is_none_or(|before| before != now) {
                loaded.file.update_value(|count| *count = count.wrapping_add(1));
                loaded.asked.set_value(BTreeSet::new());
                loaded.chunks.set(Chunks::new());
            }
            if let Some((_, file)) = &now {
                for chunk in chunks(&range.get()) {
                    loaded.ask(app, *file as u32, chunk);
                }
            }
            now
        });
        loaded
    }

    fn ask(self, app: App, file: u32, chunk: u32) {
        let is_new = self.asked.try_update_value(|asked| asked.insert(chunk)).unwrap_or(false);
        if !is_new {
            return;
        }
        let current = self.file.get_value();
        spawn_local(async move {
            let answer = app.code.rows(file, chunk * CHUNK, (chunk + 1) * CHUNK).await;
            // The view may be gone, or show another file by now.
            if self.file.try_get_value() != Some(current) {
                return;
            }
            match answer {
                Ok(rows) => {
                    self.chunks.try_update(|chunks| chunks.insert(chunk, Arc::new(rows)));
                }
                Err(failure) => {
                    self.asked.try_update_value(|asked| asked.remove(&chunk));
                    if !matches!(failure, Failure::Cancelled) {
                        app.notices.warn(format!("These lines could not be shown: {failure}."));
                    }
                }
            }
        });
    }

    pub fn slots(&self, range: Range<u32>) -> Vec<Slot> {
        let file = self.file.get_value();
        self.chunks.with(|chunks| {
            range.map(|index| Slot { file, index, chunk: chunks.get(&(index / CHUNK)).cloned() }).collect()
        })
    }
}
