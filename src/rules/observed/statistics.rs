//! What statistics show: sums without requests, so only what is wrong however it came about.

use std::collections::HashMap;
use std::sync::Arc;

use super::low_cache_hit_rate;
use super::plans::{filter, rows};
use super::slow_query;
use crate::model::{Confidence, Severity};
use crate::rules::{Context, Draft, DraftEvidence, Meta, index};
use crate::trace::{CacheUse, IndexUse, Statement, StatementUse, TableUse};

/// Everything that statistics counted.
#[derive(Debug, Default)]
pub struct Counted {
    pub statements: Vec<(StatementUse, Arc<Statement>)>,
    pub tables: Vec<TableUse>,
    pub indexes: Vec<IndexUse>,
    pub caches: Vec<CacheUse>,
}

/// A rule as it judges statistics, once all of them are there.
#[derive(Debug, Clone, Copy)]
pub struct StatisticRule {
    pub meta: &'static Meta,
    look: fn(&Counted, &mut Context<'_>, &'static Meta),
}

impl StatisticRule {
    pub fn look(&self, counted: &Counted, cx: &mut Context<'_>) {
        (self.look)(counted, cx, self.meta);
    }
}

/// The rules that judge statistics, in the order of their codes.
pub static STATISTIC_RULES: &[StatisticRule] = &[
    StatisticRule { meta: &index::unindexed_filter::META, look: without_index },
    StatisticRule { meta: &index::redundant_index::META, look: unused_indexes },
    StatisticRule { meta: &slow_query::META, look: slow },
    StatisticRule { meta: &low_cache_hit_rate::META, look: missed },
];

/// Rows that one execution looks at, or one scan reads, from which on an index is worth it.
const MANY_ROWS: u64 = 1_000;
/// As [`MANY_ROWS`], of a table of which only sums are known.
const LARGE_TABLE: u64 = 10_000;
/// Readings of a whole table from which on they are no accident.
const OFTEN: u64 = 10;
/// Uses of a table's other indexes from which on an index that was never used is unlikely to be.
const WELL_USED: u64 = 1_000;
/// Look-ups in a cache from which on its rate says something.
const ENOUGH_LOOKUPS: u64 = 1_000;

fn evidence(used: &StatementUse, statement: &Statement) -> Vec<DraftEvidence> {
    vec![DraftEvidence::Statements {
        fingerprint: statement.fingerprint,
        sql: statement.sql.clone(),
        count: used.executions,
        total_us: used.total_us,
        request: None,
        gave_keys: false,
        places: Vec::new(),
    }]
}

fn draft(meta: &'static Meta, confidence: Confidence, message: String, advice: String, key: String) -> Draft {
    Draft {
        rule: meta,
        severity: meta.severity,
        hint: Some(false),
        confidence,
        site: None,
        message,
        cost: None,
        evidence: Vec::new(),
        rewrite: None,
        advice,
        key,
    }
}

/// RT401: statements that the server saw without an index, and large tables that are read whole again and again.
fn without_index(counted: &Counted, cx: &mut Context<'_>, meta: &'static Meta) {
    for (used, statement) in &counted.statements {
        let (Some(examined), Some(without)) = (used.examined, used.without_index) else { continue };
        let each = examined.checked_div(used.executions).unwrap_or(0);
        let given = used.rows.unwrap_or(0).checked_div(used.executions).unwrap_or(0);
        let columns = filter::index_columns(&statement.facts);
        let [table, ..] = &statement.facts.tables[..] else { continue };
        let discards = each >= MANY_ROWS && given.saturating_mul(10) <= each;
        if without < used.executions || !discards || columns.is_empty() || statement.facts.tables.len() > 1 {
            continue;
        }
        let listed = filter::listed(&columns);
        let message = format!(
            "`{table}` is searched without an index: each of {} executions looks at {} rows for {}.",
            used.executions,
            rows(each as f64),
            rows(given as f64)
        );
        let advice = format!("An index on {table} {listed} would lead to these rows; in Django, Meta.indexes.");
        let found = draft(meta, Confidence::Likely, message, advice, statement.fingerprint.to_string());
        cx.report(Draft { evidence: evidence(used, statement), ..found });
    }
    for table in &counted.tables {
        let each = table.scanned_rows.checked_div(table.scans).unwrap_or(0);
        if each < LARGE_TABLE || table.scans < OFTEN {
            continue;
        }
        let name = &table.table;
        let message = format!(
            "`{name}` was read whole {} times, {} rows each time; indexes led to its rows {} times.",
            rows(table.scans as f64),
            rows(each as f64),
            rows(table.lookups as f64)
        );
        let advice = format!(
            "Find the statements on {name} that filter by a column without an index: pg_stat_statements ordered by \
             total_exec_time shows them, EXPLAIN of each shows the Seq Scan. Totals over all rows need none."
        );
        // Reports and totals read whole tables too; where indexes are the rule, scans are the exception.
        cx.report(draft(meta, Confidence::Possible, message, advice, format!("table {name}")));
    }
}

