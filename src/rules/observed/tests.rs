//! Requests as programs sent them, and what is (and is not) found in them.

use std::sync::Arc;

use super::*;
use crate::config::Config;
use crate::model::{Confidence, Letters, Severity};
use crate::project::Project;
use crate::rules::{Context, Draft, DraftEvidence};
use crate::sql::{Dialect, Statements, facts};
use crate::trace::{Event, Frame, Observed, Trace};

/// A request of these statements, a millisecond each; `rows:3 ` before one says how many rows it gave.
fn request(statements: &[&str]) -> Trace {
    let mut cache = Statements::new();
    let mut trace = Trace::log("1", "GET /forum/", true);
    for (ordinal, line) in statements.iter().enumerate() {
        let (rows, sql) = match line.strip_prefix("rows:").and_then(|rest| rest.split_once(' ')) {
            Some((rows, sql)) => (rows.parse().ok(), sql),
            None => (None, *line),
        };
        let (known, params) = cache.read(sql, None, Dialect::Postgres);
        let observed = Observed {
            ordinal: ordinal as u64,
            raw: Arc::from(sql),
            params,
            duration_us: Some(1000),
            rows,
            ..Observed::default()
        };
        trace.events.push(Event::observed(known.statement.clone(), observed));
    }
    trace
}

fn found(trace: &Trace) -> Vec<(&'static str, Draft)> {
    let (project, config) = (Project::default(), Config::default());
    let mut cx = Context { project: &project, config: &config, drafts: Vec::new() };
    look(RULES, trace, &mut cx);
    cx.drafts.into_iter().map(|draft| (draft.rule.code, draft)).collect()
}

fn codes(statements: &[&str]) -> Vec<&'static str> {
    found(&request(statements)).into_iter().map(|(code, _)| code).collect()
}

const TOPICS: &str =
    r#"SELECT "forum_topic"."id", "forum_topic"."forum_id", "forum_topic"."subject" FROM "forum_topic""#;

fn forum(id: u32) -> String {
    format!(
        r#"SELECT "forum_forum"."id", "forum_forum"."name" FROM "forum_forum" WHERE "forum_forum"."id" = {id} LIMIT 21"#
    )
}

fn posts(topic: u32) -> String {
    format!(
        r#"SELECT "forum_post"."id", "forum_post"."topic_id" FROM "forum_post" WHERE "forum_post"."topic_id" = {topic}"#
    )
}

fn with<'s>(head: &'s str, rest: &'s [String]) -> Vec<&'s str> {
    std::iter::once(head).chain(rest.iter().map(String::as_str)).collect()
}

