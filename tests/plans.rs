//! PostgreSQL's plans, read back from every form and frame: they must be those that FORMAT JSON, read by Python, tells.
//!
//! `tests/fixtures/make/plans.py` writes the fixtures.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use roundtrip::config::Config;
use roundtrip::model::{Finding, QueryRow, Report};
use roundtrip::observe::{self, Record, Sink, detect, read};
use roundtrip::review::Logs;
use roundtrip::trace::Plan;
use serde::Deserialize;

#[derive(Deserialize)]
struct Truth {
    statements: Vec<String>,
    plans: Vec<Vec<Node>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Node {
    depth: usize,
    kind: String,
    relation: Option<String>,
    index: Option<String>,
    estimated: f64,
    rows: f64,
    loops: u64,
    removed: Option<f64>,
    filter: Option<String>,
    spilled: bool,
}

#[derive(Default)]
struct Seen {
    plans: Vec<Plan>,
    notes: Vec<String>,
    errors: Vec<(Option<u32>, String)>,
}

impl Sink for Seen {
    fn begin_request(&mut self, _: &str, _: &str, _: bool) {
        panic!("a plan is no request");
    }
    fn statement(&mut self, record: Record) {
        panic!("a plan is no execution: {record:?}");
    }
    fn end_request(&mut self, _: Option<u64>) {}
    fn plan(&mut self, plan: Plan) {
        self.plans.push(plan);
    }
    fn note(&mut self, note: String) {
        self.notes.push(note);
    }
    fn error(&mut self, line: Option<u32>, message: String) {
        self.errors.push((line, message));
    }
    fn progress(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

const FORMS: [&str; 18] = [
    "aligned.txt",
    "unicode.txt",
    "border2.txt",
    "unaligned.txt",
    "bare.txt",
    "expanded.txt",
    "json.json",
    "json-aligned.txt",
    "json-expanded.txt",
    "json-unicode.txt",
    "yaml.yaml",
    "yaml-aligned.txt",
    "xml.xml",
    "xml-aligned.txt",
    "buffers.txt",
    "echoed.txt",
    "wrapped.txt",
    "wrapped-unicode.txt",
];

fn content(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/plan").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn truth() -> Truth {
    serde_json::from_str(&content("truth.json")).unwrap()
}

fn import(name: &str, content: &str) -> Seen {
    let mut seen = Seen::default();
    read(name, None, &mut Cursor::new(content.as_bytes()), &mut seen).unwrap_or_else(|error| panic!("{error}"));
    seen
}

fn nodes(plan: &Plan, qualified: bool) -> Vec<Node> {
    let node = |(node, above): (&roundtrip::trace::PlanNode, Vec<&roundtrip::trace::PlanNode>)| Node {
        depth: above.len(),
        kind: node.kind.to_string(),
        relation: node.relation.as_ref().map(ToString::to_string),
        index: node.index.as_ref().map(ToString::to_string),
        estimated: node.estimated_rows.unwrap_or(-1.0),
        rows: node.actual.map_or(-1.0, |actual| actual.rows),
        loops: node.actual.map_or(0, |actual| actual.loops),
        removed: node.removed,
        // With VERBOSE, columns carry their table.
        filter: node.detail("Filter").filter(|_| !qualified).map(str::to_owned),
        spilled: node.spills(),
    };
    plan.nodes().into_iter().map(node).collect()
}

fn assert_true(name: &str, seen: &Seen) {
    let mut truth = truth();
    assert_eq!(seen.errors, [], "{name}");
    assert_eq!(seen.plans.len(), truth.plans.len(), "{name}");
    let qualified = name.contains("buffers");
    for (plan, expected) in seen.plans.iter().zip(&mut truth.plans) {
        for node in expected.iter_mut() {
            // The text leaves a count of none out, and of a loop that ended; JSON says 0.
            node.removed = node.removed.filter(|removed| *removed > 0.0);
            node.filter = node.filter.take().filter(|_| !qualified);
        }
        let mut found = nodes(plan, qualified);
        found.iter_mut().for_each(|node| node.removed = node.removed.filter(|removed| *removed > 0.0));
        assert_eq!(found, *expected, "{name}");
        assert!(plan.planning_us.is_some() && plan.execution_us.is_some(), "{name}");
        assert!(plan.root.actual.unwrap().total_us.is_some(), "{name}");
    }
}

#[test]
fn every_form_and_frame_gives_the_same_plans() {
    for name in FORMS {
        let text = content(name);
        for called in [name, "paste", "a.log"] {
            let found = detect(called, &text.as_bytes()[..text.len().min(observe::HEAD)]).unwrap();
            assert_eq!(found.format.id, "postgres-plan", "{name}");
            assert_true(name, &import(called, &text));
        }
        assert_true(name, &import(name, &text.replace('\n', "\r\n")));
    }
}

#[test]
fn echoed_statements_are_those_of_their_plans() {
    let seen = import("echoed.txt", &content("echoed.txt"));
    let statements: Vec<&str> = seen.plans.iter().filter_map(|plan| plan.sql.as_deref()).collect();
    assert_eq!(statements, truth().statements);
}

#[test]
fn what_was_not_run_says_so() {
    let seen = import("estimated.txt", &content("estimated.txt"));
    assert_eq!(seen.plans.len(), truth().plans.len());
    assert!(seen.plans.iter().all(|plan| plan.root.actual.is_none() && plan.root.cost.is_some()));
    assert!(seen.notes.iter().any(|note| note.contains("without ANALYZE")), "{:?}", seen.notes);
    assert!(report("estimated.txt", &content("estimated.txt")).findings.is_empty());
}

#[test]
fn a_cut_file_gives_what_stands_before_the_cut() {
    for name in FORMS {
        let text = content(name);
        let mut end = text.len() * 3 / 4;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let seen = import(name, &text[..end]);
        assert!(seen.plans.len() > truth().plans.len() / 2, "{name}: {}", seen.plans.len());
    }
}

fn report(name: &str, text: &str) -> Report {
    let mut logs = Logs::new(Config::default());
    logs.read(name, None, &mut Cursor::new(text.as_bytes()), &mut |_| ControlFlow::Continue(())).unwrap();
    logs.finish().report
}

fn found(findings: &[Finding]) -> Vec<(String, String)> {
    let place = |finding: &Finding| {
        let at = finding.advice.split_once("CONCURRENTLY ON ").map(|(_, rest)| rest.split(';').next().unwrap());
        at.map_or_else(|| finding.message.split(' ').take(4).collect::<Vec<_>>().join(" "), str::to_owned)
    };
    let mut out: Vec<(String, String)> =
        findings.iter().map(|finding| (finding.rule.clone(), place(finding))).collect();
    out.sort();
    out
}

/// What each of the statements of `plans.py` is there for, and nothing else.
#[test]
fn findings_are_those_that_the_statements_were_made_for() {
    let expected = [
        ("RT1302", "The grouping by title"),
        ("RT1302", "The hash of 40,000"),
        ("RT1302", "The sort of 40,000"),
        ("RT401", "\"Odd name\" (\"group\")"),
        ("RT401", "topic (a, b, c)"),
        ("RT401", "topic (poster_id)"),
        ("RT401", "topic (poster_id)"),
        ("RT401", "topic (poster_id, status, created)"),
        ("RT401", "topic (title)"),
    ];
    let expected: Vec<(String, String)> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let with_statements = report("echoed.txt", &content("echoed.txt"));
    assert_eq!(found(&with_statements.findings), expected);
    assert_eq!(with_statements.plans.len(), 12);
    assert!(with_statements.plans.iter().all(|plan| plan.fingerprint.is_some()));
    assert_eq!(with_statements.plans.iter().filter(|plan| plan.problems.is_empty()).count(), 3);
    assert_eq!(with_statements.plans[3].nodes["Plans"][0]["Relation Name"], "topic");
    // Without statements, the same table and columns are one finding.
    let without = report("json.json", &content("json.json"));
    assert_eq!(without.findings.len(), expected.len() - 1);
    assert!(without.plans.iter().all(|plan| plan.fingerprint.is_none()));
    assert!(without.inputs[0].notes.iter().any(|note| note.contains("how often")));
}

#[test]
fn a_threshold_of_the_project_decides_what_is_slow() {
    let mut config = Config::default();
    config.thresholds.slow_query_ms = 20;
    let mut logs = Logs::new(config);
    logs.read("a", None, &mut Cursor::new(content("echoed.txt")), &mut |_| ControlFlow::Continue(())).unwrap();
    let review = logs.finish();
    let slow = review.report.findings.iter().filter(|finding| finding.rule == "RT1301");
    assert!(slow.clone().count() >= 2 && slow.clone().all(|finding| finding.message.contains(" ms of it in its ")));
}

/// auto_explain's plans are those of the log's statements, and no executions of their own.
#[test]
fn plans_of_a_servers_log_belong_to_its_statements() {
    for (name, plans) in [
        ("postgres-log/explain.log", 3),
        ("postgres-log/explained.log", 3),
        ("postgres-csv/explained.csv", 3),
        ("postgres-json/explain.json", 3),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let report = report(name, &std::fs::read_to_string(path).unwrap());
        assert_eq!(report.plans.len(), plans, "{name}");
        let known: Vec<&str> = report
            .queries
            .iter()
            .map(|row| match row {
                QueryRow::Observed(row) => row.fingerprint.as_str(),
                QueryRow::Predicted(row) => panic!("{row:?}"),
            })
            .collect();
        for plan in &report.plans {
            assert!(plan.nodes["Node Type"].is_string(), "{name}");
            assert!(plan.fingerprint.as_deref().is_some_and(|own| known.contains(&own)), "{name}: {plan:?}");
        }
    }
}
