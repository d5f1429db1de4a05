//! Plans of a log: judged as they come, kept for the report as far as there is room.

use serde_json::{Map, Value, json};

use crate::model;
use crate::rules::observed::Explained;
use crate::rules::{Context, Draft};
use crate::sql::Dialect;
use crate::trace::{Plan, PlanNode};

use super::Logs;

/// Plans that the report lists: of more, those with problems.
const MOST_PLANS: usize = 500;

#[derive(Debug, Default)]
pub struct Plans {
    kept: Vec<model::Plan>,
    seen: u64,
}

impl Plans {
    fn add(&mut self, plan: model::Plan) {
        self.seen += 1;
        if self.kept.len() < MOST_PLANS {
            self.kept.push(plan);
        } else if !plan.problems.is_empty()
            && let Some(fine) = self.kept.iter().position(|kept| kept.problems.is_empty())
        {
            self.kept.remove(fine);
            self.kept.push(plan);
        }
    }

    pub fn note(&self) -> Option<String> {
        let listed = self.kept.len();
        (self.seen > listed as u64)
            .then(|| format!("of {} plans, {listed} are listed, those with problems first", self.seen))
    }

    /// In the order of the log.
    pub fn finish(self) -> Vec<model::Plan> {
        self.kept
    }
}

/// Has the rules look at a plan.
pub fn look_at(logs: &mut Logs, plan: &Plan) {
    // Only PostgreSQL's plans are read.
    let statement = plan.sql.as_deref().map(|sql| logs.statements.statement(sql, Dialect::Postgres));
    let explained = Explained { plan, statement: statement.as_deref() };
    let mut cx = Context { project: &logs.project, config: &logs.config, drafts: Vec::new() };
    for rule in &logs.plan_rules {
        rule.look(explained, &mut cx);
    }
    let drafts: Vec<Draft> = cx.drafts;
    let problems = drafts.iter().map(|draft| draft.message.clone()).collect();
    let fingerprint = statement.map(|statement| statement.fingerprint.to_string());
    logs.plans.add(model::Plan { fingerprint, nodes: told(&plan.root), problems });
    for draft in drafts {
        logs.merged.add(draft);
    }
}

/// A step with those below it, by the names that PostgreSQL's JSON has for them. As deep as importers keep plans.
fn told(node: &PlanNode) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<smol_str::SmolStr>| text.as_ref().map(|text| json!(text.as_str()));
    put("Node Type", Some(json!(node.kind.as_str())));
    put("Subplan Name", text(&node.role));
    put("Schema", text(&node.schema));
    put("Relation Name", text(&node.relation));
    put("Alias", text(&node.alias));
    put("Index Name", text(&node.index));
    put("Total Cost", node.cost.map(|cost| json!(cost)));
    put("Plan Rows", node.estimated_rows.map(number));
    if let Some(actual) = node.actual {
        put("Actual Rows", Some(number(actual.rows)));
        put("Actual Loops", Some(json!(actual.loops)));
        put("Actual Total Time", actual.total_us.map(|us| json!(us / 1000.0)));
    }
    put("Rows Removed by Filter", node.removed.map(number));
    put("Disk Usage", node.disk_kb.map(|kb| json!(kb)));
    put("Peak Memory Usage", node.memory_kb.map(|kb| json!(kb)));
    put("Hash Batches", node.batches.map(|batches| json!(batches)));
    for (name, detail) in &node.details {
        put(name, Some(json!(detail)));
    }
    let children = (!node.children.is_empty()).then(|| Value::Array(node.children.iter().map(told).collect()));
    put("Plans", children);
    Value::Object(out)
}

/// Whole where it is.
fn number(count: f64) -> Value {
    if count.fract() == 0.0 && count.abs() < 9e15 { json!(count as i64) } else { json!(count) }
}
