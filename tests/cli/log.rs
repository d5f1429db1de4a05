//! `roundtrip log`: what real programs wrote, read by the command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Folder, Ran};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn log(words: &str) -> Ran {
    Folder(fixtures()).run(&format!("log {words}"))
}

fn report(file: &str) -> Value {
    log(&format!("{file} --format json --fail-on never")).ends(0).json()
}

/// What a page of tests/fixtures/make/forum/views.py does: the rule, the table, the statements that are too many.
fn truth_of(page: &str) -> Vec<(&'static str, &'static str, u64)> {
    match page {
        "/topics/" => vec![("RT101", "forum_forum", 12), ("RT105", "auth_user", 12)],
        "/forums/" => vec![("RT102", "forum_topic", 4)],
        "/tags/" => vec![("RT102", "forum_tag", 8)],
        "/template/" => vec![("RT101", "forum_forum", 7)],
        "/duplicates/" => vec![("RT304", "forum_forum", 5)],
        "/dashboard/" => vec![("RT201", "forum_post", 4)],
        "/odd/" => vec![("RT201", "forum_topic", 2), ("RT407", "forum_topic", 1)],
        "/mixed/" => {
            vec![("RT101", "forum_forum", 5), ("RT304", "forum_forum", 3), ("RT201", "forum_post", 3)]
        }
        "/joined/" | "/prefetched/" | "/nothing/" => vec![],
        other => panic!("no truth of {other}"),
    }
}

type Found = BTreeSet<(String, String, String, u64)>;

/// Page, rule, table and statements of every finding, whichever requests share it.
fn found(report: &Value, only_page: Option<&str>) -> Found {
    let mut out = Found::new();
    for finding in report["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        let table = finding["message"].as_str().unwrap().split('`').nth(1).unwrap();
        let statements: Vec<&Value> =
            finding["evidence"].as_array().unwrap().iter().filter(|e| e.get("sql").is_some()).collect();
        let mut by_page: BTreeMap<String, u64> = BTreeMap::new();
        for seen in &statements {
            // What gave an N+1 its keys comes after what repeats.
            if rule.starts_with("RT1") && seen["fingerprint"] != statements[0]["fingerprint"] {
                continue;
            }
            let named = seen["request"].as_str().map(|request| request.trim_start_matches("GET "));
            let page = only_page.or(named).unwrap_or_default();
            *by_page.entry(page.to_owned()).or_default() += seen["count"].as_u64().unwrap();
        }
        let pages = by_page.into_iter().map(|(page, count)| (page, rule.to_owned(), table.to_owned(), count));
        out.extend(pages);
    }
    out
}

#[test]
fn each_request_gives_its_truth_and_nothing_else() {
    for file in [
        "toolbar-store/toolbar8.json",
        "toolbar-store/toolbar63.json",
        "toolbar-html/toolbar8.json",
        "toolbar-html/toolbar8-odd.json",
        "toolbar-html/toolbar52.json",
        "toolbar-html/toolbar44.json",
        "toolbar-html/toolbar38.json",
        "toolbar-html/saved8-complete.html",
        "toolbar-html/saved8-outer.html",
        "toolbar-html/saved8.mhtml",
        "toolbar-html/saved52-complete.html",
        "toolbar-html/saved52-outer.html",
        "toolbar-html/saved52.mhtml",
        "django-log/served52.log",
        "django-log/mixed.log",
    ] {
        let stem = file.split('.').next().unwrap();
        let stem = ["-complete", "-outer"].iter().fold(stem, |stem, end| stem.strip_suffix(end).unwrap_or(stem));
        let truth: Value =
            serde_json::from_slice(&fs::read(fixtures().join(format!("{stem}.truth.json"))).unwrap()).unwrap();
        let names = truth["requests"].as_array().unwrap().iter().map(|request| request["name"].as_str().unwrap());
        let pages: Vec<&str> = names.map(|name| name.trim_start_matches("GET ")).collect();
        let expected: Found = pages
            .iter()
            .flat_map(|page| {
                let all = truth_of(page).into_iter();
                all.map(|(rule, table, count)| (page.to_string(), rule.to_owned(), table.to_owned(), count))
            })
            .collect();
        let report = report(file);
        // A saved panel does not always name its page.
        let only_page = pages.first().copied().filter(|_| pages.len() == 1);
        assert_eq!(found(&report, only_page), expected, "{file}");
        assert_eq!(report["requests"].as_array().unwrap().len(), pages.len(), "{file}");
    }
}

