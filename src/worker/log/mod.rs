//! What the log engine does with each question.

mod views;

use std::io::{Cursor, Read, SeekFrom};
use std::ops::ControlFlow;

use super::Bytes;
use super::options::config;
use crate::config::Config;
use crate::intake::{self, Classified, HEAD, Kind};
use crate::model::{Finding, InputError, Report};
use crate::observe::{self, Error, Masked};
use crate::protocol::{Answer, Ask, Item, ItemOutcome, Job, MaskedLog, Options, Review, wire};
use crate::review::{Logs, Outcome};
use crate::rules::observed;
use crate::sql::Mask;
use views::Views;

/// Bytes of one masked log: more is nothing to send around.
const MOST_MASKED: usize = 32 << 20;

/// Keeps the last review, for the page asks for windows of it.
#[derive(Default)]
pub struct LogDesk {
    views: Views,
}

impl LogDesk {
    /// `bytes`: of the items of a review. `tell`: phase, done, total.
    pub fn answer(&mut self, ask: Ask, bytes: Vec<Bytes>, tell: &dyn Fn(&str, u64, u64)) -> Answer {
        match ask {
            Ask::Review { job, items, options } => self.review(job, items, bytes, &options, tell),
            Ask::Shapes { job, from, to, sort, descending, filter } => {
                let (total, rows) = self.views.shapes(from, to, sort, descending, &filter);
                Answer::Shapes { job, total, rows }
            }
            Ask::Shape { job, fingerprint } => match self.views.shape(&fingerprint) {
                Some(shape) => Answer::Shape { job, shape: Box::new(shape) },
                None => failed(job, "that statement is not part of the last review"),
            },
            Ask::Request { job, id } => match self.views.request(&id) {
                Some(Some(queries)) => Answer::Request { job, queries },
                Some(None) => failed(job, "the log has too many requests to keep the statements of this one"),
                None => failed(job, "that request is not part of the last review"),
            },
            Ask::Layout { job, sql, width } => super::layout(job, &sql, width),
            Ask::Formats { job } => Answer::Formats { job, formats: super::formats::log() },
            Ask::Export { job, format, hidden } => {
                let report = super::export::without(self.views.report(), &hidden);
                match super::export::export(&report, &[], &format, observed::metas()) {
                    Ok(text) => Answer::Export { job, text },
                    Err(message) => Answer::Failed { job, message },
                }
            }
            Ask::Seen { job } => match wire::encode(&self.views.seen()) {
                Ok(seen) => Answer::Seen { job, seen },
                Err(error) => failed(job, &error.to_string()),
            },
            Ask::Try { job, files } => Answer::Tried { job, findings: findings(files) },
            Ask::Mask { job, items } => Answer::Masked { job, logs: masked(&items, bytes) },
            Ask::Rows { job, .. } | Ask::Join { job, .. } => failed(job, "the log engine shows no code"),
            Ask::Catalogue { job } => failed(job, "the code engine lists the rules"),
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
        let project = wire::decode(&options.project).unwrap_or_default();
        let config = match config(options, project) {
            Ok(config) => config,
            Err(message) => return Answer::Failed { job, message },
        };
        let total = items.iter().map(|item| item.size).sum();
        // Without anything after it, there is nothing to compare with it.
        let compares = items.iter().any(|item| item.before) && items.iter().any(|item| !item.before);
        let mut logs = Logs::new(config.clone());
        let mut then = compares.then(|| Logs::new(config));
        // The page lists the answers in the order of its items.
        let mut outcomes = vec![ItemOutcome::default(); items.len()];
        let mut bytes: Vec<Option<Bytes>> = bytes.into_iter().map(Some).collect();
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let mut before = 0;
        for index in observe::in_order(&names) {
            let content = bytes.get_mut(index).and_then(Option::take);
            let (Some(item), Some(outcome), Some(mut bytes)) = (items.get(index), outcomes.get_mut(index), content)
            else {
                continue;
            };
            tell("reading", before, total);
            let mut progress = |done: u64| {
                tell("reading", before + done.min(item.size), total);
                ControlFlow::Continue(())
            };
            let into = then.as_mut().filter(|_| item.before).unwrap_or(&mut logs);
            *outcome = read(item, &mut bytes, into, &mut progress);
            before += item.size;
        }
        tell("summing up", total, total);
        self.views = Views::of(logs.finish_after(then.map(Logs::finish)));
        // The page asks for windows of the statements.
        let report = Report { queries: Vec::new(), ..self.views.report().clone() };
        Answer::Reviewed { job, review: Box::new(Review { report, items: outcomes, ..Review::default() }) }
    }
}

/// Of an example.
fn findings(files: Vec<(String, String)>) -> Vec<Finding> {
    let mut logs = Logs::new(Config { hints: true, ..Config::default() });
    for (name, text) in files {
        // What is no log has no findings.
        let _ = logs.read(&name, None, &mut Cursor::new(text), &mut |_| ControlFlow::Continue(()));
    }
    logs.finish().report.findings
}

/// All by one mask, so that what is equal in two logs stays equal.
fn masked(items: &[Item], bytes: Vec<Bytes>) -> Vec<MaskedLog> {
    let mut mask = Mask::default();
    let one = |(item, mut bytes): (&Item, Bytes)| match observe::masked(
        &item.name,
        chosen(item),
        &mut *bytes,
        &mut mask,
        MOST_MASKED,
    ) {
        Ok(Masked { text, notes }) => MaskedLog { text, notes },
        Err(error) => MaskedLog { text: String::new(), notes: vec![error.to_string()] },
    };
    items.iter().zip(bytes).map(one).collect()
}

fn failed(job: Job, message: &str) -> Answer {
    Answer::Failed { job, message: message.to_owned() }
}

fn read(
    item: &Item,
    bytes: &mut Bytes,
    logs: &mut Logs,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> ItemOutcome {
    let format = chosen(item);
    let chosen = item.format.as_deref();
    if let Some(id) = chosen
        && format.is_none()
        && Kind::CODE.contains(&Kind::from_id(id))
    {
        return elsewhere(Classified { kind: Kind::from_id(id), why: "chosen".to_owned() });
    }
    let error = match logs.read(&item.name, format, &mut **bytes, progress) {
        Ok(outcome) => return understood(outcome, &item.name),
        Err(Error::NotRecognised(reasons)) => {
            let code = classified(item, bytes).filter(|code| chosen.is_none() && Kind::CODE.contains(&code.kind));
            if let Some(code) = code {
                return elsewhere(code);
            }
            reasons.seen
        }
        Err(error) => error.to_string(),
    };
    logs.fail(InputError { path: item.name.clone(), line: None, message: error.clone() });
    ItemOutcome {
        format: Kind::Other.id().to_owned(),
        why: "no format of a log fits".to_owned(),
        errors: vec![error],
        ..ItemOutcome::default()
    }
}

/// The format that was chosen, where it is one of a log.
fn chosen(item: &Item) -> Option<&str> {
    item.format.as_deref().filter(|id| observe::formats().iter().any(|format| format.id == *id))
}

/// What the code engine would take it for.
fn classified(item: &Item, bytes: &mut Bytes) -> Option<Classified> {
    let mut head = Vec::new();
    bytes.seek(SeekFrom::Start(0)).ok()?;
    bytes.take(HEAD as u64).read_to_end(&mut head).ok()?;
    Some(intake::classify(&item.name, &head))
}

fn elsewhere(code: Classified) -> ItemOutcome {
    ItemOutcome { format: code.kind.id().to_owned(), why: code.why, elsewhere: true, ..ItemOutcome::default() }
}

fn understood(outcome: Outcome, name: &str) -> ItemOutcome {
    let told = |error: InputError| {
        let place = if error.path == name { String::new() } else { format!("{}: ", error.path) };
        let line = error.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{place}{line}{}", error.message)
    };
    ItemOutcome {
        format: outcome.format.to_owned(),
        why: outcome.why,
        understood: super::counts(&[("statement", outcome.statements), ("request", outcome.requests)]),
        notes: outcome.notes,
        errors: outcome.errors.into_iter().map(told).collect(),
        ..ItemOutcome::default()
    }
}

#[cfg(test)]
mod tests;
