//! `log_line_prefix` is anything: what stands before `LOG:  ` in the first lines tells where time and session are.

use super::super::time::{epoch, timestamp};
use super::languages;
use super::message::Severity;

/// A prefix is not longer.
const LONGEST: usize = 400;
/// Lines that are looked at.
const SAMPLE: usize = 400;

/// What a line is, by the word before its colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Message(Severity),
    Detail,
    Statement,
    Context,
    /// HINT, QUERY, LOCATION, BACKTRACE.
    Other,
}

impl Part {
    fn of(word: &str) -> Option<Self> {
        match word {
            "DETAIL" => Some(Part::Detail),
            "STATEMENT" => Some(Part::Statement),
            "CONTEXT" => Some(Part::Context),
            "HINT" | "QUERY" | "LOCATION" | "BACKTRACE" => Some(Part::Other),
            _ => Severity::of(word).map(Part::Message),
        }
    }
}

/// Splits `2024-01-02 03:04:05 UTC [7] LOG:  text` before and behind its word.
pub(super) fn split(line: &str) -> Option<(&str, Part, &str)> {
    let bytes = line.as_bytes();
    let head = bytes.get(..LONGEST).unwrap_or(bytes);
    for colon in memchr::memchr_iter(b':', head) {
        if bytes.get(colon + 1..colon + 3) != Some(b"  ".as_slice()) {
            continue;
        }
        let before = head.get(..colon).unwrap_or_default();
        let word = before.iter().rev().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
        let start = colon - word;
        let english = line.get(start..colon).and_then(Part::of).map(|part| (start, part));
        if let Some((start, part)) = english.or_else(|| languages::part(line.get(..colon)?)) {
            return Some((line.get(..start)?, part, line.get(colon + 3..)?));
        }
    }
    None
}

/// What names the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    /// `%c`: `6b01e6da.520b`
    SessionId,
    /// `[%p]`
    Bracketed,
    /// `pid=%p`
    Named,
    /// The number at this place among those that stand alone.
    Alone(usize),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    anchor: Anchor,
    dated: bool,
    /// Its times are finer than seconds.
    pub precise: bool,
}

impl Prefix {
    /// From the first lines of the log; `None` where none has a severity.
    pub fn learn<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let split = lines.filter(|line| !line.starts_with(['\t', ' '])).filter_map(split);
        let prefixes: Vec<&str> = split.map(|(prefix, _, _)| prefix).take(SAMPLE).collect();
        if prefixes.is_empty() {
            return None;
        }
        let most = |has: &dyn Fn(&str) -> bool| {
            prefixes.iter().filter(|prefix| has(prefix)).count() * 10 >= prefixes.len() * 9
        };
        let has = |anchor: Anchor| most(&|prefix| !find(anchor, prefix).is_empty());
        let anchor = [Anchor::SessionId, Anchor::Bracketed, Anchor::Named].into_iter().find(|anchor| has(*anchor));
        let alone = || {
            let steady = |place: &usize| has(Anchor::Alone(*place)) && is_process(&prefixes, *place);
            (0..4).find(steady).map(Anchor::Alone)
        };
        Some(Self {
            anchor: anchor.or_else(alone).unwrap_or(Anchor::Nothing),
            dated: most(&|prefix| time(prefix).is_some()),
            precise: most(&|prefix| time(prefix).is_some_and(|(_, precise)| precise)),
        })
    }

    /// The session that a prefix names, empty where none does, and its time. `None` where the line is not one of the
    /// log's, but text that looks like one.
    pub fn read<'a>(&self, prefix: &'a str) -> Option<(&'a str, Option<i64>)> {
        let at_us = if self.dated { Some(time(prefix)?.0) } else { None };
        let session = find(self.anchor, prefix);
        (self.anchor == Anchor::Nothing || !session.is_empty()).then_some((session, at_us))
    }
}

/// Whether the numbers at this place are those of processes: they repeat, but do not count lines.
fn is_process(prefixes: &[&str], place: usize) -> bool {
    let numbers: Vec<u64> =
        prefixes.iter().filter_map(|prefix| find(Anchor::Alone(place), prefix).parse().ok()).collect();
    let pairs = || numbers.iter().zip(numbers.iter().skip(1));
    let counting = pairs().filter(|(one, next)| one.checked_add(1) == Some(**next)).count();
    numbers.iter().any(|number| *number > 0) && counting * 3 < numbers.len()
}

