//! A report in the shapes that people and other programs read. Pure functions: a report in, text out.

pub mod catalogue;
mod checklist;
mod github;
mod html;
mod markdown;
pub mod patch;
mod rdjson;
#[cfg(test)]
mod sample;
mod sarif;
mod suggestions;
mod text;

use std::collections::BTreeMap;

use crate::model::{Family, Finding, Report, Severity};
use crate::text::Source;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Text,
    Json,
    Sarif,
    Rdjson,
    Markdown,
    /// Annotations of a GitHub workflow.
    Github,
    /// Review comments for GitHub's API.
    Suggestions,
    Html,
}

impl Format {
    pub const ALL: [Format; 8] = [
        Format::Text,
        Format::Json,
        Format::Sarif,
        Format::Rdjson,
        Format::Markdown,
        Format::Github,
        Format::Suggestions,
        Format::Html,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::Rdjson => "rdjson",
            Format::Markdown => "markdown",
            Format::Github => "github",
            Format::Suggestions => "suggestions",
            Format::Html => "html",
        }
    }

    pub fn from_id(id: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.id() == id)
    }
}

/// The files of the input, as they are after the change.
pub trait Sources {
    fn source(&self, path: &str) -> Option<&Source>;
}

impl Sources for BTreeMap<String, Source> {
    fn source(&self, path: &str) -> Option<&Source> {
        self.get(path)
    }
}

pub type InDiff<'a> = &'a dyn Fn(&str, u32) -> bool;
pub type Help<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What a format may use beside the report. Everything may be left out.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Colour, for a terminal.
    pub color: bool,
    /// Findings only, one line each.
    pub quiet: bool,
    pub sources: Option<&'a dyn Sources>,
    /// Whether a line stands in the diff under review, so that a comment may be put there.
    pub in_diff: Option<InDiff<'a>>,
    /// A rule's documentation as Markdown, by its code.
    pub help: Option<Help<'a>>,
    /// The families that were looked for; a checklist speaks of no other.
    pub families: &'a [Family],
}

impl<'a> Options<'a> {
    fn source(&self, path: &str) -> Option<&'a Source> {
        self.sources.and_then(|sources| sources.source(path))
    }
}

pub fn render(report: &Report, format: Format, options: &Options<'_>) -> String {
    match format {
        Format::Text => text::render(report, options),
        Format::Json => json(report),
        Format::Sarif => sarif::render(report, options),
        Format::Rdjson => rdjson::render(report, options),
        Format::Markdown => markdown::render(report, options),
        Format::Github => github::render(report),
        Format::Suggestions => suggestions::render(report, options),
        Format::Html => html::render(report, options),
    }
}

fn json(report: &Report) -> String {
    pretty(&serde_json::to_value(report).unwrap_or_default())
}

fn pretty(value: &serde_json::Value) -> String {
    let mut out = serde_json::to_string_pretty(value).unwrap_or_default();
    out.push('\n');
    out
}

/// `1 + N → 1`, where a finding has a cost.
fn cost_line(finding: &Finding) -> Option<String> {
    finding.cost.as_ref().map(|cost| format!("{} → {}", cost.before, cost.after))
}

/// `N = rows of forum.Topic (line 9)`, one for each letter.
fn letters(finding: &Finding) -> Vec<String> {
    let loops = finding.cost.iter().flat_map(|cost| &cost.loops);
    loops.map(|(letter, l)| format!("{letter} = {}", l.text)).collect()
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `2 blockers, 1 warning, 0 infos`
fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let of = |severity: Severity| match severity {
        Severity::Blocker => plural(summary.blocker.into(), "blocker", "blockers"),
        Severity::Warning => plural(summary.warning.into(), "warning", "warnings"),
        Severity::Info => format!("{} info", summary.info),
    };
    Severity::ALL.map(of).join(", ")
}

/// The text of a log or a file may hold what a terminal obeys: control characters are shown, not sent.
fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        '\n' | '\r' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// At most `most` characters on one line.
fn shortened(text: &str, most: usize) -> String {
    let flat = harmless(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let kept: String = flat.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_report_and_reads_back() {
        let report = sample::report();
        let back: Report = serde_json::from_str(&render(&report, Format::Json, &Options::default())).unwrap();
        assert_eq!(back, report);
    }

    #[test]
    fn every_format_has_an_id_and_bears_an_empty_report() {
        for format in Format::ALL {
            assert_eq!(Format::from_id(format.id()), Some(format));
            let out = render(&Report::default(), format, &Options::default());
            assert!(format == Format::Github || !out.is_empty(), "{format:?}");
        }
    }
}
