//! A statement over lines, for reading: a clause a line, and what does not fit in one indented below it.

use super::Dialect;
use super::lexer::TokenKind;
use super::normalise::{push_name, spaced};
use super::tokens::Tokens;
use super::words::Keyword;

const INDENT: usize = 2;
/// Brackets deeper than this stay on one line.
const MAX_DEPTH: u32 = 24;

/// `sql` in lines of about `width` characters: longer only where one item is. Literals stay, needless quotes and
/// comments go.
pub fn layout(sql: &str, width: u32) -> String {
    let tokens = Tokens::new(sql, Dialect::Postgres);
    let mut writer = Writer { tokens: &tokens, width: width.max(20) as usize, out: String::with_capacity(sql.len()) };
    writer.query(0, tokens.len(), 0, MAX_DEPTH);
    writer.out
}

struct Writer<'t, 'a> {
    tokens: &'t Tokens<'a>,
    width: usize,
    out: String,
}

impl Writer<'_, '_> {
    fn flat(&self, from: usize, to: usize) -> String {
        let mut text = String::new();
        for at in from..to {
            if at > from && spaced(self.tokens, at) {
                text.push(' ');
            }
            if let Some(token) = self.tokens.get(at) {
                push_name(&mut text, token);
            }
        }
        text
    }

    fn line(&mut self, indent: usize, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
    }

    fn fits(&self, indent: usize, text: &str) -> bool {
        indent + text.chars().count() <= self.width
    }

    fn query(&mut self, from: usize, to: usize, indent: usize, depth: u32) {
        let whole = self.flat(from, to);
        if self.fits(indent, &whole) || depth == 0 {
            return self.line(indent, &whole);
        }
        let mut at = from;
        while at < to {
            let head = self.head_end(at, to);
            let end = self.clause_end(head, to);
            self.clause(at, head, end, indent, depth);
            at = end;
        }
    }

    /// A clause's words: `GROUP BY`, `LEFT OUTER JOIN`.
    fn head_end(&self, at: usize, to: usize) -> usize {
        let more = |at: usize| {
            let key = self.tokens.key(at);
            matches!(key, Some(Keyword::By | Keyword::Outer | Keyword::Join | Keyword::Distinct | Keyword::Into))
        };
        (at + 1..to).find(|at| !more(*at)).unwrap_or(to)
    }

    /// As [`Tokens::clause_end`]; the condition of a join stays with it.
    fn clause_end(&self, from: usize, to: usize) -> usize {
        self.tokens.find(from, to, |at| {
            let stays = matches!(
                self.tokens.key(at),
                Some(Keyword::On | Keyword::Using | Keyword::Into | Keyword::Outer | Keyword::With)
            );
            !stays && self.tokens.clause_end(at, at + 1) == at
        })
    }

    fn clause(&mut self, from: usize, head: usize, to: usize, indent: usize, depth: u32) {
        let text = self.flat(from, to);
        if self.fits(indent, &text) {
            return self.line(indent, &text);
        }
        let parts = match self.tokens.key(from) {
            Some(Keyword::Where | Keyword::Having) => self.operands(head, to),
            Some(
                Keyword::Select
                | Keyword::Set
                | Keyword::Values
                | Keyword::Group
                | Keyword::Order
                | Keyword::Returning
                | Keyword::From,
            ) => self.tokens.parts(head, to).map(|(from, to)| (from, to, ",")).collect(),
            _ => return self.item(from, to, "", indent, depth),
        };
        let title = self.flat(from, head);
        self.line(indent, &title);
        let last = parts.len().saturating_sub(1);
        for (at, (from, to, separator)) in parts.into_iter().enumerate() {
            self.item(from, to, if at == last { "" } else { separator }, indent + INDENT, depth);
        }
    }

    /// Operands of AND and OR, each with the word before it.
    fn operands(&self, from: usize, to: usize) -> Vec<(usize, usize, &'static str)> {
        let tokens = self.tokens;
        let mut out = Vec::new();
        let mut start = from;
        let mut between = false;
        let mut at = from;
        while at < to {
            match tokens.key(at) {
                Some(Keyword::Between) => between = true,
                Some(Keyword::And) if std::mem::take(&mut between) => {}
                Some(Keyword::And | Keyword::Or) if at > start => {
                    out.push((start, at, ""));
                    start = at;
                }
                _ => {}
            }
            at = tokens.after(at, to);
        }
        out.push((start, to, ""));
        out
    }

