//! How much a finding weighs: who waits for the loop, how often it turns, and what is one thing to mend.

use roundtrip::model::{Finding, Severity};

use crate::harness::{files, named, review, with};

fn only(findings: Vec<Finding>, rule: &str) -> Finding {
    let of_rule: Vec<Finding> = findings.into_iter().filter(|finding| finding.rule == rule).collect();
    let [only] = of_rule.as_slice() else { panic!("one {rule}, not {of_rule:?}") };
    only.clone()
}

const BODY: &str = "    return [topic.forum.name for topic in Topic.objects.all()]\n";

#[test]
fn users_wait_longer_than_those_who_run_the_site() {
    let view = format!("\ndef topics(request):\n{BODY}");
    assert_eq!(only(review(&files(&view), "5.2"), "RT101").severity, Severity::Blocker);
    for path in ["forum/dashboard/views.py", "forum/admin.py"] {
        let found = only(review(&named(path, &view), "5.2"), "RT101");
        assert_eq!((found.severity, found.hint), (Severity::Warning, false), "{path}");
    }
    let helper = only(review(&named("forum/lists.py", &format!("\ndef names():\n{BODY}")), "5.2"), "RT101");
    assert_eq!((helper.severity, helper.hint), (Severity::Warning, false), "who calls it is not known");
    let seed = only(review(&named("forum/lists.py", &format!("\ndef seed_names():\n{BODY}")), "5.2"), "RT101");
    assert!(seed.hint, "done once");
}

#[test]
fn a_helper_weighs_as_much_as_where_it_weighs_most() {
    let helper = format!("from forum.models import Topic\n\ndef names():\n{BODY}");
    let view = "from forum.lists import names\n\ndef topics(request):\n    return names()\n";
    let found = only(review(&with(&[("forum/lists.py", &helper), ("forum/views.py", view)]), "5.2"), "RT101");
    assert_eq!(found.severity, Severity::Blocker);
    assert_eq!(found.path.as_deref(), Some("forum/lists.py"));
}

#[test]
fn what_an_installation_has_a_handful_of() {
    let code = r#"
from django.db import models

class MailProvider(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)

def providers(request):
    return [provider.forum.name for provider in MailProvider.objects.all()]
"#;
    let shown = only(review(&named("forum/views.py", code), "5.2"), "RT101");
    assert_eq!((shown.severity, shown.hint), (Severity::Info, false));
    let unseen = code.replace("providers(request)", "providers()");
    assert!(only(review(&named("forum/mail.py", &unseen), "5.2"), "RT101").hint);
}

#[test]
fn what_only_tests_call_is_a_hint_in_a_whole_application() {
    let models = format!("{}\n\ndef names():\n{BODY}", crate::harness::MODELS);
    let settings = "INSTALLED_APPS = ['forum']\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n";
    let test = "from forum.models import names\n\ndef test_names():\n    assert names() == []\n";
    let own = [
        ("manage.py", "import os\n"),
        ("site/settings.py", settings),
        ("forum/models.py", models.as_str()),
        ("forum/tests/test_names.py", test),
    ];
    let own = || own.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    assert!(only(review(&own().collect(), "5.2"), "RT101").hint);
    // A library is called by others, and what one file shows is not all.
    let library = own().chain([("setup.py".to_owned(), String::new())]).collect();
    assert!(!only(review(&library, "5.2"), "RT101").hint);
    assert!(!only(review(&own().filter(|(path, _)| path != "manage.py").collect(), "5.2"), "RT101").hint);
    let called = "from forum.models import names\n\nALL = names\n".to_owned();
    let called = own().chain([("forum/other.py".to_owned(), called)]).collect();
    assert!(!only(review(&called, "5.2"), "RT101").hint);
}

#[test]
fn reading_for_what_is_written_is_part_of_the_work() {
    let code = r#"
def banner_of(name):
    return Banner.objects.filter(text=name).first()

def take_in(lines):
    for line in lines:
        Post.objects.create(body=banner_of(line).text)
"#;
    assert!(only(review(&named("forum/files.py", code), "5.2"), "RT107").hint);
    let asked = code.replace("take_in(lines)", "take_in(request, lines)").replace("(lines):", "(request):");
    assert!(!only(review(&files(&asked), "5.2"), "RT107").hint, "somebody waits");
}

#[test]
fn a_helper_that_one_loop_calls_twice_is_told_once() {
    let code = r#"
def banner_of(name):
    return Banner.objects.filter(text=name).first()

def banners(request):
    out = []
    for topic in Topic.objects.all():
        out.append(banner_of(topic.title))
        out.append(banner_of(topic.state))
    return out
"#;
    let found = only(review(&files(code), "5.2"), "RT107");
    assert!(found.message.contains("sends 2 statements"), "{}", found.message);
    assert!(format!("{:?}", found.evidence).contains("and here, in the same loop"));
}

