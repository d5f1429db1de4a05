//! The statement that stands before its plan: a paste of a terminal, or `psql -e`.

use std::sync::Arc;

/// Longer ones are not kept.
const LONGEST: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct Echo {
    /// From `EXPLAIN` on.
    text: Option<String>,
    ended: bool,
}

impl Echo {
    /// A line outside of plans.
    pub fn line(&mut self, line: &str) {
        let line = unprompted(line.trim());
        if starts(line, "EXPLAIN") {
            self.text = Some(line.to_owned());
        } else if let Some(text) = self.text.as_mut().filter(|text| !self.ended && text.len() < LONGEST) {
            text.push('\n');
            text.push_str(line);
        } else {
            return;
        }
        self.ended = line.ends_with(';');
    }

    /// The statement that the next plan is of.
    pub fn take(&mut self) -> Option<Arc<str>> {
        let text = self.text.take()?;
        explained(text.trim()).map(Arc::from)
    }
}

/// Without psql's prompt: `forum=# `, `forum-> `.
fn unprompted(line: &str) -> &str {
    let Some((prompt, rest)) = line.split_once(' ') else { return line };
    let ends = ["=#", "=>", "-#", "->", "(#", "'#", "\"#"].iter().any(|end| prompt.ends_with(end));
    if ends && prompt.len() < 80 && prompt != "->" { rest.trim_start() } else { line }
}

fn starts(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && text
            .get(word.len()..)
            .is_none_or(|rest| !rest.starts_with(|char: char| char.is_alphanumeric() || char == '_'))
}

/// What `EXPLAIN (ANALYZE, …)` explains.
fn explained(text: &str) -> Option<&str> {
    let mut rest = text.get("EXPLAIN".len()..)?.trim_start();
    if let Some(options) = rest.strip_prefix('(') {
        rest = options.split_once(')')?.1.trim_start();
    }
    for word in ["ANALYZE", "ANALYSE", "VERBOSE"] {
        if starts(rest, word) {
            rest = rest.get(word.len()..)?.trim_start();
        }
    }
    let statement = rest.trim_end().trim_end_matches(';').trim_end();
    (!statement.is_empty()).then_some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echoed(lines: &[&str]) -> Option<String> {
        let mut echo = Echo::default();
        lines.iter().for_each(|line| echo.line(line));
        echo.take().map(|sql| sql.to_string())
    }

    #[test]
    fn the_statement_without_explain_and_prompt() {
        assert_eq!(echoed(&["SET jit = off;", "forum=# explain (analyze, buffers) select 1;"]).unwrap(), "select 1");
        assert_eq!(
            echoed(&["EXPLAIN ANALYZE VERBOSE SELECT a", "forum-# FROM b;", "SET x"]).unwrap(),
            "SELECT a\nFROM b"
        );
        assert_eq!(echoed(&["explained: 3", ""]), None);
    }
}
