//! The command as a script sees it: standard output, standard error, exit status.
#![cfg(feature = "cli")]

mod check;
mod harness;
mod log;
mod usage;
