//! Where the statements of a log meet those that the code is predicted to send.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::paths::Paths;
use crate::model::{Function, Measured, Prediction, Seen, SeenPlace, SeenShape};

/// How a statement met its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// A stack names the line, and the line sends this shape.
    Stack,
    /// A stack names the line, which sends a statement of this kind on this table: some of its conditions are not
    /// known from the code.
    Alike,
    /// Without a stack: one line only sends this shape, of all that can have run.
    Shape,
    /// Without a stack: several lines send this shape.
    Shapes,
}

/// Statements of one shape, from one place or from all of them, and the predictions that they meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting<'c> {
    pub how: How,
    /// Index among the log's shapes.
    pub shape: usize,
    /// Index among the shape's places; none without stacks.
    pub place: Option<usize>,
    /// Indexes among the predictions.
    pub predictions: Vec<usize>,
    /// The lines of the code on the place's stack, deepest first.
    pub stack: Vec<(&'c str, u32)>,
    pub measured: Measured,
}

/// The meetings, and what met nothing.
#[derive(Debug, Default)]
pub struct Meetings<'c> {
    pub all: Vec<Meeting<'c>>,
    /// Executions whose stack names a line of the input that is not predicted to send anything like it.
    pub on_other_lines: u64,
    pub executions: u64,
    /// The log has stacks that lead through the code.
    pub by_stack: bool,
}

pub struct Code<'c> {
    predictions: &'c [Prediction],
    paths: Paths<'c>,
    /// By file: what is sent in it, or through a call in it, with the first and the last line.
    in_file: HashMap<&'c str, Vec<(u32, u32, usize)>>,
    of_shape: HashMap<&'c str, Vec<usize>>,
    /// By file: the lines of its functions, in order.
    functions: HashMap<&'c str, Vec<u32>>,
    /// For each prediction, the calls that lead to it.
    ways: Vec<Vec<(&'c str, u32)>>,
}

/// A function from which statements are sent: its file and its line, 0 outside of functions.
type Root<'c> = (&'c str, u32);

impl<'c> Code<'c> {
    pub fn new(
        files: impl IntoIterator<Item = &'c str>,
        predictions: &'c [Prediction],
        functions: &'c [Function],
    ) -> Self {
        let mut in_file: HashMap<&str, Vec<(u32, u32, usize)>> = HashMap::new();
        let mut of_shape: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut ways = Vec::with_capacity(predictions.len());
        for (at, prediction) in predictions.iter().enumerate() {
            of_shape.entry(&prediction.fingerprint).or_default().push(at);
            in_file.entry(&prediction.path).or_default().push((prediction.line, prediction.end_line, at));
            let way: Vec<(&str, u32)> = prediction.via.iter().filter_map(|step| call(step)).collect();
            for (path, line) in &way {
                in_file.entry(path).or_default().push((*line, *line, at));
            }
            ways.push(way);
        }
        let mut lines: HashMap<&str, Vec<u32>> = HashMap::new();
        for function in functions {
            lines.entry(&function.path).or_default().push(function.line);
        }
        lines.values_mut().for_each(|lines| lines.sort_unstable());
        Self { predictions, paths: Paths::new(files), in_file, of_shape, functions: lines, ways }
    }

