//! PostgreSQL's plans: EXPLAIN and EXPLAIN ANALYZE as text, JSON, YAML or XML, bare or in a frame of psql.
//!
//! Frames: aligned, with borders, Unicode, unaligned, CSV, `\x`. A statement that is echoed before its plan
//! (`EXPLAIN … SELECT …;`) is the plan's. Seen: PostgreSQL 15; the text of 18.
//! <https://www.postgresql.org/docs/current/using-explain.html>
//!
//! Gaps: terminals that broke long lines; plans of other databases. Steps are averages
//! over their loops, as PostgreSQL gives them: before 18 in whole rows.

mod echo;
mod frame;
mod node_line;
mod text;
mod tree;
mod xml;
mod yaml;

use std::io;
use std::sync::Arc;

use self::echo::Echo;
use self::frame::{Frame, Framed};
use self::text::TextPlan;
use super::{Format, Input, Score, Sink};
use crate::trace::Plan;

pub(super) const FORMAT: Format = Format {
    id: "postgres-plan",
    description: "PostgreSQL: EXPLAIN and EXPLAIN ANALYZE as text, JSON, YAML or XML, with or without psql's frame",
    endings: &["txt", "json", "yaml", "yml", "xml", "plan"],
    sniff,
    read,
};

/// Steps below each other; what lies deeper stands beside the deepest.
const DEEPEST: usize = 50;
/// A longer one is none.
const LONGEST: usize = 8 * 1024 * 1024;

fn sniff(_: &str, head: &str) -> Score {
    let is_log = ["duration: ", "LOG:  "].iter().any(|mark| head.contains(mark));
    let steps = ["  (cost=", "  (actual time=", "  (actual rows="].iter().any(|mark| head.contains(mark));
    let keys = ["\"Node Type\":", "Node Type: \"", "<Node-Type>"].iter().find(|mark| head.contains(**mark));
    if is_log {
        // auto_explain writes plans into the server's log, which has an importer of its own.
        Score::no("lines of a server's log")
    } else if let Some(key) = keys {
        Score::new(95, format!("steps of a plan ({key})"))
    } else if steps && head.contains(" rows=") {
        Score::new(95, "steps of a plan with cost and rows")
    } else if head.contains("QUERY PLAN") {
        Score::new(60, "the heading QUERY PLAN")
    } else {
        Score::no("no step of a plan: neither (cost=… rows=…) nor \"Node Type\"")
    }
}

/// The plan that a text is, in any of the forms, as auto_explain writes it into a log: with `Query Text:` or without.
pub(super) fn parse(text: &str) -> Option<Plan> {
    let text = text.trim_matches(['\n', '\r']);
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        return tree::plans(&serde_json::from_str(start).ok()?).into_iter().next();
    }
    if start.starts_with("<explain") {
        return tree::plans(&xml::parse(start)?).into_iter().next();
    }
    if is_yaml(start) {
        return tree::plans(&yaml::parse(text)?).into_iter().next();
    }
    let mut sql: Option<String> = None;
    let mut plan: Option<TextPlan> = None;
    for line in text.split('\n') {
        match &mut plan {
            Some(open) => {
                if !open.line(line) {
                    break;
                }
            }
            None => match (TextPlan::start(line, false), &mut sql) {
                (Some(started), _) => plan = Some(started),
                // What follows it are its values, since version 16.
                (None, Some(_)) if line.trim_start().starts_with("Query Parameters: ") => {}
                (None, Some(sql)) => {
                    sql.push('\n');
                    sql.push_str(line.trim_start_matches('\t'));
                }
                (None, None) => sql = line.trim_start().strip_prefix("Query Text: ").map(str::to_owned),
            },
        }
    }
    let mut plan = plan?.finish()?;
    plan.sql = sql.map(|sql| Arc::from(sql.trim_end()));
    Some(plan)
}

fn is_yaml(start: &str) -> bool {
    let start = start.strip_prefix("- ").unwrap_or(start);
    // `Query Text: SELECT …` without quotes belongs to a text plan.
    start.starts_with("Plan:") || start.starts_with("Query Text: \"")
}

fn read(input: &mut Input<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let mut plans = Plans::default();
    let mut line = String::new();
    while input.line(&mut line)? {
        plans.line(&line, input.line_number(), sink);
        input.checkpoint(sink)?;
    }
    plans.close(sink);
    plans.tell(sink);
    Ok(())
}

/// A plan that is being read.
enum Open {
    Text(TextPlan),
    Json(Block),
    Yaml(Block),
    Xml(Block),
}

#[derive(Default)]
struct Block {
    text: String,
    /// Of JSON: braces and brackets that are open, and whether a string is.
    depth: u32,
    string: bool,
    escaped: bool,
}

#[derive(Default)]
struct Plans {
    frame: Frame,
    open: Option<Open>,
    /// Line on which it begins.
    started: u32,
    echo: Echo,
    read: u64,
    unfinished: u64,
    first_unfinished: Option<u32>,
    not_run: u64,
}

impl Plans {
    fn line(&mut self, line: &str, number: u32, sink: &mut dyn Sink) {
        // A statement that is echoed may stand right under the frame of the last.
        match self.frame.strip(line) {
            Framed::Heading | Framed::End => self.close(sink),
            Framed::Rule => {}
            Framed::Text(text) => self.text(&text, number, sink),
        }
    }

