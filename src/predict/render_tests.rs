//! What templates, serializers, admin lists and forms cost, written beside the views that show them.

use super::tests::{MODELS, check_with, traces};
use crate::trace::EventKind;

fn check(templates: &[(&str, &str)], code: &str) {
    let mut files = vec![("forum/models.py", MODELS)];
    files.extend(templates);
    check_with(&files, code);
}

/// Checks one template, shown by `render(request, "t.html", …)`.
fn check_template(template: &str, code: &str) {
    check(&[("forum/templates/t.html", template)], code);
}

#[test]
fn a_template_evaluates_and_reads_relations() {
    check_template(
        "{% for topic in topics %}{{ topic.forum.name }} {{ topic.title|upper }}{% endfor %}",
        r#"
from django.shortcuts import render
from .models import Topic

def lazy(request):  # 1 + N
    return render(request, "t.html", {"topics": Topic.objects.all()})

def joined(request):  # 1
    return render(request, "t.html", {"topics": Topic.objects.select_related("forum")})

def evaluated_before(request):  # 1 + N
    topics = Topic.objects.all()
    if not topics:
        return None
    return render(request, "t.html", context={"topics": topics})

def built_up(request):  # 2 + N
    context = {}
    context["topics"] = Topic.objects.all()
    context["number"] = Topic.objects.count()
    return render(request, "t.html", context)

def nothing_passed(request):  # 0
    return render(request, "t.html")

def elsewhere(request):  # 0 ?
    return render(request, "other.html", {"topics": Topic.objects.all()})
"#,
    );
}

#[test]
fn managers_methods_and_properties_are_called() {
    check_template(
        "{% for t in topics %}{{ t.heading }}{% for p in t.posts.all %}{{ p.body }}{% endfor %}{{ t.posts.count }}{{ t.delete }}{% endfor %}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 1 + 3·N
    return render(request, "t.html", {"topics": Topic.objects.all()})

def loaded(request):  # 2
    topics = Topic.objects.select_related("forum").prefetch_related("posts")
    return render(request, "t.html", {"topics": topics})
"#,
    );
}

#[test]
fn truth_length_and_filters_evaluate_once() {
    check_template(
        "{% if topics %}{{ topics|length }}{% for t in topics %}{{ t.title }}{% empty %}none{% endfor %}{{ topics.count }}{% endif %}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 1
    return render(request, "t.html", {"topics": Topic.objects.all()})
"#,
    );
    // No attribute of a queryset: nothing is found, and nothing sent.
    check_template(
        "{% for t in topics %}{{ topics.title }}{{ topics.id }}{% endfor %}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 1
    return render(request, "t.html", {"topics": Topic.objects.all()})
"#,
    );
    check_template(
        "{{ topics|first }}{% for t in topics|slice:':5' %}{{ t.title }}{% endfor %}{{ topics.0.title }}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 3
    return render(request, "t.html", {"topics": Topic.objects.all()})
"#,
    );
    check_template(
        "{{ topics|join:', ' }}{% regroup topics by forum.name as groups %}{% for g in groups %}{% for t in g.list %}{{ t.forum.name }}{% endfor %}{% endfor %}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 1 + N
    return render(request, "t.html", {"topics": Topic.objects.all()})
"#,
    );
}

#[test]
fn branches_cost_their_dearest_way() {
    check_template(
        "{% if a %}{{ topics.count }}{% elif b %}{{ topics.count }}{{ topics.exists }}{% else %}-{% endif %}",
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 2
    return render(request, "t.html", {"topics": Topic.objects.all()})
"#,
    );
}

#[test]
fn includes_and_parents() {
    let files = [
        ("site/templates/base.html", "{{ topics.count }}{% block main %}{{ topics.exists }}{% endblock %}"),
        (
            "forum/templates/child.html",
            "{% extends 'base.html' %}{% block main %}{{ block.super }}{% for t in topics %}{% include 'row.html' with topic=t only %}{% endfor %}{% endblock %}",
        ),
        ("forum/templates/row.html", "{{ topic.forum.name }}{{ topics.count }}{% include 'row.html' %}"),
        (
            "forum/templates/lost.html",
            "{% extends 'nowhere.html' %}{{ topics.count }}{% block x %}{{ topics.exists }}{% endblock %}",
        ),
        ("forum/templates/self.html", "{% extends 'self.html' %}{% block x %}{{ topics.exists }}{% endblock %}"),
    ];
    check(
        &files,
        r#"
from django.shortcuts import render
from .models import Topic

def page(request):  # 3 + N ?
    return render(request, "child.html", {"topics": Topic.objects.all()})

def parent_elsewhere(request):  # 1 ?
    return render(request, "lost.html", {"topics": Topic.objects.all()})

def its_own_parent(request):  # 1 ?
    return render(request, "self.html", {"topics": Topic.objects.all()})
"#,
    );
}

