//! Facts of a statement that sqlparser does not take: cut off, too long, or in a dialect of its own.

use smol_str::{SmolStr, ToSmolStr};

use super::facts::cursor_query;
use super::lexer::TokenKind;
use super::tokens::Tokens;
use super::words::Keyword;
use crate::model::Kind;
use crate::trace::{Column, Comparison, Facts, Operator};

/// Kind, tables, the conditions joined by AND that compare a column with a literal, and what clauses there are.
pub(super) fn facts_of_tokens(tokens: &Tokens<'_>) -> Facts {
    let from = cursor_query(tokens);
    let mut reading = Reading { tokens, facts: Facts::new(kind(tokens, from)), scope: Vec::new() };
    reading.read(from);
    reading.facts
}

fn kind(tokens: &Tokens<'_>, from: usize) -> Kind {
    match tokens.key(from) {
        Some(Keyword::Insert) => Kind::Insert,
        Some(Keyword::Update) => Kind::Update,
        Some(Keyword::Delete) => Kind::Delete,
        Some(Keyword::Select | Keyword::With | Keyword::Values) => {
            let end = tokens.clause_end(from + 1, tokens.len());
            let counts = |(start, _): (usize, usize)| tokens.is_word(start, "count");
            let selects = tokens.key(from) == Some(Keyword::Select) && end > from + 1;
            if selects && tokens.parts(from + 1, end).all(counts) { Kind::Count } else { Kind::Select }
        }
        _ if tokens.is_word(from, "replace") => Kind::Insert,
        _ => Kind::Other,
    }
}

struct Reading<'t, 'a> {
    tokens: &'t Tokens<'a>,
    facts: Facts,
    scope: Vec<(SmolStr, SmolStr)>,
}

impl Reading<'_, '_> {
    fn read(&mut self, from: usize) {
        let tokens = self.tokens;
        let count = tokens.len();
        let mut wheres = Vec::new();
        let mut at = from;
        while at < count {
            match tokens.key(at) {
                Some(Keyword::From | Keyword::Join | Keyword::Into) => self.table(at + 1),
                Some(Keyword::Update) if at == from => self.table(at + 1),
                Some(Keyword::Where | Keyword::On) => wheres.push(at + 1),
                Some(Keyword::Limit | Keyword::Fetch) => self.facts.limit = true,
                Some(Keyword::Offset) => self.facts.offset = true,
                Some(Keyword::For) => self.facts.locked |= tokens.key(at + 1) == Some(Keyword::Update),
                Some(Keyword::Distinct) => self.facts.distinct |= at == from + 1,
                Some(Keyword::Union | Keyword::Intersect | Keyword::Except | Keyword::With) => {
                    self.facts.compound = true;
                }
                _ => {}
            }
            at = tokens.after(at, count);
        }
        for at in wheres {
            self.conditions(at, tokens.clause_end(at, count));
        }
    }

    fn table(&mut self, at: usize) {
        let tokens = self.tokens;
        if !tokens.is_name(at) {
            self.facts.compound |= tokens.kind(at) == Some(TokenKind::Open);
            return;
        }
        let mut last = at;
        while tokens.kind(last + 1) == Some(TokenKind::Dot) && tokens.is_name(last + 2) {
            last += 2;
        }
        let name = |at: usize| tokens.get(at).map(|token| token.name().to_smolstr()).unwrap_or_default();
        let table = name(last);
        let alias = last + 1 + usize::from(tokens.key(last + 1) == Some(Keyword::As));
        let alias = if tokens.is_name(alias) { name(alias) } else { table.clone() };
        self.scope.push((alias, table.clone()));
        if !self.facts.tables.contains(&table) {
            self.facts.tables.push(table);
        }
    }

    fn conditions(&mut self, from: usize, to: usize) {
        let tokens = self.tokens;
        let whole = tokens.kind(from) == Some(TokenKind::Open) && tokens.mate(from, to) == to.checked_sub(1);
        let (from, to) = if whole { (from + 1, to - 1) } else { (from, to) };
        if tokens.find(from, to, |at| tokens.key(at) == Some(Keyword::Or)) < to {
            return;
        }
        let mut at = from;
        while at < to {
            let end = tokens.find(at, to, |at| tokens.key(at) == Some(Keyword::And));
            self.comparison(at, end);
            at = end + 1;
        }
    }

    fn comparison(&mut self, from: usize, to: usize) {
        let tokens = self.tokens;
        let path = |at: usize| tokens.is_name(at) || tokens.kind(at) == Some(TokenKind::Dot);
        let end = tokens.find(from, to, |at| !path(at));
        if end == from {
            return;
        }
        let operator = match (tokens.get(end).map(|token| token.text), tokens.key(end)) {
            (Some("="), _) if tokens.literal_end(end + 1, to).is_some() => Operator::Equal,
            (Some("<" | ">" | "<=" | ">="), _) => Operator::Range,
            (Some("<>" | "!="), _) => Operator::NotEqual,
            (_, Some(Keyword::In)) => Operator::In,
            (_, Some(Keyword::Between)) => Operator::Range,
            (_, Some(Keyword::Is)) if tokens.key(end + 1) == Some(Keyword::Null) => Operator::IsNull,
            _ => return,
        };
        let name = |at: usize| tokens.get(at).map(|token| token.name().to_smolstr()).unwrap_or_default();
        let table = match (end - from, &self.scope[..]) {
            (1, [(_, table)]) => table.clone(),
            (3.., scope) => {
                let alias = name(end - 3);
                scope.iter().find(|(known, _)| *known == alias).map(|(_, table)| table.clone()).unwrap_or_default()
            }
            _ => SmolStr::default(),
        };
        let column = Column { table, name: name(end - 1) };
        self.facts.compared.push(Comparison { column, operator, function: None });
    }
}
