//! One message of the server: what it tells of statements, sessions and locks.

use super::super::time::timestamp;
use super::languages;

/// How grave a message is; those that go with another one have no severity of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// A statement failed: ERROR, FATAL, PANIC.
    Failure,
    Log,
    /// WARNING, NOTICE, INFO, DEBUG.
    Other,
}

impl Severity {
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "LOG" => Some(Severity::Log),
            "ERROR" | "FATAL" | "PANIC" => Some(Severity::Failure),
            "WARNING" | "NOTICE" | "INFO" | "DEBUG" | "DEBUG1" | "DEBUG2" | "DEBUG3" | "DEBUG4" | "DEBUG5" => {
                Some(Severity::Other)
            }
            _ => languages::severity(word),
        }
    }
}

/// One message with what goes with it. Texts are empty where there is none.
pub(super) struct Entry<'a> {
    /// What tells sessions apart; empty where the log has nothing that does.
    pub session: &'a str,
    pub at_us: Option<i64>,
    pub severity: Severity,
    pub message: &'a str,
    pub detail: &'a str,
    /// Of a failure: what failed.
    pub statement: &'a str,
    /// It was sent inside of another statement: by a function, a trigger.
    pub nested: bool,
    /// 1-based line in the file.
    pub line: u32,
}

#[derive(Debug, PartialEq)]
pub(super) enum Message<'a> {
    /// A statement is executed; its time may follow.
    Sent {
        sql: &'a str,
        took_us: Option<u64>,
    },
    /// `duration: 0.100 ms` and no more.
    Took(u64),
    /// Parsing or binding, or more rows of a statement that counted already.
    Step,
    /// auto_explain's.
    Plan {
        text: &'a str,
        took_us: u64,
    },
    Ended {
        took_us: Option<u64>,
    },
    /// A lock is waited for.
    Waits,
    /// The lock was had, after so long.
    Waited(u64),
    Deadlock,
    Unknown,
}

impl<'a> Message<'a> {
    pub fn of(text: &'a str) -> Self {
        Self::timed(text)
            .or_else(|| Self::sent(text, None))
            .or_else(|| Self::of_session(text))
            .or_else(|| languages::message(text))
            .unwrap_or(Message::Unknown)
    }

    fn timed(text: &'a str) -> Option<Self> {
        let (took_us, rest) = milliseconds(text.strip_prefix("duration: ")?, " ms")?;
        let Some(rest) = rest.strip_prefix("  ") else { return Some(Message::Took(took_us)) };
        match rest.strip_prefix("plan:") {
            Some(plan) => Some(Message::Plan { text: plan.trim_start_matches('\n'), took_us }),
            None => Some(Self::sent(rest, Some(took_us)).unwrap_or(Message::Step)),
        }
    }

    fn sent(text: &'a str, took_us: Option<u64>) -> Option<Self> {
        if let Some(sql) = text.strip_prefix("statement: ") {
            return Some(Message::Sent { sql, took_us });
        }
        let named = text.strip_prefix("execute ")?;
        let (name, sql) = named.split_once(": ")?;
        Some(if name.starts_with("fetch from ") { Message::Step } else { Message::Sent { sql, took_us } })
    }

    fn of_session(text: &'a str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("disconnection: session time: ") {
            return Some(Message::Ended { took_us: session_time(rest) });
        }
        if text == "deadlock detected" {
            return Some(Message::Deadlock);
        }
        let rest = text.strip_prefix("process ")?;
        if rest.contains(" still waiting for ") {
            return Some(Message::Waits);
        }
        let (_, after) = rest.split_once(" acquired ")?.1.rsplit_once(" after ")?;
        Some(Message::Waited(milliseconds(after, " ms")?.0))
    }
}

/// `0.667 ms`, as microseconds, and what follows.
pub(super) fn milliseconds<'a>(text: &'a str, unit: &str) -> Option<(u64, &'a str)> {
    let (number, rest) = text.split_once(unit)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let thousandths = part
        .bytes()
        .chain(*b"000")
        .take(3)
        .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')));
    Some((whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths?)?, rest))
}

/// `0:00:00.123`
pub(super) fn session_time(text: &str) -> Option<u64> {
    let clock = text.split(' ').next()?;
    let (hours, rest) = clock.split_once(':')?;
    let hours: u64 = hours.parse().ok()?;
    let (micros, _) = timestamp(format!("1970-01-01 00:{rest}").as_bytes())?;
    hours.checked_mul(3_600_000_000)?.checked_add(u64::try_from(micros).ok()?)
}

