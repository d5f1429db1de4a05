//! The migration that adds or removes an index.

use super::{FileEdit, NewIndex, Quote};
use crate::text::Source;

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

#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    Add(&'a NewIndex),
    /// By its name.
    Remove(&'a str),
}

/// The file of the migration; `concurrently`: PostgreSQL builds or drops the index without blocking writes.
pub fn migration(after: &After<'_>, model: &str, change: Change<'_>, style: &Source, concurrently: bool) -> FileEdit {
    let quote = Quote::of(style.text());
    let q = |text: &str| quote.text(text);
    let (mut operations, plain): (Vec<&str>, &str) = match (change, concurrently) {
        (Change::Add(_), true) => (vec!["AddIndexConcurrently"], "AddIndexConcurrently"),
        (Change::Add(_), false) => (vec![], "migrations.AddIndex"),
        (Change::Remove(_), true) => (vec!["RemoveIndexConcurrently"], "RemoveIndexConcurrently"),
        (Change::Remove(_), false) => (vec![], "migrations.RemoveIndex"),
    };
    let trigrams = matches!(change, Change::Add(index) if index.needs_trigrams());
    if trigrams {
        operations.push("TrigramExtension");
    }
    let mut modules: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut written: Vec<String> = Vec::new();
    let mut of_django = vec!["migrations"];
    if let Change::Add(index) = change {
        for (module, name) in index.imports() {
            if module == "django.db.models" {
                of_django = vec!["migrations", "models"];
                written.push(format!("models.{name}"));
                continue;
            }
            written.push(name.to_owned());
            match modules.iter_mut().find(|(known, _)| *known == module) {
                Some((_, names)) => names.push(name),
                None => modules.push((module, vec![name])),
            }
        }
    }
    if !operations.is_empty() {
        modules.push(("django.contrib.postgres.operations", operations));
    }
    modules.push(("django.db", of_django));
    modules.sort();
    let mut lines: Vec<String> =
        modules.iter().map(|(module, names)| format!("from {module} import {}", names.join(", "))).collect();
    lines.extend(["", "", "class Migration(migrations.Migration):"].map(String::from));
    if concurrently {
        lines.push("    atomic = False".into());
        lines.push(String::new());
    }
    lines.push("    dependencies = [".into());
    lines.push(format!("        ({}, {}),", q(after.app), q(after.leaf)));
    lines.extend(["    ]", "", "    operations = ["].map(String::from));
    if trigrams {
        lines.push("        TrigramExtension(),".into());
    }
    lines.push(format!("        {plain}("));
    lines.push(format!("            model_name={},", q(&model.to_lowercase())));
    let name = match change {
        Change::Add(index) => {
            let call = index.call(&written, quote).unwrap_or_default();
            lines.push(format!("            index={call},"));
            index.name.clone()
        }
        Change::Remove(name) => {
            lines.push(format!("            name={},", q(name)));
            format!("remove_{name}")
        }
    };
    lines.extend(["        ),", "    ]", ""].map(String::from));
    let number = after.number + 1;
    let name = format!("{number:0width$}_{name}", width = after.width);
    let separator = if after.directory.is_empty() { "" } else { "/" };
    let path = format!("{}{separator}{name}.py", after.directory);
    FileEdit::Create { path, text: lines.join(style.line_break()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::Keys;

    const AFTER: After<'static> =
        After { app: "forum", directory: "forum/migrations", leaf: "0009_more", number: 9, width: 4 };

    fn written(change: Change<'_>, concurrently: bool) -> (String, String) {
        let style = Source::new("models.py", "x = \"a\"\n");
        let FileEdit::Create { path, text } = migration(&AFTER, "Topic", change, &style, concurrently) else {
            panic!()
        };
        assert!(crate::python::parse(&text).errors.is_empty(), "{text}");
        (path, text)
    }

    #[test]
    fn a_migration_follows_the_newest_one() {
        let index = NewIndex::named("Topic", vec!["email".into()]);
        let (path, text) = written(Change::Add(&index), true);
        assert_eq!(path, "forum/migrations/0010_topic_email_idx.py");
        assert!(
            text.contains("    atomic = False\n\n    dependencies = [\n        (\"forum\", \"0009_more\"),\n    ]\n"),
            "{text}"
        );
        assert!(text.contains("        AddIndexConcurrently(\n            model_name=\"topic\",\n"));
        let (_, text) = written(Change::Add(&index), false);
        assert!(text.starts_with("from django.db import migrations, models\n") && !text.contains("atomic"));
    }

    #[test]
    fn an_extension_comes_first_and_names_are_imported() {
        let index = NewIndex::of("Topic", Keys::Trigrams { column: "title".into(), upper: true });
        let (_, text) = written(Change::Add(&index), true);
        assert!(
            text.starts_with(
                "from django.contrib.postgres.indexes import GinIndex, OpClass\n\
                 from django.contrib.postgres.operations import AddIndexConcurrently, TrigramExtension\n\
                 from django.db import migrations\n\
                 from django.db.models.functions import Upper\n"
            ),
            "{text}"
        );
        assert!(text.contains("        TrigramExtension(),\n        AddIndexConcurrently(\n"), "{text}");
    }

    #[test]
    fn an_index_is_removed_by_its_name() {
        let (path, text) = written(Change::Remove("topic_forum_idx"), true);
        assert_eq!(path, "forum/migrations/0010_remove_topic_forum_idx.py");
        assert!(text.contains("        RemoveIndexConcurrently(\n            model_name=\"topic\",\n            name=\"topic_forum_idx\",\n        ),\n"), "{text}");
        assert!(text.contains("from django.db import migrations\n"));
    }
}
