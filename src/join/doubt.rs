//! What a log says of the code's findings that it does not show: they ran, and did not do what is said of them.

use std::collections::BTreeSet;

use super::REPEATED;
use super::meet::{How, Meeting, has_word};
use super::merge::{Merge, OfCode, by, repeats, times};
use super::part::Part;
use crate::model::{Confidence, Finding, FindingSource, SeenShape};

impl Merge<'_> {
    /// What the log says of a finding that none of its own confirms.
    pub(super) fn measure(&self, of_code: &mut OfCode) {
        let repeats = repeats(&of_code.finding);
        let of_it = |at: &usize| !repeats || self.predictions.get(*at).is_some_and(|p| !p.loops.is_empty());
        let owned: Vec<usize> = of_code.owns.iter().copied().filter(of_it).collect();
        let met: BTreeSet<usize> =
            owned.iter().filter_map(|at| self.of_prediction.get(at)).flatten().copied().collect();
        let of_way = |meeting: &&Meeting<'_>| {
            meeting.place.is_none() || self.leads(meeting, of_code, &of_code.finding).is_some()
        };
        let met: Vec<&Meeting<'_>> =
            met.into_iter().filter_map(|at| self.meetings.all.get(at)).filter(of_way).collect();
        let sure = || met.iter().filter(|meeting| meeting.how != How::Shapes);
        let mut part = Part::new(How::Alike);
        for meeting in sure() {
            let Some(SeenShape { fingerprint, sql, .. }) = self.seen.shapes.get(meeting.shape) else { continue };
            part.how = meeting.how;
            part.add((fingerprint, sql), None, meeting.measured);
        }
        let finding = &mut of_code.finding;
        finding.evidence.append(&mut part.statements);
        if !repeats {
            return;
        }
        let most = sure().map(|meeting| meeting.measured.most).max();
        let all: u64 = sure().map(|meeting| meeting.measured.executions).sum();
        match most {
            Some(REPEATED..) => {
                finding.source = FindingSource::Both;
                finding.confidence = finding.confidence.max(Confidence::Likely);
                self.raise(finding);
                let most = most.unwrap_or_default();
                let told = format!(" The log shows it: up to {most} times in one request{}.", by(part.how));
                finding.message.push_str(&told);
            }
            Some(1..) => {
                doubt(finding, &format!("the log sends it {} and never more than twice in one request", times(all)))
            }
            // Nothing divides the log into requests.
            Some(0) => {}
            None if met.is_empty() => {
                if let Some(read) = owned.iter().filter_map(|at| self.rows_read(*at)).max() {
                    let told = format!("the log reads the rows of the loop {} and sends nothing for them", times(read));
                    doubt(finding, &told);
                }
            }
            None => {}
        }
    }

    /// How often the log read the rows of the loop around a prediction, if nothing there can be what is predicted.
    fn rows_read(&self, prediction: usize) -> Option<u64> {
        let drivers = self.drivers(prediction);
        let prediction = self.predictions.get(prediction)?;
        let met = drivers.iter().filter_map(|at| self.of_prediction.get(at)).flatten();
        let met: BTreeSet<usize> = met.copied().collect();
        let met = || met.iter().filter_map(|at| self.meetings.all.get(*at));
        let read: u64 =
            met().filter(|meeting| meeting.how != How::Shapes).map(|meeting| meeting.measured.executions).sum();
        let by_stack = met().all(|meeting| meeting.how == How::Stack);
        let alike = |shape: &SeenShape| shape.kind == prediction.kind && has_word(&prediction.sql, &shape.table);
        (read > 0 && (by_stack || !self.seen.shapes.iter().any(alike))).then_some(read)
    }
}

/// One step less sure, and why.
fn doubt(finding: &mut Finding, why: &str) {
    finding.confidence = match finding.confidence {
        Confidence::Certain => Confidence::Likely,
        Confidence::Likely | Confidence::Possible => Confidence::Possible,
    };
    finding.message.push_str(&format!(" Less sure: {why}."));
}
