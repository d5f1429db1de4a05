//! What PostgreSQL, MariaDB, Redis and Locust counted, read back from every way of printing it.
//!
//! `tests/fixtures/make/server_statistics.py` writes the fixtures; its truth is what it sent.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use roundtrip::config::{Config, parse_budgets};
use roundtrip::model::{LogQuery, QueryRow, Report};
use roundtrip::observe::{self, Record, Sink, detect, read};
use roundtrip::review::Logs;
use roundtrip::trace::{IndexUse, Statistic, TableUse};

#[derive(Default)]
struct Seen {
    statistics: Vec<Statistic>,
    notes: Vec<String>,
    errors: Vec<(Option<u32>, String)>,
}

impl Sink for Seen {
    fn begin_request(&mut self, _: &str, _: &str, _: bool) {
        panic!("a sum is no request");
    }
    fn statement(&mut self, record: Record) {
        panic!("a sum is no execution: {record:?}");
    }
    fn end_request(&mut self, _: Option<u64>) {}
    fn statistic(&mut self, statistic: Statistic) {
        self.statistics.push(statistic);
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

const FORMS: [&str; 7] =
    ["aligned.txt", "border2.txt", "unicode.txt", "border0.txt", "unaligned.txt", "csv.csv", "expanded.txt"];

fn content(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/statistics").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn import(name: &str, format: &str) -> Seen {
    let text = content(name);
    let found =
        detect(name, &text.as_bytes()[..text.len().min(observe::HEAD)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found.format.id, format, "{name}");
    let mut seen = Seen::default();
    read(name, None, &mut Cursor::new(text.replace("\r\n", "\n").replace('\n', "\r\n")), &mut seen).unwrap();
    assert_eq!(seen.errors, [], "{name}");
    assert!(
        !seen.notes.is_empty() && seen.notes.iter().all(|note| !note.contains("not whole")),
        "{name}: {:?}",
        seen.notes
    );
    seen
}

#[test]
fn statements_are_those_that_were_sent() {
    let truth: serde_json::Value = serde_json::from_str(&content("truth.json")).unwrap();
    let mut first = None;
    for form in FORMS {
        let name = format!("statements-{form}");
        let seen = import(&name, "pg-stat-statements");
        let statements: Vec<_> = seen
            .statistics
            .iter()
            .map(|statistic| match statistic {
                Statistic::Statement(used) => used.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        let mut calls: Vec<u64> = statements.iter().map(|used| used.executions).collect();
        calls.sort_unstable();
        assert_eq!(serde_json::json!(calls), truth["calls"], "{name}");
        assert!(statements.iter().all(|used| used.total_us > Some(0) && used.most_us.is_some()), "{name}");
        let lines = statements.iter().find(|used| used.executions == 7).unwrap();
        assert_eq!(&*lines.sql, "SELECT *\n  FROM forum -- of all\n WHERE name IN ($1, $2)", "{name}");
        assert_eq!(first.get_or_insert_with(|| statements.clone()), &statements, "{name}");
    }
}

#[test]
fn tables_and_indexes_are_read_in_every_form() {
    for form in FORMS {
        let tables = import(&format!("tables-{form}"), "pg-stat-tables").statistics;
        let topic = TableUse {
            schema: Some("public".into()),
            table: "topic".into(),
            scans: 60,
            scanned_rows: 60 * 40_000,
            lookups: 230,
        };
        assert_eq!(tables.len(), 3, "{form}");
        assert_eq!(tables[2], Statistic::Table(topic), "{form}");
        let indexes = import(&format!("indexes-{form}"), "pg-stat-indexes").statistics;
        let name = |index: &str, scans| {
            let (schema, table) = (Some("public".into()), "topic".into());
            Statistic::Index(IndexUse { schema, table, index: index.into(), scans })
        };
        assert_eq!(indexes.len(), 6, "{form}");
        assert_eq!((&indexes[2], &indexes[5]), (&name("topic_forum", 30), &name("topic_title", 0)), "{form}");
    }
}

fn review(names: &[&str], config: Config) -> Report {
    let mut logs = Logs::new(config);
    for name in names {
        logs.read(name, None, &mut Cursor::new(content(name)), &mut |_| ControlFlow::Continue(())).unwrap();
    }
    logs.finish().report
}

fn rows(report: &Report) -> Vec<&LogQuery> {
    let observed = report.queries.iter().map(|row| match row {
        QueryRow::Observed(row) => row,
        QueryRow::Predicted(row) => panic!("{row:?}"),
    });
    observed.collect()
}

#[test]
fn sums_are_rows_of_queries_without_what_no_sum_can_tell() {
    let report = review(&["statements-expanded.txt"], Config::default());
    assert_eq!(report.summary.statements, 352);
    assert_eq!((report.inputs[0].statements, report.inputs[0].format.as_str()), (352, "pg-stat-statements"));
    let rows = rows(&report);
    assert_eq!((rows.len(), rows[0].executions, rows[0].tables.as_slice()), (7, 60, &["topic".to_owned()][..]));
    assert!(rows.iter().all(|row| row.total_ms.is_some() && row.mean_ms.is_some() && row.max_ms.is_some()));
    assert!(rows.iter().all(|row| row.p95_ms.is_none() && row.distinct_params.is_none() && row.requests.is_none()));
}

#[test]
fn digests_name_the_index_that_is_missing() {
    for name in ["digests-table.txt", "digests-batch.tsv", "digests-vertical.txt"] {
        let seen = import(name, "mysql-digests");
        let counts: Vec<(u64, Option<u64>, Option<u64>)> = seen
            .statistics
            .iter()
            .map(|statistic| match statistic {
                Statistic::Statement(used) => (used.executions, used.examined, used.without_index),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(counts, [(12, Some(240_000), Some(12)), (30, Some(29), Some(0))], "{name}");
        let report = review(&[name], Config::default());
        let [finding] = &report.findings[..] else { panic!("{name}: {:?}", report.findings) };
        assert_eq!((finding.rule.as_str(), finding.hint), ("RT401", false));
        assert!(finding.advice.contains("topic (poster_id)"), "{}", finding.advice);
    }
}

#[test]
fn caches_and_tables_are_judged() {
    for name in ["redis-info.txt", "redis-stats.txt"] {
        import(name, "redis-info");
        let report = review(&[name], Config::default());
        let [finding] = &report.findings[..] else { panic!("{name}: {:?}", report.findings) };
        assert_eq!((finding.rule.as_str(), finding.message.contains("30 % of the 1,000 keys")), ("RT1305", true));
    }
    let report = review(&["indexes-aligned.txt"], Config::default());
    let unused: Vec<(&str, bool)> =
        report.findings.iter().map(|finding| (finding.rule.as_str(), finding.message.contains("`topic`"))).collect();
    // The primary keys of the others hold a constraint.
    assert_eq!(unused, [("RT405", true), ("RT405", true)]);
    let report = review(&["tables-csv.csv"], Config::default());
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert!(finding.message.starts_with("`topic` was read whole 60 times, 40,000 rows each"), "{}", finding.message);
}

#[test]
fn a_load_test_is_held_to_budgets() {
    import("locust_stats.csv", "locust-stats");
    let budgets = parse_budgets("b.toml", "[budgets.\"GET /topic/*/\"]\np95-ms = 200\np99-ms = 500\n").unwrap();
    let report = review(&["locust_stats.csv"], Config { budgets, ..Config::default() });
    let names: Vec<(&str, &[String])> =
        report.endpoints.iter().map(|endpoint| (endpoint.name.as_str(), &endpoint.missed[..])).collect();
    let missed = ["p95_ms".to_owned()];
    assert_eq!(names, [("GET /forum/", &[][..]), ("POST /reply/", &[]), ("GET /topic/[id]/", &missed)]);
    assert!(report.endpoints.iter().all(|endpoint| endpoint.requests > 10 && endpoint.p99_ms.is_some()));
    assert!(report.inputs[0].notes.iter().any(|note| note.contains("failed")));
}
