//! The command as a script sees it: standard output, standard error, exit status.
#![cfg(feature = "cli")]

mod check;
mod diff;
mod forum;
mod harness;
mod log;
mod usage;
