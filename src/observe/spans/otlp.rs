//! OpenTelemetry's OTLP/JSON: what the collector's file exporter writes, a line per batch, or one object.
//!
//! A span with `db.statement` (since 2024 `db.query.text`) is a statement; the nearest span of kind SERVER or CONSUMER
//! above it is its request. Times in nanoseconds, as strings. Seen: the instrumentation of Django and SQLite, 0.66b1.
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>
//!
//! Gaps: parameters only where the instrumentation was told to capture them; sampling leaves whole traces out; the
//! spans of a trace that lie far apart in a file are two requests.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::super::json::elements;
use super::super::python_literal::{self, Literal};
use super::super::{Format, Input, Record, Score, Sink, noise};
use super::{Sent, dialect, frame, hand_on, is_quoting};

pub(in crate::observe) const FORMAT: Format =
    Format { id: "otlp", description: "OpenTelemetry: spans as OTLP/JSON", endings: &["json", "jsonl"], sniff, read };

/// Spans that are held until their traces are whole.
const MOST_SPANS: usize = 400_000;
/// Spans above a statement that are looked through for its request.
const DEEPEST: usize = 200;

fn sniff(_: &str, head: &str) -> Score {
    let start = head.trim_start();
    if !start.starts_with(['{', '[']) {
        Score::no("no JSON")
    } else if ["\"resourceSpans\"", "\"resource_spans\""].iter().any(|key| head.contains(key)) {
        Score::new(97, "an object with resourceSpans")
    } else {
        Score::no("no resourceSpans")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut spans = Spans::default();
    let broken = elements(input, sink, &mut |value, sink| spans.batch(&value, sink))?;
    spans.flush(sink);
    if spans.seen == 0 {
        let (line, said) = broken.map_or((1, String::new()), |(line, said)| (line, format!(": {said}")));
        sink.error(Some(line), format!("expected OTLP/JSON with resourceSpans{said}"));
        return Ok(());
    }
    if let Some((line, said)) = broken {
        sink.note(format!("line {line}: the file is cut off or damaged ({said}); what stands before that was read"));
    }
    spans.tell(sink);
    Ok(())
}

struct Span {
    parent: String,
    /// It is where a service takes a request.
    entry: bool,
    name: String,
    start: u64,
    end: u64,
}

#[derive(Default)]
struct Spans {
    known: HashMap<String, Span>,
    /// Statements with the id of their span's parent, by trace.
    sent: BTreeMap<String, Vec<(String, Sent)>>,
    held: usize,
    seen: u64,
    statements: u64,
    quoting: u64,
    noise: u64,
    hidden: u64,
    pieces: bool,
}

impl Spans {
    fn batch(&mut self, value: &Value, sink: &mut dyn Sink) {
        let lists = |value: &Value, names: &[&str]| -> Vec<Value> {
            let found = names.iter().find_map(|name| value.get(*name)?.as_array().cloned());
            found.unwrap_or_default()
        };
        for resource in lists(value, &["resourceSpans", "resource_spans"]) {
            for scope in lists(&resource, &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"]) {
                for span in lists(&scope, &["spans"]) {
                    self.span(&span);
                }
            }
        }
        if self.held >= MOST_SPANS {
            self.pieces = true;
            self.flush(sink);
        }
    }

    fn span(&mut self, span: &Value) {
        let text = |names: [&str; 2]| names.iter().find_map(|name| span.get(*name)?.as_str()).unwrap_or_default();
        let id = text(["spanId", "span_id"]);
        if id.is_empty() {
            return;
        }
        self.seen += 1;
        self.held += 1;
        let time = |names: [&str; 2]| {
            let value = names.iter().find_map(|name| span.get(*name));
            value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(0)
        };
        let start = time(["startTimeUnixNano", "start_time_unix_nano"]);
        let end = time(["endTimeUnixNano", "end_time_unix_nano"]);
        let attributes = Attributes(span.get("attributes"));
        let parent = text(["parentSpanId", "parent_span_id"]).to_owned();
        if let Some(sql) = attributes.text(&["db.query.text", "db.statement"]) {
            let system = attributes.text(&["db.system.name", "db.system"]).unwrap_or_default();
            let Some(dialect) = dialect(system) else { return };
            self.statements += 1;
            if is_quoting(sql) {
                self.quoting += 1;
                return;
            }
            if noise::is_tool(sql) {
                self.noise += 1;
                return;
            }
            let params = attributes.params();
            self.hidden += u64::from(params.is_none() && ["%s", "?", "$1"].iter().any(|mark| sql.contains(mark)));
            let path = attributes.text(&["code.file.path", "code.filepath"]);
            let line = attributes.number(&["code.line.number", "code.lineno"]);
            let record = Record {
                sql: Arc::from(sql),
                params,
                duration_us: (start > 0 && end >= start).then(|| (end - start) / 1000),
                stack: frame(path, line, attributes.text(&["code.function.name", "code.function"])),
                connection: attributes.text(&["db.namespace", "db.name"]).map(SmolStr::new),
                dialect,
                repeat: 1,
                ..Record::default()
            };
            let trace = text(["traceId", "trace_id"]).to_owned();
            self.sent.entry(trace).or_default().push((parent, Sent { start, record }));
            return;
        }
        let kind = span.get("kind");
        let named =
            kind.and_then(Value::as_str).is_some_and(|kind| kind.ends_with("SERVER") || kind.ends_with("CONSUMER"));
        let entry = named || kind.and_then(Value::as_u64).is_some_and(|kind| matches!(kind, 2 | 5));
        let name = attributes.request().unwrap_or_else(|| text(["name", "name"]).to_owned());
        self.known.insert(id.to_owned(), Span { parent, entry, name, start, end });
    }

    /// The request that a span stands in: the nearest entry above it, or else the outermost span that is known.
    fn request_of(&self, parent: &str) -> Option<(&str, &Span)> {
        let mut found = None;
        let mut at = parent;
        for _ in 0..DEEPEST {
            let Some((id, span)) = self.known.get_key_value(at) else { break };
            found = Some((id.as_str(), span));
            if span.entry {
                break;
            }
            at = &span.parent;
        }
        found
    }

    /// Gives all that is held. Of a trace, each request by itself, in the order of their beginnings.
    fn flush(&mut self, sink: &mut dyn Sink) {
        let mut requests: Vec<(u64, String, Vec<Sent>)> = Vec::new();
        for (trace, sent) in std::mem::take(&mut self.sent) {
            let mut of: HashMap<Option<String>, Vec<Sent>> = HashMap::new();
            for (parent, sent) in sent {
                let request = self.request_of(&parent).map(|(id, _)| id.to_owned());
                of.entry(request).or_default().push(sent);
            }
            for (request, sent) in of {
                let first = sent.iter().map(|sent| sent.start).min().unwrap_or(0);
                requests.push((first, request.unwrap_or_else(|| format!("trace {trace}")), sent));
            }
        }
        // Requests without a statement count too.
        for (id, span) in self.known.iter().filter(|(_, span)| span.entry) {
            if !requests.iter().any(|(_, known, _)| known == id) {
                requests.push((span.start, id.clone(), Vec::new()));
            }
        }
        requests.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        for (_, id, sent) in requests {
            match self.known.get(&id) {
                Some(span) => hand_on(&id, &span.name, true, (span.start, span.end), sent, sink),
                None => hand_on(&id, "a trace whose request is not in the file", true, (0, 0), sent, sink),
            }
        }
        self.known.clear();
        self.held = 0;
    }

    fn tell(&self, sink: &mut dyn Sink) {
        if self.statements == 0 {
            sink.note("none of the spans holds a statement (db.statement or db.query.text)".to_owned());
        }
        if self.quoting > 0 {
            sink.note(format!(
                "{} statements of Django's debug cursor on SQLite left out (SELECT QUOTE(?))",
                self.quoting
            ));
        }
        if let Some(note) = noise::note(self.noise) {
            sink.note(note);
        }
        if self.hidden > 0 {
            sink.note(format!(
                "{} statements come without the values of their parameters: a loop and a repeat cannot be told apart",
                self.hidden
            ));
        }
        if self.pieces {
            sink.note(format!("traces are put together within {MOST_SPANS} spans: longer ones are several requests"));
        }
        sink.note("spans show what was sampled and instrumented, which may not be all".to_owned());
    }
}

/// `[{"key": …, "value": {"stringValue": …}}]`
struct Attributes<'a>(Option<&'a Value>);

