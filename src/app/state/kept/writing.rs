//! Writing what changed, shortly after each change.

use std::collections::BTreeSet;

use gloo_timers::callback::Timeout;
use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::Blob;

use super::content::content;
use super::{Keeping, Kept, mark_filled};
use crate::app::state::App;
use crate::app::state::snapshot::Listed;

/// A larger entry stays where it is: the browser would copy it.
const LARGEST: u64 = 256 << 20;
const DELAY_MS: u32 = 250;

impl Kept {
    pub(super) fn write_soon(self, app: App) {
        let timer = Timeout::new(DELAY_MS, move || self.write_now(app));
        self.desk.update_value(|desk| desk.timer = Some(timer));
    }

    pub(super) fn write_now(self, app: App) {
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
    pub(super) async fn write(self, app: App) -> Result<(), String> {
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
        if desk.with_value(|desk| desk.text.as_deref() == Some(&*text)) {
            return failed;
        }
        if text.is_empty() {
            store.remove(&id).await?;
            mark_filled(store.workspaces().await.is_ok_and(|all| !all.is_empty()));
        } else {
            let changes = app.workspace.changes_untracked();
            let is_linked = desk.with_value(|desk| desk.linked == Some(changes));
            let now = if is_linked { 0 } else { Date::now() as u64 };
            let put = store.put_workspace(&id, &format!("{now}\n{text}")).await;
            put.map_err(|why| format!("The workspace is not kept for the next visit: {why}."))?;
            mark_filled(true);
        }
        if is_left() {
            return Ok(());
        }
        let listed: BTreeSet<u32> = snapshot.entries.iter().map(|entry| entry.id).collect();
        let gone = desk.try_update_value(|desk| {
            desk.text = Some(text);
            let gone: Vec<u32> = desk.stored.difference(&listed).copied().collect();
            desk.stored.retain(|id| listed.contains(id));
            gone
        });
        for entry in gone.unwrap_or_default() {
            store.remove_content(&id, entry).await?;
        }
        failed
    }
}
