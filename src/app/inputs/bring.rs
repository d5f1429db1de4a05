//! From what the browser hands over (a paste, a drop, a picker) to what the workspace lists.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, File};
use web_sys::{FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry, FileSystemFileEntry};

use crate::app::callbacks::Callbacks;
use crate::app::state::{App, Dropped, Part, is_file};
use crate::intake::ignored;

/// How many files one folder may bring: a home directory that was dropped by mistake has millions.
const MOST_FILES: usize = 20_000;

/// Into the workspace; a workspace that was saved as a file is opened.
pub fn take(app: App, dropped: Vec<Dropped>) {
    let is_workspace = |dropped: &Dropped| matches!(dropped.parts.as_slice(), [only] if is_file(&only.name));
    match dropped.iter().find(|dropped| is_workspace(dropped)).and_then(|dropped| dropped.parts.first()) {
        Some(file) => app.open_file(file.blob.clone()),
        None => app.workspace.add(dropped),
    }
}

/// Text that was pasted or typed.
pub fn text(text: &str) -> Option<Dropped> {
    if text.trim().is_empty() {
        return None;
    }
    let options = BlobPropertyBag::new();
    options.set_type("text/plain");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options).ok()?;
    Some(Dropped { name: "pasted text".to_owned(), parts: vec![Part::new("", blob)] })
}

/// The files of a picker, a paste or a drop. Those of one picked folder are listed as one.
fn files(list: Vec<File>) -> Vec<Dropped> {
    let mut out: Vec<Dropped> = Vec::new();
    for file in list {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        let path = path.unwrap_or_default();
        match path.split_once('/') {
            Some((folder, _)) if ignored(&path) && !ignored(folder) => {}
            Some((folder, _)) => {
                let name = format!("{folder}/");
                let part = Part::new(path.clone(), file.into());
                match out.iter_mut().find(|dropped| dropped.name == name) {
                    Some(dropped) if dropped.parts.len() >= MOST_FILES => {}
                    Some(dropped) => dropped.parts.push(part),
                    None => out.push(Dropped { name, parts: vec![part] }),
                }
            }
            None => {
                let name = file.name();
                out.push(Dropped { name: name.clone(), parts: vec![Part::new(name, file.into())] });
            }
        }
    }
    out
}

/// What was pasted, dropped or picked: files, or else text.
pub struct Transfer {
    entries: Vec<FileSystemEntry>,
    files: Vec<File>,
    pub text: String,
}

impl Transfer {
    /// Of an object `{entries, files, text}`, as `public/first.js` makes it.
    pub fn of(brought: &JsValue) -> Option<Self> {
        let field = |name: &str| Reflect::get(brought, &name.into()).ok();
        let list = |name: &str| field(name)?.dyn_into::<Array>().ok();
        // Not by their class: what Chromium gives for an entry is of none that a script can name.
        Some(Self {
            entries: list("entries")?.iter().map(JsCast::unchecked_into).collect(),
            files: list("files")?.iter().map(JsCast::unchecked_into).collect(),
            text: field("text")?.as_string()?,
        })
    }

    /// Looks into the folders. The second value says what could not be read.
    pub async fn read(self) -> (Vec<Dropped>, Vec<String>) {
        let mut out = files(self.files);
        let mut errors = Vec::new();
        for entry in self.entries {
            let name = entry.name();
            let is_folder = entry.is_directory();
            let parts = walk(entry, &mut errors).await;
            match is_folder {
                true if parts.is_empty() => errors.push(format!("There is no file in {name}/.")),
                true => out.push(Dropped { name: format!("{name}/"), parts }),
                false => out.extend(parts.into_iter().map(|part| Dropped { name: name.clone(), parts: vec![part] })),
            }
        }
        out.extend(text(&self.text));
        (out, errors)
    }
}

/// All files below an entry, in the order of their paths; folders of tools and caches are left out.
async fn walk(root: FileSystemEntry, errors: &mut Vec<String>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open = vec![root];
    while let Some(entry) = open.pop() {
        // The browser begins it with a slash.
        let path = entry.full_path().trim_start_matches('/').to_owned();
        if parts.len() >= MOST_FILES {
            errors.push(format!("Only the first {MOST_FILES} files were taken."));
            break;
        }
        // Not by its class: what Chromium gives is of none that a script can name.
        let read = match entry.is_file() {
            true => file_of(entry.unchecked_ref()).await.map(|file| parts.push(Part::new(path.clone(), file.into()))),
            false => match entries_of(entry.unchecked_into()).await {
                Ok(mut entries) => {
                    entries.retain(|entry| !ignored(&entry.name()));
                    entries.sort_by_key(|entry| std::cmp::Reverse(entry.name()));
                    open.append(&mut entries);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if read.is_err() {
            errors.push(format!("{path} cannot be read."));
        }
    }
    parts
}

async fn file_of(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let callbacks = Callbacks::new();
    entry.file_with_callback_and_callback(callbacks.good.unchecked_ref(), callbacks.bad.unchecked_ref());
    Ok(callbacks.answer().await?.unchecked_into())
}

/// `readEntries` gives a hundred at a time, and none at the end.
async fn entries_of(folder: FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader: FileSystemDirectoryReader = folder.create_reader();
    let mut out = Vec::new();
    loop {
        let callbacks = Callbacks::new();
        reader
            .read_entries_with_callback_and_callback(callbacks.good.unchecked_ref(), callbacks.bad.unchecked_ref())?;
        let batch: Array = callbacks.answer().await?.unchecked_into();
        if batch.length() == 0 {
            return Ok(out);
        }
        out.extend(batch.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}
