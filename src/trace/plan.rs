//! How a database runs a statement, as it explains it.

use std::sync::Arc;

use smol_str::SmolStr;

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The statement, where the input shows it.
    pub sql: Option<Arc<str>>,
    pub root: PlanNode,
    pub planning_us: Option<u64>,
    /// Of the whole run; `None` for a plan that was not run.
    pub execution_us: Option<u64>,
    /// The input has this execution among its statements too.
    pub logged: bool,
}

/// One step of a plan, with the steps that feed it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanNode {
    /// As PostgreSQL's JSON calls it: `Seq Scan`, `Hash Join`, `Aggregate`.
    pub kind: SmolStr,
    pub schema: Option<SmolStr>,
    /// Table that is read or written, without quotes.
    pub relation: Option<SmolStr>,
    pub alias: Option<SmolStr>,
    pub index: Option<SmolStr>,
    /// `InitPlan 1`, `CTE recent`: what it is for, where it is no plain input of its parent.
    pub role: Option<SmolStr>,
    /// What else it says, in its order: `Filter`, `Sort Key`, `Join Type`.
    pub details: Vec<(SmolStr, String)>,
    /// The planner's total cost.
    pub cost: Option<f64>,
    /// Rows of one run that the planner expected.
    pub estimated_rows: Option<f64>,
    /// `None` for a plan that was not run.
    pub actual: Option<Actual>,
    /// Rows of one run that its filter discarded.
    pub removed: Option<f64>,
    /// What it wrote to disk for want of memory.
    pub disk_kb: Option<u64>,
    pub memory_kb: Option<u64>,
    /// Of a hash: more than one went to disk.
    pub batches: Option<u64>,
    pub children: Vec<PlanNode>,
}

/// What a run of the plan showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Actual {
    /// Of one run of the step, on average.
    pub rows: f64,
    /// How often it was run; 0 where it was not needed.
    pub loops: u64,
    /// Microseconds of one run, with the steps below it; `None` where the steps were not timed.
    pub total_us: Option<f64>,
}

impl Plan {
    /// Every node with its ancestors, outermost first; each node before those below it.
    pub fn nodes(&self) -> Vec<(&PlanNode, Vec<&PlanNode>)> {
        let mut out: Vec<(&PlanNode, Vec<&PlanNode>)> = Vec::new();
        let mut open: Vec<(&PlanNode, Vec<&PlanNode>)> = vec![(&self.root, Vec::new())];
        while let Some((node, above)) = open.pop() {
            for child in node.children.iter().rev() {
                let mut around = above.clone();
                around.push(node);
                open.push((child, around));
            }
            out.push((node, above));
        }
        out
    }
}

impl PlanNode {
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// It was planned with less memory than it needed, and wrote to disk.
    pub fn spills(&self) -> bool {
        self.disk_kb.is_some_and(|kb| kb > 0) || self.batches.is_some_and(|batches| batches > 1)
    }

    /// `Seq Scan on topic`
    pub fn label(&self) -> String {
        match (&self.relation, &self.index) {
            (Some(relation), _) => format!("{} on {relation}", self.kind),
            (None, Some(index)) => format!("{} on {index}", self.kind),
            (None, None) => self.kind.to_string(),
        }
    }
}
