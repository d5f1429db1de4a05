//! Findings of code and of logs that mean the same become one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::meet::{Code, How, Meeting, Meetings};
use super::part::{Part, loops_of, passes};
use crate::model::{
    Built, Confidence, Evidence, Family, Finding, FindingSource, Measured, Prediction, Seen, SeenFinding, SeenShape,
    SeenWay,
};

pub fn merge(
    findings: Vec<Finding>,
    predictions: &[Prediction],
    code: &Code<'_>,
    meetings: &Meetings<'_>,
    seen: &Seen,
    is_chosen: &dyn Fn(&Finding) -> bool,
) -> Vec<Finding> {
    let (of_prediction, of_place) = (HashMap::new(), HashMap::new());
    let mut merge = Merge { predictions, code, seen, of_prediction, of_place, is_chosen, meetings };
    for (at, meeting) in meetings.all.iter().enumerate() {
        if let Some(place) = meeting.place {
            merge.of_place.insert((meeting.shape, place), at);
        }
        for prediction in &meeting.predictions {
            merge.of_prediction.entry(*prediction).or_default().push(at);
        }
    }
    let mut places: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
    for (at, prediction) in predictions.iter().enumerate() {
        places.entry((&prediction.path, prediction.line)).or_default().push(at);
    }
    let mut own: Vec<OfCode> = findings
        .into_iter()
        .map(|finding| OfCode {
            owns: merge.owned(&finding, &places),
            finding,
            confirmed: None,
            most: 0,
            shapes: Vec::new(),
        })
        .collect();
    let mut alone = Vec::new();
    for observed in &seen.findings {
        let met = merge.met(observed);
        let same = merge.same(observed, &met, &own);
        for (at, part) in &same {
            if let Some(of_code) = own.get_mut(*at) {
                merge.confirm(of_code, observed, part);
            }
        }
        if same.is_empty() {
            let rest = merge.by_parents(observed, &met, &mut own);
            alone.extend(rest.map(|rest| (rest, met)));
        }
    }
    let alone: Vec<Finding> = alone
        .iter()
        .filter(|(observed, met)| !merge.is_beside(observed, met, &mut own))
        .map(|(observed, met)| merge.placed(observed, met))
        .collect();
    for of_code in &mut own {
        match of_code.confirmed {
            Some(how) => of_code.tell(how),
            None => merge.measure(of_code),
        }
    }
    own.into_iter().map(|of_code| of_code.finding).chain(alone).collect()
}

pub(super) struct OfCode {
    pub finding: Finding,
    /// Indexes of the predictions that it is of.
    pub owns: Vec<usize>,
    /// By the log; the surest way in which it was met.
    pub confirmed: Option<How>,
    /// Of what is at fault, in one request; 0 where nothing tells requests apart.
    most: u64,
    /// Fingerprints of what the log found it by.
    pub shapes: Vec<String>,
}

impl OfCode {
    /// What one request sent of one shape is told once, whatever of the log's findings it is part of.
    fn add(&mut self, statements: &Evidence) {
        let Evidence::Statements { count, .. } = statements else { return };
        let (shape, request) = (shape_of(statements), request_of(statements));
        let same = |own: &&mut Evidence| shape_of(own) == shape && request_of(own) == request;
        match self.finding.evidence.iter_mut().find(same) {
            Some(own) if matches!(&*own, Evidence::Statements { count: known, .. } if known >= count) => {}
            Some(own) => own.clone_from(statements),
            None => self.finding.evidence.push(statements.clone()),
        }
    }

    fn tell(&mut self, how: How) {
        let (count, total_ms) = total(self.finding.evidence.iter(), &self.shapes);
        let each = match self.most {
            most if most > 1 && most < count => format!(", up to {} in one request", times(most)),
            _ => String::new(),
        };
        let told = format!(" The log shows it: {}{each}{}.", counted(count, total_ms), by(how));
        self.finding.message.push_str(&told);
    }
}

pub(super) struct Merge<'m> {
    pub predictions: &'m [Prediction],
    pub code: &'m Code<'m>,
    pub meetings: &'m Meetings<'m>,
    /// Indexes among the meetings.
    pub of_prediction: HashMap<usize, Vec<usize>>,
    /// By shape and place.
    pub of_place: HashMap<(usize, usize), usize>,
    pub seen: &'m Seen,
    is_chosen: &'m dyn Fn(&Finding) -> bool,
}

