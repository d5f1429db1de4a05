//! RT601 to RT604 and RT607

use roundtrip::model::Confidence;

use crate::harness::{advice_only, becomes, check, files, named, review, silent, unsure};

#[test]
fn rows_created_one_by_one_are_flagged() {
    check(
        "
def add(request, item, texts):
    for text in texts:
        Note.objects.create(item=item, text=text)  # RT601

def by_hand(request, item):
    for text in request.POST.getlist('text'):
        note = Note(item=item)
        note.text = text
        note.save()  # RT601

def children(request, pk, titles):
    shop = Shop.objects.get(pk=pk)
    made = []
    for title in titles:
        made.append(shop.items.create(title=title))  # RT601
    return made

def listed(request, item, texts):
    return [Note.objects.create(item=item, text=text) for text in texts]  # RT601

def _note(item, text):
    Note.objects.create(item=item, text=text)

def helped(request, item, texts):
    for text in texts:
        _note(item, text)  # RT601
",
    );
}

#[test]
fn a_loop_is_told_once_whoever_gives_it_its_items() {
    check(
        "
def _add(item, texts):
    for text in texts:
        Note.objects.create(item=item, text=text)  # RT601

def add(request, item, texts):
    print([text.strip() for text in texts])
    _add(item, texts)

def some(request, item):
    _add(item, list(request.POST))
",
    );
}

#[test]
fn rows_that_must_be_created_one_by_one_stay_silent() {
    silent(
        "
from django.db import IntegrityError, transaction

def key_needed(request, shop, titles):
    for title in titles:
        item = Item.objects.create(shop=shop, title=title)
        Note.objects.create(item=item, text='new')
        item.tags.add(1)

def passed_on(request, shop, titles, tell):
    for title in titles:
        item = Item.objects.create(shop=shop, title=title)
        tell(item)

def own_save(request):
    for number in request.GET.getlist('n'):
        Loud.objects.create(count=number)

def each_may_fail(request, names):
    for name in names:
        try:
            Tag.objects.create(name=name)
        except IntegrityError:
            continue

def each_in_its_own_transaction(request, item, texts):
    for text in texts:
        with transaction.atomic():
            Note.objects.create(item=item, text=text)

def few(request, item):
    for text in ('a', 'b', 'c'):
        Note.objects.create(item=item, text=text)

def only_missing(request, item, texts):
    for text in texts:
        if Note.objects.filter(item=item).count() < 5:
            Note.objects.create(item=item, text=text)

def retried(request, item):
    while True:
        Note.objects.create(item=item, text='again')
        if request:
            continue

def once(request, item, texts):
    for text in texts:
        if text:
            Note.objects.create(item=item, text=text)
            break

def _import(shop, row):
    item = Item.objects.create(shop=shop, title=row['title'])
    Note.objects.create(item=item, text=row['text'])

def imports(request, shop, rows):
    for row in rows:
        _import(shop, row)
",
    );
}

#[test]
fn rows_are_created_with_one_statement() {
    becomes(
        "
def add(request, item, texts):
    for text in texts:
        Note.objects.create(item=item, text=text)
",
        "RT601",
        "
def add(request, item, texts):
    Note.objects.bulk_create([Note(item=item, text=text) for text in texts], batch_size=1000)
",
    );
    becomes(
        "
def add(request, item):
    for text in request.POST.getlist('text'):
        if not text:
            continue
        note = Note(item=item)
        note.text = text.strip()
        note.save()  # the last one
",
        "RT601",
        "
def add(request, item):
    rows = []
    for text in request.POST.getlist('text'):
        if not text:
            continue
        note = Note(item=item)
        note.text = text.strip()
        rows.append(note)  # the last one
    Note.objects.bulk_create(rows, batch_size=1000)
",
    );
    for code in [
        // The function may end in the loop.
        "\ndef f(request, item, texts):\n    for text in texts:\n        if not text:\n            return 1\n        Note.objects.create(item=item, text=text)\n",
        "\ndef f(request, pk, titles):\n    shop = Shop.objects.get(pk=pk)\n    for title in titles:\n        shop.items.create(title=title)\n",
        "\ndef f(request, item, texts):\n    return [Note.objects.create(item=item, text=text) for text in texts]\n",
    ] {
        advice_only(code, "RT601");
    }
}

