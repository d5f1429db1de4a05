//! What stands in each line of the code view: a row of the file, two of them side by side, what is folded, or the SQL of
//! the line above.

use std::collections::BTreeSet;

use crate::protocol::RowKind;

/// Unchanged rows that stay in sight around a change.
const CONTEXT: u32 = 3;
/// Fewer rows than these are not folded: the line that says so would save nothing.
const LEAST_FOLD: u32 = 6;

/// What one line shows. Rows are those of the file, as the engine counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    Row(u32),
    /// Before the change, and after it.
    Pair(Option<u32>, Option<u32>),
    /// Unchanged rows that are not in sight.
    Fold {
        first: u32,
        count: u32,
    },
    /// A line of the opened statements.
    Inset(u32),
}

impl At {
    /// The rows of the file that it shows.
    pub fn rows(self) -> impl Iterator<Item = u32> {
        let (left, right) = match self {
            At::Row(row) => (Some(row), None),
            At::Pair(before, after) => (before, after),
            At::Fold { .. } | At::Inset(_) => (None, None),
        };
        left.into_iter().chain(right)
    }
}

/// How a file is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choices {
    pub side_by_side: bool,
    /// Unchanged rows are folded, save for these.
    pub folded: bool,
    /// First rows of the folds that were opened.
    pub opened: BTreeSet<u32>,
    /// Lines that stand below a row, and how many.
    pub inset: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Rows {
        first: u32,
        count: u32,
    },
    /// First row and number before the change, and after it.
    Sides {
        before: (u32, u32),
        after: (u32, u32),
    },
    Fold {
        first: u32,
        count: u32,
    },
    Inset {
        count: u32,
    },
}

impl Piece {
    fn length(self) -> u32 {
        match self {
            Piece::Rows { count, .. } | Piece::Inset { count } => count,
            Piece::Sides { before, after } => before.1.max(after.1),
            Piece::Fold { .. } => 1,
        }
    }

    /// The first row that it shows; none where it shows none.
    fn first(self) -> Option<u32> {
        match self {
            Piece::Rows { first, .. } | Piece::Fold { first, .. } => Some(first),
            Piece::Sides { before, after } => {
                [before, after].into_iter().filter(|(_, count)| *count > 0).map(|(first, _)| first).min()
            }
            Piece::Inset { .. } => None,
        }
    }

    /// How many of its lines come up to and with `row`; none where it does not show that.
    fn until(self, row: u32) -> Option<u32> {
        let within = |(first, count): (u32, u32)| row.checked_sub(first).filter(|at| *at < count).map(|at| at + 1);
        match self {
            Piece::Rows { first, count } => within((first, count)),
            Piece::Sides { before, after } => within(before).or(within(after)),
            Piece::Fold { first, count } => within((first, count)).map(|_| 1),
            Piece::Inset { .. } => None,
        }
    }

    fn split(self, length: u32) -> [Piece; 2] {
        let cut = |(first, count): (u32, u32)| {
            let kept = count.min(length);
            [(first, kept), (first + kept, count - kept)]
        };
        match self {
            Piece::Rows { first, count } => cut((first, count)).map(|(first, count)| Piece::Rows { first, count }),
            Piece::Sides { before, after } => {
                let ([a, b], [c, d]) = (cut(before), cut(after));
                [Piece::Sides { before: a, after: c }, Piece::Sides { before: b, after: d }]
            }
            whole => [whole, Piece::Rows { first: 0, count: 0 }],
        }
    }
}

/// All lines of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    /// With the line that each begins at.
    pieces: Vec<(u32, Piece)>,
    /// The first row of each piece, or of the one before it where it shows none: they never fall.
    rows: Vec<u32>,
    total: u32,
    side_by_side: bool,
}

