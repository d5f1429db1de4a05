//! What real programs wrote, read back: the counts must be those that were really sent.
//!
//! `tests/fixtures/make/make.py` writes the fixtures, each with a `*.truth.json` counted apart from the tool.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use roundtrip::intake::{HEAD, Kind, classify};
use roundtrip::observe::{self, Error, Record, Sink, detect, read};
use serde::Deserialize;

#[derive(Deserialize)]
struct Truth {
    requests: Vec<TruthRequest>,
    #[serde(default)]
    statements: usize,
    #[serde(default)]
    executions: u64,
    #[serde(default)]
    distinct_statements: usize,
    tool_ms: Option<f64>,
    /// Statements that the tool writes no time for.
    #[serde(default)]
    untimed: usize,
}

#[derive(Deserialize)]
struct TruthRequest {
    name: String,
    statements: usize,
}

/// What an importer gave.
#[derive(Default, Debug)]
struct Seen {
    requests: Vec<Request>,
    open: bool,
    notes: Vec<String>,
    errors: Vec<(Option<u32>, String)>,
}

#[derive(Debug)]
struct Request {
    name: String,
    bounded: bool,
    took_us: Option<u64>,
    records: Vec<Record>,
}

impl Sink for Seen {
    fn begin_request(&mut self, _: &str, name: &str, bounded: bool) {
        assert!(!self.open, "requests do not nest");
        self.open = true;
        self.requests.push(Request { name: name.to_string(), bounded, took_us: None, records: Vec::new() });
    }

    fn statement(&mut self, record: Record) {
        assert!(self.open, "a statement stands in a request");
        assert!(record.repeat > 0);
        self.requests.last_mut().unwrap().records.push(record);
    }