#[test]
fn rows_saved_one_by_one_are_flagged() {
    check(
        "
def rename(request):
    for item in Item.objects.all():
        item.title = item.title.strip()
        item.save()  # RT602

def some(request, items):
    for item in Item.objects.filter(pk__in=items):
        if item.title:
            item.state = 'old'
            item.save(update_fields=['state'])  # RT602

def _rename(item):
    item.title = item.title.strip()
    item.save()

def helped(request):
    for item in Item.objects.all():
        _rename(item)  # RT602

def values(request, titles):
    for pk, title in titles:
        Item.objects.filter(pk=pk).update(title=title)  # RT602
",
    );
}

#[test]
fn rows_that_must_be_saved_one_by_one_stay_silent() {
    silent(
        "
import requests
from django.db import transaction

def own_save(request):
    for loud in Loud.objects.all():
        loud.count = len(request.POST)
        loud.save()

def nothing_changed(request):
    for item in Item.objects.all():
        item.save()

def handled(request):
    for item in Item.objects.all():
        item.title = item.title.strip()
        try:
            item.save()
        except Exception as error:
            print(error)

def slow(request):
    for item in Item.objects.all():
        item.title = requests.get('https://example.org/' + item.title).text
        item.save(update_fields=['title'])

def alone(request):
    for item in Item.objects.all():
        with transaction.atomic():
            item.title = item.title.strip()
            item.save()

def progress(request, item, parts):
    for part in parts:
        item.title = part
        item.save(update_fields=['title'])

def first(request):
    for item in Item.objects.all():
        item.title = 'first'
        item.save()
        break

def swapped(request):
    for item in Item.objects.filter(state='new'):
        if Item.objects.filter(pk=item.pk, state='new').update(state=item.title):
            print(item.pk)
",
    );
}

#[test]
fn rows_are_saved_with_one_statement() {
    becomes(
        "
def rename(request):
    for item in Item.objects.all():
        if item.stock:
            item.state = 'here'
        item.title = item.title.strip()
        item.save()
    return 1
",
        "RT602",
        "
def rename(request):
    rows = []
    for item in Item.objects.all():
        if item.stock:
            item.state = 'here'
        item.title = item.title.strip()
        rows.append(item)
    Item.objects.bulk_update(rows, ['state', 'title'], batch_size=1000)
    return 1
",
    );
    for code in [
        // What is called may set more.
        "\ndef f(request, fill):\n    for item in Item.objects.all():\n        item.title = item.title.strip()\n        fill(item)\n        item.save()\n",
        // The row is asked afterwards.
        "\ndef f(request):\n    for item in Item.objects.all():\n        item.title = item.title.strip()\n        item.save()\n        print(item.title)\n",
    ] {
        advice_only(code, "RT602");
    }
}

#[test]
fn rows_that_get_the_same_value_are_flagged() {
    check(
        "
from django.db.models import F
from django.utils import timezone

def close(request, pk):
    shop = Shop.objects.get(pk=pk)
    for item in shop.items.all():
        item.state = 'closed'
        item.save()  # RT603

def count(request):
    for item in Item.objects.filter(state='new'):
        item.sold = F('sold') + 1
        item.save(update_fields=['sold'])  # RT603

def seen(request):
    for item in Item.objects.filter(state='new'):
        item.seen_at = timezone.now()
        item.save()  # RT603

def by_key(request):
    for item in Item.objects.filter(state='new'):
        Item.objects.filter(pk=item.pk).update(state='old')  # RT603
",
    );
    // Each gets another one; another row is saved; more is done.
    check(
        "
import uuid

def tokens(request):
    for item in Item.objects.all():
        item.title = uuid.uuid4().hex
        item.save()  # RT602

def numbered(request):
    for number, item in enumerate(Item.objects.all()):
        item.sold = number
        item.save()  # RT602

def told(request):
    for item in Item.objects.all():
        item.state = 'old'
        item.save()  # RT602
        Note.objects.create(item=item, text='old')  # RT601
",
    );
}

