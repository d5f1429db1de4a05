//! What a project is known to do wrong is found in every format that can show it, and nothing else is.
//!
//! `tests/fixtures/make/make.py` runs the views of `tests/fixtures/make/forum` under each program; what they do wrong is
//! told here, by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use roundtrip::config::Config;
use roundtrip::model::Evidence;
use roundtrip::review::{LogReview, Logs};

/// Each address with the rules that its view breaks and the table at fault; those that only look like it have none.
const KNOWN: &[(&str, &[&str])] = &[
    ("topics", &["RT101 forum_forum", "RT105 auth_user"]),
    ("forums", &["RT102 forum_topic"]),
    ("tags", &["RT102 forum_tag"]),
    ("duplicates", &["RT304 forum_forum"]),
    ("dashboard", &["RT201 forum_post"]),
    ("joined", &[]),
    ("prefetched", &[]),
    ("created", &["RT601 forum_tag"]),
    ("linked", &["RT607 forum_topic_tags"]),
    ("saved", &["RT602 forum_topic"]),
    ("closed", &["RT603 forum_post"]),
    ("removed", &["RT607 forum_tag"]),
    ("counted", &["RT502 forum_counter"]),
    ("searched", &["RT407 forum_topic"]),
    ("shuffled", &["RT705 forum_topic"]),
    ("batched", &[]),
    ("noted", &[]),
    ("swapped", &[]),
    ("transacted", &[]),
];

/// A file of tests/fixtures/known, whether it tells requests apart, and what of the above it cannot show.
struct Carrier {
    file: &'static str,
    bounded: bool,
    hidden: &'static [&'static str],
}

/// Without requests a repeat may be another request's, and what stands between two turns may be, too.
const WITHOUT_REQUESTS: &[&str] = &["RT304 forum_forum", "RT502 forum_counter", "RT607 forum_tag"];
/// silk sees no INSERT, and texts of several words have lost the quotes that made them one.
const OF_SILK: &[&str] = &["RT601 forum_tag", "RT607 forum_topic_tags", "RT602 forum_topic", "RT407 forum_topic"];
/// Marks stand for all values: nothing tells a loop from a repeat, or what a pattern begins with.
const WITHOUT_VALUES: &[&str] = &[
    "RT101 forum_forum",
    "RT105 auth_user",
    "RT102 forum_topic",
    "RT102 forum_tag",
    "RT304 forum_forum",
    "RT201 forum_post",
    "RT601 forum_tag",
    "RT607 forum_topic_tags",
    "RT602 forum_topic",
    "RT603 forum_post",
    "RT607 forum_tag",
    "RT502 forum_counter",
    "RT407 forum_topic",
];

const CARRIERS: &[Carrier] = &[
    Carrier { file: "recorder.jsonl", bounded: true, hidden: &[] },
    Carrier { file: "toolbar.json", bounded: true, hidden: &[] },
    Carrier { file: "served.log", bounded: true, hidden: &[] },
    Carrier { file: "silk.json", bounded: true, hidden: OF_SILK },
    Carrier { file: "django.log", bounded: false, hidden: WITHOUT_REQUESTS },
    Carrier { file: "queries.json", bounded: false, hidden: WITHOUT_REQUESTS },
    Carrier { file: "queries.repr.txt", bounded: false, hidden: WITHOUT_REQUESTS },
    Carrier { file: "queries.pprint.txt", bounded: false, hidden: WITHOUT_REQUESTS },
    Carrier { file: "queries.loop.txt", bounded: false, hidden: WITHOUT_REQUESTS },
    Carrier { file: "otlp.json", bounded: true, hidden: WITHOUT_VALUES },
    Carrier { file: "otlp.jsonl", bounded: true, hidden: WITHOUT_VALUES },
    Carrier { file: "sentry.json", bounded: true, hidden: WITHOUT_VALUES },
    Carrier { file: "sentry.jsonl", bounded: true, hidden: WITHOUT_VALUES },
];

fn review(file: &str) -> LogReview {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/known").join(file);
    let mut reader = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut logs = Logs::new(Config::default());
    logs.read(file, None, &mut reader, &mut |_| ControlFlow::Continue(())).unwrap();
    logs.finish()
}

/// Rule and main table of what is found, by address; all under one where the input has no requests.
fn found(review: &LogReview) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in &review.report.findings {
        let mut sent = finding.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Statements { sql, request, .. } => Some((sql, request)),
            Evidence::Code { .. } => None,
        });
        let (sql, request) = sent.next().unwrap_or_else(|| panic!("{finding:?}"));
        let words: Vec<&str> = sql.split([' ', '(']).filter(|word| !word.is_empty()).collect();
        let head = words.iter().position(|word| matches!(*word, "FROM" | "INTO" | "UPDATE")).unwrap();
        let address = request.as_deref().and_then(|name| name.split('/').nth(1)).unwrap_or_default();
        let told = format!("{} {}", finding.rule, words[head + 1]);
        out.entry(address.to_owned()).or_default().insert(told);
    }
    out
}

fn known(carrier: &Carrier) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (address, rules) in KNOWN {
        let shown = rules.iter().filter(|rule| !carrier.hidden.contains(rule)).map(|rule| (*rule).to_owned());
        let address = if carrier.bounded { *address } else { "" };
        out.entry(address.to_owned()).or_default().extend(shown);
    }
    out.retain(|_, rules| !rules.is_empty());
    out
}

#[test]
fn all_that_a_format_can_show_is_found_and_nothing_else() {
    for carrier in CARRIERS {
        let review = review(carrier.file);
        assert_eq!(found(&review), known(carrier), "{}", carrier.file);
        let requests = if carrier.bounded { KNOWN.len() } else { 1 };
        assert_eq!(review.requests.len(), requests, "{}", carrier.file);
    }
}

#[test]
fn what_is_hidden_is_known() {
    let all: BTreeSet<&str> = KNOWN.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    for carrier in CARRIERS {
        assert!(carrier.hidden.iter().all(|hidden| all.contains(hidden)), "{}", carrier.file);
    }
}

#[test]
fn what_waited_for_a_lock_is_told_by_its_statement() {
    for file in ["postgres-log/waits.log", "postgres-csv/waits.csv"] {
        let found = review(&format!("../{file}")).report.findings;
        let waits: Vec<_> = found.iter().filter(|finding| finding.rule == "RT513").collect();
        let [deadlock, wait] = waits[..] else { panic!("{file}: {waits:?}") };
        assert!(deadlock.message.contains("on `topic` was ended by a deadlock"), "{}", deadlock.message);
        assert!(wait.message.starts_with("A statement on `topic` waited 4"), "{}", wait.message);
    }
}
