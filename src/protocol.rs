//! What the page and its workers say to each other: bytes of [`wire`] in `postMessage`, with the files beside them.
//!
//! A worker answers a request with the request's `job`. Large results stay in the worker: the page asks for windows.

pub mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Finding, Report};
pub use crate::model::{Measured, TokenClass};

/// Both sides must be of one build; the handshake compares this.
pub const BUILD: &str = match option_env!("ROUNDTRIP_BUILD") {
    Some(build) => build,
    None => concat!(env!("CARGO_PKG_VERSION"), "-dev"),
};

pub type Job = u32;

/// From the page. The bytes of `Review::items` travel beside the text, as an array of `File`, `Blob` or `ArrayBuffer`
/// in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    Review {
        job: Job,
        items: Vec<Item>,
        options: Options,
    },
    /// Rows `from..to` of a file of the last code review.
    Rows {
        job: Job,
        file: u32,
        from: u32,
        to: u32,
    },
    /// A window of the last log review's fingerprints, in the order asked for.
    Shapes {
        job: Job,
        from: u32,
        to: u32,
        sort: Sort,
        descending: bool,
        filter: String,
    },
    /// Everything that is known of one fingerprint of the last log review.
    Shape {
        job: Job,
        fingerprint: String,
    },
    /// The statements of one request of the last log review, for its waterfall.
    Request {
        job: Job,
        id: String,
    },
    /// What the last log review holds against code, for [`Ask::Join`].
    Seen {
        job: Job,
    },
    /// Joins the last code review with what the log engine has seen: the bytes of [`Answer::Seen`], which the page
    /// hands on as they are.
    Join {
        job: Job,
        seen: Vec<u8>,
    },
    /// A statement laid out over lines for reading.
    Layout {
        job: Job,
        sql: String,
        width: u32,
    },
    /// The rule catalogue.
    Catalogue {
        job: Job,
    },
    /// What the engine can read.
    Formats {
        job: Job,
    },
    /// Findings in some files, by their paths and texts; the last review stays as it is.
    Try {
        job: Job,
        files: Vec<(String, String)>,
    },
    /// Logs with other values, for showing them around. Their bytes travel as those of a review do.
    Mask {
        job: Job,
        items: Vec<Item>,
    },
    /// The last review as a file; `format` is an id of `export`, or `patch`. `hidden`: fingerprints of findings that
    /// stay out of it.
    Export {
        job: Job,
        format: String,
        hidden: Vec<String>,
    },
}

/// One thing that the user brought in. `name` is its path where it came from a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub name: String,
    /// Overrides detection: an id of `intake` or `observe`.
    pub format: Option<String>,
    pub size: u64,
    /// A log of before the change: the others are compared with it.
    pub before: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Options {
    pub hints: bool,
    pub all_lines: bool,
    pub preset: Option<String>,
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub dialect: Option<String>,
    pub django: Option<String>,
    /// What the project's own configuration says: [`Review::project`], handed on as it is. For the log engine; the code
    /// engine reads the file.
    pub project: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Total,
    Executions,
    Mean,
    P95,
    Max,
    Sql,
}

