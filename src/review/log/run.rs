//! One input being read: its statements become the runs that rules look at.

use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{Family, Input, InputError, Terms};
use crate::observe::{Detected, Record, Sink};
use crate::rules::observed::{self as rules, lock_wait};
use crate::rules::{Context, Draft, DraftEvidence, registry};
use crate::sql::{self, Dialect};
use crate::trace::{Event, EventKind, Fingerprint, Frame, LockWait, Observed, Plan, Statistic, Trace};

use super::requests::{Sent, Waterfall};
use super::{Logs, Outcome, plans, statistics};
use crate::review::dialect;

/// Statements after which a run is looked at, though it goes on: nobody's request, and memory has an end.
const LONGEST_PIECE: usize = 20_000;
/// As [`LONGEST_PIECE`], in bytes.
const HEAVIEST_PIECE: usize = 64 << 20;

pub struct Reading<'a> {
    logs: &'a mut Logs,
    name: &'a str,
    progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>,
    run: Option<Run>,
    outcome: Outcome,
    timed: bool,
    pieces: bool,
}

/// A request, as far as it was not looked at yet.
struct Run {
    name: String,
    trace: Trace,
    /// Every statement in order, with the index of its event where it has one.
    sent: Vec<(Sent, Option<usize>)>,
    bytes: usize,
    /// As far as the statements themselves say so.
    in_transaction: bool,
    /// Beginnings and ends of transactions so far.
    boundaries: u32,
    waterfall: Waterfall,
}

impl<'a> Reading<'a> {
    pub fn new(logs: &'a mut Logs, name: &'a str, progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>) -> Self {
        let outcome = Outcome {
            format: "",
            why: String::new(),
            statements: 0,
            requests: 0,
            notes: Vec::new(),
            errors: Vec::new(),
        };
        Self { logs, name, progress, run: None, outcome, timed: false, pieces: false }
    }

    /// Closes what is still open; `detected` is missing where the reading failed.
    pub fn end(mut self, detected: Option<&Detected>) -> Outcome {
        if self.run.is_some() {
            self.end_request(None);
        }
        if let Some(detected) = detected {
            self.outcome.format = detected.format.id;
            self.outcome.why.clone_from(&detected.why);
        }
        if self.pieces {
            let note = format!("runs of more than {LONGEST_PIECE} statements are looked at in pieces");
            self.outcome.notes.push(note);
        }
        let wants_times = |budget: &crate::model::Budget| budget.p95_ms.is_some() || budget.p99_ms.is_some();
        if !self.timed && self.outcome.statements > 0 && self.logs.config.budgets.iter().any(|(_, b)| wants_times(b)) {
            self.outcome.notes.push("it shows no times: budgets of p95-ms and p99-ms cannot be held to it".to_owned());
        }
        if detected.is_some() || self.outcome.statements > 0 {
            self.logs.inputs.push(Input {
                name: self.name.to_owned(),
                format: self.outcome.format.to_owned(),
                statements: self.outcome.statements,
                notes: self.outcome.notes.clone(),
            });
        }
        self.logs.errors.extend(self.outcome.errors.iter().cloned());
        self.outcome
    }

    fn look_at(&mut self) {
        if let Some(run) = &mut self.run {
            run.look_at(self.logs);
        }
    }
}

impl Sink for Reading<'_> {
    fn begin_request(&mut self, id: &str, name: &str, bounded: bool) {
        // Of several inputs, each numbers its requests from the beginning.
        let id = match self.logs.inputs.len() {
            0 => id.to_owned(),
            before => format!("{}:{id}", before + 1),
        };
        self.outcome.requests += u64::from(bounded);
        self.logs.workload.begin_request(bounded);
        self.logs.merged.next_run();
        self.run = Some(Run {
            name: name.to_owned(),
            trace: Trace::log(&id, name, bounded),
            sent: Vec::new(),
            bytes: 0,
            in_transaction: false,
            boundaries: 0,
            waterfall: Waterfall::new(id),
        });
    }

    fn statement(&mut self, record: Record) {
        let Some(run) = &mut self.run else { return };
        let logs = &mut *self.logs;
        let dialect = dialect(&logs.config).or(record.dialect).unwrap_or_else(|| spelled(&record.sql));
        let (known, params) = logs.statements.read(&record.sql, record.params.as_deref(), dialect);
        let statement = &known.statement;
        if known.controls_transaction {
            let boundary = sql::transaction_boundary(&record.sql);
            run.in_transaction = boundary.unwrap_or(run.in_transaction);
            run.boundaries += u32::from(boundary.is_some());
            return;
        }
        if sql::is_tool_noise(&statement.facts) {
            return;
        }
        let observed = Observed {
            ordinal: logs.workload.statements,
            params,
            raw: record.sql,
            repeat: record.repeat,
            duration_us: record.duration_us,
            rows: record.rows,
            stack: record.stack,
            in_transaction: record.in_transaction,
            boundaries: run.boundaries,
            connection: record.connection,
        };
        logs.workload.statement(statement, &observed);
        self.outcome.statements += 1;
        self.timed |= observed.duration_us.is_some();
        run.bytes += weight(&observed);
        let sent = Sent {
            fingerprint: statement.fingerprint,
            start_us: record.start_us,
            duration_us: observed.duration_us,
            in_transaction: observed.in_transaction.unwrap_or(run.in_transaction),
            finding: None,
        };
        let event = (!known.is_housekeeping).then_some(run.trace.events.len());
        run.sent.push((sent, event));
        if event.is_some() {
            run.trace.events.push(Event::observed(Arc::clone(statement), observed));
        }
        if run.sent.len() >= LONGEST_PIECE || run.bytes >= HEAVIEST_PIECE {
            self.pieces = true;
            self.look_at();
        }
    }

    fn end_request(&mut self, took_us: Option<u64>) {
        self.look_at();
        let Some(run) = self.run.take() else { return };
        let finished = self.logs.workload.end_request(&run.name, took_us);
        self.logs.requests.add(run.waterfall, run.name, finished);
    }

    fn plan(&mut self, plan: Plan) {
        plans::look_at(self.logs, &plan);
    }

    fn statistic(&mut self, statistic: Statistic) {
        self.outcome.statements += statistics::add(self.logs, statistic);
    }

    fn lock_wait(&mut self, wait: LockWait) {
        let logs = &mut *self.logs;
        let dialect = dialect(&logs.config).unwrap_or(Dialect::Postgres);
        let statement = logs.statements.statement(&wait.sql, dialect);
        if let Some(draft) = lock_wait(&wait, &statement)
            && registry::selected(draft.rule, &logs.config.select, &logs.config.ignore)
        {
            logs.merged.add(draft);
        }
    }

    fn note(&mut self, note: String) {
        self.outcome.notes.push(note);
    }

    fn error(&mut self, line: Option<u32>, message: String) {
        self.outcome.errors.push(InputError { path: self.name.to_owned(), line, message });
    }

    fn progress(&mut self, bytes: u64) -> ControlFlow<()> {
        (self.progress)(bytes)
    }
}

