//! One side of a change, read and judged: the code as it stands, its runs, and what the rules say of them.

use std::collections::BTreeSet;

use super::finding::bring_home;
use crate::config::Config;
use crate::model::FileId;
use crate::predict;
use crate::project::{Hints, Project};
use crate::python::ir;
use crate::rules::{Context, Draft, registry};
use crate::text::Source;
use crate::trace::{Origin, Role, Trace};

/// What the rules say, and of which run; none where it is of the whole input.
#[derive(Debug, Clone)]
pub struct Found {
    pub draft: Draft,
    pub trace: Option<usize>,
}

pub struct Side {
    pub project: Project,
    /// By [`FileId`]: read, but not reviewed.
    pub context: Vec<bool>,
    /// Functions of a file in their order, its module body last; files in their order.
    pub traces: Vec<Trace>,
    /// Files of tests.
    pub tests: BTreeSet<FileId>,
    pub found: Vec<Found>,
}

impl Side {
    pub fn review(files: Vec<(Source, ir::Module)>, context: Vec<bool>, hints: Hints, config: &Config) -> Self {
        let project = Project::build(files, hints);
        let traces = predict(&project, &context, None);
        let found = judge(&project, &context, config, &traces, |_| true);
        let tests = traces.iter().filter(|trace| trace.role == Role::Test).filter_map(|trace| match trace.origin {
            Origin::Code { file, .. } => Some(file),
            Origin::Log { .. } => None,
        });
        let tests = tests.collect();
        Self { project, context, traces, tests, found }
    }
}

/// The runs of the reviewed files, or of those among them that `only` names.
pub fn predict(project: &Project, context: &[bool], only: Option<&BTreeSet<FileId>>) -> Vec<Trace> {
    let reviewed = |file: FileId| {
        !context.get(file.0 as usize).copied().unwrap_or(true) && only.is_none_or(|only| only.contains(&file))
    };
    let mut traces = predict::run(project, &reviewed);
    in_order(&mut traces);
    traces
}

pub fn in_order(traces: &mut [Trace]) {
    traces.sort_by_key(|trace| match &trace.origin {
        Origin::Code { file, site, function } => (*file, function == "<module>", site.span.start),
        Origin::Log { .. } => (FileId(u32::MAX), true, u32::MAX),
    });
}

/// Runs the selected rules: each over the traces that `looked_at` accepts, then over all of them as a whole.
pub fn judge(
    project: &Project,
    context: &[bool],
    config: &Config,
    traces: &[Trace],
    looked_at: impl Fn(&Trace) -> bool,
) -> Vec<Found> {
    let mut cx = Context { project, config, drafts: Vec::new() };
    let mut out = Vec::new();
    let mut take = |cx: &mut Context<'_>, trace: Option<usize>| {
        out.extend(cx.drafts.drain(..).map(|draft| Found { draft, trace }));
    };
    for rule in registry::all().filter(|rule| registry::selected(rule.meta(), &config.select, &config.ignore)) {
        for (at, trace) in traces.iter().enumerate().filter(|(_, trace)| looked_at(trace)) {
            rule.trace(trace, &mut cx);
            take(&mut cx, Some(at));
        }
        rule.whole(traces, &mut cx);
        take(&mut cx, None);
    }
    once_each(project, traces, &mut out);
    bring_home(&mut out, context);
    out
}

/// A helper is run by itself and for each of its callers: what stands in it is said once, by its own run where that
/// sees it.
fn once_each(project: &Project, traces: &[Trace], found: &mut Vec<Found>) {
    let own = |found: &Found| {
        let site = found.draft.site;
        let origin = found.trace.and_then(|at| traces.get(at)).map(|trace| &trace.origin);
        match (site, origin) {
            (Some(site), Some(Origin::Code { file, site: name, .. })) if *file == site.file => {
                let ir = &project.module(*file).ir;
                crate::rewrite::function_at(ir, name.span).is_none_or(|whole| whole.contains(site.span))
            }
            _ => false,
        }
    };
    let mut ranked: Vec<(bool, Found)> = found.drain(..).map(|f| (!own(&f), f)).collect();
    ranked.sort_by_key(|(far, _)| *far);
    for (_, one) in ranked {
        let known = found.iter().any(|known| {
            known.draft.rule.code == one.draft.rule.code
                && known.draft.site == one.draft.site
                && known.draft.site.is_some()
                && known.draft.key == one.draft.key
                && known.draft.evidence.first() == one.draft.evidence.first()
        });
        if !known {
            found.push(one);
        }
    }
}
