//! PostgreSQL's FORMAT YAML into a tree.
//!
//! The server writes a small part of YAML: maps and lists by indentation, one `Key: value` a line, strings in double
//! quotes with the escapes of JSON. A parser of the whole language would be larger than all importers together.

use serde_json::{Map, Value};

/// A plan's own depth takes three of these a level.
const DEEPEST: usize = 200;

pub(super) fn parse(text: &str) -> Option<Value> {
    let lines: Vec<Line<'_>> = text.split('\n').filter_map(Line::of).collect();
    let mut at = 0;
    let first = lines.first()?;
    Some(block(&lines, &mut at, first.column, 0))
}

#[derive(Clone, Copy)]
struct Line<'a> {
    column: usize,
    /// It starts an item of a list.
    dash: bool,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let text = line.trim();
        let column = line.len() - line.trim_start().len();
        match text.strip_prefix("- ") {
            _ if text.is_empty() => None,
            Some(rest) => Some(Self { column, dash: true, text: rest.trim_start() }),
            None => Some(Self { column, dash: false, text }),
        }
    }
}

/// What stands at `column` and right of it, from `at` on.
fn block(lines: &[Line<'_>], at: &mut usize, column: usize, depth: usize) -> Value {
    if lines.get(*at).is_some_and(|line| line.dash) {
        list(lines, at, column, depth)
    } else {
        map(lines, at, column, depth, None)
    }
}

fn list(lines: &[Line<'_>], at: &mut usize, column: usize, depth: usize) -> Value {
    let mut items = Vec::new();
    while let Some(line) = lines.get(*at).copied().filter(|line| line.dash && line.column >= column) {
        *at += 1;
        items.push(match key(line.text) {
            Some(_) if depth < DEEPEST => map(lines, at, line.column + 2, depth + 1, Some(line.text)),
            _ => scalar(line.text),
        });
    }
    Value::Array(items)
}

/// `first`: the pair that stands on the line of the list's dash.
fn map(lines: &[Line<'_>], at: &mut usize, column: usize, depth: usize, first: Option<&str>) -> Value {
    let mut fields = Map::new();
    let mut pending = first;
    loop {
        let text = match pending.take() {
            Some(text) => text,
            None => match lines.get(*at).filter(|line| !line.dash && line.column >= column) {
                Some(line) => {
                    *at += 1;
                    line.text
                }
                None => return Value::Object(fields),
            },
        };
        let Some((name, value)) = key(text) else { continue };
        let inner = lines.get(*at).filter(|line| line.column > column && value.is_empty() && depth < DEEPEST);
        let value = match inner.map(|line| line.column) {
            Some(inside) => block(lines, at, inside, depth + 1),
            None => scalar(value),
        };
        fields.insert(name.to_owned(), value);
    }
}

/// `Node Type: "Seq Scan"`
fn key(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('"') {
        return None;
    }
    text.split_once(": ")
        .or_else(|| text.strip_suffix(':').map(|name| (name, "")))
        .map(|(name, value)| (name, value.trim()))
}

fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_lists_by_indentation() {
        let text = "- Plan: \n    Node Type: \"Sort\"\n    Sort Key: \n      - \"a\"\n      - \"b: \\\"c\\\"\"\n    Plans: \n      - Node Type: \"Seq Scan\"\n        Rows: 1.5\n      - Node Type: \"Hash\"\n  Triggers: \n  Execution Time: 2.5";
        let expected = serde_json::json!([{"Plan": {"Node Type": "Sort", "Sort Key": ["a", "b: \"c\""], "Plans": [
            {"Node Type": "Seq Scan", "Rows": 1.5}, {"Node Type": "Hash"}]}, "Triggers": null, "Execution Time": 2.5}]);
        assert_eq!(parse(text), Some(expected));
        let deep: String = (0..100_000).map(|n| format!("{}a:\n", " ".repeat(n % 2_000))).collect();
        assert!(parse(&deep).is_some());
    }
}
