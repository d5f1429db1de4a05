//! Roundtrip shows the database round trips that a change, or a recorded request, makes. See ARCHITECTURE.md.

#[cfg(feature = "page")]
pub mod app;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod export;
pub mod intake;
pub mod join;
pub mod model;
pub mod observe;
pub mod predict;
pub mod present;
pub mod project;
pub mod protocol;
pub mod python;
pub mod review;
pub mod rewrite;
pub mod rules;
pub mod schema;
pub mod sql;
pub mod template;
pub mod text;
pub mod trace;
#[cfg(feature = "worker")]
pub mod worker;
pub mod workload;
