//! An index added to a Django model: in its `Meta`, and as a new migration.

use super::{FileEdit, Quote, import};
use crate::model::{FileId, Site, Span};
use crate::python::ir::{self, Class, ExprKind, Stmt, StmtKind};
use crate::text::Source;

/// An index to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    /// Field names, falling ones with their `-`.
    pub fields: Vec<String>,
    pub name: String,
}

/// Where the migration goes and what it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After<'a> {
    pub app: &'a str,
    /// Without a final slash.
    pub directory: &'a str,
    /// Name of the newest migration.
    pub leaf: &'a str,
    /// Its number, and how many digits the files of the app are numbered with.
    pub number: u32,
    pub width: usize,
}

impl NewIndex {
    /// A name of at most 30 characters, Django's limit, from the model and its columns.
    pub fn named(model: &str, fields: Vec<String>) -> Self {
        const MAX: usize = 30;
        let columns: Vec<&str> = fields.iter().map(|field| field.trim_start_matches('-')).collect();
        let full = format!("{}_{}", model.to_lowercase(), columns.join("_"));
        let name = if full.len() + 4 <= MAX && full.is_ascii() {
            format!("{full}_idx")
        } else {
            // FNV-1a: the same name for the same index in every run.
            let hash =
                full.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            let kept: String = full.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(MAX - 9).collect();
            format!("{}_{:04x}_idx", kept.trim_end_matches('_'), hash & 0xffff)
        };
        // Neither an underscore nor a digit may come first.
        let name = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned();
        Self { fields, name }
    }

    fn call(&self, constructor: &str, quote: Quote) -> String {
        let fields: Vec<String> = self.fields.iter().map(|field| quote.text(field)).collect();
        format!("{constructor}(fields=[{}], name={})", fields.join(", "), quote.text(&self.name))
    }
}

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
    let imported = import(file, source, code, "django.db.models", &["Index"])?;
    let quote = Quote::of(source.text());
    let call = index.call(imported.names.first()?, quote);
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
    Some(imported.edit.into_iter().chain([edit]).collect())
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

/// The file of a migration that adds the index.
pub fn migration(after: &After<'_>, model: &str, index: &NewIndex, style: &Source, concurrently: bool) -> FileEdit {
    let quote = Quote::of(style.text());
    let q = |text: &str| quote.text(text);
    let operation = if concurrently { "AddIndexConcurrently" } else { "migrations.AddIndex" };
    let mut lines: Vec<String> = Vec::new();
    if concurrently {
        lines.push("from django.contrib.postgres.operations import AddIndexConcurrently".into());
    }
    lines.extend(
        ["from django.db import migrations, models", "", "", "class Migration(migrations.Migration):"]
            .map(String::from),
    );
    if concurrently {
        lines.push("    atomic = False".into());
        lines.push(String::new());
    }
    lines.push("    dependencies = [".into());
    lines.push(format!("        ({}, {}),", q(after.app), q(after.leaf)));
    lines.extend(["    ]", "", "    operations = ["].map(String::from));
    lines.push(format!("        {operation}("));
    lines.push(format!("            model_name={},", q(&model.to_lowercase())));
    lines.push(format!("            index={},", index.call("models.Index", quote)));
    lines.extend(["        ),", "    ]", ""].map(String::from));
    let number = after.number + 1;
    let name = format!("{number:0width$}_{}", index.name, width = after.width);
    let separator = if after.directory.is_empty() { "" } else { "/" };
    let path = format!("{}{separator}{name}.py", after.directory);
    FileEdit::Create { path, text: lines.join(style.line_break()) }
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

    #[test]
    fn names_keep_to_the_limit_and_differ() {
        let name = |model: &str, fields: &[&str]| {
            NewIndex::named(model, fields.iter().map(|f| (*f).to_owned()).collect()).name
        };
        assert_eq!(name("User", &["email"]), "user_email_idx");
        let long = name("PullRequestReviewComment", &["team", "state", "merged_at"]);
        let other = name("PullRequestReviewComment", &["team", "state", "created_at"]);
        assert!(long.len() <= 30 && other.len() <= 30, "{long} {other}");
        assert_ne!(long, other);
        assert!(name("_Ünder", &["größe"]).starts_with(|c: char| c.is_ascii_alphabetic()));
    }

    #[test]
    fn a_migration_follows_the_newest_one() {
        let style = Source::new("models.py", "x = \"a\"\n");
        let after = After { app: "forum", directory: "forum/migrations", leaf: "0009_more", number: 9, width: 4 };
        let index = NewIndex::named("Topic", vec!["email".into()]);
        let FileEdit::Create { path, text } = migration(&after, "Topic", &index, &style, true) else { panic!() };
        assert_eq!(path, "forum/migrations/0010_topic_email_idx.py");
        assert!(crate::python::parse(&text).errors.is_empty());
        assert!(
            text.contains("    atomic = False\n\n    dependencies = [\n        (\"forum\", \"0009_more\"),\n    ]\n"),
            "{text}"
        );
        assert!(text.contains("        AddIndexConcurrently(\n            model_name=\"topic\",\n"));
        let FileEdit::Create { text, .. } = migration(&after, "Topic", &index, &style, false) else { panic!() };
        assert!(text.starts_with("from django.db import migrations, models\n") && !text.contains("atomic"));
    }
}
