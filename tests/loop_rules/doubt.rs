//! What may have been loaded in a way that the input does not show: told with doubt, or not at all.

use roundtrip::model::Confidence;

use crate::cases::Files;
use crate::harness::{check, check_files, files, named, review, silent, with};

/// Rules and how sure each finding is.
fn sure(files: &Files) -> Vec<(String, Confidence)> {
    let mut out: Vec<(String, Confidence)> =
        review(files, "5.2").into_iter().map(|finding| (finding.rule, finding.confidence)).collect();
    out.sort();
    out
}

fn one(rule: &str, confidence: Confidence) -> Vec<(String, Confidence)> {
    vec![(rule.to_owned(), confidence)]
}

#[test]
fn names_of_relations_that_are_computed() {
    let shown = |loads: &str| {
        files(&format!(
            "\ndef shown(request, names):\n    fields = [\"posts\"]\n    if names:\n        fields += [\"tags\"]\n    \
             for topic in Topic.objects.{loads}:\n        print(list(topic.posts.all()))\n"
        ))
    };
    assert_eq!(sure(&shown("prefetch_related(*fields)")), one("RT102", Confidence::Possible));
    assert_eq!(sure(&shown("prefetch_related(*names)")), one("RT102", Confidence::Possible));
    assert_eq!(sure(&shown("filter(title=\"x\")")), one("RT102", Confidence::Certain));
    let below = "\ndef shown(request, names):\n    for forum in Forum.objects.prefetch_related(*names):\n        \
                 for topic in forum.topics.all():\n            print(topic.editor.username)\n";
    let of_rows = sure(&files(below)).into_iter().find(|(rule, _)| rule == "RT101");
    assert_eq!(of_rows, Some(("RT101".to_owned(), Confidence::Possible)), "rows of rows as well");
    let attached = "\nfrom django.db.models import prefetch_related_objects\n\ndef shown(request, names):\n    \
                    topics = list(Topic.objects.all())\n    prefetch_related_objects(topics, *names)\n    \
                    return [list(topic.posts.all()) for topic in topics]\n";
    assert_eq!(sure(&files(attached)), one("RT102", Confidence::Possible));
}

#[test]
fn what_callers_prefetch_for_a_helper() {
    let helper = "from forum.models import Forum, Topic\n\ndef names(forum: Forum):\n    \
                  return [tag.name for topic in forum.topics.all() for tag in topic.tags.all()]\n";
    let view = |lookup: &str| {
        format!(
            "from forum.lists import names\nfrom forum.models import Forum\n\ndef shown(request):\n    \
             forums = Forum.objects.prefetch_related(\"{lookup}\")\n    \
             return [names(forum) for forum in forums]\n"
        )
    };
    let of = |lookup: &str| {
        sure(&with(&[("forum/lists.py", helper), ("forum/views.py", view(lookup).as_str())]))
            .into_iter()
            .filter(|(rule, _)| rule == "RT102")
            .map(|(_, confidence)| confidence)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("topics__tags"), [Confidence::Possible], "the helper alone does not show it");
    assert!(of("topics__posts").contains(&Confidence::Certain), "no caller loads the tags");
}

#[test]
fn views_whose_base_is_not_in_the_input() {
    let of = |base: &str| {
        let serializers = "from rest_framework import serializers\nfrom forum.models import Topic\n\n\
                           class TopicSerializer(serializers.ModelSerializer):\n    \
                           name = serializers.CharField(source=\"forum.name\")\n\n    class Meta:\n        \
                           model = Topic\n        fields = [\"name\"]\n";
        let module = if base == "ModelViewSet" { "rest_framework.viewsets" } else { "platform.api.viewsets" };
        let views = format!(
            "from {module} import {base}\nfrom forum.models import Topic\nfrom forum.serializers import \
             TopicSerializer\n\nclass Topics({base}):\n    queryset = Topic.objects.all()\n    \
             serializer_class = TopicSerializer\n"
        );
        let found = sure(&with(&[("forum/serializers.py", serializers), ("forum/views.py", views.as_str())]));
        found.into_iter().filter(|(rule, _)| rule == "RT112").map(|(_, confidence)| confidence).collect::<Vec<_>>()
    };
    assert_eq!(of("ModelViewSet"), [Confidence::Certain]);
    assert_eq!(of("PlatformModelViewSet"), [Confidence::Possible]);
}

