//! What a project says it knows already: `# roundtrip: ignore[CODE] reason`, and patterns of files.

use std::collections::HashMap;

use crate::config::{Config, fits_path};
use crate::model::{FileId, Site};
use crate::project::{Module, Project};
use crate::rules::{Draft, Meta, registry};

/// The comments of the input, read once per file.
pub struct Excuses<'p> {
    project: &'p Project,
    comments: HashMap<FileId, Vec<(u32, Vec<String>)>>,
}

impl<'p> Excuses<'p> {
    pub fn new(project: &'p Project) -> Self {
        Self { project, comments: HashMap::new() }
    }

    /// Whether configuration or a comment says not to report this.
    pub fn excuse(&mut self, draft: &Draft, config: &Config) -> bool {
        let Some(site) = draft.site else { return false };
        let module = self.project.module(site.file);
        let by_path = config.per_file_ignores.iter().any(|(pattern, words)| {
            fits_path(pattern, &module.source.path) && words.iter().any(|word| registry::names(word, draft.rule))
        });
        by_path || self.commented(module, site, draft.rule)
    }

    /// A comment on a line of the statement, or alone on the line above it.
    fn commented(&mut self, module: &Module, site: Site, rule: &Meta) -> bool {
        let comments = self.comments.entry(site.file).or_insert_with(|| read(module));
        if comments.is_empty() {
            return false;
        }
        let unit = crate::rewrite::unit_around(&module.ir, site.span).unwrap_or(site.span).to(site.span);
        let first = module.source.line(unit.start);
        let last = module.source.line(unit.end.max(1) - 1);
        comments
            .iter()
            .any(|(line, words)| (first..=last).contains(line) && words.iter().any(|word| registry::names(word, rule)))
    }
}

/// The line that each ignoring comment speaks of, and what it names.
fn read(module: &Module) -> Vec<(u32, Vec<String>)> {
    let source = &module.source;
    let ignoring = module.ir.comments.iter().filter_map(|comment| {
        let line = source.line(comment.span.start);
        let alone = is_comment(source.line_text(line));
        Some((if alone { below(module, line) } else { line }, words(&comment.text)?))
    });
    ignoring.collect()
}

/// The next line that is no comment.
fn below(module: &Module, line: u32) -> u32 {
    (line + 1..=module.source.line_count()).find(|line| !is_comment(module.source.line_text(*line))).unwrap_or(line)
}

/// Nothing but a comment stands in a line of Python, or of a template.
fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('#') || (line.starts_with("{#") && line.ends_with("#}"))
}

/// The words between the brackets of `# roundtrip: ignore[RT101, bulk] reason`.
fn words(comment: &str) -> Option<Vec<String>> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("roundtrip:")?.trim_start();
    let (inside, _) = rest.strip_prefix("ignore")?.trim_start().strip_prefix('[')?.split_once(']')?;
    Some(inside.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignoring_comment_names_rules_in_brackets() {
        assert_eq!(words("# roundtrip: ignore[RT101, bulk] few rows"), Some(vec!["RT101".into(), "bulk".into()]));
        assert_eq!(words("#roundtrip:ignore[fk-in-loop]"), Some(vec!["fk-in-loop".into()]));
        assert_eq!(words("# roundtrip: ignore"), None);
        assert_eq!(words("# noqa"), None);
    }
}
