//! Tags → nodes. Blocks are held on a stack of its own, so that no input overflows the program's.

use std::collections::HashSet;
use std::rc::Rc;

use smol_str::SmolStr;

use super::expr::{expr, path};
use super::ir::{Arg, Base, Branch, Comment, Expr, Node, NodeKind, Template};
use super::lex::{Kind, Token, tokens, words};
use super::test::test;
use crate::model::Span;

/// Blocks nested deeper than this are read as if they stood in the one around them: the tree is walked and dropped
/// by recursion.
const MAX_DEPTH: usize = 80;

type Word<'t> = (Span, &'t str);

/// Reads a template. Never fails: a tag that is not closed ends with the text.
pub fn parse(text: &str) -> Template {
    let tokens = tokens(text);
    let ends = ends(text, &tokens);
    let mut parser = Parser { text, ends, out: Template::default(), open: vec![Open::root()] };
    for token in &tokens {
        parser.token(token);
    }
    let end = text.len() as u32;
    while parser.open.len() > 1 {
        parser.close(end);
    }
    parser.out.nodes = parser.open.pop().map(|root| root.nodes).unwrap_or_default();
    parser.out
}

/// The tags that something ends: `for`, `block` and the project's own.
fn ends<'t>(text: &'t str, tokens: &[Token]) -> HashSet<&'t str> {
    let first = |token: &Token| words(text, token.inner).first().map(|(_, word)| *word);
    tokens
        .iter()
        .filter(|t| t.kind == Kind::Tag)
        .filter_map(first)
        .filter_map(|word| word.strip_prefix("end"))
        .collect()
}

struct Parser<'t> {
    text: &'t str,
    ends: HashSet<&'t str>,
    out: Template,
    open: Vec<Open<'t>>,
}

/// A tag whose end has not come yet.
struct Open<'t> {
    name: &'t str,
    start: u32,
    head: Head,
    nodes: Vec<Node>,
}

enum Head {
    Root,
    For {
        targets: Vec<SmolStr>,
        over: Expr,
        reversed: bool,
        body: Option<Vec<Node>>,
    },
    If {
        done: Vec<Branch>,
        test: Option<super::Test>,
    },
    With(Vec<(SmolStr, Expr)>),
    Block(SmolStr),
    Tag {
        args: Vec<Arg>,
        target: Option<SmolStr>,
    },
    /// What stands in it is text.
    Raw,
}

impl Open<'_> {
    fn root() -> Self {
        Open { name: "", start: 0, head: Head::Root, nodes: Vec::new() }
    }
}

impl<'t> Parser<'t> {
    fn token(&mut self, token: &Token) {
        let words = words(self.text, token.inner);
        let first = words.first().map_or("", |(_, word)| *word);
        if let Some(Open { head: Head::Raw, name, .. }) = self.open.last() {
            if token.kind == Kind::Tag && first.strip_prefix("end") == Some(*name) {
                self.open.pop();
            }
            return;
        }
        match token.kind {
            Kind::Comment => {
                let text = self.text.get(token.inner.range()).unwrap_or_default();
                self.out.comments.push(Comment { span: token.span, text: SmolStr::new(text.trim()) });
            }
            Kind::Output => {
                let inner = self.text.get(token.inner.range()).unwrap_or_default();
                let blank = inner.len() - inner.trim_start().len();
                let start = token.inner.start as usize + blank;
                let inner = inner.trim();
                let value = expr(Span::new(start, start + inner.len()), inner);
                self.push(token.span, NodeKind::Output(value));
            }
            Kind::Tag => self.tag(first, words.get(1..).unwrap_or_default(), token.span),
        }
    }

    fn push(&mut self, span: Span, kind: NodeKind) {
        if let Some(open) = self.open.last_mut() {
            open.nodes.push(Node { span, kind });
        }
    }

