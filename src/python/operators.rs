//! Chains that nest to the left (`a.b(c)[d] + e and f`, parentheses): walked with a loop, so that a long one costs no
//! stack, and built bottom-up.

use super::grammar::{Field, Kind};
use super::ir::{BinaryOp, BoolOp, Call, Expr, ExprKind, Ident, Name};
use super::lower::{Here, Lower, MAX_DEPTH};
use crate::model::Span;

/// What a node of the chain adds to the expression at its left end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Parens,
    Attribute,
    Call,
    Subscript,
    Binary(BinaryOp),
    Bool(BoolOp),
}

impl<'t> Lower<'t> {
    pub(super) fn expr(&mut self) -> Expr {
        let here = self.here();
        if here.kind == Kind::Identifier && !here.span.is_empty() {
            return Expr { span: here.span, kind: ExprKind::Name(Name::new(self.slice(here.span))) };
        }
        if self.depth >= MAX_DEPTH {
            self.error(here.span);
            return Expr { span: here.span, kind: ExprKind::Unknown(Vec::new()) };
        }
        self.depth += 1;
        let expr = self.chain();
        self.depth -= 1;
        expr
    }

    fn chain(&mut self) -> Expr {
        let base = self.links.len();
        let mut nesting = 0;
        while let Some(link) = self.link() {
            let here = self.here();
            if !self.enter_left() {
                break;
            }
            let outer = self.links.get(base..).and_then(|links| links.last()).map(|(outer, _)| *outer);
            nesting += nests(link, outer);
            self.links.push((link, here.span));
        }
        if self.links.len() == base {
            return self.leaf();
        }
        // Half of what is left for the chain, half for what stands in it.
        let outside = self.depth;
        let mut levels = nesting.min((MAX_DEPTH - outside) / 2);
        self.depth = outside + levels;
        let mut expr = self.leaf();
        while self.links.len() > base {
            let Some((link, span)) = self.links.pop() else { break };
            let outer = self.links.get(base..).and_then(|links| links.last()).map(|(outer, _)| *outer);
            let step = nests(link, outer);
            if step > levels {
                expr = self.flat(expr, span);
            } else {
                levels -= step;
                self.depth = outside + levels;
                expr = self.linked(link, span, expr);
            }
        }
        self.depth = outside;
        expr
    }

    fn link(&self) -> Option<Link> {
        let here = self.here();
        Some(match here.kind {
            Kind::ParenthesizedExpression => Link::Parens,
            Kind::Attribute => Link::Attribute,
            Kind::Call => Link::Call,
            Kind::Subscript => Link::Subscript,
            Kind::BinaryOperator => Link::Binary(binary_op(self.operator_text(here.node))?),
            Kind::BooleanOperator if self.operator_text(here.node) == "or" => Link::Bool(BoolOp::Or),
            Kind::BooleanOperator => Link::Bool(BoolOp::And),
            _ => return None,
        })
    }

    /// From a node of the chain to its left operand; `false`, and no move, where there is none.
    fn enter_left(&mut self) -> bool {
        if !self.cursor.goto_first_child() {
            return false;
        }
        loop {
            let here = self.here();
            if !self.passed_over(here) {
                match here.kind {
                    Kind::Error => self.stray_error(here),
                    kind if kind.is_expression() => return true,
                    _ => {}
                }
            }
            if !self.cursor.goto_next_sibling() {
                self.cursor.goto_parent();
                return false;
            }
        }
    }

