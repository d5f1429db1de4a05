//! Calls of a method chain: `Topic.objects.filter(…).order_by(…)`.

use super::FileEdit;
use crate::model::{Site, Span};
use crate::text::Source;

/// One call of a chain, as spans of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The call with its receiver.
    pub call: Site,
    /// The method's name.
    pub name: Span,
    /// Between the parentheses.
    pub args: Span,
}

/// Puts `.method(args)` after a call, on a line of its own where the chain is written that way.
pub fn append_call(source: &Source, after: Call, method: &str, args: &str) -> FileEdit {
    let (_, lead) = before_name(source, after);
    FileEdit::insert(after.call, format!("{lead}.{method}({args})"))
}

/// Puts `.method(args)` between a call and what it is called on.
pub fn prepend_call(source: &Source, before: Call, method: &str, args: &str) -> FileEdit {
    let (receiver_end, lead) = before_name(source, before);
    let at = Site::new(before.call.file, Span::at(receiver_end));
    FileEdit::replace(at, format!("{lead}.{method}({args})"))
}

/// What a call is called on.
pub fn receiver(source: &Source, call: Call) -> Span {
    Span { start: call.call.span.start, end: before_name(source, call).0 }
}

/// Where the receiver ends, and the line break and indentation between it and the dot.
fn before_name(source: &Source, call: Call) -> (u32, String) {
    let dotted = source.slice(Span { start: 0, end: call.name.start }).trim_end();
    let receiver = dotted.strip_suffix('.').unwrap_or(dotted).trim_end();
    let gap = source.slice(Span { start: receiver.len() as u32, end: call.name.start });
    let lead = match gap.contains(['\n', '\r']) {
        true => format!("{}{}", source.line_break(), source.indent(call.name.start)),
        false => String::new(),
    };
    (receiver.len() as u32, lead)
}

/// Adds arguments to a call, after those that it has.
pub fn extend_args(source: &Source, call: Call, more: &str) -> FileEdit {
    let inside = source.slice(call.args);
    let kept = inside.trim_end();
    let at = Site::new(call.call.file, Span::at(call.args.start + kept.len() as u32));
    let text = match kept.chars().last() {
        None => more.to_owned(),
        Some(',') => format!(" {more}"),
        Some(_) => format!(", {more}"),
    };
    FileEdit::replace(at, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileId;
    use crate::rewrite::apply;

    /// The last call `.name(…)` of a text that ends with it.
    fn last_call(text: &str, name: &str) -> Call {
        let at = text.rfind(name).unwrap();
        let open = at + text[at..].find('(').unwrap();
        let close = text.rfind(')').unwrap();
        let start = text.find("Topic").unwrap();
        Call {
            call: Site::new(FileId(0), Span::new(start, close + 1)),
            name: Span::new(at, at + name.len()),
            args: Span::new(open + 1, close),
        }
    }

    fn appended(text: &str) -> String {
        let source = Source::new("a.py", text);
        let edit = append_call(&source, last_call(text, "filter"), "select_related", "\"forum\"");
        apply(&[edit], |_| Some(&source)).unwrap().changed.remove(&FileId(0)).unwrap()
    }

    #[test]
    fn a_call_follows_on_its_line_or_on_its_own() {
        assert_eq!(appended("Topic.objects.filter(a=1)"), "Topic.objects.filter(a=1).select_related(\"forum\")");
        assert_eq!(
            appended("x = (\r\n    Topic.objects\r\n    .filter(\r\n        a=1\r\n    )"),
            "x = (\r\n    Topic.objects\r\n    .filter(\r\n        a=1\r\n    )\r\n    .select_related(\"forum\")"
        );
    }

    #[test]
    fn arguments_are_added_after_those_that_are_there() {
        for (before, after) in [
            ("Topic.objects.select_related()", "Topic.objects.select_related('b')"),
            ("Topic.objects.select_related('a')", "Topic.objects.select_related('a', 'b')"),
            ("Topic.objects.select_related(\n  'a',\n)", "Topic.objects.select_related(\n  'a', 'b'\n)"),
        ] {
            let source = Source::new("a.py", before);
            let edit = extend_args(&source, last_call(before, "select_related"), "'b'");
            assert_eq!(apply(&[edit], |_| Some(&source)).unwrap().changed[&FileId(0)], after);
        }
    }
}
