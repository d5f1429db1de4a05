//! RT504

use roundtrip::model::Confidence;

use crate::harness::{advice_only, becomes, check, files, review, silent};

#[test]
fn rows_made_because_none_was_found_are_flagged() {
    check(
        "
def vote(request, pk):
    if not Vote.objects.filter(item_id=pk, user=request.user).exists():
        Vote.objects.create(item_id=pk, user=request.user)  # RT504

def note(request, item):
    found = Note.objects.filter(item=item, text='x').first()
    if found is None:
        found = Note(item=item, text='x')
        found.save()  # RT504

def early(request, pk):
    item = Item.objects.get(pk=pk)
    if item.votes.filter(user=request.user).exists():
        return
    item.votes.create(user=request.user)  # RT504

def counted(request, name):
    n = Tag.objects.filter(name=name).count()
    if n == 0:
        Tag.objects.create(name=name)  # RT504

def shorter(request, name):
    return Tag.objects.filter(name=name).first() or Tag.objects.create(name=name)  # RT504
",
    );
    // The question stands in a helper.
    check(
        "
def has_voted(item, user):
    return Vote.objects.filter(item=item, user=user).exists()

def vote(request, pk):
    item = Item.objects.get(pk=pk)
    if has_voted(item, request.user):
        raise ValueError
    Vote.objects.create(item=item, user=request.user)  # RT504
",
    );
}

#[test]
fn what_a_constraint_or_a_lock_decides_stays_silent() {
    silent(
        "
from django.db import IntegrityError, transaction

def handled(request, name):
    if not Tag.objects.filter(name=name).exists():
        try:
            with transaction.atomic():
                Tag.objects.create(name=name)
        except IntegrityError:
            pass

def locked(request, pk):
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=pk)
        if not item.votes.filter(user=request.user).exists():
            Vote.objects.create(item=item, user=request.user)

def unique(request, name):
    tag, created = Tag.objects.get_or_create(name=name)
    return tag

def own_parent(request):
    shop = Shop.objects.create(name='x')
    if not Item.objects.filter(shop=shop).exists():
        Item.objects.create(shop=shop, title='x')

def another_row(request, item):
    if not Note.objects.filter(item=item, text='x').exists():
        Note.objects.create(item=item, text='y')

def another_model(request, name):
    if not Tag.objects.filter(name=name).exists():
        Shop.objects.create(name=name)

def found(request, name):
    if Tag.objects.filter(name=name).exists():
        Tag.objects.create(name=name)
",
    );
}

#[test]
fn the_constraint_decides() {
    becomes(
        "
def tag(request, name):
    tag = Tag.objects.filter(name=name).first()
    if tag is None:
        tag = Tag.objects.create(name=name)
    return tag
",
        "RT504",
        "
def tag(request, name):
    tag, created = Tag.objects.get_or_create(name=name)
    return tag
",
    );
    becomes(
        "
def vote(request, pk):
    if not Vote.objects.filter(item_id=pk, user=request.user).exists():
        Vote.objects.create(item_id=pk, user=request.user, value=2)
",
        "RT504",
        "
def vote(request, pk):
    Vote.objects.get_or_create(item_id=pk, user=request.user, defaults={\"value\": 2})
",
    );
}

#[test]
fn no_constraint_is_taken_for_granted_and_no_pair_for_a_row() {
    for code in [
        // No constraint covers the fields.
        "\ndef f(request, item):\n    if not Note.objects.filter(item=item, text='x').exists():\n        Note.objects.create(item=item, text='x')\n",
        // More happens where there was none.
        "\ndef f(request, name):\n    tag = Tag.objects.filter(name=name).first()\n    if tag is None:\n        tag = Tag.objects.create(name=name)\n        print(tag)\n    return tag\n",
        // `created` is another's name.
        "\ndef f(request, name, created):\n    tag = Tag.objects.filter(name=name).first()\n    if tag is None:\n        tag = Tag.objects.create(name=name)\n    return tag, created\n",
    ] {
        advice_only(code, "RT504");
    }
}

#[test]
fn the_question_is_seen_in_whatever_form() {
    check(
        "
from django.contrib.auth.models import User
from django.db import models

class Extra(models.Model):
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name='extra')

def extra_of(item: Item):
    if hasattr(item, 'extra'):
        return item.extra
    return Extra.objects.create(item=item)  # RT504

def newest(name, tags=Tag.objects.all()):
    tag = tags.filter(name=name).first()
    if tag is None:
        tag = Tag.objects.create(name=name)  # RT504
    return tag

def system_user(request):
    try:
        return User.objects.get(username='system')
    except User.DoesNotExist:
        return User.objects.create_user('system', 'system@example.org')  # RT504
",
    );
    silent(
        "
from django.contrib.auth.models import User
from django.db import models

class Extra(models.Model):
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name='extra')

def extra_of(item: Item):
    if hasattr(item, 'extra'):
        return item.extra
    extra, made = Extra.objects.get_or_create(item=item)
    return extra

def of_another(item: Item, other: Item):
    if not hasattr(item, 'extra'):
        Extra.objects.create(item=other)

def another_user(request):
    if not User.objects.filter(username='system').exists():
        User.objects.create_user('other', 'system@example.org')
",
    );
}

#[test]
fn no_constraint_is_advised_that_would_forbid_more_than_the_query_asks_for() {
    let told = |code: &str| {
        let findings = review(&files(code));
        let found = findings.iter().find(|f| f.rule == "RT504").expect(code);
        (found.message.clone(), found.advice.clone())
    };
    let (message, advice) = told(
        "\ndef f(request, item, now):\n    if not Note.objects.filter(item=item, text='x', item__seen_at__gt=now).exists():\n        Note.objects.create(item=item, text='x')\n",
    );
    assert!(advice.contains("condition") && !advice.contains("(item, text)"), "{advice}");
    assert!(!message.contains("get()"), "{message}");
    let (message, advice) = told(
        "\ndef f(request, item):\n    try:\n        Note.objects.get(item=item, text='x')\n    except Note.DoesNotExist:\n        Note.objects.create(item=item, text='x')\n",
    );
    assert!(advice.contains("(item, text)"), "{advice}");
    assert!(message.contains("this get() raises"), "{message}");
}

