//! The command as a script sees it: standard output, standard error, exit status.
#![cfg(feature = "cli")]

mod check;
mod diff;
mod fix;
mod forum;
mod harness;
mod join;
mod log;
mod report;
mod usage;
