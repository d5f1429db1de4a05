//! A report for the tests of the formats, with everything in it that needs escaping.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::*;
use crate::text::Source;

pub const VIEWS: &str = "def feed(request):\n    rows = []\n    topics = Topic.objects.all()\n    for topic in topics:\n        rows.append(topic.forum.name)\n    return rows\n";

pub static SOURCES: LazyLock<BTreeMap<String, Source>> =
    LazyLock::new(|| BTreeMap::from([("app/views.py".to_owned(), Source::new("app/views.py", VIEWS))]));

pub fn report() -> Report {
    let loops = BTreeMap::from([(
        "N".to_owned(),
        Loop {
            over: Over::Query,
            text: "rows of forum.Topic (line 3)".to_owned(),
            model: Some("forum.Topic".to_owned()),
            path: "app/views.py".to_owned(),
            line: 3,
            exactly: None,
            at_most: None,
        },
    )]);
    let edit = Edit {
        path: "app/views.py".to_owned(),
        start_line: 3,
        start_column: 27,
        end_line: 3,
        end_column: 33,
        text: ".select_related(\"forum\")".to_owned(),
    };
    let code = Finding {
        rule: "RT101".to_owned(),
        name: "fk-in-loop".to_owned(),
        family: Family::NPlusOne,
        severity: Severity::Blocker,
        hint: false,
        confidence: Confidence::Likely,
        source: FindingSource::Code,
        path: Some("app/views.py".to_owned()),
        line: Some(5),
        column: Some(21),
        end_line: Some(5),
        end_column: Some(32),
        message: "`topic.forum` is read once per row, <b>100%</b>: it is not loaded".to_owned(),
        introduced: Some(true),
        cost: Some(Cost {
            before: "1 + N".to_owned(),
            after: "1".to_owned(),
            before_terms: vec![
                Term { count: 1, loops: Vec::new() },
                Term { count: 1, loops: vec!["N".to_owned()] },
            ],
            after_terms: vec![Term { count: 1, loops: Vec::new() }],
            loops: loops.clone(),
            saved_ms: None,
        }),
        evidence: vec![Evidence::Code {
            path: "app/views.py".to_owned(),
            line: 3,
            message: "queryset built here".to_owned(),
        }],
        rewrite: Some(Rewrite {
            safety: Safety::Safe,
            title: "add select_related(\"forum\")".to_owned(),
            note: String::new(),
            diff: "--- a/app/views.py\n+++ b/app/views.py\n@@ -3 +3 @@\n-    topics = Topic.objects.all()\n+    topics = Topic.objects.select_related(\"forum\")\n".to_owned(),
            edits: vec![edit],
        }),
        advice: "Load the forum with the topics.".to_owned(),
        fingerprint: "00112233445566aa".to_owned(),
    };
    let log = Finding {
        rule: "RT304".to_owned(),
        name: "duplicate-fetch".to_owned(),
        family: Family::OverFetching,
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        source: FindingSource::Log,
        path: None,
        line: None,
        column: None,
        end_line: None,
        end_column: None,
        message: "the same row of user is fetched 4 times | again\u{1b}[31m".to_owned(),
        introduced: None,
        cost: None,
        evidence: vec![Evidence::Statements {
            fingerprint: "ffeeddccbbaa0099".to_owned(),
            sql: "SELECT * FROM user WHERE id = ?".to_owned(),
            count: 4,
            total_ms: Some(3.25),
            request: Some("GET /forum/?a=1,2".to_owned()),
        }],
        rewrite: None,
        fingerprint: "ffeeddccbbaa0001".to_owned(),
        ..code.clone()
    };
    let rule = |finding: &Finding, summary: &str| RuleName {
        code: finding.rule.clone(),
        name: finding.name.clone(),
        summary: summary.to_owned(),
    };
    Report {
        rules: vec![rule(&code, "A foreign key read per row."), rule(&log, "The same row fetched again.")],
        functions: vec![Function {
            path: "app/views.py".to_owned(),
            name: "feed".to_owned(),
            line: 1,
            round_trips: "1 + N".to_owned(),
            exact: true,
            terms: Vec::new(),
            loops,
        }],
        findings: vec![code, log],
        endpoints: vec![Endpoint {
            name: "GET /forum/".to_owned(),
            requests: 3,
            queries_p95: 49,
            p95_ms: Some(212.0),
            p99_ms: None,
            budget: Budget { queries: Some(10), p95_ms: Some(200.0), ..Budget::default() },
            missed: vec!["queries".to_owned(), "p95_ms".to_owned()],
            margin: Margin { queries: Some(-39), p95_ms: Some(-12.0), ..Margin::default() },
            held: true,
            ..Endpoint::default()
        }],
        inputs: vec![Input {
            name: "queries.json".to_owned(),
            format: "connection-queries".to_owned(),
            statements: 49,
            notes: vec!["has no request boundaries".to_owned()],
        }],
        errors: vec![InputError { path: "app/odd.py".to_owned(), line: Some(3), message: "not UTF-8".to_owned() }],
        summary: Summary { blocker: 1, warning: 1, info: 0, files: 2, statements: 49 },
        ..Report::default()
    }
}
