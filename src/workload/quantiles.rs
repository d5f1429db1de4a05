//! Quantiles of many numbers in little room: exact for few, then the log-linear buckets of HdrHistogram.
//!
//! A bucket is a 64th of a power of two wide, and its middle stands for what is in it: a quantile is off by at most
//! 1/128 (0.8 %). Merging adds counts, so it loses nothing. <https://hdrhistogram.org>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// So many numbers are kept as they are.
const FEW: u64 = 64;
/// Buckets per power of two, as a power of two.
const PRECISION: u32 = 6;

/// Of whole numbers: microseconds, statements.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Quantiles {
    count: u64,
    sum: u64,
    least: u64,
    most: u64,
    /// Sorted; empty once there are more than [`FEW`] numbers.
    few: Vec<u64>,
    /// How many stand in each bucket; empty until then.
    buckets: BTreeMap<u32, u64>,
    /// Of `count`, those of which only the sum is known: there are no quantiles then.
    #[serde(default)]
    summed: u64,
}

impl Quantiles {
    pub fn add(&mut self, number: u64) {
        self.add_equal(number, 1);
    }

    /// Adds `times` numbers that are `sum` together, as if they were equal.
    pub fn add_equal(&mut self, sum: u64, times: u64) {
        let Some(number) = sum.checked_div(times) else { return };
        self.widen(number, number, times, sum);
        if self.is_few() {
            let at = self.few.partition_point(|known| *known <= number);
            self.few.splice(at..at, (0..times).map(|_| number));
        } else {
            *self.buckets.entry(bucket(number)).or_insert(0) += times;
        }
    }

    /// Adds `count` numbers of which only their sum is known, and perhaps the greatest.
    pub fn add_summed(&mut self, count: u64, sum: u64, most: Option<u64>) {
        self.summed += count;
        self.widen(0, most.unwrap_or(0), count, sum);
    }

    pub fn merge(&mut self, other: &Quantiles) {
        if other.count == 0 {
            return;
        }
        self.summed += other.summed;
        self.widen(other.least, other.most, other.count, other.sum);
        if self.is_few() {
            self.few.extend(&other.few);
            self.few.sort_unstable();
        } else {
            for (bucket, count) in other.bucketed() {
                *self.buckets.entry(bucket).or_insert(0) += count;
            }
        }
    }

    fn widen(&mut self, least: u64, most: u64, count: u64, sum: u64) {
        self.least = if self.count == 0 { least } else { self.least.min(least) };
        self.most = self.most.max(most);
        self.count += count;
        self.sum = self.sum.saturating_add(sum);
        if !self.is_few() && !self.few.is_empty() {
            self.buckets = self.bucketed();
            self.few.clear();
        }
    }

    fn is_few(&self) -> bool {
        self.count.saturating_sub(self.summed) <= FEW
    }

    /// All of them in buckets.
    fn bucketed(&self) -> BTreeMap<u32, u64> {
        let mut buckets = self.buckets.clone();
        for number in &self.few {
            *buckets.entry(bucket(*number)).or_insert(0) += 1;
        }
        buckets
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// `None` where there are no numbers; the same of all that follow.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    pub fn most(&self) -> Option<u64> {
        (self.count > 0 && (self.summed == 0 || self.most > 0)).then_some(self.most)
    }

    /// The number that so many of a hundred are not above, by nearest rank; `None` where some are known by their sum
    /// only.
    pub fn percentile(&self, percent: u32) -> Option<u64> {
        if self.summed > 0 {
            return None;
        }
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let rank = u64::try_from(rank).ok()?.clamp(1, self.count.max(1));
        if self.is_few() {
            return self.few.get(usize::try_from(rank - 1).ok()?).copied();
        }
        let mut below = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map(|(bucket, _)| middle(*bucket).clamp(self.least, self.most))
    }

    /// At most `most` neighbouring ranges of equal ratio from the least number to the greatest: the lower bound of
    /// each, and how many numbers are in it.
    pub fn histogram(&self, most: u32) -> Vec<(u64, u64)> {
        let buckets = self.bucketed();
        let (Some(first), Some(last)) = (buckets.keys().next().copied(), buckets.keys().next_back().copied()) else {
            return Vec::new();
        };
        let width = (last - first + 1).div_ceil(most.max(1)).max(1);
        let mut out: Vec<(u64, u64)> =
            (first..=last).step_by(width as usize).map(|bucket| (lower(bucket), 0)).collect();
        for (bucket, count) in buckets {
            if let Some((_, sum)) = out.get_mut(((bucket - first) / width) as usize) {
                *sum += count;
            }
        }
        out
    }
}

