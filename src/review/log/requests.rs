//! The requests of a log, each with its statements for a waterfall, as far as they are kept.

use rustc_hash::FxHashMap;

use crate::trace::Fingerprint;
use crate::workload::Finished;

/// Requests that are listed: of more, those with the most statements.
const MOST_REQUESTS: usize = 5_000;
/// Bars of one request; what comes after them is one bar per shape.
const MOST_BARS: usize = 2_000;
/// Bars of all requests. Beyond it, requests with fewer statements lose theirs.
const MOST_KEPT: usize = 400_000;

/// One statement of a request, with the slot of its finding.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub fingerprint: Fingerprint,
    pub start_us: Option<u64>,
    pub duration_us: Option<u64>,
    pub in_transaction: bool,
    pub finding: Option<usize>,
}

/// One statement, or several that a loop sends. Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub fingerprint: Fingerprint,
    /// Of the first one, since the request's start.
    pub start_us: Option<u64>,
    /// Of the last one, since the request's start.
    pub end_us: Option<u64>,
    /// Of all together.
    pub duration_us: Option<u64>,
    pub count: u64,
    /// All of them.
    pub in_transaction: bool,
    /// Index into the report's findings.
    pub finding: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub id: String,
    pub name: String,
    pub finished: Finished,
    /// `None` where they are not kept.
    pub bars: Option<Vec<Bar>>,
}

/// The bars of a request that goes on.
#[derive(Debug)]
pub struct Waterfall {
    id: String,
    bars: Vec<Bar>,
    /// The bar that holds a loop's statements, or what is beyond [`MOST_BARS`].
    folded: FxHashMap<(Fingerprint, Option<usize>), usize>,
}

impl Waterfall {
    pub fn new(id: String) -> Self {
        Self { id, bars: Vec::new(), folded: FxHashMap::default() }
    }

    /// `folds`: it is one of a loop's.
    pub fn push(&mut self, sent: Sent, folds: bool) {
        let Sent { fingerprint, start_us, duration_us, in_transaction, finding } = sent;
        let key = (fingerprint, finding);
        let end_us = start_us.map(|start| start.saturating_add(duration_us.unwrap_or(0)));
        if folds || self.bars.len() >= MOST_BARS {
            if let Some(bar) = self.folded.get(&key).and_then(|at| self.bars.get_mut(*at)) {
                bar.count += 1;
                bar.in_transaction &= in_transaction;
                bar.end_us = bar.end_us.max(end_us);
                bar.duration_us = bar.duration_us.zip(duration_us).map(|(sum, took)| sum.saturating_add(took));
                return;
            }
            self.folded.insert(key, self.bars.len());
        }
        self.bars.push(Bar { fingerprint, start_us, end_us, duration_us, count: 1, in_transaction, finding });
    }
}

#[derive(Debug, Default)]
pub struct Requests {
    /// With the number that a request had in the log.
    listed: Vec<(u64, Listed)>,
    seen: u64,
    bars: usize,
}

impl Requests {
    pub fn add(&mut self, waterfall: Waterfall, name: String, finished: Finished) {
        self.bars += waterfall.bars.len();
        self.listed.push((self.seen, Listed { id: waterfall.id, name, finished, bars: Some(waterfall.bars) }));
        self.seen += 1;
        if self.listed.len() >= 2 * MOST_REQUESTS || self.bars >= MOST_KEPT {
            self.prune();
        }
    }

    /// Keeps those with the most statements, and half of the bars that may be kept.
    fn prune(&mut self) {
        self.listed.sort_by_key(|(number, listed)| (std::cmp::Reverse(listed.finished.statements), *number));
        self.listed.truncate(MOST_REQUESTS);
        self.bars = 0;
        for (_, listed) in &mut self.listed {
            let own = listed.bars.as_ref().map_or(0, Vec::len);
            if self.bars + own > MOST_KEPT / 2 {
                listed.bars = None;
            } else {
                self.bars += own;
            }
        }
    }

