//! One project for all cases: a forum with its models, and the code of a case beside them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use roundtrip::config::Config;
use roundtrip::model::Finding;
use roundtrip::review::{self, CodeFile, CodeInput, OtherFile};

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

pub type Files = BTreeMap<String, String>;

pub fn files(code: &str) -> Files {
    named("forum/views.py", code)
}

pub fn named(path: &str, code: &str) -> Files {
    let code = format!("{IMPORTS}{code}");
    [("forum/models.py".to_owned(), MODELS.to_owned()), (path.to_owned(), code)].into()
}

pub fn review(files: &Files, django: &str) -> Vec<Finding> {
    let listed = files.iter().map(|(path, text)| CodeFile { path: path.clone(), text: text.clone(), context: false });
    let others = vec![OtherFile { path: "requirements.txt".into(), text: format!("Django=={django}\n") }];
    let input = CodeInput { files: listed.collect(), others, ..CodeInput::default() };
    let config = Config { select: FAMILIES.iter().map(|name| (*name).to_owned()).collect(), ..Config::default() };
    let config = Config { hints: true, ..config };
    review::code(input, &config, &mut |_, _, _| ControlFlow::Continue(())).report.findings
}

/// `forum/views.py:12 RT101` for each finding.
pub fn told(findings: &[Finding]) -> Vec<String> {
    let place = |f: &Finding| format!("{}:{} {}", f.path.clone().unwrap_or_default(), f.line.unwrap_or(0), f.rule);
    findings.iter().map(place).collect()
}

fn marked(files: &Files) -> Vec<String> {
    let mut out = Vec::new();
    for (path, text) in files {
        for (at, line) in (1..).zip(text.split('\n')) {
            let codes = line.rsplit_once("  # RT").map_or("", |(_, codes)| codes);
            out.extend(codes.split_whitespace().map(|code| {
                let number = code.trim_start_matches("RT");
                format!("{path}:{at} RT{number}")
            }));
        }
    }
    out.sort();
    out
}

/// Flags exactly what the comments say, on the line that they stand on.
pub fn check(code: &str) {
    check_files(&files(code));
}

pub fn check_files(files: &Files) {
    let findings = review(files, "5.2");
    let mut found = told(&findings);
    found.sort();
    let text: String = findings.iter().map(|f| format!("\n  {} {:?}: {}", f.rule, f.line, f.message)).collect();
    assert_eq!(found, marked(files), "{text}\n{}", files.values().next_back().unwrap());
}

/// Says nothing at all.
pub fn silent(code: &str) {
    assert!(!code.contains("# RT"), "a silent case marks nothing");
    check(code);
}

/// The one file of a case after the first rewrite of a rule.
pub fn rewritten(code: &str, rule: &str) -> Option<String> {
    let mut files = files(code);
    let findings = review(&files, "5.2");
    let rewrite = findings.iter().find(|f| f.rule == rule).and_then(|f| f.rewrite.clone())?;
    for edit in rewrite.edits.iter().rev() {
        let text = files.get_mut(&edit.path)?;
        let source = roundtrip::text::Source::new(edit.path.clone(), text.as_str());
        let start = source.offset(edit.start_line, edit.start_column) as usize;
        let end = source.offset(edit.end_line, edit.end_column) as usize;
        text.replace_range(start..end, &edit.text);
    }
    files.remove("forum/views.py").map(|text| text.trim_start_matches(IMPORTS).to_owned())
}
