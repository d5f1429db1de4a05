//! What the parts of the review share: which findings are shown, which is chosen, where the code view stands.

use std::cmp::Reverse;

use leptos::prelude::*;

use super::filter::Filter;
use crate::app::state::{App, Reviewed};
use crate::app::widgets::focus;

/// On a narrow screen the three columns are three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    #[default]
    List,
    Code,
    Panel,
}

impl Step {
    pub fn id(self) -> &'static str {
        match self {
            Step::List => "list",
            Step::Code => "code",
            Step::Panel => "panel",
        }
    }
}

/// The predicted statements of a line, opened by its badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub line: Option<u32>,
    pub trips: String,
    /// Indexes into the report's queries.
    pub queries: Vec<u32>,
}

#[derive(Clone, Copy)]
pub struct Desk {
    /// The findings that the filter admits, in the order of the list.
    pub shown: Memo<Vec<usize>>,
    pub chosen: Memo<Option<usize>>,
    /// Of the code view: an index into the review's files, and the line that is looked for.
    pub file: Memo<Option<usize>>,
    pub line: Memo<Option<u32>>,
    pub step: RwSignal<Step>,
    /// Whether that file is part of a change, and whether before and after of it stand beside each other.
    pub is_changed: Memo<bool>,
    pub sides: Memo<bool>,
    pub opened: RwSignal<Option<Opened>>,
    /// Whether unchanged lines are shown too.
    pub unfolded: RwSignal<bool>,
}

impl Desk {
    pub fn provide(app: App) -> Self {
        let review = app.code_review;
        let filter = move || Filter::parse(&app.router.filter());
        let shown = Memo::new(move |_| -> Vec<usize> {
            let filter = filter();
            let admitted = |review: &Reviewed| {
                app.triage.with(|decisions| {
                    let admits = |index: &usize| {
                        review.finding(*index).is_some_and(|finding| {
                            let decided = decisions.get(&finding.fingerprint).map(|decided| decided.decision);
                            filter.admits(finding, decided)
                        })
                    };
                    in_order(review).into_iter().filter(admits).collect()
                })
            };
            review.with(|review| review.as_ref().map(admitted).unwrap_or_default())
        });
        let chosen = Memo::new(move |_| {
            let key = app.router.finding();
            let named = review.with(|review| review.as_ref()?.find(&key?));
            named.or_else(|| review.with(|review| shown.with(|shown| worst(review.as_ref()?, shown))))
        });
        let route = app.router.route();
        let file = Memo::new(move |_| {
            let named = route.with(|route| route.file.clone());
            let chosen = chosen.get();
            review.with(|review| {
                let review = review.as_ref()?;
                let of_finding = || review.file(review.finding(chosen?)?.path.as_deref()?);
                let some = || review.files.iter().position(|file| !file.context);
                named.and_then(|path| review.file(&path)).or_else(of_finding).or_else(some)
            })
        });
        let line = Memo::new(move |_| {
            let named = route.with(|route| route.file.is_some().then_some(route.line));
            let chosen = chosen.get();
            let of_finding = || review.with(|review| review.as_ref()?.finding(chosen?)?.line);
            named.unwrap_or_else(of_finding)
        });
        let is_changed = Memo::new(move |_| {
            review.with(|review| {
                let file = review.as_ref().and_then(|review| review.files.get(file.get()?));
                file.is_some_and(|file| file.added + file.removed > 0)
            })
        });
        let sides = Memo::new(move |_| app.side_by_side.get() && is_changed.get());
        let (step, opened, unfolded) = (RwSignal::new(Step::List), RwSignal::new(None), RwSignal::new(false));
        let desk = Self { shown, chosen, file, line, is_changed, sides, step, opened, unfolded };
        provide_context(desk);
        desk
    }

    /// # Panics
    /// Outside of the review.
    pub fn get() -> Self {
        expect_context()
    }

