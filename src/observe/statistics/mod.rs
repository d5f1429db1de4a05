//! What servers and load tests count by themselves: sums over a time, from tables that clients print.

mod digests;
mod locust;
mod redis;
mod relations;
mod statements;

pub(super) use digests::FORMAT as DIGESTS;
pub(super) use locust::FORMAT as LOCUST;
pub(super) use redis::FORMAT as REDIS;
pub(super) use relations::{INDEXES, TABLES};
pub(super) use statements::FORMAT as STATEMENTS;

use super::{Score, Sink, table};

/// Whether a table with these columns starts the text; each column is a choice of names.
fn sniff_columns(head: &str, wide: &str, wanted: &[&[&str]], view: &str) -> Score {
    let first = wanted.first().and_then(|names| names.first()).copied().unwrap_or_default();
    // Most inputs are no tables: a word that must be there is looked for before the columns are.
    if !head.to_ascii_lowercase().contains(first) {
        return Score::no(format!("no column {first} of {view}"));
    }
    let names = table::columns(head, wide);
    let missing = wanted.iter().find(|choice| !choice.iter().any(|name| names.iter().any(|known| known == name)));
    match missing {
        None => Score::new(96, format!("the columns of {view}")),
        Some(choice) => Score::no(format!("no column {} of {view}", choice.join(" or "))),
    }
}

/// Ends a reading: an error where no row was of use.
fn told(read: u64, odd: u64, first_odd: Option<u32>, expected: &str, sink: &mut dyn Sink) {
    if read == 0 {
        sink.error(Some(first_odd.unwrap_or(1)), format!("expected {expected}"));
    } else if let Some(line) = first_odd {
        let rows = if odd == 1 { "1 row is" } else { &format!("{odd} rows are") };
        sink.note(format!("{rows} not whole and left out, the first on line {line}"));
    }
}
