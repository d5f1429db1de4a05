//! Code that other tools flag and that is fine as it is.

use crate::harness::{check_files, named, silent};

#[test]
fn raw_keys_and_relations_set_in_the_loop() {
    silent(
        r#"
def keys():
    return {topic.pk: (topic.forum_id, topic.title) for topic in Topic.objects.all()}

def moved(request, forum):
    for topic in Topic.objects.all():
        topic.forum = forum
        print(topic.forum.name)

def back_reference(request, pk):
    forum = Forum.objects.get(pk=pk)
    return [topic.forum.name for topic in forum.topics.all()]
"#,
    );
}

#[test]
fn rows_that_a_membership_test_has_fetched() {
    silent(
        r#"
def shown(topic: Topic, items):
    hidden = topic.tags.values_list("pk", flat=True)
    return [item for item in items if item.key not in hidden]

def chosen(topic: Topic, items):
    hidden = topic.tags.values_list("pk", flat=True)
    return list(filter(lambda item: item.key not in hidden, items))
"#,
    );
}

#[test]
fn lists_that_say_what_will_be_in_them() {
    silent(
        r#"
def made(request, names):
    sizes: list[int] = []
    topics: list[Topic] = []
    for name in names:
        topics.append(Topic.objects.create(title=name, editor=request.user))
    for size in sizes:
        print(size)
    return [topic.editor.username for topic in topics]
"#,
    );
}

#[test]
fn writes_through_a_manager() {
    silent(
        r#"
def tag(request, tag):
    for topic in Topic.objects.all():
        topic.tags.add(tag)
        topic.tags.remove(tag)
"#,
    );
}

#[test]
fn different_relations_of_one_row() {
    check_files(&named(
        "forum/exercises.py",
        r#"
class Exercise(models.Model):
    muscles = models.ManyToManyField(Tag, related_name="first")
    others = models.ManyToManyField(Tag, related_name="second")

def store(request, pk, muscles, others):
    exercise = Exercise.objects.get(pk=pk)
    exercise.muscles.set(muscles)
    exercise.others.set(others)
    return list(exercise.muscles.filter(name="a")), list(exercise.others.filter(name="a"))
"#,
    ));
}

#[test]
fn constant_loops_and_loops_that_leave() {
    silent(
        r#"
def few(request, name):
    for state in ("open", "closed"):
        print(Topic.objects.filter(state=state).count())

def first_hit(request, wanted):
    for topic in Topic.objects.order_by("pk"):
        if topic.title == wanted and topic.state and topic.views:
            return topic.posts.count()

def found(request, wanted):
    for topic in Topic.objects.all():
        if topic.title != wanted:
            continue
        print(topic.forum.name)
        break

def attempts(request, slug):
    for attempt in range(3):
        forum = Forum.objects.filter(slug=slug).first()
        if forum:
            return forum
"#,
    );
}

#[test]
fn memo_guards() {
    silent(
        r#"
from functools import lru_cache

def known(rows):
    cache = {}
    for row in rows:
        if row["slug"] not in cache:
            cache[row["slug"]] = Forum.objects.get(slug=row["slug"])

def looked_up(rows):
    cache = {}
    for row in rows:
        forum = cache.get(row["slug"])
        if forum is None:
            forum = Forum.objects.get(slug=row["slug"])
            cache[row["slug"]] = forum

def by_exception(rows):
    cache = {}
    for row in rows:
        try:
            forum = cache[row["slug"]]
        except KeyError:
            forum = cache[row["slug"]] = Forum.objects.get(slug=row["slug"])
        print(forum)

def lazily(rows):
    forum = None
    for row in rows:
        if forum is None:
            forum = Forum.objects.get(slug="general")
        print(forum, row)

@lru_cache(maxsize=None)
def forum_of(slug):
    return Forum.objects.get(slug=slug)

def through_a_cached_function(rows):
    return [forum_of(row["slug"]) for row in rows]

class Importer:
    _default = None

    @property
    def default(self):
        if self._default is None:
            self._default = Forum.objects.get(slug="general")
        return self._default

    def run(self, rows):
        for row in rows:
            print(self.default, row)
"#,
    );
}