impl<'m> Merge<'m> {
    /// The predictions inside of a finding's place, or behind the call that it stands at.
    fn owned(&self, finding: &Finding, places: &BTreeMap<(&str, u32), Vec<usize>>) -> Vec<usize> {
        let (Some(path), Some(line)) = (finding.path.as_deref(), finding.line) else { return Vec::new() };
        let last = finding.end_line.unwrap_or(line).max(line);
        let start = (line, finding.column.unwrap_or(1));
        let end = (last, finding.end_column.unwrap_or(u32::MAX));
        let inside = places.range((path, line)..=(path, last)).flat_map(|(_, all)| all.iter().copied());
        let inside: Vec<usize> = inside
            .filter(|at| self.predictions.get(*at).is_some_and(|p| (start..end).contains(&(p.line, p.column))))
            .collect();
        if !inside.is_empty() {
            return inside;
        }
        let at_line = places.get(&(path, line)).cloned().unwrap_or_default();
        if !at_line.is_empty() {
            return at_line;
        }
        let call = format!("{path}:{line} ");
        let behind = self.predictions.iter().enumerate();
        behind.filter(|(_, p)| p.via.iter().any(|step| step.starts_with(&call))).map(|(at, _)| at).collect()
    }

    /// The meetings of a log's finding: of a loop those of its own place.
    fn met(&self, observed: &SeenFinding) -> Vec<&'m Meeting<'m>> {
        let finding = &observed.finding;
        let of_it = |meeting: &&Meeting<'_>| {
            let Some(shape) = self.seen.shapes.get(meeting.shape) else { return false };
            let place = meeting.place.and_then(|at| shape.places.get(at)).and_then(|place| place.lines.first());
            let here = place.is_none_or(|line| {
                finding.path.as_deref() == Some(line.path.as_str()) && finding.line == Some(line.line)
            });
            observed.shapes.contains(&shape.fingerprint) && (here || !is_of_one_place(finding))
        };
        self.meetings.all.iter().filter(of_it).collect()
    }

    /// The code's findings that mean the same, with what the log has of each.
    fn same(&self, observed: &SeenFinding, met: &[&Meeting<'_>], own: &[OfCode]) -> Vec<(usize, Part)> {
        if met.iter().any(|meeting| meeting.place.is_some()) {
            let fitting =
                own.iter().enumerate().filter(|(_, of_code)| means(&observed.finding, &of_code.finding).is_some());
            return fitting.filter_map(|(at, of_code)| Some((at, self.part(observed, met, of_code)?))).collect();
        }
        let whole = |how| Part { statements: observed.finding.evidence.clone(), ..Part::new(how) };
        self.of_shape(observed, met, own).into_iter().map(|(at, how)| (at, whole(how))).collect()
    }

    /// What stacks lead from a log's finding to one of the code: the runs in which lines of its own repeat it.
    fn part(&self, observed: &SeenFinding, met: &[&Meeting<'_>], of_code: &OfCode) -> Option<Part> {
        let finding = &of_code.finding;
        let mut out = Part::new(How::Alike);
        let mut add = |meeting: &Meeting<'_>, address: Option<&str>, measured: Measured| {
            let Some(SeenShape { fingerprint, sql, .. }) = self.seen.shapes.get(meeting.shape) else { return };
            out.how = out.how.min(meeting.how);
            out.executions += measured.executions;
            out.add((fingerprint, sql), address, measured);
        };
        if observed.ways.is_empty() {
            // It is of the whole log: what repeats it does not matter.
            for meeting in met.iter().filter(|meeting| self.leads(meeting, of_code, &observed.finding).is_some()) {
                add(meeting, None, meeting.measured);
            }
            // That one of several lookups was sent once does not say that they want an index.
            let least = if is_index(finding) { super::REPEATED } else { 1 };
            return (out.executions >= least).then_some(out);
        }
        let least = if is_repeat(finding) { 2 } else { 1 };
        let mut most = 0;
        for way in &observed.ways {
            let sent = way.sent.iter().filter(|sent| !sent.gave_keys).filter_map(|sent| {
                let at = self.of_place.get(&(sent.shape as usize, sent.place as usize))?;
                let meeting = self.meetings.all.get(*at)?;
                Some((meeting, sent.measured, self.leads(meeting, of_code, &observed.finding)?))
            });
            let sent: Vec<(&Meeting<'_>, Measured, bool)> = sent.collect();
            let together: u64 = sent.iter().map(|(_, measured, _)| measured.most).sum();
            if together < least || !sent.iter().any(|(.., here)| *here) {
                continue;
            }
            most = most.max(together);
            for (meeting, measured, _) in sent {
                add(meeting, way.request.as_deref(), measured);
            }
        }
        out.most = most;
        for way in &observed.ways {
            self.add_keys(&mut out, way);
        }
        (out.executions > 0).then_some(out)
    }

    /// The query that gave the keys, of the addresses that are told.
    fn add_keys(&self, part: &mut Part, way: &SeenWay) {
        if !part.statements.iter().any(|told| request_of(told) == way.request.as_deref()) {
            return;
        }
        for sent in way.sent.iter().filter(|sent| sent.gave_keys) {
            if let Some(SeenShape { fingerprint, sql, .. }) = self.seen.shapes.get(sent.shape as usize) {
                part.add((fingerprint, sql), way.request.as_deref(), sent.measured);
            }
        }
    }

    /// Whether what a stack sent is of a finding of the code: `true` where it leads through the finding's own place,
    /// `false` where through another that is at fault with it.
    pub(super) fn leads(&self, meeting: &Meeting<'_>, of_code: &OfCode, observed: &Finding) -> Option<bool> {
        let finding = &of_code.finding;
        let around = loops_of(finding).next().map(|around| (&around.path, around.line));
        let in_loop = |prediction: &Prediction| {
            around.is_none_or(|around| prediction.loop_.values().any(|other| (&other.path, other.line) == around))
        };
        let goes = |at: &usize| {
            let prediction = self.predictions.get(*at).filter(|prediction| in_loop(prediction));
            prediction.is_some_and(|prediction| passes(self.code, *at, prediction, finding, &meeting.stack))
        };
        if meeting.predictions.iter().filter(|at| of_code.owns.contains(at)).any(goes) {
            return Some(true);
        }
        let same = finding.rule == observed.rule || is_index(finding) && is_index(observed);
        let together = same && !is_of_one_place(finding);
        let beside = |(path, line): &(&str, u32)| names(finding, path, *line) && meeting.stack.contains(&(path, *line));
        (together && self.code.places(&meeting.predictions).iter().any(beside)).then_some(false)
    }

    /// The code's findings that mean the same, as far as fingerprints tell, with how they were met.
    fn of_shape(&self, observed: &SeenFinding, met: &[&Meeting<'_>], own: &[OfCode]) -> Vec<(usize, How)> {
        let mut out: Vec<(usize, How)> = Vec::new();
        let mut alike: Vec<usize> = Vec::new();
        for (at, of_code) in own.iter().enumerate() {
            let Some(meaning) = means(&observed.finding, &of_code.finding) else { continue };
            let how = met.iter().filter(|meeting| self.is_of(meeting, of_code, &observed.finding));
            if let Some(how) = how.map(|meeting| meeting.how).min() {
                out.push((at, how));
                alike.extend((meaning == Meaning::Alike).then_some(at));
            }
        }
        if alike.len() < out.len() && out.iter().any(|(_, how)| *how == How::Shapes) {
            out.retain(|(at, _)| !alike.contains(at));
        }
        let of_line = |at: usize| own.get(at).map(|of_code| (&of_code.finding.path, of_code.finding.line));
        let lines: BTreeSet<_> = out.iter().filter_map(|(at, _)| of_line(*at)).collect();
        // Without a stack, only the one line that is predicted to repeat it can have.
        if lines.len() > 1 && out.iter().any(|(_, how)| *how == How::Shapes) {
            out.retain(|(_, how)| *how < How::Shapes);
        }
        out
    }

    /// Confirms findings by the requests in which the log's was seen: the query that gave the keys tells the loop. Gives
    /// what is left of it.
    fn by_parents(&self, observed: &SeenFinding, met: &[&Meeting<'_>], own: &mut [OfCode]) -> Option<SeenFinding> {
        let mut rest = observed.clone();
        if met.iter().any(|meeting| meeting.place.is_some()) {
            return Some(rest);
        }
        // Where nothing tells requests apart, loops are not told apart either.
        let requests: BTreeSet<&str> = observed.finding.evidence.iter().filter_map(request_of).collect();
        for request in requests {
            let here = |evidence: &Evidence| request_of(evidence) == Some(request);
            let parents: Vec<&str> =
                observed.finding.evidence.iter().filter(|e| here(e)).filter_map(shape_of).collect();
            let fits = |of_code: &OfCode| {
                means(&observed.finding, &of_code.finding).is_some()
                    && met.iter().any(|meeting| self.is_of(meeting, of_code, &observed.finding))
                    && of_code.owns.iter().flat_map(|at| self.drivers(*at)).any(|at| {
                        let fingerprint = self.predictions.get(at).map(|p| p.fingerprint.as_str());
                        fingerprint.is_some_and(|fingerprint| parents.contains(&fingerprint))
                    })
            };
            let mut fitting = own.iter_mut().filter(|of_code| fits(of_code));
            let (Some(only), None) = (fitting.next(), fitting.next()) else { continue };
            let statements = rest.finding.evidence.iter().filter(|evidence| here(evidence)).cloned().collect();
            self.confirm(only, &rest, &Part { statements, ..Part::new(How::Shape) });
            rest.finding.evidence.retain(|evidence| !here(evidence));
        }
        let left = |evidence: &Evidence| shape_of(evidence).is_some_and(|of| rest.shapes.iter().any(|own| own == of));
        rest.finding.evidence.iter().any(left).then_some(rest)
    }

    fn is_of(&self, meeting: &Meeting<'_>, of_code: &OfCode, observed: &Finding) -> bool {
        if meeting.predictions.iter().any(|at| of_code.owns.contains(at)) {
            return true;
        }
        // One of several statements that are at fault together.
        let finding = &of_code.finding;
        finding.rule == observed.rule
            && !is_of_one_place(finding)
            && self.code.places(&meeting.predictions).into_iter().any(|(path, line)| names(finding, path, line))
    }

    fn confirm(&self, of_code: &mut OfCode, observed: &SeenFinding, part: &Part) {
        let log = &observed.finding;
        part.statements.iter().for_each(|statements| of_code.add(statements));
        of_code.shapes.extend(observed.shapes.iter().cloned());
        of_code.most = of_code.most.max(part.most);
        let finding = &mut of_code.finding;
        // That nothing leads what was read to where it is read again, only the code knows.
        let is_unshared = finding.rule == "RT304" && finding.confidence == Confidence::Possible;
        finding.confidence = match part.how {
            _ if is_unshared => Confidence::Possible,
            How::Stack if log.confidence >= Confidence::Likely => Confidence::Certain,
            // Another line may have sent it.
            How::Shapes => finding.confidence.min(Confidence::Likely),
            // It is true, and the log says that it is little.
            _ if finding.rule == log.rule && log.confidence == Confidence::Possible => Confidence::Possible,
            _ => finding.confidence.max(log.confidence),
        };
        if let (Some(cost), Some(saved)) = (&mut finding.cost, log.cost.as_ref().and_then(|cost| cost.saved_ms)) {
            let (all, _) = total(log.evidence.iter(), &observed.shapes);
            let share = if part.executions > 0 { part.executions as f64 / all.max(1) as f64 } else { 1.0 };
            cost.saved_ms = Some(cost.saved_ms.unwrap_or(0.0) + saved * share.min(1.0));
        }
        let is_sure = log.confidence >= Confidence::Likely && !is_unshared;
        if of_code.confirmed.is_none() && is_sure && part.how < How::Shapes {
            self.raise(finding);
        }
        finding.source = FindingSource::Both;
        finding.introduced = finding.introduced.or(log.introduced);
        of_code.confirmed = Some(of_code.confirmed.map_or(part.how, |known| known.min(part.how)));
    }

    pub(super) fn raise(&self, finding: &mut Finding) {
        if std::mem::take(&mut finding.hint) || (self.is_chosen)(finding) {
            return;
        }
        finding.severity = finding.severity.raised();
    }

    /// The predictions that read the rows of the innermost loop around one.
    pub(super) fn drivers(&self, prediction: usize) -> Vec<usize> {
        let around = |prediction: &'m Prediction| prediction.loop_.get(prediction.loops.last()?);
        let Some(prediction) = self.predictions.get(prediction) else { return Vec::new() };
        let Some(around) = around(prediction) else { return Vec::new() };
        let drives = |other: &Prediction| {
            let built = |built: &Built| built.path == around.path && built.line == around.line;
            let here = other.path == around.path && other.line == around.line;
            other.loops.len() < prediction.loops.len() && (here || other.built.as_ref().is_some_and(built))
        };
        self.predictions.iter().enumerate().filter(|(_, other)| drives(other)).map(|(at, _)| at).collect()
    }
}

/// Whether a finding's evidence names a line.
pub(super) fn names(finding: &Finding, path: &str, line: u32) -> bool {
    let is_it = |evidence: &Evidence| matches!(evidence, Evidence::Code { path: own, line: at, .. } if own == path && *at == line);
    finding.evidence.iter().any(is_it)
}

/// What an execution alone does not show.
fn is_repeat(finding: &Finding) -> bool {
    repeats(finding) || matches!(finding.family, Family::OverFetching | Family::Aggregation)
}

/// What a log without stacks cannot know, said where it counts.
pub(super) fn by(how: How) -> &'static str {
    match how {
        How::Stack | How::Alike => "",
        How::Shape => ", by its text alone, as the log has no stacks",
        How::Shapes => ", by its text alone, which other lines send, too",
    }
}

/// A loop sends it: what another line sends is another finding.
pub(super) fn is_of_one_place(finding: &Finding) -> bool {
    matches!(finding.family, Family::NPlusOne | Family::Bulk)
}

/// Of one column or of several: what is met by which is one matter.
fn is_index(finding: &Finding) -> bool {
    matches!(finding.rule.as_str(), "RT401" | "RT402")
}

/// It is predicted once per turn of a loop.
pub(super) fn repeats(finding: &Finding) -> bool {
    let in_loop = |cost: &crate::model::Cost| cost.before_terms.iter().any(|term| !term.loops.is_empty());
    let by_loop = is_of_one_place(finding) || finding.family == Family::Aggregation;
    by_loop && finding.cost.as_ref().is_some_and(in_loop)
}

/// How a finding of a log is one of the code, seen from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Same,
    /// It can be: the rows of a loop may all have the same key.
    Alike,
}

/// What repeats, a loop of the code explains.
fn means(log: &Finding, code: &Finding) -> Option<Meaning> {
    let (equal, invariant) = (log.rule == "RT304", code.rule == "RT106");
    match (log.rule == code.rule, equal, invariant) {
        (true, ..) | (_, true, true) => Some(Meaning::Same),
        // How many columns the index has, the code may know better.
        _ if is_index(log) && is_index(code) => Some(Meaning::Same),
        // Its keys differ.
        (_, false, true) => None,
        _ if !repeats(code) => None,
        (_, true, false) => Some(Meaning::Alike),
        _ => (is_of_one_place(log) || log.rule == "RT201").then_some(Meaning::Same),
    }
}

fn request_of(evidence: &Evidence) -> Option<&str> {
    match evidence {
        Evidence::Statements { request, .. } => request.as_deref(),
        Evidence::Code { .. } => None,
    }
}

fn shape_of(evidence: &Evidence) -> Option<&str> {
    match evidence {
        Evidence::Statements { fingerprint, .. } => Some(fingerprint),
        Evidence::Code { .. } => None,
    }
}

/// What the statements at fault come to.
fn total<'e>(evidence: impl Iterator<Item = &'e Evidence>, shapes: &[String]) -> (u64, Option<f64>) {
    let mut out = crate::model::Measured::default();
    for evidence in evidence {
        if let Evidence::Statements { fingerprint, count, total_ms, .. } = evidence
            && shapes.contains(fingerprint)
        {
            out.add(crate::model::Measured { executions: *count, total_ms: *total_ms, most: 0 });
        }
    }
    (out.executions, out.total_ms)
}

fn counted(count: u64, total_ms: Option<f64>) -> String {
    match total_ms {
        // Some logs count whole milliseconds.
        Some(ms) if ms >= 0.05 => format!("{}, {ms:.1} ms", times(count)),
        _ => times(count),
    }
}

pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}
