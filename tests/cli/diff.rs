//! `roundtrip check --diff`: both sides of a change.

use serde_json::json;

use crate::forum::{MODELS, VIEWS, codes, forum, sound};
use crate::harness::Folder;

/// A repository in which the change from the sound view to the faulty one is not committed yet; the patch is in
/// `change.diff`.
fn repository(name: &str) -> Folder {
    let folder = forum(name);
    folder.file("forum/views.py", sound());
    commit(&folder, "sound");
    folder.file("forum/views.py", VIEWS);
    patch(&folder, "diff");
    folder
}

fn commit(folder: &Folder, message: &str) {
    if !folder.0.join(".git").exists() {
        folder.sh("git", "init -q .");
    }
    folder.sh("git", "add .");
    folder.sh("git", &format!("-c user.name=a -c user.email=a@example.org commit -qm {message}"));
}

/// Writes what git prints to `change.diff`, beside the folder so that it is no file of it.
fn patch(folder: &Folder, words: &str) {
    folder.sh("git", &format!("{words} --output=../{}", patch_name(folder)));
}

fn patch_name(folder: &Folder) -> String {
    format!("{}.diff", folder.0.file_name().unwrap().to_string_lossy())
}

fn with_patch(folder: &Folder, words: &str) -> String {
    words.replace("PATCH", &format!("../{}", patch_name(folder)))
}

#[test]
fn a_deleted_select_related_is_introduced() {
    let folder = repository("diff-tree");
    let report = folder.run(&with_patch(&folder, "check . --diff PATCH --format json")).ends(1).json();
    assert_eq!(codes(&report), ["RT101"]);
    let finding = &report["findings"][0];
    // The faulty line itself is not in the change.
    assert_eq!((&finding["introduced"], &finding["line"]), (&json!(true), &json!(7)));
    assert_eq!(report["inputs"][1]["format"], json!("diff"));
    // The files that the change leaves alone are context.
    assert_eq!(report["summary"]["files"], json!(1));
}

#[test]
fn what_was_there_before_is_not_shown() {
    let folder = forum("diff-before");
    commit(&folder, "faulty");
    folder.file("forum/views.py", format!("# A feed.\n{VIEWS}"));
    patch(&folder, "diff");
    let quiet = folder.run(&with_patch(&folder, "check . --diff PATCH --format json")).ends(0).json();
    assert_eq!(codes(&quiet), [""; 0]);
    let all = folder.run(&with_patch(&folder, "check . --diff PATCH --format json --all-lines")).ends(1).json();
    assert_eq!((codes(&all), &all["findings"][0]["introduced"]), (vec!["RT101"], &json!(false)));
}

/// Twenty views, each with a fault that was there before; every second one gets another, one loses its own.
#[test]
fn of_twenty_changed_files_only_what_is_new_is_told() {
    const OLD: &str = "\
from forum.models import Topic


def old(request):
    return [topic.forum.name for topic in Topic.objects.all()]


def title(request, pk):
    return Topic.objects.get(pk=pk).title
";
    let path = |number: usize| format!("part{number:02}/views.py");
    let folder = Folder::new("diff-twenty");
    folder.file("forum/models.py", MODELS).file("forum/__init__.py", "");
    for number in 0..20 {
        folder.file(&path(number), OLD);
    }
    commit(&folder, "before");
    let title = "    return Topic.objects.get(pk=pk).title\n";
    for number in 0..20 {
        let new = match number % 4 {
            0 => OLD.replace(title, "    return [topic.forum.name for topic in Topic.objects.filter(pk__gt=pk)]\n"),
            1 => OLD.replace(title, &format!("    # Shown in the head of part {number}.\n{title}")),
            2 => format!(
                "{OLD}\n\ndef names(request):\n    topics = Topic.objects.order_by(\"pk\")\n    \
                 return [topic.forum.name for topic in topics]\n"
            ),
            _ => OLD.replace("objects.all()", "objects.select_related(\"forum\")"),
        };
        folder.file(&path(number), new);
    }
    patch(&folder, "diff");
    let introduced = |report: &serde_json::Value| -> Vec<(String, u64)> {
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| {
                assert_eq!((&finding["rule"], &finding["introduced"]), (&json!("RT101"), &json!(true)));
                (finding["path"].as_str().unwrap().to_owned(), finding["line"].as_u64().unwrap())
            })
            .collect()
    };
    let expected: Vec<(String, u64)> = (0..20)
        .filter_map(|number| match number % 4 {
            0 => Some((path(number), 9)),
            2 => Some((path(number), 14)),
            _ => None,
        })
        .collect();
    let whole = folder.run(&with_patch(&folder, "check . --diff PATCH --format json")).ends(1).json();
    assert_eq!(introduced(&whole), expected);
    assert_eq!(whole["summary"]["files"], json!(20));
    // The patch alone knows no model, and tells the same.
    let alone = folder.run(&with_patch(&folder, "check --diff PATCH --format json")).ends(1).json();
    assert_eq!(introduced(&alone), expected);
}

