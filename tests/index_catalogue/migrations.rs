//! RT1101, RT1102 and RT1103.

use std::ops::ControlFlow;

use roundtrip::config::Config;
use roundtrip::model::Finding;
use roundtrip::review::{self, CodeFile, CodeInput, PatchText};

use crate::cases::{self, Files};

fn files(before: &str, operations: &str, engine: &str) -> Files {
    let migration = |head: &str, operations: &str| {
        format!(
            "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    {head}\n\n    \
             operations = [\n{operations}    ]\n"
        )
    };
    let settings = format!("DATABASES = {{'default': {{'ENGINE': 'django.db.backends.{engine}'}}}}\n");
    [
        ("site/settings.py".to_owned(), settings),
        ("app/migrations/0001_initial.py".to_owned(), migration("initial = True", before)),
        ("app/migrations/0002_more.py".to_owned(), migration("dependencies = [('app', '0001_initial')]", operations)),
    ]
    .into()
}

const TOPIC: &str = "        migrations.CreateModel(name='Topic', fields=[
            ('id', models.BigAutoField(primary_key=True)),
            ('title', models.CharField(max_length=80)),
            ('slug', models.SlugField()),
        ], options={'unique_together': {('id', 'title')}}),
";

fn reviewed(operations: &str, engine: &str) -> (Files, Vec<roundtrip::model::Finding>) {
    let files = files(TOPIC, operations, engine);
    let found = cases::review(&files, &["RT1101"], "5.2");
    (files, found)
}

fn check(operations: &str) {
    let (files, found) = reviewed(operations, "postgresql");
    cases::as_marked(&found, &files);
}

#[test]
fn what_is_built_on_a_table_in_use_is_flagged() {
    for operation in [
        "migrations.AddIndex(model_name='topic', index=models.Index(fields=['title'], name='n')),  # RT1101",
        "migrations.AddConstraint(model_name='topic', constraint=models.UniqueConstraint(fields=['title'], name='n')),  # RT1101",
        "migrations.AddConstraint('topic', models.CheckConstraint(condition=models.Q(id__gt=0), name='n')),  # RT1101",
        "migrations.AlterField('topic', 'title', models.CharField(max_length=80, db_index=True)),  # RT1101",
        "migrations.AlterField('Topic', 'title', models.CharField(max_length=80, unique=True)),  # RT1101",
        "migrations.AlterUniqueTogether('topic', {('id', 'title'), ('id', 'slug')}),  # RT1101",
        "migrations.RunSQL('CREATE INDEX n ON app_topic (title)', 'DROP INDEX n'),  # RT1101",
        "migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL('create unique index n on app_topic (title)')]),",
    ] {
        let (files, found) = reviewed(&format!("        {operation}\n"), "postgresql");
        assert_eq!(found.len(), 1, "{operation}");
        if operation.contains("# RT") {
            cases::as_marked(&found, &files);
        }
    }
}

#[test]
fn what_blocks_nobody_is_silent() {
    for operation in [
        "AddIndexConcurrently(model_name='topic', index=models.Index(fields=['title'], name='n')),",
        "migrations.AlterField('topic', 'title', models.CharField(max_length=90)),",
        // It had one before, and it loses one.
        "migrations.AlterField('topic', 'slug', models.CharField(max_length=90, db_index=True)),",
        "migrations.AlterUniqueTogether('topic', set()),",
        "migrations.AlterUniqueTogether('topic', {('id', 'title')}),",
        "migrations.RunSQL('CREATE INDEX CONCURRENTLY n ON app_topic (title)'),",
        "migrations.SeparateDatabaseAndState(state_operations=[migrations.AddIndex('topic', models.Index(fields=['title'], name='n'))]),",
        "migrations.RemoveIndex('topic', 'n'),",
    ] {
        check(&format!("        {operation}\n"));
    }
    let made = "        migrations.CreateModel(name='Post', fields=[('id', models.BigAutoField(primary_key=True))]),
        migrations.AddIndex('post', models.Index(fields=['id'], name='n')),
        migrations.RunSQL('CREATE INDEX m ON app_post (id)'),\n";
    check(made);
}

#[test]
fn other_databases_and_old_migrations_are_left_alone() {
    let add = "        migrations.AddIndex('topic', models.Index(fields=['title'], name='n')),\n";
    assert_eq!(reviewed(add, "sqlite3").1.len(), 0);
    let (mut files, found) = reviewed(add, "postgresql");
    // The newest one of a whole project has run as a rule: a hint, but for the change that brings it.
    assert!(found[0].hint && found[0].rewrite.is_some());
    let alone = of_change(&files, &["app/migrations/0002_more.py"]);
    assert!(alone.len() == 1 && !alone[0].hint && alone[0].rewrite.is_some(), "{alone:?}");
    let next = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [('app', '0002_more')]\n    operations = []\n";
    files.insert("app/migrations/0003_next.py".to_owned(), next.to_owned());
    assert_eq!(cases::review(&files, &["RT1101"], "5.2"), []);
    // Two that come together are both new.
    let brought = of_change(&files, &["app/migrations/0002_more.py", "app/migrations/0003_next.py"]);
    assert!(brought.len() == 1 && brought[0].introduced == Some(true), "{brought:?}");
}

