//! Where a statement's values stand, and what they were in one execution.

use rustc_hash::FxHashMap;
use smol_str::{SmolStr, SmolStrBuilder, ToSmolStr};

use super::lexer::{Token, TokenKind};
use super::tokens::Tokens;
use super::words::Keyword;
use crate::trace::Facts;

/// Where one value of a statement comes from, execution after execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The parameter with this index.
    Param(usize),
    /// A mark that names none: `$0`.
    Hidden,
    /// The literal in these tokens, casts left out.
    Literal { from: u32, to: u32 },
}

impl Slot {
    /// `None` where it is hidden. `token`: of the execution's own text.
    pub fn value<'a>(self, token: impl Fn(u32) -> Option<Token<'a>>, params: Option<&[String]>) -> Option<SmolStr> {
        match self {
            Slot::Param(index) => params?.get(index).map(SmolStr::new),
            Slot::Hidden => None,
            Slot::Literal { from, to } if to - from == 1 => token(from).map(|token| SmolStr::new(unquoted(&token))),
            Slot::Literal { from, to } => Some(literal((from..to).map_while(token))),
        }
    }
}

/// The slots of a statement in the order of its text.
pub(super) fn slots(tokens: &Tokens<'_>) -> Vec<Slot> {
    let mut named: FxHashMap<&str, usize> = FxHashMap::default();
    let mut next = 0;
    let mut slot = |(from, to)| {
        let mark = (from..to).find_map(|at| tokens.get(at).filter(|token| token.kind == TokenKind::Param));
        let Some(mark) = mark else {
            let end = (from..to).find(|at| tokens.is_operator(*at, "::")).unwrap_or(to);
            return Slot::Literal { from: from as u32, to: end as u32 };
        };
        let numbered = mark.text.strip_prefix(['$', '?']).and_then(|digits| digits.parse::<usize>().ok());
        match numbered {
            Some(number) => number.checked_sub(1).map_or(Slot::Hidden, Slot::Param),
            None if matches!(mark.text, "?" | "%s") => {
                next += 1;
                Slot::Param(next - 1)
            }
            None => {
                let known = named.len();
                Slot::Param(*named.entry(mark.text).or_insert(known))
            }
        }
    };
    ranges(tokens).map(&mut slot).collect()
}

/// Each literal or parameter with what is wrapped around it, in the order of the text.
fn ranges<'t>(tokens: &'t Tokens<'_>) -> impl Iterator<Item = (usize, usize)> + 't {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < tokens.len() {
            let from = at;
            match tokens.literal_end(at, tokens.len()) {
                Some(end) => {
                    at = end.max(from + 1);
                    return Some((from, at));
                }
                None => at += 1,
            }
        }
        None
    })
}

/// A string without its quotes, any other token as it is.
fn unquoted<'a>(token: &Token<'a>) -> &'a str {
    if token.kind != TokenKind::Text || !token.text.ends_with(['\'', '"']) {
        return token.text;
    }
    let quote = if token.text.ends_with('"') { '"' } else { '\'' };
    let inner = token.text.split_once(quote).map_or(token.text, |(_, rest)| rest);
    inner.strip_suffix(quote).unwrap_or(inner)
}

/// A literal of several tokens, without quotes.
fn literal<'a>(tokens: impl Iterator<Item = Token<'a>>) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    for (at, token) in tokens.enumerate() {
        if at > 0 && token.is_name() {
            text.push(' ');
        }
        text.push_str(unquoted(&token));
    }
    text.finish()
}

/// Adds to the facts what refers to [`values`]: the columns that are looked up by `=`, the LIMIT, the selected columns.
pub(super) fn describe(tokens: &Tokens<'_>, facts: &mut Facts) {
    for (slot, (from, to)) in ranges(tokens).enumerate() {
        let Some(before) = from.checked_sub(1) else { continue };
        let bracketed = before > 0 && tokens.kind(before - 1) == Some(TokenKind::Close);
        let name = if bracketed { before.checked_sub(2) } else { before.checked_sub(1) };
        if tokens.is_operator(before, "=") {
            // Not the assignments of SET, which facts tell as written.
            if let Some(column) = name.filter(|at| tokens.is_name(*at)).and_then(|at| tokens.get(at)) {
                let assigned = facts.written.iter().any(|(written, _)| written == column.name());
                if !assigned {
                    facts.keys.push((column.name().to_smolstr(), slot as u32));
                }
            }
        } else if tokens.key(before) == Some(Keyword::Limit) {
            let is_offset = tokens.kind(to) == Some(TokenKind::Comma);
            facts.limit_at = Some(slot as u32 + u32::from(is_offset));
            facts.offset_at = is_offset.then_some(slot as u32).or(facts.offset_at);
        } else if tokens.key(before) == Some(Keyword::Offset) {
            facts.offset_at = Some(slot as u32);
        }
    }
    let start = tokens.find(0, tokens.len(), |at| tokens.key(at) == Some(Keyword::Select)) + 1;
    if start > tokens.len() {
        return;
    }
    let end = tokens.clause_end(start, tokens.len());
    for (from, to) in tokens.parts(start, end) {
        let end = tokens.find(from, to, |at| tokens.key(at) == Some(Keyword::As));
        let from = from + usize::from(tokens.key(from) == Some(Keyword::Distinct));
        let path = |at: usize| tokens.is_name(at) || tokens.kind(at) == Some(TokenKind::Dot);
        if from < end && (from..end).all(path) {
            facts.columns.extend(tokens.get(end - 1).map(|token| SmolStr::new(token.name())));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::{self, Dialect, Statements, facts};

    #[test]
    fn parameters_take_the_place_of_their_marks() {
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let of = |sql, params: Option<&[String]>| {
            let (_, values) = Statements::new().read(sql, params, Dialect::Postgres);
            values.map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let inline = of("SELECT a FROM t WHERE b = 'it''s' AND c = -1 AND d = '2'::date LIMIT 5", None);
        assert_eq!(inline, Some(strings(&["it''s", "-1", "2", "5"])));
        let params = strings(&["x", "y"]);
        assert_eq!(of("a = %s AND b = 1 AND c = %s", Some(&params)), Some(strings(&["x", "1", "y"])));
        assert_eq!(of("a = $2 AND b = $1", Some(&params)), Some(strings(&["y", "x"])));
        assert_eq!(of("a = :p AND b = :q AND c = :p", Some(&params)), Some(strings(&["x", "y", "x"])));
        assert_eq!(of("a = $1", None), None);
    }

    #[test]
    fn keys_and_columns_are_named() {
        let facts = facts(
            r#"SELECT "t"."id", "t"."forum_id", COUNT(*) AS n FROM "t" WHERE ("t"."x" > 1 AND "t"."b" = 7) LIMIT 21"#,
            Dialect::Postgres,
        );
        assert_eq!(facts.columns, ["id", "forum_id"]);
        assert_eq!(facts.keys, [("b".into(), 1)]);
        assert_eq!((facts.limit_at, facts.offset_at), (Some(2), None));
        for (sql, at) in [("SELECT a FROM t LIMIT 5 OFFSET 50", 1), ("SELECT a FROM t LIMIT 50, 5", 0)] {
            assert_eq!(sql::facts(sql, Dialect::MySql).offset_at, Some(at), "{sql}");
        }
    }
}
