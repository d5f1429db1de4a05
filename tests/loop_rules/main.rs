//! The rules about loops and about fetching too much, from source text: what is flagged, what must stay silent, and what
//! a rewrite makes of it. A comment `# RT101` at the end of a line is all that is expected there.

#[path = "../support/cases.rs"]
mod cases;
mod doubt;
mod flagged;
mod harness;
mod rewrites;
mod silent;
mod weight;
