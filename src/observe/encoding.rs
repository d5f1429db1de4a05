//! Any text to UTF-8, as a stream: UTF-8 with or without a mark, UTF-16 by its mark, Latin-1 for bytes that are neither.

use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::input::{Findings, Text};

const CHUNK: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// The encoding that a mark at the start names, and the mark's length.
fn mark(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
        _ => (Encoding::Utf8, 0),
    }
}

/// The beginning of a file as text, for looking at; a character cut at its end is dropped.
pub(super) fn head(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let (encoding, skip) = mark(bytes);
    let rest = bytes.get(skip..).unwrap_or_default();
    let _ = decode(encoding, rest, false, &mut text);
    text
}

/// Appends the text of `bytes`. Gives how many bytes were used and how many of them were read as Latin-1: unless
/// `last`, a character that may be cut at the end is left.
fn decode(encoding: Encoding, bytes: &[u8], last: bool, text: &mut String) -> (usize, u64) {
    match encoding {
        Encoding::Utf8 => decode_utf8(bytes, last, text),
        Encoding::Utf16Le => (decode_utf16(bytes, last, text, u16::from_le_bytes), 0),
        Encoding::Utf16Be => (decode_utf16(bytes, last, text, u16::from_be_bytes), 0),
    }
}

fn decode_utf8(bytes: &[u8], last: bool, text: &mut String) -> (usize, u64) {
    let mut rest = bytes;
    let mut latin1 = 0;
    loop {
        match std::str::from_utf8(rest) {
            Ok(good) => {
                text.push_str(good);
                return (bytes.len(), latin1);
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(good).unwrap_or_default());
                let length = match error.error_len() {
                    Some(length) => length,
                    None if last => bad.len(),
                    None => return (bytes.len() - bad.len(), latin1),
                };
                let (odd, after) = bad.split_at(length.min(bad.len()));
                text.extend(odd.iter().map(|byte| char::from(*byte)));
                latin1 += odd.len() as u64;
                rest = after;
            }
        }
    }
}

fn decode_utf16(bytes: &[u8], last: bool, text: &mut String, unit: fn([u8; 2]) -> u16) -> usize {
    let mut used = bytes.len() / 2 * 2;
    let unit_at = |at: usize| bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok()).map(unit);
    // The first half of a pair waits for its second.
    if !last && used >= 2 && unit_at(used - 2).is_some_and(|unit| (0xD800..0xDC00).contains(&unit)) {
        used -= 2;
    }
    let units = (0..used).step_by(2).filter_map(unit_at);
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if last { bytes.len() } else { used }
}

/// Gives the bytes of `inner` as UTF-8.
pub(super) struct Utf8<R> {
    inner: R,
    encoding: Option<Encoding>,
    raw: Vec<u8>,
    text: String,
    /// How much of `text` is consumed.
    at: usize,
    ended: bool,
    findings: Rc<Findings>,
}

impl<R: Read> Utf8<R> {
    pub fn new(inner: R, findings: Rc<Findings>) -> Self {
        Self { inner, encoding: None, raw: Vec::new(), text: String::new(), at: 0, ended: false, findings }
    }

    /// Takes up to [`CHUNK`] more bytes into `raw`. A damaged or truncated container ends the text, with what it said.
    fn pull(&mut self) -> io::Result<()> {
        let before = self.raw.len();
        self.raw.resize(before + CHUNK, 0);
        let got = loop {
            match self.inner.read(&mut self.raw[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(before + got.as_ref().map_or(0, |got| *got));
        match got {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if is_damage(&error) => {
                *self.findings.cut.borrow_mut() = Some(error.to_string());
                self.ended = true;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The container's content is not what its format says, as opposed to a file that cannot be read.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}

impl<R: Read> Text for Utf8<R> {
    fn fill_text(&mut self) -> io::Result<&str> {
        while self.at == self.text.len() && !(self.ended && self.raw.is_empty()) {
            self.text.clear();
            self.at = 0;
            if !self.ended {
                self.pull()?;
            }
            let encoding = match self.encoding {
                Some(encoding) => encoding,
                None if self.raw.len() < 3 && !self.ended => continue,
                None => {
                    let (encoding, skip) = mark(&self.raw);
                    self.raw.drain(..skip);
                    *self.encoding.insert(encoding)
                }
            };
            let (used, latin1) = decode(encoding, &self.raw, self.ended, &mut self.text);
            self.raw.drain(..used);
            self.findings.latin1.set(self.findings.latin1.get() + latin1);
        }
        // A consumer of bytes may stop amid a character; one of text never does.
        Ok(self.text.get(self.at..).unwrap_or_default())
    }
}

impl<R: Read> BufRead for Utf8<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill_text()?;
        Ok(self.text.as_bytes().get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.text.len());
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}
