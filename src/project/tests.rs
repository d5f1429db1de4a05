//! Projects of a few lines each, and what is known of them.

use super::*;
use crate::schema::{FieldKind, IndexOrigin, OnDelete, RelationKind};
use crate::schema::{Index, IndexColumn};
use crate::trace::Role;

fn project(files: &[(&str, &str)]) -> Project {
    project_with(files, Hints::default())
}

fn project_with(files: &[(&str, &str)], hints: Hints) -> Project {
    let parsed = files.iter().map(|(path, text)| (Source::new(*path, *text), crate::python::parse(text).module));
    Project::build(parsed.collect(), hints)
}

fn model(project: &Project, label: &str) -> ModelId {
    project.schema.by_label(label).unwrap_or_else(|| panic!("{label} is not known"))
}

fn fields(project: &Project, label: &str) -> Vec<String> {
    project.schema.get(model(project, label)).fields.iter().map(|f| f.name.to_string()).collect()
}

fn reverse(project: &Project, label: &str) -> Vec<(String, String)> {
    let model = project.schema.get(model(project, label));
    model.reverse.iter().map(|r| (r.accessor.to_string(), r.query_name.to_string())).collect()
}

const FORUM: &str = "
from django.conf import settings
from django.db import models

class TopicQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed=False)

class Forum(models.Model):
    name = models.CharField(max_length=50, unique=True)
    slug = models.SlugField()

class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name='topics')
    poster = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    parent = models.ForeignKey('self', null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField('Tag', blank=True)
    subject: str = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=[('o', 'Open')])
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True, db_column='changed')
    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ['-created']
        indexes = [
            models.Index(fields=['forum', '-created'], name='topic_forum_created'),
            models.Index(fields=['subject'], condition=models.Q(state='o'), name='topic_open'),
        ]

class Tag(models.Model):
    name = models.TextField()
";

#[test]
fn a_model_has_its_columns_relations_and_indexes() {
    let project = project(&[("src/forum/models.py", FORUM)]);
    let topic = project.schema.get(model(&project, "forum.Topic"));
    assert_eq!(topic.table, "forum_topic");
    let names = ["id", "forum", "poster", "parent", "tags", "subject", "state", "created", "updated"];
    assert_eq!(fields(&project, "forum.Topic"), names);
    let field = |name: &str| topic.fields.iter().find(|f| f.name == name).unwrap();
    assert_eq!(field("forum").column, "forum_id");
    assert_eq!(field("updated").column, "changed");
    assert!(field("updated").auto_now && !field("created").auto_now);
    assert!(field("state").is_low_selectivity());
    assert_eq!(field("created").kind, FieldKind::DateTime);
    assert!(!field("tags").has_column());
    let poster = field("poster").relation.as_ref().unwrap();
    assert_eq!((poster.kind, poster.on_delete), (RelationKind::ForeignKey, OnDelete::SetNull));
    assert_eq!(poster.target_label, "auth.User");
    assert_eq!(field("tags").relation.as_ref().unwrap().join_table.as_deref(), Some("forum_topic_tags"));
    assert_eq!(field("parent").relation.as_ref().unwrap().target, Some(model(&project, "forum.Topic")));
    assert_eq!(topic.options.ordering, ["-created"]);
    let meta: Vec<&Index> = topic.indexes.iter().filter(|i| i.origin == IndexOrigin::Meta).collect();
    assert_eq!(meta[0].columns[1], IndexColumn::of("-created"));
    assert_eq!(meta[1].condition.as_deref(), Some("models.Q(state='o')"));
    assert!(project.text(topic.options.indexes_list.unwrap()).starts_with("[\n"));
    assert_eq!(reverse(&project, "forum.Forum"), [("topics".into(), "topics".into())]);
    assert_eq!(reverse(&project, "forum.Tag"), [("topic_set".into(), "topic".into())]);
    assert!(reverse(&project, "auth.User").contains(&("topic_set".into(), "topic".into())));
    let (class, queryset) = project.manager_classes(model(&project, "forum.Topic"), "objects");
    assert!(class.is_none());
    assert!(project.method(queryset.unwrap(), "open").is_some());
    let forum = project.schema.get(model(&project, "forum.Forum"));
    let of = |name: &str| forum.indexes.iter().find(|i| i.columns[0].name == name).map(|i| i.origin);
    assert_eq!(of("name"), Some(IndexOrigin::Unique));
    assert_eq!(of("slug"), Some(IndexOrigin::FieldFlag));
    assert_eq!(of("id"), Some(IndexOrigin::PrimaryKey));
}

