//! Every rule's documentation is complete, and its examples are true: what it says is flagged is flagged, what it says
//! is fine is silent, and its rewrite does what it shows.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;

use roundtrip::config::{self, Config};
use roundtrip::model::Finding;
use roundtrip::review::{self, CodeFile, CodeInput, CodeReview, Logs};
use roundtrip::rules::docs::{self, Example, SECTIONS, Shows};
use roundtrip::rules::{Meta, registry};

type Files = BTreeMap<String, String>;

fn examples(meta: &'static Meta) -> Vec<Example> {
    docs::examples(meta).into_iter().filter(|example| example.language == "python").collect()
}

fn files(example: &Example) -> Files {
    example.files().into_iter().collect()
}

fn review(files: &Files) -> CodeReview {
    let files = files.iter().map(|(path, text)| CodeFile { path: path.clone(), text: text.clone(), context: false });
    let input = CodeInput { files: files.collect(), ..CodeInput::default() };
    review::code(input, &Config { hints: true, ..Config::default() }, &mut |_, _, _| ControlFlow::Continue(()))
}

fn of<'a>(review: &'a CodeReview, meta: &Meta) -> Vec<&'a Finding> {
    review.report.findings.iter().filter(|finding| finding.rule == meta.code).collect()
}

/// The places that comments mark with the rule's code.
fn marked(files: &Files, code: &str) -> Vec<(String, u32)> {
    let mark = format!("# {code}");
    let lines = |(path, text): (&String, &String)| {
        let numbered: Vec<(u32, String)> = (1u32..).zip(text.split('\n').map(str::to_owned)).collect();
        let path = path.clone();
        let hits: Vec<(String, u32)> =
            numbered.into_iter().filter(|(_, line)| line.ends_with(&mark)).map(|(at, _)| (path.clone(), at)).collect();
        hits
    };
    files.iter().flat_map(lines).collect()
}

/// The files after a finding's rewrite, by the edits that a script would apply.
fn rewritten(files: &Files, finding: &Finding) -> Option<Files> {
    let mut out = files.clone();
    let rewrite = finding.rewrite.as_ref()?;
    for edit in rewrite.edits.iter().rev() {
        let text = out.entry(edit.path.clone()).or_default();
        let source = roundtrip::text::Source::new(edit.path.clone(), text.as_str());
        let start = source.offset(edit.start_line, edit.start_column) as usize;
        let end = source.offset(edit.end_line, edit.end_column) as usize;
        text.replace_range(start..end, &edit.text);
    }
    Some(out)
}

#[test]
fn every_rule_has_its_sections_and_a_summary_of_one_sentence() {
    for meta in registry::all().map(|rule| rule.meta()) {
        let summary = meta.summary();
        assert!(summary.ends_with('.') && !summary.trim_end_matches('.').contains(". "), "{}: {summary}", meta.code);
        assert_eq!(docs::headings(meta), SECTIONS, "{}", meta.code);
        let all = docs::examples(meta);
        for shows in [Shows::Flag, Shows::Ok] {
            assert!(all.iter().any(|example| example.shows == shows), "{} has no {shows:?} example", meta.code);
        }
    }
}

#[test]
fn what_is_flagged_is_flagged_where_it_says() {
    let mut wrong = Vec::new();
    for meta in registry::all().map(|rule| rule.meta()) {
        for example in examples(meta).iter().filter(|example| example.shows == Shows::Flag) {
            let files = files(example);
            let review = review(&files);
            let found: Vec<(String, u32)> = review
                .report
                .findings
                .iter()
                .filter(|finding| finding.rule == meta.code)
                .map(|finding| (finding.path.clone().unwrap_or_default(), finding.line.unwrap_or(0)))
                .collect();
            let marks = marked(&files, meta.code);
            if found.is_empty() || (!marks.is_empty() && found != marks) {
                wrong.push(format!("{}: found at {found:?}, marked at {marks:?}\n{}", meta.code, example.text));
            }
            let loud = review.report.findings.iter().filter(|finding| !finding.hint);
            let other: Vec<&str> = loud.map(|f| f.rule.as_str()).filter(|rule| *rule != meta.code).collect();
            if !other.is_empty() {
                wrong.push(format!("{}: also {other:?}\n{}", meta.code, example.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_fine_is_silent() {
    let mut wrong = Vec::new();
    for meta in registry::all().map(|rule| rule.meta()) {
        for example in examples(meta).iter().filter(|example| example.shows != Shows::Flag) {
            let review = review(&files(example));
            for finding in of(&review, meta) {
                wrong.push(format!("{} line {:?}: {}\n{}", meta.code, finding.line, finding.message, example.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Logs, plans and statistics have no lines to mark: that something is found, and nothing of it in what is fine.
#[test]
fn examples_of_logs_are_true() {
    for meta in registry::all().map(|rule| rule.meta()) {
        for example in docs::examples(meta).iter().filter(|example| example.language != "python") {
            let is_chosen = |(name, _): &(String, String)| name == "roundtrip.toml";
            let (chosen, files): (Vec<_>, Vec<_>) = example.files().into_iter().partition(is_chosen);
            let read = |(name, text): &(String, String)| config::parse(name, text).unwrap().unwrap().config;
            let config = chosen.first().map(read).unwrap_or_default();
            let mut logs = Logs::new(Config { hints: true, ..config });
            for (name, text) in files {
                let mut bytes = Cursor::new(text.into_bytes());
                let read = logs.read(&name, None, &mut bytes, &mut |_| ControlFlow::Continue(()));
                read.unwrap_or_else(|error| panic!("{}: {error}", meta.code));
            }
            let report = logs.finish().report;
            let found: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
            let expected: &[&str] = if example.shows == Shows::Flag { &[meta.code] } else { &[] };
            assert_eq!(found, expected, "{}\n{}", meta.code, example.text);
        }
    }
}

#[test]
fn a_rewrite_does_what_its_documentation_shows() {
    let mut wrong = Vec::new();
    for meta in registry::all().map(|rule| rule.meta()) {
        let all = examples(meta);
        for pair in all.windows(2).filter(|pair| pair[1].shows == Shows::Fix) {
            assert_eq!(pair[0].shows, Shows::Flag, "{}: a fix follows what it fixes", meta.code);
            let before = files(&pair[0]);
            let review = review(&before);
            let after = of(&review, meta).first().and_then(|finding| rewritten(&before, finding));
            let shown = files(&pair[1]);
            match after {
                None => wrong.push(format!("{}: no rewrite: {:?}", meta.code, of(&review, meta))),
                Some(after) if after != shown => {
                    let text: String = after.iter().map(|(path, text)| format!("# file: {path}\n{text}")).collect();
                    wrong.push(format!("{}: the rewrite gives\n{text}", meta.code));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
