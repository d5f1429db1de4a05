//! The workspace as the browser keeps it from one visit to the next.
//!
//! Each tab has a workspace of its own and holds its lock, so that no tab writes over another's. A reload finds the
//! tab's own again; a new visit takes up the one that was left last, unless that is open elsewhere. What comes from a
//! link is older than all others until it is changed: it never stands in the way of what its receiver had.

use std::collections::BTreeSet;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::{Array, Date, Math};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Blob, Storage, StorageEvent};

use super::link::{self, Linked};
use super::lock::{self, Held};
use super::snapshot::{Listed, Snapshot};
use super::store::Store;
use super::{App, Entry, KEEP_NOTHING, Part, Standing, keeps_nothing, router};

/// In the storage of the tab: the id of its workspace.
const TAB: &str = "roundtrip.workspace";
/// Written and removed again, for other tabs to hear that everything was forgotten.
const FORGOTTEN: &str = "roundtrip.forgotten";
/// A larger entry stays where it is: the browser would copy it.
const LARGEST: u64 = 256 << 20;
/// Workspaces of tabs that are gone; beyond, those that were left first go.
const MOST: usize = 8;
const DELAY_MS: u32 = 250;

/// What can be told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keeping {
    #[default]
    Kept,
    /// As the user has chosen.
    Nothing,
    /// Something is not: what, and why.
    Failed(String),
}

/// What a visit begins with.
#[derive(Default)]
pub struct Found {
    store: Option<Rc<Store>>,
    failed: Option<String>,
    id: String,
    held: Option<Held>,
    snapshot: Option<Snapshot>,
    entries: Vec<Entry>,
    /// The contents lie under `id`.
    stored: BTreeSet<u32>,
    /// What the address carries.
    linked: Option<Result<Linked, String>>,
}

#[derive(Clone, Copy)]
pub struct Kept {
    keeping: RwSignal<Keeping>,
    desk: StoredValue<Desk, LocalStorage>,
}

struct Desk {
    store: Option<Rc<Store>>,
    id: String,
    /// Of this tab's workspace.
    held: Option<Held>,
    /// Entries whose contents the store has.
    stored: BTreeSet<u32>,
    /// What was written last.
    text: String,
    timer: Option<Timeout>,
    busy: bool,
    /// The number of changes at which it came out of a link.
    linked: Option<u32>,
}

impl Found {
    /// Looks for what this tab, or the last visit, left here.
    pub async fn look() -> Self {
        let linked = match link::carried(&router::hash()) {
            Some(Ok(payload)) => Some(link::opened(payload).await),
            Some(Err(why)) => Some(Err(why)),
            None => None,
        };
        let is_linked = matches!(linked, Some(Ok(_)));
        let mut found = Self { id: fresh(), linked, ..Self::default() };
        if keeps_nothing() {
            return found;
        }
        match Store::open().await {
            Ok(store) => found.store = Some(Rc::new(store)),
            Err(why) => found.failed = Some(why),
        }
        let Some(store) = found.store.clone() else { return found };
        let known = tab().and_then(|tab| tab.get_item(TAB).ok()?);
        let mut all = store.workspaces().await.unwrap_or_default();
        all.sort_by_key(|(_, text)| std::cmp::Reverse(stamp(text)));
        match known {
            // What is kept stays as it is.
            _ if is_linked => {}
            Some(id) => {
                let own = all.iter().find(|(known, _)| *known == id);
                let held = lock::hold_again(&id).await;
                if let Some((_, text)) = own {
                    found.take_up(&store, &id, text).await;
                }
                // A tab that was duplicated has a copy: the one before it goes on with its own.
                if held.is_some() {
                    (found.id, found.held) = (id, held);
                } else {
                    found.stored.clear();
                }
            }
            None => {
                for (id, text) in &all {
                    let held = lock::hold(id).await;
                    if held.is_some() {
                        found.take_up(&store, id, text).await;
                        (found.id, found.held) = (id.clone(), held);
                        break;
                    }
                }
            }
        }
        if found.held.is_none() {
            found.held = lock::hold(&found.id).await;
        }
        found.remember_tab();
        wasm_bindgen_futures::spawn_local(async move {
            for (id, _) in all.iter().skip(MOST) {
                if lock::hold(id).await.is_some() {
                    let _ = store.remove(id).await;
                }
            }
        });
        found
    }

