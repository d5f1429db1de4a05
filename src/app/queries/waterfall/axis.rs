//! The time axis of a waterfall: from the times that an input has to positions, with long waits cut short.

use super::Segment;
use crate::protocol::Bar;

/// A wait that is longer than this many times all of the statements is cut: they could not be seen beside it.
const LONGEST_WAIT: f64 = 3.0;
/// How wide a cut wait is drawn, in times of all of the statements.
const CUT_WAIT: f64 = 0.15;

/// What positions mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// When each statement started.
    Clock,
    /// How long each took, one after the other: the input has no start times.
    Durations,
    /// The order alone: the input has no times.
    Order,
}

/// A label of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub ms: f64,
}

/// A wait that is not drawn to scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Break {
    pub from: f64,
    pub to: f64,
    pub ms: f64,
}

pub struct Axis {
    pub scale: Scale,
    pub busy_ms: Option<f64>,
    pub span_ms: Option<f64>,
    /// Start and end of each bar, from 0.
    bars: Vec<(f64, f64)>,
    /// Waits that are cut, in order: start, end.
    cuts: Vec<(f64, f64)>,
    /// What a cut wait is drawn as.
    cut: f64,
    /// The drawn width, never 0.
    width: f64,
}

impl Axis {
    pub fn new(bars: &[Bar]) -> Self {
        let duration = |bar: &Bar| bar.duration_ms.filter(|ms| ms.is_finite() && *ms > 0.0).unwrap_or(0.0);
        let sum: f64 = bars.iter().map(duration).sum();
        let starts: Option<Vec<f64>> = bars.iter().map(|bar| bar.start_ms.filter(|ms| ms.is_finite())).collect();
        if let Some(starts) = starts {
            let first = starts.iter().copied().fold(f64::INFINITY, f64::min);
            let end = |bar: &Bar, start: f64| {
                bar.end_ms.filter(|ms| ms.is_finite()).unwrap_or(0.0).max(start + duration(bar))
            };
            let placed = bars.iter().zip(&starts).map(|(bar, start)| (start - first, end(bar, *start) - first));
            let axis = Self::clock(placed.collect(), sum);
            if axis.width > 0.0 {
                return axis;
            }
        }
        let (scale, length): (_, &dyn Fn(&Bar) -> f64) = if sum > 0.0 {
            (Scale::Durations, &duration)
        } else {
            (Scale::Order, &|bar: &Bar| bar.count.max(1) as f64)
        };
        let mut end = 0.0;
        let one_after_the_other = |bar| {
            let start = end;
            end += length(bar);
            (start, end)
        };
        let bars: Vec<_> = bars.iter().map(one_after_the_other).collect();
        let busy_ms = (scale == Scale::Durations).then_some(sum);
        Self { scale, busy_ms, span_ms: None, bars, cuts: Vec::new(), cut: 0.0, width: end.max(f64::MIN_POSITIVE) }
    }

    fn clock(bars: Vec<(f64, f64)>, sum: f64) -> Self {
        let mut sorted = bars.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut waits = Vec::new();
        let mut end = 0.0_f64;
        for (start, stop) in sorted {
            if start > end {
                waits.push((end, start));
            }
            end = end.max(stop);
        }
        let busy = end - waits.iter().map(|(from, to)| to - from).sum::<f64>();
        let mut axis = Self {
            scale: Scale::Clock,
            busy_ms: (sum > 0.0).then_some(sum),
            span_ms: Some(end),
            bars,
            cuts: Vec::new(),
            cut: busy * CUT_WAIT,
            width: end,
        };
        // Without durations there is nothing that a wait would hide.
        if sum > 0.0 {
            axis.cuts = waits.into_iter().filter(|(from, to)| to - from > busy * LONGEST_WAIT).collect();
            axis.width = axis.drawn(end);
        }
        axis
    }

    /// Where a time lies when waits are cut.
    fn drawn(&self, ms: f64) -> f64 {
        let left_out = |(from, to): &(f64, f64)| match ms {
            before if before <= *from => 0.0,
            inside if inside < *to => (inside - from) * (1.0 - self.cut / (to - from)),
            _ => to - from - self.cut,
        };
        ms - self.cuts.iter().map(left_out).sum::<f64>()
    }

    fn share(&self, ms: f64) -> f64 {
        (self.drawn(ms) / self.width).clamp(0.0, 1.0)
    }