#[test]
fn the_tree_may_lie_elsewhere() {
    let folder = repository("diff-suffix");
    folder
        .file("../diff-suffix-tree/src/forum/views.py", VIEWS)
        .file("../diff-suffix-tree/src/forum/models.py", MODELS);
    let report =
        folder.run(&with_patch(&folder, "check ../diff-suffix-tree --diff PATCH --format json")).ends(1).json();
    assert_eq!(report["findings"][0]["path"], json!("../diff-suffix-tree/src/forum/views.py"));
}

#[test]
fn a_hunk_that_does_not_fit_is_an_error_and_the_rest_is_reviewed() {
    let folder = repository("diff-misfit");
    folder.file("forum/other.py", VIEWS);
    folder.sh("git", "add -N .");
    patch(&folder, "diff");
    folder.file("forum/views.py", VIEWS.replace("topics = ", "rows = "));
    let ran = folder.run(&with_patch(&folder, "check . --diff PATCH --format json")).ends(2);
    assert!(ran.err().contains("forum/views.py:5: the diff does not fit: expected `    topics = "), "{}", ran.err());
    let report = ran.json();
    assert_eq!((codes(&report), &report["findings"][0]["path"]), (vec!["RT101"], &json!("forum/other.py")));
    assert_eq!(report["errors"][0]["line"], json!(5));
}

#[test]
fn a_patch_alone_shows_what_its_hunks_show() {
    let folder = repository("diff-alone");
    let report = folder.run(&with_patch(&folder, "check --diff PATCH --format json")).json();
    let finding = &report["findings"][0];
    // Without the models the foreign key is a guess; with them it is none.
    assert_eq!((codes(&report), &finding["confidence"]), (vec!["RT101"], &json!("likely")));
    assert_eq!((&finding["path"], &finding["line"]), (&json!("forum/views.py"), &json!(7)));
    let words = with_patch(&folder, "check --diff PATCH --context forum/models.py --format json");
    assert_eq!(folder.run(&words).ends(1).json()["findings"][0]["confidence"], json!("certain"));
}

#[test]
fn a_patch_comes_by_standard_input_and_without_being_named_a_diff() {
    let folder = repository("diff-stdin");
    let text = folder.read(&format!("../{}", patch_name(&folder)));
    for words in ["check forum --diff - --format json", "check - forum --format json"] {
        assert_eq!(codes(&folder.run_with(words, &text).ends(1).json()), ["RT101"], "{words}");
    }
}

