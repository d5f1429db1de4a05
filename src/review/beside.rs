//! What stands beside the code: totals of functions, round trips of lines, brackets of loops, predicted statements.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::LoopMark;
use crate::model::{Built, Confidence, FileId, Function, Letters, Loop, LoopId, Prediction, Site, Term, Terms};
use crate::predict;
use crate::project::Project;
use crate::trace::{Event, Origin, Query, Trace};

/// What one file shows.
#[derive(Debug, Default)]
pub struct Beside {
    pub trips: BTreeMap<u32, String>,
    pub functions: BTreeMap<u32, String>,
    pub loops: Vec<LoopMark>,
}

/// A run with its letters: one set for the function's total, its lines and its statements.
pub struct Lettered<'t> {
    pub trace: &'t Trace,
    letters: Letters,
}

impl<'t> Lettered<'t> {
    pub fn new(trace: &'t Trace) -> Self {
        let mut letters = Letters::default();
        trace.terms.render(&mut letters);
        for (_, event, _) in trace.queries() {
            for id in &event.loops {
                letters.of(*id);
            }
        }
        Self { trace, letters }
    }

    fn render(&self, terms: &Terms) -> String {
        terms.render(&mut self.letters.clone())
    }

    fn letter(&self, id: LoopId) -> String {
        self.letters.clone().of(id)
    }
}

/// The terms of a formula in letters.
pub fn terms(terms: &Terms, letters: &mut Letters) -> Vec<Term> {
    terms
        .iter()
        .map(|trip| Term { count: trip.count, loops: trip.loops.iter().map(|id| letters.of(*id)).collect() })
        .collect()
}

/// The function of a trace, where it sends anything.
pub fn function(project: &Project, lettered: &Lettered<'_>) -> Option<Function> {
    let trace = lettered.trace;
    let Origin::Code { function, site, .. } = &trace.origin else { return None };
    if trace.terms.is_zero() {
        return None;
    }
    let place = project.place(*site);
    let mut letters = lettered.letters.clone();
    let used: HashSet<LoopId> = trace.terms.iter().flat_map(|trip| trip.loops.iter().copied()).collect();
    let named = letters.named().into_iter().filter(|(_, id)| used.contains(id));
    Some(Function {
        path: place.path.clone(),
        name: function.to_string(),
        line: place.line,
        round_trips: lettered.render(&trace.terms),
        exact: trace.exact,
        loops: named.map(|(letter, id)| (letter, described(project, trace, id, &place.path))).collect(),
        terms: terms(&trace.terms, &mut letters),
    })
}

/// A loop as it is described beside a line of `home`.
fn described(project: &Project, trace: &Trace, id: LoopId, home: &str) -> Loop {
    let known = project.describe_loop(trace, id);
    Loop { text: known.text_in(home), ..known }
}