    pub fn choose(&self, app: App, index: usize) {
        let key = app.code_review.with_untracked(|review| review.as_ref()?.key(index).map(str::to_owned));
        self.opened.set(None);
        app.router.update(|route| (route.finding, route.file, route.line) = (key, None, None));
    }

    pub fn show_file(&self, app: App, path: String) {
        self.opened.set(None);
        self.step.set(Step::Code);
        app.router.update(|route| (route.file, route.line) = (Some(path), None));
    }

    /// The next finding of the list, or the one before; the focus follows where it was in the list.
    pub fn move_by(&self, app: App, forward: bool) {
        let next = self.shown.with_untracked(|shown| {
            let at = self.chosen.get_untracked().and_then(|chosen| shown.iter().position(|index| *index == chosen));
            let next = match (at, forward) {
                (None, _) => 0,
                (Some(at), true) => (at + 1).min(shown.len().saturating_sub(1)),
                (Some(at), false) => at.saturating_sub(1),
            };
            shown.get(next).copied()
        });
        if let Some(next) = next {
            self.choose(app, next);
            focus(&item_id(next));
        }
    }

    /// To a step, with the focus.
    pub fn enter(&self, step: Step) {
        self.step.set(step);
        match step {
            Step::List => {
                if let Some(chosen) = self.chosen.get_untracked() {
                    focus(&item_id(chosen));
                }
            }
            Step::Code => focus("code"),
            Step::Panel => focus("panel"),
        }
    }

    /// One step back, to the list at last.
    pub fn back(&self) {
        self.enter(match self.step.get_untracked() {
            Step::Panel => Step::Code,
            Step::Code | Step::List => Step::List,
        });
    }
}

/// What whoever has chosen nothing yet is shown: the first of those that are graver and surer than all others.
fn worst(review: &Reviewed, shown: &[usize]) -> Option<usize> {
    let graver = |index: &usize| review.finding(*index).map(|finding| (finding.severity, finding.confidence));
    shown.iter().copied().min_by_key(|index| Reverse(graver(index)))
}

/// Id of a finding's item in the list.
pub fn item_id(index: usize) -> String {
    format!("finding-{index}")
}

/// File by file as the review lists them, from top to bottom; what has no place in the code comes last.
fn in_order(review: &Reviewed) -> Vec<usize> {
    let mut order: Vec<usize> =
        review.files.iter().flat_map(|file| &file.findings).map(|index| *index as usize).collect();
    let mut placed = vec![false; review.report.findings.len()];
    order.retain(|index| placed.get_mut(*index).is_some_and(|placed| !std::mem::replace(placed, true)));
    order.extend(placed.iter().enumerate().filter(|(_, placed)| !**placed).map(|(index, _)| index));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sample_finding;
    use crate::model::{Confidence, Severity};
    use crate::protocol::{FileView, Review};

    #[test]
    fn findings_stand_by_file_and_once() {
        let mut review = Review::default();
        review.report.findings = ["a", "b", "c", "d"].map(sample_finding).to_vec();
        let file = |findings: &[u32]| FileView { findings: findings.to_vec(), ..FileView::default() };
        review.files = vec![file(&[2, 9]), file(&[0, 2])];
        assert_eq!(in_order(&Reviewed::new(review)), [2, 0, 1, 3]);
    }

    #[test]
    fn the_gravest_is_shown_first_and_of_these_the_surest() {
        let mut review = Review::default();
        review.report.findings = ["a", "b", "c", "d"].map(sample_finding).to_vec();
        let of = [
            (Severity::Info, Confidence::Certain),
            (Severity::Warning, Confidence::Likely),
            (Severity::Warning, Confidence::Certain),
            (Severity::Warning, Confidence::Certain),
        ];
        for (finding, (severity, confidence)) in review.report.findings.iter_mut().zip(of) {
            (finding.severity, finding.confidence) = (severity, confidence);
        }
        let review = Reviewed::new(review);
        assert_eq!(
            [worst(&review, &[0, 1, 3, 2]), worst(&review, &[0, 1]), worst(&review, &[])],
            [Some(3), Some(1), None]
        );
    }
}
