//! Tables as clients print them, a row at a time: CSV and its kin, psql's frames, `mysql -t`, `-B` and `-E`.
//!
//! Gaps: LaTeX and HTML; psql's `old-ascii`; a cell of `mysql -t` that holds a line break.

mod delimited;
mod drawn;
mod vertical;

use std::io;

use self::delimited::Delimited;
use self::drawn::Drawn;
use self::vertical::Vertical;
use super::{Input, Sink};

/// Columns of a table; more are none.
const MOST_COLUMNS: usize = 400;
/// Bytes of one row.
const LONGEST: usize = 4 * 1024 * 1024;

/// One row, with the names of its columns in lower case.
pub(super) struct Row {
    pub names: Vec<String>,
    pub cells: Vec<String>,
    /// Line on which it starts.
    pub line: u32,
}

impl Row {
    pub fn text(&self, name: &str) -> Option<&str> {
        let at = self.names.iter().position(|known| known == name)?;
        self.cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty() && *cell != "NULL" && *cell != "\\N")
    }

    /// The first of the names that is there.
    pub fn number(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| self.text(name)?.parse::<f64>().ok()).filter(|number| number.is_finite())
    }

    pub fn count(&self, name: &str) -> Option<u64> {
        self.number(&[name]).filter(|count| *count >= 0.0).map(|count| count as u64)
    }
}

/// How the rows are told apart.
enum Style {
    Delimited(Delimited),
    Drawn(Drawn),
    Vertical(Vertical),
}

/// What a line does to the reading of a table.
enum Step {
    /// It is taken in.
    Taken,
    /// A row is whole.
    Row(Vec<String>),
    /// The table is over before this line.
    Over,
}

/// The names of the columns of the table that a text starts with, in lower case; of several tables, the first.
/// `wide`: the column whose cells may hold the character that divides cells.
pub(super) fn columns(head: &str, wide: &str) -> Vec<String> {
    let mut reader = Reader::new(wide);
    for line in head.split('\n') {
        let line = line.trim_end_matches('\r');
        let row = reader.line(line, 0);
        if let Some(row) =
            row.or_else(|| matches!(reader.style, Some(Style::Delimited(_) | Style::Drawn(_))).then(|| reader.bare()))
        {
            return row.names;
        }
    }
    reader.end().map(|row| row.names).unwrap_or_default()
}

/// Hands every row of every table in the input to `each`.
pub(super) fn rows(
    input: &mut Input<'_>,
    wide: &str,
    sink: &mut dyn Sink,
    each: &mut dyn FnMut(Row, &mut dyn Sink),
) -> io::Result<()> {
    let mut reader = Reader::new(wide);
    let mut line = String::new();
    while input.line(&mut line)? {
        if let Some(row) = reader.line(&line, input.line_number()) {
            each(row, sink);
        }
        input.checkpoint(sink)?;
    }
    if let Some(row) = reader.end() {
        each(row, sink);
    }
    Ok(())
}

struct Reader<'a> {
    wide: &'a str,
    style: Option<Style>,
    names: Vec<String>,
    /// The line before, which may be the heading of a rule that comes.
    before: String,
    /// Line on which the open row starts.
    started: u32,
}

impl<'a> Reader<'a> {
    fn new(wide: &'a str) -> Self {
        Self { wide, style: None, names: Vec::new(), before: String::new(), started: 0 }
    }

    /// A row of the present table without cells.
    fn bare(&self) -> Row {
        Row { names: self.names.clone(), cells: Vec::new(), line: self.started }
    }

    fn line(&mut self, line: &str, number: u32) -> Option<Row> {
        if self.started == 0 {
            self.started = number;
        }
        let step = match &mut self.style {
            Some(Style::Delimited(table)) => table.line(line),
            Some(Style::Drawn(table)) => table.line(line),
            Some(Style::Vertical(table)) => match table.line(line) {
                Some(record) => return self.vertical(record, number),
                None => return None,
            },
            None => {
                self.begin(line);
                self.started = 0;
                return None;
            }
        };
        match step {
            Step::Taken => None,
            Step::Row(cells) => {
                let line = std::mem::replace(&mut self.started, 0);
                Some(Row { names: self.names.clone(), cells, line: line.max(1) })
            }
            Step::Over => {
                let last = self.end();
                self.started = 0;
                self.begin(line);
                last
            }
        }
    }

    fn vertical(&mut self, record: Vec<(String, String)>, number: u32) -> Option<Row> {
        let line = std::mem::replace(&mut self.started, number);
        let (names, cells) = record.into_iter().unzip();
        Some(Row { names, cells, line: line.max(1) })
    }

    /// A line outside of tables.
    fn begin(&mut self, line: &str) {
        let text = line.trim_end();
        if let Some(vertical) = Vertical::start(text) {
            self.style = Some(Style::Vertical(vertical));
        } else if let Some(drawn) = Drawn::start(text) {
            // A table with borders has a rule above its heading, others only below.
            if !drawn.is_boxed() || !self.before.is_empty() {
                self.names = drawn.cells_of(&self.before).into_iter().map(|name| name.trim().to_lowercase()).collect();
                let known = self.names.iter().filter(|name| !name.is_empty()).count();
                if known > 0 {
                    self.style = Some(Style::Drawn(drawn));
                }
            }
            self.before.clear();
        } else if let Some((delimited, names)) = Delimited::start(text, self.wide) {
            self.names = names;
            self.style = Some(Style::Delimited(delimited));
        } else {
            self.before = text.to_owned();
        }
    }

    fn end(&mut self) -> Option<Row> {
        let cells = match self.style.take()? {
            Style::Delimited(table) => table.end()?,
            Style::Drawn(table) => table.end()?,
            Style::Vertical(table) => {
                let record = table.end()?;
                return self.vertical(record, 0);
            }
        };
        Some(Row { names: self.names.clone(), cells, line: self.started.max(1) })
    }
}

#[cfg(test)]
mod tests;
