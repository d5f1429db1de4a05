//! What the user brought in, in order, and what became of each.

use leptos::prelude::*;
use web_sys::Blob;

use crate::protocol::ItemOutcome;

/// One file, or one pasted text.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its path where it came from a folder; empty for pasted text.
    pub name: String,
    pub blob: Blob,
    /// `None` until an engine has looked at it.
    pub outcome: Option<ItemOutcome>,
}

impl Part {
    pub fn new(name: impl Into<String>, blob: Blob) -> Self {
        Self { name: name.into(), blob, outcome: None }
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.blob.size() as u64
    }
}

/// What arrives at once and is listed as one: a file, a pasted text, a folder with its files.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// What the list calls it.
    pub name: String,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// Not reviewed yet.
    #[default]
    Waiting,
    Done,
    /// Left out of reviews until it is tried again, and why.
    SetAside(String),
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub id: u32,
    pub name: String,
    pub parts: Vec<Part>,
    /// Overrides detection, for all parts.
    pub format: Option<String>,
    /// Of before the change: the other logs are compared with it.
    pub before: bool,
    /// One of the page's own samples: the next one takes its place.
    pub sample: bool,
    pub standing: Standing,
}

impl Entry {
    /// In bytes.
    pub fn size(&self) -> u64 {
        self.parts.iter().map(Part::size).sum()
    }

    /// What engines said of its parts, as far as they have.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Part, &ItemOutcome)> {
        self.parts.iter().filter_map(|part| Some((part, part.outcome.as_ref()?)))
    }
}

#[derive(Clone, Copy)]
pub struct Workspace {
    entries: RwSignal<Vec<Entry>, LocalStorage>,
    /// Counts what makes a new review necessary: entries came, went, or changed their format.
    changes: RwSignal<u32>,
    /// What `restore` puts back, with its places.
    removed: RwSignal<Vec<(usize, Entry)>, LocalStorage>,
    next: StoredValue<u32>,
    /// Ids of the entries that arrived and were not shown yet.
    arrived: StoredValue<Vec<u32>>,
}

impl Workspace {
    pub(super) fn new() -> Self {
        Self {
            entries: RwSignal::new_local(Vec::new()),
            changes: RwSignal::new(0),
            removed: RwSignal::new_local(Vec::new()),
            next: StoredValue::new(0),
            arrived: StoredValue::new(Vec::new()),
        }
    }

    pub fn entries(&self) -> ReadSignal<Vec<Entry>, LocalStorage> {
        self.entries.read_only()
    }

    pub(super) fn changes(&self) -> u32 {
        self.changes.get()
    }

    pub(super) fn changes_untracked(&self) -> u32 {
        self.changes.get_untracked()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.with(Vec::is_empty)
    }

    pub fn add(&self, dropped: Vec<Dropped>) {
        self.push(dropped, false);
    }

    /// Adds a sample of the page in place of the one before it.
    pub fn add_sample(&self, dropped: Dropped) {
        self.entries.update(|entries| entries.retain(|entry| !entry.sample));
        self.push(vec![dropped], true);
    }

    /// Entries that were here before, in place of all others. They keep their ids, and nobody is led to them.
    pub(super) fn fill(&self, entries: Vec<Entry>) {
        let next = entries.iter().map(|entry| entry.id).max().map_or(0, |id| id.wrapping_add(1));
        self.next.set_value(next.max(self.next.get_value()));
        self.entries.set(entries);
        self.change();
    }

    /// Without a way back.
    pub(super) fn empty(&self) {
        self.removed.set(Vec::new());
        self.fill(Vec::new());
    }

    fn push(&self, dropped: Vec<Dropped>, sample: bool) {
        let dropped: Vec<Dropped> = dropped.into_iter().filter(|dropped| !dropped.parts.is_empty()).collect();
        if dropped.is_empty() {
            return;
        }
        self.entries.update(|entries| {
            for Dropped { name, parts } in dropped {
                let id = self.next.get_value();
                self.next.set_value(id.wrapping_add(1));
                let name = unused(name, entries);
                self.arrived.update_value(|arrived| arrived.push(id));
                let standing = Standing::Waiting;
                entries.push(Entry { id, name, parts, format: None, before: false, sample, standing });
            }
        });
        self.change();
    }

