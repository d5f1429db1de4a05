//! `--fix` and `--fix-diff`.

use serde_json::json;

use crate::forum::{VIEWS, codes, forum, sound};

#[test]
fn safe_rewrites_are_written_and_what_remains_decides() {
    let folder = forum("fix");
    let ran = folder.run("check . --fix --format json").ends(0);
    assert_eq!(codes(&ran.json()), [""; 0]);
    assert_eq!(folder.read("forum/views.py"), sound());
    folder.run("check . --fix").ends(0);
    assert_eq!(folder.read("forum/views.py"), sound());
}

#[test]
fn a_diff_of_the_fixes_is_one_that_git_takes() {
    let folder = forum("fix-diff");
    folder.sh("git", "init -q .");
    let ran = folder.run("check . --fix-diff").ends(1);
    assert_eq!(folder.read("forum/views.py"), VIEWS);
    folder.file("fix.patch", ran.out());
    folder.sh("git", "apply --check fix.patch");
    folder.sh("git", "apply fix.patch");
    assert_eq!(folder.read("forum/views.py"), sound());
    assert_eq!(folder.run("check . --fix-diff").ends(0).out(), "");
}

#[test]
fn a_file_keeps_its_line_breaks_and_encoding() {
    let folder = forum("fix-encoding");
    let latin = format!("# -*- coding: latin-1 -*-\n# \u{e9}\n{VIEWS}").replace('\n', "\r\n");
    let bytes: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    folder.file("forum/views.py", &bytes);
    folder.run("check . --fix").ends(0);
    let written = std::fs::read(folder.0.join("forum/views.py")).unwrap();
    let fixed = latin.replace("objects.all()", "objects.all().select_related(\"forum\")");
    assert_eq!(written, fixed.chars().map(|c| c as u8).collect::<Vec<u8>>());
}

#[test]
fn what_a_person_must_agree_to_waits_for_its_option() {
    let folder = forum("fix-unsafe");
    folder.file(
        "forum/views.py",
        "from forum.models import Topic\n\n\ndef login(request):\n    return Topic.objects.filter(title=request.GET[\"t\"])\n\n\n\
         def again(request):\n    return Topic.objects.filter(title=request.GET[\"t\"]).first()\n",
    );
    let report = folder.run("check . --hints --select RT401 --format json").json();
    assert_eq!(report["findings"][0]["rewrite"]["safety"], json!("review"));
    assert_eq!(folder.run("check . --hints --select RT401 --fix-diff").out(), "");
    let diff = folder.run("check . --hints --select RT401 --fix-diff --unsafe-fixes");
    assert!(diff.out().contains("models.Index(fields=[\"title\"]"), "{}", diff.out());
}

#[test]
fn an_archive_cannot_be_fixed_in_place() {
    let folder = forum("fix-zip");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/public/samples/forum.zip"), folder.0.join("forum.zip"))
        .unwrap();
    let report = folder.run("check forum.zip --format json").ends(1).json();
    assert!(codes(&report).contains(&"RT101"));
    assert_eq!(report["inputs"][0]["format"], json!("zip"));
    let ran = folder.run("check forum.zip --fix").ends(2);
    assert!(ran.err().contains("not a file on disk"), "{}", ran.err());
    assert!(folder.run("check forum.zip --fix-diff").out().contains("+++ b/forum/"));
}
