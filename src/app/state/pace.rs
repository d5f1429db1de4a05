//! How far a job is, in words.

use crate::app::widgets::bytes;
use crate::app::worker::Progress;

/// From here on a speed is one.
const SETTLED_MS: f64 = 1_500.0;

/// `reading 42 %`. Of `is_bytes` after `elapsed_ms` also how many, how fast and for how long yet.
pub fn told(progress: &Progress, is_bytes: bool, elapsed_ms: f64) -> String {
    let Progress { phase, done, total } = progress;
    let done = *done.min(total);
    if *total == 0 {
        return format!("{phase} …");
    }
    let share = format!("{phase} {} %", (u128::from(done) * 100).div_euclid(u128::from(*total)));
    if !is_bytes || done == *total || done == 0 {
        return share;
    }
    let of = format!("{share}, {} of {}", bytes(done), bytes(*total));
    if elapsed_ms < SETTLED_MS {
        return of;
    }
    let per_ms = done as f64 / elapsed_ms;
    let left = (total - done) as f64 / per_ms / 1000.0;
    format!("{of}, {} a second, {} left", bytes((per_ms * 1000.0) as u64), time(left.ceil() as u64))
}

/// `40 s`, `3 min 20 s`
fn time(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_speed() {
        let at = |done, is_bytes, ms| {
            told(&Progress { phase: "reading".to_owned(), done, total: 2_000_000_000 }, is_bytes, ms)
        };
        assert_eq!(at(0, true, 5.0), "reading 0 %");
        assert_eq!(at(20_000_000, true, 400.0), "reading 1 %, 20.0 MB of 2.0 GB");
        let told = "reading 25 %, 500.0 MB of 2.0 GB, 50.0 MB a second, 30 s left";
        assert_eq!(at(500_000_000, true, 10_000.0), told);
        assert!(at(100_000_000, true, 10_000.0).ends_with(", 10.0 MB a second, 3 min 10 s left"));
        assert_eq!(at(500_000_000, false, 10_000.0), "reading 25 %");
        assert_eq!(at(2_000_000_000, true, 40_000.0), "reading 100 %");
    }
}
