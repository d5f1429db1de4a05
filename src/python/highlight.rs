//! Syntax colours from the tree.

use tree_sitter::{Node, Tree};

use super::grammar::{Field, Kind, tables};
use super::lower::span_of;
use crate::model::{Span, TokenClass};

/// The classified tokens of the tree, in order and disjoint.
pub(super) fn tokens(tree: &Tree, text: &str) -> Vec<(Span, TokenClass)> {
    let tables = tables();
    let mut cursor = tree.walk();
    let mut tokens: Vec<(Span, TokenClass)> = Vec::new();
    // The decorator being walked ends here; the name after its `@` is coloured with it.
    let mut decorator_end = 0;
    // The kinds of the ancestors.
    let mut above: Vec<Kind> = Vec::new();
    loop {
        let node = cursor.node();
        let kind = tables.kind(node.kind_id());
        let span = span_of(node);
        if kind == Kind::Decorator {
            decorator_end = span.end;
        }
        // The children of a string's text are its escapes.
        if kind != Kind::StringContent && cursor.goto_first_child() {
            above.push(kind);
            continue;
        }
        let parent = above.last().copied().unwrap_or(Kind::Other);
        let field = tables.field(cursor.field_id());
        let in_decorator = span.end <= decorator_end && !above.contains(&Kind::ArgumentList);
        let class = if in_decorator && matches!(kind, Kind::At | Kind::Identifier) {
            Some(TokenClass::Decorator)
        } else {
            class_of(node, kind, parent, field, above.iter().rev().nth(1).copied(), text)
        };
        if let Some(class) = class.filter(|_| !span.is_empty()) {
            match tokens.last_mut() {
                // Adjoining parts of one string, of one decorator.
                Some((last, same)) if *same == class && last.end == span.start && joins(class) => last.end = span.end,
                _ => tokens.push((span, class)),
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return tokens;
            }
            above.pop();
        }
    }
}

fn joins(class: TokenClass) -> bool {
    matches!(class, TokenClass::String | TokenClass::Decorator)
}

fn class_of(
    node: Node<'_>,
    kind: Kind,
    parent: Kind,
    field: Field,
    grandparent: Option<Kind>,
    text: &str,
) -> Option<TokenClass> {
    Some(match kind {
        Kind::Comment => TokenClass::Comment,
        Kind::StringStart | Kind::StringContent | Kind::StringEnd => TokenClass::String,
        Kind::Integer | Kind::Float => TokenClass::Number,
        Kind::True | Kind::False | Kind::None | Kind::Ellipsis => TokenClass::Constant,
        Kind::PassStatement | Kind::BreakStatement | Kind::ContinueStatement => TokenClass::Keyword,
        Kind::KeywordSeparator | Kind::PositionalSeparator | Kind::WildcardImport => TokenClass::Operator,
        Kind::Identifier => match (parent, field) {
            (Kind::FunctionDefinition, Field::Name) => TokenClass::Function,
            (Kind::ClassDefinition, Field::Name) => TokenClass::Class,
            (Kind::Call, _) => called(node, text),
            (Kind::Attribute, Field::Attribute) if grandparent == Some(Kind::Call) && calls(node, text) => {
                called(node, text)
            }
            _ => return None,
        },
        _ if node.is_named() => return None,
        _ => {
            let token = text.get(node.byte_range()).unwrap_or("");
            match token.as_bytes().first()? {
                first if first.is_ascii_alphabetic() => TokenClass::Keyword,
                b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b':' | b';' | b'.' if token.len() == 1 => return None,
                _ => TokenClass::Operator,
            }
        }
    })
}

/// Whether an opening parenthesis follows the name: it is called, and not an argument of the call above it.
fn calls(node: Node<'_>, text: &str) -> bool {
    text.get(node.end_byte()..).is_some_and(|after| after.trim_start().starts_with('('))
}

fn called(node: Node<'_>, text: &str) -> TokenClass {
    let capital = text.get(node.byte_range()).is_some_and(|name| name.starts_with(|c: char| c.is_uppercase()));
    if capital { TokenClass::Class } else { TokenClass::Function }
}