/// Everything that stands beside the lines of the files, by file.
pub fn beside(project: &Project, runs: &[Lettered<'_>]) -> BTreeMap<FileId, Beside> {
    let mut out: BTreeMap<FileId, Beside> = BTreeMap::new();
    for run in runs {
        let Origin::Code { file, site, function } = &run.trace.origin else { continue };
        let source = &project.module(*file).source;
        let mut lines: BTreeMap<u32, Terms> = BTreeMap::new();
        let mut turned: BTreeSet<LoopId> = BTreeSet::new();
        for (_, event, _) in run.trace.queries() {
            turned.extend(&event.loops);
            // What a call sends stands at the call.
            let at = event.via.first().map(|step| step.site).or(event.site);
            if let Some(at) = at.filter(|at| at.file == *file) {
                let line = lines.entry(source.line(at.span.start)).or_default();
                line.add(&Terms::product(1, event.loops.clone()));
            }
        }
        rendered(project, run, &mut out);
        let shown = out.entry(*file).or_default();
        for (line, terms) in lines {
            shown.trips.entry(line).or_insert_with(|| run.render(&terms));
        }
        if function != predict::MODULE && !run.trace.terms.is_zero() {
            let line = source.line(site.span.start);
            shown.functions.entry(line).or_insert_with(|| run.render(&run.trace.terms));
        }
        for id in turned {
            let over = project.describe_loop(run.trace, id);
            for body in &run.trace.loop_info(id).bodies {
                let in_template = project.is_template(body.file);
                if body.file != *file && !in_template {
                    continue;
                }
                let source = &project.module(body.file).source;
                let shown = out.entry(body.file).or_default();
                let mark = LoopMark {
                    first_line: source.line(body.span.start),
                    last_line: source.line(body.span.end.max(body.span.start + 1) - 1),
                    letter: run.letter(id),
                    over: over.text_in(&source.path),
                };
                let taken = |known: &LoopMark| {
                    // Of the views that show a template the first counts, as for its lines.
                    let lines = (known.first_line, known.last_line) == (mark.first_line, mark.last_line);
                    *known == mark || in_template && lines
                };
                if !shown.loops.iter().any(taken) {
                    shown.loops.push(mark);
                }
            }
        }
    }
    for shown in out.values_mut() {
        shown.loops.sort_by_key(|mark| (mark.first_line, std::cmp::Reverse(mark.last_line)));
    }
    out
}

/// A template has no run of its own: its lines show what the first view that shows it sends there.
fn rendered(project: &Project, run: &Lettered<'_>, out: &mut BTreeMap<FileId, Beside>) {
    let mut lines: BTreeMap<(FileId, u32), Terms> = BTreeMap::new();
    for (_, event, _) in run.trace.queries() {
        let steps = event.via.iter().map(|step| step.site);
        // What a tag calls stands at the tag.
        if let Some(at) = steps.chain(event.site).rfind(|site| project.is_template(site.file)) {
            let line = project.module(at.file).source.line(at.span.start);
            lines.entry((at.file, line)).or_default().add(&Terms::product(1, event.loops.clone()));
        }
    }
    for ((file, line), terms) in lines {
        out.entry(file).or_default().trips.entry(line).or_insert_with(|| run.render(&terms));
    }
}

/// One prediction per statement and way to it, with the place where it is sent.
pub fn predictions(project: &Project, runs: &[Lettered<'_>]) -> Vec<(Option<Site>, Prediction)> {
    let mut called: HashSet<Site> = HashSet::new();
    for run in runs {
        let own = origin_site(run.trace);
        let steps = run.trace.events.iter().flat_map(|event| event.via.iter()).filter_map(|step| step.defined);
        called.extend(steps.filter(|site| Some(*site) != own));
    }
    let is_called = |run: &&Lettered<'_>| origin_site(run.trace).is_some_and(|site| called.contains(&site));
    let mut out: Vec<(Option<Site>, Prediction)> = Vec::new();
    let mut covered: HashSet<Site> = HashSet::new();
    let (helpers, roots): (Vec<_>, Vec<_>) = runs.iter().partition(is_called);
    for run in roots {
        for (_, event, query) in run.trace.queries() {
            covered.extend(event.site);
            out.extend(statements(project, run, event, query));
        }
    }
    // Functions that call each other have no root among them.
    for run in helpers {
        let fresh: Vec<_> =
            run.trace.queries().filter(|(_, e, _)| e.site.is_none_or(|s| !covered.contains(&s))).collect();
        for (_, event, query) in fresh {
            if event.via.is_empty() {
                out.extend(statements(project, run, event, query));
            }
        }
        covered.extend(run.trace.queries().filter(|(_, e, _)| e.via.is_empty()).filter_map(|(_, e, _)| e.site));
    }
    // Stable: statements of one place stay in the order in which they are sent.
    out.sort_by(|(_, a), (_, b)| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    out
}

fn origin_site(trace: &Trace) -> Option<Site> {
    match &trace.origin {
        Origin::Code { site, .. } => Some(*site),
        Origin::Log { .. } => None,
    }
}

/// The statement, and what may be sent in its place.
fn statements<'r>(
    project: &'r Project,
    run: &'r Lettered<'_>,
    event: &'r Event,
    query: &'r Query,
) -> impl Iterator<Item = (Option<Site>, Prediction)> + 'r {
    let others = query.others.iter().filter(|other| other.fingerprint != query.statement.fingerprint);
    let others = others.map(move |other| {
        let own = prediction(project, run, event, query);
        Prediction {
            sql: other.sql.clone(),
            fingerprint: other.fingerprint.to_string(),
            confidence: Confidence::Possible,
            ..own
        }
    });
    std::iter::once(prediction(project, run, event, query)).chain(others).map(move |own| (event.site, own))
}

fn prediction(project: &Project, run: &Lettered<'_>, event: &Event, query: &Query) -> Prediction {
    let place = event.site.map(|site| project.place(site));
    let queryset = query.queryset.map(|id| run.trace.queryset(id));
    let built = queryset.and_then(|queryset| queryset.built).map(|site| project.place(site));
    let model = queryset.map(|queryset| queryset.model_name.to_string()).filter(|name| !name.is_empty());
    let home = place.as_ref().map_or("", |place| &place.path);
    let loops = event.loops.iter().map(|id| (run.letter(*id), described(project, run.trace, *id, home))).collect();
    Prediction {
        path: place.as_ref().map(|place| place.path.clone()).unwrap_or_default(),
        line: place.as_ref().map_or(0, |place| place.line),
        column: place.as_ref().map_or(0, |place| place.column),
        end_line: place.as_ref().map_or(0, |place| place.end_line),
        orm: queryset.map_or(crate::model::Orm::Django, |queryset| queryset.orm),
        model,
        kind: query.statement.facts.kind,
        sql: query.statement.sql.clone(),
        fingerprint: query.statement.fingerprint.to_string(),
        loops: event.loops.iter().map(|id| run.letter(*id)).collect(),
        loop_: loops,
        built: built.map(|place| Built { path: place.path, line: place.line }),
        via: event
            .via
            .iter()
            .map(|step| {
                let place = project.place(step.site);
                let parentheses = if step.renders { "" } else { "()" };
                format!("{}:{} {}{parentheses}", place.path, place.line, step.callee)
            })
            .collect(),
        confidence: event.confidence,
    }
}
