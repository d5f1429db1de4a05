//! RT1303: steps whose rows the planner guessed wrong by a wide margin.

use super::{Explained, filter, rows};
use crate::model::Confidence;
use crate::rules::{Context, Draft, Meta};
use crate::trace::PlanNode;

/// Rows below which a wrong guess leads to no other plan.
const FEW: f64 = 1_000.0;

pub(super) fn misestimated(explained: Explained<'_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let factor = f64::from(cx.config.thresholds.misestimate_factor.max(2));
    let nodes = explained.plan.nodes();
    let off = |node: &PlanNode, above: &[&PlanNode]| wrong(node, above, factor);
    for (node, above) in &nodes {
        let Some((estimated, actual)) = off(node, above) else { continue };
        // Of a chain, the deepest step is where the guess went wrong.
        let inherited = nodes.iter().any(|(other, around)| {
            around.iter().any(|parent| std::ptr::eq(*parent, *node)) && off(other, around).is_some()
        });
        if inherited {
            continue;
        }
        let more = if actual > estimated { "more" } else { "fewer" };
        let times = if actual > estimated { actual / estimated } else { estimated / actual };
        cx.report(Draft {
            rule: meta,
            severity: meta.severity,
            hint: None,
            confidence: Confidence::Certain,
            site: None,
            message: format!(
                "The planner expected {} rows of {} and {} came, {} times {more}: what it chose above rests on the wrong number.",
                rows(estimated),
                node.label(),
                rows(node.actual.map_or(0.0, |actual| actual.rows)),
                rows(times.round())
            ),
            cost: None,
            evidence: explained.evidence(),
            rewrite: None,
            advice: advice(node),
            key: explained.key(node, "rows"),
        });
    }
}

/// The guess and what came, both at least 1, where they are far apart.
fn wrong(node: &PlanNode, above: &[&PlanNode], factor: f64) -> Option<(f64, f64)> {
    let seen = node.actual.filter(|actual| actual.loops > 0)?;
    let (estimated, actual) = (node.estimated_rows?.max(1.0), seen.rows.max(1.0));
    if estimated.max(actual) < FEW || node.kind.starts_with("Bitmap Index") || node.kind == "BitmapAnd" {
        return None;
    }
    let over = estimated / actual >= factor;
    // A step that is stopped early gives fewer rows than it has.
    let stopped = |parent: &&PlanNode| {
        let join = parent.detail("Join Type").unwrap_or_default();
        matches!(parent.kind.as_str(), "Limit" | "Merge Join" | "Gather" | "Gather Merge" | "ModifyTable")
            || ["Semi", "Anti"].iter().any(|kind| join.contains(kind))
    };
    let is_part = node.role.is_some() || node.kind == "ModifyTable";
    let wrong = actual / estimated >= factor || (over && !is_part && !above.iter().any(stopped));
    wrong.then_some((estimated, actual))
}

fn advice(node: &PlanNode) -> String {
    let condition = ["Filter", "Index Cond", "Recheck Cond"].iter().find_map(|name| node.detail(name));
    let (Some(relation), Some(condition)) = (&node.relation, condition) else {
        return "Run ANALYZE on the tables below this step; a condition on an expression has statistics only with an index \
                or CREATE STATISTICS on that expression."
            .to_owned();
    };
    let facts = filter::facts(node, condition);
    let mut columns: Vec<_> = facts.compared.iter().map(|compared| compared.column.name.clone()).collect();
    columns.sort();
    columns.dedup();
    let table = filter::quoted(relation);
    if columns.len() < 2 {
        return format!(
            "Run ANALYZE {table}; if the values are very uneven, raise the column's statistics target first."
        );
    }
    let listed = filter::listed(&columns);
    let names = listed.trim_matches(['(', ')']);
    format!(
        "Run ANALYZE {table}. If that does not help, the columns depend on each other, and the planner takes them for \
         independent: CREATE STATISTICS ON {names} FROM {table}, then ANALYZE."
    )
}
