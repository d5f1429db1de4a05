//! What tracers and profilers keep of real requests: spans of OpenTelemetry and Sentry, the tables of silk.
//!
//! `tests/fixtures/make/make.py` writes the fixtures; truth is counted apart from the tools.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use roundtrip::observe::{self, Record, Sink, detect, read};
use serde::Deserialize;

#[derive(Deserialize)]
struct Truth {
    requests: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    name: String,
    statements: usize,
}

#[derive(Default)]
struct Seen {
    requests: Vec<(String, Option<u64>, Vec<Record>)>,
    notes: Vec<String>,
    errors: Vec<(Option<u32>, String)>,
}

impl Sink for Seen {
    fn begin_request(&mut self, _: &str, name: &str, bounded: bool) {
        assert!(bounded, "{name}");
        self.requests.push((name.to_owned(), None, Vec::new()));
    }
    fn statement(&mut self, record: Record) {
        self.requests.last_mut().unwrap().2.push(record);
    }
    fn end_request(&mut self, took_us: Option<u64>) {
        self.requests.last_mut().unwrap().1 = took_us;
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

fn bytes(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn import(name: &str, content: &[u8]) -> Seen {
    let mut seen = Seen::default();
    read(name, None, &mut Cursor::new(content), &mut seen).unwrap_or_else(|error| panic!("{error}"));
    seen
}

/// The file, its format, and how many statements of the page `/odd/` the tool does not see.
const FIXTURES: [(&str, &str, usize); 5] = [
    ("silk/silk5.json", "silk", 7),
    ("otlp/django52.json", "otlp", 0),
    ("otlp/django52.jsonl", "otlp", 0),
    ("sentry/django52.json", "sentry", 0),
    ("sentry/django52.jsonl", "sentry", 0),
];

#[test]
fn each_request_has_the_statements_that_it_sent() {
    for (name, format, missing) in FIXTURES {
        let content = bytes(name);
        for called in [name, "paste", "x.log"] {
            let found = detect(called, &content[..content.len().min(observe::HEAD)]).unwrap();
            assert_eq!(found.format.id, format, "{name}: {}", found.why);
        }
        let seen = import(name, &content);
        assert_eq!(seen.errors, [], "{name}");
        assert!(!seen.notes.is_empty(), "{name}");
        let truth: Truth =
            serde_json::from_slice(&bytes(&format!("{}.truth.json", name.split('.').next().unwrap()))).unwrap();
        let mut expected: Vec<(String, usize)> = truth
            .requests
            .into_iter()
            .map(|sent| match sent.name == "GET /odd/" {
                true => (sent.name, sent.statements - missing),
                false => (sent.name, sent.statements),
            })
            .collect();
        expected.sort();
        let mut found: Vec<(String, usize)> = Vec::new();
        for (request, took, records) in &seen.requests {
            let sent = records.iter().filter(|record| &*record.sql != "BEGIN");
            found.push((request.clone(), sent.count()));
            assert!(took.is_some_and(|took| took > 0), "{name} {request}");
            assert!(records.iter().all(|record| record.duration_us.is_some()), "{name} {request}");
        }
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn spans_come_in_order_with_their_beginnings() {
    for name in ["otlp/django52.json", "sentry/django52.json"] {
        let seen = import(name, &bytes(name));
        for (request, took, records) in &seen.requests {
            let starts: Vec<u64> = records.iter().map(|record| record.start_us.unwrap()).collect();
            assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]), "{name} {request}: {starts:?}");
            assert!(starts.last().is_none_or(|last| Some(*last) < *took), "{name} {request}");
        }
    }
    let otlp = import("a", &bytes("otlp/django52.json"));
    assert!(otlp.notes.iter().any(|note| note.contains("SELECT QUOTE(?)")), "{:?}", otlp.notes);
    assert!(otlp.notes.iter().any(|note| note.contains("without the values")), "{:?}", otlp.notes);
}

#[test]
fn stacks_of_silk_end_in_the_view() {
    let seen = import("a.json", &bytes("silk/silk5.json"));
    let (_, _, records) = seen.requests.iter().find(|(name, ..)| name == "GET /topics/").unwrap();
    let own = |record: &&Record| {
        let frame = record.stack.iter().rfind(|frame| frame.is_own());
        frame.is_some_and(|frame| frame.path.ends_with("forum/views.py"))
    };
    assert_eq!(records.iter().filter(own).count(), 25);
    assert!(seen.notes.iter().any(|note| note.contains("raw cursors")), "{:?}", seen.notes);
}

#[test]
fn a_span_may_name_its_place_and_its_values() {
    let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"traceId":"t","spanId":"b","parentSpanId":"a","name":"SELECT","kind":3,"startTimeUnixNano":"2000000","endTimeUnixNano":"5000000",
         "attributes":[{"key":"db.query.text","value":{"stringValue":"SELECT * FROM t WHERE id = %s"}},
          {"key":"db.system.name","value":{"stringValue":"postgresql"}},{"key":"db.statement.parameters","value":{"stringValue":"(7,)"}},
          {"key":"code.file.path","value":{"stringValue":"app/views.py"}},{"key":"code.line.number","value":{"intValue":"12"}}]},
        {"traceId":"t","spanId":"r","parentSpanId":"a","name":"GET","attributes":[{"key":"db.statement","value":{"stringValue":"GET k"}},
          {"key":"db.system","value":{"stringValue":"redis"}}]},
        {"traceId":"t","spanId":"a","name":"GET","kind":2,"startTimeUnixNano":1000000,"endTimeUnixNano":9000000,
         "attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.path","value":{"stringValue":"/t/"}},
          {"key":"url.query","value":{"stringValue":"page=2"}}]}]}]}]}"#;
    let seen = import("a", spans.as_bytes());
    let [(name, took, records)] = &seen.requests[..] else { panic!("{:?}", seen.requests) };
    assert_eq!((name.as_str(), *took), ("GET /t/?page=2", Some(8_000)));
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.params.as_deref(), record.start_us), (Some(&["7".to_owned()][..]), Some(1_000)));
    assert_eq!((record.stack[0].line, record.duration_us), (12, Some(3_000)));
}

