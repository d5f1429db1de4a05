//! Unified diffs: `git diff`, GitHub's `.diff` and `.patch`, `format-patch` mails, and what `diff -u`, Subversion and
//! Mercurial print; also pasted ones, indented or in a Markdown fence, with hunks trimmed by hand.
//!
//! Format: <https://git-scm.com/docs/diff-format> and POSIX `diff -u`.

pub mod clip;
mod paths;
pub mod series;

use std::borrow::Cow;
use std::fmt;

/// Every file that a patch touches, in its order. A file that several mails touch comes once for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    pub files: Vec<FileDiff>,
    /// What was in the text and could not be taken, each with its 1-based line: combined diffs.
    pub notes: Vec<(u32, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Without git's `a/`; `None` for a file that did not exist before.
    pub old_path: Option<String>,
    /// Without git's `b/`; `None` for a file that is gone.
    pub new_path: Option<String>,
    pub status: Status,
    pub binary: bool,
    pub hunks: Vec<Hunk>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Added,
    Deleted,
    Modified,
    Renamed,
    Copied,
}

/// Starts and counts are those of the lines held here, which for a hand-trimmed hunk are not those of its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    pub old_start: u32,
    pub old_lines: u32,
    pub new_start: u32,
    pub new_lines: u32,
    /// What follows the second `@@`: the line of the enclosing definition, without its indentation.
    pub heading: String,
    pub lines: Vec<DiffLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    pub kind: LineKind,
    /// 1-based line in the file before; `None` for an added line.
    pub old: Option<u32>,
    /// 1-based line in the file after; `None` for a removed line.
    pub new: Option<u32>,
    /// Without the line feed; a CR before it is kept.
    pub text: String,
    /// The last line of a file that has no line break at its end.
    pub no_newline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Same,
    Added,
    Removed,
}

/// `line` is 1-based in the patch's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchError {
    pub line: u32,
    pub message: String,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the patch: {}", self.line, self.message)
    }
}

impl std::error::Error for PatchError {}

impl FileDiff {
    /// The path of the file that stands after, or of the deleted one.
    pub fn path(&self) -> &str {
        self.new_path.as_deref().or(self.old_path.as_deref()).unwrap_or("")
    }
}

/// Whether a text is a diff: it has a hunk header, or git's header of a file without hunks, in the place of one.
pub fn looks_like_diff(text: &str) -> bool {
    let text = unwrapped(text);
    let mut before = "";
    let mut names = false;
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        if line.starts_with("diff --git ") || (before.starts_with("--- ") && line.starts_with("+++ ")) {
            names = true;
        }
        let sure = hunk_header(line).is_some()
            || names && (line.starts_with("Binary files ") || line == "GIT binary patch")
            || names
                && ["rename from ", "copy from ", "old mode ", "new file mode ", "deleted file mode "]
                    .iter()
                    .any(|start| line.starts_with(start));
        if sure {
            return true;
        }
        before = line;
    }
    false
}

/// Reads a patch. Text between files (mail headers, commit messages, signatures) is passed over.
pub fn parse(text: &str) -> Result<Patch, PatchError> {
    let text = unwrapped(text);
    let mut reader = Reader { lines: text.split('\n').collect(), at: 0, patch: Patch::default(), open: None };
    // A final line feed does not start another line.
    if reader.lines.last() == Some(&"") {
        reader.lines.pop();
    }
    // Where even the hunk headers end in CR, it is the paste's line break and not the files'.
    if reader.lines.iter().any(|line| line.ends_with('\r') && hunk_header(line.trim_end()).is_some()) {
        reader.lines.iter_mut().for_each(|line| *line = line.strip_suffix('\r').unwrap_or(line));
    }
    reader.read()?;
    Ok(reader.patch)
}

struct Reader<'t> {
    lines: Vec<&'t str>,
    at: usize,
    patch: Patch,
    open: Option<Header>,
}

/// A file as its header lines give it.
struct Header {
    file: FileDiff,
    /// The two names of git's own line.
    git: Option<(String, String)>,
    from_git: bool,
}

