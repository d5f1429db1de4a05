//! How many different things there were, and some of them: the K smallest hashes of what was seen (a KMV sketch).
//!
//! Up to K it is the exact number; beyond, the density of the smallest hashes tells it, with a standard error of
//! 1/√(K−2): 3.1 % for [`Distinct`]. What is among the K smallest hashes at the end was so from its first sight on,
//! so its count is exact, and merging the parts of a log gives what the whole would.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

const HASHES: usize = 1024;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distinct {
    smallest: BTreeSet<u64>,
    /// Greater ones were seen.
    more: bool,
}

impl Distinct {
    pub fn add(&mut self, hash: u64) {
        if self.smallest.len() >= HASHES && self.smallest.last().is_some_and(|last| hash > *last) {
            self.more = true;
        } else if self.smallest.insert(hash) && self.smallest.len() > HASHES {
            self.smallest.pop_last();
            self.more = true;
        }
    }

    pub fn merge(&mut self, other: &Distinct) {
        self.more |= other.more;
        other.smallest.iter().for_each(|hash| self.add(*hash));
    }

    pub fn count(&self) -> u64 {
        let seen = self.smallest.len() as u64;
        match self.smallest.last() {
            Some(last) if self.more => ((seen - 1) as f64 / (*last as f64 / u64::MAX as f64)).round() as u64,
            _ => seen,
        }
    }
}

/// What is added up for one thing; the greater comes first.
pub trait Tally: Copy + Ord {
    fn add(&mut self, other: Self);
}

impl Tally for u64 {
    fn add(&mut self, other: u64) {
        *self += other;
    }
}

/// At most `K` of the different things, each with how often it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample<T, const K: usize, C = u64> {
    kept: BTreeMap<u64, (T, C)>,
}

impl<T, const K: usize, C> Default for Sample<T, K, C> {
    fn default() -> Self {
        Self { kept: BTreeMap::new() }
    }
}

impl<T: Clone + Ord, const K: usize, C: Tally> Sample<T, K, C> {
    /// `thing` is made only where it is kept.
    pub fn add(&mut self, hash: u64, count: C, thing: impl FnOnce() -> T) {
        if let Some((_, seen)) = self.kept.get_mut(&hash) {
            seen.add(count);
        } else if self.kept.len() < K || self.kept.last_key_value().is_some_and(|(last, _)| hash < *last) {
            self.kept.insert(hash, (thing(), count));
            if self.kept.len() > K {
                self.kept.pop_last();
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (hash, (thing, count)) in &other.kept {
            self.add(*hash, *count, || thing.clone());
        }
    }

    /// The hashes of what is kept, most often seen first.
    pub fn hashes(&self) -> Vec<u64> {
        let mut out: Vec<(u64, &T, C)> =
            self.kept.iter().map(|(hash, (thing, count))| (*hash, thing, *count)).collect();
        out.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(b.1)));
        out.into_iter().map(|(hash, ..)| hash).collect()
    }

    /// Most often seen first.
    pub fn by_count(&self) -> Vec<(&T, C)> {
        let mut out: Vec<(&T, C)> = self.kept.values().map(|(thing, count)| (thing, *count)).collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::of_texts;
    use super::*;

    fn of(range: std::ops::Range<u32>) -> (Distinct, Sample<String, 8>) {
        let (mut distinct, mut sample) = (Distinct::default(), Sample::default());
        for n in range {
            // Every thing twice in a row, and again after 5,000.
            let text = (n / 2 % 5_000).to_string();
            distinct.add(of_texts(&[&text]));
            sample.add(of_texts(&[&text]), 1, || text.clone());
        }
        (distinct, sample)
    }

    #[test]
    fn few_are_counted_exactly_and_many_within_the_error() {
        assert_eq!(of(0..2_000).0.count(), 1_000);
        let many = of(0..10_000).0.count();
        assert!((4_500..5_500).contains(&many), "{many}");
    }

    #[test]
    fn what_is_kept_is_counted_exactly() {
        let (_, sample) = of(0..30_000);
        let kept = sample.by_count();
        assert_eq!(kept.len(), 8);
        assert!(kept.iter().all(|(_, count)| *count == 6), "{kept:?}");
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        for cut in [0, 1, 900, 9_999, 20_000] {
            let (mut distinct, mut sample) = of(0..cut);
            let (later_distinct, later_sample) = of(cut..20_000);
            distinct.merge(&later_distinct);
            sample.merge(&later_sample);
            assert_eq!((distinct, sample), of(0..20_000), "{cut}");
        }
    }
}
