//! RT1303

use crate::rules::macros::rule;
use crate::rules::{Meta, Rule};

rule! {
    /// Runs a plan whose rows the planner guessed wrong by a wide margin.
    ///
    /// ## Why
    /// The planner chooses joins, their order and indexes by how many rows it expects. Where it expects one and ten
    /// thousand come, a nested loop that was to turn once turns ten thousand times. `misestimate-factor` under
    /// `[thresholds]` says from when on (100 without it).
    ///
    /// ## Example
    /// ```text flag
    /// Seq Scan on topic  (cost=0.00..1234.00 rows=1 width=77) (actual time=0.016..8.443 rows=2400 loops=1)
    ///   Filter: ((city = 'Berlin'::text) AND (country = 'DE'::text))
    ///   Rows Removed by Filter: 900
    /// ```
    /// ```text ok
    /// Seq Scan on topic  (cost=0.00..1234.00 rows=2100 width=77) (actual time=0.016..8.443 rows=2400 loops=1)
    ///   Filter: ((city = 'Berlin'::text) AND (country = 'DE'::text))
    ///   Rows Removed by Filter: 900
    /// ```
    ///
    /// ## When not to
    /// Right after rows were loaded, before autovacuum has looked at the table. On a test database the values are
    /// often nothing like those of production.
    pub struct Misestimate: "RT1303", "misestimate", Observed, Info;
}

impl Rule for Misestimate {
    fn meta(&self) -> &'static Meta {
        &META
    }
}
