//! What the page calls: questions as futures, and two signals to show.

use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use leptos::prelude::{LocalStorage, ReadSignal, RwSignal, Set, StoredValue, WithValue};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::Blob;

use super::Failure;
use super::job::Waiting;
use super::supervisor::Supervisor;
use crate::model::{Finding, Report};
use crate::protocol::{
    Answer, Ask, Bar, Engine, FileView, FormatDoc, Item, Job, MaskedLog, Options, Review, Row, RuleDoc, ShapeDetail,
};
use crate::protocol::{ShapeRow, Sort};

/// How long an engine may say nothing while it has work. It reports progress far more often.
const PATIENCE_MS: u32 = 60_000;

/// What an engine is doing, for the page to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// Not loaded: nothing was asked of it yet.
    #[default]
    Idle,
    Starting,
    Ready,
    Busy,
    /// It cannot be started. The next question tries again.
    Died(String),
}

/// How far a job is, in units of `phase` (bytes, files, statements); `total` is 0 where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub phase: String,
    pub done: u64,
    pub total: u64,
}

/// The window of fingerprints to ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShapeWindow {
    pub from: u32,
    pub to: u32,
    pub sort: Sort,
    pub descending: bool,
    pub filter: String,
}

/// One engine. A copyable handle; make it once, under the page's root owner.
#[derive(Clone, Copy)]
pub struct Client {
    supervisor: StoredValue<Rc<Supervisor>, LocalStorage>,
    state: RwSignal<State>,
    death: RwSignal<Option<String>>,
}

impl Client {
    pub fn new(engine: Engine) -> Self {
        Self::with_patience(engine, PATIENCE_MS)
    }

    /// As `new`, with another limit on how long the engine may be silent, in milliseconds.
    pub fn with_patience(engine: Engine, patience: u32) -> Self {
        let (state, death) = (RwSignal::new(State::Idle), RwSignal::new(None));
        let supervisor = Supervisor::new(engine, patience, state, death);
        Self { supervisor: StoredValue::new_local(supervisor), state, death }
    }

    pub fn state(&self) -> ReadSignal<State> {
        self.state.read_only()
    }

    /// Why the engine broke last, until `forget_death`. It was replaced, so this is to be told, not to be acted on.
    pub fn death(&self) -> ReadSignal<Option<String>> {
        self.death.read_only()
    }

    pub fn forget_death(&self) {
        self.death.set(None);
    }

    /// Loads and starts the engine, without a question.
    pub fn prepare(&self) {
        self.with(Supervisor::start);
    }

    /// Loads the engine when the browser has nothing better to do.
    pub fn prepare_when_idle(&self) {
        let client = *self;
        let Some(window) = web_sys::window() else { return };
        let callback = Closure::once_into_js(move || client.prepare());
        if window.request_idle_callback(callback.unchecked_ref()).is_err() {
            Timeout::new(2_000, move || client.prepare()).forget();
        }
    }

