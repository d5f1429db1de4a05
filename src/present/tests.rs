use std::collections::{BTreeMap, BTreeSet};

use super::Presented;
use crate::model::{Report, TokenClass};
use crate::protocol::{BracketPart, Row, RowKind};
use crate::review::{CodeReview, Defines, LoopMark, RemovedLine, ReviewedFile};
use crate::text::Source;

fn file(text: &str) -> ReviewedFile {
    ReviewedFile {
        path: "app/views.py".into(),
        source: Source::new("app/views.py", text),
        defines: Defines::default(),
        in_diff: BTreeSet::new(),
        context: false,
        known: None,
        added: BTreeSet::new(),
        removed: Vec::new(),
        trips: BTreeMap::new(),
        functions: BTreeMap::new(),
        loops: Vec::new(),
        findings: Vec::new(),
        queries: Vec::new(),
    }
}

fn present(file: ReviewedFile) -> Presented {
    let (_, views, mut files) =
        Presented::all(CodeReview { report: Report::default(), files: vec![file], ..CodeReview::default() });
    let presented = files.remove(0);
    // The list tells the kinds of all rows in advance.
    let told = views[0].runs.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count as usize));
    assert_eq!(told.collect::<Vec<_>>(), presented.rows(0, u32::MAX).iter().map(|row| row.kind).collect::<Vec<_>>());
    presented
}

/// `old|new|sign text`, as a unified diff shows it.
fn drawn(rows: &[Row]) -> Vec<String> {
    let number = |line: Option<u32>| line.map_or("-".to_owned(), |line| line.to_string());
    let one = |row: &Row| {
        let sign = match row.kind {
            RowKind::Same => " ",
            RowKind::Added => "+",
            RowKind::Removed => "-",
            RowKind::Gap => "…",
        };
        let text = if row.kind == RowKind::Gap { row.count.to_string() } else { row.text.clone() };
        format!("{}|{}|{sign}{text}", number(row.old), number(row.new))
    };
    rows.iter().map(one).collect()
}

#[test]
fn a_diff_is_shown_in_unified_order_with_both_numbers() {
    // Line 12 replaced by two, line 15 removed, of which the input knows 11 to 15 and 31.
    let mut text = "\n".repeat(10);
    text.push_str("a\nb\nc\nd\ne\n");
    text.push_str(&"\n".repeat(15));
    text.push_str("z\n");
    let mut sparse = file(&text);
    sparse.known = Some((11..=15).chain([31]).collect());
    sparse.added = [12, 13].into();
    let removed = |before, old_line, text: &str| RemovedLine { before, old_line, text: text.into() };
    sparse.removed = vec![removed(12, 12, "B"), removed(16, 15, "E")];
    let presented = present(sparse);
    let rows = presented.rows(0, 100);
    let expected = [
        "1|1|…10",
        "11|11| a",
        "12|-|-B",
        "-|12|+b",
        "-|13|+c",
        "13|14| d",
        "14|15| e",
        "15|-|-E",
        "16|16|…15",
        "31|31| z",
    ];
    assert_eq!(drawn(&rows), expected);
    assert_eq!(drawn(&presented.rows(2, 4)), ["12|-|-B", "-|12|+b"]);
    assert!(presented.rows(50, 60).is_empty());
}

#[test]
fn lines_removed_at_the_end_come_last() {
    let mut short = file("a\n");
    short.removed = vec![RemovedLine { before: 2, old_line: 2, text: "b".into() }];
    assert_eq!(drawn(&present(short).rows(0, 9)), ["1|1| a", "2|-|-b"]);
}

#[test]
fn a_deleted_file_is_all_removed() {
    let mut gone = file("");
    gone.removed = vec![RemovedLine { before: 1, old_line: 1, text: "import os".into() }];
    let rows = present(gone).rows(0, 9);
    assert_eq!(drawn(&rows), ["1|-|-import os"]);
    assert_eq!(rows[0].tokens[0].class, TokenClass::Keyword);
}

#[test]
fn tokens_are_counted_as_javascript_counts() {
    let rows = present(file("x = '𝄞é'  # 𝄞\r\n\"\"\"a\nß\"\"\" + 1\n")).rows(0, 9);
    let token = |row: &Row, class| {
        let found = row.tokens.iter().find(|token| token.class == class).unwrap();
        let units: Vec<u16> = row.text.encode_utf16().collect();
        String::from_utf16(&units[found.start as usize..(found.start + found.length) as usize]).unwrap()
    };
    assert_eq!(rows[0].text, "x = '𝄞é'  # 𝄞");
    assert_eq!(token(&rows[0], TokenClass::String), "'𝄞é'");
    assert_eq!(token(&rows[0], TokenClass::Comment), "# 𝄞");
    // A string over two lines has a part in each.
    assert_eq!(token(&rows[1], TokenClass::String), "\"\"\"a");
    assert_eq!(token(&rows[2], TokenClass::String), "ß\"\"\"");
    assert_eq!(token(&rows[2], TokenClass::Number), "1");
}

#[test]
fn a_loop_is_bracketed_through_what_stands_between_its_lines() {
    let mut nested = file("for a in b:\n    for c in d:\n        e\n    f\n");
    let mark = |first_line, last_line, letter: &str| LoopMark {
        first_line,
        last_line,
        letter: letter.into(),
        over: format!("rows of {letter}"),
    };
    nested.loops = vec![mark(1, 4, "N"), mark(2, 3, "M")];
    nested.removed = vec![
        RemovedLine { before: 1, old_line: 1, text: "before the loops".into() },
        RemovedLine { before: 3, old_line: 4, text: "in both".into() },
    ];
    let rows = present(nested).rows(0, 9);
    let parts: Vec<Vec<(&str, BracketPart)>> =
        rows.iter().map(|row| row.loops.iter().map(|mark| (&*mark.letter, mark.part)).collect()).collect();
    use BracketPart::{End, Middle, Start};
    let expected: [&[_]; 6] = [
        &[],
        &[("N", Start)],
        &[("N", Middle), ("M", Start)],
        &[("N", Middle), ("M", Middle)],
        &[("N", Middle), ("M", End)],
        &[("N", End)],
    ];
    assert_eq!(parts, expected);
}

#[test]
fn a_line_leads_to_its_row_or_its_gap() {
    let mut sparse = file("\n\n\nx\n");
    sparse.known = Some([4].into());
    sparse.queries = vec![(2, 0), (4, 1), (9, 2)];
    let review = CodeReview { report: Report::default(), files: vec![sparse], ..CodeReview::default() };
    let (_, views, _) = Presented::all(review);
    assert_eq!(views[0].rows, 2);
    assert_eq!(views[0].row_of_line, [(2, 0), (4, 1)].into());
}

#[test]
fn a_line_without_end_is_cut() {
    let rows = present(file(&format!("x = '{}'\n", "é".repeat(1_000_000)))).rows(0, 1);
    assert_eq!(rows[0].text.chars().count(), 2_000);
    assert!(rows[0].tokens.iter().all(|token| token.start + token.length <= 2_000));
}
