//! What the log alone found.

use super::meet::{How, Meeting};
use super::merge::{Merge, OfCode, is_of_one_place};
use super::part::turns;
use crate::model::{Evidence, Family, Finding, Loop, SeenFinding};

/// Lines that are named for a statement that several send.
const MOST_LINES: usize = 3;

impl<'m> Merge<'m> {
    /// A loop of the log that the code's finding of another line tells already: that line sends the same statement in
    /// each turn of the same loop. It is named there.
    pub(super) fn is_beside(&self, observed: &SeenFinding, met: &[&Meeting<'_>], own: &mut [OfCode]) -> bool {
        if observed.finding.family != Family::NPlusOne {
            return false;
        }
        let mut loops = met.iter().flat_map(|meeting| &meeting.predictions).filter_map(|at| self.around(*at));
        let Some(turning) = loops.next().filter(|first| loops.all(|other| other == *first)) else { return false };
        let same = own.iter_mut().find(|of_code| {
            let shown = of_code.confirmed.is_some() && of_code.finding.family == Family::NPlusOne;
            let sent = observed.shapes.iter().all(|shape| of_code.shapes.contains(shape));
            shown && sent && of_code.owns.iter().filter_map(|at| self.around(*at)).any(|other| other == turning)
        });
        let place =
            observed.finding.path.as_deref().and_then(|path| Some((self.code.file(path)?, observed.finding.line?)));
        let (Some(of_code), Some((path, line))) = (same, place) else { return false };
        let message = "sent once more here, in the same loop".to_owned();
        of_code.finding.evidence.push(Evidence::Code { path: path.to_owned(), line, message });
        true
    }

    /// The innermost loop around a prediction.
    fn around(&self, at: usize) -> Option<&'m Loop> {
        let prediction = self.predictions.get(at)?;
        prediction.loop_.get(prediction.loops.last()?)
    }

    /// A finding of the log alone, at the line of the code where that is known.
    pub(super) fn placed(&self, observed: &SeenFinding, met: &[&Meeting<'_>]) -> Finding {
        let mut finding = observed.finding.clone();
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