#[test]
fn loops_that_wait_or_write_what_they_read() {
    silent(
        r#"
import time
from django.db import transaction

def poll(request, pk):
    while not Topic.objects.filter(pk=pk, state="done").exists():
        time.sleep(1)

def drain(request):
    while True:
        topic = Topic.objects.filter(state="new").first()
        if topic is None:
            break
        Topic.objects.filter(pk=topic.pk).update(state="done")

def number(request, rows):
    for row in rows:
        last = Topic.objects.order_by("-views").first()
        Topic.objects.create(title=row, views=last.views + 1, forum_id=1)

def transactions(request, rows):
    for row in rows:
        with transaction.atomic():
            print(Forum.objects.select_for_update().get(slug="general"), row)
"#,
    );
}

#[test]
fn what_a_prefetch_serves() {
    silent(
        r#"
def shown(request):
    for topic in Topic.objects.prefetch_related("posts", "tags"):
        print(len(topic.posts.all()), topic.posts.count(), topic.tags.exists())
        for post in topic.posts.all():
            print(post.topic.title, post.body)
        print([tag.name for tag in topic.tags.all()[:3]])

def pins(request):
    return [topic.pin.place for topic in Topic.objects.select_related("pin")]

def subjects(request):
    return [note.subject for note in Note.objects.prefetch_related("subject")]
"#,
    );
}

#[test]
fn the_evaluation_cache() {
    silent(
        r#"
from django.shortcuts import render

def length_then_rows(request):
    topics = Topic.objects.all()
    total = len(topics)
    return total, [(topic.pk, topic.title, topic.state) for topic in topics]

def truth_then_rows(request):
    topics = Topic.objects.filter(state="open")
    if not topics:
        return None
    return [(topic.pk, topic.title, topic.state) for topic in topics]

def truth_then_template(request):
    topics = Topic.objects.filter(state="open")
    if topics:
        return render(request, "topics.html", {"topics": topics})

def summed(request):
    topics = list(Topic.objects.all())
    return sum(topic.views for topic in topics), [(topic.title, topic.state) for topic in topics]

def locks(request):
    topics = Topic.objects.select_for_update().filter(state="open")
    if len(topics) == 0:
        return None

def locked_for_the_block(request):
    bool(Topic.objects.select_for_update().filter(state="open"))
"#,
    );
}

#[test]
fn counts_that_are_numbers_and_pages() {
    silent(
        r#"
def page(request):
    topics = Topic.objects.filter(state="open")
    total = topics.count()
    return {"total": total, "rows": [(t.pk, t.title, t.state) for t in topics.order_by("pk")[:20]]}

def more_than_one(request):
    return Topic.objects.filter(state="open").count() > 1

def asked_again_after_a_write(request):
    topics = Topic.objects.filter(state="open")
    if topics.exists():
        Topic.objects.filter(pk=1).update(state="closed")
        return list(topics)

def deleted(request):
    topics = Topic.objects.filter(state="open")
    if topics.exists():
        topics.delete()

def streamed(request):
    topics = Topic.objects.filter(state="open")
    if topics.exists():
        for topic in topics.iterator():
            print(topic.title, topic.state, topic.views)

def one_of_a_slice(request):
    if Topic.objects.filter(state="open")[:1]:
        return True
"#,
    );
}

#[test]
fn keys_that_are_more_or_less_than_the_column() {
    silent(
        r#"
def other_column():
    return [price.currency.pk for price in Price.objects.select_related("currency")]

def read_otherwise(request, pk):
    topic = Topic.objects.get(pk=pk)
    return topic.forum.pk, topic.forum.name

def loaded(request):
    return [topic.forum.pk for topic in Topic.objects.select_related("forum").filter(forum__name="x")]

def fresh(request, forum):
    topic = Topic(forum=forum)
    return topic.forum.pk
"#,
    );
}

#[test]
fn eager_loading_that_somebody_else_reads() {
    silent(
        r#"
def handed_on(request, out):
    for topic in Topic.objects.select_related("forum"):
        out.write(topic)

def methods(request):
    return [(topic.title, topic.get_absolute_url()) for topic in Topic.objects.select_related("forum")]

def returned():
    topics = Topic.objects.select_related("forum")
    for topic in topics:
        print(topic.title, topic.state, topic.views)
    return topics

def saved(request):
    for topic in Topic.objects.all():
        topic.views = 0
        topic.save()
"#,
    );
}