    fn end_request(&mut self, took_us: Option<u64>) {
        assert!(self.open);
        self.open = false;
        self.requests.last_mut().unwrap().took_us = took_us;
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

impl Seen {
    fn records(&self) -> impl Iterator<Item = &Record> {
        self.requests.iter().flat_map(|request| &request.records)
    }

    /// Without what no wrapper around cursors sees.
    fn sent(&self) -> Vec<&Record> {
        self.requests.iter().flat_map(Request::sent).collect()
    }
}

impl Request {
    fn sent(&self) -> Vec<&Record> {
        let control = |sql: &str| matches!(sql, "BEGIN" | "COMMIT" | "ROLLBACK");
        // What MySQL's driver asks when it connects.
        let setup =
            |sql: &str| ["SET NAMES", "SET @@session", "SELECT @@session"].iter().any(|head| sql.starts_with(head));
        self.records.iter().filter(|record| !control(&record.sql) && !setup(&record.sql)).collect()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn truth(path: &str) -> Truth {
    let stem = path.split('.').next().unwrap();
    let stem = ["-complete", "-outer", "-closed"].iter().fold(stem, |stem, end| stem.strip_suffix(end).unwrap_or(stem));
    serde_json::from_slice(&bytes(&format!("{stem}.truth.json"))).unwrap()
}

fn import(name: &str, content: Vec<u8>) -> Seen {
    try_import(name, content).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn try_import(name: &str, content: Vec<u8>) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    read(name, None, &mut Cursor::new(content), &mut seen)?;
    assert!(!seen.open);
    Ok(seen)
}

/// Every fixture with the format it must be taken for, and whether the input has request boundaries.
const FIXTURES: &[(&str, &str, bool)] = &[
    ("toolbar-store/toolbar8.json", "toolbar-store", true),
    ("toolbar-store/toolbar63.json", "toolbar-store", true),
    ("toolbar-html/toolbar8.json", "toolbar-html", true),
    ("toolbar-html/toolbar8-odd.json", "toolbar-html", true),
    ("toolbar-html/toolbar52.json", "toolbar-html", true),
    ("toolbar-html/toolbar44.json", "toolbar-html", true),
    ("toolbar-html/toolbar38.json", "toolbar-html", true),
    ("toolbar-html/saved8-complete.html", "toolbar-html", true),
    ("toolbar-html/saved8-outer.html", "toolbar-html", true),
    ("toolbar-html/saved8.mhtml", "toolbar-html", true),
    ("toolbar-html/saved52-complete.html", "toolbar-html", true),
    ("toolbar-html/saved52-outer.html", "toolbar-html", true),
    ("toolbar-html/saved52.mhtml", "toolbar-html", true),
    ("flask-toolbar/toolbar016.html", "flask-toolbar", true),
    ("flask-toolbar/toolbar016-dressed.html", "flask-toolbar", true),
    ("connection-queries/django52.json", "connection-queries", false),
    ("connection-queries/django52.repr.txt", "connection-queries", false),
    ("connection-queries/django52.pprint.txt", "connection-queries", false),
    ("connection-queries/django52.loop.txt", "connection-queries", false),
    ("connection-queries/django42.json", "connection-queries", false),
    ("connection-queries/django42.repr.txt", "connection-queries", false),
    ("connection-queries/django42.pprint.txt", "connection-queries", false),
    ("connection-queries/django42.loop.txt", "connection-queries", false),
    ("connection-queries/mixed.json", "connection-queries", false),
    ("django-log/plain52.log", "django-log", false),
    ("django-log/plain32.log", "django-log", false),
    ("django-log/prefixed42.log", "django-log", false),
    ("django-log/prefixed41.log", "django-log", false),
    ("django-log/json52.log", "django-log", false),
    ("django-log/served52.log", "django-log", true),
    ("django-log/mixed.log", "django-log", true),
    ("sqlalchemy-echo/echo14.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/echo20.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/echo21.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/debug20.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/hidden14.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/long20.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/doubled14.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/doubled20.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/basic20.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/app14.log", "sqlalchemy-echo", false),
    ("sqlalchemy-echo/served20.log", "sqlalchemy-echo", true),
    ("flask-sqlalchemy/recorded20.repr.txt", "flask-sqlalchemy", false),
    ("flask-sqlalchemy/recorded20.pprint.txt", "flask-sqlalchemy", false),
    ("flask-sqlalchemy/recorded20.loop.txt", "flask-sqlalchemy", false),
    ("postgres-log/plain.log", "postgres-log", true),
    ("postgres-log/debian.log", "postgres-log", true),
    ("postgres-log/rds.log", "postgres-log", true),
    ("postgres-log/pgbadger.log", "postgres-log", true),
    ("postgres-log/sessions.log", "postgres-log", true),
    ("postgres-log/bare.log", "postgres-log", true),
    ("postgres-log/nopid.log", "postgres-log", false),
    ("postgres-log/waits.log", "postgres-log", true),
    ("postgres-log/pooled.log", "postgres-log", true),
    ("postgres-log/django.log", "postgres-log", true),
    ("postgres-log/v16.log", "postgres-log", true),
    ("postgres-log/v18.log", "postgres-log", true),
    ("postgres-log/german.log", "postgres-log", true),
    ("postgres-log/french.log", "postgres-log", true),
    ("postgres-log/russian.log", "postgres-log", true),
    ("postgres-log/japanese.log", "postgres-log", true),
    ("postgres-log/explain.log", "postgres-log", true),
    ("postgres-log/explained.log", "postgres-log", true),
    ("postgres-log/explained-all.log", "postgres-log", true),
    ("postgres-csv/plain.csv", "postgres-csv", true),
    ("postgres-csv/debian.csv", "postgres-csv", true),
    ("postgres-csv/v17.csv", "postgres-csv", true),
    ("postgres-csv/german.csv", "postgres-csv", true),
    ("postgres-csv/waits.csv", "postgres-csv", true),
    ("postgres-csv/explained.csv", "postgres-csv", true),
    ("postgres-json/plain.json", "postgres-json", true),
    ("postgres-json/debian.json", "postgres-json", true),
    ("postgres-json/v18.json", "postgres-json", true),
    ("postgres-json/russian.json", "postgres-json", true),
    ("postgres-json/explain.json", "postgres-json", true),
    ("mysql-slow/maria-slow.log", "mysql-slow", true),
    ("mysql-slow/maria-verbose.log", "mysql-slow", true),
    ("mysql-general/maria-general.log", "mysql-general", true),
    ("recorder/django52.jsonl", "recorder", true),
    ("recorder/django42.jsonl", "recorder", true),
];

fn assert_true(path: &str, seen: &Seen, bounded: bool) {
    let truth = truth(path);
    assert_eq!(seen.errors, [], "{path}");
    let sent = seen.sent();
    assert_eq!(sent.len(), truth.statements, "statements of {path}");
    assert_eq!(sent.iter().map(|record| u64::from(record.repeat)).sum::<u64>(), truth.executions, "{path}");
    // Django's recorder has marks in the statement and the values beside it; truth counts both.
    let values = |record: &Record| record.params.clone().filter(|_| path.starts_with("recorder"));
    let distinct: BTreeSet<_> = sent.iter().map(|record| (&*record.sql, values(record))).collect();
    assert_eq!(distinct.len(), truth.distinct_statements, "distinct statements of {path}");
    if let Some(tool_ms) = truth.tool_ms {
        let timed = seen.records().filter(|record| &*record.sql != "BEGIN");
        let total: u64 = timed.map(|record| record.duration_us.unwrap_or(0)).sum();
        let total_ms = total as f64 / 1000.0;
        assert!((total_ms - tool_ms).abs() <= 0.02 + tool_ms * 0.002, "{path}: {total_ms} ms, not {tool_ms} ms");
    }
    assert_eq!(sent.iter().filter(|record| record.duration_us.is_none()).count(), truth.untimed, "durations of {path}");
    if bounded {
        assert_eq!(seen.requests.len(), truth.requests.len(), "requests of {path}");
        assert!(seen.requests.iter().all(|request| request.bounded));
    } else {
        assert_eq!(seen.requests.len(), 1, "{path}");
        assert!(!seen.requests[0].bounded, "{path}");
    }
}

#[test]
fn counts_are_true() {
    for (path, format, bounded) in FIXTURES {
        let content = bytes(path);
        let head = &content[..content.len().min(observe::HEAD)];
        let found = detect(path, head).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.format.id, *format, "{path}: {}", found.why);
        assert_true(path, &import(path, content), *bounded);
    }
}

/// What is dropped or pasted without a name goes to the engine that reads it.
#[test]
fn logs_are_told_from_code() {
    for (path, _, _) in FIXTURES {
        let content = bytes(path);
        for packed in [content.clone(), gzip(&content), zstd(&content), bzip2(&content)] {
            let found = classify("", &packed[..packed.len().min(HEAD)]);
            assert_eq!(found.kind, Kind::Log, "{path}: {}", found.why);
        }
    }
}

/// A reader that gives a few bytes at a time.
struct Trickle {
    inner: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.step = self.step % 7 + 1;
        let room = out.len().min(self.step);
        self.inner.read(&mut out[..room])
    }
}

impl Seek for Trickle {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn bytes_may_come_in_any_pieces() {
    for (path, _, bounded) in FIXTURES {
        let mut seen = Seen::default();
        let mut trickle = Trickle { inner: Cursor::new(bytes(path)), step: 0 };
        read(path, None, &mut trickle, &mut seen).unwrap();
        assert_true(path, &seen, *bounded);
    }
}

#[test]
fn line_ends_marks_and_encodings_do_not_matter() {
    for (path, _, bounded) in FIXTURES {
        let text = String::from_utf8(bytes(path)).unwrap();
        let windows = text.replace("\r\n", "\n").replace('\n', "\r\n");
        assert_true(path, &import(path, windows.into_bytes()), *bounded);
        let marked = format!("\u{feff}{text}");
        assert_true(path, &import(path, marked.into_bytes()), *bounded);
        for big in [false, true] {
            let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect();
            assert_true(path, &import(path, wide), *bounded);
        }
    }
}

#[test]
fn names_do_not_decide() {
    for (path, _, bounded) in FIXTURES {
        for name in ["download", "a.json", "b.log", "c.html"] {
            let content = bytes(path);
            assert_true(path, &import(name, content), *bounded);
        }
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(content: &[u8]) -> Vec<u8> {
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// As the commands write them: of one part, and of two that were appended to each other.
#[test]
fn what_the_packers_wrote_is_read() {
    for path in ["packed/plain.log.gz", "packed/plain.log.zst", "packed/plain.log.bz2"] {
        assert_true("postgres-log/plain.log", &import(path, bytes(path)), true);
        // The bytes decide, not the name.
        assert_true("postgres-log/plain.log", &import("x", bytes(path)), true);
    }
}

#[test]
fn an_archive_of_rotated_logs_is_read_in_order() {
    let log = String::from_utf8(bytes("mysql-general/maria-general.log")).unwrap();
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, id) in [("logs/db.log", "3"), ("logs/db.log.1", "2"), ("logs/db.log.2.gz", "1")] {
        let part = log.replace("FROM forum", &format!("FROM forum{id}"));
        archive.start_file(name, options).unwrap();
        let part = if name.ends_with(".gz") { gzip(part.as_bytes()) } else { part.into_bytes() };
        archive.write_all(&part).unwrap();
    }
    let seen = import("logs.zip", archive.finish().unwrap().into_inner());
    let parts: Vec<char> =
        seen.records().filter_map(|record| record.sql.split_once("FROM forum")?.1.chars().next()).collect();
    assert!(parts.is_sorted() && parts.first() == Some(&'1') && parts.last() == Some(&'3'), "{parts:?}");
}

#[test]
fn containers_are_opened() {
    for (path, format, bounded) in FIXTURES {
        let content = bytes(path);
        let packed = gzip(&content);
        let name = format!("{path}.gz");
        assert_eq!(detect(&name, &packed[..packed.len().min(observe::HEAD)]).unwrap().format.id, *format);
        assert_true(path, &import(&name, packed), *bounded);

        for (ending, packed) in [("zst", zstd(&content)), ("bz2", bzip2(&content))] {
            let name = format!("{path}.{ending}");
            let found = detect(&name, &packed[..packed.len().min(observe::HEAD)]).unwrap();
            assert_eq!(found.format.id, *format, "{name}: {}", found.why);
            assert_true(path, &import(&name, packed), *bounded);
        }

        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file("README.txt", options).unwrap();
        archive.write_all(b"nothing to see").unwrap();
        archive.start_file(*path, options).unwrap();
        archive.write_all(&content).unwrap();
        let archive = archive.finish().unwrap().into_inner();
        assert_eq!(detect("logs.zip", &archive[..archive.len().min(observe::HEAD)]).unwrap().format.id, *format);
        let seen = import("logs.zip", archive);
        assert_true(path, &seen, *bounded);
        assert!(seen.notes.iter().any(|note| note.contains("1 other file")), "{:?}", seen.notes);
    }
}

#[test]
fn a_cut_file_gives_what_stands_before_the_cut() {
    for (path, _, _) in FIXTURES {
        let content = bytes(path);
        let all = import(path, content.clone()).records().count();
        // One JSON string holds the whole panel: a cut leaves none of it.
        if path.starts_with("toolbar-html") && path.ends_with(".json") {
            let seen = import(path, content[..content.len() / 2].to_vec());
            assert!(!seen.errors.is_empty(), "{path}");
            continue;
        }
        // Amid the last row of a page, which has more behind its panel.
        let row: &[u8] = if path.starts_with("flask") { b"SqlWrap\"" } else { b"sqlMain_" };
        let in_row = content.windows(8).rposition(|window| window == row).map(|at| at + 40);
        // A server goes on writing when all statements are over.
        let (server, store) =
            (path.starts_with("postgres") || path.starts_with("mysql"), path.starts_with("toolbar-store"));
        let tenths = if server { 6 } else { 9 };
        let place = content.len() * tenths / 10;
        let amid_line = content[..place].iter().rposition(|byte| *byte == b'\n').map_or(place, |at| at + 30);
        let place = in_row.unwrap_or(if server { amid_line } else { place });
        let cut = import(path, content[..place].to_vec());
        let got = cut.records().count();
        // Of a store, an entry is a record: a request.
        let least = if server || store { 1 } else { all / 2 };
        assert!(got >= least && got < all, "{path}: {got} of {all}");
        assert!(
            cut.notes.iter().any(|note| ["cut", "whole", "missing"].iter().any(|word| note.contains(word))),
            "{path}: {:?}",
            cut.notes
        );

        let packed = gzip(&content);
        let cut = import(path, packed[..packed.len() * 9 / 10].to_vec());
        assert!(cut.records().count() > 0, "{path}");
        assert!(cut.notes.iter().any(|note| note.contains("compressed")), "{path}: {:?}", cut.notes);
    }
}

#[test]
fn odd_bytes_are_latin_1() {
    let log = b"(0.001) SELECT 1 FROM t WHERE name = 'caf\xe9'; args=('caf\xe9',); alias=default\n".to_vec();
    let seen = import("a.log", log);
    assert_eq!(seen.records().next().unwrap().params.as_deref().unwrap(), ["café"]);
    assert!(seen.notes.iter().any(|note| note.contains("Latin-1")), "{:?}", seen.notes);
}

#[test]
fn requests_are_named() {
    for path in [
        "toolbar-store/toolbar8.json",
        "toolbar-store/toolbar63.json",
        "django-log/served52.log",
        "sqlalchemy-echo/served20.log",
        "recorder/django52.jsonl",
        "recorder/pytest.jsonl",
    ] {
        let seen = import(path, bytes(path));
        let mut names: Vec<(String, usize)> = Vec::new();
        for request in &seen.requests {
            let sent = request.records.iter().filter(|record| !matches!(&*record.sql, "BEGIN" | "COMMIT")).count();
            names.push((request.name.clone(), sent));
        }
        let mut expected: Vec<_> = truth(path).requests.into_iter().map(|r| (r.name, r.statements)).collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected, "{path}");
    }
    let saved = import("saved", bytes("toolbar-html/saved8.mhtml"));
    assert_eq!(saved.requests[0].name, "/mixed/");
    let stored = import("store", bytes("toolbar-store/toolbar8.json"));
    assert!(stored.requests.iter().all(|request| request.took_us.is_some()));
}

#[test]
fn parameters_come_apart_where_the_input_has_them() {
    let hard = "it's \"quoted\" \\ & <b> é — 日本 🎉";
    for path in [
        "toolbar-store/toolbar8.json",
        "toolbar-store/toolbar63.json",
        "django-log/plain52.log",
        "django-log/plain32.log",
        "django-log/json52.log",
        "postgres-log/debian.log",
        "postgres-log/rds.log",
        "postgres-log/v16.log",
        "postgres-log/v18.log",
        "postgres-log/french.log",
        "postgres-csv/plain.csv",
        "postgres-csv/german.csv",
        "postgres-json/plain.json",
        "recorder/django52.jsonl",
    ] {
        let seen = import(path, bytes(path));
        let params: Vec<&Vec<String>> = seen.records().filter_map(|record| record.params.as_ref()).collect();
        assert!(params.iter().any(|set| set.iter().any(|text| text == hard)), "{path}");
        assert!(params.iter().any(|set| set.len() == 2 && set[1] == "NULL"), "{path}");
        assert!(!params.iter().any(|set| set.iter().any(|text| text.contains("memory at"))), "{path}");
    }
}

/// What runs a SELECT again holds its values; nothing tells those of a write.
#[test]
fn flasks_toolbar_gives_the_values_of_its_selects() {
    for path in ["flask-toolbar/toolbar016.html", "flask-toolbar/toolbar016-dressed.html"] {
        let seen = import(path, bytes(path));
        let one = |record: &&Record| record.sql.contains("topic.id = ?");
        let ids: Vec<_> = seen.records().filter(one).filter_map(|record| record.params.clone()).collect();
        assert_eq!(ids, [["1"], ["2"], ["3"], ["4"]].map(|id| id.map(str::to_owned).to_vec()), "{path}");
        assert!(seen.records().filter(|record| record.sql.starts_with("UPDATE")).all(|record| record.params.is_none()));
        assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
    }
    let none = r#"<html><body>Hi<div id="flDebug"><ol id="flDebugPanelList"></ol></div></body></html>"#;
    let seen = import("page.html", none.as_bytes().to_vec());
    assert!(seen.errors[0].1.contains("SQLALCHEMY_RECORD_QUERIES"), "{:?}", seen.errors);
}

#[test]
fn stacks_end_in_the_view() {
    for path in [
        "toolbar-store/toolbar8.json",
        "toolbar-html/toolbar8-odd.json",
        "toolbar-html/saved52-complete.html",
        "toolbar-html/toolbar38.json",
        "recorder/django52.jsonl",
    ] {
        let seen = import(path, bytes(path));
        let deepest =
            |record: &Record| record.stack.iter().rfind(|frame| frame.path.ends_with("forum/views.py")).is_some();
        let found = seen.sent().iter().filter(|record| deepest(record)).count();
        assert!(found * 3 > seen.sent().len(), "{path}: {found}");
        assert!(seen.records().all(|record| record.stack.iter().all(|frame| frame.line > 0)));
    }
    for name in ["flask-toolbar/toolbar016.html", "flask-sqlalchemy/recorded20.repr.txt"] {
        let seen = import("a.txt", bytes(name));
        assert!(
            seen.records().all(|record| record.stack[0].path.ends_with("flask_driver.py") && record.stack[0].line > 9)
        );
    }
    // A statement that a template sends names its line.
    let in_template = |record: &&Record| {
        record.stack.last().is_some_and(|frame| frame.path.ends_with("topics.html") && frame.line == 5)
    };
    for path in ["toolbar-store/toolbar8.json", "recorder/django52.jsonl"] {
        let seen = import(path, bytes(path));
        assert_eq!(seen.records().filter(in_template).count(), 7, "{path}");
    }
}

/// What SQLite says that it was sent; the values by their marks, the call with several sets, the one that failed.
#[test]
fn the_recorder_takes_all_that_sqlalchemy_sends() {
    for path in ["recorder/sqlalchemy21.jsonl", "recorder/sqlalchemy14.jsonl"] {
        let seen = import(path, bytes(path));
        assert_eq!(seen.errors, [], "{path}");
        let page = seen.requests.iter().find(|request| request.name == "GET /posts/?page=2").unwrap();
        let expected: serde_json::Value =
            serde_json::from_slice(&bytes(&path.replace(".jsonl", ".truth.json"))).unwrap();
        let [begin, sent @ .., end] = &page.records[..] else { panic!("{path}") };
        assert_eq!((&*begin.sql, &*end.sql), ("BEGIN", "ROLLBACK"), "{path}");
        assert_eq!(expected["requests"][0]["statements"], sent.len(), "{path}");
        assert!(page.bounded && page.took_us.is_some());
        assert!(sent.iter().all(|record| {
            let frame = record.stack.last().unwrap();
            record.duration_us.is_some() && frame.path == "posts.py" && record.start_us.is_some()
        }));
        let last = sent.iter().rev().nth(1).unwrap();
        assert_eq!(last.params.as_deref().unwrap(), ["3", "it's"], "{path}");
        let many: Vec<u32> = seen.records().map(|record| record.repeat).filter(|repeat| *repeat > 1).collect();
        assert_eq!(many, [5, 5], "{path}");
    }
}

#[test]
fn a_recording_of_several_processes_is_cut_where_one_died() {
    let text = String::from_utf8(bytes("recorder/pytest.jsonl")).unwrap();
    let whole = import("a.jsonl", text.clone().into_bytes());
    // One that ended amid its first run, and one whose pieces follow each other.
    let mut lines: Vec<&str> = text.split('\n').take(3).collect();
    let parts = [
        r#"{"run":"9-1","name":"GET /long/","kind":"request","at":1.5}"#,
        r#"{"sql":"SELECT 1","params":[],"us":5,"start":1,"db":"default","vendor":"sqlite","stack":[]}"#,
        r#"{"part":"9-1"}"#,
        r#"{"run":"9-1","name":"GET /long/","kind":"request","at":1.5}"#,
        r#"{"sql":"SELECT 2","params":[],"us":5,"start":9,"db":"default","vendor":"sqlite","stack":[]}"#,
        r#"{"end":"9-1","us":50}"#,
    ];
    lines.extend(text.split('\n'));
    lines.extend(parts);
    let seen = import("a.jsonl", lines.join("\n").into_bytes());
    assert_eq!(seen.requests.len(), whole.requests.len() + 2);
    assert_eq!(seen.requests[0].took_us, None);
    let long = seen.requests.last().unwrap();
    assert_eq!((long.records.len(), long.took_us), (2, Some(50)));
    assert!(seen.notes.iter().any(|note| note.contains("1 run has no end")), "{:?}", seen.notes);
}

#[test]
fn what_a_server_cannot_show_is_said() {
    for (path, words) in [
        ("postgres-log/plain.log", "a session counts as a request"),
        ("postgres-log/plain.log", "4 statements failed, and so have no time"),
        ("postgres-log/nopid.log", "names no sessions"),
        ("postgres-log/waits.log", "1 statement waited for locks longer than deadlock_timeout, the longest for"),
        ("postgres-csv/waits.csv", "1 statement ended by a deadlock"),
        ("postgres-log/explained.log", "1 of statements inside of functions, which are no round trips, left out"),
        ("postgres-json/explain.json", "3 plans of auto_explain"),
        ("mysql-general/maria-general.log", "no durations"),
        ("sqlalchemy-echo/echo20.log", "no durations"),
        ("sqlalchemy-echo/echo20.log", "no request boundaries"),
        ("sqlalchemy-echo/hidden14.log", "parameters are hidden"),
        ("sqlalchemy-echo/long20.log", "those of 3 statements are not all known"),
        ("sqlalchemy-echo/doubled20.log", "every message stands there twice"),
    ] {
        let seen = import(path, bytes(path));
        assert!(seen.notes.iter().any(|note| note.contains(words)), "{path}: {:?}", seen.notes);
    }
}

#[test]
fn a_session_has_its_name_and_its_time() {
    for path in ["mysql-slow/maria-slow.log", "mysql-slow/maria-verbose.log", "mysql-general/maria-general.log"] {
        let seen = import(path, bytes(path));
        assert!(seen.requests.iter().all(|request| request.name == "proof@forum"), "{path}");
        let rows: u64 = seen.records().filter_map(|record| record.rows).sum();
        assert!((rows > 0) == path.starts_with("mysql-slow"), "{path}");
    }
    for path in ["postgres-log/debian.log", "postgres-csv/debian.csv", "postgres-json/debian.json"] {
        let seen = import(path, bytes(path));
        assert!(seen.requests.iter().all(|request| request.name == "proof@postgres"), "{path}");
        assert!(seen.requests.iter().all(|request| request.took_us.is_some_and(|took| took > 0)), "{path}");
        for request in &seen.requests {
            let session: BTreeSet<_> = request.records.iter().map(|record| &record.connection).collect();
            assert_eq!(session.len(), 1, "{path}");
            assert!(request.records.is_sorted_by_key(|record| record.start_us), "{path}");
        }
    }
    // As the truth has them, in the order in which they begin.
    let sizes = |seen: &Seen| seen.requests.iter().map(|request| request.sent().len()).collect::<Vec<_>>();
    for path in [
        "postgres-log/plain.log",
        "postgres-log/sessions.log",
        "postgres-log/pooled.log",
        "postgres-log/django.log",
        "mysql-slow/maria-slow.log",
        "mysql-general/maria-general.log",
    ] {
        let (mut seen, mut expected) = (sizes(&import(path, bytes(path))), Vec::new());
        expected.extend(truth(path).requests.iter().map(|request| request.statements));
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{path}");
    }
}

#[test]
fn a_page_without_its_panel_says_what_to_do() {
    for path in ["toolbar-html/saved8-closed.html", "toolbar-html/saved52-closed.html"] {
        let seen = import(path, bytes(path));
        assert!(seen.requests.is_empty(), "{path}");
        let (_, message) = &seen.errors[0];
        assert!(message.contains("open the SQL panel first"), "{path}: {message}");
    }
}

#[test]
fn what_is_no_log_says_so() {
    for (name, content) in [
        ("views.py", "def index(request):\n    return None\n"),
        ("empty.log", ""),
        ("data.json", "[{\"id\": 1, \"name\": \"x\"}]"),
        ("notes.txt", "three lines\n(not 0.1)\nof prose\n"),
    ] {
        match try_import(name, content.as_bytes().to_vec()) {
            Err(Error::NotRecognised(reason)) => assert!(reason.to_string().starts_with(name), "{reason}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let mut seen = Seen::default();
    let error = read("x", Some("nonsense"), &mut Cursor::new(b"x".to_vec()), &mut seen).unwrap_err();
    assert!(error.to_string().contains("django-log"), "{error}");
    // Named by the user, but nothing of it inside: an error with a line and what was expected.
    for format in observe::formats() {
        let mut seen = Seen::default();
        read("x", Some(format.id), &mut Cursor::new(b"one\ntwo\n".to_vec()), &mut seen).unwrap();
        assert!(seen.requests.is_empty(), "{}", format.id);
        assert!(seen.errors.iter().any(|(line, text)| line.is_some() && text.contains("expected")), "{}", format.id);
    }
}

#[test]
fn dressed_lines_are_read() {
    let logs = [
        ("django-log/plain52.log", false),
        ("sqlalchemy-echo/echo20.log", false),
        ("sqlalchemy-echo/doubled20.log", false),
        ("postgres-log/plain.log", true),
    ];
    for (path, bounded) in logs {
        let plain = String::from_utf8(bytes(path)).unwrap();
        let compose: String = plain.split_inclusive('\n').map(|line| format!("web-1  | {line}")).collect();
        assert_true(path, &import(path, compose.into_bytes()), bounded);
        let coloured: String = plain
            .split_inclusive('\n')
            .map(|line| format!("\x1b[33mweb-1  |\x1b[0m \x1b[36;1m{}\x1b[0m\n", line.trim_end_matches('\n')))
            .collect();
        assert_true(path, &import(path, coloured.into_bytes()), bounded);
        // Another service in between, amid statements too.
        let mixed: String =
            plain.split_inclusive('\n').map(|line| format!("cache-1   | ready; args=(1)\nweb-1  | {line}")).collect();
        assert_true(path, &import(path, mixed.into_bytes()), bounded);
    }
}

#[test]
fn rows_of_the_debug_echo_are_counted() {
    let seen = import("a.log", bytes("sqlalchemy-echo/debug20.log"));
    let rows: Vec<Option<u64>> =
        seen.records().filter(|record| record.sql.starts_with("SELECT topic.id")).map(|record| record.rows).collect();
    assert_eq!(rows[..2], [Some(5), Some(5)]);
}

#[test]
fn a_prompt_and_a_wrapper_around_the_list_are_passed_over() {
    for (before, path, after) in [
        ("In [3]: connection.queries\nOut[3]: ", "connection-queries/django52.pprint.txt", "In [4]: \n"),
        ("{\"queries\": ", "connection-queries/django52.json", ", \"total\": {\"n\": 3}}"),
        ("deque(", "connection-queries/django52.repr.txt", ", maxlen=9000)"),
    ] {
        let content = [before.as_bytes(), &bytes(path), after.as_bytes()].concat();
        assert_true(path, &import("paste.txt", content), false);
    }
}

#[test]
fn the_sink_can_stop_the_reading() {
    struct Stopper(u64);
    impl Sink for Stopper {
        fn begin_request(&mut self, _: &str, _: &str, _: bool) {}
        fn statement(&mut self, _: Record) {
            self.0 += 1;
        }
        fn end_request(&mut self, _: Option<u64>) {}
        fn note(&mut self, _: String) {}
        fn error(&mut self, _: Option<u32>, _: String) {}
        fn progress(&mut self, _: u64) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    for path in ["django-log/plain52.log", "connection-queries/django52.json", "connection-queries/django52.loop.txt"] {
        let content = bytes(path).repeat(300);
        let mut stopper = Stopper(0);
        let result = read(path, None, &mut Cursor::new(content), &mut stopper);
        assert!(matches!(result, Err(Error::Stopped)), "{path}");
    }
}
