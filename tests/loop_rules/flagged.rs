//! What is flagged, in the spellings that real code has.

use roundtrip::model::{Confidence, Severity};

use crate::harness::{check, check_files, files, named, review, silent};

#[test]
fn reverse_one_to_one_and_generic_relations() {
    check(
        r#"
def places(request):
    for topic in Topic.objects.filter(state="pinned"):
        print(topic.pin.place)  # RT103

def missing_or_not(request):
    for topic in Topic.objects.filter(state="pinned"):
        if hasattr(topic, "pin"):  # RT103
            print(topic.title)

def subjects(request):
    return [str(note.subject) for note in Note.objects.all()]  # RT103
"#,
    );
}

#[test]
fn one_statement_is_flagged_once() {
    check(
        r#"
def keys(request):
    return [topic.forum.id for topic in Topic.objects.all()]  # RT104

def key_and_name(request):
    return [(topic.forum.pk, topic.forum.name) for topic in Topic.objects.all()]  # RT101

def counted(request):
    for topic in Topic.objects.all():
        if topic.posts.count() > 0:  # RT109
            print(topic.title, topic.state, topic.views)

def some(request):
    for topic in Topic.objects.all():
        print(topic.title, topic.posts.filter(is_public=True).exists())  # RT109

def through_a_method(request):
    for topic in Topic.objects.all():
        print(topic.has_posts())  # RT107

def through_a_property(request):
    return [topic.last_post for topic in Topic.objects.all()]  # RT107
"#,
    );
}

#[test]
fn the_same_query_in_every_turn() {
    check(
        r#"
def gross(request, prices):
    for price in prices:
        currency = Currency.objects.get(code="EUR")  # RT106
        print(price, currency)

def nested(request, forums, slugs):
    for slug in slugs:
        for forum in forums:
            print(Tag.objects.filter(name=slug).first(), forum)  # RT106
"#,
    );
}

#[test]
fn helpers_that_ask() {
    check(
        r#"
def forum_for(row):
    return Forum.objects.get(slug=row["slug"])

def imported(request, rows):
    for row in rows:
        print(forum_for(row))  # RT107

def cached_per_row_is_still_one_per_row(request):
    for topic in Topic.objects.all():
        print(topic.banner)  # RT107
"#,
    );
}

#[test]
fn prefetches_that_do_not_serve() {
    check(
        r#"
def public(request):
    for topic in Topic.objects.prefetch_related("posts"):
        print(list(topic.posts.filter(is_public=True)))  # RT108

def newest(request):
    return [topic.posts.order_by("-pk").first() for topic in Topic.objects.prefetch_related("posts")]  # RT108

def unordered(request):
    return [topic.posts.first() for topic in Topic.objects.prefetch_related("posts")]  # RT108

def names(request):
    for topic in Topic.objects.prefetch_related("tags"):
        print(", ".join(topic.tags.values_list("name", flat=True)))  # RT108
"#,
    );
}

#[test]
fn columns_left_out() {
    check(
        r#"
def titles(request):
    for topic in Topic.objects.only("title"):
        print(topic.title, topic.state)  # RT110

def deferred(request):
    return [topic.summary for topic in Topic.objects.defer("summary")]  # RT110

def one(request, pk):
    topic = Topic.objects.only("title").get(pk=pk)
    return topic.title, topic.state  # RT305

def refused(request):
    return Topic.objects.only("title").select_related("forum").first()  # RT305
"#,
    );
}

#[test]
fn streams_without_their_prefetch() {
    check(
        r#"
def export(request, out):
    for topic in Topic.objects.prefetch_related("tags").iterator():  # RT111
        out.write(topic)

def in_chunks(request, out):
    for topic in Topic.objects.prefetch_related("tags").iterator(chunk_size=100):
        out.write(topic)
"#,
    );
    let code =
        files("\ndef f(out):\n    for t in Topic.objects.prefetch_related('tags').iterator():\n        out(t)\n");
    for (django, severity) in [("4.2", Severity::Warning), ("5.0", Severity::Blocker)] {
        let found = review(&code, django);
        assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [severity], "{django}");
    }
    assert!(review(&code, "4.0").iter().all(|finding| finding.rewrite.is_none()));
}

