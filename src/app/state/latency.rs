//! What one round trip to the database is taken to cost, remembered by the browser.

use leptos::prelude::*;

use super::storage;

const KEY: &str = "roundtrip.latency";

/// Milliseconds: a database in the same data centre.
const USUAL: f64 = 1.0;
/// Beyond, nobody would put a database there.
const MOST: f64 = 1_000.0;

pub fn signal() -> RwSignal<f64> {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    let latency = RwSignal::new(stored.as_deref().and_then(read).unwrap_or(USUAL));
    Effect::new(move |_| {
        let text = latency.get().to_string();
        let _ = storage().map(|storage| storage.set_item(KEY, &text));
    });
    latency
}

/// A latency as it is typed; none where it is no number of milliseconds.
pub fn read(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|latency| (0.0..=MOST).contains(latency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sensible_latencies_are_taken() {
        assert_eq!(read(" 0.4 "), Some(0.4));
        assert_eq!([read("-1"), read("NaN"), read("1e9"), read("")], [None; 4]);
    }
}
