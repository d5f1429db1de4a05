//! One side of a change, read and judged: the code as it stands, its runs, and what the rules say of them.

use std::collections::{BTreeSet, HashMap};

use super::finding::bring_home;
use crate::config::Config;
use crate::model::{FileId, Site, Span};
use crate::predict;
use crate::project::{Hints, Project};
use crate::python::ir;
use crate::rules::{Context, Draft, DraftEvidence, loops, registry};
use crate::text::Source;
use crate::trace::{Origin, Role, Trace};

/// What a rule says, and of which run; none where it is of the whole input.
#[derive(Debug, Clone)]
pub struct Found {
    pub draft: Draft,
    pub trace: Option<usize>,
    /// It stands in the function whose run shows it.
    pub own: bool,
    /// The loop that it is about, where that stands in the function that builds the queryset: however often that is run,
    /// there is one loop to mend.
    turned: Option<Site>,
}

pub struct Side {
    pub project: Project,
    /// By [`FileId`]: read, but not reviewed.
    pub context: Vec<bool>,
    /// Sorted by [`order`].
    pub traces: Vec<Trace>,
    /// Files of tests.
    pub tests: BTreeSet<FileId>,
    /// All that the rules say of any run.
    pub said: Vec<Found>,
    /// The same, each thing once.
    pub found: Vec<Found>,
}

impl Side {
    pub fn review(files: Vec<(Source, ir::Module)>, context: Vec<bool>, hints: Hints, config: &Config) -> Self {
        let project = Project::build(files, hints);
        let traces = predict(&project, &context, &|_, _| true);
        let said = judge(&project, config, &traces, Scope { one: &|_| true, whole: true });
        let found = settled(&said, &context);
        let tests = traces.iter().filter(|trace| trace.role == Role::Test).filter_map(|trace| match trace.origin {
            Origin::Code { file, .. } => Some(file),
            Origin::Log { .. } => None,
        });
        let tests = tests.collect();
        Self { project, context, traces, tests, said, found }
    }
}

/// The runs of the reviewed files, or of those among them that `wanted` accepts, see [`predict::run`].
pub fn predict(project: &Project, context: &[bool], wanted: &dyn Fn(FileId, Option<&str>) -> bool) -> Vec<Trace> {
    let reviewed = |file: FileId, function: Option<&str>| {
        !context.get(file.0 as usize).copied().unwrap_or(true) && wanted(file, function)
    };
    let mut traces = predict::run(project, &reviewed);
    traces.sort_by_key(order);
    traces
}

/// Functions of a file in their order, its module body last; files in their order.
pub fn order(trace: &Trace) -> (FileId, bool, u32) {
    match &trace.origin {
        Origin::Code { file, site, function } => (*file, function == predict::MODULE, site.span.start),
        Origin::Log { .. } => (FileId(u32::MAX), true, u32::MAX),
    }
}

/// What the rules are asked.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The runs that are looked at one by one.
    pub one: &'a dyn Fn(&Trace) -> bool,
    /// Whether all of them are looked at as a whole, too.
    pub whole: bool,
}

/// Runs the selected rules: what they say of every run.
pub fn judge(project: &Project, config: &Config, traces: &[Trace], scope: Scope<'_>) -> Vec<Found> {
    let mut cx = Context { project, config, drafts: Vec::new() };
    let mut out = Vec::new();
    let mut own = Own { project, spans: HashMap::new(), bodies: HashMap::new() };
    // Nothing is found in tests.
    let one = |trace: &Trace| trace.role != Role::Test && (scope.one)(trace);
    for rule in registry::all().filter(|rule| registry::selected(rule.meta(), &config.select, &config.ignore)) {
        for (at, trace) in traces.iter().enumerate().filter(|(_, trace)| one(trace)) {
            rule.trace(trace, &mut cx);
            for draft in cx.drafts.drain(..) {
                let (turned, own) = (own.turned(&draft), own.stands(&draft, trace));
                out.push(Found { draft, trace: Some(at), own, turned });
            }
        }
        if scope.whole {
            rule.whole(traces, &mut cx);
            let found = |draft| Found { draft, trace: None, own: false, turned: None };
            out.extend(cx.drafts.drain(..).map(found));
        }
    }
    out
}

