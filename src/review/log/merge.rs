//! The same finding of many requests is one finding.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::config::{Config, fits_path};
use crate::model::{Confidence, Evidence, Family, Finding, FindingSource};
use crate::project::Project;
use crate::review::finding;
use crate::review::fingerprint::Numbering;
use crate::rules::observed::slow_query;
use crate::rules::{Draft, DraftEvidence, registry};
use crate::trace::{Fingerprint, Frame};
use crate::workload::{Place, Workload, endpoint_name};

/// Findings that are kept apart; a log with more is not one program's.
const MOST_FINDINGS: usize = 10_000;
/// Requests that the evidence tells apart for one shape; what others sent is added up.
const MOST_REQUESTS: usize = 6;
/// Sets of places of one finding that are kept apart, and places of one set.
const MOST_WAYS: usize = 32;
const MOST_PARTS: usize = 16;

#[derive(Default)]
pub struct Merged {
    found: Vec<Found>,
    known: HashMap<Key, usize>,
    run: u64,
}

/// What tells two findings apart.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    code: &'static str,
    frame: Option<Frame>,
    key: String,
}

struct Found {
    /// Of the run in which it was sent most often.
    draft: Draft,
    sent: u64,
    runs: u64,
    /// The runs of which it is at least likely, and what they sent.
    sure: (u64, u64),
    last_run: u64,
    frame: Option<Frame>,
    shapes: Vec<Seen>,
    ways: Vec<Way>,
}

/// Runs of one address in which the same places sent what is at fault.
#[derive(Debug)]
pub struct Way {
    pub request: Option<String>,
    pub parts: Vec<Part>,
}

/// What one place sent of one shape.
#[derive(Debug)]
pub struct Part {
    pub shape: Fingerprint,
    pub gave_keys: bool,
    /// Of [`crate::workload::place_key`].
    pub place: u64,
    pub count: u64,
    pub total_us: Option<u64>,
    /// In one run.
    pub most: u64,
}

/// One shape in the evidence, over all runs.
struct Seen {
    fingerprint: Fingerprint,
    sql: String,
    gave_keys: bool,
    by_request: Vec<Sent>,
}

struct Sent {
    request: Option<String>,
    count: u64,
    total_us: Option<u64>,
}

/// What the report says.
#[derive(Default)]
pub struct Shown {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// By slot: the index among `findings`, where it is shown.
    pub places: Vec<Option<usize>>,
    pub of_shape: BTreeMap<Fingerprint, Vec<usize>>,
    pub parents: BTreeMap<Fingerprint, Fingerprint>,
    /// Of each finding.
    pub ways: Vec<Vec<Way>>,
}

impl Merged {
    pub fn next_run(&mut self) {
        self.run += 1;
    }

    /// Takes in a finding of the present run; gives its slot.
    pub fn add(&mut self, draft: Draft) -> Option<usize> {
        let frame = own_frame(&draft);
        let key = Key { code: draft.rule.code, frame: frame.clone(), key: draft.key.clone() };
        if let Some(slot) = self.known.get(&key).copied() {
            self.found.get_mut(slot)?.add(draft, self.run);
            return Some(slot);
        }
        let slot = self.found.len();
        (slot < MOST_FINDINGS).then(|| {
            self.known.insert(key, slot);
            self.found.push(Found::new(draft, frame, self.run));
            slot
        })
    }

    pub fn finish(self, project: &Project, config: &Config, workload: &Workload) -> Shown {
        let passing = workload.passing();
        let mut numbering = Numbering::default();
        let mut shown: Vec<(usize, Found, Finding)> = Vec::new();
        let slots = self.found.len();
        for (slot, found) in self.found.into_iter().enumerate() {
            // All are numbered, shown or not, so that hiding one renames no other.
            let fingerprint = numbering.of_log(&found.draft, found.frame.as_ref());
            if finding::is_shown(&found.draft, config) && !found.is_excused(config) {
                let finding = found.finding(project, config, fingerprint, (workload, &passing));
                shown.push((slot, found, finding));
            }
        }
        shown.sort_by(|(a_slot, a_found, a), (b_slot, b_found, b)| {
            let sent = b_found.total().cmp(&a_found.total());
            b.severity.cmp(&a.severity).then(b.confidence.cmp(&a.confidence)).then(sent).then(a_slot.cmp(b_slot))
        });
        let mut out = Shown { places: vec![None; slots], ..Shown::default() };
        for (at, (slot, found, finding)) in shown.into_iter().enumerate() {
            if let Some(place) = out.places.get_mut(slot) {
                *place = Some(at);
            }
            let parent = found.shapes.iter().find(|seen| seen.gave_keys).map(|seen| seen.fingerprint);
            for own in found.shapes.iter().filter(|seen| !seen.gave_keys) {
                out.of_shape.entry(own.fingerprint).or_default().push(at);
                if let Some(parent) = parent {
                    out.parents.entry(own.fingerprint).or_insert(parent);
                }
            }
            out.findings.push(finding);
            out.ways.push(found.ways);
        }
        out
    }
}

