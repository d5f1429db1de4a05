//! Rules about the indexes that models and migrations have, from source text: what is flagged where, what stays silent,
//! and what a rewrite makes of it.

#[path = "../support/cases.rs"]
mod cases;
mod migrations;
mod models;
