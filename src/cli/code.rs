//! Hands what was brought in to the code engine.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::export::{self, Sources};
use crate::intake::Kind;
use crate::model::{Family, Report};
use crate::review::{CodeFile, CodeInput, OtherFile};
use crate::rules::{docs, registry};
use crate::text::Source;

use super::files::Brought;
use super::output::{Problem, usage};

/// A review with what the formats need beside its report.
#[derive(Debug, Default)]
pub struct Reviewed {
    pub report: Report,
    pub sources: BTreeMap<String, Source>,
    /// Lines that a diff holds, by path; empty where no diff was given.
    pub in_diff: BTreeMap<String, BTreeSet<u32>>,
    /// Lines that a file has of which the input holds a part only.
    pub known: BTreeMap<String, BTreeSet<u32>>,
}

pub fn review(brought: &Brought, _config: &Config) -> Result<Reviewed, Problem> {
    let _input = input(brought);
    Err(usage("reviewing code is not available in this build"))
}

fn input(brought: &Brought) -> CodeInput {
    let mut input = CodeInput::default();
    for file in &brought.files {
        let (path, text) = (file.path.clone(), file.text.clone());
        match file.kind {
            Kind::Python | Kind::Template => input.files.push(CodeFile { path, text, context: file.context }),
            _ => input.others.push(OtherFile { path, text }),
        }
    }
    input
}

impl Reviewed {
    pub fn render(&self, format: export::Format, color: bool, quiet: bool) -> String {
        let help = |code: &str| registry::by_code(code).map(|rule| docs::markdown(rule.meta()));
        let in_diff = |path: &str, line: u32| self.in_diff.get(path).is_some_and(|lines| lines.contains(&line));
        let families: BTreeSet<Family> = registry::all().map(|rule| rule.meta().family).collect();
        let families: Vec<Family> = families.into_iter().collect();
        let options = export::Options {
            color,
            quiet,
            sources: Some(&self.sources as &dyn Sources),
            in_diff: if self.in_diff.is_empty() { None } else { Some(&in_diff) },
            help: Some(&help),
            families: &families,
        };
        export::render(&self.report, format, &options)
    }
}
