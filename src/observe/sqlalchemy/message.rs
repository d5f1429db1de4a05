//! One message of the engine: where it starts in a line, and what it says.

use super::super::python_literal::{self, Literal, arguments};

/// The logger, with `.Engine` and the engine's name behind it.
const LOGGER: &[u8] = b"sqlalchemy.engine";
/// A prefix is not longer, and holds no text of others.
const LONGEST_PREFIX: usize = 160;
/// What stands between the logger's name and the message is not longer.
const LONGEST_GAP: usize = 80;
/// Handlers and threads whose gap is remembered.
const MOST_GAPS: usize = 16;

/// What messages begin with.
const STARTS: &[&str] = &[
    "[generated in ",
    "[cached since ",
    "[no key ",
    "[caching disabled ",
    "[raw sql] ",
    "[dialect ",
    "[insertmanyvalues ",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "Col (",
    "Row (",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WITH",
    "PRAGMA",
    "CREATE",
    "DROP",
    "ALTER",
    "SAVEPOINT",
    "RELEASE",
    "SHOW",
    "SET ",
    "MERGE",
    "TRUNCATE",
    "EXPLAIN",
    "DESCRIBE",
];

/// Finds messages in lines; learns what stands between the logger's name and the message.
#[derive(Default)]
pub(super) struct Finder {
    /// With the numbers made equal.
    gaps: Vec<String>,
}

impl Finder {
    /// The message that begins on this line: what of it stands there.
    pub fn message<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let head = line.as_bytes().get(..LONGEST_PREFIX).unwrap_or(line.as_bytes());
        let at = memchr::memmem::find(head, LOGGER)?;
        let (prefix, rest) = line.split_at_checked(at)?;
        // A text that speaks of the logger.
        if prefix.contains(['\'', '"']) {
            return None;
        }
        let name = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
        let rest = rest.get(name..)?;
        // The longest that fits: one may begin like another.
        if let Some(length) = self.gaps.iter().filter_map(|gap| skip(gap, rest)).max() {
            return rest.get(length..);
        }
        if let Some(start) = start(rest) {
            if self.gaps.len() < MOST_GAPS {
                self.gaps.push(numbers_equal(rest.get(..start)?));
            }
            return rest.get(start..);
        }
        Some(rest.trim_start_matches([' ', ':', '-', ']', '|']))
    }
}

/// Where the first known beginning stands.
fn start(text: &str) -> Option<usize> {
    let word = |at: usize| at == 0 || !text.as_bytes().get(at - 1).is_some_and(u8::is_ascii_alphanumeric);
    (0..text.len().min(LONGEST_GAP)).filter(|at| word(*at)).find(|at| {
        let begins =
            |start: &&str| text.get(*at..*at + start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
        STARTS.iter().any(begins)
    })
}

fn numbers_equal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let char = if char.is_ascii_digit() { '0' } else { char };
        if char != '0' || !out.ends_with('0') {
            out.push(char);
        }
    }
    out
}

/// How much of `text` is like `gap`, if it begins so.
fn skip(gap: &str, text: &str) -> Option<usize> {
    let mut rest = text;
    for char in gap.chars() {
        rest = match char {
            '0' => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                rest.get(digits..).filter(|_| digits > 0)?
            }
            _ => rest.strip_prefix(char)?,
        };
    }
    Some(text.len() - rest.len())
}

/// What the engine says, by the beginning of the text.
pub(super) enum Message<'a> {
    /// Begin, commit, roll back: nothing that was executed by a cursor.
    Transaction,
    /// `[generated in 0.00012s] (1,)`: the parameters of the statement before.
    Sent {
        params: &'a str,
    },
    Columns,
    Row,
    Statement,
}

impl<'a> Message<'a> {
    pub fn of(text: &'a str) -> Self {
        if let Some(params) = bracket(text) {
            return Message::Sent { params };
        }
        let of_engine = ["BEGIN (implicit", "BEGIN TWOPHASE ", "PREPARE TRANSACTION "];
        let ends = ["COMMIT", "ROLLBACK"].iter().any(|word| {
            text.strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" using ") || rest.starts_with(" PREPARED"))
        });
        if ends || of_engine.iter().any(|start| text.starts_with(start)) {
            Message::Transaction
        } else if text.starts_with("Col (") {
            Message::Columns
        } else if text.starts_with("Row (") {
            Message::Row
        } else {
            Message::Statement
        }
    }

    /// It never goes on on another line: `repr` writes no line breaks.
    pub fn is_one_line(&self) -> bool {
        !matches!(self, Message::Statement)
    }
}

