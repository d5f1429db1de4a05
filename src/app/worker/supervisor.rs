//! Keeps one worker of an engine running: starts it, posts what is asked, and replaces it when it breaks, falls silent
//! or has to stop.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use leptos::prelude::{RwSignal, Set};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use super::Failure;
use super::client::{Progress, State};
use super::files::Files;
use super::job::{Jobs, Waiting};
use super::thread::{Heard, Thread};
use crate::protocol::{Answer, Ask, BUILD, Engine, Job};

pub struct Supervisor {
    engine: Engine,
    /// Milliseconds that a worker with work may be silent.
    patience: u32,
    state: RwSignal<State>,
    death: RwSignal<Option<String>>,
    files: RefCell<Option<Rc<Files>>>,
    phase: RefCell<Phase>,
    jobs: RefCell<Jobs<Blob>>,
    watchdog: RefCell<Option<Timeout>>,
}

enum Phase {
    Off,
    /// Files are being fetched.
    Loading,
    /// Running, and has not said that it is ready.
    Booting(Thread),
    Up(Thread),
}

impl Supervisor {
    pub fn new(engine: Engine, patience: u32, state: RwSignal<State>, death: RwSignal<Option<String>>) -> Rc<Self> {
        Rc::new(Self {
            engine,
            patience,
            state,
            death,
            files: RefCell::default(),
            phase: RefCell::new(Phase::Off),
            jobs: RefCell::default(),
            watchdog: RefCell::default(),
        })
    }

    pub fn ask(self: &Rc<Self>, ask: impl FnOnce(Job) -> Ask, files: Vec<Blob>, waiting: Waiting) {
        self.jobs.borrow_mut().add(ask, files, Some(waiting));
        self.start();
        self.send();
    }

    pub fn cancel(self: &Rc<Self>) {
        if self.jobs.borrow().is_idle() {
            return;
        }
        self.jobs.borrow_mut().fail_all(&Failure::Cancelled);
        // A worker that is not up yet was posted nothing, so it may go on starting.
        if matches!(*self.phase.borrow(), Phase::Up(_)) {
            self.stop();
            self.start();
        }
    }

    pub fn cancel_review(self: &Rc<Self>) {
        if self.jobs.borrow().is_reviewing() {
            self.cancel();
        }
    }

    /// Starts a worker where none runs, fetching the engine first where that was not done.
    pub fn start(self: &Rc<Self>) {
        if !matches!(*self.phase.borrow(), Phase::Off) {
            return;
        }
        self.state.set(State::Starting);
        let files = self.files.borrow().clone();
        if let Some(files) = files {
            return self.boot(&files);
        }
        self.phase.replace(Phase::Loading);
        let weak = Rc::downgrade(self);
        let engine = self.engine;
        spawn_local(async move {
            let files = Files::fetch(engine).await;
            let Some(this) = Weak::upgrade(&weak) else { return };
            match files {
                Ok(files) => {
                    let files = Rc::new(files);
                    this.files.replace(Some(files.clone()));
                    this.boot(&files);
                }
                Err(message) => this.give_up(message),
            }
        });
    }

    fn boot(self: &Rc<Self>, files: &Files) {
        let weak = Rc::downgrade(self);
        let hear = move |heard| {
            if let Some(this) = Weak::upgrade(&weak) {
                this.hear(heard);
            }
        };
        let name = match self.engine {
            Engine::Code => "roundtrip code engine",
            Engine::Log => "roundtrip log engine",
        };
        match Thread::start(files, name, hear) {
            Ok(thread) => {
                self.phase.replace(Phase::Booting(thread));
                self.watch();
            }
            Err(message) => self.give_up(message),
        }
    }

    fn hear(self: &Rc<Self>, heard: Heard) {
        match heard {
            Heard::Died(message) => self.died(message),
            Heard::Answer(Answer::Ready { build, .. }) => self.ready(&build),
            Heard::Answer(Answer::Progress { job, phase, done, total }) => {
                self.watch();
                self.jobs.borrow().progress(job, Progress { phase, done, total });
            }
            Heard::Answer(answer) => {
                let job = answer.job().unwrap_or_default();
                self.jobs.borrow_mut().answer(job, answer);
                self.watch();
            }
        }
    }

    fn ready(self: &Rc<Self>, build: &str) {
        if build != BUILD {
            return self.give_up(format!("it is of another build ({build}, the page is {BUILD}): reload the page"));
        }
        let phase = self.phase.replace(Phase::Off);
        self.phase.replace(match phase {
            Phase::Booting(thread) => Phase::Up(thread),
            other => other,
        });
        self.watch();
        self.send();
    }

    /// Posts what was asked, once the worker is up.
    fn send(self: &Rc<Self>) {
        let mut refused = Vec::new();
        if let Phase::Up(thread) = &*self.phase.borrow() {
            for question in self.jobs.borrow_mut().take_unsent() {
                if let Err(message) = thread.post(&question.ask, &question.files) {
                    refused.push((question.ask.job(), message));
                }
            }
            self.watch();
        }
        for (job, message) in refused {
            self.jobs.borrow_mut().answer(job, Answer::Failed { job, message });
            self.watch();
        }
    }

    /// Shows what the worker does, and gives it until `patience` to say something if it has work.
    fn watch(self: &Rc<Self>) {
        let (state, waits) = match &*self.phase.borrow() {
            Phase::Off => return,
            Phase::Loading => (State::Starting, false),
            Phase::Booting(_) => (State::Starting, true),
            Phase::Up(_) if self.jobs.borrow().is_idle() => (State::Ready, false),
            Phase::Up(_) => (State::Busy, true),
        };
        self.state.set(state);
        let weak = Rc::downgrade(self);
        let patience = self.patience;
        let bark = move || {
            if let Some(this) = Weak::upgrade(&weak) {
                this.died(format!("it said nothing for {} s", patience.div_ceil(1000)));
            }
        };
        self.watchdog.replace(waits.then(|| Timeout::new(patience, bark)));
    }

    /// A worker that broke before it was up would break again: it is started at the next question only.
    fn died(self: &Rc<Self>, message: String) {
        if !matches!(*self.phase.borrow(), Phase::Up(_)) {
            return self.give_up(message);
        }
        self.stop();
        self.jobs.borrow_mut().fail_all(&Failure::Died(message.clone()));
        self.death.set(Some(message));
        self.start();
    }

    fn give_up(self: &Rc<Self>, message: String) {
        self.stop();
        self.jobs.borrow_mut().fail_all(&Failure::Died(message.clone()));
        self.state.set(State::Died(message));
    }

    fn stop(&self) {
        self.watchdog.replace(None);
        // Dropped after the cell is free again: its end may come from its own message.
        let ended = self.phase.replace(Phase::Off);
        drop(ended);
    }
}
