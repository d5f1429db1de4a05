//! The browser's database of workspaces: a text for each, which says what is in it, and the contents of its entries.
//!
//! Errors are what the user can be told of them.

use js_sys::{Array, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbTransactionMode::{self, Readonly, Readwrite};
use web_sys::{Blob, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction};

use crate::app::callbacks::Callbacks;

const NAME: &str = "roundtrip";
const VERSION: u32 = 1;
/// By a workspace's id.
const WORKSPACES: &str = "workspaces";
/// By `<workspace>/<entry>`.
const CONTENTS: &str = "contents";

#[derive(Clone)]
pub struct Store(IdbDatabase);

impl Store {
    pub async fn open() -> Result<Self, String> {
        let open = || -> Result<IdbOpenDbRequest, JsValue> {
            window().indexed_db()?.ok_or(JsValue::NULL)?.open_with_u32(NAME, VERSION)
        };
        let request = open().map_err(|error| told(&error))?;
        let made = request.clone();
        let make = wasm_bindgen::prelude::Closure::once_into_js(move || {
            let Some(database) = made.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok()) else {
                return;
            };
            for name in [WORKSPACES, CONTENTS] {
                let _ = database.create_object_store(name);
            }
        });
        request.set_onupgradeneeded(Some(make.unchecked_ref()));
        Ok(Self(answer(&request).await?.unchecked_into()))
    }

    /// Id and text of every workspace.
    pub async fn workspaces(&self) -> Result<Vec<(String, String)>, String> {
        let (_, store) = self.begin(WORKSPACES, Readonly)?;
        let keys = store.get_all_keys().map_err(|error| told(&error))?;
        let texts = store.get_all().map_err(|error| told(&error))?;
        let (keys, texts) = (answer(&keys), answer(&texts));
        let (keys, texts): (Array, Array) = (keys.await?.unchecked_into(), texts.await?.unchecked_into());
        let pairs = keys.iter().zip(texts.iter());
        Ok(pairs.filter_map(|(key, text)| Some((key.as_string()?, text.as_string()?))).collect())
    }

    /// None where it is not there, or not as it should be.
    pub async fn content(&self, workspace: &str, entry: u32) -> Option<Blob> {
        let (_, store) = self.begin(CONTENTS, Readonly).ok()?;
        answer(&store.get(&key(workspace, entry)).ok()?).await.ok()?.dyn_into().ok()
    }

    pub async fn put_workspace(&self, workspace: &str, text: &str) -> Result<(), String> {
        self.write(WORKSPACES, |store| store.put_with_key(&text.into(), &workspace.into()).map(drop)).await
    }

    pub async fn put_content(&self, workspace: &str, entry: u32, content: &Blob) -> Result<(), String> {
        self.write(CONTENTS, |store| store.put_with_key(content, &key(workspace, entry)).map(drop)).await
    }

    pub async fn remove_content(&self, workspace: &str, entry: u32) -> Result<(), String> {
        self.write(CONTENTS, |store| store.delete(&key(workspace, entry)).map(drop)).await
    }

    pub async fn remove(&self, workspace: &str) -> Result<(), String> {
        self.write(WORKSPACES, |store| store.delete(&workspace.into()).map(drop)).await?;
        // The character after the slash ends them.
        let range = IdbKeyRange::bound(&format!("{workspace}/").into(), &format!("{workspace}0").into());
        let range = range.map_err(|error| told(&error))?;
        self.write(CONTENTS, |store| store.delete(&range).map(drop)).await
    }

    pub async fn clear(&self) -> Result<(), String> {
        self.write(WORKSPACES, |store| store.clear().map(drop)).await?;
        self.write(CONTENTS, |store| store.clear().map(drop)).await
    }

    fn begin(&self, name: &str, mode: IdbTransactionMode) -> Result<(IdbTransaction, IdbObjectStore), String> {
        let begin = || {
            let transaction = self.0.transaction_with_str_and_mode(name, mode)?;
            let store = transaction.object_store(name)?;
            Ok((transaction, store))
        };
        begin().map_err(|error: JsValue| told(&error))
    }

    /// Done when the browser has it on its disk: only then is it known that there was room.
    async fn write(&self, name: &str, act: impl FnOnce(&IdbObjectStore) -> Result<(), JsValue>) -> Result<(), String> {
        let (transaction, store) = self.begin(name, Readwrite)?;
        let callbacks = Callbacks::new();
        transaction.set_oncomplete(Some(callbacks.good.unchecked_ref()));
        transaction.set_onabort(Some(callbacks.bad.unchecked_ref()));
        act(&store).map_err(|error| told(&error))?;
        let ended = callbacks.answer().await;
        let reason = |_| told(&Reflect::get(&transaction, &"error".into()).unwrap_or_default());
        ended.map(drop).map_err(reason)
    }
}

/// Listens at once: the answer may come while another one is waited for.
fn answer(request: &IdbRequest) -> impl Future<Output = Result<JsValue, String>> + use<> {
    let callbacks = Callbacks::new();
    request.set_onsuccess(Some(callbacks.good.unchecked_ref()));
    request.set_onerror(Some(callbacks.bad.unchecked_ref()));
    let request = request.clone();
    async move {
        let reason = |_| told(&Reflect::get(&request, &"error".into()).unwrap_or_default());
        callbacks.answer().await.map_err(reason)?;
        request.result().map_err(|error| told(&error))
    }
}

fn key(workspace: &str, entry: u32) -> JsValue {
    format!("{workspace}/{entry}").into()
}

fn told(error: &JsValue) -> String {
    let text = |name: &str| Reflect::get(error, &name.into()).ok().and_then(|text| text.as_string());
    match text("name").as_deref() {
        Some("QuotaExceededError") => "the browser has no room left for it".to_owned(),
        Some("NotReadableError" | "NotFoundError") => "it was changed or moved since it was brought in".to_owned(),
        _ => text("message").unwrap_or_else(|| "the browser does not allow it here".to_owned()),
    }
}