#[test]
fn a_cut_file_gives_what_stands_before_the_cut() {
    for name in ["silk/silk5.json", "otlp/django52.jsonl", "sentry/django52.json", "sentry/django52.jsonl"] {
        let content = bytes(name);
        let seen = import(name, &content[..content.len() * 4 / 5]);
        let all: usize = seen.requests.iter().map(|(_, _, records)| records.len()).sum();
        assert!(all > 10 && seen.notes.iter().any(|note| note.contains("cut off")), "{name}: {all} {:?}", seen.notes);
    }
}

#[test]
fn a_har_holds_the_panels_that_were_opened() {
    for name in ["har/toolbar8.har", "har/toolbar52.har"] {
        let content = bytes(name);
        for called in [name, "paste"] {
            let found = detect(called, &content[..content.len().min(observe::HEAD)]).unwrap();
            assert_eq!(found.format.id, "har", "{name}");
        }
        let truth: Truth = serde_json::from_slice(&bytes(&name.replace(".har", ".truth.json"))).unwrap();
        let seen = import(name, &content);
        assert_eq!(seen.errors, [], "{name}");
        let [opened, closed] = &truth.requests[..] else { panic!("{name}") };
        let found: Vec<(&str, usize)> =
            seen.requests.iter().map(|(name, _, records)| (name.as_str(), records.len())).collect();
        assert_eq!(found, [(opened.name.as_str(), opened.statements)], "{name}");
        let told = format!("{} ({} queries in ", closed.name, closed.statements);
        assert!(seen.notes.iter().any(|note| note.contains(&told)), "{name}: {:?}", seen.notes);
        // Without an opened panel, it says what to do.
        let text = String::from_utf8(content).unwrap().replace("sqlMain_", "x").replace("djdt-databaseLegend", "x");
        let seen = import(name, text.as_bytes());
        assert!(seen.requests.is_empty() && seen.errors[0].1.contains("click SQL"), "{name}: {:?}", seen.errors);
    }
}

/// Everything that the toolbar's history held: `/nothing/` was asked before the count began, `/favicon.ico` sends none.
#[test]
fn the_bookmarklet_saves_what_the_toolbar_knows() {
    for name in ["har/bookmarklet8.har", "har/bookmarklet52.har", "har/bookmarklet44.har"] {
        let truth: Truth = serde_json::from_slice(&bytes(&name.replace(".har", ".truth.json"))).unwrap();
        let seen = import(name, &bytes(name));
        assert_eq!(seen.errors, [], "{name}");
        let mut found: Vec<(&str, usize)> =
            seen.requests.iter().map(|(name, _, records)| (name.as_str(), records.len())).collect();
        let mut expected: Vec<(&str, usize)> =
            truth.requests.iter().map(|sent| (sent.name.as_str(), sent.statements)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}
