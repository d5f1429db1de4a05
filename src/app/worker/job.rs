//! The jobs that an engine was given and has not answered, and the review that it holds for the page.

use std::collections::BTreeMap;

use futures_channel::oneshot;

use super::Failure;
use super::client::Progress;
use crate::protocol::{Answer, Ask, Job};

/// Who waits for one answer. A job without anyone waiting repeats a review in a new worker.
pub struct Waiting {
    pub answer: oneshot::Sender<Result<Answer, Failure>>,
    pub progress: Option<Box<dyn Fn(Progress)>>,
}

/// A question with the files that go with it (`F` is a `Blob` in the page).
#[derive(Clone)]
pub struct Question<F> {
    pub ask: Ask,
    pub files: Vec<F>,
}

pub struct Jobs<F> {
    next: Job,
    pending: BTreeMap<Job, (Question<F>, Option<Waiting>)>,
    /// Not posted yet, for the worker is not ready.
    unsent: Vec<Job>,
    /// The last review that was answered: what rows, shapes and requests are asked about.
    held: Option<Question<F>>,
    /// What that review was joined with since.
    joined: Option<Question<F>>,
    /// Whether the present worker has done `held`.
    at_worker: bool,
}

impl<F> Default for Jobs<F> {
    fn default() -> Self {
        Self { next: 1, pending: BTreeMap::new(), unsent: Vec::new(), held: None, joined: None, at_worker: false }
    }
}

impl<F: Clone> Jobs<F> {
    pub fn add(&mut self, ask: impl FnOnce(Job) -> Ask, files: Vec<F>, waiting: Option<Waiting>) {
        let job = self.next;
        self.next = self.next.wrapping_add(1);
        self.pending.insert(job, (Question { ask: ask(job), files }, waiting));
        self.unsent.push(job);
    }

    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    pub fn is_reviewing(&self) -> bool {
        self.pending.values().any(|(question, _)| matches!(question.ask, Ask::Review { .. }))
    }

    /// What has to be posted now, in order: first the held review, where this worker has not done it and one of the
    /// questions is about it.
    pub fn take_unsent(&mut self) -> Vec<Question<F>> {
        let asks_about = |(question, _): &(Question<F>, _)| {
            !matches!(
                question.ask,
                Ask::Review { .. }
                    | Ask::Catalogue { .. }
                    | Ask::Formats { .. }
                    | Ask::Layout { .. }
                    | Ask::Try { .. }
                    | Ask::Mask { .. }
            )
        };
        let first = self.unsent.iter().filter_map(|job| self.pending.get(job)).next();
        if !self.at_worker
            && first.is_some_and(asks_about)
            && let Some(Question { ask: Ask::Review { items, options, .. }, files }) = self.held.clone()
        {
            self.add(|job| Ask::Review { job, items, options }, files, None);
            let mut added = 1;
            if let Some(Question { ask: Ask::Join { seen, .. }, files }) = self.joined.clone() {
                self.add(|job| Ask::Join { job, seen }, files, None);
                added += 1;
            }
            // They were added last and go first.
            self.unsent.rotate_right(added);
            self.at_worker = true;
        }
        let unsent = std::mem::take(&mut self.unsent);
        unsent.iter().filter_map(|job| self.pending.get(job)).map(|(question, _)| question.clone()).collect()
    }

    pub fn progress(&self, job: Job, progress: Progress) {
        if let Some((_, Some(Waiting { progress: Some(tell), .. }))) = self.pending.get(&job) {
            tell(progress);
        }
    }

    pub fn answer(&mut self, job: Job, answer: Answer) {
        let Some((question, waiting)) = self.pending.remove(&job) else { return };
        match answer {
            // One that is repeated is joined again.
            Answer::Reviewed { .. } => {
                if waiting.is_some() {
                    self.joined = None;
                }
                self.held = Some(question);
                self.at_worker = true;
            }
            Answer::Joined { .. } => self.joined = Some(question),
            _ => {}
        }
        if let Some(waiting) = waiting {
            // Nobody listens any more when the receiver was dropped.
            let _ = waiting.answer.send(match answer {
                Answer::Failed { message, .. } => Err(Failure::Failed(message)),
                answer => Ok(answer),
            });
        }
    }

