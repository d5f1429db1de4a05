//! What logs showed, in the shape in which code is held against it.

use serde::{Deserialize, Serialize};

use super::{CodeLine, Finding, Kind};

/// The statements of all logs, and what was found in them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Seen {
    pub shapes: Vec<SeenShape>,
    pub findings: Vec<SeenFinding>,
}

/// All statements of one fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenShape {
    pub fingerprint: String,
    /// For reading: unneeded quotes dropped, literals `?`.
    pub sql: String,
    pub kind: Kind,
    /// The table that is read or written.
    pub table: String,
    pub all: Measured,
    /// From where it was sent; empty where the input has no stacks.
    pub places: Vec<SeenPlace>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenPlace {
    /// The program's own lines that led to it, deepest first; the paths are those of the machine that ran it.
    pub lines: Vec<CodeLine>,
    pub measured: Measured,
}

/// What was measured of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    pub executions: u64,
    /// Milliseconds; `None` where the input has no times.
    pub total_ms: Option<f64>,
    /// Most calls of one request; 0 where no input bounds its requests.
    pub most: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenFinding {
    pub finding: Finding,
    /// Fingerprints of the statements at fault.
    pub shapes: Vec<String>,
    /// Which places sent them together; empty where the input has no stacks.
    pub ways: Vec<SeenWay>,
}

/// Runs of one address in which the same places sent what is at fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenWay {
    pub request: Option<String>,
    pub sent: Vec<SeenSent>,
}

/// What one place sent of one shape in all runs of a way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenSent {
    /// Index among the shapes.
    pub shape: u32,
    /// Index among the places of the shape.
    pub place: u32,
    /// It gave the others their keys, and is not at fault itself.
    pub gave_keys: bool,
    pub measured: Measured,
}

impl Measured {
    pub fn add(&mut self, other: Measured) {
        self.total_ms = match self.executions {
            0 => other.total_ms,
            _ => self.total_ms.zip(other.total_ms).map(|(a, b)| a + b),
        };
        self.executions += other.executions;
        self.most = self.most.max(other.most);
    }
}
