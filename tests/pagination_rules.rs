//! The rules of how many rows are asked for, and which: what they flag, and what only looks like it.

#[allow(dead_code)]
#[path = "support/cases.rs"]
mod cases;

use cases::Files;
use roundtrip::model::Confidence;

const MODELS: &str = "\
from django.db import models
from django.db.models.functions import Lower


class Post(models.Model):
    text = models.CharField(max_length=200)
    topic = models.IntegerField(db_index=True)


class Note(models.Model):
    text = models.CharField(max_length=200)

    class Meta:
        ordering = [\"pk\"]


class Label(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        ordering = [Lower(\"name\")]
";

fn check(code: &str) {
    let code =
        format!("from django.core.paginator import Paginator\nfrom forum.models import Label, Note, Post\n{code}");
    let files: Files = [("forum/models.py".to_owned(), MODELS.to_owned()), ("forum/views.py".to_owned(), code)].into();
    cases::as_marked(&cases::review(&files, &["pagination"], "5.2"), &files);
}

#[test]
fn pages_want_an_order() {
    check(
        "
def shown(request):
    page = Paginator(Post.objects.filter(topic=1), 20).get_page(1)
    return [post.text for post in page]  # RT703

def second(request):
    return list(Post.objects.filter(topic=1)[20:40])  # RT703

def ordered(request):
    page = Paginator(Post.objects.filter(topic=1).order_by(\"pk\"), 20).get_page(1)
    return [post.text for post in page]

def by_default(request):
    page = Paginator(Note.objects.filter(text=\"x\"), 20).get_page(1)
    return [note.text for note in page]

def by_expression(request):
    page = Paginator(Label.objects.all(), 20).get_page(1)
    return [label.name for label in page]

def any_three(request):
    return list(Post.objects.filter(topic=1)[:3])

def one(request):
    return Post.objects.filter(topic=1)[0]

def unknown(request, posts):
    return [post.text for post in Paginator(posts, 20).get_page(1)]
",
    );
}

#[test]
fn whole_tables_are_for_nobody() {
    check(
        "
def all_posts(request):
    return [post.text for post in Post.objects.order_by(\"pk\")]  # RT701

def some(request):
    return [post.text for post in Post.objects.filter(topic=1).order_by(\"pk\")]

def newest(request):
    return [post.text for post in Post.objects.order_by(\"-pk\")[:20]]
",
    );
}

#[test]
fn rows_that_are_skipped_or_shuffled() {
    check(
        "
def far(request):
    return list(Post.objects.order_by(\"pk\")[2000:2020])  # RT704

def near(request):
    return list(Post.objects.order_by(\"pk\")[20:40])

def any_one(request):
    return Post.objects.filter(topic=1).order_by(\"?\").first()  # RT705

def shuffled(request):
    posts = Post.objects.order_by(\"?\")
    return posts.order_by(\"pk\")[:3]

def counted(request):
    return Post.objects.order_by(\"?\").count()
",
    );
}

#[test]
fn a_list_of_an_api_is_in_the_order_that_its_view_names() {
    let views = "
from rest_framework import filters, pagination, viewsets
from forum.models import Post

class Named(viewsets.ModelViewSet):
    queryset = Post.objects.all()
    ordering = [\"id\"]

class Other(viewsets.ModelViewSet):  # RT703
    queryset = Post.objects.all()
    ordering_fields = [\"id\"]

class Unfiltered(viewsets.ModelViewSet):  # RT703
    queryset = Post.objects.all()
    filter_backends = [filters.SearchFilter]
    ordering = [\"id\"]

class Own(viewsets.ModelViewSet):
    queryset = Post.objects.all()
    filter_backends = [filters.OrderingFilter]
    ordering = \"-topic\"

    def list(self, request):
        page = self.paginate_queryset(self.filter_queryset(Post.objects.filter(topic=1)))
        return [post.text for post in page]

class Synchronised(pagination.CursorPagination):
    ordering = \"pk\"

class Cursor(viewsets.ModelViewSet):
    queryset = Post.objects.all()
    pagination_class = Synchronised
";
    let settings = "INSTALLED_APPS = [\"forum\"]
REST_FRAMEWORK = {
    \"DEFAULT_PAGINATION_CLASS\": \"rest_framework.pagination.PageNumberPagination\",
    \"DEFAULT_FILTER_BACKENDS\": [\"rest_framework.filters.OrderingFilter\"],
}
";
    let files: Files = [("forum/models.py", MODELS), ("forum/views.py", views), ("site/settings.py", settings)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    cases::as_marked(&cases::review(&files, &["RT703"], "5.2"), &files);
    // By the settings, none is ordered.
    let plain = settings.replace("filters.OrderingFilter", "filters.SearchFilter");
    let files: Files = files
        .into_iter()
        .map(|(path, text)| (path.clone(), if path.ends_with("settings.py") { plain.clone() } else { text }))
        .collect();
    let told = cases::review(&files, &["RT703"], "5.2");
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn one_row_is_in_order_and_an_order_may_be_taken_away() {
    check(
        "
def one(request):
    page = Paginator(Post.objects.filter(pk=request.GET[\"pk\"]), 20).get_page(1)
    return [post.text for post in page]

def but_one(request):
    page = Paginator(Post.objects.exclude(pk=request.GET[\"pk\"]), 20).get_page(1)
    return [post.text for post in page]  # RT703
",
    );
    let code = "from django.core.paginator import Paginator\nfrom forum.models import Note\n\ndef quick(request):\n    \
                page = Paginator(Note.objects.order_by(), 20).get_page(1)\n    return [note.text for note in page]\n";
    let files: Files = [("forum/models.py", MODELS), ("forum/views.py", code)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    let told = cases::review(&files, &["RT703"], "5.2");
    assert!(matches!(told.as_slice(), [one] if one.confidence == Confidence::Possible), "{told:?}");
}
