//! The cure of most N+1 queries: the rows bring along what is read from them.

use smol_str::SmolStr;

use crate::model::{FileId, Safety, Span};
use crate::project::Project;
use crate::rewrite::{self, Call, FileEdit, Quote};
use crate::rules::DraftRewrite;
use crate::trace::{Origin, QuerySet, QuerySetId, Row, Step, Trace};

/// How the rows bring it along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// In the same statement: forward relations and reverse one-to-one.
    Join,
    /// In one more statement: relations to many rows.
    Prefetch,
}

impl Load {
    pub fn method(self) -> &'static str {
        match self {
            Load::Join => "select_related",
            Load::Prefetch => "prefetch_related",
        }
    }
}

/// Calls after which a queryset is still the model's rows, in any order and number: an eager load goes after the last
/// of them that leads the chain.
const NARROWING: [&str; 12] = [
    "all",
    "filter",
    "exclude",
    "using",
    "annotate",
    "alias",
    "none",
    "complex_filter",
    "select_related",
    "prefetch_related",
    "select_for_update",
    "get_queryset",
];

/// Loads `paths` with the rows of a queryset; the error says why no edit can.
/// `certain` is whether the paths are known to be relations.
pub fn load(
    project: &Project,
    trace: &Trace,
    rows: QuerySetId,
    how: Load,
    paths: &[String],
    certain: bool,
) -> Result<DraftRewrite, String> {
    let queryset = trace.queryset(rows);
    if let Some(reason) = impossible(queryset, how, paths) {
        return Err(reason);
    }
    let shared = shared(project, trace, queryset);
    if let Some(Shared::For(action)) = &shared {
        return Err(format!(
            "the queryset serves {} as well: load it in this action, or in get_queryset() where self.action is \"{action}\"",
            named(&trace.beside)
        ));
    }
    let edits = place(project, trace, queryset, how, paths)?;
    let home = home(project, trace);
    let in_class =
        |step: &Step| home.is_some_and(|(file, span)| step.call.file == file && span.contains(step.call.span));
    let local = queryset.local || (!queryset.steps.is_empty() && queryset.steps.iter().all(in_class));
    let mut concerns = concerns(queryset, how, certain, local);
    if shared.is_some() {
        concerns.push(format!("{} use the same queryset, and will load this too.", named(&trace.beside)));
    }
    if how == Load::Prefetch && is_read_whole(trace, rows) {
        concerns.push("All rows are read before a page of them is taken: all of them will load this.".to_owned());
    }
    let listed = paths.join(", ");
    Ok(DraftRewrite {
        safety: if concerns.is_empty() { Safety::Safe } else { Safety::Review },
        title: format!("Load {listed} with {}", how.method()),
        note: concerns.join(" "),
        edits,
    })
}

/// Loads forward relations of rows. Those of another row's manager come through a prefetch of the rows above: a join
/// there would be a new queryset for each of them, and not use what was prefetched.
pub fn join(
    project: &Project,
    trace: &Trace,
    rows: QuerySetId,
    paths: &[String],
    certain: bool,
) -> Result<DraftRewrite, String> {
    let queryset = trace.queryset(rows);
    if let Some(parent) = &queryset.related_to
        && let (Some(above), Some(accessor)) = (parent.queryset, &queryset.related_by)
    {
        let lead: Vec<&str> = parent.path.iter().map(SmolStr::as_str).chain([accessor.as_str()]).collect();
        let deep: Vec<String> = paths.iter().map(|path| format!("{}__{path}", lead.join("__"))).collect();
        let prefetched = load(project, trace, above, Load::Prefetch, &deep, certain);
        // Where nothing shows how those above are fetched, each of them may fetch more at once.
        let is_fetched = trace.queries().any(|(_, _, query)| query.queryset == Some(rows));
        if prefetched.is_ok() || !is_fetched || !trace.queryset(above).steps.is_empty() {
            return prefetched;
        }
    }
    load(project, trace, rows, Load::Join, paths, certain)
}

/// A relation's path from the rows of its queryset on: `topic__forum`.
pub fn path(row: &Row, field: &str) -> String {
    row.path.iter().map(SmolStr::as_str).chain([field]).collect::<Vec<_>>().join("__")
}

fn impossible(queryset: &QuerySet, how: Load, paths: &[String]) -> Option<String> {
    if queryset.values.is_some() {
        return Some("values() rows are no instances, so nothing can be loaded on them".to_owned());
    }
    if queryset.combined {
        return Some("a union or raw query refuses eager loading".to_owned());
    }
    if how == Load::Join && queryset.select_related_all {
        return Some(
            "select_related() without arguments stands in the chain, and naming relations would replace it".to_owned(),
        );
    }
    let first = |path: &String| path.split("__").next().unwrap_or("").to_owned();
    let dropped = |name: &String| {
        let left_out = queryset.only.as_ref().is_some_and(|only| {
            only.iter().all(|kept| kept.split("__").next().is_none_or(|k| k != name && k != format!("{name}_id")))
        });
        left_out || queryset.defer.iter().any(|column| column == name || *column == format!("{name}_id"))
    };
    if how == Load::Join
        && let Some(name) = paths.iter().map(first).find(dropped)
    {
        return Some(format!("only() or defer() leaves {name} out, so the join would be refused: load {name} as well"));
    }
    if how == Load::Prefetch && queryset.streamed {
        return Some("iterator() without chunk_size ignores or refuses a prefetch: give it a chunk_size".to_owned());
    }
    None
}

