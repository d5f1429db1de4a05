//! One shop for all cases: its models, and the code of a case beside them.

use roundtrip::model::Finding;

use crate::cases::{self, Files};

pub const MODELS: &str = r#"
from django.conf import settings
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=80)
    limit = models.DecimalField(max_digits=9, decimal_places=2)
    groups = models.ManyToManyField("Group", through="Membership", related_name="customers")


class Group(models.Model):
    name = models.CharField(max_length=80)
    tags = models.ManyToManyField("Tag", related_name="groups")


class Membership(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")


class Tag(models.Model):
    name = models.CharField(max_length=20)
    slug = models.SlugField(unique=True)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    state = models.CharField(max_length=10, choices=[("open", "Open"), ("paid", "Paid")])
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    position = models.IntegerField(default=0)
    created = models.DateTimeField()
    took = models.DurationField()
    tags = models.ManyToManyField(Tag, related_name="orders")


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    price = models.DecimalField(max_digits=9, decimal_places=2)
    quantity = models.IntegerField()


class Note(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
"#;

const HEAD: &str = "from django.db.models import Avg, Case, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When\n\
from django.db.models.functions import Coalesce\n\
from shop.models import Customer, Group, Line, Membership, Note, Order, Tag\n\n\n";

pub fn files(body: &str) -> Files {
    let code = format!("{HEAD}{body}");
    [("shop/models.py", MODELS), ("shop/services.py", code.as_str())]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
}

pub fn review(body: &str) -> Vec<Finding> {
    reviewed(body, "5.2")
}

fn reviewed(body: &str, django: &str) -> Vec<Finding> {
    let families = ["aggregation"];
    cases::review(&files(body), &families, django)
}

/// Flagged is exactly what the comments of the case say.
pub fn check(body: &str) {
    cases::as_marked(&review(body), &files(body));
}

/// The code after the first rewrite of a rule; none where it has none.
pub fn rewritten(body: &str, rule: &str) -> Option<String> {
    let after = cases::rewritten(files(body), &review(body), rule)?;
    after.get("shop/services.py").and_then(|text| text.split_once("\n\n\n")).map(|(_, body)| body.to_owned())
}

/// The same with its imports, and for a version of Django.
pub fn rewritten_whole(body: &str, rule: &str, django: &str) -> Option<String> {
    let after = cases::rewritten(files(body), &reviewed(body, django), rule)?;
    after.get("shop/services.py").cloned()
}