#[test]
fn the_tags_of_a_project_are_run() {
    let files = [
        (
            "forum/templatetags/forum_tags.py",
            r#"
from django import template
from forum.models import Forum, Topic

register = template.Library()

@register.simple_tag
def newest(forum):
    return Topic.objects.filter(forum=forum).first()

@register.filter("posts_of")
def number(topic):
    return topic.posts.count()

@register.inclusion_tag("menu.html", takes_context=True)
def menu(context, title):
    return {"forums": Forum.objects.all()}
"#,
        ),
        ("forum/templates/menu.html", "{% for f in forums %}{{ f.name }}{% endfor %}"),
        (
            "forum/templates/t.html",
            "{% load forum_tags %}{% menu 'x' %}{% newest forum as topic %}{{ topic.forum.name }}{{ topic|posts_of }}",
        ),
    ];
    check(
        &files,
        r#"
from django.shortcuts import render
from .models import Forum

def page(request, pk):  # 5
    return render(request, "t.html", {"forum": Forum.objects.get(pk=pk)})
"#,
    );
}

#[test]
fn what_a_template_sends_stands_in_the_template() {
    let files = [
        ("forum/models.py", MODELS),
        ("forum/templates/t.html", "{% for t in topics %}\n{{ t.forum.name }}\n{% endfor %}"),
        (
            "forum/views.py",
            "from django.shortcuts import render\nfrom .models import Topic\n\ndef page(request):\n    return render(request, 't.html', {'topics': Topic.objects.all()})\n",
        ),
    ];
    let (project, traces) = traces(&files);
    let page = traces.iter().find(|t| t.loops.len() == 1 && t.queries().count() == 2).unwrap();
    let sent: Vec<String> = page
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Query(_)))
        .map(|event| {
            let place = project.place(event.site.unwrap());
            let via: Vec<&str> = event.via.iter().map(|step| project.text(step.site)).collect();
            format!("{}:{} {} via {}", place.path, place.line, project.text(event.site.unwrap()), via.join(" "))
        })
        .collect();
    let call = "render(request, 't.html', {'topics': Topic.objects.all()})";
    assert_eq!(
        sent,
        [format!("forum/templates/t.html:1 topics via {call}"), format!("forum/templates/t.html:2 t.forum via {call}")]
    );
}

#[test]
fn generic_views_show_their_rows() {
    let files = [
        ("forum/templates/forum/topic_list.html", "{% for t in topic_list %}{{ t.forum.name }}{% endfor %}{{ extra }}"),
        (
            "forum/templates/forum/topic_detail.html",
            "{{ object.forum.name }}{{ topic.forum.name }}{{ topic.posts.count }}",
        ),
        ("forum/templates/named.html", "{% for t in things %}{{ t.forum.name }}{% endfor %}{{ number }}"),
    ];
    check(
        &files,
        r#"
from django.views.generic import DetailView, ListView, TemplateView
from .models import Topic

class Everything(ListView):  # 1 + N
    model = Topic

class Paged(ListView):  # 2 + N
    model = Topic
    paginate_by = 20

class Joined(ListView):  # 1
    queryset = Topic.objects.select_related("forum")

class Own(ListView):  # 2 + N
    template_name = "named.html"
    context_object_name = "things"

    def get_queryset(self):
        return Topic.objects.filter(title="x")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["number"] = Topic.objects.count()
        return context

class One(DetailView):  # 3
    model = Topic

class Plain(TemplateView):  # 1 + N
    template_name = "named.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(things=Topic.objects.all(), **kwargs)
"#,
    );
}

