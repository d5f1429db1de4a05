//! tree-sitter-python's node kinds and fields as enums, so that the walk compares small numbers and not names.

use std::sync::OnceLock;

use tree_sitter::Language;

macro_rules! kinds {
    (named { $($name:literal => $variant:ident,)* } tokens { $($token:literal => $token_variant:ident,)* }) => {
        /// A node's kind; `Other` for the tokens whose presence says nothing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Kind { Error, Other, $($variant,)* $($token_variant,)* }

        fn kind_of(name: &str, named: bool) -> Kind {
            match (name, named) {
                $(($name, true) => Kind::$variant,)*
                $(($token, false) => Kind::$token_variant,)*
                _ => Kind::Other,
            }
        }
    };
}

kinds! {
    named {
        "aliased_import" => AliasedImport,
        "argument_list" => ArgumentList,
        "as_pattern" => AsPattern,
        "as_pattern_target" => AsPatternTarget,
        "assert_statement" => AssertStatement,
        "assignment" => Assignment,
        "attribute" => Attribute,
        "augmented_assignment" => AugmentedAssignment,
        "await" => Await,
        "binary_operator" => BinaryOperator,
        "block" => Block,
        "boolean_operator" => BooleanOperator,
        "break_statement" => BreakStatement,
        "call" => Call,
        "case_clause" => CaseClause,
        "case_pattern" => CasePattern,
        "chevron" => Chevron,
        "class_definition" => ClassDefinition,
        "class_pattern" => ClassPattern,
        "comment" => Comment,
        "comparison_operator" => ComparisonOperator,
        "complex_pattern" => ComplexPattern,
        "concatenated_string" => ConcatenatedString,
        "conditional_expression" => ConditionalExpression,
        "constrained_type" => ConstrainedType,
        "continue_statement" => ContinueStatement,
        "decorated_definition" => DecoratedDefinition,
        "decorator" => Decorator,
        "default_parameter" => DefaultParameter,
        "delete_statement" => DeleteStatement,
        "dict_pattern" => DictPattern,
        "dictionary" => Dictionary,
        "dictionary_comprehension" => DictionaryComprehension,
        "dictionary_splat" => DictionarySplat,
        "dictionary_splat_pattern" => DictionarySplatPattern,
        "dotted_name" => DottedName,
        "elif_clause" => ElifClause,
        "ellipsis" => Ellipsis,
        "else_clause" => ElseClause,
        "except_clause" => ExceptClause,
        "exec_statement" => ExecStatement,
        "expression_list" => ExpressionList,
        "expression_statement" => ExpressionStatement,
        "false" => False,
        "finally_clause" => FinallyClause,
        "float" => Float,
        "for_in_clause" => ForInClause,
        "for_statement" => ForStatement,
        "format_expression" => FormatExpression,
        "format_specifier" => FormatSpecifier,
        "function_definition" => FunctionDefinition,
        "future_import_statement" => FutureImportStatement,
        "generator_expression" => GeneratorExpression,
        "generic_type" => GenericType,
        "global_statement" => GlobalStatement,
        "identifier" => Identifier,
        "if_clause" => IfClause,
        "if_statement" => IfStatement,
        "import_from_statement" => ImportFromStatement,
        "import_prefix" => ImportPrefix,
        "import_statement" => ImportStatement,
        "integer" => Integer,
        "interpolation" => Interpolation,
        "keyword_argument" => KeywordArgument,
        "keyword_pattern" => KeywordPattern,
        "keyword_separator" => KeywordSeparator,
        "lambda" => Lambda,
        "lambda_parameters" => LambdaParameters,
        "line_continuation" => LineContinuation,
        "list" => List,
        "list_comprehension" => ListComprehension,
        "list_pattern" => ListPattern,
        "list_splat" => ListSplat,
        "list_splat_pattern" => ListSplatPattern,
        "match_statement" => MatchStatement,
        "member_type" => MemberType,
        "named_expression" => NamedExpression,
        "none" => None,
        "nonlocal_statement" => NonlocalStatement,
        "not_operator" => NotOperator,
        "pair" => Pair,
        "parameters" => Parameters,
        "parenthesized_expression" => ParenthesizedExpression,
        "pass_statement" => PassStatement,
        "pattern_list" => PatternList,
        "positional_separator" => PositionalSeparator,
        "print_statement" => PrintStatement,
        "raise_statement" => RaiseStatement,
        "relative_import" => RelativeImport,
        "return_statement" => ReturnStatement,
        "set" => Set,
        "set_comprehension" => SetComprehension,
        "slice" => Slice,
        "splat_pattern" => SplatPattern,
        "splat_type" => SplatType,
        "string" => String,
        "string_content" => StringContent,
        "string_end" => StringEnd,
        "string_start" => StringStart,
        "subscript" => Subscript,
        "true" => True,
        "try_statement" => TryStatement,
        "tuple" => Tuple,
        "tuple_pattern" => TuplePattern,
        "type" => Type,
        "type_alias_statement" => TypeAliasStatement,
        "type_conversion" => TypeConversion,
        "type_parameter" => TypeParameter,
        "typed_default_parameter" => TypedDefaultParameter,
        "typed_parameter" => TypedParameter,
        "unary_operator" => UnaryOperator,
        "union_pattern" => UnionPattern,
        "union_type" => UnionType,
        "while_statement" => WhileStatement,
        "wildcard_import" => WildcardImport,
        "with_clause" => WithClause,
        "with_item" => WithItem,
        "with_statement" => WithStatement,
        "yield" => Yield,
    }
    tokens {
        "(" => OpenParen,
        "," => Comma,
        ":" => Colon,
        "@" => At,
        "=" => Equals,
        "*" => Star,
        "**" => DoubleStar,
        "as" => As,
        "async" => Async,
        "from" => From,
        "if" => If,
        "in" => In,
    }
}

