//! What a diff's hunks stand in: the lines that the sparse file puts into its gaps, and that the whole then parses.

use roundtrip::text::diff::{self, FileDiff};
use roundtrip::text::sparse::{Side, Sparse, sparse};

/// Each case is the hunks of a file (`@ line heading`, then their lines), a line `---`, and the scaffold lines with
/// their numbers; a line `===` ends it.
const CASES: &str = include_str!("fixtures/sparse.txt");

/// A patch of hunks without changes.
fn file_of(hunks: &str) -> FileDiff {
    let mut patch = "--- a/app/views.py\n+++ b/app/views.py\n".to_string();
    for hunk in hunks.split("@ ").skip(1) {
        let (head, lines) = hunk.split_once('\n').expect("a hunk has lines");
        let (line, heading) = head.split_once(' ').unwrap_or((head, ""));
        let count = lines.split_terminator('\n').count();
        patch.push_str(&format!("@@ -{line},{count} +{line},{count} @@ {heading}\n"));
        lines.split_terminator('\n').for_each(|line| patch.push_str(&format!(" {line}\n")));
    }
    diff::parse(&patch).expect("the case is a diff").files.remove(0)
}

fn scaffolds(sparse: &Sparse) -> String {
    let unknown = (1..=sparse.source.line_count()).filter(|line| !sparse.known.contains(*line));
    let written = unknown.filter(|line| !sparse.source.line_text(*line).trim().is_empty());
    written.map(|line| format!("{line:>3} {}\n", sparse.source.line_text(line))).collect()
}

#[test]
fn hunks_stand_in_what_they_stand_in() {
    let mut wrong = String::new();
    for case in CASES.split("===\n") {
        let (hunks, expected) = case.split_once("---\n").expect("a case has two halves");
        let file = file_of(hunks);
        let sparse = sparse(&file, Side::After).expect("a text file");
        let errors = roundtrip::python::parse(sparse.source.text()).errors;
        let found = scaffolds(&sparse);
        if found != expected || !errors.is_empty() {
            wrong.push_str(&format!("{hunks}--- expected\n{expected}--- found, with errors {errors:?}\n{found}===\n"));
        }
        // Known lines are at their numbers and as they were.
        for line in file.hunks.iter().flat_map(|hunk| &hunk.lines) {
            assert_eq!(line.new.map(|number| sparse.source.line_text(number)), Some(line.text.as_str()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
