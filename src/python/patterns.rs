//! `match`: what each pattern binds, and the expressions that stand in it.

use super::expressions::tuple_or_single;
use super::grammar::{Field, Kind};
use super::ir::{Case, Expr, ExprKind, Ident, Name, StmtKind, UnaryOp};
use super::lower::{Lower, MAX_DEPTH};
use crate::model::Span;

impl Lower<'_> {
    pub(super) fn match_statement(&mut self) -> StmtKind {
        let mut subjects = Vec::new();
        let mut comma = false;
        let mut cases = Vec::new();
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Comma, _) => comma = true,
            (Kind::Block, _) => lower.parts(|lower, here| {
                if here.kind == Kind::CaseClause {
                    cases.push(lower.case(here.span));
                }
            }),
            (_, Field::Subject) => subjects.push(lower.expr()),
            _ => {}
        });
        let subject = tuple_or_single(subjects, comma).unwrap_or_else(|| self.nothing());
        StmtKind::Match { subject, cases }
    }

    fn case(&mut self, span: Span) -> Case {
        let mut case = Case { span, binds: Vec::new(), values: Vec::new(), guard: None, body: Vec::new() };
        self.parts(|lower, here| match here.kind {
            Kind::IfClause => case.guard = lower.first_expr(),
            Kind::Block => case.body = lower.block(),
            Kind::CasePattern => lower.pattern(&mut case),
            _ => {}
        });
        case
    }

    fn pattern(&mut self, case: &mut Case) {
        let here = self.here();
        if self.depth >= MAX_DEPTH {
            self.error(here.span);
            return;
        }
        self.depth += 1;
        match here.kind {
            Kind::DottedName => match self.dotted_value(here.span) {
                Expr { span, kind: ExprKind::Name(name) } => {
                    if name != "_" {
                        case.binds.push(Ident { span, name });
                    }
                }
                value => case.values.push(value),
            },
            Kind::ClassPattern => self.parts(|lower, here| match here.kind {
                Kind::DottedName => {
                    let value = lower.dotted_value(here.span);
                    case.values.push(value);
                }
                _ => lower.pattern(case),
            }),
            Kind::SplatPattern => self.binds(case),
            Kind::AsPattern => self.parts(|lower, here| match here.kind {
                Kind::Identifier => case.binds.push(lower.ident()),
                _ => lower.pattern(case),
            }),
            // `name=pattern`: the name is an attribute of the class.
            Kind::KeywordPattern => self.parts(|lower, here| {
                if here.kind != Kind::Identifier {
                    lower.pattern(case);
                }
            }),
            Kind::DictPattern => self.parts(|lower, here| match (here.kind, lower.field()) {
                (Kind::DottedName, Field::Key) => {
                    let value = lower.dotted_value(here.span);
                    case.values.push(value);
                }
                _ => lower.pattern(case),
            }),
            Kind::ComplexPattern => {
                case.values.push(Expr { span: here.span, kind: ExprKind::Float(self.slice(here.span).into()) });
            }
            // The sign of a number stands beside it.
            Kind::Integer | Kind::Float if self.text.get(..here.span.start as usize).is_some_and(after_minus) => {
                let operand = Box::new(self.expr());
                case.values.push(Expr { span: here.span, kind: ExprKind::Unary { op: UnaryOp::Minus, operand } });
            }
            kind if kind.is_expression() && !matches!(kind, Kind::ListPattern | Kind::TuplePattern) => {
                let value = self.expr();
                case.values.push(value);
            }
            _ => self.parts(|lower, _| lower.pattern(case)),
        }
        self.depth -= 1;
    }

    fn binds(&mut self, case: &mut Case) {
        self.parts(|lower, here| {
            if here.kind == Kind::Identifier && lower.slice(here.span) != "_" {
                case.binds.push(lower.ident());
            }
        });
    }

    /// `a.b.c` of a pattern, which the grammar gives flat. Its length is bounded by the IR's depth.
    fn dotted_value(&mut self, span: Span) -> Expr {
        let mut value: Option<Expr> = None;
        let mut levels = MAX_DEPTH.saturating_sub(self.depth);
        self.parts(|lower, here| {
            if here.kind != Kind::Identifier {
                return;
            }
            let ident = lower.ident();
            value = Some(match value.take() {
                None => Expr { span: ident.span, kind: ExprKind::Name(Name::clone(&ident.name)) },
                Some(whole) if levels == 0 => whole,
                Some(left) => {
                    levels -= 1;
                    let span = left.span.to(ident.span);
                    Expr { span, kind: ExprKind::Attribute { value: Box::new(left), attr: ident } }
                }
            });
        });
        value.unwrap_or(Expr { span, kind: ExprKind::Unknown(Vec::new()) })
    }
}

fn after_minus(before: &str) -> bool {
    before.trim_end().ends_with('-')
}
