//! What a dropped or pasted thing is, and what of it the code engine reads.
//!
//! The command and the page's code worker give their inputs to [`gather`]. What belongs to the log engine is only
//! named here: its formats are `observe`'s.

mod classify;
mod decode;
mod gather;
mod zip;

pub use classify::{Classified, HEAD, Kind, classify};
pub use decode::{Decoded, Encoding, decode};
pub use gather::{File, Gathered, Item, Outcome, Patch, gather};
pub use zip::{Limits, Unpacked, ignored, unpack_zip};