    /// One item; where it is too long, its longest bracketed group goes over lines of its own.
    fn item(&mut self, from: usize, to: usize, suffix: &str, indent: usize, depth: u32) {
        let text = self.flat(from, to) + suffix;
        let group = (from..to)
            .scan(from, |next, at| {
                let inside = at < *next;
                *next = if inside { *next } else { self.tokens.after(at, to) };
                Some((at, *next, inside))
            })
            .filter(|(at, _, inside)| !inside && self.tokens.kind(*at) == Some(TokenKind::Open))
            .max_by_key(|(at, end, _)| end - at);
        let Some((open, after, _)) = group.filter(|_| depth > 0 && !self.fits(indent, &text)) else {
            return self.line(indent, &text);
        };
        let close = after.saturating_sub(usize::from(self.tokens.kind(after - 1) == Some(TokenKind::Close)));
        let title = self.flat(from, open + 1);
        self.line(indent, &title);
        self.body(open + 1, close.max(open + 1), indent + INDENT, depth - 1);
        let rest = self.flat(close, to) + suffix;
        self.line(indent, &rest);
    }

    fn body(&mut self, from: usize, to: usize, indent: usize, depth: u32) {
        let tokens = self.tokens;
        if matches!(tokens.key(from), Some(Keyword::Select | Keyword::With | Keyword::Values)) {
            return self.query(from, to, indent, depth);
        }
        let operands = self.operands(from, to);
        if operands.len() > 1 {
            return operands.into_iter().for_each(|(from, to, _)| self.item(from, to, "", indent, depth));
        }
        let text = self.flat(from, to);
        if self.fits(indent, &text) {
            return self.line(indent, &text);
        }
        // Short items share a line: a list of columns or ids is not worth one each.
        let mut row = String::new();
        let parts: Vec<(usize, usize)> = tokens.parts(from, to).collect();
        let last = parts.len().saturating_sub(1);
        for (at, (from, to)) in parts.into_iter().enumerate() {
            let separator = if at == last { "" } else { "," };
            let text = self.flat(from, to) + separator;
            if !row.is_empty() && !self.fits(indent + 1 + row.chars().count(), &text) {
                self.line(indent, &std::mem::take(&mut row));
            }
            if row.is_empty() && !self.fits(indent, &text) {
                self.item(from, to, separator, indent, depth);
                continue;
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(&text);
        }
        if !row.is_empty() {
            self.line(indent, &row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::fingerprint;

    const SQL: &str = "SELECT \"forum_topic\".\"id\", \"forum_topic\".\"subject\", COUNT(\"forum_post\".\"id\") AS \"n\" FROM \"forum_topic\" LEFT OUTER JOIN \"forum_post\" ON (\"forum_topic\".\"id\" = \"forum_post\".\"topic_id\") WHERE (\"forum_topic\".\"created\" BETWEEN '2024-01-01' AND '2024-02-01' AND \"forum_topic\".\"forum_id\" IN (SELECT U0.\"id\" FROM \"forum_forum\" U0 WHERE U0.\"name\" = 'a very long name of a forum')) GROUP BY \"forum_topic\".\"id\" ORDER BY \"n\" DESC LIMIT 10";

    #[test]
    fn a_clause_a_line_and_long_ones_indented() {
        let expected = "\
SELECT forum_topic.id, forum_topic.subject, COUNT(forum_post.id) AS n
FROM forum_topic
LEFT OUTER JOIN forum_post ON (forum_topic.id = forum_post.topic_id)
WHERE
  (
    forum_topic.created BETWEEN '2024-01-01' AND '2024-02-01'
    AND forum_topic.forum_id IN (
      SELECT U0.id
      FROM forum_forum U0
      WHERE U0.name = 'a very long name of a forum'
    )
  )
GROUP BY forum_topic.id
ORDER BY n DESC
LIMIT 10";
        assert_eq!(layout(SQL, 70), expected);
        assert_eq!(layout("SELECT  1", 70), "SELECT 1");
    }

    #[test]
    fn a_layout_says_what_the_statement_says() {
        for width in [20, 40, 80, 200] {
            let text = layout(SQL, width);
            assert_eq!(fingerprint(&text, Dialect::Postgres), fingerprint(SQL, Dialect::Postgres), "{text}");
        }
    }

    #[test]
    fn long_lists_share_lines_and_nests_end() {
        let ids: Vec<String> = (100..160).map(|n| n.to_string()).collect();
        let text = layout(&format!("SELECT a FROM t WHERE id IN ({})", ids.join(", ")), 60);
        assert!(text.split('\n').all(|line| line.len() <= 60), "{text}");
        assert!(text.split('\n').count() < 12, "{text}");
        layout(&format!("SELECT {}", "(a, ".repeat(3_000)), 60);
        layout(")) SELECT WHERE AND , ( OR", 20);
    }
}