#[test]
fn names_resolve_through_packages_stars_aliases_and_cycles() {
    let project = project(&[
        ("site/forum/__init__.py", ""),
        ("site/forum/models/__init__.py", "from .topic import *\nfrom .post import Post as Reply\n"),
        ("site/forum/models/topic.py", "from django.db import models\nclass Topic(models.Model):\n    pass\n"),
        (
            "site/forum/models/post.py",
            "from django.db import models\nfrom .topic import Topic\nclass Post(models.Model):\n    topic = models.ForeignKey(Topic, models.CASCADE)\n",
        ),
        (
            "site/forum/views.py",
            "import forum.models as m\nfrom . import models\nfrom forum.models import Reply, Topic as T\n\
             try:\n    from fast import dumps\nexcept ImportError:\n    from json import dumps\n\
             from django.db.models import Count as C\nfrom .loop import a\nX = T\nimport django.utils\n",
        ),
        ("site/forum/loop.py", "from .pool import a\nfrom .pool import *\n"),
        ("site/forum/pool.py", "from .loop import a\nfrom .loop import *\n"),
    ]);
    let views = FileId(4);
    let topic = Some(Binding::Model(model(&project, "forum.Topic")));
    let post = Some(Binding::Model(model(&project, "forum.Post")));
    for name in ["T", "X", "m.Topic", "models.Topic"] {
        assert_eq!(project.lookup_dotted(views, name), topic, "{name}");
    }
    assert_eq!(project.lookup(views, "Reply"), post);
    assert_eq!(project.lookup_dotted(views, "models.Reply"), post);
    assert_eq!(project.lookup_dotted(views, "models.post.Post"), post);
    assert_eq!(project.lookup(views, "C"), Some(Binding::External("django.db.models.Count".into())));
    assert_eq!(project.lookup(views, "dumps"), Some(Binding::External("fast.dumps".into())));
    let timezone = project.lookup_dotted(views, "django.utils.timezone.now");
    assert_eq!(timezone, Some(Binding::External("django.utils.timezone.now".into())));
    assert!(matches!(project.lookup(views, "a"), Some(Binding::External(_)) | None));
    assert_eq!(project.import_from(views, 1, "models", "Topic"), topic);
    assert_eq!(project.modules[4].dotted, "forum.views");
    assert_eq!(fields(&project, "forum.Post"), ["id", "topic"]);
}

#[test]
fn loose_files_stand_for_what_their_imports_name() {
    let project = project(&[
        ("models.py", FORUM),
        ("views.py", "from forum.models import Topic\nfrom mptt.models import TreeManager\nimport redis\n"),
        ("redis.py", ""),
    ]);
    let views = FileId(1);
    assert!(matches!(project.lookup(views, "Topic"), Some(Binding::Model(_))));
    assert_eq!(project.lookup(views, "TreeManager"), Some(Binding::External("mptt.models.TreeManager".into())));
    assert_eq!(project.lookup(views, "redis"), Some(Binding::External("redis".into())));
}