impl Lines {
    /// `runs`: the rows of the file by kind. `kept`: rows that are never folded.
    pub fn new(runs: &[(RowKind, u32)], kept: &BTreeSet<u32>, choices: &Choices) -> Self {
        let is_change = |kind: &RowKind| matches!(kind, RowKind::Added | RowKind::Removed);
        let folds = choices.folded && runs.iter().any(|(kind, _)| is_change(kind));
        let mut lines = Self { side_by_side: choices.side_by_side, ..Self::default() };
        let mut first = 0;
        let mut at = 0;
        while let Some((kind, count)) = runs.get(at).copied() {
            let next = runs.get(at + 1).copied();
            at += 1;
            match (kind, next) {
                (RowKind::Same, _) if folds => {
                    let before = at.checked_sub(2).and_then(|at| runs.get(at)).is_some_and(|(kind, _)| is_change(kind));
                    let after = next.is_some_and(|(kind, _)| is_change(&kind));
                    let margins = [before, after].map(|change| if change { CONTEXT } else { 0 });
                    lines.fold(first, count, margins, kept, choices);
                }
                (RowKind::Removed, Some((RowKind::Added, added))) if choices.side_by_side => {
                    lines.push(Piece::Sides { before: (first, count), after: (first + count, added) }, choices);
                    first += added;
                    at += 1;
                }
                (RowKind::Removed, _) if choices.side_by_side => {
                    lines.push(Piece::Sides { before: (first, count), after: (0, 0) }, choices);
                }
                (RowKind::Added, _) if choices.side_by_side => {
                    lines.push(Piece::Sides { before: (0, 0), after: (first, count) }, choices);
                }
                _ => lines.push(Piece::Rows { first, count }, choices),
            }
            first += count;
        }
        lines
    }

    /// Unchanged rows, of which those in `margins` at both ends and around `kept` ones stay.
    fn fold(&mut self, first: u32, count: u32, margins: [u32; 2], kept: &BTreeSet<u32>, choices: &Choices) {
        let end = first + count;
        let mut shown = first;
        let mut fold_from = first + margins[0].min(count);
        let last = end - margins[1].min(count);
        // Margins that meet leave nothing to fold.
        let stays = kept.range(fold_from.min(last)..last).map(|row| (row.saturating_sub(CONTEXT), row + CONTEXT + 1));
        for (from, to) in stays.chain([(last, end)]) {
            let from = from.min(last);
            if from >= fold_from + LEAST_FOLD && !choices.opened.contains(&fold_from) {
                self.push(Piece::Rows { first: shown, count: fold_from - shown }, choices);
                self.push(Piece::Fold { first: fold_from, count: from - fold_from }, choices);
                shown = from;
            }
            fold_from = to.max(fold_from);
        }
        self.push(Piece::Rows { first: shown, count: end - shown }, choices);
    }

    /// With the inset where it belongs.
    fn push(&mut self, piece: Piece, choices: &Choices) {
        let inset = choices.inset.and_then(|(row, count)| Some((piece.until(row)?, count)));
        let parts = match inset {
            Some((until, count)) => {
                let [above, below] = piece.split(until);
                [above, Piece::Inset { count }, below]
            }
            None => [piece, Piece::Inset { count: 0 }, Piece::Inset { count: 0 }],
        };
        for part in parts {
            if part.length() > 0 {
                self.pieces.push((self.total, part));
                self.rows.push(part.first().or(self.rows.last().copied()).unwrap_or(0));
                self.total = self.total.saturating_add(part.length());
            }
        }
    }

    pub fn total(&self) -> u32 {
        self.total
    }

    pub fn at(&self, line: u32) -> Option<At> {
        let after = self.pieces.partition_point(|(start, _)| *start <= line);
        let (start, piece) = *self.pieces.get(after.checked_sub(1)?)?;
        let offset = line - start;
        if offset >= piece.length() {
            return None;
        }
        let of = |(first, count): (u32, u32)| (offset < count).then(|| first + offset);
        Some(match piece {
            Piece::Rows { first, .. } if self.side_by_side => At::Pair(Some(first + offset), Some(first + offset)),
            Piece::Rows { first, .. } => At::Row(first + offset),
            Piece::Sides { before, after } => At::Pair(of(before), of(after)),
            Piece::Fold { first, count } => At::Fold { first, count },
            Piece::Inset { .. } => At::Inset(offset),
        })
    }

