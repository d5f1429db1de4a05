//! A finding as it leaves the engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tagged::Tagged;
use super::{Confidence, Family, FindingSource, Over, Rewrite, Severity};

/// `count` times the product of the loops' letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    pub count: u32,
    pub loops: Vec<String>,
}

/// What a letter of a formula stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loop {
    pub over: Over,
    /// For a reader: `rows of forum.Topic (line 9)`.
    pub text: String,
    pub model: Option<String>,
    pub path: String,
    pub line: u32,
    pub exactly: Option<u32>,
    pub at_most: Option<u32>,
}

impl Loop {
    /// Its text beside a line of `path`: where its rows are asked for in another file, that file is named.
    pub fn text_in(&self, path: &str) -> String {
        if self.path == path {
            return self.text.clone();
        }
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.text.replacen(&format!("(line {})", self.line), &format!("({name}:{})", self.line), 1)
    }
}

/// Round trips with and without the finding's cure.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    pub before: String,
    pub after: String,
    pub before_terms: Vec<Term>,
    pub after_terms: Vec<Term>,
    pub loops: BTreeMap<String, Loop>,
    /// Milliseconds that the input shows would be saved; only a log can say.
    pub saved_ms: Option<f64>,
}

/// What a finding rests on: another place in the code, or statements that were seen.
/// In JSON without a tag: told by the fields that are there.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    Code { path: String, line: u32, message: String },
    Statements { fingerprint: String, sql: String, count: u64, total_ms: Option<f64>, request: Option<String> },
}

#[derive(Serialize, Deserialize)]
struct InCode<S> {
    path: S,
    line: u32,
    message: S,
}

#[derive(Serialize, Deserialize)]
struct InLog<S> {
    fingerprint: S,
    sql: S,
    count: u64,
    total_ms: Option<f64>,
    request: Option<S>,
}

/// The fields of both kinds.
#[derive(Deserialize)]
struct AnyEvidence {
    path: Option<String>,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    sql: String,
    #[serde(default)]
    count: u64,
    total_ms: Option<f64>,
    request: Option<String>,
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tagged = match self {
            Evidence::Code { path, line, message } => {
                Tagged::A(InCode { path: path.as_str(), line: *line, message: message.as_str() })
            }
            Evidence::Statements { fingerprint, sql, count, total_ms, request } => Tagged::B(InLog {
                fingerprint: fingerprint.as_str(),
                sql: sql.as_str(),
                count: *count,
                total_ms: *total_ms,
                request: request.as_deref(),
            }),
        };
        match tagged {
            Tagged::A(code) if serializer.is_human_readable() => code.serialize(serializer),
            Tagged::B(log) if serializer.is_human_readable() => log.serialize(serializer),
            tagged => tagged.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tagged = if deserializer.is_human_readable() {
            let AnyEvidence { path, line, message, fingerprint, sql, count, total_ms, request } =
                AnyEvidence::deserialize(deserializer)?;
            match path {
                Some(path) => Tagged::A(InCode { path, line, message }),
                None => Tagged::B(InLog { fingerprint, sql, count, total_ms, request }),
            }
        } else {
            Tagged::<InCode<String>, InLog<String>>::deserialize(deserializer)?
        };
        Ok(match tagged {
            Tagged::A(InCode { path, line, message }) => Evidence::Code { path, line, message },
            Tagged::B(InLog { fingerprint, sql, count, total_ms, request }) => {
                Evidence::Statements { fingerprint, sql, count, total_ms, request }
            }
        })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub name: String,
    pub family: Family,
    pub severity: Severity,
    pub hint: bool,
    pub confidence: Confidence,
    pub source: FindingSource,
    /// Where the statement is sent; none for a log without a stack.
    pub path: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub end_line: Option<u32>,
    pub end_column: Option<u32>,
    pub message: String,
    /// In a diff: whether this stands after the change and not before.
    pub introduced: Option<bool>,
    pub cost: Option<Cost>,
    pub evidence: Vec<Evidence>,
    pub rewrite: Option<Rewrite>,
    pub advice: String,
    /// 16 hex digits from rule, path, enclosing function and normalised text: stable across unrelated edits.
    pub fingerprint: String,
}
