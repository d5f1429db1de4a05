//! RT1304

use crate::model::{Confidence, Endpoint, EndpointChange};
use crate::rules::macros::rule;
use crate::rules::{Draft, Meta, Rule};

rule! {
    /// Misses the budget of its endpoint, or the numbers of the capture that it is compared with.
    ///
    /// ## Why
    /// An endpoint gets slower one statement at a time, and no single change is at fault. A budget says where it ends:
    /// statements, repeats, and milliseconds of a request. With `--compare`, half as many statements again, or twice the
    /// time, is said in the same way.
    ///
    /// An endpoint without a budget is shown beside what is usual: fewer than 10 statements where a list is read, fewer
    /// than 5 where one thing is, 200 ms for 95 and 500 ms for 99 of a hundred requests. The path tells which it is, or
    /// `list` and `detail` under `[endpoints]`. That fails nothing; `[budgets.list]`, `[budgets.detail]` or
    /// `preset = "seeds"` make it a budget.
    ///
    /// ## Example
    /// ```text flag
    /// # file: roundtrip.toml
    /// [budgets."GET /forum/1/"]
    /// queries = 1
    /// # file: requests.log
    /// (0.001) SELECT "forum_forum"."id" FROM "forum_forum"; args=(); alias=default
    /// (0.001) SELECT "forum_topic"."id" FROM "forum_topic"; args=(); alias=default
    /// [21/Nov/2026 02:16:53] "GET /forum/1/ HTTP/1.1" 200 534
    /// ```
    /// ```text ok
    /// # file: roundtrip.toml
    /// [budgets."GET /forum/1/"]
    /// queries = 2
    /// # file: requests.log
    /// (0.001) SELECT "forum_forum"."id" FROM "forum_forum"; args=(); alias=default
    /// (0.001) SELECT "forum_topic"."id" FROM "forum_topic"; args=(); alias=default
    /// [21/Nov/2026 02:16:53] "GET /forum/1/ HTTP/1.1" 200 534
    /// ```
    ///
    /// ## When not to
    /// The first request after a start fills caches, and a laptop's times are no server's: count statements there.
    pub struct BudgetMissed: "RT1304", "budget-missed", Observed, Warning;
}

impl Rule for BudgetMissed {
    fn meta(&self) -> &'static Meta {
        &META
    }
}

/// An endpoint over its budget.
pub fn missed(endpoint: &Endpoint) -> Option<Draft> {
    let budget = &endpoint.budget;
    let told = endpoint.missed.iter().filter_map(|what| match what.as_str() {
        "queries" => Some(format!("{} statements, {} allowed", endpoint.queries_p95, budget.queries?)),
        "p95_ms" => Some(format!("p95 {:.1} ms, {:.1} allowed", endpoint.p95_ms?, budget.p95_ms?)),
        "p99_ms" => Some(format!("p99 {:.1} ms, {:.1} allowed", endpoint.p99_ms?, budget.p99_ms?)),
        "duplicates" => Some(format!("more than {} repeated reads", budget.duplicates?)),
        _ => None,
    });
    let told: Vec<String> = told.collect();
    let message = format!("{} misses its budget: {}.", endpoint.name, told.join("; "));
    (!told.is_empty()).then(|| draft(message, format!("budget {}", endpoint.name)))
}

/// An endpoint that got worse.
pub fn worse(change: &EndpointChange) -> Option<Draft> {
    let (before, after) = (&change.before, &change.after);
    let told = change.alerts.iter().filter_map(|what| match what.as_str() {
        "queries" => Some(format!("{} statements, {} before", after.queries_p95, before.queries_p95)),
        "p95_ms" => Some(format!("p95 {:.1} ms, {:.1} before", after.p95_ms?, before.p95_ms?)),
        _ => None,
    });
    let told: Vec<String> = told.collect();
    let message = format!("{} got worse: {}.", change.name, told.join("; "));
    (!told.is_empty()).then(|| draft(message, format!("worse {}", change.name)))
}

fn draft(message: String, key: String) -> Draft {
    Draft {
        rule: &META,
        severity: META.severity,
        hint: None,
        confidence: Confidence::Certain,
        site: None,
        message,
        cost: None,
        evidence: Vec::new(),
        rewrite: None,
        advice: "Look at what its requests repeat; or, where it has to be so, give it a budget of its own.".to_owned(),
        key,
    }
}
