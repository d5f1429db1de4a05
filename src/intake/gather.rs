//! Sorts what was brought in: files and patches for the code engine, and what is the log engine's.

use std::collections::HashSet;

use crate::model::InputError;

use super::{Classified, Encoding, HEAD, Kind, Limits, classify, decode, ignored, unpack_zip};

/// One thing that was brought in.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// A path, or empty for pasted text.
    pub name: String,
    /// The whole content; for what is the log engine's, its beginning is enough.
    pub bytes: Vec<u8>,
    /// Overrides detection: an id of [`Kind`], or of the log engine.
    pub format: Option<String>,
}

/// A text file for the code engine.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub path: String,
    pub text: String,
    pub kind: Kind,
    pub encoding: Encoding,
    /// Index of the item that it came from.
    pub item: usize,
}

/// A diff, not yet parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    pub name: String,
    pub text: String,
    pub item: usize,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// An id of [`Kind`].
    pub format: String,
    pub why: String,
    /// Files of it that are read.
    pub files: usize,
    pub notes: Vec<String>,
    pub errors: Vec<InputError>,
    /// Belongs to the log engine.
    pub elsewhere: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    pub files: Vec<File>,
    pub patches: Vec<Patch>,
    /// Indexes of the items that belong to the log engine.
    pub logs: Vec<usize>,
    /// One for each item, in order.
    pub outcomes: Vec<Outcome>,
}

/// A single file above this is left out: nobody wrote it by hand.
const FILE_LIMIT: usize = 16 << 20;

pub fn gather(items: Vec<Item>) -> Gathered {
    let mut out = Gathered::default();
    let mut taken = HashSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let outcome = one(index, item, &mut out, &mut taken);
        out.outcomes.push(outcome);
    }
    out
}

fn one(index: usize, item: Item, out: &mut Gathered, taken: &mut HashSet<String>) -> Outcome {
    let name = item.name.replace('\\', "/");
    let head = item.bytes.get(..HEAD).unwrap_or(&item.bytes);
    let Classified { kind, why } = match &item.format {
        Some(id) => Classified { kind: Kind::from_id(id), why: "chosen".to_owned() },
        None => classify(&name, head),
    };
    let mut outcome = Outcome { format: kind.id().to_owned(), why, ..Outcome::default() };
    let refuse = |outcome: &mut Outcome, message: String| {
        outcome.errors.push(InputError { path: name.clone(), line: None, message });
    };
    match kind {
        Kind::Log => {
            outcome.elsewhere = true;
            out.logs.push(index);
        }
        Kind::Other => {
            let message = format!("not read: {}", outcome.why);
            refuse(&mut outcome, message);
        }
        Kind::Zip => match unpack_zip(&name, &item.bytes, Limits::default()) {
            Ok(unpacked) => {
                outcome.notes = unpacked.notes;
                outcome.errors = unpacked.errors;
                if unpacked.files.is_empty() {
                    // Nothing for this engine: perhaps an export that is a zip.
                    outcome.elsewhere = true;
                    outcome.notes.push("the archive holds no code".to_owned());
                    out.logs.push(index);
                }
                for (inner, bytes) in unpacked.files {
                    let path = if taken.contains(&inner) { format!("{name}/{inner}") } else { inner };
                    let kind = classify(&path, bytes.get(..HEAD).unwrap_or(&bytes)).kind;
                    text(index, path, kind, &bytes, &mut outcome, out, taken);
                }
            }
            Err(message) => refuse(&mut outcome, message),
        },
        _ if ignored(&name) => outcome.notes.push("left out: it lies in a folder of tools or packages".to_owned()),
        _ => {
            let name = if name.is_empty() { unnamed(kind, taken) } else { name.clone() };
            text(index, name, kind, &item.bytes, &mut outcome, out, taken);
        }
    }
    outcome
}

/// Takes in one text file or patch.
fn text(
    item: usize,
    path: String,
    kind: Kind,
    bytes: &[u8],
    outcome: &mut Outcome,
    out: &mut Gathered,
    taken: &mut HashSet<String>,
) {
    let fail = |message: String| InputError { path: path.clone(), line: None, message };
    if bytes.len() > FILE_LIMIT {
        outcome.errors.push(fail(format!("not read: {} MB is more than a source file has", bytes.len() >> 20)));
        return;
    }
    let decoded = match decode(bytes) {
        Ok(decoded) => decoded,
        Err(message) => {
            outcome.errors.push(fail(message));
            return;
        }
    };
    outcome.notes.extend(decoded.note.map(|note| format!("{path}: {note}")));
    match kind {
        Kind::Log | Kind::Other | Kind::Zip => return,
        Kind::Diff => out.patches.push(Patch { name: path, text: decoded.text, item }),
        _ if !taken.insert(path.clone()) => {
            outcome.notes.push(format!("{path} came more than once: the first one is read"));
            return;
        }
        _ => out.files.push(File { path, text: decoded.text, kind, encoding: decoded.encoding, item }),
    }
    outcome.files += 1;
}

/// A path for pasted text: `pasted.py`, `pasted-2.py` …
fn unnamed(kind: Kind, taken: &HashSet<String>) -> String {
    let extension = match kind {
        Kind::Diff => "diff",
        Kind::Template => "html",
        Kind::Sql => "sql",
        Kind::Requirements => "txt",
        Kind::ProjectFile => "toml",
        _ => "py",
    };
    let plain = format!("pasted.{extension}");
    if !taken.contains(&plain) {
        return plain;
    }
    (2..).map(|n| format!("pasted-{n}.{extension}")).find(|path| !taken.contains(path)).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, bytes: &[u8]) -> Item {
        Item { name: name.to_owned(), bytes: bytes.to_vec(), format: None }
    }

    #[test]
    fn each_thing_goes_where_it_belongs() {
        let gathered = gather(vec![
            item("app\\views.py", b"x = 1"),
            item("", b"diff --git a/a.py b/a.py\n"),
            item("queries.json", b"[]"),
            item("", b"for t in ts:\n    t.forum"),
            item("", b"y = 1"),
            item("app/node_modules/x.py", b"z = 1"),
            item("photo.jpg", b"\xff\xd8\0\0"),
        ]);
        let paths: Vec<&str> = gathered.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["app/views.py", "pasted.py", "pasted-2.py"]);
        assert_eq!(gathered.patches.len(), 1);
        assert_eq!(gathered.logs, [2]);
        assert!(gathered.outcomes[2].elsewhere);
        assert!(gathered.outcomes[5].notes[0].contains("left out"));
        assert_eq!(gathered.outcomes[6].errors.len(), 1);
        assert_eq!(gathered.outcomes.len(), 7);
    }

    #[test]
    fn a_chosen_format_wins() {
        let mut chosen = item("notes.txt", b"nothing to see");
        chosen.format = Some("python".to_owned());
        assert_eq!(gather(vec![chosen.clone()]).files[0].kind, Kind::Python);
        chosen.format = Some("django-log".to_owned());
        assert_eq!(gather(vec![chosen]).logs, [0]);
    }

    #[test]
    fn the_same_path_twice_is_said() {
        let gathered = gather(vec![item("a.py", b"x = 1"), item("a.py", b"x = 2")]);
        assert_eq!(gathered.files.len(), 1);
        assert!(gathered.outcomes[1].notes[0].contains("more than once"));
    }
}
