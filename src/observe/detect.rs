//! Which format an input is: first the formats that its name suggests, then all of them by content.

use std::fmt;
use std::io::{Cursor, Read};

use super::packed::{Packing, inner_name};
use super::{Format, HEAD, encoding, formats};

/// From here on a format takes an input.
const ENOUGH: u8 = 30;
/// From here on a format that the name suggests too takes it without asking the others.
const CERTAIN: u8 = 90;

pub(super) const ZIP: &[u8] = b"PK\x03\x04";

#[derive(Debug, Clone)]
pub struct Detected {
    pub format: &'static Format,
    /// What was seen that speaks for it.
    pub why: String,
}

/// No format takes the input.
#[derive(Debug, Clone, PartialEq)]
pub struct NotRecognised {
    pub name: String,
    /// What the input looks like, and what can be done.
    pub seen: String,
    /// For each format, by id, what is missing.
    pub reasons: Vec<(&'static str, String)>,
}

impl fmt::Display for NotRecognised {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.seen)
    }
}

impl std::error::Error for NotRecognised {}

/// `head`: the first [`HEAD`] bytes, as they are in the file.
pub fn detect(name: &str, head: &[u8]) -> Result<Detected, NotRecognised> {
    if let Some(packing) = Packing::of(head) {
        let mut plain = Vec::new();
        // The head ends amid the stream: what came until then counts.
        let _ = packing.unpack(head).take(HEAD as u64).read_to_end(&mut plain);
        let mut found = detect_text(inner_name(name), &plain)?;
        found.why.push_str(", compressed by ");
        found.why.push_str(packing.name());
        return Ok(found);
    }
    if head.starts_with(ZIP) {
        return detect_zip(name, head);
    }
    detect_text(name, head)
}

/// Whether [`detect`] finds a format.
pub fn looks_like_log(name: &str, head: &[u8]) -> bool {
    detect(name, head).is_ok()
}

/// The first member of a zip that is a log, as far as the head shows its members.
fn detect_zip(name: &str, head: &[u8]) -> Result<Detected, NotRecognised> {
    let mut stream = Cursor::new(head);
    while let Ok(Some(mut member)) = zip::read::read_zipfile_from_stream(&mut stream) {
        let inner = member.name().map_or_else(|_| String::new(), |name| name.to_string());
        let mut plain = Vec::new();
        let whole = (&mut member).take(HEAD as u64).read_to_end(&mut plain).is_ok();
        if let Ok(mut found) = detect_text(&inner, &plain) {
            found.why = format!("{inner} in the archive: {}", found.why);
            return Ok(found);
        }
        if !whole {
            break;
        }
    }
    Err(NotRecognised {
        name: name.to_string(),
        seen: "a zip archive whose first files are no query logs".to_string(),
        reasons: Vec::new(),
    })
}

/// Detection proper, on an input that is in no container.
pub(super) fn detect_text(name: &str, head: &[u8]) -> Result<Detected, NotRecognised> {
    let text = encoding::head(head);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();

    // By name: a format that has such names, and is certain, is not put against the others.
    for format in formats().iter().filter(|format| format.endings.contains(&ending.as_str())) {
        let score = (format.sniff)(name, &text);
        if score.sure >= CERTAIN {
            return Ok(Detected { format, why: score.why });
        }
    }

    // By content: the surest.
    let mut best: Option<(u8, Detected)> = None;
    let mut reasons = Vec::new();
    for format in formats() {
        let score = (format.sniff)(name, &text);
        if score.sure < ENOUGH {
            reasons.push((format.id, score.why));
        } else if best.as_ref().is_none_or(|(sure, _)| *sure < score.sure) {
            best = Some((score.sure, Detected { format, why: score.why }));
        }
    }
    match best {
        Some((_, found)) => Ok(found),
        None => Err(NotRecognised { name: name.to_string(), seen: describe(head, &text), reasons }),
    }
}

/// What an unknown input is, and what its owner can do.
fn describe(head: &[u8], text: &str) -> String {
    let start = text.trim_start();
    if head.is_empty() {
        return "the file is empty".to_string();
    }
    if start.is_empty() {
        return "the file holds only white space".to_string();
    }
    if text.contains('\0') {
        return "a binary file; export the queries as text or JSON".to_string();
    }
    let what = if start.starts_with(['{', '[']) {
        "JSON, but none of the shapes that are known"
    } else if start.starts_with('<') {
        "HTML or XML without a panel of queries"
    } else {
        "text without a line of a known query log"
    };
    let first: String = start.split(['\n', '\r']).next().unwrap_or_default().chars().take(80).collect();
    format!("{what}; it starts with {first:?}. If it is a log, name its format")
}
