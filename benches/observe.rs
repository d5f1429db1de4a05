//! How fast each importer reads, with a sink that only counts, and how fast a whole review of the log is. Writes the logs
//! to `target/bench/`, where `benches/logs.mjs` gives them to a browser and to other programs.

use std::fmt::Write as _;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use roundtrip::config::Config;
use roundtrip::observe::{Record, Sink, read};
use roundtrip::review::Logs;

/// The machine may have other work: of so many runs, the fastest counts.
const RUNS: usize = 5;

/// Sessions of a log, each of a list and its rows one by one.
const SESSIONS: u32 = 4000;
const ROWS: u32 = 12;

const LIST: &str = "SELECT \"forum_topic\".\"id\", \"forum_topic\".\"forum_id\", \"forum_topic\".\"title\", \"forum_topic\".\"created\" \
                    FROM \"forum_topic\" ORDER BY \"forum_topic\".\"created\" DESC LIMIT 12";
const ROW: &str =
    "SELECT \"forum_forum\".\"id\", \"forum_forum\".\"name\" FROM \"forum_forum\" WHERE \"forum_forum\".\"id\" = ";

/// Every statement of the log: session, place in it, text without its parameter, the parameter.
fn statements() -> impl Iterator<Item = (u32, u32, &'static str, u32)> {
    (0..SESSIONS).flat_map(|session| {
        (0..=ROWS).map(move |place| (session, place, if place == 0 { LIST } else { ROW }, session * ROWS + place))
    })
}

/// `18:45:42.954`: a statement a millisecond, a session every 20.
fn clock(session: u32, place: u32) -> String {
    let ms = session * 20 + place;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

fn postgres_statement() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let (time, pid) = (clock(session, place), 1000 + session);
        let value = if place == 0 { String::new() } else { value.to_string() };
        let _ = writeln!(
            log,
            "2026-11-21 {time} UTC [{pid}] app@shop LOG:  duration: 0.{value:0>3.3} ms  statement: {sql}{value}"
        );
    }
    log
}

fn postgres_extended() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let head = format!("2026-11-21 {} UTC [{}] app@shop", clock(session, place), 1000 + session);
        let (mark, detail) = if place == 0 {
            ("", String::new())
        } else {
            ("$1", format!("{head} DETAIL:  parameters: $1 = '{value}'\n"))
        };
        for step in ["parse", "bind", "execute"] {
            let _ = writeln!(log, "{head} LOG:  duration: 0.120 ms  {step} <unnamed>: {sql}{mark}");
            log.push_str(if step == "parse" { "" } else { &detail });
        }
    }
    log
}

fn postgres_csv() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let (time, pid) = (clock(session, place), 1000 + session);
        let sql = sql.replace('"', "\"\"");
        let value = if place == 0 { String::new() } else { value.to_string() };
        let _ = writeln!(
            log,
            "2026-11-21 {time} UTC,\"app\",\"shop\",{pid},\"127.0.0.1:54506\",6b01e6d7.{pid:x},{place},\"SELECT\",\
             2026-11-21 18:45:43 UTC,3/0,0,LOG,00000,\"duration: 0.120 ms  statement: {sql}{value}\",,,,,,,,,\"\",\"client backend\",,0"
        );
    }
    log
}

fn postgres_json() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let (time, pid) = (clock(session, place), 1000 + session);
        let sql = sql.replace('"', "\\\"");
        let value = if place == 0 { String::new() } else { value.to_string() };
        let _ = writeln!(
            log,
            "{{\"timestamp\":\"2026-11-21 {time} UTC\",\"user\":\"app\",\"dbname\":\"shop\",\"pid\":{pid},\"session_id\":\
             \"6b01e6d7.{pid:x}\",\"line_num\":{place},\"ps\":\"SELECT\",\"error_severity\":\"LOG\",\"message\":\
             \"duration: 0.120 ms  statement: {sql}{value}\",\"backend_type\":\"client backend\",\"query_id\":0}}"
        );
    }
    log
}

fn mysql_slow() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let sql = sql.replace('"', "`");
        let value = if place == 0 { String::new() } else { value.to_string() };
        let _ = writeln!(
            log,
            "# User@Host: app[app] @  [127.0.0.1]\n# Thread_id: {session}  Schema: shop  QC_hit: No\n# Query_time: 0.000120  \
             Lock_time: 0.000013  Rows_sent: 1  Rows_examined: 1\n# Rows_affected: 0  Bytes_sent: 131\nSET timestamp={};\n{sql}{value};",
            1_795_287_804 + session / 50
        );
    }
    log
}

