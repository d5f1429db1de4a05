//! Statements put before others, at their indentation.

use super::FileEdit;
use crate::model::{Site, Span};
use crate::python::ir::{self, Stmt, StmtKind};
use crate::python::walk::statements_at;
use crate::text::Source;

/// The statement with exactly this span.
pub fn statement_at(module: &ir::Module, span: Span) -> Option<&Stmt> {
    statements_at(&module.body, span).find(|stmt| stmt.span == span)
}

/// Puts lines before the statement at `site`; `None` where it does not start its line.
/// The lines come without indentation of their own beyond their nesting, and with LF.
pub fn insert_before(source: &Source, site: Site, lines: &str) -> Option<FileEdit> {
    let line_start = source.line_start(source.line(site.span.start));
    let indent = source.slice(Span { start: line_start, end: site.span.start });
    if !indent.chars().all(|c| matches!(c, ' ' | '\t')) {
        return None;
    }
    Some(FileEdit::replace(Site::new(site.file, Span::at(line_start)), laid_out(source, indent, lines)))
}

/// Puts lines after the statement at `site`, at its indentation; `None` where it does not start its line.
pub fn insert_after(source: &Source, site: Site, lines: &str) -> Option<FileEdit> {
    let line_start = source.line_start(source.line(site.span.start));
    let indent = source.slice(Span { start: line_start, end: site.span.start });
    if !indent.chars().all(|c| matches!(c, ' ' | '\t')) {
        return None;
    }
    let next = source.line_start(source.line(site.span.end.max(1) - 1) + 1);
    let text = laid_out(source, indent, lines);
    // The statement may end the text without a line break.
    let text = match source.text().get(..next as usize).is_some_and(|before| before.ends_with(['\n', '\r'])) {
        true => text,
        false => format!("{}{}", source.line_break(), text.trim_end_matches(['\n', '\r'])),
    };
    Some(FileEdit::replace(Site::new(site.file, Span::at(next)), text))
}

/// Replaces the statement at `site`, which must have its lines to itself, by lines.
pub fn replace_line(source: &Source, site: Site, lines: &str) -> Option<FileEdit> {
    let line_start = source.line_start(source.line(site.span.start));
    let indent = source.slice(Span { start: line_start, end: site.span.start });
    if !indent.chars().all(|c| matches!(c, ' ' | '\t')) {
        return None;
    }
    let text = laid_out(source, indent, lines);
    let text = text.strip_prefix(indent)?.trim_end_matches(['\n', '\r']).to_owned();
    Some(FileEdit::replace(site, text))
}

/// The statements of a `try`'s body.
pub fn try_body(module: &ir::Module, span: Span) -> Option<Span> {
    let found = statements_at(&module.body, span).find(|stmt| stmt.span == span)?;
    let StmtKind::Try { body, .. } = &found.kind else { return None };
    Some(Span { start: body.first()?.span.start, end: body.last()?.span.end })
}

/// Puts whole lines one level deeper, under a line of their own; `None` where they share their lines, or hold text over
/// several lines, which would change with them.
pub fn indent_under(source: &Source, body: Site, head: &str) -> Option<FileEdit> {
    let start = source.line_start(source.line(body.span.start));
    let end = source.line_start(source.line(body.span.end.max(1) - 1) + 1);
    let lines = Site::new(body.file, Span { start, end });
    if !source.slice(Span { start, end: body.span.start }).trim().is_empty() {
        return None;
    }
    let text = source.slice(lines.span);
    let indent = source.indent(body.span.start);
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let step = if indent.contains('\t') { "\t" } else { "    " };
    let mut out = format!("{indent}{head}{}", source.line_break());
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            out.push_str(step);
        }
        out.push_str(line);
    }
    Some(FileEdit::replace(lines, out))
}

/// The lines of a statement that has them to itself, line breaks included: for removing it.
pub fn whole_lines(source: &Source, site: Site) -> Option<Site> {
    let start = source.line_start(source.line(site.span.start));
    let end = source.line_start(source.line(site.span.end.max(1) - 1) + 1);
    let before = source.slice(Span { start, end: site.span.start });
    let after = source.slice(Span { start: site.span.end, end });
    let alone = before.trim().is_empty() && after.trim().is_empty();
    alone.then_some(Site::new(site.file, Span { start, end }))
}

/// The same, with a comment behind the statement.
pub fn lines_of(source: &Source, site: Site) -> Option<Site> {
    let start = source.line_start(source.line(site.span.start));
    let end = source.line_start(source.line(site.span.end.max(1) - 1) + 1);
    let before = source.slice(Span { start, end: site.span.start });
    let after = source.slice(Span { start: site.span.end, end }).trim_start();
    let alone = before.trim().is_empty() && (after.is_empty() || after.starts_with('#'));
    alone.then_some(Site::new(site.file, Span { start, end }))
}

fn laid_out(source: &Source, indent: &str, lines: &str) -> String {
    let mut out = String::new();
    for line in lines.split_terminator('\n') {
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
        out.push_str(source.line_break());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileId;
    use crate::rewrite::apply;

    #[test]
    fn lines_take_the_indentation_and_line_breaks_of_their_place() {
        let source = Source::new("a.py", "def f():\r\n    x = 1\r\n");
        let site = Site::new(FileId(0), Span::new(14, 19));
        assert_eq!(source.slice(site.span), "x = 1");
        let edit = insert_before(&source, site, "y = (\n    2\n)\n").unwrap();
        let text = &apply(&[edit], |_| Some(&source)).unwrap().changed[&FileId(0)];
        assert_eq!(text, "def f():\r\n    y = (\r\n        2\r\n    )\r\n    x = 1\r\n");
        let edit = replace_line(&source, site, "a\nb\n").unwrap();
        let text = &apply(&[edit], |_| Some(&source)).unwrap().changed[&FileId(0)];
        assert_eq!(text, "def f():\r\n    a\r\n    b\r\n");
    }

    #[test]
    fn a_statement_that_shares_its_line_is_left_alone() {
        let source = Source::new("a.py", "if x: y = 1\n");
        assert_eq!(insert_before(&source, Site::new(FileId(0), Span::new(6, 11)), "z\n"), None);
    }
}