    async fn take_up(&mut self, store: &Store, id: &str, text: &str) {
        let Some(snapshot) = unstamped(text).and_then(Snapshot::read) else { return };
        for listed in &snapshot.entries {
            if let Some(entry) = store.content(id, listed.id).await.and_then(|content| entry(listed, &content)) {
                self.stored.insert(entry.id);
                self.entries.push(entry);
            }
        }
        self.snapshot = Some(snapshot);
    }

    fn remember_tab(&self) {
        let _ = tab().map(|tab| tab.set_item(TAB, &self.id));
    }
}

impl Kept {
    pub fn keeping(&self) -> ReadSignal<Keeping> {
        self.keeping.read_only()
    }

    /// Puts what was found into the page, and follows what becomes of it.
    pub(super) fn begin(app: App, found: Found) {
        let Found { store, failed, id, held, snapshot, entries, stored, linked } = found;
        let kept = app.kept;
        kept.keeping.set(match failed {
            _ if keeps_nothing() => Keeping::Nothing,
            Some(why) => Keeping::Failed(format!("Nothing of this is kept for the next visit: {why}.")),
            None => Keeping::Kept,
        });
        kept.desk.update_value(|desk| {
            (desk.store, desk.id, desk.held, desk.stored) = (store, id, held, stored);
        });
        if let Some(snapshot) = snapshot {
            app.options.set(snapshot.options);
            app.router.start_at(&snapshot.route);
            app.workspace.fill(entries);
        }
        match linked {
            Some(Ok(linked)) => app.take_in(linked, "What you had before stays as it is kept."),
            Some(Err(why)) => app.refuse(&why),
            None => {}
        }
        EventListener::new(&window(), "popstate", move |_| {
            app.open_link(&router::hash());
        })
        .forget();
        Effect::new(move |_| {
            app.workspace.entries().track();
            app.options.track();
            app.router.route().track();
            kept.write_soon(app);
        });
        // What is still waiting is written before the tab may end.
        EventListener::new(&document(), "visibilitychange", move |_| kept.write_now(app)).forget();
        EventListener::new(&window(), "storage", move |event| {
            let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
            match key.as_deref() {
                Some(KEEP_NOTHING) => kept.choice_elsewhere(app),
                // What is still open here is kept again when it changes.
                Some(FORGOTTEN) => kept.desk.update_value(|desk| desk.stored.clear()),
                _ => {}
            }
        })
        .forget();
    }

    fn write_soon(self, app: App) {
        let timer = Timeout::new(DELAY_MS, move || self.write_now(app));
        self.desk.update_value(|desk| desk.timer = Some(timer));
    }

    fn write_now(self, app: App) {
        if self.keeping.get_untracked() == Keeping::Nothing {
            return;
        }
        let start = self.desk.try_update_value(|desk| {
            if desk.timer.take().is_none() || desk.store.is_none() {
                return false;
            }
            if desk.busy {
                desk.timer = Some(Timeout::new(DELAY_MS, move || self.write_now(app)));
            }
            !std::mem::replace(&mut desk.busy, true)
        });
        if start != Some(true) {
            return;
        }
        spawn_local(async move {
            let outcome = self.write(app).await;
            self.desk.update_value(|desk| desk.busy = false);
            match self.keeping.get_untracked() {
                // It was chosen while this was written.
                Keeping::Nothing => self.wipe(app),
                Keeping::Kept | Keeping::Failed(_) => {
                    self.keeping.set(outcome.map_or_else(Keeping::Failed, |()| Keeping::Kept));
                }
            }
        });
    }

