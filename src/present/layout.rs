//! Which line stands in which row.

use crate::review::ReviewedFile;

/// One row of the code view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of the text after the change.
    Line(u32),
    /// Index into the file's removed lines.
    Removed(u32),
    /// Lines that the input does not have: the first one, and how many.
    Gap { first: u32, count: u32 },
}

/// All rows of a file, in unified order: removed lines before the ones that replaced them.
#[derive(Debug)]
pub struct Layout {
    rows: Vec<Place>,
    /// First line and row of every line and gap, in order.
    starts: Vec<(u32, u32)>,
}

impl Layout {
    pub fn new(file: &ReviewedFile) -> Self {
        let last = if file.source.text().is_empty() { 0 } else { file.source.line_count() };
        let mut rows = Vec::with_capacity(last as usize + file.removed.len());
        let mut removed = file.removed.iter().enumerate().peekable();
        let mut gap = None;
        // One past the last, for lines that were removed at the end.
        for line in 1..=last + 1 {
            while let Some((index, _)) = removed.next_if(|(_, removed)| removed.before <= line) {
                rows.extend(gap.take());
                rows.push(Place::Removed(index as u32));
            }
            let known = line <= last && file.known.as_ref().is_none_or(|known| known.contains(&line));
            if known {
                rows.extend(gap.take());
                rows.push(Place::Line(line));
            } else if line <= last {
                gap = match gap {
                    Some(Place::Gap { first, count }) => Some(Place::Gap { first, count: count + 1 }),
                    _ => Some(Place::Gap { first: line, count: 1 }),
                };
            }
        }
        // What follows the last known line is not shown as a gap: nobody knows how much it is.
        rows.extend(removed.map(|(index, _)| Place::Removed(index as u32)));
        let start = |(row, place): (usize, &Place)| match place {
            Place::Line(first) | Place::Gap { first, .. } => Some((*first, row as u32)),
            Place::Removed(_) => None,
        };
        let starts = rows.iter().enumerate().filter_map(start).collect();
        Self { rows, starts }
    }

    pub fn rows(&self) -> &[Place] {
        &self.rows
    }

    /// The row that a line stands in; that of its gap where the input does not have it.
    pub fn row_of(&self, line: u32) -> Option<u32> {
        let after = self.starts.partition_point(|(first, _)| *first <= line);
        let (first, row) = *self.starts.get(after.checked_sub(1)?)?;
        let count = match self.rows.get(row as usize)? {
            Place::Gap { count, .. } => *count,
            _ => 1,
        };
        (line < first + count).then_some(row)
    }
}
