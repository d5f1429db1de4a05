//! A workspace in a link: `#v1.` and base64url of its deflated text and contents. The same bytes are the file that takes
//! over where a link would be too long.

use js_sys::{Array, Reflect, Uint8Array};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair};

use super::snapshot::Snapshot;
use super::{App, Keeping, Route, kept};

/// In front of what this build reads; the number is the version.
const PREFIX: &str = "#v1.";
/// How the files that hold the same are called.
pub const FILE: &str = "workspace.roundtrip";
const ENDING: &str = ".roundtrip";
/// Bytes that a link may unfold to: a few kilobytes could ask for all memory.
const MOST: usize = 64 << 20;

const CUT: &str = "it was cut short or changed on its way, as chat and mail programs do with long links. Ask for it again, or for the workspace as a file";

const FORMAT: &str = "deflate-raw";

#[wasm_bindgen]
extern "C" {
    /// web-sys has both only among its unstable interfaces.
    type CompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// What came out of a link.
pub struct Linked {
    snapshot: Snapshot,
    entries: Vec<super::Entry>,
}

/// What an address or a pasted text carries: none where it is no link of this page.
///
/// # Errors
/// Why it cannot be opened.
pub fn carried(text: &str) -> Option<Result<&str, String>> {
    let at = text.find("#v").filter(|_| !text.contains(char::is_whitespace))?;
    let hash = text.get(at..)?;
    if let Some(payload) = hash.strip_prefix(PREFIX) {
        return Some(Ok(payload));
    }
    let version = hash.strip_prefix("#v")?.split_once('.').map_or("", |(version, _)| version);
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| {
        Err(format!("it is of version {version}, which this page does not read. Reload the page for the newest, or ask for the workspace as a file"))
    })
}

pub fn is_file(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// Length of the text, the text, and the contents behind it.
fn framed(text: &str) -> String {
    format!("{}\n{text}", text.len())
}

fn unframed(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let length: usize = std::str::from_utf8(bytes.get(..end)?).ok()?.parse().ok()?;
    let (text, contents) = bytes.get(end + 1..)?.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?, contents))
}

/// `contents`: of the snapshot's parts, in their order.
///
/// # Errors
/// The browser's message where something of it cannot be read any more.
pub async fn packed(snapshot: &Snapshot, contents: &[Blob]) -> Result<Vec<u8>, String> {
    let pieces = Array::of1(&framed(&snapshot.write()).into());
    for content in contents {
        pieces.push(content);
    }
    let packed = async {
        let whole = Blob::new_with_blob_sequence(&pieces)?;
        let stream = CompressionStream::new(FORMAT)?;
        through(&whole, stream.unchecked_ref(), usize::MAX).await
    };
    let cause = |error: JsValue| Reflect::get(&error, &"message".into()).ok().and_then(|text| text.as_string());
    packed.await.map_err(|error| cause(error).unwrap_or_else(|| "the browser cannot pack it".to_owned()))
}

/// The hash that carries these bytes.
pub fn hash(packed: &[u8]) -> String {
    // As `btoa` wants it: a character for each byte.
    let text: String = packed.iter().map(|byte| char::from(*byte)).collect();
    let text = window().btoa(&text).unwrap_or_default();
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    format!("{PREFIX}{text}")
}

/// The bytes of a link's hash.
fn bytes(payload: &str) -> Option<Vec<u8>> {
    let text = window().atob(&payload.replace('-', "+").replace('_', "/")).ok()?;
    text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect()
}

/// # Errors
/// Why it cannot be opened.
pub(super) async fn opened(payload: &str) -> Result<Linked, String> {
    unpacked(&bytes(payload).ok_or(CUT)?).await
}

async fn unpacked(packed: &[u8]) -> Result<Linked, String> {
    let whole = async {
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(packed)))?;
        let stream = DecompressionStream::new(FORMAT)?;
        through(&blob, stream.unchecked_ref(), MOST).await
    };
    let whole = whole.await.map_err(|_| CUT)?;
    let (text, mut contents) = unframed(&whole).ok_or(CUT)?;
    let snapshot =
        Snapshot::read(text).ok_or("another version of this page has made it. Reload the page for the newest")?;
    let mut entries = Vec::with_capacity(snapshot.entries.len());
    for listed in &snapshot.entries {
        let size = usize::try_from(listed.size()).map_err(|_| CUT)?;
        let (content, rest) = contents.split_at_checked(size).ok_or(CUT)?;
        contents = rest;
        let content = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(content))).map_err(|_| CUT)?;
        entries.push(kept::entry(listed, &content).ok_or(CUT)?);
    }
    Ok(Linked { snapshot, entries })
}

