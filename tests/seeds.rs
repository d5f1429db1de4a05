//! The pairs of code that the project began with: what is wrong is flagged where it is wrong, what is sound is silent.
//!
//! Each case in tests/seeds is a line `title | where it is from | rule` and files (`=== path`): those of all, of
//! `before` and of `after`, which is left out where the given one is no cure. `# CODE` ends the line that is flagged.
//! docs/seeds.md is made from them; `UPDATE=1` writes it again.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use roundtrip::config::Config;
use roundtrip::review::{self, CodeFile, CodeInput};
use roundtrip::rules::registry;

struct Case {
    name: String,
    head: Head,
    both: Vec<CodeFile>,
    before: Vec<CodeFile>,
    after: Vec<CodeFile>,
}

struct Head {
    title: String,
    from: String,
    rule: String,
}

fn head(line: &str) -> Head {
    let parts: Vec<&str> = line.split(" | ").collect();
    let [title, from, rule] = parts[..] else { panic!("expected `title | from | rule`: {line}") };
    Head { title: title.to_owned(), from: from.to_owned(), rule: rule.to_owned() }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds")
}

fn cases() -> Vec<Case> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name != "waiting.txt"));
    paths.sort();
    let case = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let mut parts = text.split("=== ");
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let head = head(parts.next().unwrap().trim_end());
        let mut case = Case { name, head, both: vec![], before: vec![], after: vec![] };
        for part in parts {
            let (title, text) = part.split_once('\n').unwrap();
            let (side, path) = match title.split_once(' ') {
                Some(("before", path)) => (&mut case.before, path),
                Some(("after", path)) => (&mut case.after, path),
                _ => (&mut case.both, title),
            };
            side.push(CodeFile { path: path.to_owned(), text: text.to_owned(), context: false });
        }
        case
    };
    paths.iter().map(case).collect()
}

fn waiting() -> Vec<Head> {
    fs::read_to_string(folder().join("waiting.txt")).unwrap().split_terminator('\n').map(head).collect()
}

/// Where a rule finds something, hints with it.
fn found(both: &[CodeFile], side: &[CodeFile], rule: &str) -> Vec<(String, u32)> {
    let input = CodeInput { files: [both, side].concat(), ..CodeInput::default() };
    let config = Config { hints: true, ..Config::default() };
    let review = review::code(input, &config, &mut |_, _, _| ControlFlow::Continue(()));
    assert_eq!(review.report.errors, []);
    let of_rule = review.report.findings.into_iter().filter(|finding| finding.rule == rule);
    of_rule.map(|finding| (finding.path.unwrap_or_default(), finding.line.unwrap_or_default())).collect()
}

fn marked(both: &[CodeFile], side: &[CodeFile], rule: &str) -> Vec<(String, u32)> {
    let mark = format!("# {rule}");
    let mut out = Vec::new();
    for file in both.iter().chain(side) {
        let lines = (1_u32..).zip(file.text.split('\n'));
        out.extend(lines.filter(|(_, text)| text.ends_with(&mark)).map(|(line, _)| (file.path.clone(), line)));
    }
    out.sort();
    out
}

#[test]
fn what_is_wrong_is_flagged_and_what_is_sound_is_silent() {
    let mut wrong = Vec::new();
    for Case { name, head: Head { rule, .. }, both, before, after } in cases() {
        let (found_before, marked) = (found(&both, &before, &rule), marked(&both, &before, &rule));
        assert!(!marked.is_empty(), "{name} marks no line");
        if found_before != marked {
            wrong.push(format!("{name}: {rule} at {found_before:?}, not at {marked:?}"));
        }
        if !after.is_empty() && !found(&both, &after, &rule).is_empty() {
            wrong.push(format!("{name}: {rule} still at {:?}", found(&both, &after, &rule)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_waits_waits_for_a_rule_that_is_not_there() {
    for Head { title, rule, .. } in waiting() {
        assert!(registry::by_code(&rule).is_none(), "{rule} is there now: `{title}` can be a case");
    }
}

#[test]
fn the_page_of_pairs_is_current() {
    let mut page = String::from(
        "# The seeds' pairs\n\nEach pair of the documents that the project began with is a test in `tests/seeds/`: what is \
         wrong is flagged where it is wrong, what is sound is silent.\n\n| Pair | From | Rule | Test |\n|---|---|---|---|\n",
    );
    for Case { name, head: Head { title, from, rule }, .. } in cases() {
        page.push_str(&format!("| {title} | {from} | {rule} | [{name}](../tests/seeds/{name}.txt) |\n"));
    }
    page.push_str(
        "\n## Waiting\n\nThese wait for a rule, or for what it needs.\n\n| Pair | From | Waits for |\n|---|---|---|\n",
    );
    for Head { title, from, rule } in waiting() {
        page.push_str(&format!("| {title} | {from} | {rule} |\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/seeds.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), page, "`make docs` writes it again");
}
