//! What was noted on the way to a point of a run: shared up to where two ways part, so that joining them looks only at
//! what each noted since.

use std::rc::Rc;

#[derive(Debug)]
pub struct Journal<T>(Option<Rc<Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    item: T,
    before: Journal<T>,
    length: usize,
}

impl<T> Journal<T> {
    pub fn note(&mut self, item: T) {
        let before = Journal(self.0.take());
        let length = before.length() + 1;
        self.0 = Some(Rc::new(Entry { item, before, length }));
    }

    pub fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    fn length(&self) -> usize {
        self.0.as_ref().map_or(0, |entry| entry.length)
    }
}

impl<T: Clone> Journal<T> {
    /// What either has noted since they were one; the later first.
    pub fn since_parting(&self, other: &Self) -> (Vec<T>, Vec<T>) {
        let (mut one, mut two) = (self, other);
        let (mut ones, mut twos) = (Vec::new(), Vec::new());
        while !one.is(two) {
            let (longer, items) =
                if one.length() >= two.length() { (&mut one, &mut ones) } else { (&mut two, &mut twos) };
            let Some(entry) = &longer.0 else { break };
            items.push(entry.item.clone());
            *longer = &entry.before;
        }
        (ones, twos)
    }
}

impl<T> Clone for Journal<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// One entry after the other: dropping them inside of each other would be a recursion as deep as the journal is long.
impl<T> Drop for Journal<T> {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(entry) = next {
            next = match Rc::try_unwrap(entry) {
                Ok(mut entry) => entry.before.0.take(),
                Err(_) => None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_after_the_parting_is_given() {
        let mut one = Journal::default();
        one.note('a');
        let mut two = one.clone();
        one.note('b');
        one.note('c');
        two.note('d');
        assert_eq!(one.since_parting(&two), (vec!['c', 'b'], vec!['d']));
        assert_eq!(one.since_parting(&one.clone()), (vec![], vec![]));
        assert_eq!(one.since_parting(&Journal::default()), (vec!['c', 'b', 'a'], vec![]));
    }

    #[test]
    fn a_long_one_is_dropped_without_recursion() {
        let mut journal = Journal::default();
        (0..1_000_000).for_each(|number| journal.note(number));
        drop(journal);
    }
}