#[test]
fn serializers_read_every_field() {
    let files = [(
        "forum/serializers.py",
        r#"
from django.contrib.auth import get_user_model
from rest_framework import serializers
from .models import Forum, Post, Topic

class ForumSerializer(serializers.ModelSerializer):
    class Meta:
        model = Forum
        fields = ["id", "name"]

class PostSerializer(serializers.ModelSerializer):
    class Meta:
        model = Post
        fields = "__all__"

class KeysSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = ["id", "forum", "title"]

class TagKeysSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = "__all__"

class NestedSerializer(serializers.ModelSerializer):
    forum = ForumSerializer(read_only=True)
    posts = PostSerializer(many=True)

    class Meta:
        model = Topic
        fields = ("forum", "posts")

class SourceSerializer(serializers.ModelSerializer):
    forum_name = serializers.CharField(source="forum.name")
    where = serializers.SlugRelatedField(slug_field="name", source="forum", read_only=True)
    secret = serializers.CharField(source="editor.username", write_only=True)

    class Meta:
        model = Topic
        fields = KeysSerializer.Meta.fields + ["forum_name", "where", "secret"]

class MethodSerializer(serializers.ModelSerializer):
    number = serializers.SerializerMethodField()

    def get_number(self, topic):
        return topic.posts.count()

    class Meta:
        model = Topic
        fields = ["number", "heading"]

class DeepSerializer(serializers.ModelSerializer):
    class Meta:
        model = Topic
        fields = ["forum", "editor"]
        depth = 1

class OwnSerializer(serializers.ModelSerializer):
    def to_representation(self, instance):
        data = super().to_representation(instance)
        data["editor"] = instance.editor.username
        return data

    class Meta:
        model = Topic
        fields = ["forum"]

class BackSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="profile.user.username")

    class Meta:
        model = get_user_model()
        fields = ["name"]

class LabelSerializer(serializers.Serializer):
    posts = serializers.StringRelatedField(many=True)
"#,
    )];
    check(
        &files,
        r#"
from django.contrib.auth import get_user_model
from rest_framework import generics
from rest_framework.response import Response
from .models import Topic
from .serializers import *

class Keys(generics.ListAPIView):  # 1
    queryset = Topic.objects.all()
    serializer_class = KeysSerializer

class TagKeys(generics.ListAPIView):  # 1 + N
    queryset = Topic.objects.all()
    serializer_class = TagKeysSerializer

class Nested(generics.ListAPIView):  # 1 + 2·N
    queryset = Topic.objects.all()
    serializer_class = NestedSerializer

class NestedLoaded(generics.ListAPIView):  # 2
    serializer_class = NestedSerializer

    def get_queryset(self):
        return Topic.objects.select_related("forum").prefetch_related("posts")

class Source(generics.ListAPIView):  # 1 + N
    queryset = Topic.objects.all()
    serializer_class = SourceSerializer

class Method(generics.ListAPIView):  # 1 + 2·N
    queryset = Topic.objects.all()
    serializer_class = MethodSerializer

class Deep(generics.ListAPIView):  # 1 + 4·N
    queryset = Topic.objects.all()
    serializer_class = DeepSerializer

class Own(generics.ListAPIView):  # 1 + N
    queryset = Topic.objects.all()
    serializer_class = OwnSerializer

class Label(generics.ListAPIView):  # 1 + N
    queryset = Topic.objects.all()
    serializer_class = LabelSerializer

class Back(generics.ListAPIView):  # 1 + N
    queryset = get_user_model().objects.all()
    serializer_class = BackSerializer

class One(generics.RetrieveAPIView):  # 3
    queryset = Topic.objects.all()
    serializer_class = NestedSerializer

class Chosen(generics.ListAPIView):  # 1
    queryset = Topic.objects.all()

    def get_serializer_class(self):
        if self.request.method == "POST":
            return NestedSerializer
        return KeysSerializer

def explicit(request):  # 1 + N
    return Response(SourceSerializer(Topic.objects.all(), many=True).data)

def twice(request):  # 1 + N
    serializer = SourceSerializer(instance=Topic.objects.all(), many=True)
    print(serializer.data)
    return Response(serializer.data)

def one(request, pk):  # 2
    return Response(SourceSerializer(Topic.objects.get(pk=pk)).data)
"#,
    );
}

#[test]
fn fields_of_a_model_that_is_not_in_the_input_are_columns() {
    check(
        &[],
        r#"
from rest_framework import generics, serializers
from elsewhere.models import Licence

class LicenceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Licence
        fields = ["title", "holders", "object_url"]

class Licences(generics.ListAPIView):  # 1
    queryset = Licence.objects.all()
    serializer_class = LicenceSerializer
"#,
    );
}

#[test]
fn the_admin_lists_its_columns() {
    check(
        &[],
        r#"
from django.contrib import admin
from .models import Post, Topic, Forum

@admin.register(Topic)
class Joined(admin.ModelAdmin):  # 3
    list_display = ["title", "forum"]

@admin.register(Topic)
class Nullable(admin.ModelAdmin):  # 3 + N
    list_display = ["title", "forum", "editor"]

@admin.register(Topic)
class Named(admin.ModelAdmin):  # 3
    list_display = ["title", "forum", "editor"]
    list_select_related = ["forum", "editor"]

@admin.register(Topic)
class Method(admin.ModelAdmin):  # 2 + 2·N
    list_display = ["title", "number", "heading"]
    show_full_result_count = False

    def number(self, topic):
        return topic.posts.count()

class Registered(admin.ModelAdmin):  # 3 + N
    list_display = ("topic_title",)

    def topic_title(self, post):
        return post.topic.title

admin.site.register(Post, Registered)

@admin.register(Forum)
class Bare(admin.ModelAdmin):  # 3
    pass
"#,
    );
}
