//! What the command takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::export;
use crate::model::Severity;

const AFTER: &str = "\
Exit status: 0 nothing at or above --fail-on; 1 findings (certain or likely), or a missed budget;
2 wrong usage, or a named input that could not be read.";

/// Shows the database round trips that Django and SQLAlchemy code makes, before it runs and after.
#[derive(Debug, Parser)]
#[command(name = "roundtrip", version, after_help = AFTER, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Review code: files, folders, archives, or the two sides of a diff
    #[command(after_help = AFTER)]
    Check(Check),
    /// Review query logs, plans and statistics
    #[command(after_help = AFTER)]
    Log(Log),
    /// Print the statements that the code would send, a JSON object a line
    Predict(Predict),
    /// Print the class of each statement: 16 hex digits, a tab, the normalised text
    Fingerprint(Fingerprint),
    /// Print the rules, or one of them
    Rules(Rules),
    /// Print the ids that `log --as` takes, with what they are
    Formats,
}

#[derive(Debug, Args)]
pub struct Check {
    /// A Python file, a Django template, SQL (DDL), a folder, a .zip, or - for standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// A unified diff, or -; with PATHs, they are the tree after the change
    #[arg(long, value_name = "FILE|-")]
    pub diff: Option<String>,
    /// Read for models, settings and helpers; no finding stands there
    #[arg(long, value_name = "PATH")]
    pub context: Vec<String>,
    #[command(flatten)]
    pub options: Options,
}

#[derive(Debug, Args)]
pub struct Log {
    /// A log, an export, a plan, a saved page, or - for standard input
    #[arg(value_name = "FILE|-", default_value = "-")]
    pub files: Vec<String>,
    /// The format of every FILE, where it is not to be guessed (see `roundtrip formats`)
    #[arg(long = "as", value_name = "FORMAT")]
    pub format_as: Option<String>,
    /// The code that sent the statements
    #[arg(long, value_name = "PATH")]
    pub code: Vec<String>,
    /// The tables: DDL, models, or statistics
    #[arg(long, value_name = "PATH")]
    pub schema: Vec<String>,
    /// What to compare with: logs from before
    #[arg(long, value_name = "FILE")]
    pub compare: Vec<String>,
    /// Budgets per endpoint
    #[arg(long, value_name = "FILE")]
    pub budget: Option<PathBuf>,
    #[command(flatten)]
    pub options: Options,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A Python file, a folder, a .zip, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<String>,
    /// Read for models, settings and helpers; no statement of theirs is printed
    #[arg(long, value_name = "PATH")]
    pub context: Vec<String>,
    #[command(flatten)]
    pub project: ProjectOptions,
}

#[derive(Debug, Args)]
pub struct Fingerprint {
    /// Statements separated by semicolons
    #[arg(value_name = "FILE|-", default_value = "-")]
    pub file: String,
    #[arg(long, value_enum, default_value_t)]
    pub dialect: DialectName,
    /// Each line is one statement as a JSON string
    #[arg(long)]
    pub json_lines: bool,
}

#[derive(Debug, Args)]
pub struct Rules {
    /// A code or a name
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    pub format: RulesFormat,
}

#[derive(Debug, Args)]
pub struct ProjectOptions {
    /// Read this instead of the roundtrip.toml or pyproject.toml above the first PATH
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Default: what settings say, then postgres
    #[arg(long, value_enum)]
    pub dialect: Option<DialectName>,
    /// Django's version; default: what requirements say, then the newest known
    #[arg(long, value_name = "X.Y", value_parser = django_version)]
    pub django: Option<(u8, u8)>,
}

#[derive(Debug, Args)]
pub struct Options {
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatName,
    /// Only these: an exact code, name or family
    #[arg(long, value_name = "X", value_delimiter = ',')]
    pub select: Vec<String>,
    /// None of these: an exact code, name or family
    #[arg(long, value_name = "X", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Add findings that are only hints
    #[arg(long)]
    pub hints: bool,
    #[command(flatten)]
    pub project: ProjectOptions,
    /// The page's decisions: dismissed findings are hidden
    #[arg(long, value_name = "FILE")]
    pub triage: Option<PathBuf>,
    /// A former JSON report: what it holds is hidden
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// The least severity that makes the exit status 1
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: FailOn,
    /// Write the safe rewrites into the files
    #[arg(long)]
    pub fix: bool,
    /// Rewrites that a person must agree to, too
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Print the rewrites as one unified diff instead of the report
    #[arg(long, conflicts_with = "fix")]
    pub fix_diff: bool,
    /// In a diff: findings that were there before, too
    #[arg(long)]
    pub all_lines: bool,
    /// Findings only, one line each
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum FormatName {
    #[default]
    Text,
    Json,
    Sarif,
    Rdjson,
    Markdown,
    Github,
    Suggestions,
    Html,
}

impl From<FormatName> for export::Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Text => export::Format::Text,
            FormatName::Json => export::Format::Json,
            FormatName::Sarif => export::Format::Sarif,
            FormatName::Rdjson => export::Format::Rdjson,
            FormatName::Markdown => export::Format::Markdown,
            FormatName::Github => export::Format::Github,
            FormatName::Suggestions => export::Format::Suggestions,
            FormatName::Html => export::Format::Html,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    #[default]
    Text,
    Json,
    Markdown,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    #[default]
    Postgres,
    Mysql,
    Sqlite,
    Generic,
}

impl DialectName {
    pub fn as_str(self) -> &'static str {
        match self {
            DialectName::Postgres => "postgres",
            DialectName::Mysql => "mysql",
            DialectName::Sqlite => "sqlite",
            DialectName::Generic => "generic",
        }
    }
}

impl From<DialectName> for crate::sql::Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Postgres => crate::sql::Dialect::Postgres,
            DialectName::Mysql => crate::sql::Dialect::MySql,
            DialectName::Sqlite => crate::sql::Dialect::Sqlite,
            DialectName::Generic => crate::sql::Dialect::Generic,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    #[default]
    Blocker,
    Warning,
    Info,
    Never,
}

impl FailOn {
    pub fn least(self) -> Option<Severity> {
        match self {
            FailOn::Blocker => Some(Severity::Blocker),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

fn django_version(text: &str) -> Result<(u8, u8), String> {
    crate::config::django_version(text).ok_or_else(|| "expected a version such as 5.2".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_format_can_be_asked_for() {
        let names: Vec<String> = FormatName::value_variants()
            .iter()
            .filter_map(|name| name.to_possible_value().map(|value| value.get_name().to_owned()))
            .collect();
        assert_eq!(names, export::Format::ALL.map(|format| format.id().to_owned()));
    }
}
