//! Hands what was brought in to the code engine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use crate::config::Config;
use crate::export::{self, Sources};
use crate::intake::{Kind, Patch};
use crate::model::{Family, Input, InputError, Prediction, QueryRow, Report};
use crate::review::{self, CodeFile, CodeInput, CodeReview, LogReview, OtherFile, PatchText, ReviewedFile};
use crate::rules::{docs, registry};
use crate::schema::Tables;
use crate::text::Source;

use super::files::{Brought, Given};
use super::output::Problem;

/// A review with what the formats need beside its report.
#[derive(Debug, Default)]
pub struct Reviewed {
    pub report: Report,
    /// Of the errors those that make the exit status 2.
    pub unread: Vec<Problem>,
    pub sources: BTreeMap<String, Source>,
    /// Lines that a diff holds, by path; empty where no diff was given.
    pub in_diff: BTreeMap<String, BTreeSet<u32>>,
    /// Lines that a file has of which the input holds a part only.
    pub known: BTreeMap<String, BTreeSet<u32>>,
}

/// Reviews all of it. The report's `errors` hold what could not be read, of whatever input.
pub fn review(brought: &Brought, config: &Config) -> Reviewed {
    let mut code = read(brought, config);
    let report = std::mem::take(&mut code.report);
    let mut unread = unread(brought, &report.errors);
    for error in code.patches.iter().flat_map(|patch| &patch.errors) {
        // A patch is always named, or stands in an archive that is; where it does not fit, its files need not be.
        if !unread.contains(error) {
            unread.push(error.clone());
        }
    }
    Reviewed { unread, ..Reviewed::new(report, code.files) }
}

/// One report of a log and the code that sent it, and what of the code makes the exit status 2.
pub fn join(brought: &Brought, log: LogReview, config: &Config) -> (Reviewed, Vec<Problem>) {
    // A hint that the log confirms is none any more.
    let mut code = read(brought, &Config { hints: true, ..config.clone() });
    let unread = unread(brought, &code.report.errors);
    let mut inputs = std::mem::take(&mut code.report.inputs);
    let (mut report, code) = review::log_with_code(log, code, config);
    report.inputs.append(&mut inputs);
    (Reviewed::new(report, code.files), unread)
}

fn read(brought: &Brought, config: &Config) -> CodeReview {
    let mut code = review::code(input(brought), config, &mut to_the_end);
    code.report.errors.splice(..0, brought.problems.iter().chain(&brought.errors).cloned());
    code.report.inputs = inputs(brought, &code.report);
    code
}

/// The statements that the code would send, and what makes the exit status 2.
pub fn predict(brought: &Brought, config: &Config) -> (Vec<Prediction>, Vec<Problem>) {
    let (predictions, mut errors) = review::predict(input(brought), config, &mut to_the_end);
    errors.splice(..0, brought.problems.iter().cloned());
    (predictions, unread(brought, &errors))
}

/// The tables that `--schema` and the code define, and what of it could not be read.
pub fn tables(brought: &Brought, texts: Vec<OtherFile>, config: &Config) -> (Tables, Vec<Problem>) {
    let mut input = input(brought);
    // Requirements and the like define no tables.
    input.others.retain(|other| other.path.ends_with(".sql"));
    input.others.extend(texts);
    let (tables, mut errors) = review::tables(input, config);
    errors.splice(..0, brought.problems.iter().cloned());
    (tables, errors)
}

/// Of the errors those in what the command line names: a file in a folder may be broken, one that was asked for not.
fn unread(brought: &Brought, errors: &[InputError]) -> Vec<Problem> {
    let named = |error: &&InputError| brought.problems.contains(error) || brought.is_named(&error.path);
    errors.iter().filter(named).cloned().collect()
}

fn to_the_end(_phase: &str, _done: u64, _total: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn input(brought: &Brought) -> CodeInput {
    let patch = |patch: &Patch| PatchText { name: patch.name.clone(), text: patch.text.clone() };
    let mut input = CodeInput { patches: brought.patches.iter().map(patch).collect(), ..CodeInput::default() };
    for file in &brought.files {
        let (path, text) = (file.path.clone(), file.text.clone());
        match file.kind {
            Kind::Python | Kind::Template => input.files.push(CodeFile { path, text, context: file.context }),
            _ => input.others.push(OtherFile { path, text }),
        }
    }
    input
}

/// What was named, with the statements that its files would send.
fn inputs(brought: &Brought, report: &Report) -> Vec<Input> {
    let home: HashMap<&str, usize> =
        brought.files.iter().filter_map(|file| Some((file.path.as_str(), file.input?))).collect();
    let mut statements = vec![0; brought.inputs.len()];
    for row in &report.queries {
        let QueryRow::Predicted(prediction) = row else { continue };
        if let Some(count) = home.get(prediction.path.as_str()).and_then(|at| statements.get_mut(*at)) {
            *count += 1;
        }
    }
    let input = |(given, statements): (&Given, u64)| Input {
        name: given.name.clone(),
        format: given.format.clone(),
        statements,
        notes: given.notes.clone(),
    };
    brought.inputs.iter().zip(statements).map(input).collect()
}

impl Reviewed {
    fn new(report: Report, files: Vec<ReviewedFile>) -> Self {
        let mut reviewed = Reviewed { report, ..Reviewed::default() };
        for file in files {
            if !file.in_diff.is_empty() {
                reviewed.in_diff.insert(file.path.clone(), file.in_diff);
            }
            if let Some(known) = file.known {
                reviewed.known.insert(file.path.clone(), known);
            }
            reviewed.sources.insert(file.path, file.source);
        }
        reviewed
    }

    pub fn render(&self, format: export::Format, color: bool, quiet: bool) -> String {
        let help = |code: &str| registry::by_code(code).map(|rule| docs::markdown(rule.meta()));
        let in_diff = |path: &str, line: u32| self.in_diff.get(path).is_some_and(|lines| lines.contains(&line));
        let families: BTreeSet<Family> = registry::all().map(|rule| rule.meta().family).collect();
        let families: Vec<Family> = families.into_iter().collect();
        let options = export::Options {
            color,
            quiet,
            sources: Some(&self.sources as &dyn Sources),
            in_diff: if self.in_diff.is_empty() { None } else { Some(&in_diff) },
            help: Some(&help),
            families: &families,
        };
        export::render(&self.report, format, &options)
    }
}
