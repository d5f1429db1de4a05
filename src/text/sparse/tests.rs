use proptest::prelude::*;

use super::*;
use crate::text::diff;

#[test]
fn a_set_of_lines_knows_its_ranges() {
    let set: LineSet = [7, 3, 4, 5, 4].into_iter().collect();
    assert_eq!(set.ranges(), [(3, 5), (7, 7)]);
    assert_eq!(set.iter().collect::<Vec<_>>(), [3, 4, 5, 7]);
    assert_eq!((1..9).filter(|line| set.contains(*line)).collect::<Vec<_>>(), [3, 4, 5, 7]);
    assert!(LineSet::of(2, 1).is_empty());
}

#[test]
fn each_side_has_its_own_lines() {
    let patch = "--- a/a.py\n+++ b/a.py\n@@ -3,3 +3,4 @@ def f():\n     a\n-    b\n+    c\n+    d\n     e\n";
    let file = diff::parse(patch).unwrap().files.remove(0);
    let after = sparse(&file, Side::After).unwrap();
    assert_eq!(after.source.text(), "\ndef f():\n    a\n    c\n    d\n    e\n");
    assert_eq!((after.known.ranges(), after.changed.ranges()), (&[(3, 6)][..], &[(4, 5)][..]));
    let before = sparse(&file, Side::Before).unwrap();
    assert_eq!(before.source.text(), "\ndef f():\n    a\n    b\n    e\n");
    assert_eq!(before.changed.ranges(), [(4, 4)]);
    let added = diff::parse("--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+a\n").unwrap().files.remove(0);
    assert!(sparse(&added, Side::Before).is_none());
    let far = diff::parse("--- a\n+++ b\n@@ -4000000000 +4000000000 @@\n-a\n+b\n").unwrap().files.remove(0);
    assert!(sparse(&far, Side::After).unwrap().known.is_empty());
}

fn line() -> impl Strategy<Value = String> {
    let texts = [
        "x = f(",
        ")",
        "]}",
        "else:",
        "except E:",
        "case 1:",
        "def f(self):",
        "class A:",
        "\"\"\"",
        "'''",
        "a b c",
        "'a': 1,",
        "@d",
        ".x()",
        "if x:",
        "return \\",
        "# c",
        "",
        "ä =",
        "**kw):",
    ];
    (0..5_usize, any::<bool>(), prop::sample::select(texts.to_vec()))
        .prop_map(|(depth, tabs, text)| format!("{}{text}", if tabs { "\t" } else { "    " }.repeat(depth)))
}

proptest! {
    #[test]
    fn known_lines_stay_as_they_are(
        runs in prop::collection::vec((0..6_u32, line(), prop::collection::vec(line(), 1..8)), 1..4)
    ) {
        let mut patch = "--- a/a.py\n+++ b/a.py\n".to_string();
        let mut first = 1;
        let mut expected = Vec::new();
        for (gap, heading, lines) in &runs {
            first += gap;
            patch.push_str(&format!("@@ -{first},{0} +{first},{0} @@ {heading}\n", lines.len()));
            for line in lines {
                patch.push_str(&format!(" {line}\n"));
                expected.push((first, line.clone()));
                first += 1;
            }
        }
        let file = diff::parse(&patch).unwrap().files.remove(0);
        let sparse = sparse(&file, Side::After).unwrap();
        for (number, line) in expected {
            prop_assert!(sparse.known.contains(number));
            prop_assert_eq!(sparse.source.line_text(number), line);
        }
    }
}
