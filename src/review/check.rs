//! No rewrite is offered that was not applied to a copy and reviewed again: the copy must parse, the finding must be
//! gone, and no other may stand there that did not before.
//!
//! Rewrites of different functions are applied together, so that a round costs one reading of the project, and only
//! the runs that lead through what they change are made again. Those that do not hold in company are tried once more
//! without any that reach the same runs.

mod reach;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem;

use super::fingerprint::{Anchor, anchor, anchor_in};
use super::side::{self, Found, Scope, Side};
use crate::config::Config;
use crate::model::{Family, FileId};
use crate::project::{Hints, Project};
use crate::python::{ir, parse};
use crate::rewrite::{FileEdit, apply};
use crate::text::Source;
use crate::trace::{Origin, Role, Trace};

use smol_str::SmolStr;

use reach::{Outline, Part, Reach, Root};

/// Runs that may be made again for one review; what is left then keeps its advice only.
const BUDGET: usize = 50_000;

/// Edits with the drafts that they are to cure: several findings may share theirs.
struct Candidate {
    edits: Vec<FileEdit>,
    found: Vec<usize>,
    kind: Kind,
    changed: BTreeSet<Part>,
    /// The runs that lead through what it changes, by their numbers.
    reach: BTreeSet<usize>,
}

/// What a rewrite changes, and with it what must be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Bodies of functions: their runs.
    Functions,
    /// What stands around functions, or what is said of the input as a whole: that, and all runs that lead through the
    /// files.
    Files,
    /// Indexes, of which runs know nothing: the input as a whole.
    Indexes,
}

/// Which of the side's drafts have a rewrite that holds. `go_on` is told how many were checked, of how many.
pub fn sound(
    side: Side,
    hints: &Hints,
    config: &Config,
    wanted: &[usize],
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> BTreeSet<usize> {
    let grouped = grouped(&side, wanted);
    let mut out = BTreeSet::new();
    if grouped.is_empty() {
        return out;
    }
    let mut bench = Bench::new(side, hints, config);
    let mut left: Vec<Candidate> = grouped.into_iter().map(|(edits, found)| bench.candidate(edits, found)).collect();
    let total = left.len() as u64;
    let mut spent = 0;
    for apart in [false, true] {
        let mut failed = Vec::new();
        while !left.is_empty() && spent < BUDGET {
            if !go_on(total - (left.len() + failed.len()) as u64, total) {
                return out;
            }
            let (round, rest) = bench.round(left, apart);
            left = rest;
            spent += bench.check(round, &mut out, &mut failed);
        }
        left = failed;
    }
    out
}

/// The drafts' edits, each once, with the drafts that have them.
fn grouped(side: &Side, wanted: &[usize]) -> Vec<(Vec<FileEdit>, Vec<usize>)> {
    let mut out: Vec<(Vec<FileEdit>, Vec<usize>)> = Vec::new();
    for at in wanted {
        let Some(rewrite) = side.found.get(*at).and_then(|found| found.draft.rewrite.as_ref()) else { continue };
        match out.iter_mut().find(|(edits, _)| *edits == rewrite.edits) {
            Some((_, found)) => found.push(*at),
            None => out.push((rewrite.edits.clone(), vec![*at])),
        }
    }
    out
}

/// The input, ready to be changed and reviewed again.
struct Bench<'c> {
    files: Vec<(Source, ir::Module)>,
    context: Vec<bool>,
    hints: &'c Hints,
    config: &'c Config,
    traces: Vec<Trace>,
    /// Of each trace, in their order.
    reaches: Vec<Option<Reach>>,
    outlines: Vec<Outline>,
    said: Vec<Found>,
    found: Vec<Found>,
    /// Of what was found, in its order.
    anchors: Vec<Anchor>,
}