#[test]
fn columns_that_are_there() {
    silent(
        r#"
def named(request):
    return [(topic.title, topic.forum_id) for topic in Topic.objects.only("title", "forum")]

def joined(request):
    return [topic.forum.name for topic in Topic.objects.select_related("forum").only("title", "forum__name")]

def reverse(request):
    return [(t.title, t.pin.place) for t in Topic.objects.select_related("pin").only("title", "pin__place")]

def either(request, wide):
    topics = Topic.objects.all()
    if wide:
        topics = topics.select_related("forum")
    else:
        topics = topics.only("title")
    return topics.first()
"#,
    );
}

#[test]
fn lists_of_keys_that_cannot_be_subqueries() {
    silent(
        r#"
def sliced():
    latest = Forum.objects.order_by("-pk").values_list("pk", flat=True)[:10]
    return Topic.objects.filter(forum__in=list(latest)).first()

def two_databases():
    return Topic.objects.filter(forum__in=list(Forum.objects.using("b").values_list("pk", flat=True))).first()

def lazily():
    return Topic.objects.filter(forum__in=Forum.objects.values_list("pk", flat=True)).first()

def used_again():
    keys = list(Forum.objects.values_list("pk", flat=True))
    return keys, Topic.objects.filter(forum__in=keys).first()
"#,
    );
}

#[test]
fn data_loaders_and_batches() {
    silent(
        r#"
def load_forums(keys):
    forums = Forum.objects.in_bulk(keys)
    return [forums.get(key) for key in keys]

def pages(request):
    last = 0
    while True:
        batch = list(Topic.objects.filter(pk__gt=last).order_by("pk")[:500])
        if not batch:
            break
        last = batch[-1].pk

def not_rows(paths):
    return [path.parent.name for path in paths]
"#,
    );
}

#[test]
fn tests_and_migrations() {
    check_files(&named(
        "forum/tests/test_topics.py",
        r#"
def test_forums():
    for topic in Topic.objects.all():
        assert topic.forum.name
        assert topic.posts.count() > 0
"#,
    ));
    check_files(&named(
        "forum/migrations/0002_fill.py",
        r#"
from django.db import migrations

def fill(apps, schema_editor):
    for topic in Topic.objects.all():
        print(topic.forum.name, Forum.objects.get(slug="general"))

class Migration(migrations.Migration):
    operations = [migrations.RunPython(fill)]
"#,
    ));
}

#[test]
fn what_real_projects_taught() {
    silent(
        r#"
from django.core.cache import cache

PAIRS = (("a", "x"), ("b", "y"), ("c", "z"))

def forum_of(slug):
    forum = cache.get(f"forum-{slug}")
    if forum:
        return forum
    forum = Forum.objects.get(slug=slug)
    cache.set(f"forum-{slug}", forum)
    return forum

def through_the_cache(request, slugs):
    return [forum_of(slug) for slug in slugs]

def pairs(request):
    for slug, name in PAIRS:
        print(Forum.objects.filter(slug=slug).first(), name)

def titles_of(topics):
    return render(request, "topics.html", {"topics": topics})

def held_by_the_caller(request):
    topics = Topic.objects.select_related("forum")
    print(titles_of(topics))
    return topics

def progress(request):
    topics = Topic.objects.filter(state="open")
    total = topics.count()
    for topic in topics.iterator(chunk_size=2000):
        print(total, topic)

def saves(request, rows):
    for row in rows:
        banner = Banner(text=row)
        banner.save()
"#,
    );
}