#[test]
fn rows_that_carry_the_answer() {
    check(
        r#"
from django.db.models import Exists, OuterRef

def is_open(forum):
    if hasattr(forum, "_is_open"):
        return forum._is_open
    return forum.topics.filter(state="open").exists()

def shown(request):
    opened = Topic.objects.filter(forum=OuterRef("pk"), state="open")
    return [is_open(forum) for forum in Forum.objects.annotate(_is_open=Exists(opened))]

def bare(request):
    return [is_open(forum) for forum in Forum.objects.all()]  # RT107
"#,
    );
}

#[test]
fn a_queryset_that_a_view_keeps() {
    check(
        r#"
from django.utils.functional import cached_property
from django.views import View

class Report(View):
    @cached_property
    def tags(self):
        return Tag.objects.filter(name="x")

    def fresh(self):
        return Tag.objects.filter(name="x")

    def get(self, request):
        return [(topic, [tag.name for tag in self.tags]) for topic in Topic.objects.all()]

    def post(self, request):
        return [(topic, [tag.name for tag in self.fresh()]) for topic in Topic.objects.all()]  # RT106
"#,
    );
}

#[test]
fn rows_made_where_they_are_missing_are_no_read_of_the_relation() {
    let code = r#"
def made(request, title):
    for forum in Forum.objects.all():
        forum.topics.get_or_create(title=title)
        forum.topics.update_or_create(title=title, defaults={"state": "open"})

def read(request, title):
    for forum in Forum.objects.all():
        print(list(forum.topics.all()))  # RT102
"#;
    check(code);
}

#[test]
fn what_a_row_checks_before_it_is_stored() {
    silent(
        r#"
class Draft:
    def __init__(self, topic):
        self.topic = topic

    def clean(self):
        return Topic.objects.filter(title=self.topic.title).first()

def checked(topics: list[Topic]):
    for topic in topics:
        Draft(topic).clean()
"#,
    );
}

#[test]
fn a_flag_that_says_what_was_loaded() {
    check(
        r#"
class Registry:
    def __init__(self):
        self.loaded = False
        self.tags = []

    def ensure(self, forum=None):
        if forum is None and not self.loaded:
            for tag in Tag.objects.filter(name="x"):
                self.tags.append(tag)
            self.loaded = True

    def again(self, forum=None):
        if forum is None and not self.loaded:
            for tag in Tag.objects.filter(name="x"):
                self.tags.append(tag)

def kept(registry: Registry, names):
    for name in names:
        registry.ensure()
        print(name, registry.tags)

def asked(registry: Registry, names):
    for name in names:
        registry.again()  # RT107
        print(name, registry.tags)
"#,
    );
}

#[test]
fn conditions_under_computed_names_differ_from_turn_to_turn() {
    check(
        r#"
def within(rows, field, value):
    return rows.filter(**{f"{field}__gte": value})

def found(request, values):
    return [bool(within(Topic.objects.all(), "views", value)) for value in values]  # RT105
"#,
    );
}

#[test]
fn types_of_rows_that_may_be_missing() {
    let code = r#"
def host(thing):
    if isinstance(thing, Pin):
        return thing.topic
    if isinstance(thing, Topic):
        return thing.forum
    return None

def shown(request):
    for topic in Topic.objects.select_related("pin__topic"):
        pin = None
        if hasattr(topic, "pin"):
            pin = topic.pin
        print(host(pin))
"#;
    silent(code);
}

