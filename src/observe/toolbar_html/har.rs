//! A HAR of a browser: the answers of the toolbar's `render_panel` in it, and what Server-Timing says of the rest.
//!
//! Devtools, "Save all as HAR with content", while the SQL panel of the requests was opened. A panel is its request's by
//! the id in its address, which stands in that request's page or in its headers. Seen: Chromium with the toolbar 8.0 and
//! 5.2. <http://www.softwareishard.com/blog/har-12-spec/>
//!
//! Gaps: bodies in base64 (devtools write text as text); requests whose panel was not opened show only how many
//! queries they sent.

use std::collections::HashMap;
use std::io;

use serde_json::Value;

use super::panel::Panel;
use super::{Outcome, panels_in};
use crate::observe::json::elements_at;
use crate::observe::{Format, Input, Score, Sink};

pub(in crate::observe) const FORMAT: Format = Format {
    id: "har",
    description: "HAR of a browser's devtools: django-debug-toolbar's SQL panels, opened while it was recorded",
    endings: &["har"],
    sniff,
    read,
};

/// Requests without a panel that the note names.
const MOST_NAMED: usize = 10;

fn sniff(_: &str, head: &str) -> Score {
    let keys = ["\"log\"", "\"entries\"", "\"creator\""];
    if !head.trim_start().starts_with('{') {
        return Score::no("no JSON object");
    }
    match keys.iter().find(|key| !head.contains(**key)) {
        None => Score::new(100, "an object with log, creator and entries"),
        Some(key) => Score::no(format!("no {key}")),
    }
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut ticker = input.ticker();
    let mut har = Har::default();
    let mut failed = None;
    let broken = elements_at(input, &["log", "entries"], sink, &mut |entry, sink| {
        if failed.is_none() {
            failed = har.entry(&entry, sink, &mut ticker).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    har.tell(broken, sink);
    Ok(())
}

#[derive(Default)]
struct Har {
    /// `GET /forum/` by the toolbar's id of the request.
    names: HashMap<String, String>,
    /// Requests that sent queries, by their names: how many, in how many milliseconds.
    timed: Vec<(String, u64, f64)>,
    outcome: Outcome,
    entries: u64,
    /// Names of the requests whose panels are there.
    shown: Vec<String>,
}

impl Har {
    fn entry(
        &mut self,
        entry: &Value,
        sink: &mut dyn Sink,
        ticker: &mut crate::observe::input::Ticker,
    ) -> io::Result<()> {
        self.entries += 1;
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let Some(url) = text("/request/url") else { return Ok(()) };
        let name = format!("{} {}", text("/request/method").unwrap_or("GET"), path(url));
        let body = text("/response/content/text").unwrap_or_default();
        for header in entry.pointer("/response/headers").and_then(Value::as_array).into_iter().flatten() {
            let field = |key: &str| header.get(key).and_then(Value::as_str).unwrap_or_default();
            match field("name").to_ascii_lowercase().as_str() {
                "djdt-request-id" | "djdt-store-id" => {
                    self.names.insert(field("value").to_owned(), name.clone());
                }
                "server-timing" => {
                    if let Some((count, ms)) = timing(field("value")) {
                        self.timed.push((name.clone(), count, ms));
                    }
                }
                _ => {}
            }
        }
        if body.trim_start().starts_with(['{', '[']) {
            let Ok(value) = serde_json::from_str::<Value>(body) else { return Ok(()) };
            let mut panels = Vec::new();
            panels_in(&value, 0, &mut panels);
            let known = id_of(url).and_then(|id| self.names.get(id)).cloned();
            for html in panels {
                self.panel(html, known.clone(), sink, ticker)?;
            }
            return Ok(());
        }
        for mark in ["data-request-id=\"", "data-store-id=\""] {
            if let Some(id) = body.split_once(mark).and_then(|(_, rest)| rest.split('"').next()) {
                self.names.insert(id.to_owned(), name.clone());
            }
        }
        if body.contains("sqlMain_") {
            self.panel(body, Some(name), sink, ticker)?;
        }
        Ok(())
    }

    fn panel(
        &mut self,
        html: &str,
        name: Option<String>,
        sink: &mut dyn Sink,
        ticker: &mut crate::observe::input::Ticker,
    ) -> io::Result<()> {
        self.shown.extend(name.clone());
        let id = self.outcome.next_id();
        self.outcome.add(Panel::read(&mut html.as_bytes(), &id, name, sink, ticker)?);
        Ok(())
    }

    fn tell(mut self, broken: Option<(u32, String)>, sink: &mut dyn Sink) {
        self.timed.retain(|(name, count, _)| *count > 0 && !self.shown.contains(name));
        let empty = self.outcome.statements == 0 && self.outcome.noise == 0;
        if let Some((line, said)) = broken {
            if self.entries == 0 {
                sink.error(Some(line), format!("expected a HAR with log.entries: {said}"));
                return;
            }
            sink.note(format!("line {line}: the HAR is cut off or damaged ({said}); what stands before that was read"));
        }
        if empty {
            let message = "expected answers of the toolbar's SQL panel: reload the page with devtools open, click SQL in the \
                           toolbar, then save the HAR with content";
            sink.error(Some(1), message.to_owned());
        } else {
            self.outcome.tell(sink);
        }
        if !self.timed.is_empty() {
            let told: Vec<String> = self
                .timed
                .iter()
                .take(MOST_NAMED)
                .map(|(name, count, ms)| format!("{name} ({count} queries in {ms:.1} ms)"))
                .collect();
            let more = if self.timed.len() > MOST_NAMED { ", …" } else { "" };
            sink.note(format!(
                "of {} requests the HAR holds the number of queries (Server-Timing) and not the panel: {}{more}",
                self.timed.len(),
                told.join(", ")
            ));
        }
    }
}

/// `/forum/?page=2`
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// `…/render_panel/?request_id=…&panel_id=SQLPanel`
fn id_of(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("request_id=").or_else(|| pair.strip_prefix("store_id=")))
}

/// `SQLPanel_sql_time;dur=4.2;desc="SQL 22 queries"`: how many, and the milliseconds.
fn timing(header: &str) -> Option<(u64, f64)> {
    let metric = header.split(',').map(str::trim).find(|metric| metric.starts_with("SQLPanel_sql_time"))?;
    let field = |name: &str| metric.split(';').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
    let ms = field("dur")?.parse().ok()?;
    let digits: String = field("desc")?.chars().filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_addresses_and_headers_say() {
        let header = "TimerPanel_utime;dur=1;desc=\"User CPU time\", SQLPanel_sql_time;dur=4.2;desc=\"SQL 22 queries\"";
        assert_eq!(timing(header), Some((22, 4.2)));
        assert_eq!(timing("total;dur=3"), None);
        assert_eq!(path("http://localhost:8000/a/?b=1"), "/a/?b=1");
        assert_eq!(id_of("http://x/__debug__/render_panel/?store_id=ab12&panel_id=SQLPanel"), Some("ab12"));
    }
}