macro_rules! fields {
    ($($name:literal => $variant:ident,)*) => {
        /// The field a node fills in its parent; `Other` for none and for those that nobody asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { Other, $($variant,)* }

        fn field_of(name: &str) -> Field {
            match name {
                $($name => Field::$variant,)*
                _ => Field::Other,
            }
        }
    };
}

fields! {
    "alias" => Alias,
    "alternative" => Alternative,
    "argument" => Argument,
    "attribute" => Attribute,
    "body" => Body,
    "cause" => Cause,
    "condition" => Condition,
    "consequence" => Consequence,
    "definition" => Definition,
    "guard" => Guard,
    "key" => Key,
    "left" => Left,
    "module_name" => ModuleName,
    "name" => Name,
    "operator" => Operator,
    "operators" => Operators,
    "parameters" => Parameters,
    "return_type" => ReturnType,
    "right" => Right,
    "subject" => Subject,
    "subscript" => Subscript,
    "superclasses" => Superclasses,
    "type" => Type,
    "type_parameters" => TypeParameters,
    "value" => Value,
}

pub(super) struct Tables {
    kinds: Vec<Kind>,
    fields: Vec<Field>,
    pub(super) operator_field: u16,
}

impl Tables {
    pub(super) fn kind(&self, id: u16) -> Kind {
        // tree-sitter's id of an ERROR node lies past the table.
        self.kinds.get(id as usize).copied().unwrap_or(Kind::Error)
    }

    pub(super) fn field(&self, id: Option<std::num::NonZeroU16>) -> Field {
        id.and_then(|id| self.fields.get(id.get() as usize)).copied().unwrap_or(Field::Other)
    }
}

/// Not kept beside the tables: on wasm it may not be in a static.
pub(super) fn language() -> Language {
    Language::new(tree_sitter_python::LANGUAGE)
}

pub(super) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let language = language();
        let kinds = (0..language.node_kind_count() as u16)
            .map(|id| kind_of(language.node_kind_for_id(id).unwrap_or(""), language.node_kind_is_named(id)))
            .collect();
        let fields = (0..=language.field_count() as u16)
            .map(|id| field_of(language.field_name_for_id(id).unwrap_or("")))
            .collect();
        let operator_field = language.field_id_for_name("operator").map_or(0, |id| id.get());
        Tables { kinds, fields, operator_field }
    })
}

impl Kind {
    pub(super) fn is_statement(self) -> bool {
        use Kind::*;
        matches!(
            self,
            AssertStatement
                | BreakStatement
                | ClassDefinition
                | ContinueStatement
                | DecoratedDefinition
                | DeleteStatement
                | ExecStatement
                | ExpressionStatement
                | ForStatement
                | FunctionDefinition
                | FutureImportStatement
                | GlobalStatement
                | IfStatement
                | ImportFromStatement
                | ImportStatement
                | MatchStatement
                | NonlocalStatement
                | PassStatement
                | PrintStatement
                | RaiseStatement
                | ReturnStatement
                | TryStatement
                | TypeAliasStatement
                | WhileStatement
                | WithStatement
        )
    }

    pub(super) fn is_expression(self) -> bool {
        use Kind::*;
        matches!(
            self,
            AsPattern
                | Attribute
                | Await
                | BinaryOperator
                | BooleanOperator
                | Call
                | ComparisonOperator
                | ConcatenatedString
                | ConditionalExpression
                | Dictionary
                | DictionaryComprehension
                | Ellipsis
                | ExpressionList
                | False
                | Float
                | GeneratorExpression
                | GenericType
                | Identifier
                | Integer
                | Lambda
                | List
                | ListComprehension
                | ListPattern
                | ListSplat
                | ListSplatPattern
                | MemberType
                | NamedExpression
                | None
                | NotOperator
                | ParenthesizedExpression
                | PatternList
                | Set
                | SetComprehension
                | String
                | Subscript
                | True
                | Tuple
                | TuplePattern
                | Type
                | UnaryOperator
                | UnionType
                | Yield
        )
    }
}
