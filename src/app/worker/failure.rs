//! Why a question to an engine has no answer.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The user, or a newer review, stopped it.
    Cancelled,
    /// The engine said why; it lives.
    Failed(String),
    /// The engine broke on this or on what it was doing before, and was replaced.
    Died(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Cancelled => f.write_str("cancelled"),
            Failure::Failed(message) => f.write_str(message),
            Failure::Died(message) => write!(f, "the engine stopped and was started again: {message}"),
        }
    }
}
