//! One line of a text plan that names a step: `Index Scan using a on b c  (cost=…) (actual …)`.

use smol_str::SmolStr;

use crate::trace::{Actual, PlanNode};

/// The step that a line names, without its arrow; `None` where the line is none. `costless`: it may come without its
/// numbers, as with `COSTS OFF`.
pub(super) fn node(line: &str, costless: bool) -> Option<PlanNode> {
    let (name, numbers) = split(line);
    let mut node = named(name)?;
    match numbers {
        Some(numbers) => counted(&mut node, numbers),
        None if !costless => return None,
        None => {}
    }
    Some(node)
}

/// The numbers stand behind two blanks and start with `(cost=`, `(actual ` or `(never executed)`.
fn split(line: &str) -> (&str, Option<&str>) {
    let marks = ["  (cost=", "  (actual ", "  (never executed)", " (never executed)"];
    let found = marks.iter().filter_map(|mark| line.find(mark)).min();
    let at = found.and_then(|at| Some((line.get(..at)?, line.get(at..)?)));
    at.map_or((line.trim_end(), None), |(name, numbers)| (name.trim_end(), Some(numbers)))
}

fn counted(node: &mut PlanNode, numbers: &str) {
    for group in numbers.split('(').skip(1) {
        let group = group.split(')').next().unwrap_or(group);
        if let Some(rest) = group.strip_prefix("cost=") {
            let mut parts = rest.split(' ');
            node.cost = parts.next().and_then(last_of_range);
            for part in parts {
                if let Some(rows) = part.strip_prefix("rows=") {
                    node.estimated_rows = rows.parse().ok();
                }
            }
        } else if let Some(rest) = group.strip_prefix("actual ") {
            let mut actual = Actual { rows: 0.0, loops: 1, total_us: None };
            for part in rest.split(' ') {
                match part.split_once('=') {
                    Some(("time", range)) => actual.total_us = last_of_range(range).map(|ms| ms * 1000.0),
                    Some(("rows", rows)) => actual.rows = rows.parse().unwrap_or(0.0),
                    Some(("loops", loops)) => actual.loops = loops.parse().unwrap_or(1),
                    _ => {}
                }
            }
            node.actual = Some(actual);
        } else if group == "never executed" {
            node.actual = Some(Actual { rows: 0.0, loops: 0, total_us: None });
        }
    }
}

/// `0.29..8.31` → 8.31
fn last_of_range(range: &str) -> Option<f64> {
    range.rsplit("..").next()?.parse().ok()
}

/// `Index Scan using topic_pkey on public.topic t`
fn named(text: &str) -> Option<PlanNode> {
    if !text.starts_with(|char: char| char.is_ascii_uppercase()) || text.ends_with(':') {
        return None;
    }
    let (head, on) = match text.split_once(" on ") {
        Some((head, on)) => (head, Some(on)),
        None => (text, None),
    };
    let (head, using) = match head.split_once(" using ") {
        Some((head, index)) => (head, Some(index)),
        None => (head, None),
    };
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, ' ' | '(' | ')' | '-' | '_');
    if !head.chars().all(plain) || head.len() > 80 {
        return None;
    }
    let mut node = PlanNode { index: using.map(|index| identifier(index).0), ..PlanNode::default() };
    typed(&mut node, head);
    if let Some(on) = on {
        let (name, rest) = identifier(on);
        if node.kind == "Bitmap Index Scan" {
            node.index = Some(name);
        } else if matches!(node.kind.as_str(), "Subquery Scan" | "Function Scan" | "Values Scan" | "CTE Scan") {
            let alias = identifier(rest.trim_start()).0;
            node.alias = Some(if alias.is_empty() { name.clone() } else { alias });
            if node.kind == "CTE Scan" {
                node.details.push(("CTE Name".into(), name.to_string()));
            }
        } else {
            let (schema, name, rest) = match rest.strip_prefix('.') {
                Some(rest) => {
                    let (table, rest) = identifier(rest);
                    (Some(name), table, rest)
                }
                None => (None, name, rest),
            };
            let alias = identifier(rest.trim_start()).0;
            node.schema = schema;
            node.alias = Some(if alias.is_empty() { name.clone() } else { alias });
            node.relation = Some(name);
        }
    }
    Some(node)
}

