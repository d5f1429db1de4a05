//! The summary of a log is that of its parts.

use std::sync::Arc;

use super::*;
use crate::model::Kind;
use crate::trace::{Facts, Frame};

fn statement(table: u64) -> Statement {
    let facts = Facts { tables: vec![format!("t{table}").into()], ..Facts::new(Kind::Select) };
    Statement { fingerprint: Fingerprint(table), sql: format!("SELECT a FROM t{table} WHERE b = ?"), facts }
}

fn observed(value: u64) -> Observed {
    Observed {
        raw: Arc::from(""),
        params: Some(vec![value.to_string().into()]),
        duration_us: Some(value * 10),
        stack: vec![Frame { path: "a.py".into(), line: value as u32 % 3 + 1, function: "f".into() }],
        ..Observed::default()
    }
}

/// Requests of 40 statements over five shapes, with values that repeat.
fn of(requests: std::ops::Range<u64>) -> Workload {
    let mut workload = Workload::default();
    for request in requests {
        workload.begin_request(true);
        for n in 0..40 {
            let n = request * 40 + n;
            workload.statement(&statement(n % 5), &observed(n * n % 1_009));
        }
        workload.end_request(&format!("GET /{}/?page={request}", request % 2), Some(request * 1_000));
    }
    workload
}

#[test]
fn parts_add_up_to_the_whole() {
    for cut in [0, 1, 7, 100] {
        let mut merged = of(0..cut);
        merged.merge(&of(cut..100));
        assert_eq!(merged, of(0..100), "{cut}");
    }
}

#[test]
fn a_summary_is_written_and_read_back() {
    let whole = of(0..100);
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Workload>(&text).unwrap(), whole);
}

#[test]
fn what_a_shape_and_an_endpoint_came_to() {
    let mut workload = Workload::default();
    workload.begin_request(true);
    [3, 3, 4].iter().for_each(|n| workload.statement(&statement(1), &observed(*n)));
    workload.statement(&statement(2), &Observed { params: None, repeat: 3, ..observed(9) });
    let finished = workload.end_request("GET /a/?b=1", None);
    assert_eq!(finished, Finished { statements: 4, time_us: Some(190), duplicates: 1 });
    let one = workload.shape(Fingerprint(1)).unwrap();
    assert_eq!((one.executions, one.distinct_params(), one.requests), (3, Some(2), 1));
    assert_eq!(one.params.by_count(), [(&"3".to_owned(), 2), (&"4".to_owned(), 1)]);
    assert_eq!(one.stacks.by_count()[0], (&vec!["a.py:1 f".to_owned()], 2));
    let two = workload.shape(Fingerprint(2)).unwrap();
    assert_eq!((two.executions, two.calls, two.distinct_params()), (3, 1, None));
    assert_eq!((two.times.sum(), two.times.percentile(50)), (90, Some(30)));
    let (name, endpoint) = workload.endpoints().next().unwrap();
    assert_eq!((name, endpoint.requests(), endpoint.queries.percentile(95)), ("GET /a/", 1, Some(4)));
    assert_eq!(endpoint.times().0, Took::Statements);
}

#[test]
fn without_boundaries_a_repeat_is_no_duplicate() {
    let mut workload = Workload::default();
    workload.begin_request(false);
    [3, 3].iter().for_each(|n| workload.statement(&statement(1), &observed(*n)));
    assert_eq!(workload.end_request("the whole log", None).duplicates, 0);
    assert_eq!((workload.requests, workload.shape(Fingerprint(1)).unwrap().requests), (0, 0));
}

#[test]
fn a_line_that_stores_rows_of_several_tables_leads_to_a_library() {
    let stores = |tables: &[u64], path: &str| {
        let mut workload = Workload::default();
        let stack = vec![Frame { path: path.into(), line: 107, function: "save".into() }];
        for table in tables {
            let facts = Facts { tables: vec![format!("t{table}").into()], ..Facts::new(Kind::Insert) };
            workload.statement(
                &Statement { facts, ..statement(*table) },
                &Observed { stack: stack.clone(), ..observed(1) },
            );
        }
        workload.passing().len()
    };
    assert_eq!(stores(&[1, 2], "app/forms.py"), 1);
    assert_eq!(stores(&[1, 1, 1], "app/forms.py"), 0, "a loop of its own");
    assert_eq!(stores(&[1, 2], "app/tests/test_forms.py"), 0);
}
