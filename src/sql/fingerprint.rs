//! Classes of statements: one depth-aware pass over the tokens, no grammar.
//!
//! Same class: other literals and parameters (with their casts), another length of an IN list (chains of equality on
//! one column joined by OR, `= ANY(…)` of an array and one-column rows count as IN), another number of VALUES rows or
//! of arms of a CASE, case of unquoted words, unneeded quotes, comments, white space, values of LIMIT and OFFSET, `<>`
//! for `!=`, output aliases, names of savepoints and cursors, order of the SELECT list and of the operands of one AND.
//! Everything else tells two statements apart. The hash is the same on every platform and in every build.

use super::Dialect;
use super::lexer::TokenKind;
use super::tokens::Tokens;
use super::words::Keyword;
use crate::trace::Fingerprint;

/// Groups deeper than this are hashed as the flat tokens that they are.
const MAX_DEPTH: u32 = 100;

pub fn fingerprint(sql: &str, dialect: Dialect) -> Fingerprint {
    let tokens = Tokens::new(sql, dialect);
    let reader = Reader { tokens: &tokens };
    let mut hash = Hash::new(Mark::Statement);
    reader.statement(&mut hash);
    Fingerprint(hash.finish())
}

/// What a hash is of, so that different things with equal parts differ.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Mark {
    Statement = 1,
    Literal,
    In,
    Or,
    And,
    Not,
    Group,
    Row,
    Set,
    Alias,
    Arm,
    Select,
    Flat,
}

/// Order-dependent 64-bit hash of a sequence of 64-bit parts.
struct Hash(u64);