#[test]
fn rows_that_are_made_or_stored_one_by_one() {
    silent(
        r#"
from django.db import models

class Draft(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    origin = models.OneToOneField(Topic, null=True, related_name="draft", on_delete=models.SET_NULL)
    title = models.CharField(max_length=80)

    def save(self, *args, **kwargs):
        self.title = f"{self.forum.name}: {self.title}"
        super().save(*args, **kwargs)

def store(request):
    for draft in Draft.objects.filter(title=""):
        draft.save()

def named(request, names):
    return [Tag.objects.get_or_create(name=name)[0] for name in names]

def tagged(request, tags):
    for topic in Topic.objects.filter(state="open"):
        topic.tags.set(tags)
"#,
    );
}

#[test]
fn what_failed_in_the_try_is_fetched_in_its_handler() {
    silent(
        r#"
from django.core.paginator import EmptyPage, Paginator

def page(request):
    paginator = Paginator(Topic.objects.order_by("pk"), 20)
    try:
        topics = paginator.page(request.GET.get("page", 1))
    except EmptyPage:
        topics = paginator.page(1)
    return render(request, "topics.html", {"topics": topics})

def one(title):
    try:
        return Topic.objects.get(title=title)
    except Topic.MultipleObjectsReturned:
        return Topic.objects.filter(title=title).first()
"#,
    );
}

#[test]
fn one_row_at_most() {
    silent(
        r#"
def of_one(request, slug):
    for topic in Topic.objects.filter(forum__slug=slug, pk=request.GET["topic"]):
        print(topic.forum.name)

def by_unique_column(request, slug):
    for forum in Forum.objects.filter(slug=slug):
        print(list(forum.topics.all()))
"#,
    );
}

#[test]
fn nothing_refers_to_what_was_just_made() {
    silent(
        r#"
from rest_framework import serializers
from rest_framework.response import Response

class PostSerializer(serializers.ModelSerializer):
    class Meta:
        model = Post
        fields = ["body", "topic"]
        depth = 1

class TopicSerializer(serializers.ModelSerializer):
    posts = PostSerializer(many=True)

    class Meta:
        model = Topic
        fields = ["title", "posts"]

def made(request):
    topic = Topic(title=request.POST["title"])
    topic.save()
    return Response(TopicSerializer(topic).data)

def copied(request):
    topic = Topic.objects.create(title=request.POST["title"])
    for post in topic.posts.all():
        print(post.topic.forum.name)
"#,
    );
}

#[test]
fn lists_of_the_settings_are_short() {
    silent(
        r#"
from django.conf import settings

def guests(request):
    return [Forum.objects.filter(name=name).exists() for name in settings.GUESTS]
"#,
    );
}

#[test]
fn the_cache_answers_the_second_time() {
    silent(
        r#"
from django.core.cache import cache

def may_post(user):
    known = cache.get(f"may-{user.pk}")
    if known is not None:
        return known
    known = Forum.objects.filter(name=user.username).exists()
    cache.set(f"may-{user.pk}", known, 10)
    return known

def check(request):
    return may_post(request.user) and request.method == "GET" or may_post(request.user)
"#,
    );
}

#[test]
fn what_a_cache_of_ones_own_did_not_hold() {
    silent(
        r#"
_TOPIC_CACHE = {}

def cached_topic(key):
    return _TOPIC_CACHE.get(key)

def topic_of(key):
    topic = cached_topic(key)
    if topic is None:
        topic = Topic.objects.get(pk=key)
    return topic

def titles(keys):
    return [topic_of(key).title for key in keys]
"#,
    );
}

#[test]
fn somebody_answers_in_between() {
    silent(
        r#"
def ask(request):
    first = Topic.objects.filter(state="open").count()
    answer = yield "Delete them?"
    if answer:
        print(first, Topic.objects.filter(state="open").count())
"#,
    );
}

#[test]
fn an_action_shows_by_its_own_serializer() {
    let views = (
        "forum/api.py",
        r#"
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from forum.models import Topic

class LongSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = ["title", "forum"]
        depth = 1

class ShortSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = ["title"]

class Topics(viewsets.GenericViewSet):
    queryset = Topic.objects.all()
    serializer_class = LongSerializer

    @action(detail=False, pagination_class=None, methods=["GET"], serializer_class=ShortSerializer)
    def brief(self, request):
        return Response(self.serializer_class(Topic.objects.filter(state="open"), many=True).data)

    @action(detail=False, methods=["GET"], serializer_class=ShortSerializer)
    def briefer(self, request):
        return Response(self.get_serializer(self.get_queryset(), many=True).data)
"#,
    );
    crate::harness::check_files(&crate::harness::with(&[views]));
}

#[test]
fn rows_that_the_turns_before_have_changed_are_read_again() {
    silent(
        r#"
def moved(request, forum):
    for topic in forum.topics.all():
        topic.refresh_from_db()
        topic.move_to(forum, position="last-child")

def counted(request, forum):
    for topic in forum.topics.all():
        topic.refresh_from_db()
        Topic.objects.filter(pk=topic.pk).update(title="x")
"#,
    );
}
