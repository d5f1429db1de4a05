//! One project for all cases: a shop with its models, and the code of a case beside them.

use roundtrip::model::{Confidence, Finding};

use crate::cases::{self, Files};

/// Codes that these tests are about; the others may say what they like.
const FAMILIES: [&str; 2] = ["concurrency", "bulk"];

pub const MODELS: &str = r#"
from django.conf import settings
from django.db import models


class Shop(models.Model):
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)


class Item(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="items")
    title = models.CharField(max_length=80)
    stock = models.IntegerField(default=0)
    sold = models.IntegerField(default=0)
    state = models.CharField(max_length=10, default="new")
    labels = models.JSONField(default=list)
    seen_at = models.DateTimeField(null=True)
    tags = models.ManyToManyField("Tag")


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Vote(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    value = models.IntegerField(default=1)

    class Meta:
        unique_together = [("item", "user")]


class Note(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE)
    text = models.CharField(max_length=200)


class Stamped(models.Model):
    count = models.IntegerField(default=0)
    changed = models.DateTimeField(auto_now=True)


class Loud(models.Model):
    count = models.IntegerField(default=0)

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        Note.objects.create(item_id=1, text="saved")
"#;

pub const IMPORTS: &str = "from shop.models import Item, Loud, Note, Shop, Stamped, Tag, Vote\n";

pub fn files(code: &str) -> Files {
    named("shop/views.py", code)
}

pub fn named(path: &str, code: &str) -> Files {
    let code = format!("{IMPORTS}{code}");
    [("shop/models.py".to_owned(), MODELS.to_owned()), (path.to_owned(), code)].into()
}

pub fn review(files: &Files) -> Vec<Finding> {
    cases::review(files, &FAMILIES, "5.2")
}

/// Flags exactly what the comments say, on the line that they stand on.
pub fn check(code: &str) {
    check_files(&files(code));
}

pub fn check_files(files: &Files) {
    cases::as_marked(&review(files), files);
}

/// Says nothing at all.
pub fn silent(code: &str) {
    assert!(!code.contains("# RT"), "a silent case marks nothing");
    check(code);
}

/// Says nothing that it is sure of.
pub fn unsure(code: &str) {
    let findings = review(&files(code));
    let sure: Vec<&Finding> = findings.iter().filter(|f| f.confidence > Confidence::Possible).collect();
    assert!(!findings.is_empty() && sure.is_empty(), "{findings:?}");
}

/// The one file of a case after the first rewrite of a rule, without the imports that every case has.
pub fn rewritten(code: &str, rule: &str) -> Option<String> {
    let files = files(code);
    let findings = review(&files);
    cases::rewritten(files, &findings, rule)?.remove("shop/views.py").map(|text| text.replace(IMPORTS, ""))
}

pub fn becomes(before: &str, rule: &str, after: &str) {
    assert_eq!(rewritten(before, rule).as_deref(), Some(after), "{rule}\n{before}");
}

/// It is flagged, and advice is all that it gets.
pub fn advice_only(code: &str, rule: &str) {
    let findings = review(&files(code));
    let found: Vec<&Finding> = findings.iter().filter(|f| f.rule == rule).collect();
    assert!(!found.is_empty(), "{rule} is not flagged\n{code}");
    assert!(found.iter().all(|f| f.rewrite.is_none()), "{:?}", found[0].rewrite);
}