impl Run {
    /// Has the rules look at what came since the last time, and forgets it.
    fn look_at(&mut self, logs: &mut Logs) {
        self.trace.terms = Terms::constant(u32::try_from(self.trace.events.len()).unwrap_or(u32::MAX));
        let mut cx = Context { project: &logs.project, config: &logs.config, drafts: Vec::new() };
        rules::look(&logs.rules, &self.trace, &mut cx);
        let drafts = cx.drafts;
        let mut repeated = Repeated::default();
        for draft in drafts {
            let own = Own::of(&draft);
            if let Some(slot) = logs.merged.add(draft) {
                repeated.add(own, slot);
            }
        }
        let events = std::mem::take(&mut self.trace.events);
        for (mut sent, event) in self.sent.drain(..) {
            let observed = event.and_then(|at| events.get(at)).and_then(|event| match &event.kind {
                EventKind::Query(query) => query.observed.as_deref(),
                _ => None,
            });
            let found = observed.and_then(|observed| repeated.find(sent.fingerprint, observed));
            sent.finding = found.map(|(slot, _)| slot);
            self.waterfall.push(sent, found.is_some_and(|(_, folds)| folds));
        }
        self.bytes = 0;
    }
}

/// The statements that a draft is of.
struct Own {
    shapes: Vec<Fingerprint>,
    /// The place that they come from, where the draft is of one place only.
    frame: Option<Frame>,
    /// A loop: its statements are one bar.
    folds: bool,
}

impl Own {
    fn of(draft: &Draft) -> Self {
        let shapes = draft.evidence.iter().filter_map(|evidence| match evidence {
            DraftEvidence::Statements { fingerprint, gave_keys: false, .. } => Some(*fingerprint),
            _ => None,
        });
        let folds = matches!(draft.rule.family, Family::NPlusOne | Family::Bulk);
        let frame = draft.evidence.iter().find_map(|evidence| match evidence {
            DraftEvidence::Frame { frame, .. } => Some(frame.clone()),
            _ => None,
        });
        Self { shapes: shapes.collect(), frame: frame.filter(|_| folds), folds }
    }
}

/// Which finding a statement is part of; of several, a loop.
#[derive(Default)]
struct Repeated {
    by_shape: FxHashMap<Fingerprint, Vec<(Option<Frame>, usize, bool)>>,
}

impl Repeated {
    fn add(&mut self, own: Own, slot: usize) {
        for shape in own.shapes {
            self.by_shape.entry(shape).or_default().push((own.frame.clone(), slot, own.folds));
        }
    }

    fn find(&self, shape: Fingerprint, observed: &Observed) -> Option<(usize, bool)> {
        let fits = |(frame, _, _): &&(Option<Frame>, usize, bool)| {
            frame.as_ref().is_none_or(|frame| observed.frame() == Some(frame))
        };
        let found = self.by_shape.get(&shape)?.iter().filter(fits);
        found.max_by_key(|(_, _, folds)| *folds).map(|(_, slot, folds)| (*slot, *folds))
    }
}

/// Bytes that a statement takes until its run is looked at, roughly.
fn weight(observed: &Observed) -> usize {
    let params = observed.params.iter().flatten().map(|param| param.len() + size_of::<SmolStr>());
    observed.raw.len() + params.sum::<usize>() + observed.stack.len() * 2 * size_of::<Frame>()
}

/// The dialect that a statement's first quote is of, where neither input nor configuration say one: only MySQL quotes
/// names in backticks.
fn spelled(sql: &str) -> Dialect {
    match sql.find(['`', '"', '\'']).and_then(|at| sql.get(at..)) {
        Some(rest) if rest.starts_with('`') => Dialect::MySql,
        _ => Dialect::Postgres,
    }
}