#[test]
fn tests_for_existence() {
    check(
        r#"
def counted(request):
    if Topic.objects.filter(state="open").count():  # RT301
        return 1
    if not Topic.objects.filter(state="new").count() > 0:  # RT301
        return 2
    if len(Topic.objects.filter(state="old")) == 0:  # RT301
        return 3
    return bool(Topic.objects.filter(state="gone"))  # RT301

def alone(request):
    topics = Topic.objects.filter(state="open")
    if topics:  # RT301
        return "some"
    return "none"
"#,
    );
}

#[test]
fn tests_before_fetching() {
    check(
        r#"
def shown(request):
    topics = Topic.objects.filter(state="open")
    if topics.exists():  # RT302
        for topic in topics:
            print(topic.title, topic.state, topic.views)

def counted(request):
    topics = Topic.objects.filter(state="open")
    total = topics.count()  # RT302
    return total, [(topic.title, topic.state, topic.views) for topic in topics]
"#,
    );
}

#[test]
fn eager_loading_that_nothing_reads() {
    check(
        r#"
def titles(request):
    return [(t.title, t.state, t.views) for t in Topic.objects.select_related("forum")]  # RT113

def prefetched(request):
    return [topic.forum.name for topic in Topic.objects.prefetch_related("forum")]  # RT113
"#,
    );
}

#[test]
fn asks_before_taking_one() {
    check(
        r#"
def newest(forum):
    topics = Topic.objects.filter(forum=forum).order_by("pk")
    if topics.exists():  # RT302
        return topics.last().title
    return None

def given(request, slug):
    if not Forum.objects.filter(slug=slug).exists():  # RT302
        return None
    return Forum.objects.get(slug=slug)
"#,
    );
    silent(
        r#"
def made(request, slug):
    if not Forum.objects.filter(slug=slug).exists():
        Forum.objects.create(slug=slug)

def other(request, slug):
    if Forum.objects.filter(slug=slug).exists():
        return Forum.objects.filter(slug="index").first()
    return None
"#,
    );
}

#[test]
fn all_rows_for_their_truth_after_some() {
    check(
        r#"
def trim(store, topics):
    for topic in topics[: store.length]:
        store.add(topic.pk)
    if topics and store.length:  # RT302
        store.cut()

def fill(store):
    trim(store, Topic.objects.filter(state="open"))
"#,
    );
}

#[test]
fn what_a_helper_fetches_twice() {
    check(
        r#"
def audience(topic):
    if topic.state == "draft":
        return []
    return [tag.pk for tag in Tag.objects.filter(topic__editor=topic.editor_id)]

def stores(topic):
    return [f"store-{pk}" for pk in audience(topic)]

def publish(topic: Topic, count):
    send(stores(topic))
    if count:
        for pk in audience(topic):  # RT304
            send(pk)
"#,
    );
    silent(
        r#"
def audience(topic, state):
    return [tag.pk for tag in Tag.objects.filter(topic__state=state)]

def publish(topic: Topic):
    send(audience(topic, "open"))
    send(audience(topic, "shut"))

def refreshed(topic: Topic):
    send(audience(topic, "open"))
    Tag.objects.create(name="new")
    send(audience(topic, "open"))
"#,
    );
}

#[test]
fn serializers_of_other_packages_and_the_action_that_is_asked() {
    let mut files = named(
        "forum/serializers.py",
        r#"
from drf_writable_nested import WritableNestedModelSerializer
from rest_framework import serializers

class ShortSerializer(WritableNestedModelSerializer):
    banner = serializers.SerializerMethodField("get_banner")

    def get_banner(self, topic):
        return Banner.objects.filter(forum=topic.forum_id).first()

    class Meta:
        model = Topic
        fields = ["title", "banner"]

class LongSerializer(WritableNestedModelSerializer):
    class Meta:
        model = Topic
        fields = ["title", "posts"]
"#,
    );
    let views = r#"
from rest_framework import viewsets

from forum.models import Topic
from forum.serializers import LongSerializer, ShortSerializer

class Topics(viewsets.ModelViewSet):
    queryset = Topic.objects.all()

    def list(self, request, *args, **kwargs):
        return super().list(request, *args, **kwargs)  # RT107

    def get_queryset(self):
        if self.detail:
            return super().get_queryset().filter(state="open")
        return super().get_queryset()

    def get_serializer_class(self):
        if self.action == "list":
            return ShortSerializer
        return LongSerializer
"#;
    files.insert("forum/views.py".to_owned(), views.to_owned());
    check_files(&files);
}

