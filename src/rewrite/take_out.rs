//! Takes an item out of a list, or an argument out of a call, with its comma.

use super::FileEdit;
use crate::model::{Site, Span};
use crate::python::ir::{self, ExprKind};
use crate::python::walk::{expressions, expressions_of, statements};
use crate::text::Source;

/// The item of a list or tuple display that stands at `item`.
pub fn take_item(source: &Source, code: &ir::Module, item: Site) -> Option<FileEdit> {
    let all = statements(&code.body).flat_map(expressions_of).flat_map(expressions);
    let items = all.filter_map(|expr| match &expr.kind {
        ExprKind::List(items) => Some(items),
        // A tuple of one is none without its comma.
        ExprKind::Tuple(items) if items.len() > 2 => Some(items),
        _ => None,
    });
    let spans = items.map(|items| items.iter().map(|expr| expr.span).collect::<Vec<Span>>());
    let mut found = spans.filter(|spans| spans.contains(&item.span));
    taken(source, &found.next()?, item)
}

/// The argument of a call that stands at `argument`.
pub fn take_argument(source: &Source, code: &ir::Module, argument: Site) -> Option<FileEdit> {
    let all = statements(&code.body).flat_map(expressions_of).flat_map(expressions);
    let calls = all.filter_map(ir::Expr::as_call);
    let spans = calls.map(|call| call.args.iter().map(|arg| arg.span).collect::<Vec<Span>>());
    let mut found = spans.filter(|spans| spans.contains(&argument.span));
    taken(source, &found.next()?, argument)
}

fn taken(source: &Source, all: &[Span], what: Site) -> Option<FileEdit> {
    let at = all.iter().position(|span| *span == what.span)?;
    let before = at.checked_sub(1).and_then(|at| all.get(at));
    let span = match (before, all.get(at + 1)) {
        (_, Some(next)) => Span { start: what.span.start, end: next.start },
        (Some(before), None) => Span { start: before.end, end: what.span.end },
        (None, None) => {
            let rest = source.slice(Span { start: what.span.end, end: source.text().len() as u32 });
            let comma = rest.len() - rest.trim_start().len();
            let has_comma = rest.trim_start().starts_with(',');
            let end = what.span.end + if has_comma { comma as u32 + 1 } else { 0 };
            Span { start: what.span.start, end }
        }
    };
    // A comment may say what is taken out, or what stays.
    let kept = !source.slice(span).contains('#');
    kept.then(|| FileEdit::replace(Site::new(what.file, span), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileId;
    use crate::rewrite::apply;

    fn without(text: &str, item: &str, take: fn(&Source, &ir::Module, Site) -> Option<FileEdit>) -> Option<String> {
        let source = Source::new("a.py", text);
        let code = crate::python::parse(text).module;
        let at = text.find(item).unwrap();
        let edit = take(&source, &code, Site::new(FileId(0), Span::new(at, at + item.len())))?;
        apply(&[edit], |_| Some(&source))?.changed.remove(&FileId(0))
    }

    #[test]
    fn an_item_goes_with_its_comma() {
        let take = |text: &str| without(text, "b(1)", take_item);
        assert_eq!(take("x = [a, b(1), c]\n").as_deref(), Some("x = [a, c]\n"));
        assert_eq!(take("x = [a, b(1)]\n").as_deref(), Some("x = [a]\n"));
        assert_eq!(take("x = [\n    a,\n    b(1),\n]\n").as_deref(), Some("x = [\n    a,\n]\n"));
        assert_eq!(take("x = [b(1), ]\n").as_deref(), Some("x = [ ]\n"));
        assert_eq!(take("x = [\n    b(1),  # why\n    c,\n]\n"), None);
        assert_eq!(take("x = (a, b(1))\n"), None);
    }

    #[test]
    fn an_argument_goes_with_its_comma() {
        let take = |text: &str| without(text, "db_index=True", take_argument);
        assert_eq!(take("x = f(1, db_index=True, null=True)\n").as_deref(), Some("x = f(1, null=True)\n"));
        assert_eq!(take("x = f(db_index=True)\n").as_deref(), Some("x = f()\n"));
    }
}