#[test]
fn rows_are_updated_with_one_statement() {
    becomes(
        "
from django.db.models import F

def count(request, state):
    for item in Item.objects.filter(state='new'):
        item.sold = F('sold') + 1
        item.state = state
        item.save()
",
        "RT603",
        "
from django.db.models import F

def count(request, state):
    Item.objects.filter(state='new').update(sold=F('sold') + 1, state=state)
",
    );
    for code in [
        "\ndef f(request):\n    for item in Item.objects.all()[:50]:\n        item.state = 'x'\n        item.save()\n",
        // The rows are shown with what they have.
        "\ndef f(request):\n    items = Item.objects.filter(state='new')\n    for item in items:\n        item.state = 'x'\n        item.save()\n    return list(items)\n",
        "\ndef f(request):\n    for item in list(Item.objects.all()):\n        item.state = 'x'\n        item.save()\n",
        "\ndef f(request):\n    for item in Item.objects.all():\n        # why\n        item.state = 'x'\n        item.save()\n",
    ] {
        advice_only(code, "RT603");
    }
}

#[test]
fn rows_looked_for_and_made_one_by_one_are_flagged() {
    check(
        "
def tags(request, names):
    for name in names:
        Tag.objects.get_or_create(name=name)  # RT604

def votes(request, items):
    for item in items:
        Vote.objects.update_or_create(item_id=item, user=request.user, defaults={'value': 2})  # RT604
",
    );
    unsure(
        "
def tags(request, item, names):
    found = []
    for name in names:
        tag, created = Tag.objects.get_or_create(name=name)
        found.append(tag)
    return found
",
    );
    silent(
        "
def own_save(request, counts):
    for count in counts:
        Loud.objects.get_or_create(count=count)

def few(request):
    for name in ['a', 'b']:
        Tag.objects.get_or_create(name=name)

def each_may_fail(request, names):
    for name in names:
        try:
            Tag.objects.get_or_create(name=name)
        except Exception:
            pass
",
    );
}

#[test]
fn a_unique_constraint_decides_for_all_rows() {
    becomes(
        "
def votes(request, items):
    for item in items:
        Vote.objects.get_or_create(item_id=item, user=request.user, defaults={'value': 2})
",
        "RT604",
        "
def votes(request, items):
    Vote.objects.bulk_create(
        [Vote(item_id=item, user=request.user, value=2) for item in items],
        ignore_conflicts=True,
        batch_size=1000,
    )
",
    );
    for code in [
        // No constraint.
        "\ndef f(request, item, texts):\n    for text in texts:\n        Note.objects.get_or_create(item=item, text=text)\n",
        // The engine is not known.
        "\ndef f(request, names):\n    for name in names:\n        Tag.objects.update_or_create(name=name, defaults={'name': name})\n",
    ] {
        advice_only(code, "RT604");
    }
}

#[test]
fn rows_deleted_and_linked_one_by_one_are_flagged() {
    check(
        "
def clear(request, pk):
    shop = Shop.objects.get(pk=pk)
    for item in shop.items.filter(state='old'):
        item.delete()  # RT607

def tag(request, pk, tags):
    item = Item.objects.get(pk=pk)
    for tag in tags:
        item.tags.add(tag)  # RT607

def untag(request, pk):
    item = Item.objects.get(pk=pk)
    for tag in Tag.objects.filter(name__startswith='x'):
        item.tags.remove(tag)  # RT607
",
    );
    silent(
        "
def each_its_own(request, tag):
    for item in Item.objects.all():
        item.tags.add(tag)

def many_at_once(request, pk, groups):
    item = Item.objects.get(pk=pk)
    for one, other in groups:
        item.tags.add(one, other)

def first(request):
    for item in Item.objects.all():
        item.delete()
        break

def handled(request):
    for item in Item.objects.all():
        try:
            item.delete()
        except Exception:
            pass
",
    );
}