    pub fn meet(&self, seen: &Seen) -> Meetings<'c> {
        let mut out = Meetings::default();
        let stacks = seen.shapes.iter().flat_map(|shape| &shape.places);
        // A log of a program whose files are called otherwise: its stacks say nothing.
        let speak = stacks.flat_map(|place| &place.lines).any(|line| self.paths.find(&line.path).is_some());
        out.by_stack = speak;
        let idle = self.idle(seen);
        for (at, shape) in seen.shapes.iter().enumerate() {
            out.executions += shape.all.executions;
            if speak && !shape.places.is_empty() {
                for (number, place) in shape.places.iter().enumerate() {
                    let stack = self.stack(place);
                    match self.of_stack(shape, &stack) {
                        Ok((how, predictions)) => out.all.push(Meeting {
                            how,
                            shape: at,
                            place: Some(number),
                            predictions,
                            stack,
                            measured: place.measured,
                        }),
                        Err(Elsewhere { known: true }) => out.on_other_lines += place.measured.executions,
                        Err(_) => {}
                    }
                }
            } else if let Some(all) = self.of_shape.get(shape.fingerprint.as_str()) {
                let ran = all.iter().copied().filter(|at| !self.root(*at).is_some_and(|root| idle.contains(&root)));
                let ran: Vec<usize> = ran.collect();
                let predictions = if ran.is_empty() { all.clone() } else { ran };
                let how = if self.places(&predictions).len() == 1 { How::Shape } else { How::Shapes };
                let (stack, measured) = (Vec::new(), shape.all);
                out.all.push(Meeting { how, shape: at, place: None, predictions, stack, measured });
            }
        }
        out
    }

    /// The function in which the way to a prediction starts.
    fn root(&self, at: usize) -> Option<Root<'c>> {
        let prediction = self.predictions.get(at)?;
        let own = (prediction.path.as_str(), prediction.line);
        let (path, line) = prediction.via.first().and_then(|step| call(step)).unwrap_or(own);
        let lines = self.functions.get(path).map_or(&[][..], Vec::as_slice);
        let before = lines.partition_point(|start| *start <= line);
        Some((path, before.checked_sub(1).and_then(|at| lines.get(at)).copied().unwrap_or(0)))
    }

    /// Functions that did not run: of what no other function sends, the log has nothing.
    fn idle(&self, seen: &Seen) -> HashSet<Root<'c>> {
        let was_seen: HashSet<&str> = seen.shapes.iter().map(|shape| shape.fingerprint.as_str()).collect();
        let (mut idle, mut busy) = (HashSet::new(), HashSet::new());
        for (shape, predictions) in &self.of_shape {
            let roots: HashSet<Root<'c>> = predictions.iter().filter_map(|at| self.root(*at)).collect();
            if let (Some(root), 1) = (roots.iter().next(), roots.len()) {
                if was_seen.contains(shape) {
                    busy.insert(*root)
                } else {
                    idle.insert(*root)
                };
            }
        }
        idle.difference(&busy).copied().collect()
    }

    /// The file that a path of the running program means.
    pub fn file(&self, path: &str) -> Option<&'c str> {
        self.paths.find(path)
    }

    /// The places where they are sent.
    pub fn places(&self, predictions: &[usize]) -> BTreeSet<(&'c str, u32)> {
        let of = predictions.iter().filter_map(|at| self.predictions.get(*at));
        of.map(|prediction| (prediction.path.as_str(), prediction.line)).collect()
    }

    /// The lines of the code that a stack leads through, deepest first.
    fn stack(&self, place: &SeenPlace) -> Vec<(&'c str, u32)> {
        place.lines.iter().filter_map(|line| Some((self.paths.find(&line.path)?, line.line))).collect()
    }

    fn of_stack(&self, shape: &SeenShape, stack: &[(&'c str, u32)]) -> Result<(How, Vec<usize>), Elsewhere> {
        let mut alike: Option<Vec<usize>> = None;
        for (file, line) in stack {
            let all = self.in_file.get(file).into_iter().flatten();
            let here: Vec<usize> =
                all.filter(|(first, last, _)| (*first..=*last).contains(line)).map(|(_, _, at)| *at).collect();
            let fit = |wanted: &dyn Fn(&Prediction) -> bool| -> Option<Vec<usize>> {
                let fit = here.iter().copied().filter(|at| self.predictions.get(*at).is_some_and(wanted));
                Some(fit.collect::<Vec<usize>>()).filter(|found| !found.is_empty())
            };
            if let Some(exact) = fit(&|prediction| prediction.fingerprint == shape.fingerprint) {
                return Ok((How::Stack, self.on_the_way(exact, stack)));
            }
            alike = alike.or_else(|| fit(&|p| p.kind == shape.kind && has_word(&p.sql, &shape.table)));
        }
        let known = !stack.is_empty();
        alike.map(|alike| (How::Alike, self.on_the_way(alike, stack))).ok_or(Elsewhere { known })
    }

    /// The calls that lead to a prediction, outermost first.
    pub fn way(&self, prediction: usize) -> &[(&'c str, u32)] {
        self.ways.get(prediction).map_or(&[], Vec::as_slice)
    }

    /// Of the predictions at one line, those that the stack's callers lead to. A line of a helper is predicted for each
    /// caller: what one of them sends says nothing of the others. Calls that a framework makes stand in no stack, so
    /// not every step of a way is there.
    fn on_the_way(&self, found: Vec<usize>, stack: &[(&'c str, u32)]) -> Vec<usize> {
        let stack: HashSet<&(&str, u32)> = stack.iter().collect();
        let steps = |at: usize| {
            let own = self.predictions.get(at).map(|p| (p.path.as_str(), p.line..=p.end_line.max(p.line)));
            let sent_here = own.is_some_and(|(path, mut lines)| lines.any(|line| stack.contains(&(path, line))));
            usize::from(sent_here) + self.way(at).iter().filter(|step| stack.contains(step)).count()
        };
        let most = found.iter().map(|at| steps(*at)).max().unwrap_or_default();
        found.into_iter().filter(|at| steps(*at) == most).collect()
    }
}

/// A stack that leads to no prediction; `known`: though it leads through the input.
struct Elsewhere {
    known: bool,
}

/// `app/views.py:30 row()`
fn call(step: &str) -> Option<(&str, u32)> {
    let mut ends = step.match_indices(' ').map(|(at, _)| step.get(..at).unwrap_or_default());
    ends.find_map(|place| {
        let (path, line) = place.rsplit_once(':')?;
        Some((path, line.parse().ok()?))
    })
}

/// Whether a statement names a table.
pub fn has_word(sql: &str, table: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    !table.is_empty()
        && sql.match_indices(table).any(|(at, _)| {
            let before = sql.get(..at).and_then(|text| text.chars().next_back());
            let after = sql.get(at + table.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_a_call_path_names_its_line() {
        assert_eq!(call("app/views.py:30 row()"), Some(("app/views.py", 30)));
        assert_eq!(call("my app/views.py:7 list.html"), Some(("my app/views.py", 7)));
        assert_eq!(call("nothing"), None);
    }

    #[test]
    fn tables_are_whole_words() {
        assert!(has_word("SELECT forum_topic.id FROM forum_topic", "forum_topic"));
        assert!(!has_word("SELECT id FROM forum_topic_tags", "forum_topic"));
        assert!(!has_word("SELECT id", ""));
    }
}
