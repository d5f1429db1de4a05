//! Columns told by a rule of dashes: psql's aligned and wrapped output with any border, and `mysql -t`.

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
    /// How each of its cells does.
    goes_on: Vec<GoesOn>,
}

/// What the mark behind a cell's line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    No,
    /// With the next line of its text.
    Line,
    /// psql broke a line that was too long for the terminal.
    Wrapped,
}

impl GoesOn {
    fn by(mark: Option<&char>) -> Self {
        match mark {
            Some('+' | '↵') => Self::Line,
            Some('.' | '…') => Self::Wrapped,
            _ => Self::No,
        }
    }
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

    /// The text of each cell, and how it goes on.
    fn cut(&self, line: &str) -> (Vec<String>, Vec<GoesOn>) {
        let chars: Vec<char> = line.chars().collect();
        if !self.bare
            && !self.is_aligned(&chars)
            && let Some(cells) = self.between_bars(line)
        {
            return cells;
        }
        let cells = self.columns.iter().map(|(from, to, mark)| {
            let text: String = chars.get(*from..(*to).min(chars.len())).unwrap_or_default().iter().collect();
            let goes_on = GoesOn::by(chars.get(*mark));
            // Where a line is broken, the blanks before belong to it.
            (if goes_on == GoesOn::Wrapped { text } else { text.trim_end().to_owned() }, goes_on)
        });
        cells.unzip()
    }

    /// Bars stand where the rule has its crossings: wide characters take two places on the screen and move them.
    fn is_aligned(&self, chars: &[char]) -> bool {
        let inner = self.columns.iter().take(self.columns.len().saturating_sub(1));
        let mut crossings = inner.map(|(_, _, mark)| chars.get(mark + 1));
        let wide = chars.iter().any(|char| !char.is_ascii() && !matches!(char, '│' | '↵' | '…'));
        crossings.all(|char| matches!(char, Some('|' | '│'))) && !wide
    }

    /// The cells by their bars, if there are as many as the rule has columns.
    fn between_bars(&self, line: &str) -> Option<(Vec<String>, Vec<GoesOn>)> {
        let line = line.trim_end();
        let inner = if self.boxed { line.strip_prefix(['|', '│'])?.strip_suffix(['|', '│'])? } else { line };
        let parts: Vec<&str> = inner.split(['|', '│']).collect();
        let cells = parts.iter().zip(&self.columns).map(|(part, (from, to, _))| {
            let text = part.strip_prefix([' ', '.', '…']).unwrap_or(part).trim_end();
            let mark = text.chars().next_back();
            let before = text.strip_suffix(['+', '↵', '.', '…']).unwrap_or(text);
            match GoesOn::by(mark.as_ref()) {
                GoesOn::Line => (before.trim_end().to_owned(), GoesOn::Line),
                // A full stop is a mark behind the column only.
                GoesOn::Wrapped if places(before) >= to - from => (before.to_owned(), GoesOn::Wrapped),
                _ => (text.to_owned(), GoesOn::No),
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
                if went_on != GoesOn::No && cell.len() < LONGEST {
                    if went_on == GoesOn::Line {
                        cell.push('\n');
                    }
                    cell.push_str(&more);
                }
            }
        }
        self.goes_on = goes_on;
        if self.goes_on.iter().any(|goes_on| *goes_on != GoesOn::No) {
            return Step::Taken;
        }
        Step::Row(std::mem::take(&mut self.open))
    }

    pub fn end(self) -> Option<Vec<String>> {
        (!self.open.is_empty()).then_some(self.open)
    }
}

/// What a text takes of a terminal's line: the scripts that are written in wide characters begin at this one.
fn places(text: &str) -> usize {
    text.chars().map(|char| if char >= '\u{1100}' { 2 } else { 1 }).sum()
}
