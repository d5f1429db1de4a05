//! An index added to the `Meta` of a Django model.

use super::{FileEdit, NewIndex, Quote, import};
use crate::model::{FileId, Site, Span};
use crate::python::ir::{self, Class, ExprKind, Stmt, StmtKind};
use crate::text::Source;

/// The edits that add an index to the model class whose name stands at `class`; `None` where its Meta is written in a
/// way that an edit could break.
pub fn add_index(
    file: FileId,
    source: &Source,
    code: &ir::Module,
    class: Span,
    index: &NewIndex,
) -> Option<Vec<FileEdit>> {
    let class = crate::python::walk::statements(&code.body).find_map(|stmt| match &stmt.kind {
        StmtKind::Class(found) if class.contains(found.name.span) && found.name.span.start == class.start => {
            Some(found)
        }
        _ => None,
    })?;
    let mut edits: Vec<FileEdit> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    // Names of one module stand together.
    for names_of in index.imports().chunk_by(|(one, _), (other, _)| one == other) {
        let wanted: Vec<&str> = names_of.iter().map(|(_, name)| *name).collect();
        let imported = import(file, source, code, names_of.first()?.0, &wanted)?;
        names.extend(imported.names);
        edits.extend(imported.edit);
    }
    let call = index.call(&names, Quote::of(source.text()))?;
    let meta = class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Class(meta) if meta.name.name == "Meta" => Some(meta),
        _ => None,
    });
    let edit = match meta {
        Some(meta) => match assigned(meta, "indexes") {
            Some(list) => extend_list(file, source, list, &call)?,
            None => add_line(file, source, meta, &call)?,
        },
        None => add_meta(file, source, class, &call)?,
    };
    edits.push(edit);
    Some(edits)
}

fn assigned<'a>(class: &'a Class, name: &str) -> Option<&'a ir::Expr> {
    class.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, value } => {
            targets.iter().any(|target| matches!(&target.kind, ExprKind::Name(n) if n == name)).then_some(value)
        }
        _ => None,
    })
}

/// Adds an item to a list or tuple display, on a line of its own where the others have one.
fn extend_list(file: FileId, source: &Source, list: &ir::Expr, call: &str) -> Option<FileEdit> {
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = &list.kind else { return None };
    let text = source.slice(list.span);
    let is_tuple = matches!(list.kind, ExprKind::Tuple(_));
    if !text.ends_with([']', ')']) {
        return None;
    }
    let close = list.span.end - 1;
    let Some(last) = items.last() else {
        let comma = if is_tuple { "," } else { "" };
        return Some(FileEdit::replace(
            Site::new(file, list.span),
            format!("{}{call}{comma}{}", text.get(..1)?, text.get(text.len() - 1..)?),
        ));
    };
    let after = source.slice(Span { start: last.span.end, end: close });
    let has_comma = after.trim_start().starts_with(',');
    let own_line = source.line(last.span.start) > source.line(list.span.start);
    let at = if has_comma { last.span.end + after.find(',')? as u32 + 1 } else { last.span.end };
    let lead = if has_comma { "" } else { "," };
    let text = match own_line {
        true => format!("{lead}{}{}{call},", source.line_break(), source.indent(last.span.start)),
        false => format!("{lead} {call}{}", if is_tuple || has_comma { "," } else { "" }),
    };
    Some(FileEdit::replace(Site::new(file, Span::at(at)), text))
}

/// Adds `indexes = […]` as the last line of a Meta that has none.
fn add_line(file: FileId, source: &Source, meta: &Class, call: &str) -> Option<FileEdit> {
    let last = meta.body.last()?;
    let indent = own_indent(source, last)?;
    let line = format!("indexes = [{call}]");
    if let ([only], StmtKind::Pass) = (meta.body.as_slice(), &last.kind) {
        return Some(FileEdit::replace(Site::new(file, only.span), line));
    }
    Some(FileEdit::replace(
        Site::new(file, Span::at(line_end(source, last.span.end))),
        format!("{}{indent}{line}", source.line_break()),
    ))
}

