//! What plans are judged by, on small trees.

use super::*;
use crate::config::Config;
use crate::model::{Confidence, Severity};
use crate::project::Project;
use crate::rules::Draft;
use crate::trace::Actual;

fn step(kind: &str, estimated: f64, rows: f64, loops: u64) -> PlanNode {
    PlanNode {
        kind: kind.into(),
        estimated_rows: Some(estimated),
        actual: Some(Actual { rows, loops, total_us: Some(1000.0) }),
        ..PlanNode::default()
    }
}

fn scan(filter: &str, kept: f64, removed: f64, loops: u64) -> PlanNode {
    PlanNode {
        relation: Some("topic".into()),
        alias: Some("t".into()),
        removed: Some(removed),
        details: vec![("Filter".into(), filter.to_owned())],
        ..step("Seq Scan", kept, kept, loops)
    }
}

fn above(kind: &str, children: Vec<PlanNode>) -> PlanNode {
    PlanNode { children, ..step(kind, 1.0, 1.0, 1) }
}

fn found(root: PlanNode) -> Vec<(&'static str, Draft)> {
    let plan = Plan { sql: None, root, planning_us: None, execution_us: None, logged: false };
    let (project, config) = (Project::default(), Config::default());
    let mut cx = Context { project: &project, config: &config, drafts: Vec::new() };
    let explained = Explained { plan: &plan, statement: None };
    PLAN_RULES.iter().for_each(|rule| rule.look(explained, &mut cx));
    cx.drafts.into_iter().map(|draft| (draft.rule.code, draft)).collect()
}

fn codes(root: PlanNode) -> Vec<&'static str> {
    found(root).into_iter().map(|(code, _)| code).collect()
}

/// The index that a filter's finding names.
fn named(filter: &str) -> Option<String> {
    let (_, draft) = found(scan(filter, 3.0, 39_997.0, 1)).into_iter().find(|(code, _)| *code == "RT401")?;
    let (_, rest) = draft.advice.split_once("CONCURRENTLY ON ")?;
    Some(rest.split(';').next()?.to_owned())
}

#[test]
fn the_index_that_a_filter_wants() {
    for (filter, index) in [
        ("(poster_id = 77)", Some("topic (poster_id)")),
        ("(t.poster_id = 77)", Some("topic (poster_id)")),
        (
            "((poster_id = ANY ('{5,9}'::integer[])) AND (created > '2024-01-02 00:00:00+00'::timestamp with time zone) \
             AND ((status)::text = 'open'::text))",
            Some("topic (poster_id, status, created)"),
        ),
        ("(\"group\" = 9)", Some("topic (\"group\")")),
        ("(deleted_at IS NULL)", Some("topic (deleted_at)")),
        ("(lower(title) = 'x'::text)", None),
        ("(title ~~ '%x%'::text)", None),
        ("((a = 1) OR (b = 2))", None),
        ("(poster_id <> 3)", None),
        ("(id = $0)", Some("topic (id)")),
    ] {
        assert_eq!(named(filter).as_deref(), index, "{filter}");
    }
}

#[test]
fn only_scans_that_discard_nearly_all_of_much() {
    let filter = "(poster_id = 77)";
    assert_eq!(codes(scan(filter, 20.0, 39_980.0, 1)), ["RT401"]);
    assert_eq!(codes(scan(filter, 20.0, 180.0, 1)), [] as [&str; 0], "a small table");
    assert_eq!(codes(scan(filter, 2.0, 180.0, 500)), ["RT401"], "a small table, again and again");
    assert_eq!(codes(scan(filter, 20_000.0, 20_000.0, 1)), [] as [&str; 0], "half of the table is wanted");
    assert_eq!(codes(scan(filter, 20.0, 39_980.0, 0)), [] as [&str; 0], "never run");
    let (_, large) = found(scan(filter, 20.0, 400_000.0, 1)).remove(0);
    assert_eq!((large.severity, large.confidence, large.hint), (Severity::Warning, Confidence::Likely, Some(false)));
    assert_eq!(large.message, "`topic` is read whole: its filter (poster_id = 77) keeps 20 of 400,020 rows.");
}

#[test]
fn what_goes_to_disk() {
    let sort = PlanNode {
        disk_kb: Some(2144),
        details: vec![("Sort Key".into(), "title".into())],
        ..step("Sort", 40_000.0, 40_000.0, 1)
    };
    let (code, draft) = found(sort).remove(0);
    assert_eq!((code, draft.severity), ("RT1302", Severity::Info));
    assert!(draft.message.starts_with("The sort of 40,000 rows by title writes 2.1 MB to disk"), "{}", draft.message);
    assert!(draft.advice.contains("work_mem = '8MB'"), "{}", draft.advice);
    let hash =
        |batches| PlanNode { batches: Some(batches), memory_kb: Some(4000), ..step("Hash", 40_000.0, 40_000.0, 1) };
    assert_eq!((codes(hash(32)).len(), codes(hash(1)).len()), (1, 0));
    assert_eq!(found(hash(32)).remove(0).1.severity, Severity::Warning);
}

#[test]
fn guesses_that_lead_astray() {
    assert_eq!(codes(step("Index Scan", 1.0, 2_000.0, 1)), ["RT1303"]);
    assert_eq!(codes(step("Index Scan", 1.0, 900.0, 1)), [] as [&str; 0], "few rows");
    assert_eq!(codes(step("Index Scan", 30.0, 2_000.0, 1)), [] as [&str; 0], "not that far off");
    assert_eq!(codes(step("Index Scan", 40_000.0, 10.0, 1)), ["RT1303"]);
    assert_eq!(codes(above("Limit", vec![step("Index Scan", 40_000.0, 10.0, 1)])), [] as [&str; 0], "stopped early");
    // The deepest of a chain is told, once.
    let chain = above("Hash Join", vec![step("Seq Scan", 1.0, 5_000.0, 1)]);
    let chain = PlanNode { actual: Some(Actual { rows: 9_000.0, loops: 1, total_us: None }), ..chain };
    let all = found(chain);
    assert_eq!(all.len(), 1);
    assert!(all[0].1.message.contains("of Seq Scan and 5,000 came, 5,000 times more"), "{}", all[0].1.message);
    let related = PlanNode { removed: None, ..scan("((a = 5) AND (b = 5))", 2_000.0, 0.0, 1) };
    let (_, draft) = found(PlanNode { estimated_rows: Some(1.0), ..related }).remove(0);
    assert!(draft.advice.contains("CREATE STATISTICS ON a, b FROM topic"), "{}", draft.advice);
}