#[test]
fn a_log_without_boundaries_is_one_run() {
    let every = [
        ("RT101", "forum_forum", 24),
        ("RT102", "forum_tag", 8),
        ("RT102", "forum_topic", 4),
        ("RT105", "auth_user", 12),
        ("RT201", "forum_post", 5),
        ("RT201", "forum_topic", 2),
        ("RT407", "forum_topic", 1),
    ];
    let topics = [("RT101", "forum_forum", 12), ("RT105", "auth_user", 12)];
    let mixed = [("RT101", "forum_forum", 5), ("RT201", "forum_post", 3)];
    for (files, expected) in [
        (["django52.json", "django52.repr.txt", "django52.pprint.txt", "django52.loop.txt"], &every[..]),
        (["django42.json", "django42.repr.txt", "django42.pprint.txt", "django42.loop.txt"], &topics),
        (["mixed.json", "mixed.repr.txt", "mixed.pprint.txt", "mixed.loop.txt"], &mixed),
    ] {
        let mut fingerprints = BTreeSet::new();
        for file in files {
            let report = report(&format!("connection-queries/{file}"));
            let expected = expected.iter().map(|(r, t, n)| (String::new(), (*r).to_owned(), (*t).to_owned(), *n));
            assert_eq!(found(&report, None), expected.collect(), "{file}");
            let findings = report["findings"].as_array().unwrap();
            // Another run's repeat may be what looks like this one's: nothing is certain.
            assert!(findings.iter().all(|finding| finding["confidence"] != "certain"), "{file}");
            fingerprints.insert(findings.iter().map(|f| f["fingerprint"].to_string()).collect::<Vec<_>>());
        }
        assert_eq!(fingerprints.len(), 1, "one log printed in four ways has the same findings");
    }
    for file in ["plain52.log", "plain32.log", "prefixed42.log", "prefixed41.log", "json52.log"] {
        let expected = every.iter().map(|(r, t, n)| (String::new(), (*r).to_owned(), (*t).to_owned(), *n));
        assert_eq!(found(&report(&format!("django-log/{file}")), None), expected.collect(), "{file}");
    }
}

