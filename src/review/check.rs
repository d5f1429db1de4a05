//! No rewrite is offered that was not applied to a copy and reviewed again: the copy must parse, the finding must be
//! gone, and no other may stand there that did not before.
//!
//! Rewrites of different files are checked together, so that a round costs one reading of the project. Only what the
//! edits touch is run again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fingerprint::{Anchor, anchor};
use super::side::{self, Found, Side};
use crate::config::Config;
use crate::model::FileId;
use crate::project::{Hints, Project};
use crate::python::{ir, parse};
use crate::rewrite::{FileEdit, Rewritten, apply};
use crate::text::Source;
use crate::trace::{Event, Origin, Trace};

/// Files that may be run again for one review; what is left then keeps its advice only.
const BUDGET: usize = 2_000;

/// Edits with the drafts that they are to cure: several findings may share theirs.
struct Candidate {
    edits: Vec<FileEdit>,
    found: Vec<usize>,
    rewritten: Rewritten,
}

/// Which of the side's drafts have a rewrite that holds. `go_on` is told how many were checked, of how many.
pub fn sound(
    side: Side,
    hints: &Hints,
    config: &Config,
    wanted: &[usize],
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> BTreeSet<usize> {
    let candidates = candidates(&side, wanted);
    let total = candidates.len() as u64;
    let mut out = BTreeSet::new();
    let mut bench = Bench::new(side, hints, config);
    let mut left: Vec<Candidate> = candidates;
    let mut spent = 0;
    while !left.is_empty() {
        if !go_on(total - left.len() as u64, total) || spent >= BUDGET {
            break;
        }
        let (round, rest) = disjoint(left);
        left = rest;
        spent += bench.check(&round, &mut out);
    }
    out
}

fn candidates(side: &Side, wanted: &[usize]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for at in wanted {
        let Some(rewrite) = side.found.get(*at).and_then(|found| found.draft.rewrite.as_ref()) else { continue };
        if let Some(known) = out.iter_mut().find(|known| known.edits == rewrite.edits) {
            known.found.push(*at);
            continue;
        }
        let source = |file: FileId| side.project.modules.get(file.0 as usize).map(|module| &module.source);
        if let Some(rewritten) = apply(&rewrite.edits, source) {
            out.push(Candidate { edits: rewrite.edits.clone(), found: vec![*at], rewritten });
        }
    }
    out
}

/// As many of them as touch different files, and the others. One that makes a file goes alone.
fn disjoint(candidates: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>) {
    let mut touched: BTreeSet<FileId> = BTreeSet::new();
    let mut full = false;
    candidates.into_iter().partition(|candidate| {
        let files = candidate.rewritten.changed.keys();
        let makes = !candidate.rewritten.created.is_empty();
        let take = !full && (!makes || touched.is_empty()) && files.clone().all(|file| !touched.contains(file));
        if take {
            touched.extend(files);
            full |= makes;
        }
        take
    })
}

/// The input, ready to be changed and reviewed again.
struct Bench<'c> {
    files: Vec<(Source, ir::Module)>,
    context: Vec<bool>,
    hints: &'c Hints,
    config: &'c Config,
    traces: Vec<Trace>,
    found: Vec<Found>,
    /// Of each draft, in the order of `found`.
    anchors: Vec<Anchor>,
    /// Files that a file's runs lead through, by the file whose runs they are.
    mentions: BTreeMap<FileId, BTreeSet<FileId>>,
}

impl<'c> Bench<'c> {
    fn new(side: Side, hints: &'c Hints, config: &'c Config) -> Self {
        let anchors = side.found.iter().map(|found| anchor(&side.project, &found.draft)).collect();
        let mut mentions: BTreeMap<FileId, BTreeSet<FileId>> = BTreeMap::new();
        for trace in &side.traces {
            if let Origin::Code { file, .. } = &trace.origin {
                mention(trace, mentions.entry(*file).or_default());
            }
        }
        let files = side.project.modules.into_iter().map(|module| (module.source, module.ir)).collect();
        let (context, traces, found) = (side.context, side.traces, side.found);
        Self { files, context, hints, config, traces, found, anchors, mentions }
    }

    /// Files whose runs may change when these change.
    fn affected(&self, changed: &BTreeSet<FileId>) -> BTreeSet<FileId> {
        let through = self.mentions.iter().filter(|(_, files)| !files.is_disjoint(changed)).map(|(file, _)| *file);
        through.chain(changed.iter().copied()).collect()
    }