#[test]
fn a_look_up_beside_other_work_is_a_hint() {
    let of = |path: &str, code: &str| {
        let found = review(&named(path, code), "5.2");
        found.iter().find(|finding| finding.rule == "RT105").map(|finding| finding.hint)
    };
    let read = "        print(Forum.objects.get(slug=name).name)\n";
    let written = "        forum = Forum.objects.get(slug=name)\n        forum.name = name\n        forum.save()\n";
    assert_eq!(
        of("forum/views.py", &format!("\ndef view(request, names):\n    for name in names:\n{read}")),
        Some(false)
    );
    assert_eq!(
        of("forum/views.py", &format!("\ndef view(request, names):\n    for name in names:\n{written}")),
        Some(false)
    );
    assert_eq!(of("forum/sync.py", &format!("\ndef sync(names):\n    for name in names:\n{read}")), Some(false));
    assert_eq!(of("forum/sync.py", &format!("\ndef sync(names):\n    for name in names:\n{written}")), Some(true));
}

#[test]
fn the_two_ends_of_a_link() {
    check(
        r#"
def names(relation, **query):
    return [link.tag.name for link in relation.tags.through.objects.filter(**query)]  # RT101
"#,
    );
    silent(
        r#"
def places(relation, **query):
    return [link.place for link in relation.tags.through.objects.filter(**query)]
"#,
    );
}

#[test]
fn relations_that_a_helper_copies() {
    check(
        r#"
def copy(rows):
    return [row.pk for row in rows.all()]  # RT102

def copies(request):
    for topic in Topic.objects.filter(state="open"):
        copy(topic.posts)
        copy(topic.tags)
"#,
    );
}

#[test]
fn rows_and_lists_for_a_column() {
    check(
        r#"
def titles(request):
    return [topic.title for topic in Topic.objects.filter(state="open")]  # RT303

def listed(request):
    return Topic.objects.filter(forum__in=list(Forum.objects.values_list("pk", flat=True))).first()  # RT306
"#,
    );
}

#[test]
fn severity_follows_the_bound_and_who_waits() {
    let of = |code: &str| review(&files(code), "5.2").first().map(|finding| finding.severity);
    let body = "\n    return [t.pin.place for t in Topic.objects.all()]\n";
    assert_eq!(of(&format!("\ndef view(request):{body}")), Some(Severity::Blocker));
    let sliced = "\ndef view(request):\n    return [t.pin.place for t in Topic.objects.all()[:20]]\n";
    assert_eq!(of(sliced), Some(Severity::Warning));
    let task = format!("\nfrom celery import shared_task\n\n@shared_task\ndef work():{body}");
    assert_eq!(of(&task), Some(Severity::Warning));
}

#[test]
fn what_a_foreign_key_is_compared_with_is_a_row() {
    let code = r#"
from django.db import models
from teams.members import Member

class Team(models.Model):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    state = models.CharField(max_length=10)

    @classmethod
    def close(cls, user):
        for member in Member.objects.filter(user=user):
            cls.objects.filter(owner=member.owner, state=member.state).update(state="closed")  # RT101
"#;
    check_files(&[("teams/models.py".to_owned(), code.to_owned())].into());
}

#[test]
fn managers_by_their_names() {
    let code = r#"
from accounts.store import Account
from stock.managers import KeptManager

class ThingManager(KeptManager):
    def totals(self, keys):
        return {key: self.get(key=key).total for key in keys}  # RT105

def balances(request, names):
    return [Account.open_objects.get(name=name).balance for name in names]  # RT105
"#;
    check_files(&[("stock/managers.py".to_owned(), code.to_owned())].into());
}