    fn text(&mut self, text: &str, number: u32, sink: &mut dyn Sink) {
        match &mut self.open {
            Some(Open::Text(plan)) => {
                if plan.line(text) {
                    return;
                }
                self.close(sink);
            }
            Some(Open::Json(block)) => {
                if block.json(text) || block.is_too_long() {
                    self.close(sink);
                }
                return;
            }
            Some(Open::Xml(block)) => {
                block.push(text);
                if text.trim_end().ends_with("</explain>") || block.is_too_long() {
                    self.close(sink);
                }
                return;
            }
            Some(Open::Yaml(block)) => {
                let goes_on =
                    text.starts_with(' ') || (!text.starts_with("- ") && text.contains(':') && !text.contains(';'));
                if goes_on && !text.trim().is_empty() && !block.is_too_long() {
                    block.push(text);
                    return;
                }
                self.close(sink);
            }
            None => {}
        }
        self.begin(text, number, sink);
    }

    /// A line outside of plans: it may start one.
    fn begin(&mut self, text: &str, number: u32, sink: &mut dyn Sink) {
        let start = text.trim_start();
        self.started = number;
        if start.starts_with(['{', '[']) {
            let mut block = Block::default();
            let whole = block.json(text);
            self.open = Some(Open::Json(block));
            if whole {
                self.close(sink);
            }
        } else if start.starts_with("<explain") {
            self.open = Some(Open::Xml(Block { text: text.to_owned(), ..Block::default() }));
            if text.trim_end().ends_with("</explain>") {
                self.close(sink);
            }
        } else if is_yaml(start) {
            self.open = Some(Open::Yaml(Block { text: text.to_owned(), ..Block::default() }));
        } else if let Some(plan) = TextPlan::start(text, self.frame.is_open()) {
            self.open = Some(Open::Text(plan));
        } else {
            self.echo.line(text);
        }
    }

    /// Ends the open plan, if there is one.
    fn close(&mut self, sink: &mut dyn Sink) {
        let Some(open) = self.open.take() else { return };
        let found = match open {
            Open::Text(plan) => plan.finish().into_iter().collect(),
            Open::Json(block) => serde_json::from_str(&block.text).map(|value| tree::plans(&value)).unwrap_or_default(),
            Open::Yaml(block) => yaml::parse(&block.text).map(|value| tree::plans(&value)).unwrap_or_default(),
            Open::Xml(block) => {
                let whole = block.text.contains("</explain>");
                xml::parse(&block.text).filter(|_| whole).map(|value| tree::plans(&value)).unwrap_or_default()
            }
        };
        if found.is_empty() {
            self.unfinished += 1;
            self.first_unfinished.get_or_insert(self.started);
        }
        for mut plan in found {
            if plan.sql.is_none() {
                plan.sql = self.echo.take();
            }
            self.read += 1;
            self.not_run += u64::from(plan.root.actual.is_none());
            sink.plan(plan);
        }
    }

    fn tell(&self, sink: &mut dyn Sink) {
        let line = self.first_unfinished;
        if self.read == 0 {
            let expected =
                "expected a plan of PostgreSQL: steps with (cost=… rows=…), or \"Node Type\" in JSON, YAML or XML";
            sink.error(Some(line.unwrap_or(1)), expected.to_owned());
            return;
        }
        if let Some(line) = line {
            let plans = if self.unfinished == 1 { "1 plan is" } else { &format!("{} plans are", self.unfinished) };
            sink.note(format!("{plans} cut off or damaged and left out, the first on line {line}"));
        }
        if self.not_run > 0 {
            sink.note(format!(
                "{} of {} plans were not run (EXPLAIN without ANALYZE): they show neither times, nor rows that were read or \
                 discarded, nor what went to disk",
                self.not_run, self.read
            ));
        }
        sink.note("plans say how a statement runs, not how often it is sent".to_owned());
    }
}

impl Block {
    fn push(&mut self, line: &str) {
        self.text.push('\n');
        self.text.push_str(line);
    }

    fn is_too_long(&self) -> bool {
        self.text.len() > LONGEST
    }

    /// Takes a line of JSON in; true where it closes what the first one opened.
    fn json(&mut self, line: &str) -> bool {
        for byte in line.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.string => self.escaped = true,
                b'"' => self.string = !self.string,
                b'{' | b'[' if !self.string => self.depth += 1,
                b'}' | b']' if !self.string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.push(line);
        self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_auto_explain_bring_their_statement() {
        let text = "Query Text: SELECT *\n\tFROM a\nSeq Scan on a  (cost=0.00..1.00 rows=1 width=4) (actual rows=9 loops=1)\n  Filter: (x = 1)";
        let plan = parse(text).unwrap();
        assert_eq!((plan.sql.as_deref(), plan.root.detail("Filter")), (Some("SELECT *\nFROM a"), Some("(x = 1)")));
        for text in [
            r#"{"Query Text": "SELECT \"x\"", "Plan": {"Node Type": "Result", "Plan Rows": 1}}"#,
            "Query Text: \"SELECT \\\"x\\\"\"\nPlan: \n  Node Type: \"Result\"\n  Plan Rows: 1",
            "<explain xmlns=\"x\"><Query-Text>SELECT &quot;x&quot;</Query-Text><Plan><Node-Type>Result</Node-Type></Plan></explain>",
        ] {
            let plan = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((plan.sql.as_deref(), plan.root.kind.as_str()), (Some("SELECT \"x\""), "Result"), "{text}");
        }
        assert_eq!(parse("no plan"), None);
    }
}