    /// One link built around `left`; the cursor goes from the left operand to the link's node.
    fn linked(&mut self, link: Link, span: Span, left: Expr) -> Expr {
        let kind = match link {
            Link::Parens => {
                self.rest(|_, _| {});
                return left;
            }
            Link::Attribute => self.attribute(left),
            Link::Call => self.call(left),
            Link::Subscript => self.subscript(left),
            Link::Binary(op) => match self.right_operand() {
                Some(right) => ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) },
                None => ExprKind::Unknown(vec![left]),
            },
            Link::Bool(op) => self.boolean(op, left),
        };
        Expr { span, kind }
    }

    fn right_operand(&mut self) -> Option<Expr> {
        let mut right = None;
        self.rest(|lower, here| {
            if here.kind.is_expression() {
                right = Some(lower.expr());
            }
        });
        right
    }

    fn boolean(&mut self, op: BoolOp, left: Expr) -> ExprKind {
        let right = self.right_operand();
        let mut values = match left.kind {
            ExprKind::Bool { op: inner, values } if inner == op => values,
            kind => vec![Expr { kind, ..left }],
        };
        values.extend(right);
        ExprKind::Bool { op, values }
    }

    fn attribute(&mut self, value: Expr) -> ExprKind {
        let mut attr = None;
        self.rest(|lower, here| {
            if here.kind == Kind::Identifier {
                attr = Some(lower.ident());
            }
        });
        match attr {
            Some(attr) => ExprKind::Attribute { value: Box::new(value), attr },
            None => ExprKind::Unknown(vec![value]),
        }
    }

    fn call(&mut self, func: Expr) -> ExprKind {
        let mut args = Vec::new();
        let mut args_span = Span::at(func.span.end);
        self.rest(|lower, here| match here.kind {
            Kind::ArgumentList => {
                args_span = between(here, lower.slice(here.span));
                args = lower.arguments();
            }
            Kind::GeneratorExpression => {
                args_span = between(here, lower.slice(here.span));
                args.push(lower.sole_generator(args_span));
            }
            _ => {}
        });
        ExprKind::Call(Box::new(Call { func, args, args_span }))
    }

    fn subscript(&mut self, value: Expr) -> ExprKind {
        let mut items = Vec::new();
        let mut comma = false;
        self.rest(|lower, here| match here.kind {
            Kind::Comma => comma = true,
            _ if lower.field() == Field::Subscript => items.push(lower.expr()),
            _ => {}
        });
        match super::expressions::tuple_or_single(items, comma) {
            Some(index) => ExprKind::Subscript { value: Box::new(value), index: Box::new(index) },
            None => ExprKind::Unknown(vec![value]),
        }
    }

    /// A link of a chain too long to nest: its operands beside those before it.
    fn flat(&mut self, left: Expr, span: Span) -> Expr {
        let mut inside = match left.kind {
            ExprKind::Unknown(inside) => inside,
            kind => {
                self.error(span);
                vec![Expr { kind, ..left }]
            }
        };
        self.rest(|lower, here| match here.kind {
            Kind::ArgumentList => inside.extend(lower.arguments().into_iter().map(|arg| arg.value)),
            // The name after a dot is no variable.
            Kind::Identifier if lower.field() == Field::Attribute => {}
            kind if kind.is_expression() => inside.push(lower.expr()),
            _ => {}
        });
        Expr { span, kind: ExprKind::Unknown(inside) }
    }

    /// `name := value`
    pub(super) fn named(&mut self, span: Span) -> Expr {
        let mut target: Option<Ident> = None;
        let mut value = None;
        self.parts(|lower, here| match lower.field() {
            Field::Name => target = Some(lower.ident()),
            Field::Value if here.kind.is_expression() => value = Some(lower.expr()),
            _ => {}
        });
        let kind = match (target, value) {
            (Some(target), Some(value)) => ExprKind::Named { target, value: Box::new(value) },
            (_, value) => ExprKind::Unknown(value.into_iter().collect()),
        };
        Expr { span, kind }
    }
}

/// How much deeper a link makes the IR: parentheses leave no trace, and `a and b and c` is flat.
fn nests(link: Link, outer: Option<Link>) -> u32 {
    match link {
        Link::Parens => 0,
        Link::Bool(_) if outer == Some(link) => 0,
        _ => 1,
    }
}

/// The span inside of the brackets that `here` starts with; it ends at the node's end where the closing one is missing.
fn between(here: Here<'_>, text: &str) -> Span {
    let start = (here.span.start + 1).min(here.span.end);
    let end = if text.ends_with(')') { here.span.end - 1 } else { here.span.end };
    Span { start, end: end.max(start) }
}

/// The operator of `a + b`, or of `a += b` without its `=`.
pub(super) fn binary_op(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "//" => BinaryOp::FloorDiv,
        "%" => BinaryOp::Mod,
        "**" => BinaryOp::Pow,
        "@" => BinaryOp::MatMul,
        "&" => BinaryOp::And,
        "|" => BinaryOp::Or,
        "^" => BinaryOp::Xor,
        "<<" => BinaryOp::Shl,
        ">>" => BinaryOp::Shr,
        _ => return None,
    })
}
