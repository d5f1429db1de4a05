//! What code costs, written beside the code: each function's round trips stand in a comment on its `def` line.

use super::run;
use crate::model::Letters;
use crate::project::{Hints, Project};
use crate::text::Source;
use crate::trace::{Cause, EventKind, Origin, Trace};

pub(super) const MODELS: &str = r#"
from django.db import models

class Forum(models.Model):
    name = models.CharField(max_length=100)

class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    editor = models.ForeignKey("auth.User", null=True, on_delete=models.SET_NULL, related_name="edited")
    title = models.CharField(max_length=100)
    created = models.DateTimeField()
    tags = models.ManyToManyField("Tag")

    class Meta:
        ordering = ["-created"]

    @property
    def heading(self):
        return f"{self.forum.name}: {self.title}"

class Post(models.Model):
    topic = models.ForeignKey(Topic, related_name="posts", on_delete=models.CASCADE)
    body = models.TextField()

class Tag(models.Model):
    name = models.CharField(max_length=20)

class Profile(models.Model):
    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
"#;

pub(super) fn traces(files: &[(&str, &str)]) -> (Project, Vec<Trace>) {
    let parse = |path: &str, text: &str| match crate::template::is_template(path) {
        true => Default::default(),
        false => crate::python::parse(text).module,
    };
    let files = files.iter().map(|(path, text)| (Source::new(*path, *text), parse(path, text))).collect();
    let project = Project::build(files, Hints::default());
    let traces = run(&project, &|_, _| true);
    (project, traces)
}

/// Checks every function of `code` that has a cost in a comment on its `def` line: `# 1 + N`, with `?` after it where
/// something unknown is called.
fn check(code: &str) {
    check_with(&[("forum/models.py", MODELS)], code);
}

pub(super) fn check_with(context: &[(&str, &str)], code: &str) {
    let mut files = context.to_vec();
    files.push(("forum/views.py", code));
    let (project, traces) = traces(&files);
    let mut checked = 0;
    for trace in &traces {
        let Origin::Code { file, function, site } = &trace.origin else { continue };
        let source = &project.module(*file).source;
        if source.path != "forum/views.py" {
            continue;
        }
        let line = source.line_text(source.line(site.span.start));
        let Some((_, expected)) = line.split_once("# ") else { continue };
        let unknown = if trace.exact { "" } else { " ?" };
        let found = format!("{}{unknown}", trace.terms.render(&mut Letters::default()));
        let sent: Vec<String> =
            trace.queries().map(|(_, e, q)| format!("  {:?} {:?} {}", e.loops, q.cause, q.statement.sql)).collect();
        assert_eq!(found, expected.trim(), "{function}\n{}", sent.join("\n"));
        checked += 1;
    }
    assert!(checked > 0, "no function states a cost");
}

#[test]
fn foreign_keys() {
    check(
        r#"
from .models import Topic

def lazy():  # 1 + N
    return [t.forum.name for t in Topic.objects.all()]

def joined():  # 1
    return [t.forum.name for t in Topic.objects.select_related("forum")]

def key_only():  # 1
    return [t.forum_id for t in Topic.objects.all()]

def pk_of_object():  # 1 + N
    return [t.forum.pk for t in Topic.objects.all()]

def twice_in_a_turn():  # 1 + N
    for t in Topic.objects.all():
        print(t.forum.name)
        print(t.forum.name)

def two_loops_over_the_same_rows():  # 1 + N
    topics = Topic.objects.all()
    for t in topics:
        print(t.forum.name)
    for t in topics:
        print(t.forum.name)

def sliced():  # 1 + N
    for t in Topic.objects.order_by("-created")[:10]:
        print(t.forum.name)

def only_without_the_key():  # 1 + N
    return [t.forum_id for t in Topic.objects.only("title")]

def only_with_the_key():  # 1
    return [t.forum_id for t in Topic.objects.only("title", "forum")]

def every_non_null_key():  # 1
    return [t.forum.name for t in Topic.objects.select_related()]

def a_nullable_one():  # 1 + N
    return [t.editor.username for t in Topic.objects.select_related()]

def through_a_property():  # 1 + N
    return [t.heading for t in Topic.objects.all()]

def through_a_helper():  # 1 + N
    for t in Topic.objects.all():
        row(t)

def row(topic):
    return {"forum": topic.forum.name}

def first_only():  # 2
    topic = Topic.objects.first()
    return topic.forum.name

def known_parent(topic):  # 3
    for post in Topic.objects.get(pk=1).posts.all():
        print(post.topic.title)
        print(post.topic.forum.name)
"#,
    );
}