/// `parameters: $1 = 'it''s', $2 = NULL`
pub(super) fn parameters(detail: &str) -> Option<Vec<String>> {
    // Since PostgreSQL 16 with a capital.
    let english = detail.strip_prefix("parameters: ").or_else(|| detail.strip_prefix("Parameters: "));
    let mut rest = english.or_else(|| languages::parameters(detail))?;
    let mut params = Vec::new();
    loop {
        let (_, value) = rest.strip_prefix('$')?.split_once(" = ")?;
        rest = match value.strip_prefix('\'') {
            Some(quoted) => {
                let (text, after) = unquote(quoted)?;
                params.push(text);
                after
            }
            None => {
                let end = value.find(", $").unwrap_or(value.len());
                let (word, after) = value.split_at_checked(end)?;
                params.push(word.to_string());
                after
            }
        };
        match rest.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some(params),
        }
    }
}

/// A string behind its first quote, and what follows its last.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_once('\'')?;
        value.push_str(plain);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

/// The statement of a plan in any of auto_explain's formats but XML.
pub(super) fn planned(plan: &str) -> Option<String> {
    if plan.starts_with('{') {
        let plan: serde_json::Value = serde_json::from_str(plan).ok()?;
        return plan.get("Query Text")?.as_str().map(str::to_string);
    }
    let text = plan.strip_prefix("Query Text: ")?;
    // YAML quotes it as JSON does.
    if text.starts_with('"')
        && let Some(Ok(text)) = serde_json::Deserializer::from_str(text).into_iter::<String>().next()
        && plan.contains("\nPlan:")
    {
        return Some(text);
    }
    let tree = |line: &str| line.contains("  (cost=") || line.starts_with("Query Parameters: ");
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if tree(line) {
            return text.get(..end).map(|sql| sql.trim_end_matches('\n').to_string());
        }
        end += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_what_they_say() {
        let sent = |sql, took_us| Message::Sent { sql, took_us };
        assert_eq!(Message::of("duration: 0.667 ms  statement: SELECT 1"), sent("SELECT 1", Some(667)));
        assert_eq!(Message::of("duration: 12.5 ms  execute S_1/C_2: SELECT 1"), sent("SELECT 1", Some(12_500)));
        assert_eq!(Message::of("execute <unnamed>: SELECT ': '"), sent("SELECT ': '", None));
        assert_eq!(Message::of("duration: 1.000 ms  execute fetch from S_1/C_2: SELECT 1"), Message::Step);
        assert_eq!(Message::of("duration: 1.000 ms  bind <unnamed>: SELECT 1"), Message::Step);
        assert_eq!(Message::of("duration: 1001.020 ms"), Message::Took(1_001_020));
        assert_eq!(Message::of("duration: x ms"), Message::Unknown);
        let ended = Message::of("disconnection: session time: 1:00:02.345 user=a database=b host=c");
        assert_eq!(ended, Message::Ended { took_us: Some(3_602_345_000) });
        let waited = Message::of("process 7 acquired ShareLock on transaction 9 after 401.5 ms");
        assert_eq!(waited, Message::Waited(401_500));
    }

    #[test]
    fn parameters_come_apart() {
        let text = "parameters: $1 = 'it''s, $2 = ''x''', $2 = NULL, $3 = ''";
        assert_eq!(parameters(text).unwrap(), ["it's, $2 = 'x'", "NULL", ""]);
        assert_eq!(parameters("parameters: $1 = 'cut"), None);
        assert_eq!(parameters("Key (id)=(1) already exists."), None);
    }

    #[test]
    fn a_plan_names_its_statement() {
        let text = "Query Text: SELECT\n  1\nResult  (cost=0.00..0.01 rows=1 width=4)";
        assert_eq!(planned(text).unwrap(), "SELECT\n  1");
        let text = "Query Text: SELECT $1\nQuery Parameters: $1 = '1'\nResult  (cost=0.00..0.01 rows=1 width=4)";
        assert_eq!(planned(text).unwrap(), "SELECT $1");
        assert_eq!(planned("Query Text: \"SELECT\\n1\"\nPlan: \n  Node Type: \"Result\"").unwrap(), "SELECT\n1");
        assert_eq!(planned("{\"Query Text\": \"SELECT 1\", \"Plan\": {}}").unwrap(), "SELECT 1");
    }
}
