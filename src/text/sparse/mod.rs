//! One side of a diff as a file: known lines at their own numbers, gaps between them, and in the gaps the lines that
//! make a hunk parse as what it is.

mod levels;
mod lex;
mod lines;
mod scaffold;
mod start;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::Source;
use super::diff::{FileDiff, LineKind};
use scaffold::{Known, Scaffolds};

/// Names that scaffold lines bring in start with this.
pub const SCAFFOLD_PREFIX: &str = "__roundtrip_";

/// Lines past this are left out: a diff names any line number, and each line of a gap is a line of the text.
const MAX_LINE: u32 = 1_000_000;

/// Whether a name stands in no file but only in a scaffold line.
pub fn is_scaffold(name: &str) -> bool {
    name.starts_with(SCAFFOLD_PREFIX)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

#[derive(Debug, Clone)]
pub struct Sparse {
    /// Line N is line N of the file; a line of a gap is blank or a scaffold.
    pub source: Source,
    /// The lines that the diff shows.
    pub known: LineSet,
    /// Of these, the added ones (`Side::After`) or the removed ones (`Side::Before`).
    pub changed: LineSet,
}

/// A set of 1-based lines, as sorted ranges that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSet {
    /// First and last line of each range.
    ranges: Vec<(u32, u32)>,
}

impl LineSet {
    /// The lines `first..=last`.
    pub fn of(first: u32, last: u32) -> Self {
        Self { ranges: if first <= last { vec![(first, last)] } else { Vec::new() } }
    }

    pub fn contains(&self, line: u32) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= line);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, last)| line <= *last)
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl FromIterator<u32> for LineSet {
    fn from_iter<I: IntoIterator<Item = u32>>(lines: I) -> Self {
        let mut lines: Vec<u32> = lines.into_iter().collect();
        lines.sort_unstable();
        let mut set = LineSet::default();
        for line in lines {
            match set.ranges.last_mut() {
                Some((_, last)) if line <= last.saturating_add(1) => *last = line,
                _ => set.ranges.push((line, line)),
            }
        }
        set
    }
}

/// The file of one side. `None` where there is none on that side, or it has no text.
pub fn sparse(file: &FileDiff, side: Side) -> Option<Sparse> {
    let path = match side {
        Side::Before => file.old_path.as_ref(),
        Side::After => file.new_path.as_ref(),
    }?;
    if file.binary {
        return None;
    }
    let shown = match side {
        Side::Before => LineKind::Removed,
        Side::After => LineKind::Added,
    };
    // Line → its text, and the heading of the hunk where one starts.
    let mut known: BTreeMap<u32, (&str, Option<&str>)> = BTreeMap::new();
    let mut changed = Vec::new();
    for hunk in &file.hunks {
        let mut heading = Some(hunk.heading.as_str());
        for line in &hunk.lines {
            let number = if side == Side::Before { line.old } else { line.new };
            let Some(number) = number.filter(|number| *number <= MAX_LINE && !known.contains_key(number)) else {
                continue;
            };
            if line.kind == shown {
                changed.push(number);
            }
            known.insert(number, (line.text.trim_end_matches('\r'), heading.take()));
        }
    }
    // Python's line break in a gap is that of the file.
    let crlf = file.hunks.iter().flat_map(|hunk| &hunk.lines).any(|line| line.text.ends_with('\r'));
    let mut scaffolds = Scaffolds::default();
    if path.ends_with(".py") || path.ends_with(".pyi") {
        for block in blocks(&known) {
            scaffolds.add(block);
        }
    }
    let lines = scaffolds.lines();
    let last = known.keys().last().copied().unwrap_or(0).max(lines.keys().last().copied().unwrap_or(0));
    let mut text = String::new();
    for number in 1..=last {
        text.push_str(
            known.get(&number).map(|(text, _)| *text).or(lines.get(&number).map(String::as_str)).unwrap_or(""),
        );
        text.push_str(if crlf { "\r\n" } else { "\n" });
    }
    Some(Sparse {
        source: Source::new(path.clone(), text),
        known: known.keys().copied().collect(),
        changed: changed.into_iter().collect(),
    })
}

/// The runs of known lines without a gap between them.
fn blocks<'t>(known: &BTreeMap<u32, (&'t str, Option<&'t str>)>) -> Vec<Known<'t>> {
    let mut blocks: Vec<Known<'t>> = Vec::new();
    for (number, (text, heading)) in known {
        match blocks.last_mut() {
            Some(block) if block.first + block.lines.len() as u32 == *number => block.lines.push(text),
            _ => blocks.push(Known { first: *number, heading: heading.unwrap_or(""), lines: vec![text] }),
        }
    }
    blocks
}
