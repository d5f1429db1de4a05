//! The two sides of a change: from a patch and the tree after it, or from the patch alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{PatchOutcome, PatchText, ReadFile, RemovedLine, Sides, is_code};
use crate::model::InputError;
use crate::review::CodeFile;
use crate::text::Source;
use crate::text::apply::{Mismatch, apply, unapply};
use crate::text::diff::series::{follows, join};
use crate::text::diff::{self, FileDiff, LineKind, Status};
use crate::text::sparse::{Side, sparse};

/// A file's change over all patches, with the indexes of those that speak of it.
struct Change {
    diff: FileDiff,
    patches: BTreeSet<usize>,
}

pub fn sides(files: BTreeMap<String, CodeFile>, patches: &[PatchText]) -> Sides {
    let mut build = Build::default();
    let changes = build.read(patches);
    // What no patch speaks of is context on both sides.
    for file in files.values() {
        let file = ReadFile { context: true, ..ReadFile::whole(file.clone()) };
        build.before.insert(file.path.clone(), file.clone());
        build.after.insert(file.path.clone(), file);
    }
    for change in changes {
        build.place(&change, &files);
    }
    Sides {
        after: build.after.into_values().collect(),
        before: Some(build.before.into_values().collect()),
        renamed: build.renamed,
        patches: build.outcomes,
    }
}

#[derive(Default)]
struct Build {
    before: BTreeMap<String, ReadFile>,
    after: BTreeMap<String, ReadFile>,
    renamed: BTreeMap<String, String>,
    outcomes: Vec<PatchOutcome>,
}