    /// The line that shows a row, or the fold that it is in.
    pub fn of_row(&self, row: u32) -> Option<u32> {
        let after = self.rows.partition_point(|first| *first <= row);
        // Where an inset parts two sides, rows of the lower part lie between those of the upper one.
        let near = self.pieces.get(after.saturating_sub(3)..after).unwrap_or_default();
        near.iter().rev().find_map(|(start, piece)| Some(start + piece.until(row)? - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: [(RowKind, u32); 5] =
        [(RowKind::Same, 20), (RowKind::Removed, 1), (RowKind::Added, 2), (RowKind::Same, 30), (RowKind::Gap, 1)];

    fn drawn(lines: &Lines) -> Vec<String> {
        let number = |row: Option<u32>| row.map_or("-".to_owned(), |row| row.to_string());
        let one = |at| match at {
            At::Row(row) => row.to_string(),
            At::Pair(before, after) => format!("{}|{}", number(before), number(after)),
            At::Fold { first, count } => format!("{first}..{}", first + count),
            At::Inset(line) => format!("+{line}"),
        };
        (0..lines.total()).map(|line| one(lines.at(line).unwrap())).collect()
    }

    fn folded() -> Choices {
        Choices { folded: true, ..Choices::default() }
    }

    #[test]
    fn unified_and_unfolded_is_row_by_row() {
        let lines = Lines::new(&RUNS, &BTreeSet::new(), &Choices::default());
        assert_eq!((lines.total(), lines.at(53), lines.at(54)), (54, Some(At::Row(53)), None));
        assert_eq!((lines.of_row(22), lines.of_row(54)), (Some(22), None));
        assert_eq!(Lines::new(&[], &BTreeSet::new(), &folded()).total(), 0);
    }

    #[test]
    fn unchanged_rows_fold_but_not_near_a_change_nor_around_what_is_kept() {
        let lines = Lines::new(&RUNS, &BTreeSet::new(), &folded());
        let expected = ["0..17", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26..53", "53"];
        assert_eq!(drawn(&lines), expected);
        assert_eq!((lines.of_row(5), lines.of_row(40), lines.of_row(53)), (Some(0), Some(10), Some(11)));
        let kept = BTreeSet::from([10, 24, 40]);
        let lines = Lines::new(&RUNS, &kept, &folded());
        let drawn = drawn(&lines);
        assert_eq!((drawn[0].as_str(), drawn[1].as_str(), drawn.len()), ("0..7", "7", 1 + 13 + 3 + 3 + 1 + 7 + 1 + 1));
        assert_eq!(drawn[20..22], ["26..37", "37"]);
        assert_eq!(drawn[27..], ["43", "44..53", "53"]);
        // Three lines around two changes next to each other are all there is.
        let runs = [(RowKind::Added, 1), (RowKind::Same, 4), (RowKind::Added, 1)];
        assert_eq!(Lines::new(&runs, &BTreeSet::from([2]), &folded()).total(), 6);
    }

    #[test]
    fn an_opened_fold_shows_its_rows() {
        let choices = Choices { opened: BTreeSet::from([26]), ..folded() };
        let lines = Lines::new(&RUNS, &BTreeSet::new(), &choices);
        assert_eq!((lines.total(), lines.at(0)), (1 + 37, Some(At::Fold { first: 0, count: 17 })));
    }

    #[test]
    fn a_file_without_changes_does_not_fold() {
        assert_eq!(Lines::new(&[(RowKind::Same, 500)], &BTreeSet::new(), &folded()).total(), 500);
    }

    #[test]
    fn what_was_removed_stands_beside_what_came_for_it() {
        let runs = [
            (RowKind::Same, 1),
            (RowKind::Removed, 2),
            (RowKind::Added, 1),
            (RowKind::Same, 1),
            (RowKind::Added, 1),
            (RowKind::Removed, 1),
        ];
        let choices = Choices { side_by_side: true, ..Choices::default() };
        let lines = Lines::new(&runs, &BTreeSet::new(), &choices);
        assert_eq!(drawn(&lines), ["0|0", "1|3", "2|-", "4|4", "-|5", "6|-"]);
        assert_eq!((lines.of_row(2), lines.of_row(3), lines.of_row(6)), (Some(2), Some(1), Some(5)));
    }

    #[test]
    fn statements_stand_below_their_row() {
        let choices = Choices { inset: Some((21, 2)), ..folded() };
        let lines = Lines::new(&RUNS, &BTreeSet::new(), &choices);
        assert_eq!(drawn(&lines)[4..9], ["20", "21", "+0", "+1", "22"]);
        let choices = Choices { side_by_side: true, ..choices };
        let lines = Lines::new(&RUNS, &BTreeSet::new(), &choices);
        assert_eq!(drawn(&lines)[4..8], ["20|21", "+0", "+1", "-|22"]);
        // Each row is found where it is shown, also where an inset parts two sides.
        let runs = [(RowKind::Same, 2), (RowKind::Removed, 3), (RowKind::Added, 3), (RowKind::Same, 2)];
        let choices = Choices { side_by_side: true, inset: Some((5, 4)), ..Choices::default() };
        let lines = Lines::new(&runs, &BTreeSet::new(), &choices);
        for row in 0..10 {
            let line = lines.of_row(row).unwrap();
            assert!(lines.at(line).unwrap().rows().any(|shown| shown == row), "{row}");
        }
        assert_eq!(lines.of_row(10), None);
    }
}