#[test]
fn a_foreign_key_in_a_loop_with_its_cost_and_its_parent() {
    let children: Vec<String> = [1, 2, 3, 1].map(forum).into();
    let parent = format!("rows:4 {TOPICS}");
    let all = found(&request(&with(&parent, &children)));
    let [("RT101", draft)] = &all[..] else { panic!("{all:?}") };
    assert_eq!(
        draft.message,
        "`forum_forum` is fetched 4 times by id, which forum_topic.forum_id names (3 different keys), once for each \
         row of forum_topic."
    );
    assert_eq!(draft.confidence, Confidence::Certain);
    assert_eq!(draft.severity, Severity::Blocker);
    assert_eq!(draft.advice, "Load it with the rows of forum_topic: select_related(\"forum\").");
    let cost = draft.cost.as_ref().unwrap();
    let mut letters = Letters::default();
    assert_eq!((cost.before.render(&mut letters), cost.after.render(&mut letters)), ("1 + N".into(), "1".into()));
    assert_eq!(cost.saved_ms, Some(3.0));
    let counts: Vec<u64> = draft
        .evidence
        .iter()
        .filter_map(|e| match e {
            DraftEvidence::Statements { count, .. } => Some(*count),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [4, 1]);
}

#[test]
fn reverse_relations_and_join_tables() {
    let children: Vec<String> = [1, 2, 3].map(posts).into();
    let all = found(&request(&with(TOPICS, &children)));
    assert_eq!(all[0].0, "RT102");
    assert!(all[0].1.advice.contains("prefetch_related(\"post_set\")"), "{}", all[0].1.advice);
    let tags: Vec<String> = (1..4)
        .map(|n| {
            format!(
                r#"SELECT "forum_tag"."id" FROM "forum_tag" INNER JOIN "forum_topic_tags" ON ("forum_tag"."id" =
                   "forum_topic_tags"."tag_id") WHERE "forum_topic_tags"."topic_id" = {n}"#
            )
        })
        .collect();
    let all = found(&request(&with(TOPICS, &tags)));
    assert_eq!(all[0].0, "RT102");
    assert!(all[0].1.advice.contains("prefetch_related(\"tags\")"), "{}", all[0].1.advice);
    let counts: Vec<String> = (1..4)
        .map(|n| format!(r#"SELECT COUNT(*) AS "__count" FROM "forum_post" WHERE "forum_post"."topic_id" = {n}"#))
        .collect();
    let all = found(&request(&with(TOPICS, &counts)));
    assert_eq!(all.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["RT102"]);
    assert!(all[0].1.advice.contains("annotate"), "{}", all[0].1.advice);
}

#[test]
fn other_lookups_and_sqlalchemy() {
    let names: Vec<String> =
        ["a", "b", "c"].map(|n| format!("SELECT users.id, users.email FROM users WHERE users.email = '{n}'")).into();
    let all = found(&request(&with("SELECT rows.id, rows.email FROM rows", &names)));
    assert_eq!(all[0].0, "RT105");
    assert!(all[0].1.advice.contains("where(User.email.in_(…))"), "{}", all[0].1.advice);
    let lazy: Vec<String> =
        (1..4).map(|n| format!("SELECT users.id AS users_id FROM users WHERE users.id = {n}")).collect();
    let all = found(&request(&with("SELECT posts.id AS posts_id, posts.user_id AS posts_user_id FROM posts", &lazy)));
    assert_eq!(all[0].0, "RT101");
    assert!(all[0].1.advice.contains("joinedload(Post.user)"), "{}", all[0].1.advice);
}

#[test]
fn groups_may_interleave() {
    let turns: Vec<String> = (1..5).flat_map(|n| [forum(n), posts(n), posts(n + 10)]).collect();
    assert_eq!(codes(&with(TOPICS, &turns)), ["RT101", "RT102"]);
}

#[test]
fn one_statement_from_two_places_is_two_groups() {
    let mut trace = request(&with(TOPICS, &[1, 2, 3, 4].map(forum)));
    for (at, event) in trace.events.iter_mut().enumerate() {
        let crate::trace::EventKind::Query(query) = &mut event.kind else { continue };
        let line = if at % 2 == 0 { 10 } else { 20 };
        let own = Frame { path: "app/views.py".into(), line, function: "index".into() };
        let library =
            Frame { path: "/x/site-packages/django/db/models/query.py".into(), line: 1, function: "get".into() };
        query.observed.as_mut().unwrap().stack = vec![own, library];
    }
    // Two executions on each line: below the threshold.
    assert!(found(&trace).is_empty());
}

#[test]
fn counts_that_could_be_one() {
    let counts = [
        r#"SELECT COUNT(*) AS "__count" FROM "s" WHERE "s"."user_id" = 1"#,
        r#"SELECT COUNT(*) AS "__count" FROM "s" WHERE ("s"."user_id" = 1 AND "s"."status" = 'found')"#,
        r#"SELECT COUNT(*) AS "__count" FROM "s" WHERE ("s"."user_id" = 1 AND "s"."status" = 'open')"#,
        r#"SELECT COUNT(*) AS "__count" FROM "other""#,
    ];
    let all = found(&request(&counts));
    let [("RT201", draft)] = &all[..] else { panic!("{all:?}") };
    assert!(draft.message.starts_with("`s` is counted 3 times"), "{}", draft.message);
    assert_eq!(draft.cost.as_ref().unwrap().saved_ms, Some(2.0));
    // A write in between makes them numbers of different moments.
    let write = r#"INSERT INTO "s" ("user_id") VALUES (1)"#;
    assert_eq!(codes(&[counts[0], write, counts[1]]), [] as [&str; 0]);
}

#[test]
fn totals_of_one_row_after_the_other_are_a_loop_more_likely() {
    let confidence = |statements: &[&str]| {
        let all = found(&request(statements));
        let [("RT201", draft)] = &all[..] else { panic!("{all:?}") };
        assert_eq!(draft.advice.contains("Sum("), !draft.message.contains("counted"), "{draft:?}");
        draft.confidence
    };
    let sum = |ticket: u32, kind: &str| {
        format!(
            r#"SELECT SUM("s"."spent") AS "t" FROM "s" WHERE ("s"."ticket_id" = {ticket} AND "s"."kind" = '{kind}')"#
        )
    };
    assert_eq!(confidence(&[&sum(1, "a"), &sum(2, "a")]), Confidence::Possible);
    assert_eq!(confidence(&[&sum(1, "a"), &sum(1, "b")]), Confidence::Likely);
    let count = |ticket: u32| format!(r#"SELECT COUNT(*) AS "__count" FROM "s" WHERE "s"."ticket_id" = {ticket}"#);
    assert_eq!(confidence(&[&count(1), &count(2)]), Confidence::Possible);
}

#[test]
fn duplicates_until_a_write() {
    let one = forum(1);
    assert_eq!(codes(&[&one, &one]), ["RT304"]);
    assert_eq!(codes(&[&one, r#"UPDATE "forum_forum" SET "name" = 'x' WHERE "id" = 1"#, &one]), [] as [&str; 0]);
    let no_key = r#"SELECT "f"."id" FROM "f" WHERE "f"."id" IS NULL LIMIT 21"#;
    assert_eq!(codes(&[no_key, no_key]), [] as [&str; 0], "get(id=None)");
    let many = vec![one.as_str(); 20];
    assert_eq!(found(&request(&many))[0].1.severity, Severity::Warning);
}

#[test]
fn what_only_looks_like_it() {
    let batches: Vec<String> = (0..5)
        .map(|n| {
            format!(r#"SELECT "p"."id", "p"."topic_id" FROM "p" WHERE "p"."topic_id" IN ({n}, {}, {})"#, n + 10, n + 20)
        })
        .collect();
    assert_eq!(codes(&with(TOPICS, &batches)), [] as [&str; 0], "batches of a prefetch");
    let pages: Vec<String> = (0..5).map(|n| format!("{TOPICS} LIMIT 10 OFFSET {}", n * 10)).collect();
    assert_eq!(codes(&with(r#"SELECT "u"."id" FROM "u""#, &pages)), [] as [&str; 0], "pagination");
    let keyset: Vec<String> = (0..5).map(|n| format!(r#"{TOPICS} WHERE "forum_topic"."id" > {n} LIMIT 10"#)).collect();
    assert_eq!(codes(&with(r#"SELECT "u"."id" FROM "u""#, &keyset)), [] as [&str; 0], "keyset pagination");
    let lookups: Vec<String> = [1, 2, 3].map(forum).into();
    let alone: Vec<&str> = lookups.iter().map(String::as_str).collect();
    assert_eq!(codes(&alone), [] as [&str; 0], "nothing gave the keys");
    let user =
        r#"SELECT "auth_user"."id", "auth_user"."forum_id" FROM "auth_user" WHERE "auth_user"."id" = 7 LIMIT 21"#;
    assert_eq!(codes(&with(user, &lookups)), [] as [&str; 0], "one row has one key");
    let few = format!("rows:1 {TOPICS}");
    assert_eq!(codes(&with(&few, &lookups)), [] as [&str; 0], "the parent had too few rows");
    let after: Vec<&str> = alone.iter().copied().chain([TOPICS]).collect();
    assert_eq!(codes(&after), [] as [&str; 0], "the parent comes after");
    let two: Vec<String> = [1, 2].map(forum).into();
    assert_eq!(codes(&with(TOPICS, &two)), [] as [&str; 0], "below the threshold");
    let hidden = ["SELECT a.id, a.b_id FROM a"].into_iter().chain(["SELECT b.id FROM b WHERE b.id = %s"; 5]);
    assert_eq!(codes(&hidden.collect::<Vec<_>>()), [] as [&str; 0], "hidden parameters");
}

#[test]
fn a_limit_bounds_the_loop() {
    let children: Vec<String> = [1, 2, 3].map(forum).into();
    let sliced = format!("{TOPICS} LIMIT 3");
    let all = found(&request(&with(&sliced, &children)));
    assert_eq!((all[0].1.severity, all[0].1.confidence), (Severity::Warning, Confidence::Certain));
    assert!(facts(&sliced, Dialect::Postgres).limit);
}

#[test]
fn rows_that_are_too_many_skipped_or_shuffled() {
    let sorted = |rest: &str| format!(r#"{TOPICS} ORDER BY {rest}"#);
    assert_eq!(codes(&[&sorted("RANDOM() ASC LIMIT 3")]), ["RT705"]);
    assert_eq!(codes(&["SELECT t.id FROM t ORDER BY rand() LIMIT 1"]), ["RT705"]);
    assert_eq!(codes(&[&sorted(r#""forum_topic"."id" ASC LIMIT 20 OFFSET 5000"#)]), ["RT704"]);
    assert_eq!(codes(&[&sorted(r#""forum_topic"."id" ASC LIMIT 5000 OFFSET 20"#)]), [] as [&str; 0]);
    assert_eq!(codes(&[&format!("rows:4000 {TOPICS}")]), ["RT701"]);
    assert_eq!(codes(&[&format!("rows:4000 {TOPICS} LIMIT 4000"), &format!("rows:40 {TOPICS}")]), [] as [&str; 0]);
}

#[test]
fn an_update_can_be_lost() {
    let read = |id: u32| format!(r#"SELECT "t"."id", "t"."views" FROM "t" WHERE "t"."id" = {id} LIMIT 21"#);
    let write = |set: &str, id: u32| format!(r#"UPDATE "t" SET {set} WHERE "t"."id" = {id}"#);
    let all = found(&request(&[&read(5), &write(r#""views" = 8"#, 5)]));
    let [("RT502", draft)] = &all[..] else { panic!("{all:?}") };
    assert_eq!(draft.confidence, Confidence::Likely);
    assert!(draft.message.contains("views of it set to a number"), "{}", draft.message);
    // All columns are written back: they may be a form's.
    let whole = r#""title" = 'x', "views" = 8, "body" = 'y', "slug" = 'z'"#;
    assert_eq!(found(&request(&[&read(5), &write(whole, 5)]))[0].1.confidence, Confidence::Possible);
    let silent: [(&str, &str, String); 8] = [
        ("another row", &read(4), write(r#""views" = 8"#, 5)),
        ("the database adds", &read(5), write(r#""views" = "t"."views" + 1"#, 5)),
        ("no number", &read(5), write(r#""views" = 'many'"#, 5)),
        ("no count", &read(5), write(r#""title" = '8'"#, 5)),
        ("a foreign key", &read(5), write(r#""total_id" = 8"#, 5)),
        ("locked", &format!("{} FOR UPDATE", read(5)), write(r#""views" = 8"#, 5)),
        ("the old value is asked for", &read(5), format!("{} AND \"t\".\"views\" = 7", write(r#""views" = 8"#, 5))),
        ("written again", &write(r#""title" = 'x'"#, 5), write(r#""views" = 8"#, 5)),
    ];
    for (why, first, second) in &silent {
        assert_eq!(codes(&[first, second]), [] as [&str; 0], "{why}");
    }
    let mut whole_log = request(&[&read(5), &write(r#""views" = 8"#, 5)]);
    whole_log.origin = crate::trace::Origin::Log { request: "1".into(), name: "all".into(), bounded: false };
    assert!(found(&whole_log).is_empty());
}

#[test]
fn rows_that_are_written_one_by_one() {
    let create = |n: u32| format!(r#"INSERT INTO "forum_post" ("topic_id", "body") VALUES (7, 'body {n}')"#);
    let creates: Vec<String> = (1..6).map(create).collect();
    let texts = |list: &[String]| found(&request(&list.iter().map(String::as_str).collect::<Vec<_>>()));
    let all = texts(&creates);
    let [("RT601", draft)] = &all[..] else { panic!("{all:?}") };
    assert_eq!(draft.message, "`forum_post` gets 5 rows by 5 statements, one row each.");
    assert_eq!((draft.confidence, draft.severity), (Confidence::Likely, Severity::Info));
    assert_eq!(draft.cost.as_ref().unwrap().saved_ms, Some(4.0));
    let save = |n: u32, title: &str| format!(r#"UPDATE "t" SET "title" = '{title}' WHERE "t"."id" = {n}"#);
    let saves: Vec<String> = (1..5).map(|n| save(n, &format!("title {n}"))).collect();
    assert_eq!(texts(&saves)[0].0, "RT602");
    let same: Vec<String> = (1..5).map(|n| save(n, "closed")).collect();
    assert_eq!(texts(&same)[0].0, "RT603");
    let counted: Vec<String> =
        (1..5).map(|n| format!(r#"UPDATE "t" SET "n" = ("t"."n" + 1) WHERE "t"."id" = {n}"#)).collect();
    assert_eq!(texts(&counted)[0].0, "RT603");
    let of_topic: Vec<String> =
        (1..5).map(|n| format!(r#"UPDATE "p" SET "open" = false WHERE "p"."topic_id" = {n}"#)).collect();
    assert_eq!(texts(&of_topic)[0].0, "RT603");
    let deletes: Vec<String> = (1..5).map(|n| format!(r#"DELETE FROM "t" WHERE "t"."id" IN ({n})"#)).collect();
    assert_eq!(texts(&deletes)[0].0, "RT607");
    let links: Vec<String> = (1..5)
        .map(|n| format!(r#"INSERT INTO "t_tags" ("t_id", "tag_id") VALUES (3, {n}) ON CONFLICT DO NOTHING"#))
        .collect();
    let linked = texts(&links);
    assert_eq!((linked[0].0, linked[0].1.advice.as_str()), ("RT607", "Link them at once: add(*items)."));
    // Each turn asks first, which is the loop's own.
    let looked: Vec<String> = (1..5)
        .flat_map(|n| [format!(r#"SELECT "p"."id" FROM "p" WHERE "p"."slug" LIKE 's{n}%'"#), create(n)])
        .collect();
    assert_eq!(texts(&looked).iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["RT601"]);
}

#[test]
fn writes_that_are_on_their_own() {
    let create = |n: u32| format!(r#"INSERT INTO "audit" ("what", "n") VALUES ('x', {n})"#);
    let texts = |list: &[String]| codes(&list.iter().map(String::as_str).collect::<Vec<_>>());
    let none = [] as [&str; 0];
    let batch = |n: u32| format!(r#"INSERT INTO "p" ("a", "b") VALUES ({n}, 1), ({n}, 2), ({n}, 3)"#);
    assert_eq!(texts(&(1..6).map(batch).collect::<Vec<_>>()), none, "parts of a batch");
    let whole = |n: u32| {
        format!(
            r#"UPDATE "p" SET "a" = (CASE WHEN ("p"."id" = {n}) THEN 1 ELSE NULL END) WHERE "p"."id" IN ({n}, 9{n})"#
        )
    };
    assert_eq!(texts(&(1..6).map(whole).collect::<Vec<_>>()), none, "bulk_update in parts");
    let chunk = |n: u32| format!(r#"DELETE FROM "p" WHERE "p"."id" IN ({n}, 1{n}, 2{n})"#);
    assert_eq!(texts(&(1..6).map(chunk).collect::<Vec<_>>()), none, "deletion in parts");
    let others = ["INSERT INTO a (x) VALUES (1)", "INSERT INTO b (x) VALUES (1)", "UPDATE c SET x = 1 WHERE c.id = 1"];
    let mixed: Vec<String> =
        others.iter().enumerate().flat_map(|(n, other)| [(*other).to_owned(), create(n as u32)]).collect();
    assert_eq!(texts(&mixed), none, "what each of several steps notes down");
    let swap =
        |n: u32| format!(r#"UPDATE "job" SET "state" = 'run' WHERE ("job"."id" = {n} AND "job"."state" = 'new')"#);
    assert_eq!(texts(&(1..6).map(swap).collect::<Vec<_>>()), none, "only where the state is as it was");
    let group = |n: u32| format!(r#"UPDATE "p" SET "rank" = {n} WHERE "p"."kind" = 'k{n}'"#);
    assert_eq!(texts(&(1..6).map(group).collect::<Vec<_>>()), none, "a value for each group");
    assert_eq!(texts(&vec![create(1); 5]), none, "the same again");
    let again: Vec<String> = (1..6).map(|n| format!(r#"UPDATE "t" SET "n" = {n} WHERE "t"."id" = 1"#)).collect();
    assert_eq!(texts(&again), none, "one row again and again");
    assert_eq!(texts(&(1..3).map(create).collect::<Vec<_>>()), none, "below the threshold");
    let copy = |n: u32| format!(r#"INSERT INTO "p" ("a") SELECT "q"."a" FROM "q" WHERE "q"."id" = {n}"#);
    assert_eq!(texts(&(1..6).map(copy).collect::<Vec<_>>()), none, "rows of another table");
    let session = |n: u32| format!(r#"UPDATE "django_session" SET "data" = '{n}' WHERE "django_session"."id" = {n}"#);
    assert_eq!(texts(&(1..6).map(session).collect::<Vec<_>>()), none, "the framework's own");
    let creates: Vec<String> = (1..6).map(create).collect();
    let mut apart = request(&creates.iter().map(String::as_str).collect::<Vec<_>>());
    let mut several = apart.clone();
    for (at, (one, other)) in apart.events.iter_mut().zip(&mut several.events).enumerate() {
        for (event, way) in [(one, true), (other, false)] {
            let crate::trace::EventKind::Query(query) = &mut event.kind else { continue };
            let observed = query.observed.as_mut().unwrap();
            match way {
                true => observed.boundaries = at as u32,
                false => observed.repeat = 20,
            }
        }
    }
    assert!(found(&apart).is_empty(), "each in a transaction of its own");
    assert!(found(&several).is_empty(), "calls with several sets of values");
    // Nobody knows whose they are: together they are a loop, one here and one there are not.
    let unbounded = |list: &[String]| {
        let mut trace = request(&list.iter().map(String::as_str).collect::<Vec<_>>());
        trace.origin = crate::trace::Origin::Log { request: "1".into(), name: "all".into(), bounded: false };
        found(&trace).len()
    };
    assert_eq!(unbounded(&creates), 1);
    let scattered: Vec<String> = creates.iter().flat_map(|create| [forum(1), create.clone()]).collect();
    assert_eq!(unbounded(&scattered), 0);
}

#[test]
fn searches_that_no_index_serves() {
    let users = r#"SELECT "u"."id" FROM "u" WHERE "#;
    for (condition, why) in [
        (r#"UPPER("u"."name"::text) LIKE UPPER('%ann%')"#, "for a part of name"),
        (r#""u"."name" LIKE '%ann' ESCAPE '\'"#, "for a part of name"),
        (r#"UPPER("u"."email"::text) = UPPER('a@b.c')"#, "by upper() of email"),
        (r#"("u"."joined" AT TIME ZONE 'UTC')::date = '2026-01-01'"#, "by date() of joined"),
        (r#"EXTRACT(MONTH FROM "u"."born") = 5"#, "by month() of born"),
    ] {
        let all = found(&request(&[&format!("{users}{condition}")]));
        let [("RT407", draft)] = &all[..] else { panic!("{condition}: {all:?}") };
        assert!(draft.message.contains(why), "{}", draft.message);
    }
    for condition in [
        r#""u"."name"::text LIKE 'ann%'"#,
        r#""u"."name" LIKE '%'"#,
        r#"("u"."team_id" = 3 AND UPPER("u"."name"::text) LIKE UPPER('%ann%'))"#,
        r#""u"."name" LIKE %s"#,
        r#""u"."id"::text = '5'"#,
        r#""u"."joined" >= '2026-01-01'"#,
    ] {
        assert_eq!(codes(&[&format!("{users}{condition}")]), [] as [&str; 0], "{condition}");
    }
    let joined = |condition: &str| {
        let team = r#"SELECT "u"."id" FROM "u" INNER JOIN "team" ON ("u"."team_id" = "team"."id") WHERE"#;
        codes(&[&format!(r#"{team} {condition} AND "u"."name" LIKE '%ann%'"#)])
    };
    assert_eq!(joined(r#""team"."token" = 'x3'"#), [] as [&str; 0], "those of one team");
    assert_eq!(joined(r#""team"."is_open" = 1"#), ["RT407"], "half of all teams");
    let having = r#"SELECT "u"."team", COUNT("u"."id") FROM "u" GROUP BY "u"."team" HAVING COUNT("u"."id") > 3"#;
    assert_eq!(codes(&[having]), [] as [&str; 0]);
}

#[test]
fn many_rows_of_many_columns_are_a_hint() {
    let columns: Vec<String> = (0..24).map(|n| format!(r#""t"."c{n}""#)).collect();
    let wide = format!(r#"SELECT {} FROM "t" WHERE "t"."kind" = 'x'"#, columns.join(", "));
    let all = found(&request(&[&format!("rows:400 {wide}")]));
    let [("RT303", draft)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((draft.hint, draft.message.as_str()), (Some(true), "`t` gives 400 rows of 24 columns each."));
    assert_eq!(codes(&[&format!("rows:40 {wide}"), &format!("rows:400 {TOPICS}")]), [] as [&str; 0]);
}

#[test]
fn a_test_is_no_request() {
    let at = |path: &str, line| Frame { path: path.into(), line, function: "f".into() };
    let sent = |lines: &[&str], stack: &dyn Fn(u32) -> Vec<Frame>| {
        let mut trace = request(lines);
        for (turn, event) in trace.events.iter_mut().enumerate() {
            let crate::trace::EventKind::Query(query) = &mut event.kind else { continue };
            query.observed.as_mut().unwrap().stack = stack(turn as u32);
        }
        found(&trace).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    let one = forum(1);
    let line = |_| vec![at("app/tests/test_views.py", 3), at("app/views.py", 9)];
    assert_eq!(sent(&[one.as_str(); 3], &line), ["RT304"], "one call of it");
    let lines = |turn| vec![at("app/tests/test_views.py", turn), at("app/views.py", 9)];
    assert_eq!(sent(&[one.as_str(); 3], &lines), [] as [&str; 0], "a call from each line");
    let itself = |_| vec![at("app/views.py", 9), at("app/tests/test_views.py", 3)];
    assert_eq!(sent(&[one.as_str(); 3], &itself), [] as [&str; 0], "the test itself");
    assert!(!at("/srv/tests/forum/views.py", 1).is_test() && at("/srv/forum/tests/helpers.py", 1).is_test());
}

/// Path, line and function.
type Line<'l> = (&'l str, u32, &'l str);

/// The statements with their stacks, outermost line first.
fn from_lines(statements: &[(&str, &[Line<'_>])]) -> Trace {
    let lines: Vec<&str> = statements.iter().map(|(sql, _)| *sql).collect();
    let mut trace = request(&lines);
    for (event, (_, stack)) in trace.events.iter_mut().zip(statements) {
        let crate::trace::EventKind::Query(query) = &mut event.kind else { continue };
        let frame = |(path, line, function): &Line<'_>| Frame {
            path: (*path).into(),
            line: *line,
            function: (*function).into(),
        };
        query.observed.as_mut().unwrap().stack = stack.iter().map(frame).collect();
    }
    trace
}

const VIEW: Line<'_> = ("app/views.py", 9, "show");
const HELPER: Line<'_> = ("app/user.py", 24, "queues");
const QUEUES: &str = r#"SELECT "q"."id", "q"."title" FROM "q" WHERE "q"."public""#;

#[test]
fn a_repeated_read_names_all_of_its_ways() {
    let (one, other) = (("app/views.py", 20, "form"), ("app/views.py", 31, "context"));
    let choices = r#"SELECT "c"."id" FROM "c""#;
    let way = |call| [VIEW, call, HELPER];
    let all =
        found(&from_lines(&[(QUEUES, &way(one)), (choices, &way(one)), (QUEUES, &way(other)), (choices, &way(other))]));
    let [("RT304", draft)] = &all[..] else { panic!("{all:?}") };
    assert_eq!(
        draft.message,
        "The same rows of `q` and of `c` are read once more with equal values in one request by views.py:20 and \
         views.py:31."
    );
    assert_eq!(draft.confidence, Confidence::Certain);
    let lines: Vec<u32> = draft
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            DraftEvidence::Frame { frame, .. } => Some(frame.line),
            _ => None,
        })
        .collect();
    assert_eq!(lines, [24, 20, 31]);
    // Two lines that read for themselves have a cause each.
    let apart = found(&from_lines(&[
        (QUEUES, &[VIEW, one]),
        (choices, &[VIEW, one]),
        (QUEUES, &[VIEW, other]),
        (choices, &[VIEW, other]),
    ]));
    assert_eq!(apart.len(), 2);
}

#[test]
fn a_read_is_no_repeat_worth_mending_where_its_ways_lie_far_apart_or_it_is_to_write() {
    let confidence = |trace: &Trace| {
        let all = found(trace);
        let [("RT304", draft)] = &all[..] else { panic!("{all:?}") };
        draft.confidence
    };
    let deep: Vec<Line<'_>> = (0..6).map(|line| ("app/perms.py", line, "step")).collect();
    let far: Vec<Line<'_>> = [VIEW].into_iter().chain(deep).chain([HELPER]).collect();
    assert_eq!(confidence(&from_lines(&[(QUEUES, &[VIEW, HELPER]), (QUEUES, &far)])), Confidence::Possible);
    let (healthy, authorize) = (("app/models.py", 3, "is_healthy"), ("app/models.py", 9, "authorize"));
    let save = (r#"UPDATE "q" SET "title" = 'x' WHERE "q"."id" = 1"#, &[VIEW, authorize][..]);
    let reads = [(QUEUES, &[VIEW, healthy][..]), (QUEUES, &[VIEW, authorize][..])];
    assert_eq!(confidence(&from_lines(&[reads[0], reads[1], save])), Confidence::Possible);
    assert_eq!(
        confidence(&from_lines(&reads)),
        Confidence::Possible,
        "one function would have to hand it to the other"
    );
    let again = [reads[0], reads[1], reads[0]];
    assert_eq!(confidence(&from_lines(&again)), Confidence::Certain, "more than once");
    let template = ("app/templates/show.html", 3, "<template>");
    let shown = [reads[0], (QUEUES, &[VIEW, template][..])];
    assert_eq!(confidence(&from_lines(&shown)), Confidence::Certain, "the view hands it to its template");
    let mut closing = from_lines(&shown);
    closing.origin =
        crate::trace::Origin::Log { request: "1".into(), name: "POST /accounts/close/".into(), bounded: true };
    assert_eq!(confidence(&closing), Confidence::Possible, "once for an account");
}

#[test]
fn rows_of_a_third_table_are_no_parent_by_their_number() {
    let (by_view, by_page) = ([VIEW], [VIEW, ("ticket.html", 140, "<template>")]);
    let change = |n: u32| {
        format!(
            r#"SELECT "h_change"."id", "h_change"."followup_id" FROM "h_change" WHERE "h_change"."followup_id" = {n}"#
        )
    };
    let changes: Vec<String> = (1..4).map(change).collect();
    let followups = r#"rows:5 SELECT "h_followup"."id", "h_followup"."ticket_id" FROM "h_followup""#;
    let files = r#"rows:3 SELECT "h_file"."id", "h_file"."followup_id" FROM "h_file""#;
    let sent = |heads: &[&str]| {
        let heads = heads.iter().map(|head| (*head, &by_view[..]));
        let all: Vec<_> = heads.chain(changes.iter().map(|change| (change.as_str(), &by_page[..]))).collect();
        found(&from_lines(&all)).into_iter().find(|(code, _)| *code == "RT102").unwrap().1
    };
    let own = sent(&[followups, files]);
    assert!(own.message.ends_with("once for each row of h_followup."), "{}", own.message);
    assert!(own.advice.contains("prefetch_related(\"change_set\")"), "{}", own.advice);
    let third = sent(&[files]);
    assert!(third.advice.contains("prefetch_related(\"followup__change_set\")"), "{}", third.advice);
}

#[test]
fn a_read_of_each_mail_is_small_beside_the_mail() {
    let (send, cc) = (("app/models.py", 90, "Ticket.send"), r#"SELECT "c"."id" FROM "c" WHERE "c"."ticket_id" = 7"#);
    let (owner, queue) = (("app/update.py", 20, "notify"), ("app/update.py", 31, "notify"));
    let confidence = |sent| {
        let all = found(&from_lines(&[(cc, &[VIEW, owner, sent]), (cc, &[VIEW, queue, sent])]));
        let [("RT304", draft)] = &all[..] else { panic!("{all:?}") };
        draft.confidence
    };
    assert_eq!(confidence(send), Confidence::Possible);
    assert_eq!(confidence(("app/models.py", 90, "Ticket.copies")), Confidence::Certain);
}

#[test]
fn nobody_waits_for_commands_and_what_an_app_sets_up() {
    let confidence = |path| {
        let start = (path, 3, "handle");
        let all = found(&from_lines(&[(QUEUES, &[start, VIEW, HELPER]), (QUEUES, &[start, VIEW, HELPER])]));
        let [("RT304", draft)] = &all[..] else { panic!("{all:?}") };
        draft.confidence
    };
    assert_eq!(confidence("shop/management/commands/fake.py"), Confidence::Possible);
    assert_eq!(confidence("shop/apps.py"), Confidence::Possible);
    assert_eq!(confidence("shop/commands.py"), Confidence::Certain);
}

#[test]
fn advice_is_of_the_place_and_the_orm() {
    let advice = |statements: &[(&str, &[Line<'_>])]| {
        let all = found(&from_lines(statements));
        let [("RT304", draft)] = &all[..] else { panic!("{all:?}") };
        draft.advice.clone()
    };
    let page = |line| ("app/templates/ticket.html", line, "<template>");
    let files = r#"SELECT "h_file"."id" FROM "h_file" WHERE "h_file"."followup_id" = 3"#;
    let shown = advice(&[(files, &[VIEW, page(150)]), (files, &[VIEW, page(153)])]);
    assert!(shown.contains("prefetch_related()") && shown.contains("{% with %}"), "{shown}");
    let public = format!(r#"{files} AND "h_file"."public" = 1"#);
    let filtered = advice(&[(&public, &[VIEW, page(150)]), (&public, &[VIEW, page(153)])]);
    assert!(!filtered.contains("prefetch_related"), "a filter is served by no prefetch: {filtered}");
    let queue = r#"SELECT "h_queue"."id" FROM "h_queue" WHERE "h_queue"."id" = 4 LIMIT 21"#;
    let tickets = r#"SELECT "h_ticket"."id", "h_ticket"."queue_id" FROM "h_ticket""#;
    let context = ("app/lib.py", 8, "context");
    let row =
        advice(&[(tickets, &[VIEW]), (queue, &[VIEW, context]), (queue, &[("app/views.py", 30, "show"), context])]);
    assert!(row.contains("select_related(\"queue\") where h_ticket is read"), "{row}");
    assert!(!row.contains("joinedload"), "{row}");
    let plain = "SELECT q.id FROM q WHERE q.id = 4 LIMIT 21";
    let alchemy = advice(&[(plain, &[VIEW, context]), (plain, &[("app/views.py", 30, "show"), context])]);
    assert!(alchemy.contains("joinedload()"), "{alchemy}");
    let object = ("app/views.py", 40, "TicketView.get_object");
    let again = advice(&[(queue, &[VIEW, object]), (queue, &[VIEW, ("app/views.py", 50, "TicketView.show"), object])]);
    assert!(again.contains("self.object"), "{again}");
    let turns = advice(&[(QUEUES, &[VIEW, HELPER]), (QUEUES, &[VIEW, HELPER]), (QUEUES, &[VIEW, HELPER])]);
    assert!(turns.contains("before the loop"), "{turns}");
}

#[test]
fn rows_that_come_with_another_are_asked_for_by_somebody_else() {
    let children: Vec<String> = [1, 2, 3].map(forum).into();
    let joined = r#"SELECT "forum_topic"."id", "forum_topic"."forum_id", "forum_forum"."name" FROM "forum_topic"
                    INNER JOIN "forum_forum" ON ("forum_topic"."forum_id" = "forum_forum"."id")"#;
    let confidence = |parent: &str| found(&request(&with(parent, &children)))[0].1.confidence;
    assert_eq!(confidence(joined), Confidence::Possible);
    assert_eq!(confidence(TOPICS), Confidence::Likely);
}
