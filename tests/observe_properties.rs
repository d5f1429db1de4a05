//! No importer fails on any bytes: it may say that it cannot read them, and no more.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use roundtrip::observe::{HEAD, Record, Sink, detect, formats, read};

/// Checks the order of calls only.
#[derive(Default)]
struct Order {
    open: bool,
}

impl Sink for Order {
    fn begin_request(&mut self, _: &str, _: &str, _: bool) {
        assert!(!self.open);
        self.open = true;
    }

    fn statement(&mut self, record: Record) {
        assert!(self.open);
        assert!(record.repeat > 0);
    }

    fn end_request(&mut self, _: Option<u64>) {
        assert!(self.open);
        self.open = false;
    }

    fn note(&mut self, note: String) {
        assert!(!note.is_empty());
    }

    fn error(&mut self, line: Option<u32>, message: String) {
        assert!(line != Some(0) && !message.is_empty());
    }

    fn progress(&mut self, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn read_all_ways(content: &[u8]) {
    let _ = detect("a.json", &content[..content.len().min(HEAD)]);
    let ways = formats().iter().map(|format| Some(format.id)).chain([None]);
    for format in ways {
        let mut order = Order::default();
        let result = read("a.log", format, &mut Cursor::new(content), &mut order);
        assert!(result.is_err() || !order.open);
    }
}

/// The first of each fixture: their records are alike.
static FIXTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found = Vec::new();
    for folder in [
        "toolbar-store",
        "toolbar-html",
        "flask-toolbar",
        "connection-queries",
        "django-log",
        "postgres-log",
        "postgres-csv",
        "postgres-json",
        "plan",
        "recorder",
        "statistics",
        "silk",
        "otlp",
        "sentry",
        "har",
    ] {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            found.push(std::fs::read(path).unwrap());
        }
    }
    found
});

#[derive(Debug, Clone)]
enum Change {
    Cut(prop::sample::Index),
    Set(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize, usize),
    Insert(prop::sample::Index, &'static str),
}

/// What the formats are made of.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "; args=",
    "; alias=default",
    "(0.001) ",
    "\n",
    "\r\n",
    "\u{feff}",
    "\"GET / HTTP/1.1\" 200 1",
    "<tr id=\"sqlMain_1\">",
    "</table>",
    "<span class=\"djDebugCollapsed\">",
    "</span>",
    "<td class=\"djdt-time\">",
    "{'sql': '",
    "{\"sql\": \"",
    "3 times: ",
    "•••",
    "é",
    "\x1b[0m",
    "web-1  | ",
    "=3D",
    "=\n",
    "\\ud800",
    "MIME-Version: 1.0\nContent-Type: multipart/related\n",
    "2024-01-02 03:04:05.678 UTC [7] LOG:  ",
    "duration: 0.100 ms",
    "  statement: ",
    "  execute <unnamed>: ",
    "  plan:\n\tQuery Text: ",
    "\n\t",
    "\n2024-01-02 03:04:05 UTC [7] DETAIL:  parameters: $1 = '",
    "STATEMENT:  ",
    "\nINFO sqlalchemy.engine.Engine ",
    "SELECT 1\n",
    "[generated in 0.00012s] (1,)\n",
    "[cached since 0.1s ago] [(1,)  ... displaying 10 of 30 total bound parameter sets ...  (2,)]\n",
    "Row (1,)",
    "_QueryInfo(statement='SELECT 1', parameters=[(1,)], start_time=1.5, end_time=1.6, location='a.py:3 (b)')",
    "# User@Host: a[a] @ localhost []\n# Thread_id: 4  Schema: b\n# Query_time: 0.000120  Lock_time: 0.0\n",
    "SET timestamp=1795287804;\n",
    "\t\t     4 Query\tSELECT 1\n",
    "261121 19:03:48\t     4 Connect\ta@b on c using Socket\n",
    "\t\t     4 Quit\t\n",
    "disconnection: session time: 0:00:00.001 user=a",
    "2024-01-02 03:04:05.678 UTC,\"a\",\"b\",7,,6b01e6da.520b,1,\"\",,,0,LOG,00000,\"",
    ",,,,,,,,,\"\"\n",
    "{\"timestamp\":\"2024-01-02 03:04:05.678 UTC\",\"session_id\":\"6.5\",\"error_severity\":\"LOG\",\"message\":\"",
    "  (cost=1.00..2.00 rows=1 width=1)",
    "  ->  Seq Scan on a",
    " QUERY PLAN \n------\n",
    "-[ RECORD 1 ]-\nQUERY PLAN | ",
    "[{\"Plan\": {\"Node Type\": \"Sort\", \"Plans\": [",
    "- Plan: \n    Node Type: \"Sort\"\n",
    "<explain><Query><Plan><Node-Type>Sort</Node-Type>",
    "</explain>\n",
    "calls|query|total_time\n",
    " calls | query \n-------+-------\n",
    "+---+---+\n| a | b |\n",
    "-[ RECORD 1 ]-\nrelname | x\n",
    "*** 1. row ***\nDIGEST_TEXT: x\n",
    "keyspace_hits:1\n",
    "{\"log\": {\"creator\": {}, \"entries\": [",
    "{\"run\":\"1\",\"name\":\"x\",\"kind\":\"outside\"}\n",
    "{\"sql\":\"SELECT 1\",\"many\":0}\n",
    "{\"part\":\"1\"}\n",
    "{\"end\":\"1\"}\n",
    "{\"model\": \"debug_toolbar.historyentry\", \"fields\": {\"data\": {",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        at().prop_map(Change::Cut),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), 1..200usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at(), 1..200usize, 1..40usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        (at(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Change::Insert(at, piece)),
    ]
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    if content.is_empty() {
        return;
    }
    match change {
        Change::Cut(at) => content.truncate(at.index(content.len())),
        Change::Set(at, byte) => {
            let at = at.index(content.len());
            content[at] = *byte;
        }
        Change::Remove(at, length) => {
            let at = at.index(content.len());
            content.drain(at..(at + length).min(content.len()));
        }
        Change::Repeat(at, length, times) => {
            let at = at.index(content.len());
            let piece = content[at..(at + length).min(content.len())].repeat(*times);
            content.splice(at..at, piece);
        }
        Change::Insert(at, piece) => {
            let at = at.index(content.len());
            content.splice(at..at, piece.bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(content in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all_ways(&content);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        read_all_ways(pieces.concat().as_bytes());
    }

    #[test]
    fn changed_files(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let whole = &FIXTURES[which.index(FIXTURES.len())];
        // Mostly from the start, for that decides how the rest is read.
        let from = if from.index(3) == 0 { from.index(whole.len()) } else { 0 };
        let mut content = whole[from..].iter().copied().take(12_000).collect();
        for change in &changes {
            apply(&mut content, change);
        }
        read_all_ways(&content);
    }
}

#[test]
fn deep_nesting_does_not_overflow() {
    for piece in [
        "[",
        "{\"a\":",
        "{'a': ",
        "(",
        "<div>",
        "<table><tr id=\"sqlMain_1\">",
        "(0.001) x; args=(",
        "{\"Plan\":",
        "<a>",
        "- Plan:\n  - ",
    ] {
        read_all_ways(piece.repeat(50_000).as_bytes());
    }
}