#[test]
fn migrations_in_a_directory_of_any_name() {
    let code = "from django.db import migrations\n\ndef moved(apps, schema_editor):\n    \
                for topic in apps.get_model(\"forum\", \"Topic\").objects.all():\n        print(topic.forum.name)\n\n\
                class Migration(migrations.Migration):\n    operations = [migrations.RunPython(moved)]\n";
    check_files(&named("forum/db_changes/0002_moved.py", code));
    let plain = code.replace("migrations.Migration):", "object):");
    assert_eq!(sure(&named("forum/db_changes/0002_moved.py", &plain)), one("RT101", Confidence::Certain));
}

#[test]
fn managers_that_a_class_imports_for_itself() {
    let models = "from django.db import models\n\nclass Setting(models.Model):\n    name = models.CharField(max_length=9)\n\n    \
                  from forum.managers import SettingManager\n\n    objects = SettingManager()\n";
    let managers = "from django.db import models\n\nKEPT = {}\n\nclass SettingManager(models.Manager):\n    \
                    def get(self, **kwargs):\n        return KEPT[\"setting\"]\n";
    let views = "from forum.models import Topic\nfrom forum.settings_models import Setting\n\ndef name():\n    \
                 return Setting.objects.get().name\n\ndef shown(request):\n    \
                 return [name() for topic in Topic.objects.all()]\n";
    let own = [("forum/settings_models.py", models), ("forum/managers.py", managers), ("forum/views.py", views)];
    check_files(&with(&own));
}

#[test]
fn a_relation_that_two_branches_follow_is_one_finding() {
    check(
        r#"
def sides(request):
    left, right = [], []
    for note in Note.objects.all():
        if note.text == "left":
            left.append(note.subject)  # RT103
        else:
            right.append(note.subject)
    return left, right
"#,
    );
}

#[test]
fn what_one_item_of_many_asks_for() {
    check(
        r#"
class Hashed:
    def __init__(self, topic):
        self.topic = topic

    def names(self):
        return Tag.objects.filter(name=self.topic.title).first()

def hashed(topic: Topic, fields):
    parts = []
    for field in fields:
        if field == "tags":
            parts.append(Hashed(topic).names())
        else:
            parts.append(field)
    return parts

def all_of_them(topic: Topic, fields):
    parts = []
    for field in fields:
        if field != "tags":
            parts.append(Hashed(topic).names())  # RT107
    return parts

def of_rows(request):
    names = []
    for topic in Topic.objects.all():
        if topic.state == "open":
            names.append(Hashed(topic).names())  # RT107
    return names
"#,
    );
}

#[test]
fn members_of_an_enumeration_are_written_down() {
    check(
        r#"
class Legs(list):
    LEFT = "left"
    RIGHT = "right"

def loads(topic, leg):
    return Post.objects.filter(topic=topic, body=leg).first()

def sides(topic: Topic):
    return [loads(topic, leg) for leg in Legs]

def others(topic: Topic, legs):
    return [loads(topic, leg) for leg in legs]  # RT107
"#,
    );
}

#[test]
fn a_default_for_what_was_given() {
    check(
        r#"
def validated(name, known=None):
    if known is None:
        known = Tag.objects.values_list("name", flat=True)
    return name in known

def given(request, names):
    known = Tag.objects.values_list("name", flat=True)
    return [validated(name, known=known) for name in names]

def perhaps(request, names, strict):
    known = None
    if strict:
        known = Tag.objects.values_list("name", flat=True)
    return [validated(name, known=known) for name in names]  # RT107

def left(request, names):
    return [validated(name) for name in names]  # RT107
"#,
    );
}

#[test]
fn decorators_that_keep_what_a_function_gave() {
    check(
        r#"
from forum.keeping import invalidate_cache, settings_cache

@settings_cache(key="banner")
def kept():
    return Banner.objects.filter(text="x").first()

@invalidate_cache
def fresh():
    return Banner.objects.filter(text="x").first()

def shown(names):
    return [(name, kept()) for name in names]

def asked(names):
    return [(name, fresh()) for name in names]  # RT107
"#,
    );
}

