//! RT1301 in a plan: the run that was explained took long.

use super::Explained;
use crate::model::{Confidence, Severity};
use crate::rules::observed::slow_query;
use crate::rules::{Context, Draft, Meta};

pub(super) fn slow(explained: Explained<'_>, cx: &mut Context<'_>, meta: &'static Meta) {
    let Some(took) = explained.plan.execution_us else { return };
    if explained.plan.logged || took < slow_query::threshold_us(cx) {
        return;
    }
    // What of it the slowest step took by itself says where to look.
    let own = |node: &crate::trace::PlanNode| {
        let total = |node: &crate::trace::PlanNode| {
            node.actual.and_then(|actual| Some(actual.total_us? * actual.loops as f64)).unwrap_or(0.0)
        };
        (total(node) - node.children.iter().map(total).sum::<f64>()).max(0.0)
    };
    let nodes = explained.plan.nodes();
    let slowest = nodes.iter().map(|(node, _)| (own(node), *node)).max_by(|a, b| a.0.total_cmp(&b.0));
    let place = match slowest {
        Some((us, node)) if us > 0.0 => format!(", {:.0} ms of it in its {}", us / 1000.0, node.label()),
        _ => String::new(),
    };
    cx.report(Draft {
        rule: meta,
        severity: Severity::Warning.max(meta.severity),
        hint: None,
        confidence: Confidence::Certain,
        site: None,
        message: format!("The statement took {:.0} ms{place}.", took as f64 / 1000.0),
        cost: None,
        evidence: explained.evidence(),
        rewrite: None,
        advice: slow_query::ADVICE.to_owned(),
        key: match explained.statement {
            Some(statement) => statement.fingerprint.to_string(),
            None => explained.key(&explained.plan.root, "slow"),
        },
    });
}