    /// Contents first: the text never names what is not there.
    async fn write(self, app: App) -> Result<(), String> {
        let desk = self.desk;
        let (Some(store), id) = desk.with_value(|desk| (desk.store.clone(), desk.id.clone())) else { return Ok(()) };
        let mut snapshot = app.snapshot();
        let contents: Vec<(Listed, Option<Blob>)> = app
            .workspace
            .entries()
            .with_untracked(|entries| entries.iter().map(|entry| (Listed::of(entry), content(&entry.parts))).collect());
        // The tab may have gone over to another workspace meanwhile.
        let is_left = || desk.with_value(|desk| desk.id != id);
        let mut failed = Ok(());
        snapshot.entries.clear();
        for (listed, content) in contents {
            if !desk.with_value(|desk| desk.stored.contains(&listed.id)) {
                let put = match content {
                    _ if listed.size() > LARGEST => Err("it is larger than 256 MB".to_owned()),
                    Some(content) => store.put_content(&id, listed.id, &content).await,
                    None => Err("the browser does not allow it here".to_owned()),
                };
                if is_left() {
                    return Ok(());
                }
                if let Err(why) = put {
                    failed = Err(format!(
                        "{} is not kept for the next visit: {why}. It stays as long as this tab.",
                        listed.name
                    ));
                    continue;
                }
                desk.update_value(|desk| desk.stored.extend([listed.id]));
            }
            snapshot.entries.push(listed);
        }
        let is_empty = app.workspace.entries().with_untracked(Vec::is_empty);
        let text = if is_empty { String::new() } else { snapshot.write() };
        if desk.with_value(|desk| desk.text == text) {
            return failed;
        }
        if text.is_empty() {
            store.remove(&id).await?;
        } else {
            let changes = app.workspace.changes_untracked();
            let is_linked = desk.with_value(|desk| desk.linked == Some(changes));
            let now = if is_linked { 0 } else { Date::now() as u64 };
            let put = store.put_workspace(&id, &format!("{now}\n{text}")).await;
            put.map_err(|why| format!("The workspace is not kept for the next visit: {why}."))?;
        }
        if is_left() {
            return Ok(());
        }
        let listed: BTreeSet<u32> = snapshot.entries.iter().map(|entry| entry.id).collect();
        let gone = desk.try_update_value(|desk| {
            desk.text = text;
            let gone: Vec<u32> = desk.stored.difference(&listed).copied().collect();
            desk.stored.retain(|id| listed.contains(id));
            gone
        });
        for entry in gone.unwrap_or_default() {
            store.remove_content(&id, entry).await?;
        }
        failed
    }

    /// Whether anything is kept from now on. Nothing: what was kept by any tab goes.
    pub fn choose(self, app: App, keep: bool) {
        let Some(storage) = local() else { return };
        if keep {
            let _ = storage.remove_item(KEEP_NOTHING);
            self.keep_again(app);
            return;
        }
        let _ = storage.set_item(KEEP_NOTHING, "yes");
        self.keeping.set(Keeping::Nothing);
        self.wipe(app);
    }

    /// Empties the workspace, and forgets all that this or any other tab left here; what others show stays until they
    /// are closed.
    pub fn forget_everything(self, app: App) {
        app.workspace.empty();
        app.notices.withdraw(super::Action::Restore);
        app.options.set(Default::default());
        app.triage.forget();
        self.wipe(app);
        app.notices.say("Everything that was kept on this device is forgotten.");
    }

    fn wipe(self, app: App) {
        if let Some(storage) = local() {
            let keys: Vec<String> =
                (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten()).collect();
            let ours = |key: &&String| key.starts_with("roundtrip.") && *key != KEEP_NOTHING;
            for key in keys.iter().filter(ours) {
                let _ = storage.remove_item(key);
            }
            let _ = storage.set_item(FORGOTTEN, "now");
            let _ = storage.remove_item(FORGOTTEN);
        }
        let store = self.desk.try_update_value(|desk| {
            desk.stored.clear();
            desk.text.clear();
            desk.store.clone()
        });
        spawn_local(async move {
            let store = match store.flatten() {
                Some(store) => Ok(store),
                // What an earlier visit left is there to be forgotten, also where nothing was kept since.
                None => Store::open().await.map(Rc::new),
            };
            let cleared = match store {
                Ok(store) => store.clear().await,
                Err(why) => Err(why),
            };
            if let Err(why) = cleared {
                app.notices.warn(format!("Not everything could be forgotten: {why}."));
            }
        });
    }

    fn choice_elsewhere(self, app: App) {
        match keeps_nothing() {
            true => {
                self.keeping.set(Keeping::Nothing);
                self.desk.update_value(|desk| {
                    desk.stored.clear();
                    desk.text.clear();
                });
            }
            false => self.keep_again(app),
        }
    }

