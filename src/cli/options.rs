//! From a configuration file and the options to what is in force.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{self, Config, Read};
use crate::intake;
use crate::model::{Finding, Report, Summary};
use crate::rules::registry;

use super::args::{Options, ProjectOptions};
use super::files::described;
use super::output::{Problem, problem, usage};

/// The text of a file that an option names.
pub fn read_text(path: &Path) -> Result<String, Problem> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| problem(&name, described(&error)))?;
    intake::decode(&bytes).map(|decoded| decoded.text).map_err(|message| problem(&name, message))
}

/// The configuration file in force: the one that is named, or the first above `start`.
fn configuration(named: Option<&Path>, start: Option<&str>) -> Result<Config, Problem> {
    if let Some(path) = named {
        let read = read_configuration(path)?;
        return read.ok_or_else(|| problem(path.display().to_string(), "expected a table [tool.roundtrip]"));
    }
    let start = start.filter(|path| *path != "-").unwrap_or(".");
    let Ok(start) = fs::canonicalize(start) else { return Ok(Config::default()) };
    for folder in start.ancestors() {
        for name in config::NAMES {
            let path: PathBuf = folder.join(name);
            if path.is_file()
                && let Some(config) = read_configuration(&path)?
            {
                return Ok(config);
            }
        }
    }
    Ok(Config::default())
}

fn read_configuration(path: &Path) -> Result<Option<Config>, Problem> {
    let name = path.display().to_string();
    let Some(Read { config, words }) = config::parse(&name, &read_text(path)?)? else { return Ok(None) };
    for word in words {
        known(&word.text).map_err(|message| Problem { path: name.clone(), line: Some(word.line), message })?;
    }
    Ok(Some(config))
}

fn known(word: &str) -> Result<(), String> {
    if registry::is_known(word) { Ok(()) } else { Err(registry::expected(word)) }
}

/// What is in force for a project: `start` is the first PATH.
pub fn project(options: &ProjectOptions, start: Option<&str>) -> Result<Config, Problem> {
    let mut config = configuration(options.config.as_deref(), start)?;
    if let Some(dialect) = options.dialect {
        config.dialect = Some(dialect.as_str().to_owned());
    }
    config.django = options.django.or(config.django);
    Ok(config)
}

/// What is in force for a review. A selection on the command line replaces that of the file; what is ignored adds up.
pub fn review(options: &Options, start: Option<&str>) -> Result<Config, Problem> {
    for word in options.select.iter().chain(&options.ignore) {
        known(word).map_err(usage)?;
    }
    let mut config = project(&options.project, start)?;
    if !options.select.is_empty() {
        config.select.clone_from(&options.select);
    }
    config.ignore.extend(options.ignore.iter().cloned());
    config.hints |= options.hints;
    config.all_lines |= options.all_lines;
    Ok(config)
}

/// The fingerprints that `--baseline` and `--triage` hide.
pub fn hidden(options: &Options) -> Result<HashSet<String>, Problem> {
    let mut hidden = HashSet::new();
    if let Some(path) = &options.baseline {
        hidden.extend(config::parse_baseline(&path.display().to_string(), &read_text(path)?)?);
    }
    if let Some(path) = &options.triage {
        hidden.extend(config::parse_triage(&path.display().to_string(), &read_text(path)?)?.dismissed());
    }
    Ok(hidden)
}

/// Takes findings out of a report, and counts again.
pub fn hide(report: &mut Report, mut hide: impl FnMut(&Finding) -> bool) {
    report.findings.retain(|finding| !hide(finding));
    let mut summary =
        Summary { files: report.summary.files, statements: report.summary.statements, ..Summary::default() };
    for finding in &report.findings {
        summary.count(finding.severity);
    }
    report.summary = summary;
    let left = &report.findings;
    report.rules.retain(|rule| left.iter().any(|finding| finding.rule == rule.code));
}
