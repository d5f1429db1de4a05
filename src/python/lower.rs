//! The walk that all lowering shares: one cursor, children visited once and in order, comments and errors on the way.
//!
//! Every `fn(&mut self)` that lowers a node expects the cursor on it and leaves it there.

use smol_str::SmolStr;
use tree_sitter::{Node, Tree, TreeCursor};

use super::grammar::{Field, Kind, Tables, tables};
use super::ir::{Block, Comment, Expr, ExprKind, Ident, Module, Name, Stmt, StmtKind};
use super::operators::Link;
use super::parser::Parsed;
use crate::model::Span;

/// How deep the IR may nest (CPython takes 200 nested brackets and 100 indents; real code stays under 30). It bounds the
/// stack of this walk, of dropping the IR, and of everybody who walks it.
pub(super) const MAX_DEPTH: u32 = 128;

pub(super) struct Lower<'t> {
    pub(super) cursor: TreeCursor<'t>,
    pub(super) text: &'t str,
    tables: &'static Tables,
    root: Node<'t>,
    /// Whether there is any ERROR or MISSING node to look for.
    broken: bool,
    pub(super) depth: u32,
    /// A `yield` was met since the innermost function began.
    pub(super) saw_yield: bool,
    /// Unreadable parts of the statement at hand that have no place in its IR.
    pub(super) stray: Vec<Stmt>,
    pub(super) links: Vec<(Link, Span)>,
    comments: Vec<Comment>,
    errors: Vec<Span>,
}

/// The node under the cursor.
#[derive(Clone, Copy)]
pub(super) struct Here<'t> {
    pub(super) node: Node<'t>,
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl<'t> Lower<'t> {
    pub(super) fn new(tree: &'t Tree, text: &'t str) -> Self {
        let root = tree.root_node();
        Self {
            cursor: root.walk(),
            text,
            tables: tables(),
            root,
            broken: root.has_error(),
            depth: 0,
            saw_yield: false,
            stray: Vec::new(),
            links: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn module(mut self) -> Parsed {
        // Where nothing at all fits the grammar, the root itself is an ERROR.
        let body = if self.here().kind == Kind::Error {
            vec![Stmt { span: span_of(self.root), kind: StmtKind::Unknown(self.error_block()) }]
        } else {
            self.block()
        };
        self.errors.sort_by_key(|span| (span.start, span.end));
        self.errors.dedup();
        Parsed { module: Module { body, comments: self.comments }, errors: self.errors }
    }

    pub(super) fn here(&self) -> Here<'t> {
        let node = self.cursor.node();
        Here { node, kind: self.tables.kind(node.kind_id()), span: span_of(node) }
    }

    /// The field that the node under the cursor fills.
    pub(super) fn field(&self) -> Field {
        self.tables.field(self.cursor.field_id())
    }

    pub(super) fn operator_text(&self, node: Node<'t>) -> &'t str {
        node.child_by_field_id(self.tables.operator_field).map_or("", |operator| self.slice(span_of(operator)))
    }

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or("")
    }

    pub(super) fn ident(&self) -> Ident {
        let span = span_of(self.cursor.node());
        Ident { span, name: Name::new(self.slice(span)) }
    }

    pub(super) fn error(&mut self, span: Span) {
        self.errors.push(span);
    }

    /// Visits the children of the node under the cursor; what is unreadable between them goes to `stray`.
    pub(super) fn parts(&mut self, mut visit: impl FnMut(&mut Self, Here<'t>)) {
        self.each(|lower, here| {
            if here.kind == Kind::Error {
                lower.stray_error(here);
            } else {
                visit(lower, here);
            }
        });
    }

    /// As `parts`, but the caller takes the ERROR nodes too.
    pub(super) fn each(&mut self, mut visit: impl FnMut(&mut Self, Here<'t>)) {
        if !self.cursor.goto_first_child() {
            return;
        }
        loop {
            let here = self.here();
            if !self.passed_over(here) {
                visit(self, here);
            }
            if !self.cursor.goto_next_sibling() {
                break;
            }
        }
        self.cursor.goto_parent();
    }

    /// Visits the siblings after the node under the cursor and ends on the parent.
    pub(super) fn rest(&mut self, mut visit: impl FnMut(&mut Self, Here<'t>)) {
        while self.cursor.goto_next_sibling() {
            let here = self.here();
            if self.passed_over(here) {
                continue;
            }
            if here.kind == Kind::Error {
                self.stray_error(here);
            } else {
                visit(self, here);
            }
        }
        self.cursor.goto_parent();
    }

    /// Comments and continuations may stand between any two children.
    pub(super) fn passed_over(&mut self, here: Here<'t>) -> bool {
        match here.kind {
            Kind::Comment => {
                let text = SmolStr::new(self.slice(here.span).trim_end_matches('\r'));
                let span = Span { end: here.span.start + text.len() as u32, ..here.span };
                self.comments.push(Comment { span, text });
                true
            }
            Kind::LineContinuation => true,
            _ => {
                if self.broken && here.node.is_missing() {
                    self.error(here.span);
                }
                false
            }
        }
    }

    pub(super) fn stray_error(&mut self, here: Here<'t>) {
        let outer = std::mem::take(&mut self.stray);
        let kind = StmtKind::Unknown(self.error_block());
        self.stray = outer;
        self.stray.push(Stmt { span: here.span, kind });
    }

    /// The statements and expressions that can be read inside of an ERROR node.
    pub(super) fn error_block(&mut self) -> Block {
        self.error(span_of(self.cursor.node()));
        let mut block = Vec::new();
        self.readable(&mut block);
        block
    }

    fn readable(&mut self, block: &mut Block) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.each(|lower, here| match here.kind {
            // A bare word in an error may be the name of what is being defined: no use of a variable.
            Kind::Identifier => {}
            kind if kind.is_statement() => lower.statement_into(block),
            kind if kind.is_expression() => {
                let value = lower.expr();
                block.append(&mut lower.stray);
                block.push(Stmt { span: here.span, kind: StmtKind::Expr(value) });
            }
            Kind::Error => {
                lower.stray_error(here);
                block.append(&mut lower.stray);
            }
            _ => lower.readable(block),
        });
        self.depth -= 1;
    }

    /// An ERROR node in a place that takes an expression.
    pub(super) fn error_expr(&mut self) -> Expr {
        let span = span_of(self.cursor.node());
        self.error(span);
        self.unknown_expr(span)
    }

    /// `Unknown` with the expressions that stand directly in the node.
    pub(super) fn unknown_expr(&mut self, span: Span) -> Expr {
        let mut inside = Vec::new();
        self.parts(|lower, here| {
            if here.kind.is_expression() {
                inside.push(lower.expr());
            }
        });
        Expr { span, kind: ExprKind::Unknown(inside) }
    }
}

pub(super) fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}