    fn keep_again(self, app: App) {
        self.keeping.set(Keeping::Kept);
        spawn_local(async move {
            let store = match self.desk.with_value(|desk| desk.store.clone()) {
                Some(store) => Ok(store),
                None => Store::open().await.map(Rc::new),
            };
            let id = self.desk.with_value(|desk| desk.id.clone());
            let held = lock::hold(&id).await;
            let _ = tab().map(|tab| tab.set_item(TAB, &id));
            match store {
                Ok(store) => self.desk.update_value(|desk| {
                    desk.store = Some(store);
                    if held.is_some() {
                        desk.held = held;
                    }
                }),
                Err(why) => self.keeping.set(Keeping::Failed(format!("Nothing is kept for the next visit: {why}."))),
            }
            app.remember_all();
            self.write_soon(app);
        });
    }

    /// What is in the workspace from now on is another one, and that before it stays as it was kept.
    pub(super) async fn leave(self, app: App) {
        if self.desk.with_value(|desk| desk.timer.is_some()) {
            self.desk.update_value(|desk| desk.timer = None);
            let _ = self.write(app).await;
        }
        let id = fresh();
        let held = lock::hold(&id).await;
        self.desk.update_value(|desk| {
            (desk.id, desk.held) = (id, held);
            desk.stored.clear();
            desk.text.clear();
            if desk.store.is_some() {
                let _ = tab().map(|tab| tab.set_item(TAB, &desk.id));
            }
        });
    }

    /// The workspace is as it came out of a link.
    pub(super) fn is_of_a_link(self, app: App) {
        let changes = app.workspace.changes_untracked();
        self.desk.update_value(|desk| desk.linked = Some(changes));
    }
}

impl Kept {
    pub(super) fn new() -> Self {
        let desk = Desk {
            store: None,
            id: String::new(),
            held: None,
            stored: BTreeSet::new(),
            text: String::new(),
            timer: None,
            busy: false,
            linked: None,
        };
        Self { keeping: RwSignal::new(Keeping::Kept), desk: StoredValue::new_local(desk) }
    }
}

/// The parts of an entry, cut out of its content.
pub(super) fn entry(listed: &Listed, content: &Blob) -> Option<Entry> {
    let mut from = 0.0;
    let mut parts = Vec::with_capacity(listed.parts.len());
    for (name, size) in &listed.parts {
        let to = from + *size as f64;
        if to > content.size() {
            return None;
        }
        parts.push(Part::new(name.clone(), content.slice_with_f64_and_f64(from, to).ok()?));
        from = to;
    }
    let standing = match &listed.aside {
        Some(why) => Standing::SetAside(why.clone()),
        None => Standing::Waiting,
    };
    let Listed { id, name, format, sample, before, .. } = listed.clone();
    Some(Entry { id, name, parts, format, before, sample, standing })
}

/// All parts one after the other: one blob for ten thousand files.
fn content(parts: &[Part]) -> Option<Blob> {
    let blobs: Array = parts.iter().map(|part| part.blob.clone()).collect();
    Blob::new_with_blob_sequence(&blobs).ok()
}

/// Workspaces are kept with the time of their last change in front, in milliseconds.
fn stamp(text: &str) -> u64 {
    text.split_once('\n').and_then(|(stamp, _)| stamp.parse().ok()).unwrap_or(0)
}

fn unstamped(text: &str) -> Option<&str> {
    text.split_once('\n').map(|(_, text)| text)
}

/// An id that no tab has.
fn fresh() -> String {
    format!("{:x}-{:x}", Date::now() as u64, (Math::random() * 4_294_967_296.0) as u64)
}

fn tab() -> Option<Storage> {
    window().session_storage().ok()?
}

fn local() -> Option<Storage> {
    window().local_storage().ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_stands_in_front() {
        let text = format!("1732226400000\n{}", Snapshot::default().write());
        assert_eq!((stamp(&text), stamp("x"), stamp("x\ny")), (1_732_226_400_000, 0, 0));
        assert_eq!(unstamped(&text).and_then(Snapshot::read), Some(Snapshot::default()));
    }
}
