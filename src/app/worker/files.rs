//! Fetching an engine once: the text of its glue and its compiled wasm.

use js_sys::{Array, Promise, WebAssembly};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Response, Url};

use crate::protocol::Engine;

const BOOTSTRAP: &str = include_str!("bootstrap.js");

/// What a worker is started from.
pub struct Files {
    /// Address of a blob with glue and bootstrap; never revoked, for workers start from it as long as the page lives.
    pub script: String,
    pub module: WebAssembly::Module,
}

impl Files {
    /// # Errors
    /// What could not be fetched or compiled, for the user to read.
    pub async fn fetch(engine: Engine) -> Result<Self, String> {
        let stem = stem(engine).ok_or("this page does not name its engines")?;
        let glue = async {
            let response = fetch(&format!("{stem}.js")).await?;
            JsFuture::from(response.text()?).await
        };
        let glue = glue.await.map_err(|error| format!("{stem}.js could not be loaded: {}", text_of(&error)))?;
        let glue = glue.as_string().unwrap_or_default();

        let wasm = format!("{stem}_bg.wasm");
        let module = async { compile(fetch(&wasm).await?).await };
        let module = module.await.map_err(|error| format!("{wasm} could not be loaded: {}", text_of(&error)))?;

        let script = blob_address(&format!("{glue}\n{BOOTSTRAP}")).map_err(|error| text_of(&error))?;
        Ok(Self { script, module })
    }
}

async fn compile(response: Response) -> Result<WebAssembly::Module, JsValue> {
    let copy = JsValue::from(response.clone()?);
    match JsFuture::from(WebAssembly::compile_streaming(&Promise::resolve(&copy))).await {
        Ok(module) => module.dyn_into(),
        // Some servers do not send application/wasm, which streaming insists on.
        Err(_) => {
            let bytes = JsFuture::from(response.array_buffer()?).await?;
            JsFuture::from(WebAssembly::compile(&bytes.unchecked_into())).await?.dyn_into()
        }
    }
}

async fn fetch(file: &str) -> Result<Response, JsValue> {
    let window = web_sys::window().ok_or("no window")?;
    let response: Response = JsFuture::from(window.fetch_with_str(file)).await?.dyn_into()?;
    if response.ok() { Ok(response) } else { Err(format!("the server answered {}", response.status()).into()) }
}

/// The name before `.js` and `_bg.wasm` of an engine's files: a meta element, for names carry hashes.
fn stem(engine: Engine) -> Option<String> {
    let name = match engine {
        Engine::Code => "code",
        Engine::Log => "log",
    };
    let meta = format!("meta[name=roundtrip-{name}-engine]");
    web_sys::window()?.document()?.query_selector(&meta).ok()??.get_attribute("content")
}

fn blob_address(script: &str) -> Result<String, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &options)?;
    Url::create_object_url_with_blob(&blob)
}

/// The message of a thrown value.
pub fn text_of(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