impl<'t> Reader<'t> {
    /// The line `ahead` of the one at hand, without a CR.
    fn peek(&self, ahead: usize) -> &'t str {
        self.lines.get(self.at + ahead).map_or("", |line| line.trim_end_matches('\r'))
    }

    fn read(&mut self) -> Result<(), PatchError> {
        while self.at < self.lines.len() {
            let line = self.peek(0);
            if let Some(names) = line.strip_prefix("diff --git ") {
                self.open(paths::of_git_line(names), true);
            } else if ["diff --cc ", "diff --combined ", "@@@ "].iter().any(|start| line.starts_with(start)) {
                self.skip_combined();
                continue;
            } else if self.at_names() {
                self.names(line, self.peek(1));
                self.at += 1;
            } else if let Some(header) = hunk_header(line) {
                self.hunk(&header)?;
                continue;
            } else {
                self.extended_header(line);
            }
            self.at += 1;
        }
        self.close();
        Ok(())
    }

    fn at_names(&self) -> bool {
        self.peek(0).starts_with("--- ") && self.peek(1).starts_with("+++ ")
    }

    /// Whether another file or hunk starts here, or the paste's fence ends.
    fn at_boundary(&self) -> bool {
        let line = self.peek(0);
        self.at >= self.lines.len()
            || ["diff ", "Index: ", "Only in ", "From ", "```", "~~~"].iter().any(|start| line.starts_with(start))
            || line.starts_with("@@")
            || line == "-- "
            || (self.at_names() && hunk_header(self.peek(2)).is_some())
    }

    fn skip_combined(&mut self) {
        self.close();
        let message = "a combined diff (of a merge) cannot be read; give the diff to one parent";
        self.patch.notes.push((self.at as u32 + 1, message.to_string()));
        self.at += 1;
        while self.at < self.lines.len() && !self.peek(0).starts_with("diff ") {
            self.at += 1;
        }
    }

    fn open(&mut self, git: Option<(String, String)>, from_git: bool) {
        self.close();
        let file = FileDiff { old_path: None, new_path: None, status: Status::Modified, binary: false, hunks: vec![] };
        self.open = Some(Header { file, git, from_git });
    }

    fn close(&mut self) {
        let Some(Header { mut file, git, from_git }) = self.open.take() else { return };
        // git says itself that a file is new; elsewhere an empty side does.
        if let ([hunk], Status::Modified, false) = (file.hunks.as_slice(), file.status, from_git) {
            if hunk.old_start == 0 && hunk.old_lines == 0 {
                file.status = Status::Added;
            } else if hunk.new_start == 0 && hunk.new_lines == 0 {
                file.status = Status::Deleted;
            }
        }
        if !matches!(file.status, Status::Renamed | Status::Copied) {
            let names = (file.old_path.take(), file.new_path.take());
            (file.old_path, file.new_path) = paths::without_prefix(names, git);
        }
        match file.status {
            Status::Added => file.old_path = None,
            Status::Deleted => file.new_path = None,
            _ => {}
        }
        if file.old_path.is_some() || file.new_path.is_some() {
            self.patch.files.push(file);
        }
    }

    /// `--- old` and `+++ new`.
    fn names(&mut self, old: &str, new: &str) {
        // They follow git's own header, or start a file where there is none.
        if !self.open.as_ref().is_some_and(|open| open.from_git && open.file.hunks.is_empty()) {
            self.open(None, false);
        }
        let Some(Header { file, .. }) = &mut self.open else { return };
        if matches!(file.status, Status::Renamed | Status::Copied) {
            return;
        }
        file.old_path = paths::of_name_line(old);
        file.new_path = paths::of_name_line(new);
        match (&file.old_path, &file.new_path) {
            (None, Some(_)) => file.status = Status::Added,
            (Some(_), None) => file.status = Status::Deleted,
            _ => {}
        }
    }

    fn extended_header(&mut self, line: &str) {
        let Some(Header { file, .. }) = &mut self.open else { return };
        if !file.hunks.is_empty() {
            return;
        }
        if line.starts_with("new file mode") {
            file.status = Status::Added;
        } else if line.starts_with("deleted file mode") {
            file.status = Status::Deleted;
        } else if let Some(path) = line.strip_prefix("rename from ") {
            file.status = Status::Renamed;
            file.old_path = Some(paths::unquoted(path));
        } else if let Some(path) = line.strip_prefix("copy from ") {
            file.status = Status::Copied;
            file.old_path = Some(paths::unquoted(path));
        } else if let Some(path) = line.strip_prefix("rename to ").or_else(|| line.strip_prefix("copy to ")) {
            file.new_path = Some(paths::unquoted(path));
        } else if line == "GIT binary patch" || (line.starts_with("Binary files ") && line.ends_with(" differ")) {
            file.binary = true;
        }
    }

    fn hunk(&mut self, header: &HunkHeader) -> Result<(), PatchError> {
        if self.open.is_none() {
            let message = "a hunk before any file: lines `--- path` and `+++ path` were expected above it".to_string();
            return Err(PatchError { line: self.at as u32 + 1, message });
        }
        self.at += 1;
        let mut hunk = Hunk {
            old_start: header.old.0,
            old_lines: 0,
            new_start: header.new.0,
            new_lines: 0,
            heading: header.heading.clone(),
            lines: Vec::new(),
        };
        // Empty lines at the end may be those of the paste.
        let mut bare = 0;
        while let Some(line) = self.lines.get(self.at).copied() {
            let full = hunk.old_lines >= header.old.1 && hunk.new_lines >= header.new.1;
            let (kind, text) = match line.as_bytes().first() {
                Some(b'\\') => {
                    if let Some(last) = hunk.lines.last_mut() {
                        last.no_newline = true;
                    }
                    self.at += 1;
                    continue;
                }
                // A line above the header's counts was added by hand, unless something else begins with it.
                Some(_) if (full || line.starts_with('-')) && self.ends_hunk(full) => break,
                Some(b'+') => (LineKind::Added, line.get(1..)),
                Some(b'-') => (LineKind::Removed, line.get(1..)),
                Some(b' ') => (LineKind::Same, line.get(1..)),
                // Editors take the blank of an empty context line.
                None | Some(b'\r') if !full => (LineKind::Same, Some(line)),
                _ => break,
            };
            bare = if line.trim_end_matches('\r').is_empty() { bare + 1 } else { 0 };
            hunk.push(kind, text.unwrap_or(""));
            self.at += 1;
        }
        let missing = |hunk: &Hunk| hunk.old_lines < header.old.1 || hunk.new_lines < header.new.1;
        if missing(&hunk) {
            if !self.at_boundary() {
                let message = format!(
                    "the hunk `{}` goes on here (it says {} lines before and {} after, and has {} and {} so far): \
                     a line that starts with ` `, `+` or `-` was expected, not `{}`",
                    header.text,
                    header.old.1,
                    header.new.1,
                    hunk.old_lines,
                    hunk.new_lines,
                    self.peek(0).chars().take(60).collect::<String>(),
                );
                return Err(PatchError { line: self.at as u32 + 1, message });
            }
            for _ in 0..bare {
                hunk.pop();
            }
        }
        if let Some(open) = &mut self.open {
            open.file.hunks.push(hunk);
        }
        Ok(())
    }

    /// Whether the line at hand, which could be a hunk's, is rather what follows the hunk.
    fn ends_hunk(&self, full: bool) -> bool {
        if full { self.at_boundary() || self.at_names() } else { self.at_names() && self.at_boundary() }
    }
}

