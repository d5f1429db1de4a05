//! The requests of one name over a whole log.

use serde::{Deserialize, Serialize};

use super::{Finished, Quantiles};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Endpoint {
    /// Statements of one request.
    pub queries: Quantiles,
    /// Reads of one request that repeat an earlier one.
    pub duplicates: Quantiles,
    /// Microseconds of one request, where the input says.
    took: Quantiles,
    /// Microseconds of one request's statements, where they have times.
    in_database: Quantiles,
}

/// What [`Endpoint::times`] are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    Request,
    Statements,
}

impl Endpoint {
    pub(super) fn add(&mut self, finished: &Finished, took_us: Option<u64>) {
        self.queries.add(finished.statements);
        self.duplicates.add(finished.duplicates);
        if let Some(took) = took_us {
            self.took.add(took);
        }
        if let Some(time) = finished.time_us {
            self.in_database.add(time);
        }
    }

    pub(super) fn merge(&mut self, other: &Endpoint) {
        self.queries.merge(&other.queries);
        self.duplicates.merge(&other.duplicates);
        self.took.merge(&other.took);
        self.in_database.merge(&other.in_database);
    }

    pub fn requests(&self) -> u64 {
        self.queries.count()
    }

    /// How long a request takes: as a whole where every one of them says so, else its statements.
    pub fn times(&self) -> (Took, &Quantiles) {
        if self.took.count() == self.requests() {
            (Took::Request, &self.took)
        } else {
            (Took::Statements, &self.in_database)
        }
    }
}

/// The request's name without the query of its address: `GET /forum/` of `GET /forum/?page=2`.
pub fn name(request: &str) -> &str {
    request.split(['?', '#']).next().unwrap_or(request).trim_end()
}