    fn tag(&mut self, name: &'t str, args: &[Word<'t>], span: Span) {
        if let Some(ended) = name.strip_prefix("end") {
            let Some(depth) = self.open.iter().rposition(|open| open.name == ended).filter(|depth| *depth > 0) else {
                return;
            };
            while self.open.len() > depth {
                self.close(span.end);
            }
            return;
        }
        match name {
            "elif" | "else" | "empty" | "plural" => self.divide(name, args, span),
            "extends" => self.out.extends = args.first().map(|(span, word)| expr(*span, word)),
            "load" => {}
            "include" => {
                let Some((at, word)) = args.first() else { return };
                let only = args.last().is_some_and(|(_, word)| *word == "only");
                let with = named(args.get(1..).unwrap_or_default());
                self.push(span, NodeKind::Include { template: expr(*at, word), with, only });
            }
            "regroup" => {
                if let [over, (_, "by"), by, (_, "as"), (_, target)] = args
                    && let Some(by) = path(by.0.start as usize, by.1.split('|').next().unwrap_or_default())
                {
                    let over = expr(over.0, over.1);
                    self.push(span, NodeKind::Regroup { over, by, target: SmolStr::new(target) });
                }
            }
            _ => self.open(name, args, span),
        }
    }

    fn open(&mut self, name: &'t str, args: &[Word<'t>], span: Span) {
        let head = match name {
            "for" => loop_head(args, span),
            "if" | "ifchanged" | "ifequal" | "ifnotequal" => {
                Head::If { done: Vec::new(), test: Some(test(if name == "if" { args } else { &[] }, span)) }
            }
            "with" => Head::With(with_names(args)),
            "block" => Head::Block(args.first().map_or_else(SmolStr::default, |(_, name)| SmolStr::new(name))),
            "comment" | "verbatim" => Head::Raw,
            _ => tag_head(name, args),
        };
        // A fragment may lack the end of what always has one.
        let always = matches!(head, Head::For { .. } | Head::If { .. } | Head::With(_) | Head::Block(_));
        let closes = (always || self.ends.contains(name)) && self.open.len() < MAX_DEPTH;
        match head {
            Head::Tag { args, target } if !closes => {
                self.push(span, NodeKind::Tag { name: SmolStr::new(name), args, target, body: Vec::new() });
            }
            _ if !closes => {}
            head => self.open.push(Open { name, start: span.start, head, nodes: Vec::new() }),
        }
    }

    /// `{% else %}` and the like: another part of the innermost open tag.
    fn divide(&mut self, name: &str, args: &[Word<'_>], span: Span) {
        let Some(open) = self.open.last_mut() else { return };
        match &mut open.head {
            Head::If { done, test: current } => {
                let body = std::mem::take(&mut open.nodes);
                let next = if name == "elif" { Some(test(args, span)) } else { None };
                done.push(Branch { test: std::mem::replace(current, next), body });
            }
            Head::For { body, .. } => {
                body.get_or_insert(std::mem::take(&mut open.nodes));
            }
            _ => {}
        }
    }

    /// Ends the innermost open tag.
    fn close(&mut self, end: u32) {
        let Some(open) = self.open.pop() else { return };
        let Open { name, start, head, nodes } = open;
        let kind = match head {
            Head::Root | Head::Raw => return,
            Head::For { targets, over, reversed, body: Some(body) } => {
                NodeKind::For { targets, over, reversed, body, empty: nodes }
            }
            Head::For { targets, over, reversed, body: None } => {
                NodeKind::For { targets, over, reversed, body: nodes, empty: Vec::new() }
            }
            Head::If { mut done, test } => {
                done.push(Branch { test, body: nodes });
                NodeKind::If(done)
            }
            Head::With(names) => NodeKind::With { names, body: nodes },
            Head::Block(name) => NodeKind::Block { name, body: Rc::new(nodes) },
            Head::Tag { args, target } => NodeKind::Tag { name: SmolStr::new(name), args, target, body: nodes },
        };
        self.push(Span { start, end }, kind);
    }
}

/// `a, b in things reversed`
fn loop_head(args: &[Word<'_>], span: Span) -> Head {
    let unknown = Expr { span, base: Base::Unknown, filters: Vec::new() };
    let Some(at) = args.iter().position(|(_, word)| *word == "in") else {
        return Head::For { targets: Vec::new(), over: unknown, reversed: false, body: None };
    };
    let names = args.get(..at).unwrap_or_default().iter().flat_map(|(_, word)| word.split(','));
    let targets = names.filter(|name| !name.is_empty()).map(SmolStr::new).collect();
    let over = args.get(at + 1).map_or(unknown, |(span, word)| expr(*span, word));
    let reversed = args.last().is_some_and(|(_, word)| *word == "reversed");
    Head::For { targets, over, reversed, body: None }
}

/// `{% with a=b c=d %}`, and `{% with b as a %}` of old.
fn with_names(args: &[Word<'_>]) -> Vec<(SmolStr, Expr)> {
    match args {
        [value, (_, "as"), (_, name)] => vec![(SmolStr::new(name), expr(value.0, value.1))],
        _ => named(args),
    }
}

/// `name=value` words; others are left out.
fn named(args: &[Word<'_>]) -> Vec<(SmolStr, Expr)> {
    args.iter().filter_map(assignment).collect()
}

fn assignment(word: &Word<'_>) -> Option<(SmolStr, Expr)> {
    let (span, text) = word;
    let (name, value) = text.split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let start = span.start as usize + name.len() + 1;
    plain.then(|| (SmolStr::new(name), expr(Span::new(start, start + value.len()), value)))
}

/// A tag that this room does not know further. The names that translations bind stand for what they are given.
fn tag_head(name: &str, args: &[Word<'_>]) -> Head {
    if matches!(name, "blocktrans" | "blocktranslate") {
        return Head::With(named(args));
    }
    let (args, target) = match args {
        [args @ .., (_, "as"), (_, target)] => (args, Some(SmolStr::new(target))),
        _ => (args, None),
    };
    let value = |word: &Word<'_>| match assignment(word) {
        Some((name, value)) => Arg { name: Some(name), value },
        None => Arg { name: None, value: expr(word.0, word.1) },
    };
    Head::Tag { args: args.iter().map(value).collect(), target }
}
