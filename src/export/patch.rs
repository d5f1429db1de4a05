//! Rewrites as changed files, and as one unified diff that `git apply` takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Edit, Finding, Safety};
use crate::text::diff::clip::clipped;
use crate::text::{Source, edit};

use super::Sources;

/// What came of applying the rewrites of several findings together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// Path → new text; only files that changed. A path that was not in the input is a new file.
    pub files: BTreeMap<String, String>,
    /// Indexes of the findings whose rewrite is in it.
    pub applied: Vec<usize>,
    /// Indexes of those whose rewrite overlaps with one that is: to be done in a further round.
    pub skipped: Vec<usize>,
}

/// An edit in bytes of its file.
struct Cut<'a> {
    start: u32,
    end: u32,
    text: &'a str,
}

/// Applies each finding's rewrite as a whole or not at all, the first one wins where two overlap. Equal edits of two
/// rewrites are done once.
pub fn apply(findings: &[Finding], unsafe_too: bool, sources: &dyn Sources) -> Applied {
    let mut out = Applied::default();
    let mut cuts: BTreeMap<&str, Vec<Cut<'_>>> = BTreeMap::new();
    let mut created: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        let Some(rewrite) = &finding.rewrite else { continue };
        if rewrite.safety != Safety::Safe && !unsafe_too {
            continue;
        }
        let fits = rewrite.edits.iter().all(|edit| match sources.source(&edit.path) {
            Some(source) => {
                let cut = cut(edit, source);
                let others = cuts.get(edit.path.as_str()).map(Vec::as_slice).unwrap_or_default();
                others.iter().all(|other| same(other, &cut) || apart(other, &cut))
            }
            None => created.get(edit.path.as_str()).is_none_or(|text| *text == edit.text),
        });
        if !fits {
            out.skipped.push(index);
            continue;
        }
        for edit in &rewrite.edits {
            match sources.source(&edit.path) {
                Some(source) => {
                    let new = cut(edit, source);
                    let list = cuts.entry(&edit.path).or_default();
                    if !list.iter().any(|other| same(other, &new)) {
                        list.push(new);
                    }
                }
                None => {
                    created.insert(&edit.path, &edit.text);
                }
            }
        }
        out.applied.push(index);
    }
    for (path, mut cuts) in cuts {
        let Some(source) = sources.source(path) else { continue };
        cuts.sort_by_key(|cut| (cut.start, cut.end));
        let mut text = String::with_capacity(source.text().len());
        let mut done = 0;
        for cut in &cuts {
            text.push_str(source.text().get(done as usize..cut.start as usize).unwrap_or_default());
            text.push_str(cut.text);
            done = cut.end;
        }
        text.push_str(source.text().get(done as usize..).unwrap_or_default());
        if text != source.text() {
            out.files.insert(path.to_owned(), text);
        }
    }
    out.files.extend(created.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())));
    out
}

fn cut<'a>(edit: &'a Edit, source: &Source) -> Cut<'a> {
    let start = source.offset(edit.start_line, edit.start_column);
    let end = source.offset(edit.end_line, edit.end_column).max(start);
    Cut { start, end, text: &edit.text }
}

fn same(a: &Cut<'_>, b: &Cut<'_>) -> bool {
    (a.start, a.end, a.text) == (b.start, b.end, b.text)
}

/// Two insertions at one place are not apart: their order would be a guess.
fn apart(a: &Cut<'_>, b: &Cut<'_>) -> bool {
    (a.end <= b.start || b.end <= a.start) && (a.start, a.end) != (b.start, b.end)
}

/// One unified diff of every changed file, in the order of their paths. `known` names the lines that a sparse file
/// has: the others are no context for a hunk.
pub fn diff(
    files: &BTreeMap<String, String>,
    sources: &dyn Sources,
    known: &BTreeMap<String, BTreeSet<u32>>,
) -> String {
    let one = |(path, new): (&String, &String)| {
        // A diff's paths are those below a root.
        let short = path.trim_start_matches("./").trim_start_matches('/');
        let Some(source) = sources.source(path) else { return edit::unified_new(short, new) };
        let whole = edit::unified(short, source.text(), new);
        match known.get(path) {
            Some(known) => clipped(&whole, known),
            None => whole,
        }
    };
    files.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sample;
    use crate::model::Rewrite;

    fn findings(edits: &[(u32, u32, u32, &str)]) -> Vec<Finding> {
        let base = sample::report().findings.remove(0);
        let with = |(line, start, end, text): &(u32, u32, u32, &str)| Finding {
            rewrite: Some(Rewrite {
                edits: vec![Edit {
                    path: "app/views.py".to_owned(),
                    start_line: *line,
                    start_column: *start,
                    end_line: *line,
                    end_column: *end,
                    text: (*text).to_owned(),
                }],
                ..base.rewrite.clone().unwrap()
            }),
            ..base.clone()
        };
        edits.iter().map(with).collect()
    }

    #[test]
    fn rewrites_apply_together_unless_they_overlap() {
        let findings =
            findings(&[(3, 14, 33, "A()"), (3, 20, 22, "B"), (2, 5, 9, "out"), (2, 5, 9, "out"), (2, 5, 9, "no")]);
        let applied = apply(&findings, false, &*sample::SOURCES);
        assert_eq!((applied.applied, applied.skipped), (vec![0, 2, 3], vec![1, 4]));
        let text = &applied.files["app/views.py"];
        assert!(text.contains("    out = []\n    topics = A()\n"), "{text}");
    }

    #[test]
    fn what_a_person_must_agree_to_waits() {
        let mut findings = findings(&[(2, 5, 9, "out")]);
        findings[0].rewrite.as_mut().unwrap().safety = Safety::Review;
        assert_eq!(apply(&findings, false, &*sample::SOURCES), Applied::default());
        assert_eq!(apply(&findings, true, &*sample::SOURCES).applied, [0]);
    }

    #[test]
    fn the_diff_holds_changed_and_new_files() {
        let findings = findings(&[(3, 27, 33, ".select_related(\"forum\")")]);
        let mut files = apply(&findings, false, &*sample::SOURCES).files;
        files.insert("./app/migrations/0002_index.py".to_owned(), "x = 1\n".to_owned());
        let out = diff(&files, &*sample::SOURCES, &BTreeMap::new());
        assert!(out.contains("--- /dev/null\n+++ b/app/migrations/0002_index.py\n@@ -0,0 +1 @@\n+x = 1\n"), "{out}");
        assert!(
            out.contains("--- a/app/views.py\n+++ b/app/views.py\n@@ -1,6 +1,6 @@\n def feed(request):\n"),
            "{out}"
        );
    }

    #[test]
    fn unknown_lines_are_no_context() {
        let before: String =
            (1..=12).map(|n| if !(3..=10).contains(&n) { "\n".to_owned() } else { format!("line {n}\n") }).collect();
        let after = before.replace("line 4\n", "four\nand more\n").replace("line 10\n", "");
        let sources = BTreeMap::from([("a.py".to_owned(), Source::new("a.py", before))]);
        let files = BTreeMap::from([("a.py".to_owned(), after)]);
        let known = BTreeMap::from([("a.py".to_owned(), (3..=10).filter(|line| *line != 7).collect())]);
        let expected = "\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -3,4 +3,5 @@
 line 3
-line 4
+four
+and more
 line 5
 line 6
@@ -8,3 +9,2 @@
 line 8
 line 9
-line 10
";
        assert_eq!(diff(&files, &sources, &known), expected);
    }
}
