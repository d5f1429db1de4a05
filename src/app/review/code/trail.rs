//! From a finding's line to what it rests on: its loop, the calls between, where the queryset is built.

use std::collections::BTreeMap;

use crate::model::{Evidence, Finding, Prediction};
use crate::protocol::FileView;

/// Rows of one file that belong together, each with what happens there; the finding's own row says nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    points: BTreeMap<u32, String>,
}

impl Trail {
    /// `sent`: what the code asks the database, of which the statements of the finding's line tell how they came there.
    pub fn new<'a>(finding: &Finding, file: &FileView, sent: impl Iterator<Item = &'a Prediction>) -> Self {
        let mut trail = Self::default();
        let here = |path: &str| path == file.path;
        if let (Some(path), Some(line)) = (&finding.path, finding.line)
            && here(path)
        {
            trail.add(file, line, "");
            for prediction in sent.filter(|one| here(&one.path) && one.line == line) {
                for call in &prediction.via {
                    let (place, name) = call.split_once(' ').unwrap_or((call.as_str(), ""));
                    let place = place.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
                    if let Some((_, line)) = place.filter(|(path, _)| here(path)) {
                        trail.add(file, line, &format!("by way of {name}"));
                    }
                }
                if let Some(built) = prediction.built.as_ref().filter(|built| here(&built.path)) {
                    trail.add(file, built.line, "built here");
                }
            }
        }
        for evidence in &finding.evidence {
            if let Evidence::Code { path, line, message } = evidence
                && here(path)
            {
                trail.add(file, *line, message);
            }
        }
        for (letter, driver) in finding.cost.iter().flat_map(|cost| &cost.loops) {
            if here(&driver.path) {
                trail.add(file, driver.line, &format!("{letter} comes from here"));
            }
        }
        // One place alone is no way.
        if trail.points.len() < 2 { Self::default() } else { trail }
    }

    /// What was said of a row first stays.
    fn add(&mut self, file: &FileView, line: u32, label: &str) {
        if let Some(row) = file.row_of_line.get(&line) {
            self.points.entry(*row).or_insert_with(|| label.to_owned());
        }
    }

    pub fn label(&self, row: u32) -> Option<&str> {
        self.points.get(&row).map(String::as_str).filter(|label| !label.is_empty())
    }

    /// Classes of a row's margin.
    pub fn class(&self, row: u32) -> &'static str {
        let (Some((start, _)), Some((end, _))) = (self.points.first_key_value(), self.points.last_key_value()) else {
            return "trail";
        };
        match self.points.contains_key(&row) {
            _ if row < *start || row > *end => "trail",
            false => "trail through",
            true if row == *start => "trail point start",
            true if row == *end => "trail point end",
            true => "trail through point",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sample_finding;
    use crate::model::{Built, Confidence, Kind, Orm};

    fn file() -> FileView {
        FileView {
            path: "a.py".into(),
            row_of_line: (1..=40).map(|line| (line, line - 1)).collect(),
            ..FileView::default()
        }
    }

    fn finding() -> Finding {
        let evidence = |path: &str, line| Evidence::Code { path: path.into(), line, message: "rows are read".into() };
        let evidence = vec![evidence("a.py", 4), evidence("b.py", 9)];
        Finding { path: Some("a.py".into()), line: Some(12), evidence, ..sample_finding("") }
    }

    #[test]
    fn the_way_goes_from_the_first_place_to_the_last() {
        let prediction = Prediction {
            path: "a.py".into(),
            line: 12,
            column: 1,
            end_line: 12,
            orm: Orm::Django,
            model: None,
            kind: Kind::Select,
            sql: String::new(),
            fingerprint: String::new(),
            loops: Vec::new(),
            loop_: BTreeMap::new(),
            built: Some(Built { path: "a.py".into(), line: 4 }),
            via: vec!["a.py:8 row()".into(), "c.py:1 other()".into()],
            confidence: Confidence::Certain,
        };
        let trail = Trail::new(&finding(), &file(), [prediction].iter());
        let labels: Vec<_> = (0..40).filter_map(|row| Some((row, trail.label(row)?))).collect();
        assert_eq!(labels, [(3, "built here"), (7, "by way of row()")]);
        let classes = [2, 3, 5, 7, 11, 12].map(|row| trail.class(row));
        let expected =
            ["trail", "trail point start", "trail through", "trail through point", "trail point end", "trail"];
        assert_eq!(classes, expected);
    }

    #[test]
    fn one_place_is_no_way() {
        let alone = Finding { evidence: Vec::new(), ..finding() };
        let trail = Trail::new(&alone, &file(), [].iter());
        assert_eq!((trail.class(11), trail.label(11)), ("trail", None));
    }
}