#[test]
fn a_stack_gives_a_finding_its_line() {
    let views = fs::read_to_string(fixtures().join("make/forum/views.py")).unwrap();
    let template = fs::read_to_string(fixtures().join("make/forum/templates/topics.html")).unwrap();
    let mut placed = 0;
    for (file, expected) in [
        ("toolbar-store/toolbar8.json", &["forum.topics.count()", "topic.forum.name", "Topic.objects"][..]),
        ("toolbar-html/saved8.mhtml", &["topic.forum.name", "Forum.objects.get(", "Post.objects.filter("]),
        ("toolbar-html/toolbar52.json", &["topic.tags.all()"]),
    ] {
        let report = report(file);
        let mut lines = BTreeSet::new();
        for finding in report["findings"].as_array().unwrap() {
            let text = if finding["path"].as_str().unwrap().ends_with("/views.py") { &views } else { &template };
            let line = finding["line"].as_u64().unwrap() as usize;
            lines.insert(text.split('\n').nth(line - 1).unwrap().trim());
            assert!(finding["column"].is_null() && finding["source"] == "log");
            placed += 1;
        }
        for part in expected {
            assert!(lines.iter().any(|line| line.contains(part)), "{file}: {part} in {lines:?}");
        }
    }
    assert_eq!(placed, 8);
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_report_has_the_shape_that_scripts_rely_on() {
    let report = report("toolbar-store/toolbar8.json");
    let has = |value: &Value, wanted: &str| {
        let wanted: BTreeSet<&str> = wanted.split_whitespace().collect();
        assert!(keys(value).is_superset(&wanted), "{wanted:?} in {value}");
    };
    has(&report, "version findings functions queries requests endpoints plans inputs errors rules summary");
    let finding = &report["findings"][0];
    has(finding, "rule name family severity hint confidence source path line column end_line end_column message");
    has(finding, "introduced cost evidence rewrite advice fingerprint");
    has(&finding["cost"], "before after before_terms after_terms loops saved_ms");
    let seen = finding["evidence"].as_array().unwrap().iter().find(|e| e.get("sql").is_some()).unwrap();
    has(seen, "fingerprint sql count total_ms request");
    let query = &report["queries"][0];
    has(query, "fingerprint sql kind tables executions distinct_params total_ms mean_ms p95_ms max_ms requests");
    has(&report["requests"][0], "id name queries total_ms duplicates");
    has(&report["endpoints"][0], "name requests queries_p95 p95_ms p99_ms budget missed");
    has(&report["inputs"][0], "name format statements notes");
    has(&report["summary"], "blocker warning info files statements");
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["fingerprint"].as_str().unwrap().len() == 16));

    // The numbers agree with each other.
    let sum = |list: &str, key: &str| -> u64 {
        report[list].as_array().unwrap().iter().map(|entry| entry[key].as_u64().unwrap()).sum()
    };
    let statements = report["summary"]["statements"].as_u64().unwrap();
    assert_eq!(sum("queries", "executions"), statements);
    assert_eq!(sum("requests", "queries"), statements);
    assert_eq!(sum("inputs", "statements"), statements);
    assert_eq!(sum("endpoints", "requests"), report["requests"].as_array().unwrap().len() as u64);
    let codes: BTreeSet<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    let listed: BTreeSet<&str> =
        report["rules"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(codes, listed);
}

#[test]
fn every_format_can_be_printed() {
    for format in ["text", "json", "sarif", "rdjson", "markdown", "github", "suggestions", "html"] {
        for file in ["toolbar-store/toolbar8.json", "django-log/mixed.log"] {
            let ran = log(&format!("{file} --format {format} --fail-on never")).ends(0);
            // Comments are about rewrites, and reviewdog has no place for what has no file.
            let nothing = format == "suggestions" || (format == "rdjson" && file.ends_with(".log"));
            assert!(nothing || ran.out().contains("RT101"), "{format}: {}", ran.out());
        }
    }
}

#[test]
fn one_finding_is_told_for_all_requests() {
    let folder = Folder::new("log-merge");
    let store = fs::read_to_string(fixtures().join("toolbar-store/toolbar8.json")).unwrap();
    folder.file("a.json", &store).file("b.json", &store);
    let one = folder.run("log a.json --format json --fail-on never").json();
    let two = folder.run("log a.json b.json --format json --fail-on never").json();
    let list = |report: &Value, key: &str| -> Vec<String> {
        report["findings"].as_array().unwrap().iter().map(|finding| finding[key].to_string()).collect()
    };
    assert_eq!(list(&one, "fingerprint"), list(&two, "fingerprint"));
    assert!(list(&two, "message").iter().all(|message| message.ends_with("Seen in 2 requests.\"")), "{two}");
    let counts = |report: &Value| -> u64 { found(report, None).iter().map(|(_, _, _, count)| count).sum() };
    assert_eq!(counts(&two), 2 * counts(&one));
    let saved = |report: &Value| report["findings"][0]["cost"]["saved_ms"].as_f64().unwrap();
    assert!((saved(&two) - 2.0 * saved(&one)).abs() < 1e-9);
    let query = |report: &Value, key: &str| report["queries"][0][key].as_f64().unwrap();
    assert_eq!(query(&two, "executions"), 2.0 * query(&one, "executions"));
    assert_eq!(query(&two, "distinct_params"), query(&one, "distinct_params"));
    let ids: BTreeSet<String> = two["requests"].as_array().unwrap().iter().map(|r| r["id"].to_string()).collect();
    assert_eq!(ids.len(), 8, "each request has an id of its own");
}