impl Build {
    /// The change of each file; what cannot be read of a patch is an error of it.
    fn read(&mut self, patches: &[PatchText]) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for (at, patch) in patches.iter().enumerate() {
            let error = |line: Option<u32>, message: String| InputError { path: patch.name.clone(), line, message };
            let mut outcome = PatchOutcome::default();
            match diff::parse(&patch.text) {
                Ok(parsed) => {
                    if parsed.files.is_empty() && parsed.notes.is_empty() && !patch.text.trim().is_empty() {
                        let message = "no diff is in it: lines `--- path` and `+++ path` were expected";
                        outcome.errors.push(error(Some(1), message.to_owned()));
                    }
                    outcome.errors.extend(parsed.notes.into_iter().map(|(line, note)| error(Some(line), note)));
                    for file in parsed.files.into_iter().filter(|file| !file.binary && is_code(file.path())) {
                        if let Some(message) = add(&mut changes, at, file) {
                            outcome.errors.push(error(None, message));
                        }
                    }
                }
                Err(wrong) => outcome.errors.push(error(Some(wrong.line), wrong.message)),
            }
            self.outcomes.push(outcome);
        }
        changes
    }

    fn place(&mut self, change: &Change, files: &BTreeMap<String, CodeFile>) {
        let diff = &change.diff;
        let placed = match &diff.new_path {
            Some(path) => self.in_tree(diff, path, files),
            None => Ok(None),
        };
        let path = match placed {
            Ok(Some(path)) => path,
            Ok(None) => {
                self.alone(diff);
                diff.path().to_owned()
            }
            Err(mismatch) => {
                let Mismatch { path, line, expected, found } = mismatch;
                let found = found.map_or("the file ends there".to_owned(), |found| format!("found `{found}`"));
                let message = format!("the diff does not fit: expected `{expected}`, {found}");
                let error = InputError { path: path.clone(), line: Some(line), message };
                if let Some(outcome) = change.patches.last().and_then(|last| self.outcomes.get_mut(*last)) {
                    outcome.errors.push(error);
                }
                path
            }
        };
        for patch in &change.patches {
            if let Some(outcome) = self.outcomes.get_mut(*patch) {
                outcome.paths.insert(path.clone());
            }
        }
    }

    /// The file of the tree that the diff leads to, with its side before; `None` where the tree has none.
    fn in_tree(
        &mut self,
        diff: &FileDiff,
        path: &str,
        files: &BTreeMap<String, CodeFile>,
    ) -> Result<Option<String>, Mismatch> {
        let mut misfit = None;
        for (found, file) in candidates(path, files) {
            let source = Source::new(file.path.clone(), file.text.as_str());
            let sides = match unapply(&source, diff) {
                Ok(before) => Some((before, file.text.clone())),
                // What is only context may be of the time before.
                Err(_) if file.context => apply(&source, diff).ok().map(|after| (file.text.clone(), after)),
                Err(mismatch) if found.whole => {
                    misfit.get_or_insert(mismatch);
                    None
                }
                Err(_) => None,
            };
            // A path that is not wholly the other's end must be borne out by the text.
            let Some((before, after)) = sides.filter(|_| found.whole || !diff.hunks.is_empty()) else { continue };
            let old = diff.old_path.as_ref().filter(|_| diff.status != Status::Copied);
            match old.map(|old| found.old_path(&file.path, path, old)) {
                Some(old) => {
                    if old != file.path {
                        self.before.remove(&file.path);
                        self.renamed.insert(old.clone(), file.path.clone());
                    }
                    self.before.insert(old.clone(), ReadFile::changed(old, before));
                }
                None => drop(self.before.remove(&file.path)),
            }
            let (added, removed, in_diff) = lines(diff);
            let after = ReadFile { added, removed, in_diff, ..ReadFile::changed(file.path.clone(), after) };
            self.after.insert(file.path.clone(), after);
            return Ok(Some(file.path.clone()));
        }
        if let Some(mismatch) = misfit {
            return Err(mismatch);
        }
        // The context has another state of it: two files of one module would hide each other.
        for (found, file) in candidates(path, files) {
            if found.whole {
                self.before.remove(&file.path);
                self.after.remove(&file.path);
            }
        }
        Ok(None)
    }

    /// What the diff itself shows of both sides.
    fn alone(&mut self, diff: &FileDiff) {
        if diff.hunks.is_empty() {
            return;
        }
        let (added, removed, in_diff) = lines(diff);
        if let Some(path) = &diff.new_path {
            let shown = match diff.old_path {
                None => whole(path, apply(&Source::new(path.clone(), ""), diff)),
                Some(_) => None,
            };
            if let Some(file) = shown.or_else(|| part(diff, Side::After)) {
                self.after.insert(path.clone(), ReadFile { added, removed, in_diff, ..file });
            }
        }
        if let Some(path) = diff.old_path.as_ref().filter(|_| diff.status != Status::Copied) {
            let shown = match diff.new_path {
                None => whole(path, unapply(&Source::new(path.clone(), ""), diff)),
                Some(_) => None,
            };
            if let Some(file) = shown.or_else(|| part(diff, Side::Before)) {
                self.before.insert(path.clone(), file);
            }
            if let Some(new) = diff.new_path.as_ref().filter(|new| *new != path) {
                self.renamed.insert(path.clone(), new.clone());
            }
        }
    }
}

/// Adds a file's diff to the changes that came before it; says why where it does not go with them.
fn add(changes: &mut Vec<Change>, patch: usize, file: FileDiff) -> Option<String> {
    let Some(at) = changes.iter().position(|known| follows(&known.diff, &file)) else {
        changes.push(Change { diff: file, patches: BTreeSet::from([patch]) });
        return None;
    };
    let mut known = changes.remove(at);
    known.patches.insert(patch);
    let path = file.path().to_owned();
    match join(known.diff.clone(), file) {
        Ok(None) => None,
        Ok(Some(diff)) => {
            changes.insert(at, Change { diff, ..known });
            None
        }
        Err(clash) => {
            changes.insert(at, known);
            Some(format!("{path}, line {}: this diff does not go on from the one before it", clash.line))
        }
    }
}

/// How a path of the tree fits one of the diff.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    /// One of the paths ends in the other.
    whole: bool,
    /// Names that both end in.
    shared: usize,
}

impl Found {
    fn of(tree: &str, path: &str) -> Self {
        let parts = |path: &'_ str| path.split('/').filter(|part| !part.is_empty() && *part != ".").count();
        let ends = tree.rsplit('/').zip(path.rsplit('/'));
        let shared = ends.take_while(|(a, b)| a == b && !a.is_empty()).count();
        Self { whole: shared > 0 && shared == parts(tree).min(parts(path)), shared }
    }

