//! Where the statements of one request stand in the waterfall: a lane for each, and one for each cluster of equal ones.

mod axis;

pub use axis::{Break, Scale, Tick};

use std::collections::HashMap;

use crate::protocol::Bar;
use axis::Axis;

/// Lanes beyond these are counted, not drawn.
const MOST_LANES: usize = 400;
/// Segments of one lane that stand nearer to each other than this share of the width are drawn as one.
const NEAR: f64 = 1.0 / 500.0;
/// The least share of the width that a statement has, so that it can be seen.
const LEAST: f64 = 1.0 / 250.0;

/// Positions are shares of the width, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    pub scale: Scale,
    pub lanes: Vec<Lane>,
    /// Lanes that are too many to draw.
    pub hidden: usize,
    pub ticks: Vec<Tick>,
    pub breaks: Vec<Break>,
    pub statements: u64,
    /// Of all statements together; none without durations.
    pub busy_ms: Option<f64>,
    /// From the first start to the last end; none without start times.
    pub span_ms: Option<f64>,
}

/// One statement, or all of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    pub fingerprint: String,
    pub sql: String,
    /// Index of the finding that the cluster is of.
    pub finding: Option<u32>,
    /// Statements that the lane stands for.
    pub count: u64,
    /// After the request's first start; none without start times.
    pub start_ms: Option<f64>,
    /// Of all of them; none where one has no duration.
    pub total_ms: Option<f64>,
    pub in_transaction: bool,
    pub segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    pub from: f64,
    pub to: f64,
}

impl Waterfall {
    /// `bars` in the order in which they were sent. Statements of one finding and shape share a lane, wherever they
    /// stand; others do when they follow each other.
    pub fn new(bars: &[Bar]) -> Self {
        let axis = Axis::new(bars);
        let mut lanes: Vec<Lane> = Vec::new();
        let mut of_cluster: HashMap<(u32, &str), usize> = HashMap::new();
        for (at, bar) in bars.iter().enumerate() {
            let segment = axis.segment(at);
            let start_ms = axis.start_ms(at);
            let known = match bar.finding {
                Some(finding) => of_cluster.get(&(finding, bar.fingerprint.as_str())).copied(),
                None => lanes.len().checked_sub(1).filter(|last| {
                    lanes.get(*last).is_some_and(|lane| lane.finding.is_none() && lane.fingerprint == bar.fingerprint)
                }),
            };
            match known.and_then(|lane| lanes.get_mut(lane)) {
                Some(lane) => lane.take(bar, segment),
                None => {
                    if let Some(finding) = bar.finding {
                        of_cluster.insert((finding, &bar.fingerprint), lanes.len());
                    }
                    lanes.push(Lane {
                        fingerprint: bar.fingerprint.clone(),
                        sql: bar.sql.clone(),
                        finding: bar.finding,
                        count: bar.count.max(1),
                        start_ms,
                        total_ms: bar.duration_ms,
                        in_transaction: bar.in_transaction,
                        segments: vec![segment],
                    });
                }
            }
        }
        let hidden = lanes.len().saturating_sub(MOST_LANES);
        lanes.truncate(MOST_LANES);
        for lane in &mut lanes {
            lane.join_near();
        }
        Self {
            scale: axis.scale,
            lanes,
            hidden,
            statements: bars.iter().map(|bar| bar.count.max(1)).sum(),
            busy_ms: axis.busy_ms,
            span_ms: axis.span_ms,
            ticks: axis.ticks(),
            breaks: axis.breaks(),
        }
    }
}

impl Lane {
    fn take(&mut self, bar: &Bar, segment: Segment) {
        self.count += bar.count.max(1);
        self.in_transaction &= bar.in_transaction;
        self.total_ms = self.total_ms.zip(bar.duration_ms).map(|(sum, more)| sum + more);
        self.segments.push(segment);
    }

