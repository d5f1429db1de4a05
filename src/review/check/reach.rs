//! How far an edit reaches: which functions' runs lead through the code that it changes.

use std::collections::{BTreeSet, HashSet};

use smol_str::SmolStr;

use crate::model::{FileId, Site, Span};
use crate::python::ir::{self, Stmt, StmtKind};
use crate::python::parse;
use crate::python::walk::blocks;
use crate::rewrite::FileEdit;
use crate::trace::{Event, Origin, Trace};

/// A file and the start of an outermost function in it; `None` for what stands around functions.
pub type Part = (FileId, Option<u32>);

/// A run's file and the name of its function.
pub type Root = (FileId, SmolStr);

/// Where the functions and imports of a file are.
#[derive(Debug, Default)]
pub struct Outline {
    functions: Vec<Span>,
    imports: Vec<Span>,
}

impl Outline {
    pub fn of(module: &ir::Module) -> Self {
        let mut out = Self::default();
        let mut open: Vec<&Stmt> = module.body.iter().collect();
        while let Some(stmt) = open.pop() {
            match &stmt.kind {
                StmtKind::Function(_) => out.functions.push(stmt.span),
                StmtKind::Import(_) | StmtKind::ImportFrom { .. } => out.imports.push(stmt.span),
                _ => open.extend(blocks(stmt).into_iter().flatten()),
            }
        }
        out.functions.sort_unstable();
        out
    }

    /// The outermost function around a place, by its start.
    pub fn function(&self, place: Span) -> Option<u32> {
        let after = self.functions.partition_point(|function| function.start <= place.start);
        let around = after.checked_sub(1).and_then(|at| self.functions.get(at));
        around.filter(|function| function.contains(place)).map(|function| function.start)
    }

    /// Whether an edit does nothing but bind more names in the file.
    fn only_imports(&self, place: Span, text: &str) -> bool {
        if self.imports.iter().any(|import| import.contains(place) && *import != place) {
            return true;
        }
        let added = parse(text).module.body;
        let is_import = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. });
        place.start == place.end && !added.is_empty() && added.iter().all(is_import)
    }
}

/// The parts of the input that edits change; imports that they add change none.
pub fn changed(edits: &[FileEdit], outlines: &[Outline]) -> BTreeSet<Part> {
    let mut out = BTreeSet::new();
    for edit in edits {
        let FileEdit::Replace { site, text } = edit else { continue };
        let Some(outline) = outlines.get(site.file.0 as usize) else { continue };
        match outline.function(site.span) {
            Some(start) => {
                out.insert((site.file, Some(start)));
            }
            None if outline.only_imports(site.span, text) => {}
            None => {
                out.insert((site.file, None));
            }
        }
    }
    out
}

/// One run, and the parts of the input that it leads through.
#[derive(Debug)]
pub struct Reach {
    pub root: Root,
    parts: HashSet<Part>,
    files: HashSet<FileId>,
}

impl Reach {
    pub fn of(trace: &Trace, outlines: &[Outline]) -> Option<Self> {
        let Origin::Code { file, function, site } = &trace.origin else { return None };
        let mut out = Self { root: (*file, function.clone()), parts: HashSet::new(), files: HashSet::new() };
        let mut last: Option<Site> = None;
        mention(trace, *site, &mut |site| {
            if last.replace(site) != Some(site) {
                let start = outlines.get(site.file.0 as usize).and_then(|outline| outline.function(site.span));
                out.parts.insert((site.file, start));
                out.files.insert(site.file);
            }
        });
        Some(out)
    }

    /// Whether the run may change with these parts: what stands around the functions of a file may concern all of them.
    pub fn meets(&self, changed: &BTreeSet<Part>) -> bool {
        changed.iter().any(|part| match part {
            (file, None) => self.files.contains(file),
            part => self.parts.contains(part),
        })
    }
}

/// The places that a run leads through.
fn mention(trace: &Trace, own: Site, note: &mut dyn FnMut(Site)) {
    note(own);
    let mut of_event = |event: &Event| {
        for step in event.via.iter() {
            note(step.site);
            step.defined.into_iter().for_each(&mut *note);
        }
        event.site.into_iter().for_each(&mut *note);
    };
    trace.events.iter().for_each(&mut of_event);
    for queryset in &trace.querysets {
        queryset.built.into_iter().chain(queryset.steps.iter().map(|step| step.call)).for_each(&mut *note);
    }
    trace.loops.iter().for_each(|info| note(info.site));
}