#[test]
fn only_a_migration_of_indexes_alone_is_rewritten() {
    let add = "        migrations.AddIndex('topic', models.Index(fields=['title'], name='n')),\n";
    let (files, found) = reviewed(&add.repeat(2).replacen("'n'", "'m'", 1), "postgresql");
    let after = cases::rewritten(files, &found, "RT1101").unwrap();
    let text = &after["app/migrations/0002_more.py"];
    assert_eq!(text.matches("        AddIndexConcurrently('topic'").count(), 2, "{text}");
    assert!(text.contains("    atomic = False\n\n    dependencies"), "{text}");
    let mixed = format!("{add}        migrations.RunPython(print),\n");
    assert_eq!(reviewed(&mixed, "postgresql").1[0].rewrite, None);
}

#[test]
fn what_old_code_does_not_survive_is_flagged() {
    let check = |operations: &str| {
        let files = files(TOPIC, &format!("        {operations}\n"), "postgresql");
        cases::as_marked(&cases::review(&files, &["RT1102"], "5.2"), &files);
    };
    for operation in [
        "migrations.AddField('topic', 'state', models.CharField(max_length=9, default='open')),",
        "migrations.AddField('topic', 'parent', models.ForeignKey('app.Topic', default=1, on_delete=models.CASCADE)),",
        "migrations.AddField('topic', 'key', models.UUIDField(default=uuid.uuid4, unique=True, null=True)),",
        "migrations.RemoveField('topic', 'title'),",
        "migrations.RenameField('topic', 'title', 'name'),",
        "migrations.RenameModel('Topic', 'Thread'),",
        "migrations.DeleteModel('Topic'),",
    ] {
        check(&format!("{operation}  # RT1102"));
    }
    for operation in [
        "migrations.AddField('topic', 'state', models.CharField(max_length=9, default='open', db_default='open')),",
        "migrations.AddField('topic', 'state', models.CharField(max_length=9, null=True)),",
        "migrations.AddField('topic', 'tags', models.ManyToManyField('app.Tag')),",
        "migrations.CreateModel('Post', fields=[]),\n        migrations.AddField('post', 'state', models.TextField()),",
        "migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField('topic', 'title')]),",
    ] {
        check(operation);
    }
}

#[test]
fn rows_that_a_migration_writes_one_by_one_are_flagged() {
    let check = |head: &str, body: &str| {
        let models = "from django.db import models\n\n\nclass Topic(models.Model):\n    title = models.CharField(max_length=80)\n";
        let migration = format!(
            "from django.db import migrations\n\n\ndef fill(apps, schema_editor):\n    Topic = apps.get_model('app', 'Topic')\n    \
             {body}\n\n\nclass Migration(migrations.Migration):\n    {head}\n    operations = [migrations.RunPython(fill)]\n"
        );
        let files: Files =
            [("app/models.py".to_owned(), models.to_owned()), ("app/migrations/0002_fill.py".to_owned(), migration)]
                .into();
        cases::as_marked(&cases::review(&files, &["RT1103"], "5.2"), &files);
    };
    let by_row = "for topic in Topic.objects.all():\n        topic.title = 'x'\n        topic.save()";
    check("dependencies = []", &format!("{by_row}  # RT1103"));
    check(
        "dependencies = []",
        "for topic in Topic.objects.filter(title='').iterator():\n        Topic.objects.filter(pk=topic.pk).update(title=str(topic.pk))  # RT1103",
    );
    check("atomic = False", by_row);
    let batches = "batch = []\n    for topic in Topic.objects.all():\n        batch.append(topic)\n        if len(batch) > 99:\n            Topic.objects.bulk_update(batch, ['title'])\n            batch = []";
    check("dependencies = []", batches);
    check("dependencies = []", "Topic.objects.update(title='x')");
    check("dependencies = []", "for title in ('a', 'b'):\n        Topic.objects.create(title=title)");
    check("dependencies = []", "for topic in Topic.objects.all()[:10]:\n        topic.save()");
}

/// What RT1101 says of a change that adds some of the files.
fn of_change(files: &Files, added: &[&str]) -> Vec<Finding> {
    let patch = added.iter().map(|path| {
        let text = &files[*path];
        let lines: String = text.split_inclusive('\n').map(|line| format!("+{line}")).collect();
        format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{} @@\n{lines}", text.matches('\n').count())
    });
    let patches = vec![PatchText { name: "change.diff".into(), text: patch.collect() }];
    let listed = files.iter().map(|(path, text)| CodeFile { path: path.clone(), text: text.clone(), context: false });
    let input = CodeInput { files: listed.collect(), patches, ..CodeInput::default() };
    let config = Config { select: vec!["RT1101".to_owned()], ..Config::default() };
    review::code(input, &config, &mut |_, _, _| ControlFlow::Continue(())).report.findings
}
