//! Sentry's transactions as JSON: what its page gives for download, what the SDK sends, one or several.
//!
//! `spans` with an `op` of `db…` are statements, their SQL in `description`. Times are seconds since 1970, or ISO 8601.
//! Seen: sentry-sdk 2.75 for Python. <https://develop.sentry.dev/sdk/data-model/event-payloads/transaction/>
//!
//! Gaps: no parameters; the place in the code only of statements slower than `db_query_source_threshold_ms`; Sentry
//! keeps 1,000 spans of a transaction and samples transactions.

use std::io;
use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::super::json::elements;
use super::super::{Format, Input, Record, Score, Sink, noise};
use super::{Sent, dialect, frame, hand_on, is_quoting};

pub(in crate::observe) const FORMAT: Format = Format {
    id: "sentry",
    description: "Sentry: transactions with their spans as JSON",
    endings: &["json", "jsonl"],
    sniff,
    read,
};

/// Spans that Sentry keeps of one transaction.
const KEPT: usize = 1_000;

fn sniff(_: &str, head: &str) -> Score {
    let start = head.trim_start();
    let has = |key: &str| head.contains(&format!("\"{key}\""));
    if !start.starts_with(['{', '[']) {
        Score::no("no JSON")
    } else if has("transaction") && has("start_timestamp") && (has("spans") || has("contexts")) {
        Score::new(92, "transactions with start_timestamp and spans")
    } else if has("start_timestamp") && has("op") && has("description") {
        Score::new(85, "spans with op and start_timestamp")
    } else {
        Score::no("no transaction with start_timestamp")
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut events = Events::default();
    let broken = elements(input, sink, &mut |event, sink| events.event(&event, sink))?;
    if events.transactions == 0 {
        let (line, said) = broken.map_or((1, String::new()), |(line, said)| (line, format!(": {said}")));
        sink.error(Some(line), format!("expected a Sentry transaction with \"spans\"{said}"));
        return Ok(());
    }
    if let Some((line, said)) = broken {
        sink.note(format!("line {line}: the file is cut off or damaged ({said}); what stands before that was read"));
    }
    events.tell(sink);
    Ok(())
}

#[derive(Default)]
struct Events {
    transactions: u64,
    statements: u64,
    with_place: u64,
    full: u64,
    quoting: u64,
    noise: u64,
}

impl Events {
    fn event(&mut self, event: &Value, sink: &mut dyn Sink) {
        // The page's own JSON has the spans among its entries.
        let entries = || {
            let entries = event.get("entries")?.as_array()?;
            entries.iter().find(|entry| entry.get("type").and_then(Value::as_str) == Some("spans"))?.get("data")
        };
        let Some(spans) = event.get("spans").or_else(entries).and_then(Value::as_array) else { return };
        self.transactions += 1;
        self.full += u64::from(spans.len() >= KEPT);
        let (start, end) = times(event);
        let mut sent = Vec::new();
        for span in spans {
            sent.extend(self.span(span));
        }
        let id = ["event_id", "eventID", "id"].iter().find_map(|key| event.get(*key)?.as_str());
        let id = id.map_or_else(|| self.transactions.to_string(), str::to_owned);
        hand_on(&id, &name(event), true, (start, end), sent, sink);
    }

    fn span(&mut self, span: &Value) -> Option<Sent> {
        let op = span.get("op").and_then(Value::as_str)?;
        if !op.starts_with("db") || op.contains("redis") || op.contains("connection") {
            return None;
        }
        let sql = span.get("description").and_then(Value::as_str).filter(|sql| !sql.trim().is_empty())?;
        let data = span.get("data");
        let text = |keys: [&str; 2]| keys.iter().find_map(|key| data?.get(*key)?.as_str());
        let dialect = dialect(text(["db.system.name", "db.system"]).unwrap_or_default())?;
        self.statements += 1;
        if is_quoting(sql) || sql == "connect" {
            self.quoting += 1;
            return None;
        }
        if noise::is_tool(sql) {
            self.noise += 1;
            return None;
        }
        let line = ["code.lineno", "code.line.number"].iter().find_map(|key| data?.get(*key)?.as_u64());
        let path = text(["code.filepath", "code.file.path"]);
        let stack = frame(path, line, text(["code.function", "code.function.name"]));
        self.with_place += u64::from(!stack.is_empty());
        let (start, end) = times(span);
        let record = Record {
            sql: Arc::from(sql),
            duration_us: (start > 0 && end >= start).then(|| (end - start) / 1000),
            stack,
            connection: text(["db.name", "db.namespace"]).map(SmolStr::new),
            dialect,
            repeat: 1,
            ..Record::default()
        };
        Some(Sent { start, record })
    }

    fn tell(&self, sink: &mut dyn Sink) {
        if self.statements == 0 {
            sink.note("no transaction holds a span of a database (op db…)".to_owned());
        }
        if self.quoting > 0 {
            sink.note(format!("{} statements of the driver or of Django's debug cursor left out", self.quoting));
        }
        if let Some(note) = noise::note(self.noise) {
            sink.note(note);
        }
        if self.full > 0 {
            sink.note(format!(
                "{} transactions hold as many spans as Sentry keeps: there may have been more",
                self.full
            ));
        }
        if self.with_place < self.statements {
            sink.note("Sentry names the place in the code of slow statements only".to_owned());
        }
        sink.note(
            "Sentry keeps no parameters: a loop and a repeat cannot be told apart. It samples transactions".to_owned(),
        );
    }
}

/// `GET /forum/`; without a request, the transaction's own name.
fn name(event: &Value) -> String {
    let request = event.get("request");
    let text = |key: &str| request.and_then(|request| request.get(key)).and_then(Value::as_str);
    let path = text("url").and_then(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').and_then(|at| rest.get(at..))
    });
    match (text("method"), path) {
        (Some(method), Some(path)) => match text("query_string").filter(|query| !query.is_empty()) {
            Some(query) if !path.contains('?') => format!("{method} {path}?{query}"),
            _ => format!("{method} {path}"),
        },
        _ => ["transaction", "title"]
            .iter()
            .find_map(|key| event.get(*key)?.as_str())
            .unwrap_or("a transaction")
            .to_owned(),
    }
}

