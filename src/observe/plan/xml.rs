//! PostgreSQL's FORMAT XML into a tree.
//!
//! The server writes elements with text in them and one attribute that nobody needs: no comments, no CDATA, no
//! processing instructions. A hyphen in a name stands for a blank. For this, a parser of XML is not worth its size.

use serde_json::{Map, Value};

/// A plan's own depth takes two of these a level.
const DEEPEST: usize = 200;

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// The first element of a text with what is in it; elements that are not closed end with the text.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        if let Some(element) = open.last_mut() {
            element.text.push_str(before);
        }
        let Some((tag, after)) = after.split_once('>') else { break };
        rest = after;
        if tag.starts_with('/') {
            close(&mut open);
        } else if !tag.starts_with(['?', '!']) {
            let name = tag.split([' ', '/']).next().unwrap_or_default().replace('-', " ");
            if open.len() < DEEPEST {
                open.push(Element { name, ..Element::default() });
                if tag.ends_with('/') {
                    close(&mut open);
                }
            }
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop()?.children.into_iter().next().map(|(_, value)| value)
}

fn close(open: &mut Vec<Element>) {
    if open.len() < 2 {
        return;
    }
    let Some(element) = open.pop() else { return };
    let Some(parent) = open.last_mut() else { return };
    parent.children.push((element.name.clone(), element.value()));
}

impl Element {
    fn value(self) -> Value {
        let is_list = matches!(self.name.as_str(), "Plans" | "Triggers" | "Workers")
            || self.children.first().is_some_and(|(name, _)| name == "Item" || name == "Query");
        if is_list {
            return Value::Array(self.children.into_iter().map(|(_, value)| value).collect());
        }
        if !self.children.is_empty() {
            return Value::Object(self.children.into_iter().collect::<Map<String, Value>>());
        }
        let text = decoded(&self.text);
        match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        }
    }
}

fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, behind) = after.split_once(';').unwrap_or((after, ""));
        let code = name
            .strip_prefix("#x")
            .map(|hex| u32::from_str_radix(hex, 16))
            .or_else(|| Some(name.strip_prefix('#')?.parse()));
        let char = match (name, code) {
            ("lt", _) => Some('<'),
            ("gt", _) => Some('>'),
            ("amp", _) => Some('&'),
            ("quot", _) => Some('"'),
            ("apos", _) => Some('\''),
            (_, Some(Ok(code))) => char::from_u32(code),
            _ => None,
        };
        match char {
            Some(char) => {
                out.push(char);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_lists_and_entities() {
        let text = "<explain xmlns=\"x\"><Query><Plan><Node-Type>Sort</Node-Type><Sort-Key><Item>a &lt;&#x41;&amp;&nope;</Item></Sort-Key><Plans><Plan><Node-Type>Hash</Node-Type></Plan></Plans></Plan><Triggers/></Query></explain>";
        let expected = serde_json::json!([{"Plan": {"Node Type": "Sort", "Sort Key": ["a <A&&nope;"],
            "Plans": [{"Node Type": "Hash"}]}, "Triggers": []}]);
        assert_eq!(parse(text), Some(expected));
        assert!(parse(&"<a>".repeat(100_000)).is_some());
        assert_eq!(parse("a < b"), None);
    }
}
