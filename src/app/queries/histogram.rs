//! The distribution of durations as columns to draw.

/// The columns of `buckets` (lower bound in milliseconds, executions): heights as shares of the highest one. What is
/// there at all has at least `LEAST`.
pub fn heights(buckets: &[(f64, u64)]) -> Vec<f64> {
    let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let height = |(_, count): &(f64, u64)| if *count == 0 { 0.0 } else { (*count as f64 / most).max(LEAST) };
    buckets.iter().map(height).collect()
}

const LEAST: f64 = 0.04;

/// The bucket that a duration falls into: the last one whose lower bound it reaches.
pub fn bucket(buckets: &[(f64, u64)], ms: f64) -> Option<usize> {
    buckets.iter().rposition(|(from, _)| *from <= ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_slow_one_can_still_be_seen() {
        assert_eq!(heights(&[(0.1, 500), (0.2, 0), (0.4, 1), (0.8, 250)]), [1.0, 0.0, LEAST, 0.5]);
        assert!(heights(&[]).is_empty());
        assert_eq!(heights(&[(0.0, 0)]), [0.0]);
    }

    #[test]
    fn a_duration_has_its_bucket() {
        let buckets = [(0.1, 5), (0.2, 0), (0.4, 1)];
        assert_eq!(bucket(&buckets, 0.2), Some(1));
        assert_eq!(bucket(&buckets, 9.0), Some(2));
        assert_eq!(bucket(&buckets, 0.0), None);
    }
}
