//! A statement's class as text for reading: no literals, no needless quotes, repeats folded.

use super::Dialect;
use super::lexer::{Token, TokenKind};
use super::tokens::Tokens;
use super::words::{Keyword, is_reserved};

/// Parts longer than this are not compared: what nests would be copied once for each level.
const LONGEST_REPEAT: usize = 400;

/// One line: literals as `?`, white space folded, quotes dropped where a name does not need them, `IN (?)`, and
/// further rows of VALUES, arms of a CASE and alternatives of a chain that repeat the one before as `…`.
pub fn normalise(sql: &str, dialect: Dialect) -> String {
    let tokens = Tokens::new(sql, dialect);
    let mut writer = Writer { tokens: &tokens, out: String::with_capacity(sql.len().min(4096)), levels: Vec::new() };
    writer.levels.push(Level { end: tokens.len(), part: 0, head: 0, previous: None, folded: false });
    writer.write();
    writer.out
}

/// A bracketed group, a CASE, or the statement: where repeats are looked for.
struct Level {
    /// Index of the token that ends it.
    end: usize,
    /// Where the part that is being written starts in the output.
    part: usize,
    /// Where the word before that part starts, with its white space.
    head: usize,
    /// The part before it.
    previous: Option<String>,
    folded: bool,
}

struct Writer<'t, 'a> {
    tokens: &'t Tokens<'a>,
    out: String,
    levels: Vec<Level>,
}

impl Writer<'_, '_> {
    fn write(&mut self) {
        let count = self.tokens.len();
        let mut at = 0;
        while at < count {
            self.separate(at);
            if let Some(end) = self.tokens.literal_end(at, count) {
                self.out.push('?');
                at = end;
                continue;
            }
            at = match self.tokens.key(at) {
                Some(Keyword::In) if self.all_literals(at + 1) => {
                    self.copy(at);
                    self.out.push_str(" (?)");
                    self.tokens.after(at + 1, count)
                }
                Some(Keyword::Values) => {
                    self.copy(at);
                    self.rows(at + 1)
                }
                _ => {
                    self.token(at);
                    at + 1
                }
            };
        }
        self.end_part(" OR …");
    }

    /// A bracketed list of literals, each perhaps in brackets of its own.
    fn all_literals(&self, open: usize) -> bool {
        let tokens = self.tokens;
        let Some(end) = tokens.mate(open, tokens.len()).filter(|_| tokens.kind(open) == Some(TokenKind::Open)) else {
            return false;
        };
        tokens.parts(open + 1, end).all(|(from, to)| {
            let bracketed = tokens.kind(from) == Some(TokenKind::Open) && tokens.mate(from, to) == Some(to - 1);
            let (from, to) = if bracketed { (from + 1, to - 1) } else { (from, to) };
            from < to && tokens.literal_end(from, to) == Some(to)
        })
    }

    /// The first row of VALUES, and `…` for others that hold literals only.
    fn rows(&mut self, from: usize) -> usize {
        let (tokens, count) = (self.tokens, self.tokens.len());
        if !self.all_literals(from) {
            return from;
        }
        let width = tokens.parts(from + 1, tokens.mate(from, count).unwrap_or(count)).count();
        self.out.push_str(" (?");
        (1..width).for_each(|_| self.out.push_str(", ?"));
        self.out.push(')');
        let mut at = tokens.after(from, count);
        let mut more = false;
        while tokens.kind(at) == Some(TokenKind::Comma) && self.all_literals(at + 1) {
            at = tokens.after(at + 1, count);
            more = true;
        }
        if more {
            self.out.push_str(", …");
        }
        at
    }

    fn token(&mut self, at: usize) {
        let (key, kind) = (self.tokens.key(at), self.tokens.kind(at));
        if self.levels.len() > 1 && self.levels.last().is_some_and(|level| level.end == at) {
            let in_case = key == Some(Keyword::End);
            self.end_part(if in_case { " …" } else { " OR …" });
            self.levels.pop();
            if in_case {
                self.space();
            }
        }
        let case = self.levels.last().is_some_and(|level| self.tokens.key(level.end) == Some(Keyword::End));
        match key {
            Some(Keyword::Or) if !case => {
                self.end_part(" OR …");
                self.space();
                self.mark_head();
            }
            Some(Keyword::And) if !case => self.restart(),
            Some(Keyword::When | Keyword::Else) if case => {
                self.end_part(" …");
                self.space();
                self.mark_head();
            }
            Some(word) if word.starts_clause() => self.restart(),
            _ => {}
        }
        self.copy(at);
        if let Some(level) = self.levels.last_mut()
            && (key == Some(Keyword::Or) && !case)
        {
            level.part = self.out.len();
        }
        if key.is_some_and(|word| word.starts_clause() || word == Keyword::And) && !case {
            self.restart();
        }
        let opens = key == Some(Keyword::Case) || kind == Some(TokenKind::Open);
        if let Some(end) = self.tokens.mate(at, self.tokens.len()).filter(|_| opens) {
            self.levels.push(Level { end, part: self.out.len(), head: 0, previous: None, folded: false });
        }
    }

