//! How sure a statement is, and what is sent in its place on other ways.

use super::tests::{MODELS, traces};
use crate::model::Confidence;
use crate::trace::{Origin, Trace};

/// The statements of one function: its confidence and text, those of other ways behind it.
fn sent(code: &str, function: &str) -> Vec<(Confidence, String)> {
    let (_, traces) = traces(&[("forum/models.py", MODELS), ("forum/views.py", code)]);
    let is_wanted = |trace: &&Trace| matches!(&trace.origin, Origin::Code { function: own, .. } if own == function);
    let trace = traces.iter().find(is_wanted);
    let trace = trace.unwrap_or_else(|| panic!("{function} is not there"));
    let mut out = Vec::new();
    for (_, event, query) in trace.queries() {
        out.push((event.confidence, query.statement.sql.clone()));
        out.extend(query.others.iter().map(|other| (Confidence::Possible, other.sql.clone())));
    }
    out
}

fn confidences(code: &str, function: &str) -> Vec<Confidence> {
    sent(code, function).into_iter().map(|(confidence, _)| confidence).collect()
}

/// The part of each statement behind its tables.
fn conditions(code: &str, function: &str) -> Vec<String> {
    let tail = |sql: String| sql.split_once(" FROM ").map(|(_, tail)| tail.to_owned()).unwrap_or(sql);
    sent(code, function).into_iter().map(|(_, sql)| tail(sql)).collect()
}

#[test]
fn relations_of_rows_that_were_given_may_be_loaded() {
    let code = r#"
from .models import Topic

def given(topic: Topic):
    return topic.forum.name

def read(pk):
    return Topic.objects.get(pk=pk).forum.name

def looped(topics: list[Topic]):
    return [topic.forum.name for topic in topics]
"#;
    assert_eq!(confidences(code, "given"), [Confidence::Possible]);
    assert_eq!(confidences(code, "read"), [Confidence::Certain, Confidence::Certain]);
    assert_eq!(confidences(code, "looped"), [Confidence::Likely]);
}

#[test]
fn attributes_are_of_the_type_that_is_written_there() {
    let code = r#"
from django.http import HttpRequest
from .models import Topic

class OwnRequest(HttpRequest):
    topic: "Topic"

class Sender:
    def __init__(self, topic: Topic):
        self.topic = topic

    def send(self):
        return self.topic.posts.count()

def view(request: OwnRequest):
    return request.topic.posts.count()
"#;
    for function in ["Sender.send", "view"] {
        assert_eq!(conditions(code, function), ["forum_post WHERE forum_post.topic_id = ?"], "{function}");
    }
}

#[test]
fn each_way_to_a_queryset_has_its_statement() {
    let code = r#"
from .models import Topic

def refined(request):
    topics = Topic.objects.order_by("id")
    if request.GET.get("title"):
        topics = topics.filter(title=request.GET["title"])
    if request.GET.get("forum"):
        topics = topics.filter(forum=1)
    return topics.filter(created__gt=2)[:5]

def shown(request):
    return list(refined(request))
"#;
    let ways = conditions(code, "shown");
    assert_eq!(ways.len(), 4, "{ways:#?}");
    let alone = "forum_topic WHERE forum_topic.created > ? ORDER BY forum_topic.id ASC LIMIT ?";
    assert!(ways.iter().any(|way| way == alone), "{ways:#?}");
}

#[test]
fn ways_that_read_the_same_rows_differently_are_no_certain_statement() {
    let code = r#"
from .models import Topic

def topics(eager):
    rows = Topic.objects.order_by("id")
    if eager is True:
        rows = rows.select_related("forum")
    return list(rows)

def lazy():
    return topics(False)
"#;
    let both = sent(code, "topics");
    assert!(both[0].1.contains('…') && both[0].1.contains("JOIN"), "{both:#?}");
    assert!(!both[1].1.contains("JOIN"), "{both:#?}");
    assert_eq!(conditions(code, "lazy"), ["forum_topic ORDER BY forum_topic.id ASC"]);
}

#[test]
fn what_depends_on_rows_that_may_not_be_there_is_possible() {
    let code = r#"
from .models import Forum

def delete(pk):
    Forum.objects.get(pk=pk).delete()
"#;
    let sent = sent(code, "delete");
    let confidence = |part: &str| sent.iter().find(|(_, sql)| sql.contains(part)).map(|(confidence, _)| *confidence);
    assert_eq!(confidence("FROM forum_topic WHERE forum_topic.forum_id IN"), Some(Confidence::Certain));
    assert_eq!(confidence("DELETE FROM forum_post"), Some(Confidence::Possible));
    assert_eq!(confidence("DELETE FROM forum_forum"), Some(Confidence::Certain));
}

#[test]
fn an_own_save_makes_rows_too() {
    let code = r#"
from django.db import models
from .models import Forum

class Board(Forum):
    class Meta:
        proxy = True

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)

def found_or_made(name):
    forum = Forum.objects.filter(name=name).first()
    if forum is None:
        forum = Forum(name=name)
    forum.save()
"#;
    for function in ["Board.save", "found_or_made"] {
        let written: Vec<_> = sent(code, function).into_iter().filter(|(_, sql)| !sql.starts_with("SELECT")).collect();
        let verbs: Vec<&str> = written.iter().filter_map(|(_, sql)| sql.split(' ').next()).collect();
        assert_eq!(verbs, ["UPDATE", "INSERT"], "{function}");
    }
}

#[test]
fn what_a_class_below_has_another_of_is_partial() {
    let code = r#"
from .models import Topic

class Lists:
    def rows(self):
        return Topic.objects.all()

    def shown(self):
        return list(self.rows())

class Open(Lists):
    def rows(self):
        return Topic.objects.filter(editor=None)
"#;
    assert!(sent(code, "Lists.shown")[0].1.contains('…'));
}