/// RT405: indexes that no statement ever used, on tables that are used.
fn unused_indexes(counted: &Counted, cx: &mut Context<'_>, meta: &'static Meta) {
    let mut used: HashMap<&str, u64> = HashMap::new();
    for index in &counted.indexes {
        *used.entry(index.table.as_str()).or_insert(0) += index.scans;
    }
    for index in counted.indexes.iter().filter(|index| index.scans == 0) {
        // These hold a constraint, used or not.
        if ["_pkey", "_key", "_uniq", "_excl"].iter().any(|end| index.index.ends_with(end)) {
            continue;
        }
        let others = used.get(index.table.as_str()).copied().unwrap_or(0);
        let (name, table) = (&index.index, &index.table);
        let confidence = if others >= WELL_USED { Confidence::Likely } else { Confidence::Possible };
        let message = format!(
            "No statement used the index {name} of `{table}`, while its other indexes were used {} times.",
            rows(others as f64)
        );
        let advice = format!(
            "If the statistics span all that the program does (nightly jobs, replicas, the end of the month) and the index \
             enforces no uniqueness, drop it: DROP INDEX CONCURRENTLY {}; every write to {table} keeps it up to date.",
            filter::quoted(name)
        );
        cx.report(draft(meta, confidence, message, advice, format!("unused {name}")));
    }
}

/// RT1301: shapes whose executions are slow on average.
fn slow(counted: &Counted, cx: &mut Context<'_>, meta: &'static Meta) {
    let threshold = slow_query::threshold_us(cx);
    for (used, statement) in &counted.statements {
        let Some(mean) = used.total_us.and_then(|total| total.checked_div(used.executions)) else { continue };
        if mean < threshold {
            continue;
        }
        let of = statement.facts.tables.first().map(|table| format!(" on `{table}`")).unwrap_or_default();
        let most = match used.most_us {
            Some(most) if used.executions > 1 => format!(", {:.0} ms at worst", most as f64 / 1000.0),
            _ => String::new(),
        };
        let times = if used.executions == 1 { "once" } else { &format!("{} times", rows(used.executions as f64)) };
        let message =
            format!("A statement{of} takes {:.0} ms on average{most}; it was sent {times}.", mean as f64 / 1000.0);
        let advice = slow_query::ADVICE.to_owned();
        let found = draft(meta, Confidence::Certain, message, advice, statement.fingerprint.to_string());
        cx.report(Draft { hint: None, evidence: evidence(used, statement), ..found });
    }
}

