//! A statement in few words: without the columns that it selects, for they hide what tells two statements apart.

/// A list of columns up to this many characters stays, for it can be all that a statement is.
const SHORT: usize = 20;
/// As [`SHORT`], of an aggregate: it tells what the statement is for.
const CALL: usize = 32;

/// `SELECT … FROM forum_forum WHERE id = ?`. On one line, and of one table without its name before each column; what is
/// not a `SELECT` stays as it is.
pub fn digest(sql: &str) -> String {
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_select = sql.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("SELECT "));
    let from = if is_select { find_from(&sql) } else { None };
    match from.map(|from| (sql.get(7..from), sql.get(from..))) {
        Some((Some(columns), Some(rest))) if columns.contains('(') && columns.chars().count() <= CALL => {
            format!("SELECT {columns}{}", unprefixed(rest))
        }
        Some((Some(columns), Some(rest))) if columns.chars().count() > SHORT => {
            let distinct = columns.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("DISTINCT "));
            format!("SELECT {}…{}", if distinct { "DISTINCT " } else { "" }, unprefixed(rest))
        }
        _ => sql,
    }
}

/// ` FROM t WHERE t.a = ?` with columns that say their table only where there are several.
fn unprefixed(from: &str) -> String {
    let table = from.get(6..).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let others = [" JOIN ", " AS ", "(", ",", "'"].iter().any(|mark| from.to_ascii_uppercase().contains(mark));
    match table.is_empty() || others {
        true => from.to_owned(),
        false => from.replace(&format!(" {table}."), " "),
    }
}

/// Where ` FROM ` stands, outside of brackets and quotes.
fn find_from(sql: &str) -> Option<usize> {
    let mut depth = 0u32;
    let mut quote = None;
    for (at, c) in sql.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 && is_from(sql, at) => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_from(sql: &str, at: usize) -> bool {
    sql.get(at..at + 6).is_some_and(|word| word.eq_ignore_ascii_case(" FROM "))
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn long_lists_of_columns_go() {
        let sql = "SELECT \"forum_forum\".\"id\", \"forum_forum\".\"name\"\n  FROM forum_forum WHERE id = ?";
        assert_eq!(digest(sql), "SELECT … FROM forum_forum WHERE id = ?");
        let sql = "select distinct a.first_column, a.second_column, a.third_column from a";
        assert_eq!(digest(sql), "SELECT DISTINCT … from a");
        let sql = "SELECT (SELECT COUNT(*) FROM b WHERE b.a = a.id) AS number, ' FROM x ' AS text FROM a";
        assert_eq!(digest(sql), "SELECT … FROM a");
        let sql = "SELECT forum_forum.id, forum_forum.name FROM forum_forum WHERE forum_forum.id = ? ORDER BY forum_forum.name";
        assert_eq!(digest(sql), "SELECT … FROM forum_forum WHERE id = ? ORDER BY name");
        let sql = "SELECT COUNT(*) AS __count FROM forum_post WHERE forum_post.status = ?";
        assert_eq!(digest(sql), "SELECT COUNT(*) AS __count FROM forum_post WHERE status = ?");
        let sql = "SELECT forum_forum.id, forum_forum.name FROM forum_forum INNER JOIN b ON (b.id = forum_forum.b_id)";
        assert!(digest(sql).ends_with("(b.id = forum_forum.b_id)"));
    }

    #[test]
    fn what_is_short_or_no_selection_stays() {
        for sql in ["SELECT COUNT(*) FROM a", "UPDATE a SET b = ?", "SELECT 1", "", "SELECT", "séléct ü FROM ä"] {
            assert_eq!(digest(sql), sql);
        }
        let open = format!("SELECT '{} FROM a", "x".repeat(50));
        assert_eq!(digest(&open), open);
    }
}