    fn join_near(&mut self) {
        self.segments.sort_by(|a, b| a.from.total_cmp(&b.from));
        let mut joined: Vec<Segment> = Vec::new();
        for segment in self.segments.drain(..) {
            match joined.last_mut() {
                Some(last) if segment.from - last.to < NEAR => last.to = last.to.max(segment.to),
                _ => joined.push(segment),
            }
        }
        for segment in &mut joined {
            segment.from = segment.from.clamp(0.0, 1.0 - LEAST);
            segment.to = segment.to.clamp(segment.from + LEAST, 1.0);
        }
        self.segments = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(fingerprint: &str, start: Option<f64>, duration: Option<f64>, finding: Option<u32>) -> Bar {
        Bar {
            fingerprint: fingerprint.into(),
            sql: String::new(),
            start_ms: start,
            end_ms: None,
            duration_ms: duration,
            count: 1,
            in_transaction: false,
            finding,
        }
    }

    fn segments(lane: &Lane) -> Vec<(f64, f64)> {
        lane.segments.iter().map(|segment| (segment.from, segment.to)).collect()
    }

    #[test]
    fn a_cluster_is_one_lane_with_a_mark_for_each_statement() {
        let mut bars = vec![bar("topics", Some(10.0), Some(10.0), None)];
        for turn in 0..4 {
            let start = 20.0 + 20.0 * f64::from(turn);
            bars.push(bar("forum", Some(start), Some(5.0), Some(0)));
            bars.push(bar("poster", Some(start + 10.0), Some(5.0), Some(1)));
        }
        let drawn = Waterfall::new(&bars);
        assert_eq!(drawn.scale, Scale::Clock);
        let shown: Vec<_> = drawn.lanes.iter().map(|lane| (&*lane.fingerprint, lane.count, lane.finding)).collect();
        assert_eq!(shown, [("topics", 1, None), ("forum", 4, Some(0)), ("poster", 4, Some(1))]);
        assert_eq!(drawn.lanes[1].total_ms, Some(20.0));
        assert_eq!(drawn.lanes[1].start_ms, Some(10.0));
        assert_eq!(drawn.lanes[1].segments.len(), 4);
        // From 10 to 95 ms: 85 ms wide.
        let (from, to) = segments(&drawn.lanes[0])[0];
        assert!(from == 0.0 && (to - 10.0 / 85.0).abs() < 1e-9, "{from} {to}");
        assert_eq!((drawn.statements, drawn.span_ms, drawn.busy_ms), (9, Some(85.0), Some(50.0)));
    }

    #[test]
    fn equal_statements_that_follow_each_other_share_a_lane_without_a_finding() {
        let bars = ["a", "a", "b", "a"].map(|shape| bar(shape, None, Some(1.0), None));
        let drawn = Waterfall::new(&bars);
        let shown: Vec<_> = drawn.lanes.iter().map(|lane| (&*lane.fingerprint, lane.count)).collect();
        assert_eq!(shown, [("a", 2), ("b", 1), ("a", 1)]);
    }

    #[test]
    fn a_folded_bar_counts_for_all_that_it_stands_for() {
        let folded = Bar { count: 48, ..bar("forum", None, None, Some(2)) };
        let drawn = Waterfall::new(&[bar("topics", None, None, None), folded]);
        assert_eq!((drawn.statements, drawn.lanes[1].count), (49, 48));
        assert_eq!(drawn.scale, Scale::Order);
        assert_eq!(segments(&drawn.lanes[1]), [(1.0 / 49.0, 1.0)]);
    }

    #[test]
    fn without_start_times_statements_stand_one_after_the_other() {
        let bars = [bar("a", None, Some(30.0), None), bar("b", None, None, None), bar("c", None, Some(10.0), None)];
        let drawn = Waterfall::new(&bars);
        assert_eq!(drawn.scale, Scale::Durations);
        assert_eq!(segments(&drawn.lanes[0]), [(0.0, 0.75)]);
        assert_eq!(segments(&drawn.lanes[1]), [(0.75, 0.75 + LEAST)]);
        assert_eq!(segments(&drawn.lanes[2]), [(0.75, 1.0)]);
        assert_eq!((drawn.span_ms, drawn.busy_ms), (None, Some(40.0)));
        assert_eq!(drawn.lanes[0].start_ms, None);
    }

    #[test]
    fn nothing_and_too_much_are_drawn_too() {
        assert!(Waterfall::new(&[]).lanes.is_empty());
        let names: Vec<String> = (0..1000).map(|at| at.to_string()).collect();
        let bars: Vec<Bar> = names.iter().map(|name| bar(name, None, None, None)).collect();
        let drawn = Waterfall::new(&bars);
        assert_eq!((drawn.lanes.len(), drawn.hidden), (MOST_LANES, 600));
        for segment in drawn.lanes.iter().flat_map(|lane| &lane.segments) {
            assert!(segment.from >= 0.0 && segment.to <= 1.0 && segment.to - segment.from >= LEAST * 0.999);
        }
        let odd = [bar("a", Some(f64::NAN), Some(1.0), None), bar("b", Some(1.0), Some(f64::INFINITY), None)];
        assert_eq!(Waterfall::new(&odd).scale, Scale::Durations);
    }
}
