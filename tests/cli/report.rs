//! What the report holds, field by field, what is left out of it, and the other formats of it.

use serde_json::{Value, json};

use crate::forum::{MODELS, VIEWS, codes, forum};

/// The names of an object's fields, sorted.
fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

/// Whether an object has these fields; further ones may have been added.
#[track_caller]
fn has(value: &Value, names: &str) {
    let present = fields(value);
    for name in names.split_whitespace() {
        assert!(present.contains(&name), "{name} is not in {present:?}");
    }
}

#[test]
fn every_field_of_the_contract_is_there() {
    let report = forum("report-fields").run("check . --format json").ends(1).json();
    has(&report, "version findings functions queries requests endpoints plans inputs errors rules summary");
    assert_eq!(report["version"], json!(1));
    let finding = &report["findings"][0];
    has(finding, "rule name family severity hint confidence source path line column end_line end_column message");
    has(finding, "introduced cost evidence rewrite advice fingerprint");
    let told = ["rule", "name", "family", "severity", "hint", "confidence", "source", "path", "introduced"];
    let told = told.map(|name| finding[name].clone());
    let expected =
        json!(["RT101", "fk-in-loop", "n-plus-one", "blocker", false, "certain", "code", "forum/views.py", null]);
    assert_eq!(json!(told), expected);
    let place = ["line", "column", "end_line", "end_column"].map(|name| finding[name].as_u64().unwrap());
    // `topic.forum` in line 7: columns are code points from 1, the end is exclusive.
    assert_eq!(place, [7, 23, 7, 34]);
    let cost = &finding["cost"];
    has(cost, "before after before_terms after_terms loops saved_ms");
    assert_eq!((&cost["before"], &cost["after"]), (&json!("1 + N"), &json!("1")));
    assert_eq!(cost["before_terms"], json!([{"count": 1, "loops": []}, {"count": 1, "loops": ["N"]}]));
    let over = json!({"over": "query", "text": "rows of forum.Topic (line 5)", "model": "forum.Topic", "path": "forum/views.py", "line": 5, "exactly": null, "at_most": null});
    assert_eq!(cost["loops"], json!({"N": over}));
    assert_eq!(fields(&finding["evidence"][0]), ["line", "message", "path"]);
    let rewrite = &finding["rewrite"];
    assert_eq!(fields(rewrite), ["diff", "edits", "note", "safety", "title"]);
    assert_eq!(rewrite["safety"], json!("safe"));
    assert_eq!(fields(&rewrite["edits"][0]), ["end_column", "end_line", "path", "start_column", "start_line", "text"]);
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    assert!(fingerprint.len() == 16 && fingerprint.bytes().all(|b| b.is_ascii_hexdigit()), "{fingerprint}");

    let function = &report["functions"][0];
    let expected = json!({"path": "forum/views.py", "name": "feed", "line": 4, "round_trips": "1 + N", "exact": true,
        "terms": [{"count": 1, "loops": []}, {"count": 1, "loops": ["N"]}], "loops": {"N": over}});
    assert_eq!(*function, expected);
    let query = &report["queries"][0];
    has(query, "path line column orm model kind sql fingerprint loops loop built via confidence");
    assert_eq!(fields(&report["rules"][0]), ["code", "name", "summary"]);
    assert_eq!(fields(&report["summary"]), ["blocker", "files", "info", "statements", "warning"]);
}

#[test]
fn a_fingerprint_stays_when_other_lines_come() {
    let folder = forum("report-fingerprint");
    let of = |report: Value| report["findings"][0]["fingerprint"].clone();
    let before = of(folder.run("check . --format json").json());
    folder.file("forum/views.py", format!("# A comment.\n\n{}", VIEWS.replace("    return", "    x = 1\n    return")));
    assert_eq!(of(folder.run("check . --format json").json()), before);
}

#[test]
fn rules_are_chosen_by_code_name_and_family() {
    let folder = forum("report-select");
    for (words, expected) in [
        ("--select RT101", &["RT101"][..]),
        ("--select fk-in-loop,RT201", &["RT101"]),
        ("--select n-plus-one", &["RT101"]),
        ("--select RT201", &[]),
        ("--ignore n-plus-one", &[]),
        ("--ignore fk-in-loop", &[]),
    ] {
        let report = folder.run(&format!("check . --format json {words}")).json();
        assert_eq!(codes(&report), expected, "{words}");
    }
}