#[test]
fn what_a_prefetch_does_not_serve() {
    check(
        r#"
def joined(request):
    return [list(topic.posts.select_related("topic")) for topic in Topic.objects.all()]  # RT105

def first(request):
    return [topic.posts.first() for topic in Topic.objects.all()]  # RT105

def served(request):
    return [list(topic.posts.all()) for topic in Topic.objects.all()]  # RT102
"#,
    );
}

#[test]
fn unions_of_types() {
    check(
        r#"
def host(thing):
    if isinstance(thing, Post | Pin):
        return thing.topic  # RT101
    return None

def forums(request):
    return [host(forum) for forum in Forum.objects.all()]

def pins(request):
    return [host(pin) for pin in Pin.objects.all()]
"#,
    );
}

#[test]
fn content_types_are_kept_by_their_manager() {
    silent(
        r#"
from django.contrib.contenttypes.models import ContentType

def shown(request, keys, groups):
    types = {key: ContentType.objects.get_for_id(key) for key in keys}
    for key, members in groups.items():
        print(types[key].model_class(), ContentType.objects.get_for_model(Topic), members)
"#,
    );
}

#[test]
fn what_is_prefetched_afterwards_goes_on_to_rows_of_rows() {
    check(
        r#"
from django.db.models import prefetch_related_objects

def shown(request, keys):
    forums = Forum.objects.filter(pk__in=keys)
    prefetch_related_objects(forums, "topics__tags")
    for forum in forums:
        for topic in forum.topics.all():
            print([tag.name for tag in topic.tags.all()])
            print([post.body for post in topic.posts.all()])  # RT102
"#,
    );
}

#[test]
fn what_a_helper_builds_in_several_ways() {
    let of = |test: &str| {
        sure(&files(&format!(
            "\ndef open_topics(row):\n    if {test}:\n        return Topic.objects.filter(state=\"open\")\n    \
             return Topic.objects.filter(state=\"new\")\n\ndef shown(request, rows):\n    \
             for row in rows:\n        print([topic.title for topic in open_topics(row)])\n"
        )))
    };
    assert_eq!(of("row.is_old"), one("RT106", Confidence::Possible));
    assert_eq!(of("False"), one("RT106", Confidence::Certain));
}

#[test]
fn an_argument_that_is_given_is_not_none() {
    check(
        r#"
from forum.filters import TopicFilter

def permitted(user, rows=None):
    if rows is None:
        return Topic.objects.filter(editor=user)
    return rows

def filtered(request):
    rows = permitted(request.user, rows=TopicFilter(request.GET).qs)
    return [topic.forum.name for topic in rows]

def looked_up(request, chosen):
    rows = permitted(request.user, rows=chosen.get("rows"))
    return [topic.forum.name for topic in rows]  # RT101

def own(request):
    return [topic.forum.name for topic in permitted(request.user)]  # RT101

def banner(name, text=None):
    return text or Banner.objects.filter(text=name).first().text

def titled(names):
    return [banner(name, text=name.title()) for name in names]

def untitled(names):
    return [banner(name) for name in names]  # RT107
"#,
    );
}

#[test]
fn a_helper_that_two_branches_call_is_one_finding() {
    check(
        r#"
def last(topic):
    return topic.posts.order_by("-pk").first()

def shown(request, short):
    if short:
        return [last(topic) for topic in Topic.objects.filter(state="open")]  # RT107
    return [last(topic) for topic in Topic.objects.filter(state="new")]
"#,
    );
}

#[test]
fn what_a_page_shows_is_loaded_afterwards() {
    check(
        r#"
from django.core.paginator import Paginator

def loaded(request):
    page = Paginator(Topic.objects.order_by("pk"), 25).get_page(1)
    page.object_list = page.object_list.select_related("forum")
    return [topic.forum.name for topic in page]

def bare(request):
    page = Paginator(Topic.objects.order_by("pk"), 25).get_page(1)
    return [topic.forum.name for topic in page]  # RT101
"#,
    );
}
