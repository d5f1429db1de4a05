//! One table in every style.

use super::*;

fn read(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let mut reader = Reader::new("query");
    let mut out: Vec<Row> = text
        .trim_end_matches('\n')
        .split('\n')
        .zip(1..)
        .filter_map(|(line, number)| reader.line(line.trim_end_matches('\r'), number))
        .collect();
    out.extend(reader.end());
    out.into_iter().map(|row| (row.names, row.cells)).collect()
}

#[test]
fn a_table_in_every_style() {
    let expected = vec![
        (vec!["calls".to_owned(), "query".to_owned()], vec!["12".to_owned(), "SELECT a\n  FROM b".to_owned()]),
        (vec!["calls".to_owned(), "query".to_owned()], vec!["3".to_owned(), "x | y, \"z\" +".to_owned()]),
    ];
    for text in [
        "calls,query\n12,\"SELECT a\n  FROM b\"\n3,\"x | y, \"\"z\"\" +\"\n",
        "calls\tquery\r\n12\t\"SELECT a\n  FROM b\"\n3\tx | y, \"z\" +",
        "calls|query\n12|SELECT a\n  FROM b\n3|x | y, \"z\" +\n(2 rows)\n",
        " calls |    query     \n-------+--------------\n    12 | SELECT a    +\n       |   FROM b\n     3 | x | y, \"z\" +\n(2 rows)\n",
        "calls    query\n----- ------------\n   12 SELECT a    +\n        FROM b\n    3 x | y, \"z\" +\n(2 rows)\n",
        "-[ RECORD 1 ]-------\ncalls | 12\nquery | SELECT a   +\n      |   FROM b\n-[ RECORD 2 ]-------\ncalls | 3\nquery | x | y, \"z\" +\n",
    ] {
        let found: Vec<_> = read(text)
            .into_iter()
            .map(|(names, cells)| (names, cells.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn wide_characters_move_the_bars_of_a_terminal() {
    // psql counts columns of the screen: each of these takes two.
    let text = " calls | query  \n-------+--------\n     1 | 日本   \n     2 | 日    +\n       | b\n";
    let cells: Vec<String> = read(text).into_iter().map(|(_, cells)| cells[1].clone()).collect();
    assert_eq!(cells, ["日本", "日\nb"]);
    let moved = " query  | calls \n--------+-------\n 日本   |     1\n";
    assert_eq!(read(moved)[0].1.iter().map(|cell| cell.trim()).collect::<Vec<_>>(), ["日本", "1"]);
}

#[test]
fn lines_that_psql_broke_are_one_again() {
    let query = "SELECT a, b FROM  topic\n WHERE title = 'x.' AND forum_id = 3 ORDER BY id";
    for text in [
        " calls | mean |          query          \n-------+------+-------------------------\n    12 |  3.5 | SELECT a, b FROM  topic+\n       |      |  WHERE title = 'x.' AND.\n       |      |. forum_id = 3 ORDER BY .\n       |      |.id\n     3 | 1.25 | short.\n(2 rows)\n",
        "+-------+------+-----------------------+\n| calls | mean |         query         |\n+-------+------+-----------------------+\n|    12 |  3.5 | SELECT a, b FROM  top.|\n|       |      |.ic                   +|\n|       |      |  WHERE title = 'x.' A.|\n|       |      |.ND forum_id = 3 ORDER.|\n|       |      |. BY id                |\n|     3 | 1.25 | short.                |\n+-------+------+-----------------------+\n(2 rows)\n",
        "calls mean            query             \n----- ---- ----------------------------\n   12  3.5 SELECT a, b FROM  topic     +\n            WHERE title = 'x.' AND foru.\n           m_id = 3 ORDER BY id\n    3 1.25 short.\n(2 rows)\n",
    ] {
        let cells: Vec<String> = read(text).into_iter().map(|(_, cells)| cells[2].clone()).collect();
        assert_eq!(cells, [query, "short."], "{text}");
    }
    let wide = " calls |          query          \n-------+-------------------------\n     4 | äöü日本 = long long lon.\n       |.g text with  blanks   e.\n       |.verywhere in it\n     5 | 日本.\n";
    let cells: Vec<String> = read(wide).into_iter().map(|(_, cells)| cells[1].clone()).collect();
    assert_eq!(cells, ["äöü日本 = long long long text with  blanks   everywhere in it", "日本."]);
}

#[test]
fn what_is_no_table_gives_no_rows() {
    for text in ["", "one\ntwo\n", "a, (b), c\n1,2,3\n", "-----\n", "+--+\n|  |\n", "---- ----\na b\n", "***", "a|b"] {
        assert_eq!(read(text), [], "{text}");
    }
}