/// What stands behind `[generated in 0.00012s (insertmanyvalues) 1/8 (ordered)] `.
fn bracket(text: &str) -> Option<&str> {
    let known =
        ["generated in ", "cached since ", "no key ", "caching disabled ", "raw sql", "dialect ", "insertmanyvalues "];
    let (inside, rest) = text.strip_prefix('[')?.split_once("] ")?;
    known.iter().any(|start| inside.starts_with(start)).then_some(rest)
}

/// What is known of the parameters of one message.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Params {
    pub values: Option<Vec<String>>,
    /// Sets of them.
    pub sets: u32,
    pub hidden: bool,
    /// Some are left out, or cut.
    pub cut: bool,
}

pub(super) fn params(sql: &str, text: &str) -> Params {
    let one = Params { sets: 1, ..Params::default() };
    if text.starts_with("[SQL parameters hidden") {
        return Params { hidden: true, ..one };
    }
    if let Some((_, rest)) = text.split_once(" ... displaying ")
        && let Some(sets) = rest.split_once(" total bound parameter sets ... ").and_then(|(counts, _)| sets(counts))
    {
        return Params { sets, cut: true, ..one };
    }
    if text.contains(" parameters truncated ... ") {
        return Params { cut: true, ..one };
    }
    let Some(literal) = python_literal::parse(text) else { return one };
    let cut = text.contains(" characters truncated) ... ");
    if let Literal::Dict(items) = &literal {
        return Params { values: Some(in_order(sql, items)), cut, ..one };
    }
    let (values, sets) = arguments(&literal);
    Params { values, sets, cut, hidden: false }
}

/// `10 of 30`
fn sets(counts: &str) -> Option<u32> {
    counts.split_once(" of ")?.1.parse().ok().filter(|sets| *sets > 0)
}

/// Named values in the order in which the statement names them first.
fn in_order(sql: &str, items: &[(Literal, Literal)]) -> Vec<String> {
    let place = |name: &str| {
        let marks = [format!("%({name})s"), format!(":{name}")];
        marks.iter().filter_map(|mark| sql.find(mark.as_str())).min().unwrap_or(usize::MAX)
    };
    let mut placed: Vec<(usize, String)> =
        items.iter().map(|(name, value)| (place(name.as_text().unwrap_or_default()), value.render())).collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_behind_any_prefix() {
        for (line, text) in [
            ("2026-11-21 19:12:06,711 INFO sqlalchemy.engine.Engine BEGIN (implicit)", "BEGIN (implicit)"),
            ("INFO:sqlalchemy.engine.Engine.main:SELECT 1", "SELECT 1"),
            ("[x] INFO  [sqlalchemy.engine.Engine:2624][MainThread] [raw sql] ()", "[raw sql] ()"),
            ("INFO sqlalchemy.engine.base.Engine - select 1", "select 1"),
            ("INFO sqlalchemy.engine.Engine [token] COMMIT", "COMMIT"),
        ] {
            let mut finder = Finder::default();
            assert_eq!(finder.message(line), Some(text));
            // Once learned, the message may be anything.
            let other = line.replace(text, "-- odd").replace("2624", "7");
            assert_eq!(finder.message(&other), Some("-- odd"), "{other}");
            let empty = line.replace(text, "");
            assert_eq!(finder.message(&empty), Some(""), "{empty}");
        }
        assert_eq!(Finder::default().message("WHERE name = 'sqlalchemy.engine.Engine SELECT 1'"), None);
    }

    #[test]
    fn parameters_are_read_in_all_forms() {
        let values = |sql, text| params(sql, text).values;
        assert_eq!(values("", "(1, 'it\\'s', None)").unwrap(), ["1", "it's", "NULL"]);
        let named = "SELECT %(b)s, %(a)s, %(b)s";
        assert_eq!(values(named, "{'a': 1, 'b': 2}").unwrap(), ["2", "1"]);
        assert_eq!(params("", "[(1,), (2,), (3,)]").sets, 3);
        let cut = "[(1,), (2,)  ... displaying 10 of 30 total bound parameter sets ...  (29,), (30,)]";
        assert_eq!(params("", cut), Params { sets: 30, cut: true, ..Params::default() });
        assert!(params("", "[SQL parameters hidden due to hide_parameters=True]").hidden);
        assert!(params("", "(1, 2 ... 100 parameters truncated ... 7)").cut);
    }
}
