//! The IR: Python as small closed enums with a span each. What the grammar cannot parse becomes `Unknown` with its
//! span; nothing is dropped silently.

use smol_str::SmolStr;

use crate::model::Span;

pub type Name = SmolStr;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    pub body: Vec<Stmt>,
    /// `# roundtrip: ignore[CODE] reason` and other comments, in order: span and text with its `#`.
    pub comments: Vec<Comment>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    pub span: Span,
    pub text: SmolStr,
}

/// A name with where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    pub span: Span,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Stmt {
    pub span: Span,
    pub kind: StmtKind,
}

pub type Block = Vec<Stmt>;

#[derive(Debug, Clone, PartialEq)]
pub enum StmtKind {
    /// `import a.b as c, d`
    Import(Vec<Alias>),
    /// `from ..a import b as c`; `level` counts the dots, `module` is empty for `from . import x`.
    ImportFrom {
        level: u32,
        module: Name,
        names: Vec<Alias>,
        star: bool,
    },
    Class(Box<Class>),
    Function(Box<Function>),
    /// `a = b = value`
    Assign {
        targets: Vec<Expr>,
        value: Expr,
    },
    AugAssign {
        target: Expr,
        op: BinaryOp,
        value: Expr,
    },
    AnnAssign {
        target: Expr,
        annotation: Expr,
        value: Option<Expr>,
    },
    Expr(Expr),
    Return(Option<Expr>),
    Raise {
        exception: Option<Expr>,
        cause: Option<Expr>,
    },
    Delete(Vec<Expr>),
    Assert {
        test: Expr,
        message: Option<Expr>,
    },
    Global(Vec<Ident>),
    Nonlocal(Vec<Ident>),
    Pass,
    Break,
    Continue,
    /// `elif` is an `If` alone in `orelse`.
    If {
        test: Expr,
        body: Block,
        orelse: Block,
    },
    For {
        is_async: bool,
        target: Expr,
        iter: Expr,
        body: Block,
        orelse: Block,
    },
    While {
        test: Expr,
        body: Block,
        orelse: Block,
    },
    With {
        is_async: bool,
        items: Vec<WithItem>,
        body: Block,
    },
    Try {
        body: Block,
        handlers: Vec<Handler>,
        orelse: Block,
        finally: Block,
    },
    Match {
        subject: Expr,
        cases: Vec<Case>,
    },
    TypeAlias {
        name: Ident,
        value: Expr,
    },
    /// Text that the grammar could not read, with whatever statements were found inside of it.
    Unknown(Block),
}

/// `name as alias`; `name` may be dotted.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    pub span: Span,
    pub name: Name,
    pub asname: Option<Ident>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    pub name: Ident,
    pub bases: Vec<Arg>,
    pub body: Block,
    pub decorators: Vec<Expr>,
    /// From the first statement's start to the last one's end.
    pub body_span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    pub is_async: bool,
    pub name: Ident,
    pub params: Params,
    pub returns: Option<Expr>,
    pub body: Block,
    pub decorators: Vec<Expr>,
    pub body_span: Span,
    /// Holds a `yield` of its own.
    pub is_generator: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Positional-only and ordinary ones, in order.
    pub positional: Vec<Param>,
    pub varargs: Option<Param>,
    pub keyword_only: Vec<Param>,
    pub kwargs: Option<Param>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    pub name: Ident,
    pub annotation: Option<Expr>,
    pub default: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct WithItem {
    pub context: Expr,
    pub target: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    pub span: Span,
    /// `None` for a bare `except:`.
    pub kind: Option<Expr>,
    pub name: Option<Ident>,
    pub body: Block,
    /// `except*`
    pub is_group: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub span: Span,
    /// Names that the pattern binds.
    pub binds: Vec<Ident>,
    /// Expressions that stand in the pattern: values, classes.
    pub values: Vec<Expr>,
    pub guard: Option<Expr>,
    pub body: Block,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    Name(Name),
    Attribute {
        value: Box<Expr>,
        attr: Ident,
    },
    Call(Box<Call>),
    Subscript {
        value: Box<Expr>,
        index: Box<Expr>,
    },
    Slice {
        lower: Option<Box<Expr>>,
        upper: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    /// A string, implicit concatenation joined, escapes decoded.
    Str(SmolStr),
    /// An f-string (or a concatenation with one): literal text and the expressions in between.
    FString(Vec<FPart>),
    Bytes,
    /// `None` where it does not fit.
    Int(Option<i64>),
    Float(SmolStr),
    True,
    False,
    None,
    Ellipsis,
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    Dict(Vec<DictItem>),
    Comp(Box<Comp>),
    Lambda(Box<Lambda>),
    /// `body if test else orelse`
    IfExp {
        test: Box<Expr>,
        body: Box<Expr>,
        orelse: Box<Expr>,
    },
    /// `a and b and c`, flat.
    Bool {
        op: BoolOp,
        values: Vec<Expr>,
    },
    Not(Box<Expr>),
    /// `-x`, `+x`, `~x`
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `a < b <= c`: `left`, then each operator with its right side.
    Compare {
        left: Box<Expr>,
        rest: Vec<(CompareOp, Expr)>,
    },
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    YieldFrom(Box<Expr>),
    Starred(Box<Expr>),
    /// `name := value`
    Named {
        target: Ident,
        value: Box<Expr>,
    },
    Unknown(Vec<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub func: Expr,
    pub args: Vec<Arg>,
    /// Between the parentheses, without them.
    pub args_span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    pub span: Span,
    pub kind: ArgKind,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ArgKind {
    Positional,
    Keyword(Ident),
    Star,
    DoubleStar,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FPart {
    Text(SmolStr),
    Value(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub enum DictItem {
    Pair {
        key: Expr,
        value: Expr,
    },
    /// `**mapping`
    Spread(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comp {
    pub kind: CompKind,
    pub element: Expr,
    /// The value of a dict comprehension, whose key is `element`.
    pub value: Option<Expr>,
    pub clauses: Vec<CompClause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompKind {
    List,
    Set,
    Dict,
    Generator,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CompClause {
    pub is_async: bool,
    pub target: Expr,
    pub iter: Expr,
    pub conditions: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    pub params: Params,
    pub body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoolOp {
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Minus,
    Plus,
    Invert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    In,
    NotIn,
    Is,
    IsNot,
}

impl Expr {
    /// `a.b.c` as its dotted text, where it is nothing but names.
    pub fn dotted(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.to_string()),
            ExprKind::Attribute { value, attr } => Some(format!("{}.{}", value.dotted()?, attr.name)),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_call(&self) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }
}

impl Call {
    /// The value of a keyword argument.
    pub fn keyword(&self, name: &str) -> Option<&Expr> {
        self.args.iter().find_map(|arg| match &arg.kind {
            ArgKind::Keyword(key) if key.name == name => Some(&arg.value),
            _ => None,
        })
    }

    /// Positional arguments in order, up to the first `*args`.
    pub fn positional(&self) -> impl Iterator<Item = &Expr> {
        self.args
            .iter()
            .take_while(|arg| arg.kind != ArgKind::Star)
            .filter(|arg| arg.kind == ArgKind::Positional)
            .map(|arg| &arg.value)
    }
}
