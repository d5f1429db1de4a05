//! The last review as a file. The engine writes it, for it has the sources and the rules, and the page stays small.

use std::collections::{BTreeMap, BTreeSet};

use crate::export::{self, Format, Sources, patch};
use crate::model::{Family, Report};
use crate::present::Presented;
use crate::rules::{docs, registry};
use crate::text::Source;

/// The files of a review by their paths.
struct Files<'a>(BTreeMap<&'a str, &'a Presented>);

impl Sources for Files<'_> {
    fn source(&self, path: &str) -> Option<&Source> {
        self.0.get(path).map(|file| file.source())
    }
}

/// `format`: an id of `export`, or `patch` for all rewrites as one diff; `files` is empty for a log.
///
/// # Errors
/// When there is no such format, or nothing to write in it.
pub fn export(report: &Report, files: &[Presented], format: &str) -> Result<String, String> {
    let files = Files(files.iter().map(|file| (file.path(), file)).collect());
    if format == "patch" {
        return rewrites(report, &files);
    }
    let format = Format::from_id(format).ok_or_else(|| format!("no format is called {format:?}"))?;
    let help = |code: &str| registry::by_code(code).map(|rule| docs::markdown(rule.meta()));
    let in_diff = |path: &str, line: u32| files.0.get(path).is_some_and(|file| file.is_added(line));
    let families: BTreeSet<Family> = registry::all().map(|rule| rule.meta().family).collect();
    let families: Vec<Family> = families.into_iter().collect();
    let is_diff = files.0.values().any(|file| file.is_changed());
    let options = export::Options {
        color: false,
        quiet: false,
        sources: Some(&files),
        in_diff: if is_diff { Some(&in_diff) } else { None },
        help: Some(&help),
        families: &families,
    };
    Ok(export::render(report, format, &options))
}

fn rewrites(report: &Report, files: &Files<'_>) -> Result<String, String> {
    let known = files.0.iter().filter_map(|(path, file)| Some(((*path).to_owned(), file.known()?.clone()))).collect();
    let applied = patch::apply(&report.findings, true, files);
    let diff = patch::diff(&applied.files, files, &known);
    if diff.is_empty() { Err("no finding has a rewrite".to_owned()) } else { Ok(diff) }
}
