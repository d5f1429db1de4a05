//! The small closed vocabularies of a report.

use serde::{Deserialize, Serialize};

/// How bad a finding is if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Blocker,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Blocker, Severity::Warning, Severity::Info];

    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Blocker => "blocker",
        }
    }

    /// One step worse; a blocker stays one.
    pub fn raised(self) -> Severity {
        match self {
            Severity::Info => Severity::Warning,
            Severity::Warning | Severity::Blocker => Severity::Blocker,
        }
    }
}

/// How sure the tool is; the order is from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Possible,
    Likely,
    Certain,
}

impl Confidence {
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// What a person has decided on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is true and stays in the report.
    Accept,
    /// It is not shown again.
    Dismiss,
    /// It stays, and is looked at another time.
    Later,
}

impl Decision {
    pub const ALL: [Decision; 3] = [Decision::Accept, Decision::Dismiss, Decision::Later];

    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Accept => "accept",
            Decision::Dismiss => "dismiss",
            Decision::Later => "later",
        }
    }

    pub fn from_name(name: &str) -> Option<Decision> {
        Decision::ALL.into_iter().find(|decision| decision.as_str() == name)
    }
}

/// Which of the two sources a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSource {
    Code,
    Log,
    Both,
}

/// Whether a rewrite may be applied unread: `Safe` when results cannot change, `Review` when a person must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    Safe,
    Review,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Select,
    Count,
    Exists,
    Aggregate,
    Insert,
    Update,
    Delete,
    Other,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Select => "select",
            Kind::Count => "count",
            Kind::Exists => "exists",
            Kind::Aggregate => "aggregate",
            Kind::Insert => "insert",
            Kind::Update => "update",
            Kind::Delete => "delete",
            Kind::Other => "other",
        }
    }

    pub fn reads(self) -> bool {
        matches!(self, Kind::Select | Kind::Count | Kind::Exists | Kind::Aggregate)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orm {
    Django,
    SqlAlchemy,
}

/// The families of the catalogue; a rule's code is `RT`, the family's number, and two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    #[serde(rename = "n-plus-one")]
    NPlusOne,
    Aggregation,
    OverFetching,
    Index,
    Concurrency,
    Bulk,
    Pagination,
    Caching,
    Background,
    RateLimiting,
    Migrations,
    Settings,
    Observed,
}

impl Family {
    pub const ALL: [Family; 13] = [
        Family::NPlusOne,
        Family::Aggregation,
        Family::OverFetching,
        Family::Index,
        Family::Concurrency,
        Family::Bulk,
        Family::Pagination,
        Family::Caching,
        Family::Background,
        Family::RateLimiting,
        Family::Migrations,
        Family::Settings,
        Family::Observed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Family::NPlusOne => "n-plus-one",
            Family::Aggregation => "aggregation",
            Family::OverFetching => "over-fetching",
            Family::Index => "index",
            Family::Concurrency => "concurrency",
            Family::Bulk => "bulk",
            Family::Pagination => "pagination",
            Family::Caching => "caching",
            Family::Background => "background",
            Family::RateLimiting => "rate-limiting",
            Family::Migrations => "migrations",
            Family::Settings => "settings",
            Family::Observed => "observed",
        }
    }
}

/// Syntax classes of the code view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenClass {
    Keyword,
    String,
    Number,
    Comment,
    Function,
    Class,
    Decorator,
    Constant,
    Operator,
}
