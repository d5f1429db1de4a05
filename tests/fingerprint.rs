//! Which statements are of one class: a row for each thing that does not matter, and for each that does.

use proptest::prelude::*;
use roundtrip::sql::{Dialect, fingerprint, normalise};

/// What the pair shows, and the two statements.
type Pair = (&'static str, &'static str, &'static str);

const SAME: &[Pair] = &[
    ("literals", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 'x'"),
    ("negative numbers", "SELECT a FROM t WHERE b = -1", "SELECT a FROM t WHERE b = 7"),
    ("escapes", r"SELECT a FROM t WHERE b = E'it\'s'", "SELECT a FROM t WHERE b = $q$x'y$q$"),
    ("booleans", "SELECT a FROM t WHERE b = TRUE", "SELECT a FROM t WHERE b = false"),
    ("null as a value", "UPDATE t SET a = NULL WHERE b = 1", "UPDATE t SET a = 5 WHERE b = 1"),
    ("parameters", "SELECT a FROM t WHERE b = $1", "SELECT a FROM t WHERE b = %(b_1)s"),
    ("parameters", "SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = :b"),
    ("parameters", "SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE b = @p0"),
    ("casts", "SELECT a FROM t WHERE b = $1::VARCHAR", "SELECT a FROM t WHERE b = 'x'"),
    ("casts", "SELECT a FROM t WHERE b = CAST(1 AS bigint)", "SELECT a FROM t WHERE b = 2"),
    ("casts", "SELECT a FROM t WHERE b > '1'::timestamp with time zone", "SELECT a FROM t WHERE b > DATE '2024-01-01'"),
    ("length of IN", "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (1, 2, 3)"),
    ("OR chain", "SELECT a FROM t WHERE b = 1 OR b = 2", "SELECT a FROM t WHERE b IN (1, 2, 3)"),
    ("OR chain", "SELECT a FROM t WHERE (\"t\".\"b\" = 3 OR \"t\".\"b\" = 2)", "SELECT a FROM t WHERE t.b IN (1)"),
    ("OR chain", "SELECT a FROM t WHERE c = 1 AND (b = 1 OR b = 2)", "SELECT a FROM t WHERE b IN (1) AND c = 1"),
    ("ANY of an array", "SELECT a FROM t WHERE b = ANY(ARRAY[1, 2])", "SELECT a FROM t WHERE b IN (1)"),
    ("ANY of an array", "SELECT a FROM t WHERE b = ANY('{1,2}'::int[])", "SELECT a FROM t WHERE b IN (1)"),
    ("one-column rows", "SELECT a FROM t WHERE (\"b\") IN ((2), (3))", "SELECT a FROM t WHERE \"b\" IN (2)"),
    ("one-column rows", "SELECT a FROM t WHERE (t.b) IN ((2), (3))", "SELECT a FROM t WHERE t.b IN (2)"),
    ("rows of VALUES", "INSERT INTO t (a, b) VALUES (1, 2)", "INSERT INTO t (a, b) VALUES (1, 2), (3, NULL)"),
    (
        "arms of bulk_update",
        "UPDATE t SET a = CASE WHEN (t.id = 1) THEN 'x' ELSE NULL END WHERE id IN (1)",
        "UPDATE t SET a = CASE WHEN (t.id = 1) THEN 'x' WHEN (t.id = 2) THEN 'y' ELSE NULL END WHERE id IN (1, 2)",
    ),
    ("case of words", "SELECT A FROM T WHERE B = 1", "select a from t where b = 1"),
    ("needless quotes", "SELECT \"a\" FROM \"t\"", "SELECT a FROM t"),
    ("comments", "SELECT /* x */ a FROM t -- y", "SELECT a FROM t"),
    ("white space", "SELECT a\n\tFROM   t ;", "SELECT a FROM t"),
    ("LIMIT", "SELECT a FROM t LIMIT 10 OFFSET 20", "SELECT a FROM t LIMIT 21 OFFSET $1"),
    ("LIMIT", "SELECT a FROM t LIMIT 20, 10", "SELECT a FROM t LIMIT 10 OFFSET 20"),
    ("unequal", "SELECT a FROM t WHERE b <> 1", "SELECT a FROM t WHERE b != 1"),
    ("output aliases", "SELECT COUNT(*) AS \"__count\" FROM t", "SELECT COUNT(*) FROM t"),
    ("output aliases", "SELECT a + 1 x FROM t", "SELECT a + 1 AS y FROM t"),
    ("output aliases", "SELECT COUNT(*) AS n FROM t ORDER BY n DESC", "SELECT COUNT(*) AS m FROM t ORDER BY m DESC"),
    ("savepoints", "SAVEPOINT \"s140_x1\"", "SAVEPOINT s2"),
    ("savepoints", "RELEASE SAVEPOINT \"s140_x1\"", "RELEASE SAVEPOINT s2"),
    ("savepoints", "ROLLBACK TO SAVEPOINT \"s140_x1\"", "ROLLBACK TO SAVEPOINT s2"),
    (
        "cursors",
        "DECLARE \"_django_curs_1\" NO SCROLL CURSOR FOR SELECT a FROM t WHERE b = 1",
        "DECLARE \"_django_curs_2\" NO SCROLL CURSOR FOR SELECT a FROM t WHERE b = 2",
    ),
    ("cursors", "FETCH FORWARD 100 FROM c1", "FETCH FORWARD 2000 FROM c2"),
    ("cursors", "CLOSE c1", "CLOSE \"c2\""),
    ("SELECT list", "SELECT a, b, f(c, 1) FROM t", "SELECT f(c, 2), b, a FROM t"),
    ("operands of AND", "SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE c = 3 AND b = 4"),
    ("operands of AND", "SELECT a FROM t WHERE (b = 1 AND c = 2)", "SELECT a FROM t WHERE (c = 3) AND (b = 4)"),
    (
        "operands of AND",
        "SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND c = 2",
        "SELECT a FROM t WHERE c = 2 AND b BETWEEN 3 AND 4",
    ),
    (
        "operands of AND",
        "SELECT a FROM t JOIN u ON t.x = u.x AND u.y = 1",
        "SELECT a FROM t JOIN u ON u.y = 1 AND t.x = u.x",
    ),
    ("INNER", "SELECT a FROM t INNER JOIN u ON t.x = u.x", "SELECT a FROM t JOIN u ON t.x = u.x"),
    ("OUTER", "SELECT a FROM t LEFT OUTER JOIN u ON t.x = u.x", "SELECT a FROM t LEFT JOIN u ON t.x = u.x"),
    (
        "values that lost their quotes",
        "SELECT \"a\" FROM \"t\" WHERE \"s\" = draft AND \"d\" > 2024-01-31 10:00:00+00:00",
        "SELECT \"a\" FROM \"t\" WHERE \"s\" = 'x' AND \"d\" > '2024-01-31'",
    ),
    (
        "inside of a subquery",
        "SELECT a FROM t WHERE b IN (SELECT c, d FROM u WHERE e = 1 AND f = 2)",
        "SELECT a FROM t WHERE b IN (SELECT d, c FROM u WHERE f = 9 AND e = 8)",
    ),
    ("JSON operators", "SELECT a FROM t WHERE d ? 'x'", r"SELECT a FROM t WHERE d ? E'a\'b'"),
    ("slices", "SELECT a[1:3] FROM t", "SELECT a [ 1 : 3 ] FROM t"),
    ("settings", "SET search_path TO a, b", "SET search_path = 'c'"),
    ("settings", "SET SESSION TIME ZONE 'UTC'", "SET TIME ZONE 'Europe/Berlin'"),
    ("noise", "TRUNCATE TABLE t, u", "TRUNCATE t, u"),
    ("noise", "MOVE FORWARD 5 IN c1", "MOVE 7 c2"),
    ("noise", "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE t RENAME a TO b"),
];

const DIFFERENT: &[Pair] = &[
    ("an N+1 and its prefetch", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b IN (1)"),
    ("case of quoted names", "SELECT \"A\" FROM t", "SELECT \"a\" FROM t"),
    ("case of quoted names", "SELECT \"A\" FROM t", "SELECT A FROM t"),
    ("IS NULL", "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b = 1"),
    ("IS NULL", "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS NOT NULL"),
    ("IS TRUE", "SELECT a FROM t WHERE b IS TRUE", "SELECT a FROM t WHERE b IS FALSE"),
    ("OFFSET", "SELECT a FROM t LIMIT 10", "SELECT a FROM t LIMIT 10 OFFSET 20"),
    ("LIMIT", "SELECT a FROM t", "SELECT a FROM t LIMIT 10"),
    ("arguments", "SELECT f(a, b) FROM t", "SELECT f(b, a) FROM t"),
    ("operands of OR", "SELECT a FROM t WHERE b = 1 OR c = 2", "SELECT a FROM t WHERE c = 2 OR b = 1"),
    ("AND and OR", "SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE b = 1 OR c = 2"),
    (
        "brackets",
        "SELECT 1 FROM t WHERE (a = 1 OR b = 2) AND c = 3",
        "SELECT 1 FROM t WHERE a = 1 OR (b = 2 AND c = 3)",
    ),
    ("columns of an OR", "SELECT a FROM t WHERE b = 1 OR c = 2", "SELECT a FROM t WHERE b IN (1, 2)"),
    ("join order", "SELECT 1 FROM a JOIN b ON a.x = b.x", "SELECT 1 FROM b JOIN a ON a.x = b.x"),
    ("kinds of join", "SELECT 1 FROM a JOIN b ON a.x = b.x", "SELECT 1 FROM a LEFT JOIN b ON a.x = b.x"),
    ("schema", "SELECT a FROM s1.t", "SELECT a FROM s2.t"),
    ("schema", "SELECT a FROM s1.t", "SELECT a FROM t"),
    ("count", "SELECT count(*) FROM t", "SELECT count(1) FROM t"),
    ("NOT IN", "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b NOT IN (1)"),
    ("NOT", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE NOT (b = 1)"),
    ("DISTINCT", "SELECT a FROM t", "SELECT DISTINCT a FROM t"),
    ("DISTINCT ON", "SELECT DISTINCT ON (a) a, b FROM t", "SELECT DISTINCT ON (b) a, b FROM t"),
    ("FOR UPDATE", "SELECT a FROM t", "SELECT a FROM t FOR UPDATE"),
    ("columns", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1"),
    ("selected columns", "SELECT a FROM t", "SELECT b FROM t"),
    ("order", "SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    ("operators", "SELECT a FROM t WHERE b < 1", "SELECT a FROM t WHERE b > 1"),
    ("a column for a literal", "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = c"),
    ("subquery for a list", "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (SELECT c FROM u)"),
    ("tables", "DELETE FROM t WHERE id = 1", "DELETE FROM u WHERE id = 1"),
    ("savepoint commands", "SAVEPOINT a", "RELEASE SAVEPOINT a"),
    ("transactions", "ROLLBACK", "ROLLBACK TO SAVEPOINT a"),
    ("DEFAULT", "INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES (DEFAULT)"),
    (
        "IS DISTINCT FROM",
        "SELECT 1 FROM t WHERE a IS DISTINCT FROM 1",
        "SELECT 1 FROM t WHERE a IS NOT DISTINCT FROM 1",
    ),
    ("settings", "SET search_path TO a", "SET statement_timeout TO 5"),
    ("an output's name in WHERE is a column", "SELECT a AS b FROM t WHERE b = 1", "SELECT a AS c FROM t WHERE a = 1"),
];

#[test]
fn what_does_not_matter() {
    for (what, left, right) in SAME {
        let (a, b) = (fingerprint(left, Dialect::Postgres), fingerprint(right, Dialect::Postgres));
        assert_eq!(a, b, "{what}:\n  {left}\n  {right}");
    }
}

#[test]
fn what_does() {
    for (what, left, right) in DIFFERENT {
        let (a, b) = (fingerprint(left, Dialect::Postgres), fingerprint(right, Dialect::Postgres));
        assert_ne!(a, b, "{what}:\n  {left}\n  {right}");
    }
}

#[test]
fn a_double_quote_is_a_name_in_postgres_and_a_string_in_mysql() {
    let (name, literal) = ("SELECT a FROM t WHERE b = \"x\"", "SELECT a FROM t WHERE b = 'x'");
    assert_ne!(fingerprint(name, Dialect::Postgres), fingerprint(literal, Dialect::Postgres));
    assert_eq!(fingerprint(name, Dialect::MySql), fingerprint(literal, Dialect::MySql));
    assert_eq!(fingerprint("SELECT `a` FROM `t`", Dialect::MySql), fingerprint("SELECT a FROM t", Dialect::MySql));
}

/// Written down, so that a change of the hash (which baselines and other reports hold) is a decision.
#[test]
fn the_hash_does_not_change_between_builds() {
    let of = |sql| fingerprint(sql, Dialect::Postgres).to_string();
    assert_eq!(of("SELECT a FROM t WHERE b = 1"), "69bcf3d124eab50e");
}

#[test]
fn deep_and_long_statements_take_linear_time() {
    let deep = format!("SELECT {}1{}", "(".repeat(200_000), ")".repeat(200_000));
    let mixed = format!("SELECT {}1{}", "f(a = 1 OR (b AND ".repeat(20_000), "))".repeat(20_000));
    let long = format!("SELECT 1 FROM t WHERE {}a = 1", "a = 1 AND ".repeat(100_000));
    let cases = "CASE WHEN ".repeat(50_000);
    for sql in [deep, mixed, long, cases] {
        fingerprint(&sql, Dialect::Postgres);
        normalise(&sql, Dialect::Postgres);
    }
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::Generic])
}

/// Fragments that meet each other in ways no real statement has.
fn any_fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        ";",
        "a",
        "\"b\"",
        "'x'",
        "'",
        "\"",
        "`",
        "$1",
        "$t$",
        "?",
        "%s",
        "%(",
        ":x",
        "::",
        "CAST",
        "AS",
        "ARRAY",
        "IN",
        "NOT",
        "AND",
        "OR",
        "BETWEEN",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "VALUES",
        "LIMIT",
        "=",
        "ANY",
        "-",
        "1",
        "/*",
        "*/",
        "--",
        "\n",
        "é",
        "DISTINCT",
        "ON",
        "SAVEPOINT",
        "ROLLBACK",
        "TO",
        "FETCH",
        "INTERVAL",
        "NULL",
        "\\",
        "\u{a0}",
        "E'",
        "$",
    ]);
    prop::collection::vec((fragment, prop::bool::ANY), 0..40).prop_map(|parts| {
        parts.into_iter().map(|(text, space)| if space { format!("{text} ") } else { text.to_owned() }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(sql in any_fragments(), noise in ".{0,60}", dialect in any_dialect()) {
        for text in [&sql, &noise] {
            fingerprint(text, dialect);
            normalise(text, dialect);
        }
    }

    #[test]
    fn blind_to_white_space_comments_case_and_literals(
        pick in 0..SAME.len() + DIFFERENT.len(),
        gaps in prop::collection::vec(prop::sample::select(vec![" ", "\n\t", " /* ' */ ", " -- \"\n"]), 80),
        upper in prop::bool::ANY,
        number in 0u32..1_000_000,
    ) {
        let pair = if pick < SAME.len() { SAME[pick] } else { DIFFERENT[pick - SAME.len()] };
        for sql in [pair.1, pair.2] {
            let mut changed = String::new();
            let mut gap = gaps.iter().cycle();
            for token in roundtrip::sql::lexer::Lexer::new(sql, Dialect::Postgres) {
                use roundtrip::sql::lexer::TokenKind;
                match token.kind {
                    TokenKind::Number => changed.push_str(&number.to_string()),
                    TokenKind::Word if upper => changed.push_str(&token.text.to_uppercase()),
                    _ => changed.push_str(token.text),
                }
                // Strings and prefixes that stand together would be other tokens apart; no other pair does.
                changed.push_str(gap.next().copied().unwrap_or(" "));
            }
            prop_assert_eq!(
                fingerprint(sql, Dialect::Postgres), fingerprint(&changed, Dialect::Postgres), "{} / {}", sql, changed
            );
        }
    }

    #[test]
    fn normalised_text_is_of_the_same_class(pick in 0..SAME.len() + DIFFERENT.len()) {
        let pair = if pick < SAME.len() { SAME[pick] } else { DIFFERENT[pick - SAME.len()] };
        // An ellipsis is for readers.
        for sql in [pair.1, pair.2] {
            let text = normalise(sql, Dialect::Postgres);
            if !text.contains('…') {
                prop_assert_eq!(fingerprint(sql, Dialect::Postgres), fingerprint(&text, Dialect::Postgres), "{}", text);
            }
        }
    }
}
