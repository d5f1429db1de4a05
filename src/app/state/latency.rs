//! What one round trip to the database is taken to cost, remembered by the browser.
//!
//! In tenths of a millisecond, a whole number: reading and printing fractions would bring tables of powers into the page.

use leptos::prelude::*;

use super::storage;

const KEY: &str = "roundtrip.latency";

/// A database in the same data centre.
const USUAL: u32 = 10;
/// A second: beyond, nobody would put a database there.
const MOST: u32 = 10_000;

pub fn signal() -> RwSignal<u32> {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    let latency = RwSignal::new(stored.as_deref().and_then(read).unwrap_or(USUAL));
    Effect::new(move |_| {
        let text = tenths(latency.get());
        let _ = storage().map(|storage| storage.set_item(KEY, &text));
    });
    latency
}

/// `12` as `1.2`
pub fn tenths(latency: u32) -> String {
    format!("{}.{}", latency / 10, latency % 10)
}

/// Milliseconds as they are typed, more than one digit after the point cut off; none where it is no such number.
pub fn read(text: &str) -> Option<u32> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let tenth = fraction.chars().next().unwrap_or('0').to_digit(10)?;
    let whole: u32 = whole.parse().ok()?;
    whole.checked_mul(10)?.checked_add(tenth).filter(|latency| *latency <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sensible_latencies_are_taken() {
        assert_eq!(
            [read(" 0.4 "), read("20"), read("1.25"), read("1000")],
            [Some(4), Some(200), Some(12), Some(10_000)]
        );
        assert_eq!([read("-1"), read("NaN"), read("1e9"), read(""), read("1000.1"), read("0.x")], [None; 6]);
        assert_eq!(read(&tenths(12)), Some(12));
    }
}
