//! The rules about races and about rows written one by one, from source text: what is flagged, what must stay silent,
//! and what a rewrite makes of it. A comment `# RT502` at the end of a line is all that is expected there.

mod bulk;
mod bulk_loops;
#[path = "../support/cases.rs"]
mod cases;
mod checks;
mod counters;
mod harness;
mod locks;
mod state;
mod transactions;
mod weight;