/// RT1305: caches that are asked in vain too often.
fn missed(counted: &Counted, cx: &mut Context<'_>, meta: &'static Meta) {
    let least = f64::from(cx.config.thresholds.cache_hit_rate);
    for cache in &counted.caches {
        let lookups = cache.hits.saturating_add(cache.misses);
        let rate = cache.hits as f64 * 100.0 / lookups.max(1) as f64;
        if lookups < ENOUGH_LOOKUPS || rate >= least {
            continue;
        }
        let evicted = if cache.evicted > 0 {
            format!(" {} entries were dropped for want of room.", rows(cache.evicted as f64))
        } else {
            String::new()
        };
        let message = format!(
            "{} found {rate:.0} % of the {} keys that it was asked for, less than {least:.0} %.{evicted}",
            cache.name,
            rows(lookups as f64)
        );
        let advice = if cache.evicted > 0 {
            "Give it more memory, or cache less: what is dropped before it is asked for again was cached in vain."
        } else {
            "Look for keys that are never asked twice, that hold something different for every user or request, or that \
             expire before they are asked again."
        };
        let found = draft(meta, Confidence::Certain, message, advice.to_owned(), cache.name.to_string());
        // What the rule's own severity says is of a rate just below; half of that is worse.
        let severity = if rate < least / 2.0 { meta.severity.max(Severity::Warning) } else { meta.severity };
        cx.report(Draft { severity, hint: None, ..found });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::project::Project;
    use crate::sql::{Dialect, Statements};

    fn found(counted: &Counted) -> Vec<(&'static str, Confidence, String)> {
        let (project, config) = (Project::default(), Config::default());
        let mut cx = Context { project: &project, config: &config, drafts: Vec::new() };
        STATISTIC_RULES.iter().for_each(|rule| rule.look(counted, &mut cx));
        cx.drafts.into_iter().map(|draft| (draft.rule.code, draft.confidence, draft.message)).collect()
    }

    fn index(table: &str, name: &str, scans: u64) -> IndexUse {
        IndexUse { schema: None, table: table.into(), index: name.into(), scans }
    }

    fn statement(sql: &str, used: StatementUse) -> Counted {
        let statement = Statements::new().statement(sql, Dialect::MySql);
        Counted { statements: vec![(used, statement)], ..Counted::default() }
    }

    #[test]
    fn indexes_without_use_on_tables_with_use() {
        let indexes =
            vec![index("a", "a_x", 0), index("a", "a_y", 2_000), index("b", "b_x", 0), index("a", "a_pkey", 0)];
        let all = found(&Counted { indexes, ..Counted::default() });
        let told: Vec<_> =
            all.iter().map(|(code, confidence, text)| (*code, *confidence, text.contains("a_x"))).collect();
        assert_eq!(told, [("RT405", Confidence::Likely, true), ("RT405", Confidence::Possible, false)]);
    }

    #[test]
    fn searches_without_an_index() {
        let sql = "SELECT * FROM `topic` WHERE `poster_id` = ?";
        let used = |examined, without, rows| StatementUse {
            executions: 10,
            examined: Some(examined),
            without_index: Some(without),
            rows: Some(rows),
            ..StatementUse::default()
        };
        assert_eq!(found(&statement(sql, used(200_000, 10, 100)))[0].0, "RT401");
        assert_eq!(found(&statement(sql, used(200_000, 10, 150_000))), [], "most of the table is wanted");
        assert_eq!(found(&statement(sql, used(2_000, 10, 10))), [], "a small table");
        assert_eq!(found(&statement(sql, used(200_000, 5, 100))), [], "an index is used at times");
        assert_eq!(
            found(&statement("SELECT count(*) FROM `topic`", used(200_000, 10, 10))),
            [],
            "nothing to search by"
        );
        let table =
            |scans, scanned_rows| TableUse { schema: None, table: "topic".into(), scans, scanned_rows, lookups: 5 };
        let of = |table| found(&Counted { tables: vec![table], ..Counted::default() });
        assert_eq!(of(table(60, 2_400_000))[0].1, Confidence::Possible);
        assert_eq!((of(table(60, 6_000)), of(table(3, 900_000))), (vec![], vec![]));
    }

    #[test]
    fn slow_on_average_and_asked_in_vain() {
        let used = |total_us| StatementUse { executions: 3, total_us: Some(total_us), ..StatementUse::default() };
        assert_eq!(found(&statement("SELECT 1 FROM t", used(3_000_000)))[0].0, "RT1301");
        assert_eq!(found(&statement("SELECT 1 FROM t", used(300_000))), []);
        let cache = |hits, misses| {
            let cache = CacheUse { name: "Redis".into(), hits, misses, evicted: 0 };
            found(&Counted { caches: vec![cache], ..Counted::default() })
        };
        assert_eq!(cache(300, 700)[0].2, "Redis found 30 % of the 1,000 keys that it was asked for, less than 80 %.");
        assert_eq!((cache(900, 100), cache(3, 7)), (vec![], vec![]));
    }
}
