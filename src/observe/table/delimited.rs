//! A line of names, then a row a line, their cells apart by one character: CSV, TSV, psql's unaligned output.

use super::{LONGEST, MOST_COLUMNS, Step};

pub(super) struct Delimited {
    delimiter: char,
    columns: usize,
    /// The column that takes what is too much where cells hold the delimiter.
    wide: Option<usize>,
    /// Of a row that goes on over lines.
    open: String,
    lines: u32,
    /// A row whose last cell may go on, where nothing but the next line can tell.
    held: Option<Vec<String>>,
}

/// A row goes on over at most so many lines.
const MOST_LINES: u32 = 5_000;

impl Delimited {
    /// A line that names columns: words apart by a comma, semicolon, tab or bar. A bar with blanks around it is
    /// psql's aligned output, whose rule comes next.
    pub fn start(line: &str, wide: &str) -> Option<(Self, Vec<String>)> {
        let delimiter = [',', ';', '\t', '|'].into_iter().max_by_key(|char| line.matches(*char).count())?;
        if !line.contains(delimiter) || (delimiter == '|' && (line.contains(" | ") || line.starts_with(['|', ' ']))) {
            return None;
        }
        let names: Vec<String> = split(line, delimiter)?.into_iter().map(|name| name.trim().to_lowercase()).collect();
        let is_name = |name: &String| {
            !name.is_empty() && name.len() <= 64 && !name.starts_with(|char: char| "'\"([{<".contains(char))
        };
        if names.len() > MOST_COLUMNS || !names.iter().all(is_name) {
            return None;
        }
        let wide = names.iter().position(|name| name == wide);
        Some((Self { delimiter, columns: names.len(), wide, open: String::new(), lines: 0, held: None }, names))
    }

    pub fn line(&mut self, line: &str) -> Step {
        if self.lines == 0 && (line.trim().is_empty() || is_count(line)) {
            return Step::Over;
        }
        if self.lines == 0
            && let Some(cell) = self.held.as_mut().and_then(|held| held.last_mut())
            && line.matches(self.delimiter).count() + 1 < self.columns
        {
            cell.push('\n');
            cell.push_str(line);
            return Step::Taken;
        }
        if self.lines > 0 {
            self.open.push('\n');
        }
        self.open.push_str(line);
        self.lines += 1;
        match self.whole() {
            Some(cells) => {
                self.open.clear();
                self.lines = 0;
                // psql's unaligned output has no quotes.
                let may_go_on = self.delimiter == '|' && self.wide == Some(self.columns - 1);
                let row = if may_go_on { self.held.replace(cells) } else { Some(cells) };
                row.map_or(Step::Taken, Step::Row)
            }
            None if self.lines > MOST_LINES || self.open.len() > LONGEST => {
                self.open.clear();
                self.lines = 0;
                Step::Over
            }
            None => Step::Taken,
        }
    }

    /// The cells, if all of them are there.
    fn whole(&self) -> Option<Vec<String>> {
        let mut cells = split(&self.open, self.delimiter)?;
        if cells.len() < self.columns {
            return None;
        }
        let surplus = cells.len() - self.columns;
        if surplus > 0 {
            let wide = self.wide?;
            let joined = cells.get(wide..=wide + surplus)?.join(&self.delimiter.to_string());
            cells.splice(wide..=wide + surplus, [joined]);
        }
        Some(cells)
    }

    pub fn end(self) -> Option<Vec<String>> {
        if self.lines > 0 { self.whole() } else { self.held }
    }
}

fn is_count(line: &str) -> bool {
    let inside = line.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inside.is_some_and(|inside| inside.starts_with(|char: char| char.is_ascii_digit()) && inside.len() < 40)
}

/// Cells of a line; `None` while a quoted one is open. Quotes count at the beginning of a cell only.
fn split(text: &str, delimiter: char) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut cell = String::new();
            let mut inside = quoted;
            let after = loop {
                let (part, after) = inside.split_once('"')?;
                cell.push_str(part);
                match after.strip_prefix('"') {
                    Some(more) => {
                        cell.push('"');
                        inside = more;
                    }
                    None => break after,
                }
            };
            // What follows the quote belongs to the cell: it was none of CSV's.
            let (more, next) = after.split_once(delimiter).map_or((after, None), |(more, next)| (more, Some(next)));
            cell.push_str(more);
            cells.push(cell);
            match next {
                Some(next) => rest = next,
                None => return Some(cells),
            }
            continue;
        }
        match rest.split_once(delimiter) {
            Some((cell, next)) => {
                cells.push(cell.to_owned());
                rest = next;
            }
            None => {
                cells.push(rest.to_owned());
                return Some(cells);
            }
        }
    }
}