impl<'c> Bench<'c> {
    fn new(side: Side, hints: &'c Hints, config: &'c Config) -> Self {
        let anchors = side.found.iter().map(|found| anchor(&side.project, &found.draft)).collect();
        let outlines: Vec<Outline> = side.project.modules.iter().map(|module| Outline::of(&module.ir)).collect();
        // Nothing is found in tests: what a rewrite does to their runs need not be seen.
        let own = side.traces.iter().map(|trace| (trace.role != Role::Test).then_some(trace));
        let reaches = own.map(|trace| Reach::of(trace?, &outlines)).collect();
        let files = side.project.modules.into_iter().map(|module| (module.source, module.ir)).collect();
        let Side { context, traces, said, found, .. } = side;
        Self { files, context, hints, config, traces, reaches, outlines, said, found, anchors }
    }

    fn candidate(&self, edits: Vec<FileEdit>, found: Vec<usize>) -> Candidate {
        let of = |at: &usize| self.found.get(*at);
        let mut changed = reach::changed(&edits, &self.outlines);
        let in_functions = changed.iter().all(|(_, function)| function.is_some());
        let kind = if found.iter().filter_map(of).all(|found| found.draft.rule.family == Family::Index) {
            Kind::Indexes
        } else if in_functions && found.iter().filter_map(of).all(|found| found.trace.is_some()) {
            Kind::Functions
        } else {
            // The rules look at all runs then, so none may stay that names places as they were before the change.
            changed.extend(edits.iter().filter_map(file_of).map(|file| (file, None)));
            Kind::Files
        };
        let meets = |reach: &&Option<Reach>| reach.as_ref().is_some_and(|reach| reach.meets(&changed));
        let reach = match kind {
            Kind::Indexes => BTreeSet::new(),
            _ => (0..).zip(&self.reaches).filter(|(_, reach)| meets(reach)).map(|(at, _)| at).collect(),
        };
        Candidate { edits, found, kind, changed, reach }
    }

    /// Candidates that can be checked at once, and the others. `apart`: none that shares a run or a file with another.
    fn round(&self, candidates: Vec<Candidate>, apart: bool) -> (Vec<Candidate>, Vec<Candidate>) {
        let mut taken = Taken::default();
        candidates.into_iter().partition(|candidate| taken.take(candidate, apart))
    }

    /// Applies all candidates at once and says which hold; gives the number of runs that were made again.
    fn check(&mut self, round: Vec<Candidate>, sound: &mut BTreeSet<usize>, failed: &mut Vec<Candidate>) -> usize {
        let edits: Vec<FileEdit> = round.iter().flat_map(|candidate| candidate.edits.iter().cloned()).collect();
        let rewritten = apply(&edits, |file| self.files.get(file.0 as usize).map(|(source, _)| source));
        let (Some(rewritten), Some(kind)) = (rewritten, round.first().map(|candidate| candidate.kind)) else {
            failed.extend(round);
            return 1;
        };
        let again: BTreeSet<usize> = round.iter().flat_map(|candidate| candidate.reach.iter().copied()).collect();
        let counts = self.counted_before(kind, &again);
        let mut kept: Vec<(FileId, (Source, ir::Module))> = Vec::new();
        let mut broken: BTreeSet<FileId> = BTreeSet::new();
        let before = self.files.len();
        for (file, text) in &rewritten.changed {
            let Some(slot) = self.files.get_mut(file.0 as usize) else { continue };
            let parsed = parse(text);
            // What could not be read before may stay so; nothing more may.
            if !parsed.errors.is_empty() && parsed.errors.len() > parse(slot.0.text()).errors.len() {
                broken.insert(*file);
            }
            let fresh = (Source::new(slot.0.path.clone(), text.as_str()), parsed.module);
            kept.push((*file, mem::replace(slot, fresh)));
        }
        for (path, text) in &rewritten.created {
            let parsed = parse(text);
            if !parsed.errors.is_empty() {
                broken.extend(rewritten.changed.keys());
            }
            self.files.push((Source::new(path.clone(), text.as_str()), parsed.module));
            self.context.push(true);
        }
        let project = Project::build(mem::take(&mut self.files), self.hints.clone());
        let after = self.after(&project, kind, &again, &kept);
        for candidate in round {
            let whole = candidate.edits.iter().all(|edit| match edit {
                FileEdit::Replace { site, .. } => !broken.contains(&site.file),
                FileEdit::Create { .. } => true,
            });
            let worse = after.iter().any(|(anchor, count)| {
                count.loud > counts.get(anchor).map_or(0, |before| before.loud) && count.may_come_of(&candidate)
            });
            let is_gone =
                |anchor: &Anchor| after.get(anchor).map_or(0, |c| c.all) < counts.get(anchor).map_or(0, |c| c.all);
            let gone = candidate.found.iter().filter(|at| self.anchors.get(**at).is_some_and(is_gone));
            let gone: Vec<usize> = gone.filter(|_| whole && !worse).copied().collect();
            let holds = gone.len() == candidate.found.len();
            sound.extend(gone);
            if !holds {
                failed.push(candidate);
            }
        }
        self.files = project.modules.into_iter().map(|module| (module.source, module.ir)).collect();
        self.files.truncate(before);
        self.context.truncate(before);
        for (file, old) in kept {
            if let Some(slot) = self.files.get_mut(file.0 as usize) {
                *slot = old;
            }
        }
        again.len().max(1)
    }