    /// Where in the tree the file stood before, for one that stands at `tree` now.
    fn old_path(self, tree: &str, new: &str, old: &str) -> String {
        let root = |path: &str| {
            let ends: usize = path.rsplit('/').take(self.shared).map(|part| part.len() + 1).sum();
            path.get(..(path.len() + 1).saturating_sub(ends)).unwrap_or_default().to_owned()
        };
        let inner = old.strip_prefix(&root(new)).unwrap_or(old);
        format!("{}{inner}", root(tree))
    }
}

/// The files of the tree that may be the one that a diff means: the longest end of a path first.
fn candidates<'t>(path: &str, files: &'t BTreeMap<String, CodeFile>) -> Vec<(Found, &'t CodeFile)> {
    let mut out: Vec<(Found, &CodeFile)> =
        files.values().map(|file| (Found::of(&file.path, path), file)).filter(|(found, _)| found.shared > 0).collect();
    out.sort_by_key(|(found, file)| (std::cmp::Reverse(*found), file.context, file.path.len()));
    out
}

fn whole(path: &str, text: Result<String, Mismatch>) -> Option<ReadFile> {
    text.ok().map(|text| ReadFile::changed(path.to_owned(), text))
}

fn part(diff: &FileDiff, side: Side) -> Option<ReadFile> {
    let sparse = sparse(diff, side)?;
    let file = ReadFile::changed(sparse.source.path.clone(), sparse.source.text().to_owned());
    Some(ReadFile { known: Some(sparse.known.iter().collect()), ..file })
}