/// A queryset that a view builds for several of its requests.
enum Shared {
    /// What it inherits answers this one, as the others.
    Inherited,
    /// A method answers this one alone.
    For(SmolStr),
}

fn shared(project: &Project, trace: &Trace, queryset: &QuerySet) -> Option<Shared> {
    let Origin::Code { file, function, site } = &trace.origin else { return None };
    if trace.beside.is_empty() {
        return None;
    }
    let module = project.module(*file);
    if rewrite::is_class_at(&module.ir, site.span) {
        return Some(Shared::Inherited);
    }
    let own = rewrite::function_at(&module.ir, site.span)?;
    let here = |step: &Step| step.call.file == *file && own.contains(step.call.span);
    let name = SmolStr::new(function.rsplit('.').next().unwrap_or_default());
    (!queryset.steps.is_empty() && !queryset.steps.iter().any(here)).then_some(Shared::For(name))
}

/// `retrieve, update and 3 others`
fn named(names: &[SmolStr]) -> String {
    match names {
        [] => String::new(),
        [one] => one.to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => {
            format!("{one}, {two} and {} other action{}", rest.len(), if rest.len() == 1 { "" } else { "s" })
        }
    }
}

/// Whether the rows of which these are a page are all turned over somewhere as well.
fn is_read_whole(trace: &Trace, rows: QuerySetId) -> bool {
    let page = trace.queryset(rows);
    let last = |queryset: &QuerySet| queryset.steps.last().map(|step| step.call);
    page.slice.is_some()
        && trace.loops.iter().filter_map(|info| info.queryset).any(|other| {
            let whole = trace.queryset(other);
            other != rows && whole.slice.is_none() && last(whole).is_some() && last(whole) == last(page)
        })
}

/// What a person must agree to.
fn concerns(queryset: &QuerySet, how: Load, certain: bool, local: bool) -> Vec<String> {
    let mut out = Vec::new();
    if !certain {
        out.push("Check that each of these is a relation: the model is not in the input.".to_owned());
    }
    if !local {
        out.push("The queryset is built in another function, whose other callers will load this too.".to_owned());
    }
    if queryset.opaque {
        out.push("An unknown call in the chain may load something else.".to_owned());
    }
    if queryset.only.is_some() || !queryset.defer.is_empty() {
        out.push("The queryset leaves columns out with only() or defer(); the related row is loaded whole.".to_owned());
    }
    if queryset.locked {
        out.push("select_for_update() would lock the joined rows too, or refuse a nullable join: name of=.".to_owned());
    }
    if queryset.streamed {
        out.push("The rows are streamed with iterator(), and each becomes wider.".to_owned());
    }
    if !queryset.annotations.is_empty() && how == Load::Join {
        out.push("Check the grouping of the annotations: a join adds columns to it.".to_owned());
    }
    if how == Load::Prefetch && queryset.slice.is_none() {
        out.push("All related rows are held in memory at once.".to_owned());
    }
    out
}

fn place(
    project: &Project,
    trace: &Trace,
    queryset: &QuerySet,
    how: Load,
    paths: &[String],
) -> Result<Vec<FileEdit>, String> {
    let chains = chains(project, trace, queryset)?;
    let missing: Vec<&String> = paths.iter().filter(|path| !is_loaded(queryset, how, path)).collect();
    let edits = chains.iter().map(|steps| {
        let source = |step: &Step| &project.module(step.call.file).source;
        let quote = Quote::of(steps.first().map_or("", |first| source(first).text()));
        let args = missing.iter().map(|path| quote.text(path)).collect::<Vec<_>>().join(", ");
        let present = |step: &&&Step| step.method == how.method() && !matches!(args_of(project, step), "" | "None");
        match steps.iter().find(present) {
            Some(step) => Ok(rewrite::extend_args(source(step), call(step), &args)),
            None => chained(project, steps, how.method(), &args),
        }
    });
    once(edits)
}

/// Puts `.method(args)` where a queryset is built: after the calls that narrow its rows.
pub fn append(
    project: &Project,
    trace: &Trace,
    queryset: &QuerySet,
    method: &str,
    args: &str,
) -> Result<Vec<FileEdit>, String> {
    once(chains(project, trace, queryset)?.iter().map(|steps| chained(project, steps, method, args)))
}

/// Each edit once: two ways may lead through one place.
fn once(edits: impl Iterator<Item = Result<FileEdit, String>>) -> Result<Vec<FileEdit>, String> {
    let mut out: Vec<FileEdit> = Vec::new();
    for edit in edits {
        let edit = edit?;
        if !out.contains(&edit) {
            out.push(edit);
        }
    }
    Ok(out)
}