    pub fn note(&self) -> Option<String> {
        let listed = self.listed.len().min(MOST_REQUESTS);
        (self.seen > listed as u64)
            .then(|| format!("of {} requests, the {listed} with the most statements are listed", self.seen))
    }

    /// In the order of the log. `places`: the index of a slot's finding in the report, where it is shown.
    pub fn finish(mut self, places: &[Option<usize>]) -> Vec<Listed> {
        if self.listed.len() > MOST_REQUESTS {
            self.prune();
        }
        self.listed.sort_by_key(|(number, _)| *number);
        let mut listed: Vec<Listed> = self.listed.into_iter().map(|(_, listed)| listed).collect();
        for bar in listed.iter_mut().flat_map(|listed| listed.bars.iter_mut().flatten()) {
            bar.finding = bar.finding.and_then(|slot| places.get(slot).copied().flatten());
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(shape: u64, finding: Option<usize>) -> Sent {
        Sent { fingerprint: Fingerprint(shape), start_us: None, duration_us: Some(5), in_transaction: false, finding }
    }

    fn finished(statements: u64) -> Finished {
        Finished { statements, time_us: None, duplicates: 0 }
    }

    #[test]
    fn a_loop_is_one_bar_where_it_starts() {
        let mut waterfall = Waterfall::new("1".into());
        for n in 0..6 {
            waterfall.push(sent(n % 2, (n % 2 == 0).then_some(0)), n % 2 == 0);
        }
        let shown: Vec<(u64, u64, Option<u64>)> =
            waterfall.bars.iter().map(|bar| (bar.fingerprint.0, bar.count, bar.duration_us)).collect();
        assert_eq!(shown, [(0, 3, Some(15)), (1, 1, Some(5)), (1, 1, Some(5)), (1, 1, Some(5))]);
    }

    #[test]
    fn the_bar_of_a_loop_reaches_from_its_first_statement_to_the_end_of_its_last() {
        let mut waterfall = Waterfall::new("1".into());
        for n in 0..4 {
            waterfall.push(Sent { start_us: Some(100 + 40 * n), ..sent(n % 2, Some(0)) }, true);
        }
        let reach: Vec<_> = waterfall.bars.iter().map(|bar| (bar.start_us, bar.end_us, bar.duration_us)).collect();
        assert_eq!(reach, [(Some(100), Some(185), Some(10)), (Some(140), Some(225), Some(10))]);
    }

    #[test]
    fn no_statement_of_a_long_request_is_lost() {
        let mut waterfall = Waterfall::new("1".into());
        (0..10_000).for_each(|n| waterfall.push(sent(n % 3, None), false));
        assert!(waterfall.bars.len() <= MOST_BARS + 3);
        assert_eq!(waterfall.bars.iter().map(|bar| bar.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn of_many_requests_the_heaviest_are_listed_in_their_order() {
        let mut requests = Requests::default();
        for n in 0..25_000u64 {
            let mut waterfall = Waterfall::new(n.to_string());
            (0..n % 40).for_each(|shape| waterfall.push(sent(shape, Some(0)), false));
            requests.add(waterfall, format!("GET /{n}/"), finished(n % 40));
        }
        assert!(requests.bars < MOST_KEPT);
        assert!(requests.note().unwrap().contains("of 25000 requests, the 5000"));
        let listed = requests.finish(&[Some(7)]);
        assert_eq!(listed.len(), MOST_REQUESTS);
        assert!(listed.iter().all(|listed| listed.finished.statements >= 30));
        assert!(listed.windows(2).all(|pair| pair[0].id.parse::<u64>().unwrap() < pair[1].id.parse().unwrap()));
        let bars = listed.iter().find_map(|listed| listed.bars.as_ref()).unwrap();
        assert_eq!(bars[0].finding, Some(7));
    }
}
