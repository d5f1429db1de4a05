//! RT1302: sorts and hashes that went to disk.

use super::{Explained, rows, size};
use crate::model::{Confidence, Severity};
use crate::rules::{Context, Draft, Meta};
use crate::trace::PlanNode;

/// From here on the finding is a warning. Kilobytes.
const LARGE_KB: u64 = 32 * 1024;

pub(super) fn spilling(explained: Explained<'_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for (node, _) in explained.plan.nodes().into_iter().filter(|(node, _)| node.spills()) {
        let kb = written_kb(node);
        let what = what(node);
        let by = match node.detail("Sort Key").or_else(|| node.detail("Group Key")) {
            Some(key) => format!(" by {key}"),
            None => String::new(),
        };
        let of = node.actual.map(|actual| actual.rows).filter(|_| node.kind != "Aggregate");
        let of = of.map(|count| format!(" of {} rows", rows(count))).unwrap_or_default();
        let disk = match (node.disk_kb, node.batches) {
            (Some(kb), _) if kb > 0 => format!("writes {} to disk", size(kb)),
            (_, Some(batches)) => format!("is split into {batches} batches, all but one of them on disk"),
            _ => "goes to disk".to_owned(),
        };
        cx.report(Draft {
            rule: meta,
            severity: if kb >= LARGE_KB { meta.severity.max(Severity::Warning) } else { meta.severity },
            hint: None,
            confidence: Confidence::Certain,
            site: None,
            message: format!("{what}{of}{by} {disk}: it has more to hold than work_mem allows."),
            cost: None,
            evidence: explained.evidence(),
            rewrite: None,
            advice: advice(node, kb),
            key: explained.key(node, &by),
        });
    }
}

fn what(node: &PlanNode) -> String {
    match node.kind.as_str() {
        "Sort" | "Incremental Sort" => "The sort".to_owned(),
        "Hash" => "The hash".to_owned(),
        "Aggregate" => "The grouping".to_owned(),
        other => format!("The step {other}"),
    }
}

/// What would have had to be held, roughly.
fn written_kb(node: &PlanNode) -> u64 {
    let batched = node.memory_kb.zip(node.batches).map(|(kb, batches)| kb.saturating_mul(batches));
    node.disk_kb.or(batched).unwrap_or(0)
}

fn advice(node: &PlanNode, kb: u64) -> String {
    // In memory, rows take about three times their room on disk.
    let enough = (kb.saturating_mul(3) / 1024).max(8).checked_next_power_of_two().unwrap_or(1024);
    let fewer = "Fetch fewer rows or narrower ones";
    let order = match node.kind.as_str() {
        "Sort" | "Incremental Sort" => ", or have an index give the order",
        _ => "",
    };
    if enough > 1024 {
        return format!("{fewer}{order}: what it holds is beyond any sensible work_mem.");
    }
    format!("{fewer}{order}; or give this statement more memory: SET LOCAL work_mem = '{enough}MB'.")
}
