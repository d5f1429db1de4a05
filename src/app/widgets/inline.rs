//! Text with code and emphasis in it, as rules' pages and findings' messages have: `` `topic.forum` is fetched ``.

use leptos::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Code(String),
    Strong(String),
}

/// The parts of one line or paragraph: `` `code` `` and `**strong**`.
pub fn inlines(text: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((at, mark)) = first_mark(rest) {
        let after = rest.get(at + mark.len()..).unwrap_or_default();
        let Some((inside, behind)) = after.split_once(mark).filter(|(inside, _)| !inside.is_empty()) else { break };
        push_text(rest.get(..at).unwrap_or_default(), &mut out);
        out.push(if mark == "**" { Inline::Strong(inside.to_owned()) } else { Inline::Code(inside.to_owned()) });
        rest = behind;
    }
    push_text(rest, &mut out);
    out
}

/// The first mark that opens something, and where: what is between two ticks may hold ticks if those are two.
fn first_mark(text: &str) -> Option<(usize, &'static str)> {
    let (tick, star) = (text.find('`'), text.find("**"));
    match (tick, star) {
        (Some(tick), star) if star.is_none_or(|star| tick < star) => {
            let double = text.get(tick..).is_some_and(|rest| rest.starts_with("``"));
            Some((tick, if double { "``" } else { "`" }))
        }
        (_, Some(star)) => Some((star, "**")),
        _ => None,
    }
}

fn push_text(text: &str, out: &mut Vec<Inline>) {
    if !text.is_empty() {
        out.push(Inline::Text(text.to_owned()));
    }
}

/// The same as elements.
pub fn marked(text: &str) -> Vec<AnyView> {
    marks(inlines(text))
}

pub fn marks(parts: Vec<Inline>) -> Vec<AnyView> {
    let element = |part| match part {
        Inline::Text(text) => text.into_any(),
        Inline::Code(text) => view! { <code>{text}</code> }.into_any(),
        Inline::Strong(text) => view! { <strong>{text}</strong> }.into_any(),
    };
    parts.into_iter().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.into())
    }

    fn code(text: &str) -> Inline {
        Inline::Code(text.into())
    }

    #[test]
    fn what_opens_and_does_not_close_is_text() {
        assert_eq!(inlines("a `b"), [text("a `b")]);
        assert_eq!(inlines("2 ** 3"), [text("2 ** 3")]);
        assert_eq!(inlines("``a`b`` c"), [code("a`b"), text(" c")]);
        assert_eq!(inlines("``"), [text("``")]);
        assert_eq!(inlines("a * b, #1, - c"), [text("a * b, #1, - c")]);
        assert!(inlines("").is_empty());
    }
}
