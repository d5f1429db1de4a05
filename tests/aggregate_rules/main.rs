//! The rules about counts and sums, from source text: what is flagged where, and what stays silent.

#[path = "../support/cases.rs"]
mod cases;
mod counts;
mod folds;
mod groups;
mod harness;
mod joins;
mod none;
