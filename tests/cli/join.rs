//! `roundtrip log --code`: a project that was really run, and its code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Folder;

fn make() -> Folder {
    Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/make"))
}

fn report(words: &str) -> Value {
    make().run(&format!("log {words} --format json --fail-on never")).ends(0).json()
}

/// The line of a file of the project that holds a text.
fn line_of(file: &str, text: &str) -> u64 {
    let path: PathBuf = make().0.join(file);
    let source = std::fs::read_to_string(path).unwrap();
    source.split('\n').position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}")) as u64 + 1
}

const VIEWS: &str = "forum/views.py";
const TEMPLATE: &str = "forum/templates/topics.html";

/// Rule and line of the findings that a side shows, of statements that repeat or are too many.
fn placed(report: &Value, source: &str) -> BTreeSet<(String, String, u64)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let of_source = findings.filter(|finding| {
        finding["source"] == source && !["index", "concurrency"].contains(&finding["family"].as_str().unwrap())
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of_source.map(|f| (text(&f["rule"]), text(&f["path"]), f["line"].as_u64().unwrap_or(0))).collect()
}

fn expected(places: &[(&str, &str, &str)]) -> BTreeSet<(String, String, u64)> {
    let place = |(rule, file, text): &(&str, &str, &str)| ((*rule).to_owned(), (*file).to_owned(), line_of(file, text));
    places.iter().map(place).collect()
}

#[test]
fn stacks_lead_to_the_lines_of_the_code() {
    for log in ["../toolbar-store/toolbar8.json", "../toolbar-store/toolbar63.json"] {
        let report = report(&format!("{log} --code forum"));
        let both = [
            ("RT112", TEMPLATE, "topic.forum.name"),
            ("RT109", VIEWS, "forum.topics.count()"),
            ("RT201", VIEWS, "; args=('x',)"),
        ];
        assert_eq!(placed(&report, "both"), expected(&both), "{log}");
        assert!(placed(&report, "log").is_empty(), "{log}");
        // What the requests did not run stays as the code alone gives it.
        let alone = [
            ("RT101", VIEWS, "by {topic.poster.username}"),
            ("RT102", VIEWS, "topic.tags.all())"),
            ("RT205", VIEWS, "status=status).count() for status in (\"draft\", \"published\", \"hidden\", \"it's\")"),
            ("RT106", VIEWS, "Forum.objects.get(pk=1)"),
            ("RT101", VIEWS, "in {topic.forum.name}\" for topic in Topic.objects.order_by(\"-created\")[:5]"),
        ];
        assert_eq!(placed(&report, "code"), expected(&alone), "{log}");

        let findings = report["findings"].as_array().unwrap();
        let count = findings.iter().find(|finding| finding["rule"] == "RT109").unwrap();
        assert_eq!((count["severity"].as_str(), count["confidence"].as_str()), (Some("blocker"), Some("certain")));
        assert!(!count["rewrite"].is_null() && count["cost"]["saved_ms"].as_f64().unwrap() > 0.0);
        let seen = count["evidence"].as_array().unwrap().iter().find(|e| e.get("sql").is_some()).unwrap();
        assert_eq!((seen["count"].as_u64(), seen["request"].as_str()), (Some(4), Some("GET /forums/")));
        assert!(seen["total_ms"].as_f64().unwrap() > 0.0);

        let rows = report["queries"].as_array().unwrap();
        let met = |row: &&Value| !row["code"].as_array().unwrap().is_empty();
        let unmet: Vec<&str> = rows.iter().filter(|row| !met(row)).map(|row| row["sql"].as_str().unwrap()).collect();
        // The three that a cursor sends.
        assert_eq!(unmet.len(), 3, "{unmet:?}");
        let notes = report["inputs"][0]["notes"].to_string();
        assert!(notes.contains("23 of 26 statements (88 %) meet a predicted line of the code"), "{notes}");
    }
}

#[test]
fn fingerprints_lead_there_where_there_are_no_stacks() {
    let report = report("../django-log/served52.log --code forum");
    let both = [
        ("RT101", VIEWS, "by {topic.poster.username}"),
        ("RT109", VIEWS, "forum.topics.count()"),
        ("RT102", VIEWS, "topic.tags.all())"),
        ("RT112", TEMPLATE, "topic.forum.name"),
        ("RT106", VIEWS, "Forum.objects.get(pk=1)"),
        ("RT205", VIEWS, "status=status).count() for status in (\"draft\", \"published\", \"hidden\", \"it's\")"),
        ("RT201", VIEWS, "; args=('x',)"),
    ];
    assert_eq!(placed(&report, "both"), expected(&both));
    assert!(placed(&report, "log").is_empty());
    // One view did not run.
    let alone = [("RT101", VIEWS, "in {topic.forum.name}\" for topic in Topic.objects.order_by(\"-created\")[:5]")];
    assert_eq!(placed(&report, "code"), expected(&alone));
}

#[test]
fn what_runs_together_is_not_told_apart() {
    let report = report("../django-log/plain52.log --code forum");
    let findings = report["findings"].as_array().unwrap();
    let forums = findings.iter().find(|finding| finding["source"] == "log" && finding["rule"] == "RT101").unwrap();
    assert!(forums["path"].is_null());
    let lines = forums["evidence"].as_array().unwrap().iter().filter(|e| e["message"] == "may be sent here").count();
    assert_eq!(lines, 3);
}

#[test]
fn what_ran_without_repeating_is_doubted() {
    let folder = crate::forum::forum("join-doubt");
    // The rows were read in two requests, and nothing was sent for them.
    let line = "(0.001) SELECT \"forum_topic\".\"id\", \"forum_topic\".\"forum_id\", \"forum_topic\".\"title\" FROM \
                \"forum_topic\"; args=(); alias=default\n";
    let served = "[21/Nov/2026 02:16:53] \"GET / HTTP/1.1\" 200 5\n";
    folder.file("run.log", [line, served, line, served].concat());
    let report = folder.run("log run.log --code forum --format json --fail-on never").ends(0).json();
    let [finding] = &report["findings"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!((finding["rule"].as_str(), finding["confidence"].as_str()), (Some("RT101"), Some("likely")));
    assert!(finding["message"].as_str().unwrap().contains("the log reads the rows of the loop twice"), "{finding}");
}

#[test]
fn code_that_cannot_be_read_is_said() {
    let ran = make().run("log ../toolbar-store/toolbar8.json --code nowhere --quiet").ends(2);
    assert!(ran.err().contains("nowhere"), "{}", ran.err());
}
