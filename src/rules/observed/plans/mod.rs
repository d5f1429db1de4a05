//! What a plan shows: rows that are read to be discarded, work that goes to disk, numbers that the planner guessed wrong.

pub(super) mod filter;
mod misestimates;
mod scans;
mod slow;
mod spills;

#[cfg(test)]
mod tests;

use crate::rules::{Context, DraftEvidence, Meta, index};
use crate::trace::{Plan, PlanNode, Statement};

use super::{misestimate, slow_query, spill};

/// A plan, and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct Explained<'a> {
    pub plan: &'a Plan,
    /// Where the input shows it.
    pub statement: Option<&'a Statement>,
}

/// A rule as it judges one plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanRule {
    pub meta: &'static Meta,
    look: fn(Explained<'_>, &mut Context<'_>, &'static Meta),
}

impl PlanRule {
    pub fn look(&self, explained: Explained<'_>, cx: &mut Context<'_>) {
        (self.look)(explained, cx, self.meta);
    }
}

/// The rules that judge plans, in the order of their codes.
pub static PLAN_RULES: &[PlanRule] = &[
    PlanRule { meta: &index::unindexed_filter::META, look: scans::discarding },
    PlanRule { meta: &slow_query::META, look: slow::slow },
    PlanRule { meta: &spill::META, look: spills::spilling },
    PlanRule { meta: &misestimate::META, look: misestimates::misestimated },
];

impl Explained<'_> {
    fn evidence(&self) -> Vec<DraftEvidence> {
        let statement = self.statement.map(|statement| DraftEvidence::Statements {
            fingerprint: statement.fingerprint,
            sql: statement.sql.clone(),
            count: 1,
            total_us: self.plan.execution_us,
            request: None,
            gave_keys: false,
            places: Vec::new(),
        });
        statement.into_iter().collect()
    }

    /// What tells a finding of one step from those of others.
    fn key(&self, node: &PlanNode, more: &str) -> String {
        let own = self.statement.map(|statement| statement.fingerprint.to_string()).unwrap_or_default();
        format!("{own} {} {more}", node.label())
    }
}

/// A count for a reader: `39,980`; of less than ten, with a decimal where it has one.
pub(super) fn rows(count: f64) -> String {
    if count < 10.0 && count.fract() > 0.0 {
        return format!("{count:.1}");
    }
    let digits = format!("{count:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `2.1 MB`
fn size(kb: u64) -> String {
    if kb < 1024 { format!("{kb} kB") } else { format!("{:.1} MB", kb as f64 / 1024.0) }
}
