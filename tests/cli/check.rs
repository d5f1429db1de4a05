//! `roundtrip check` on files, folders and archives.

use serde_json::{Value, json};

use crate::forum::{VIEWS, codes, forum};

#[test]
fn a_folder_is_reviewed_and_its_blocker_fails() {
    let folder = forum("check-folder");
    let report = folder.run("check . --format json").ends(1).json();
    assert_eq!(codes(&report), ["RT101"]);
    assert_eq!(report["summary"], json!({"blocker": 1, "warning": 0, "info": 0, "files": 3, "statements": 2}));
    assert_eq!(report["inputs"], json!([{"name": ".", "format": "folder", "statements": 2, "notes": []}]));
    assert_eq!(report["errors"], json!([]));
    folder.run("check . --fail-on never").ends(0);
}

#[test]
fn context_tells_the_model_and_has_no_findings_of_its_own() {
    let folder = forum("check-context");
    let report = folder.run("check forum/views.py --context forum --format json").ends(1).json();
    assert_eq!((codes(&report), &report["findings"][0]["confidence"]), (vec!["RT101"], &json!("certain")));
    let report = folder.run("check forum/models.py --context forum --format json").ends(0).json();
    assert_eq!((codes(&report), &report["summary"]["files"]), (vec![], &json!(1)));
}

#[test]
fn a_broken_file_is_an_error_and_its_name_on_the_command_line_makes_it_a_failure() {
    let folder = forum("check-broken");
    folder.file("forum/broken.py", "x = 1\ny = (\n").file("forum/latin.py", b"# \xe9\0\n");
    let report = folder.run("check . --format json").ends(1).json();
    let errors: Vec<&Value> = report["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
    assert_eq!(errors, [&json!("forum/latin.py"), &json!("forum/broken.py")]);
    assert_eq!(codes(&report), ["RT101"]);
    let ran = folder.run("check forum/broken.py forum/views.py forum/models.py --format json").ends(2);
    assert_eq!(codes(&ran.json()), ["RT101"]);
    assert!(ran.err().contains("forum/broken.py:2: "), "{}", ran.err());
}

#[test]
fn standard_input_is_read_once() {
    let folder = forum("check-stdin");
    let ran = folder.run_with("check - --context forum --format json", VIEWS).ends(1);
    assert_eq!(ran.json()["findings"][0]["path"], json!("-"));
    let ran = folder.run_with("check - -", VIEWS).ends(2);
    assert!(ran.err().contains("once"), "{}", ran.err());
}

#[test]
fn predictions_are_a_json_object_a_line() {
    let folder = forum("predict");
    let ran = folder.run("predict forum/views.py --context forum").ends(0);
    let lines: Vec<Value> = ran.out().split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    let loops: Vec<&Value> = lines.iter().map(|line| &line["loops"]).collect();
    // In the order of their places: the element stands before the loop.
    assert_eq!(loops, [&json!(["N"]), &json!([])]);
}