#[test]
fn hints_are_shown_when_asked_for() {
    let folder = forum("report-hints");
    // Looked up once, and in no request: an index is no more than a thought.
    folder.file("forum/views.py", "").file(
        "forum/lookup.py",
        "from forum.models import Topic\n\n\ndef find(title):\n    return list(Topic.objects.filter(title=title))\n",
    );
    let report = |words: &str| folder.run(&format!("check . --format json {words}")).ends(0).json();
    assert_eq!(codes(&report("")), [""; 0]);
    let hinted = report("--hints");
    assert_eq!((codes(&hinted), &hinted["findings"][0]["hint"]), (vec!["RT401"], &json!(true)));
}

#[test]
fn what_is_known_already_is_hidden() {
    let folder = forum("report-hidden");
    let report = folder.run("check . --format json").ends(1);
    let fingerprint = report.json()["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
    folder.file("old.json", report.out());
    let hidden = folder.run("check . --format json --baseline old.json").ends(0).json();
    assert_eq!((codes(&hidden), &hidden["rules"], &hidden["summary"]["blocker"]), (vec![], &json!([]), &json!(0)));
    let triage =
        |decision| json!({"version": 1, "decisions": {fingerprint.clone(): {"decision": decision}}}).to_string();
    folder.file("triage.json", triage("dismiss"));
    folder.run("check . --triage triage.json").ends(0);
    folder.file("triage.json", triage("accept"));
    folder.run("check . --triage triage.json").ends(1);
    folder.file("triage.json", "{\n]");
    let ran = folder.run("check . --triage triage.json").ends(2);
    assert!(ran.err().contains("triage.json:2: "), "{}", ran.err());
}

#[test]
fn a_comment_excuses_a_line() {
    let folder = forum("report-comment");
    let with = |comment: &str| VIEWS.replace("for topic in topics\n", &format!("for topic in topics  # {comment}\n"));
    for (comment, code) in [
        ("roundtrip: ignore[RT101] few rows", 0),
        ("roundtrip: ignore[n-plus-one]", 0),
        ("roundtrip: ignore[RT201]", 1),
    ] {
        folder.file("forum/views.py", with(comment));
        folder.run("check .").ends(code);
    }
    folder.file("forum/views.py", VIEWS).file("roundtrip.toml", "[per-file-ignores]\n\"forum/*.py\" = [\"RT101\"]\n");
    folder.run("check .").ends(0);
}

#[test]
fn every_format_shows_the_finding() {
    let folder = forum("report-formats");
    let render = |format: &str| folder.run(&format!("check . --format {format}")).ends(1).out().to_owned();
    let json_of = |format: &str| serde_json::from_str::<Value>(&render(format)).unwrap();
    assert!(render("text").starts_with("forum/views.py:7:23: blocker RT101 fk-in-loop "), "{}", render("text"));
    let sarif = json_of("sarif");
    assert_eq!(sarif["version"], json!("2.1.0"));
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], json!("RT101"));
    assert_eq!(json_of("rdjson")["diagnostics"][0]["location"]["path"], json!("forum/views.py"));
    assert!(render("markdown").contains("RT101"));
    assert!(render("github").starts_with("::error "), "{}", render("github"));
    let comment = &json_of("suggestions")[0];
    assert_eq!((&comment["path"], &comment["line"]), (&json!("forum/views.py"), &json!(5)));
    assert!(
        comment["body"].as_str().unwrap().contains("```suggestion\n    topics = Topic.objects.all().select_related")
    );
    let html = render("html");
    assert!(html.to_lowercase().starts_with("<!doctype html>") && html.contains("RT101"));
    let quiet = folder.run("check . --quiet").ends(1);
    assert_eq!(quiet.out().split_terminator('\n').count(), 1);
}

#[test]
fn the_same_file_is_reviewed_once() {
    let folder = forum("report-once");
    folder.file("forum/models.py", MODELS);
    let report = folder.run("check forum/views.py ./forum/views.py . --context forum --format json").ends(1).json();
    assert_eq!((codes(&report), &report["summary"]["files"]), (vec!["RT101"], &json!(3)));
}

#[test]
fn a_line_of_another_file_is_told_with_that_file() {
    let folder = forum("report-elsewhere");
    let place = "    def place(self):\n        return self.forum.name\n";
    folder.file("forum/models.py", format!("{MODELS}\n{place}"));
    folder.file("forum/views.py", VIEWS.replace("topic.forum.name", "topic.place()"));
    let report = folder.run("check forum --format json").json();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["path"] == "forum/models.py").unwrap();
    assert!(finding["message"].as_str().unwrap().contains("rows of forum.Topic (views.py:5)"), "{finding}");
    let loops = &finding["cost"]["loops"]["N"];
    assert_eq!((&loops["text"], &loops["line"]), (&json!("rows of forum.Topic (views.py:5)"), &json!(5)));
}