#[test]
fn without_the_model_nothing_is_certain() {
    let code =
        "from forum.models import Topic\n\ndef view(request):\n    return [t.forum.id for t in Topic.objects.all()]\n";
    let alone = [("forum/views.py".to_owned(), code.to_owned())].into();
    let found = review(&alone, "5.2");
    assert!(!found.is_empty());
    assert!(found.iter().all(|finding| finding.confidence < Confidence::Certain), "{found:?}");
}

#[test]
fn a_helper_that_works_on_each_item_may_need_to_read_for_itself() {
    let code = r#"
def recount(topic):
    topic.views = topic.posts.filter(is_public=True).count()
    topic.save()

def recount_all(request):
    for topic in Topic.objects.all():
        recount(topic)
"#;
    let findings = review(&files(code), "5.2");
    let helper = findings.iter().find(|finding| finding.rule == "RT107").expect("it is told");
    assert_eq!(helper.confidence, Confidence::Possible);
}

#[test]
fn a_field_is_named_only_where_it_is_the_one_compared() {
    let advice = |filter: &str| {
        let code = format!(
            "def found(request, slugs):\n    return [Topic.objects.filter({filter}).first() for slug in slugs]\n"
        );
        let findings = review(&files(&code), "5.2");
        findings.iter().find(|finding| finding.rule == "RT105").expect("it is told").advice.clone()
    };
    assert!(advice("title=slug").contains("title__in"));
    assert!(advice("title=slug, state=\"open\"").contains("field__in"));
}

#[test]
fn what_others_of_a_viewset_pay_as_well() {
    let views = (
        "forum/api.py",
        r#"
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from forum.models import Topic

class TopicSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = [
            "title",
            "forum",  # RT112
        ]
        depth = 1

class KeySerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = ["title"]

class Topics(viewsets.ModelViewSet):
    serializer_class = TopicSerializer

    def get_queryset(self):
        return Topic.objects.filter(state="open")

class Brief(viewsets.ModelViewSet):
    serializer_class = KeySerializer

    def get_queryset(self):
        return Topic.objects.filter(state="open")

    @action(detail=False)
    def forums(self, request):
        return Response([topic.forum.name for topic in self.get_queryset()])  # RT101
"#,
    );
    let files = crate::harness::with(&[views]);
    let findings = review(&files, "5.2");
    check_files(&files);
    let of = |rule: &str| findings.iter().find(|finding| finding.rule == rule).expect("as marked");
    let shared = of("RT112").rewrite.as_ref().expect("one edit cures it");
    assert_eq!(shared.safety, roundtrip::model::Safety::Review);
    assert!(shared.note.contains("retrieve, update and 1 other action"), "{}", shared.note);
    let own = of("RT101");
    assert!(own.rewrite.is_none(), "the other actions would pay for it");
    assert!(own.advice.contains("self.action is \"forums\""), "{}", own.advice);
}

#[test]
fn few_items_and_other_tries_are_hints() {
    let hints = |code: &str| -> Vec<(String, bool)> {
        review(&files(code), "5.2").into_iter().map(|finding| (finding.rule, finding.hint)).collect()
    };
    let removed = r#"
def remove(request):
    for key in request.POST.getlist("remove"):
        topic = Topic.objects.get(pk=key)
        print(topic.forum.name)
        topic.delete()
"#;
    assert_eq!(hints(removed), [("RT105".to_owned(), true), ("RT101".to_owned(), true)]);
    let tried = r#"
def free_slug(base):
    number = 1
    while True:
        number += 1
        slug = f"{base}-{number}"
        if not Forum.objects.filter(slug=slug).exists():
            return slug
"#;
    assert!(hints(tried).iter().all(|(_, hint)| *hint), "{:?}", hints(tried));
}

#[test]
fn what_a_prefetch_does_not_serve() {
    let code = r#"
def with_note(request, key):
    for topic in Topic.objects.filter(state="open"):
        print(topic.posts.get(body=key))  # RT105

def filled(request):
    topic = Topic.objects.create(title="x")
    Post.objects.create(topic=topic, body="y")
    for post in topic.posts.all():
        print(list(post.replies.all()))  # RT102
"#;
    let models = r#"
class Reply(models.Model):
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="replies")
"#;
    let mut files = files(code);
    if let Some(text) = files.get_mut("forum/models.py") {
        text.push_str(models);
    }
    check_files(&files);
}

