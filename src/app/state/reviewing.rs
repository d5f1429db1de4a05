//! From the workspace to the two reviews: code goes to the code engine, and what that one hands on to the log engine.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::Blob;

use super::pace::told;
use super::{App, Reviewed, Route, Standing, View};
use crate::app::worker::{Client, Failure, Progress};
use crate::protocol::{Item, Options, Review};

/// Which review is the newest, and what the last finished one of the logs was of.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    newest: StoredValue<u32>,
    logs: StoredValue<Option<(Vec<Sent>, Options)>>,
}

impl Runs {
    pub(super) fn new() -> Self {
        Self { newest: StoredValue::new(0), logs: StoredValue::new(None) }
    }

    fn begin(&self) -> u32 {
        let run = self.newest.get_value().wrapping_add(1);
        self.newest.set_value(run);
        run
    }

    fn is_newest(&self, run: u32) -> bool {
        self.newest.get_value() == run
    }
}

/// A part of an entry that an engine is asked about.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    entry: u32,
    part: usize,
    item: Item,
}

/// Which of the two engines.
#[derive(Clone, Copy, PartialEq)]
enum Desk {
    Code,
    Log,
}

impl App {
    pub(super) fn review_what_changes(self) {
        Effect::new(move |_| {
            self.workspace.changes();
            let options = self.options.get();
            self.start_review(options);
        });
    }

    /// Stops the running review. What it was of stays in the workspace, to be tried again.
    pub fn cancel(&self) {
        self.code.cancel();
        self.log.cancel();
    }

    fn start_review(self, options: Options) {
        let run = self.runs.begin();
        let (sent, blobs) = self.to_be_sent();
        if sent.is_empty() {
            if self.code_progress.with_untracked(Option::is_some) || self.log_progress.with_untracked(Option::is_some) {
                self.cancel();
            }
            self.code_review.set(None);
            self.log_review.set(None);
            self.runs.logs.set_value(None);
            return;
        }
        let view = move || self.router.route().with_untracked(|route| route.view);
        let before = view();
        // Whoever went elsewhere meanwhile is not called back.
        let show = move |change: fn(&mut Route)| {
            if view() == before {
                self.router.go(change);
            }
        };
        spawn_local(async move {
            let answer = self.review_code(run, &sent, &blobs, options.clone()).await;
            let Some((elsewhere, project)) = answer.filter(|_| self.runs.is_newest(run)) else { return };
            let options = Options { project, ..options };
            let logs = elsewhere.iter().filter_map(|at| Some((sent.get(*at)?.clone(), blobs.get(*at)?.clone())));
            let (logs, blobs): (Vec<Sent>, Vec<Blob>) = logs.unzip();
            let arrived = self.workspace.take_arrived();
            let is_code = self.workspace.is_understood(&arrived);
            if is_code {
                show(|route| (route.view, route.finding, route.file) = (View::Review, None, None));
            }
            self.review_logs(run, logs, blobs, options).await;
            self.join(run).await;
            if is_code || arrived.is_empty() {
                return;
            }
            let is_read = self.workspace.is_understood(&arrived);
            if !is_read && let Some(name) = self.workspace.name_of(&arrived) {
                self.notices.warn(format!("Not understood: {name}. Its row in Inputs says why."));
            }
            show(match is_read {
                true => |route| (route.view, route.shape, route.request) = (View::Queries, None, None),
                // There every row says what became of it.
                false => |route| route.view = View::Inputs,
            });
        });
    }

    /// Entry and index of each part that the log engine has read.
    pub fn logs(&self) -> Vec<(u32, usize)> {
        let of = |sent: &Sent| (sent.entry, sent.part);
        self.runs.logs.with_value(|logs| logs.iter().flat_map(|(sent, _)| sent.iter().map(of)).collect())
    }

    fn to_be_sent(self) -> (Vec<Sent>, Vec<Blob>) {
        let mut sent = Vec::new();
        let mut blobs = Vec::new();
        self.workspace.entries().with_untracked(|entries| {
            for entry in entries.iter().filter(|entry| !matches!(entry.standing, Standing::SetAside(_))) {
                for (index, part) in entry.parts.iter().enumerate() {
                    let (name, format) = (part.name.clone(), entry.format.clone());
                    let item = Item { name, format, size: part.size(), before: entry.before };
                    sent.push(Sent { entry: entry.id, part: index, item });
                    blobs.push(part.blob.clone());
                }
            }
        });
        (sent, blobs)
    }