#[test]
fn abstract_bases_parents_and_proxies() {
    let project = project(&[
        (
            "core/models.py",
            "from django.db import models\nclass Stamped(models.Model):\n    created = models.DateTimeField(db_index=True)\n    \
             owner = models.ForeignKey('auth.User', models.CASCADE, related_name='%(app_label)s_%(class)ss', related_query_name='%(class)s')\n    \
             class Meta:\n        abstract = True\n        ordering = ['created']\n",
        ),
        (
            "shop/models.py",
            "from core.models import Stamped\nfrom django.db import models\nfrom django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation\n\
             class Place(Stamped):\n    name = models.CharField(max_length=9)\n    notes = GenericRelation('Note')\n    class Meta(Stamped.Meta):\n        unique_together = ('name', 'owner')\n\
             class Bar(Place):\n    stars = models.IntegerField()\n\
             class Pub(Bar):\n    class Meta:\n        proxy = True\n\
             class Note(models.Model):\n    content_type = models.ForeignKey('contenttypes.ContentType', models.CASCADE, related_name='+')\n    object_id = models.PositiveIntegerField()\n    target = GenericForeignKey()\n    \
             place = models.OneToOneField(Place, models.CASCADE, primary_key=True)\n",
        ),
    ]);
    assert_eq!(fields(&project, "shop.Place"), ["id", "created", "owner", "name", "notes"]);
    assert_eq!(fields(&project, "shop.Bar"), ["place_ptr", "stars"]);
    assert!(fields(&project, "shop.Pub").is_empty());
    let pub_model = project.schema.get(model(&project, "shop.Pub"));
    assert_eq!((pub_model.table.as_str(), pub_model.is_proxy), ("shop_bar", true));
    let (owner, field) = project.schema.field(model(&project, "shop.Pub"), "created").unwrap();
    assert_eq!((owner, field.kind), (model(&project, "shop.Place"), FieldKind::DateTime));
    let place = project.schema.get(model(&project, "shop.Place"));
    assert_eq!(place.options.ordering, ["created"]);
    assert!(!place.is_abstract && project.schema.get(model(&project, "core.Stamped")).is_abstract);
    assert!(place.indexes.iter().any(|i| i.unique && i.columns.len() == 2));
    assert_eq!(reverse(&project, "shop.Place"), [("bar".into(), "bar".into()), ("note".into(), "note".into())]);
    let user = reverse(&project, "auth.User");
    assert!(user.contains(&("shop_places".into(), "place".into())), "{user:?}");
    assert!(reverse(&project, "contenttypes.ContentType").iter().all(|(accessor, _)| accessor != "note_set"));
    let note = project.schema.get(model(&project, "shop.Note"));
    assert_eq!(note.fields.iter().find(|f| f.name == "target").unwrap().kind, FieldKind::GenericForeignKey);
    assert_eq!(note.primary_key().unwrap().name, "place");
    assert!(!place.is_partial);
}

#[test]
fn the_user_model_is_the_projects_own() {
    let accounts = "from django.contrib.auth.models import AbstractUser\nfrom django.db import models\n\
                    class User(AbstractUser):\n    trust_level = models.CharField(max_length=20, choices=[])\n";
    let settings = "AUTH_USER_MODEL = 'accounts.User'\nINSTALLED_APPS = ['accounts']\n\
                    DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'ATOMIC_REQUESTS': True}}\n\
                    CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache'}}\n";
    let views = "from django.contrib.auth import get_user_model\nUser = get_user_model()\n";
    let project =
        project(&[("accounts/models.py", accounts), ("conf/settings.py", settings), ("accounts/views.py", views)]);
    let user = model(&project, "accounts.User");
    assert_eq!(project.user_model(), Some(user));
    assert_eq!(project.lookup(FileId(2), "User"), Some(Binding::Model(user)));
    assert!(project.schema.by_label("auth.User").is_none());
    assert!(fields(&project, "accounts.User").ends_with(&["date_joined".into(), "trust_level".into()]));
    assert_eq!(project.settings.atomic_requests, Some(true));
    assert_eq!(project.settings.caches.len(), 1);
    assert_eq!(project.dialect, Dialect::MySql);
}

#[test]
fn settings_may_be_members_of_a_class() {
    let settings = "class Base(Configuration):\n    AUTH_USER_MODEL = 'accounts.User'\n\
                    \x20   ROOT_URLCONF = 'urls'\n\n    @property\n    def DATABASES(self):\n\
                    \x20       return {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n";
    let project = project(&[("conf/settings.py", settings)]);
    assert_eq!(project.settings.auth_user_model.as_deref(), Some("accounts.User"));
    assert_eq!(project.dialect, Dialect::Postgres);
    assert!(project.dialect_known && project.settings.site.is_some());
    // A class of that name elsewhere is no settings.
    let elsewhere = super::tests::project(&[("forum/stubs.py", settings)]);
    assert!(elsewhere.settings.site.is_none());
}

#[test]
fn migrations_may_stand_in_a_directory_of_another_name() {
    let migration = "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    operations = []\n";
    let path = "forum/db_migrations/0002_more.py";
    let project = project(&[(path, migration)]);
    assert_eq!(project.file_role(FileId(0)), crate::trace::Role::Migration);
    assert_eq!(project.migrations.pending().count(), 1);
}

