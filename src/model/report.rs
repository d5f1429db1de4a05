//! The report: everything that one review says, in the shape that scripts outside rely on.
//! Fields may be added; none may be renamed or removed.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tagged::{Tagged, any_json};
use super::{Comparison, Confidence, Finding, Kind, Loop, Orm, Severity, Term};

/// Version of the report's shape.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub version: u32,
    pub findings: Vec<Finding>,
    pub functions: Vec<Function>,
    pub queries: Vec<QueryRow>,
    pub requests: Vec<Request>,
    pub endpoints: Vec<Endpoint>,
    pub plans: Vec<Plan>,
    pub inputs: Vec<Input>,
    pub errors: Vec<InputError>,
    pub rules: Vec<RuleName>,
    pub summary: Summary,
    /// With what was before; `None` where nothing is compared.
    #[serde(default)]
    pub comparison: Option<Comparison>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            version: VERSION,
            findings: Vec::new(),
            functions: Vec::new(),
            queries: Vec::new(),
            requests: Vec::new(),
            endpoints: Vec::new(),
            plans: Vec::new(),
            inputs: Vec::new(),
            errors: Vec::new(),
            rules: Vec::new(),
            summary: Summary::default(),
            comparison: None,
        }
    }
}

/// A function that sends queries, with what one call of it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub path: String,
    /// Qualified by its classes: `Dashboard.get`.
    pub name: String,
    pub line: u32,
    pub round_trips: String,
    /// False when something unknown is called or a branch was bounded by its maximum.
    pub exact: bool,
    pub terms: Vec<Term>,
    pub loops: BTreeMap<String, Loop>,
}

/// A row of `queries`: a predicted statement, or a fingerprint that was observed.
/// In JSON without a tag: told by the fields that are there.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryRow {
    Predicted(Prediction),
    Observed(LogQuery),
}

impl Serialize for QueryRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            QueryRow::Predicted(row) if serializer.is_human_readable() => row.serialize(serializer),
            QueryRow::Observed(row) if serializer.is_human_readable() => row.serialize(serializer),
            QueryRow::Predicted(row) => Tagged::<_, &LogQuery>::A(row).serialize(serializer),
            QueryRow::Observed(row) => Tagged::<&Prediction, _>::B(row).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for QueryRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Tagged::deserialize(deserializer)? {
                Tagged::A(row) => QueryRow::Predicted(row),
                Tagged::B(row) => QueryRow::Observed(row),
            });
        }
        let row = AnyQueryRow::deserialize(deserializer)?;
        Ok(match row.path {
            Some(path) => QueryRow::Predicted(Prediction {
                path,
                line: row.line,
                column: row.column,
                end_line: row.end_line.max(row.line),
                orm: row.orm.ok_or_else(|| D::Error::missing_field("orm"))?,
                model: row.model,
                kind: row.kind,
                sql: row.sql,
                fingerprint: row.fingerprint,
                loops: row.loops,
                loop_: row.loop_,
                built: row.built,
                via: row.via,
                confidence: row.confidence.ok_or_else(|| D::Error::missing_field("confidence"))?,
            }),
            None => QueryRow::Observed(LogQuery {
                fingerprint: row.fingerprint,
                sql: row.sql,
                kind: row.kind,
                tables: row.tables,
                executions: row.executions.ok_or_else(|| D::Error::missing_field("executions"))?,
                distinct_params: row.distinct_params,
                total_ms: row.total_ms,
                mean_ms: row.mean_ms,
                p95_ms: row.p95_ms,
                max_ms: row.max_ms,
                requests: row.requests,
                code: row.code,
            }),
        })
    }
}

/// The fields of both kinds.
#[derive(Deserialize)]
struct AnyQueryRow {
    kind: Kind,
    sql: String,
    fingerprint: String,
    path: Option<String>,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    column: u32,
    #[serde(default)]
    end_line: u32,
    orm: Option<Orm>,
    model: Option<String>,
    #[serde(default)]
    loops: Vec<String>,
    #[serde(default, rename = "loop")]
    loop_: BTreeMap<String, Loop>,
    built: Option<Built>,
    #[serde(default)]
    via: Vec<String>,
    confidence: Option<Confidence>,
    #[serde(default)]
    tables: Vec<String>,
    executions: Option<u64>,
    distinct_params: Option<u64>,
    total_ms: Option<f64>,
    mean_ms: Option<f64>,
    p95_ms: Option<f64>,
    max_ms: Option<f64>,
    requests: Option<u64>,
    #[serde(default)]
    code: Vec<CodeLine>,
}

