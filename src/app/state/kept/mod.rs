//! The workspace as the browser keeps it from one visit to the next.
//!
//! Each tab has a workspace of its own and holds its lock, so that no tab writes over another's. A reload finds the
//! tab's own again; a new visit takes up the one that was left last, unless that is open elsewhere. What comes from a
//! link is older than all others until it is changed: it never stands in the way of what its receiver had.

mod content;
mod found;
mod wish;
mod writing;

use std::collections::BTreeSet;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::{Date, Math};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Storage, StorageEvent};

pub(super) use content::entry;
pub use found::Found;

use super::lock::{self, Held};
use super::store::Store;
use super::{App, KEEP_NOTHING, keeps_nothing, router};

/// In the storage of the tab: the id of its workspace.
const TAB: &str = "roundtrip.workspace";
/// Written and removed again, for other tabs to hear that everything was forgotten.
const FORGOTTEN: &str = "roundtrip.forgotten";

/// There while a workspace is kept: `public/first.js` cannot wait for the store to tell.
const FILLED: &str = "roundtrip.filled";

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
    /// What was written last, empty where nothing is kept; `None` where this visit has not written yet.
    text: Option<String>,
    timer: Option<Timeout>,
    busy: bool,
    /// The number of changes at which it came out of a link.
    linked: Option<u32>,
}

impl Kept {
    pub(super) fn new() -> Self {
        let desk = Desk {
            store: None,
            id: String::new(),
            held: None,
            stored: BTreeSet::new(),
            text: None,
            timer: None,
            busy: false,
            linked: None,
        };
        Self { keeping: RwSignal::new(Keeping::Kept), desk: StoredValue::new_local(desk) }
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
            desk.text = Some(String::new());
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

fn mark_filled(is_filled: bool) {
    let _ = local().map(|storage| match is_filled {
        true => storage.set_item(FILLED, "yes"),
        false => storage.remove_item(FILLED),
    });
}
