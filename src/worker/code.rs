//! What the code engine does with each question.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};
use std::ops::ControlFlow;

use super::Bytes;
use super::catalogue::catalogue;
use super::options::{check_words, config};
use super::project::{Told, configuration};
use crate::config::Config;
use crate::intake::{self, File, Gathered, HEAD, Kind};
use crate::model::{Finding, InputError, Report, Seen};
use crate::present::Presented;
use crate::protocol::{Answer, Ask, Item, ItemOutcome, Job, Options, Review, wire};
use crate::review::{self, CodeFile, CodeInput, CodeReview, Defines, OtherFile, PatchText};
use crate::rules::registry;

/// Bytes of one input that are read; more than this is no source code, and an archive of it fills the memory.
const LIMIT: u64 = 256 << 20;

/// Keeps the last review, for its rows are asked for window by window.
#[derive(Default)]
pub struct CodeDesk {
    files: Vec<Presented>,
    report: Report,
    /// The report as the code alone gave it, and what was in force.
    alone: (Report, Config),
}

impl CodeDesk {
    /// `bytes`: of the items of a review. `tell`: phase, done, total.
    pub fn answer(&mut self, ask: Ask, bytes: Vec<Bytes>, tell: &dyn Fn(&str, u64, u64)) -> Answer {
        match ask {
            Ask::Review { job, items, options } => self.review(job, items, bytes, &options, tell),
            Ask::Rows { job, file, from, to } => match self.files.get(file as usize) {
                Some(presented) => Answer::Rows { job, file, from, rows: presented.rows(from, to) },
                None => Answer::Failed { job, message: "that file is not part of the last review".to_owned() },
            },
            Ask::Catalogue { job } => Answer::Catalogue { job, rules: catalogue() },
            Ask::Layout { job, sql, width } => super::layout(job, &sql, width),
            Ask::Formats { job } => Answer::Formats { job, formats: super::formats::code() },
            Ask::Export { job, format, hidden } => {
                let report = super::export::without(&self.report, &hidden);
                let rules = registry::all().map(|rule| rule.meta());
                match super::export::export(&report, &self.files, &format, rules) {
                    Ok(text) => Answer::Export { job, text },
                    Err(message) => Answer::Failed { job, message },
                }
            }
            Ask::Join { job, seen } => match wire::decode(&seen) {
                Ok(seen) => self.join(job, &seen),
                Err(_) => Answer::Failed { job, message: "the log engine is of another build".to_owned() },
            },
            Ask::Try { job, files } => Answer::Tried { job, findings: findings(files) },
            Ask::Shapes { job, .. }
            | Ask::Shape { job, .. }
            | Ask::Request { job, .. }
            | Ask::Seen { job }
            | Ask::Mask { job, .. } => Answer::Failed { job, message: "the code engine reads no logs".to_owned() },
        }
    }