#[test]
fn what_a_handler_asks_is_not_asked_each_time() {
    let code = r#"
def fallback(name):
    return Banner.objects.filter(text=name).first()

def banners(request):
    out = []
    for topic in Topic.objects.all():
        try:
            out.append(int(topic.title))
        except ValueError:
            out.append(fallback(topic.title))
    return out
"#;
    assert!(review(&files(code), "5.2").iter().all(|finding| finding.rule != "RT107"));
}

#[test]
fn one_line_that_shows_several_relations_is_told_once() {
    let admin = r#"
from django.contrib import admin
from django.db import models
from forum.models import Forum, Topic

class Visit(models.Model):
    forum = models.ForeignKey(Forum, null=True, on_delete=models.CASCADE)
    topic = models.ForeignKey(Topic, null=True, on_delete=models.CASCADE)

@admin.register(Visit)
class VisitAdmin(admin.ModelAdmin):
    list_display = ("forum", "topic")
"#;
    let forum = "\n    def __str__(self):\n        return self.name\n";
    let models = crate::harness::MODELS.replace(
        "    slug = models.SlugField(unique=True)\n",
        &format!("    slug = models.SlugField(unique=True)\n{forum}"),
    );
    let own = [("forum/models.py".to_owned(), models), ("forum/admin.py".to_owned(), admin.to_owned())].into();
    let found = only(review(&own, "5.2"), "RT112");
    assert!(found.message.contains("forum and topic"), "{}", found.message);
    let rewrite = found.rewrite.expect("one edit loads both");
    assert!(rewrite.edits.iter().any(|edit| edit.text.contains(r#"list_select_related = ["forum", "topic"]"#)));
}

#[test]
fn an_admin_without_columns_shows_the_text_of_its_rows() {
    let code = r#"
from django.contrib import admin
from django.db import models
from forum.models import Forum

class Visit(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)

    def __str__(self):
        return self.forum.name

@admin.register(Visit)
class VisitAdmin(admin.ModelAdmin):
    search_fields = ["forum__name"]
"#;
    let found = only(review(&with(&[("forum/admin.py", code)]), "5.2"), "RT112");
    assert!(found.advice.contains("list_select_related"), "{}", found.advice);
    let rewrite = found.rewrite.expect("an edit of the class");
    assert!(rewrite.edits.iter().any(|edit| edit.text.contains(r#"list_select_related = ["forum"]"#)), "{rewrite:?}");
    let bare = code.replace("    search_fields = [\"forum__name\"]\n", "    pass\n");
    let found = only(review(&with(&[("forum/admin.py", &bare)]), "5.2"), "RT112");
    assert!(found.advice.contains("list_select_related") && found.rewrite.is_none(), "{}", found.advice);
}

#[test]
fn rows_of_each_row_are_loaded_with_it() {
    let code =
        "\ndef tags(request):\n    return [list(topic.tags.filter(name=\"x\")) for topic in Topic.objects.all()]\n";
    let found = only(review(&files(code), "5.2"), "RT105");
    assert!(found.advice.contains("Prefetch(\"tags\", queryset=…"), "{}", found.advice);
}

/// The page of a topic list, of this template.
fn page(template: &str) -> Vec<Finding> {
    let view = r#"from django.shortcuts import render
from forum.models import Topic

def topics(request):
    return render(request, "topics.html", {"topics": Topic.objects.all()})
"#;
    review(&with(&[("forum/templates/topics.html", template), ("forum/views.py", view)]), "5.2")
}

#[test]
fn what_a_template_keeps_is_not_asked_for_each_request() {
    let kept = "{% load cache %}{% for topic in topics %}{% cache 60 topic topic.pk %}{{ topic.forum.name }}{% endcache %}{% endfor %}";
    assert!(page(kept).iter().all(|finding| finding.rule != "RT112"));
    let whole = "{% load cache %}{% cache 60 topics %}{% for topic in topics %}{{ topic.forum.name }}{% endfor %}{% endcache %}";
    assert_eq!(only(page(whole), "RT112").severity, Severity::Warning);
    let each = "{% for topic in topics %}{{ topic.forum.name }}{% endfor %}";
    assert_eq!(only(page(each), "RT112").severity, Severity::Blocker);
}

#[test]
fn a_test_of_a_template_asks_until_it_is_decided() {
    let asked = |test: &str| {
        let body = format!(
            "{{% with off=False on=True %}}{{% for topic in topics %}}{{% if {test} %}}x{{% endif %}}{{% endfor %}}{{% endwith %}}"
        );
        page(&body).iter().any(|finding| finding.rule == "RT107")
    };
    assert!(asked("topic.has_posts"));
    assert!(asked("off or topic.has_posts") && asked("on and topic.has_posts"));
    assert!(!asked("on or topic.has_posts") && !asked("off and topic.has_posts"));
}

#[test]
fn an_edit_stands_where_all_arms_meet_or_in_each() {
    let edits = |code: &str| -> Vec<(u32, String)> {
        let rewrite = only(review(&files(code), "5.2"), "RT101").rewrite.expect("an edit");
        rewrite.edits.into_iter().map(|edit| (edit.start_line, edit.text)).collect()
    };
    let loads = ".select_related(\"forum\")".to_owned();
    let apart = r#"
def topics(request):
    if request.GET.get("open"):
        rows = Topic.objects.filter(state="open")
    else:
        rows = Topic.objects.exclude(state="gone")
    return [topic.forum.name for topic in rows]
"#;
    assert_eq!(edits(apart), [(5, loads.clone()), (7, loads.clone())]);
    let narrowed = r#"
def topics(request):
    rows = Topic.objects.all()
    if request.GET.get("open"):
        rows = rows.filter(state="open")
    return [topic.forum.name for topic in rows]
"#;
    assert_eq!(edits(narrowed), [(4, loads.clone())]);
    let met = r#"
def topics(request):
    if request.GET.get("open"):
        rows = Topic.objects.filter(state="open")
    else:
        rows = Topic.objects.exclude(state="gone")
    rows = rows.filter(views__gt=3)
    return [topic.forum.name for topic in rows]
"#;
    assert_eq!(edits(met), [(8, loads)]);
}

#[test]
fn a_serializer_that_shows_several_relations_is_told_once() {
    let models = r#"
class Picture(models.Model):
    maker = models.ForeignKey(Forum, on_delete=models.CASCADE)

class Page(models.Model):
    cover = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="+")
    back = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="+")
"#;
    let api = r#"
from rest_framework import generics, serializers
from forum.models import Forum, Page, Picture

class MakerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Forum
        fields = ["name"]

class PictureSerializer(serializers.ModelSerializer):
    maker = MakerSerializer()

    class Meta:
        model = Picture
        fields = ["maker"]

class PageSerializer(serializers.ModelSerializer):
    cover = PictureSerializer()
    back = PictureSerializer()

    class Meta:
        model = Page
        fields = ["cover", "back"]

class Pages(generics.ListAPIView):
    queryset = Page.objects.select_related("cover", "back")
    serializer_class = PageSerializer
"#;
    let mut files = with(&[("forum/api.py", api)]);
    if let Some(text) = files.get_mut("forum/models.py") {
        text.push_str(models);
    }
    let found = only(review(&files, "5.2"), "RT112");
    assert!(found.message.contains("cover.maker and back.maker"), "{}", found.message);
    assert!(found.advice.contains("\"back__maker\", \"cover__maker\""), "{}", found.advice);
    let rewrite = found.rewrite.expect("one edit loads both");
    assert!(rewrite.edits.iter().any(|edit| edit.text.contains("back__maker") && edit.text.contains("cover__maker")));
}

#[test]
fn what_one_object_has_is_few_unless_it_grows() {
    let of_one = |model: &str| {
        let code = format!(
            "\nfrom django.db import models\n\nclass Line(models.Model):\n    topic = models.ForeignKey(Topic, related_name=\"lines\", \
             on_delete=models.CASCADE)\n    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)\n{model}\n\
             def lines(request, pk):\n    topic = Topic.objects.get(pk=pk)\n    return [line.forum.name for line in topic.lines.all()]\n"
        );
        only(review(&files(&code), "5.2"), "RT101").severity
    };
    assert_eq!(of_one(""), Severity::Warning);
    assert_eq!(of_one("    created = models.DateTimeField(auto_now_add=True)\n"), Severity::Blocker);
}

#[test]
fn one_loop_that_is_run_in_several_ways() {
    let code = r#"
def _names(names, forum=None):
    topics = Topic.objects.filter(state="open")
    if forum:
        topics = topics.filter(forum=forum)
    for topic in topics:
        names.append(topic.editor.username)

def of_forum(request, pk):
    names = []
    _names(names, Forum.objects.get(pk=pk))
    return names

def of_all(request):
    names = []
    _names(names)
    return names
"#;
    let found = only(review(&files(code), "5.2"), "RT101");
    assert_eq!(found.severity, Severity::Blocker);
    assert!(found.rewrite.is_some(), "the one edit serves both");
}

#[test]
fn one_loop_that_is_run_in_another() {
    let code = r#"
def names():
    return [topic.editor.username for topic in Topic.objects.filter(state="open")]

def shown(request):
    return [names() for forum in Forum.objects.all()]
"#;
    only(review(&files(code), "5.2"), "RT101");
}
