//! The entry points of a review: [`code`] takes files and patches and gives a report and what the code view shows,
//! [`Logs`] takes logs and gives a report and what the view of queries shows, [`join`] makes one of both.

mod beside;
mod check;
mod excuse;
mod finding;
mod fingerprint;
mod joined;
mod log;
mod read;
mod side;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use crate::config::Config;
use crate::model::{Edit, FileId, Finding, InputError, Prediction, QueryRow, Report, Rewrite, Site};
use crate::project::{DjangoVersion, Hints, Module, Project};
use crate::python::{Parser, ir, walk};
use crate::rewrite;
use crate::rules::{Draft, DraftRewrite, registry};
use crate::schema::{Model, Tables};
use crate::sql::{self, Dialect};
use crate::template::{self, is_template};
use crate::text::diff::clip::clipped;
use crate::text::{Source, edit};

use beside::Lettered;
use excuse::Excuses;
use fingerprint::Numbering;
use read::ReadFile;
use side::Side;

pub use joined::{Beside, join, log_with_code};
pub use log::{Bar, Listed, LogReview, Logs, Outcome};

/// What is reviewed.
#[derive(Debug, Clone, Default)]
pub struct CodeInput {
    pub files: Vec<CodeFile>,
    /// In the order in which they were made; where there are any, `files` is the tree after them.
    pub patches: Vec<PatchText>,
    /// Files that are not code and say something of it: requirements, lock files.
    pub others: Vec<OtherFile>,
}

/// A Python file, or a Django template.
#[derive(Debug, Clone)]
pub struct CodeFile {
    pub path: String,
    pub text: String,
    /// Read for models, settings and helpers; no finding stands in it.
    pub context: bool,
}

/// A unified diff.
#[derive(Debug, Clone)]
pub struct PatchText {
    pub name: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct OtherFile {
    pub path: String,
    pub text: String,
}

/// A finished review.
#[derive(Debug, Default)]
pub struct CodeReview {
    /// `queries` holds one prediction per statement.
    pub report: Report,
    /// Sorted by path.
    pub files: Vec<ReviewedFile>,
    /// One for each patch of the input.
    pub patches: Vec<PatchOutcome>,
}

/// What became of a patch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatchOutcome {
    /// Files that are read and that it changes, by their path in the review.
    pub paths: BTreeSet<String>,
    /// What of it is no diff, or does not fit the tree. The report's `errors` have these too.
    pub errors: Vec<InputError>,
}

/// One file with what stands beside its lines. Lines are 1-based and those of the text after the change.
#[derive(Debug)]
pub struct ReviewedFile {
    pub path: String,
    /// The text after the change; unknown lines of a sparse file are empty.
    pub source: Source,
    pub context: bool,
    pub defines: Defines,
    /// Lines that the input has; `None` where it has them all.
    pub known: Option<BTreeSet<u32>>,
    /// Lines that the change adds.
    pub added: BTreeSet<u32>,
    /// Lines that the change takes away, in order.
    pub removed: Vec<RemovedLine>,
    /// Lines that a patch shows: the added ones, and those around them.
    pub in_diff: BTreeSet<u32>,
    /// Round trips that a line sends in one run of its function: `N`, `2 + N`.
    pub trips: BTreeMap<u32, String>,
    /// The total of a function, at the line of its `def`.
    pub functions: BTreeMap<u32, String>,
    /// Outer loops before the ones they hold.
    pub loops: Vec<LoopMark>,
    /// Indexes into the report's findings, in line order.
    pub findings: Vec<usize>,
    /// Line, and index into the report's queries; in line order.
    pub queries: Vec<(u32, usize)>,
}

/// How much a file defines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defines {
    pub functions: usize,
    pub models: usize,
}

/// A line of the text before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedLine {
    /// It stood before this line of the text after the change; one past the last where it stood at the end.
    pub before: u32,
    /// Its number before the change.
    pub old_line: u32,
    /// Without its line break.
    pub text: String,
}

/// A bracket beside the lines that a loop turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopMark {
    pub first_line: u32,
    pub last_line: u32,
    /// As in the formulas of its function: `N`.
    pub letter: String,
    /// `rows of forum.Topic (line 9)`
    pub over: String,
}

/// Told what is being done, how much of it is done, and of how much; `Break` ends the review early.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64) -> ControlFlow<()>;

/// Reviews code. A review that was ended early holds nothing.
pub fn code(input: CodeInput, config: &Config, progress: Progress<'_>) -> CodeReview {
    review(input, config, progress).unwrap_or_default()
}

