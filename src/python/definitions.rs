//! Classes, functions, their decorators and parameters.

use super::grammar::{Field, Kind};
use super::ir::{Block, Class, Expr, Function, Ident, Param, Params, StmtKind};
use super::lower::Lower;
use crate::model::Span;

impl Lower<'_> {
    pub(super) fn decorated(&mut self) -> StmtKind {
        let mut decorators = Vec::new();
        let mut kind = None;
        self.parts(|lower, here| match here.kind {
            Kind::Decorator => decorators.extend(lower.first_expr()),
            Kind::FunctionDefinition | Kind::ClassDefinition => {
                kind = Some(lower.definition(std::mem::take(&mut decorators)));
            }
            _ => {}
        });
        kind.unwrap_or_else(|| StmtKind::Unknown(Vec::new()))
    }

    pub(super) fn definition(&mut self, decorators: Vec<Expr>) -> StmtKind {
        let here = self.here();
        let mut is_async = false;
        let mut name = Ident { span: Span::at(here.span.start), name: Default::default() };
        let mut params = Params::default();
        let mut bases = Vec::new();
        let mut returns = None;
        let mut body = Vec::new();
        let mut is_generator = false;
        self.parts(|lower, here| match (here.kind, lower.field()) {
            (Kind::Async, _) => is_async = true,
            (Kind::Identifier, Field::Name) => name = lower.ident(),
            (Kind::Parameters, _) => params = lower.params(),
            (Kind::ArgumentList, _) => bases = lower.arguments(),
            (_, Field::ReturnType) => returns = Some(lower.expr()),
            (Kind::Block, _) => {
                let outer = std::mem::replace(&mut lower.saw_yield, false);
                body = lower.block();
                is_generator = std::mem::replace(&mut lower.saw_yield, outer);
            }
            _ => {}
        });
        let body_span = body_span(&body, here.span);
        if here.kind == Kind::ClassDefinition {
            StmtKind::Class(Box::new(Class { name, bases, body, decorators, body_span }))
        } else {
            let function = Function { is_async, name, params, returns, body, decorators, body_span, is_generator };
            StmtKind::Function(Box::new(function))
        }
    }

    /// The parameters of a function or a lambda.
    pub(super) fn params(&mut self) -> Params {
        let mut params = Params::default();
        let mut keyword_only = false;
        self.parts(|lower, here| match here.kind {
            Kind::KeywordSeparator => keyword_only = true,
            Kind::Identifier
            | Kind::TypedParameter
            | Kind::DefaultParameter
            | Kind::TypedDefaultParameter
            | Kind::ListSplatPattern
            | Kind::DictionarySplatPattern
            | Kind::TuplePattern => {
                let (param, stars) = lower.param();
                match stars {
                    Stars::One => {
                        keyword_only = true;
                        params.varargs = Some(param);
                    }
                    Stars::Two => params.kwargs = Some(param),
                    Stars::None if keyword_only => params.keyword_only.push(param),
                    Stars::None => params.positional.push(param),
                }
            }
            _ => {}
        });
        params
    }

    fn param(&mut self) -> (Param, Stars) {
        let mut stars = Stars::of(self.here().kind);
        let mut param = Param { name: self.ident(), annotation: None, default: None };
        match self.here().kind {
            Kind::Identifier => {}
            // `def f((a, b)):` is Python 2; the parameter is named by its text.
            Kind::TuplePattern => self.error(param.name.span),
            Kind::ListSplatPattern | Kind::DictionarySplatPattern => self.splat_name(&mut param.name),
            _ => self.parts(|lower, here| match (here.kind, lower.field()) {
                (Kind::ListSplatPattern | Kind::DictionarySplatPattern, _) => {
                    stars = Stars::of(here.kind);
                    lower.splat_name(&mut param.name);
                }
                (_, Field::Type) => param.annotation = Some(lower.expr()),
                (_, Field::Value) => param.default = Some(lower.expr()),
                (Kind::Identifier | Kind::TuplePattern, _) => param.name = lower.ident(),
                _ => {}
            }),
        }
        (param, stars)
    }

    fn splat_name(&mut self, name: &mut Ident) {
        self.parts(|lower, here| {
            if here.kind == Kind::Identifier {
                *name = lower.ident();
            }
        });
    }
}

/// How many stars stand before a parameter.
enum Stars {
    None,
    One,
    Two,
}

impl Stars {
    fn of(kind: Kind) -> Stars {
        match kind {
            Kind::ListSplatPattern => Stars::One,
            Kind::DictionarySplatPattern => Stars::Two,
            _ => Stars::None,
        }
    }
}

fn body_span(body: &Block, definition: Span) -> Span {
    match (body.first(), body.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::at(definition.end),
    }
}