    fn counted_before(&self, kind: Kind, again: &BTreeSet<usize>) -> HashMap<Anchor, Count> {
        let concerned = |found: &&Found| match found.trace {
            Some(at) => again.contains(&at),
            None => kind != Kind::Functions,
        };
        let settled = side::settled(self.said.iter().filter(concerned), &self.context);
        let file = |file: FileId| self.files.get(file.0 as usize).map(|(source, ir)| (source, ir));
        count(settled.iter().map(|found| (anchor_in(file, &found.draft), found, None)))
    }

    /// What is found when the runs `again` are made in the changed project; `kept` is what changed files were before.
    fn after(
        &mut self,
        project: &Project,
        kind: Kind,
        again: &BTreeSet<usize>,
        kept: &[(FileId, (Source, ir::Module))],
    ) -> HashMap<Anchor, Count> {
        let module = |file: FileId| project.modules.get(file.0 as usize).map(|module| (&module.source, &module.ir));
        if kind == Kind::Indexes {
            // Nothing was run again: the places are those of the files as they were.
            let old = |file: FileId| {
                let changed = kept.iter().find(|(known, _)| *known == file).map(|(_, (source, ir))| (source, ir));
                changed.or_else(|| module(file))
            };
            let said = side::judge(project, self.config, &self.traces, Scope { one: &|_| false, whole: true });
            let settled = side::settled(&said, &self.context);
            return count(settled.iter().map(|found| (anchor_in(old, &found.draft), found, None)));
        }
        let numbers: HashMap<&Root, usize> =
            again.iter().filter_map(|at| Some((&self.reaches.get(*at)?.as_ref()?.root, *at))).collect();
        let files: HashSet<FileId> = numbers.keys().map(|(file, _)| *file).collect();
        let wanted = |file: FileId, function: Option<&str>| match function {
            Some(function) => numbers.contains_key(&(file, SmolStr::new(function))),
            None => files.contains(&file),
        };
        let traces = side::predict(project, &self.context, &wanted);
        let number = |trace: &Trace| match &trace.origin {
            Origin::Code { file, function, .. } => numbers.get(&(*file, function.clone())).copied(),
            Origin::Log { .. } => None,
        };
        let whole = kind == Kind::Files;
        // As a whole, the rules look at all runs: those that are not made again are lent.
        let lent = if whole { mem::take(&mut self.traces) } else { Vec::new() };
        let (old, others): (Vec<_>, Vec<_>) = lent.into_iter().enumerate().partition(|(at, _)| again.contains(at));
        let mut all: Vec<(Option<usize>, Trace)> = traces.into_iter().map(|trace| (None, trace)).collect();
        all.extend(others.into_iter().map(|(at, trace)| (Some(at), trace)));
        all.sort_by_key(|(_, trace)| side::order(trace));
        let (places, traces): (Vec<Option<usize>>, Vec<Trace>) = all.into_iter().unzip();
        let said = side::judge(project, self.config, &traces, Scope { one: &|trace| number(trace).is_some(), whole });
        let settled = side::settled(&said, &self.context);
        let counts = count(settled.iter().map(|found| {
            let run = found.trace.and_then(|at| traces.get(at)).and_then(number);
            (anchor_in(module, &found.draft), found, run)
        }));
        if whole {
            let kept = places.into_iter().zip(traces).filter_map(|(at, trace)| Some((at?, trace)));
            let mut back: Vec<(usize, Trace)> = old.into_iter().chain(kept).collect();
            back.sort_by_key(|(at, _)| *at);
            self.traces = back.into_iter().map(|(_, trace)| trace).collect();
        }
        counts
    }
}

