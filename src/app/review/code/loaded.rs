//! The rows of the shown file that the engine has sent so far.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lines::{At, Lines};
use super::window::CHUNK;
use crate::app::state::{App, Reviewed};
use crate::app::worker::Failure;
use crate::protocol::Row;

/// A file of one run of the review.
pub type Shown = Option<(Reviewed, usize)>;

type Chunk = Arc<Vec<Row>>;

/// One line of the view, and what makes it another: the file that it is of, what it shows, and whether that is there.
#[derive(Clone, PartialEq)]
pub struct Slot {
    pub file: u32,
    pub at: At,
    /// The chunks of the rows that it shows, as far as they came.
    chunks: [Option<Chunk>; 2],
}

impl Slot {
    pub fn key(&self) -> (u32, At, [bool; 2]) {
        (self.file, self.at, [0, 1].map(|side| self.chunks.get(side).is_some_and(Option::is_some)))
    }

    /// A row that it shows, if it came.
    pub fn row(&self, row: u32) -> Option<&Row> {
        let side = self.at.rows().position(|shown| shown == row)?;
        self.chunks.get(side)?.as_ref()?.get((row % CHUNK) as usize)
    }
}

#[derive(Clone, Copy)]
pub struct Loaded {
    chunks: RwSignal<BTreeMap<u32, Chunk>>,
    asked: StoredValue<BTreeSet<u32>>,
    /// Counts the files that were shown, so that no row of one is taken for another's.
    file: StoredValue<u32>,
    /// Characters of the longest line that came.
    pub widest: RwSignal<usize>,
}

impl Loaded {
    /// Asks for what the lines in `range` show of `shown` whenever one of them changes.
    pub fn follow(app: App, shown: Memo<Shown>, lines: Memo<Arc<Lines>>, range: Memo<Range<u32>>) -> Self {
        let loaded = Self {
            chunks: RwSignal::new(BTreeMap::new()),
            asked: StoredValue::new(BTreeSet::new()),
            file: StoredValue::new(0),
            widest: RwSignal::new(0),
        };
        Effect::new(move |before: Option<Shown>| {
            let now = shown.get();
            if before.is_none_or(|before| before != now) {
                loaded.file.update_value(|count| *count = count.wrapping_add(1));
                loaded.asked.set_value(BTreeSet::new());
                loaded.chunks.set(BTreeMap::new());
                loaded.widest.set(0);
            }
            if let Some((_, file)) = &now {
                let lines = lines.get();
                let rows = range.get().filter_map(|line| lines.at(line)).flat_map(At::rows);
                for chunk in rows.map(|row| row / CHUNK).collect::<BTreeSet<u32>>() {
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
                    let widest = rows.iter().map(|row| row.text.len()).max().unwrap_or(0);
                    self.widest.try_update(|known| *known = widest.max(*known));
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

    pub fn slots(&self, lines: &Lines, range: Range<u32>) -> Vec<Slot> {
        let file = self.file.get_value();
        self.chunks.with(|chunks| {
            let slot = |at: At| {
                let mut rows = at.rows();
                let mut chunk = || chunks.get(&(rows.next()? / CHUNK)).cloned();
                Slot { file, at, chunks: [chunk(), chunk()] }
            };
            range.filter_map(|line| lines.at(line)).map(slot).collect()
        })
    }
}
