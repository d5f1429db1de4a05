//! What was given, as the files of each side of the change.

use std::collections::{BTreeMap, BTreeSet};

use super::{CodeFile, CodeInput, RemovedLine};
use crate::model::InputError;
use crate::template::is_template;

/// One file of one side.
#[derive(Debug, Clone)]
pub struct ReadFile {
    pub path: String,
    pub text: String,
    pub context: bool,
    /// Lines that the input has; `None` where it has them all.
    pub known: Option<BTreeSet<u32>>,
    pub added: BTreeSet<u32>,
    pub removed: Vec<RemovedLine>,
}

/// Both sides, each sorted by path; `before` is there where a patch was given.
#[derive(Debug, Default)]
pub struct Sides {
    pub after: Vec<ReadFile>,
    pub before: Option<Vec<ReadFile>>,
    pub errors: Vec<InputError>,
}

impl ReadFile {
    fn whole(file: CodeFile) -> Self {
        Self {
            path: file.path,
            text: file.text,
            context: file.context,
            known: None,
            added: BTreeSet::new(),
            removed: Vec::new(),
        }
    }
}

pub fn sides(input: CodeInput) -> Sides {
    let mut out = Sides::default();
    // Of two files with one path the one to review counts, then the first.
    let mut files: BTreeMap<String, CodeFile> = BTreeMap::new();
    for file in input.files.into_iter().filter(|file| is_read(&file.path)) {
        match files.get(&file.path) {
            Some(known) if !known.context || file.context => {}
            _ => drop(files.insert(file.path.clone(), file)),
        }
    }
    out.after = files.into_values().map(ReadFile::whole).collect();
    out
}

/// Whether a path may hold what is reviewed: Python or a template.
fn is_read(path: &str) -> bool {
    is_python(path) || is_template(path)
}

/// Whether a path may hold Python: by its extension, or for want of one.
pub fn is_python(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) => matches!(extension.to_ascii_lowercase().as_str(), "py" | "pyi" | "pyw"),
        None => true,
    }
}
