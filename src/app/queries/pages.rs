//! Rows that are asked for page by page as they scroll into sight, and forgotten when the question changes.

use std::collections::BTreeMap;
use std::ops::Range;

/// Rows of one question to the engine.
pub const PAGE: u32 = 100;
/// Pages that are kept; the ones farthest from what is looked at go first.
const KEPT: usize = 12;

/// The rows that a window of `height` shows when it is scrolled by `top`, and `around` more on both sides. All lengths
/// in one unit.
pub fn in_sight(top: f64, height: f64, row: f64, total: u32, around: u32) -> Range<u32> {
    if row <= 0.0 {
        return 0..0;
    }
    let first = (top.max(0.0) / row) as u32;
    let count = (height.max(0.0) / row).ceil() as u32 + 1;
    first.saturating_sub(around).min(total)..first.saturating_add(count).saturating_add(around).min(total)
}

/// Answers to one question. A new question has a new number, by which late answers to an old one are told.
#[derive(Debug, Clone)]
pub struct Pages<T> {
    question: u32,
    total: Option<u32>,
    pages: BTreeMap<u32, Page<T>>,
}

#[derive(Debug, Clone)]
enum Page<T> {
    Asked,
    Here(Vec<T>),
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { question: 0, total: None, pages: BTreeMap::new() }
    }
}

impl<T> Pages<T> {
    /// Forgets all rows; how many there are stays known until the first answer, so that nothing jumps.
    pub fn ask_anew(&mut self) {
        self.question = self.question.wrapping_add(1);
        self.pages.clear();
    }

    pub fn question(&self) -> u32 {
        self.question
    }

    /// Rows in all; none before the first answer.
    pub fn total(&self) -> Option<u32> {
        self.total
    }

    pub fn get(&self, row: u32) -> Option<&T> {
        match self.pages.get(&(row / PAGE))? {
            Page::Asked => None,
            Page::Here(rows) => rows.get((row % PAGE) as usize),
        }
    }

    /// The first row that is here and for which `wanted` is true.
    pub fn position(&self, wanted: impl Fn(&T) -> bool) -> Option<u32> {
        self.pages.iter().find_map(|(page, rows)| match rows {
            Page::Asked => None,
            Page::Here(rows) => rows.iter().position(&wanted).map(|row| page * PAGE + row as u32),
        })
    }

    /// The first page that `rows` needs and nobody has asked for, as rows to ask for; it is then taken as asked for.
    /// Before the first answer, the first page.
    pub fn next_to_ask(&mut self, rows: Range<u32>) -> Option<Range<u32>> {
        let pages = if rows.is_empty() { 0..1 } else { rows.start / PAGE..rows.end.div_ceil(PAGE) };
        let page = pages.into_iter().find(|page| !self.pages.contains_key(page))?;
        self.pages.insert(page, Page::Asked);
        Some(page * PAGE..(page + 1).saturating_mul(PAGE))
    }

    /// Takes an answer in, unless it is to an older question. `from` is the first row that was asked for.
    pub fn answered(&mut self, question: u32, from: u32, total: u32, rows: Vec<T>) {
        if question != self.question {
            return;
        }
        self.total = Some(total);
        let page = from / PAGE;
        self.pages.insert(page, Page::Here(rows));
        while self.pages.len() > KEPT {
            let ends = self.pages.first_key_value().zip(self.pages.last_key_value());
            let Some(((first, _), (last, _))) = ends else { break };
            let farthest = if page.abs_diff(*first) > page.abs_diff(*last) { *first } else { *last };
            self.pages.remove(&farthest);
        }
    }

    /// The page can be asked for again.
    pub fn failed(&mut self, question: u32, from: u32) {
        if question == self.question {
            self.pages.remove(&(from / PAGE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sight_has_some_rows_around_it() {
        assert_eq!(in_sight(0.0, 400.0, 40.0, 1000, 5), 0..16);
        assert_eq!(in_sight(4000.0, 400.0, 40.0, 1000, 5), 95..116);
        assert_eq!(in_sight(40_000.0, 400.0, 40.0, 1000, 5), 995..1000);
        assert_eq!(in_sight(-30.0, 400.0, 40.0, 3, 5), 0..3);
        assert_eq!(in_sight(0.0, 400.0, 40.0, 0, 5), 0..0);
        assert_eq!(in_sight(1.0e300, 400.0, 40.0, 7, 5), 7..7);
        assert_eq!(in_sight(0.0, 400.0, 0.0, 7, 5), 0..0);
    }

    #[test]
    fn each_page_is_asked_for_once() {
        let mut pages = Pages::<u32>::default();
        assert_eq!(pages.next_to_ask(0..0), Some(0..100));
        assert_eq!(pages.next_to_ask(0..0), None);
        pages.answered(0, 0, 250, (0..100).collect());
        assert_eq!((pages.total(), pages.get(99), pages.get(100)), (Some(250), Some(&99), None));
        assert_eq!(pages.next_to_ask(90..120), Some(100..200));
        assert_eq!(pages.next_to_ask(90..120), None);
        pages.failed(0, 100);
        assert_eq!(pages.next_to_ask(90..120), Some(100..200));
        pages.answered(0, 100, 250, (100..200).collect());
        assert_eq!((pages.position(|row| *row == 142), pages.position(|row| *row == 242)), (Some(142), None));
    }

    #[test]
    fn a_late_answer_to_an_old_question_is_nothing() {
        let mut pages = Pages::<u32>::default();
        pages.next_to_ask(0..0);
        let old = pages.question();
        pages.answered(old, 0, 7, (0..7).collect());
        pages.ask_anew();
        assert_eq!((pages.total(), pages.get(0)), (Some(7), None));
        pages.answered(old, 0, 9, (0..9).collect());
        assert_eq!((pages.total(), pages.get(0)), (Some(7), None));
        assert_eq!(pages.next_to_ask(0..7), Some(0..100));
        pages.failed(old, 0);
        assert_eq!(pages.next_to_ask(0..7), None);
    }

    #[test]
    fn pages_far_away_are_let_go() {
        let mut pages = Pages::<u32>::default();
        for page in 0..40 {
            let from = page * PAGE;
            assert_eq!(pages.next_to_ask(from..from + 1), Some(from..from + PAGE));
            pages.answered(0, from, 4000, (from..from + PAGE).collect());
        }
        assert_eq!((pages.pages.len(), pages.get(3999), pages.get(0)), (KEPT, Some(&3999), None));
        assert_eq!(pages.next_to_ask(0..1), Some(0..100));
    }
}