#[test]
fn what_costs_little_beside_the_rest_or_may_be_meant_is_doubted() {
    for code in [
        // The model is not known, and its delete() may be its own.
        "
def delete_queryset(self, request, queryset):
    for row in queryset.filter(pk=1):
        row.delete()
",
        "
def sort(request, pk, names):
    item = Item.objects.get(pk=pk)
    for name in names:
        if name.startswith('x'):
            item.tags.add(name)
",
        // They come one after the other, not to be kept.
        "
def rename(request):
    for item in Item.objects.iterator(chunk_size=50):
        item.title = item.title.strip()
        item.save()
",
        "
def _rename(item: Item):
    item.title = item.title.strip()
    item.save()

def rename(request, items: list[Item]):
    for item in items:
        _rename(item)
",
    ] {
        unsure(code);
    }
}

#[test]
fn what_an_action_of_the_admin_is_given_was_ticked() {
    let action = "
from django.contrib import admin
from django.db.models import QuerySet

class ItemAdmin(admin.ModelAdmin):
    actions = ['close']

    def close(self, request, qs: QuerySet[Item]):
        for item in qs:
            item.state = 'closed'
            item.save()

def close_all(request):
    for item in Item.objects.filter(state='open'):
        item.state = 'closed'
        item.save()
";
    let found = review(&named("shop/admin.py", action));
    let sure: Vec<bool> = found.iter().map(|finding| finding.confidence > Confidence::Possible).collect();
    assert_eq!(sure, [false, true], "{found:?}");
}

#[test]
fn a_method_of_the_row_may_give_each_another_value() {
    let code = "
from django.contrib.auth.models import User

def lock(request):
    for user in User.objects.filter(is_staff=False):
        user.is_active = False
        user.set_unusable_password()
        user.save()
";
    let advice = |code: &str| review(&files(code)).iter().map(|finding| finding.advice.clone()).collect::<String>();
    assert!(!advice(code).contains("the same value"), "{}", advice(code));
    assert!(!advice(code).is_empty());
}

#[test]
fn rows_are_deleted_and_linked_at_once() {
    becomes(
        "
def clear(request):
    items = Item.objects.filter(state='old')
    for item in items:
        item.delete()
",
        "RT607",
        "
def clear(request):
    items = Item.objects.filter(state='old')
    items.delete()
",
    );
    becomes(
        "
def tag(request, pk, names):
    item = Item.objects.get(pk=pk)
    for name in names:
        item.tags.add(name.strip())
",
        "RT607",
        "
def tag(request, pk, names):
    item = Item.objects.get(pk=pk)
    item.tags.add(*[name.strip() for name in names])
",
    );
    for code in [
        "\ndef f(request):\n    for item in Item.objects.all()[:50]:\n        item.delete()\n",
        "\ndef f(request):\n    for item in Item.objects.all():\n        if item.title:\n            item.delete()\n",
    ] {
        advice_only(code, "RT607");
    }
}

#[test]
fn a_set_that_is_written_down_is_no_memory_of_the_turns_before() {
    check(
        "
def load(request, names):
    for name in names:
        if name not in {'header', 'SUM'}:
            Note.objects.create(item_id=1, text=name)  # RT601
",
    );
    silent(
        "
def load(request, names):
    seen = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            Note.objects.create(item_id=1, text=name)
",
    );
}

#[test]
fn one_statement_for_all_does_what_the_single_ones_did() {
    // Who asks for each row whether it is new, gets no answer from one statement.
    unsure(
        "
def load(request, names):
    for name in names:
        tag, made = Tag.objects.get_or_create(name=name)
        if made:
            print('new')
",
    );
    // The constraint is on fewer columns: a row that differs in the rest would be left out in silence.
    advice_only(
        "\ndef load(request, items):\n    for item in items:\n        Vote.objects.get_or_create(item_id=item, user=request.user, value=1)\n",
        "RT604",
    );
    let findings = review(&files(
        "
from django.utils import timezone

def tick(request, keys):
    for item in Item.objects.filter(pk__in=keys):
        if item.state == 'open':
            item.seen_at = timezone.now()
        else:
            item.seen_at = None
        item.save()
",
    ));
    let told = findings.iter().find(|f| f.rule == "RT602").expect("flagged");
    assert!(!told.advice.contains("same value"), "{}", told.advice);
}