fn mysql_general() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let sql = sql.replace('"', "`");
        let value = if place == 0 { String::new() } else { value.to_string() };
        if place == 0 {
            let _ = writeln!(log, "\t\t{session:6} Connect\tapp@127.0.0.1 on shop using TCP/IP");
        }
        let _ = writeln!(log, "\t\t{session:6} Query\t{sql}{value}");
        if place == ROWS {
            let _ = writeln!(log, "\t\t{session:6} Quit\t");
        }
    }
    log
}

fn sqlalchemy_echo() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let head = format!("2026-11-21 {} INFO sqlalchemy.engine.Engine", clock(session, place).replace('.', ","));
        let sql = sql.replace(" FROM", " \nFROM").replace(" WHERE", " \nWHERE");
        let (mark, params) = if place == 0 { ("", "()".to_owned()) } else { ("?", format!("({value},)")) };
        let _ = writeln!(log, "{head} {sql}{mark}\n{head} [cached since 0.{value}s ago] {params}");
    }
    log
}

fn django_log() -> String {
    let mut log = String::new();
    for (session, place, sql, value) in statements() {
        let (mark, params) = if place == 0 { ("", "()".to_owned()) } else { ("%s", format!("({value},)")) };
        let time = clock(session, place);
        let _ = writeln!(log, "2026-11-21 {time} DEBUG (0.001) {sql}{mark}; args={params}; alias=default");
        if place == ROWS {
            let _ = writeln!(log, "[21/Nov/2026 {time}] \"GET /topics/?page={session} HTTP/1.1\" 200 534");
        }
    }
    log
}

#[derive(Default)]
struct Count {
    statements: u64,
}

impl Sink for Count {
    fn begin_request(&mut self, _: &str, _: &str, _: bool) {}
    fn statement(&mut self, record: Record) {
        self.statements += u64::from(record.repeat);
    }
    fn end_request(&mut self, _: Option<u64>) {}
    fn note(&mut self, _: String) {}
    fn error(&mut self, line: Option<u32>, message: String) {
        panic!("line {line:?}: {message}");
    }
    fn progress(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

fn import(format: &str, log: &str) {
    let mut count = Count::default();
    read("log", Some(format), &mut Cursor::new(log.as_bytes()), &mut count).expect("a log that is read");
    assert_eq!(count.statements, u64::from(SESSIONS * (ROWS + 1)), "{format}");
}

fn review(format: &str, log: &str) {
    let mut logs = Logs::new(Config::default());
    logs.read("log", Some(format), &mut Cursor::new(log.as_bytes()), &mut |_| ControlFlow::Continue(()))
        .expect("a log that is read");
    assert!(!logs.finish().report.findings.is_empty(), "{format}");
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    fs::create_dir_all(&folder).expect("a folder for the logs");
    let statements = f64::from(SESSIONS * (ROWS + 1));
    println!(
        "{:<24}{:>12}{:>16}{:>12}{:>16}",
        "importer", "reads MB/s", "statements/s", "reviews MB/s", "statements/s"
    );
    let mut rows = String::new();
    for (file, format, log) in [
        ("postgres-statement.log", "postgres-log", postgres_statement()),
        ("postgres-extended.log", "postgres-log", postgres_extended()),
        ("postgres.csv", "postgres-csv", postgres_csv()),
        ("postgres.json", "postgres-json", postgres_json()),
        ("mysql-slow.log", "mysql-slow", mysql_slow()),
        ("mysql-general.log", "mysql-general", mysql_general()),
        ("sqlalchemy-echo.log", "sqlalchemy-echo", sqlalchemy_echo()),
        ("django.log", "django-log", django_log()),
    ] {
        fs::write(folder.join(file), &log).expect("a log that can be written");
        let seconds =
            [fastest(|| import(format, &log)), fastest(|| review(format, &log))].map(|took| took.as_secs_f64());
        let [reads, reviews] = seconds.map(|seconds| log.len() as f64 / 1e6 / seconds);
        let [read, reviewed] = seconds.map(|seconds| statements / seconds);
        println!("{file:<24}{reads:>12.1}{read:>16.0}{reviews:>12.1}{reviewed:>16.0}");
        let comma = if rows.is_empty() { "" } else { ",\n" };
        let _ = write!(
            rows,
            "{comma}{{\"file\":\"{file}\",\"format\":\"{format}\",\"bytes\":{},\"statements\":{statements},\
             \"reads\":{reads},\"reviews\":{reviews}}}",
            log.len()
        );
    }
    fs::write(folder.join("native.json"), format!("[{rows}]\n")).expect("figures that can be written");
}