/// From a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The first message: the worker is up.
    Ready {
        build: String,
        engine: Engine,
    },
    Progress {
        job: Job,
        phase: String,
        done: u64,
        total: u64,
    },
    Reviewed {
        job: Job,
        review: Box<Review>,
    },
    Rows {
        job: Job,
        file: u32,
        from: u32,
        rows: Vec<Row>,
    },
    Shapes {
        job: Job,
        total: u32,
        rows: Vec<ShapeRow>,
    },
    Shape {
        job: Job,
        shape: Box<ShapeDetail>,
    },
    Request {
        job: Job,
        queries: Vec<Bar>,
    },
    /// [`crate::model::Seen`], written by [`wire`].
    Seen {
        job: Job,
        seen: Vec<u8>,
    },
    /// The last code review with what logs showed of it; its files are the same.
    Joined {
        job: Job,
        report: Box<Report>,
        files: Vec<FileView>,
    },
    Layout {
        job: Job,
        text: String,
    },
    Catalogue {
        job: Job,
        rules: Vec<RuleDoc>,
    },
    Formats {
        job: Job,
        formats: Vec<FormatDoc>,
    },
    Tried {
        job: Job,
        findings: Vec<Finding>,
    },
    /// One for each item.
    Masked {
        job: Job,
        logs: Vec<MaskedLog>,
    },
    Export {
        job: Job,
        text: String,
    },
    /// The request could not be done; the worker lives.
    Failed {
        job: Job,
        message: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    Code,
    Log,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Review {
    /// `queries` is empty for a log: ask for `Shapes`.
    pub report: Report,
    /// For code: what can be shown, in the order of the list.
    pub files: Vec<FileView>,
    /// For each item of the request, what became of it.
    pub items: Vec<ItemOutcome>,
    /// For code: the configuration file among the items, written by [`wire`]; empty without one.
    pub project: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MaskedLog {
    /// In the format of the recorder; empty where nothing of it can be masked.
    pub text: String,
    /// What is not in it.
    pub notes: Vec<String>,
}

/// What became of one input.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemOutcome {
    pub format: String,
    /// Why this format, or why none.
    pub why: String,
    /// What was understood, by what is counted: 3 `file`, 41 `function`, 0 `model`.
    pub understood: Vec<(String, u64)>,
    /// Read for what surrounds a diff: only what the diff changes is judged.
    pub context: bool,
    pub notes: Vec<String>,
    pub errors: Vec<String>,
    /// Belongs to the other engine: the page hands it on.
    pub elsewhere: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FileView {
    pub path: String,
    /// Rows that can be asked for.
    pub rows: u32,
    /// Their kinds: how many of one follow each other.
    pub runs: Vec<(RowKind, u32)>,
    pub added: u32,
    pub removed: u32,
    /// Indexes into the report's findings, in line order.
    pub findings: Vec<u32>,
    /// Row of each 1-based new line that a finding, its evidence or a query stands on, so that the page can go there.
    pub row_of_line: BTreeMap<u32, u32>,
    /// Context: read for models and settings, not reviewed.
    pub context: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    #[default]
    Same,
    Added,
    Removed,
    /// Lines that the input does not have, or unchanged ones that are folded: `count` says how many.
    Gap,
}

/// One line of the code view. Offsets in UTF-16 code units of `text`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Row {
    pub kind: RowKind,
    pub old: Option<u32>,
    pub new: Option<u32>,
    pub text: String,
    pub tokens: Vec<Token>,
    /// `N`, `2 + N`: round trips of this line; none where it sends nothing.
    pub trips: Option<String>,
    /// What logs measured of the statements that this line sends.
    pub seen: Option<Measured>,
    /// Total of the function whose head this is.
    pub function_trips: Option<String>,
    /// Loop brackets that touch this line, outermost first.
    pub loops: Vec<Bracket>,
    /// Indexes into the report's findings.
    pub findings: Vec<u32>,
    /// Indexes into the report's `queries`.
    pub queries: Vec<u32>,
    /// For a gap: how many lines it stands for.
    pub count: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    pub part: BracketPart,
    /// `N`
    pub letter: String,
    /// `rows of forum.Topic (line 9)`
    pub over: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BracketPart {
    Start,
    Middle,
    End,
    Only,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub start: u32,
    pub length: u32,
    pub class: TokenClass,
}

/// One fingerprint in the table of queries. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeRow {
    pub fingerprint: String,
    pub sql: String,
    pub kind: String,
    pub tables: Vec<String>,
    pub executions: u64,
    pub distinct_params: Option<u64>,
    pub total_ms: Option<f64>,
    pub mean_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub requests: Option<u64>,
    /// Share of the whole input's time, or of its executions where it has no times; 0 to 1.
    pub share: f64,
    pub findings: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeDetail {
    pub row: ShapeRow,
    /// Pretty-printed.
    pub layout: String,
    /// Parameter sets seen, most often first, with their counts.
    pub params: Vec<(String, u64)>,
    /// Distinct stacks, outermost frame first, most often first: `path:line function`.
    pub stacks: Vec<(Vec<String>, u64)>,
    /// Up to 64 buckets of durations: lower bound in milliseconds, executions.
    pub histogram: Vec<(f64, u64)>,
    /// Fingerprint of the query that gave this one its parameters, where it is known.
    pub parent: Option<String>,
}

/// One statement of a request, in order. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    pub fingerprint: String,
    pub sql: String,
    pub start_ms: Option<f64>,
    /// When the last of its statements ended.
    pub end_ms: Option<f64>,
    /// Of its statements together.
    pub duration_ms: Option<f64>,
    /// Statements that this bar stands for: more than one where a cluster is folded.
    pub count: u64,
    /// Whether all of them are known to be.
    pub in_transaction: bool,
    /// Index of the finding that it is part of.
    pub finding: Option<u32>,
}

/// A format that an input can be taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatDoc {
    pub id: String,
    /// One line.
    pub description: String,
}

/// One rule of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleDoc {
    pub code: String,
    pub name: String,
    pub family: String,
    pub severity: String,
    pub hint: bool,
    pub summary: String,
    /// Markdown: what it does, why, example, use instead, when not.
    pub markdown: String,
    pub before: String,
    pub after: String,
}

impl Ask {
    pub fn job(&self) -> Job {
        match self {
            Ask::Review { job, .. }
            | Ask::Rows { job, .. }
            | Ask::Shapes { job, .. }
            | Ask::Shape { job, .. }
            | Ask::Request { job, .. }
            | Ask::Seen { job }
            | Ask::Join { job, .. }
            | Ask::Layout { job, .. }
            | Ask::Catalogue { job }
            | Ask::Formats { job }
            | Ask::Try { job, .. }
            | Ask::Mask { job, .. }
            | Ask::Export { job, .. } => *job,
        }
    }
}

impl Answer {
    /// None for `Ready`, which answers nothing.
    pub fn job(&self) -> Option<Job> {
        match self {
            Answer::Ready { .. } => None,
            Answer::Progress { job, .. }
            | Answer::Reviewed { job, .. }
            | Answer::Rows { job, .. }
            | Answer::Shapes { job, .. }
            | Answer::Shape { job, .. }
            | Answer::Request { job, .. }
            | Answer::Seen { job, .. }
            | Answer::Joined { job, .. }
            | Answer::Layout { job, .. }
            | Answer::Catalogue { job, .. }
            | Answer::Formats { job, .. }
            | Answer::Tried { job, .. }
            | Answer::Masked { job, .. }
            | Answer::Export { job, .. }
            | Answer::Failed { job, .. } => Some(*job),
        }
    }
}