#[test]
fn rows_of_a_tree_are_rows() {
    check(
        "
from django.db import models
from mptt.models import MPTTModel

class Shelf(MPTTModel):
    hidden = models.BooleanField(default=False)

    def hide(self):
        for shelf in self.get_descendants():
            shelf.hidden = True
            shelf.save()  # RT603
",
    );
}

#[test]
fn a_model_that_is_looked_up_by_its_label_is_known() {
    check(
        "
from oscar.core.loading import get_model

Sheet = get_model('shop', 'Item')

def order(request, keys):
    for place, key in enumerate(keys):
        row = Sheet.objects.get(pk=key)
        row.sold = place
        row.save()  # RT602

def local(request, names):
    Slip = get_model('shop', 'Note')
    for name in names:
        Slip.objects.create(item_id=1, text=name)  # RT601
",
    );
}

/// Whether anything is said, and whether it is sure of it.
fn sure_of(path: &str, code: &str) -> Option<bool> {
    let findings = review(&named(path, code));
    findings.first().map(|finding| finding.confidence > Confidence::Possible)
}

#[test]
fn a_handful_of_things_is_a_hint_and_the_lines_of_a_file_are_not() {
    let items =
        "\ndef f(request, item, texts):\n    for text in texts:\n        Note.objects.create(item=item, text=text)\n";
    assert_eq!(sure_of("shop/views.py", items), Some(false));
    let lines = items.replace("in texts", "in csv.reader(texts)");
    assert_eq!(sure_of("shop/views.py", &format!("import csv\n{lines}")), Some(true));
    let rows =
        "\ndef f(request):\n    for item in Item.objects.all():\n        Note.objects.create(item=item, text='x')\n";
    assert_eq!(sure_of("shop/views.py", rows), Some(true));
    // Nobody waits for a command.
    let command = "
from django.core.management.base import BaseCommand

class Command(BaseCommand):
    def handle(self, *args, **options):
        for item in Item.objects.all():
            Note.objects.create(item=item, text='x')
";
    assert_eq!(sure_of("shop/management/commands/fill.py", command), Some(false));
}

#[test]
fn a_link_is_called_a_link() {
    let findings = review(&named(
        "shop/views.py",
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    for tag in Tag.objects.all():\n        item.tags.add(tag)\n",
    ));
    let said: Vec<&str> = findings.iter().filter(|f| f.rule == "RT607").map(|f| f.message.as_str()).collect();
    assert!(said.iter().all(|said| said.starts_with("Links one item to") && said.contains("link table")), "{said:?}");
    assert_eq!(said.len(), 1);
}

#[test]
fn what_is_looked_up_by_the_row_is_another_value_for_each() {
    let code = "
def titled(request, rows):
    titles = {row.pk: row.title for row in rows}
    for item in Item.objects.filter(state='new'):
        item.title = titles[item.pk]
        item.save()
";
    let findings = review(&files(code));
    let [found] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((found.rule.as_str(), found.advice.contains("bulk_update")), ("RT602", true), "{}", found.advice);
}

#[test]
fn a_slice_is_deleted_by_its_keys() {
    let advice = |rows: &str| {
        let code = format!("\ndef clear(request):\n    for item in {rows}:\n        item.delete()\n");
        let findings = review(&files(&code));
        findings.into_iter().find(|finding| finding.rule == "RT607").unwrap().advice
    };
    assert!(advice("Item.objects.order_by('-pk')[100:]").contains("pk__in"));
    assert_eq!(advice("Item.objects.filter(state='old')"), "Delete the queryset: filter(…).delete().");
}
