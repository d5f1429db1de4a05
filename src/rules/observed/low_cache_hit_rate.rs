//! RT1305

use crate::rules::macros::rule;
use crate::rules::{Meta, Rule};

rule! {
    /// Asks a cache that rarely has the answer.
    ///
    /// ## Why
    /// A miss costs the round trip to the cache, then the query, then the round trip that stores its result. Below
    /// some rate the cache makes everything slower. `cache-hit-rate` under `[thresholds]` says which (80 percent
    /// without it).
    ///
    /// ## Example
    /// ```text flag
    /// # Stats
    /// keyspace_hits:300
    /// keyspace_misses:700
    /// ```
    /// ```text ok
    /// # Stats
    /// keyspace_hits:9300
    /// keyspace_misses:700
    /// ```
    ///
    /// ## When not to
    /// The number is the server's, over all keys and programs since it started: a queue, sessions or a warm-up count
    /// too. A cache that keeps a rare but very dear answer may miss most of the time.
    pub struct LowCacheHitRate: "RT1305", "low-cache-hit-rate", Observed, Info;
}

impl Rule for LowCacheHitRate {
    fn meta(&self) -> &'static Meta {
        &META
    }
}
