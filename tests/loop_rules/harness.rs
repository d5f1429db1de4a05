//! One project for all cases: a forum with its models, and the code of a case beside them.

use roundtrip::model::Finding;

use crate::cases::{self, Files};

/// Codes that these tests are about; the others may say what they like.
const FAMILIES: [&str; 2] = ["n-plus-one", "over-fetching"];

pub const MODELS: &str = r#"
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.functional import cached_property


class Forum(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)


class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="topics")
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    title = models.CharField(max_length=80)
    state = models.CharField(max_length=10)
    views = models.IntegerField(default=0)
    summary = models.TextField()
    tags = models.ManyToManyField("Tag")

    @property
    def last_post(self):
        return self.posts.order_by("-pk").first()

    @cached_property
    def banner(self):
        return Banner.objects.filter(forum_id=self.forum_id).first()

    def has_posts(self):
        return self.posts.exists()


class Post(models.Model):
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="posts")
    body = models.TextField()
    is_public = models.BooleanField(default=True)


class Tag(models.Model):
    name = models.CharField(max_length=20)


class Banner(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    text = models.TextField()


class Pin(models.Model):
    topic = models.OneToOneField(Topic, on_delete=models.CASCADE, related_name="pin")
    place = models.IntegerField()


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey("content_type", "object_id")
    text = models.TextField()


class Currency(models.Model):
    code = models.CharField(max_length=3, unique=True)


class Price(models.Model):
    currency = models.ForeignKey(Currency, to_field="code", on_delete=models.CASCADE)
    amount = models.IntegerField()
"#;

const IMPORTS: &str = "from forum.models import Banner, Currency, Forum, Note, Pin, Post, Price, Tag, Topic\n";

pub fn files(code: &str) -> Files {
    named("forum/views.py", code)
}

pub fn named(path: &str, code: &str) -> Files {
    let code = format!("{IMPORTS}{code}");
    [("forum/models.py".to_owned(), MODELS.to_owned()), (path.to_owned(), code)].into()
}

/// The models and files of a case's own.
pub fn with(own: &[(&str, &str)]) -> Files {
    let models = [("forum/models.py", MODELS)];
    models.iter().chain(own).map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

pub fn review(files: &Files, django: &str) -> Vec<Finding> {
    cases::review(files, &FAMILIES, django)
}

/// Flags exactly what the comments say, on the line that they stand on.
pub fn check(code: &str) {
    check_files(&files(code));
}

pub fn check_files(files: &Files) {
    cases::as_marked(&review(files, "5.2"), files);
}

/// Says nothing at all.
pub fn silent(code: &str) {
    assert!(!code.contains("# RT"), "a silent case marks nothing");
    check(code);
}

/// The one file of a case after the first rewrite of a rule.
pub fn rewritten(code: &str, rule: &str) -> Option<String> {
    let files = files(code);
    let findings = review(&files, "5.2");
    let text = cases::rewritten(files, &findings, rule)?.remove("forum/views.py")?;
    Some(text.trim_start_matches(IMPORTS).to_owned())
}
