//! The last review as a file. The engine writes it, for it has the sources and the rules, and the page stays small.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::export::{self, Format, Sources, patch};
use crate::model::{Family, Report, Summary};
use crate::present::Presented;
use crate::rules::{Meta, docs};
use crate::text::Source;

/// The files of a review by their paths.
struct Files<'a>(BTreeMap<&'a str, &'a Presented>);

impl Sources for Files<'_> {
    fn source(&self, path: &str) -> Option<&Source> {
        self.0.get(path).map(|file| file.source())
    }
}

/// The report without these findings, by their fingerprints.
pub fn without<'r>(report: &'r Report, hidden: &[String]) -> Cow<'r, Report> {
    if hidden.is_empty() {
        return Cow::Borrowed(report);
    }
    let mut left = report.clone();
    left.findings.retain(|finding| !hidden.contains(&finding.fingerprint));
    left.rules.retain(|rule| left.findings.iter().any(|finding| finding.rule == rule.code));
    left.summary = Summary { files: report.summary.files, statements: report.summary.statements, ..Summary::default() };
    left.findings.iter().for_each(|finding| left.summary.count(finding.severity));
    Cow::Owned(left)
}

/// `format`: an id of `export`, or `patch` for all rewrites as one diff, `safe-patch` for those that are safe; `files` is empty for a log; `rules` are the
/// engine's.
///
/// # Errors
/// When there is no such format, or nothing to write in it.
pub fn export(
    report: &Report,
    files: &[Presented],
    format: &str,
    rules: impl Iterator<Item = &'static Meta> + Clone,
) -> Result<String, String> {
    let files = Files(files.iter().map(|file| (file.path(), file)).collect());
    match format {
        "patch" => return rewrites(report, &files, true),
        "safe-patch" => return rewrites(report, &files, false),
        _ => {}
    }
    let format = Format::from_id(format).ok_or_else(|| format!("no format is called {format:?}"))?;
    let help = |code: &str| rules.clone().find(|rule| rule.code == code).map(docs::markdown);
    let in_diff = |path: &str, line: u32| files.0.get(path).is_some_and(|file| file.is_added(line));
    let families: BTreeSet<Family> = rules.clone().map(|rule| rule.family).collect();
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

fn rewrites(report: &Report, files: &Files<'_>, unsafe_too: bool) -> Result<String, String> {
    let known = files.0.iter().filter_map(|(path, file)| Some(((*path).to_owned(), file.known()?.clone()))).collect();
    let applied = patch::apply(&report.findings, unsafe_too, files);
    let diff = patch::diff(&applied.files, files, &known);
    let none = if unsafe_too { "no finding has a rewrite" } else { "no finding has a rewrite that is safe" };
    if diff.is_empty() { Err(none.to_owned()) } else { Ok(diff) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    use crate::protocol::{Answer, Ask, Item, Options};
    use crate::worker::{Bytes, CodeDesk};

    const CODE: &str = "from django.db import models\n\n\n\
        class Forum(models.Model):\n    name = models.CharField(max_length=80)\n\n\n\
        class Topic(models.Model):\n    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)\n\n\n\
        def names():\n    out = []\n    for topic in Topic.objects.all():\n        out.append(topic.forum.name)\n    return out\n";

    #[test]
    fn a_review_can_be_taken_along_in_every_format() {
        let mut desk = CodeDesk::default();
        let mut ask = |ask, bytes| desk.answer(ask, bytes, &|_, _, _| ());
        let item = Item { name: "forum/models.py".into(), format: None, size: CODE.len() as u64, before: false };
        let bytes: Vec<Bytes> = vec![Box::new(Cursor::new(CODE))];
        ask(Ask::Review { job: 1, items: vec![item], options: Options::default() }, bytes);
        for format in ["markdown", "html", "suggestions", "sarif", "rdjson", "json", "patch", "safe-patch"] {
            let answer = ask(Ask::Export { job: 2, format: format.to_owned(), hidden: Vec::new() }, Vec::new());
            let Answer::Export { text, .. } = answer else { panic!("{format}: {answer:?}") };
            assert!(text.contains("select_related"), "{format}: {text}");
        }
        let answer = ask(Ask::Export { job: 2, format: "json".to_owned(), hidden: Vec::new() }, Vec::new());
        let Answer::Export { text, .. } = answer else { panic!("{answer:?}") };
        let report: Report = serde_json::from_str(&text).unwrap();
        let hidden = report.findings.iter().map(|finding| finding.fingerprint.clone()).collect();
        let answer = ask(Ask::Export { job: 2, format: "json".to_owned(), hidden }, Vec::new());
        let Answer::Export { text, .. } = answer else { panic!("{answer:?}") };
        let left: Report = serde_json::from_str(&text).unwrap();
        assert!(!report.findings.is_empty() && left.findings.is_empty() && left.rules.is_empty());
        assert_eq!((left.summary.blocker, left.queries.len()), (0, report.queries.len()));
        let answer = ask(Ask::Export { job: 3, format: "docx".to_owned(), hidden: Vec::new() }, Vec::new());
        assert!(matches!(answer, Answer::Failed { message, .. } if message.contains("docx")));
    }
}
