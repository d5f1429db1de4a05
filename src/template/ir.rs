//! The tree of a template.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::model::Span;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    pub nodes: Vec<Node>,
    /// The argument of `{% extends %}`.
    pub extends: Option<Expr>,
    /// `{# … #}`, with what stands between.
    pub comments: Vec<Comment>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    pub span: Span,
    pub text: SmolStr,
}

/// `span` reaches from the opening tag to the end of the closing one.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `{{ topic.title|lower }}`
    Output(Expr),
    /// `{% for key, value in d.items reversed %} … {% empty %} … {% endfor %}`
    For {
        targets: Vec<SmolStr>,
        over: Expr,
        reversed: bool,
        body: Vec<Node>,
        empty: Vec<Node>,
    },
    If(Vec<Branch>),
    With {
        names: Vec<(SmolStr, Expr)>,
        body: Vec<Node>,
    },
    Include {
        template: Expr,
        with: Vec<(SmolStr, Expr)>,
        only: bool,
    },
    /// Shared: a page puts the blocks of one template into another.
    Block {
        name: SmolStr,
        body: Rc<Vec<Node>>,
    },
    /// `{% regroup cities by country as groups %}`
    Regroup {
        over: Expr,
        by: Vec<Part>,
        target: SmolStr,
    },
    /// Any other tag: its arguments, what it names (`as x`), what it encloses.
    Tag {
        name: SmolStr,
        args: Vec<Arg>,
        target: Option<SmolStr>,
        body: Vec<Node>,
    },
}

/// `topic.pk`, or `pk=topic.pk`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    pub name: Option<SmolStr>,
    pub value: Expr,
}

/// One way of an `{% if %}`; `{% else %}` has no test.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    pub test: Option<Test>,
    pub body: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Value(Expr),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
    /// `a == b`, `a < b`; `contains` for `a in b`.
    Compare {
        left: Expr,
        contains: bool,
        right: Expr,
    },
}

/// A value with its filters, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub span: Span,
    pub base: Base,
    pub filters: Vec<Filter>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    Str(SmolStr),
    Int(i64),
    /// A number that is no integer: its text.
    Float(SmolStr),
    /// `topic.posts.all`; never empty.
    Path(Vec<Part>),
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub name: SmolStr,
    /// From the beginning of the path to the end of this part.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub name: SmolStr,
    pub arg: Option<Base>,
    /// From the beginning of the expression to the end of this filter.
    pub span: Span,
}
