//! Locust's `*_stats.csv`: requests of a load test by method and name, with their percentiles in milliseconds.
//!
//! Seen: Locust 2.47. <https://docs.locust.io/en/stable/retrieving-stats.html>
//!
//! Gaps: Locust rounds percentiles of more than 100 ms to two digits; it sees no queries.

use std::io;

use super::super::json::micros;
use super::super::table::rows;
use super::super::{Format, Input, Score, Sink};
use super::{sniff_columns, told};
use crate::trace::{EndpointUse, Statistic};

pub(in crate::observe) const FORMAT: Format = Format {
    id: "locust-stats",
    description: "Locust: the *_stats.csv of a load test",
    endings: &["csv"],
    sniff,
    read,
};

fn sniff(_: &str, head: &str) -> Score {
    sniff_columns(
        head,
        "",
        &[&["request count", "# requests"], &["type", "method"], &["name"], &["95%"]],
        "Locust's statistics",
    )
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let (mut read, mut odd, mut failed, mut first_odd) = (0, 0, 0, None);
    rows(input, "", sink, &mut |row, sink| {
        let Some(requests) = row.count("request count").or_else(|| row.count("# requests")) else {
            odd += 1;
            first_odd.get_or_insert(row.line);
            return;
        };
        read += 1;
        // The row of them all has no method.
        let Some((method, name)) = row.text("type").or_else(|| row.text("method")).zip(row.text("name")) else {
            return;
        };
        failed += row.count("failure count").or_else(|| row.count("# failures")).unwrap_or(0);
        let ms = |name: &str| row.number(&[name]).and_then(|ms| micros(ms, 1000.0));
        sink.statistic(Statistic::Endpoint(EndpointUse {
            name: format!("{method} {name}"),
            requests,
            p95_us: ms("95%"),
            p99_us: ms("99%"),
        }));
    })?;
    told(read, odd, first_odd, "rows of Locust's statistics with Type, Name, Request Count and percentiles", sink);
    if read > 0 {
        sink.note("a load test sees no queries: only times are known of its endpoints".to_owned());
    }
    if failed > 0 {
        sink.note(format!("{failed} requests of the load test failed; their times count all the same"));
    }
    Ok(())
}
