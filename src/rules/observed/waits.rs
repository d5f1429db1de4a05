//! RT513 in a log: a statement that waited for a lock, as the server says.

use super::names;
use crate::model::{Confidence, Severity};
use crate::rules::concurrency::lock_order;
use crate::rules::{Draft, DraftEvidence};
use crate::trace::{LockWait, Statement};

pub fn lock_wait(wait: &LockWait, statement: &Statement) -> Option<Draft> {
    let meta = &lock_order::META;
    let table = statement.facts.tables.first().filter(|table| !names::is_framework(table))?;
    let (severity, message, advice) = match wait.waited_us {
        Some(us) => (
            meta.severity,
            format!("A statement on `{table}` waited {:.0} ms for a lock that another transaction held.", us as f64 / 1000.0),
            "Keep the transaction that holds the lock short: no requests to others in it, and what changes much-used rows \
             last."
                .to_owned(),
        ),
        None => (
            meta.severity.max(Severity::Warning),
            format!("A statement on `{table}` was ended by a deadlock: two transactions waited for each other."),
            format!(
                "Lock the rows of {table} in one order everywhere, order_by(\"pk\") under select_for_update(), and be ready \
                 to run the transaction again."
            ),
        ),
    };
    Some(Draft {
        rule: meta,
        severity,
        hint: Some(false),
        confidence: Confidence::Certain,
        site: None,
        message,
        cost: None,
        evidence: vec![DraftEvidence::Statements {
            fingerprint: statement.fingerprint,
            sql: statement.sql.clone(),
            count: 1,
            total_us: wait.waited_us,
            request: None,
            gave_keys: false,
            places: Vec::new(),
        }],
        rewrite: None,
        advice,
        key: format!("{} {}", statement.fingerprint, if wait.waited_us.is_some() { "waited" } else { "deadlock" }),
    })
}
