//! The review of logs: inputs come in one after the other, each request is judged when it is over and forgotten, and
//! what was found of all of them comes out.

mod compare;
mod endpoints;
mod merge;
mod plans;
mod requests;
mod run;
mod statistics;
mod targets;

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use crate::config::Config;
use crate::model::{
    CodeLine, Input, InputError, LogQuery, Measured, QueryRow, Report, Request, Seen, SeenFinding, SeenPlace, SeenSent,
    SeenShape, SeenWay,
};
use crate::observe::{self, ReadSeek};
use crate::project::Project;
use crate::rules::observed::{self as rules, LogRule, PlanRule, StatisticRule, budget_missed};
use crate::rules::{Draft, registry};
use crate::schema::Tables;
use crate::sql::Statements;
use crate::trace::Fingerprint;
use crate::workload::{Place, Sent, Shape, Workload};

use super::{dialect, finding};
use merge::{Merged, Way};
use plans::Plans;
use requests::Requests;
use run::Reading;
use statistics::Statistics;

pub use requests::{Bar, Listed};

/// A review of logs while they come in.
pub struct Logs {
    config: Config,
    /// A log knows no models.
    project: Project,
    /// Of the program that sent the statements, as far as it is known.
    tables: Tables,
    rules: Vec<LogRule>,
    plan_rules: Vec<PlanRule>,
    statistic_rules: Vec<StatisticRule>,
    statements: Statements,
    workload: Workload,
    merged: Merged,
    requests: Requests,
    plans: Plans,
    statistics: Statistics,
    inputs: Vec<Input>,
    errors: Vec<InputError>,
}

/// What became of one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// An id of [`observe::formats`].
    pub format: &'static str,
    /// What was seen that speaks for it.
    pub why: String,
    pub statements: u64,
    /// That the input bounds.
    pub requests: u64,
    pub notes: Vec<String>,
    pub errors: Vec<InputError>,
}

/// A finished review.
#[derive(Debug, Default)]
pub struct LogReview {
    pub report: Report,
    pub workload: Workload,
    /// In the order in which they came.
    pub requests: Vec<Listed>,
    /// Indexes into the report's findings, by the shape that they are of.
    pub findings: BTreeMap<Fingerprint, Vec<usize>>,
    /// The query that gave a repeated shape its values.
    pub parents: BTreeMap<Fingerprint, Fingerprint>,
    /// Of each finding, which places sent it together.
    ways: Vec<Vec<Way>>,
}

