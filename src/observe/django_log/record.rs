//! `(0.001) SELECT …; args=(1,); alias=default`: where a record starts, where it ends, and what it says.

use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use super::super::Record;
use super::super::json::micros;
use super::super::python_literal::{self, Literal, arguments};

/// The duration with which a record starts: its seconds, what stands before it, and the statement after it.
pub(super) fn start(line: &str) -> Option<(f64, &str, &str)> {
    let bytes = line.as_bytes();
    for at in memchr::memchr_iter(b'(', bytes) {
        let rest = bytes.get(at + 1..)?;
        let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let fits = whole > 0
            && rest.get(whole) == Some(&b'.')
            && rest.get(whole + 1..whole + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
            && rest.get(whole + 4) == Some(&b')')
            && matches!(rest.get(whole + 5), None | Some(b' '));
        if fits {
            let number = line.get(at + 1..at + whole + 5)?;
            let sql = line.get(at + whole + 6..)?;
            return Some((number.parse().ok()?, line.get(..at)?, sql.strip_prefix(' ').unwrap_or(sql)));
        }
    }
    None
}

/// A prefix with its numbers made equal, for comparing.
pub(super) fn shape(prefix: &str) -> String {
    let mut shape = String::with_capacity(prefix.len());
    for char in prefix.chars() {
        let char = if char.is_ascii_digit() { '0' } else { char };
        if char != '0' || !shape.ends_with('0') {
            shape.push(char);
        }
    }
    shape
}

/// How often `; args=` may stand in one line's own text.
const MOST_TAILS: u32 = 32;

/// How a whole record ends.
pub(super) struct Completion<'a> {
    pub sql: &'a str,
    pub params: Option<Vec<String>>,
    pub repeat: u32,
    pub alias: Option<&'a str>,
}

/// `…; args=LITERAL; alias=NAME`, read from the end, for both may stand inside of the statement and of its arguments
/// too: the shortest tail that is a whole literal counts. Django before 4.0 writes no alias.
pub(super) fn completion(text: &str) -> Option<Completion<'_>> {
    let text = text.trim_end();
    let ends_like_args = text.ends_with([')', ']', '}']) || text.ends_with("=None");
    let with_alias = text.rfind("; alias=").and_then(|at| Some((text.get(..at)?, text.get(at + 8..)?)));
    let (rest, alias) = match with_alias {
        Some((rest, alias)) if is_name(alias) => (rest, Some(alias)),
        _ if ends_like_args => (text, None),
        _ => return None,
    };
    let mut tail = rest.len();
    for _ in 0..MOST_TAILS {
        let at = rest.get(..tail)?.rfind("; args=")?;
        if let Some(literal) = rest.get(at + 7..).and_then(python_literal::parse)
            && matches!(literal, Literal::None | Literal::Sequence(_) | Literal::Dict(_))
        {
            let (params, repeat) = arguments(&literal);
            return Some(Completion { sql: rest.get(..at)?, params, repeat, alias });
        }
        tail = at;
    }
    None
}

fn is_name(alias: &str) -> bool {
    !alias.is_empty() && alias.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
}

/// A record in one piece of text.
pub(super) fn whole(message: &str) -> Option<Record> {
    let (seconds, prefix, sql) = start(message)?;
    let open = Open::new(seconds, 1, None, sql);
    prefix.is_empty().then(|| open.finish())?
}

/// A record whose end is not known yet.
pub(super) struct Open {
    seconds: f64,
    /// Line on which it starts.
    pub line: u32,
    pub lines: u32,
    pub service: Option<String>,
    pub text: String,
    /// The last line of `text` that ends like a record. `repr` writes no line breaks: arguments stand on one line.
    whole: Option<Range<usize>>,
}

impl Open {
    pub fn new(seconds: f64, line: u32, service: Option<&str>, sql: &str) -> Self {
        let mut open =
            Self { seconds, line, lines: 1, service: service.map(str::to_string), text: sql.to_string(), whole: None };
        open.look(0);
        open
    }

    pub fn push(&mut self, line: &str) {
        self.lines += 1;
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(line);
        self.look(start);
    }

    /// Whether the text so far can be a whole record; lines that follow may still prove otherwise.
    pub fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// Whether the line that starts at `start`, the last one, ends the record.
    fn look(&mut self, start: usize) {
        if self.text.get(start..).is_some_and(|line| completion(line).is_some()) {
            self.whole = Some(start..self.text.len());
        }
    }

    /// The record, if it ever ended. Lines after its end are not its own.
    pub fn finish(self) -> Option<Record> {
        let last = self.whole?;
        let end = completion(self.text.get(last.clone())?)?;
        let sql = self.text.get(..last.start + end.sql.len())?;
        Some(Record {
            sql: Arc::from(sql),
            params: end.params,
            duration_us: micros(self.seconds, 1e6),
            connection: end.alias.map(SmolStr::new),
            repeat: end.repeat,
            ..Record::default()
        })
    }
}