/// The confidence of the only finding of a rule.
fn how_sure(code: &str, rule: &str) -> Option<Confidence> {
    let findings = review(&files(code));
    let mut found = findings.iter().filter(|finding| finding.rule == rule);
    let first = found.next().map(|finding| finding.confidence);
    assert!(found.next().is_none(), "{findings:?}");
    first
}

const KEY: &str = "
class Badge(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name='badges')
    name = models.CharField(max_length=20)
    other = models.CharField(max_length=20, default='')

    class Meta:
        unique_together = [('shop', 'name')]

class Line(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name='lines')
    name = models.CharField(max_length=20)
";

fn with_models(more: &str, code: &str) -> Vec<roundtrip::model::Finding> {
    let mut files = files(code);
    if let Some(models) = files.get_mut("shop/models.py") {
        models.push_str(more);
    }
    review(&files)
}

#[test]
fn a_constraint_decides_whatever_the_query_asks_for_beside() {
    let either = with_models(
        KEY,
        "
from django.db.models import Q
from shop.models import Badge

def badge(request, shop, name):
    found = Badge.objects.filter(shop=shop).filter(Q(name=name) | Q(other=name)).first()
    return found or Badge.objects.create(shop=shop, name=name)
",
    );
    assert_eq!(either.len(), 1, "{either:?}");
    assert!(either[0].message.contains("IntegrityError"), "{:?}", either[0].message);
    // The parent of a manager's rows is part of it.
    let related = with_models(
        KEY,
        "
def badge(request, pk, name):
    shop = Shop.objects.get(pk=pk)
    if not shop.badges.filter(name=name).exists():
        shop.badges.create(name=name)
",
    );
    assert_eq!(related.len(), 1, "{related:?}");
    assert!(related[0].message.contains("IntegrityError"), "{:?}", related[0].message);
    // A constraint without it would let no other shop have the name.
    let free = with_models(
        KEY,
        "
def line(request, pk, name):
    shop = Shop.objects.get(pk=pk)
    if not shop.lines.filter(name=name).exists():
        shop.lines.create(name=name)
",
    );
    assert!(free.iter().any(|finding| finding.advice.contains("covers (name, shop)")), "{free:?}");
}

#[test]
fn a_second_row_counts_where_something_asks_for_the_only_one() {
    let makes = "
def line(request, pk, name):
    if not Line.objects.filter(shop_id=pk, name=name).exists():
        Line.objects.create(shop_id=pk, name=name)
";
    let asks = "
def show(request, pk, name):
    return Line.objects.get(shop_id=pk, name=name)
";
    let sure = |code: &str| {
        let findings = with_models(KEY, &format!("from shop.models import Line\n{code}"));
        findings.iter().map(|finding| (finding.confidence, finding.message.contains("get()"))).collect::<Vec<_>>()
    };
    assert_eq!(sure(makes), [(Confidence::Possible, false)]);
    assert_eq!(sure(&format!("{makes}{asks}")), [(Confidence::Certain, true)]);
}

#[test]
fn a_row_that_is_made_once_for_good_is_a_hint() {
    let code = "
def settings(request):
    try:
        return Tag.objects.get(name='default')
    except Tag.DoesNotExist:
        return Tag.objects.create(name='default')
";
    assert_eq!(how_sure(code, "RT504"), Some(Confidence::Possible));
    assert_eq!(how_sure(&code.replace("'default'", "request.GET['name']"), "RT504"), Some(Confidence::Certain));
}

#[test]
fn no_constraint_spans_the_tables_of_parent_and_child() {
    let models = "
class Page(models.Model):
    title = models.CharField(max_length=20)

class Article(Page):
    body = models.CharField(max_length=20)

class Slugged(models.Model):
    slug = models.CharField(max_length=20, unique=True)

class Chapter(Slugged):
    body = models.CharField(max_length=20)
";
    let apart = with_models(
        models,
        "
from shop.models import Article

def article(request, title, body):
    if not Article.objects.filter(title=title, body=body).exists():
        Article.objects.create(title=title, body=body)
",
    );
    assert_eq!(apart.len(), 1, "{apart:?}");
    let advice = apart[0].advice.as_str();
    assert!(advice.contains("no constraint spans") && !advice.contains("UniqueConstraint"), "{advice}");
    let inherited = with_models(
        models,
        "
from shop.models import Chapter

def chapter(request, slug):
    if not Chapter.objects.filter(slug=slug).exists():
        Chapter.objects.create(slug=slug)
",
    );
    assert!(inherited.iter().any(|finding| finding.message.contains("IntegrityError")), "{inherited:?}");
}
#[test]
fn a_manager_that_looks_first_is_followed_through_the_one_that_wraps_it() {
    let models = "
from scopes import ScopedManager

class AskingManager(models.Manager):
    def create(self, **kwargs):
        return self.get_or_create(**kwargs)[0]

class Scoped(models.Model):
    name = models.CharField(max_length=20, unique=True)
    objects = ScopedManager(space='space', _manager_class=AskingManager)
";
    let found = with_models(
        models,
        "
from shop.models import Scoped

def scoped(request, name):
    return Scoped.objects.filter(name=name).first() or Scoped.objects.create(name=name)
",
    );
    assert!(found.iter().all(|finding| finding.rule != "RT504"), "{found:?}");
}