/// All bytes that come out of a stream that a blob is sent through, an error where they are more than `most`.
async fn through(blob: &Blob, pair: &ReadableWritablePair, most: usize) -> Result<Vec<u8>, JsValue> {
    let stream: ReadableStream = blob.stream().pipe_through(pair);
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut out = Vec::new();
    loop {
        let read = JsFuture::from(reader.read()).await?;
        if Reflect::get(&read, &"done".into())?.is_truthy() {
            return Ok(out);
        }
        let piece: Uint8Array = Reflect::get(&read, &"value".into())?.unchecked_into();
        if out.len() + piece.length() as usize > most {
            let _ = reader.cancel();
            return Err(JsValue::NULL);
        }
        out.extend(piece.to_vec());
    }
}

impl App {
    /// Opens the link that the address, or a pasted text, is. False where it is none.
    pub fn open_link(self, text: &str) -> bool {
        let payload = match carried(text) {
            None => return false,
            Some(payload) => payload.map(str::to_owned),
        };
        spawn_local(async move {
            let linked = match payload {
                Ok(payload) => opened(&payload).await,
                Err(why) => Err(why),
            };
            self.enter(linked).await;
        });
        true
    }

    /// Opens a workspace that was saved as a file.
    pub fn open_file(self, file: Blob) {
        spawn_local(async move {
            let bytes = JsFuture::from(file.array_buffer()).await.map(|buffer| Uint8Array::new(&buffer).to_vec());
            let linked = match bytes {
                Ok(bytes) => unpacked(&bytes).await,
                Err(_) => Err("it cannot be read".to_owned()),
            };
            self.enter(linked).await;
        });
    }

    /// In a workspace of its own: the one before it stays where it is kept, or can be put back.
    async fn enter(self, linked: Result<Linked, String>) {
        match linked {
            Ok(linked) => {
                self.kept.leave(self).await;
                let before = if self.kept.keeping().get_untracked() == Keeping::Kept {
                    "What you had is kept: open this page in another tab to go on with it."
                } else {
                    self.workspace.clear();
                    "What you had before can be put back below the list of inputs."
                };
                self.take_in(linked, before);
            }
            Err(why) => self.refuse(&why),
        }
    }

    /// `before`: what became of the workspace before it.
    pub(super) fn take_in(self, linked: Linked, before: &str) {
        let Linked { snapshot, entries } = linked;
        self.options.set(snapshot.options);
        self.triage.add_unknown(snapshot.decisions);
        self.router.replace(Route::parse(&snapshot.route));
        self.workspace.fill(entries);
        self.kept.is_of_a_link(self);
        self.notices.tell(format!("This workspace came from a link. {before}"));
    }

    pub(super) fn refuse(self, why: &str) {
        // Else the next reload would try it again.
        self.router.replace(self.router.route().get_untracked());
        self.notices.warn(format!("The shared workspace cannot be opened: {why}."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_of_this_page_carry_something() {
        assert_eq!(carried("https://x.example/repo/#v1.abc-_"), Some(Ok("abc-_")));
        assert_eq!(carried("#v1."), Some(Ok("")));
        assert!(matches!(carried("#v27.abc"), Some(Err(why)) if why.contains("version 27")));
        for text in ["", "#1/review", "#vx.a", "#v.a", "x = 1  #v1.2 of this", "#version"] {
            assert_eq!(carried(text), None, "{text}");
        }
    }

    #[test]
    fn text_and_contents_part_again() {
        let bytes = [framed("grün\n").as_bytes(), b"\n\xff"].concat();
        assert_eq!(unframed(&bytes), Some(("grün\n", b"\n\xff".as_slice())));
        for odd in [b"".as_slice(), b"9", b"9\nabc", b"x\nabc", b"2\n\xff\xff", b"18446744073709551615\na"] {
            assert_eq!(unframed(odd), None);
        }
    }
}