    /// Another part of the level's chain is complete: if it repeats the one before, it goes.
    fn end_part(&mut self, ellipsis: &str) {
        let Some(level) = self.levels.last_mut() else { return };
        let text = self.out.get(level.part..).unwrap_or_default().trim();
        if text.len() > LONGEST_REPEAT {
            level.previous = None;
            return;
        }
        if level.previous.as_deref() == Some(text) && !text.is_empty() {
            self.out.truncate(level.head);
            if !level.folded {
                self.out.push_str(ellipsis);
                level.folded = true;
            }
            level.part = self.out.len();
            return;
        }
        level.folded = false;
        level.previous = Some(text.to_owned());
    }

    fn mark_head(&mut self) {
        let head = self.out.trim_end().len();
        if let Some(level) = self.levels.last_mut() {
            level.head = head;
            level.part = self.out.len();
        }
    }

    fn restart(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.part = self.out.len();
            level.previous = None;
            level.folded = false;
        }
    }

    fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '(']) {
            self.out.push(' ');
        }
    }

    fn copy(&mut self, at: usize) {
        if let Some(token) = self.tokens.get(at) {
            push_name(&mut self.out, token);
        }
    }

    /// The space between the token before `at` and the one at it.
    fn separate(&mut self, at: usize) {
        if at > 0 && spaced(self.tokens, at) {
            self.space();
        }
    }
}

/// A token as it reads: needless quotes dropped.
pub(super) fn push_name(out: &mut String, token: &Token<'_>) {
    let name = token.name();
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !is_reserved(name);
    out.push_str(if token.kind == TokenKind::Quoted && plain { name } else { token.text });
}

/// Whether white space reads well before the token at `at`.
pub(super) fn spaced(tokens: &Tokens<'_>, at: usize) -> bool {
    use TokenKind::*;
    let before = at - 1;
    match (tokens.kind(before), tokens.kind(at)) {
        (Some(Open | Dot | OpenBracket), _) | (_, Some(Close | CloseBracket | Comma | Semicolon | Dot)) => false,
        (_, Some(OpenBracket)) => false,
        (_, Some(Open)) if tokens.is_name(before) => is_inserted_table(tokens, before),
        (_, Some(Open)) => !matches!(tokens.key(before), Some(Keyword::Cast | Keyword::Any | Keyword::All)),
        _ => !tokens.is_operator(before, "::") && !tokens.is_operator(at, "::"),
    }
}

/// `INSERT INTO t (…)`: a list of columns, not the arguments of a call.
fn is_inserted_table(tokens: &Tokens<'_>, name: usize) -> bool {
    let mut at = name;
    while at >= 2 && tokens.kind(at - 1) == Some(TokenKind::Dot) {
        at -= 2;
    }
    at > 0 && tokens.key(at - 1) == Some(Keyword::Into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, expected: &str) {
        assert_eq!(normalise(sql, Dialect::Postgres), expected);
    }

    #[test]
    fn names_lose_quotes_that_they_do_not_need() {
        check(
            "SELECT \"forum_topic\".\"id\", COUNT(*)  AS \"Total\" FROM \"forum_topic\"\n WHERE \"order\" = 'x' LIMIT 10;",
            "SELECT forum_topic.id, COUNT(*) AS \"Total\" FROM forum_topic WHERE \"order\" = ? LIMIT ?",
        );
    }

    #[test]
    fn lists_rows_arms_and_chains_fold() {
        check("SELECT a FROM t WHERE (\"id\") IN ((1), (2))", "SELECT a FROM t WHERE (id) IN (?)");
        check("INSERT INTO \"t\" (\"a\", b) VALUES (1, 'x'), (2, NULL)", "INSERT INTO t (a, b) VALUES (?, ?), …");
        check(
            "SELECT a FROM t WHERE (a = 1 OR a = 2 OR a = 3) AND b = 1",
            "SELECT a FROM t WHERE (a = ? OR …) AND b = ?",
        );
        check(
            "UPDATE t SET a = CASE WHEN (id = 1) THEN 'x' WHEN (id = 2) THEN 'y' WHEN (id = 3) THEN 'z' ELSE NULL END",
            "UPDATE t SET a = CASE WHEN (id = ?) THEN ? … ELSE ? END",
        );
    }

    #[test]
    fn casts_of_literals_go_and_those_of_columns_stay() {
        check(
            "SELECT a::text FROM t WHERE b = $1::uuid AND c > DATE '2024-01-01'",
            "SELECT a::text FROM t WHERE b = ? AND c > ?",
        );
    }
}