/// A statement that the code would send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    pub path: String,
    pub line: u32,
    pub column: u32,
    /// The last line of the expression.
    pub end_line: u32,
    pub orm: Orm,
    pub model: Option<String>,
    pub kind: Kind,
    /// For reading: unneeded quotes dropped, literals `?`.
    pub sql: String,
    /// Of the statement as sent.
    pub fingerprint: String,
    pub loops: Vec<String>,
    #[serde(rename = "loop")]
    pub loop_: BTreeMap<String, Loop>,
    pub built: Option<Built>,
    /// The call path from the function where it starts: `app/views.py:30 row()`.
    pub via: Vec<String>,
    pub confidence: Confidence,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Built {
    pub path: String,
    pub line: u32,
}

/// One fingerprint of a log. Times in milliseconds; `None` where the input has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogQuery {
    pub fingerprint: String,
    pub sql: String,
    pub kind: Kind,
    pub tables: Vec<String>,
    pub executions: u64,
    pub distinct_params: Option<u64>,
    pub total_ms: Option<f64>,
    pub mean_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub requests: Option<u64>,
    /// The lines that send it; empty without code.
    pub code: Vec<CodeLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CodeLine {
    pub path: String,
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: String,
    pub name: String,
    pub queries: u64,
    pub total_ms: Option<f64>,
    pub duplicates: u64,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Endpoint {
    pub name: String,
    pub requests: u64,
    pub queries_p95: u64,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub budget: Budget,
    pub missed: Vec<String>,
    /// Of what is left of the budget; below zero, what is over it.
    #[serde(default)]
    pub margin: Margin,
    #[serde(default)]
    pub kind: Option<EndpointKind>,
    /// The budget was chosen, and missing it fails; otherwise it is what is usual for its kind, there to be seen.
    #[serde(default)]
    pub held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointKind {
    List,
    Detail,
}

/// `None` where the budget says nothing or the input does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Margin {
    pub queries: Option<i64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub duplicates: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Budget {
    pub queries: Option<u64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub duplicates: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub fingerprint: Option<String>,
    #[serde(with = "any_json")]
    pub nodes: serde_json::Value,
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub format: String,
    pub statements: u64,
    /// What this input cannot show, and what was left out of it.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputError {
    pub path: String,
    pub line: Option<u32>,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleName {
    pub code: String,
    pub name: String,
    pub summary: String,
}

/// Counts of what is shown: hidden findings (hints, filtered ones) are not in them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    pub blocker: u32,
    pub warning: u32,
    pub info: u32,
    pub files: u32,
    pub statements: u64,
}

impl Summary {
    pub fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Blocker => self.blocker += 1,
            Severity::Warning => self.warning += 1,
            Severity::Info => self.info += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_queries_is_told_by_its_fields() {
        let observed = QueryRow::Observed(LogQuery {
            fingerprint: "0123456789abcdef".into(),
            sql: "SELECT ?".into(),
            kind: Kind::Select,
            tables: vec!["a".into()],
            executions: 48,
            distinct_params: None,
            total_ms: Some(1.5),
            mean_ms: None,
            p95_ms: None,
            max_ms: None,
            requests: Some(1),
            code: vec![CodeLine { path: "app/views.py".into(), line: 3 }],
        });
        let predicted = QueryRow::Predicted(Prediction {
            path: "app/views.py".into(),
            line: 3,
            column: 5,
            end_line: 4,
            orm: Orm::Django,
            model: Some("forum.Topic".into()),
            kind: Kind::Count,
            sql: "SELECT COUNT(*)".into(),
            fingerprint: "fedcba9876543210".into(),
            loops: vec!["N".into()],
            loop_: BTreeMap::new(),
            built: Some(Built { path: "app/views.py".into(), line: 2 }),
            via: Vec::new(),
            confidence: Confidence::Likely,
        });
        let rows = vec![observed, predicted];
        let text = serde_json::to_string(&rows).unwrap();
        assert_eq!(serde_json::from_str::<Vec<QueryRow>>(&text).unwrap(), rows);
        assert!(serde_json::from_str::<QueryRow>(r#"{"kind": "select", "sql": "", "fingerprint": ""}"#).is_err());
    }
}