#[test]
fn findings_decide_the_exit_status() {
    log("toolbar-store/toolbar8.json").ends(1);
    log("django-log/mixed.log").ends(0);
    log("django-log/mixed.log --fail-on warning").ends(1);
    log("django-log/mixed.log --fail-on warning --ignore RT101").ends(0);
    log("django-log/mixed.log --fail-on info --select duplicate-fetch").ends(1);
    // What is only possible fails nothing.
    let ran = log("connection-queries/mixed.json --select RT201 --fail-on info").ends(0);
    assert!(ran.out().contains("RT201"), "{}", ran.out());
}

#[test]
fn a_configuration_is_in_force_for_logs_too() {
    let folder = Folder::new("log-config");
    let store = fs::read(fixtures().join("toolbar-store/toolbar8.json")).unwrap();
    folder.file("a.json", store).file(
        "roundtrip.toml",
        "ignore = [\"RT201\"]\n[severity]\nRT102 = \"info\"\n[thresholds]\nn-plus-one = 4\n\
         [per-file-ignores]\n\"templates/*\" = [\"RT101\"]\n",
    );
    let report = folder.run("log a.json --format json").ends(0).json();
    let left: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(left, [("RT102", "info"), ("RT407", "info")]);
    folder.file("baseline.json", report.to_string());
    let ran = folder.run("log a.json --baseline baseline.json --fail-on info").ends(0);
    assert!(ran.out().contains("no findings"), "{}", ran.out());
}