#[test]
fn renamed_new_and_deleted_files_are_told_apart() {
    let folder = forum("diff-rename");
    folder.file("forum/old.py", VIEWS).file("forum/gone.py", "x = 1\n");
    commit(&folder, "old");
    folder.sh("git", "mv forum/old.py forum/renamed.py");
    folder.sh("git", "rm -q forum/gone.py");
    folder
        .file("forum/renamed.py", format!("{VIEWS}\n\nx = 1\n"))
        .file("forum/fresh.py", format!("{}{VIEWS}", "# One of many.\n".repeat(9)));
    folder.sh("git", "add .");
    patch(&folder, "diff --cached -M");
    for words in ["check . --diff PATCH --format json", "check --diff PATCH --context forum/models.py --format json"] {
        let report = folder.run(&with_patch(&folder, words)).ends(1).json();
        let found: Vec<_> = report["findings"].as_array().unwrap().iter().map(|finding| &finding["path"]).collect();
        assert_eq!(found, [&json!("forum/fresh.py")], "{words}");
    }
}

#[test]
fn commits_by_mail_are_one_change() {
    let folder = forum("diff-mail");
    folder.file("forum/views.py", sound());
    commit(&folder, "sound");
    folder.file("forum/views.py", VIEWS.replace("def feed", "def first"));
    commit(&folder, "faulty");
    folder.file("forum/views.py", VIEWS);
    commit(&folder, "named");
    let folder_name = patch_name(&folder);
    let done = std::process::Command::new("git")
        .args(["format-patch", "--stdout", "-2"])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    folder.file(&format!("../{folder_name}"), done.stdout);
    for words in ["check . --diff PATCH --format json", "check --diff PATCH --context forum/models.py --format json"] {
        let report = folder.run(&with_patch(&folder, words)).ends(1).json();
        assert_eq!((codes(&report), &report["findings"][0]["introduced"]), (vec!["RT101"], &json!(true)), "{words}");
    }
}

#[test]
fn files_with_crlf_and_without_a_last_line_break_fit() {
    let crlf = |text: &str| text.trim_end().replace('\n', "\r\n");
    let folder = forum("diff-crlf");
    folder.file("forum/views.py", crlf(&sound()));
    commit(&folder, "sound");
    folder.file("forum/views.py", crlf(VIEWS));
    patch(&folder, "-c core.autocrlf=false diff");
    let report = folder.run(&with_patch(&folder, "check . --diff PATCH --format json")).ends(1).json();
    assert_eq!((codes(&report), &report["findings"][0]["line"]), (vec!["RT101"], &json!(7)));
    assert!(report["findings"][0]["rewrite"].is_object());
}

#[test]
fn a_broken_patch_is_named_with_its_line() {
    let folder = Folder::new("diff-broken");
    folder
        .file("a.diff", "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n x\n?y\n")
        .file("b.diff", "hello\n")
        .file("c.diff", "");
    let ran = folder.run("check --diff a.diff").ends(2);
    assert!(ran.err().contains("a.diff:5: "), "{}", ran.err());
    let ran = folder.run("check --diff b.diff").ends(2);
    assert!(ran.err().contains("b.diff:1: no diff"), "{}", ran.err());
    folder.run("check --diff c.diff").ends(0);
    folder.run("check --diff none.diff").ends(2);
}

#[test]
fn comments_and_fixes_keep_to_the_diff() {
    let folder = repository("diff-formats");
    let comments = folder.run(&with_patch(&folder, "check . --diff PATCH --format suggestions")).ends(1).json();
    assert_eq!((&comments[0]["path"], &comments[0]["line"]), (&json!("forum/views.py"), &json!(5)));
    // Of the patch alone, the fix has only lines that it shows.
    let words = with_patch(&folder, "check --diff PATCH --context forum/models.py --fix-diff");
    let fix = folder.run(&words);
    folder.file("../diff-formats.fix", fix.out());
    folder.sh("git", "apply ../diff-formats.fix");
    assert_eq!(folder.read("forum/views.py"), sound());
    folder.file("forum/views.py", VIEWS);
    folder.run(&with_patch(&folder, "check . --diff PATCH --fix")).ends(0);
    assert_eq!(folder.read("forum/views.py"), sound());
    let ran = folder.run(&with_patch(&folder, "check --diff PATCH --context forum/models.py --fix")).ends(2);
    assert!(ran.err().contains("not a file on disk"), "{}", ran.err());
}
