//! The desk as the page uses it, with what real programs wrote.

use std::cell::RefCell;
use std::io::Cursor;
use std::path::Path;

use super::*;
use crate::protocol::{Bar, ShapeDetail, ShapeRow, Sort};

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

fn item(name: &str, format: Option<&str>, bytes: &[u8]) -> (Item, Bytes) {
    let item =
        Item { name: name.to_owned(), format: format.map(str::to_owned), size: bytes.len() as u64, before: false };
    (item, Box::new(Cursor::new(bytes.to_vec())))
}

fn review(desk: &mut LogDesk, things: Vec<(Item, Bytes)>) -> Review {
    let (items, bytes) = things.into_iter().unzip();
    match desk.answer(Ask::Review { job: 7, items, options: Options::default() }, bytes, &|_, _, _| {}) {
        Answer::Reviewed { job: 7, review } => *review,
        other => panic!("{other:?}"),
    }
}

fn ask(desk: &mut LogDesk, ask: Ask) -> Answer {
    desk.answer(ask, Vec::new(), &|_, _, _| {})
}

fn shapes(
    desk: &mut LogDesk,
    window: std::ops::Range<u32>,
    sort: Sort,
    descending: bool,
    filter: &str,
) -> (u32, Vec<ShapeRow>) {
    let (from, to, filter) = (window.start, window.end, filter.to_owned());
    match ask(desk, Ask::Shapes { job: 1, from, to, sort, descending, filter }) {
        Answer::Shapes { total, rows, .. } => (total, rows),
        other => panic!("{other:?}"),
    }
}

fn shape(desk: &mut LogDesk, fingerprint: &str) -> ShapeDetail {
    match ask(desk, Ask::Shape { job: 1, fingerprint: fingerprint.to_owned() }) {
        Answer::Shape { shape, .. } => *shape,
        other => panic!("{other:?}"),
    }
}

fn bars(desk: &mut LogDesk, id: &str) -> Vec<Bar> {
    match ask(desk, Ask::Request { job: 1, id: id.to_owned() }) {
        Answer::Request { queries, .. } => queries,
        other => panic!("{other:?}"),
    }
}

/// A desk that has reviewed a toolbar's store and a log.
fn at_work() -> (LogDesk, Review) {
    let mut desk = LogDesk::default();
    let things = vec![
        item("store.json", None, &fixture("toolbar-store/toolbar8.json")),
        item("django.log", None, &fixture("django-log/mixed.log")),
    ];
    let review = review(&mut desk, things);
    (desk, review)
}

#[test]
fn each_item_says_what_became_of_it() {
    let mut desk = LogDesk::default();
    let things = vec![
        item("a.json", None, &fixture("toolbar-store/toolbar8.json")),
        item("", None, &fixture("connection-queries/mixed.repr.txt")),
        item("closed.html", None, &fixture("toolbar-html/saved8-closed.html")),
        item("views.py", None, b"def index(request):\n    return None\n"),
        item("notes.txt", None, b"Dear all, please find attached the minutes\n"),
        item("x.txt", Some("django-log"), b"one\ntwo\n"),
        item("y.json", Some("python"), &fixture("connection-queries/mixed.json")),
    ];
    let outcomes = review(&mut desk, things).items;
    let counts = |item: &ItemOutcome| {
        item.understood.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect()
    };
    let counts: Vec<Vec<String>> = outcomes.iter().map(counts).collect();
    let counts: Vec<String> = counts.iter().map(|counts| counts.join(", ")).collect();
    let told: Vec<(&str, &str, bool)> = outcomes
        .iter()
        .zip(&counts)
        .map(|(item, counts)| (item.format.as_str(), counts.as_str(), item.elsewhere))
        .collect();
    let expected = [
        ("toolbar-store", "26 statement, 4 request", false),
        ("connection-queries", "12 statement", false),
        ("toolbar-html", "", false),
        ("python", "", true),
        ("other", "", false),
        ("django-log", "", false),
        ("python", "", true),
    ];
    assert_eq!(told, expected);
    assert!(outcomes[0].why.contains("debug_toolbar.historyentry"), "{}", outcomes[0].why);
    assert!(outcomes[1].notes[0].contains("no request boundaries"), "{:?}", outcomes[1].notes);
    assert!(outcomes[2].errors[0].contains("open the SQL panel first"), "{:?}", outcomes[2].errors);
    assert!(outcomes[4].errors[0].contains("Dear all"), "{:?}", outcomes[4].errors);
    assert!(outcomes[5].errors[0].starts_with("line 1: expected"), "{:?}", outcomes[5].errors);
}