#[test]
fn managers_of_rows() {
    check(
        r#"
from django.db.models import Prefetch
from .models import Topic, Post

def lazy():  # 1 + N
    for t in Topic.objects.all():
        for p in t.posts.all():
            print(p.body)

def prefetched():  # 2
    for t in Topic.objects.prefetch_related("posts"):
        for p in t.posts.all():
            print(p.body)

def free_of_prefetched():  # 2
    for t in Topic.objects.prefetch_related("posts"):
        print(t.posts.count(), t.posts.exists(), len(t.posts.all()))

def back_reference():  # 2
    for t in Topic.objects.prefetch_related("posts"):
        for p in t.posts.all():
            print(p.topic.title)

def defeated():  # 2 + 2·N
    for t in Topic.objects.prefetch_related("posts"):
        print(t.posts.filter(body="x"))
        t.posts.order_by("body").first()

def counted():  # 1 + N
    return [t.posts.count() for t in Topic.objects.all()]

def many_to_many():  # 1 + N
    return [[g.name for g in t.tags.all()] for t in Topic.objects.all()]

def to_attr():  # 2
    recent = Prefetch("posts", queryset=Post.objects.order_by("-id"), to_attr="recent")
    for t in Topic.objects.prefetch_related(recent):
        for p in t.recent:
            print(p.body)

def nested_rows():  # 1 + 2·N + N·M
    for t in Topic.objects.all():
        for p in t.posts.all():
            p.topic.forum.name
            p.delete()
"#,
    );
}

#[test]
fn evaluation() {
    check(
        r#"
from .models import Topic

def once(): # 1
    topics = Topic.objects.all()
    if topics:
        print(len(topics))
        for t in topics:
            print(t.title)

def count_then_rows():  # 2
    topics = Topic.objects.all()
    if topics.count():
        for t in topics:
            print(t.title)

def listed_then_counted():  # 1
    topics = Topic.objects.all()
    list(topics)
    return topics.count(), topics.exists(), len(topics), topics[0]

def two_indexes():  # 2
    topics = Topic.objects.all()
    return topics[0], topics[1]

def dearest_branch(flag):  # 3
    if flag:
        return Topic.objects.count()
    Topic.objects.count()
    Topic.objects.exists()
    return Topic.objects.first()

def elif_chain(a):  # 1
    if a == 1:
        n = Topic.objects.count()
    elif a == 2:
        n = Topic.objects.exists()
    else:
        n = 0
    return n

def query_per_item(names):  # N
    for name in names:
        Topic.objects.get(title=name)

def outside_of_the_loop(names):  # 1
    topics = Topic.objects.all()
    for name in names:
        if name in topics:
            print(name)

def first_turn_leaves():  # 2
    for t in Topic.objects.all():
        print(t.forum.name)
        break

def constant():  # N
    for name in ["a", "b"]:
        Topic.objects.filter(title=name).exists()

def get_or_create():  # 2 ?
    Topic.objects.get_or_create(title="x")

async def asynchronous():  # 1 + N
    async for t in Topic.objects.all():
        await Topic.objects.filter(title=t.title).acount()
"#,
    );
}

#[test]
fn views_and_pages() {
    check(
        r#"
import logging
from django.core.paginator import Paginator
from django.views.generic import ListView
from rest_framework.viewsets import ModelViewSet
from .models import Topic

def paged(request):  # 2 + N
    page = Paginator(Topic.objects.all(), 25).get_page(request.GET.get("page"))
    logging.getLogger(__name__).info("page %s", page.number)
    return [t.forum.name for t in page]

def own_import():  # 1
    from .models import Post as P
    return P.objects.count()

class Topics(ListView):
    model = Topic

    def rows(self):  # 1 + N
        return [t.forum.name for t in self.get_queryset()]

class Joined(ModelViewSet):
    queryset = Topic.objects.select_related("forum")

    def list(self, request):  # 2
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return [t.forum.name for t in page]

    def one(self, request, pk):  # 1
        return self.get_object().forum.name
"#,
    );
}