impl<'a> Attributes<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        let list = self.0?.as_array()?;
        let found = list.iter().find(|item| item.get("key").and_then(Value::as_str) == Some(key))?;
        found.get("value")?.as_object()?.values().next()
    }

    fn text(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| self.value(key)?.as_str()).filter(|text| !text.is_empty())
    }

    /// Whole numbers are strings in OTLP/JSON.
    fn number(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| {
            let value = self.value(key)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        })
    }

    /// `db.statement.parameters` is the `repr` of a tuple.
    fn params(&self) -> Option<Vec<String>> {
        match python_literal::parse(self.text(&["db.statement.parameters"])?)? {
            Literal::Sequence(items) => Some(items.iter().map(Literal::render).collect()),
            _ => None,
        }
    }

    /// `GET /forum/?page=2`
    fn request(&self) -> Option<String> {
        let method = self.text(&["http.request.method", "http.method"])?;
        let path = self.text(&["url.path"]).map(str::to_owned);
        let query = self.text(&["url.query"]).map(|query| format!("?{query}")).unwrap_or_default();
        let target = path.map(|path| path + &query);
        let target = target.or_else(|| self.text(&["http.target"]).map(str::to_owned)).or_else(|| {
            let url = self.text(&["url.full", "http.url"])?;
            let (_, rest) = url.split_once("://")?;
            rest.find('/').and_then(|at| rest.get(at..)).map(str::to_owned)
        });
        let target = target.or_else(|| self.text(&["http.route"]).map(str::to_owned))?;
        Some(format!("{method} {target}"))
    }
}