    /// Takes an entry out of the workspace; `restore` puts it back.
    pub fn remove(&self, id: u32) {
        self.take_out(|entry| entry.id == id);
    }

    pub fn clear(&self) {
        self.take_out(|_| true);
    }

    fn take_out(&self, which: impl Fn(&Entry) -> bool) {
        let mut removed = Vec::new();
        self.entries.update(|entries| {
            let all = std::mem::take(entries);
            for (index, entry) in all.into_iter().enumerate() {
                if which(&entry) {
                    removed.push((index, entry));
                } else {
                    entries.push(entry);
                }
            }
        });
        if removed.is_empty() {
            return;
        }
        self.removed.set(removed);
        self.change();
    }

    /// What `restore` would put back, for the user to read.
    pub fn removed(&self) -> Option<String> {
        self.removed.with(|removed| match removed.as_slice() {
            [] => None,
            [(_, only)] => Some(format!("{} was removed.", only.name)),
            several => Some(format!("{} inputs were removed.", several.len())),
        })
    }

    /// Puts back what was removed last.
    pub fn restore(&self) {
        let removed = self.removed.try_update(std::mem::take).unwrap_or_default();
        self.entries.update(|entries| {
            for (index, entry) in removed {
                entries.insert(index.min(entries.len()), entry);
            }
        });
        self.change();
    }

    /// `None`: as it is detected.
    pub fn set_format(&self, id: u32, format: Option<String>) {
        self.with_entry(id, |entry| {
            entry.format = format;
            entry.standing = Standing::Waiting;
        });
        self.change();
    }

    /// Whether it is of before the change.
    pub fn set_before(&self, id: u32, before: bool) {
        self.with_entry(id, |entry| {
            entry.before = before;
            entry.standing = Standing::Waiting;
        });
        self.change();
    }

    /// Takes an entry that was set aside back into reviews.
    pub fn try_again(&self, id: u32) {
        self.with_entry(id, |entry| entry.standing = Standing::Waiting);
        self.change();
    }

    pub(super) fn with_entry(&self, id: u32, change: impl FnOnce(&mut Entry)) {
        self.entries.update(|entries| {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                change(entry);
            }
        });
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        self.entries.update(change);
    }

    /// Ids of what arrived since this was asked last.
    pub(super) fn take_arrived(&self) -> Vec<u32> {
        self.arrived.try_update_value(std::mem::take).unwrap_or_default()
    }

    /// Whether the engine that looked last understood a part of one of these entries, and there is something to show:
    /// of a project's settings only the list of inputs tells.
    pub(super) fn is_understood(&self, ids: &[u32]) -> bool {
        let understood = |outcome: &ItemOutcome| {
            let any = outcome.understood.iter().any(|(_, count)| *count > 0);
            any && !outcome.elsewhere && outcome.format != "project-file"
        };
        self.entries.with_untracked(|entries| {
            let mut arrived = entries.iter().filter(|entry| ids.contains(&entry.id));
            arrived.any(|entry| entry.outcomes().any(|(_, outcome)| understood(outcome)))
        })
    }

    /// Of the first of these entries that has something in it.
    pub(super) fn name_of(&self, ids: &[u32]) -> Option<String> {
        self.entries.with_untracked(|entries| {
            let mut own = entries.iter().filter(|entry| ids.contains(&entry.id) && entry.size() > 0);
            own.next().map(|entry| entry.name.clone())
        })
    }

    pub(super) fn change(&self) {
        self.changes.update(|count| *count = count.wrapping_add(1));
    }
}

/// `name`, or `name (2)` where another entry has it.
fn unused(name: String, entries: &[Entry]) -> String {
    let taken = |name: &str| entries.iter().any(|entry| entry.name == name);
    if !taken(&name) {
        return name;
    }
    (2..).map(|number| format!("{name} ({number})")).find(|name| !taken(name)).unwrap_or(name)
}