fn chained(project: &Project, steps: &[&Step], method: &str, args: &str) -> Result<FileEdit, String> {
    let Some(first) = steps.first() else { return Err(NO_CALL.to_owned()) };
    let source = |step: &Step| &project.module(step.call.file).source;
    let leading = steps.iter().take_while(|step| NARROWING.contains(&step.method.as_str()));
    // A chain may go on after a variable: the last leading call of the first statement's own chain.
    Ok(match leading.last() {
        Some(step) => rewrite::append_call(source(step), call(step), method, args),
        None => rewrite::prepend_call(source(first), call(first), method, args),
    })
}

const NO_CALL: &str = "no call that builds the queryset was found to add it to";

/// The calls that build a queryset, where an edit reaches it whichever way was taken: what all ways have in common,
/// else each way. Those in the trace's own function come first.
fn chains<'t>(project: &Project, trace: &Trace, queryset: &'t QuerySet) -> Result<Vec<Vec<&'t Step>>, String> {
    let own = home(project, trace).ok_or("the code is not in the input")?;
    let whole: Vec<&Step> = queryset.steps.iter().collect();
    let (before, after) = whole.split_at(queryset.met.min(whole.len()));
    let shared = before.iter().enumerate().take_while(|(at, step)| {
        queryset.ways.iter().all(|way| way.get(*at).is_some_and(|other| other.call == step.call))
    });
    let shared: Vec<&Step> = shared.map(|(_, step)| *step).collect();
    let each = std::iter::once(before.to_vec()).chain(queryset.ways.iter().map(|way| way.iter().collect()));
    let each: Vec<Vec<&Step>> = each.collect();
    let here = |step: &&&Step| step.call.file == own.0 && own.1.contains(step.call.span);
    let local_ways = each.iter().map(|way| way.iter().filter(here).copied().collect::<Vec<_>>());
    let local_ways: Vec<Vec<&Step>> = local_ways.collect();
    let reached = [
        vec![usable(project, trace, after, own)],
        vec![usable(project, trace, &shared, own)],
        if queryset.ways.is_empty() { Vec::new() } else { local_ways },
        vec![shared],
        vec![after.to_vec()],
        each,
    ];
    let found = reached.into_iter().find(|ways| !ways.is_empty() && ways.iter().all(|way| !way.is_empty()));
    found.ok_or_else(|| match queryset.built.filter(|site| project.text(*site).contains("get_object_or_404(")) {
        Some(site) => {
            let place = project.place(site);
            format!(
                "get_object_or_404() of {} line {} takes a queryset that does in place of the model",
                place.path, place.line
            )
        }
        None => NO_CALL.to_owned(),
    })
}

/// Of these calls those in the trace's own function that every way to its loops leads through.
fn usable<'t>(project: &Project, trace: &Trace, steps: &[&'t Step], own: (FileId, Span)) -> Vec<&'t Step> {
    let here = |step: &&Step| step.call.file == own.0 && own.1.contains(step.call.span);
    let local: Vec<&Step> = steps.iter().copied().filter(here).collect();
    if local.is_empty() {
        return local;
    }
    // The loops that the rows drive must come after the call, whichever way was taken.
    let mut loops: Vec<Span> =
        trace.loops.iter().filter(|info| info.site.file == own.0).map(|info| info.site.span).collect();
    // A template's loop runs where the view calls it.
    let rendered = trace.events.iter().filter(|event| event.rendered.is_some()).filter_map(|event| event.via.first());
    loops.extend(rendered.filter(|step| step.site.file == own.0).map(|step| step.site.span));
    loops.dedup();
    let module = project.module(own.0);
    let comes_first = |step: &&Step| {
        let mut later = loops.iter().filter(|l| l.start >= step.call.span.start);
        later.all(|l| rewrite::dominates(&module.ir, step.call.span, *l))
    };
    local.into_iter().filter(comes_first).collect()
}

/// The file and span of the trace's function.
fn home(project: &Project, trace: &Trace) -> Option<(FileId, Span)> {
    let Origin::Code { file, site, .. } = &trace.origin else { return None };
    let module = project.module(*file);
    let whole = Span::new(0, module.source.text().len());
    Some((*file, rewrite::function_at(&module.ir, site.span).unwrap_or(whole)))
}

pub fn args_of<'p>(project: &'p Project, step: &Step) -> &'p str {
    project.module(step.call.file).source.slice(step.args).trim()
}

pub fn call(step: &Step) -> Call {
    Call { call: step.call, name: step.name, args: step.args }
}

fn is_loaded(queryset: &QuerySet, how: Load, path: &str) -> bool {
    let known: &[SmolStr] = match how {
        Load::Join => &queryset.select_related,
        Load::Prefetch => &queryset.prefetch_related,
    };
    known.iter().any(|loaded| loaded == path || loaded.strip_prefix(path).is_some_and(|rest| rest.starts_with("__")))
}
