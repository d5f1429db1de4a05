//! A small project with one N+1.

use serde_json::Value;

use crate::harness::Folder;

pub const MODELS: &str = "\
from django.db import models


class Forum(models.Model):
    name = models.CharField(max_length=80)


class Topic(models.Model):
    forum = models.ForeignKey(Forum, on_delete=models.CASCADE)
    title = models.CharField(max_length=200)
";

/// The foreign key is fetched in line 7, of the rows that line 5 asks for.
pub const VIEWS: &str = "\
from forum.models import Topic


def feed(request):
    topics = Topic.objects.all()
    return [
        (topic.title, topic.forum.name) for topic in topics
    ]
";

/// As [`VIEWS`], without the fault.
pub fn sound() -> String {
    VIEWS.replace("objects.all()", "objects.all().select_related(\"forum\")")
}

pub fn forum(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("forum/models.py", MODELS).file("forum/views.py", VIEWS).file("forum/__init__.py", "");
    folder
}

/// The rules of a report's findings, in order.
pub fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}
