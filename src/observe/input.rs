//! The text of one input as an importer sees it: UTF-8, by lines or as a byte stream, with its place in the file.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::Sink;

/// No record of a known format is longer; what is longer is cut there, so that memory stays bounded.
pub(super) const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// How many bytes pass between two calls of [`Sink::progress`].
const PROGRESS_STEP: u64 = 1024 * 1024;

/// Lines of a beginning, without their breaks.
pub(super) fn lines(head: &str) -> impl Iterator<Item = &str> {
    head.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// What the layers below the text find out while it is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Bytes taken from the file itself, compressed or not.
    pub bytes: Cell<u64>,
    /// Bytes that are no UTF-8 and were read as Latin-1.
    pub latin1: Cell<u64>,
    /// The container ended early or is damaged: what it said.
    pub cut: RefCell<Option<String>>,
}

/// A reader whose bytes are UTF-8, of which each chunk ends with a whole character.
pub(super) trait Text: BufRead {
    /// As [`BufRead::fill_buf`]; empty amid a character, too.
    fn fill_text(&mut self) -> io::Result<&str>;
}

/// Reads one input. The text is always valid UTF-8; `\r\n` is left as it is except by [`Input::line`].
pub struct Input<'a> {
    reader: Box<dyn Text + 'a>,
    ticker: Ticker,
    /// Lines begun so far by [`Input::line`].
    line: u32,
    /// Lines that were cut at [`LONGEST_LINE`].
    long_lines: u32,
    /// The line that was given last had no line break.
    amid_line: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(reader: Box<dyn Text + 'a>, findings: Rc<Findings>) -> Self {
        let reported = findings.bytes.get();
        Self { reader, ticker: Ticker { findings, reported }, line: 0, long_lines: 0, amid_line: false }
    }

    /// The next line without its line break, into `line`; false at the end.
    pub fn line(&mut self, line: &mut String) -> io::Result<bool> {
        line.clear();
        let mut ended = false;
        let mut any = false;
        let mut cut = false;
        while !ended {
            let chunk = self.reader.fill_text()?;
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk.as_bytes());
            let taken = end.unwrap_or(chunk.len());
            let room = LONGEST_LINE.saturating_sub(line.len());
            cut |= taken > room;
            line.push_str(chunk.get(..chunk.floor_char_boundary(taken.min(room))).unwrap_or_default());
            ended = end.is_some();
            self.reader.consume(taken + usize::from(ended));
        }
        if cut {
            self.long_lines += 1;
        }
        if line.ends_with('\r') {
            line.pop();
        }
        self.line += u32::from(any);
        if any {
            self.amid_line = !ended;
        }
        Ok(any)
    }

    /// 1-based number of the line that [`Input::line`] gave last.
    pub fn line_number(&self) -> u32 {
        self.line
    }

    /// Whether the line that [`Input::line`] gave last, which is then the file's last, has no line break.
    pub(super) fn ends_amid_line(&self) -> bool {
        self.amid_line
    }

    pub(super) fn long_lines(&self) -> u32 {
        self.long_lines
    }

    /// What comes next, as far as it is there, without taking it.
    pub(super) fn look_ahead(&mut self) -> io::Result<&str> {
        self.reader.fill_text()
    }

    /// Goes past white space; the byte that follows, which stays.
    pub(super) fn skip_blank(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.reader.fill_buf()?;
            let length = chunk.len();
            let blank = chunk.iter().position(|byte| !byte.is_ascii_whitespace());
            match blank {
                Some(at) => {
                    let byte = chunk.get(at).copied();
                    self.line += newlines(chunk.get(..at).unwrap_or_default());
                    self.reader.consume(at);
                    return Ok(byte);
                }
                None if length == 0 => return Ok(None),
                None => {
                    self.line += newlines(chunk);
                    self.reader.consume(length);
                }
            }
        }
    }

    /// To be called once per record: reports progress, and fails when the sink wants no more.
    pub fn checkpoint(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.ticker.tick(sink)
    }

    /// For those who cannot reach the input while it is read.
    pub(super) fn ticker(&self) -> Ticker {
        self.ticker.clone()
    }
}

fn newlines(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}

/// Reports progress in steps.
#[derive(Clone)]
pub(super) struct Ticker {
    findings: Rc<Findings>,
    reported: u64,
}

impl Ticker {
    pub fn tick(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        let bytes = self.findings.bytes.get();
        if bytes.saturating_sub(self.reported) < PROGRESS_STEP {
            return Ok(());
        }
        self.reported = bytes;
        match sink.progress(bytes) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(io::Error::other(Stop)),
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

/// The sink asked to stop; travels inside of an [`io::Error`].
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("stopped")
    }
}

impl std::error::Error for Stop {}

pub(super) fn is_stop(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Stop>())
}
