//! RT1302

use crate::rules::macros::rule;
use crate::rules::{Meta, Rule};

rule! {
    /// Sorts or hashes more than fits into memory, and writes it to disk.
    ///
    /// ## Why
    /// What does not fit into `work_mem` is written to temporary files and read back, in several passes where it is
    /// much. It costs time, and room on the disk that everyone shares.
    ///
    /// ## Example
    /// ```text flag
    /// Sort  (cost=7687.54..7787.54 rows=40000 width=43) (actual time=101.120..112.495 rows=40000 loops=1)
    ///   Sort Key: title
    ///   Sort Method: external merge  Disk: 2144kB
    ///   ->  Seq Scan on topic  (cost=0.00..934.00 rows=40000 width=43) (actual time=0.007..12.007 rows=40000 loops=1)
    /// ```
    /// ```text ok
    /// Sort  (cost=7687.54..7787.54 rows=40000 width=43) (actual time=21.120..22.495 rows=40000 loops=1)
    ///   Sort Key: title
    ///   Sort Method: quicksort  Memory: 5144kB
    ///   ->  Seq Scan on topic  (cost=0.00..934.00 rows=40000 width=43) (actual time=0.007..12.007 rows=40000 loops=1)
    /// ```
    ///
    /// ## When not to
    /// Raising `work_mem` for all: each sort and hash of each connection may take that much. Set it for the statement,
    /// or fetch less.
    pub struct Spill: "RT1302", "spill", Observed, Info;
}

impl Rule for Spill {
    fn meta(&self) -> &'static Meta {
        &META
    }
}