#[test]
fn members_are_found_along_the_lineage() {
    let project = project(&[(
        "app/views.py",
        "from django.views.generic import ListView\nfrom rest_framework import viewsets\n\
         class A:\n    size = 1\n    def run(self): pass\n\
         class B(A):\n    def go(self):\n        def inner(): pass\n\
         class C(A):\n    size = 2\n    def run(self): pass\n\
         class D(B, C, ListView): pass\n\
         class Api(viewsets.ModelViewSet):\n    def list(self, request): pass\n\
         class X(Y): pass\nclass Y(X):\n    pass\n",
    )]);
    let file = FileId(0);
    let class = |name: &str| match project.lookup(file, name) {
        Some(Binding::Class(class)) => class,
        other => panic!("{other:?}"),
    };
    assert_eq!(project.method(class("D"), "run").unwrap().qualified, "C.run");
    assert_eq!(project.super_method(class("D"), class("C"), "run").unwrap().qualified, "A.run");
    let (_, size) = project.class_attr(class("D"), "size").unwrap();
    assert_eq!(size.kind, ir::ExprKind::Int(Some(2)));
    assert!(project.is_subclass(class("D"), &["django.views.generic.View"]));
    assert!(project.is_subclass(class("Api"), &["rest_framework.views.APIView"]));
    assert!(!project.is_subclass(class("B"), &["django.views.generic.View"]));
    assert!(project.method(class("X"), "nothing").is_none());
    let names: Vec<&str> = project.functions().map(|f| f.qualified.as_str()).collect();
    assert_eq!(names, ["A.run", "B.go", "B.go.inner", "C.run", "Api.list"]);
    let inner = project.functions().nth(2).unwrap();
    assert_eq!(project.enclosing_function(inner).unwrap().qualified, "B.go");
}

#[test]
fn roles_follow_from_where_a_function_stands() {
    let project = project(&[
        ("app/views.py", "def index(request): pass\n"),
        ("app/tests/test_views.py", "def test_it(): pass\n"),
        ("app/management/commands/sync.py", "def handle(self): pass\n"),
        ("app/jobs.py", "from celery import shared_task\n@shared_task(bind=True)\ndef run(self): pass\n"),
        ("app/hooks.py", "@receiver(post_save)\ndef saved(sender, **kwargs): pass\ndef plain(): pass\n"),
        (
            "app/api.py",
            "from rest_framework import serializers\nclass S(serializers.ModelSerializer):\n    def get_n(self, o): pass\n",
        ),
        ("app/migrations/0001_initial.py", "def forwards(apps, schema_editor): pass\n"),
    ]);
    let roles: Vec<Role> = project.functions().map(|f| project.role(f)).collect();
    use Role::*;
    assert_eq!(roles, [Request, Test, Command, Task, Signal, Other, Request, Migration]);
}

#[test]
fn a_project_that_stands_under_tests_is_no_test() {
    let roles = |files: &[(&str, &str)]| -> Vec<Role> {
        let project = project(files);
        project.functions().map(|function| project.role(function)).collect()
    };
    let view = "def index(request): pass\n";
    let whole = [
        ("tests/samples/forum/models.py", FORUM),
        ("tests/samples/forum/views.py", view),
        ("tests/samples/forum/tests/helpers.py", view),
    ];
    let found = roles(&whole);
    assert_eq!(found[found.len() - 2..], [Role::Request, Role::Test]);
    assert_eq!(roles(&[("app/tests/views.py", view)]), [Role::Test]);
}

#[test]
fn migrations_have_a_leaf_and_show_indexes() {
    let migration = |body: &str| {
        format!("from django.db import migrations, models\nclass Migration(migrations.Migration):\n{body}")
    };
    let first = migration("    dependencies = []\n    operations = []\n");
    let second = migration(
        "    dependencies = [('forum', '0001_initial')]\n    operations = [\n        migrations.RunSQL('CREATE INDEX CONCURRENTLY IF NOT EXISTS x_idx ON \"forum_topic\" (subject, created DESC)'),\n        migrations.AddIndex(model_name='tag', index=models.Index(fields=['name'], name='tag_name')),\n    ]\n",
    );
    let project = project(&[
        ("forum/models.py", FORUM),
        ("forum/migrations/0001_initial.py", &first),
        ("forum/migrations/0002_more.py", &second),
    ]);
    let [app] = project.migrations.apps.as_slice() else { panic!("one app") };
    assert_eq!((app.app.as_str(), app.directory.as_str(), app.number), ("forum", "forum/migrations", 2));
    assert_eq!(app.leaves, ["0002_more"]);
    let topic = project.schema.get(model(&project, "forum.Topic"));
    let index = topic.indexes.iter().find(|i| i.name.as_deref() == Some("x_idx")).unwrap();
    assert_eq!(index.columns, [IndexColumn::of("subject"), IndexColumn::of("-created")]);
    let tag = project.schema.get(model(&project, "forum.Tag"));
    assert!(tag.indexes.iter().any(|i| i.name.as_deref() == Some("tag_name")));
}

