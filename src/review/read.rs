//! What was given, as the files of each side of the change.

mod patched;

use std::collections::{BTreeMap, BTreeSet};

use super::{CodeFile, CodeInput, PatchOutcome, PatchText, RemovedLine};
use crate::template::is_template;

/// One file of one side: Python, or a template.
#[derive(Debug, Clone)]
pub struct ReadFile {
    pub path: String,
    pub text: String,
    pub context: bool,
    /// Lines that the input has; `None` where it has them all.
    pub known: Option<BTreeSet<u32>>,
    pub added: BTreeSet<u32>,
    pub removed: Vec<RemovedLine>,
    /// Lines that a patch shows; none where no patch was given.
    pub in_diff: BTreeSet<u32>,
}

/// Both sides, each sorted by path; `before` is there where a patch was given.
#[derive(Debug, Default)]
pub struct Sides {
    pub after: Vec<ReadFile>,
    pub before: Option<Vec<ReadFile>>,
    /// Path before → path after.
    pub renamed: BTreeMap<String, String>,
    /// One for each patch.
    pub patches: Vec<PatchOutcome>,
}

impl ReadFile {
    fn whole(file: CodeFile) -> Self {
        Self { context: file.context, ..Self::changed(file.path, file.text) }
    }

    fn changed(path: String, text: String) -> Self {
        Self {
            path,
            text,
            context: false,
            known: None,
            added: BTreeSet::new(),
            removed: Vec::new(),
            in_diff: BTreeSet::new(),
        }
    }
}

pub fn sides(input: CodeInput) -> Sides {
    // Of two files with one path the one to review counts, then the first.
    let mut files: BTreeMap<String, CodeFile> = BTreeMap::new();
    for file in input.files.into_iter().filter(|file| is_read(&file.path)) {
        match files.get(&file.path) {
            Some(known) if !known.context || file.context => {}
            _ => drop(files.insert(file.path.clone(), file)),
        }
    }
    if input.patches.is_empty() {
        Sides { after: files.into_values().map(ReadFile::whole).collect(), ..Sides::default() }
    } else {
        patched::sides(files, &input.patches)
    }
}

/// Whether a path may hold what is reviewed: Python or a template.
fn is_read(path: &str) -> bool {
    is_python(path) || is_template(path)
}

/// Whether a path may hold Python: by its extension, or for want of one.
fn is_python(path: &str) -> bool {
    extension(path).is_none_or(|extension| matches!(extension.as_str(), "py" | "pyi" | "pyw"))
}

/// Whether a file of a patch is read: there a name without extension says nothing.
fn is_code(path: &str) -> bool {
    is_template(path) || extension(path).is_some() && is_python(path)
}

/// In lower case.
fn extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}
