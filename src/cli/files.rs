//! What the command line names: files, folders, archives, standard input. Reads them, and says which were named.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::intake::{self, Encoding, HEAD, Item, Kind, Patch};
use crate::model::InputError;

use super::output::{Problem, problem, usage};

/// Text of the input for the code engine.
#[derive(Debug, Clone)]
pub struct CodeText {
    pub path: String,
    pub text: String,
    pub kind: Kind,
    pub context: bool,
    /// Index into [`Brought::inputs`]; none for what a rewrite made.
    pub input: Option<usize>,
}

/// One thing that was named on the command line.
#[derive(Debug, Clone)]
pub struct Given {
    pub name: String,
    /// An id of `intake::Kind`, or `folder`.
    pub format: String,
    pub notes: Vec<String>,
}

/// A file that a rewrite can be written to.
#[derive(Debug, Clone)]
pub struct OnDisk {
    pub path: PathBuf,
    pub encoding: Encoding,
}

/// Everything that was brought in.
#[derive(Debug, Default)]
pub struct Brought {
    pub files: Vec<CodeText>,
    pub patches: Vec<Patch>,
    pub inputs: Vec<Given>,
    /// Of named inputs: these make the exit status 2.
    pub problems: Vec<Problem>,
    /// Met while walking: these stand in the report.
    pub errors: Vec<InputError>,
    /// By the path that the report names.
    pub disk: BTreeMap<String, OnDisk>,
    /// Files that were read already, by their real path.
    seen: HashSet<PathBuf>,
    taken: HashSet<String>,
    stdin: bool,
}

impl Brought {
    /// Reads a PATH: a file, a folder, an archive, or `-`.
    pub fn path(&mut self, given: &str, context: bool) {
        if given == "-" {
            match self.standard_input() {
                Ok(bytes) => {
                    self.input("-");
                    self.take(Item { name: "-".to_owned(), bytes, format: None }, context, true);
                }
                Err(problem) => self.problems.push(problem),
            }
            return;
        }
        match fs::metadata(given) {
            Ok(metadata) if metadata.is_dir() => {
                self.input(given);
                self.folder(given, context);
            }
            Ok(_) => {
                self.input(given);
                self.file(Path::new(given), slashes(given), context, true);
            }
            Err(error) => self.problems.push(problem(given, described(&error))),
        }
    }

    /// Reads what `--diff` names.
    pub fn diff(&mut self, given: &str) {
        let bytes = if given == "-" {
            self.standard_input()
        } else {
            fs::read(given).map_err(|error| problem(given, described(&error)))
        };
        match bytes {
            Ok(bytes) => {
                self.input(given);
                let item = Item { name: slashes(given), bytes, format: Some(Kind::Diff.id().to_owned()) };
                self.take(item, false, true);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// What is read from now on is of this.
    fn input(&mut self, given: &str) {
        self.inputs.push(Given { name: slashes(given), format: "folder".to_owned(), notes: Vec::new() });
    }

    fn note(&mut self, note: String) {
        if let Some(input) = self.inputs.last_mut() {
            input.notes.push(note);
        }
    }

    /// Whether the command line names the very file.
    pub fn is_named(&self, path: &str) -> bool {
        self.inputs.iter().any(|input| input.name == path)
    }

    pub fn standard_input(&mut self) -> Result<Vec<u8>, Problem> {
        if std::mem::replace(&mut self.stdin, true) {
            return Err(usage("standard input (-) can be read once only"));
        }
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| problem("-", described(&error)))?;
        Ok(bytes)
    }

    fn folder(&mut self, given: &str, context: bool) {
        let mut walk = WalkBuilder::new(given);
        walk.require_git(false)
            .sort_by_file_path(Ord::cmp)
            .filter_entry(|entry| entry.depth() == 0 || !intake::ignored(&entry.file_name().to_string_lossy()));
        for entry in walk.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.errors.push(problem(given, error.to_string()));
                    continue;
                }
            };
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let path = entry.path();
            let name = slashes(&path.to_string_lossy());
            let name = if given == "." { name.trim_start_matches("./").to_owned() } else { name };
            let walked = |kind| {
                matches!(kind, Kind::Python | Kind::Template | Kind::Sql | Kind::Requirements | Kind::ProjectFile)
            };
            // The name decides but for a page of HTML and a `.sql`, of which the beginning is looked at.
            let candidate =
                walked(intake::classify(&name, b"").kind) || name.ends_with(".html") || name.ends_with(".htm");
            if candidate && head(path).is_none_or(|head| walked(intake::classify(&name, &head).kind)) {
                self.file(path, name, context, false);
            }
        }
    }

    fn file(&mut self, path: &Path, name: String, context: bool, named: bool) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.seen.insert(real) {
            return;
        }
        match fs::read(path) {
            Ok(bytes) => {
                self.disk.insert(name.clone(), OnDisk { path: path.to_owned(), encoding: Encoding::Utf8 });
                self.take(Item { name, bytes, format: None }, context, named);
            }
            Err(error) => {
                let problem = problem(name, described(&error));
                if named { self.problems.push(problem) } else { self.errors.push(problem) }
            }
        }
    }

    fn take(&mut self, item: Item, context: bool, named: bool) {
        let name = item.name.clone();
        let input = self.inputs.len().checked_sub(1);
        let gathered = intake::gather(vec![item]);
        for file in gathered.files {
            if !self.taken.insert(file.path.clone()) {
                self.note(format!("{} came more than once: the first one is read", file.path));
                continue;
            }
            if let Some(disk) = self.disk.get_mut(&file.path) {
                disk.encoding = file.encoding;
            }
            self.files.push(CodeText { path: file.path, text: file.text, kind: file.kind, context, input });
        }
        self.patches.extend(gathered.patches);
        for outcome in gathered.outcomes {
            if outcome.elsewhere {
                let message = format!("not code: {}; logs are for `roundtrip log`", outcome.why);
                self.problems.push(problem(name.clone(), message));
            }
            if let Some(input) = self.inputs.last_mut() {
                input.notes.extend(outcome.notes);
                if named {
                    input.format = outcome.format;
                }
            }
            // What is broken inside of an archive was not named itself.
            let (own, met): (Vec<_>, Vec<_>) =
                outcome.errors.into_iter().partition(|error| named && error.path == name);
            self.problems.extend(own);
            self.errors.extend(met);
        }
    }
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(HEAD as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

pub fn slashes(path: &str) -> String {
    if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() }
}

/// Without the error's number, which says nothing to most readers.
pub fn described(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(text, _)| text.to_lowercase())
}