#[test]
fn a_snippet_without_imports_and_an_unknown_base_still_are_models() {
    let project = project(&[(
        "input.py",
        "class Topic(models.Model):\n    subject = models.CharField(max_length=9)\n\nclass Post(Base):\n    topic = models.ForeignKey('Topic', models.CASCADE)\n",
    )]);
    let topic = project.schema.get(project.schema.by_name("Topic").unwrap());
    assert!(!topic.is_partial);
    assert_eq!(topic.reverse[0].accessor, "post_set");
    assert!(project.schema.get(project.schema.by_name("Post").unwrap()).is_partial);
}

#[test]
fn managers_keep_their_classes() {
    let project = project(&[(
        "app/models.py",
        "from django.db import models\nclass Q(models.QuerySet):\n    def live(self): pass\n\
         class Base(models.Manager): pass\nMade = Base.from_queryset(Q)\n\
         class M(models.Manager.from_queryset(Q)):\n    def top(self): pass\n\
         class A(models.Model):\n    a = Made()\n    b = M()\n    c = models.Manager.from_queryset(Q)()\n    d = Base()\n\
         class B(A): pass\nclass C(models.Model): pass\n",
    )]);
    let a = model(&project, "app.A");
    let classes = |name: &str| {
        let (class, queryset) = project.manager_classes(a, name);
        (class.map(|c| c.qualified.to_string()), queryset.map(|c| c.qualified.to_string()))
    };
    let (base, made, q) = (Some("Base".to_owned()), Some("M".to_owned()), Some("Q".to_owned()));
    assert_eq!(classes("a"), (base.clone(), q.clone()));
    assert_eq!(classes("b"), (made, q.clone()));
    assert_eq!(classes("c"), (None, q));
    assert_eq!(classes("d"), (base, None));
    let names = |label: &str| -> Vec<String> {
        project.schema.get(model(&project, label)).managers.iter().map(|m| m.name.to_string()).collect()
    };
    assert_eq!(names("app.B"), ["a", "b", "c", "d"]);
    assert_eq!(names("app.C"), ["objects"]);
}

#[test]
fn deep_and_cyclic_input_ends() {
    let mut deep = String::new();
    for depth in 0..300 {
        deep += &format!("{}class C{depth}:\n", " ".repeat(depth));
    }
    deep += &format!("{}pass\n", " ".repeat(300));
    let mut chain = "if a: pass\n".to_owned();
    for at in 0..500 {
        chain += &format!("elif a{at}: x{at} = 1\n");
    }
    let bases: String = (0..60).map(|at| format!("class K{at}(K{}, K{}): pass\n", at + 1, at + 2)).collect();
    let alias = "a = b\nb = a\nx = [*x]\nclass M(models.Model):\n    f = models.ForeignKey(a)\n    class Meta:\n        ordering = x + x\n        indexes = indexes\n";
    let built = project(&[("deep.py", &deep), ("chain.py", &chain), ("bases.py", &bases), ("alias.py", alias)]);
    assert!(built.lookup(FileId(3), "a").is_some());
}

#[test]
fn leading_columns_count_and_the_rest_does_not() {
    let project = Project::build(Vec::new(), Hints::default());
    let user = project.user_model().unwrap();
    let mut schema = project.schema;
    let columns = ["is_staff", "email", "last_login"].map(IndexColumn::of);
    schema.get_mut(user).indexes.push(Index::plain(columns, IndexOrigin::Meta));
    let ask = |equal: &[&str], then: Option<&'static str>| {
        let equal = equal.iter().map(|name| SmolStr::from(*name)).collect::<Vec<_>>();
        let served = schema.served_by(user, &crate::schema::Wanted { equal: &equal, then, ..Default::default() });
        served.map(|served| (served.equal, served.then, served.is_unique()))
    };
    assert_eq!(ask(&["email"], None), None);
    assert_eq!(ask(&["email", "is_staff"], None), Some((2, false, false)));
    assert_eq!(ask(&["is_staff", "email"], Some("last_login")), Some((2, true, false)));
    assert_eq!(ask(&["is_staff"], Some("last_login")), Some((1, false, false)));
    assert_eq!(ask(&[], Some("is_staff")), Some((0, true, false)));
    assert_eq!(ask(&["username", "is_staff", "email"], None), Some((1, false, true)));
    assert_eq!(ask(&["last_name"], Some("first_name")), None);
}