/// The statements that the code would send, one per statement and way to it.
pub fn predict(input: CodeInput, config: &Config, progress: Progress<'_>) -> (Vec<Prediction>, Vec<InputError>) {
    let hints = hints(&input, config);
    let sides = read::sides(input);
    let Some(parsed) = parse_all(&sides.after, &[], progress) else { return Default::default() };
    let context: Vec<bool> = sides.after.iter().map(|file| file.context).collect();
    let project = Project::build(parsed.files, hints);
    let traces = side::predict(&project, &context, &|_, _| true);
    let runs: Vec<Lettered<'_>> = traces.iter().map(Lettered::new).collect();
    let predictions = beside::predictions(&project, &runs).into_iter().map(|(_, prediction)| prediction).collect();
    (predictions, sides.patches.into_iter().flat_map(|patch| patch.errors).chain(parsed.errors).collect())
}

/// The tables that models and DDL define, and the files that define none though they are no Python.
pub fn tables(input: CodeInput, config: &Config) -> (Tables, Vec<InputError>) {
    let hints = hints(&input, config);
    let mut tables = Tables::default();
    let mut errors = Vec::new();
    for other in &input.others {
        if sql::read_ddl(&other.text, hints.dialect.unwrap_or_default(), &mut tables) == 0 {
            let message = "expected CREATE TABLE or CREATE INDEX".to_owned();
            errors.push(InputError { path: other.path.clone(), line: None, message });
        }
    }
    let sides = read::sides(input);
    if let Some(parsed) = parse_all(&sides.after, &[], &mut |_, _, _| ControlFlow::Continue(())) {
        let project = Project::build(parsed.files, hints);
        tables.add_models(&project.schema, &|model| project.is_of_host(model));
        errors.extend(parsed.errors);
    }
    (tables, errors)
}

fn review(input: CodeInput, config: &Config, progress: Progress<'_>) -> Option<CodeReview> {
    let mut hints = hints(&input, config);
    let sides = read::sides(input);
    hints.changed = sides.after.iter().filter(|file| !file.in_diff.is_empty()).map(|file| file.path.clone()).collect();
    let after_parsed = parse_all(&sides.after, &[], progress)?;
    let mut errors: Vec<InputError> = sides.patches.iter().flat_map(|patch| patch.errors.iter().cloned()).collect();
    errors.extend(after_parsed.errors);
    let context = |files: &[ReadFile]| files.iter().map(|file| file.context).collect::<Vec<bool>>();
    let total = 2 + u64::from(sides.before.is_some());
    go_on(progress, "following queries", 0, total)?;
    let before = match &sides.before {
        Some(files) => {
            let parsed = parse_all(files, &after_parsed.files, progress)?;
            let side = Side::review(parsed.files, context(files), hints.clone(), config);
            go_on(progress, "following queries", 1, total)?;
            Some(fingerprints(&side, sides.renamed))
        }
        None => None,
    };
    let after = Side::review(after_parsed.files, context(&sides.after), hints.clone(), config);
    go_on(progress, "following queries", total - 1, total)?;

    let listed = list(&after, &sides.after, before.as_ref(), config);
    let rewrite = |at: usize| told(&after, &sides.after, after.found.get(at)?.draft.rewrite.as_ref()?);
    let mut rewrites: HashMap<usize, Rewrite> =
        listed.iter().filter_map(|(at, _)| Some((*at, rewrite(*at)?))).collect();
    let mut review = CodeReview { patches: sides.patches, ..CodeReview::default() };
    review.report.errors = errors;
    describe(&mut review, &after, sides.after);

    let mut wanted: Vec<usize> = rewrites.keys().copied().collect();
    wanted.sort_unstable();
    let mut stopped = false;
    let sound = check::sound(after, &hints, config, &wanted, &mut |done, all| {
        stopped |= progress("checking rewrites", done, all).is_break();
        !stopped
    });
    if stopped {
        return None;
    }
    let findings = listed
        .into_iter()
        .map(|(at, finding)| Finding { rewrite: rewrites.remove(&at).filter(|_| sound.contains(&at)), ..finding });
    review.report.findings = findings.collect();
    conclude(&mut review);
    Some(review)
}

fn go_on(progress: Progress<'_>, phase: &str, done: u64, total: u64) -> Option<()> {
    match progress(phase, done, total) {
        ControlFlow::Continue(()) => Some(()),
        ControlFlow::Break(()) => None,
    }
}

/// The dialect that the configuration names.
fn dialect(config: &Config) -> Option<Dialect> {
    match config.dialect.as_deref()? {
        "postgres" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        "sqlite" => Some(Dialect::Sqlite),
        "generic" => Some(Dialect::Generic),
        _ => None,
    }
}

