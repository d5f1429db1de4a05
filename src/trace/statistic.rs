//! What a database, a cache or a load test counted over a time: sums, not single events.

use std::sync::Arc;

use smol_str::SmolStr;

#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    Statement(StatementUse),
    Table(TableUse),
    Index(IndexUse),
    Cache(CacheUse),
    Endpoint(EndpointUse),
}

/// All executions of one shape.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatementUse {
    /// As the server normalised it; it may be cut off at the server's limit.
    pub sql: Arc<str>,
    /// Backticks and no `$1`: not PostgreSQL's.
    pub mysql: bool,
    pub executions: u64,
    /// Microseconds of all together, and of the longest one.
    pub total_us: Option<u64>,
    pub most_us: Option<u64>,
    /// Rows given or changed.
    pub rows: Option<u64>,
    /// Rows that the server looked at for that.
    pub examined: Option<u64>,
    /// Executions that used no index.
    pub without_index: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUse {
    pub schema: Option<SmolStr>,
    pub table: SmolStr,
    /// Times that it was read whole, and the rows of all these readings.
    pub scans: u64,
    pub scanned_rows: u64,
    /// Times that an index led to its rows.
    pub lookups: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexUse {
    pub schema: Option<SmolStr>,
    pub table: SmolStr,
    pub index: SmolStr,
    pub scans: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheUse {
    /// `Redis`
    pub name: SmolStr,
    pub hits: u64,
    pub misses: u64,
    /// Entries dropped for want of room.
    pub evicted: u64,
}

/// Requests of one name as a load test timed them. Microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUse {
    pub name: String,
    pub requests: u64,
    pub p95_us: Option<u64>,
    pub p99_us: Option<u64>,
}

/// A statement that had to wait until another one's transaction gave its lock free.
#[derive(Debug, Clone, PartialEq)]
pub struct LockWait {
    pub sql: Arc<str>,
    /// Microseconds; `None` where a deadlock ended it.
    pub waited_us: Option<u64>,
}
