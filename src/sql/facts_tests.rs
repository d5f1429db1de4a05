//! Facts of statements as ORMs and people send them, by the parser and by the tokens alone.

use super::facts_of_tokens::facts_of_tokens;
use super::tokens::Tokens;
use super::*;
use crate::model::Kind;
use crate::trace::{Facts, Operator};

fn read(sql: &str) -> Facts {
    let facts = facts(sql, Dialect::Postgres);
    assert!(facts.parsed, "{sql}");
    facts
}

/// `table.column operator function` of each condition that holds for every row.
fn conditions(facts: &Facts) -> Vec<String> {
    let text = |c: &crate::trace::Comparison| {
        let function = c.function.as_ref().map(|f| format!(" {f}")).unwrap_or_default();
        format!("{}.{} {:?}{function}", c.column.table, c.column.name, c.operator)
    };
    facts.compared.iter().map(text).collect()
}

#[test]
fn a_lookup_by_key() {
    let facts = read(r#"SELECT "f"."id", "f"."name" FROM "forum_forum" "f" WHERE "f"."id" = %s LIMIT 21"#);
    assert_eq!((facts.kind, facts.selected, facts.limit, facts.offset), (Kind::Select, Some(2), true, false));
    assert_eq!(facts.tables, ["forum_forum"]);
    assert_eq!(conditions(&facts), ["forum_forum.id Equal"]);
}

#[test]
fn kinds_of_select() {
    for (sql, kind) in [
        (r#"SELECT COUNT(*) AS "__count" FROM "t""#, Kind::Count),
        (r#"SELECT COUNT(*) FILTER (WHERE a = 1) AS x, COUNT("t"."id") AS y FROM "t""#, Kind::Count),
        (r#"SELECT 1 AS "a" FROM "t" WHERE "t"."x" = %s LIMIT 1"#, Kind::Exists),
        ("SELECT EXISTS(SELECT 1 FROM t)", Kind::Exists),
        (r#"SELECT SUM("t"."n") AS "n__sum", COUNT(*) AS c FROM "t""#, Kind::Aggregate),
        ("SELECT COALESCE(SUM(t.n), 0) FROM t", Kind::Aggregate),
        ("SELECT a, COUNT(*) FROM t GROUP BY a", Kind::Select),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT a FROM t) subquery", Kind::Count),
        ("SELECT 1", Kind::Select),
        ("DECLARE \"c\" NO SCROLL CURSOR WITH HOLD FOR SELECT a FROM t WHERE b = 1", Kind::Select),
        ("INSERT INTO t (a) VALUES (1), (2) RETURNING t.id", Kind::Insert),
        ("UPDATE t SET a = a + 1, b = 'x' WHERE id = 1", Kind::Update),
        ("DELETE FROM t WHERE id IN (1, 2)", Kind::Delete),
    ] {
        assert_eq!(read(sql).kind, kind, "{sql}");
    }
    assert_eq!(facts("SAVEPOINT x", Dialect::Postgres).kind, Kind::Other);
}

#[test]
fn conditions_and_what_is_around_their_columns() {
    let facts = read(
        r#"SELECT DISTINCT t.* FROM t INNER JOIN u ON (t.u_id = u.id) WHERE (UPPER(t.a::text) LIKE UPPER('%x%')
           AND t.b LIKE 'x%' AND t.c BETWEEN 1 AND 2 AND t.d IS NULL AND NOT t.e AND t.f = ANY($1)
           AND (u.g = 1 OR u.h = 2)) ORDER BY t.a DESC, RANDOM() LIMIT 5 OFFSET 5 FOR UPDATE"#,
    );
    assert_eq!(
        conditions(&facts),
        ["t.a Contains upper", "t.b Prefix", "t.c Range", "t.d IsNull", "t.e Equal", "t.f In"]
    );
    assert_eq!(facts.alternatives.len(), 2);
    assert_eq!(facts.tables, ["t", "u"]);
    assert_eq!(facts.joined_on.len(), 1);
    assert!(facts.distinct && facts.limit && facts.offset && facts.locked && !facts.compound);
    assert_eq!(facts.selected, None);
    assert!(facts.ordered[0].descending);
    assert_eq!(facts.ordered[1].function.as_deref(), Some("random"));
}

#[test]
fn what_is_written() {
    let facts = read("UPDATE t SET a = a + 1, b = %s, c = CASE WHEN (t.id = 1) THEN 'x' ELSE NULL END WHERE t.id = %s");
    let written: Vec<(&str, bool)> = facts.written.iter().map(|(name, literal)| (name.as_str(), *literal)).collect();
    assert_eq!(written, [("a", false), ("b", true), ("c", false)]);
    let facts = read("INSERT INTO t (a, b) VALUES (%s, NOW()), (%s, NOW())");
    assert_eq!(facts.written, [("a".into(), true), ("b".into(), false)]);
}

#[test]
fn long_and_broken_statements_are_read_by_their_tokens() {
    let chain = format!("SELECT a FROM t WHERE b = 1 {}", "AND b = 1 ".repeat(5_000));
    let cut = r#"SELECT "t"."a", COUNT("u"."x" FROM "t" WHERE "t"."b" = 1"#;
    for sql in [chain.as_str(), cut] {
        let facts = facts(sql, Dialect::Postgres);
        assert!(!facts.parsed);
        assert_eq!(facts.kind, Kind::Select, "{facts:?}");
    }
    let list = format!("SELECT a FROM t WHERE b IN (1{})", ", 2".repeat(100_000));
    assert!(facts(&list, Dialect::Postgres).parsed);
}

#[test]
fn the_tokens_say_what_the_parser_says() {
    for sql in [
        r#"SELECT "f"."id" FROM "forum_forum" "f" WHERE "f"."id" = %s LIMIT 21"#,
        r#"SELECT "p"."id" FROM "p" WHERE ("p"."topic_id" = 3 AND "p"."n" IN (1, 2)) ORDER BY "p"."id" LIMIT 1 OFFSET 2"#,
        r#"DELETE FROM "p" WHERE "p"."id" = 1"#,
        r#"UPDATE "p" SET "a" = 1 WHERE "p"."id" = 1"#,
    ] {
        let (full, rough) = (read(sql), facts_of_tokens(&Tokens::new(sql, Dialect::Postgres)));
        assert_eq!(
            (full.kind, &full.tables, full.limit, full.offset),
            (rough.kind, &rough.tables, rough.limit, rough.offset)
        );
        assert_eq!(full.compared, rough.compared, "{sql}");
    }
}

#[test]
fn housekeeping() {
    for sql in ["BEGIN", "SAVEPOINT \"s1\"", "start transaction", "ROLLBACK TO SAVEPOINT x", "COMMIT;"] {
        assert!(is_transaction_control(sql), "{sql}");
    }
    assert!(!is_transaction_control("SELECT 1"));
    let boundaries = [
        "BEGIN",
        "start transaction",
        "COMMIT;",
        "ROLLBACK",
        "END",
        "ROLLBACK TO SAVEPOINT a",
        "ROLLBACK WORK TO a",
        "SAVEPOINT a",
        "SELECT 1",
        "START SLAVE",
        "",
    ];
    let (open, shut) = (Some(true), Some(false));
    let expected = [open, open, shut, shut, shut, None, None, None, None, None, None];
    assert_eq!(boundaries.map(transaction_boundary), expected);
    for sql in ["SET TIME ZONE 'UTC'", "SELECT @@SQL_AUTO_IS_NULL", "SELECT version()", "PRAGMA foreign_keys = ON"] {
        assert!(is_connection_setup(sql), "{sql}");
    }
    let noise = facts(r#"INSERT INTO "silk_request" ("id") VALUES (1)"#, Dialect::Sqlite);
    assert!(is_tool_noise(&noise));
    assert_eq!(Operator::Equal, facts("SELECT 1 FROM t WHERE \"s\" = draft", Dialect::Postgres).compared[0].operator);
}
