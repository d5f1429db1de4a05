//! What the user wants kept, in this tab and in the others: everything, nothing, or nothing of what is there.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{FORGOTTEN, Keeping, Kept, TAB, local, tab};
use crate::app::state::lock;
use crate::app::state::store::Store;
use crate::app::state::{App, KEEP_NOTHING, keeps_nothing};

impl Kept {
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
        app.options.set(Default::default());
        app.triage.forget();
        self.wipe(app);
        app.notices.say("Everything that was kept on this device is forgotten.");
    }

    pub(super) fn wipe(self, app: App) {
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
            desk.text = Some(String::new());
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

    pub(super) fn choice_elsewhere(self, app: App) {
        match keeps_nothing() {
            true => {
                self.keeping.set(Keeping::Nothing);
                self.desk.update_value(|desk| {
                    desk.stored.clear();
                    desk.text = Some(String::new());
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
}
