//! The page's side of its two engines, each a Web Worker that can be cancelled, replaced and watched.
//!
//! An engine's glue is fetched and its wasm compiled once; workers start from a blob of that text and are posted the
//! compiled module. So every worker of a page is of one build (even after a new one was deployed), a replacement
//! starts at once, and a worker has the page's Content-Security-Policy, which one loaded by its address has not.

mod client;
mod failure;
mod files;
mod job;
mod supervisor;
mod thread;

pub use client::{Client, Progress, ShapeWindow, State};
pub use failure::Failure;