/// A name with or without quotes at the start of a text, and what follows it.
fn identifier(text: &str) -> (SmolStr, &str) {
    if let Some(rest) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut rest = rest;
        while let Some((part, after)) = rest.split_once('"') {
            name.push_str(part);
            match after.strip_prefix('"') {
                Some(more) => {
                    name.push('"');
                    rest = more;
                }
                None => return (name.into(), after),
            }
        }
        return (name.into(), "");
    }
    let end = text.find([' ', '.']).unwrap_or(text.len());
    (text.get(..end).unwrap_or(text).into(), text.get(end..).unwrap_or(""))
}

/// What the text writes in one word that JSON calls by a type and its details.
fn typed(node: &mut PlanNode, head: &str) {
    let mut head = head;
    let mut detail = |name: &'static str, value: &str| node.details.push((name.into(), value.to_owned()));
    for (prefix, name, value) in [
        ("Parallel ", "Parallel Aware", "true"),
        ("Async ", "Async Capable", "true"),
        ("Partial ", "Partial Mode", "Partial"),
        ("Finalize ", "Partial Mode", "Finalize"),
    ] {
        if let Some(rest) = head.strip_prefix(prefix) {
            head = rest;
            detail(name, value);
        }
    }
    if let Some(rest) = head.strip_suffix(" Backward") {
        head = rest;
        detail("Scan Direction", "Backward");
    }
    let join = ["Hash", "Merge", "Nested Loop"].into_iter().find_map(|method| {
        let kind = head.strip_prefix(method)?.strip_suffix(" Join")?;
        Some((method, kind.trim_start()))
    });
    let (kind, more) = match (head, join) {
        (_, Some(("Nested Loop", kind))) => ("Nested Loop", Some(("Join Type", kind))),
        (_, Some((method, kind))) => {
            let name = if method == "Hash" { "Hash Join" } else { "Merge Join" };
            (name, Some(("Join Type", if kind.is_empty() { "Inner" } else { kind })))
        }
        ("HashAggregate", _) => ("Aggregate", Some(("Strategy", "Hashed"))),
        ("GroupAggregate", _) => ("Aggregate", Some(("Strategy", "Sorted"))),
        ("MixedAggregate", _) => ("Aggregate", Some(("Strategy", "Mixed"))),
        ("Insert" | "Update" | "Delete" | "Merge", _) => ("ModifyTable", Some(("Operation", head))),
        _ if head.starts_with("HashSetOp") || head.starts_with("SetOp") => ("SetOp", None),
        _ => (head, None),
    };
    if let Some((name, value)) = more {
        detail(name, value);
    }
    node.kind = kind.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_apart() {
        let line = r#"Parallel Index Only Scan Backward using "a b" on s."T on x" "al""ias"  (cost=0.29..8.31 rows=7 width=4) (actual time=0.1..0.5 rows=2.50 loops=3)"#;
        let found = node(line, false).unwrap();
        assert_eq!((found.kind.as_str(), found.index.as_deref()), ("Index Only Scan", Some("a b")));
        assert_eq!((found.schema.as_deref(), found.alias.as_deref()), (Some("s"), Some("al\"ias")));
        assert_eq!((found.cost, found.estimated_rows), (Some(8.31), Some(7.0)));
        assert_eq!(found.actual, Some(Actual { rows: 2.5, loops: 3, total_us: Some(500.0) }));
        let never = node("Result  (cost=0.00..0.00 rows=0 width=12) (never executed)", false).unwrap();
        assert_eq!(never.actual.unwrap().loops, 0);
        let join = node("Hash Right Anti Join  (cost=1.00..2.00 rows=1 width=1)", false).unwrap();
        assert_eq!((join.kind.as_str(), join.detail("Join Type")), ("Hash Join", Some("Right Anti")));
        assert_eq!(node("Seq Scan on a", false), None);
        assert_eq!(node("Seq Scan on a b", true).unwrap().alias.as_deref(), Some("b"));
        assert_eq!(node("Filter: (a  (cost=1))", false), None);
    }
}
