//! What the code engine does with each question.

use std::io::{self, Read};

use super::Bytes;
use super::catalogue::catalogue;
use super::options::config;
use crate::config::Config;
use crate::intake::{self, Gathered, HEAD, Kind};
use crate::model::InputError;
use crate::present::Presented;
use crate::protocol::{Answer, Ask, Item, ItemOutcome, Job, Options, Review};
use crate::review::CodeReview;

/// Bytes of one input that are read; more than this is no source code, and an archive of it fills the memory.
const LIMIT: u64 = 256 << 20;

/// Keeps the last review, for its rows are asked for window by window.
#[derive(Default)]
pub struct CodeDesk {
    files: Vec<Presented>,
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
            Ask::Shapes { job, .. } | Ask::Shape { job, .. } | Ask::Request { job, .. } => {
                Answer::Failed { job, message: "the code engine reads no logs".to_owned() }
            }
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
        let config = match config(options) {
            Ok(config) => config,
            Err(message) => return Answer::Failed { job, message },
        };
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
        tell("reviewing", 0, gathered.files.len() as u64);
        let review = review(gathered, &config);
        let (report, files, presented) = Presented::all(review);
        self.files = presented;
        Answer::Reviewed { job, review: Box::new(Review { report, files, items: outcomes }) }
    }
}

fn review(gathered: Gathered, _config: &Config) -> CodeReview {
    let mut review = CodeReview::default();
    let unread = gathered.files.iter().map(|file| &file.path).chain(gathered.patches.iter().map(|patch| &patch.name));
    review.report.errors.extend(unread.map(|path| InputError {
        path: path.clone(),
        line: None,
        message: "reviewing code is not available in this build".to_owned(),
    }));
    review
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
    let errors = outcome.errors.iter().map(|error| match (&*error.path, error.line) {
        ("", _) => error.message.clone(),
        (path, None) => format!("{path}: {}", error.message),
        (path, Some(line)) => format!("{path}:{line}: {}", error.message),
    });
    let files = match outcome.files {
        0 => String::new(),
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    ItemOutcome {
        format: outcome.format.clone(),
        why: outcome.why.clone(),
        understood: files,
        notes: outcome.notes.clone(),
        errors: errors.collect(),
        elsewhere: outcome.elsewhere,
    }
}
