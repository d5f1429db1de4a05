//! A line per cell: psql's expanded output, and `mysql -E`.

use super::{LONGEST, MOST_COLUMNS};

#[derive(Default)]
pub(super) struct Vertical {
    /// `name: value` with the name to the right; else `name | value`.
    mysql: bool,
    cells: Vec<(String, String)>,
    /// The last line ended in the mark of a cell that goes on, which stays until the next line shows that it was one.
    marked: bool,
}

impl Vertical {
    /// The line above a record.
    pub fn start(line: &str) -> Option<Self> {
        let bare = line.trim_start_matches(['-', '─', '+', '┌', '├', '╒']);
        if bare.len() < line.len() && bare.starts_with("[ RECORD ") {
            return Some(Self::default());
        }
        let stars = line.trim_matches(['*', ' ']);
        let is_row = line.starts_with("***") && stars.ends_with(". row");
        is_row.then(|| Self { mysql: true, ..Self::default() })
    }

    /// The record before, where this line starts another.
    pub fn line(&mut self, line: &str) -> Option<Vec<(String, String)>> {
        if let Some(next) = Self::start(line.trim_end()) {
            let before = std::mem::replace(self, next);
            return before.end();
        }
        if self.mysql {
            self.mysql(line)
        } else {
            self.psql(line)
        }
        None
    }

    fn psql(&mut self, line: &str) {
        let text = line.strip_prefix(['|', '│']).unwrap_or(line);
        let boxed = text.len() < line.len();
        let Some((name, value)) = text.split_once(['|', '│']) else { return };
        let value = value.strip_prefix(' ').unwrap_or(value).trim_end();
        let value = if boxed { value.strip_suffix(['|', '│']).unwrap_or(value).trim_end() } else { value };
        if name.trim().is_empty() {
            if let Some((_, cell)) = self.cells.last_mut().filter(|(_, cell)| cell.len() < LONGEST) {
                if self.marked {
                    let end = cell.trim_end_matches(['+', '↵']).trim_end().len();
                    cell.truncate(end);
                }
                cell.push('\n');
                cell.push_str(value);
            }
        } else if self.cells.len() < MOST_COLUMNS {
            self.cells.push((name.trim().to_lowercase(), value.to_owned()));
        }
        self.marked = value.ends_with(['+', '↵']);
    }

    fn mysql(&mut self, line: &str) {
        let word =
            |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        match line.trim_start().split_once(':') {
            Some((name, value)) if word(name) && self.cells.len() < MOST_COLUMNS => {
                self.cells.push((name.to_lowercase(), value.trim().to_owned()));
            }
            // `2 rows in set (0.00 sec)`
            _ if line.contains(" in set") => {}
            _ => {
                if let Some((_, cell)) = self.cells.last_mut().filter(|(_, cell)| cell.len() < LONGEST) {
                    cell.push('\n');
                    cell.push_str(line);
                }
            }
        }
    }

    pub fn end(self) -> Option<Vec<(String, String)>> {
        (!self.cells.is_empty()).then_some(self.cells)
    }
}
