//! Statements and parameters without what they were asked about: equal values stay equal, everything else of them goes.

use rustc_hash::FxHashMap;

use super::Dialect;
use super::lexer::TokenKind;
use super::tokens::Tokens;

/// Values that were masked, and what stands for each: the number of its first appearance. One for all inputs that are
/// shown together.
#[derive(Debug, Default)]
pub struct Mask(FxHashMap<String, u32>);

/// A statement after masking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    pub sql: String,
    /// Indexes of the parameters that say how many rows are asked for; they are no one's data.
    pub limits: Vec<usize>,
}

impl Mask {
    /// The statement with other literals, of the same class; without its comments.
    pub fn statement(&mut self, sql: &str, dialect: Dialect) -> Masked {
        let tokens = Tokens::new(sql, dialect);
        let mut out = Masked { sql: String::with_capacity(sql.len()), limits: Vec::new() };
        let (mut at, mut end, mut params) = (0, 0, 0);
        while let Some(token) = tokens.get(at) {
            if token.start > end {
                out.sql.push(' ');
            }
            let before = at.checked_sub(1);
            let is_limit = before.is_some_and(|at| tokens.is_word(at, "limit") || tokens.is_word(at, "offset"));
            match token.kind {
                TokenKind::Text => out.sql.push_str(&format!("'{}'", self.text(token.text))),
                TokenKind::Number if !is_limit => out.sql.push_str(&self.number(token.text)),
                // A value that lost its quotes.
                TokenKind::Word if tokens.key(at).is_none() && tokens.kind(at + 1) != Some(TokenKind::Text) => {
                    match tokens.literal_end(at, tokens.len()) {
                        Some(after) => {
                            let last = tokens.get(after - 1).unwrap_or(token);
                            let value = sql.get(token.start..last.end()).unwrap_or_default();
                            out.sql.push_str(&format!("'{}'", self.text(value)));
                            at = after - 1;
                        }
                        None => out.sql.push_str(token.text),
                    }
                }
                TokenKind::Param => {
                    if is_limit {
                        out.limits.push(params);
                    }
                    params += 1;
                    out.sql.push_str(token.text);
                }
                _ => out.sql.push_str(token.text),
            }
            end = tokens.get(at).map_or(end, |token| token.end());
            at += 1;
        }
        out
    }

    /// A parameter, as [`crate::trace`] has them: strings without quotes, `NULL`, numbers.
    pub fn value(&mut self, value: &str) -> String {
        if matches!(value, "NULL" | "None" | "TRUE" | "True" | "true" | "FALSE" | "False" | "false") {
            return value.to_owned();
        }
        let digits = value.strip_prefix('-').unwrap_or(value);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok();
        if is_number { self.number(value) } else { self.text(value) }
    }

    /// Nought and one say how something is asked, not about whom.
    fn number(&mut self, value: &str) -> String {
        if matches!(value, "0" | "1") { value.to_owned() } else { self.stand_in(value).to_string() }
    }

    /// A pattern keeps its open ends: they decide whether an index can serve.
    fn text(&mut self, value: &str) -> String {
        let inner = value.trim_matches(['\'', '"']);
        let open = |is_open: bool| if is_open { "%" } else { "" };
        let (from, to) = (open(inner.starts_with('%')), open(inner.len() > 1 && inner.ends_with('%')));
        format!("{from}text {}{to}", self.stand_in(inner))
    }

    fn stand_in(&mut self, value: &str) -> u32 {
        // After nought and one.
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(2);
        *self.0.entry(value.to_owned()).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::fingerprint;

    #[test]
    fn equal_values_stay_equal_and_the_class_stays() {
        let mut mask = Mask::default();
        let sql = "SELECT a /* for alice */ FROM t WHERE n = 'alice' AND x IN (7, -7, 1.5) AND y = 0 LIMIT 21";
        let masked = mask.statement(sql, Dialect::Postgres).sql;
        assert_eq!(masked, "SELECT a FROM t WHERE n = 'text 2' AND x IN (3, -3, 4) AND y = 0 LIMIT 21");
        assert_eq!(fingerprint(&masked, Dialect::Postgres), fingerprint(sql, Dialect::Postgres));
        assert_eq!(mask.value("alice"), "text 2");
        assert_eq!([mask.value("7"), mask.value("NULL"), mask.value("1")], ["3", "NULL", "1"]);
    }

    #[test]
    fn patterns_keep_their_open_ends_and_limits_their_size() {
        let mut mask = Mask::default();
        assert_eq!(mask.statement("a LIKE '%smith'", Dialect::Sqlite).sql, "a LIKE '%text 2'");
        assert_eq!(mask.value("smith%"), "text 3%");
        let paged = mask.statement("SELECT 1 FROM t WHERE a = %s LIMIT %s OFFSET %s", Dialect::Postgres);
        assert_eq!(paged.limits, [1, 2]);
    }

    #[test]
    fn nothing_of_a_value_is_left_in_any_spelling() {
        for (sql, dialect) in [
            ("INSERT INTO t VALUES (E'secret\\'s', N'secret', $$secret$$)", Dialect::Postgres),
            ("SELECT * FROM t WHERE a = \"secret\" # secret\n AND b = x'5ec7e7'", Dialect::MySql),
            ("SELECT * FROM \"t\" WHERE \"t\".\"a\" = secret AND \"t\".\"b\" = so secret", Dialect::Sqlite),
            ("SELECT * FROM t WHERE at = date '2026-05-07' -- secret", Dialect::Postgres),
            ("SELECT * FROM t WHERE a = 'secret", Dialect::Postgres),
        ] {
            let masked = Mask::default().statement(sql, dialect).sql;
            assert!(!masked.contains("secret") && !masked.contains("5ec7") && !masked.contains("2026"), "{masked}");
            assert_eq!(fingerprint(&masked, dialect), fingerprint(sql, dialect), "{masked}");
        }
    }
}