    /// The worker is gone: everything that was asked fails with `why`. A review that broke the worker when it was
    /// repeated is not repeated again.
    pub fn fail_all(&mut self, why: &Failure) {
        self.at_worker = false;
        self.unsent.clear();
        for (_, (question, waiting)) in std::mem::take(&mut self.pending) {
            match waiting {
                Some(waiting) => {
                    let _ = waiting.answer.send(Err(why.clone()));
                }
                None if matches!((&question.ask, why), (Ask::Review { .. }, Failure::Died(_))) => self.held = None,
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Options, Review};

    type Answers = oneshot::Receiver<Result<Answer, Failure>>;

    fn ask(jobs: &mut Jobs<&'static str>, ask: impl FnOnce(Job) -> Ask, files: Vec<&'static str>) -> Answers {
        let (answer, answers) = oneshot::channel();
        jobs.add(ask, files, Some(Waiting { answer, progress: None }));
        answers
    }

    fn review(job: Job) -> Ask {
        Ask::Review { job, items: Vec::new(), options: Options::default() }
    }

    fn rows(job: Job) -> Ask {
        Ask::Rows { job, file: 0, from: 0, to: 10 }
    }

    fn reviewed(job: Job) -> Answer {
        Answer::Reviewed { job, review: Box::new(Review::default()) }
    }

    /// Jobs of which a review of `views.py` is answered.
    fn after_a_review() -> Jobs<&'static str> {
        let mut jobs = Jobs::default();
        let mut answers = ask(&mut jobs, review, vec!["views.py"]);
        let job = jobs.take_unsent()[0].ask.job();
        jobs.answer(job, reviewed(job));
        assert!(matches!(answers.try_recv(), Ok(Some(Ok(Answer::Reviewed { .. })))));
        jobs
    }

    #[test]
    fn a_new_worker_repeats_the_review_before_it_is_asked_about_it() {
        let mut jobs = after_a_review();
        let mut lost = ask(&mut jobs, rows, Vec::new());
        assert_eq!(jobs.take_unsent().len(), 1);
        jobs.fail_all(&Failure::Died("trap".into()));
        assert_eq!(lost.try_recv(), Ok(Some(Err(Failure::Died("trap".into())))));

        let mut answers = ask(&mut jobs, rows, Vec::new());
        let sent = jobs.take_unsent();
        assert!(matches!(sent[0].ask, Ask::Review { .. }));
        assert_eq!(sent[0].files, ["views.py"]);
        assert!(matches!(sent[1].ask, Ask::Rows { .. }));

        // Only once: the worker has it now.
        let _second = ask(&mut jobs, rows, Vec::new());
        assert_eq!(jobs.take_unsent().len(), 1);
        let job = sent[1].ask.job();
        jobs.answer(job, Answer::Rows { job, file: 0, from: 0, rows: Vec::new() });
        assert!(matches!(answers.try_recv(), Ok(Some(Ok(Answer::Rows { .. })))));
    }

    #[test]
    fn a_new_worker_joins_again() {
        let mut jobs = after_a_review();
        let _joined = ask(&mut jobs, |job| Ask::Join { job, seen: vec![7] }, Vec::new());
        let job = jobs.take_unsent()[0].ask.job();
        jobs.answer(job, Answer::Joined { job, report: Box::default(), files: Vec::new() });
        jobs.fail_all(&Failure::Cancelled);
        let _answers = ask(&mut jobs, rows, Vec::new());
        let sent = jobs.take_unsent();
        let [review, join, rows] = &sent[..] else { panic!("{} questions", sent.len()) };
        assert!(matches!((&review.ask, &rows.ask), (Ask::Review { .. }, Ask::Rows { .. })));
        assert!(matches!(&join.ask, Ask::Join { seen, .. } if *seen == [7]));
    }

    #[test]
    fn a_review_that_breaks_the_worker_again_is_given_up() {
        let mut jobs = after_a_review();
        jobs.fail_all(&Failure::Cancelled);
        let _lost = ask(&mut jobs, rows, Vec::new());
        assert_eq!(jobs.take_unsent().len(), 2);
        jobs.fail_all(&Failure::Died("again".into()));
        let _answers = ask(&mut jobs, rows, Vec::new());
        assert_eq!(jobs.take_unsent().len(), 1);
    }

    #[test]
    fn the_catalogue_needs_no_review() {
        let mut jobs = after_a_review();
        jobs.fail_all(&Failure::Cancelled);
        let _answers = ask(&mut jobs, |job| Ask::Catalogue { job }, Vec::new());
        assert_eq!(jobs.take_unsent().len(), 1);
        assert!(!jobs.is_reviewing());
    }
}
