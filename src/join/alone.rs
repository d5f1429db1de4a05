//! What the log alone found.

use super::meet::{How, Meeting};
use super::merge::{Merge, OfCode, is_of_one_place, names};
use super::part::turns;
use crate::model::{Confidence, Evidence, Family, Finding, Loop, SeenFinding};

/// Lines that are named for a statement that several send.
const MOST_LINES: usize = 3;

impl<'m> Merge<'m> {
    /// A loop of the log that the code's finding of another line tells already: that line sends the same statement in
    /// each turn of the same loop. It is named there. So are lines that read again what a turn has read: what loads it
    /// for all turns serves them, too.
    pub(super) fn is_beside(&self, observed: &SeenFinding, met: &[&Meeting<'_>], own: &mut [OfCode]) -> bool {
        let is_again = observed.finding.rule == "RT304";
        if observed.finding.family != Family::NPlusOne && !is_again {
            return false;
        }
        let met = if is_again { self.sent(observed) } else { met.to_vec() };
        let predictions = predicted(&met);
        let mut loops = predictions.iter().filter_map(|at| self.around(*at));
        let Some(turning) = loops.next().filter(|first| loops.all(|other| other == *first)) else { return false };
        let turns = |meeting: &&Meeting<'_>| meeting.predictions.iter().any(|at| self.around(*at) == Some(turning));
        if is_again && !met.iter().all(turns) {
            return false;
        }
        let place = || Some((self.code.file(observed.finding.path.as_deref()?)?, observed.finding.line?));
        let lines = if is_again { self.code.places(&predictions) } else { place().into_iter().collect() };
        if lines.is_empty() {
            return false;
        }
        let same = own.iter_mut().find(|of_code| {
            let shown = of_code.confirmed.is_some() && of_code.finding.family == Family::NPlusOne;
            let sent = observed.shapes.iter().all(|shape| of_code.shapes.contains(shape));
            let told = lines.iter().all(|(path, line)| names(&of_code.finding, path, *line));
            shown
                && (sent || told)
                && of_code.owns.iter().filter_map(|at| self.around(*at)).any(|other| other == turning)
        });
        let Some(of_code) = same else { return false };
        for (path, line) in &lines {
            let finding = &mut of_code.finding;
            let is_its_own = finding.path.as_deref() == Some(path) && finding.line == Some(*line);
            if !is_its_own && !names(finding, path, *line) {
                let message = "sent once more here, in the same loop".to_owned();
                finding.evidence.push(Evidence::Code { path: (*path).to_owned(), line: *line, message });
            }
        }
        true
    }

    /// The meetings of what a finding's own runs sent.
    fn sent(&self, observed: &SeenFinding) -> Vec<&'m Meeting<'m>> {
        let sent = observed.ways.iter().flat_map(|way| &way.sent).filter(|sent| !sent.gave_keys);
        let met = sent.filter_map(|sent| self.of_place.get(&(sent.shape as usize, sent.place as usize)));
        met.filter_map(|at| self.meetings.all.get(*at)).collect()
    }

    /// Counts of several lines, each of which is predicted to send its own: the code's rule has weighed them, and says
    /// nothing.
    fn is_weighed(&self, observed: &SeenFinding) -> bool {
        observed.finding.rule == "RT201" && self.code.places(&predicted(&self.sent(observed))).len() > 1
    }

    /// The innermost loop around a prediction.
    fn around(&self, at: usize) -> Option<&'m Loop> {
        let prediction = self.predictions.get(at)?;
        prediction.loop_.get(prediction.loops.last()?)
    }

    /// A finding of the log alone, at the line of the code where that is known.
    pub(super) fn placed(&self, observed: &SeenFinding, met: &[&Meeting<'_>]) -> Finding {
        let mut finding = observed.finding.clone();
        if self.is_weighed(observed) {
            finding.confidence = Confidence::Possible;
        }
        for evidence in &mut finding.evidence {
            if let Evidence::Code { path, .. } = evidence
                && let Some(file) = self.code.file(path)
            {
                file.clone_into(path);
            }
        }
        let predictions: Vec<usize> = met.iter().flat_map(|meeting| meeting.predictions.iter().copied()).collect();
        let places = self.code.places(&predictions);
        let sure = met.iter().all(|meeting| meeting.how != How::Shapes);
        if let Some((path, line)) = places.first().filter(|_| sure && places.len() == 1) {
            finding.path = Some((*path).to_owned());
            finding.line = Some(*line);
            // A loop is of what it repeats.
            let of_loop = met
                .iter()
                .filter(|_| is_of_one_place(&finding))
                .flat_map(|meeting| meeting.predictions.iter().map(move |at| (*meeting, *at)));
            let mut turning = of_loop.filter_map(|(meeting, at)| {
                let prediction = self.predictions.get(at).filter(|prediction| !prediction.loops.is_empty())?;
                let turns = meeting.place.is_none() || turns(self.code, at, prediction, &meeting.stack);
                turns.then_some(prediction)
            });
            if let Some(around) = turning.next().and_then(|p| p.loop_.get(p.loops.last()?)) {
                let (path, message) = (around.path.clone(), format!("in the loop over {}", around.text));
                finding.evidence.insert(0, Evidence::Code { path, line: around.line, message });
            }
            return finding;
        }
        if let Some(file) = finding.path.as_deref().and_then(|path| self.code.file(path)) {
            finding.path = Some(file.to_owned());
        } else if places.len() <= MOST_LINES {
            // It is of the whole log: of the lines that send it, the one that does so most stands for it.
            let most = met.iter().filter(|meeting| meeting.how != How::Shapes && !is_of_one_place(&finding));
            let most = most.max_by_key(|meeting| meeting.measured.executions);
            if let Some((path, line)) = most.and_then(|meeting| self.code.places(&meeting.predictions).pop_first()) {
                finding.path = Some(path.to_owned());
                finding.line = Some(line);
            }
            let told = places.into_iter().map(|(path, line)| Evidence::Code {
                path: path.to_owned(),
                line,
                message: "may be sent here".to_owned(),
            });
            finding.evidence.extend(told);
        }
        finding
    }
}

/// What is predicted for all that met.
fn predicted(met: &[&Meeting<'_>]) -> Vec<usize> {
    met.iter().flat_map(|meeting| &meeting.predictions).copied().collect()
}