/// Beginning and end in nanoseconds; 0 where they are not told.
fn times(span: &Value) -> (u64, u64) {
    let time = |keys: [&str; 2]| keys.iter().find_map(|key| nanoseconds(span.get(*key)?)).unwrap_or(0);
    (time(["start_timestamp", "startTimestamp"]), time(["timestamp", "endTimestamp"]))
}

fn nanoseconds(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => iso(text),
        // 1.8e9 seconds have 2.4e-7 to spare in a double: microseconds, no finer.
        other => other.as_f64().filter(|seconds| *seconds > 0.0).map(|seconds| (seconds * 1e6).round() as u64 * 1000),
    }
}

/// `2026-11-21T19:18:21.418123Z`
fn iso(text: &str) -> Option<u64> {
    let (date, time) = text.trim_end_matches('Z').split_once(['T', ' '])?;
    let time = time.split(['+', '-']).next().unwrap_or(time);
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let seconds = (parts.next()?? * 60 + parts.next()??) * 60 + parts.next()??;
    // Days since 1970 of the proleptic Gregorian calendar, years beginning in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let nanoseconds: u64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let seconds = u64::try_from(days).ok()?.checked_mul(86_400)?.checked_add(seconds)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_kinds() {
        assert_eq!(iso("1970-01-02T00:00:01.5Z"), Some(86_401_500_000_000));
        assert_eq!(iso("2024-02-29T12:00:00.000001+00:00"), Some(1_709_208_000_000_001_000));
        assert_eq!(iso("yesterday"), None);
        assert_eq!(nanoseconds(&serde_json::json!(1_709_208_000.000001)), Some(1_709_208_000_000_001_000));
    }
}