/// Numbers below 128 have their own bucket.
fn bucket(number: u64) -> u32 {
    let bits = u64::BITS - number.leading_zeros();
    let shift = bits.saturating_sub(PRECISION + 1);
    (shift << PRECISION) + (number >> shift) as u32
}

/// The least number of a bucket.
fn lower(bucket: u32) -> u64 {
    let shift = shift(bucket);
    u64::from(bucket - (shift << PRECISION)) << shift
}

fn middle(bucket: u32) -> u64 {
    lower(bucket) + (1u64 << shift(bucket)) / 2
}

fn shift(bucket: u32) -> u32 {
    (bucket >> PRECISION).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let is_in = |number: u64| lower(bucket(number)) <= number && number - lower(bucket(number)) <= number / 64;
        for number in 1..5_000 {
            let step = bucket(number) - bucket(number - 1);
            assert!(is_in(number) && step <= 1, "{number}");
        }
        assert!((0..57).flat_map(|bit| [127 << bit, (128 << bit) - 1, 128 << bit]).all(is_in));
        assert!(is_in(u64::MAX));
    }

    #[test]
    fn few_are_exact_and_many_nearly_so() {
        let mut few = Quantiles::default();
        [31, 7, 1_000_003].iter().for_each(|n| few.add(*n));
        assert_eq!((few.percentile(50), few.percentile(95), few.most()), (Some(31), Some(1_000_003), Some(1_000_003)));
        let mut many = Quantiles::default();
        (1..=100_000).for_each(|n| many.add(n * 13));
        for percent in [1, 50, 95, 99, 100] {
            let (got, real) = (many.percentile(percent).unwrap() as f64, f64::from(percent) * 13_000.0);
            assert!((got - real).abs() <= real / 128.0, "{percent}: {got} {real}");
        }
        assert_eq!((many.sum(), many.mean()), (13 * 5_000_050_000, Some(13.0 * 50_000.5)));
        assert_eq!(Quantiles::default().percentile(50), None);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let numbers: Vec<u64> = (0..300u64).map(|n| n * n * 7919 % 100_003).collect();
        for cut in [0, 1, 30, 64, 65, 200, 300] {
            for end in [cut, 100, 300] {
                let of = |range: &[u64]| {
                    let mut all = Quantiles::default();
                    range.iter().for_each(|n| all.add(*n));
                    all
                };
                let end = end.max(cut);
                let mut merged = of(&numbers[..cut]);
                merged.merge(&of(&numbers[cut..end]));
                assert_eq!(merged, of(&numbers[..end]), "{cut} {end}");
            }
        }
    }

    #[test]
    fn a_histogram_has_no_more_ranges_than_asked_for() {
        let mut times = Quantiles::default();
        (0..10_000u64).for_each(|n| times.add(n * n));
        let histogram = times.histogram(64);
        assert!(histogram.len() <= 64 && histogram.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(histogram.iter().map(|(_, count)| count).sum::<u64>(), 10_000);
        assert_eq!(Quantiles::default().histogram(64), []);
    }

    #[test]
    fn sums_have_no_quantiles() {
        let mut times = Quantiles::default();
        (0..100).for_each(|n| times.add(n));
        times.add_summed(1_000, 5_000, Some(700));
        assert_eq!((times.count(), times.sum(), times.most(), times.percentile(95)), (1_100, 9_950, Some(700), None));
        assert_eq!(times.histogram(64).iter().map(|(_, count)| count).sum::<u64>(), 100);
        let mut merged = Quantiles::default();
        merged.add_summed(1_000, 5_000, None);
        assert_eq!(merged.most(), None);
        merged.merge(&times);
        assert_eq!((merged.count(), merged.percentile(50)), (2_100, None));
    }

    #[test]
    fn several_at_once_share_their_sum() {
        let mut times = Quantiles::default();
        times.add_equal(1000, 3);
        times.add_equal(5, 0);
        assert_eq!((times.count(), times.sum(), times.percentile(50)), (3, 1000, Some(333)));
    }
}
