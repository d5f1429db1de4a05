//! Statements. A part that the grammar could not read does not take its statement with it.

use super::expressions::tuple_or_single;
use super::grammar::{Field, Kind};
use super::ir::{Block, Expr, ExprKind, Handler, Ident, Stmt, StmtKind, WithItem};
use super::lower::{Lower, MAX_DEPTH, span_of};
use super::operators::binary_op;
use crate::model::Span;

impl Lower<'_> {
    /// The statements of a `block` or of the module.
    pub(super) fn block(&mut self) -> Block {
        let mut block = Vec::new();
        self.each(|lower, here| match here.kind {
            Kind::Error => {
                lower.stray_error(here);
                block.append(&mut lower.stray);
            }
            kind if kind.is_statement() => lower.statement_into(&mut block),
            // A comment's or an error's neighbour may leave a clause without its statement.
            kind if kind.is_expression() || kind == Kind::Block => {
                lower.error(here.span);
                let inside = if kind == Kind::Block { lower.nested_block() } else { Vec::new() };
                block.push(Stmt { span: here.span, kind: StmtKind::Unknown(inside) });
            }
            _ => {}
        });
        block
    }

    fn nested_block(&mut self) -> Block {
        if self.depth >= MAX_DEPTH {
            return Vec::new();
        }
        self.depth += 1;
        let block = self.block();
        self.depth -= 1;
        block
    }

    pub(super) fn statement_into(&mut self, block: &mut Block) {
        let outer = std::mem::take(&mut self.stray);
        let statement = self.statement();
        block.append(&mut self.stray);
        block.push(statement);
        self.stray = outer;
    }

    fn statement(&mut self) -> Stmt {
        let here = self.here();
        let span = here.span;
        if self.depth >= MAX_DEPTH {
            self.error(span);
            return Stmt { span, kind: StmtKind::Unknown(Vec::new()) };
        }
        self.depth += 1;
        let kind = match here.kind {
            Kind::ExpressionStatement => self.expression_statement(span),
            Kind::FunctionDefinition | Kind::ClassDefinition => self.definition(Vec::new()),
            Kind::DecoratedDefinition => self.decorated(),
            Kind::IfStatement => self.if_statement(),
            Kind::ForStatement => self.for_statement(),
            Kind::WhileStatement => self.while_statement(),
            Kind::WithStatement => self.with_statement(),
            Kind::TryStatement => self.try_statement(),
            Kind::MatchStatement => self.match_statement(),
            Kind::ReturnStatement => StmtKind::Return(self.first_expr()),
            Kind::RaiseStatement => self.raise(),
            Kind::AssertStatement => self.assert(),
            Kind::DeleteStatement => self.delete(),
            Kind::ImportStatement => StmtKind::Import(self.aliases()),
            Kind::ImportFromStatement => self.import_from(),
            Kind::FutureImportStatement => {
                StmtKind::ImportFrom { level: 0, module: "__future__".into(), names: self.aliases(), star: false }
            }
            Kind::GlobalStatement => StmtKind::Global(self.idents()),
            Kind::NonlocalStatement => StmtKind::Nonlocal(self.idents()),
            Kind::PassStatement => StmtKind::Pass,
            Kind::BreakStatement => StmtKind::Break,
            Kind::ContinueStatement => StmtKind::Continue,
            Kind::TypeAliasStatement => self.type_alias(span),
            // `print` and `exec` as statements are Python 2.
            _ => self.unknown(span),
        };
        self.depth -= 1;
        Stmt { span, kind }
    }

    /// `Unknown` with the expressions that stand in the node.
    fn unknown(&mut self, span: Span) -> StmtKind {
        self.error(span);
        let mut inside = Vec::new();
        self.unknown_parts(&mut inside);
        StmtKind::Unknown(inside)
    }

    fn unknown_parts(&mut self, inside: &mut Block) {
        self.parts(|lower, here| {
            if here.kind.is_expression() {
                inside.push(Stmt { span: here.span, kind: StmtKind::Expr(lower.expr()) });
            } else if here.kind == Kind::Chevron {
                let value = lower.first_expr();
                inside.extend(value.map(|value| Stmt { span: value.span, kind: StmtKind::Expr(value) }));
            }
        });
    }

    fn expression_statement(&mut self, span: Span) -> StmtKind {
        let mut kind = None;
        let mut items = Vec::new();
        let mut comma = false;
        self.parts(|lower, here| match here.kind {
            Kind::Assignment => kind = Some(lower.assignment()),
            Kind::AugmentedAssignment => kind = Some(lower.augmented()),
            Kind::Comma => comma = true,
            part if part.is_expression() => items.push(lower.expr()),
            _ => {}
        });
        if let Some(kind) = kind {
            return kind;
        }
        match tuple_or_single(items, comma) {
            Some(value) => StmtKind::Expr(value),
            None => {
                self.error(span);
                StmtKind::Unknown(Vec::new())
            }
        }
    }

    /// `a = b = value`, which the grammar nests to the right: walked with a loop.
    fn assignment(&mut self) -> StmtKind {
        let mut targets = Vec::new();
        let mut annotation = None;
        let mut value = None;
        let mut levels = 0;
        loop {
            let mut further = false;
            if !self.cursor.goto_first_child() {
                break;
            }
            levels += 1;
            loop {
                let here = self.here();
                if !self.passed_over(here) {
                    match (here.kind, self.field()) {
                        (Kind::Error, _) => self.stray_error(here),
                        (_, Field::Left) => targets.push(self.expr()),
                        (_, Field::Type) => annotation = Some(self.expr()),
                        // The right side is the last child: nothing is passed by going into it.
                        (Kind::Assignment, Field::Right) => further = true,
                        (Kind::AugmentedAssignment, Field::Right) => {
                            self.error(here.span);
                            value = Some(Expr { span: here.span, kind: ExprKind::Unknown(Vec::new()) });
                        }
                        (_, Field::Right) => value = Some(self.expr()),
                        _ => {}
                    }
                }
                if further || !self.cursor.goto_next_sibling() {
                    break;
                }
            }
            if !further {
                break;
            }
        }
        for _ in 0..levels {
            self.cursor.goto_parent();
        }
        match (annotation, value) {
            (Some(annotation), value) if targets.len() == 1 => match targets.pop() {
                Some(target) => StmtKind::AnnAssign { target, annotation, value },
                None => StmtKind::Unknown(Vec::new()),
            },
            (None, Some(value)) => StmtKind::Assign { targets, value },
            (annotation, value) => StmtKind::Unknown(expressions(targets.into_iter().chain(annotation).chain(value))),
        }
    }

    fn augmented(&mut self) -> StmtKind {
        let mut target = None;
        let mut op = None;
        let mut value = None;
        self.parts(|lower, here| match lower.field() {
            Field::Left => target = Some(lower.expr()),
            Field::Operator => op = binary_op(lower.slice(here.span).trim_end_matches('=')),
            Field::Right => value = Some(lower.expr()),
            _ => {}
        });
        match (target, op, value) {
            (Some(target), Some(op), Some(value)) => StmtKind::AugAssign { target, op, value },
            (target, _, value) => StmtKind::Unknown(expressions(target.into_iter().chain(value))),
        }
    }

    fn if_statement(&mut self) -> StmtKind {
        let depth = self.depth;
        // A chain of `elif` nests in the IR; what is too long to nest is kept flat.
        let deepest = depth + (MAX_DEPTH - depth) / 2;
        let mut arms: Vec<(Span, Expr, Block)> = Vec::new();
        let mut too_long: Block = Vec::new();
        let mut test = None;
        let mut body = Vec::new();
        let mut orelse = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::ElifClause, _) => {
                lower.depth = (lower.depth + 1).min(deepest);
                let (test, body) = lower.conditional_block();
                if lower.depth < deepest {
                    arms.push((here.span, test, body));
                } else {
                    too_long.push(Stmt { span: here.span, kind: StmtKind::If { test, body, orelse: Vec::new() } });
                }
            }
            (Kind::ElseClause, _) => orelse = lower.suite(),
            (Kind::Block, _) => body = lower.block(),
            (_, Field::Condition) => test = Some(lower.expr()),
            _ => {}
        });
        self.depth = depth;
        if let (Some(first), Some(last)) = (too_long.first(), too_long.last()) {
            let span = first.span.to(last.span);
            self.error(span);
            orelse.insert(0, Stmt { span, kind: StmtKind::Unknown(too_long) });
        }
        let end = span_of(self.cursor.node()).end;
        while let Some((span, test, body)) = arms.pop() {
            orelse = vec![Stmt { span: Span { end, ..span }, kind: StmtKind::If { test, body, orelse } }];
        }
        let test = test.unwrap_or_else(|| self.nothing());
        StmtKind::If { test, body, orelse }
    }

    fn conditional_block(&mut self) -> (Expr, Block) {
        let mut test = None;
        let mut body = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Block, _) => body = lower.block(),
            (_, Field::Condition) => test = Some(lower.expr()),
            _ => {}
        });
        (test.unwrap_or_else(|| self.nothing()), body)
    }

    /// The block of an `else:`, `finally:` and the like.
    pub(super) fn suite(&mut self) -> Block {
        let mut block = Vec::new();
        self.parts(|lower, here| {
            if here.kind == Kind::Block {
                block = lower.block();
            }
        });
        block
    }

    /// Stands for an expression that the text leaves out.
    pub(super) fn nothing(&self) -> Expr {
        Expr { span: Span::at(span_of(self.cursor.node()).start), kind: ExprKind::Unknown(Vec::new()) }
    }

    fn for_statement(&mut self) -> StmtKind {
        let mut is_async = false;
        let mut target = None;
        let mut iter = None;
        let mut body = Vec::new();
        let mut orelse = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Async, _) => is_async = true,
            (_, Field::Left) => target = Some(lower.expr()),
            (_, Field::Right) => iter = Some(lower.expr()),
            (Kind::Block, _) => body = lower.block(),
            (Kind::ElseClause, _) => orelse = lower.suite(),
            _ => {}
        });
        let target = target.unwrap_or_else(|| self.nothing());
        let iter = iter.unwrap_or_else(|| self.nothing());
        StmtKind::For { is_async, target, iter, body, orelse }
    }

    fn while_statement(&mut self) -> StmtKind {
        let mut orelse = Vec::new();
        let mut test = None;
        let mut body = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::ElseClause, _) => orelse = lower.suite(),
            (Kind::Block, _) => body = lower.block(),
            (_, Field::Condition) => test = Some(lower.expr()),
            _ => {}
        });
        let test = test.unwrap_or_else(|| self.nothing());
        StmtKind::While { test, body, orelse }
    }

    fn with_statement(&mut self) -> StmtKind {
        let mut is_async = false;
        let mut items = Vec::new();
        let mut body = Vec::new();
        self.parts(|lower, here| match here.kind {
            Kind::Async => is_async = true,
            Kind::WithClause => lower.parts(|lower, here| {
                if here.kind == Kind::WithItem {
                    lower.parts(|lower, _| lower.with_item(&mut items));
                }
            }),
            Kind::Block => body = lower.block(),
            _ => {}
        });
        StmtKind::With { is_async, items, body }
    }

    fn with_item(&mut self, items: &mut Vec<WithItem>) {
        let here = self.here();
        match here.kind {
            Kind::AsPattern => {
                let (context, target) = self.as_pattern();
                let context = context.unwrap_or_else(|| self.nothing());
                items.push(WithItem { context, target });
            }
            // `with (a as b, c as d):` may come as a tuple of the items.
            Kind::Tuple | Kind::ParenthesizedExpression if self.holds_as_pattern() => {
                self.parts(|lower, here| {
                    if here.kind == Kind::AsPattern {
                        let (context, target) = lower.as_pattern();
                        let context = context.unwrap_or_else(|| lower.nothing());
                        items.push(WithItem { context, target });
                    } else if here.kind.is_expression() {
                        items.push(WithItem { context: lower.expr(), target: None });
                    }
                });
            }
            kind if kind.is_expression() => items.push(WithItem { context: self.expr(), target: None }),
            _ => {}
        }
    }

    fn holds_as_pattern(&self) -> bool {
        let node = self.cursor.node();
        let mut cursor = node.walk();
        node.named_children(&mut cursor).any(|child| child.kind() == "as_pattern")
    }

    /// `value as target`
    pub(super) fn as_pattern(&mut self) -> (Option<Expr>, Option<Expr>) {
        let mut value = None;
        let mut target = None;
        self.parts(|lower, here| match here.kind {
            Kind::AsPatternTarget => target = Some(lower.expr()),
            kind if kind.is_expression() => value = Some(lower.expr()),
            _ => {}
        });
        (value, target)
    }

    fn try_statement(&mut self) -> StmtKind {
        let mut body = Vec::new();
        let mut handlers = Vec::new();
        let mut orelse = Vec::new();
        let mut finally = Vec::new();
        self.parts(|lower, here| match here.kind {
            Kind::Block => body = lower.block(),
            Kind::ExceptClause => handlers.push(lower.handler(here.span)),
            Kind::ElseClause => orelse = lower.suite(),
            Kind::FinallyClause => finally = lower.suite(),
            _ => {}
        });
        StmtKind::Try { body, handlers, orelse, finally }
    }

    fn handler(&mut self, span: Span) -> Handler {
        let mut handler = Handler { span, kind: None, name: None, body: Vec::new(), is_group: false };
        let mut kinds = Vec::new();
        let mut comma = false;
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Star, _) => handler.is_group = true,
            (Kind::Comma, _) => comma = true,
            (Kind::Block, _) => handler.body = lower.block(),
            (Kind::AsPattern, _) => {
                let (value, target) = lower.as_pattern();
                kinds.extend(value);
                handler.name = target.and_then(as_ident);
            }
            (Kind::Identifier, Field::Alias) => handler.name = Some(lower.ident()),
            (kind, _) if kind.is_expression() => kinds.push(lower.expr()),
            _ => {}
        });
        handler.kind = tuple_or_single(kinds, comma);
        handler
    }

    fn raise(&mut self) -> StmtKind {
        let mut exception = None;
        let mut cause = None;
        self.parts(|lower, here| match lower.field() {
            Field::Cause => cause = Some(lower.expr()),
            _ if here.kind.is_expression() => exception = Some(lower.expr()),
            _ => {}
        });
        StmtKind::Raise { exception, cause }
    }

    fn assert(&mut self) -> StmtKind {
        let mut items = self.items().0.into_iter();
        let test = items.next().unwrap_or_else(|| self.nothing());
        StmtKind::Assert { test, message: items.next() }
    }

    fn delete(&mut self) -> StmtKind {
        let mut targets = Vec::new();
        self.parts(|lower, here| match here.kind {
            Kind::ExpressionList => targets = lower.items().0,
            kind if kind.is_expression() => targets.push(lower.expr()),
            _ => {}
        });
        StmtKind::Delete(targets)
    }

    fn idents(&mut self) -> Vec<Ident> {
        let mut idents = Vec::new();
        self.parts(|lower, here| {
            if here.kind == Kind::Identifier {
                idents.push(lower.ident());
            }
        });
        idents
    }
}

pub(super) fn as_ident(expr: Expr) -> Option<Ident> {
    match expr.kind {
        ExprKind::Name(name) => Some(Ident { span: expr.span, name }),
        _ => None,
    }
}

pub(super) fn expressions(values: impl IntoIterator<Item = Expr>) -> Block {
    values.into_iter().map(|value| Stmt { span: value.span, kind: StmtKind::Expr(value) }).collect()
}