/// Each thing once, told where a reviewed file leads to it.
///
/// A helper is run by itself and for each of its callers: what stands in it is said once, by its own run where that
/// sees it.
pub fn settled<'f>(said: impl IntoIterator<Item = &'f Found>, context: &[bool]) -> Vec<Found> {
    type Key<'f> = (&'static str, Site, &'f str, Option<&'f DraftEvidence>, Option<Site>);
    let (own, far): (Vec<&Found>, Vec<&Found>) = said.into_iter().partition(|found| found.own);
    let mut known: HashMap<Key<'f>, usize> = HashMap::new();
    let mut cured: HashMap<(&str, Site, &str), Vec<usize>> = HashMap::new();
    let mut found: Vec<Found> = Vec::new();
    for one in own.into_iter().chain(far) {
        let draft = &one.draft;
        let first = draft.evidence.first().filter(|_| one.turned.is_none());
        let key = draft.site.map(|site| (draft.rule.code, site, draft.key.as_str(), first, one.turned));
        let place = draft.site.map(|site| (draft.rule.code, site, draft.key.as_str()));
        let same = key.and_then(|key| known.get(&key)).copied().or_else(|| {
            // Rows that two ways build, which one edit mends.
            let is_cured = |at: &&usize| found.get(**at).is_some_and(|before| have_one_cure(&before.draft, draft));
            cured.get(&place?)?.iter().find(is_cured).copied()
        });
        match same.and_then(|at| found.get_mut(at)) {
            Some(before) => weigh_again(&mut before.draft, draft),
            None => {
                known.extend(key.map(|key| (key, found.len())));
                if let Some(place) = place {
                    cured.entry(place).or_default().push(found.len());
                }
                found.push(one.clone());
            }
        }
    }
    bring_home(&mut found, context);
    found
}

fn have_one_cure(draft: &Draft, other: &Draft) -> bool {
    let both = draft.rewrite.as_ref().zip(other.rewrite.as_ref());
    both.is_some_and(|(a, b)| !a.edits.is_empty() && a.edits == b.edits)
}

/// What another run says of the same place: a helper weighs as much as where it weighs most.
fn weigh_again(draft: &mut Draft, other: &Draft) {
    let is_hint = |draft: &Draft| draft.hint.unwrap_or(draft.rule.hint);
    if is_hint(draft) && !is_hint(other) {
        draft.hint = other.hint;
        draft.severity = other.severity;
    } else if is_hint(draft) == is_hint(other) {
        draft.severity = draft.severity.max(other.severity);
    }
}

/// Spans of functions, by their names' places.
struct Own<'p> {
    project: &'p Project,
    spans: HashMap<Site, Option<Span>>,
    /// Bodies of the functions of a file.
    bodies: HashMap<FileId, Vec<Span>>,
}

impl Own<'_> {
    /// See [`Found::turned`].
    fn turned(&mut self, draft: &Draft) -> Option<Site> {
        let site = |evidence: &DraftEvidence, wanted: &str| match evidence {
            DraftEvidence::Code { site, message } if message == wanted => Some(*site),
            _ => None,
        };
        let built = draft.evidence.iter().find_map(|evidence| site(evidence, loops::BUILT))?;
        let turned = draft.evidence.iter().rev().find_map(|evidence| site(evidence, loops::TURNS))?;
        let home = self.body_around(built)?;
        (self.body_around(turned) == Some(home)).then_some(turned)
    }

    /// The body of the innermost function around a place.
    fn body_around(&mut self, site: Site) -> Option<Site> {
        let project = self.project;
        let bodies = self.bodies.entry(site.file).or_insert_with(|| {
            let of_file = project.functions().filter(|function| function.file == site.file);
            of_file.map(|function| function.function.body_span).collect()
        });
        let around = bodies.iter().filter(|body| body.contains(site.span));
        let innermost = around.min_by_key(|body| body.end - body.start)?;
        Some(Site::new(site.file, *innermost))
    }

    /// Whether a draft stands in the function that was run.
    fn stands(&mut self, draft: &Draft, trace: &Trace) -> bool {
        let (Some(site), Origin::Code { file, site: name, .. }) = (draft.site, &trace.origin) else { return false };
        if *file != site.file {
            return false;
        }
        let project = self.project;
        let whole = self
            .spans
            .entry(*name)
            .or_insert_with(|| crate::rewrite::function_at(&project.module(*file).ir, name.span));
        whole.is_none_or(|whole| whole.contains(site.span))
    }
}