#[test]
fn a_missed_budget_ends_with_1() {
    let folder = Folder::new("log-budget");
    folder.file("store.json", fs::read(fixtures().join("toolbar-store/toolbar8.json")).unwrap());
    folder.file("kept.toml", "[\"GET /**\"]\nqueries = 20\nduplicates = 10\np95-ms = 60000\n");
    folder.run("log store.json --budget kept.toml --fail-on never").ends(0);
    folder.file(
        "missed.toml",
        "[\"GET /template/\"]\nqueries = 7\np95-ms = 0.001\nduplicates = 0\n[\"GET /odd/\"]\nqueries = 20\n",
    );
    let ran = folder.run("log store.json --budget missed.toml --fail-on never --format json").ends(1);
    let endpoints = ran.json();
    let endpoint = |name: &str| {
        endpoints["endpoints"].as_array().unwrap().iter().find(|endpoint| endpoint["name"] == name).unwrap().clone()
    };
    let template = endpoint("GET /template/");
    assert_eq!(template["queries_p95"], 8);
    assert_eq!(template["missed"], serde_json::json!(["queries", "p95_ms", "duplicates"]));
    assert_eq!(endpoint("GET /odd/")["missed"], serde_json::json!([]));
    let told = endpoints["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "RT1304");
    let told: Vec<&str> = told.map(|finding| finding["message"].as_str().unwrap()).collect();
    let [one] = told[..] else { panic!("{told:?}") };
    assert!(one.starts_with("GET /template/ misses its budget: 8 statements, 7 allowed; p95 "), "{one}");
    assert!(folder.run("log store.json --budget missed.toml").out().contains("budget missed: 8 / 7 queries"));
    folder.file("typo.toml", "[\"GET /topic/\"]\nqueries = 1\n");
    let ran = folder.run("log store.json --budget typo.toml --fail-on never").ends(0);
    assert!(ran.out().contains("no request is held to the budget of \"GET /topic/\""), "{}", ran.out());
    folder.file("odd.toml", "[\"GET /\"]\nqueries = \"many\"\n");
    let ran = folder.run("log store.json --budget odd.toml").ends(2);
    assert!(ran.err().contains("odd.toml:2:"), "{}", ran.err());
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_reviewed() {
    let folder = Folder::new("log-errors");
    let page = fs::read(fixtures().join("toolbar-html/saved8-closed.html")).unwrap();
    folder
        .file("good.log", fs::read(fixtures().join("django-log/mixed.log")).unwrap())
        .file("closed.html", page)
        .file("views.py", "def index(request):\n    return None\n")
        .file("notes.txt", "three lines\nof prose\n")
        .file("broken.log", "DEBUG (0.001) SELECT 1\n")
        .file("folder/x", "");
    for (words, expected) in [
        ("nowhere.log", "nowhere.log: no such file"),
        ("folder", "folder: a folder; expected a file"),
        ("closed.html", "closed.html:1: "),
        ("views.py", "views.py: not a log: name ends in .py; code is for `roundtrip check`"),
        ("notes.txt", "notes.txt: text without a line of a known query log"),
        ("--as django-log notes.txt", "notes.txt:1: expected lines like (0.001) SELECT"),
        ("--as nonsense good.log", "no format is called \"nonsense\"; known: toolbar-store"),
        ("good.log --fix", "a log holds no code to rewrite"),
        ("good.log --code nowhere", "nowhere: no such file"),
        ("good.log --schema nowhere", "nowhere: no such file"),
        ("good.log --schema notes.txt", "notes.txt: expected CREATE TABLE or CREATE INDEX"),
        ("- -", "once only"),
    ] {
        let ran = folder.run(&format!("log {words}")).ends(2);
        assert!(ran.err().contains(expected), "{words}: {}", ran.err());
        let ran = folder.run(&format!("log {words} good.log --format json"));
        assert_eq!(ran.code(), 2, "2 wins over 1");
        if !ran.out().is_empty() {
            let report = ran.json();
            assert_eq!(report["summary"]["warning"], 1, "{words}");
            assert!(!report["errors"].as_array().unwrap().is_empty(), "{words}");
        }
    }
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let text = fs::read_to_string(fixtures().join("django-log/mixed.log")).unwrap();
    let folder = Folder::new("log-stdin");
    folder.file("mixed.log", &text);
    let named = folder.run("log mixed.log --format json").json();
    for words in ["log --format json", "log - --format json", "log - --as django-log --format json"] {
        let piped = folder.run_with(words, &text).ends(0).json();
        for key in ["findings", "queries", "requests", "endpoints", "summary"] {
            assert_eq!(piped[key], named[key], "{words}: {key}");
        }
        assert_eq!(piped["inputs"][0]["name"], "-");
    }
    let ran = folder.run_with("log", "").ends(2);
    assert!(ran.err().contains("the file is empty"), "{}", ran.err());
}

/// Requests of the development server: name, and how many forums each fetches one by one.
fn served(requests: &[(&str, usize)]) -> String {
    let line = |ms: u32, sql: &str, args: &str| format!("(0.{ms:03}) {sql}; args={args}; alias=default\n");
    let mut out = String::new();
    for (name, turns) in requests {
        out += &line(2, "SELECT \"topic\".\"id\", \"topic\".\"forum_id\" FROM \"topic\"", "()");
        for n in 0..*turns {
            let sql = format!("SELECT \"forum\".\"id\" FROM \"forum\" WHERE \"forum\".\"id\" = {n} LIMIT 21");
            out += &line(1, &sql, &format!("({n},)"));
        }
        out += &format!("[21/Nov/2026 02:16:53] \"{name} HTTP/1.1\" 200 534\n");
    }
    out
}

#[test]
fn two_captures_are_compared() {
    let folder = Folder::new("log-compare");
    folder.file("slow.log", served(&[("GET /a/", 9), ("GET /b/", 1), ("GET /gone/", 0)]));
    folder.file("fixed.log", served(&[("GET /a/", 0), ("GET /b/", 1)]));
    let report = folder.run("log fixed.log --compare slow.log --format json").ends(0).json();
    let compared = &report["comparison"];
    assert_eq!((compared["new"].as_u64(), compared["not_run"].as_u64()), (Some(0), Some(0)));
    let fixed: Vec<&Value> = compared["fixed"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(fixed, ["RT101"]);
    let endpoints: Vec<(&str, u64, u64)> = compared["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let count = |side: &str| change[side]["queries_p95"].as_u64().unwrap();
            (change["name"].as_str().unwrap(), count("before"), count("after"))
        })
        .collect();
    assert_eq!(endpoints, [("GET /a/", 10, 1), ("GET /b/", 2, 2)]);
    let query = &compared["queries"][0];
    assert_eq!((query["before"]["executions"].as_u64(), query["after"]["executions"].as_u64()), (Some(10), Some(1)));
    assert_eq!(compared["queries"].as_array().unwrap().len(), 1);

    // The other way round the loop came new, and the endpoint got worse by more than half.
    let report = folder.run("log slow.log --compare fixed.log --format json").ends(1).json();
    let told = |finding: &Value| (finding["rule"].as_str().unwrap().to_owned(), finding["introduced"].as_bool());
    let findings: Vec<_> = report["findings"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(findings, [("RT101".to_owned(), Some(true)), ("RT1304".to_owned(), Some(true))]);
    let message = report["findings"][1]["message"].as_str().unwrap();
    assert!(message.starts_with("GET /a/ got worse: 10 statements, 1 before"), "{message}");
    assert_eq!(report["comparison"]["endpoints"][0]["alerts"], serde_json::json!(["queries", "p95_ms"]));

    // What did not run again is not fixed.
    folder.file("other.log", served(&[("GET /b/", 1)]));
    let report = folder.run("log other.log --compare slow.log --format json").ends(0).json();
    let compared = &report["comparison"];
    assert_eq!((compared["fixed"].as_array().unwrap().len(), compared["not_run"].as_u64()), (0, Some(1)));
    let text = folder.run("log fixed.log --compare slow.log").ends(0);
    assert!(text.out().contains("compared with slow.log: 1 finding fixed, 0 findings new"), "{}", text.out());
    assert!(text.out().contains("    GET /a/: 10 → 1 queries, p95 "), "{}", text.out());
    folder.run("log fixed.log --compare nowhere.log").ends(2);
}

#[test]
fn a_known_schema_tells_what_index_is_missing() {
    let folder = Folder::new("log-schema");
    let line = |sql: &str| format!("(0.020) {sql}; args=(); alias=default\n");
    let by_title = "SELECT \"forum_topic\".\"id\" FROM \"forum_topic\" WHERE \"forum_topic\".\"title\" = 'a'";
    let newest = "SELECT \"forum_topic\".\"id\" FROM \"forum_topic\" ORDER BY \"forum_topic\".\"title\" DESC LIMIT 5";
    let by_key = "SELECT \"forum_topic\".\"id\" FROM \"forum_topic\" WHERE \"forum_topic\".\"forum_id\" = 5";
    let write = "INSERT INTO \"forum_topic\" (\"title\") VALUES ('b')";
    let elsewhere = "SELECT \"other\".\"id\" FROM \"other\" WHERE \"other\".\"name\" = 'a'";
    folder.file("run.log", [by_title, newest, by_key, write, elsewhere].map(line).concat());
    folder.file("models/forum/__init__.py", "").file("models/forum/models.py", crate::forum::MODELS);
    let ddl = "CREATE TABLE forum_topic (id bigint PRIMARY KEY, forum_id bigint, title varchar(200));\n\
               CREATE INDEX forum_topic_forum ON forum_topic (forum_id);\n";
    folder.file("schema.sql", ddl);
    let index = "CREATE INDEX t ON public.forum_topic USING btree (title)";
    folder.file("indexes.csv", format!("schemaname,indexdef\npublic,{index}\n"));
    let found = |words: &str| {
        let report = folder.run(&format!("log run.log {words} --select index --format json")).ends(0).json();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| (finding["rule"].to_string(), finding["advice"].to_string())).collect::<Vec<_>>()
    };
    assert_eq!(found(""), []);
    let [(rule, advice)] = &found("--schema schema.sql")[..] else { panic!("{:?}", found("--schema schema.sql")) };
    assert_eq!(rule, "\"RT401\"");
    assert_eq!(
        advice,
        "\"CREATE INDEX CONCURRENTLY ON forum_topic (title). One write in the same log would keep it up to date.\""
    );
    let [(_, advice)] = &found("--schema models")[..] else { panic!("{:?}", found("--schema models")) };
    assert!(advice.contains("models.Index(fields=[\\\"title\\\"]) in the Meta of forum.Topic"), "{advice}");
    assert_eq!(found("--schema schema.sql --schema indexes.csv"), []);
}
