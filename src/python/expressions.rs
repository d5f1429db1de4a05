//! Expressions that are no chain: collections, calls' arguments, comprehensions, comparisons, annotations.

use super::grammar::{Field, Kind};
use super::ir::{
    Arg, ArgKind, BinaryOp, Comp, CompClause, CompKind, CompareOp, DictItem, Expr, ExprKind, Lambda, Params, UnaryOp,
};
use super::lower::Lower;
use crate::model::Span;

impl Lower<'_> {
    /// The expression under the cursor, which is not a link of a chain.
    pub(super) fn leaf(&mut self) -> Expr {
        let here = self.here();
        let span = here.span;
        // Every nested expression passes here: each arm is one call, to keep this frame small.
        match here.kind {
            Kind::Identifier if !span.is_empty() => self.expr(),
            Kind::String | Kind::ConcatenatedString => self.string(span),
            Kind::Integer => self.integer(span),
            Kind::Float | Kind::True | Kind::False | Kind::None | Kind::Ellipsis => self.constant(here.kind, span),
            Kind::List
            | Kind::ListPattern
            | Kind::Set
            | Kind::Tuple
            | Kind::ExpressionList
            | Kind::PatternList
            | Kind::TuplePattern => self.collection(here.kind, span),
            Kind::Dictionary => self.dictionary(span),
            Kind::ListComprehension => self.comprehension(CompKind::List, span),
            Kind::SetComprehension => self.comprehension(CompKind::Set, span),
            Kind::DictionaryComprehension => self.comprehension(CompKind::Dict, span),
            Kind::GeneratorExpression => self.comprehension(CompKind::Generator, span),
            Kind::ComparisonOperator => self.comparison(span),
            Kind::ConditionalExpression => self.conditional(span),
            Kind::NamedExpression => self.named(span),
            Kind::Lambda => self.lambda(span),
            Kind::NotOperator => self.around(span, ExprKind::Not),
            Kind::Await => self.around(span, ExprKind::Await),
            Kind::ListSplat | Kind::ListSplatPattern => self.around(span, ExprKind::Starred),
            Kind::UnaryOperator => self.unary(span),
            Kind::Yield => self.yielded(span),
            Kind::Slice => self.slice_expr(span),
            Kind::Type | Kind::AsPatternTarget => self.wrapped(span),
            Kind::GenericType | Kind::UnionType | Kind::MemberType | Kind::SplatType => self.annotation(span),
            _ => self.error_expr(),
        }
    }

    fn constant(&mut self, kind: Kind, span: Span) -> Expr {
        let kind = match kind {
            Kind::True => ExprKind::True,
            Kind::False => ExprKind::False,
            Kind::None => ExprKind::None,
            Kind::Ellipsis => ExprKind::Ellipsis,
            _ => ExprKind::Float(self.slice(span).into()),
        };
        Expr { span, kind }
    }

    fn collection(&mut self, kind: Kind, span: Span) -> Expr {
        let (mut items, comma) = self.items();
        let kind = match kind {
            Kind::List | Kind::ListPattern => ExprKind::List(items),
            Kind::Set => ExprKind::Set(items),
            // `(a)` as a target is `a`.
            Kind::TuplePattern if items.len() == 1 && !comma => match items.pop() {
                Some(only) => return only,
                None => ExprKind::Tuple(items),
            },
            _ => ExprKind::Tuple(items),
        };
        Expr { span, kind }
    }

    /// The expressions that stand directly in the node, and whether a comma does.
    pub(super) fn items(&mut self) -> (Vec<Expr>, bool) {
        let mut items = Vec::new();
        let mut comma = false;
        self.each(|lower, here| match here.kind {
            Kind::Comma => comma = true,
            Kind::Error => items.push(lower.error_expr()),
            kind if kind.is_expression() => items.push(lower.expr()),
            _ => {}
        });
        (items, comma)
    }

    /// A node that holds exactly one expression.
    fn around(&mut self, span: Span, build: impl FnOnce(Box<Expr>) -> ExprKind) -> Expr {
        match self.first_expr() {
            Some(inner) => Expr { span, kind: build(Box::new(inner)) },
            None => Expr { span, kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    /// A node that adds nothing to the expression in it.
    fn wrapped(&mut self, span: Span) -> Expr {
        self.first_expr().unwrap_or(Expr { span, kind: ExprKind::Unknown(Vec::new()) })
    }

    pub(super) fn first_expr(&mut self) -> Option<Expr> {
        let mut first = None;
        self.parts(|lower, here| {
            if first.is_none() && (here.kind.is_expression() || here.kind == Kind::SplatType) {
                first = Some(lower.expr());
            }
        });
        first
    }

    fn unary(&mut self, span: Span) -> Expr {
        let op = match self.slice(span).as_bytes().first() {
            Some(b'-') => UnaryOp::Minus,
            Some(b'~') => UnaryOp::Invert,
            _ => UnaryOp::Plus,
        };
        self.around(span, |operand| ExprKind::Unary { op, operand })
    }

    fn yielded(&mut self, span: Span) -> Expr {
        self.saw_yield = true;
        let mut from = false;
        let mut value = None;
        self.parts(|lower, here| match here.kind {
            Kind::From => from = true,
            kind if kind.is_expression() => value = Some(Box::new(lower.expr())),
            _ => {}
        });
        let kind = match value {
            Some(value) if from => ExprKind::YieldFrom(value),
            value => ExprKind::Yield(value),
        };
        Expr { span, kind }
    }

    fn slice_expr(&mut self, span: Span) -> Expr {
        let mut bounds = [None, None, None];
        let mut at = 0;
        self.parts(|lower, here| match here.kind {
            Kind::Colon => at += 1,
            kind if kind.is_expression() => {
                let value = Box::new(lower.expr());
                if let Some(bound) = bounds.get_mut(at) {
                    *bound = Some(value);
                }
            }
            _ => {}
        });
        let [lower, upper, step] = bounds;
        Expr { span, kind: ExprKind::Slice { lower, upper, step } }
    }

    fn conditional(&mut self, span: Span) -> Expr {
        let mut items = self.items().0.into_iter();
        let kind = match (items.next(), items.next(), items.next(), items.next()) {
            (Some(body), Some(test), Some(orelse), None) => {
                ExprKind::IfExp { test: Box::new(test), body: Box::new(body), orelse: Box::new(orelse) }
            }
            (a, b, c, d) => ExprKind::Unknown([a, b, c, d].into_iter().flatten().chain(items).collect()),
        };
        Expr { span, kind }
    }

    fn comparison(&mut self, span: Span) -> Expr {
        let mut left = None;
        let mut op = None;
        let mut rest = Vec::new();
        self.parts(|lower, here| {
            if lower.field() == Field::Operators {
                op = compare_op(lower.slice(here.span));
            } else if here.kind.is_expression() {
                let value = lower.expr();
                match op.take() {
                    Some(op) => rest.push((op, value)),
                    None => left = Some(Box::new(value)),
                }
            }
        });
        let kind = match left {
            Some(left) if !rest.is_empty() => ExprKind::Compare { left, rest },
            left => {
                ExprKind::Unknown(left.map(|left| *left).into_iter().chain(rest.into_iter().map(|r| r.1)).collect())
            }
        };
        Expr { span, kind }
    }

    fn lambda(&mut self, span: Span) -> Expr {
        let mut params = Params::default();
        let mut body = None;
        let outer = self.saw_yield;
        self.parts(|lower, here| match here.kind {
            Kind::LambdaParameters => params = lower.params(),
            kind if kind.is_expression() => body = Some(lower.expr()),
            _ => {}
        });
        self.saw_yield = outer;
        let kind = match body {
            Some(body) => ExprKind::Lambda(Box::new(Lambda { params, body })),
            None => ExprKind::Unknown(Vec::new()),
        };
        Expr { span, kind }
    }

    fn dictionary(&mut self, span: Span) -> Expr {
        let mut items = Vec::new();
        self.parts(|lower, here| match here.kind {
            Kind::Pair => items.extend(lower.pair().map(|(key, value)| DictItem::Pair { key, value })),
            Kind::DictionarySplat => items.extend(lower.first_expr().map(DictItem::Spread)),
            _ => {}
        });
        Expr { span, kind: ExprKind::Dict(items) }
    }

    fn pair(&mut self) -> Option<(Expr, Expr)> {
        let mut sides = self.items().0.into_iter();
        let key = sides.next()?;
        let value = sides.next().unwrap_or(Expr { span: Span::at(key.span.end), kind: ExprKind::Unknown(Vec::new()) });
        Some((key, value))
    }

    fn comprehension(&mut self, kind: CompKind, span: Span) -> Expr {
        let mut element = None;
        let mut value = None;
        let mut clauses: Vec<CompClause> = Vec::new();
        self.parts(|lower, here| match here.kind {
            Kind::Pair => {
                if let Some((key, pair_value)) = lower.pair() {
                    element = Some(key);
                    value = Some(pair_value);
                }
            }
            Kind::ForInClause => clauses.extend(lower.for_in_clause()),
            Kind::IfClause => {
                let condition = lower.first_expr();
                if let (Some(clause), Some(condition)) = (clauses.last_mut(), condition) {
                    clause.conditions.push(condition);
                }
            }
            kind if kind.is_expression() => element = Some(lower.expr()),
            _ => {}
        });
        let kind = match element {
            Some(element) if !clauses.is_empty() => ExprKind::Comp(Box::new(Comp { kind, element, value, clauses })),
            element => ExprKind::Unknown(element.into_iter().chain(value).collect()),
        };
        Expr { span, kind }
    }

    fn for_in_clause(&mut self) -> Option<CompClause> {
        let mut is_async = false;
        let mut target = None;
        let mut iters = Vec::new();
        let mut comma = false;
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Async, _) => is_async = true,
            (Kind::Comma, _) => comma = true,
            (kind, Field::Left) if kind.is_expression() => target = Some(lower.expr()),
            (kind, Field::Right) if kind.is_expression() => iters.push(lower.expr()),
            _ => {}
        });
        let iter = tuple_or_single(iters, comma)?;
        Some(CompClause { is_async, target: target?, iter, conditions: Vec::new() })
    }

    /// The arguments of an `argument_list`.
    pub(super) fn arguments(&mut self) -> Vec<Arg> {
        let mut args = Vec::new();
        self.each(|lower, here| {
            let span = here.span;
            match here.kind {
                Kind::KeywordArgument => args.extend(lower.keyword_argument(span)),
                Kind::DictionarySplat => {
                    args.extend(lower.first_expr().map(|value| Arg { span, kind: ArgKind::DoubleStar, value }));
                }
                Kind::ListSplat => {
                    args.extend(lower.first_expr().map(|value| Arg { span, kind: ArgKind::Star, value }));
                }
                Kind::Error => args.push(Arg { span, kind: ArgKind::Positional, value: lower.error_expr() }),
                kind if kind.is_expression() => {
                    args.push(Arg { span, kind: ArgKind::Positional, value: lower.expr() });
                }
                _ => {}
            }
        });
        args
    }

    fn keyword_argument(&mut self, span: Span) -> Option<Arg> {
        let mut name = None;
        let mut value = None;
        self.parts(|lower, here| match lower.field() {
            Field::Name => name = Some(lower.ident()),
            Field::Value if here.kind.is_expression() => value = Some(lower.expr()),
            _ => {}
        });
        let name = name?;
        let value = value.unwrap_or(Expr { span: Span::at(span.end), kind: ExprKind::Unknown(Vec::new()) });
        Some(Arg { span, kind: ArgKind::Keyword(name), value })
    }

    /// `f(x for x in y)`: the parentheses are the call's.
    pub(super) fn sole_generator(&mut self, inside: Span) -> Arg {
        let value = self.comprehension(CompKind::Generator, inside);
        Arg { span: inside, kind: ArgKind::Positional, value }
    }

    /// The grammar has nodes of its own for some annotations; the IR reads them as the expressions they are.
    fn annotation(&mut self, span: Span) -> Expr {
        let mut parts = Vec::new();
        let mut attr = None;
        let here = self.here().kind;
        self.parts(|lower, part| match part.kind {
            Kind::TypeParameter => {
                let (items, comma) = lower.items();
                parts.extend(tuple_or_single(items, comma));
            }
            Kind::Identifier if here == Kind::MemberType => attr = Some(lower.ident()),
            kind if kind.is_expression() => parts.push(lower.expr()),
            _ => {}
        });
        let mut parts = parts.into_iter();
        let kind = match (here, parts.next(), parts.next(), attr) {
            (Kind::GenericType, Some(value), Some(index), _) => {
                ExprKind::Subscript { value: Box::new(value), index: Box::new(index) }
            }
            (Kind::UnionType, Some(left), Some(right), _) => {
                ExprKind::Binary { op: BinaryOp::Or, left: Box::new(left), right: Box::new(right) }
            }
            (Kind::MemberType, Some(value), None, Some(attr)) => ExprKind::Attribute { value: Box::new(value), attr },
            (Kind::SplatType, Some(value), None, _) => ExprKind::Starred(Box::new(value)),
            (_, a, b, _) => ExprKind::Unknown(a.into_iter().chain(b).chain(parts).collect()),
        };
        Expr { span, kind }
    }
}

/// Several items, or one with a comma, are a tuple without parentheses.
pub(super) fn tuple_or_single(mut items: Vec<Expr>, comma: bool) -> Option<Expr> {
    if items.len() == 1 && !comma {
        return items.pop();
    }
    let span = items.first()?.span.to(items.last()?.span);
    Some(Expr { span, kind: ExprKind::Tuple(items) })
}

fn compare_op(text: &str) -> Option<CompareOp> {
    Some(match text {
        "==" => CompareOp::Eq,
        "!=" | "<>" => CompareOp::NotEq,
        "<" => CompareOp::Lt,
        "<=" => CompareOp::LtE,
        ">" => CompareOp::Gt,
        ">=" => CompareOp::GtE,
        "in" => CompareOp::In,
        "is" => CompareOp::Is,
        // Two words, with any white space between them.
        _ if text.starts_with("not") => CompareOp::NotIn,
        _ if text.starts_with("is") => CompareOp::IsNot,
        _ => return None,
    })
}
