//! RT403, RT404, RT405 and RT407.

use crate::cases::{self, Files};

const HEAD: &str = "from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper

";

/// Of one app with settings for PostgreSQL.
fn files(model: &str, views: &str) -> Files {
    [
        ("site/settings.py", "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n".to_owned()),
        ("app/models.py", format!("{HEAD}{model}")),
        ("app/views.py", format!("from app.models import *\n\n\n{views}")),
        (
            "app/migrations/0003_last.py",
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n"
                .to_owned(),
        ),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into()
}

fn check(model: &str, views: &str) {
    let files = files(model, views);
    cases::as_marked(&cases::review(&files, &["RT403", "RT404", "RT405", "RT407"], "5.2"), &files);
}

/// Of one rule alone: an index over both columns of a generic key makes the first one's own superfluous.
fn check_generic(model: &str) {
    let files = files(model, "");
    cases::as_marked(&cases::review(&files, &["RT403"], "5.2"), &files);
}

fn rewritten(model: &str, views: &str, rule: &str) -> Option<Files> {
    let files = files(model, views);
    let found = cases::review(&files, &[rule], "5.2");
    cases::rewritten(files, &found, rule)
}

const GENERIC: &str = "class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey()";

#[test]
fn a_generic_key_wants_an_index_over_both_columns() {
    check_generic(&format!("{GENERIC}  # RT403\n"));
    let meta = |text: &str| format!("{GENERIC}\n\n    class Meta:\n        {text}\n");
    check_generic(&meta("indexes = [models.Index(fields=['content_type', 'object_id', 'id'], name='n')]"));
    check_generic(&meta("indexes = [models.Index(fields=['object_id', 'content_type'], name='n')]"));
    check_generic(&meta(
        "constraints = [models.UniqueConstraint(fields=['content_type', 'object_id', 'id'], name='n')]",
    ));
    // Who asks says whose; from the object itself, nobody does.
    let narrowed = "indexes = [models.Index(fields=['owner', 'content_type', 'object_id'], name='n')]";
    let owned = GENERIC.replace("\n    object_id", "\n    owner = models.IntegerField()\n    object_id");
    let meta_of = |end: &str| format!("{owned}{end}\n\n    class Meta:\n        {narrowed}\n");
    check_generic(&meta_of(""));
    check_generic(&format!(
        "from django.contrib.contenttypes.fields import GenericRelation\n{}\n\nclass Thing(models.Model):\n    notes = \
         GenericRelation(Note)\n",
        meta_of("  # RT403")
    ));
    // The id alone is shared by few rows.
    check_generic(&GENERIC.replace("IntegerField()", "IntegerField(db_index=True)"));
    // An abstract base is no table; each of its models is, and one of them is told.
    let base = GENERIC.replace(
        "subject = GenericForeignKey()",
        "subject = GenericForeignKey()  # RT403\n\n    class Meta:\n        abstract = True",
    );
    check_generic(&format!("{base}\n\n\nclass One(Note):\n    pass\n\n\nclass Two(Note):\n    pass\n"));
    let unused = GENERIC.replace(
        "subject = GenericForeignKey()",
        "subject = GenericForeignKey()\n\n    class Meta:\n        abstract = True",
    );
    check_generic(&unused);
}

const ENTRY: &str = "class Entry(models.Model):
    author = models.ForeignKey('auth.User', on_delete=models.CASCADE)
    title = models.CharField(max_length=80)
    is_pinned = models.BooleanField()
    data = models.JSONField()
    labels = ArrayField(models.CharField(max_length=9))
    created = models.DateTimeField()

    class Meta:
";

fn entry(meta: &str) -> String {
    format!("{ENTRY}        {meta}\n")
}

#[test]
fn the_first_rows_of_an_order_without_an_index_are_flagged() {
    let page = "def latest(request):\n    return list(Entry.objects.all()[:10])";
    check(&entry("ordering = ['-created']"), &format!("{page}  # RT404\n"));
    check(
        &entry("ordering = ['-created', 'title']"),
        "def newest(request):\n    return Entry.objects.first()  # RT404\n",
    );
    check(
        &entry("ordering = ['-created']\n        indexes = [models.Index(fields=['created', 'title'], name='n')]"),
        page,
    );
    check(&entry("ordering = ['-id']"), page);
    check(&entry("ordering = ['author__username']"), page);
    check(&entry("ordering = ['-is_pinned', '-created']"), page);
    // All rows, those of one owner, and another order.
    for silent in [
        "def f(request):\n    return list(Entry.objects.all())\n",
        "def f(request):\n    return list(Entry.objects.filter(author=request.user)[:10])\n",
        "def f(request):\n    return list(Entry.objects.order_by('pk')[:10])\n",
        "def f(request):\n    return Entry.objects.get(pk=1), Entry.objects.count()\n",
        // Nothing on one way, and the rows of one owner on the other.
        "def rows(request, x):\n    if x:\n        return Entry.objects.none()\n    return Entry.objects.filter(author=request.user)\n\n\n\
         def f(request, x):\n    return list(rows(request, x)[:10])\n",
    ] {
        check(&entry("ordering = ['-created']"), silent);
    }
}

#[test]
fn what_another_index_serves_is_redundant() {
    let indexed = |fields: &str| entry(&format!("indexes = [\n{fields}        ]"));
    let one = |text: &str| format!("            {text}\n");
    check(
        &indexed(
            &[
                one("models.Index(fields=['title'], name='a'),  # RT405"),
                one("models.Index(fields=['title', 'created'], name='b'),"),
            ]
            .concat(),
        ),
        "",
    );
    // Equal ones, one read backwards, and one that a constraint is.
    check(
        &indexed(
            &[
                one("models.Index(fields=['title'], name='a'),"),
                one("models.Index(fields=['-title'], name='b'),  # RT405"),
            ]
            .concat(),
        ),
        "",
    );
    check(
        &entry(
            "unique_together = [('title', 'created')]\n        indexes = [models.Index(fields=['title'], name='a')]  # RT405",
        ),
        "",
    );
    // A foreign key that a constraint begins with: told at the field.
    let key =
        entry("unique_together = [('author', 'title')]").replace("CASCADE)\n    title", "CASCADE)  # RT405\n    title");
    check(&key, "");
    let flagged = ENTRY.replace("BooleanField()", "BooleanField(db_index=True)  # RT405");
    check(&format!("{flagged}        pass\n"), "");
    let doubled = ENTRY.replace("CASCADE)", "CASCADE, db_index=True)  # RT405");
    check(&format!("{doubled}        pass\n"), "");
    for silent in [
        "indexes = [models.Index(fields=['title', 'created'], name='a'), models.Index(fields=['created', 'title'], name='b')]",
        "indexes = [models.Index(fields=['title'], name='a', opclasses=['text_pattern_ops']), models.Index(fields=['title', 'created'], name='b')]",
        "indexes = [models.Index(fields=['title', '-created'], name='a'), models.Index(fields=['title', 'created', 'id'], name='b')]",
        "indexes = [GinIndex(fields=['labels'], name='a'), models.Index(fields=['labels', 'created'], name='b')]",
        "indexes = [models.Index(Lower('title'), name='a'), models.Index(fields=['title', 'created'], name='b')]",
        "indexes = [models.Index(fields=['is_pinned'], name='a', condition=models.Q(is_pinned=True))]",
        // What is unique guards something.
        "constraints = [models.UniqueConstraint(fields=['title'], name='a')]\n        indexes = [models.Index(fields=['title', 'created'], name='b')]",
    ] {
        check(&entry(silent), "");
    }
    // The flag of a text field brings a second index on PostgreSQL, for searches by the beginning of the text.
    let text = entry("indexes = [models.Index(fields=['title', 'created'], name='b')]");
    let begins =
        "from app.models import Entry\n\ndef f(x):\n    return list(Entry.objects.filter(title__startswith=x))\n";
    check(&text.replace("max_length=80", "max_length=80, db_index=True"), begins);
    check(&text.replace("max_length=80)", "max_length=80, db_index=True)  # RT405"), "");
}

#[test]
fn an_index_on_a_flag_becomes_one_of_its_rare_rows() {
    let asked = |value: &str| {
        format!("from app.models import Entry\n\ndef f(x):\n    return list(Entry.objects.filter({value}))\n")
    };
    let models =
        entry("indexes = [models.Index(fields=['is_hidden'], name='entry_hidden')]").replace("is_pinned", "is_hidden");
    let after = |code: &str| {
        let after = rewritten(&models, code, "RT405")?;
        after["app/models.py"].split('\n').find(|line| line.contains("indexes = ")).map(|line| line.trim().to_owned())
    };
    assert_eq!(
        after(&asked("is_hidden=True")).unwrap(),
        "indexes = [models.Index(fields=['id'], name='entry_is_hidden_idx', condition=models.Q(is_hidden=True))]"
    );
    // Most rows are not hidden; of a flag that nothing asks for no index is needed.
    assert_eq!(after(&asked("is_hidden=False")), None);
    assert_eq!(after(&asked("is_hidden=True)), list(Entry.objects.filter(is_hidden=False")), None);
    assert_eq!(after("").unwrap(), "indexes = []");
}

#[test]
fn a_redundant_index_is_taken_out_and_dropped() {
    let meta = "indexes = [models.Index(fields=['title'], name='entry_title'), models.Index(fields=['title', 'created'], name='b')]";
    let after = rewritten(&entry(meta), "", "RT405").unwrap();
    assert!(after["app/models.py"].contains("indexes = [models.Index(fields=['title', 'created'], name='b')]"));
    let migration = &after["app/migrations/0004_remove_entry_title.py"];
    assert!(migration.contains("RemoveIndexConcurrently(") && migration.contains("name='entry_title'"), "{migration}");
    let key = rewritten(&entry("unique_together = [('author', 'title')]"), "", "RT405").unwrap();
    assert!(key["app/models.py"].contains("on_delete=models.CASCADE, db_index=False)"));
}

#[test]
fn a_search_that_no_btree_serves_is_flagged() {
    let by = |condition: &str, mark: &str| {
        format!("def f(request, x, day):\n    return list(Entry.objects.filter({condition})){mark}\n")
    };
    let model = entry("pass");
    for condition in [
        "title__icontains=x",
        "title__endswith=x",
        "title__iexact=x",
        "title__startswith=x",
        "data__contains=x",
        "labels__overlap=x",
        "created__date=day",
        "created__month=3",
        "is_pinned=True, title__icontains=x",
    ] {
        check(&model, &by(condition, "  # RT407"));
    }
    for condition in
        ["author=x, title__icontains=x", "created__year=3", "title=x", "data__key=x", "author__username__icontains=x"]
    {
        check(&model, &by(condition, ""));
    }
    check(&model, "def f(request, x):\n    return list(request.user.entry_set.filter(title__icontains=x))\n");
    for (index, condition) in [
        ("GinIndex(OpClass(Upper('title'), name='gin_trgm_ops'), name='n')", "title__icontains=x"),
        ("models.Index(Upper('title'), name='n')", "title__iexact=x"),
        ("models.Index(fields=['title'], name='n', opclasses=['varchar_pattern_ops'])", "title__startswith=x"),
        ("GinIndex(fields=['data'], name='n')", "data__contains=x"),
    ] {
        check(&entry(&format!("indexes = [{index}]")), &by(condition, ""));
    }
}

#[test]
fn trigrams_come_with_their_extension() {
    let search = "def f(request, x):\n    return list(Entry.objects.filter(title__icontains=x))\n";
    let after = rewritten(&entry("pass"), search, "RT407").unwrap();
    let index = "indexes = [GinIndex(OpClass(Upper('title'), name='gin_trgm_ops'), name='entry_title_trgm')]";
    assert!(after["app/models.py"].contains(index), "{}", after["app/models.py"]);
    let migration = &after["app/migrations/0004_entry_title_trgm.py"];
    assert!(migration.contains("TrigramExtension(),\n        AddIndexConcurrently("), "{migration}");
}
