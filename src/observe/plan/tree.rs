//! A plan from a tree of keys and values: FORMAT JSON, and what YAML and XML are read into.

use std::sync::Arc;

use serde_json::{Map, Value};
use smol_str::{SmolStr, ToSmolStr};

use super::DEEPEST;
use crate::observe::json::{micros, number};
use crate::trace::{Actual, Plan, PlanNode};

/// Plans deeper inside of other JSON are not looked for.
const DEEPEST_HOLDER: u8 = 8;

/// Every plan in a value: `[{"Plan": …}]`, one of auto_explain's, or rows of a client that hold such.
pub(super) fn plans(value: &Value) -> Vec<Plan> {
    let mut out = Vec::new();
    find(value, 0, &mut out);
    out
}

fn find(value: &Value, depth: u8, out: &mut Vec<Plan>) {
    if depth > DEEPEST_HOLDER {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| find(item, depth + 1, out)),
        Value::Object(fields) => match fields.get("Plan").and_then(Value::as_object) {
            Some(root) if root.contains_key("Node Type") => out.push(plan(fields, root)),
            _ => fields.values().for_each(|item| find(item, depth + 1, out)),
        },
        // A client's export has the plan as text in a cell.
        Value::String(text) if text.trim_start().starts_with(['[', '{']) && text.contains("\"Node Type\"") => {
            if let Ok(inner) = serde_json::from_str(text) {
                find(&inner, depth + 1, out);
            }
        }
        _ => {}
    }
}

fn plan(fields: &Map<String, Value>, root: &Map<String, Value>) -> Plan {
    let ms = |name: &str| fields.get(name).and_then(number).and_then(|ms| micros(ms, 1000.0));
    Plan {
        sql: fields.get("Query Text").and_then(Value::as_str).map(|sql| Arc::from(sql.trim())),
        root: node(root, 0),
        planning_us: ms("Planning Time"),
        execution_us: ms("Execution Time").or_else(|| ms("Total Runtime")),
        logged: false,
    }
}

/// Keys with a place of their own in [`PlanNode`], and those that say nothing to a reader.
const OWN: [&str; 29] = [
    "Node Type",
    "Schema",
    "Relation Name",
    "Alias",
    "Index Name",
    "Subplan Name",
    "Parent Relationship",
    "Startup Cost",
    "Total Cost",
    "Plan Rows",
    "Plan Width",
    "Actual Startup Time",
    "Actual Total Time",
    "Actual Rows",
    "Actual Loops",
    "Rows Removed by Filter",
    "Sort Space Used",
    "Sort Space Type",
    "Disk Usage",
    "Peak Memory Usage",
    "Hash Batches",
    "HashAgg Batches",
    "Hash Buckets",
    "Original Hash Batches",
    "Original Hash Buckets",
    "Plans",
    "Workers",
    "Storage",
    "Maximum Storage",
];

fn node(fields: &Map<String, Value>, depth: usize) -> PlanNode {
    let text = |name: &str| fields.get(name).map(written).filter(|text| !text.is_empty()).map(SmolStr::from);
    let count = |name: &str| fields.get(name).and_then(number);
    let kilobytes = |name: &str| count(name).map(|kb| kb as u64);
    let has = |name: &str, value: &str| fields.get(name).and_then(Value::as_str) == Some(value);
    let sorted = kilobytes("Sort Space Used");
    let stored = kilobytes("Maximum Storage");
    let actual = count("Actual Rows").or_else(|| count("Actual Loops")).map(|_| Actual {
        rows: count("Actual Rows").unwrap_or(0.0),
        loops: count("Actual Loops").map_or(1, |loops| loops as u64),
        total_us: count("Actual Total Time").map(|ms| ms * 1000.0),
    });
    let mut out = PlanNode {
        kind: text("Node Type").unwrap_or_default(),
        schema: text("Schema"),
        relation: text("Relation Name"),
        alias: text("Alias"),
        index: text("Index Name"),
        role: text("Subplan Name"),
        details: Vec::new(),
        cost: count("Total Cost"),
        estimated_rows: count("Plan Rows"),
        actual,
        removed: count("Rows Removed by Filter"),
        disk_kb: sorted
            .filter(|_| has("Sort Space Type", "Disk"))
            .or_else(|| stored.filter(|_| has("Storage", "Disk")))
            .or_else(|| kilobytes("Disk Usage"))
            .or_else(|| incremental(fields)),
        memory_kb: kilobytes("Peak Memory Usage").or_else(|| sorted.filter(|_| !has("Sort Space Type", "Disk"))),
        batches: kilobytes("Hash Batches").or_else(|| kilobytes("HashAgg Batches")),
        children: Vec::new(),
    };
    for (name, value) in fields {
        if OWN.contains(&name.as_str()) || name.ends_with(" Blocks") || name.ends_with("sort Groups") {
            continue;
        }
        // What is false or nothing is not worth a word.
        let shown = written(value);
        if !matches!(shown.as_str(), "" | "0" | "false") {
            out.details.push((name.to_smolstr(), shown));
        }
    }
    for worker in fields.get("Workers").and_then(Value::as_array).into_iter().flatten() {
        if worker.get("Sort Space Type").and_then(Value::as_str) == Some("Disk")
            && let Some(kb) = worker.get("Sort Space Used").and_then(number)
        {
            out.disk_kb = Some(out.disk_kb.unwrap_or(0) + kb as u64);
        }
    }
    for child in fields.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(child), true) = (child.as_object(), depth < DEEPEST) {
            out.children.push(node(child, depth + 1));
        }
    }
    out
}

/// What an incremental sort wrote: `"Full-sort Groups": {"Sort Space Disk": {"Peak Sort Space Used": …}}`. XML has
/// no blanks in names, so that a hyphen may stand for one.
fn incremental(fields: &Map<String, Value>) -> Option<u64> {
    let groups = ["Full-sort Groups", "Full sort Groups", "Pre-sorted Groups", "Pre sorted Groups"];
    let peaks = groups
        .iter()
        .filter_map(|name| fields.get(*name)?.get("Sort Space Disk")?.get("Peak Sort Space Used").and_then(number));
    peaks.map(|kb| kb as u64).reduce(|a, b| a + b)
}

/// A value as the text form would write it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Object(_) => String::new(),
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