fn hints(input: &CodeInput, config: &Config) -> Hints {
    Hints {
        django: config.django.map(|(major, minor)| DjangoVersion(major, minor)),
        dialect: dialect(config),
        other_files: input.others.iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
        changed: BTreeSet::new(),
    }
}

struct ParsedFiles {
    files: Vec<(Source, ir::Module)>,
    errors: Vec<InputError>,
}

/// `known`: files that are parsed already, sorted by path; what is the same there is not parsed again.
fn parse_all(files: &[ReadFile], known: &[(Source, ir::Module)], progress: Progress<'_>) -> Option<ParsedFiles> {
    let mut parser = Parser::new();
    let mut out = ParsedFiles { files: Vec::with_capacity(files.len()), errors: Vec::new() };
    let total = files.len() as u64;
    for (done, file) in files.iter().enumerate() {
        let same = known.binary_search_by(|(source, _)| source.path.as_str().cmp(&file.path)).ok();
        if let Some(same) = same.and_then(|at| known.get(at)).filter(|(source, _)| source.text() == file.text) {
            out.files.push(same.clone());
            continue;
        }
        if is_template(&file.path) {
            out.files.push((Source::new(file.path.clone(), file.text.as_str()), template_module(&file.text)));
            continue;
        }
        let mut stopped = false;
        let parsed = parser.parse(&file.text, || {
            stopped |= progress("reading", done as u64, total).is_break();
            !stopped
        });
        if stopped || progress("reading", done as u64, total).is_break() {
            return None;
        }
        let source = Source::new(file.path.clone(), file.text.as_str());
        let mut error = |line: Option<u32>, message: String| {
            out.errors.push(InputError { path: file.path.clone(), line, message });
        };
        let module = match parsed {
            Ok(parsed) => {
                // Gaps of a sparse file may cut a statement in two: that is no error of the code.
                let lines = parsed.errors.iter().map(|span| source.line(span.start));
                let known = |line: &u32| file.known.as_ref().is_none_or(|known| known.contains(line));
                if let Some(line) = lines.filter(known).min().filter(|_| file.known.is_none()) {
                    error(Some(line), "this is not Python as the grammar knows it; the rest was read".to_owned());
                }
                parsed.module
            }
            Err(limit) => {
                error(None, limit.to_string());
                ir::Module::default()
            }
        };
        out.files.push((source, module));
    }
    Some(out)
}

/// A template holds no Python, but comments that a project excuses findings with.
fn template_module(text: &str) -> ir::Module {
    let comments = template::parse(text).comments.into_iter();
    let comment = |comment: template::Comment| ir::Comment { span: comment.span, text: comment.text };
    ir::Module { body: Vec::new(), comments: comments.map(comment).collect() }
}

/// The fingerprints of everything that stands on the side before, by the paths that the files have after.
fn fingerprints(side: &Side, renamed: BTreeMap<String, String>) -> BTreeSet<String> {
    ranked(side, Numbering::renaming(renamed)).into_iter().map(|(_, fingerprint)| fingerprint).collect()
}

/// The side's drafts in the order of their places, each with its fingerprint. All are numbered, shown or not, so that
/// hiding one renames no other.
fn ranked(side: &Side, mut numbering: Numbering) -> Vec<(usize, String)> {
    let mut order: Vec<usize> = (0..side.found.len()).filter(|at| finding::stands(side, *at)).collect();
    let place = |at: usize| side.found.get(at).map(|found| (found.draft.site, found.draft.rule.code, found.trace));
    // Files are sorted by path, so sites are in the order of paths.
    order.sort_by_key(|at| place(*at));
    let number = |at: usize| Some((at, numbering.fingerprint(&side.project, &side.found.get(at)?.draft)));
    order.into_iter().filter_map(number).collect()
}

/// The findings that the configuration shows, with the index of their draft; by path, line and code.
fn list(side: &Side, files: &[ReadFile], before: Option<&BTreeSet<String>>, config: &Config) -> Vec<(usize, Finding)> {
    let mut excuses = Excuses::new(&side.project);
    let mut out: Vec<(usize, Finding)> = Vec::new();
    for (at, fingerprint) in ranked(side, Numbering::default()) {
        let Some(draft) = side.found.get(at).map(|found| &found.draft) else { continue };
        let introduced = before.map(|before| !before.contains(&fingerprint));
        let hidden = introduced == Some(false) && !config.all_lines;
        if hidden || !is_known(side, files, draft) || !finding::is_shown(draft, config) || excuses.excuse(draft, config)
        {
            continue;
        }
        let finding = finding::finding(&side.project, draft, config, fingerprint);
        out.push((at, Finding { introduced, ..finding }));
    }
    out.sort_by(|(_, a), (_, b)| (&a.path, a.line, &a.rule, a.column).cmp(&(&b.path, b.line, &b.rule, b.column)));
    out
}

