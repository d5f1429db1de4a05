//! One row of the panel with its details.

use std::sync::Arc;

use smol_str::SmolStr;

use super::super::Record;
use super::super::json::micros;
use super::super::sqlalchemy::location;
use super::flask;
use super::panel::milliseconds;
use crate::trace::Frame;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// One connection's `1.37 ms (16 queries)`.
    Legend,
    /// The statement in full (hidden until the row is opened).
    Full,
    /// The statement with its columns shortened.
    Short,
    Time,
    Path,
    File,
    Function,
    Line,
    /// `<p>`s of the details; the first names the connection.
    Detail,
}

impl Part {
    /// The part that an element is, by its classes.
    pub fn of<'a>(
        name: &str,
        mut classes: impl Iterator<Item = &'a str>,
        in_row: bool,
        in_panel: bool,
    ) -> Option<Self> {
        if name == "li" && in_panel && !in_row {
            return Some(Part::Legend);
        }
        if !in_row {
            return None;
        }
        let known = classes.find_map(|class| match class {
            "djDebugCollapsed" | "flDebugSql" => Some(Part::Full),
            "djDebugUncollapsed" => Some(Part::Short),
            "djdt-time" => Some(Part::Time),
            "djdt-path" => Some(Part::Path),
            "djdt-file" => Some(Part::File),
            "djdt-func" => Some(Part::Function),
            "djdt-lineno" => Some(Part::Line),
            _ => None,
        });
        known.or_else(|| (name == "p").then_some(Part::Detail))
    }

    fn is_sql(self) -> bool {
        matches!(self, Part::Full | Part::Short)
    }

    pub fn line_break(self, text: &mut String) {
        if self.is_sql() {
            text.push('\n');
        }
    }

    /// The toolbar lays the statement out with `<br>` and then non-breaking spaces; one space stands for them.
    pub fn append(self, text: &mut String, more: &str) {
        let mut more = more;
        if self.is_sql() && text.ends_with('\n') {
            more = more.trim_start_matches('\u{a0}');
            text.pop();
            if !text.ends_with([' ', '\n']) && !text.is_empty() {
                text.push(' ');
            }
        }
        text.push_str(more);
    }
}

#[derive(Default)]
pub(super) struct Row {
    full: Option<String>,
    short: Option<String>,
    /// Milliseconds, two decimals.
    time: Option<f64>,
    /// Percent of the panel's time.
    pub share: Option<f64>,
    connection: Option<SmolStr>,
    stack: Vec<Frame>,
    path: String,
    file: String,
    function: SmolStr,
    /// Of Flask's panel: cells so far, and the values of a SELECT.
    cells: u8,
    params: Option<Vec<String>>,
}

impl Row {
    /// A cell of Flask's panel: the time, links, the place in full as its title, the statement.
    pub fn cell(&mut self, title: &str) {
        self.cells = self.cells.saturating_add(1);
        self.stack.extend(location(title));
    }

    pub fn is_at_time(&self) -> bool {
        self.cells == 1
    }

    pub fn link(&mut self, address: &str) {
        if self.params.is_none() {
            self.params = flask::values(address);
        }
    }

    pub fn set(&mut self, part: Part, text: String) {
        match part {
            Part::Legend => {}
            // A whole statement counts once: the details may show it again.
            Part::Full => _ = self.full.get_or_insert(text),
            Part::Short => _ = self.short.get_or_insert(text),
            Part::Time => self.time = milliseconds(&text),
            Part::Path => self.path = text,
            Part::File => self.file = text,
            Part::Function => self.function = SmolStr::new(text),
            Part::Line => {
                let path = SmolStr::new(format!("{}{}", self.path, self.file));
                if let Ok(line) = text.trim().parse() {
                    self.stack.push(Frame { path, line, function: std::mem::take(&mut self.function) });
                }
            }
            Part::Detail => {
                if self.connection.is_none() {
                    // `<strong>Connection:</strong> default`
                    let name = text.rsplit([':', '：', ' ', '\n']).find(|word| !word.is_empty());
                    self.connection = name.map(SmolStr::new);
                }
            }
        }
    }

    pub fn record(self, total_ms: f64) -> Option<Record> {
        let duration_us = self.duration_us(total_ms);
        let (full, short) = (self.full.unwrap_or_default(), self.short.unwrap_or_default());
        let shortened = |sql: &str| sql.contains("•••");
        let sql = if full.trim().is_empty() || (shortened(&full) && !short.is_empty() && !shortened(&short)) {
            short
        } else {
            full
        };
        let sql = sql.trim();
        if sql.is_empty() || self.time.is_none() {
            return None;
        }
        Some(Record {
            sql: Arc::from(sql),
            params: self.params,
            duration_us,
            stack: self.stack,
            connection: self.connection,
            repeat: 1,
            ..Record::default()
        })
    }

    /// The row's time; by its share of the total where that is finer and agrees.
    fn duration_us(&self, total_ms: f64) -> Option<u64> {
        let shown = self.time?;
        let finer = self.share.map(|share| share / 100.0 * total_ms);
        let agrees = |finer: &f64| (finer - shown).abs() <= 0.0051 + shown * 0.005;
        micros(finer.filter(agrees).unwrap_or(shown), 1000.0)
    }
}