/// Adds a `class Meta` after the last field, where Django's style guide puts it.
fn add_meta(file: FileId, source: &Source, class: &Class, call: &str) -> Option<FileEdit> {
    let is_attribute = |stmt: &&Stmt| {
        matches!(stmt.kind, StmtKind::Assign { .. } | StmtKind::AnnAssign { .. } | StmtKind::Expr(_) | StmtKind::Pass)
    };
    let last = class.body.iter().rfind(is_attribute).or(class.body.last())?;
    let indent = own_indent(source, last)?;
    let step = if indent.contains('\t') { "\t" } else { "    " };
    let line_break = source.line_break();
    let meta = format!("class Meta:{line_break}{indent}{step}indexes = [{call}]");
    if let ([only], StmtKind::Pass) = (class.body.as_slice(), &last.kind) {
        return Some(FileEdit::replace(Site::new(file, only.span), meta));
    }
    let at = line_end(source, last.span.end);
    Some(FileEdit::replace(Site::new(file, Span::at(at)), format!("{line_break}{line_break}{indent}{meta}")))
}

/// The indentation of a statement that starts its line.
fn own_indent<'a>(source: &'a Source, stmt: &Stmt) -> Option<&'a str> {
    let start = source.line_start(source.line(stmt.span.start));
    let before = source.slice(Span { start, end: stmt.span.start });
    before.chars().all(|c| matches!(c, ' ' | '\t')).then_some(before)
}

/// Where the line that holds `offset` ends, before its line break; a comment after a statement stays with it.
fn line_end(source: &Source, offset: u32) -> u32 {
    let line = source.line(offset);
    source.line_start(line) + source.line_text(line).len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::apply;

    const FILE: FileId = FileId(0);

    fn added(text: &str) -> Option<String> {
        let source = Source::new("models.py", text);
        let code = crate::python::parse(text).module;
        let at = text.find("Topic").unwrap();
        let index = NewIndex::named("Topic", vec!["forum".into(), "-created".into()]);
        let edits = add_index(FILE, &source, &code, Span::new(at, text.len()), &index)?;
        let new = apply(&edits, |_| Some(&source))?.changed.remove(&FILE)?;
        assert!(crate::python::parse(&new).errors.is_empty(), "{new}");
        Some(new)
    }

    const CALL: &str = "models.Index(fields=['forum', '-created'], name='topic_forum_created_idx')";

    #[test]
    fn a_list_grows_in_its_own_layout() {
        let head = "from django.db import models\nclass Topic(models.Model):\n    s = 'a'\n    class Meta:\n        indexes = ";
        let one = "models.Index(fields=['s'])";
        for (before, after) in [
            ("[]\n", format!("[{CALL}]\n")),
            ("()\n", format!("({CALL},)\n")),
            (&format!("[{one}]\n"), format!("[{one}, {CALL}]\n")),
            (&format!("({one},)\n"), format!("({one}, {CALL},)\n")),
            (
                &format!("[\n            {one},  # why\n        ]\n"),
                format!("[\n            {one},\n            {CALL},  # why\n        ]\n"),
            ),
            (
                &format!("[\n            {one}\n        ]\n"),
                format!("[\n            {one},\n            {CALL},\n        ]\n"),
            ),
        ] {
            assert_eq!(added(&format!("{head}{before}")), Some(format!("{head}{after}")));
        }
        assert_eq!(added(&format!("{head}Base.Meta.indexes + []\n")), None);
    }

    #[test]
    fn a_meta_is_extended_or_made_after_the_fields() {
        let head = "from django.db import models\r\nclass Topic(models.Model):\r\n    s = 'a'  # note\r\n";
        assert_eq!(
            added(&format!("{head}\r\n    class Meta:\r\n        ordering = ['s']\r\n\r\n    def f(self): pass\r\n")),
            Some(format!(
                "{head}\r\n    class Meta:\r\n        ordering = ['s']\r\n        indexes = [{CALL}]\r\n\r\n    def f(self): pass\r\n"
            ))
        );
        assert_eq!(
            added(&format!("{head}\r\n    def f(self): pass\r\n")),
            Some(format!("{head}\r\n    class Meta:\r\n        indexes = [{CALL}]\r\n\r\n    def f(self): pass\r\n"))
        );
        assert_eq!(
            added("from django.db import models\nclass Topic(models.Model):\n\tpass"),
            Some(format!(
                "from django.db import models\nclass Topic(models.Model):\n\tclass Meta:\n\t\tindexes = [{}]",
                CALL.replace('\'', "\"")
            ))
        );
    }
}