/// The added lines, the removed ones, and all that the diff shows of the side after.
fn lines(diff: &FileDiff) -> (BTreeSet<u32>, Vec<RemovedLine>, BTreeSet<u32>) {
    let (mut added, mut removed, mut shown) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for hunk in &diff.hunks {
        let mut next = if hunk.new_lines == 0 { hunk.new_start.saturating_add(1) } else { hunk.new_start };
        for line in &hunk.lines {
            if let (LineKind::Removed, Some(old_line)) = (line.kind, line.old) {
                let text = line.text.trim_end_matches('\r').to_owned();
                removed.push(RemovedLine { before: next, old_line, text });
            }
            if let Some(new) = line.new {
                shown.insert(new);
                next = new.saturating_add(1);
                if line.kind == LineKind::Added {
                    added.insert(new);
                }
            }
        }
    }
    removed.sort_by_key(|line| line.old_line);
    (added, removed, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str, context: bool) -> (String, CodeFile) {
        (path.to_owned(), CodeFile { path: path.to_owned(), text: text.to_owned(), context })
    }

    fn patch(text: &str) -> Vec<PatchText> {
        vec![PatchText { name: "change.diff".to_owned(), text: text.to_owned() }]
    }

    fn texts(files: &[ReadFile]) -> Vec<(&str, &str, bool)> {
        files.iter().map(|file| (file.path.as_str(), file.text.as_str(), file.context)).collect()
    }

    const CHANGE: &str = "--- a/app/views.py\n+++ b/app/views.py\n@@ -1,2 +1,2 @@\n-old\n+new\n same\n";

    #[test]
    fn the_tree_is_what_stands_after() {
        let tree = [
            file("/src/app/views.py", "new\nsame\nrest\n", false),
            file("/src/blog/views.py", "new\nsame\n", false),
            file("/src/app/models.py", "m\n", false),
        ];
        let sides = sides(tree.into(), &patch(CHANGE));
        let rest = [("/src/app/models.py", "m\n", true), ("/src/blog/views.py", "new\nsame\n", true)];
        assert_eq!(texts(&sides.after), [rest[0], ("/src/app/views.py", "new\nsame\nrest\n", false), rest[1]]);
        let before = sides.before.unwrap();
        assert_eq!(texts(&before), [rest[0], ("/src/app/views.py", "old\nsame\nrest\n", false), rest[1]]);
        let changed = &sides.after[1];
        assert_eq!((&changed.added, &changed.in_diff), (&BTreeSet::from([1]), &BTreeSet::from([1, 2])));
        assert_eq!(changed.removed, [RemovedLine { before: 1, old_line: 1, text: "old".to_owned() }]);
        assert!(sides.patches[0].errors.is_empty());
    }

    #[test]
    fn a_hunk_that_does_not_fit_is_an_error_with_its_line() {
        let sides = sides([file("views.py", "other\nsame\n", false)].into(), &patch(CHANGE));
        let error = &sides.patches[0].errors[0];
        assert_eq!((error.path.as_str(), error.line), ("views.py", Some(1)));
        assert!(error.message.contains("expected `new`, found `other`"), "{}", error.message);
        assert!(sides.after[0].context);
    }

    #[test]
    fn context_may_be_of_before_or_of_another_time() {
        let side = sides([file("app/views.py", "old\nsame\n", true)].into(), &patch(CHANGE));
        assert_eq!(texts(&side.after), [("app/views.py", "new\nsame\n", false)]);
        let side = sides([file("x/app/views.py", "else\n", true)].into(), &patch(CHANGE));
        assert_eq!(texts(&side.after), [("app/views.py", "new\nsame\n", false)]);
        assert_eq!(side.after[0].known, Some(BTreeSet::from([1, 2])));
    }

    #[test]
    fn a_renamed_file_is_known_by_its_new_name() {
        let change = "diff --git a/app/old.py b/app/new.py\nsimilarity index 90%\nrename from app/old.py\n\
                      rename to app/new.py\n--- a/app/old.py\n+++ b/app/new.py\n@@ -1 +1 @@\n-x\n+y\n";
        for (tree, old) in [("/p/app/new.py", "/p/app/old.py"), ("new.py", "old.py"), ("app/new.py", "app/old.py")] {
            let sides = sides([file(tree, "y\n", false)].into(), &patch(change));
            assert_eq!(texts(&sides.before.unwrap()), [(old, "x\n", false)]);
            assert_eq!(sides.renamed, BTreeMap::from([(old.to_owned(), tree.to_owned())]));
        }
    }

    #[test]
    fn new_and_deleted_files_stand_on_one_side_and_are_whole() {
        let change = "--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n\
                      diff --git a/b.py b/b.py\ndeleted file mode 100644\n--- a/b.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n";
        let sides = sides(BTreeMap::new(), &patch(change));
        assert_eq!(texts(&sides.after), [("a.py", "x", false)]);
        assert_eq!(
            (sides.after[0].known.as_ref(), texts(&sides.before.unwrap())),
            (None, vec![("b.py", "y\n", false)])
        );
    }

    #[test]
    fn patches_that_follow_each_other_are_one_change() {
        let second = "--- a/app/views.py\n+++ b/app/views.py\n@@ -1,2 +1,3 @@\n new\n+more\n same\n";
        let both = [patch(CHANGE), patch(second)].concat();
        let sides = sides(BTreeMap::new(), &both);
        assert_eq!(texts(&sides.after), [("app/views.py", "new\nmore\nsame\n", false)]);
        assert_eq!(texts(&sides.before.unwrap()), [("app/views.py", "old\nsame\n", false)]);
        assert_eq!(sides.patches.iter().map(|patch| patch.paths.len()).collect::<Vec<_>>(), [1, 1]);
        let again = sides_errors(&[patch(CHANGE), patch(CHANGE)].concat());
        assert!(again[0].message.contains("app/views.py, line 1"), "{again:?}");
    }

    fn sides_errors(patches: &[PatchText]) -> Vec<InputError> {
        sides(BTreeMap::new(), patches).patches.into_iter().flat_map(|patch| patch.errors).collect()
    }

    #[test]
    fn what_is_no_diff_is_said() {
        assert_eq!(sides_errors(&patch("hello\n"))[0].line, Some(1));
        assert_eq!(sides_errors(&patch("")), []);
        let broken = "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n x\n?y\n";
        assert_eq!(sides_errors(&patch(broken))[0].line, Some(5));
    }
}