fn find(anchor: Anchor, prefix: &str) -> &str {
    let found = match anchor {
        Anchor::SessionId => words(prefix).find(|word| is_session_id(word)),
        Anchor::Bracketed => prefix
            .split('[')
            .skip(1)
            .find_map(|rest| rest.split_once(']').map(|(inside, _)| inside).filter(|inside| is_number(inside))),
        Anchor::Named => ["pid=", "pid:", "pid ", "process="].iter().find_map(|name| {
            let (_, rest) = prefix.split_once(name)?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest.get(..digits).filter(|digits| is_number(digits))
        }),
        Anchor::Alone(place) => prefix
            .split(|char: char| char.is_ascii_whitespace() || matches!(char, '[' | ']' | '<' | '>' | '|' | ',' | ';'))
            .filter(|word| is_number(word))
            .nth(place),
        Anchor::Nothing => None,
    };
    found.unwrap_or_default()
}

fn words(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.split(|char: char| !char.is_ascii_alphanumeric() && char != '.')
}

fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Start and process of a session in hexadecimal.
fn is_session_id(word: &str) -> bool {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.split_once('.')
        .is_some_and(|(start, process)| start.len() == 8 && hex(start) && process.len() <= 8 && hex(process))
}

/// The first time in the prefix, and whether it is finer than seconds.
fn time(prefix: &str) -> Option<(i64, bool)> {
    let bytes = prefix.as_bytes();
    let dated = |at: usize| {
        let (time, length) = timestamp(bytes.get(at..)?)?;
        Some((time, length > 19))
    };
    let first = memchr::memchr_iter(b'-', bytes).find_map(|dash| dated(dash.checked_sub(4)?));
    first.or_else(|| {
        let dot = memchr::memchr_iter(b'.', bytes).find_map(|dot| epoch(bytes.get(dot.checked_sub(10)?..)?));
        dot.map(|time| (time, true))
    })
}

/// `user@database`, from `%u@%d`, or from `user=%u,db=%d`.
pub(super) fn who(prefix: &str) -> String {
    let named = |names: [&str; 2]| {
        let rest = names.iter().find_map(|name| prefix.split_once(name).map(|(_, rest)| rest))?;
        let name = rest.split([' ', ',', ';', ']', ')', '|']).next().unwrap_or_default();
        (!name.is_empty() && !name.starts_with('[')).then_some(name)
    };
    if let (Some(user), Some(database)) = (named(["user=", "usr="]), named(["db=", "database="])) {
        return format!("{user}@{database}");
    }
    let ends = |char: char| char.is_whitespace() || ":,;()[]<>|/'\"".contains(char);
    prefix
        .split(ends)
        .find(|word| word.split_once('@').is_some_and(|(user, database)| !user.is_empty() && !database.is_empty()))
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_learned() {
        for (lines, session, who_is) in [
            (
                ["2026-11-21 18:45:42.954 UTC [20883] LOG:  a", "2026-11-21 18:45:42.954 UTC [20884] LOG:  b"],
                "20883",
                "",
            ),
            (
                [
                    "2026-11-21 18:45:44 UTC:127.0.0.1(51176):app@shop:[20933]:LOG:  a",
                    "2026-11-21 18:45:44 UTC::@:[7]:LOG:  b",
                ],
                "20933",
                "app@shop",
            ),
            (
                [
                    "2026-11-21 18:45:44 UTC [7]: [3-1] user=app,db=shop,app=x,client=y LOG:  a",
                    "2026-11-21 18:45:44 UTC [7]: [4-1] user=,db=,app=,client= LOG:  b",
                ],
                "7",
                "app@shop",
            ),
            (
                ["<1795286746.676 6b01e6da.5256 1 0> LOG:  a", "<1795286746.676 6b01e6da.5257 1 0> LOG:  a"],
                "6b01e6da.5256",
                "",
            ),
            (["12 2026-11-21 18:45:48.067 UTC LOG:  a", "15 2026-11-21 18:45:48.067 UTC LOG:  a"], "12", ""),
            (["2026-11-21 18:45:48.067 UTC app LOG:  a", "2026-11-21 18:45:48.067 UTC app LOG:  a"], "", ""),
            (["2026-11-21 18:45:48 UTC 1 44 LOG:  a", "2026-11-21 18:45:48 UTC 2 44 LOG:  a"], "44", ""),
        ] {
            let prefix = Prefix::learn(lines.iter().copied()).unwrap();
            let (first, part, text) = split(lines[0]).unwrap();
            assert_eq!((part, text), (Part::Message(Severity::Log), "a"));
            let (found, at_us) = prefix.read(first).unwrap();
            assert_eq!(found, session, "{first}");
            assert!(at_us.is_some(), "{first}");
            assert_eq!(who(first), who_is);
        }
    }
}
