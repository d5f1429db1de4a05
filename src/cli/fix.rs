//! Applies rewrites round by round: what one round leaves out for its overlap, the next one may do.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use crate::export::patch;

use super::code::Reviewed;
use super::files::{Brought, CodeText, described};
use super::options;
use super::output::{Problem, problem};

/// Enough for any file that a person wrote; ends a rewrite that would undo another one.
const MOST_ROUNDS: usize = 12;

pub struct Fixed {
    /// The review before.
    pub first: Reviewed,
    /// The review after.
    pub remains: Reviewed,
    /// Path → new text.
    pub files: BTreeMap<String, String>,
}

impl Fixed {
    /// All that changed as one diff.
    pub fn diff(&self) -> String {
        patch::diff(&self.files, &self.first.sources, &self.first.known)
    }
}

/// Applies the rewrites in memory. What a diff brought in is reviewed once: after the rewrites it would not fit.
pub fn all(first: Reviewed, brought: &mut Brought, unsafe_too: bool, review: &dyn Fn(&Brought) -> Reviewed) -> Fixed {
    let mut files = BTreeMap::new();
    let mut remains: Option<Reviewed> = None;
    for _ in 0..MOST_ROUNDS {
        let now = remains.as_ref().unwrap_or(&first);
        let applied = patch::apply(&now.report.findings, unsafe_too, &now.sources);
        if applied.files.is_empty() {
            break;
        }
        for (path, text) in &applied.files {
            match brought.files.iter_mut().find(|file| file.path == *path) {
                Some(file) => file.text.clone_from(text),
                None => brought.files.push(CodeText::created(path, text)),
            }
        }
        files.extend(applied.files);
        if brought.patches.is_empty() {
            remains = Some(review(brought));
        } else {
            let done: HashSet<usize> = applied.applied.into_iter().collect();
            remains = Some(without(now, &done));
            break;
        }
    }
    let remains = remains.unwrap_or_else(|| without(&first, &HashSet::new()));
    Fixed { first, remains, files }
}

/// A review without the findings at some indexes.
fn without(review: &Reviewed, done: &HashSet<usize>) -> Reviewed {
    let mut report = review.report.clone();
    let mut at = 0..;
    options::hide(&mut report, |_| at.next().is_some_and(|at| done.contains(&at)));
    Reviewed {
        report,
        unread: review.unread.clone(),
        sources: review.sources.clone(),
        in_diff: review.in_diff.clone(),
        known: review.known.clone(),
    }
}

/// Writes the changed files, each in its own encoding. What is not a file on disk is a problem.
pub fn write(fixed: &Fixed, brought: &Brought) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in &fixed.files {
        let written = match (brought.disk.get(path), fixed.first.sources.contains_key(path)) {
            (Some(disk), _) => disk
                .encoding
                .encode(text)
                .and_then(|bytes| fs::write(&disk.path, bytes).map_err(|error| described(&error))),
            (None, true) => Err("cannot be fixed in place: it is not a file on disk; use --fix-diff".to_owned()),
            (None, false) => create(Path::new(path), text),
        };
        if let Err(message) = written {
            problems.push(problem(path, message));
        }
    }
    problems
}

/// A new file never replaces one.
fn create(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| described(&error))?;
    }
    let mut file = fs::File::create_new(path).map_err(|error| described(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| described(&error))
}

impl CodeText {
    fn created(path: &str, text: &str) -> Self {
        let kind = crate::intake::classify(path, text.as_bytes()).kind;
        Self { path: path.to_owned(), text: text.to_owned(), kind, context: true, input: None }
    }
}
