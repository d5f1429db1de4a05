//! What a review of logs keeps, forgets, and says of both.

use std::fmt::Write;
use std::io::Cursor;

use super::*;
use crate::model::Confidence;

fn review(texts: &[&str], config: Config) -> LogReview {
    let mut logs = Logs::new(config);
    for (at, text) in texts.iter().enumerate() {
        let mut bytes = Cursor::new(text.as_bytes().to_vec());
        logs.read(&format!("{at}.log"), None, &mut bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    }
    logs.finish()
}

const TOPICS: &str = r#"SELECT "topic"."id", "topic"."forum_id" FROM "topic""#;

/// Requests as the development server logs them, each reading `turns` forums one by one.
fn log(requests: &[(&str, usize)]) -> String {
    let mut out = String::new();
    for (name, turns) in requests {
        let _ = writeln!(out, "(0.002) {TOPICS}; args=(); alias=default");
        for n in 0..*turns {
            let sql = r#"SELECT "forum"."id" FROM "forum" WHERE "forum"."id" ="#;
            let _ = writeln!(out, "(0.001) {sql} {n} LIMIT 21; args=({n},); alias=default");
        }
        let _ = writeln!(out, "[21/Nov/2026 02:16:53] \"{name} HTTP/1.1\" 200 534");
    }
    out
}

#[test]
fn the_worst_request_speaks_and_all_are_counted() {
    let text = log(&[("GET /a/?page=1", 3), ("GET /a/?page=2", 9), ("GET /b/", 4)]);
    let review = review(&[&text], Config::default());
    let [finding] = &review.report.findings[..] else { panic!("{:?}", review.report.findings) };
    assert!(finding.message.contains("fetched 9 times") && finding.message.ends_with("Seen in 3 requests."));
    let told: Vec<(u64, &str)> = finding
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            crate::model::Evidence::Statements { count, request, .. } => Some((*count, request.as_deref()?)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(12, "GET /a/"), (4, "GET /b/"), (2, "GET /a/"), (1, "GET /b/")]);
    assert_eq!(finding.cost.as_ref().unwrap().saved_ms, Some(2.0 + 8.0 + 3.0));
    let endpoints: Vec<(&str, u64, u64)> =
        review.report.endpoints.iter().map(|e| (e.name.as_str(), e.requests, e.queries_p95)).collect();
    assert_eq!(endpoints, [("GET /a/", 2, 10), ("GET /b/", 1, 5)]);
    // The page draws the loop as one bar that leads to the finding, and the shape to what gave it its keys.
    let bars = review.requests[1].bars.as_ref().unwrap();
    assert_eq!(bars.iter().map(|bar| (bar.count, bar.finding)).collect::<Vec<_>>(), [(1, None), (9, Some(0))]);
    assert_eq!(review.findings[&bars[1].fingerprint], [0]);
    assert_eq!(review.parents[&bars[1].fingerprint], bars[0].fingerprint);
}

#[test]
fn a_run_without_an_end_is_looked_at_in_pieces() {
    let mut text = log(&[("GET /a/", 30_000)]);
    // Without its server's line the whole is one run.
    text.truncate(text.rfind('[').unwrap());
    let review = review(&[&text], Config::default());
    assert_eq!(review.report.summary.statements, 30_001);
    let [finding] = &review.report.findings[..] else { panic!("{:?}", review.report.findings) };
    assert_eq!((finding.rule.as_str(), finding.confidence), ("RT101", Confidence::Likely));
    let notes = &review.report.inputs[0].notes;
    assert!(notes.iter().any(|note| note.contains("in pieces")), "{notes:?}");
    let bars = review.requests[0].bars.as_ref().unwrap();
    assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 30_001);
}

#[test]
fn transactions_are_not_counted_and_connections_are_not_judged() {
    let line = |sql: &str| format!("(0.001) {sql}; args=None; alias=default\n");
    let mut text = line("BEGIN") + &line(TOPICS) + &line("SAVEPOINT \"x\"");
    text += &line("SELECT set_config('TimeZone', 'UTC', false)").repeat(5);
    text += "[21/Nov/2026 02:16:53] \"GET / HTTP/1.1\" 200 5\n";
    let review = review(&[&text], Config::default());
    assert_eq!(review.report.findings, []);
    assert_eq!(review.report.requests[0].queries, 6);
}

#[test]
fn selection_and_hiding_leave_the_other_numbers_alone() {
    let text = log(&[("GET /a/", 5)]);
    let whole = review(&[&text], Config::default());
    let none = review(&[&text], Config { ignore: vec!["n-plus-one".to_owned()], ..Config::default() });
    assert!(none.report.findings.is_empty() && none.requests[0].bars.as_ref().unwrap().len() == 6);
    assert_eq!(none.report.queries, whole.report.queries);
}

#[test]
fn backticks_speak_mysql() {
    let line =
        |n: u32| format!("(0.001) SELECT `f`.`id` FROM `f` WHERE `f`.`a` = \"x{n}\"; args=None; alias=default\n");
    let review = review(&[&(1..4).map(line).collect::<String>()], Config::default());
    let [QueryRow::Observed(row)] = &review.report.queries[..] else { panic!("{:?}", review.report.queries) };
    assert_eq!((row.executions, row.distinct_params), (3, Some(3)));
}

#[test]
fn a_reading_can_be_stopped() {
    let text = log(&[("GET /a/", 30)]).repeat(600);
    let mut logs = Logs::new(Config::default());
    let stopped = logs.read("a.log", None, &mut Cursor::new(text.into_bytes()), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(observe::Error::Stopped)));
}

#[test]
fn one_slow_execution_among_many_is_the_machines() {
    let slow = |often: usize, long: usize| {
        let icons = r#"SELECT "icon"."id" FROM "icon""#;
        let mut text = String::new();
        for turn in 0..often {
            let took = if turn < long { "1.006" } else { "0.002" };
            let _ = writeln!(text, "({took}) {icons}; args=(); alias=default");
            let _ = writeln!(text, "[21/Nov/2026 02:16:53] \"GET /{turn}/ HTTP/1.1\" 200 534");
        }
        let findings = review(&[&text], Config::default()).report.findings;
        findings.into_iter().find(|finding| finding.rule == "RT1301").unwrap().confidence
    };
    assert_eq!(slow(60, 1), Confidence::Possible);
    assert_eq!((slow(60, 2), slow(5, 1)), (Confidence::Certain, Confidence::Certain));
}

#[test]
fn a_repeat_of_one_request_is_small_whatever_doubtful_ones_there_are() {
    let read = r#"SELECT "forum"."id" FROM "forum" WHERE "forum"."open" = 1"#;
    let twice = |names: &[&str]| {
        let mut text = String::new();
        for name in names {
            let _ = writeln!(text, "(0.001) {read}; args=(); alias=default\n(0.001) {read}; args=(); alias=default");
            let _ = writeln!(text, "[21/Nov/2026 02:16:53] \"{name} HTTP/1.1\" 200 534");
        }
        review(&[&text], Config::default()).report.findings[0].confidence
    };
    assert_eq!(twice(&["GET /a/", "GET /signup/", "GET /signup/"]), Confidence::Possible);
    assert_eq!(twice(&["GET /a/", "GET /a/"]), Confidence::Certain);
}