    /// Indexes of what belongs to the log engine, and the project's configuration; none where there is no review.
    async fn review_code(
        self,
        run: u32,
        sent: &[Sent],
        blobs: &[Blob],
        options: Options,
    ) -> Option<(Vec<usize>, Vec<u8>)> {
        let review = self.ask(Desk::Code, run, sent, blobs.to_vec(), options).await?;
        let elsewhere: Vec<usize> =
            review.items.iter().enumerate().filter(|(_, outcome)| outcome.elsewhere).map(|(at, _)| at).collect();
        let project = review.project.clone();
        let only_logs = review.items.iter().all(|outcome| outcome.elsewhere);
        self.code_review.set((!only_logs).then(|| Reviewed::new(review)));
        Some((elsewhere, project))
    }

    async fn review_logs(self, run: u32, sent: Vec<Sent>, blobs: Vec<Blob>, options: Options) {
        if sent.is_empty() {
            self.log_review.set(None);
            self.runs.logs.set_value(None);
            return;
        }
        // The code engine has just written its outcome over that of the log engine.
        let same = self.runs.logs.with_value(|logs| logs.as_ref().is_some_and(|(s, o)| *s == sent && *o == options));
        if same && let Some(review) = self.log_review.get_untracked() {
            self.take_outcomes(Desk::Log, &sent, &review);
            return;
        }
        let Some(review) = self.ask(Desk::Log, run, &sent, blobs, options.clone()).await else { return };
        self.log_review.set(Some(Reviewed::new(review)));
        self.runs.logs.set_value(Some((sent, options)));
    }

    /// Where there are both, code and logs explain each other.
    async fn join(self, run: u32) {
        let is_newest = || self.runs.is_newest(run);
        if !is_newest() || self.log_review.with_untracked(Option::is_none) {
            return;
        }
        let Some(code) = self.code_review.get_untracked().filter(|code| !code.files.is_empty()) else { return };
        let Ok(seen) = self.log.seen().await else { return };
        let Some(joined) = self.code.join(seen).await.ok().filter(|_| is_newest()) else { return };
        let (report, files) = joined;
        let (items, project) = (code.items.clone(), code.project.clone());
        self.code_review.set(Some(Reviewed::new(Review { report, files, items, project })));
    }

    /// Asks one engine, shows how far it is, and what became of each part.
    async fn ask(self, desk: Desk, run: u32, sent: &[Sent], blobs: Vec<Blob>, options: Options) -> Option<Review> {
        let (client, progress): (Client, RwSignal<Option<String>>) = match desk {
            Desk::Code => (self.code, self.code_progress),
            Desk::Log => (self.log, self.log_progress),
        };
        progress.set(Some("starting …".to_owned()));
        let started = js_sys::Date::now();
        let items = sent.iter().map(|sent| sent.item.clone()).collect();
        let tell = move |now: Progress| {
            if self.runs.is_newest(run) {
                // The log engine counts bytes, the code engine files.
                progress.set(Some(told(&now, desk == Desk::Log, js_sys::Date::now() - started)));
            }
        };
        let answer = client.review(items, blobs, options, tell).await;
        if !self.runs.is_newest(run) {
            // The newer run shows its own progress, unless it does not come to this engine.
            if desk == Desk::Log {
                progress.set(None);
            }
            return None;
        }
        progress.set(None);
        match answer {
            Ok(review) => {
                self.take_outcomes(desk, sent, &review);
                Some(review)
            }
            Err(failure) => {
                self.set_aside(sent, &failure);
                None
            }
        }
    }

    fn take_outcomes(&self, desk: Desk, sent: &[Sent], review: &Review) {
        self.workspace.update(|entries| {
            for (Sent { entry, part, .. }, outcome) in sent.iter().zip(&review.items) {
                let Some(entry) = entries.iter_mut().find(|known| known.id == *entry) else { continue };
                // What is handed on is not done: the log engine may yet stop on it.
                if desk == Desk::Log || !outcome.elsewhere {
                    entry.standing = Standing::Done;
                }
                if let Some(part) = entry.parts.get_mut(*part) {
                    part.outcome = Some(outcome.clone());
                }
            }
        });
    }

    /// No review: what was never part of one is left out of the next, so that the rest can be reviewed.
    fn set_aside(&self, sent: &[Sent], failure: &Failure) {
        let why = match failure {
            Failure::Cancelled => "Cancelled before it was reviewed.".to_owned(),
            Failure::Failed(message) => {
                self.notices.warn(format!("There is no review: {message}."));
                return;
            }
            Failure::Died(message) => format!("The engine stopped while it reviewed this: {message}"),
        };
        let mut others = false;
        let mut suspects = 0;
        self.workspace.update(|entries| {
            for entry in entries.iter_mut().filter(|entry| sent.iter().any(|sent| sent.entry == entry.id)) {
                if entry.standing == Standing::Waiting {
                    entry.standing = Standing::SetAside(why.clone());
                    suspects += 1;
                } else {
                    others = true;
                }
            }
        });
        // Else there is nothing new to leave out, and the next attempt would end as this one did.
        if others && suspects > 0 {
            self.workspace.change();
        }
    }
}
