//! `type Name = …`, and the statements that the grammar takes for one.

use super::grammar::{Field, Kind};
use super::ir::{Arg, ArgKind, Call, Expr, ExprKind, Ident, StmtKind};
use super::lower::Lower;
use super::statements::{as_ident, expressions};
use crate::model::Span;

impl Lower<'_> {
    pub(super) fn type_alias(&mut self, span: Span) -> StmtKind {
        let mut left = None;
        let mut right = None;
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Type, Field::Left) => left = Some(lower.expr()),
            (Kind::Type, Field::Right) => right = Some(lower.expr()),
            _ => {}
        });
        match (left, right) {
            // `type Pair[T] = …`: the parameters are no part of the name.
            (Some(left), Some(value)) => match left.kind {
                ExprKind::Name(name) => StmtKind::TypeAlias { name: Ident { span: left.span, name }, value },
                ExprKind::Subscript { value: named, .. } if matches!(named.kind, ExprKind::Name(_)) => {
                    match as_ident(*named) {
                        Some(name) => StmtKind::TypeAlias { name, value },
                        None => StmtKind::Unknown(expressions([value])),
                    }
                }
                // The grammar takes `type(self).count = 1` for an alias of `(self).count`.
                _ => StmtKind::Assign { targets: vec![self.of_type(left, span.start)], value },
            },
            (left, right) => {
                self.error(span);
                StmtKind::Unknown(expressions(left.into_iter().chain(right)))
            }
        }
    }

    /// `(x).y` after the word `type` at `start`, as the `type(x).y` that it is.
    fn of_type(&self, expr: Expr, start: u32) -> Expr {
        let span = Span { start, end: expr.span.end };
        match expr.kind {
            ExprKind::Attribute { value, attr } => {
                Expr { span, kind: ExprKind::Attribute { value: Box::new(self.of_type(*value, start)), attr } }
            }
            ExprKind::Subscript { value, index } => {
                Expr { span, kind: ExprKind::Subscript { value: Box::new(self.of_type(*value, start)), index } }
            }
            kind => self.type_call(Expr { kind, ..expr }, start),
        }
    }

    fn type_call(&self, arg: Expr, start: u32) -> Expr {
        let word = Span { start, end: start + "type".len() as u32 };
        let (args, end) = match arg.kind {
            // Several arguments came as a tuple, whose parentheses are the call's.
            ExprKind::Tuple(items) => (items, arg.span.end),
            kind => {
                let after = Span { start: arg.span.end, end: self.text.len() as u32 };
                let close = self.slice(after).find(')').map_or(0, |at| at as u32 + 1);
                (vec![Expr { kind, ..arg }], arg.span.end + close)
            }
        };
        let args = args.into_iter().map(|value| Arg { span: value.span, kind: ArgKind::Positional, value }).collect();
        let func = Expr { span: word, kind: ExprKind::Name("type".into()) };
        let open = self.slice(Span { start: word.end, end }).find('(').map_or(0, |at| at as u32 + 1);
        let args_span = Span { start: word.end + open, end: end.saturating_sub(1).max(word.end + open) };
        Expr { span: Span { start, end }, kind: ExprKind::Call(Box::new(Call { func, args, args_span })) }
    }
}
