//! What is sent where tests are decided by what a caller gives.

use super::tests::{MODELS, check_with};

fn check(code: &str) {
    check_with(&[("forum/models.py", MODELS)], code);
}

#[test]
fn flags_of_the_caller_decide() {
    check(
        r#"
from .models import Topic

def shown(topic, full=False):
    if full and topic.forum:
        return topic.forum.name
    return topic.title

def plain():  # 1
    return [shown(topic) for topic in Topic.objects.all()]

def whole():  # 1 + N
    return [shown(topic, full=True) for topic in Topic.objects.all()]

def named(topic, **options):
    if "full" in options or options.get("forum"):
        return topic.forum.name
    return topic.title

def by_keyword():  # 1
    return [named(topic) for topic in Topic.objects.all()]

def by_given_keyword():  # 1 + N
    return [named(topic, forum=True) for topic in Topic.objects.all()]
"#,
    );
}

#[test]
fn a_row_that_is_there_needs_no_other() {
    check(
        r#"
from .models import Forum, Topic

def found(topic=None):
    topic = topic or Topic.objects.first()
    return topic.title

def given():  # 1
    return [found(topic) for topic in Topic.objects.all()]

def not_given():  # 1
    return found()

def perhaps(pk):  # 2
    topic = Topic.objects.filter(pk=pk).first()
    return topic or Topic.objects.last()

def one_way(pk, wanted):  # 2
    topic = None
    if wanted:
        topic = Topic.objects.get(pk=pk)
    if not topic:
        topic = Topic.objects.last()
    return topic

def falls_off(pk):
    if pk:
        return Topic.objects.get(pk=pk)

def after_falling_off(pk):  # 2
    return falls_off(pk) or Topic.objects.last()

class Reader:
    def read(self, pk):  # 2
        if pk:
            self.topic = Topic.objects.get(pk=pk)
        if not self.topic:
            self.topic = Topic.objects.last()

def last_of_loop(pks):  # N
    topic = None
    for pk in pks:
        if not topic:
            topic = Topic.objects.get(pk=pk)
"#,
    );
}

#[test]
fn types_of_what_is_given_decide() {
    check(
        r#"
from .models import Forum, Topic

def topic_of(given):
    if isinstance(given, int):
        given = Topic.objects.get(pk=given)
    if type(given) in (str, bool):
        given = Topic.objects.get(title=given)
    return given

def of_row():  # 1
    return [topic_of(topic) for topic in Topic.objects.all()]

def of_number():  # 1
    return topic_of(3)

def of_text():  # 1
    return topic_of("news")

def forum_of(given):
    if isinstance(given, Topic):
        return given.forum.name
    return given.name

def of_forums():  # 1
    return [forum_of(forum) for forum in Forum.objects.all()]

def of_topics():  # 1 + N
    return [forum_of(topic) for topic in Topic.objects.all()]

def of_nothing():  # 0
    return getattr(None, "forum", None) or forum_of(Forum())
"#,
    );
}
