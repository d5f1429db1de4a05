//! Which rows of a long file are on the screen, and where. Lengths in CSS pixels.

use std::ops::Range;

/// Height of a row: `--row` of the stylesheet.
pub const ROW: f64 = 20.0;

/// Browsers stop at about 17 million pixels; beyond this many rows the scroll bar stands for more than its length.
const TALLEST: f64 = 10_000_000.0;

/// Rows that are ready above and below the screen, so that a turn of the wheel shows no blank.
const MARGIN: u32 = 12;

/// A view of `rows` rows through `height` pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    pub rows: u32,
    pub height: f64,
}

impl Window {
    fn natural(&self) -> f64 {
        f64::from(self.rows) * ROW
    }

    /// Height of what is scrolled.
    pub fn total(&self) -> f64 {
        self.natural().min(TALLEST)
    }

    /// Distance of the first row's top from the screen's, were it all there.
    fn offset(&self, scrolled: f64) -> f64 {
        let (real, natural) = (self.total() - self.height, self.natural() - self.height);
        let scrolled = scrolled.clamp(0.0, real.max(0.0));
        if real <= 0.0 || natural <= real { scrolled } else { scrolled / real * natural }
    }

    /// Rows that are to be there when it is scrolled by `scrolled`.
    pub fn range(&self, scrolled: f64) -> Range<u32> {
        let offset = self.offset(scrolled);
        let first = (offset / ROW).floor() as u32;
        let last = ((offset + self.height) / ROW).ceil() as u32;
        first.saturating_sub(MARGIN).min(self.rows)..(last + MARGIN).min(self.rows)
    }

    /// Where a row's top lies in what is scrolled.
    pub fn top(&self, row: u32, scrolled: f64) -> f64 {
        f64::from(row) * ROW - self.offset(scrolled) + scrolled.clamp(0.0, (self.total() - self.height).max(0.0))
    }

    /// How far to scroll so that `row` stands in the upper third.
    pub fn scroll_to(&self, row: u32) -> f64 {
        let (real, natural) = ((self.total() - self.height).max(0.0), (self.natural() - self.height).max(0.0));
        let wanted = (f64::from(row) * ROW - self.height / 3.0).clamp(0.0, natural);
        if natural <= real { wanted } else { wanted / natural * real }
    }

    /// Whether a row is on the screen, and the next ones below it, if there are any.
    pub fn shows(&self, row: u32, scrolled: f64) -> bool {
        let top = f64::from(row) * ROW - self.offset(scrolled);
        let with_next = f64::from(self.rows.saturating_sub(row).clamp(1, 3)) * ROW;
        top >= 0.0 && top + with_next <= self.height
    }
}

/// Rows are asked for in chunks of this many.
pub const CHUNK: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Window = Window { rows: 1_000, height: 600.0 };

    #[test]
    fn a_screenful_and_a_margin_are_there() {
        assert_eq!(SHORT.total(), 20_000.0);
        assert_eq!(SHORT.range(0.0), 0..42);
        assert_eq!(SHORT.range(1_000.0), 38..92);
        assert_eq!(SHORT.range(1e9), 958..1_000);
        assert_eq!(SHORT.top(50, 1_000.0), 1_000.0);
        assert_eq!(Window { rows: 0, height: 600.0 }.range(0.0), 0..0);
        assert_eq!(Window { rows: 3, height: 0.0 }.range(0.0), 0..3);
    }

    #[test]
    fn a_row_is_brought_into_the_upper_third() {
        assert_eq!(SHORT.scroll_to(0), 0.0);
        assert_eq!(SHORT.scroll_to(500), 9_800.0);
        assert_eq!(SHORT.scroll_to(999), 19_400.0);
        assert!(SHORT.shows(500, 9_800.0) && !SHORT.shows(489, 9_800.0) && SHORT.shows(490, 9_800.0));
    }

    #[test]
    fn more_rows_than_a_browser_scrolls_can_all_be_reached() {
        let long = Window { rows: 3_000_000, height: 600.0 };
        assert_eq!(long.total(), TALLEST);
        let end = TALLEST - 600.0;
        assert_eq!(long.range(end).end, 3_000_000);
        for row in [0, 1, 1_499_999, 2_999_999] {
            let scrolled = long.scroll_to(row);
            assert!(long.shows(row, scrolled), "{row}");
            let on_screen = long.top(row, scrolled) - scrolled;
            assert!((0.0..=580.1).contains(&on_screen), "{row}: {on_screen}");
        }
    }
}
