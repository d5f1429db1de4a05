//! RT503, RT505, RT512, RT513 and RT514

use roundtrip::model::{Confidence, Severity};

use crate::harness::{advice_only, becomes, check, check_files, named, review, silent, unsure};

#[test]
fn state_that_is_changed_by_what_was_read_is_flagged() {
    check(
        "
def sell(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'sold'
        item.save()  # RT505
        Note.objects.create(item=item, text='sold')

def early(request, pk, mail):
    item = Item.objects.get(pk=pk)
    if item.state != 'open':
        return 'sold out'
    item.state = 'sold'
    item.save(update_fields=['state'])  # RT505
    mail.delay(item.pk)

def label(request, pk):
    item = Item.objects.get(pk=pk)
    item.labels.append(request.POST['label'])
    item.save()  # RT505

def price(request, pk):
    item = Item.objects.get(pk=pk)
    item.stock = item.stock * 2
    item.save(update_fields=['stock'])  # RT505
",
    );
    unsure(
        "
def sell(item):
    if item.state == 'open':
        item.state = 'sold'
        item.save()
        Note.objects.create(item=item, text='sold')

def close(self: Item):
    if self.state == 'open':
        self.state = 'closed'
        self.save()
        Note.objects.create(item=self, text='closed')
",
    );
}

#[test]
fn what_is_lost_of_money_and_logins_is_grave_and_of_authors_is_not() {
    let severity = |path: &str| {
        let code =
            "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.labels.append('x')\n    item.save()\n";
        review(&named(path, code))[0].severity
    };
    assert_eq!(severity("shop/payments.py"), Severity::Blocker);
    assert_eq!(severity("shop/authorization.py"), Severity::Blocker);
    assert_eq!(severity("shop/authors.py"), Severity::Info);
}

#[test]
fn state_that_is_held_or_may_be_changed_twice_stays_silent() {
    silent(
        "
from django.db import transaction

def locked(request, pk):
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=pk)
        if item.state == 'open':
            item.state = 'sold'
            item.save()
            Note.objects.create(item=item, text='sold')

def swapped(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open' and Item.objects.filter(pk=pk, state='open').update(state='sold'):
        Note.objects.create(item=item, text='sold')

def twice_is_once(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'seen'
        item.save()

def another_column(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.title = 'sold'
        item.save()
        Note.objects.create(item=item, text='sold')

def new(request):
    item = Item(title='x')
    item.labels.append('x')
    if item.state == 'open':
        item.state = 'sold'
        item.save()
        Note.objects.create(item=item, text='sold')

def as_told(request, pk, state):
    item = Item.objects.get(pk=pk)
    if item.state != state:
        item.state = state
        item.save()
        Note.objects.create(item=item, text='changed')

def replaced(request, pk):
    item = Item.objects.get(pk=pk)
    item.labels = request.POST.getlist('labels')
    item.title = item.title.strip()
    item.save()
",
    );
}

#[test]
fn the_database_tests_and_changes_in_one_step() {
    becomes(
        "
def sell(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state != 'open':
        return 'sold out'
    item.state = 'sold'
    item.save()  # RT505
    Note.objects.create(item=item, text=item.state)
",
        "RT505",
        "
def sell(request, pk):
    item = Item.objects.get(pk=pk)
    if not Item.objects.filter(pk=item.pk, state='open').update(state='sold'):
        return 'sold out'
    item.state = 'sold'
    Note.objects.create(item=item, text=item.state)
",
    );
    for code in [
        // The test asks for more.
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    if item.state == 'open' and item.stock:\n        item.state = 'sold'\n        item.save()\n        Note.objects.create(item=item)\n",
        // Another column is stored as well.
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.title = 'x'\n    if item.state == 'open':\n        item.state = 'sold'\n        item.save()\n        Note.objects.create(item=item)\n",
        // Something may fail between the test and the change.
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    if item.state == 'open':\n        Note.objects.create(item=item)\n        item.state = 'sold'\n        item.save()\n",
        "\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.labels.append('x')\n    item.save()\n",
    ] {
        advice_only(code, "RT505");
    }
}

#[test]
fn columns_that_were_read_before_a_wait_are_flagged() {
    check(
        "
import time
import requests

def fetch(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = requests.get('https://example.org').text
    item.save()  # RT503

async def wait(request, pk, client):
    item = await Item.objects.aget(pk=pk)
    item.title = await client.fetch(pk)
    await item.asave()  # RT503
",
    );
    silent(
        "
import requests
from django.db import transaction

def listed(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = requests.get('https://example.org').text
    item.save(update_fields=['title'])

def at_once(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = 'x'
    item.save()
    requests.post('https://example.org')

def before(request, pk):
    title = requests.get('https://example.org').text
    item = Item.objects.get(pk=pk)
    item.title = title
    item.save()

def again(request, pk):
    item = Item.objects.get(pk=pk)
    title = requests.get('https://example.org').text
    item.refresh_from_db()
    item.title = title
    item.save()

def new(request):
    item = Item(title='x')
    item.title = requests.get('https://example.org').text
    item.save()

def own_save(request, pk):
    loud = Loud.objects.get(pk=pk)
    loud.count = len(requests.get('https://example.org').text)
    loud.save()

@transaction.atomic
def locked(request, pk):
    item = Item.objects.select_for_update().get(pk=pk)
    item.title = requests.get('https://example.org').text
    item.save()

def either(request, pk):
    item = Item.objects.get(pk=pk)
    if request.GET:
        requests.get('https://example.org')
    else:
        item.title = 'x'
        item.save()
",
    );
}

#[test]
fn only_the_columns_that_were_changed_are_saved() {
    becomes(
        "
import requests

def fetch(request, pk):
    stamped = Stamped.objects.get(pk=pk)
    stamped.count = len(requests.get('https://example.org').text)
    stamped.save()
",
        "RT503",
        "
import requests

def fetch(request, pk):
    stamped = Stamped.objects.get(pk=pk)
    stamped.count = len(requests.get('https://example.org').text)
    stamped.save(update_fields=['count', 'changed'])
",
    );
    for code in [
        // Who gets the row may set more.
        "\nimport requests\n\ndef f(request, pk, fill):\n    item = Item.objects.get(pk=pk)\n    item.title = requests.get('https://example.org').text\n    fill(item)\n    item.save()\n",
        "\nimport requests\n\ndef f(request, pk):\n    item = Item.objects.get(pk=pk)\n    item.title = requests.get('https://example.org').text\n    for name in request.POST:\n        setattr(item, name, request.POST[name])\n    item.save()\n",
    ] {
        advice_only(code, "RT503");
    }
}

#[test]
fn state_of_the_process_is_flagged_where_requests_change_it() {
    check(
        "
from functools import lru_cache
from django.views import View

seen = []
total = 0

def show(request, pk):
    global total
    seen.append(pk)  # RT512
    total += 1  # RT512
    _note(pk)

def _note(pk):
    seen.remove(pk)  # RT512

class Page(View):
    rows = {}

    def get(self, request, pk):
        self.rows[pk] = request.user  # RT512
        return self.rows
",
    );
    let mut files = named("shop/views.py", "\ndef nothing():\n    return 1\n");
    let models = "
from functools import lru_cache
from django.db import models


class Shelf(models.Model):
    title = models.CharField(max_length=9)

    @lru_cache(maxsize=None)  # RT512
    def heading(self):
        return self.title

    @classmethod
    @lru_cache
    def kinds(cls):
        return ['a']
";
    files.insert("shop/shelves.py".to_owned(), models.to_owned());
    check_files(&files);
    silent(
        "
import threading
from functools import lru_cache
from django.views import View

_cache = {}
_client = None
_registry = []
_lock = threading.Lock()
_local = threading.local()

def register(thing):
    _registry.append(thing)

register(1)

def rate(request, key):
    if key not in _cache:
        _cache[key] = len(key)
    return _cache[key]

def handler(request, kind):
    found = _cache[kind]
    if isinstance(found, str):
        found = __import__(found)
        _cache[kind] = found
    return found

def client(request):
    global _client
    if _client is None:
        _client = object()
    return _client

def loaded(request, key):
    global _cache, _client
    if not _cache:
        try:
            _cache = dict(a=1)
            _client = _cache['a']
        except KeyError:
            _cache = {}
    return _cache

def locked(request, key):
    with _lock:
        _registry.append(key)

def own(request):
    _cache = {}
    _cache['x'] = 1
    return _cache

@lru_cache
def table(name):
    return name

class Page(View):
    rows = {}

    def setup(self, request):
        self.rows = {}

    def get(self, request, pk):
        self.rows[pk] = 1
",
    );
}

#[test]
fn rows_that_are_locked_in_any_order_are_flagged() {
    check(
        "
from django.db import transaction

@transaction.atomic
def swap(request, one, two):
    first = Item.objects.select_for_update().get(pk=one)
    second = Item.objects.select_for_update().get(pk=two)  # RT513
    first.title, second.title = 'x', 'y'

@transaction.atomic
def each(request, keys):
    for key in keys:
        Item.objects.select_for_update().get(pk=key)  # RT513

@transaction.atomic
def shop_first(request, pk):
    shop = Shop.objects.select_for_update().get(pk=pk)
    tag = Tag.objects.select_for_update().get(name='x')
    return shop, tag

@transaction.atomic
def tag_first(request, pk):
    tag = Tag.objects.select_for_update().get(name='x')
    shop = Shop.objects.select_for_update().get(pk=pk)  # RT513
    return shop, tag
",
    );
    silent(
        "
from django.db import transaction

@transaction.atomic
def sorted_keys(request, keys):
    for key in sorted(keys):
        Item.objects.select_for_update().get(pk=key)

@transaction.atomic
def sorted_pair(request, one, two):
    low, high = sorted([one, two])
    first = Item.objects.select_for_update().get(pk=low)
    second = Item.objects.select_for_update().get(pk=high)
    return first, second

@transaction.atomic
def held_first(request, one, two):
    rows = list(Item.objects.select_for_update().filter(pk__in=[one, two]).order_by('pk'))
    first = Item.objects.select_for_update().get(pk=one)
    second = Item.objects.select_for_update().get(pk=two)
    return rows, first, second

@transaction.atomic
def shop_first(request, pk, one, two):
    shop = Shop.objects.select_for_update().get(pk=pk)
    first = Item.objects.select_for_update().get(pk=one)
    second = Item.objects.select_for_update().get(pk=two)
    return shop, first, second

def one_each(request, keys):
    for key in keys:
        with transaction.atomic():
            Item.objects.select_for_update().get(pk=key)

@transaction.atomic
def either(request, one, two):
    if request.GET:
        return Item.objects.select_for_update().get(pk=one)
    else:
        return Item.objects.select_for_update().get(pk=two)

@transaction.atomic
def the_same(request, pk):
    first = Item.objects.select_for_update().get(pk=pk)
    again = Item.objects.select_for_update().get(pk=pk)
    return first, again
",
    );
}

#[test]
fn rows_that_one_query_locks_are_locked_in_the_order_of_their_keys() {
    check(
        "
from django.db import transaction

@transaction.atomic
def by_key(request, keys):
    return list(Item.objects.select_for_update().filter(pk__in=keys))  # RT513

@transaction.atomic
def by_relation(request, items):
    for vote in Vote.objects.filter(item__in=items).select_for_update():  # RT513
        vote.value = 0

@transaction.atomic
def sorted_in_vain(request, keys):
    return {tag.name: tag for tag in Tag.objects.select_for_update().filter(name__in=sorted(keys))}  # RT513

@transaction.atomic
def in_bulk(request, keys):
    return Item.objects.select_for_update().in_bulk(keys)  # RT513

@transaction.atomic
def at_random(request, keys):
    return list(Item.objects.select_for_update().filter(pk__in=keys).order_by('?'))  # RT513
",
    );
    silent(
        "
from django.db import transaction

@transaction.atomic
def ordered(request, keys):
    return list(Item.objects.select_for_update().filter(pk__in=keys).order_by('pk'))

@transaction.atomic
def ordered_otherwise(request, items):
    return list(Vote.objects.filter(item__in=items).order_by('item', 'user').select_for_update())

@transaction.atomic
def passes_over(request, keys):
    return list(Item.objects.select_for_update(skip_locked=True).filter(pk__in=keys))

@transaction.atomic
def gives_up(request, keys):
    return list(Item.objects.select_for_update(nowait=True).filter(pk__in=keys))

@transaction.atomic
def same_for_all(request):
    return list(Item.objects.select_for_update().filter(state__in=('new', 'old')))

@transaction.atomic
def held_by_parent(request, pk, keys):
    shop = Shop.objects.select_for_update().get(pk=pk)
    return shop, list(Item.objects.select_for_update().filter(pk__in=keys))

@transaction.atomic
def not_locked(request, keys):
    return list(Item.objects.filter(pk__in=keys))

@transaction.atomic
def one_row(request, keys):
    return Item.objects.select_for_update().filter(pk__in=keys).first()
",
    );
    becomes(
        "
from django.db import transaction

def close(request, keys):
    with transaction.atomic():
        rows = (
            Item.objects.select_for_update()
            .filter(pk__in=keys)
        )
        for item in rows:
            print(item.title)
",
        "RT513",
        "
from django.db import transaction

def close(request, keys):
    with transaction.atomic():
        rows = (
            Item.objects.select_for_update()
            .filter(pk__in=keys)
            .order_by(\"pk\")
        )
        for item in rows:
            print(item.title)
",
    );
    // The chain ends elsewhere, and one row more is another's.
    advice_only(
        "\nfrom django.db import transaction\n\ndef rows(keys):\n    return Item.objects.filter(pk__in=keys)\n\n@transaction.atomic\ndef f(request, keys):\n    return list(rows(keys).select_for_update()[:9])\n",
        "RT513",
    );
}

#[test]
fn queries_of_coroutines_are_flagged() {
    check(
        "
def _find(pk):
    return Item.objects.get(pk=pk)

async def show(request, pk):
    item = _find(pk)  # RT514
    items = [row.title for row in Item.objects.all()]  # RT514
    for row in Item.objects.all():  # RT514
        print(row.title)
    if await Item.objects.filter(pk=pk).aexists():
        item.save()  # RT514
    return await other(pk), items

async def other(pk):
    item = await Item.objects.aget(pk=pk)
    return item.shop.name  # RT514
",
    );
    silent(
        "
import asyncio
from asgiref.sync import sync_to_async
from django.shortcuts import aget_object_or_404

def _find(pk):
    return Item.objects.get(pk=pk)

async def show(request, pk):
    item = await sync_to_async(_find)(pk)
    other = await asyncio.to_thread(_find, pk)
    third = await aget_object_or_404(Item, pk=pk)
    async for row in Item.objects.all():
        print(row.title)
    titles = [row.title async for row in Item.objects.select_related('shop')]
    item = await Item.objects.select_related('shop').aget(pk=pk)
    print(item.shop.name, titles, other, third)
    item.title = 'x'
    await item.asave()
    await item.tags.aadd(1)
    return await sync_to_async(list)(Item.objects.all())

def sync(request, pk):
    return Item.objects.get(pk=pk)
",
    );
}

#[test]
fn asynchronous_twins_are_taken() {
    for (before, after) in [
        ("    item = Item.objects.get(pk=pk)\n", "    item = await Item.objects.aget(pk=pk)\n"),
        ("    return Item.objects.count()\n", "    return await Item.objects.acount()\n"),
        ("    print(Item.objects.get(pk=pk).title)\n", "    print((await Item.objects.aget(pk=pk)).title)\n"),
        (
            "    for item in Item.objects.all():\n        print(item)\n",
            "    async for item in Item.objects.all():\n        print(item)\n",
        ),
    ] {
        becomes(
            &format!("\nasync def show(request, pk):\n{before}"),
            "RT514",
            &format!("\nasync def show(request, pk):\n{after}"),
        );
    }
    for code in [
        "\nasync def f(request):\n    return [item.title for item in Item.objects.all()]\n",
        "\nasync def f(request, keys):\n    return sum(Item.objects.get(pk=key).stock for key in keys)\n",
    ] {
        advice_only(code, "RT514");
    }
}

#[test]
fn counts_that_the_database_keeps_are_not_to_be_saved_as_they_were_read() {
    check(
        "
from django.db import transaction
from django.db.models import F

def sell(request, pk):
    Item.objects.filter(pk=pk).update(sold=F('sold') + 1)

def rename(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = request.POST['title']
    item.save()  # RT503

def rename_only(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = request.POST['title']
    item.save(update_fields=['title'])

def rename_locked(request, pk):
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=pk)
        item.title = request.POST['title']
        item.save()

def add(request, shop):
    item = Item(shop=shop)
    item.title = 'x'
    item.save()

def sell_and_rename(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = request.POST['title']
    item.sold = F('sold') + 1
    item.save()

def note(request, pk):
    note = Note.objects.get(pk=pk)
    note.text = 'x'
    note.save()
",
    );
    // Nothing counts: the moment between the two is all.
    silent(
        "
from django.db.models import F

def copy(request, pk):
    Item.objects.filter(pk=pk).update(sold=F('stock'))

def rename(request, pk):
    item = Item.objects.get(pk=pk)
    item.title = request.POST['title']
    item.save()
",
    );
}

#[test]
fn one_row_that_is_changed_twice_in_a_function_is_one_matter() {
    check(
        "
def close(item):
    if item.state == 'open':
        item.state = 'closed'
        item.save()  # RT505
        Note.objects.create(item=item, text='closed')
    if item.title == 'x':
        item.title = 'y'
        item.save()
        Note.objects.create(item=item, text='named')

def view(request, pk):
    close(Item.objects.get(pk=pk))
",
    );
}

fn sure_of(code: &str) -> Vec<(String, bool)> {
    let findings = review(&named("shop/views.py", code));
    findings.into_iter().map(|finding| (finding.rule.to_string(), finding.confidence > Confidence::Possible)).collect()
}

#[test]
fn doing_it_twice_counts_where_it_is_sent_or_where_others_hold_the_row() {
    let open = "
def close(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'closed'
        item.save(update_fields=['state'])
        Note.objects.create(item=item, text='closed')
";
    let locks = "
from django.db import transaction

@transaction.atomic
def sell(request, pk):
    item = Item.objects.select_for_update().get(pk=pk)
    item.state = 'sold'
    item.save(update_fields=['state'])
";
    let rt505 = |sure: bool| vec![("RT505".to_owned(), sure)];
    assert_eq!(sure_of(open), rt505(false));
    // Whoever locks such rows says that others come in between.
    assert_eq!(sure_of(&format!("{open}{locks}")), rt505(true));
    // The second one sets what the first one has set.
    let again = open.replace("== 'open'", "!= 'closed'");
    assert_eq!(sure_of(&format!("{again}{locks}")), rt505(false));
    // A mail or a task goes out twice.
    let sent = again.replace("Note.objects.create(item=item, text='closed')", "tell.delay(item.pk)");
    assert_eq!(sure_of(&sent.replace("(request, pk)", "(request, pk, tell)")), rt505(true));
}

#[test]
fn what_is_made_again_or_known_to_its_author_is_a_hint() {
    let label = "
def label(request, pk):
    item = Item.objects.get(pk=pk)
    item.labels.append(request.POST['label'])
    item.save(update_fields=['labels'])
";
    assert_eq!(sure_of(label), [("RT505".to_owned(), true)]);
    let known =
        label.replace("    item.save", "    # Two concurrent requests may lose one: good enough.\n    item.save");
    assert_eq!(sure_of(&known), [("RT505".to_owned(), false)]);
}

#[test]
fn a_row_that_is_made_because_none_is_there_is_not_made_twice() {
    silent(
        "
def seen(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'seen'
        item.save(update_fields=['state'])
        Tag.objects.get_or_create(name='seen')
",
    );
}

#[test]
fn the_first_save_of_a_row_overwrites_nothing() {
    silent(
        "
from django.db.models import F

def count(request, pk):
    Item.objects.filter(pk=pk).update(sold=F('sold') + 1)

def keep(request, pk):
    item = Item.objects.filter(pk=pk).first() or Item(title='x')
    item.state = 'kept'
    if item._state.adding:
        item.save()
    else:
        item.save(update_fields=['state'])

def put(request, pk):
    item = Item.objects.filter(pk=pk).first() or Item(title='x')
    item.state = 'kept'
    if item.pk is None:
        item.save()
    else:
        item.save(update_fields=['state'])

def set(request, pk):
    item = Item.objects.filter(pk=pk).first() or Item(title='x')
    item.state = 'kept'
    if item.pk:
        item.save(update_fields=['state'])
    else:
        item.save()
",
    );
}

#[test]
fn rows_that_are_locked_where_a_caller_opens_the_transaction_are_held() {
    unsure(
        "
class Target:
    is_atomic = True

    def target(self, request, pk):
        rows = Item.objects
        if self.is_atomic and request.method != 'GET':
            rows = rows.select_for_update()
        return rows.get(pk=pk)

    def change(self, request, pk):
        item = self.target(request, pk)
        item.labels.append('x')
        item.save()
",
    );
}

#[test]
fn a_method_that_stores_totals_with_the_whole_row_is_a_hint() {
    let model = |save: &str| {
        format!(
            "
class Board(models.Model):
    title = models.CharField(max_length=20)
    notes = models.IntegerField(default=0)
    votes = models.IntegerField(default=0)

    def refresh(self):
        self.notes = Note.objects.filter(text=self.title).count()
        self.votes = Vote.objects.filter(item__title=self.title).count()
        self.{save}

    def rename(self, title):
        self.title = title
        self.save()
"
        )
    };
    let told = |save: &str| {
        let mut files = named("shop/views.py", "");
        if let Some(models) = files.get_mut("shop/models.py") {
            models.push_str(&model(save));
        }
        review(&files).into_iter().map(|finding| (finding.rule.to_string(), finding.confidence)).collect::<Vec<_>>()
    };
    assert_eq!(told("save()"), [("RT503".to_owned(), Confidence::Possible)]);
    assert_eq!(told("save(update_fields=['notes', 'votes'])"), []);
}

#[test]
fn a_value_that_is_made_because_the_cache_had_none_is_no_lost_update() {
    silent(
        "
from django.core.cache import caches

def rules(request, kind):
    key = f'rules-{request.user.pk}'
    if kept := caches['default'].get(key, {}):
        kept[kind] = 1
    else:
        kept[kind] = Note.objects.filter(text=kind).count()
        caches['default'].set(key, kept, 30)
    return kept
",
    );
}

#[test]
fn what_is_looked_up_anew_or_answered_by_others_is_not_made_of_the_row() {
    check(
        "
from django.db.models import Exists, F

def ask(gateway, request, pk):
    item = Item.objects.get(pk=pk)
    item.stock = gateway.send(stock=item.stock).stock
    item.save(update_fields=['stock'])

def kept(gateway, request, pk):
    item = Item.objects.get(pk=pk)
    item.stock = gateway.stock(pk) or item.stock
    item.save(update_fields=['stock'])

def chosen(request, pk, more):
    item = Item.objects.get(pk=pk)
    item.stock = more if more else item.stock
    item.save(update_fields=['stock'])

def raised(request, pk, more):
    item = Item.objects.get(pk=pk)
    item.stock = more or item.stock * 2
    item.save(update_fields=['stock'])  # RT505

def worth(gateway, request, pk):
    item = Item.objects.get(pk=pk)
    item.stock = gateway.rounded(item.stock)
    item.save(update_fields=['stock'])  # RT505

def again(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'sold'
        item.save(update_fields=['state'])
        Shop.objects.filter(pk=item.shop_id).update(name=Exists(Item.objects.filter(state='open')))

def totals(request, pk, other):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'sold'
        item.save(update_fields=['state'])
        best = Item.objects.get(pk=other)
        best.stock = 0
        best.stock += 3
        best.save(update_fields=['stock'])

def counted(request, pk):
    item = Item.objects.get(pk=pk)
    if item.state == 'open':
        item.state = 'sold'
        item.save(update_fields=['state'])  # RT505
        Item.objects.filter(pk=1).update(sold=F('sold') + 1)
",
    );
}

#[test]
fn what_was_queued_when_modules_were_loaded_is_worked_off_once() {
    check(
        "
waiting = []
order = {}
seen = []

def register(model, place):
    waiting.append((model, place))

register(1, 2)

def looked_up(request):
    if waiting:
        for model, place in waiting:
            order[model] = place
        waiting.clear()
    return order

def note(request, pk):
    if seen:
        order[pk] = request.user  # RT512
    return order
",
    );
}

#[test]
fn a_lock_around_keeps_the_entry() {
    check(
        "
from django.core.cache import cache

def next_start(request, task_lock):
    start = cache.get('start', 0)
    with task_lock('start'):
        cache.set('start', start + 10)

def unheld(request, task_lock):
    start = cache.get('begin', 0)
    cache.set('begin', start + 10)  # RT501
",
    );
}

#[test]
fn what_save_itself_completes_is_no_change_of_its_callers() {
    let models = "
from django.db import models


class Device(models.Model):
    name = models.CharField(max_length=20)
    data = models.JSONField(default=dict)

    def save(self, *args, **kwargs):
        for key in ('a', 'b', 'c', 'd'):
            if key not in self.data:
                self.data[key] = None
        super().save(*args, **kwargs)
";
    let views = "
from shop.devices import Device

def rename(request, pk):
    device = Device.objects.get(pk=pk)
    device.name = request.POST['name']
    device.save()

def note(request, pk):
    device = Device.objects.get(pk=pk)
    device.data['note'] = request.POST['note']
    device.save()  # RT505
";
    let mut files = named("shop/views.py", views);
    files.insert("shop/devices.py".to_owned(), models.to_owned());
    check_files(&files);
}

#[test]
fn what_is_noted_beside_a_payment_is_no_money() {
    let models = "
from django.db import models


class Payment(models.Model):
    metadata = models.JSONField(default=dict)
    parts = models.JSONField(default=dict)
";
    let views = "
from shop.payments import Payment

def note(request, pk):
    payment = Payment.objects.get(pk=pk)
    payment.metadata['note'] = request.POST['note']
    payment.save()

def part(request, pk):
    payment = Payment.objects.get(pk=pk)
    payment.parts['next'] = request.POST['sum']
    payment.save()
";
    let mut files = named("shop/views.py", views);
    files.insert("shop/payments.py".to_owned(), models.to_owned());
    let told: Vec<Severity> = review(&files).iter().map(|finding| finding.severity).collect();
    assert_eq!(told, [Severity::Info, Severity::Blocker]);
}

#[test]
fn what_is_merged_part_by_part_is_made_of_what_was_read() {
    check(
        "
def merge(request, pk, parts):
    item = Item.objects.get(pk=pk)
    labels = {**item.labels}
    for part in parts:
        labels = part.merged(labels, into=request.POST)
    item.labels = labels
    item.save()  # RT505

def merge_or_make(request, pk, parts):
    try:
        item = Item.objects.get(pk=pk)
    except Item.DoesNotExist:
        item = Item(pk=pk)
    labels = {**item.labels}
    for part in parts:
        labels = part.merged(labels, into=request.POST)
    item.labels = labels
    item.save()  # RT505
",
    );
}