#[test]
fn managers_and_querysets_of_the_project() {
    let models = r#"
from django.db import models

class TopicQuerySet(models.QuerySet):
    def listed(self):
        return self.filter(hidden=False).select_related("forum")

    def total(self):
        return self.count()

class OpenManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(closed=False)

    def newest(self):
        return self.order_by("-id")[:5]

class Forum(models.Model):
    name = models.CharField(max_length=100)

class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    hidden = models.BooleanField(default=False)
    closed = models.BooleanField(default=False)
    objects = TopicQuerySet.as_manager()
    open = OpenManager()

    def siblings(self):
        return Topic.objects.filter(forum=self.forum)
"#;
    check_with(
        &[("forum/models.py", models)],
        r#"
from .models import Topic

def listed():  # 1
    return [t.forum.name for t in Topic.objects.listed()]

def chained():  # 1
    return Topic.objects.filter(pk=3).listed().total()

def newest():  # 1 + N
    return [t.forum.name for t in Topic.open.newest()]

def method_in_loop():  # 1 + 2·N
    return [t.siblings().count() for t in Topic.objects.all()]
"#,
    );
}

#[test]
fn a_fragment_without_models_is_guessed_and_says_so() {
    let code = r#"
def fragment(request):  # 1 + N
    topics = Topic.objects.filter(poster=request.user)
    for topic in topics:
        description = f"in {topic.forum.name}"
        stamp = topic.created.isoformat()
"#;
    check_with(&[], code);
    let (_, traces) = traces(&[("views.py", code)]);
    let lookups: Vec<_> = traces
        .iter()
        .flat_map(|t| t.queries())
        .filter(|(_, _, q)| matches!(q.cause, Cause::Relation { .. }))
        .map(|(_, event, _)| event.confidence)
        .collect();
    assert_eq!(lookups, [crate::model::Confidence::Likely]);
}

#[test]
fn a_cache_write_knows_what_it_was_made_of() {
    let code = r#"
from django.core.cache import cache

def window(username, attempt):
    key = f"attempts:{username}"
    attempts = cache.get(key, [])
    attempts = [a for a in attempts if a["at"] > 3]
    attempts.append(attempt)
    cache.set(key, attempts, 60)

def counter(key):
    n = cache.get(key) or 0
    cache.set(key, n + 1)

def fill(key):
    value = cache.get(key)
    if value is None:
        value = compute()
        cache.set(key, value)
    return value

def lock(key):
    if not cache.get(key):
        cache.set(key, True, 10)
"#;
    let (_, traces) = traces(&[("security.py", code)]);
    let mut seen = Vec::new();
    for trace in &traces {
        let Origin::Code { function, .. } = &trace.origin else { continue };
        for event in &trace.events {
            if let EventKind::Cache(cache) = &event.kind
                && cache.value_site.is_some()
            {
                seen.push((function.to_string(), cache.derives_from.is_some(), cache.guards, cache.change));
            }
        }
    }
    use crate::trace::ValueChange::{Increment, Mutation};
    let expected = [
        ("window", true, false, Some(Mutation)),
        ("counter", true, false, Some(Increment)),
        ("fill", false, false, None),
        ("lock", false, true, None),
    ];
    assert_eq!(seen, expected.map(|(name, a, b, c)| (name.to_owned(), a, b, c)));
}

#[test]
fn the_same_row_has_the_same_identity() {
    let code = r#"
from django.contrib.auth.models import User

def refresh(token):
    a = User.objects.get(id=token["user_id"])
    b = User.objects.get(id=token["user_id"])
    c = User.objects.get(id=token["other"])
"#;
    let (_, traces) = traces(&[("views.py", code)]);
    let ids: Vec<_> = traces.iter().flat_map(|t| t.queries()).map(|(_, _, q)| q.identity.clone()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}
