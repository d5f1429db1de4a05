//! The test of an `{% if %}`: `a and not b or c in d`.

use super::expr::expr;
use super::ir::{Base, Expr, Test};
use crate::model::Span;

type Word<'t> = (Span, &'t str);

pub fn test(words: &[Word<'_>], at: Span) -> Test {
    let alternatives: Vec<Test> = words.split(|(_, word)| *word == "or").map(|part| all(part, at)).collect();
    one_or(alternatives, Test::Or)
}

fn all(words: &[Word<'_>], at: Span) -> Test {
    let parts: Vec<Test> = words.split(|(_, word)| *word == "and").map(|part| single(part, at)).collect();
    one_or(parts, Test::And)
}

fn one_or(mut tests: Vec<Test>, join: fn(Vec<Test>) -> Test) -> Test {
    match (tests.pop(), tests.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            tests.push(last);
            join(tests)
        }
        (None, _) => join(Vec::new()),
    }
}

fn single(words: &[Word<'_>], at: Span) -> Test {
    let negations = words.iter().take_while(|(_, word)| *word == "not").count();
    let rest = words.get(negations..).unwrap_or_default();
    let operator = rest
        .iter()
        .position(|(_, word)| matches!(*word, "==" | "=" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "not" | "is"));
    let compared = operator.map(|found| {
        let left = rest.get(..found).unwrap_or_default();
        let operators =
            rest.get(found..).unwrap_or_default().iter().take_while(|(_, word)| !is_operand(word)).collect::<Vec<_>>();
        let right = rest.get(found + operators.len()..).unwrap_or_default();
        let contains = operators.iter().any(|(_, word)| *word == "in");
        Test::Compare { left: operand(left, at), contains, right: operand(right, at) }
    });
    let inner = compared.unwrap_or_else(|| Test::Value(operand(rest, at)));
    if negations % 2 == 1 { Test::Not(Box::new(inner)) } else { inner }
}

fn is_operand(word: &str) -> bool {
    !matches!(word, "==" | "=" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "not" | "is")
}

fn operand(words: &[Word<'_>], at: Span) -> Expr {
    match words {
        [(span, word)] => expr(*span, word),
        _ => Expr { span: at, base: Base::Unknown, filters: Vec::new() },
    }
}