    pub fn segment(&self, bar: usize) -> Segment {
        let (from, to) = self.bars.get(bar).copied().unwrap_or_default();
        Segment { from: self.share(from), to: self.share(to) }
    }

    pub fn start_ms(&self, bar: usize) -> Option<f64> {
        self.span_ms?;
        self.bars.get(bar).map(|(start, _)| *start)
    }

    pub fn breaks(&self) -> Vec<Break> {
        let to_break = |(from, to): &(f64, f64)| Break { from: self.share(*from), to: self.share(*to), ms: to - from };
        self.cuts.iter().map(to_break).collect()
    }

    /// Three to six round times; none where positions are no times or waits are cut.
    pub fn ticks(&self) -> Vec<Tick> {
        if self.scale == Scale::Order || !self.cuts.is_empty() {
            return Vec::new();
        }
        let step = round_step(self.width);
        let count = (self.width / step) as u32;
        (0..=count).map(|at| f64::from(at) * step).map(|ms| Tick { at: self.share(ms), ms }).collect()
    }
}

/// 1, 2 or 5 times a power of ten, so that three to six of it cover `length`.
fn round_step(length: f64) -> f64 {
    let rough = length / 5.0;
    let mut power = 1.0;
    while power * 10.0 <= rough {
        power *= 10.0;
    }
    while power > rough {
        power /= 10.0;
    }
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= rough).unwrap_or(10.0);
    times * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: f64, duration: f64) -> Bar {
        Bar {
            fingerprint: String::new(),
            sql: String::new(),
            start_ms: Some(start),
            end_ms: None,
            duration_ms: Some(duration),
            count: 1,
            in_transaction: false,
            finding: None,
        }
    }

    #[test]
    fn a_long_wait_is_cut_and_says_how_long_it_was() {
        let axis = Axis::new(&[at(0.0, 10.0), at(3_600_010.0, 10.0)]);
        let [wait] = axis.breaks().try_into().unwrap();
        assert_eq!(wait.ms, 3_600_000.0);
        // 10, then 3 for the wait, then 10.
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(wait.from, 10.0 / 23.0);
        near(wait.to, 13.0 / 23.0);
        near(axis.segment(1).from, 13.0 / 23.0);
        near(axis.segment(1).to, 1.0);
        assert!(axis.ticks().is_empty());
        assert_eq!((axis.busy_ms, axis.span_ms), (Some(20.0), Some(3_600_020.0)));
    }

    #[test]
    fn a_short_wait_is_to_scale() {
        let axis = Axis::new(&[at(100.0, 10.0), at(105.0, 10.0), at(130.0, 10.0)]);
        assert!(axis.breaks().is_empty());
        assert_eq!((axis.busy_ms, axis.span_ms), (Some(30.0), Some(40.0)));
        let labels: Vec<f64> = axis.ticks().iter().map(|tick| tick.ms).collect();
        assert_eq!(labels, [0.0, 10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn a_folded_bar_reaches_over_what_lies_between_its_statements() {
        let folded = Bar { end_ms: Some(80.0), count: 4, ..at(0.0, 20.0) };
        let axis = Axis::new(&[folded, at(90.0, 10.0)]);
        assert_eq!((axis.segment(0).from, axis.segment(0).to), (0.0, 0.8));
        assert_eq!((axis.busy_ms, axis.span_ms), (Some(30.0), Some(100.0)));
    }

    #[test]
    fn start_times_alone_are_a_clock_too() {
        let mut bars = [at(0.0, 0.0), at(50.0, 0.0)];
        for bar in &mut bars {
            bar.duration_ms = None;
        }
        let axis = Axis::new(&bars);
        assert_eq!((axis.scale, axis.busy_ms, axis.span_ms), (Scale::Clock, None, Some(50.0)));
        assert!(axis.breaks().is_empty());
        // All at one moment is no axis.
        assert_eq!(Axis::new(&bars[..1]).scale, Scale::Order);
    }

    #[test]
    fn labels_are_round() {
        for (length, step) in [(100.0, 20.0), (0.7, 0.2), (23.0, 5.0), (1.0e6, 200_000.0)] {
            let found = round_step(length);
            assert!((found / step - 1.0).abs() < 1e-9, "{length}: {found}");
        }
    }
}
