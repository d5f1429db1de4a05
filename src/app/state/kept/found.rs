//! What a visit begins with: the workspace that this tab, or the last visit, left here, or that of a link.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::content::{entry, stamp, unstamped};
use super::{TAB, fresh, mark_filled, tab};
use crate::app::state::link::{self, Linked};
use crate::app::state::lock::{self, Held};
use crate::app::state::snapshot::Snapshot;
use crate::app::state::store::Store;
use crate::app::state::{Entry, keeps_nothing, router};

/// Workspaces of tabs that are gone; beyond, those that were left first go.
const MOST: usize = 8;

/// What a visit begins with.
#[derive(Default)]
pub struct Found {
    pub(super) store: Option<Rc<Store>>,
    pub(super) failed: Option<String>,
    pub(super) id: String,
    pub(super) held: Option<Held>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) entries: Vec<Entry>,
    /// The contents lie under `id`.
    pub(super) stored: BTreeSet<u32>,
    /// What the address carries.
    pub(super) linked: Option<Result<Linked, String>>,
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
        mark_filled(!all.is_empty());
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