impl Logs {
    pub fn new(config: Config) -> Self {
        let selected = |meta| registry::selected(meta, &config.select, &config.ignore);
        Self {
            rules: rules::RULES.iter().copied().filter(|rule| selected(rule.meta)).collect(),
            plan_rules: rules::PLAN_RULES.iter().copied().filter(|rule| selected(rule.meta)).collect(),
            statistic_rules: rules::STATISTIC_RULES.iter().copied().filter(|rule| selected(rule.meta)).collect(),
            config,
            project: Project::default(),
            tables: Tables::default(),
            statements: Statements::new(),
            workload: Workload::default(),
            merged: Merged::default(),
            requests: Requests::default(),
            plans: Plans::default(),
            statistics: Statistics::default(),
            inputs: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Says what tables and indexes there are, for advice on what is missing.
    pub fn know(&mut self, tables: Tables) {
        self.tables = tables;
    }

    /// Reads one input, by the format with the id `format` or by detection. `progress` is told the bytes that are read
    /// of it, and can end the reading.
    ///
    /// # Errors
    /// The input is of no known format, it cannot be read on, or `progress` ended it. What was read until then counts.
    pub fn read(
        &mut self,
        name: &str,
        format: Option<&str>,
        reader: &mut dyn ReadSeek,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Outcome, observe::Error> {
        let mut reading = Reading::new(self, name, progress);
        let detected = observe::read(name, format, reader, &mut reading);
        let outcome = reading.end(detected.as_ref().ok());
        detected?;
        Ok(outcome)
    }

    /// An input that gave nothing.
    pub fn fail(&mut self, error: InputError) {
        self.errors.push(error);
    }

    pub fn finish(self) -> LogReview {
        self.finish_after(None)
    }

    /// Compares with what was before, a review of the same choices.
    pub fn finish_after(mut self, before: Option<LogReview>) -> LogReview {
        let statistics = std::mem::take(&mut self.statistics);
        statistics.judge(&mut self);
        let Logs { config, project, tables, workload, mut merged, requests, plans, mut inputs, errors, .. } = self;
        let (endpoints, notes) = endpoints::endpoints(&workload, &statistics.endpoints, &config);
        let changes = before.as_ref().map(|before| compare::endpoints(&before.report.endpoints, &endpoints));
        merged.next_run();
        if !tables.is_empty() {
            let dialect = dialect(&config).unwrap_or_default();
            let selected = |draft: &Draft| registry::selected(draft.rule, &config.select, &config.ignore);
            for draft in rules::index_advice(&workload, &tables, dialect).into_iter().filter(selected) {
                merged.add(draft);
            }
        }
        if registry::selected(&budget_missed::META, &config.select, &config.ignore) {
            let missed = endpoints.iter().filter(|endpoint| endpoint.held).filter_map(budget_missed::missed);
            let worse = changes.iter().flatten().filter_map(budget_missed::worse);
            for draft in missed.chain(worse) {
                merged.add(draft);
            }
        }
        if let Some(first) = inputs.first_mut() {
            first.notes.extend(notes);
            first.notes.extend(requests.note());
            first.notes.extend(plans.note());
            first.notes.extend(unkept(&workload));
        }
        let found = merged.finish(&project, &config, &workload);
        let mut report = Report { findings: found.findings, endpoints, inputs, errors, ..Report::default() };
        report.queries = workload.shapes().map(|shape| QueryRow::Observed(row(shape))).collect();
        report.queries.sort_by(dearest_first);
        let requests = requests.finish(&found.places);
        report.requests = requests.iter().map(request).collect();
        report.plans = plans.finish();
        report.comparison = before.map(|before| compare::compare(before, &mut report, changes.unwrap_or_default()));
        let files = report.inputs.len() as u32;
        finding::tally(&mut report, files, workload.statements, rules::metas());
        LogReview { report, workload, requests, findings: found.of_shape, parents: found.parents, ways: found.ways }
    }
}

impl LogReview {
    /// What code is held against.
    pub fn seen(&self) -> Seen {
        let mut of_finding: Vec<Vec<String>> = vec![Vec::new(); self.report.findings.len()];
        for (shape, findings) in &self.findings {
            for at in findings {
                if let Some(shapes) = of_finding.get_mut(*at) {
                    shapes.push(shape.to_string());
                }
            }
        }
        let mut places: HashMap<(Fingerprint, u64), (u32, u32)> = HashMap::new();
        for (shape, at) in self.workload.shapes().zip(0..) {
            let hashes = shape.places.hashes().into_iter().zip(0..);
            places.extend(hashes.map(|(place, of_shape)| ((shape.fingerprint, place), (at, of_shape))));
        }
        let mut ways = self.ways.iter();
        let findings = self.report.findings.iter().zip(of_finding).map(|(finding, shapes)| SeenFinding {
            finding: finding.clone(),
            shapes,
            ways: ways.next().into_iter().flatten().map(|way| seen_way(way, &places)).collect(),
        });
        Seen { shapes: self.workload.shapes().map(seen_shape).collect(), findings: findings.collect() }
    }
}

/// `places`: by fingerprint and key, the indexes of the shape and of the place.
fn seen_way(way: &Way, places: &HashMap<(Fingerprint, u64), (u32, u32)>) -> SeenWay {
    let sent = way.parts.iter().filter_map(|part| {
        let (shape, place) = *places.get(&(part.shape, part.place))?;
        let measured = Measured { executions: part.count, total_ms: part.total_us.map(ms), most: part.most };
        Some(SeenSent { shape, place, gave_keys: part.gave_keys, measured })
    });
    SeenWay { request: way.request.clone(), sent: sent.collect() }
}

fn seen_shape(shape: &Shape) -> SeenShape {
    let line = |place: &Place| CodeLine { path: place.path.to_string(), line: place.line };
    let place = |(lines, sent): (&Vec<Place>, Sent)| SeenPlace {
        lines: lines.iter().map(line).collect(),
        measured: Measured { executions: sent.executions, total_ms: sent.time_us.map(ms), most: sent.most },
    };
    let timed = shape.times.count() > 0;
    SeenShape {
        fingerprint: shape.fingerprint.to_string(),
        sql: shape.sql.clone(),
        kind: shape.kind,
        table: shape.tables.first().map(ToString::to_string).unwrap_or_default(),
        all: Measured {
            executions: shape.executions,
            total_ms: timed.then(|| ms(shape.times.sum())),
            most: shape.most,
        },
        places: shape.places.by_count().into_iter().map(place).collect(),
    }
}

/// One fingerprint of the log as the report lists it.
pub(super) fn row(shape: &Shape) -> LogQuery {
    let times = &shape.times;
    let timed = times.count() > 0;
    LogQuery {
        fingerprint: shape.fingerprint.to_string(),
        sql: shape.sql.clone(),
        kind: shape.kind,
        tables: shape.tables.iter().map(ToString::to_string).collect(),
        executions: shape.executions,
        distinct_params: shape.distinct_params(),
        total_ms: timed.then(|| ms(times.sum())),
        mean_ms: times.mean().map(|us| us / 1000.0),
        p95_ms: times.percentile(95).map(ms),
        max_ms: times.most().map(ms),
        requests: (shape.requests > 0).then_some(shape.requests),
        code: Vec::new(),
    }
}

fn dearest_first(a: &QueryRow, b: &QueryRow) -> std::cmp::Ordering {
    let (QueryRow::Observed(a), QueryRow::Observed(b)) = (a, b) else { return std::cmp::Ordering::Equal };
    let time = |row: &LogQuery| row.total_ms.unwrap_or(0.0);
    let by_time = time(b).total_cmp(&time(a));
    by_time.then(b.executions.cmp(&a.executions)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
}

fn request(listed: &Listed) -> Request {
    Request {
        id: listed.id.clone(),
        name: listed.name.clone(),
        queries: listed.finished.statements,
        total_ms: listed.finished.time_us.map(ms),
        duplicates: listed.finished.duplicates,
    }
}

fn unkept(workload: &Workload) -> Vec<String> {
    let mut out = Vec::new();
    if workload.unkept > 0 {
        out.push(format!("{} statements are of shapes beyond the first that are kept apart", workload.unkept));
    }
    if workload.unkept_requests > 0 {
        out.push(format!("{} requests are of names beyond the first that are kept apart", workload.unkept_requests));
    }
    out
}

fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests;
