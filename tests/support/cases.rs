//! Cases of rules: files whose comments `# RT101` say what is flagged on their lines, and what the review makes of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use roundtrip::config::Config;
use roundtrip::model::Finding;
use roundtrip::review::{self, CodeFile, CodeInput, OtherFile};

/// Path → text.
pub type Files = BTreeMap<String, String>;

/// What the rules of `families` say, hints included. `django`: a version as requirements.txt has it.
pub fn review(files: &Files, families: &[&str], django: &str) -> Vec<Finding> {
    let listed = files.iter().map(|(path, text)| CodeFile { path: path.clone(), text: text.clone(), context: false });
    let others = vec![OtherFile { path: "requirements.txt".into(), text: format!("Django=={django}\n") }];
    let input = CodeInput { files: listed.collect(), others, ..CodeInput::default() };
    let select = families.iter().map(|name| (*name).to_owned()).collect();
    let config = Config { select, hints: true, ..Config::default() };
    review::code(input, &config, &mut |_, _, _| ControlFlow::Continue(())).report.findings
}

/// Flagged is exactly what the comments say, on the line that they stand on.
pub fn as_marked(findings: &[Finding], files: &Files) {
    let text: String = findings.iter().map(|f| format!("\n  {} {:?}: {}", f.rule, f.line, f.message)).collect();
    assert_eq!(told(findings), marked(files), "{text}\n{}", files.values().next_back().unwrap());
}

/// The files after the first rewrite of a rule.
pub fn rewritten(mut files: Files, findings: &[Finding], rule: &str) -> Option<Files> {
    let rewrite = findings.iter().find(|f| f.rule == rule).and_then(|f| f.rewrite.clone())?;
    for edit in rewrite.edits.iter().rev() {
        let text = files.entry(edit.path.clone()).or_default();
        let source = roundtrip::text::Source::new(edit.path.clone(), text.as_str());
        let start = source.offset(edit.start_line, edit.start_column) as usize;
        let end = source.offset(edit.end_line, edit.end_column) as usize;
        text.replace_range(start..end, &edit.text);
    }
    Some(files)
}

/// `forum/views.py:12 RT101` for each finding, sorted.
fn told(findings: &[Finding]) -> Vec<String> {
    let place = |f: &Finding| format!("{}:{} {}", f.path.clone().unwrap_or_default(), f.line.unwrap_or(0), f.rule);
    let mut out: Vec<String> = findings.iter().map(place).collect();
    out.sort();
    out
}

fn marked(files: &Files) -> Vec<String> {
    let mut out = Vec::new();
    for (path, text) in files {
        for (at, line) in (1..).zip(text.split('\n')) {
            let codes = line.rsplit_once("  # RT").map_or("", |(_, codes)| codes);
            out.extend(codes.split_whitespace().map(|code| format!("{path}:{at} RT{}", code.trim_start_matches("RT"))));
        }
    }
    out.sort();
    out
}
