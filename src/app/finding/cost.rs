//! What a finding costs, in round trips.

use std::collections::BTreeMap;

use crate::model::{Cost, Loop, Term};

/// Rows that a loop is taken to run over where nothing says how many.
pub const USUAL_ROWS: u64 = 50;

/// A formula's value when each loop turns `rows` times, as far as its bounds allow.
pub fn value(cost: &Cost, terms: &[Term], rows: u64) -> u64 {
    value_of(&cost.loops, terms, rows)
}

/// The same where the letters are of something else than a finding.
pub fn value_of(loops: &BTreeMap<String, Loop>, terms: &[Term], rows: u64) -> u64 {
    let turns = |letter: &String| match loops.get(letter).map(|known| (known.exactly, known.at_most)) {
        Some((Some(exactly), _)) => u64::from(exactly),
        Some((None, Some(most))) => rows.min(u64::from(most)),
        _ => rows,
    };
    let product = |term: &Term| term.loops.iter().map(turns).fold(u64::from(term.count), u64::saturating_mul);
    terms.iter().map(product).fold(0, u64::saturating_add)
}

/// The number of rows beyond which the cost no longer grows, up to `most`.
pub fn most_rows(cost: &Cost, most: u64) -> u64 {
    let turns = |known: &Loop| match (known.exactly, known.at_most) {
        (Some(_), _) => 1,
        (None, at_most) => at_most.map_or(most, |at_most| most.min(u64::from(at_most))),
    };
    cost.loops.values().map(turns).max().unwrap_or(most)
}

/// Whether the cost depends on how many rows there are.
pub fn grows(cost: &Cost) -> bool {
    value(cost, &cost.before_terms, 1) != value(cost, &cost.before_terms, USUAL_ROWS)
}

/// Points of a curve over 1 to `most` rows, in a box of `width` by `height` where y points down, for a polyline;
/// `highest` is the value at the box's upper edge.
pub fn curve(cost: &Cost, terms: &[Term], most: u64, highest: u64, (width, height): (f64, f64)) -> String {
    const STEPS: u64 = 32;
    let highest = highest.max(1) as f64;
    let point = |step: u64| {
        let rows = 1 + (most.saturating_sub(1)) * step / STEPS;
        let x = width * (rows - 1) as f64 / most.saturating_sub(1).max(1) as f64;
        let y = height * (1.0 - value(cost, terms, rows) as f64 / highest);
        format!("{x:.1},{y:.1}")
    };
    (0..=STEPS).map(point).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Over;

    fn bounded(exactly: Option<u32>, at_most: Option<u32>) -> Loop {
        Loop { over: Over::Slice, text: String::new(), model: None, path: String::new(), line: 1, exactly, at_most }
    }

    #[test]
    fn bounds_limit_what_a_loop_turns() {
        let before_terms = vec![
            Term { count: 1, loops: vec![] },
            Term { count: 2, loops: vec!["N".into(), "M".into()] },
            Term { count: 1, loops: vec!["K".into()] },
        ];
        let loops = [("N".to_owned(), bounded(None, Some(5))), ("K".to_owned(), bounded(Some(7), None))];
        let cost = Cost { before_terms, loops: BTreeMap::from(loops), ..Cost::default() };
        assert_eq!(value(&cost, &cost.before_terms, 50), 1 + 2 * 5 * 50 + 7);
        assert_eq!(value(&cost, &cost.before_terms, 2), 1 + 2 * 2 * 2 + 7);
        assert!(grows(&cost));
        assert_eq!(most_rows(&cost, 200), 5);
        assert_eq!(value(&cost, &cost.after_terms, 50), 0);
    }

    #[test]
    fn a_curve_goes_from_corner_to_corner() {
        let cost = Cost { before_terms: vec![Term { count: 1, loops: vec!["N".into()] }], ..Cost::default() };
        let points = curve(&cost, &cost.before_terms, 100, 100, (200.0, 50.0));
        assert!(points.starts_with("0.0,49.5 ") && points.ends_with(" 200.0,0.0"), "{points}");
        assert_eq!(curve(&cost, &[], 1, 0, (10.0, 10.0)).split(' ').next(), Some("0.0,10.0"));
    }
}
