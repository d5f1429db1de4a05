//! Columns told by a rule of dashes: psql's aligned output with any border, and `mysql -t`.

use super::{LONGEST, MOST_COLUMNS, Step};

#[derive(Debug)]
pub(super) struct Drawn {
    /// Where the text of each column starts and ends, and the place of the mark that it goes on; in characters.
    columns: Vec<(usize, usize, usize)>,
    boxed: bool,
    /// Columns stand apart by a blank only.
    bare: bool,
    /// A row whose cells may go on.
    open: Vec<String>,
    /// Which of its cells do.
    goes_on: Vec<bool>,
}

impl Drawn {
    /// A rule: `-----+-----`, `+----+----+`, `├────┼────┤`, `----- -----`.
    pub fn start(line: &str) -> Option<Self> {
        let drawn =
            |char: char| matches!(char, '-' | '─' | '+' | '┌' | '┐' | '├' | '┤' | '└' | '┘' | '┬' | '┴' | '┼' | ' ');
        let dash = |char: char| matches!(char, '-' | '─');
        if !line.starts_with(|char| drawn(char) && char != ' ') || !line.chars().all(drawn) || !line.contains(dash) {
            return None;
        }
        let boxed = !line.starts_with(dash);
        // Without borders at all, one blank parts the columns.
        let bare = line.contains(' ');
        let mut columns = Vec::new();
        let mut start = None;
        for (at, char) in line.chars().chain([' ']).enumerate() {
            match (dash(char), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    columns.push(if bare { (from, at, at) } else { (from + 1, at - 1, at - 1) });
                    start = None;
                }
                _ => {}
            }
        }
        if columns.is_empty() || columns.len() > MOST_COLUMNS || columns.iter().any(|(from, to, _)| from > to) {
            return None;
        }
        Some(Self { columns, boxed, bare, open: Vec::new(), goes_on: Vec::new() })
    }

    /// It has a rule above its heading too.
    pub fn is_boxed(&self) -> bool {
        self.boxed
    }

    pub fn cells_of(&self, line: &str) -> Vec<String> {
        self.cut(line).0
    }

    /// The text of each cell, and whether it goes on.
    fn cut(&self, line: &str) -> (Vec<String>, Vec<bool>) {
        let chars: Vec<char> = line.chars().collect();
        if !self.bare
            && !self.is_aligned(&chars)
            && let Some(cells) = self.between_bars(line)
        {
            return cells;
        }
        let cells = self.columns.iter().map(|(from, to, mark)| {
            let text: String = chars.get(*from..(*to).min(chars.len())).unwrap_or_default().iter().collect();
            (text.trim_end().to_owned(), matches!(chars.get(*mark), Some('+' | '↵')))
        });
        cells.unzip()
    }

    /// Bars stand where the rule has its crossings: wide characters take two places on the screen and move them.
    fn is_aligned(&self, chars: &[char]) -> bool {
        let inner = self.columns.iter().take(self.columns.len().saturating_sub(1));
        let mut crossings = inner.map(|(_, _, mark)| chars.get(mark + 1));
        let wide = chars.iter().any(|char| !char.is_ascii() && *char != '│' && *char != '↵');
        crossings.all(|char| matches!(char, Some('|' | '│'))) && !wide
    }

    /// The cells by their bars, if there are as many as the rule has columns.
    fn between_bars(&self, line: &str) -> Option<(Vec<String>, Vec<bool>)> {
        let line = line.trim_end();
        let inner = if self.boxed { line.strip_prefix(['|', '│'])?.strip_suffix(['|', '│'])? } else { line };
        let parts: Vec<&str> = inner.split(['|', '│']).collect();
        let cells = parts.iter().map(|part| {
            let text = part.strip_prefix(' ').unwrap_or(part).trim_end();
            match text.strip_suffix(['+', '↵']) {
                Some(text) => (text.trim_end().to_owned(), true),
                None => (text.to_owned(), false),
            }
        });
        (parts.len() == self.columns.len()).then(|| cells.unzip())
    }

    fn is_row(&self, line: &str) -> bool {
        if line.trim().is_empty() || line.trim_start().starts_with('(') && line.trim_end().ends_with(')') && !self.boxed
        {
            return false;
        }
        !self.boxed || line.starts_with(['|', '│'])
    }

    pub fn line(&mut self, line: &str) -> Step {
        if self.boxed && line.starts_with(['+', '├']) {
            // Below the heading, and with border 3 between the rows.
            return Step::Taken;
        }
        if !self.is_row(line) {
            return Step::Over;
        }
        let (cells, goes_on) = self.cut(line);
        if self.open.is_empty() {
            self.open = cells;
        } else {
            let before = std::mem::take(&mut self.goes_on);
            for ((cell, more), went_on) in self.open.iter_mut().zip(cells).zip(before) {
                if went_on && cell.len() < LONGEST {
                    cell.push('\n');
                    cell.push_str(&more);
                }
            }
        }
        self.goes_on = goes_on;
        if self.goes_on.contains(&true) {
            return Step::Taken;
        }
        Step::Row(std::mem::take(&mut self.open))
    }

    pub fn end(self) -> Option<Vec<String>> {
        (!self.open.is_empty()).then_some(self.open)
    }
}