    fn review(
        &mut self,
        job: Job,
        items: Vec<Item>,
        bytes: Vec<Bytes>,
        options: &Options,
        tell: &dyn Fn(&str, u64, u64),
    ) -> Answer {
        if let Err(message) = check_words(options) {
            return Answer::Failed { job, message };
        }
        let total = items.len() as u64;
        let mut taken = Vec::new();
        let mut unreadable = Vec::new();
        for (index, (item, bytes)) in items.into_iter().zip(bytes).enumerate() {
            tell("reading", index as u64, total);
            let (bytes, error) = match read(&item, bytes) {
                Ok(bytes) => (bytes, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            taken.push(intake::Item { name: item.name, bytes, format: item.format });
            unreadable.push(error);
        }
        tell("sorting", total, total);
        let gathered = intake::gather(taken);
        let mut outcomes: Vec<ItemOutcome> = gathered.outcomes.iter().map(outcome).collect();
        for (outcome, error) in outcomes.iter_mut().zip(unreadable) {
            if let Some(error) = error {
                outcome.errors = vec![error];
            }
        }
        let (project, told) = configuration(&gathered.files);
        for Told { item, told } in told {
            let Some(outcome) = outcomes.get_mut(item) else { continue };
            match told {
                Ok(note) => outcome.notes.push(note),
                Err(error) => outcome.errors.push(self::told(&error)),
            }
        }
        // Writing fails for no type of the protocol.
        let handed_on = project.as_ref().and_then(|project| wire::encode(project).ok()).unwrap_or_default();
        let config = match config(options, project.unwrap_or_default()) {
            Ok(config) => config,
            Err(message) => return Answer::Failed { job, message },
        };
        let of_path: HashMap<String, usize> =
            gathered.files.iter().map(|file| (file.path.clone(), file.item)).collect();
        let of_patch: Vec<usize> = gathered.patches.iter().map(|patch| patch.item).collect();
        let review = review::code(input(gathered), &config, &mut |phase, done, total| {
            tell(phase, done, total);
            ControlFlow::Continue(())
        });
        understand(&mut outcomes, &review, &of_path, &of_patch);
        let (report, files, presented) = Presented::all(review);
        self.files = presented;
        self.report = report.clone();
        self.alone = (report.clone(), config);
        let review = Review { report, files, items: outcomes, project: handed_on };
        Answer::Reviewed { job, review: Box::new(review) }
    }

    /// Another join starts from the code alone again.
    fn join(&mut self, job: Job, seen: &Seen) -> Answer {
        let (mut report, config) = self.alone.clone();
        let paths: Vec<&str> = self.files.iter().map(Presented::path).collect();
        let beside = review::join(&mut report, &paths, seen, &config);
        let files = Presented::tell(&mut self.files, &report, beside.lines);
        self.report = report.clone();
        Answer::Joined { job, report: Box::new(report), files }
    }
}

/// Of an example: hints too, for it may be of a rule that is one.
fn findings(files: Vec<(String, String)>) -> Vec<Finding> {
    let item = |(name, text): (String, String)| intake::Item { name, bytes: text.into_bytes(), format: None };
    let gathered = intake::gather(files.into_iter().map(item).collect());
    let config = Config { hints: true, ..Config::default() };
    review::code(input(gathered), &config, &mut |_, _, _| ControlFlow::Continue(())).report.findings
}

fn input(gathered: Gathered) -> CodeInput {
    let patches = gathered.patches.into_iter().map(|patch| PatchText { name: patch.name, text: patch.text });
    let mut input = CodeInput { patches: patches.collect(), ..CodeInput::default() };
    for File { path, text, kind, .. } in gathered.files {
        match kind {
            Kind::Python | Kind::Template => input.files.push(CodeFile { path, text, context: false }),
            _ => input.others.push(OtherFile { path, text }),
        }
    }
    input
}

/// Says of each item what its files hold, and what of them could not be read.
fn understand(outcomes: &mut [ItemOutcome], review: &CodeReview, of_path: &HashMap<String, usize>, of_patch: &[usize]) {
    let mut paths: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (path, item) in of_path {
        paths.entry(*item).or_default().insert(path);
    }
    for (patch, item) in review.patches.iter().zip(of_patch) {
        paths.entry(*item).or_default().extend(patch.paths.iter().map(String::as_str));
    }
    for (item, paths) in paths {
        let Some(outcome) = outcomes.get_mut(item) else { continue };
        let mut sum = Defines::default();
        for file in review.files.iter().filter(|file| paths.contains(file.path.as_str())) {
            sum.functions += file.defines.functions;
            sum.models += file.defines.models;
        }
        outcome.understood = super::counts(&[
            ("file", paths.len() as u64),
            ("function", sum.functions as u64),
            ("model", sum.models as u64),
        ]);
        outcome.context = !of_patch.is_empty() && !of_patch.contains(&item);
    }
    let in_files = review.report.errors.iter().filter_map(|error| Some((*of_path.get(&error.path)?, error)));
    let in_patches = review.patches.iter().zip(of_patch);
    let in_patches = in_patches.flat_map(|(patch, item)| patch.errors.iter().map(|error| (*item, error)));
    for (item, error) in in_files.chain(in_patches) {
        let text = told(error);
        if let Some(outcome) = outcomes.get_mut(item).filter(|outcome| !outcome.errors.contains(&text)) {
            outcome.errors.push(text);
        }
    }
}

fn told(error: &InputError) -> String {
    match (&*error.path, error.line) {
        ("", _) => error.message.clone(),
        (path, None) => format!("{path}: {}", error.message),
        (path, Some(line)) => format!("{path}:{line}: {}", error.message),
    }
}

/// The bytes of an item; of what belongs to the log engine, or to nobody, only the beginning.
fn read(item: &Item, mut bytes: Bytes) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    bytes.by_ref().take(HEAD as u64).read_to_end(&mut content)?;
    let kind = match &item.format {
        Some(id) => Kind::from_id(id),
        None => intake::classify(&item.name, &content).kind,
    };
    if matches!(kind, Kind::Log | Kind::Other) {
        return Ok(content);
    }
    if item.size > LIMIT {
        return Err(io::Error::other(format!("{} MB is more than can be reviewed here", item.size >> 20)));
    }
    bytes.take(LIMIT).read_to_end(&mut content)?;
    Ok(content)
}

fn outcome(outcome: &intake::Outcome) -> ItemOutcome {
    ItemOutcome {
        format: outcome.format.clone(),
        why: outcome.why.clone(),
        notes: outcome.notes.clone(),
        errors: outcome.errors.iter().map(told).collect(),
        elsewhere: outcome.elsewhere,
        ..ItemOutcome::default()
    }
}