    /// Applies all candidates at once and says which hold; gives the number of files that were run again.
    fn check(&mut self, round: &[Candidate], sound: &mut BTreeSet<usize>) -> usize {
        let mut kept: Vec<(FileId, (Source, ir::Module))> = Vec::new();
        let mut broken: BTreeSet<FileId> = BTreeSet::new();
        let before = self.files.len();
        for candidate in round {
            for (file, text) in &candidate.rewritten.changed {
                let Some(slot) = self.files.get_mut(file.0 as usize) else { continue };
                let parsed = parse(text);
                // What could not be read before may stay so; nothing more may.
                if parsed.errors.len() > parse(slot.0.text()).errors.len() {
                    broken.insert(*file);
                }
                let fresh = (Source::new(slot.0.path.clone(), text.as_str()), parsed.module);
                kept.push((*file, std::mem::replace(slot, fresh)));
            }
            for (path, text) in &candidate.rewritten.created {
                let parsed = parse(text);
                if !parsed.errors.is_empty() {
                    broken.extend(candidate.rewritten.changed.keys());
                }
                self.files.push((Source::new(path.clone(), text.as_str()), parsed.module));
                self.context.push(true);
            }
        }
        let changed: BTreeSet<FileId> = kept.iter().map(|(file, _)| *file).collect();
        let affected = self.affected(&changed);
        let project = Project::build(std::mem::take(&mut self.files), self.hints.clone());
        let after = self.counted_after(&project, &affected);
        let counts = self.counted_before(&affected);
        for candidate in round {
            let own: BTreeSet<FileId> = candidate.rewritten.changed.keys().copied().collect();
            let reach = self.affected(&own);
            let paths: BTreeSet<&str> = reach.iter().map(|file| project.module(*file).source.path.as_str()).collect();
            let parses = own.is_disjoint(&broken);
            let worse = after.iter().any(|(anchor, count)| {
                paths.contains(anchor.path.as_str()) && count.loud > counts.get(anchor).map_or(0, |c| c.loud)
            });
            for at in candidate.found.iter().filter(|_| parses && !worse) {
                let Some(anchor) = self.anchors.get(*at) else { continue };
                if after.get(anchor).map_or(0, |c| c.all) < counts.get(anchor).map_or(0, |c| c.all) {
                    sound.insert(*at);
                }
            }
        }
        self.files = project.modules.into_iter().map(|module| (module.source, module.ir)).collect();
        self.files.truncate(before);
        self.context.truncate(before);
        for (file, old) in kept.into_iter().rev() {
            if let Some(slot) = self.files.get_mut(file.0 as usize) {
                *slot = old;
            }
        }
        affected.len()
    }

    fn counted_before(&self, affected: &BTreeSet<FileId>) -> HashMap<Anchor, Count> {
        let concerned = |found: &Found| match found.trace.and_then(|at| self.traces.get(at)) {
            Some(trace) => is_of(trace, affected),
            None => true,
        };
        let found = self.found.iter().zip(&self.anchors).filter(|(found, _)| concerned(found));
        count(found.map(|(found, anchor)| (anchor.clone(), is_hint(found))))
    }

    fn counted_after(&mut self, project: &Project, affected: &BTreeSet<FileId>) -> HashMap<Anchor, Count> {
        let (again, kept): (Vec<Trace>, Vec<Trace>) =
            std::mem::take(&mut self.traces).into_iter().partition(|trace| is_of(trace, affected));
        let fresh = side::predict(project, &self.context, Some(affected));
        let mut all = kept;
        all.extend(fresh);
        side::in_order(&mut all);
        let found = side::judge(project, &self.context, self.config, &all, |trace| is_of(trace, affected));
        let counts = count(found.iter().map(|found| (anchor(project, &found.draft), is_hint(found))));
        all.retain(|trace| !is_of(trace, affected));
        all.extend(again);
        side::in_order(&mut all);
        self.traces = all;
        counts
    }
}

fn is_hint(found: &Found) -> bool {
    found.draft.hint.unwrap_or(found.draft.rule.hint)
}

fn is_of(trace: &Trace, files: &BTreeSet<FileId>) -> bool {
    matches!(&trace.origin, Origin::Code { file, .. } if files.contains(file))
}

/// Findings of one anchor. A cure must leave fewer of its own; of others, hints do not count against it.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: usize,
    loud: usize,
}

/// Anchors, each with whether its finding is a hint.
fn count(anchors: impl Iterator<Item = (Anchor, bool)>) -> HashMap<Anchor, Count> {
    let mut out: HashMap<Anchor, Count> = HashMap::new();
    for (anchor, hint) in anchors {
        let count = out.entry(anchor).or_default();
        count.all += 1;
        count.loud += usize::from(!hint);
    }
    out
}

/// The files that a run leads through.
fn mention(trace: &Trace, out: &mut BTreeSet<FileId>) {
    let of_event = |event: &Event, out: &mut BTreeSet<FileId>| {
        out.extend(event.site.map(|site| site.file));
        for step in &event.via {
            out.insert(step.site.file);
            out.extend(step.defined.map(|site| site.file));
        }
    };
    for event in &trace.events {
        of_event(event, out);
    }
    for queryset in &trace.querysets {
        out.extend(queryset.built.map(|site| site.file));
        out.extend(queryset.steps.iter().map(|step| step.call.file));
    }
    out.extend(trace.loops.iter().map(|info| info.site.file));
}
