//! The words that give a statement its structure.

use super::lexer::{Token, TokenKind};

macro_rules! keywords {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// A word with a meaning of its own; every other one is a name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Keyword { $($variant),* }

        fn lookup(lower: &[u8]) -> Option<Keyword> {
            match std::str::from_utf8(lower).ok()? {
                $($text => Option::Some(Keyword::$variant),)*
                _ => None,
            }
        }
    };
}

mod table {
    keywords! {
        All = "all", And = "and", Any = "any", Array = "array", As = "as", Asc = "asc", Between = "between", By = "by",
        Case = "case", Cast = "cast", Cross = "cross", Delete = "delete", Desc = "desc", Distinct = "distinct",
        Else = "else", End = "end", Escape = "escape", Except = "except", Exists = "exists", False = "false",
        Fetch = "fetch", For = "for", From = "from", Full = "full", Glob = "glob", Group = "group", Having = "having",
        Ilike = "ilike", In = "in", Inner = "inner", Insert = "insert", Intersect = "intersect", Into = "into",
        Is = "is", Join = "join", Lateral = "lateral", Left = "left", Like = "like", Limit = "limit",
        Natural = "natural", Not = "not", Null = "null", Offset = "offset", On = "on", Or = "or", Order = "order",
        Outer = "outer", Regexp = "regexp", Returning = "returning", Right = "right", Select = "select", Set = "set",
        Some = "some", Then = "then", True = "true", Union = "union", Update = "update", Using = "using",
        Values = "values", When = "when", Where = "where", Window = "window", With = "with",
    }

    pub(super) fn find(word: &str) -> Option<Keyword> {
        if !(2..=9).contains(&word.len()) {
            return None;
        }
        let mut lower = [0u8; 9];
        let slot = lower.get_mut(..word.len())?;
        slot.copy_from_slice(word.as_bytes());
        slot.make_ascii_lowercase();
        lookup(slot)
    }
}

pub use table::Keyword;

/// The keyword that an unquoted word is; `after_dot` words are always names.
pub fn keyword(token: &Token<'_>, after_dot: bool) -> Option<Keyword> {
    (token.kind == TokenKind::Word && !after_dot).then(|| table::find(token.text)).flatten()
}

impl Keyword {
    /// Starts a clause of a query: ends the SELECT list or condition before it.
    pub fn starts_clause(self) -> bool {
        use Keyword::*;
        matches!(
            self,
            Select
                | From
                | Where
                | Group
                | Having
                | Order
                | Limit
                | Offset
                | Fetch
                | Union
                | Intersect
                | Except
                | Values
                | Set
                | Returning
                | Window
                | With
                | For
                | Into
                | On
                | Using
        ) || self.starts_join()
    }

    pub fn starts_join(self) -> bool {
        use Keyword::*;
        matches!(self, Join | Inner | Left | Right | Full | Cross | Natural)
    }

    /// Stands where a value could, or ends one: `END`, `NULL`.
    pub fn is_value(self) -> bool {
        matches!(self, Keyword::Null | Keyword::True | Keyword::False | Keyword::End)
    }
}

/// After this word a value follows, so `?` is a parameter and `[` starts a name.
pub fn expects_operand(word: &str) -> bool {
    table::find(word).is_some_and(|keyword| !keyword.is_value())
}

/// Names of types that may stand before a string: `DATE '2024-01-01'`.
pub fn is_literal_prefix(word: &str) -> bool {
    const TYPES: [&str; 14] = [
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "json",
        "jsonb",
        "uuid",
        "inet",
        "bytea",
        "_utf8mb4",
        "_utf8",
        "_binary",
        "binary",
    ];
    TYPES.iter().any(|t| t.eq_ignore_ascii_case(word))
}

/// Words that cannot be a name without quotes in at least one of the databases.
pub fn is_reserved(word: &str) -> bool {
    const RESERVED: [&str; 40] = [
        "analyse",
        "analyze",
        "both",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "default",
        "deferrable",
        "do",
        "foreign",
        "freeze",
        "grant",
        "group",
        "having",
        "index",
        "initially",
        "isnull",
        "key",
        "leading",
        "localtime",
        "notnull",
        "only",
        "order",
        "overlaps",
        "placing",
        "primary",
        "references",
        "session_user",
        "similar",
        "symmetric",
        "table",
        "to",
        "trailing",
        "unique",
        "user",
        "variadic",
        "verbose",
        "drop",
    ];
    table::find(word).is_some() || RESERVED.iter().any(|r| r.eq_ignore_ascii_case(word))
}