    /// Reviews `items`, whose bytes are `files` in the same order (a dropped `File` is a `Blob`). Replaces a review
    /// that is still running, which then ends with `Failure::Cancelled`.
    pub async fn review(
        &self,
        items: Vec<Item>,
        files: Vec<Blob>,
        options: Options,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<Review, Failure> {
        self.with(Supervisor::cancel_review);
        let ask = |job| Ask::Review { job, items, options };
        match self.ask(ask, files, Some(Box::new(progress))).await? {
            Answer::Reviewed { review, .. } => Ok(*review),
            other => Err(unexpected(other)),
        }
    }

    /// Rows `from..to` of a file of the last code review.
    pub async fn rows(&self, file: u32, from: u32, to: u32) -> Result<Vec<Row>, Failure> {
        match self.ask(|job| Ask::Rows { job, file, from, to }, Vec::new(), None).await? {
            Answer::Rows { rows, .. } => Ok(rows),
            other => Err(unexpected(other)),
        }
    }

    /// A window of the last log review's fingerprints, and how many match in all.
    pub async fn shapes(&self, window: ShapeWindow) -> Result<(u32, Vec<ShapeRow>), Failure> {
        let ShapeWindow { from, to, sort, descending, filter } = window;
        match self.ask(|job| Ask::Shapes { job, from, to, sort, descending, filter }, Vec::new(), None).await? {
            Answer::Shapes { total, rows, .. } => Ok((total, rows)),
            other => Err(unexpected(other)),
        }
    }

    pub async fn shape(&self, fingerprint: String) -> Result<ShapeDetail, Failure> {
        match self.ask(|job| Ask::Shape { job, fingerprint }, Vec::new(), None).await? {
            Answer::Shape { shape, .. } => Ok(*shape),
            other => Err(unexpected(other)),
        }
    }

    /// The statements of one request of the last log review.
    pub async fn request(&self, id: String) -> Result<Vec<Bar>, Failure> {
        match self.ask(|job| Ask::Request { job, id }, Vec::new(), None).await? {
            Answer::Request { queries, .. } => Ok(queries),
            other => Err(unexpected(other)),
        }
    }

    /// What the last log review holds against code, as the code engine takes it.
    pub async fn seen(&self) -> Result<Vec<u8>, Failure> {
        match self.ask(|job| Ask::Seen { job }, Vec::new(), None).await? {
            Answer::Seen { seen, .. } => Ok(seen),
            other => Err(unexpected(other)),
        }
    }

    /// The last code review with what logs showed of it: its report, and its files in their order.
    pub async fn join(&self, seen: Vec<u8>) -> Result<(Report, Vec<FileView>), Failure> {
        match self.ask(|job| Ask::Join { job, seen }, Vec::new(), None).await? {
            Answer::Joined { report, files, .. } => Ok((*report, files)),
            other => Err(unexpected(other)),
        }
    }

    /// A statement laid out over lines of about `width` columns.
    pub async fn layout(&self, sql: String, width: u32) -> Result<String, Failure> {
        match self.ask(|job| Ask::Layout { job, sql, width }, Vec::new(), None).await? {
            Answer::Layout { text, .. } => Ok(text),
            other => Err(unexpected(other)),
        }
    }

    pub async fn catalogue(&self) -> Result<Vec<RuleDoc>, Failure> {
        match self.ask(|job| Ask::Catalogue { job }, Vec::new(), None).await? {
            Answer::Catalogue { rules, .. } => Ok(rules),
            other => Err(unexpected(other)),
        }
    }

    /// What the engine can read, in the order in which it is offered.
    pub async fn formats(&self) -> Result<Vec<FormatDoc>, Failure> {
        match self.ask(|job| Ask::Formats { job }, Vec::new(), None).await? {
            Answer::Formats { formats, .. } => Ok(formats),
            other => Err(unexpected(other)),
        }
    }

    /// Findings in some files, by their paths and texts, beside the last review.
    pub async fn try_out(&self, files: Vec<(String, String)>) -> Result<Vec<Finding>, Failure> {
        match self.ask(|job| Ask::Try { job, files }, Vec::new(), None).await? {
            Answer::Tried { findings, .. } => Ok(findings),
            other => Err(unexpected(other)),
        }
    }

    /// Logs with other values, one for each item; `files` are their bytes, in the same order.
    pub async fn mask(&self, items: Vec<Item>, files: Vec<Blob>) -> Result<Vec<MaskedLog>, Failure> {
        match self.ask(|job| Ask::Mask { job, items }, files, None).await? {
            Answer::Masked { logs, .. } => Ok(logs),
            other => Err(unexpected(other)),
        }
    }

    /// The last finished review as a file, in a format of `export`.
    pub async fn export(&self, format: String, hidden: Vec<String>) -> Result<String, Failure> {
        match self.ask(|job| Ask::Export { job, format, hidden }, Vec::new(), None).await? {
            Answer::Export { text, .. } => Ok(text),
            other => Err(unexpected(other)),
        }
    }

    /// Stops everything that was asked; the engine is replaced by a fresh one and keeps its last finished review.
    pub fn cancel(&self) {
        self.with(Supervisor::cancel);
    }

    async fn ask(
        &self,
        ask: impl FnOnce(Job) -> Ask,
        files: Vec<Blob>,
        progress: Option<Box<dyn Fn(Progress)>>,
    ) -> Result<Answer, Failure> {
        let (answer, answers) = oneshot::channel();
        self.with(|supervisor| supervisor.ask(ask, files, Waiting { answer, progress }));
        answers.await.unwrap_or(Err(Failure::Cancelled))
    }

    /// Nothing when the page's root is disposed of.
    fn with<T>(&self, act: impl FnOnce(&Rc<Supervisor>) -> T) -> Option<T> {
        let supervisor = self.supervisor.try_with_value(Rc::clone)?;
        Some(act(&supervisor))
    }
}

fn unexpected(_: Answer) -> Failure {
    Failure::Failed("the engine answered another question".to_owned())
}