/// Where it stands: the first frame, if it is in the program's own code.
fn own_frame(draft: &Draft) -> Option<Frame> {
    let mut frames = draft.evidence.iter().filter_map(|evidence| match evidence {
        DraftEvidence::Frame { frame, .. } => Some(frame),
        _ => None,
    });
    frames.next().filter(|frame| frame.is_own()).cloned()
}

/// Statements of a draft that are at fault.
fn sent(draft: &Draft) -> u64 {
    let own = draft.evidence.iter().filter_map(|evidence| match evidence {
        DraftEvidence::Statements { count, gave_keys: false, .. } => Some(count),
        _ => None,
    });
    own.sum()
}

/// The run and its statements, where the draft is at least likely.
fn surely(draft: &Draft) -> (u64, u64) {
    if draft.confidence >= Confidence::Likely { (1, sent(draft)) } else { (0, 0) }
}

impl Found {
    fn new(draft: Draft, frame: Option<Frame>, run: u64) -> Self {
        let mut shapes = Vec::new();
        see(&mut shapes, &draft);
        let ways = Way::of(&draft).into_iter().collect();
        let (sent, sure) = (sent(&draft), surely(&draft));
        Self { sent, draft, runs: 1, sure, last_run: run, frame, shapes, ways }
    }

    fn add(&mut self, mut draft: Draft, run: u64) {
        see(&mut self.shapes, &draft);
        if let Some(way) = Way::of(&draft) {
            let is_full = self.ways.len() >= MOST_WAYS;
            match self.ways.iter_mut().find(|known| known.is_same(&way)) {
                Some(known) => known.add(&way),
                None if is_full => {}
                None => self.ways.push(way),
            }
        }
        let (runs, statements) = surely(&draft);
        self.sure = (self.sure.0 + runs, self.sure.1 + statements);
        self.runs += u64::from(self.last_run != run);
        self.last_run = run;
        let saved = |draft: &Draft| draft.cost.as_ref().and_then(|cost| cost.saved_ms);
        let saved_ms = saved(&self.draft).zip(saved(&draft)).map(|(a, b)| a + b);
        let severity = self.draft.severity.max(draft.severity);
        let confidence = self.draft.confidence.max(draft.confidence);
        let count = sent(&draft);
        if count > self.sent {
            self.sent = count;
            std::mem::swap(&mut self.draft, &mut draft);
        }
        self.draft.severity = severity;
        self.draft.confidence = confidence;
        if let Some(cost) = &mut self.draft.cost {
            cost.saved_ms = saved_ms;
        }
    }

    /// Over all runs.
    fn total(&self) -> u64 {
        let own = self.shapes.iter().filter(|seen| !seen.gave_keys);
        own.flat_map(|seen| &seen.by_request).map(|sent| sent.count).sum()
    }

    fn is_excused(&self, config: &Config) -> bool {
        self.frame.as_ref().is_some_and(|frame| {
            config.per_file_ignores.iter().any(|(pattern, words)| {
                fits_path(pattern, &frame.path) && words.iter().any(|word| registry::names(word, self.draft.rule))
            })
        })
    }

    /// A read that one request of all makes twice is nothing that anybody waits for, nor is what a migration or an app
    /// that starts sends once, and one execution that took long among many others says nothing of the statement.
    fn is_small(&self, workload: &Workload) -> bool {
        let (runs, sent) = self.sure;
        let twice = self.draft.rule.family == Family::OverFetching && runs == 1 && sent <= 2;
        let slow = self.draft.rule.code == slow_query::META.code;
        let all = self.shapes.first().and_then(|seen| workload.shape(seen.fingerprint));
        let outlies = slow && all.is_some_and(|shape| slow_query::is_outlier(self.total(), shape.executions));
        twice || outlies || self.frame.as_ref().is_some_and(Frame::is_of_setup)
    }

