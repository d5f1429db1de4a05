//! Statistics of a log: sums that join the workload, and what is judged once all inputs are read.

use crate::rules::Context;
use crate::rules::observed::Counted;
use crate::sql::{self, Dialect};
use crate::trace::{EndpointUse, Statistic};

use super::Logs;
use crate::review::dialect;

/// Rows of one kind that are kept; no server has more that matter.
const MOST_ROWS: usize = 50_000;

#[derive(Debug, Default)]
pub struct Statistics {
    counted: Counted,
    pub endpoints: Vec<EndpointUse>,
}

impl Statistics {
    pub fn judge(&self, logs: &mut Logs) {
        let mut cx = Context { project: &logs.project, config: &logs.config, drafts: Vec::new() };
        for rule in &logs.statistic_rules {
            rule.look(&self.counted, &mut cx);
        }
        for draft in cx.drafts {
            logs.merged.add(draft);
        }
    }
}

/// Takes one in; gives the executions that it stands for.
pub fn add(logs: &mut Logs, statistic: Statistic) -> u64 {
    let counted = &mut logs.statistics.counted;
    match statistic {
        Statistic::Statement(used) => {
            let own = if used.mysql { Dialect::MySql } else { Dialect::Postgres };
            let statement = logs.statements.statement(&used.sql, dialect(&logs.config).unwrap_or(own));
            if sql::is_transaction_control(&used.sql) || sql::is_tool_noise(&statement.facts) || used.executions == 0 {
                return 0;
            }
            logs.workload.total(&statement, used.executions, used.total_us, used.most_us);
            let executions = used.executions;
            if !sql::is_housekeeping(&used.sql, &statement.facts) && counted.statements.len() < MOST_ROWS {
                counted.statements.push((used, statement));
            }
            return executions;
        }
        Statistic::Table(table) if counted.tables.len() < MOST_ROWS => counted.tables.push(table),
        Statistic::Index(index) if counted.indexes.len() < MOST_ROWS => counted.indexes.push(index),
        Statistic::Cache(cache) if counted.caches.len() < MOST_ROWS => counted.caches.push(cache),
        Statistic::Endpoint(endpoint) if logs.statistics.endpoints.len() < MOST_ROWS => {
            logs.statistics.endpoints.push(endpoint);
        }
        Statistic::Table(_) | Statistic::Index(_) | Statistic::Cache(_) | Statistic::Endpoint(_) => {}
    }
    0
}