#[test]
fn a_relation_that_may_lead_nowhere() {
    let findings = review(
        &files("def editors(request):\n    return [topic.editor.username for topic in Topic.objects.all()]\n"),
        "5.2",
    );
    let [only] = findings.as_slice() else { panic!("one finding, not {findings:?}") };
    assert!(only.message.contains("up to once per turn"), "{}", only.message);
}

#[test]
fn the_same_in_two_branches_of_a_template_is_one_edit() {
    let template = (
        "forum/templates/topics.html",
        r#"{% for topic in topics %}
{% if topic.state == "open" %}{{ topic.forum.name }}{# RT112 #}
{% else %}{{ topic.forum.slug }}{% endif %}
{% endfor %}
"#,
    );
    let view = r#"from django.shortcuts import render
from forum.models import Topic

def topics(request):
    return render(request, "topics.html", {"topics": Topic.objects.all()})
"#;
    let findings = review(&crate::harness::with(&[template, ("forum/views.py", view)]), "5.2");
    let lines: Vec<u32> = findings.iter().filter(|f| f.rule == "RT112").filter_map(|f| f.line).collect();
    assert_eq!(lines, [2]);
}

#[test]
fn a_property_that_a_page_reads_again_and_again_is_told_once() {
    let template = (
        "forum/templates/topic.html",
        "{{ topic.last_post.body }}\n{{ topic.last_post.pk }}\n{{ topic.last_post.body }}\n",
    );
    let view = r#"from django.shortcuts import get_object_or_404, render
from forum.models import Topic

def topic(request, pk):
    return render(request, "topic.html", {"topic": get_object_or_404(Topic, pk=pk)})
"#;
    let findings = review(&crate::harness::with(&[template, ("forum/views.py", view)]), "5.2");
    let again: Vec<_> = findings.iter().filter(|finding| finding.rule == "RT304").collect();
    let [only] = again.as_slice() else { panic!("one finding, not {again:?}") };
    assert!(only.evidence.iter().any(|evidence| format!("{evidence:?}").contains("and here")), "{only:?}");
}

#[test]
fn what_two_helpers_fetch_apart_is_hardly_worth_a_word() {
    let code = r#"
def open_state(pk):
    return Topic.objects.get(pk=pk).state

def open_title(pk):
    return Topic.objects.get(pk=pk).title

def show(request, pk):
    return open_state(pk), open_title(pk)
"#;
    let findings = review(&files(code), "5.2");
    let found: Vec<Confidence> = findings.iter().map(|finding| finding.confidence).collect();
    assert!(found.iter().all(|confidence| *confidence == Confidence::Possible), "{findings:?}");
}

#[test]
fn counts_of_one_relation_in_one_loop_are_told_once() {
    let code = r#"
def report(request):
    for topic in Topic.objects.all():
        print(topic.posts.filter(is_public=True).count())  # RT109
        print(topic.posts.filter(is_public=False).count())

def apart(request):
    for topic in Topic.objects.all():
        print(topic.posts.count())  # RT109
    for topic in Topic.objects.filter(state="open"):
        print(topic.posts.count())  # RT109
"#;
    check(code);
    let findings = review(&files(code), "5.2");
    let first = findings.iter().find(|finding| finding.message.contains("another line of the loop")).unwrap();
    assert_eq!(first.cost.as_ref().unwrap().before, "1 + 2·N");
    assert!(format!("{:?}", first.evidence).contains("counted once more here"), "{first:?}");
}

#[test]
fn what_a_row_was_looked_up_by_is_at_hand() {
    let code = r#"
def owners(request, user):
    for topic in Topic.objects.all():
        post = Post.objects.filter(topic=topic, is_public=True).get()
        print(post.topic.title)

def keys(request, user):
    for topic_id in request.POST.getlist("topics"):
        post = Post.objects.filter(topic=topic_id, is_public=True).get()
        print(post.topic.title)
"#;
    let findings = review(&files(code), "5.2");
    let advice: Vec<&str> =
        findings.iter().filter(|finding| finding.rule == "RT101").map(|finding| finding.advice.as_str()).collect();
    let [row, key] = advice[..] else { panic!("{findings:?}") };
    assert_eq!(row, "The row was looked up by its topic: use `topic` here.");
    assert!(!key.contains("looked up by"), "{key}");
}

#[test]
fn rows_of_a_turn_that_are_read_again_are_the_loops_matter() {
    let template = (
        "forum/templates/topics.html",
        "{% for topic in topics %}{% if topic.posts.all %}\n{% for post in topic.posts.all %}{{ post.pk }}{% endfor %}{% endif %}\n{% endfor %}\n",
    );
    let one = (
        "forum/templates/topic.html",
        "{% if topic.posts.all %}\n{% for post in topic.posts.all %}{{ post.pk }}{% endfor %}{% endif %}\n",
    );
    let view = r#"from django.shortcuts import get_object_or_404, render
from forum.models import Topic

def topics(request):
    return render(request, "topics.html", {"topics": Topic.objects.all()})

def topic(request, pk):
    return render(request, "topic.html", {"topic": get_object_or_404(Topic, pk=pk)})
"#;
    let findings = review(&crate::harness::with(&[template, one, ("forum/views.py", view)]), "5.2");
    let of = |rule: &str| -> Vec<&str> {
        findings.iter().filter(|finding| finding.rule == rule).filter_map(|finding| finding.path.as_deref()).collect()
    };
    assert_eq!(of("RT304"), ["forum/templates/topic.html"]);
    assert!(of("RT112").contains(&"forum/templates/topics.html"));
    let again = findings.iter().find(|finding| finding.rule == "RT304").unwrap();
    assert!(again.advice.contains("{% with %}"), "{}", again.advice);
}

#[test]
fn what_several_lines_fetch_again_is_told_once() {
    let code = r#"
def charts(request):
    topics = Topic.objects.all()
    return [
        list(topics.values_list("title", flat=True)),
        list(topics.values_list("title", flat=True)),  # RT304
        list(topics.values_list("title", flat=True)),
        list(topics.values_list("state", flat=True)),
    ]
"#;
    check(code);
    let findings = review(&files(code), "5.2");
    let again = findings.iter().find(|finding| finding.rule == "RT304").unwrap();
    assert!(again.message.contains("and so does line"), "{}", again.message);
    assert_eq!(again.cost.as_ref().map(|cost| (cost.before.as_str(), cost.after.as_str())), Some(("3", "1")));
}

#[test]
fn rows_of_a_variable_that_a_branch_narrows_are_told_once() {
    let code = r#"
def subjects(request, forum):
    topics = Topic.objects.filter(state="open").order_by("title")
    if forum:
        topics = topics.filter(forum=forum)
    return [topic.editor.username for topic in topics]  # RT101

def show(request):
    return subjects(request, None), subjects(request, request.GET["forum"])
"#;
    let findings = review(&files(code), "5.2");
    let told: Vec<_> = findings.iter().filter(|finding| finding.rule == "RT101").collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn what_fetches_the_row_above_is_named() {
    let template = (
        "forum/templates/topic.html",
        "{% for post in topic.posts.all %}{% for pin in post.pins.all %}{{ pin.pk }}{% endfor %}{% endfor %}\n",
    );
    let view = r#"from django.shortcuts import get_object_or_404, render
from forum.models import Topic

def topic(request, pk):
    topic = get_object_or_404(Topic, pk=pk)
    return render(request, "topic.html", {"topic": topic})
"#;
    let models = r#"
class PostPin(models.Model):
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="pins")
"#;
    let all = format!("{}{models}", crate::harness::MODELS);
    let findings =
        review(&crate::harness::with(&[template, ("forum/views.py", view), ("forum/models.py", &all)]), "5.2");
    let advice = &findings.iter().find(|finding| finding.rule == "RT112").unwrap().advice;
    assert!(advice.contains("get_object_or_404() of forum/views.py line 5"), "{advice}");
}
