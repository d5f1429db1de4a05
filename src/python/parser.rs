//! The entry: text in, IR and error spans out, within a limit of size and of the caller's patience.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, Tree};

use super::grammar::language;
use super::highlight::tokens;
use super::ir::{Module, Stmt, StmtKind};
use super::lower::Lower;
use crate::model::{Span, TokenClass};

/// Larger files are data, not code to review; at the grammar's slowest (a literal table) this takes about two seconds.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A file's IR, and where its text could not be read. `errors` are sorted by start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    pub module: Module,
    pub errors: Vec<Span>,
}

/// Why a file was not parsed at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseLimit {
    /// More than [`MAX_BYTES`].
    TooLarge { bytes: usize },
    /// The caller's budget ran out.
    Stopped,
}

impl fmt::Display for ParseLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseLimit::TooLarge { bytes } => {
                write!(f, "the file has {bytes} bytes; Python files above {MAX_BYTES} bytes are not read")
            }
            ParseLimit::Stopped => write!(f, "parsing was stopped before its end: the file took too long"),
        }
    }
}

impl std::error::Error for ParseLimit {}

/// A parser to keep for many files.
pub struct Parser {
    inner: tree_sitter::Parser,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    pub fn new() -> Self {
        let mut inner = tree_sitter::Parser::new();
        // Fails only for a grammar of another ABI than the library's; then every parse below gives `Stopped`.
        let _ = inner.set_language(&language());
        Self { inner }
    }

    /// `go_on` is asked every few hundred steps of the grammar; `false` ends the parse with [`ParseLimit::Stopped`].
    pub fn parse(&mut self, text: &str, mut go_on: impl FnMut() -> bool) -> Result<Parsed, ParseLimit> {
        let text = &*with_line_feeds(text);
        let tree = self.tree(text, &mut go_on)?;
        Ok(Lower::new(&tree, text).module())
    }

    /// Syntax colours: sorted, disjoint; what has no class is left out.
    pub fn highlight(
        &mut self,
        text: &str,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Vec<(Span, TokenClass)>, ParseLimit> {
        let text = &*with_line_feeds(text);
        let tree = self.tree(text, &mut go_on)?;
        Ok(tokens(&tree, text))
    }

    fn tree(&mut self, text: &str, go_on: &mut dyn FnMut() -> bool) -> Result<Tree, ParseLimit> {
        if text.len() > MAX_BYTES {
            return Err(ParseLimit::TooLarge { bytes: text.len() });
        }
        let bytes = text.as_bytes();
        let mut progress = |_: &_| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = self.inner.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or(&[]), None, Some(options));
        if tree.is_none() {
            // Otherwise the next parse would go on with this file.
            self.inner.reset();
        }
        tree.ok_or(ParseLimit::Stopped)
    }
}

/// The IR of one text. A text above [`MAX_BYTES`] comes back as one `Unknown` with its error span.
pub fn parse(text: &str) -> Parsed {
    Parser::new().parse(text, || true).unwrap_or_else(|_| {
        let span = Span::new(0, text.len());
        let module = Module { body: vec![Stmt { span, kind: StmtKind::Unknown(Vec::new()) }], comments: Vec::new() };
        Parsed { module, errors: vec![span] }
    })
}

/// Syntax colours of one text: sorted, disjoint; nothing for a text above [`MAX_BYTES`].
pub fn highlight(text: &str) -> Vec<(Span, TokenClass)> {
    Parser::new().highlight(text, || true).unwrap_or_default()
}

/// The grammar takes LF and CRLF only. A lone CR, which ends a line for Python too, becomes LF: offsets stay.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let lone = |at: usize| bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n');
    if !text.match_indices('\r').any(|(at, _)| lone(at)) {
        return Cow::Borrowed(text);
    }
    let replaced = text.char_indices().map(|(at, c)| if c == '\r' && lone(at) { '\n' } else { c });
    Cow::Owned(replaced.collect())
}