impl Hash {
    fn new(mark: Mark) -> Self {
        Self((mark as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn push(&mut self, part: u64) {
        self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.0 ^= self.0 >> 32;
    }

    fn mark(&mut self, mark: Mark) {
        self.push(mark as u64);
    }

    fn finish(&self) -> u64 {
        let mut h = self.0;
        h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }

    /// Of parts whose order does not matter.
    fn unordered(mark: Mark, mut parts: Vec<u64>, distinct: bool) -> u64 {
        parts.sort_unstable();
        if distinct {
            parts.dedup();
        }
        let mut hash = Hash::new(mark);
        parts.into_iter().for_each(|part| hash.push(part));
        hash.finish()
    }
}

/// FNV-1a; unquoted words are folded to lower case first.
fn text_hash(text: &str, fold: bool) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        let byte = if fold { byte.to_ascii_lowercase() } else { byte };
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Output aliases of one query with the hash of what they stand for.
type Aliases = Vec<(u64, u64)>;

struct Reader<'t, 'a> {
    tokens: &'t Tokens<'a>,
}

impl Reader<'_, '_> {
    fn statement(&self, hash: &mut Hash) {
        let count = self.tokens.len();
        let word = |at: usize, list: &[&str]| list.iter().any(|w| self.tokens.is_word(at, w));
        let mut from = 0;
        // The name of a savepoint or cursor is made up by the driver.
        if word(0, &["savepoint", "declare", "close"]) {
            hash.push(self.token(0));
            from = 2;
        } else if word(0, &["release", "rollback"]) {
            let to = self.tokens.find(0, count, |at| word(at, &["savepoint"]));
            let to = if to < count { to } else { usize::from(word(1, &["to"])) };
            hash.push(self.token(0));
            if to > 0 || (word(0, &["release"]) && count > 1) {
                hash.mark(Mark::Alias);
                return;
            }
            from = 1;
        } else if word(0, &["fetch", "move"]) && count > 1 {
            for at in (0..count - 1).filter(|at| !word(*at, &["forward", "from", "in"])) {
                hash.push(if self.tokens.literal_end(at, count).is_some() { LITERAL } else { self.token(at) });
            }
            return;
        } else if word(0, &["truncate", "lock"]) && word(1, &["table"]) {
            hash.push(self.token(0));
            from = 2;
        } else if let Some(value) = self.setting() {
            (0..value).filter(|at| !word(*at, &["session"])).for_each(|at| hash.push(self.token(at)));
            hash.push(LITERAL);
            return;
        }
        self.query(from, count, MAX_DEPTH, hash);
    }

    /// Where the value begins in `SET search_path TO a, b`: names are values there.
    fn setting(&self) -> Option<usize> {
        let word = |at: usize, list: &[&str]| list.iter().any(|w| self.tokens.is_word(at, w));
        let name = 1 + usize::from(word(1, &["session", "local"]));
        if !word(0, &["set"]) {
            return None;
        }
        if word(name, &["time"]) && word(name + 1, &["zone"]) {
            return Some(name + 2);
        }
        let end = (name + 1..(name + 4).min(self.tokens.len()))
            .find(|at| word(*at, &["to"]) || self.tokens.is_operator(*at, "="))?;
        Some(end)
    }

    fn token(&self, at: usize) -> u64 {
        let Some(token) = self.tokens.get(at) else { return 0 };
        match token.kind {
            TokenKind::Word => text_hash(token.text, true),
            TokenKind::Quoted => text_hash(token.name(), false),
            TokenKind::Text | TokenKind::Number | TokenKind::Param => LITERAL,
            TokenKind::Operator => match token.text {
                "<>" => text_hash("!=", false),
                "==" => text_hash("=", false),
                text => text_hash(text, false),
            },
            _ => text_hash(token.text, false),
        }
    }

    fn flat(&self, from: usize, to: usize) -> u64 {
        let mut hash = Hash::new(Mark::Flat);
        (from..to).for_each(|at| hash.push(self.token(at)));
        hash.finish()
    }

    /// Clauses from `from` on, into `hash`.
    fn query(&self, from: usize, to: usize, depth: u32, hash: &mut Hash) {
        if depth == 0 {
            return hash.push(self.flat(from, to));
        }
        let tokens = self.tokens;
        let mut aliases = Aliases::new();
        let mut at = from;
        while at < to {
            let Some(key) = tokens.key(at).filter(|key| key.starts_clause()) else {
                let end = tokens.clause_end(at, to);
                self.sequence(at, end, depth, &aliases, hash);
                at = end;
                continue;
            };
            // `INNER` and `OUTER` say nothing that `JOIN` and `LEFT JOIN` do not.
            if !matches!(key, Keyword::Inner) {
                hash.push(self.token(at));
            }
            // The ON of DISTINCT ON starts no join's condition.
            let distinct_on = tokens.key(at + 1) == Some(Keyword::Distinct) && tokens.key(at + 2) == Some(Keyword::On);
            let end = tokens.clause_end(if distinct_on { at + 3 } else { at + 1 }, to);
            match key {
                Keyword::Select => self.select_list(at + 1, end, depth, &mut aliases, hash),
                Keyword::Where | Keyword::On => hash.push(self.condition(at + 1, end, depth, &Aliases::new())),
                Keyword::Having => hash.push(self.condition(at + 1, end, depth, &aliases)),
                Keyword::Values => self.rows(at + 1, end, depth, hash),
                Keyword::Limit => self.limit(at + 1, end, depth, hash),
                // Elsewhere the name of an output is that of a column.
                Keyword::Order | Keyword::Group => self.sequence(at + 1, end, depth, &aliases, hash),
                _ => self.sequence(at + 1, end, depth, &Aliases::new(), hash),
            }
            at = end;
        }
    }

    fn select_list(&self, from: usize, to: usize, depth: u32, aliases: &mut Aliases, hash: &mut Hash) {
        let tokens = self.tokens;
        let mut at = from;
        loop {
            match tokens.key(at).filter(|_| at < to) {
                Some(Keyword::All) => at += 1,
                Some(Keyword::Distinct) => {
                    hash.push(self.token(at));
                    at += 1;
                    if tokens.key(at) == Some(Keyword::On) {
                        hash.push(self.token(at));
                        hash.push(self.group(at + 1, to, depth));
                        at = tokens.after(at + 1, to);
                    }
                }
                _ => break,
            }
        }
        let mut items = Vec::new();
        for (start, end) in tokens.parts(at, to) {
            let (end, alias) = self.without_alias(start, end);
            let item = self.condition(start, end, depth, &Aliases::new());
            if let Some(alias) = alias {
                let own_name = end > start && tokens.is_name(end - 1) && self.token(end - 1) == alias;
                if !own_name {
                    aliases.push((alias, item));
                }
            }
            items.push(item);
        }
        hash.push(Hash::unordered(Mark::Select, items, false));
    }

    /// The end of an item of a SELECT list without its alias, and the alias.
    fn without_alias(&self, start: usize, end: usize) -> (usize, Option<u64>) {
        let tokens = self.tokens;
        let as_word = tokens.find(start, end, |at| tokens.key(at) == Some(Keyword::As));
        if as_word < end {
            return (as_word, Some(self.token(as_word + 1)));
        }
        let last = end.saturating_sub(1);
        let named = |at| tokens.is_word(at, "collate") || tokens.is_word(at, "over");
        let implicit = last > start && tokens.is_name(last) && tokens.ends_value(last - 1) && !named(last - 1);
        if implicit { (last, Some(self.token(last))) } else { (end, None) }
    }

    /// Rows of VALUES: their number does not matter.
    fn rows(&self, from: usize, to: usize, depth: u32, hash: &mut Hash) {
        let tokens = self.tokens;
        let mut rows = Vec::new();
        let mut at = from;
        while tokens.kind(at) == Some(TokenKind::Open) && at < to {
            let end = tokens.mate(at, to).unwrap_or(to);
            rows.push(self.list(Mark::Row, at + 1, end, depth.saturating_sub(1)));
            at = end + 1;
            if tokens.kind(at) != Some(TokenKind::Comma) {
                break;
            }
            at += 1;
        }
        hash.push(Hash::unordered(Mark::Set, rows, true));
        self.sequence(at.min(to), to, depth, &Aliases::new(), hash);
    }

    /// `LIMIT 5, 10` is `LIMIT 10 OFFSET 5`.
    fn limit(&self, from: usize, to: usize, depth: u32, hash: &mut Hash) {
        let comma = self.tokens.literal_end(from, to).filter(|end| self.tokens.kind(*end) == Some(TokenKind::Comma));
        match comma {
            Some(comma) if self.tokens.literal_end(comma + 1, to) == Some(to) => {
                hash.push(LITERAL);
                hash.push(text_hash("offset", false));
                hash.push(LITERAL);
            }
            _ => self.sequence(from, to, depth, &Aliases::new(), hash),
        }
    }

    /// An expression: OR of AND of operands.
    fn condition(&self, from: usize, to: usize, depth: u32, aliases: &Aliases) -> u64 {
        let (from, to, depth) = self.unwrapped(from, to, depth);
        if depth == 0 {
            return self.flat(from, to);
        }
        let mut alternatives = Vec::new();
        let mut at = from;
        loop {
            let end = self.tokens.find(at, to, |at| self.tokens.key(at) == Some(Keyword::Or));
            alternatives.push((at, end));
            if end >= to {
                break;
            }
            at = end + 1;
        }
        if let [(from, to)] = alternatives[..] {
            return self.conjunction(from, to, depth, aliases);
        }
        if let Some(membership) = self.as_membership(&alternatives, depth, aliases) {
            return membership;
        }
        let mut hash = Hash::new(Mark::Or);
        for (from, to) in alternatives {
            hash.push(self.condition_operand(from, to, depth, aliases));
        }
        hash.finish()
    }

    /// An operand of OR: its own redundant brackets go, which `condition` does.
    fn condition_operand(&self, from: usize, to: usize, depth: u32, aliases: &Aliases) -> u64 {
        if self.unwrapped(from, to, depth).0 == from {
            self.conjunction(from, to, depth, aliases)
        } else {
            self.condition(from, to, depth, aliases)
        }
    }

    fn conjunction(&self, from: usize, to: usize, depth: u32, aliases: &Aliases) -> u64 {
        let mut operands = Vec::new();
        self.operands(from, to, depth, aliases, &mut operands);
        match operands[..] {
            [only] => only,
            _ => Hash::unordered(Mark::And, operands, false),
        }
    }

    fn operands(&self, from: usize, to: usize, depth: u32, aliases: &Aliases, out: &mut Vec<u64>) {
        let tokens = self.tokens;
        let mut at = from;
        loop {
            let mut between = false;
            let end = tokens.find(at, to, |at| match tokens.key(at) {
                Some(Keyword::Between) => {
                    between = true;
                    false
                }
                Some(Keyword::And) => !std::mem::take(&mut between),
                _ => false,
            });
            let (inner, inner_end, inner_depth) = self.unwrapped(at, end, depth);
            let is_or = || tokens.find(inner, inner_end, |at| tokens.key(at) == Some(Keyword::Or)) < inner_end;
            if inner == at {
                out.push(self.operand(at, end, depth, aliases));
            } else if inner_depth == 0 || is_or() {
                out.push(self.condition(at, end, depth, aliases));
            } else {
                self.operands(inner, inner_end, inner_depth, aliases, out);
            }
            if end >= to {
                return;
            }
            at = end + 1;
        }
    }

    fn operand(&self, from: usize, to: usize, depth: u32, aliases: &Aliases) -> u64 {
        let negations = (from..to).take_while(|at| self.tokens.key(*at) == Some(Keyword::Not)).count();
        let from_inner = from + negations;
        if negations > 0 {
            let mut hash = Hash::new(Mark::Not);
            hash.push(negations as u64);
            hash.push(self.condition(from_inner, to, depth - 1, aliases));
            return hash.finish();
        }
        let mut hash = Hash::new(Mark::Group);
        self.sequence(from, to, depth, aliases, &mut hash);
        hash.finish()
    }

    /// The range without brackets that go around all of it and hold one expression.
    fn unwrapped(&self, mut from: usize, mut to: usize, mut depth: u32) -> (usize, usize, u32) {
        let tokens = self.tokens;
        while depth > 0
            && from < to
            && tokens.kind(from) == Some(TokenKind::Open)
            && tokens.mate(from, to) == Some(to - 1)
            && to - from > 2
            && !self.is_query(from + 1)
            && tokens.find(from + 1, to - 1, |at| tokens.kind(at) == Some(TokenKind::Comma)) == to - 1
        {
            (from, to, depth) = (from + 1, to - 1, depth - 1);
        }
        (from, to, depth)
    }

    fn is_query(&self, at: usize) -> bool {
        matches!(self.tokens.key(at), Some(Keyword::Select | Keyword::With | Keyword::Values | Keyword::Where))
    }

    /// `a = 1 OR a = 2` as `a IN (1, 2)`.
    fn as_membership(&self, alternatives: &[(usize, usize)], depth: u32, aliases: &Aliases) -> Option<u64> {
        let mut column = None;
        for (from, to) in alternatives {
            let (from, to, depth) = self.unwrapped(*from, *to, depth);
            let equal = self.tokens.find(from, to, |at| self.tokens.is_operator(at, "="));
            let compared = self.tokens.literal_end(equal + 1, to) == Some(to) && depth > 0;
            // Without keywords inside there is no further OR, so this look ahead is not repeated in the depth.
            let is_column = |at: usize| {
                matches!(self.tokens.kind(at), Some(TokenKind::Dot | TokenKind::Open | TokenKind::Close))
                    || self.tokens.is_name(at)
                    || self.tokens.is_operator(at, "::")
            };
            if !compared || equal == from || !(from..equal).all(is_column) {
                return None;
            }
            let mut hash = Hash::new(Mark::Group);
            self.sequence(from, equal, depth, aliases, &mut hash);
            push_membership(&mut hash);
            if *column.get_or_insert(hash.finish()) != hash.finish() {
                return None;
            }
        }
        column
    }

    /// Tokens in their order, with literals, lists, CASE and bracketed groups folded.
    fn sequence(&self, from: usize, to: usize, depth: u32, aliases: &Aliases, hash: &mut Hash) {
        let tokens = self.tokens;
        let mut at = from;
        while at < to {
            if let Some(end) = tokens.literal_end(at, to) {
                hash.push(LITERAL);
                at = end;
                continue;
            }
            at = match (tokens.kind(at), tokens.key(at)) {
                (_, Some(Keyword::As | Keyword::Outer)) => at + 1,
                _ if tokens.is_word(0, "alter") && tokens.is_word(at, "column") => at + 1,
                (_, Some(Keyword::In)) if tokens.kind(at + 1) == Some(TokenKind::Open) => {
                    self.membership(at, to, depth, hash)
                }
                (_, Some(Keyword::Case)) => self.case(at, to, depth, hash),
                (_, Some(Keyword::Cast)) if tokens.kind(at + 1) == Some(TokenKind::Open) => {
                    self.cast(at, to, depth, hash)
                }
                (Some(TokenKind::Operator), _) if self.is_any_of_array(at, to) => {
                    push_membership(hash);
                    tokens.after(at + 2, to)
                }
                (Some(TokenKind::Open), _) if self.bracketed_path(at, to).is_some() => {
                    let (from, end) = self.bracketed_path(at, to).unwrap_or((at, at));
                    (from..end).for_each(|at| hash.push(self.token(at)));
                    tokens.after(at, to)
                }
                (Some(TokenKind::Open | TokenKind::OpenBracket), _) => {
                    hash.push(self.group(at, to, depth));
                    tokens.after(at, to)
                }
                (Some(TokenKind::Word | TokenKind::Quoted), None) if self.alias(at, aliases).is_some() => {
                    hash.push(self.alias(at, aliases).unwrap_or_default());
                    at + 1
                }
                _ => {
                    hash.push(self.token(at));
                    at + 1
                }
            };
        }
    }

    fn alias(&self, at: usize, aliases: &Aliases) -> Option<u64> {
        if aliases.is_empty() {
            return None;
        }
        let tokens = self.tokens;
        let part_of_more = (at > 0 && tokens.kind(at - 1) == Some(TokenKind::Dot))
            || matches!(tokens.kind(at + 1), Some(TokenKind::Dot | TokenKind::Open));
        let name = self.token(at);
        let (_, item) = aliases.iter().find(|(alias, _)| *alias == name).filter(|_| !part_of_more)?;
        let mut hash = Hash::new(Mark::Alias);
        hash.push(*item);
        Some(hash.finish())
    }

    /// `= ANY(ARRAY[1, 2])`, `= ANY($1)`
    fn is_any_of_array(&self, at: usize, to: usize) -> bool {
        let tokens = self.tokens;
        tokens.is_operator(at, "=")
            && tokens.key(at + 1) == Some(Keyword::Any)
            && tokens.kind(at + 2) == Some(TokenKind::Open)
            && tokens.mate(at + 2, to).is_some_and(|mate| {
                let (from, end, _) = self.unwrapped(at + 3, mate, MAX_DEPTH);
                tokens.literal_end(from, end) == Some(end)
            })
    }

    fn membership(&self, at: usize, to: usize, depth: u32, hash: &mut Hash) -> usize {
        let (tokens, open) = (self.tokens, at + 1);
        let end = tokens.mate(open, to).unwrap_or(to);
        if self.is_query(open + 1) {
            hash.push(self.token(at));
            hash.push(self.group(open, to, depth));
        } else {
            let inner = depth.saturating_sub(1);
            let part = |(from, to)| self.condition(from, to, inner, &Aliases::new());
            hash.mark(Mark::In);
            hash.push(Hash::unordered(Mark::Set, tokens.parts(open + 1, end).map(part).collect(), true));
        }
        (end + 1).min(to)
    }

    /// CASE: equal arms count once, as `bulk_update` sends one for each row.
    fn case(&self, at: usize, to: usize, depth: u32, hash: &mut Hash) -> usize {
        let tokens = self.tokens;
        let end = tokens.mate(at, to).unwrap_or(to);
        hash.push(self.token(at));
        let arm_end = |from| tokens.find(from, end, |at| matches!(tokens.key(at), Some(Keyword::When | Keyword::Else)));
        let none = Aliases::new();
        let mut from = arm_end(at + 1);
        self.sequence(at + 1, from, depth, &none, hash);
        let mut last = 0;
        while from < end {
            let next = arm_end(from + 1);
            let then = tokens.find(from + 1, next, |at| tokens.key(at) == Some(Keyword::Then));
            let mut arm = Hash::new(Mark::Arm);
            arm.push(self.token(from));
            let inner = depth.saturating_sub(1);
            arm.push(self.condition(from + 1, then, inner, &none));
            arm.push(self.condition((then + 1).min(next), next, inner, &none));
            if arm.finish() != last {
                last = arm.finish();
                hash.push(last);
            }
            from = next;
        }
        (end + 1).min(to)
    }

    /// `CAST(x AS t)` as `x::t`.
    fn cast(&self, at: usize, to: usize, depth: u32, hash: &mut Hash) -> usize {
        let tokens = self.tokens;
        let end = tokens.mate(at + 1, to).unwrap_or(to);
        let as_word = tokens.find(at + 2, end, |at| tokens.key(at) == Some(Keyword::As));
        if depth == 0 || as_word >= end {
            hash.push(self.flat(at, end));
        } else {
            self.sequence(at + 2, as_word, depth - 1, &Aliases::new(), hash);
            hash.push(text_hash("::", false));
            self.sequence(as_word + 1, end, depth - 1, &Aliases::new(), hash);
        }
        (end + 1).min(to)
    }

    /// The name in `("t"."id")`, which is what it is without its brackets; none for the arguments of a call.
    fn bracketed_path(&self, open: usize, to: usize) -> Option<(usize, usize)> {
        let tokens = self.tokens;
        if open > 0 && tokens.is_name(open - 1) {
            return None;
        }
        let (from, end) = (open + 1, tokens.mate(open, to)?);
        let path = |at: usize| tokens.is_name(at) || tokens.kind(at) == Some(TokenKind::Dot);
        (from < end && end - from < 8 && (from..end).all(path)).then_some((from, end))
    }

    /// A bracketed group whose opening bracket stands at `open`.
    fn group(&self, open: usize, to: usize, depth: u32) -> u64 {
        let tokens = self.tokens;
        let end = tokens.mate(open, to).unwrap_or((open + 1).min(to));
        if depth == 0 {
            return self.flat(open, end);
        }
        let is_call = open > 0 && tokens.is_name(open - 1);
        if !is_call {
            let (from, inner_end, inner_depth) = self.unwrapped(open, (end + 1).min(to), depth);
            if from > open && tokens.literal_end(from, inner_end) == Some(inner_end) {
                return LITERAL;
            }
            if from > open {
                return self.condition(from, inner_end, inner_depth, &Aliases::new());
            }
        }
        if self.is_query(open + 1) {
            let mut hash = Hash::new(Mark::Group);
            self.query(open + 1, end, depth - 1, &mut hash);
            return hash.finish();
        }
        self.list(Mark::Row, open + 1, end, depth - 1)
    }

    /// Expressions between commas, in order.
    fn list(&self, mark: Mark, from: usize, to: usize, depth: u32) -> u64 {
        let mut hash = Hash::new(mark);
        for (from, to) in self.tokens.parts(from, to) {
            hash.push(self.condition(from, to, depth, &Aliases::new()));
        }
        hash.finish()
    }
}

const LITERAL: u64 = Mark::Literal as u64;

/// What `IN (1, 2)` adds to the hash of its sequence.
fn push_membership(hash: &mut Hash) {
    hash.mark(Mark::In);
    let mut literal = Hash::new(Mark::Group);
    literal.push(LITERAL);
    hash.push(Hash::unordered(Mark::Set, vec![literal.finish()], true));
}
