//! A plan as text, line by line: arrows and indentation make the tree.

use smol_str::{SmolStr, ToSmolStr};

use super::DEEPEST;
use super::node_line::node;
use crate::observe::json::micros;
use crate::trace::{Plan, PlanNode};

/// A plan whose lines come in.
pub(super) struct TextPlan {
    /// From the root to the step that the last line is of, each with the column of its arrow.
    open: Vec<(usize, PlanNode)>,
    /// Column of the root.
    margin: usize,
    /// `InitPlan 1`: the step that comes next is that.
    role: Option<SmolStr>,
    /// Below the tree: `Planning:` and what is indented under it.
    summary: bool,
    planning_us: Option<u64>,
    execution_us: Option<u64>,
}

/// Words at the margin that belong to the plan above them.
const SUMMARY: [&str; 12] = [
    "Planning",
    "Execution Time:",
    "Execution time:",
    "Total runtime:",
    "Trigger ",
    "JIT:",
    "Settings:",
    "Query Identifier:",
    "Serialization:",
    "Memory:",
    "Query Parameters:",
    "Buffers:",
];

impl TextPlan {
    /// A plan that starts with this line. `framed`: it stands under a heading that says so, so that a step without
    /// numbers is one too.
    pub fn start(line: &str, framed: bool) -> Option<Self> {
        let text = line.trim_start();
        let margin = line.len() - text.len();
        let root = node(text, framed && is_step(text))?;
        Some(Self {
            open: vec![(margin, root)],
            margin,
            role: None,
            summary: false,
            planning_us: None,
            execution_us: None,
        })
    }

    /// Takes a line in; false where it is not of this plan.
    pub fn line(&mut self, line: &str) -> bool {
        let text = line.trim();
        let column = line.len() - line.trim_start().len();
        if text.is_empty() {
            return false;
        }
        if column <= self.margin && !text.starts_with("->") {
            self.summary = SUMMARY.iter().any(|start| text.starts_with(start));
            if let Some((name, value)) = text.split_once(": ") {
                let took =
                    value.strip_suffix(" ms").and_then(|ms| ms.trim().parse().ok()).and_then(|ms| micros(ms, 1e3));
                match name {
                    "Planning Time" | "Planning time" => self.planning_us = took,
                    "Execution Time" | "Execution time" | "Total runtime" => self.execution_us = took,
                    _ => {}
                }
            }
            return self.summary;
        }
        if self.summary {
            return true;
        }
        if let Some(step) = text.strip_prefix("->") {
            // Amid a tree, a step without numbers is one where the root has none.
            let costless = self.open.first().is_none_or(|(_, root)| root.cost.is_none());
            if let Some(mut child) = node(step.trim_start(), costless) {
                child.role = self.role.take();
                while self.open.len() > 1 && self.open.last().is_some_and(|(at, _)| *at >= column) {
                    self.close();
                }
                // What lies deeper is kept beside what is deepest.
                while self.open.len() >= DEEPEST {
                    self.close();
                }
                self.open.push((column, child));
            }
            return true;
        }
        if ["InitPlan ", "SubPlan ", "CTE "].iter().any(|start| text.starts_with(start)) && !text.contains(": ") {
            self.role = Some(text.split(" (").next().unwrap_or(text).to_smolstr());
            // The step that it belongs to is the innermost that starts left of it.
            while self.open.len() > 1 && self.open.last().is_some_and(|(at, _)| *at >= column) {
                self.close();
            }
            return true;
        }
        if let Some((_, step)) = self.open.last_mut() {
            property(step, text);
        }
        true
    }

    fn close(&mut self) {
        let Some((_, step)) = self.open.pop() else { return };
        if let Some((_, parent)) = self.open.last_mut() {
            parent.children.push(step);
        }
    }

    pub fn finish(mut self) -> Option<Plan> {
        while self.open.len() > 1 {
            self.close();
        }
        let (_, root) = self.open.pop()?;
        let (planning_us, execution_us) = (self.planning_us, self.execution_us);
        Some(Plan { sql: None, root, planning_us, execution_us, logged: false })
    }
}

/// Words that steps end with, for a plan without numbers.
fn is_step(text: &str) -> bool {
    const WORDS: [&str; 20] = [
        "Scan",
        "Join",
        "Loop",
        "Sort",
        "Aggregate",
        "HashAggregate",
        "GroupAggregate",
        "Limit",
        "Hash",
        "Result",
        "Append",
        "Materialize",
        "Memoize",
        "Unique",
        "Gather",
        "Merge",
        "Update",
        "Insert",
        "Delete",
        "WindowAgg",
    ];
    let head = text.split(" on ").next().unwrap_or(text).split(" using ").next().unwrap_or(text);
    head.split(' ').any(|word| WORDS.contains(&word))
}