#[test]
fn progress_is_told_in_bytes_of_all_items() {
    let log = fixture("django-log/plain52.log").repeat(80);
    let total = 2 * log.len() as u64;
    let told = RefCell::new(Vec::new());
    let (items, bytes) = vec![item("a.log", None, &log), item("b.log", None, &log)].into_iter().unzip();
    let review = Ask::Review { job: 1, items, options: Options::default() };
    LogDesk::default().answer(review, bytes, &|_, done, of| told.borrow_mut().push((done, of)));
    let told = told.into_inner();
    assert!(told.len() > 4 && told.iter().all(|(_, of)| *of == total), "{told:?}");
    assert!(told.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{told:?}");
    assert_eq!(told.last(), Some(&(total, total)));
}

#[test]
fn the_table_is_sorted_filtered_and_cut_into_windows() {
    let (mut desk, review) = at_work();
    assert!(review.report.queries.is_empty(), "they are asked for window by window");
    let (total, all) = shapes(&mut desk, 0..1000, Sort::Total, true, "");
    assert_eq!(total as usize, all.len());
    assert_eq!(all.iter().map(|row| row.executions).sum::<u64>(), review.report.summary.statements);
    assert!((all.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(all.windows(2).all(|pair| pair[0].total_ms >= pair[1].total_ms));
    let (_, window) = shapes(&mut desk, 2..5, Sort::Total, true, "");
    assert_eq!(window, all[2..5]);
    assert!(shapes(&mut desk, 900..1000, Sort::Total, true, "").1.is_empty());
    for (sort, descending) in [(Sort::Executions, true), (Sort::Mean, false), (Sort::P95, true), (Sort::Max, false)] {
        let (_, rows) = shapes(&mut desk, 0..1000, sort, descending, "");
        let key = |row: &ShapeRow| match sort {
            Sort::Executions => row.executions as f64,
            Sort::Mean => row.mean_ms.unwrap(),
            Sort::P95 => row.p95_ms.unwrap(),
            _ => row.max_ms.unwrap(),
        };
        let ordered = |pair: &[ShapeRow]| {
            if descending { key(&pair[0]) >= key(&pair[1]) } else { key(&pair[0]) <= key(&pair[1]) }
        };
        assert!(rows.windows(2).all(ordered), "{sort:?}");
    }
    let (total, counts) = shapes(&mut desk, 0..1000, Sort::Sql, false, "COUNT Forum_Post");
    assert_eq!(total as usize, counts.len());
    assert!(!counts.is_empty() && counts.iter().all(|row| row.kind == "count" && row.tables == ["forum_post"]));
    assert_eq!(shapes(&mut desk, 0..9, Sort::Sql, false, "no such thing").0, 0);
}

#[test]
fn a_statement_is_shown_with_all_that_is_known_of_it() {
    let (mut desk, review) = at_work();
    let (_, rows) = shapes(&mut desk, 0..1000, Sort::Executions, true, "forum_forum where id");
    let detail = shape(&mut desk, &rows[0].fingerprint);
    assert_eq!(detail.row, rows[0]);
    // Seven of a template, five of a view.
    assert_eq!((detail.row.executions, detail.row.distinct_params, detail.row.requests), (12, Some(4), Some(2)));
    assert_eq!(detail.params.iter().map(|(_, count)| count).sum::<u64>(), 12);
    assert!(detail.params.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    let (stack, count) = &detail.stacks[0];
    assert!(*count == 7 && stack.last().unwrap().contains("topics.html:5"), "{stack:?}");
    assert_eq!(detail.histogram.iter().map(|(_, count)| count).sum::<u64>(), 12);
    assert!(detail.layout.contains("\nFROM"), "{}", detail.layout);
    let parent = shape(&mut desk, &detail.parent.unwrap());
    assert!(parent.row.sql.contains("FROM forum_topic"), "{}", parent.row.sql);
    for finding in &detail.row.findings {
        assert_eq!(review.report.findings[*finding as usize].rule, "RT101");
    }
    assert!(!detail.row.findings.is_empty());
    assert!(matches!(ask(&mut desk, Ask::Shape { job: 1, fingerprint: "é".into() }), Answer::Failed { job: 1, .. }));
}

#[test]
fn a_request_is_drawn_with_its_loops_folded() {
    let (mut desk, review) = at_work();
    for request in &review.report.requests {
        let bars = bars(&mut desk, &request.id);
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), request.queries, "{}", request.name);
        let time: f64 = bars.iter().filter_map(|bar| bar.duration_ms).sum();
        assert!((time - request.total_ms.unwrap_or(0.0)).abs() < 1e-6);
    }
    let template = review.report.requests.iter().find(|request| request.name == "GET /template/").unwrap();
    let bars = bars(&mut desk, &template.id);
    assert_eq!(bars.iter().map(|bar| bar.count).collect::<Vec<_>>(), [1, 7]);
    assert!(bars[1].sql.starts_with("SELECT") && bars[0].finding.is_none());
    assert_eq!(review.report.findings[bars[1].finding.unwrap() as usize].rule, "RT101");
    assert!(matches!(ask(&mut desk, Ask::Request { job: 3, id: "?".into() }), Answer::Failed { job: 3, .. }));
}

/// Recordings of the same request, with so many fetches in its loop, all after the first in a transaction.
fn recording(fetches: u32) -> Vec<u8> {
    let statement = |sql: &str, id: u32, at: u32, tx: bool| {
        format!("{{\"sql\":\"{sql}\",\"params\":[{id}],\"us\":100,\"start\":{at},\"tx\":{tx},\"stack\":[]}}\n")
    };
    let mut text =
        "{\"roundtrip\":1,\"python\":\"3.11.7\",\"django\":\"5.2\",\"sqlalchemy\":null,\"pid\":1}\n".to_owned();
    text.push_str("{\"run\":\"1\",\"name\":\"GET /topics/\",\"kind\":\"request\",\"at\":1.0}\n");
    text.push_str(&statement("SELECT id, forum_id FROM topic WHERE poster_id = %s", 1, 1_000, false));
    for id in 0..fetches {
        text.push_str(&statement("SELECT id, name FROM forum WHERE id = %s", id, 2_000 + id * 200, true));
    }
    text.into_bytes()
}

#[test]
fn a_capture_of_before_is_what_the_others_are_compared_with() {
    let mut desk = LogDesk::default();
    let (before, after) = (recording(20), recording(1));
    let then = |(item, bytes): (Item, Bytes)| (Item { before: true, ..item }, bytes);
    let things = vec![then(item("then.jsonl", None, &before)), item("now.jsonl", None, &after)];
    let review = review(&mut desk, things);
    let comparison = review.report.comparison.as_ref().unwrap();
    assert_eq!(comparison.before, ["then.jsonl"]);
    assert_eq!((comparison.fixed.len(), comparison.new), (1, 0));
    let [endpoint] = &comparison.endpoints[..] else { panic!("{:?}", comparison.endpoints) };
    assert_eq!((endpoint.before.queries_p95, endpoint.after.queries_p95), (21, 2));
    // Both say what became of them; only what is now is listed.
    assert!(review.items.iter().all(|item| item.understood[0].1 > 0), "{:?}", review.items);
    assert_eq!(review.report.summary.statements, 2);
}

#[test]
fn without_anything_after_it_a_capture_of_before_is_reviewed_as_it_is() {
    let mut desk = LogDesk::default();
    let before = recording(20);
    let (item, bytes) = item("then.jsonl", None, &before);
    let review = review(&mut desk, vec![(Item { before: true, ..item }, bytes)]);
    assert!(review.report.comparison.is_none());
    assert_eq!(review.report.summary.statements, 21);
}

#[test]
fn what_ran_in_a_transaction_is_told() {
    let mut desk = LogDesk::default();
    let review = review(&mut desk, vec![item("now.jsonl", None, &recording(20))]);
    let bars = bars(&mut desk, &review.report.requests[0].id);
    assert_eq!(bars.iter().map(|bar| (bar.count, bar.in_transaction)).collect::<Vec<_>>(), [(1, false), (20, true)]);
}

#[test]
fn the_last_review_can_be_had_as_a_file() {
    let (mut desk, review) = at_work();
    let mut export =
        |format: &str| ask(&mut desk, Ask::Export { job: 1, format: format.to_owned(), hidden: Vec::new() });
    let Answer::Export { text, .. } = export("json") else { panic!("no JSON") };
    let report: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(report.findings, review.report.findings);
    assert!(!report.queries.is_empty(), "a file has the statements, too");
    assert!(matches!(export("markdown"), Answer::Export { text, .. } if text.contains("RT101")));
    assert!(matches!(export("patch"), Answer::Failed { message, .. } if message.contains("no finding has a rewrite")));
}

#[test]
fn other_questions_are_answered_or_declined() {
    let mut desk = LogDesk::default();
    assert!(matches!(ask(&mut desk, Ask::Catalogue { job: 1 }), Answer::Failed { job: 1, .. }));
    assert!(matches!(ask(&mut desk, Ask::Rows { job: 2, file: 0, from: 0, to: 1 }), Answer::Failed { job: 2, .. }));
    assert_eq!(shapes(&mut desk, 0..10, Sort::Total, true, ""), (0, Vec::new()));
    let options = Options { django: Some("five".into()), ..Options::default() };
    let review = Ask::Review { job: 4, items: Vec::new(), options };
    assert!(matches!(ask(&mut desk, review), Answer::Failed { job: 4, message } if message.contains("five")));
}

#[test]
fn code_and_log_are_joined_between_the_engines() {
    let make = |path: &str| {
        let bytes = fixture(&format!("make/{path}"));
        item(path, None, &bytes)
    };
    let things = ["forum/models.py", "forum/views.py", "forum/templates/topics.html"].map(make);
    let (items, bytes): (Vec<Item>, Vec<Bytes>) = things.into_iter().unzip();
    let mut code = crate::worker::CodeDesk::default();
    let quiet = |_: &str, _, _| {};
    let Answer::Reviewed { review, .. } =
        code.answer(Ask::Review { job: 1, items, options: Options::default() }, bytes, &quiet)
    else {
        panic!()
    };
    let (mut desk, _) = at_work();
    let Answer::Seen { job: 2, seen } = ask(&mut desk, Ask::Seen { job: 2 }) else { panic!() };
    // A second join starts from the code alone again.
    for _ in 0..2 {
        let join = Ask::Join { job: 3, seen: seen.clone() };
        let Answer::Joined { job: 3, report, files } = code.answer(join, Vec::new(), &quiet) else { panic!() };
        let both = |finding: &&crate::model::Finding| finding.source == crate::model::FindingSource::Both;
        let rules: Vec<&str> = report.findings.iter().filter(both).map(|finding| finding.rule.as_str()).collect();
        assert!(rules.contains(&"RT109") && rules.contains(&"RT112"), "{rules:?}");
        assert_eq!(files.len(), review.files.len());
        let views = files.iter().position(|file| file.path == "forum/views.py").unwrap();
        let counted = report.findings.iter().position(|finding| finding.rule == "RT109").unwrap();
        assert!(files[views].findings.contains(&(counted as u32)));
        let line = report.findings[counted].line.unwrap();
        let window = Ask::Rows { job: 4, file: views as u32, from: line - 1, to: line };
        let Answer::Rows { rows, .. } = code.answer(window, Vec::new(), &quiet) else { panic!() };
        // The rows, and a count for each of them.
        assert_eq!((rows[0].new, rows[0].seen.unwrap().executions), (Some(line), 5));
        assert_eq!(rows[0].findings, [counted as u32]);
    }
    let nonsense = code.answer(Ask::Join { job: 5, seen: vec![9] }, Vec::new(), &quiet);
    assert!(matches!(nonsense, Answer::Failed { job: 5, .. }));
}