    /// `passing`: lines that only pass calls on.
    fn finding(
        &self,
        project: &Project,
        config: &Config,
        fingerprint: String,
        (workload, passing): (&Workload, &HashSet<Place>),
    ) -> Finding {
        let mut finding = finding::finding(project, &self.draft, config, fingerprint);
        let frame = self.frame.as_ref();
        let sent_elsewhere = frame.is_some_and(|frame| passing.contains(&Place::of(frame)));
        if self.is_small(workload) || sent_elsewhere {
            finding.confidence = Confidence::Possible;
        }
        if sent_elsewhere {
            finding.message.push_str(" The line only leads to the library that sends it.");
        }
        finding.source = FindingSource::Log;
        finding.path = self.frame.as_ref().map(|frame| frame.path.to_string());
        finding.line = self.frame.as_ref().map(|frame| frame.line);
        if self.runs > 1 {
            finding.message.push_str(&format!(" Seen in {} requests.", self.runs));
        }
        finding.evidence.retain(|evidence| matches!(evidence, Evidence::Code { .. }));
        finding.evidence.extend(self.shapes.iter().flat_map(Seen::told));
        finding
    }
}

/// Adds a draft's statements.
fn see(shapes: &mut Vec<Seen>, draft: &Draft) {
    for evidence in &draft.evidence {
        let DraftEvidence::Statements { fingerprint, sql, count, total_us, request, gave_keys, .. } = evidence else {
            continue;
        };
        let same = |seen: &Seen| seen.fingerprint == *fingerprint && seen.gave_keys == *gave_keys;
        let at = shapes.iter().position(same).unwrap_or_else(|| {
            shapes.push(Seen {
                fingerprint: *fingerprint,
                sql: sql.clone(),
                gave_keys: *gave_keys,
                by_request: Vec::new(),
            });
            shapes.len() - 1
        });
        if let Some(seen) = shapes.get_mut(at) {
            seen.add(request.as_deref().map(endpoint_name), *count, *total_us);
        }
    }
}

impl Way {
    /// `None` where there are no stacks.
    fn of(draft: &Draft) -> Option<Self> {
        let mut out = Self { request: None, parts: Vec::new() };
        for evidence in &draft.evidence {
            let DraftEvidence::Statements { fingerprint, request, gave_keys, places, .. } = evidence else { continue };
            out.request = request.as_deref().map(|name| endpoint_name(name).to_owned());
            out.parts.extend(places.iter().map(|from| Part {
                shape: *fingerprint,
                gave_keys: *gave_keys,
                place: from.place,
                count: from.count,
                total_us: from.total_us,
                most: from.count,
            }));
        }
        out.parts.sort_by_key(Part::key);
        out.parts.truncate(MOST_PARTS);
        (!out.parts.is_empty()).then_some(out)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.request == other.request && self.parts.iter().map(Part::key).eq(other.parts.iter().map(Part::key))
    }

    fn add(&mut self, same: &Self) {
        for (part, other) in self.parts.iter_mut().zip(&same.parts) {
            part.count += other.count;
            part.total_us = part.total_us.zip(other.total_us).map(|(a, b)| a.saturating_add(b));
            part.most = part.most.max(other.most);
        }
    }
}

impl Part {
    fn key(&self) -> (bool, Fingerprint, u64) {
        (self.gave_keys, self.shape, self.place)
    }
}

impl Seen {
    fn add(&mut self, request: Option<&str>, count: u64, total_us: Option<u64>) {
        let of = |request: Option<&str>| self.by_request.iter().position(|sent| sent.request.as_deref() == request);
        let is_full = self.by_request.len() >= MOST_REQUESTS;
        let known = of(request).or_else(|| of(None).filter(|_| is_full));
        let Some(sent) = known.and_then(|at| self.by_request.get_mut(at)) else {
            let request = request.filter(|_| !is_full).map(str::to_owned);
            self.by_request.push(Sent { request, count, total_us });
            return;
        };
        sent.count += count;
        sent.total_us = sent.total_us.zip(total_us).map(|(a, b)| a.saturating_add(b));
    }

    /// Most often sent first.
    fn told(&self) -> Vec<Evidence> {
        let mut sent: Vec<&Sent> = self.by_request.iter().collect();
        sent.sort_by_key(|sent| std::cmp::Reverse(sent.count));
        let told = sent.into_iter().map(|sent| Evidence::Statements {
            fingerprint: self.fingerprint.to_string(),
            sql: self.sql.clone(),
            count: sent.count,
            total_ms: sent.total_us.map(super::ms),
            request: sent.request.clone(),
        });
        told.collect()
    }
}