/// `Filter: …`, and the numbers among such lines.
fn property(step: &mut PlanNode, text: &str) {
    // `Worker 0:  Sort Method: …`
    let text = match text.strip_prefix("Worker ").and_then(|rest| rest.split_once(":  ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    let Some((name, value)) = text.split_once(": ") else { return };
    match name {
        "Rows Removed by Filter" => step.removed = value.parse().ok(),
        "Buckets" | "Batches" | "Planned Partitions" | "Sort Method" | "Storage" | "Full-sort Groups"
        | "Pre-sorted Groups" => sizes(step, text),
        "Buffers" | "I/O Timings" | "WAL" => {}
        _ => step.details.push((name.into(), value.to_owned())),
    }
}

/// `Buckets: 4096 (originally 1024)  Batches: 32 (originally 1)  Memory Usage: 77kB`: fields apart by two blanks.
fn sizes(step: &mut PlanNode, text: &str) {
    let mut on_disk = false;
    for field in text.split("  ") {
        let Some((name, value)) = field.trim().rsplit_once(": ") else { continue };
        let number = |value: &str| value.split([' ', 'k']).next().and_then(|digits| digits.parse::<u64>().ok());
        match name {
            "Batches" => step.batches = number(value),
            "Sort Method" if step.detail("Sort Method").is_none() => {
                step.details.push(("Sort Method".into(), value.to_owned()));
            }
            "Storage" => on_disk = value == "Disk",
            "Maximum Storage" if on_disk => step.disk_kb = number(value),
            "Disk" | "Disk Usage" | "Peak Disk" => {
                step.disk_kb = Some(step.disk_kb.unwrap_or(0) + number(value).unwrap_or(0))
            }
            "Memory" | "Memory Usage" | "Peak Memory" | "Maximum Storage" => step.memory_kb = number(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let mut lines = text.split('\n');
        let mut plan = TextPlan::start(lines.next().unwrap(), true).unwrap();
        for line in lines {
            assert!(plan.line(line), "{line}");
        }
        plan.finish().unwrap()
    }

    /// The forms that PostgreSQL 18 brought: fractions of rows, searches, `Disabled`, storage of Materialize.
    #[test]
    fn the_text_of_version_18() {
        let plan = plan(
            "Nested Loop  (cost=0.29..8.31 rows=1 width=4) (actual time=0.010..0.020 rows=20.00 loops=1)
  Disabled: true
  Buffers: shared hit=3
  ->  Seq Scan on a  (cost=0.00..8.31 rows=1 width=4) (actual time=0.010..0.020 rows=0.50 loops=2)
        Filter: (x = 1)
        Rows Removed by Filter: 5
  ->  Materialize  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1.00 loops=20)
        Storage: Disk  Maximum Storage: 3001kB
        ->  Index Scan using b_pkey on b  (cost=0.00..1.00 rows=1 width=4) (actual time=0.0..0.1 rows=1.00 loops=1)
              Index Cond: (id = 1)
              Index Searches: 1
Planning:
  Buffers: shared hit=3
Planning Time: 0.100 ms
Execution Time: 1.250 ms",
        );
        let [scan, store] = &plan.root.children[..] else { panic!("{plan:?}") };
        assert_eq!((plan.root.actual.unwrap().rows, scan.actual.unwrap().rows, scan.removed), (20.0, 0.5, Some(5.0)));
        assert_eq!((store.disk_kb, store.children[0].detail("Index Searches")), (Some(3001), Some("1")));
        assert_eq!(plan.execution_us, Some(1250));
    }

    #[test]
    fn workers_and_growing_hashes() {
        let plan = plan(
            "Gather Merge  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..2.0 rows=9 loops=1)
  Workers Planned: 2
  ->  Sort  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..2.0 rows=3 loops=3)
        Sort Key: a
        Sort Method: external merge  Disk: 100kB
        Worker 0:  Sort Method: external merge  Disk: 90kB
        Worker 1:  Sort Method: quicksort  Memory: 25kB
        ->  Parallel Hash Left Join  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..2.0 rows=3 loops=3)
              ->  Parallel Seq Scan on a  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..2.0 rows=3 loops=3)
              ->  Parallel Hash  (cost=1.00..2.00 rows=1 width=4) (actual time=1.0..2.0 rows=3 loops=3)
                    Buckets: 65536 (originally 1024)  Batches: 8 (originally 1)  Memory Usage: 3000kB",
        );
        let sort = &plan.root.children[0];
        assert_eq!((sort.disk_kb, sort.detail("Sort Method")), (Some(190), Some("external merge")));
        let hash = &sort.children[0].children[1];
        assert_eq!((hash.kind.as_str(), hash.batches, hash.memory_kb), ("Hash", Some(8), Some(3000)));
    }

    #[test]
    fn depth_is_bounded_and_nothing_is_lost() {
        let mut text = TextPlan::start("Limit  (cost=0.00..1.00 rows=1 width=1)", false).unwrap();
        for depth in 0..5_000 {
            assert!(text.line(&format!("{}->  Limit  (cost=0.00..1.00 rows=1 width=1)", " ".repeat(2 + depth * 6))));
        }
        assert_eq!(text.finish().unwrap().nodes().len(), 5_001);
    }
}
