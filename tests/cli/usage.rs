//! Arguments, configuration, and the commands that need no engine.

use std::process::{Command, Stdio};

use crate::harness::Folder;

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_expected() {
    let folder = Folder::new("usage");
    folder.file("a.py", "x = 1\n");
    for (words, expected) in [
        ("", "Usage"),
        ("check", "nothing to review"),
        ("check a.py --format xml", "possible values"),
        ("check a.py --select RT1", "exact code"),
        ("check a.py --unsafe-fixes", "--fix"),
        ("check a.py --django new", "such as 5.2"),
        ("check a.py --config missing.toml", "missing.toml: no such file"),
        ("rules RT9999", "no rule"),
        ("check nowhere.py", "nowhere.py: no such file"),
    ] {
        let ran = folder.run(words).ends(2);
        assert!(ran.err().contains(expected), "{words}: {}", ran.err());
    }
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_its_line() {
    let folder = Folder::new("config");
    folder.file("roundtrip.toml", "preset = \"seeds\"\nselekt = []\n").file("app/a.py", "x = 1\n");
    let ran = folder.run("check app/a.py").ends(2);
    assert!(ran.err().contains("roundtrip.toml:2: unknown field `selekt`, expected"), "{}", ran.err());
    folder.file("roundtrip.toml", "\nignore = [\"RT1\"]\n");
    let ran = folder.run("check app/a.py").ends(2);
    assert!(ran.err().contains("roundtrip.toml:2: expected the exact code"), "{}", ran.err());
}

#[test]
fn fingerprints_are_one_line_each_and_tell_classes_apart() {
    let folder = Folder::new("fingerprint");
    let ran = folder
        .run_with(
            "fingerprint",
            "SELECT * FROM a WHERE id = 1;\nselect *\n from \"a\" where id = 22; SELECT ';' FROM b",
        )
        .ends(0);
    let lines: Vec<(&str, &str)> =
        ran.out().split_terminator('\n').map(|line| line.split_once('\t').unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].0, lines[1].0);
    assert_ne!(lines[0].0, lines[2].0);
    assert!(lines.iter().all(|(hex, _)| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit())));
}

#[test]
fn json_lines_keep_their_order_and_a_bad_one_is_named() {
    let folder = Folder::new("json-lines");
    folder.file("q.jsonl", "\"SELECT 1 FROM a;\"\nnot json\n\"SELECT 2 FROM a\"\n");
    let ran = folder.run("fingerprint --json-lines q.jsonl").ends(2);
    let hexes: Vec<&str> = ran.out().split_terminator('\n').map(|line| line.split_once('\t').unwrap().0).collect();
    assert_eq!(hexes.len(), 2);
    assert_eq!(hexes[0], hexes[1]);
    assert!(ran.err().contains("q.jsonl:2: expected a statement as a JSON string"), "{}", ran.err());
}

#[test]
fn the_lists_can_be_read_by_scripts() {
    let folder = Folder::new("lists");
    let rules = folder.run("rules --format json").ends(0);
    let rules: Vec<serde_json::Value> = serde_json::from_str(rules.out()).unwrap();
    for rule in &rules {
        let code = rule["code"].as_str().unwrap();
        let one = folder.run(&format!("rules {code}")).ends(0);
        assert!(one.out().contains(rule["name"].as_str().unwrap()));
    }
    let text = folder.run("rules").ends(0);
    assert_eq!(text.out().split_terminator('\n').count(), rules.len());
    folder.run("formats").ends(0);
    folder.run("--version").ends(0);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = Folder::new("pipe");
    let many = "SELECT 1 FROM a;".repeat(20_000);
    folder.file("q.sql", many);
    let mut child = Command::new(env!("CARGO_BIN_EXE_roundtrip"))
        .args(["fingerprint", "q.sql"])
        .current_dir(&folder.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