/// Whether the input has the line that a finding stands on.
fn is_known(side: &Side, files: &[ReadFile], draft: &Draft) -> bool {
    let Some(site) = draft.site else { return true };
    let line = side.project.place(site).line;
    let known = files.get(site.file.0 as usize).and_then(|file| file.known.as_ref());
    known.is_none_or(|known| known.contains(&line))
}

/// A rule's rewrite as the report gives it; `None` where its edits do not fit together, or change lines that the input
/// does not have.
fn told(side: &Side, files: &[ReadFile], rewrite: &DraftRewrite) -> Option<Rewrite> {
    let source = |file: FileId| side.project.modules.get(file.0 as usize).map(|module| &module.source);
    let rewritten = rewrite::apply(&rewrite.edits, source)?;
    let edits = rewrite::to_report(&rewrite.edits, source);
    let known = |path: &str| files.iter().find(|file| file.path == path).and_then(|file| file.known.as_ref());
    let shown = |edit: &Edit| {
        known(&edit.path).is_none_or(|known| known.contains(&edit.start_line) && known.contains(&edit.end_line))
    };
    if !edits.iter().all(shown) {
        return None;
    }
    let mut diffs: BTreeMap<&str, String> = BTreeMap::new();
    for (file, text) in &rewritten.changed {
        let before = source(*file)?;
        let whole = edit::unified(rootless(&before.path), before.text(), text);
        let clipped = known(&before.path).map(|known| clipped(&whole, known));
        diffs.insert(&before.path, clipped.unwrap_or(whole));
    }
    for (path, text) in &rewritten.created {
        diffs.insert(path, edit::unified_new(rootless(path), text));
    }
    Some(Rewrite {
        safety: rewrite.safety,
        title: rewrite.title.clone(),
        note: rewrite.note.clone(),
        diff: diffs.into_values().collect(),
        edits,
    })
}

/// A diff's paths are those below a root.
fn rootless(path: &str) -> &str {
    path.trim_start_matches("./").trim_start_matches('/')
}

/// Functions, statements and what stands beside the lines.
fn describe(review: &mut CodeReview, side: &Side, files: Vec<ReadFile>) {
    let project = &side.project;
    let runs: Vec<Lettered<'_>> = side.traces.iter().map(Lettered::new).collect();
    review.report.functions = runs.iter().filter_map(|run| beside::function(project, run)).collect();
    let predictions: Vec<(Option<Site>, Prediction)> = beside::predictions(project, &runs);
    let mut queries: BTreeMap<FileId, Vec<(u32, usize)>> = BTreeMap::new();
    for (at, (site, prediction)) in predictions.iter().enumerate() {
        if let Some(site) = site {
            queries.entry(site.file).or_default().push((prediction.line, at));
        }
    }
    review.report.queries = predictions.into_iter().map(|(_, p)| QueryRow::Predicted(p)).collect();
    let mut beside = beside::beside(project, &runs);
    for (module, file) in project.modules.iter().zip(files) {
        let shown = beside.remove(&module.id).unwrap_or_default();
        let mut queries = queries.remove(&module.id).unwrap_or_default();
        queries.sort_unstable();
        review.files.push(ReviewedFile {
            path: file.path,
            source: module.source.clone(),
            context: file.context,
            defines: defines(project, module),
            known: file.known,
            added: file.added,
            removed: file.removed,
            in_diff: file.in_diff,
            trips: shown.trips,
            functions: shown.functions,
            loops: shown.loops,
            findings: Vec::new(),
            queries,
        });
    }
}

fn defines(project: &Project, module: &Module) -> Defines {
    let is_function = |stmt: &&ir::Stmt| matches!(stmt.kind, ir::StmtKind::Function(_));
    let here = |model: &&Model| model.site.is_some_and(|site| site.file == module.id) && !model.is_abstract;
    Defines {
        functions: walk::statements(&module.ir.body).filter(is_function).count(),
        models: project.schema.models.iter().filter(here).count(),
    }
}

/// What follows from the findings: their places in the files, the rules that occur, the counts.
fn conclude(review: &mut CodeReview) {
    let mut by_path: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, finding) in review.report.findings.iter().enumerate() {
        if let Some(path) = &finding.path {
            by_path.entry(path).or_default().push(at);
        }
    }
    for file in &mut review.files {
        file.findings = by_path.remove(file.path.as_str()).unwrap_or_default();
    }
    let files = review.files.iter().filter(|file| !file.context).count() as u32;
    let statements = review.report.queries.len() as u64;
    finding::tally(&mut review.report, files, statements, registry::all().map(|rule| rule.meta()));
}
