//! RT401 in a plan: a table that is read whole, and nearly all of it discarded.

use super::{Explained, filter, rows};
use crate::model::{Confidence, Severity};
use crate::rules::{Context, Draft, Meta};
use crate::trace::PlanNode;

/// Rows of a table below which reading it whole costs nothing.
const SMALL: f64 = 1_000.0;
/// As [`SMALL`], for a table that is read again and again: rows of one reading, and of all together.
const REPEATED: (f64, f64) = (100.0, 10_000.0);
/// Share of the rows that a filter has to discard before an index is the shorter way.
const MOST: f64 = 0.9;
/// Rows discarded from which on the finding is a warning.
const MANY: f64 = 100_000.0;

/// RT401: sequential scans that discard at least nine of ten rows by comparing columns that an index could hold.
pub(super) fn discarding(explained: Explained<'_>, cx: &mut Context<'_>, meta: &'static Meta) {
    for (node, _) in explained.plan.nodes() {
        if let Some(draft) = discards(explained, node, meta) {
            cx.report(draft);
        }
    }
}

fn discards(explained: Explained<'_>, node: &PlanNode, meta: &'static Meta) -> Option<Draft> {
    let (actual, removed) = (node.actual?, node.removed?);
    let relation = node.relation.as_deref().filter(|_| node.kind == "Seq Scan")?;
    let loops = actual.loops as f64;
    let read = actual.rows + removed;
    let repeated = read >= REPEATED.0 && read * loops >= REPEATED.1;
    if actual.loops == 0 || (read < SMALL && !repeated) || removed / read < MOST {
        return None;
    }
    let condition = node.detail("Filter")?;
    let facts = filter::facts(node, condition);
    let columns = filter::index_columns(&facts);
    if columns.is_empty() {
        return None;
    }
    let times = if actual.loops > 1 { format!(", {} times", rows(loops)) } else { String::new() };
    let listed = filter::listed(&columns);
    // Of what an index would still leave, a part is discarded after it.
    let sure = facts.parsed && removed / read >= 0.95 && facts.alternatives.is_empty();
    Some(Draft {
        rule: meta,
        severity: if removed * loops >= MANY { meta.severity.max(Severity::Warning) } else { meta.severity },
        hint: Some(false),
        confidence: if sure { Confidence::Likely } else { Confidence::Possible },
        site: None,
        message: format!(
            "`{relation}` is read whole{times}: its filter {} keeps {} of {} rows.",
            shortened(condition),
            rows(actual.rows),
            rows(read)
        ),
        cost: None,
        evidence: explained.evidence(),
        rewrite: None,
        advice: format!(
            "An index on {} {listed} would have led to these rows: CREATE INDEX CONCURRENTLY ON {} {listed}; in Django, \
             Meta.indexes with AddIndexConcurrently. If there is one already, see why the planner passed it by: a cast, \
             a function, statistics out of date.",
            relation,
            filter::quoted(relation)
        ),
        key: explained.key(node, &listed),
    })
}

/// A condition for a sentence.
fn shortened(condition: &str) -> String {
    match condition.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", condition.get(..end).unwrap_or(condition)),
        None => condition.to_owned(),
    }
}