impl Hunk {
    fn push(&mut self, kind: LineKind, text: &str) {
        // A start of 0 is that of an empty side: its first line would be line 1.
        let old = (kind != LineKind::Added).then(|| self.old_start.max(1).saturating_add(self.old_lines));
        let new = (kind != LineKind::Removed).then(|| self.new_start.max(1).saturating_add(self.new_lines));
        self.old_lines += u32::from(old.is_some());
        self.new_lines += u32::from(new.is_some());
        self.lines.push(DiffLine { kind, old, new, text: text.to_string(), no_newline: false });
    }

    fn pop(&mut self) {
        if let Some(line) = self.lines.pop() {
            self.old_lines -= u32::from(line.old.is_some());
            self.new_lines -= u32::from(line.new.is_some());
        }
    }
}

/// `@@ -start,count +start,count @@ heading`
struct HunkHeader {
    text: String,
    old: (u32, u32),
    new: (u32, u32),
    heading: String,
}

fn hunk_header(line: &str) -> Option<HunkHeader> {
    let (ranges, heading) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let text = line.get(..line.len() - heading.len()).unwrap_or(line).to_string();
    Some(HunkHeader { text, old: range(old)?, new: range(new)?, heading: heading.trim().to_string() })
}

/// A diff indented as a whole, as in a Markdown list, without that indentation.
fn unwrapped(text: &str) -> Cow<'_, str> {
    let starts = ["diff --git ", "--- ", "Index: ", "@@ -"];
    let first = text.split('\n').find(|line| starts.iter().any(|start| line.trim_start().starts_with(start)));
    let indent = first.map_or(0, |line| line.len() - line.trim_start().len());
    if indent == 0 {
        return Cow::Borrowed(text);
    }
    let stripped = text.split('\n').map(|line| {
        let blank = line.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        line.get(blank..).unwrap_or("")
    });
    Cow::Owned(stripped.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests;
