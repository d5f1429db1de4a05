//! What a finding is known by from one review to the next.

use std::collections::{BTreeMap, HashMap};

use crate::model::{FileId, Site, Span};
use crate::project::Project;
use crate::python::ir::{self, Stmt, StmtKind};
use crate::rewrite;
use crate::rules::Draft;
use crate::text::Source;
use crate::trace::Frame;

/// Where a finding stands, in words that unrelated edits leave alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Anchor {
    pub code: &'static str,
    pub path: String,
    /// `Dashboard.get`; empty outside of functions.
    pub function: String,
    pub key: String,
}

pub fn anchor(project: &Project, draft: &Draft) -> Anchor {
    let module = |file: FileId| project.modules.get(file.0 as usize).map(|module| (&module.source, &module.ir));
    anchor_in(module, draft)
}

/// The same where the files are elsewhere.
pub fn anchor_in<'a>(files: impl Fn(FileId) -> Option<(&'a Source, &'a ir::Module)>, draft: &Draft) -> Anchor {
    let file = draft.site.and_then(|site| Some((files(site.file)?, site.span)));
    let (path, function) = match file {
        Some(((source, module), span)) => (source.path.clone(), enclosing(&module.body, span)),
        None => Default::default(),
    };
    Anchor { code: draft.rule.code, path, function, key: draft.key.clone() }
}

/// The qualified name of the function or class around a place.
pub fn enclosing(body: &[Stmt], place: Span) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut block = body;
    while let Some(stmt) = block.iter().find(|stmt| stmt.span.contains(place)) {
        match &stmt.kind {
            StmtKind::Class(class) => names.push(&class.name.name),
            StmtKind::Function(function) => names.push(&function.name.name),
            _ => {}
        }
        let inner = rewrite::blocks(stmt).into_iter().find(|b| b.iter().any(|s| s.span.contains(place)));
        let Some(next) = inner else { break };
        block = next;
    }
    names.join(".")
}

/// Gives every finding its 16 hex digits. Equal ones are numbered in the order in which they come.
#[derive(Debug, Default)]
pub struct Numbering {
    seen: HashMap<u64, u64>,
    /// Path of a file → the one that it is known by.
    renamed: BTreeMap<String, String>,
}

impl Numbering {
    /// Numbers what stands in renamed files as if it stood in those that they became.
    pub fn renaming(renamed: BTreeMap<String, String>) -> Self {
        Self { renamed, ..Self::default() }
    }

    pub fn fingerprint(&mut self, project: &Project, draft: &Draft) -> String {
        let anchor = anchor(project, draft);
        let text = draft.site.map(|site| normalised(project, site)).unwrap_or_default();
        let path = self.renamed.get(&anchor.path).unwrap_or(&anchor.path);
        self.number(hash(&[anchor.code, path, &anchor.function, &text, &anchor.key]))
    }

    /// Of what a log shows: `frame` is in the program's own code. Of its path only the file counts, for a server's
    /// folders change with every release.
    pub fn of_log(&mut self, draft: &Draft, frame: Option<&Frame>) -> String {
        let file = frame.map_or("", |frame| frame.path.rsplit(['/', '\\']).next().unwrap_or_default());
        let function = frame.map_or("", |frame| frame.function.as_str());
        self.number(hash(&[draft.rule.code, file, function, "", &draft.key]))
    }

    fn number(&mut self, base: u64) -> String {
        let count = self.seen.entry(base).or_insert(0);
        *count += 1;
        let own = if *count == 1 { base } else { hash(&[&format!("{base:016x}"), &count.to_string()]) };
        format!("{own:016x}")
    }
}

/// The statement around a site on one line; of a statement with a body only the expression of its head.
fn normalised(project: &Project, site: Site) -> String {
    let module = project.module(site.file);
    let span = rewrite::unit_around(&module.ir, site.span).unwrap_or(site.span);
    module.source.slice(span).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// FNV-1a over the parts, each ended by a byte that no text holds.
fn hash(parts: &[&str]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
    }
}