/// What the candidates of a round have taken.
#[derive(Default)]
struct Taken {
    kind: Option<Kind>,
    parts: BTreeSet<Part>,
    files: BTreeSet<FileId>,
    runs: BTreeSet<usize>,
    edits: Vec<FileEdit>,
}

impl Taken {
    fn take(&mut self, candidate: &Candidate, apart: bool) -> bool {
        let files: BTreeSet<FileId> = candidate.edits.iter().filter_map(file_of).collect();
        let same_kind = self.kind.is_none_or(|kind| kind == candidate.kind);
        let own_parts = candidate.kind == Kind::Indexes || self.parts.is_disjoint(&candidate.changed);
        let alone = self.files.is_disjoint(&files) && self.runs.is_disjoint(&candidate.reach);
        let collides = |edit: &FileEdit| self.edits.iter().any(|taken| collide(taken, edit));
        if !same_kind || !own_parts || (apart && !alone) || candidate.edits.iter().any(collides) {
            return false;
        }
        self.kind = Some(candidate.kind);
        self.parts.extend(&candidate.changed);
        self.files.extend(files);
        self.runs.extend(&candidate.reach);
        self.edits.extend(candidate.edits.iter().cloned());
        true
    }
}

fn file_of(edit: &FileEdit) -> Option<FileId> {
    match edit {
        FileEdit::Replace { site, .. } => Some(site.file),
        FileEdit::Create { .. } => None,
    }
}

/// Whether two edits cannot both be made, or make something else together: equal ones, and insertions at one place, can.
fn collide(one: &FileEdit, other: &FileEdit) -> bool {
    match (one, other) {
        (FileEdit::Replace { site: a, .. }, FileEdit::Replace { site: b, .. }) => {
            let overlap = a.span.start < b.span.end && b.span.start < a.span.end;
            a.file == b.file && one != other && (overlap || (a.span.start == b.span.start && a.span != b.span))
        }
        (FileEdit::Create { path: a, .. }, FileEdit::Create { path: b, .. }) => a == b,
        _ => false,
    }
}

fn is_hint(found: &Found) -> bool {
    found.draft.hint.unwrap_or(found.draft.rule.hint)
}

/// Findings of one anchor. A cure must leave fewer of its own; of others, hints do not count against it.
#[derive(Debug, Clone, Default)]
struct Count {
    all: usize,
    loud: usize,
    /// The runs that they are of, by their numbers.
    runs: BTreeSet<usize>,
    /// One at least is of no run that is known.
    of_whole: bool,
}

impl Count {
    fn may_come_of(&self, candidate: &Candidate) -> bool {
        self.of_whole || !self.runs.is_disjoint(&candidate.reach)
    }
}

/// Anchors, each with what stands there and the run that it is of.
fn count<'f>(found: impl Iterator<Item = (Anchor, &'f Found, Option<usize>)>) -> HashMap<Anchor, Count> {
    let mut out: HashMap<Anchor, Count> = HashMap::new();
    for (anchor, found, run) in found {
        let count = out.entry(anchor).or_default();
        count.all += 1;
        count.loud += usize::from(!is_hint(found));
        match run {
            Some(run) => count.runs.extend([run]),
            None => count.of_whole = true,
        }
    }
    out
}
